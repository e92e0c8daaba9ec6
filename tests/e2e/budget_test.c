/* A disk budget: consumed rows go, sources wait, every row still arrives; scaled sources read all.
 */
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

enum { ROWS = 40000, BUDGET = 12000000 };

/* Texts that do not compress away: about 1 KB each, so the topics pass the budget several times. */
static void write_rows(const char *name, unsigned from, unsigned count)
{
    struct mr_buf text = {0};
    unsigned seed = from + 1;
    for (unsigned i = from; i < from + count; i++) {
        mr_buf_printf(&text, "{\"n\":%u,\"text\":\"", i);
        for (int w = 0; w < 100; w++)
            mr_buf_printf(&text, "%07x ", (unsigned)rand_r(&seed));
        mr_buf_addz(&text, "\"}\n");
    }
    program_write(&p, name, mr_buf_text(&text));
    mr_buf_finish(&text);
}

START_TEST(all_rows_pass_under_a_budget)
{
    struct mr_buf yaml = {0};
    mr_buf_printf(&yaml,
                  "name: tight\n"
                  "disk_budget: %d\n"
                  "sources: { docs: { files: [\"in.jsonl\"] } }\n"
                  "stages:\n"
                  "  - general_text.char_number_filter: { input_key: text, threshold: 10 }\n"
                  "sinks: { out: { file: out.jsonl } }\n",
                  BUDGET);
    program_write(&p, "x.yaml", mr_buf_text(&yaml));
    mr_buf_finish(&yaml);
    write_rows("in.jsonl", 0, ROWS);
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--json"), 0);
    ck_assert_uint_eq(program_count(&p, "out", "out"), ROWS);
    ck_assert_uint_eq(program_lines(&p, "out.jsonl"), ROWS);
    /* The topics together held more than this; now they are back near the budget. */
    char command[4200], line[64] = "";
    snprintf(command, sizeof(command), "du -sk '%s/.millrace/tight/topics'", p.dir);
    FILE *du = popen(command, "r");
    ck_assert_ptr_nonnull(du);
    ck_assert_ptr_nonnull(fgets(line, sizeof(line), du));
    pclose(du);
    ck_assert_msg(strtoull(line, NULL, 10) * 1024 < 3 * (unsigned long long)BUDGET,
                  "topics take %s", line);
}
END_TEST

/* What nobody can free must not be waited for: segments under way alone, or records, which stay,
 * are more than these budgets. */
static const char *const beyond[] = {
    "name: beyond\n"
    "disk_budget: 1MB\n"
    "sources: { docs: { files: [\"in*.jsonl\"], scale: 2 } }\n"
    "stages:\n"
    "  - general_text.char_number_filter: { input_key: text, threshold: 10 }\n"
    "  - HashDeduplicateFilter: { input_key: text, output_key: null }\n"
    "sinks: { out: { file: out.jsonl } }\n",
    "name: beyond\n"
    "disk_budget: 4MB\n"
    "sources: { docs: { files: [\"in*.jsonl\"] } }\n"
    "stages:\n"
    "  - id: odd\n"
    "    use: general_text.char_number_filter\n"
    "    with: { threshold: 880 }\n"
    "    keys: { input_key: text }\n"
    "    keep_dropped: true\n"
    "sinks: { out: { file: out.jsonl } }\n",
};

START_TEST(what_nobody_can_free_is_not_waited_for)
{
    enum { LONG = 20000 };
    program_write(&p, "x.yaml", beyond[_i]);
    write_rows("in.jsonl", 0, LONG);
    write_rows("in2.jsonl", LONG, LONG);
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--json"), 0);
    ck_assert_uint_eq(program_count(&p, "docs", "out"), 2 * LONG);
}
END_TEST

static void write_folder(unsigned files)
{
    for (unsigned f = 0; f < files; f++) {
        char name[32];
        snprintf(name, sizeof(name), "in/part-%03u.jsonl", f);
        write_rows(name, f * 20, 20);
    }
}

static const char folder_topology[] =
    "name: folder\n"
    "sources:\n"
    "  docs:\n"
    "    files: [\"in/*.jsonl\"]\n"
    "    scale: ${scale}\n"
    "stages:\n"
    "  - general_text.char_number_filter: { input_key: text, threshold: 10 }\n"
    "sinks: { out: { file: \"out-${scale}.jsonl\", id_key: id } }\n";

START_TEST(a_scaled_source_gives_the_same_rows)
{
    program_write(&p, "x.yaml", folder_topology);
    write_folder(40);
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--set", "scale=1", "--state", "s1"), 0);
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--set", "scale=3", "--state", "s3", "--json"), 0);
    ck_assert_uint_eq(program_count(&p, "docs.list", "out"), 40);
    ck_assert_uint_eq(program_count(&p, "docs", "out"), 800);
    ck_assert_uint_eq(program_lines(&p, "out-1.jsonl"), 800);
    ck_assert_str_eq(program_read(&p, "out-1.jsonl"), program_read(&p, "out-3.jsonl"));
    /* A later run reads only what is new. */
    write_rows("in/zz.jsonl", 900, 5);
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--set", "scale=3", "--state", "s3", "--json"), 0);
    ck_assert_uint_eq(program_count(&p, "docs", "out"), 5);
    ck_assert_uint_eq(program_lines(&p, "out-3.jsonl"), 805);
}
END_TEST

Suite *suite_e2e_budget(void);

Suite *suite_e2e_budget(void)
{
    Suite *s = suite_create("e2e.budget");
    TCase *c = tcase_create("runs");
    tcase_set_timeout(c, 120);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, all_rows_pass_under_a_budget);
    tcase_add_loop_test(c, what_nobody_can_free_is_not_waited_for, 0,
                        (int)(sizeof beyond / sizeof *beyond));
    tcase_add_test(c, a_scaled_source_gives_the_same_rows);
    suite_add_tcase(s, c);
    return s;
}
