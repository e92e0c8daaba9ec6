/* Times a log on the disk it is given: append and commit against plain writes of the same bytes
 * with the same syncs, then reading. Prints one line per case.
 *
 * Usage: log_bench [folder [megabytes [commit megabytes]]]. Figures are for people; no test depends
 * on them. */
#include "runtime/base/clock.h"
#include "runtime/base/file.h"
#include "runtime/log/partition.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { ROW_BYTES = 1024, TEXTS = 64 };

struct bench {
    const char *dir;
    uint64_t rows, rows_per_commit;
    char texts[TEXTS][ROW_BYTES];
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

/* Words in no order compress about as prose does. */
static void make_texts(struct bench *b)
{
    static const char *const words[] = {
        "stream", "of",   "the",   "rows",     "and", "a",  "dataset",   "that", "quality", "is",
        "filter", "with", "model", "language", "in",  "to", "documents", "for",  "clean",   "42"};
    for (uint64_t t = 0; t < TEXTS; t++) {
        size_t len = 0;
        for (uint64_t i = 0; len < ROW_BYTES; i++) {
            uint64_t h = mr_hash64(&i, sizeof(i), t);
            const char *word = words[h % (sizeof(words) / sizeof(*words))];
            int got = snprintf(b->texts[t] + len, ROW_BYTES - len, "%s%c%llx ", word,
                               'a' + (int)(h >> 40) % 26, (unsigned long long)(h >> 56));
            len += (size_t)got;
        }
    }
}

static void report(const struct bench *b, const char *what, uint64_t start, uint64_t cpu)
{
    double wall = (double)(mr_now_ns() - start) / 1e9, used = (double)(mr_cpu_ns() - cpu) / 1e9;
    double mb = (double)b->rows * ROW_BYTES / 1e6;
    printf("%-34s %8.1f MB/s %10.0f rows/s %7.3f us CPU/row\n", what, mb / wall,
           (double)b->rows / wall, used * 1e6 / (double)b->rows);
}

static void plain_write(const struct bench *b, bool sync)
{
    char path[4096];
    char *buffer = mr_alloc(256 * ROW_BYTES);
    uint64_t start = mr_now_ns(), cpu = mr_cpu_ns(), offset = 0;
    snprintf(path, sizeof(path), "%s/plain", b->dir);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    for (uint64_t i = 0; i < b->rows; i += 256) {
        for (uint64_t k = 0; k < 256; k++)
            memcpy(buffer + k * ROW_BYTES, b->texts[(i + k) % TEXTS], ROW_BYTES);
        check(mr_file_write_at(fd, path, buffer, 256 * ROW_BYTES, offset));
        offset += 256 * ROW_BYTES;
        if (sync && (i + 256) % b->rows_per_commit < 256)
            check(mr_file_sync(fd, path));
    }
    close(fd);
    report(b, sync ? "plain write, synced" : "plain write", start, cpu);
    unlink(path);
    free(buffer);
}

static void append_all(const struct bench *b, const struct mr_log_place *place, enum mr_codec codec,
                       bool sync)
{
    struct mr_log_writer_options o = {.codec = codec, .fence = 1, .no_sync = !sync};
    struct mr_log_writer *w;
    char what[64];
    uint64_t start = mr_now_ns(), cpu = mr_cpu_ns();
    check(mr_log_writer_open(place, (struct mr_mark){0}, &o, &w));
    for (uint64_t i = 0; i < b->rows; i++) {
        struct mr_head h = {.place = {.record = (uint32_t)i}};
        memcpy(h.id.b, &i, sizeof(i));
        check(mr_log_writer_append(w, &h, b->texts[i % TEXTS], ROW_BYTES));
        if ((i + 1) % b->rows_per_commit == 0) {
            check(mr_log_writer_sync(w));
            mr_log_writer_publish(w);
        }
    }
    check(mr_log_writer_sync(w));
    mr_log_writer_publish(w);
    mr_log_writer_close(w);
    snprintf(what, sizeof(what), "append, commit%s%s", codec == MR_CODEC_LZ4 ? ", lz4" : "",
             sync ? ", synced" : "");
    report(b, what, start, cpu);
}

static void read_all(const struct bench *b, const struct mr_log_place *place, enum mr_codec codec)
{
    struct mr_log_reader *r;
    uint32_t rows;
    uint64_t start = mr_now_ns(), cpu = mr_cpu_ns(), count = 0;
    check(mr_log_reader_open(place, 0, MR_BELL_NONE, (struct mr_mark){0}, &r));
    for (check(mr_log_reader_next(r, &rows)); rows; check(mr_log_reader_next(r, &rows))) {
        struct mr_head h;
        struct mr_str map;
        bool found;
        for (check(mr_log_reader_row(r, &h, &map, &found)); found;
             check(mr_log_reader_row(r, &h, &map, &found)))
            count++;
    }
    mr_assert(count == b->rows);
    mr_log_reader_close(r);
    report(b, codec == MR_CODEC_LZ4 ? "read, lz4" : "read", start, cpu);
}

int main(int argc, char **argv)
{
    static const struct {
        enum mr_codec codec;
        bool sync;
    } cases[] = {
        {MR_CODEC_NONE, false}, {MR_CODEC_LZ4, false}, {MR_CODEC_NONE, true}, {MR_CODEC_LZ4, true}};
    static struct bench b;
    char dir[4096];
    uint64_t mb = 512, commit_mb = 16;
    snprintf(dir, sizeof(dir), "%s/log-bench-XXXXXX", argc > 1 ? argv[1] : ".");
    if ((argc > 2 && !mr_str_to_uint(mr_str_of(argv[2]), &mb)) ||
        (argc > 3 && !mr_str_to_uint(mr_str_of(argv[3]), &commit_mb)) || !mkdtemp(dir)) {
        fputs("usage: log_bench [folder [megabytes [commit megabytes]]]\n", stderr);
        return EXIT_FAILURE;
    }
    b.dir = dir;
    b.rows = mb * 1024;
    b.rows_per_commit = commit_mb * 1024;
    make_texts(&b);
    plain_write(&b, false);
    plain_write(&b, true);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct mr_log_place place = {dir, MR_STR("bench"), 0, (uint32_t)i};
        append_all(&b, &place, cases[i].codec, cases[i].sync);
        read_all(&b, &place, cases[i].codec);
        /* Each case starts with the same memory for the page cache. */
        char topic[4200];
        snprintf(topic, sizeof(topic), "%s/bench", dir);
        check(mr_dir_remove(topic));
    }
    check(mr_dir_remove(dir));
    return EXIT_SUCCESS;
}
