/* The program on small topologies from input to output: ends, tables, exit codes, resuming. */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

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

static const char topology[] =
    "name: demo\n"
    "sources: { docs: { files: [\"in/*.jsonl\"] } }\n"
    "stages:\n"
    "  - id: words\n"
    "    use: general_text.word_number_filter\n"
    "    with:\n"
    "      min_words: ${min}\n"
    "    keys: { input_key: text }\n"
    "sinks: { out: { file: out/clean.jsonl } }\n";

/* `count` rows; row i has i % 10 words. */
static const char *make_rows(unsigned from, unsigned count)
{
    struct mr_buf text = {0};
    for (unsigned i = from; i < from + count; i++) {
        mr_buf_addz(&text, "{\"text\":\"");
        for (unsigned w = 0; w < i % 10; w++)
            mr_buf_printf(&text, "%sword%u", w ? " " : "", i + w);
        mr_buf_printf(&text, "\",\"n\":%u}\n", i);
    }
    const char *kept = mr_arena_str(p.arena, mr_str_of(mr_buf_text(&text))).ptr;
    mr_buf_finish(&text);
    return kept;
}

static void expect_counts(const char *stage, uint64_t in, uint64_t out, uint64_t dropped,
                          uint64_t rejected)
{
    ck_assert_uint_eq(program_count(&p, stage, "in"), in);
    ck_assert_uint_eq(program_count(&p, stage, "out"), out);
    ck_assert_uint_eq(program_count(&p, stage, "dropped"), dropped);
    ck_assert_uint_eq(program_count(&p, stage, "rejected"), rejected);
    ck_assert_uint_eq(program_count(&p, stage, "held"), 0);
    ck_assert_uint_eq(program_count(&p, stage, "alarms"), 0);
}

START_TEST(test_plain_run)
{
    program_write(&p, "x.yaml", topology);
    program_write(&p, "in/a.jsonl", make_rows(0, 1000));
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--set", "min=4", "--json"), 0);
    ck_assert_str_eq(program_field(&p, "state"), "ended");
    expect_counts("docs", 1000, 1000, 0, 0);
    expect_counts("words", 1000, 600, 400, 0);
    expect_counts("out", 600, 600, 0, 0);
    ck_assert_uint_eq(program_reason(&p, "words", "too_few_words"), 400);
    ck_assert_uint_eq(program_lines(&p, "out/clean.jsonl"), 600);
    ck_assert_int_eq(RUN(&p, "status", "--json"), 0);
    expect_counts("words", 1000, 600, 400, 0);
    ck_assert_int_eq(RUN(&p, "status", "x.yaml"), 0);
    program_said(&p, "too_few_words 400");
    program_said(&p, "run 1 ended");
}
END_TEST

/* The table goes to standard output, errors do not. */
START_TEST(test_table_and_quiet)
{
    program_write(&p, "x.yaml", topology);
    program_write(&p, "in/a.jsonl", make_rows(0, 20));
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--set", "min=4"), 0);
    ck_assert_ptr_nonnull(strstr(p.out, "too_few_words 8"));
    ck_assert_str_eq(p.err, "");
    ck_assert_int_eq(RUN(&p, "clean", "demo"), 0);
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--set", "min=4", "--quiet"), 0);
    ck_assert_str_eq(p.out, "");
    ck_assert_str_eq(p.err, "");
}
END_TEST

START_TEST(test_empty_input)
{
    program_write(&p, "x.yaml", topology);
    program_write(&p, "in/a.jsonl", "");
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--set", "min=4", "--json"), 0);
    expect_counts("docs", 0, 0, 0, 0);
    expect_counts("words", 0, 0, 0, 0);
    expect_counts("out", 0, 0, 0, 0);
    ck_assert_str_eq(program_field(&p, "state"), "ended");
}
END_TEST

START_TEST(test_filter_that_keeps_nothing)
{
    program_write(&p, "x.yaml", topology);
    program_write(&p, "in/a.jsonl", make_rows(0, 500));
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--set", "min=99", "--json"), 0);
    expect_counts("words", 500, 0, 500, 0);
    expect_counts("out", 0, 0, 0, 0);
}
END_TEST

START_TEST(test_only_bad_rows)
{
    program_write(&p, "x.yaml", topology);
    program_write(&p, "in/a.jsonl", "{\"text\":\n[1]\n{\"a\":1,\"a\":2}\n\"x\"\n{\"text\":\"\xff\"}\n");
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--set", "min=1", "--json"), 4);
    expect_counts("docs", 5, 0, 0, 5);
    expect_counts("out", 0, 0, 0, 0);
    ck_assert_int_eq(RUN(&p, "topics", "cat", "demo.docs.dead.e1"), 0);
    for (int line = 1; line <= 5; line++) {
        char place[32];
        snprintf(place, sizeof place, "in/a.jsonl:%d: ", line);
        program_said(&p, place);
    }
}
END_TEST

START_TEST(test_bad_rows_among_good_ones)
{
    program_write(&p, "x.yaml", topology);
    program_write(&p, "in/a.jsonl", "{\"text\":\"a b c\"}\n{bad\n{\"no\":1}\n{\"text\":\"d e f\"}\n");
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--set", "min=1", "--json"), 4);
    expect_counts("docs", 4, 3, 0, 1);
    expect_counts("words", 3, 2, 0, 1);
    ck_assert_uint_eq(program_reason(&p, "words", "bad_input"), 1);
    ck_assert_uint_eq(program_lines(&p, "out/clean.jsonl"), 2);
}
END_TEST

START_TEST(test_row_over_the_limit)
{
    struct mr_buf text = {0};
    mr_buf_addz(&text, "{\"text\":\"a b c\"}\n{\"text\":\"");
    for (int i = 0; i < (9 << 20) / 8; i++)
        mr_buf_addz(&text, "abcdefg ");
    mr_buf_addz(&text, "\"}\n{\"text\":\"d e f\"}\n");
    program_write(&p, "x.yaml", topology);
    program_write(&p, "in/a.jsonl", mr_buf_text(&text));
    mr_buf_finish(&text);
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--set", "min=1", "--json"), 4);
    expect_counts("docs", 3, 2, 0, 1);
    ck_assert_uint_eq(program_reason(&p, "docs", "too_large"), 1);
    ck_assert_uint_eq(program_lines(&p, "out/clean.jsonl"), 2);
}
END_TEST

START_TEST(test_ten_thousand_tiny_files)
{
    program_write(&p, "x.yaml", topology);
    for (int i = 0; i < 10000; i++) {
        char name[64], text[64];
        snprintf(name, sizeof name, "in/%05d.jsonl", i);
        snprintf(text, sizeof text, "{\"text\":\"one two %d\"}\n", i);
        program_write(&p, name, text);
    }
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--set", "min=1", "--json"), 0);
    expect_counts("docs", 10000, 10000, 0, 0);
    expect_counts("out", 10000, 10000, 0, 0);
    ck_assert_uint_eq(program_lines(&p, "out/clean.jsonl"), 10000);
}
END_TEST

START_TEST(test_second_run_takes_what_is_new)
{
    program_write(&p, "x.yaml", topology);
    program_write(&p, "in/a.jsonl", make_rows(0, 100));
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--set", "min=1"), 0);
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--set", "min=1"), 0);
    program_said(&p, "nothing new since run 1");
    ck_assert_int_eq(RUN(&p, "status"), 0);
    program_said(&p, "run 1 ended");
    program_write(&p, "in/b.jsonl", make_rows(100, 50));
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--set", "min=1", "--json"), 0);
    expect_counts("docs", 50, 50, 0, 0);
    expect_counts("words", 50, 45, 5, 0);
    ck_assert_uint_eq(program_lines(&p, "out/clean.jsonl"), 135);
}
END_TEST

START_TEST(test_limit_and_dry_run)
{
    program_write(&p, "x.yaml", topology);
    program_write(&p, "in/a.jsonl", make_rows(0, 100));
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--set", "min=0", "--dry-run"), 0);
    program_said(&p, "would start run 1");
    ck_assert_int_eq(access(p.dir, R_OK), 0);
    ck_assert_ptr_null(program_read(&p, ".millrace/demo/runs.json"));
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--set", "min=0", "--limit", "7", "--json"), 0);
    expect_counts("docs", 7, 7, 0, 0);
    expect_counts("out", 7, 7, 0, 0);
}
END_TEST

static bool is_at_work(struct program *at)
{
    struct program look = *at;
    return RUN(&look, "status", "--state", ".millrace", "--json") == 0 &&
           program_count(&look, "docs", "out") != UINT64_MAX &&
           program_count(&look, "docs", "out") > 0;
}

/* A watched folder never ends by itself, so there is a run to be stopped at any speed. */
static const char endless[] =
    "name: demo\n"
    "sources: { docs: { files: [\"in/*.jsonl\"], watch: true, settle_ms: 0 } }\n"
    "stages:\n"
    "  - id: words\n"
    "    use: general_text.word_number_filter\n"
    "    with: { min_words: 1 }\n"
    "    keys: { input_key: text }\n"
    "sinks: { out: { file: out/clean.jsonl } }\n";

START_TEST(test_stop_of_an_endless_run)
{
    program_write(&p, "x.yaml", endless);
    program_write(&p, "in/a.jsonl", make_rows(0, 5000));
    pid_t pid = START(&p, "run", "x.yaml", "--json");
    struct program other = p; /* its own output files would clash: it looks from a sub-folder */
    size_t len = strlen(p.dir);
    memcpy(other.dir + len, "/look", sizeof "/look"); /* mkdtemp's name leaves room */
    program_write(&p, "look/empty", "");
    ck_assert_int_eq(symlink("../.millrace", mr_arena_printf(p.arena, "%s/look/.millrace",
                                                             p.dir).ptr), 0);
    program_until(&other, is_at_work, "rows are read");
    ck_assert_int_eq(RUN(&other, "clean", "demo"), 7);
    ck_assert_int_eq(RUN(&other, "stop", "demo"), 0);
    program_said(&other, "stopped");
    ck_assert_int_eq(program_wait(&p, pid), 0);
    ck_assert_str_eq(program_field(&p, "state"), "interrupted");
    ck_assert_int_eq(RUN(&p, "stop"), 0);
    program_said(&p, "not running");
}
END_TEST

static bool has_begun(struct program *at)
{
    return program_read(at, ".millrace/demo/runs.json") != NULL;
}

START_TEST(test_signal_and_resume)
{
    program_write(&p, "x.yaml", topology);
    program_write(&p, "in/a.jsonl", make_rows(0, 60000));
    pid_t pid = START(&p, "run", "x.yaml", "--set", "min=1", "--json");
    program_until(&p, has_begun, "the run begins");
    kill(pid, SIGTERM); /* amid work, or already at the end */
    int code = program_wait(&p, pid);
    ck_assert_msg(code == 0 || code == 5, "exit code %d", code);
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--set", "min=1", "--json"), 0);
    ck_assert_uint_eq(program_lines(&p, "out/clean.jsonl"), 54000);
}
END_TEST

START_TEST(test_topology_errors)
{
    program_write(&p, "x.yaml", "name: demo\nsources: { docs: { files: [\"in/*.jsonl\"] } }\n"
                                "stages:\n  - general_text.word_numbr_filter: { input_key: text }\n"
                                "  - general_text.lowercase_refiner: { input_kye: text }\n"
                                "sinks: { out: { file: out/clean.jsonl } }\n");
    program_write(&p, "in/a.jsonl", make_rows(0, 1));
    ck_assert_int_eq(RUN(&p, "check", "x.yaml"), 3);
    program_said(&p, "x.yaml:4:");
    program_said(&p, "word_number_filter");
    program_said(&p, "x.yaml:5:");
    ck_assert_int_eq(RUN(&p, "run", "x.yaml"), 3);
    ck_assert_int_eq(RUN(&p, "check", "x.yaml", "--json"), 3);
    ck_assert_ptr_nonnull(strstr(p.out, "\"severity\":\"error\""));
    ck_assert_int_eq(RUN(&p, "check", "missing.yaml"), 1);
    program_said(&p, "missing.yaml");
}
END_TEST

Suite *suite_e2e_run(void);
Suite *suite_e2e_run(void)
{
    Suite *s = suite_create("e2e.run");
    TCase *c = tcase_create("run");
    tcase_set_timeout(c, 120);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, test_plain_run);
    tcase_add_test(c, test_table_and_quiet);
    tcase_add_test(c, test_empty_input);
    tcase_add_test(c, test_filter_that_keeps_nothing);
    tcase_add_test(c, test_only_bad_rows);
    tcase_add_test(c, test_bad_rows_among_good_ones);
    tcase_add_test(c, test_row_over_the_limit);
    tcase_add_test(c, test_ten_thousand_tiny_files);
    tcase_add_test(c, test_second_run_takes_what_is_new);
    tcase_add_test(c, test_limit_and_dry_run);
    tcase_add_test(c, test_stop_of_an_endless_run);
    tcase_add_test(c, test_signal_and_resume);
    tcase_add_test(c, test_topology_errors);
    suite_add_tcase(s, c);
    return s;
}
