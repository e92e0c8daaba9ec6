/* Segments: the files that hold a log's frames, their names, growth and removal. */
#include "runtime/log/inside.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/base/file.h"

enum { DIGITS = 20, FIRST_STEP = 64 * 1024, LAST_STEP = 16 * 1024 * 1024 };

struct mr_error *mr_log__dir(const struct mr_log_place *place, char **out)
{
    struct mr_str t = place->topic;
    if (t.len == 0 || t.ptr[0] == '.' || memchr(t.ptr, '/', t.len) || memchr(t.ptr, 0, t.len))
        return mr_error(MR_PLAN_INVALID, "\"%.*s\" cannot name a topic", MR_FMT(t));
    struct mr_buf path = {0};
    mr_buf_printf(&path, "%s/%.*s/%u/%u", place->topics, MR_FMT(t), (unsigned)place->partition,
                  (unsigned)place->lane);
    *out = mr_strdup(mr_buf_text(&path));
    mr_buf_finish(&path);
    return NULL;
}

char *mr_log__path(const char *dir, uint64_t base, const char *suffix)
{
    size_t size = strlen(dir) + 1 + DIGITS + strlen(suffix) + 1;
    char *path = mr_alloc(size);
    snprintf(path, size, "%s/%020" PRIu64 "%s", dir, base, suffix);
    return path;
}

static int by_base(const void *a, const void *b)
{
    const struct mr_log__segment *x = a, *y = b;
    return x->base < y->base ? -1 : x->base > y->base;
}

/* Base position from "<20 digits>.seg". */
static bool parse_name(const char *name, uint64_t *base)
{
    return strspn(name, "0123456789") == DIGITS && !strcmp(name + DIGITS, ".seg") &&
           mr_str_to_uint(mr_str_span(name, DIGITS), base);
}

static struct mr_error *add_segment(DIR *d, const char *dir, const char *name,
                                    struct mr_log__segments *out)
{
    struct stat st;
    uint64_t base;
    if (!mr_str_ends(mr_str_of(name), MR_STR(".seg")))
        return NULL;
    if (!parse_name(name, &base))
        return mr_error(MR_LOG_FOREIGN, "\"%s/%s\" is not named like a segment", dir, name);
    if (fstatat(dirfd(d), name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        /* Trimmed since the folder was read. */
        return errno == ENOENT ? NULL : mr_file_error(errno, "look at segments in", dir);
    if (!S_ISREG(st.st_mode))
        return mr_error(MR_LOG_FOREIGN, "\"%s/%s\" is not a file", dir, name);
    if ((out->count & (out->count - 1)) == 0)
        out->items =
            mr_realloc(out->items, (out->count ? out->count * 2 : 1) * sizeof(*out->items));
    out->items[out->count++] = (struct mr_log__segment){base, (uint64_t)st.st_size};
    return NULL;
}

struct mr_error *mr_log__segments_list(const char *dir, struct mr_log__segments *out)
{
    struct mr_error *e = NULL;
    const struct dirent *entry;
    *out = (struct mr_log__segments){0};
    DIR *d = opendir(dir);
    if (!d)
        return errno == ENOENT ? NULL : mr_file_error(errno, "list", dir);
    while (!e && (errno = 0, entry = readdir(d)))
        e = add_segment(d, dir, entry->d_name, out);
    if (!e && errno)
        e = mr_file_error(errno, "list", dir);
    closedir(d);
    if (e)
        mr_log__segments_finish(out);
    else if (out->count > 1)
        qsort(out->items, out->count, sizeof(*out->items), by_base);
    return e;
}

void mr_log__segments_finish(struct mr_log__segments *s)
{
    free(s->items);
    *s = (struct mr_log__segments){0};
}

size_t mr_log__segments_at(const struct mr_log__segments *s, uint64_t pos)
{
    size_t i = s->count;
    while (i > 0 && s->items[i - 1].base > pos)
        i--;
    return i ? i - 1 : SIZE_MAX;
}

static uint64_t next_step(uint64_t need, uint64_t limit, uint64_t allocated)
{
    uint64_t size = allocated < FIRST_STEP / 4 ? FIRST_STEP / 4 : (allocated + 4095) / 4096 * 4096;
    while (size < need)
        size += size * 3 < LAST_STEP ? size * 3 : LAST_STEP;
    size = size > limit ? limit : size;
    return size < need ? need : size;
}

struct mr_error *mr_log__segment_grow(int fd, const char *path, uint64_t need, uint64_t limit,
                                      uint64_t *allocated)
{
    if (need <= *allocated)
        return NULL;
    uint64_t size = next_step(need, limit, *allocated);
    int rc = fallocate(fd, 0, 0, (off_t)size) < 0 ? errno : 0;
    if ((rc == ENOSPC || rc == EFBIG || rc == EDQUOT) && size > need) {
        /* The last of the room may still do. */
        size = need;
        rc = fallocate(fd, 0, 0, (off_t)size) < 0 ? errno : 0;
    }
    if (rc == EOPNOTSUPP || rc == ENOSYS)
        /* No reservation on this file system: a full disk shows at the write instead. */
        rc = ftruncate(fd, (off_t)size) < 0 ? errno : 0;
    errno = rc;
    if (rc == EFBIG)
        return mr_error_errno(MR_DISK_FULL, "grow \"%s\" to %" PRIu64 " bytes", path, size);
    if (rc)
        return mr_file_error(rc, "grow", path);
    *allocated = size;
    return NULL;
}

static void remove_sidecar(const char *dir, uint64_t base, const char *suffix)
{
    char *path = mr_log__path(dir, base, suffix);
    unlink(path);
    free(path);
}

void mr_log__sidecars_remove(const char *dir, uint64_t base)
{
    remove_sidecar(dir, base, ".ids");
    remove_sidecar(dir, base, ".idw");
}

struct mr_error *mr_log__segment_remove(const char *dir, uint64_t base)
{
    mr_log__sidecars_remove(dir, base);
    char *path = mr_log__path(dir, base, ".seg");
    struct mr_error *e = NULL;
    if (unlink(path) < 0 && errno != ENOENT)
        e = mr_file_error(errno, "remove", path);
    free(path);
    return e;
}

struct mr_error *mr_log__segment_first_n(const char *dir, uint64_t base, uint64_t *n)
{
    uint8_t head[MR_FRAME_HEAD];
    struct mr_error *e = NULL;
    char *path = mr_log__path(dir, base, ".seg");
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t got = fd < 0 ? -1 : pread(fd, head, sizeof(head), 0);
    if (got < 0)
        e = mr_file_error(errno, "read", path);
    else if (got < MR_FRAME_HEAD)
        e = mr_error(MR_LOG_CORRUPT, "\"%s\" at byte 0: torn frame, %zd bytes of its head", path,
                     got);
    else {
        struct mr_log__frame f;
        /* Only the head is at hand: the length check needs no more than its own word. */
        e = mr_log__frame_read(head, SIZE_MAX, path, 0, false, &f);
        *n = f.first_n;
    }
    if (fd >= 0)
        close(fd);
    free(path);
    return e;
}
