/* A pipeline whose processes and supervisor are killed again and again gives what one gives that is
 * left alone: the same bytes, the same ids, the same counts.
 *
 * MILLRACE_KILLS: kills for each of two pipelines, `fuse` and `scale` (default 5); MILLRACE_SEED:
 * of the moments and victims; MILLRACE_MOMENT_MS: longest time between two kills (default: half of
 * what an undisturbed run takes). A run that ends before is begun again from nothing. */
#include <check.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zstd.h>

#include "runtime/base/clock.h"
#include "runtime/base/file.h"
#include "tests/chaos/dice.h"
#include "tests/chaos/rows.h"
#include "tests/chaos/watch.h"
#include "tests/e2e/program.h"

/* Sanitizers make everything slow, starting a process most of all. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { KILLS = 2 };
#else
enum { KILLS = 5 };
#endif
enum { INPUT_BYTES = 3 << 20, DEADLINE_MS = 120000 };

static const struct combination {
    const char *fuse, *scale;
} combinations[] = {{"off", "1"}, {"off", "3"}, {"auto", "1"}, {"auto", "3"}};
enum { COMBINATIONS = sizeof combinations / sizeof *combinations };

/* What the promise is about: a filter, exact and near duplicates, pieces, one sink. */
static const char line[] =
    "name: chaos\n"
    "sources:\n"
    "  docs:\n"
    "    files: [\"in/*.jsonl\"]\n"
    "    scale: ${SCALE}\n"
    "stages:\n"
    "  - WordNumberFilter: { input_key: text, min_words: 20 }\n"
    "  - general_text.lowercase_refiner: { input_key: text }\n"
    "  - id: exact\n"
    "    use: HashDeduplicateFilter\n"
    "    keys: { input_key: text, output_key: null }\n"
    "    scale: ${SCALE}\n"
    "  - id: near\n"
    "    use: MinHashDeduplicateFilter\n"
    "    keys: { input_key: text, output_key: null, twin_key: twin }\n"
    "    scale: ${SCALE}\n"
    "  - id: chunks\n"
    "    use: KBCChunkGenerator\n"
    "    with: { chunk_size: 100, chunk_overlap: 10 }\n"
    "    keys: { input_key: text, output_key: chunk, number_key: number }\n"
    "    scale: ${SCALE}\n"
    "  - id: last\n"
    "    use: rows.drop\n"
    "    keys: { input_keys: text }\n"
    "sinks: { out: { file: \"${OUT}/clean.jsonl.zst\", id_key: id_, parent_key: parent_ } }\n";

/* The other shapes: rows that left go on elsewhere, or by a route, branches meet again, a barrier,
 * several sinks.
 */
static const char net[] =
    "name: chaos\n"
    "sources:\n"
    "  docs:\n"
    "    files: [\"in/*.jsonl\"]\n"
    "    scale: ${SCALE}\n"
    "stages:\n"
    "  - id: words\n"
    "    use: WordNumberFilter\n"
    "    keys: { input_key: text, output_key: words }\n"
    "    scale: ${SCALE}\n"
    "  - id: rescue\n"
    "    use: general_text.lowercase_refiner\n"
    "    keys: { input_key: text }\n"
    "    from: words.too_few_words\n"
    "  - id: exact\n"
    "    use: HashDeduplicateFilter\n"
    "    keys: { input_key: text, output_key: null, twin_key: twin }\n"
    "    from: [words, rescue]\n"
    "    scale: ${SCALE}\n"
    "  - id: score\n"
    "    use: NgramSampleEvaluator\n"
    "    keys: { input_key: text, output_key: score }\n"
    "    scale: ${SCALE}\n"
    "    route: { long: len(text) > 10000 }\n"
    "  - id: again\n"
    "    use: general_text.lowercase_refiner\n"
    "    keys: { input_key: text }\n"
    "    from: exact\n"
    "  - id: both\n"
    "    use: rows.sample\n"
    "    with: { fraction: 0.5 }\n"
    "    from: [score, again]\n"
    "  - id: best\n"
    "    use: rows.top_k\n"
    "    with: { k: 200 }\n"
    "    keys: { input_key: score, rank_key: rank }\n"
    "    from: score\n"
    "sinks:\n"
    "  out: { file: \"${OUT}/clean.jsonl.zst\", id_key: id_, from: both }\n"
    "  top: { file: \"${OUT}/top.jsonl.zst\", id_key: id_, from: best }\n"
    "  long: { file: \"${OUT}/long.jsonl.zst\", id_key: id_, from: score.long }\n"
    "  twins:\n"
    "    file: \"${OUT}/twins.jsonl.zst\"\n"
    "    id_key: id_\n"
    "    from: exact.duplicate\n"
    "    shard_bytes: 100000\n";

static const struct pipeline {
    const char *topology;
    const char *const *outputs, *const *stages;
} pipelines[] = {
    {line, (const char *const[]){"clean.jsonl.zst", NULL},
     (const char *const[]){"docs", "docs.list", "word-number-filter", "lowercase-refiner", "exact",
                           "near.prepare", "near", "chunks", "last", "out", NULL}},
    {net,
     (const char *const[]){"clean.jsonl.zst", "top.jsonl.zst", "twins-00000.jsonl.zst",
                           "twins-00001.jsonl.zst", "long.jsonl.zst", NULL},
     (const char *const[]){"docs", "docs.list", "words", "rescue", "exact", "score", "again",
                           "both", "best", "out", "top", "twins", "long", NULL}},
};
static const struct pipeline *pipeline;

static const char *const counters[] = {"in", "out", "dropped", "rejected", "absorbed", "emitted"};
enum { STAGES = 16, COUNTERS = sizeof counters / sizeof *counters };

/* What a run leaves. */
struct result {
    struct mr_str output;
    bool has[STAGES]; /* that is a stage of its plan, and its counts are known */
    uint64_t count[STAGES][COUNTERS];
};

static struct program p;

static void setup(void)
{
    program_open(&p);
    program_write(&p, "in/.keep", "");
    for (unsigned i = 0; i < 3; i++) {
        const char *path = mr_arena_printf(p.arena, "%s/in/%u.jsonl", p.dir, i).ptr;
        struct rows_shape shape = rows_mixed;
        shape.seed = 7;
        ck_assert_uint_gt(rows_file(&shape, i * 700, INPUT_BYTES / 3, path), 0);
    }
}

static void teardown(void)
{
    program_close(&p);
}

/* ---- victims ---- */

/* One time in four the supervisor, else a stage's process, each as likely as the others. */
static pid_t victim(pid_t supervisor)
{
    pid_t all[WATCH_CHILDREN];
    size_t count = watch_children(supervisor, all);
    return count == 0 || dice_below(4) == 0 ? supervisor : all[dice_below(count)];
}

/* ---- runs ---- */

static const char *const *run_words(const struct combination *c, const char *name)
{
    const char **words = mr_arena_alloc(p.arena, 16 * sizeof *words);
    size_t n = 0;
    words[n++] = "run";
    words[n++] = "x.yaml";
    words[n++] = "--json";
    words[n++] = "--fuse";
    words[n++] = c->fuse;
    words[n++] = "--set";
    words[n++] = mr_arena_printf(p.arena, "SCALE=%s", c->scale).ptr;
    words[n++] = "--set";
    words[n++] = mr_arena_printf(p.arena, "OUT=%s", name).ptr;
    words[n++] = "--state";
    words[n++] = mr_arena_printf(p.arena, "%s.state", name).ptr;
    words[n] = NULL;
    return words;
}

/* Waits until the process has ended, at most for so long. */
static bool ends_within(pid_t pid, uint64_t ms, int *status)
{
    uint64_t until = mr_now_ms() + ms;
    for (;;) {
        pid_t got = waitpid(pid, status, WNOHANG);
        ck_assert_int_ge(got, 0);
        if (got == pid)
            return true;
        uint64_t now = mr_now_ms();
        if (now >= until)
            return false;
        poll(NULL, 0, until - now < 2 ? 1 : 2);
    }
}

/* One run to its end, killed on the way at most `kills` times; how many it were. */
static uint64_t run_killed(const struct combination *c, const char *name, uint64_t kills,
                           uint64_t moment_ms)
{
    const char *const *words = run_words(c, name);
    pid_t supervisor = program_start(&p, words);
    uint64_t done = 0, deadline = mr_now_ms() + DEADLINE_MS;
    int status;
    for (;;) {
        bool more = done < kills;
        if (!ends_within(supervisor, more ? dice_below(moment_ms) : DEADLINE_MS, &status)) {
            ck_assert_msg(more && mr_now_ms() < deadline + done * 2000, "the run does not end");
            pid_t who = victim(supervisor);
            if (kill(who, SIGKILL) != 0) { /* a stage that has ended since it was chosen */
                ck_assert_int_eq(errno, ESRCH);
                continue;
            }
            done++;
            if (who != supervisor)
                continue;
            ck_assert(ends_within(supervisor, DEADLINE_MS, &status));
        }
        if (WIFEXITED(status)) {
            /* 0: the killed one had ended but for saying so; this one found nothing new */
            bool after = done > 0 && strstr(program_read(&p, ".out"), "\"run\":2,");
            ck_assert_msg(WEXITSTATUS(status) == (after ? 0 : 4),
                          "exit code %d after %llu kills: %s", WEXITSTATUS(status),
                          (unsigned long long)done, program_read(&p, ".err"));
            return done;
        }
        supervisor = program_start(&p, words);
    }
}

/* ---- results ---- */

static void unpack(const char *path, struct mr_buf *plain)
{
    struct mr_buf packed = {0};
    struct mr_error *e = mr_file_read(path, 0, &packed);
    ck_assert_msg(!e, "%s", e ? mr_error_message(e) : "");
    ZSTD_DStream *stream = ZSTD_createDStream();
    ZSTD_inBuffer in = {packed.ptr, packed.len, 0};
    size_t rc = 0;
    while (in.pos < in.size) {
        mr_buf_reserve(plain, 1 << 16);
        ZSTD_outBuffer out = {plain->ptr + plain->len, plain->cap - plain->len, 0};
        rc = ZSTD_decompressStream(stream, &out, &in);
        ck_assert_msg(!ZSTD_isError(rc), "%s: %s", path, ZSTD_getErrorName(rc));
        plain->len += out.pos;
    }
    ck_assert_msg(rc == 0, "%s ends in the middle of a frame", path);
    ZSTD_freeDStream(stream);
    mr_buf_finish(&packed);
}

/* All outputs one after the other. */
static struct mr_str unpacked(const char *name)
{
    struct mr_buf plain = {0};
    for (const char *const *file = pipeline->outputs; *file; file++)
        unpack(mr_arena_printf(p.arena, "%s/%s/%s", p.dir, name, *file).ptr, &plain);
    struct mr_str kept = mr_arena_str(p.arena, mr_buf_str(&plain));
    mr_buf_finish(&plain);
    return kept;
}

/* in = out + dropped + rejected + absorbed + held, nothing held at the end, no alarm. */
static void check_balance(const char *stage)
{
    uint64_t in = program_count(&p, stage, "in"), held = program_count(&p, stage, "held");
    uint64_t left = program_count(&p, stage, "out") + program_count(&p, stage, "dropped") +
                    program_count(&p, stage, "rejected") + program_count(&p, stage, "absorbed");
    ck_assert_msg(in == left && held == 0, "%s does not balance: %llu in, %llu left, %llu held",
                  stage, (unsigned long long)in, (unsigned long long)left,
                  (unsigned long long)held);
    ck_assert_msg(program_count(&p, stage, "alarms") == 0, "%s has alarms", stage);
}

/* The counts of run 1. A run that was killed after its end, but before it could say so, is followed
 * by one that finds nothing new: then there are none. */
static bool take_counts(const char *name, struct result *r)
{
    const char *state = mr_arena_printf(p.arena, "%s.state", name).ptr;
    ck_assert_int_eq(RUN(&p, "status", "--json", "--state", state), 0);
    if (!strstr(p.out, "\"run\":1,"))
        return false;
    ck_assert_msg(strcmp(program_field(&p, "state"), "ended") == 0, "%s", p.out);
    for (size_t i = 0; pipeline->stages[i]; i++) {
        const char *stage = pipeline->stages[i];
        if (program_count(&p, stage, "in") == UINT64_MAX)
            continue; /* not a stage of this plan */
        check_balance(stage);
        r->has[i] = true;
        for (size_t k = 0; k < COUNTERS; k++)
            r->count[i][k] = program_count(&p, stage, counters[k]);
    }
    return true;
}

static bool take_result(const char *name, struct result *r)
{
    memset(r, 0, sizeof *r);
    r->output = unpacked(name);
    return take_counts(name, r);
}

static void compare(const struct result *got, const struct result *wanted)
{
    bool same = mr_str_eq(got->output, wanted->output);
    ck_assert_msg(same || strcmp(program_sorted(&p, got->output.ptr),
                                 program_sorted(&p, wanted->output.ptr)) != 0,
                  "the same rows come in another order");
    ck_assert_msg(same, "other rows: %zu bytes, undisturbed %zu", got->output.len,
                  wanted->output.len);
    for (size_t i = 0; i < STAGES; i++)
        for (size_t k = 0; got->has[i] && wanted->has[i] && k < COUNTERS; k++)
            ck_assert_msg(got->count[i][k] == wanted->count[i][k], "%s %s: %llu, undisturbed %llu",
                          pipeline->stages[i], counters[k], (unsigned long long)got->count[i][k],
                          (unsigned long long)wanted->count[i][k]);
}

/* The test would show little if the input did not give counts of every kind. */
static void check_richness(const struct result *r)
{
    for (size_t k = 0; k < COUNTERS; k++) {
        uint64_t sum = 0;
        for (size_t i = 0; i < STAGES; i++)
            sum += r->count[i][k];
        bool made = strcmp(counters[k], "absorbed") == 0 || strcmp(counters[k], "emitted") == 0;
        ck_assert_msg(sum > 0 || (made && pipeline != pipelines), "nothing is counted as \"%s\"",
                      counters[k]);
    }
}

START_TEST(test_kills)
{
    const struct combination *c = &combinations[_i % COMBINATIONS];
    struct result undisturbed, got;
    uint64_t kills = dice_setting("MILLRACE_KILLS", KILLS), done = 0;
    pipeline = &pipelines[_i / COMBINATIONS];
    program_write(&p, "x.yaml", pipeline->topology);
    dice_seed(dice_setting("MILLRACE_SEED", 1) * 1000 + (uint64_t)_i);
    uint64_t began = mr_now_ms();
    ck_assert_uint_eq(run_killed(&combinations[0], "calm", 0, 1), 0);
    uint64_t moment_ms = dice_setting("MILLRACE_MOMENT_MS", (mr_now_ms() - began) / 2 + 20);
    ck_assert(take_result("calm", &undisturbed));
    check_richness(&undisturbed);
    for (unsigned round = 0; done < kills; round++) {
        const char *name = mr_arena_printf(p.arena, "round%u", round).ptr;
        done += run_killed(c, name, kills - done, moment_ms);
        take_result(name, &got);
        compare(&got, &undisturbed);
        const char *state = mr_arena_printf(p.arena, "%s/%s.state", p.dir, name).ptr;
        ck_assert_ptr_null(mr_dir_remove(state));
    }
}
END_TEST

Suite *suite_chaos_kill(void);
Suite *suite_chaos_kill(void)
{
    Suite *s = suite_create("chaos.kill");
    TCase *c = tcase_create("kill");
    tcase_set_timeout(c, 3600);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_loop_test(c, test_kills, 0, 2 * COMBINATIONS);
    suite_add_tcase(s, c);
    return s;
}
