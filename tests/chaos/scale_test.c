/* A pipeline whose stages are scaled up and down while they work, and whose processes and
 * supervisor are killed in the middle of it, gives what one process a stage gives: the same bytes,
 * the same counts.
 *
 * MILLRACE_CHANGES: changes of scale that must have happened at work, for each of three shapes
 * (default 6, with sanitizers 3); MILLRACE_SEED: of moments, numbers and victims. A run that ends
 * before is begun again from nothing. */
#include <check.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "runtime/base/clock.h"
#include "tests/chaos/dice.h"
#include "tests/chaos/watch.h"
#include "tests/e2e/program.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { CHANGES = 3, ROWS = 30000 };
#else
enum { CHANGES = 6, ROWS = 200000 };
#endif
enum { KEYS = ROWS / 3, DEADLINE_MS = 120000 };

/* The first row of each key is kept, as they arrive: kept rows tell whether order within a key held
 * while its task moved. */
static const char by_arrival[] = "name: demo\n"
                                 "sources: { docs: { files: [\"in.jsonl\"] } }\n"
                                 "stages:\n"
                                 "  - id: tidy\n"
                                 "    use: general_text.lowercase_refiner\n"
                                 "    keys: { input_key: text }\n"
                                 "  - id: dedup\n"
                                 "    use: HashDeduplicateFilter\n"
                                 "    keys: { input_key: text, output_key: null, twin_key: twin }\n"
                                 "    order: arrival\n"
                                 "sinks: { out: { file: \"${OUT}.jsonl\", id_key: id } }\n";

/* Several lanes, rows held until the cut, children, near duplicates' signatures. */
static const char held[] = "name: demo\n"
                           "sources: { docs: { files: [\"in.jsonl\"] } }\n"
                           "stages:\n"
                           "  - id: tidy\n"
                           "    use: general_text.lowercase_refiner\n"
                           "    keys: { input_key: text }\n"
                           "    partitions: 4\n"
                           "  - id: dedup\n"
                           "    use: HashDeduplicateFilter\n"
                           "    keys: { input_key: text, output_key: null }\n"
                           "  - id: chunks\n"
                           "    use: KBCChunkGenerator\n"
                           "    with: { chunk_size: 4, chunk_overlap: 1 }\n"
                           "    keys: { input_key: text, output_key: chunk, number_key: number }\n"
                           "    partitions: 4\n"
                           "sinks: { out: { file: \"${OUT}.jsonl\", id_key: id } }\n";

static const struct shape {
    const char *topology, *fuse;
    const char *const *scaled; /* stages to be scaled */
    const uint32_t *most;
} shapes[] = {
    {by_arrival, "off", (const char *const[]){"dedup", NULL}, (const uint32_t[]){8}},
    {held, "off", (const char *const[]){"tidy", "dedup", "chunks", NULL},
     (const uint32_t[]){4, 8, 4}},
    {held, "auto", (const char *const[]){"tidy", "dedup", "chunks", NULL},
     (const uint32_t[]){4, 8, 4}},
};
enum { SHAPES = sizeof shapes / sizeof *shapes };
static const char *const counters[] = {"in", "out", "dropped", "rejected", "absorbed", "emitted"};
static const char *const stages[] = {"docs", "tidy", "dedup", "chunks", "out"};
enum { COUNTERS = 6, STAGES = 5 };

static struct program p, q; /* the run; the orders to it */

static void setup(void)
{
    program_open(&p);
    program_open(&q);
    struct mr_buf text = {0};
    for (unsigned i = 0; i < ROWS; i++)
        mr_buf_printf(&text,
                      "{\"n\":%u,\"text\":\"Text %u of SOME length, with words to be cut\"}\n", i,
                      (unsigned)(i * 2654435761u % KEYS));
    program_write(&p, "in.jsonl", mr_buf_text(&text));
    mr_buf_finish(&text);
}

static void teardown(void)
{
    program_close(&p);
    program_close(&q);
}

static pid_t start(const struct shape *shape, const char *name)
{
    const char *out = mr_arena_printf(p.arena, "OUT=%s", name).ptr;
    const char *state = mr_arena_printf(p.arena, "%s.state", name).ptr;
    return START(&p, "run", "x.yaml", "--json", "--fuse", shape->fuse, "--set", out, "--state",
                 state);
}

static bool ends_within(pid_t pid, uint64_t ms, int *status)
{
    uint64_t until = mr_now_ms() + ms;
    for (;;) {
        pid_t got = waitpid(pid, status, WNOHANG);
        ck_assert_int_ge(got, 0);
        if (got == pid)
            return true;
        if (mr_now_ms() >= until)
            return false;
        poll(NULL, 0, 2);
    }
}

static pid_t order(const struct shape *shape, const char *name)
{
    size_t count = 0;
    while (shape->scaled[count])
        count++;
    size_t stage = dice_below(count);
    const char *number =
        mr_arena_printf(q.arena, "%llu", (unsigned long long)dice_below(shape->most[stage]) + 1)
            .ptr;
    const char *state = mr_arena_printf(q.arena, "%s/%s.state", p.dir, name).ptr;
    return START(&q, "scale", shape->scaled[stage], number, "--json", "--state", state);
}

static void kill_one(pid_t supervisor)
{
    pid_t all[WATCH_CHILDREN];
    size_t count = watch_children(supervisor, all);
    pid_t who = count == 0 || dice_below(3) == 0 ? supervisor : all[dice_below(count)];
    ck_assert(kill(who, SIGKILL) == 0 || errno == ESRCH);
}

/* One run to its end, with orders and kills at any moment; how many changes happened at work. */
static uint64_t run_scaled(const struct shape *shape, const char *name, uint64_t moment_ms)
{
    pid_t supervisor = start(shape, name);
    uint64_t changes = 0, deadline = mr_now_ms() + DEADLINE_MS;
    int status;
    while (!ends_within(supervisor, dice_below(moment_ms) + 1, &status)) {
        ck_assert_msg(mr_now_ms() < deadline, "the run does not end");
        pid_t asked = order(shape, name);
        bool killed = dice_below(3) == 0;
        if (killed) {
            poll(NULL, 0, (int)dice_below(20)); /* somewhere in the change */
            kill_one(supervisor);
        }
        program_wait(&q, asked);
        changes += strstr(q.out, "\"running\":true") != NULL;
        /* Nobody but its lock's owner says whether it runs: the supervisor may just have died. */
        if (killed && ends_within(supervisor, 50, &status)) {
            if (WIFSIGNALED(status))
                supervisor = start(shape, name);
            else
                break;
        }
    }
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s", program_read(&p, ".err"));
    return changes;
}

struct result {
    const char *output;
    bool has[STAGES];
    uint64_t count[STAGES][COUNTERS];
};

static void check_balance(const char *stage)
{
    uint64_t left = program_count(&p, stage, "out") + program_count(&p, stage, "dropped") +
                    program_count(&p, stage, "rejected") + program_count(&p, stage, "absorbed");
    ck_assert_uint_eq(program_count(&p, stage, "in"), left);
    ck_assert_uint_eq(program_count(&p, stage, "held"), 0);
    ck_assert_uint_eq(program_count(&p, stage, "alarms"), 0);
}

static void take_result(const char *name, struct result *r)
{
    const char *state = mr_arena_printf(p.arena, "%s.state", name).ptr;
    memset(r, 0, sizeof *r);
    r->output = program_read(&p, mr_arena_printf(p.arena, "%s.jsonl", name).ptr);
    ck_assert_ptr_nonnull(r->output);
    ck_assert_int_eq(RUN(&p, "status", "--json", "--state", state), 0);
    if (!strstr(p.out, "\"run\":1,"))
        return; /* killed after its end, but before it could say so: a next run found nothing new */
    for (size_t i = 0; i < STAGES; i++) {
        if (program_count(&p, stages[i], "in") == UINT64_MAX)
            continue;
        check_balance(stages[i]);
        r->has[i] = true;
        for (size_t k = 0; k < COUNTERS; k++)
            r->count[i][k] = program_count(&p, stages[i], counters[k]);
    }
}

static void compare(const struct result *got, const struct result *wanted)
{
    bool same = strcmp(got->output, wanted->output) == 0;
    ck_assert_msg(
        same || strcmp(program_sorted(&p, got->output), program_sorted(&p, wanted->output)) != 0,
        "the same rows come in another order");
    ck_assert_msg(same, "other rows: %zu bytes, at scale 1 %zu", strlen(got->output),
                  strlen(wanted->output));
    for (size_t i = 0; i < STAGES; i++)
        for (size_t k = 0; got->has[i] && wanted->has[i] && k < COUNTERS; k++)
            ck_assert_msg(got->count[i][k] == wanted->count[i][k], "%s %s: %llu, at scale 1 %llu",
                          stages[i], counters[k], (unsigned long long)got->count[i][k],
                          (unsigned long long)wanted->count[i][k]);
}

START_TEST(scaled_at_work_and_killed_the_result_is_that_of_scale_1)
{
    const struct shape *shape = &shapes[_i];
    struct result calm, got;
    uint64_t wanted = dice_setting("MILLRACE_CHANGES", CHANGES), done = 0, began = mr_now_ms();
    int status;
    dice_seed(dice_setting("MILLRACE_SEED", 1) * 1000 + (uint64_t)_i);
    program_write(&p, "x.yaml", shape->topology);
    ck_assert(ends_within(start(shape, "calm"), DEADLINE_MS, &status));
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s", program_read(&p, ".err"));
    uint64_t moment_ms = (mr_now_ms() - began) / 4 + 1;
    take_result("calm", &calm);
    ck_assert_uint_gt(calm.count[2][2], 0);
    for (unsigned round = 0; done < wanted; round++) {
        ck_assert_uint_lt(round, 20 + wanted);
        const char *name = mr_arena_printf(p.arena, "round%u", round).ptr;
        done += run_scaled(shape, name, moment_ms);
        take_result(name, &got);
        compare(&got, &calm);
    }
}
END_TEST

Suite *suite_chaos_scale(void);
Suite *suite_chaos_scale(void)
{
    Suite *s = suite_create("chaos.scale");
    TCase *c = tcase_create("scale");
    tcase_set_timeout(c, 3600);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_loop_test(c, scaled_at_work_and_killed_the_result_is_that_of_scale_1, 0, SHAPES);
    suite_add_tcase(s, c);
    return s;
}
