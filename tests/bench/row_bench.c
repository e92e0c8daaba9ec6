/* Times the hot path of rows: JSON in, decode, edit, encode, JSON out. Prints one line per case.
 *
 * Usage: row_bench [rounds]. Figures are for people; no test depends on them. */
#include "runtime/base/clock.h"
#include "runtime/row/json.h"
#include "runtime/row/row.h"

#include <stdio.h>
#include <stdlib.h>

struct bench {
    struct mr_json_reader *reader;
    struct mr_names *names;
    struct mr_arena *arena;
    struct mr_head head;
    struct mr_buf json, row, out;
    uint16_t text, score;
};

/* Many short passes: the best of them is undisturbed even on a busy machine. */
enum { PASSES = 50 };

typedef size_t (*step_fn)(struct bench *b); /* returns bytes done */

static size_t read_json(struct bench *b)
{
    b->out.len = 0;
    mr_assert(!mr_json_read_object(b->reader, mr_buf_str(&b->json), MR_UTF8_REJECT, &b->out));
    return b->json.len;
}

static size_t write_json(struct bench *b)
{
    b->out.len = 0;
    mr_json_write_value((struct mr_value){(uint8_t *)b->row.ptr, (uint32_t)b->row.len}, &b->out);
    return b->out.len;
}

static void decode(struct bench *b, struct mr_row *row)
{
    mr_arena_reset(b->arena);
    mr_assert(!mr_row_decode(row, b->names, b->arena, &b->head, b->row.ptr, b->row.len));
}

static size_t pass_through(struct bench *b)
{
    struct mr_row row;
    decode(b, &row);
    b->out.len = 0;
    mr_row_encode(&row, &b->out);
    return b->row.len;
}

static size_t add_score(struct bench *b)
{
    static const uint8_t score[] = {0xcb, 0x3f, 0xe0, 0, 0, 0, 0, 0, 0};
    struct mr_row row;
    decode(b, &row);
    mr_row_put(&row, b->score, (struct mr_value){score, sizeof score});
    b->out.len = 0;
    mr_row_encode(&row, &b->out);
    return b->row.len;
}

static void measure(struct bench *b, const char *what, step_fn step, size_t rounds)
{
    double best = 1e18;
    size_t bytes = 0;
    for (int pass = 0; pass < PASSES; pass++) {
        uint64_t start = mr_now_ns();
        for (size_t i = 0; i < rounds; i++)
            bytes = step(b);
        double ns = (double)(mr_now_ns() - start) / (double)rounds;
        best = ns < best ? ns : best;
    }
    printf("  %-24s %9.1f ns  %8.0f MB/s\n", what, best, (double)bytes / best * 1000);
}

static void add_prose(struct mr_buf *json, size_t len, const char *words)
{
    mr_buf_addz(json, "{\"id\":\"doc-000123\",\"url\":\"https://example.org/pages/some/path.html\","
                      "\"score\":0.8731,\"length\":1234,\"lang\":\"en\",\"text\":\"");
    while (json->len < len)
        mr_buf_addz(json, words);
    mr_buf_addz(json, "\",\"tags\":[\"a\",\"b\"],\"ok\":true,\"none\":null}");
}

static void add_numbers(struct mr_buf *json)
{
    mr_buf_addz(json, "{\"embedding\":[");
    for (int i = 0; i < 256; i++)
        mr_buf_printf(json, "%s%.*f", i ? "," : "", i % 2 ? 17 : 6,
                      (double)(i * 7919 % 1000) / 999.0);
    mr_buf_addz(json, "]}");
}

static void run(struct bench *b, const char *title, size_t rounds)
{
    b->row.len = 0;
    mr_assert(!mr_json_read_object(b->reader, mr_buf_str(&b->json), MR_UTF8_REJECT, &b->row));
    printf("%s: %zu bytes of JSON, %zu bytes of row\n", title, b->json.len, b->row.len);
    measure(b, "JSON in", read_json, rounds);
    measure(b, "decode, encode", pass_through, rounds);
    measure(b, "decode, add key, encode", add_score, rounds);
    measure(b, "JSON out", write_json, rounds);
    b->json.len = 0;
}

int main(int argc, char **argv)
{
    size_t rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 2000;
    struct bench b = {
        .reader = mr_json_reader_create(), .names = mr_names_create(), .arena = mr_arena_create(0)};
    b.text = mr_names_add(b.names, MR_STR("text"));
    b.score = mr_names_add(b.names, MR_STR("score"));
    add_prose(&b.json, 1000, "The quick brown fox jumps over the lazy dog, again and again. ");
    run(&b, "plain prose", rounds);
    add_prose(&b.json, 1000, "A line with a \\\"quote\\\" in it.\\n\\tAnd one more. ");
    run(&b, "prose with escapes", rounds);
    add_prose(&b.json, 1000, "Größe und Übermaß, 中文文本也在这里。 ");
    run(&b, "prose beyond ASCII", rounds);
    add_numbers(&b.json);
    run(&b, "numbers", rounds / 20 + 1);
    add_prose(&b.json, 1000000, "A long page with a line end.\\nMore of it. Больше текста. ");
    run(&b, "a large page", rounds / 500 + 1);
    mr_buf_finish(&b.json);
    mr_buf_finish(&b.row);
    mr_buf_finish(&b.out);
    mr_arena_destroy(b.arena);
    mr_names_destroy(b.names);
    mr_json_reader_destroy(b.reader);
    return 0;
}
