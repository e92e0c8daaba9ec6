/* The anonymous memory of each stage process stays below its bound, and is the same for a small
 * input and a large one.
 *
 * MILLRACE_MEMORY_SMALL, MILLRACE_MEMORY_BYTES: sizes of the two inputs (default 8 and 32 MiB).
 * MILLRACE_FUSE, MILLRACE_SCALE: of the one pair of runs it makes then (default: off and auto,
 * scale 1 and 3). The peaks go to standard error, side by side. */
#include <check.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "tests/chaos/rows.h"
#include "tests/chaos/watch.h"
#include "tests/e2e/program.h"

/* Sanitizers keep memory of their own: there only the counts are looked at. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { BOUNDED = 0, SMALL_BYTES = 1 << 20, LARGE_BYTES = 2 << 20 };
#else
enum { BOUNDED = 1, SMALL_BYTES = 8 << 20, LARGE_BYTES = 32 << 20 };
#endif
enum { BOUND_BYTES = 100000000 };

/* By how much two peaks may differ and count as the same. What a process holds at one moment hangs
 * on chance: how many rows stand in a commit (up to 4 MB of changes, kept twice while they are
 * written), whether a flush, a compaction and a full batch meet. Growth with the input is another
 * thing: over fifty times the input even a hundred bytes a row would be 250 MB. */
enum { SAME_BYTES = 6000000, SAME_PERCENT = 15 };

static const struct combination {
    const char *fuse, *scale;
} combinations[] = {{"off", "1"}, {"auto", "3"}};

static const char topology[] =
    "name: memory\n"
    "sources:\n"
    "  docs:\n"
    "    files: [\"in/*.jsonl\"]\n"
    "    scale: ${SCALE}\n"
    "stages:\n"
    "  - WordNumberFilter: { input_key: text, min_words: 20, output_key: null }\n"
    "  - general_text.lowercase_refiner: { input_key: text }\n"
    "  - id: exact\n"
    "    use: HashDeduplicateFilter\n"
    "    keys: { input_key: text, output_key: null }\n"
    "    scale: ${SCALE}\n"
    "  - id: near\n"
    "    use: MinHashDeduplicateFilter\n"
    "    keys: { input_key: text, output_key: null, twin_key: twin }\n"
    "    scale: ${SCALE}\n"
    "  - id: all\n"
    "    use: rows.top_k\n"
    "    with: { k: 1000000000 }\n"
    "    keys: { input_key: id }\n"
    "  - id: chunks\n"
    "    use: KBCChunkGenerator\n"
    "    with: { chunk_size: 1000, chunk_overlap: 10 }\n"
    "    keys: { input_key: text, output_key: chunk }\n"
    "  - id: last\n"
    "    use: rows.drop\n"
    "    keys: { input_keys: text }\n"
    "sinks: { out: { file: out/clean.jsonl.zst } }\n";

static const char *const stages[] = {"docs",
                                     "docs.list",
                                     "word-number-filter",
                                     "lowercase-refiner",
                                     "exact",
                                     "near.prepare",
                                     "near",
                                     "all",
                                     "chunks",
                                     "last",
                                     "out"};

static struct program p;

static const char * or (const char *name, const char *otherwise)
{
    const char *text = getenv(name);
    return text && *text ? text : otherwise;
}

static void run_watched(const struct combination *c, struct watch_memory *peaks)
{
    const char *scale = mr_arena_printf(p.arena, "SCALE=%s", c->scale).ptr;
    pid_t pid = START(&p, "run", "x.yaml", "--json", "--fuse", c->fuse, "--set", scale);
    int status;
    pid_t got;
    while ((got = waitpid(pid, &status, WNOHANG)) == 0) {
        watch_memory(peaks, pid);
        poll(NULL, 0, 20);
    }
    ck_assert_int_eq(got, pid);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 4, "%s", program_read(&p, ".err"));
    ck_assert_int_eq(RUN(&p, "status", "--json"), 0);
}

/* Peaks of one run in bytes, by stage; 0: not a stage of this plan. */
struct peaks {
    uint64_t rows, of[sizeof stages / sizeof *stages];
};

static void measure(const struct combination *c, uint64_t bytes, struct peaks *out)
{
    struct watch_memory watch = {0};
    program_open(&p);
    program_write(&p, "x.yaml", topology);
    program_write(&p, "in/.keep", "");
    const char *input = mr_arena_printf(p.arena, "%s/in/a.jsonl", p.dir).ptr;
    out->rows = rows_file(&rows_mixed, 0, bytes, input);
    ck_assert_uint_gt(out->rows, 0);
    run_watched(c, &watch);
    ck_assert_uint_eq(program_count(&p, "docs", "in"), out->rows);
    for (size_t i = 0; i < sizeof stages / sizeof *stages; i++) {
        uint64_t group = program_count(&p, stages[i], "group");
        if (group >= WATCH_GROUPS)
            continue;
        out->of[i] = watch.peak_kb[group] * 1024;
        ck_assert_msg(out->of[i] > 0, "%s was never looked at", stages[i]);
    }
    program_close(&p);
}

/* Shows one stage; true when its peaks are below the bound and the same. */
static bool compare(const char *stage, uint64_t small, uint64_t large)
{
    uint64_t most = small > large ? small : large, apart = most - (small < large ? small : large);
    bool same = apart <= SAME_BYTES || apart * 100 <= most * SAME_PERCENT;
    bool low = most <= BOUND_BYTES;
    fprintf(stderr, "%-20s %12.1f %12.1f %s%s\n", stage, (double)small / 1e6, (double)large / 1e6,
            low ? "" : " TOO MUCH", same ? "" : " NOT THE SAME");
    return same && low;
}

static uint64_t bytes_of(const char *name, uint64_t otherwise)
{
    uint64_t bytes;
    ck_assert_msg(mr_str_to_uint(mr_str_of(or (name, "0")), &bytes), "%s is no number", name);
    return bytes ? bytes : otherwise;
}

START_TEST(test_memory)
{
    struct combination c = combinations[_i];
    struct peaks small = {0}, large = {0};
    bool good = true;
    if (getenv("MILLRACE_FUSE") && _i > 0)
        return;
    c.fuse = or ("MILLRACE_FUSE", c.fuse);
    c.scale = or ("MILLRACE_SCALE", c.scale);
    measure(&c, bytes_of("MILLRACE_MEMORY_SMALL", SMALL_BYTES), &small);
    measure(&c, bytes_of("MILLRACE_MEMORY_BYTES", LARGE_BYTES), &large);
    fprintf(stderr, "MB at most: fuse %s, scale %s\n%-20s %12llu %12llu\n", c.fuse, c.scale, "rows",
            (unsigned long long)small.rows, (unsigned long long)large.rows);
    for (size_t i = 0; i < sizeof stages / sizeof *stages; i++)
        if (large.of[i])
            good &= compare(stages[i], small.of[i], large.of[i]);
    ck_assert_msg(good || !BOUNDED,
                  "a process has more than %d bytes, or not the same at both sizes", BOUND_BYTES);
}
END_TEST

Suite *suite_chaos_memory(void);
Suite *suite_chaos_memory(void)
{
    Suite *s = suite_create("chaos.memory");
    TCase *c = tcase_create("memory");
    tcase_set_timeout(c, 7200);
    tcase_add_loop_test(c, test_memory, 0, (int)(sizeof combinations / sizeof *combinations));
    suite_add_tcase(s, c);
    return s;
}
