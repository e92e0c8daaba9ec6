/* Times an edit of the last of ten stages: a full run whose upstream is costly (long signatures,
 * n-grams, languages), then the run after the edit, which recomputes nothing upstream. The aim is 2
 * %.
 *
 * Usage: edit_bench PROGRAM FOLDER [ROWS]. Figures are for people; no test depends on them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/base/clock.h"
#include "runtime/base/file.h"

enum { WORDS = 400, EDITS = 3 };

static const char costly[] =
    "name: edit\nsources: { docs: { files: [in.jsonl] } }\nstages:\n"
    "  - { id: language, use: LanguageFilter, with: { allowed_languages: [en, de, nl, la, it, es, "
    "fr] },\n"
    "      keys: { input_key: text } }\n"
    "  - { id: spaces, use: RemoveExtraSpacesRefiner, keys: { input_key: text } }\n"
    "  - { id: entities, use: HtmlEntityRefiner, keys: { input_key: text } }\n"
    "  - { id: sentences, use: SentenceNumberFilter, with: { min_sentences: 1 }, keys: { "
    "input_key: text } }\n"
    "  - { id: grams, use: NgramFilter, with: { min_score: 0.0, ngrams: 3 }, keys: { input_key: "
    "text } }\n"
    "  - { id: words, use: UniqueWordsFilter, with: { threshold: 0.0 }, keys: { input_key: text } "
    "}\n"
    "  - { id: mean, use: MeanWordLengthFilter, with: { min_length: 0, max_length: 99 }, keys: { "
    "input_key: text } }\n"
    "  - { id: near, use: MinHashDeduplicateFilter, with: { num_perm: 2048 }, keys: { input_key: "
    "text } }\n"
    "  - { id: narrow, use: rows.select, keys: { input_keys: [text, n] } }\n"
    "  - { id: last, use: CharNumberFilter, with: { threshold: %d }, keys: { input_key: text, "
    "output_key: null } }\n"
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

static void write_topology(int threshold)
{
    struct mr_buf text = {0};
    const char *at = strstr(costly, "%d");
    mr_buf_add(&text, costly, (size_t)(at - costly));
    mr_buf_printf(&text, "%d%s", threshold, at + 2);
    check(mr_file_replace("edit.yaml", mr_buf_str(&text), 0600));
    mr_buf_finish(&text);
}

static void make_input(uint64_t rows)
{
    static const char *const words[] = {"river ", "the ", "of ",    "mill ",   "was ",
                                        "stone ", "and ", "wheel ", "water. ", "turned "};
    uint64_t state = 1;
    FILE *f = fopen("in.jsonl", "we");
    for (uint64_t i = 0; f && i < rows; i++) {
        fputs("{\"text\":\"", f);
        for (int w = 0; w < WORDS; w++) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            fprintf(f, "%s%llx ", words[(state >> 40) % 10], (unsigned long long)(state >> 50));
        }
        fprintf(f, "\",\"n\":%llu}\n", (unsigned long long)i);
    }
    if (!f || fclose(f) != 0) {
        perror("in.jsonl");
        exit(EXIT_FAILURE);
    }
}

/* Seconds of `millrace run`, the process and all. */
static double run(void)
{
    uint64_t began = mr_now_ns();
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        execl(program, program, "run", "edit.yaml", "--quiet", (char *)NULL);
        _exit(127);
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        fprintf(stderr, "the run did not end well (status %d)\n", status);
        exit(EXIT_FAILURE);
    }
    return (double)(mr_now_ns() - began) / 1e9;
}

int main(int argc, char **argv)
{
    uint64_t rows = 100000;
    char *binary = argc > 2 ? realpath(argv[1], NULL) : NULL;
    if (!binary || argc > 4 || (argc == 4 && !mr_str_to_uint(mr_str_of(argv[3]), &rows))) {
        fputs("Usage: edit_bench PROGRAM FOLDER [ROWS]\n", stderr);
        return 2;
    }
    program = binary;
    if (mkdir(argv[2], 0700) != 0 || chdir(argv[2]) != 0) {
        perror(argv[2]);
        return 2;
    }
    make_input(rows);
    write_topology(10);
    double full = run();
    printf("full run of %llu rows: %.2f s\n", (unsigned long long)rows, full);
    for (int i = 1; i <= EDITS; i++) {
        write_topology(10 + i);
        double edited = run();
        printf("after edit %d of the last stage: %.2f s, %.1f %% of the full run (aim: 2)\n", i,
               edited, 100 * edited / full);
    }
    free(binary);
    return 0;
}
