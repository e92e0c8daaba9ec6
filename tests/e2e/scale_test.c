/* `millrace scale` on a stopped pipeline, what later runs make of it, and what it refuses; on a
 * running one, with a process that waits for somebody else. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/e2e/program.h"

static struct program p, q;

static void setup(void)
{
    program_open(&p);
    program_open(&q);
}

static void teardown(void)
{
    program_close(&p);
    program_close(&q);
}

enum { ROWS = 900, KEYS = 300 };

static void write_topology(const char *more)
{
    struct mr_buf text = {0};
    mr_buf_printf(&text,
                  "name: demo\n"
                  "sources: { docs: { files: [\"in/*.jsonl\"] } }\n"
                  "stages:\n"
                  "  - id: dedup\n"
                  "    use: HashDeduplicateFilter\n"
                  "    keys: { input_key: text, output_key: null }\n"
                  "%s"
                  "sinks: { out: { file: clean.jsonl } }\n",
                  more);
    program_write(&p, "x.yaml", mr_buf_text(&text));
    mr_buf_finish(&text);
}

static void write_rows(const char *name, unsigned from)
{
    struct mr_buf text = {0};
    for (unsigned i = from; i < from + ROWS; i++)
        mr_buf_printf(&text, "{\"text\":\"t%u\",\"n\":%u}\n", i % KEYS, i);
    program_write(&p, name, mr_buf_text(&text));
    mr_buf_finish(&text);
}

static void run_once(void)
{
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--json"), 0);
}

START_TEST(kept_for_later_runs)
{
    write_topology("");
    write_rows("in/a.jsonl", 0);
    run_once();
    ck_assert_uint_eq(program_count(&p, "dedup", "processes"), 1);
    ck_assert_uint_eq(program_count(&p, "dedup", "out"), KEYS);
    ck_assert_int_eq(RUN(&p, "scale", "dedup", "4"), 0);
    program_said(&p, "4 processes, before 1; from the next run on");
    ck_assert_int_eq(RUN(&p, "plan", "x.yaml"), 0);
    program_said(&p, "8 tasks in 4 processes");
    ck_assert_int_eq(RUN(&p, "status"), 0);
    program_said(&p, "stage \"dedup\": 4 processes by `millrace scale`");
    ck_assert_int_eq(RUN(&p, "scale", "--json"), 0);
    program_said(&p, "{\"stage\":\"dedup\",\"processes\":4,\"partitions\":8}");
    /* The same keys again: the tasks' state came along, so none of them is new. */
    write_rows("in/b.jsonl", ROWS);
    run_once();
    ck_assert_uint_eq(program_count(&p, "dedup", "processes"), 4);
    ck_assert_uint_eq(program_count(&p, "dedup", "in"), ROWS);
    ck_assert_uint_eq(program_count(&p, "dedup", "dropped"), ROWS);
    ck_assert_int_eq(RUN(&p, "status", "--json"), 0);
    ck_assert_uint_eq(program_count(&p, "dedup", "processes"), 4);
    ck_assert_uint_eq(program_count(&p, "dedup", "dropped"), ROWS);
    /* Fewer again: figures are those of the processes that are left. */
    ck_assert_int_eq(RUN(&p, "scale", "dedup", "3"), 0);
    write_rows("in/c.jsonl", 2 * ROWS);
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--json", "--scale", "dedup=2"), 0);
    ck_assert_uint_eq(program_count(&p, "dedup", "processes"), 2);
    ck_assert_uint_eq(program_count(&p, "dedup", "in"), ROWS);
    ck_assert_int_eq(RUN(&p, "scale"), 0);
    program_said(&p, "dedup                                 3           8");
    ck_assert_int_eq(RUN(&p, "replay", "x.yaml", "--from", "dedup", "--json"), 0);
    ck_assert_uint_eq(program_count(&p, "dedup", "processes"), 3);
    ck_assert_uint_eq(program_count(&p, "dedup", "in"), 3 * ROWS);
}
END_TEST

START_TEST(a_newer_word_of_the_topology_replaces_it)
{
    write_topology("");
    write_rows("in/a.jsonl", 0);
    run_once();
    ck_assert_int_eq(RUN(&p, "scale", "dedup", "4"), 0);
    write_topology("    scale: 2\n");
    write_rows("in/b.jsonl", ROWS);
    run_once();
    program_said(&p, "now declares scale 2");
    ck_assert_uint_eq(program_count(&p, "dedup", "processes"), 2);
}
END_TEST

START_TEST(refused)
{
    write_topology("");
    write_rows("in/a.jsonl", 0);
    ck_assert_int_eq(RUN(&p, "scale", "dedup", "2"), 8);
    run_once();
    ck_assert_int_eq(RUN(&p, "scale", "dedup", "9"), 2);
    program_said(&p, "MR4012");
    program_said(&p, "stage \"dedup\" has 8 partitions");
    program_said(&p, "`partitions: 9`");
    program_said(&p, "new epoch");
    ck_assert_int_eq(RUN(&p, "scale", "dedup", "0"), 2);
    ck_assert_int_eq(RUN(&p, "scale", "dedup", "many"), 2);
    ck_assert_int_eq(RUN(&p, "scale", "dedup"), 2);
    program_said(&p, "STAGE and N");
    ck_assert_int_eq(RUN(&p, "scale", "nothing", "2"), 8);
    program_said(&p, "`millrace scale` lists the stages");
    ck_assert_int_eq(RUN(&p, "scale", "demo"), 0);
    program_said(&p, "partitions");
    ck_assert_int_eq(RUN(&p, "scale", "demo", "dedup", "9"), 2);
    program_said(&p, "stage \"dedup\" has 8 partitions");
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--scale", "dedup=9"), 2);
    program_said(&p, "MR4012");
    program_write(&p, ".millrace/demo/scale", "something else\n");
    ck_assert_int_eq(RUN(&p, "scale", "dedup", "2"), 1);
    program_said(&p, "MR4005");
}
END_TEST

static bool is_at_work(struct program *run)
{
    const char *state = mr_arena_printf(q.arena, "%s/.millrace", run->dir).ptr;
    return RUN(&q, "top", "--once", "--json", "--state", state) == 0 &&
           program_count(&q, "tidy", "in") == ROWS && strstr(q.out, "\"running\":true");
}

/* The stage behind waits for a file all the while: only the stage that is scaled stops. */
START_TEST(running_it_changes_one_stage_only)
{
    p.binary = q.binary = getenv("MILLRACE_TEST");
    struct mr_buf text = {0};
    mr_buf_printf(&text,
                  "name: demo\n"
                  "sources: { docs: { files: [\"in/*.jsonl\"] } }\n"
                  "stages:\n"
                  "  - id: tidy\n"
                  "    use: general_text.lowercase_refiner\n"
                  "    keys: { input_key: text }\n"
                  "    partitions: 4\n"
                  "  - id: slow\n"
                  "    use: test_only.wait\n"
                  "    with: { text: t7, file: \"%s/gate\" }\n"
                  "sinks: { out: { file: clean.jsonl } }\n",
                  p.dir);
    program_write(&p, "x.yaml", mr_buf_text(&text));
    mr_buf_finish(&text);
    write_rows("in/a.jsonl", 0);
    pid_t run = START(&p, "run", "x.yaml", "--json");
    program_until(&p, is_at_work, "all rows are in tidy");
    const char *state = mr_arena_printf(q.arena, "%s/.millrace", p.dir).ptr;
    ck_assert_int_eq(RUN(&q, "scale", "slow", "2", "--state", state), 2);
    ck_assert_int_eq(RUN(&q, "scale", "tidy", "4", "--state", state), 0);
    ck_assert_int_eq(RUN(&q, "top", "--once", "--json", "--state", state), 0);
    ck_assert_uint_eq(program_count(&q, "tidy", "in"), ROWS);
    ck_assert_uint_eq(program_count(&q, "slow", "restarts"), 0);
    program_write(&p, "gate", "");
    ck_assert_int_eq(program_wait(&p, run), 0);
    ck_assert_uint_eq(program_count(&p, "tidy", "in"), ROWS);
    ck_assert_uint_eq(program_lines(&p, "clean.jsonl"), ROWS);
    ck_assert_int_eq(RUN(&p, "scale"), 0);
    program_said(&p, "tidy                                  4           4");
}
END_TEST

Suite *suite_e2e_scale(void);
Suite *suite_e2e_scale(void)
{
    Suite *s = suite_create("e2e.scale");
    TCase *c = tcase_create("scale");
    tcase_set_timeout(c, 180);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, kept_for_later_runs);
    tcase_add_test(c, a_newer_word_of_the_topology_replaces_it);
    tcase_add_test(c, refused);
    tcase_add_test(c, running_it_changes_one_stage_only);
    suite_add_tcase(s, c);
    return s;
}
