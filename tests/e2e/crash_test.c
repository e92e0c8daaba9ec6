/* A row that kills its process: that row is rejected with the signal's name, all others go through. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/e2e/program.h"

static struct program p;

static void setup(void)
{
    program_open(&p);
    p.binary = getenv("MILLRACE_TEST");
    ck_assert_ptr_nonnull(p.binary);
}

static void teardown(void)
{
    program_close(&p);
}

static void write_topology(const char *fuse, const char *signal)
{
    struct mr_buf text = {0};
    mr_buf_printf(&text,
                  "name: demo\n"
                  "fuse: %s\n"
                  "sources: { docs: { files: [\"in/*.jsonl\"] } }\n"
                  "stages:\n"
                  "  - id: tidy\n"
                  "    use: general_text.lowercase_refiner\n"
                  "    keys: { input_key: text }\n"
                  "  - id: crash\n"
                  "    use: test_only.crash\n"
                  "    with: { text: die, signal: %s }\n"
                  "sinks: { out: { file: out/clean.jsonl } }\n",
                  fuse, signal);
    program_write(&p, "x.yaml", mr_buf_text(&text));
    mr_buf_finish(&text);
}

/* `deadly` rows among a thousand. */
static void write_rows(unsigned deadly)
{
    struct mr_buf text = {0};
    for (unsigned i = 0; i < 1000; i++)
        mr_buf_printf(&text, "{\"text\":\"%s\",\"n\":%u}\n",
                      i % 300 == 150 && i / 300 < deadly ? "DIE" : "live", i);
    program_write(&p, "in/a.jsonl", mr_buf_text(&text));
    mr_buf_finish(&text);
}

static void expect_rejected(unsigned deadly)
{
    ck_assert_uint_eq(program_count(&p, "crash", "in"), 1000);
    ck_assert_uint_eq(program_count(&p, "crash", "out"), 1000 - deadly);
    ck_assert_uint_eq(program_count(&p, "crash", "rejected"), deadly);
    ck_assert_uint_eq(program_reason(&p, "crash", "crash"), deadly);
    ck_assert_uint_eq(program_count(&p, "out", "in"), 1000 - deadly);
    ck_assert_uint_eq(program_lines(&p, "out/clean.jsonl"), 1000 - deadly);
}

START_TEST(test_each_signal)
{
    static const char *const signals[] = {"SEGV", "BUS", "ABRT", "FPE", "ILL"};
    write_topology("off", signals[_i]);
    write_rows(1);
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--json"), 4);
    expect_rejected(1);
    char name[16];
    snprintf(name, sizeof name, "SIG%s", signals[_i]);
    ck_assert_int_eq(RUN(&p, "topics", "cat", "demo.crash.dead.e1"), 0);
    program_said(&p, name);
}
END_TEST

START_TEST(test_several_rows_in_a_fused_group)
{
    write_topology("auto", "SEGV");
    write_rows(3);
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--json"), 4);
    expect_rejected(3);
}
END_TEST

/* SIGKILL may come from anywhere: it blames no row, and the run gives up in the end. */
START_TEST(test_kill_blames_nobody)
{
    write_topology("off", "KILL");
    write_rows(1);
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--json"), 1);
    program_said(&p, "without progress");
    ck_assert_str_eq(program_field(&p, "state"), "failed");
    ck_assert_uint_eq(program_count(&p, "crash", "rejected"), 0);
}
END_TEST

Suite *suite_e2e_crash(void);
Suite *suite_e2e_crash(void)
{
    Suite *s = suite_create("e2e.crash");
    TCase *c = tcase_create("crash");
    tcase_set_timeout(c, 120);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_loop_test(c, test_each_signal, 0, 5);
    tcase_add_test(c, test_several_rows_in_a_fused_group);
    tcase_add_test(c, test_kill_blames_nobody);
    suite_add_tcase(s, c);
    return s;
}
