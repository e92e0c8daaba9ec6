/* A replay, and a promotion, whose processes and supervisor are killed again and again end as those
 * that are left alone: the same dataset hash; the epoch before can be read all the while.
 *
 * MILLRACE_KILLS: kills of each (default as below); MILLRACE_SEED: of the moments and victims;
 * MILLRACE_REPLAY_ROWS: rows that the topics keep. */
#include <check.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/base/clock.h"
#include "tests/chaos/dice.h"
#include "tests/chaos/rows.h"
#include "tests/chaos/watch.h"
#include "tests/e2e/program.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { KILLS = 4 };
#else
enum { KILLS = 10 };
#endif
enum { ROWS = 3000, DEADLINE_MS = 1800000 };

static const char topology[] =
    "name: again\n"
    "sources: { docs: { files: [\"in/*.jsonl\"] } }\n"
    "stages:\n"
    "  - id: words\n"
    "    use: WordNumberFilter\n"
    "    with: { min_words: 5 }\n"
    "    keys: { input_key: text, output_key: null }\n"
    "  - id: exact\n"
    "    use: HashDeduplicateFilter\n"
    "    keys: { input_key: text, output_key: null }\n"
    "    scale: 2\n"
    "  - id: pieces\n"
    "    use: KBCChunkGenerator\n"
    "    with: { chunk_size: 100, chunk_overlap: 10 }\n"
    "    keys: { input_key: text, output_key: chunk }\n"
    "  - id: last\n"
    "    use: rows.drop\n"
    "    keys: { input_keys: text }\n"
    "sinks: { out: { file: out/all.jsonl.zst, shard_bytes: 2000000 } }\n";

static struct program p;

static void setup(void)
{
    program_open(&p);
    program_write(&p, "in/.keep", "");
    program_write(&p, "x.yaml", topology);
}

static void teardown(void)
{
    program_close(&p);
}

static void add_rows(unsigned number, uint64_t rows)
{
    struct rows_shape shape = rows_plain;
    const char *path = mr_arena_printf(p.arena, "%s/in/%u.jsonl", p.dir, number).ptr;
    shape.seed = 11;
    shape.exact_permille = 100;
    ck_assert_uint_gt(rows_file(&shape, number * 1000000u, rows * 1200, path), 0);
}

/* What `epochs` says of the dataset: rows and content hash. */
static const char *dataset(unsigned epoch)
{
    ck_assert_int_eq(RUN(&p, "epochs", "again"), 0);
    const char *name = mr_arena_printf(p.arena, "again.out@%u  ", epoch).ptr;
    const char *at = strstr(p.out, name);
    ck_assert_msg(at != NULL, "no %s in %s", name, p.out);
    return mr_arena_str(p.arena, mr_str_span(at + strlen(name), strcspn(at, "\n") - strlen(name)))
        .ptr;
}

/* Hash of a topic of an epoch as a reader sees it, whatever else goes on. */
static const char *topic_hash(const char *topic)
{
    struct program look = p;
    ck_assert_msg(RUN(&look, "topics", "stat", topic, "--hash") == 0, "%s", look.err);
    return look.out;
}

/* Ends it, or kills a process of it at a moment below `within`; true when it ended by itself. */
static bool disturb(pid_t supervisor, uint64_t within_ms, int *code, uint64_t *kills)
{
    uint64_t until = mr_now_ms() + dice_below(within_ms);
    int status;
    while (mr_now_ms() < until) {
        pid_t got = waitpid(supervisor, &status, WNOHANG);
        if (got == supervisor) {
            *code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
            return true;
        }
        poll(NULL, 0, 1);
    }
    pid_t all[WATCH_CHILDREN];
    size_t count = watch_children(supervisor, all);
    pid_t victim = count == 0 || dice_below(2) == 0 ? supervisor : all[dice_below(count)];
    if (kill(victim, SIGKILL) == 0)
        ++*kills;
    if (victim != supervisor)
        return false;
    ck_assert_int_eq(waitpid(supervisor, &status, 0), supervisor);
    *code = WIFSIGNALED(status) ? -1 : WEXITSTATUS(status);
    return true;
}

/* Until it has ended well: starts again whatever was killed. Returns how many kills it took. */
static uint64_t run_killed(const char *const *words, uint64_t most, uint64_t within_ms)
{
    uint64_t kills = 0, deadline = mr_now_ms() + DEADLINE_MS;
    for (int code = -1; code != 0;) {
        ck_assert_uint_lt(mr_now_ms(), deadline);
        pid_t pid = program_start(&p, words);
        if (kills >= most) {
            code = program_wait(&p, pid);
            ck_assert_msg(code == 0, "%d: %s", code, p.err);
            break;
        }
        while (kills < most && !disturb(pid, within_ms, &code, &kills))
            continue;
        if (kills >= most && code == -1 && waitpid(pid, NULL, WNOHANG) == 0)
            code = program_wait(&p, pid);
    }
    return kills;
}

START_TEST(test_replay_under_kills)
{
    uint64_t most = dice_setting("MILLRACE_KILLS", KILLS),
             rows = dice_setting("MILLRACE_REPLAY_ROWS", ROWS);
    dice_seed(dice_setting("MILLRACE_SEED", 1));
    add_rows(0, rows / 2);
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "-q"), 0);
    add_rows(1, rows / 2);
    uint64_t began = mr_now_ms();
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "-q"), 0);
    uint64_t moment = dice_setting("MILLRACE_MOMENT_MS", (mr_now_ms() - began) / 2 + 20), kills = 0;
    const char *wanted = dataset(1), *last = topic_hash("last@1");
    static const char *const replay[] = {"replay", "x.yaml", "--from", "words", "-q", NULL};
    unsigned epoch = 1;
    for (unsigned round = 0; kills < most; round++) {
        kills += run_killed(replay, most - kills, moment);
        epoch++;
        const char *got = dataset(epoch);
        ck_assert_msg(strcmp(got, wanted) == 0, "epoch %u: %s, undisturbed %s", epoch, got, wanted);
        ck_assert_str_eq(topic_hash("last@1"), last);
        ck_assert_str_eq(dataset(1), wanted);
    }
    printf("%llu kills in %u replays of %llu rows\n", (unsigned long long)kills, epoch - 1,
           (unsigned long long)rows);
}
END_TEST

static bool holds(const char *folder, const char *const *files, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!program_read(&p, mr_arena_printf(p.arena, "%s%s", folder, files[i]).ptr))
            return false;
    return true;
}

/* Killed between any two steps, the switch is finished by the next command, and a file of the name
 * is there at any time. */
START_TEST(test_promote_under_kills)
{
    static const char *const shards[] = {"all-00000.jsonl.zst"};
    uint64_t most = dice_setting("MILLRACE_KILLS", KILLS) * 2, kills = 0;
    dice_seed(dice_setting("MILLRACE_SEED", 1) + 77);
    add_rows(0, 300);
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "-q"), 0);
    ck_assert_int_eq(RUN(&p, "replay", "x.yaml", "--from", "last", "-q"), 0);
    const char *first = dataset(1), *second = dataset(2);
    uint64_t began = mr_now_ms();
    ck_assert_int_eq(RUN(&p, "promote", "again", "2"), 0);
    uint64_t whole = mr_now_ms() - began + 1;
    unsigned target = 1;
    while (kills < most) {
        const char *const words[] = {"promote", "again", target == 1 ? "1" : "2", NULL};
        int status;
        pid_t pid = program_start(&p, words);
        uint64_t until = mr_now_ns() + dice_below(whole * 1000000);
        while (mr_now_ns() < until)
            ck_assert_msg(holds("out/", shards, 1), "no output while epoch %u is promoted", target);
        kill(pid, SIGKILL);
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        kills += WIFSIGNALED(status);
        ck_assert_msg(holds("out/", shards, 1), "no output after a kill");
        ck_assert_int_eq(RUN(&p, "promote", "again", words[2]), 0);
        ck_assert(holds("out/", shards, 1));
        ck_assert(
            holds(target == 1 ? "out/all.jsonl.zst.e2/" : "out/all.jsonl.zst.e1/", shards, 1));
        ck_assert(
            !holds(target == 1 ? "out/all.jsonl.zst.e1/" : "out/all.jsonl.zst.e2/", shards, 1));
        ck_assert_str_eq(dataset(1), first);
        ck_assert_str_eq(dataset(2), second);
        target = 3 - target;
    }
    ck_assert_int_eq(RUN(&p, "run", "x.yaml"), 0);
    program_said(&p, "nothing new");
}
END_TEST

Suite *suite_chaos_replay(void);
Suite *suite_chaos_replay(void)
{
    Suite *s = suite_create("chaos.replay");
    TCase *c = tcase_create("replay");
    tcase_set_timeout(c, 3600);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, test_replay_under_kills);
    tcase_add_test(c, test_promote_under_kills);
    suite_add_tcase(s, c);
    return s;
}
