/* `dlq retry`, the run that takes the rows and its stage processes are killed at random moments,
 * and the stage gets another number of processes in between: each row still enters its stage
 * exactly once.
 *
 * MILLRACE_KILLS: rounds, one kill each (default 5; 3 with sanitizers); MILLRACE_SEED: of the
 * moments. */
#include <check.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/base/clock.h"
#include "tests/chaos/dice.h"
#include "tests/chaos/watch.h"
#include "tests/e2e/program.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { KILLS = 3 };
#else
enum { KILLS = 5 };
#endif
enum { ROWS = 300 };

static struct program p;

static void setup(void)
{
    program_open(&p);
    p.binary = getenv("MILLRACE_TEST");
    ck_assert_ptr_nonnull(p.binary);
    dice_seed(dice_setting("MILLRACE_SEED", 1));
}

static void teardown(void)
{
    program_close(&p);
}

static void write_topology(const char *fuse, const char *scale)
{
    struct mr_buf text = {0};
    mr_buf_printf(&text,
                  "name: demo\nfuse: %s\n"
                  "sources: { docs: { files: [\"in/*.jsonl\"] } }\n"
                  "stages:\n"
                  "  - id: gate\n    use: test_only.gate\n    with: { file: \"%s/gate.open\" }\n%s"
                  "  - id: last\n    use: general_text.lowercase_refiner\n"
                  "    keys: { input_key: text }\n"
                  "sinks: { out: { file: out/clean.jsonl, id_key: id_ } }\n",
                  fuse, p.dir, scale);
    program_write(&p, "x.yaml", mr_buf_text(&text));
    mr_buf_finish(&text);
}

static void write_rows(unsigned round)
{
    struct mr_buf text = {0};
    for (unsigned i = 0; i < ROWS; i++)
        mr_buf_printf(&text, "{\"text\":\"%s\",\"n\":%u}\n", i % 5 < 3 ? "pass" : "wait", i);
    char name[32];
    snprintf(name, sizeof name, "in/%u.jsonl", round);
    program_write(&p, name, mr_buf_text(&text));
    mr_buf_finish(&text);
}

static void close_gate(void)
{
    char path[4200];
    snprintf(path, sizeof path, "%s/gate.open", p.dir);
    unlink(path);
}

/* Ends well, or is killed after some milliseconds: it, or one of its stage processes, which then is
 * started again. */
static void retry_and_kill(unsigned longest_ms)
{
    pid_t pid = START(&p, "dlq", "retry", "--all", "--run"), stages[WATCH_CHILDREN];
    poll(NULL, 0, (int)dice_below(longest_ms));
    size_t count = watch_children(pid, stages);
    bool whole = count == 0 || dice_below(3) == 0;
    kill(whole ? pid : stages[dice_below((unsigned)count)], SIGKILL);
    int status;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    if (!whole)
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "ended with %x", status);
}

static void expect_rows(size_t count)
{
    const char *sorted = program_sorted(&p, program_read(&p, "out/clean.jsonl"));
    size_t lines = 0;
    for (const char *at = sorted, *next; (next = strchr(at, '\n')); at = next + 1, lines++) {
        size_t len = (size_t)(next - at) + 1;
        ck_assert_msg(strncmp(at, next + 1, len) != 0, "a row came twice: %.*s", (int)len, at);
    }
    ck_assert_uint_eq(lines, count);
}

START_TEST(test_each_row_once)
{
    unsigned rounds = (unsigned)dice_setting("MILLRACE_KILLS", KILLS);
    unsigned longest_ms = 0;
    write_topology(_i ? "auto" : "off", _i ? "" : "    partitions: 3\n    scale: 2\n");
    for (unsigned round = 0; round <= rounds; round++) {
        close_gate();
        write_rows(round);
        ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--quiet"), 4);
        program_write(&p, "gate.open", "");
        if (round == 0) { /* undisturbed: how long it takes */
            uint64_t began = mr_now_ms();
            ck_assert_int_eq(RUN(&p, "dlq", "retry", "--all", "--run"), 0);
            longest_ms = (unsigned)(mr_now_ms() - began) + 1;
        } else {
            if (!_i)
                ck_assert_int_eq(RUN(&p, "scale", "gate", round % 2 ? "3" : "1"), 0);
            retry_and_kill(longest_ms);
            ck_assert_int_eq(RUN(&p, "dlq", "retry", "--all"), 0);
            ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--quiet"), 0);
        }
        expect_rows((size_t)(round + 1) * ROWS);
        ck_assert_int_eq(RUN(&p, "dlq", "ls", "--status", "waiting", "--json"), 0);
        ck_assert_str_eq(p.out, "");
        ck_assert_int_eq(RUN(&p, "topics", "cat", "last"), 0);
        ck_assert_uint_eq(program_lines(&p, ".out"), (size_t)(round + 1) * ROWS);
    }
}
END_TEST

Suite *suite_chaos_retry(void);
Suite *suite_chaos_retry(void)
{
    Suite *s = suite_create("chaos.retry");
    TCase *c = tcase_create("retry");
    tcase_set_timeout(c, 3600);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_loop_test(c, test_each_row_once, 0, 2);
    suite_add_tcase(s, c);
    return s;
}
