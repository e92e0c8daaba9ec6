/* The file a sink writes: hidden until finished, cut to what is certain at the start, copied and
 * extended by a later run, renamed once the commit that finished it is decided. */
#include "connectors/files/sink.h"
#include "runtime/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

enum { SPILL_BYTES = 256 << 10, COPY_BYTES = 256 << 10 };

const char *mr_files__part_path(struct mr_sink *s, uint32_t seq, struct mr_buf *into)
{
    into->len = 0;
    mr_buf_printf(into, "%s/.%s.%u.part", s->dir, s->base, seq);
    return mr_buf_text(into);
}

const char *mr_files__final_path(struct mr_sink *s, uint32_t seq, struct mr_buf *into)
{
    into->len = 0;
    if (s->params->shard_bytes)
        mr_buf_printf(into, "%s/%.*s-%05u%.*s", s->dir, MR_FMT(s->stem), seq, MR_FMT(s->suffix));
    else
        mr_buf_printf(into, "%s/%s", s->dir, s->base);
    return mr_buf_text(into);
}

/* Folders of outputs have ordinary modes: people read what is in them. Recursive, from the top. */
struct mr_error *mr_files__out_folder(char *dir)
{
    if (mkdir(dir, 0777) != 0) {
        if (errno == EEXIST)
            return NULL;
        char *slash = strrchr(dir, '/');
        if (errno != ENOENT || !slash || slash == dir)
            return mr_file_error(errno, "make the folder", dir);
        *slash = 0;
        struct mr_error *e = mr_files__out_folder(dir);
        *slash = '/';
        if (e)
            return e;
        if (mkdir(dir, 0777) != 0 && errno != EEXIST)
            return mr_file_error(errno, "make the folder", dir);
    }
    char *slash = strrchr(dir, '/');
    if (!slash || slash == dir)
        return mr_dir_sync(slash ? "/" : ".");
    *slash = 0;
    struct mr_error *e = mr_dir_sync(dir);
    *slash = '/';
    return e;
}

static struct mr_error *open_part(struct mr_sink *s, int flags)
{
    const char *path = mr_files__part_path(s, s->state.seq, &s->path);
    s->fd = open(path, flags | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (s->fd < 0 && errno == ENOENT && !(flags & O_CREAT))
        return mr_error(MR_SINK_LOST, "the unfinished output \"%s\" is gone", path);
    if (s->fd < 0)
        return mr_file_error(errno, "open", path);
    if (flock(s->fd, LOCK_EX | LOCK_NB) != 0)
        return mr_error(MR_SINK_BUSY, "another process writes \"%s\"", path);
    return NULL;
}

static struct mr_error *cut(struct mr_sink *s, uint64_t bytes)
{
    if (ftruncate(s->fd, (off_t)bytes) != 0)
        return mr_file_error(errno, "cut", s->path.ptr);
    s->written = bytes;
    return NULL;
}

static struct mr_error *copy_bytes(struct mr_sink *s, int from, uint64_t len)
{
    off_t in = 0, out = 0;
    while ((uint64_t)in < len) {
        ssize_t n = copy_file_range(from, &in, s->fd, &out, len - (uint64_t)in, 0);
        if (n <= 0 && !(n < 0 && errno == EINTR))
            break; /* not between these file systems: by hand */
    }
    s->packed.len = 0;
    mr_buf_reserve(&s->packed, COPY_BYTES);
    while ((uint64_t)in < len) {
        uint64_t want = len - (uint64_t)in < COPY_BYTES ? len - (uint64_t)in : COPY_BYTES;
        ssize_t n = pread(from, s->packed.ptr, want, in);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return mr_file_error(n ? errno : EIO, "copy to", s->path.ptr);
        MR_TRY(mr_file_write_at(s->fd, s->path.ptr, s->packed.ptr, (size_t)n, (uint64_t)in));
        in += n;
    }
    return NULL;
}

/* What an earlier run finished, without the end of a JSON array. One that was moved away stays
 * where it is: a new file begins. */
static struct mr_error *copy_finished(struct mr_sink *s)
{
    struct sink_state *t = &s->state;
    const char *path = mr_files__final_path(s, t->seq, &s->path2);
    int from = open(path, O_RDONLY | O_CLOEXEC);
    if (from < 0 && errno == ENOENT) {
        t->rows = t->raw_bytes = 0;
        return NULL;
    }
    if (from < 0)
        return mr_file_error(errno, "open", path);
    struct stat st;
    struct mr_error *e = NULL;
    if (fstat(from, &st) != 0 || (uint64_t)st.st_size != t->final_bytes)
        e = mr_error(MR_SINK_CHANGED, "\"%s\" has %llu bytes, but %llu were written to it", path,
                     (unsigned long long)st.st_size, (unsigned long long)t->final_bytes);
    if (!e)
        e = copy_bytes(s, from, t->final_bytes - t->tail_bytes);
    if (!e)
        s->written = t->final_bytes - t->tail_bytes;
    close(from);
    return e;
}

struct mr_error *mr_files__out_begin(struct mr_sink *s)
{
    struct stat st;
    const char *final = mr_files__final_path(s, s->state.seq, &s->path2);
    if (stat(final, &st) == 0 && S_ISDIR(st.st_mode)) /* better now than at the end of the run */
        return mr_error_remedy(mr_error(MR_IO, "the output \"%s\" is a folder", final),
                               "Give the path of a file, or move the folder away.");
    MR_TRY(mr_files__out_folder(s->dir));
    MR_TRY(open_part(s, O_CREAT));
    MR_TRY(cut(s, 0));
    if (!s->params->shard_bytes && s->state.seq > 0)
        MR_TRY(copy_finished(s));
    else
        s->state.rows = s->state.raw_bytes = 0;
    s->state.open = true;
    s->state.bytes = s->state.final_bytes = s->state.tail_bytes = 0;
    return mr_dir_sync(s->dir);
}

struct mr_error *mr_files__out_resume(struct mr_sink *s)
{
    MR_TRY(open_part(s, 0));
    struct stat st;
    if (fstat(s->fd, &st) != 0)
        return mr_file_error(errno, "read", s->path.ptr);
    if ((uint64_t)st.st_size < s->state.bytes)
        return mr_error(MR_SINK_LOST, "the unfinished output \"%s\" has %llu bytes instead of %llu",
                        s->path.ptr, (unsigned long long)st.st_size,
                        (unsigned long long)s->state.bytes);
    return cut(s, s->state.bytes);
}

static struct mr_error *pass_on(struct mr_sink *s, enum pack_end mode)
{
    struct mr_str bytes = mr_buf_str(&s->raw);
    if (s->kind.codec != CODEC_NONE) {
        s->packed.len = 0;
        MR_TRY(mr_files__pack(s->packer, bytes, mode, &s->packed));
        bytes = mr_buf_str(&s->packed);
    }
    const char *path = mr_files__part_path(s, s->state.seq, &s->path);
    MR_TRY(mr_file_write_at(s->fd, path, bytes.ptr, bytes.len, s->written));
    s->written += bytes.len;
    s->raw.len = 0;
    return NULL;
}

struct mr_error *mr_files__out_spill(struct mr_sink *s)
{
    return s->raw.len < SPILL_BYTES ? NULL : pass_on(s, PACK_ON);
}

struct mr_error *mr_files__out_sync(struct mr_sink *s)
{
    MR_TRY(pass_on(s, PACK_END));
    if (s->written != s->state.bytes)
        MR_TRY(mr_file_sync(s->fd, s->path.ptr));
    s->state.bytes = s->written;
    return NULL;
}

struct mr_error *mr_files__out_finish(struct mr_sink *s)
{
    struct sink_state *t = &s->state;
    MR_TRY(pass_on(s, PACK_END));
    uint64_t tail_at = s->written;
    mr_buf_adds(&s->raw, mr_files__tail(s, t->rows == 0));
    MR_TRY(pass_on(s, s->written ? PACK_END : PACK_END_EMPTY));
    MR_TRY(mr_file_sync(s->fd, s->path.ptr));
    t->final_bytes = s->written;
    t->tail_bytes = s->written - tail_at;
    if (s->kind.format != FORMAT_JSON)
        t->tail_bytes = 0;
    t->bytes = 0;
    t->open = false;
    t->seq++;
    close(s->fd);
    s->fd = -1;
    return NULL;
}

struct mr_error *mr_files__out_rename(struct mr_sink *s, uint32_t upto, bool recovering)
{
    if (s->state.renamed >= upto)
        return NULL;
    for (; s->state.renamed < upto; s->state.renamed++) {
        const char *part = mr_files__part_path(s, s->state.renamed, &s->path);
        const char *name = mr_files__final_path(s, s->state.renamed, &s->path2);
        if (rename(part, name) == 0 || (errno == ENOENT && recovering))
            continue; /* none: an earlier attempt did it */
        if (errno == ENOENT)
            return mr_error(MR_SINK_LOST, "the finished output \"%s\" is gone", part);
        return mr_file_error(errno, "give the final name to", name);
    }
    struct mr_error *e = mr_dir_sync(s->dir);
    if (e && !mr_file_exists(s->dir)) { /* the finished output was moved away, folder and all */
        mr_error_free(e);
        e = NULL;
    }
    return e;
}

struct mr_error *mr_files__out_forget(struct mr_sink *s, uint32_t seq)
{
    for (;; seq++) {
        const char *path = mr_files__part_path(s, seq, &s->path);
        int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0)
            return NULL;
        bool ours = flock(fd, LOCK_EX | LOCK_NB) == 0;
        close(fd);
        if (!ours)
            return mr_error(MR_SINK_BUSY, "another process writes \"%s\"", path);
        if (unlink(path) != 0)
            return mr_file_error(errno, "remove", path);
    }
}
