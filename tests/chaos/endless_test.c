/* Endless input whose processes and supervisor are killed again and again: windows over several
 * lanes, closed by rows and by idle time, are cut at the same places by a replay that is killed,
 * too; a changed definition that catches up under kills ends as the replay of it.
 *
 * MILLRACE_KILLS: kills of each run (default as below); MILLRACE_SEED: of the moments and victims.
 */
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
enum { KILLS = 4 };
#else
enum { KILLS = 12 };
#endif
enum { PROCESSES = 6, FILES = 4, ROWS = 2000, DEADLINE_MS = 120000, WITHIN_MS = 700 };

static const char topology[] =
    "name: flow\n"
    "sources: { docs: { files: [\"in/*.jsonl\"], watch: yes, settle_ms: 0, poll_ms: 20 } }\n"
    "stages:\n"
    "  - id: score\n"
    "    use: rows.derive\n"
    "    with: { expr: \"n * 7919 % 100000\" }\n"
    "    keys: { output_key: score }\n"
    "    partitions: 4\n"
    "    scale: 2\n"
    "  - id: best\n"
    "    use: rows.top_k\n"
    "    with: { k: \"${K}\" }\n"
    "    keys: { input_key: score, rank_key: rank }\n"
    "    window: { rows: 150, idle: 15ms }\n"
    "  - id: last\n"
    "    use: rows.drop\n"
    "    keys: { input_keys: score }\n"
    "sinks: { out: { file: out/best.jsonl, id_key: id_, shard_bytes: 30000 } }\n";

static struct program p, q;
static unsigned rows_now;

static void setup(void)
{
    program_open(&p);
    program_open(&q);
    program_write(&p, "x.yaml", topology);
    rows_now = 0;
    dice_seed(dice_setting("MILLRACE_SEED", 1));
}

static void teardown(void)
{
    program_close(&p);
    program_close(&q);
}

static void add_rows(void)
{
    struct mr_buf text = {0};
    const char *name = mr_arena_printf(p.arena, "in/%06u.jsonl", rows_now).ptr;
    const char *part = mr_arena_printf(p.arena, "%s.part", name).ptr;
    for (unsigned i = 0; i < ROWS; i++)
        mr_buf_printf(&text, "{\"n\":%u}\n", rows_now + i);
    program_write(&p, part, mr_buf_text(&text));
    const char *from = mr_arena_printf(p.arena, "%s/%s", p.dir, part).ptr;
    ck_assert_int_eq(rename(from, mr_arena_printf(p.arena, "%s/%s", p.dir, name).ptr), 0);
    mr_buf_finish(&text);
    rows_now += ROWS;
}

static const char *state_of_p(void)
{
    return mr_arena_printf(q.arena, "%s/.millrace", p.dir).ptr;
}

/* All that was written is where it belongs, windows closed, and the processes are there to say it.
 */
static bool all_through(pid_t supervisor)
{
    pid_t all[WATCH_CHILDREN];
    if (watch_children(supervisor, all) != PROCESSES ||
        RUN(&q, "status", "--json", "--state", state_of_p()) != 0 || !strchr(q.out, '{'))
        return false;
    return program_count(&q, "docs", "in") == rows_now &&
           program_count(&q, "score", "in") == rows_now &&
           program_count(&q, "best", "in") == rows_now && program_count(&q, "best", "held") == 0 &&
           program_count(&q, "last", "in") == program_count(&q, "best", "out") &&
           program_count(&q, "out", "in") == program_count(&q, "best", "out");
}

/* Kills a process of it, or itself; false: it is gone, and was waited for. */
static bool strike(pid_t supervisor)
{
    pid_t all[WATCH_CHILDREN];
    size_t count = watch_children(supervisor, all);
    pid_t victim = count == 0 || dice_below(3) == 0 ? supervisor : all[dice_below(count)];
    int status;
    kill(victim, SIGKILL);
    if (victim != supervisor)
        return true;
    ck_assert_int_eq(waitpid(supervisor, &status, 0), supervisor);
    return false;
}

/* Runs until all is through, with so many kills on the way, and stops it. */
static void run_killed(const char *const *words, unsigned files, uint64_t kills)
{
    uint64_t deadline = mr_now_ms() + DEADLINE_MS, next = mr_now_ms() + dice_below(WITHIN_MS);
    pid_t pid = program_start(&p, words);
    for (;;) {
        ck_assert_msg(mr_now_ms() < deadline, "not through: %s%s", q.out, program_read(&p, ".err"));
        if (files && (kills == 0 || dice_below(20) == 0)) {
            add_rows();
            files--;
        }
        if (kills && mr_now_ms() >= next) {
            if (!strike(pid))
                pid = program_start(&p, words);
            kills--;
            next = mr_now_ms() + dice_below(WITHIN_MS);
        }
        ck_assert_msg(waitpid(pid, NULL, WNOHANG) == 0, "ended: %s", program_read(&p, ".err"));
        if (files == 0 && kills == 0 && all_through(pid))
            break;
        poll(NULL, 0, 10);
    }
    ck_assert_int_eq(kill(pid, SIGTERM), 0);
    int code = program_wait(&p, pid);
    ck_assert_msg(code == 0, "%d: %s", code, p.err);
}

static void replay_killed(const char *const *words, uint64_t kills)
{
    for (int code = -1; code != 0;) {
        pid_t pid = program_start(&p, words);
        int status = 0;
        bool here = true;
        uint64_t next = mr_now_ms() + dice_below(WITHIN_MS);
        while (kills && here && waitpid(pid, &status, WNOHANG) == 0) {
            if (mr_now_ms() >= next) {
                here = strike(pid);
                kills--;
                next = mr_now_ms() + dice_below(WITHIN_MS);
            }
            poll(NULL, 0, 1);
        }
        if (!here)
            continue;
        if (kills) { /* it ended by itself, and more is to be killed: one more epoch */
            ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s",
                          program_read(&p, ".err"));
            continue;
        }
        code = waitpid(pid, &status, WNOHANG) == 0 ? program_wait(&p, pid) : WEXITSTATUS(status);
        ck_assert_msg(code == 0, "%d: %s", code, program_read(&p, ".err"));
    }
}

/* Rows and content of every epoch from `first` on; equal, or the test fails. Returns how many. */
static unsigned equal_epochs(unsigned first, unsigned last)
{
    const char *wanted = NULL;
    unsigned count = 0;
    ck_assert_int_eq(RUN(&p, "epochs", "flow"), 0);
    for (unsigned epoch = first; epoch <= last; epoch++) {
        const char *name = mr_arena_printf(p.arena, "flow.out@%u  ", epoch).ptr;
        const char *at = strstr(p.out, name);
        if (!at)
            continue;
        at += strlen(name);
        const char *got = mr_arena_str(p.arena, mr_str_span(at, strcspn(at, "\n"))).ptr;
        wanted = wanted ? wanted : got;
        ck_assert_msg(strcmp(got, wanted) == 0, "epoch %u: %s, epoch %u: %s", epoch, got, first,
                      wanted);
        count++;
    }
    return count;
}

static unsigned last_epoch(void)
{
    unsigned last = 0;
    ck_assert_int_eq(RUN(&p, "epochs", "flow"), 0);
    for (unsigned epoch = 1; epoch < 100; epoch++)
        if (strstr(p.out, mr_arena_printf(p.arena, "flow.out@%u  ", epoch).ptr))
            last = epoch;
    return last;
}

START_TEST(test_windows_under_kills)
{
    static const char *const run[] = {"run", "x.yaml", "--set", "K=20", "-q", NULL};
    static const char *const best[] = {"replay", "x.yaml", "--set", "K=20",
                                       "--from", "best",   "-q",    NULL};
    static const char *const score[] = {"replay", "x.yaml", "--set", "K=20",
                                        "--from", "score",  "-q",    NULL};
    static const char *const changed[] = {"run", "x.yaml", "--set", "K=7", "-q", NULL};
    static const char *const after[] = {"replay", "x.yaml", "--set", "K=7",
                                        "--from", "best",   "-q",    NULL};
    uint64_t kills = dice_setting("MILLRACE_KILLS", KILLS);
    run_killed(run, FILES, kills);
    replay_killed(best, kills);
    replay_killed(score, kills / 2);
    unsigned last = last_epoch();
    ck_assert_uint_ge(equal_epochs(1, last), 3);
    run_killed(changed, 1, kills);
    unsigned now = last_epoch();
    ck_assert_uint_gt(now, last);
    ck_assert_int_eq(RUN(&p, "epochs", "flow"), 0);
    program_said(&p, mr_arena_printf(p.arena, "%5u  current", now).ptr);
    replay_killed(after, kills / 2);
    ck_assert_uint_ge(equal_epochs(now, last_epoch()), 2);
    printf("%u rows, %u epochs, %llu kills\n", rows_now, last_epoch(),
           (unsigned long long)(3 * kills + 2 * (kills / 2)));
}
END_TEST

Suite *suite_chaos_endless(void);
Suite *suite_chaos_endless(void)
{
    Suite *s = suite_create("chaos.endless");
    TCase *c = tcase_create("endless");
    tcase_set_timeout(c, 3600);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, test_windows_under_kills);
    suite_add_tcase(s, c);
    return s;
}
