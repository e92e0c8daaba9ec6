/* Times the whole program: rows of 1 KB of real text, JSON Lines → filters → JSON Lines, one
 * process a stage and fused, against a plain append of the same bytes with the same number of
 * syncs.
 *
 * Usage: pipeline_bench PROGRAM FOLDER [ROWS [TEXT]]. FOLDER on /dev/shm shows what the processor
 * costs, on a disk what durable commits cost. TEXT is a file or a folder of real text. Figures are
 * for people; no test depends on them. How to read them: tests/bench/README.md. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/base/clock.h"
#include "runtime/base/file.h"

enum { ROW_TEXT = 900, STAGES = 8, TEXT_MOST = 64 << 20 };

struct bench {
    const char *program, *dir;
    uint64_t rows;
    struct mr_buf text; /* real text, escaped for JSON */
};

struct stage {
    char name[32];
    double cpu_s;
    uint64_t bytes_out, commits;
};

static void check(struct mr_error *e)
{
    struct mr_buf out = {0};
    if (!e)
        return;
    mr_error_print(e, &out);
    fputs(mr_buf_text(&out), stderr);
    exit(EXIT_FAILURE);
}

static const char *path_in(const struct bench *b, const char *name)
{
    static char path[4096];
    snprintf(path, sizeof path, "%s/%s", b->dir, name);
    return path;
}

/* ---- input ---- */

static void read_text(struct bench *b, const char *path)
{
    struct stat st;
    if (lstat(path, &st) != 0 || b->text.len > TEXT_MOST)
        return;
    if (S_ISREG(st.st_mode)) {
        struct mr_buf raw = {0};
        check(mr_file_read(path, 0, &raw));
        mr_buf_add_json(&b->text, mr_buf_str(&raw));
        b->text.len--; /* its last quote; the first one is a character like others in the middle */
        mr_buf_finish(&raw);
        return;
    }
    DIR *dir = S_ISDIR(st.st_mode) ? opendir(path) : NULL;
    for (struct dirent *d; dir && (d = readdir(dir));)
        if (d->d_name[0] != '.') {
            char below[4096];
            snprintf(below, sizeof below, "%s/%s", path, d->d_name);
            read_text(b, below);
        }
    if (dir)
        closedir(dir);
}

/* Cuts only at blanks, so that no escape and no character is cut through. */
static struct mr_str slice(const struct bench *b, size_t *at)
{
    const char *text = b->text.ptr;
    size_t from = *at, to = from;
    while (to < b->text.len && (to - from < ROW_TEXT || text[to] != ' ') && text[to] != '"')
        to += text[to] == '\\' ? 2 : 1;
    *at = to + 1 < b->text.len ? to + 1 : 0;
    return mr_str_span(text + from, to - from);
}

static void make_input(const struct bench *b)
{
    struct mr_buf out = {0};
    size_t at = 0;
    FILE *f = fopen(path_in(b, "in.jsonl"), "we");
    for (uint64_t i = 0; f && i < b->rows; i++) {
        struct mr_str text = slice(b, &at);
        if (text.len < ROW_TEXT / 2) {
            i--;
            continue;
        }
        out.len = 0;
        mr_buf_printf(&out, "{\"id\":%llu,\"url\":\"https://example.org/%llu\",\"text\":\"",
                      (unsigned long long)i, (unsigned long long)i * 7919);
        mr_buf_adds(&out, text);
        mr_buf_printf(&out, "\",\"score\":%llu.5}\n", (unsigned long long)i % 100);
        if (fwrite(out.ptr, 1, out.len, f) != out.len)
            break;
    }
    if (!f || fclose(f) != 0) {
        perror(path_in(b, "in.jsonl"));
        exit(EXIT_FAILURE);
    }
    mr_buf_finish(&out);
}

static void make_topology(const struct bench *b, unsigned filters)
{
    static const char *const all[] = {
        "  - CharNumberFilter: {input_key: text, output_key: null}\n",
        "  - ContentNullFilter: {input_key: text, output_key: null}\n",
        "  - ColonEndFilter: {input_key: text, output_key: null}\n"};
    struct mr_buf out = {0};
    mr_buf_addz(&out, "name: bench\nsources: {docs: {files: [in.jsonl]}}\nstages:\n");
    for (unsigned i = 0; i < filters; i++)
        mr_buf_addz(&out, all[i]);
    mr_buf_addz(&out, "sinks: {out: {file: out.jsonl}}\n");
    check(mr_file_replace(path_in(b, "bench.yaml"), mr_buf_str(&out), 0600));
    mr_buf_finish(&out);
}

/* ---- the program ---- */

static void run_program(const struct bench *b, const char *fuse)
{
    pid_t pid = fork();
    if (pid == 0) {
        int out = open(path_in(b, "result.json"), O_WRONLY | O_CREAT | O_TRUNC, 0600);
        if (out < 0 || dup2(out, 1) < 0 || chdir(b->dir) != 0)
            _exit(127);
        execl(b->program, b->program, "run", "bench.yaml", "--json", "--fuse", fuse, (char *)NULL);
        _exit(127);
    }
    int status;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        fprintf(stderr, "%s did not end well (status %d)\n", b->program, status);
        exit(EXIT_FAILURE);
    }
}

static double number_after(const char *text, const char *name)
{
    const char *at = strstr(text, name);
    return at ? strtod(at + strlen(name), NULL) : 0;
}

static size_t read_result(const struct bench *b, struct stage *stages, double *seconds)
{
    struct mr_buf text = {0};
    size_t count = 0;
    check(mr_file_read(path_in(b, "result.json"), 0, &text));
    const char *at = strstr(mr_buf_text(&text), "\"active_ms\":"); /* of the last line */
    for (const char *more = at; more; more = strstr(more + 1, "\"active_ms\":"))
        at = more;
    *seconds = at ? number_after(at, "\"active_ms\":") / 1000 : 0;
    for (at = at ? strstr(at, "{\"stage\":\"") : NULL; at && count < STAGES;
         at = strstr(at + 1, "{\"stage\":\"")) {
        struct stage *s = &stages[count++];
        const char *name = at + strlen("{\"stage\":\"");
        snprintf(s->name, sizeof s->name, "%.*s", (int)strcspn(name, "\""), name);
        s->cpu_s = number_after(at, "\"cpu_s\":");
        s->commits = (uint64_t)number_after(at, "\"commits\":");
        s->bytes_out = (uint64_t)number_after(at, "\"bytes_out\":");
    }
    mr_buf_finish(&text);
    return count;
}

/* ---- what a disk could do at best ---- */

/* Bytes that lie in a folder's files with this suffix, all the way down; ends of files that are
 * kept ready count where they are allocated. */
static uint64_t bytes_below(const char *path, const char *suffix)
{
    struct stat st;
    if (lstat(path, &st) != 0)
        return 0;
    size_t len = strlen(path), end = strlen(suffix);
    if (S_ISREG(st.st_mode))
        return len >= end && strcmp(path + len - end, suffix) == 0 ? (uint64_t)st.st_size : 0;
    uint64_t sum = 0;
    DIR *dir = S_ISDIR(st.st_mode) ? opendir(path) : NULL;
    for (struct dirent *d; dir && (d = readdir(dir));)
        if (d->d_name[0] != '.') {
            char below[4096];
            snprintf(below, sizeof below, "%s/%s", path, d->d_name);
            sum += bytes_below(below, suffix);
        }
    if (dir)
        closedir(dir);
    return sum;
}

/* One process that appends so many bytes in so many equal parts, each synced. */
static double plain_append(const struct bench *b, uint64_t bytes, uint64_t syncs)
{
    enum { PIECE = 64 * 1024 };
    int fd = open(path_in(b, "plain"), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0) {
        perror(path_in(b, "plain"));
        exit(EXIT_FAILURE);
    }
    uint64_t start = mr_now_ns(), done = 0;
    for (uint64_t i = 1; i <= syncs; i++) {
        for (uint64_t until = bytes / syncs * i; done < until;) {
            size_t piece = until - done < PIECE ? (size_t)(until - done) : PIECE;
            const char *from = b->text.ptr + done % (b->text.len - PIECE);
            check(mr_file_write_at(fd, "plain", from, piece, done));
            done += piece;
        }
        check(mr_file_sync(fd, "plain"));
    }
    double seconds = (double)(mr_now_ns() - start) / 1e9;
    close(fd);
    unlink(path_in(b, "plain"));
    return seconds;
}

static void one(const struct bench *b, unsigned filters, const char *fuse)
{
    struct stage stages[STAGES];
    double seconds, cpu = 0;
    uint64_t syncs = 0;
    check(mr_dir_remove(path_in(b, ".millrace")));
    unlink(path_in(b, "out.jsonl"));
    make_topology(b, filters);
    run_program(b, fuse);
    size_t count = read_result(b, stages, &seconds);
    double rows = (double)b->rows;
    printf("%u filter%s, fuse %s: %.0f rows/s\n", filters, filters > 1 ? "s" : "", fuse,
           rows / seconds);
    for (size_t i = 0; i < count; i++) {
        cpu += stages[i].cpu_s;
        if (stages[i].cpu_s > 0) /* a process, not a further stage of a group */
            syncs += 2 * stages[i].commits;
        printf("    %-24s %6.2f us CPU a row, %4llu commits\n", stages[i].name,
               stages[i].cpu_s * 1e6 / rows, (unsigned long long)stages[i].commits);
    }
    printf("    all                      %6.2f us CPU a row: %.0f rows/s at best on 2 processors\n",
           cpu * 1e6 / rows, 2 * rows / cpu);
    uint64_t bytes = bytes_below(path_in(b, ".millrace/bench/topics"), ".seg");
    bytes += bytes_below(path_in(b, "out.jsonl"), "");
    double plain = plain_append(b, bytes, syncs ? syncs : 1);
    printf(
        "    plain append of the same %.0f MB with %llu syncs: %.2f s, the program %.2f s: %.2f\n",
        (double)bytes / 1e6, (unsigned long long)syncs, plain, seconds, plain / seconds);
}

int main(int argc, char **argv)
{
    struct bench b = {.rows = 500000};
    if (argc < 3 || (argc > 3 && !mr_str_to_uint(mr_str_of(argv[3]), &b.rows))) {
        fputs("Usage: pipeline_bench PROGRAM FOLDER [ROWS [TEXT]]\n", stderr);
        return 2;
    }
    b.program = realpath(argv[1], NULL);
    b.dir = argv[2];
    if (!b.program || mkdir(b.dir, 0700) != 0) {
        fputs("the program must be there, the folder must not\n", stderr);
        return 2;
    }
    read_text(&b, argc > 4 ? argv[4] : "/usr/share/common-licenses");
    if (b.text.len < 1 << 17) {
        fputs("too little text\n", stderr);
        return 2;
    }
    make_input(&b);
    one(&b, 1, "off");
    one(&b, 1, "auto");
    one(&b, 3, "off");
    one(&b, 3, "auto");
    check(mr_dir_remove(b.dir));
    mr_buf_finish(&b.text);
    return 0;
}
