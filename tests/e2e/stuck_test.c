/* A row that never ends: its process is started again, the row is run alone and at last rejected,
 * all others go through; and a stage that does not go on holds up its writer, not the disk. */
#include <check.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/e2e/program.h"

static struct program p, q;

static void setup(void)
{
    program_open(&p);
    program_open(&q);
    p.binary = q.binary = getenv("MILLRACE_TEST");
    ck_assert_ptr_nonnull(p.binary);
}

static void teardown(void)
{
    program_close(&p);
    program_close(&q);
}

static void write_topology(const char *fuse, const char *longest_row)
{
    struct mr_buf text = {0};
    mr_buf_printf(&text,
                  "name: demo\n"
                  "fuse: %s\n"
                  "sources: { docs: { files: [\"in.jsonl\"] } }\n"
                  "stages:\n"
                  "  - id: tidy\n"
                  "    use: general_text.lowercase_refiner\n"
                  "    keys: { input_key: text }\n"
                  "  - id: slow\n"
                  "    use: test_only.wait\n"
                  "    with: { text: wait, file: \"%s/gate\" }\n"
                  "    longest_row: %s\n"
                  "sinks: { out: { file: clean.jsonl } }\n",
                  fuse, p.dir, longest_row);
    program_write(&p, "x.yaml", mr_buf_text(&text));
    mr_buf_finish(&text);
}

static void write_rows(unsigned count, unsigned waits_at)
{
    struct mr_buf text = {0};
    for (unsigned i = 0; i < count; i++)
        mr_buf_printf(&text, "{\"text\":\"%s\",\"n\":%u}\n", i == waits_at ? "WAIT" : "live", i);
    program_write(&p, "in.jsonl", mr_buf_text(&text));
    mr_buf_finish(&text);
}

START_TEST(a_row_that_never_ends_is_rejected)
{
    write_topology(_i ? "auto" : "off", "700ms");
    write_rows(500, 250);
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--json"), 4);
    ck_assert_uint_eq(program_count(&p, "slow", "in"), 500);
    ck_assert_uint_eq(program_count(&p, "slow", "out"), 499);
    ck_assert_uint_eq(program_reason(&p, "slow", "stuck"), 1);
    ck_assert_uint_eq(program_lines(&p, "clean.jsonl"), 499);
    program_said(&p, "made no progress");
    program_said(&p, "once more alone");
    ck_assert_int_eq(RUN(&p, "topics", "cat", "demo.slow.dead.e1"), 0);
    program_said(&p, "longest_row");
}
END_TEST

static bool ran_alone(struct program *run)
{
    const char *said = program_read(run, ".err");
    return said && strstr(said, "running it alone");
}

/* What was slow once is no reason to lose a row. */
START_TEST(a_row_that_ends_at_the_second_try_goes_on)
{
    write_topology("off", "1500ms");
    write_rows(500, 250);
    pid_t run = START(&p, "run", "x.yaml", "--json");
    program_until(&p, ran_alone, "the row is run alone");
    program_write(&p, "gate", "");
    ck_assert_int_eq(program_wait(&p, run), 0);
    ck_assert_uint_eq(program_count(&p, "slow", "out"), 500);
    ck_assert_uint_eq(program_count(&p, "slow", "rejected"), 0);
    ck_assert_uint_eq(program_lines(&p, "clean.jsonl"), 500);
}
END_TEST

/* ---- backpressure ---- */

enum { BOUND = 4000000, COMMIT = 16 << 20, BIG_ROWS = 60000 };

/* Rows of about 1 KB that do not compress. */
static void write_big_rows(void)
{
    struct mr_buf text = {0};
    unsigned seed = 1;
    for (unsigned i = 0; i < BIG_ROWS; i++) {
        mr_buf_printf(&text, "{\"text\":\"%s\",\"more\":\"", i == 0 ? "WAIT" : "live");
        for (int w = 0; w < 100; w++)
            mr_buf_printf(&text, "%07x ", (unsigned)rand_r(&seed));
        mr_buf_addz(&text, "\"}\n");
    }
    program_write(&p, "in.jsonl", mr_buf_text(&text));
    mr_buf_finish(&text);
}

static uint64_t topic_bytes(const char *topic)
{
    char command[4300], line[64] = "";
    snprintf(command, sizeof command, "du -sb '%s/.millrace/demo/topics/%s'", p.dir, topic);
    FILE *du = popen(command, "r");
    ck_assert_ptr_nonnull(du);
    ck_assert_ptr_nonnull(fgets(line, sizeof line, du));
    pclose(du);
    return strtoull(line, NULL, 10);
}

/* The writer says itself that its output is full: its page is in the state of who waits for room.
 */
static bool writers_wait(struct program *run)
{
    const char *state = mr_arena_printf(q.arena, "%s/.millrace", run->dir).ptr;
    return RUN(&q, "top", "--once", "--json", "--state", state) == 0 &&
           strstr(q.out, "\"stage\":\"docs\",\"state\":\"blocked\"") &&
           strstr(q.out, "\"stage\":\"tidy\",\"state\":\"blocked\"");
}

START_TEST(a_stage_that_waits_does_not_fill_the_disk)
{
    struct mr_buf text = {0};
    mr_buf_printf(&text,
                  "name: demo\n"
                  "sources: { docs: { files: [\"in.jsonl\"], bound: %d } }\n"
                  "stages:\n"
                  "  - id: tidy\n"
                  "    use: general_text.lowercase_refiner\n"
                  "    keys: { input_key: text }\n"
                  "    bound: %d\n"
                  "  - id: slow\n"
                  "    use: test_only.wait\n"
                  "    with: { text: wait, file: \"%s/gate\" }\n"
                  "sinks: { out: { file: clean.jsonl } }\n",
                  BOUND, BOUND, p.dir);
    program_write(&p, "x.yaml", mr_buf_text(&text));
    mr_buf_finish(&text);
    write_big_rows();
    pid_t run = START(&p, "run", "x.yaml", "--json");
    program_until(&p, writers_wait, "both writers wait for room");
    uint64_t docs = topic_bytes("demo.docs.out.e1"), tidy = topic_bytes("demo.tidy.out.e1");
    ck_assert_msg(docs <= BOUND + COMMIT, "docs wrote %llu bytes", (unsigned long long)docs);
    ck_assert_msg(tidy <= BOUND + COMMIT, "tidy wrote %llu bytes", (unsigned long long)tidy);
    program_write(&p, "gate", "");
    ck_assert_int_eq(program_wait(&p, run), 0);
    ck_assert_uint_eq(program_count(&p, "out", "in"), BIG_ROWS);
    ck_assert_uint_eq(program_lines(&p, "clean.jsonl"), BIG_ROWS);
}
END_TEST

Suite *suite_e2e_stuck(void);
Suite *suite_e2e_stuck(void)
{
    Suite *s = suite_create("e2e.stuck");
    TCase *c = tcase_create("stuck");
    tcase_set_timeout(c, 180);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_loop_test(c, a_row_that_never_ends_is_rejected, 0, 2);
    tcase_add_test(c, a_row_that_ends_at_the_second_try_goes_on);
    tcase_add_test(c, a_stage_that_waits_does_not_fill_the_disk);
    suite_add_tcase(s, c);
    return s;
}
