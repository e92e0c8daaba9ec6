/* Times `millrace why ID`: a run of many rows, then single questions about rows at its beginning, in
 * its middle and at its end, the process and all. The aim is 50 ms, warm.
 *
 * Usage: why_bench PROGRAM FOLDER [ROWS]. Figures are for people; no test depends on them. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/base/clock.h"
#include "runtime/base/file.h"

enum { QUESTIONS = 15, IDS = 3 };

static const char topology[] =
    "name: bench\nsources: { docs: { files: [in.jsonl] } }\nstages:\n"
    "  - { id: words, use: general_text.word_number_filter, with: { min_words: 10 },\n"
    "      keys: { input_key: text, output_key: words } }\n"
    "  - { id: low, use: general_text.lowercase_refiner, keys: { input_key: text } }\n"
    "  - { id: dedup, use: general_text.hash_deduplicate_filter, keys: { input_key: text } }\n"
    "sinks: { out: { file: out.jsonl } }\n";

static const char *program;

static void check(struct mr_error *e)
{
    struct mr_buf out = {0};
    if (!e)
        return;
    mr_error_print(e, &out);
    fputs(mr_buf_text(&out), stderr);
    exit(EXIT_FAILURE);
}

/* Runs the program with its output in a file; milliseconds. */
static double run(const char *const *words, const char *output)
{
    uint64_t began = mr_now_ns();
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        int out = open(output, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        if (out < 0 || dup2(out, STDOUT_FILENO) < 0)
            _exit(127);
        execv(program, (char *const *)(uintptr_t)words);
        _exit(127);
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        fprintf(stderr, "%s %s did not end well (status %d)\n", program, words[1], status);
        exit(EXIT_FAILURE);
    }
    return (double)(mr_now_ns() - began) / 1e6;
}

static void make_input(uint64_t rows)
{
    static const char *const words[] = {"alpha", "beta", "gamma", "delta", "epsilon", "zeta"};
    uint64_t state = 1;
    FILE *f = fopen("in.jsonl", "we");
    for (uint64_t i = 0; f && i < rows; i++) {
        fputs("{\"text\":\"", f);
        for (int w = 0; w < (i % 10 ? 40 : 4); w++) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            fprintf(f, "%s ", words[(state >> 40) % 6]);
        }
        fprintf(f, "%llu\",\"n\":%llu}\n", (unsigned long long)i, (unsigned long long)i);
    }
    if (!f || fclose(f) != 0) {
        perror("in.jsonl");
        exit(EXIT_FAILURE);
    }
}

/* The id of the n-th row that the source gave out. */
static void id_of(uint64_t n, char id[33])
{
    char from[24];
    struct mr_buf text = {0};
    snprintf(from, sizeof from, "%llu", (unsigned long long)n);
    const char *const words[] = {"millrace", "topics",  "cat", "docs", "--head",
                                 "--from",   from, "--limit", "1",   NULL};
    run(words, "row.json");
    check(mr_file_read("row.json", 0, &text));
    if (sscanf(mr_buf_text(&text), "{\"id\":\"%32[0-9a-f]\"", id) != 1) {
        fprintf(stderr, "row %llu has no id\n", (unsigned long long)n);
        exit(EXIT_FAILURE);
    }
    mr_buf_finish(&text);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
    uint64_t rows = 1000000;
    char *binary = argc > 2 ? realpath(argv[1], NULL) : NULL;
    if (!binary || argc > 4 || (argc == 4 && !mr_str_to_uint(mr_str_of(argv[3]), &rows)) ||
        rows < 10) {
        fputs("Usage: why_bench PROGRAM FOLDER [ROWS]\n", stderr);
        return 2;
    }
    program = binary;
    check(mr_dir_make(argv[2]));
    if (chdir(argv[2]) != 0) {
        perror(argv[2]);
        return 1;
    }
    check(mr_file_replace("bench.yaml", mr_str_of(topology), 0600));
    make_input(rows);
    const char *const clean[] = {"millrace", "run", "bench.yaml", "--quiet", NULL};
    check(mr_dir_remove(".millrace"));
    unlink("out.jsonl");
    run(clean, "run.txt");
    const uint64_t asked[IDS] = {2, rows / 2, rows - 1};
    double best = 0;
    for (int i = 0; i < IDS; i++) {
        char id[33];
        double ms[QUESTIONS];
        id_of(asked[i], id);
        const char *const why[] = {"millrace", "why", id, NULL};
        for (int k = 0; k < QUESTIONS; k++)
            ms[k] = run(why, "why.txt");
        qsort(ms, QUESTIONS, sizeof *ms, by_size);
        printf("why, row %llu of %llu: median %.1f ms, least %.1f ms\n", (unsigned long long)asked[i],
               (unsigned long long)rows, ms[QUESTIONS / 2], ms[0]);
        best = ms[QUESTIONS / 2] > best ? ms[QUESTIONS / 2] : best;
    }
    printf("slowest median %.1f ms (aim: 50)\n", best);
    free(binary);
    return 0;
}
