/* Times expressions on decoded rows of 1 KB. Prints one line per expression.
 *
 * Usage: expr_bench [rounds]. Figures are for people; no test depends on them. */
#include "runtime/base/clock.h"
#include "runtime/expr/expr.h"
#include "runtime/row/json.h"
#include "runtime/row/row.h"

#include <stdio.h>

enum { ROWS = 256, PASSES = 40 };

static const char *const texts[] = {
    "score >= 3 and lang == \"en\"",
    "lang in [\"de\", \"fr\", \"en\"] and not (score is null)",
    "meta.source like \"%.org\" and len(tags) > 1",
    "len(text) between 100 and 100000",
    "words(text) > 100",
    "text matches '\\bzebra\\b'",
    "lower(lang) + \"-\" + str(score)",
};

static void make_row(struct mr_json_reader *reader, int i, struct mr_buf *packed)
{
    struct mr_buf json = {0};
    mr_buf_printf(&json,
                  "{\"id\":%d,\"lang\":\"%s\",\"meta\":{\"url\":\"http://a.b/%d\",\"source\":"
                  "\"site%d.org\"},\"tags\":[\"a\",\"b\"],\"text\":\"",
                  i, i % 2 ? "en" : "fr", i, i);
    while (json.len < 1000)
        mr_buf_addz(&json, "some plain words of a text ");
    mr_buf_printf(&json, "\",\"score\":%d.5}", i % 6);
    mr_assert(!mr_json_read_object(reader, mr_buf_str(&json), MR_UTF8_REJECT, packed));
    mr_buf_finish(&json);
}

static void time_one(const char *text, const struct mr_row *rows, struct mr_arena *arena,
                     int64_t rounds)
{
    struct mr_expr *expr;
    struct mr_value value;
    int64_t best = INT64_MAX;
    mr_assert(!mr_expr_compile(mr_str_of(text), NULL, arena, &expr, NULL));
    struct mr_expr_run *run = mr_expr_run_create(expr);
    for (int pass = 0; pass < PASSES; pass++) {
        int64_t start = (int64_t)mr_now_ns();
        for (int64_t k = 0; k < rounds; k++)
            for (int i = 0; i < ROWS; i++)
                mr_assert(!mr_expr_eval(run, &rows[i], &value));
        int64_t took = (int64_t)mr_now_ns() - start;
        best = took < best ? took : best;
    }
    double ns = (double)best / (double)(rounds * ROWS);
    printf("%8.1f ns a row %10.2f M rows/s  %s\n", ns, 1000.0 / ns, text);
    mr_expr_run_destroy(run);
}

int main(int argc, char **argv)
{
    int64_t rounds = 100;
    if (argc > 1)
        mr_str_to_int(mr_str_of(argv[1]), &rounds);
    struct mr_arena *arena = mr_arena_create(0);
    struct mr_names *names = mr_names_create();
    struct mr_json_reader *reader = mr_json_reader_create();
    static struct mr_row rows[ROWS];
    static struct mr_buf packed[ROWS];
    struct mr_head head = {0};
    for (int i = 0; i < ROWS; i++) {
        make_row(reader, i, &packed[i]);
        mr_assert(!mr_row_decode(&rows[i], names, arena, &head, packed[i].ptr, packed[i].len));
    }
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        time_one(texts[i], rows, arena, rounds);
    for (int i = 0; i < ROWS; i++)
        mr_buf_finish(&packed[i]);
    mr_json_reader_destroy(reader);
    mr_names_destroy(names);
    mr_arena_destroy(arena);
    return 0;
}
