/* What the log's tests share: see rig.h. */
#include "tests/runtime/log/rig.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/base/file.h"

enum { LONGEST = 1 << 20 };

void rig_ok(struct mr_error *e)
{
    ck_assert_msg(e == NULL, "%d: %s", (int)mr_error_code(e), mr_error_message(e));
}

void rig_fails(struct mr_error *e, enum mr_code code)
{
    ck_assert_msg(mr_error_code(e) == code, "wanted %d, got %d: %s", (int)code,
                  (int)mr_error_code(e), mr_error_message(e));
    mr_error_free(e);
}

void rig_init(struct rig *rig)
{
    const char *tmp = getenv("TMPDIR");
    *rig = (struct rig){0};
    snprintf(rig->dir, sizeof(rig->dir), "%s/mr-log-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(rig->dir));
    rig->place = (struct mr_log_place){rig->dir, MR_STR("pipe.stage.out.e1"), 3, 7};
    rig->options = (struct mr_log_writer_options){.lane_label = 0x50007, .no_sync = true};
}

void rig_finish(struct rig *rig)
{
    rig_ok(mr_dir_remove(rig->dir));
}

struct mr_id rig_id(uint64_t k)
{
    return mr_id_source(MR_STR("rig"), MR_STR("rows"), k, 0);
}

size_t rig_bytes(uint64_t k, size_t len, char *out)
{
    static const char words[] = "the quick brown fox jumps over the lazy dog and runs away ";
    if (len == SIZE_MAX)
        len = (size_t)(k * 37 % 211);
    for (size_t i = 0; i < len; i++)
        out[i] = words[(k * 7 + i) % (sizeof(words) - 1)];
    if (len >= 8)
        memcpy(out + len - 8, &k, 8);
    return len;
}

struct mr_log_writer *rig_writer(struct rig *rig, struct mr_mark end)
{
    struct mr_log_writer *w = NULL;
    rig->options.fence++;
    rig_ok(mr_log_writer_open(&rig->place, end, &rig->options, &w));
    return w;
}

void rig_append(struct mr_log_writer *w, uint64_t from, uint64_t to, size_t len)
{
    char *bytes = malloc(LONGEST);
    for (uint64_t k = from; k <= to; k++) {
        struct mr_head h = {.id = rig_id(k), .place = {.record = (uint32_t)k}};
        rig_ok(mr_log_writer_append(w, &h, bytes, rig_bytes(k, len, bytes)));
        ck_assert_uint_eq(h.n, k);
        ck_assert_uint_eq(h.lane, 0x50007);
    }
    free(bytes);
}

struct mr_mark rig_commit(struct mr_log_writer *w)
{
    rig_ok(mr_log_writer_sync(w));
    mr_log_writer_publish(w);
    ck_assert(!mr_log_writer_dirty(w));
    return mr_log_writer_end(w);
}

struct mr_log_reader *rig_reader(struct rig *rig, uint64_t id, struct mr_mark from)
{
    struct mr_log_reader *r = NULL;
    rig_ok(mr_log_reader_open(&rig->place, id, MR_BELL_NONE, from, &r));
    return r;
}

/* Frame by frame, until row `upto` was read or nothing is left. */
static struct mr_error *read_frames(struct mr_log_reader *r, size_t len, uint64_t upto, uint64_t *n)
{
    char *bytes = malloc(LONGEST);
    struct mr_error *e;
    uint32_t rows;
    *n = mr_log_reader_mark(r).n;
    while (!(e = mr_log_reader_next(r, &rows)) && rows && *n < upto) {
        struct mr_head h;
        struct mr_str map;
        bool found;
        while (!(e = mr_log_reader_row(r, &h, &map, &found)) && found) {
            size_t want = rig_bytes(h.n, len, bytes);
            struct mr_id id = rig_id(h.n);
            ck_assert_uint_eq(h.n, *n + 1);
            ck_assert(mr_id_eq(&h.id, &id));
            ck_assert_uint_eq(h.place.record, (uint32_t)h.n);
            ck_assert(mr_str_eq(map, mr_str_span(bytes, want)));
            *n = h.n;
        }
        if (e)
            break;
    }
    free(bytes);
    return e;
}

struct mr_error *rig_try_read(struct mr_log_reader *r, size_t len, uint64_t *n)
{
    return read_frames(r, len, UINT64_MAX, n);
}

uint64_t rig_read(struct mr_log_reader *r, size_t len)
{
    return rig_read_to(r, len, UINT64_MAX);
}

uint64_t rig_read_to(struct mr_log_reader *r, size_t len, uint64_t upto)
{
    uint64_t n;
    rig_ok(read_frames(r, len, upto, &n));
    return n;
}

const char *rig_path(const struct rig *rig, const char *file)
{
    static char path[1024];
    snprintf(path, sizeof(path), "%s/%.*s/%u/%u/%s", rig->dir, MR_FMT(rig->place.topic),
             (unsigned)rig->place.partition, (unsigned)rig->place.lane, file);
    return path;
}

const char *rig_segment(const struct rig *rig, uint64_t base)
{
    char name[32];
    snprintf(name, sizeof(name), "%020" PRIu64 ".seg", base);
    return rig_path(rig, name);
}

void rig_flip(const char *path, uint64_t offset, unsigned bit)
{
    unsigned char byte;
    int fd = open(path, O_RDWR);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(pread(fd, &byte, 1, (off_t)offset), 1);
    byte ^= (unsigned char)(1u << bit);
    ck_assert_int_eq(pwrite(fd, &byte, 1, (off_t)offset), 1);
    close(fd);
}

uint64_t rig_size(const char *path)
{
    struct stat st;
    ck_assert_int_eq(stat(path, &st), 0);
    return (uint64_t)st.st_size;
}
