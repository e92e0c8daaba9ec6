/* The anonymous memory of each stage process stays below its bound, however much goes through.
 *
 * MILLRACE_MEMORY_BYTES: size of the input (default 64 MiB). MILLRACE_FUSE, MILLRACE_SCALE: of the
 * one run it makes then (default: off and auto, scale 1 and 3). The peaks go to standard error. */
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
enum { BOUNDED = 0, INPUT_BYTES = 2 << 20 };
#else
enum { BOUNDED = 1, INPUT_BYTES = 64 << 20 };
#endif
enum { BOUND_BYTES = 100000000 };

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
                                     "chunks",
                                     "last",
                                     "out"};

static struct program p;

static void setup(void)
{
    program_open(&p);
}

static void teardown(void)
{
    program_close(&p);
}

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

START_TEST(test_memory)
{
    struct combination c = combinations[_i];
    struct watch_memory peaks = {0};
    uint64_t bytes;
    ck_assert(mr_str_to_uint(mr_str_of(or ("MILLRACE_MEMORY_BYTES", "0")), &bytes));
    if (getenv("MILLRACE_FUSE") && _i > 0)
        return;
    c.fuse = or ("MILLRACE_FUSE", c.fuse);
    c.scale = or ("MILLRACE_SCALE", c.scale);
    program_write(&p, "x.yaml", topology);
    program_write(&p, "in/.keep", "");
    const char *input = mr_arena_printf(p.arena, "%s/in/a.jsonl", p.dir).ptr;
    uint64_t rows = rows_file(&rows_mixed, 0, bytes ? bytes : INPUT_BYTES, input);
    ck_assert_uint_gt(rows, 0);
    run_watched(&c, &peaks);
    ck_assert_uint_eq(program_count(&p, "docs", "in"), rows);
    bool good = true;
    for (size_t i = 0; i < sizeof stages / sizeof *stages; i++) {
        uint64_t group = program_count(&p, stages[i], "group");
        if (group >= WATCH_GROUPS)
            continue; /* not a stage of this plan */
        fprintf(stderr, "fuse %s, scale %s, %llu rows: %-20s %6.1f MB at most\n", c.fuse, c.scale,
                (unsigned long long)rows, stages[i], (double)peaks.peak_kb[group] * 1024 / 1e6);
        ck_assert_msg(peaks.peak_kb[group] > 0, "%s was never looked at", stages[i]);
        good = good && peaks.peak_kb[group] * 1024 <= BOUND_BYTES;
    }
    ck_assert_msg(good || !BOUNDED, "a process has more than %d bytes", BOUND_BYTES);
}
END_TEST

Suite *suite_chaos_memory(void);
Suite *suite_chaos_memory(void)
{
    Suite *s = suite_create("chaos.memory");
    TCase *c = tcase_create("memory");
    tcase_set_timeout(c, 7200);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_loop_test(c, test_memory, 0, (int)(sizeof combinations / sizeof *combinations));
    suite_add_tcase(s, c);
    return s;
}
