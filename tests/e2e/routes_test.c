/* Routes: each row by the first expression that is true, the others on; counts balance; a row that
 * an expression cannot be worked out for is rejected. And codes explained by the program. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/e2e/program.h"

static struct program p;

static void setup(void)
{
    program_open(&p);
}

static void teardown(void)
{
    program_close(&p);
}

static const char topology[] = "name: routed\n"
                               "fuse: ${FUSE}\n"
                               "source: { files: in.jsonl }\n"
                               "stages:\n"
                               "  - LowercaseRefiner: { input_key: text }\n"
                               "  - id: short\n"
                               "    use: WordNumberFilter\n"
                               "    with: { min_words: 2 }\n"
                               "    keys: { input_key: text, output_key: null }\n"
                               "    route:\n"
                               "      many: >-\n"
                               "        n >= 90\n"
                               "        and has(text)\n"
                               "      german: lang == \"de\"\n"
                               "  - rows.select: { input_keys: [n] }\n"
                               "sinks:\n"
                               "  rest: { file: rest.jsonl }\n"
                               "  many: { file: many.jsonl, from: short.many }\n"
                               "  german: { file: german.jsonl, from: short.german }\n"
                               "  dropped: { file: dropped.jsonl, from: short.too_few_words }\n";

/* 100 rows: n 0 to 99; every fifth is one word, every third German, every seventh without lang; one
 * row more whose n is a text. */
static void write_rows(void)
{
    struct mr_buf text = {0};
    for (int i = 0; i < 100; i++)
        mr_buf_printf(&text, "{\"n\":%d,\"text\":\"%s\"%s}\n", i, i % 5 ? "Two Words" : "One",
                      i % 7 == 0 ? ""
                      : i % 3    ? ",\"lang\":\"en\""
                                 : ",\"lang\":\"de\"");
    mr_buf_addz(&text, "{\"n\":\"many\",\"text\":\"two words\",\"lang\":\"de\"}\n");
    program_write(&p, "in.jsonl", mr_buf_text(&text));
    mr_buf_finish(&text);
}

START_TEST(rows_take_the_first_route_that_is_true)
{
    static const char *const fuse[] = {"FUSE=off", "FUSE=auto"};
    size_t many = 0, german = 0, rest = 0, dropped = 0;
    for (int i = 0; i < 100; i++) {
        if (i % 5 == 0)
            dropped++;
        else if (i >= 90)
            many++;
        else if (i % 7 && i % 3 == 0)
            german++;
        else
            rest++;
    }
    program_write(&p, "x.yaml", topology);
    write_rows();
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--set", fuse[_i], "--json"), 4);
    ck_assert_uint_eq(program_lines(&p, "many.jsonl"), many);
    ck_assert_uint_eq(program_lines(&p, "german.jsonl"), german);
    ck_assert_uint_eq(program_lines(&p, "rest.jsonl"), rest);
    ck_assert_uint_eq(program_lines(&p, "dropped.jsonl"), dropped);
    ck_assert_uint_eq(program_count(&p, "short", "in"), 101);
    ck_assert_uint_eq(program_count(&p, "short", "out"), many + german + rest);
    ck_assert_uint_eq(program_count(&p, "short", "dropped"), dropped);
    ck_assert_uint_eq(program_count(&p, "short", "rejected"), 1);
    ck_assert_uint_eq(program_reason(&p, "short", "bad_input"), 1);
    char *counts = NULL;
    ck_assert_int_ge(asprintf(&counts, "\"routes\":{\"many\":%zu,\"german\":%zu}", many, german),
                     0);
    program_said(&p, counts);
    free(counts);
    ck_assert_int_eq(RUN(&p, "topics", "cat", "routed.short.dead.e1"), 0);
    program_said(&p, "route \\\"many\\\"");
    ck_assert_int_eq(RUN(&p, "plan", "x.yaml", "--set", fuse[_i]), 0);
    program_said(&p, "routed.short.german.e1: rows where lang == \"de\"");
}
END_TEST

START_TEST(a_wrong_expression_is_told_where_it_stands)
{
    program_write(&p, "x.yaml",
                  "source: { files: in.jsonl, keys: { n: int, text: text } }\n"
                  "stages:\n"
                  "  - id: a\n"
                  "    use: LowercaseRefiner\n"
                  "    keys: { input_key: text }\n"
                  "    route:\n"
                  "      many: >-\n"
                  "        n >= 90\n"
                  "        and lenght(text) > 3\n"
                  "sinks: { x: { file: x.jsonl }, y: { file: y.jsonl, from: a.many } }\n");
    write_rows();
    ck_assert_int_ne(RUN(&p, "check", "x.yaml"), 0);
    ck_assert_ptr_nonnull(strstr(p.err, "x.yaml:9:13: error MR2202: route \"many\""));
}
END_TEST

START_TEST(codes_are_explained)
{
    ck_assert_int_eq(RUN(&p, "explain", "mr2041"), 0);
    program_said(&p, "MR2041: A window stands where none can be.");
    program_said(&p, "Right:");
    ck_assert_int_eq(RUN(&p, "explain", "--all"), 0);
    program_said(&p, "MR1001  A file operation failed.");
    ck_assert_int_eq(RUN(&p, "explain", "2030", "--json"), 0);
    program_said(&p, "\"code\":\"MR2030\"");
    ck_assert_int_ne(RUN(&p, "explain", "MR2039"), 0);
    ck_assert_ptr_nonnull(strstr(p.err, "Near ones: MR2040"));
}
END_TEST

Suite *suite_e2e_routes(void);
Suite *suite_e2e_routes(void)
{
    Suite *suite = suite_create("e2e.routes");
    TCase *t = tcase_create("routes");
    tcase_set_timeout(t, 120);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, rows_take_the_first_route_that_is_true, 0, 2);
    tcase_add_test(t, a_wrong_expression_is_told_where_it_stands);
    tcase_add_test(t, codes_are_explained);
    suite_add_tcase(suite, t);
    return suite;
}
