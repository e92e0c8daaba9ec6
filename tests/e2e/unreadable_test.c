/* Input that cannot be read is rejected piece by piece with file and line; the rest goes through
 * and the exit code says so. */
#include <check.h>
#include <zlib.h>

#include "runtime/base/file.h"
#include "tests/e2e/program.h"

static struct program p;

static void setup(void)
{
    program_open(&p);
    program_write(&p, "x.yaml",
                  "name: demo\n"
                  "sources: { docs: { files: [\"in/*\"] } }\n"
                  "stages:\n"
                  "  - id: words\n"
                  "    use: general_text.word_number_filter\n"
                  "    with: { min_words: 1 }\n"
                  "    keys: { input_key: text, output_key: null }\n"
                  "sinks: { out: { file: out/clean.jsonl } }\n");
}

static void teardown(void)
{
    program_close(&p);
}

static const char *rows(unsigned from, unsigned to)
{
    struct mr_buf text = {0};
    for (unsigned i = from; i < to; i++)
        mr_buf_printf(&text, "{\"text\":\"row %u of many\"}\n", i);
    const char *kept = mr_arena_str(p.arena, mr_str_of(mr_buf_text(&text))).ptr;
    mr_buf_finish(&text);
    return kept;
}

static void write_bytes(const char *name, const char *bytes, size_t len)
{
    program_write(&p, name, "");
    const char *path = mr_arena_printf(p.arena, "%s/%s", p.dir, name).ptr;
    ck_assert_ptr_null(mr_file_replace(path, mr_str_span(bytes, len), 0600));
}

/* gzip of the text without its last bytes. */
static void write_truncated(const char *name, const char *text, size_t missing)
{
    z_stream z = {0};
    size_t len = strlen(text), room = len + 1024;
    ck_assert_int_eq(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    char *packed = mr_arena_alloc(p.arena, room);
    z.next_in = (unsigned char *)(uintptr_t)text;
    z.avail_in = (unsigned)len;
    z.next_out = (unsigned char *)packed;
    z.avail_out = (unsigned)room;
    ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
    ck_assert_uint_gt(z.total_out, missing);
    write_bytes(name, packed, z.total_out - missing);
    deflateEnd(&z);
}

/* How many dead letters of the source name this place. */
static void expect_dead(const char *place, const char *what)
{
    ck_assert_int_eq(RUN(&p, "topics", "cat", "demo.docs.dead.e1"), 0);
    const char *at = strstr(p.out, place);
    ck_assert_msg(at != NULL, "no dead letter names %s: %s", place, p.out);
    const char *end = strchr(at, '\n'), *found = strstr(at, what);
    ck_assert_msg(found && found < end, "the one of %s does not say \"%s\": %s", place, what, at);
}

START_TEST(test_lines)
{
    program_write(&p, "in/a.jsonl", rows(0, 10));
    program_write(&p, "in/b.jsonl",
                  "{\"text\":\"fine\"}\n{\"text\":\"fine\"\n{\"text\":\"good\"}\n\n"
                  "{\"text\":\"\xff\"}\n{\"text\":\"at the end\"}");
    program_write(&p, "in/c.csv", "text,n\nfine,1\ntoo,many,fields\nfine,2\n");
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--json", "--fuse", _i ? "auto" : "off"), 4);
    ck_assert_uint_eq(program_count(&p, "docs", "rejected"), 3);
    ck_assert_uint_eq(program_count(&p, "docs", "out"), 15);
    ck_assert_uint_eq(program_lines(&p, "out/clean.jsonl"), 15);
    ck_assert_ptr_nonnull(strstr(program_read(&p, "out/clean.jsonl"), "at the end"));
    expect_dead("in/b.jsonl:2: ", "");
    expect_dead("in/b.jsonl:5: ", "UTF-8");
    expect_dead("in/c.csv:3: ", "fields");
}
END_TEST

START_TEST(test_truncated_gzip)
{
    const char *text = rows(0, 5000);
    write_truncated("in/a.jsonl.gz", text, 200);
    program_write(&p, "in/b.jsonl", rows(0, 10));
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--json", "--fuse", _i ? "auto" : "off"), 4);
    uint64_t whole = program_count(&p, "docs", "out");
    ck_assert_msg(whole > 4000 && whole < 5010, "%llu rows of 5010", (unsigned long long)whole);
    ck_assert_uint_eq(program_count(&p, "docs", "rejected"), 1);
    ck_assert_uint_eq(program_lines(&p, "out/clean.jsonl"), whole);
    /* the line that the end cuts through, or the one behind */
    const char *line =
        mr_arena_printf(p.arena, "in/a.jsonl.gz:%llu: ", (unsigned long long)whole - 10 + 1).ptr;
    expect_dead(line, "gzip data ends too early");
}
END_TEST

/* Half of a file is read, then it becomes another one: what was read is not read again silently as
 * if it were the same, and the rest is not taken for a continuation. */
START_TEST(test_changed_on_resume)
{
    program_write(&p, "in/a.jsonl", rows(0, 100));
    program_write(&p, "in/b.jsonl", rows(100, 110));
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--json", "--limit", "50"), 0);
    ck_assert_uint_eq(program_lines(&p, "out/clean.jsonl"), 50);
    program_write(&p, "in/a.jsonl", rows(1000, 1090));
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--json"), 4);
    ck_assert_uint_eq(program_count(&p, "docs", "rejected"), 1);
    expect_dead("in/a.jsonl:51: ", "changed");
    const char *out = program_read(&p, "out/clean.jsonl");
    ck_assert_ptr_nonnull(strstr(out, "row 109 of"));
    ck_assert_ptr_null(strstr(out, "row 50 of"));
    /* nothing is left over for ever */
    int code = RUN(&p, "run", "x.yaml", "--json");
    ck_assert_int_eq(code, 0);
    ck_assert_ptr_nonnull(strstr(program_read(&p, "out/clean.jsonl"), "row 1000 of"));
    ck_assert_ptr_nonnull(strstr(program_read(&p, "out/clean.jsonl"), "row 1089 of"));
}
END_TEST

Suite *suite_e2e_unreadable(void);
Suite *suite_e2e_unreadable(void)
{
    Suite *s = suite_create("e2e.unreadable");
    TCase *c = tcase_create("unreadable");
    tcase_set_timeout(c, 120);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_loop_test(c, test_lines, 0, 2);
    tcase_add_loop_test(c, test_truncated_gzip, 0, 2);
    tcase_add_test(c, test_changed_on_resume);
    suite_add_tcase(s, c);
    return s;
}
