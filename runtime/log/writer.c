/* The writer of one log: rows into frames, frames into segments, commit and recovery. */
#include "runtime/log/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <lz4.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/base/clock.h"
#include "runtime/base/file.h"

/* Bytes that are worth a request of their own to the disk while rows still come. */
enum { START_BYTES = 1024 * 1024 };

struct mr_log_writer {
    char *dir;
    struct mr_log_writer_options o;
    struct mr_log__page *page;
    int lock_fd;
    /* Active segment: the last one. Its files are open only between a commit's first frame and its
     * publish, so that an idle log costs one descriptor. */
    bool active;
    int fd, ids_fd;
    char *seg_path;
    uint64_t base, allocated, first_n;
    bool ids_whole; /* the notes hold every row of the segment */
    /* pos: after the frames written. n, hash: after the rows appended. */
    uint64_t pos, n, hash;
    uint64_t started; /* the disk was asked to begin with the bytes before */
    struct mr_mark published;
    struct mr_buf raw; /* room for a frame's head, then rows */
    uint32_t rows;
    struct mr_buf own_scratch, *scratch;
    bool unsynced, dir_dirty;
    enum mr_code broken; /* the error that ended this handle's life, or MR_OK */
};

/* ---- segments ---- */

static void close_files(struct mr_log_writer *w)
{
    if (w->fd >= 0)
        close(w->fd);
    if (w->ids_fd >= 0)
        close(w->ids_fd);
    w->fd = w->ids_fd = -1;
}

static struct mr_error *open_files(struct mr_log_writer *w, int extra)
{
    if (w->fd >= 0)
        return NULL;
    w->fd = open(w->seg_path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | extra, 0600);
    if (w->fd < 0)
        return mr_file_error(errno, extra ? "create" : "open", w->seg_path);
    if (w->ids_whole) {
        char *path = mr_log__path(w->dir, w->base, ".idw");
        w->ids_fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | extra, 0600);
        w->ids_whole = w->ids_fd >= 0;
        free(path);
    }
    return NULL;
}

static struct mr_error *begin_segment(struct mr_log_writer *w)
{
    free(w->seg_path);
    w->base = w->pos;
    w->seg_path = mr_log__path(w->dir, w->base, ".seg");
    w->allocated = 0;
    w->first_n = w->n - w->rows + 1;
    w->active = w->ids_whole = true;
    w->dir_dirty = true;
    return open_files(w, O_CREAT | O_TRUNC);
}

/* Cuts the preallocated tail, so that the file's size tells readers where the next one begins.
 * Synced here, because the commit syncs the active segment only. */
static struct mr_error *seal_segment(struct mr_log_writer *w)
{
    MR_TRY(open_files(w, 0));
    if (ftruncate(w->fd, (off_t)(w->pos - w->base)) < 0)
        return mr_file_error(errno, "seal", w->seg_path);
    if (!w->o.no_sync && fsync(w->fd) < 0)
        return mr_error_errno(MR_SYNC_FAILED, "sync \"%s\"", w->seg_path);
    close_files(w);
    uint64_t rows = w->n - w->rows + 1 - w->first_n;
    if (!w->ids_whole || !mr_log__ids_from_notes(w->dir, w->base, w->first_n, rows))
        /* Without a sidecar the segment is read when a row is looked for. */
        mr_error_free(mr_log__ids_from_segment(w->dir, w->base, w->pos));
    w->active = false;
    return NULL;
}

/* An open active segment with room for a frame of this size. */
static struct mr_error *make_room(struct mr_log_writer *w, size_t size)
{
    uint64_t used = w->pos - w->base;
    if (w->active && used > 0 &&
        (used + size > w->o.segment_bytes || w->n - w->first_n + 1 > MR_SEGMENT_ROWS))
        MR_TRY(seal_segment(w));
    if (!w->active)
        MR_TRY(begin_segment(w));
    MR_TRY(open_files(w, 0));
    used = w->pos - w->base;
    return mr_log__segment_grow(w->fd, w->seg_path, used + size, w->o.segment_bytes, &w->allocated);
}

/* ---- frames ---- */

/* Compresses when that makes it smaller. *bytes: a whole frame but for head and padding. */
static void pack_frame(struct mr_log_writer *w, struct mr_log__frame *f, uint8_t **bytes)
{
    size_t raw = w->raw.len - MR_FRAME_HEAD;
    *f = (struct mr_log__frame){.codec = MR_CODEC_NONE,
                                .length = (uint32_t)raw,
                                .raw_length = (uint32_t)raw,
                                .rows = w->rows,
                                .first_n = w->n - w->rows + 1,
                                .time_ms = mr_wall_ms(),
                                .fence = w->o.fence};
    *bytes = (uint8_t *)w->raw.ptr;
    if (w->o.codec != MR_CODEC_LZ4 || raw < 64)
        return;
    /* No room for a result that would not pay: the compressor then gives up early. */
    int room = (int)(raw - raw / 16);
    w->scratch->len = 0;
    mr_buf_reserve(w->scratch, MR_FRAME_HEAD + (size_t)room + 8);
    int got = LZ4_compress_default(w->raw.ptr + MR_FRAME_HEAD, w->scratch->ptr + MR_FRAME_HEAD,
                                   (int)raw, room);
    if (got <= 0)
        return;
    f->codec = MR_CODEC_LZ4;
    f->length = (uint32_t)got;
    *bytes = (uint8_t *)w->scratch->ptr;
}

/* Appends the frame's id prefixes to the notes from which the sidecar is sorted. */
static void note_ids(struct mr_log_writer *w)
{
    if (!w->ids_whole)
        return;
    const uint8_t *at = (const uint8_t *)w->raw.ptr + MR_FRAME_HEAD;
    size_t len = (size_t)w->rows * 8;
    w->scratch->len = 0;
    mr_buf_reserve(w->scratch, len);
    for (uint32_t i = 0; i < w->rows; i++) {
        memcpy(w->scratch->ptr + (size_t)i * 8, at + 4 + 40, 8);
        at += MR_FRAME_ROW_HEAD + mr_log__get32(at);
    }
    uint64_t offset = (w->n - w->rows + 1 - w->first_n) * 8;
    w->ids_whole = pwrite(w->ids_fd, w->scratch->ptr, len, (off_t)offset) == (ssize_t)len;
}

static void empty_frame(struct mr_log_writer *w)
{
    /* A single huge row does not keep its memory. */
    if (w->raw.cap > 2 * w->o.frame_bytes + MR_FRAME_HEAD + 4096)
        mr_buf_finish(&w->raw);
    w->raw.len = 0;
    w->rows = 0;
}

/* Lets the disk work while rows are made, so that the sync has less to wait for. Only a head start:
 * but a real failure reported here would not be reported again. */
static struct mr_error *start_writeback(struct mr_log_writer *w, uint64_t least)
{
    uint64_t from = w->started > w->base ? w->started - w->base : 0, to = w->pos - w->base;
    if (w->o.no_sync || w->fd < 0 || to - from < least)
        return NULL;
    w->started = w->pos;
    if (sync_file_range(w->fd, (off_t)from, (off_t)(to - from), SYNC_FILE_RANGE_WRITE) < 0 &&
        (errno == EIO || errno == ENOSPC || errno == EDQUOT))
        return mr_error_errno(MR_SYNC_FAILED, "sync \"%s\"", w->seg_path);
    return NULL;
}

static struct mr_error *write_frame(struct mr_log_writer *w)
{
    struct mr_log__frame f;
    uint8_t *bytes;
    if (w->rows == 0)
        return NULL;
    mr_buf_reserve(&w->raw, 8);
    pack_frame(w, &f, &bytes);
    mr_log__frame_seal(bytes, &f);
    size_t size = mr_log__frame_size(f.length);
    MR_TRY(make_room(w, size));
    struct mr_error *e = mr_file_write_at(w->fd, w->seg_path, bytes, size, w->pos - w->base);
    if (e)
        return e;
    note_ids(w);
    w->pos += size;
    w->unsynced = true;
    empty_frame(w);
    return start_writeback(w, START_BYTES);
}

/* After a failure the handle is dead: what was written is known only to the next recovery. */
static struct mr_error *fail(struct mr_log_writer *w, struct mr_error *e)
{
    if (e)
        w->broken = mr_error_code(e);
    return e;
}

static struct mr_error *still_whole(const struct mr_log_writer *w)
{
    return w->broken ? mr_error(w->broken, "writer of \"%s\" failed before", w->dir) : NULL;
}

struct mr_error *mr_log_writer_append(struct mr_log_writer *w, struct mr_head *head,
                                      const void *map, size_t len)
{
    size_t need = MR_FRAME_ROW_HEAD + len;
    if (w->broken)
        return still_whole(w);
    if (len > MR_FRAME_RAW_MAX - MR_FRAME_ROW_HEAD)
        return mr_error(MR_ROW_TOO_LARGE, "a row of %zu bytes does not fit a frame", len);
    if (w->rows && w->raw.len + need > w->o.frame_bytes + MR_FRAME_HEAD)
        MR_TRY(fail(w, write_frame(w)));
    if (w->rows == 0) {
        mr_buf_reserve(&w->raw, MR_FRAME_HEAD);
        w->raw.len = MR_FRAME_HEAD;
    }
    head->lane = w->o.lane_label;
    head->n = ++w->n;
    head->hash = w->hash = mr_lineage_hash(w->hash, &head->id);
    mr_buf_reserve(&w->raw, need);
    uint8_t *at = (uint8_t *)w->raw.ptr + w->raw.len;
    mr_log__put32(at, (uint32_t)len);
    mr_head_encode(head, at + 4);
    if (len)
        memcpy(at + MR_FRAME_ROW_HEAD, map, len);
    w->raw.len += need;
    w->rows++;
    return NULL;
}

/* ---- commit ---- */

bool mr_log_writer_dirty(const struct mr_log_writer *w)
{
    return w->n != w->published.n;
}

struct mr_error *mr_log__writer_start(struct mr_log_writer *w)
{
    MR_TRY(still_whole(w));
    MR_TRY(fail(w, write_frame(w)));
    return fail(w, start_writeback(w, 1));
}

/* The names on the way down to a new segment. Any of them may be new as well. */
static struct mr_error *sync_names(const struct mr_log_writer *w)
{
    struct mr_error *e = NULL;
    char *dir = mr_strdup(w->dir);
    for (int level = 0; level < 4 && !e; level++) {
        char *slash = strrchr(dir, '/');
        e = mr_dir_sync(dir);
        /* Only the first segment can stand in folders that are new. */
        if (w->base != 0 || !slash || slash == dir)
            break;
        *slash = 0;
    }
    free(dir);
    return e;
}

struct mr_error *mr_log_writer_sync(struct mr_log_writer *w)
{
    MR_TRY(still_whole(w));
    MR_TRY(fail(w, write_frame(w)));
    if (!w->o.no_sync && w->unsynced)
        MR_TRY(fail(w, mr_file_sync(w->fd, w->seg_path)));
    if (!w->o.no_sync && w->dir_dirty)
        MR_TRY(fail(w, sync_names(w)));
    w->unsynced = w->dir_dirty = false;
    return NULL;
}

struct mr_mark mr_log_writer_end(const struct mr_log_writer *w)
{
    return (struct mr_mark){w->pos, w->n, w->hash};
}

static void ring_readers(const struct mr_log_writer *w)
{
    const struct mr_log__page_reader *r = w->page->readers;
    for (size_t i = 0; w->o.bells && i < MR_PAGE_READERS && atomic_load(&r[i].id); i++)
        mr_bells_ring(w->o.bells, atomic_load(&r[i].bell));
}

void mr_log_writer_publish(struct mr_log_writer *w)
{
    mr_assert(w->rows == 0);
    if (!mr_log_writer_dirty(w))
        return;
    w->published = mr_log_writer_end(w);
    mr_log__page_publish(w->page, w->published);
    close_files(w);
    ring_readers(w);
}

uint64_t mr_log_writer_unread(const struct mr_log_writer *w)
{
    uint32_t readers;
    uint64_t slowest = mr_log__page_slowest(w->page, &readers);
    uint64_t end = w->pos + (w->rows ? w->raw.len : 0);
    return readers && slowest < end ? end - slowest : 0;
}

/* ---- open: recovery ---- */

static struct mr_error *take_lock(struct mr_log_writer *w)
{
    struct mr_error *e = NULL;
    struct mr_buf path = {0};
    mr_buf_printf(&path, "%s/lock", w->dir);
    const char *name = mr_buf_text(&path);
    w->lock_fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (w->lock_fd < 0)
        e = mr_file_error(errno, "open", name);
    else if (flock(w->lock_fd, LOCK_EX | LOCK_NB) < 0)
        e = errno == EWOULDBLOCK ? mr_error(MR_LOG_TWO_WRITERS, "\"%s\" is written by process %u",
                                            w->dir, (unsigned)atomic_load(&w->page->pid))
                                 : mr_file_error(errno, "lock", name);
    mr_buf_finish(&path);
    return e;
}

static struct mr_error *check_state(const struct mr_log_writer *w, struct mr_mark end)
{
    uint64_t fence = atomic_load(&w->page->fence);
    if (w->o.fence <= fence)
        return mr_error(MR_LOG_FENCED,
                        "\"%s\" was last written with fence %" PRIu64 ", this writer has %" PRIu64,
                        w->dir, fence, w->o.fence);
    struct mr_mark shown = mr_log__page_end(w->page);
    if (shown.pos > end.pos ||
        (shown.pos == end.pos && (shown.n != end.n || shown.hash != end.hash)))
        return mr_error(MR_LOG_FENCED,
                        "readers of \"%s\" were shown row %" PRIu64 " at byte %" PRIu64
                        ", the state ends at row %" PRIu64 ", byte %" PRIu64,
                        w->dir, shown.n, shown.pos, end.n, end.pos);
    return NULL;
}

static struct mr_error *cut_file(const char *dir, uint64_t base, uint64_t size)
{
    char *path = mr_log__path(dir, base, ".seg");
    struct mr_error *e = truncate(path, (off_t)size) < 0 ? mr_file_error(errno, "cut", path) : NULL;
    free(path);
    return e;
}

/* Sealed segments lie end to end; a tail that a power loss brought back is cut again. */
static struct mr_error *check_chain(const char *dir, const struct mr_log__segments *s, size_t last)
{
    for (size_t i = 0; i < last; i++) {
        uint64_t size = s->items[i + 1].base - s->items[i].base;
        if (s->items[i].size < size)
            return mr_error(MR_LOG_CORRUPT,
                            "\"%s/%020" PRIu64 ".seg\" has %" PRIu64 " bytes, %" PRIu64
                            " are wanted",
                            dir, s->items[i].base, s->items[i].size, size);
        if (s->items[i].size > size)
            MR_TRY(cut_file(dir, s->items[i].base, size));
    }
    return NULL;
}

/* Makes the segment that holds the end the active one, cut behind the end. */
static struct mr_error *resume_segment(struct mr_log_writer *w, const struct mr_log__segment *s)
{
    uint64_t used = w->pos - s->base;
    w->base = s->base;
    w->seg_path = mr_log__path(w->dir, s->base, ".seg");
    if (s->size < used)
        return mr_error(MR_LOG_CORRUPT,
                        "\"%s\" has %" PRIu64 " bytes, the committed end is at %" PRIu64,
                        w->seg_path, s->size, used);
    MR_TRY(mr_log__segment_first_n(w->dir, s->base, &w->first_n));
    if (w->first_n > w->n)
        return mr_error(MR_LOG_CORRUPT,
                        "\"%s\" begins with row %" PRIu64 " but row %" PRIu64 " is the last",
                        w->seg_path, w->first_n, w->n);
    MR_TRY(cut_file(w->dir, s->base, used));
    mr_log__sidecars_remove(w->dir, s->base);
    w->active = true;
    w->allocated = used;
    return NULL;
}

static struct mr_error *recover(struct mr_log_writer *w)
{
    struct mr_log__segments s;
    MR_TRY(mr_log__segments_list(w->dir, &s));
    struct mr_error *e = NULL;
    /* A segment that begins at the end or behind it holds nothing committed. */
    size_t keep = w->pos ? mr_log__segments_at(&s, w->pos - 1) + 1 : 0;
    if (keep == 0 && w->pos > 0)
        e = mr_error(MR_LOG_CORRUPT, "\"%s\" has no segment for its committed end at byte %" PRIu64,
                     w->dir, w->pos);
    for (size_t i = keep; i < s.count && !e; i++)
        e = mr_log__segment_remove(w->dir, s.items[i].base);
    if (keep && !e)
        e = check_chain(w->dir, &s, keep - 1);
    if (keep && !e)
        e = resume_segment(w, &s.items[keep - 1]);
    if (!e)
        atomic_store(&w->page->start, keep ? s.items[0].base : 0);
    mr_log__segments_finish(&s);
    return e;
}

static struct mr_error *open_log(struct mr_log_writer *w, struct mr_mark end)
{
    MR_TRY(mr_dir_make(w->dir));
    MR_TRY(mr_log__page_open(w->dir, true, &w->page));
    MR_TRY(take_lock(w));
    MR_TRY(check_state(w, end));
    int lock; /* retention in another process must not remove what is looked at */
    MR_TRY(mr_log__page_lock(w->dir, &lock));
    struct mr_error *e = recover(w);
    mr_log__page_unlock(lock);
    MR_TRY(e);
    atomic_store(&w->page->fence, w->o.fence);
    atomic_store(&w->page->bell, w->o.bell);
    atomic_store(&w->page->pid, (uint32_t)getpid());
    if (mr_log__page_end(w->page).pos != end.pos) {
        /* The commit was decided, but its writer died before it told the readers. */
        mr_log__page_publish(w->page, end);
        ring_readers(w);
    }
    return NULL;
}

struct mr_error *mr_log_writer_open(const struct mr_log_place *place, struct mr_mark end,
                                    const struct mr_log_writer_options *options,
                                    struct mr_log_writer **out)
{
    char *dir;
    MR_TRY(mr_log__dir(place, &dir));
    struct mr_log_writer *w = mr_zalloc(sizeof(*w));
    w->dir = dir;
    w->o = *options;
    w->o.frame_bytes = options->frame_bytes ? options->frame_bytes : MR_FRAME_DEFAULT;
    w->o.segment_bytes = options->segment_bytes ? options->segment_bytes : MR_SEGMENT_DEFAULT;
    w->scratch = &w->own_scratch;
    w->lock_fd = w->fd = w->ids_fd = -1;
    w->pos = end.pos;
    w->n = end.n;
    w->hash = end.hash;
    w->published = end;
    w->started = end.pos;
    struct mr_error *e = open_log(w, end);
    if (e) {
        w->broken = mr_error_code(e);
        mr_log_writer_close(w);
        return e;
    }
    *out = w;
    return NULL;
}

void mr_log__writer_scratch(struct mr_log_writer *w, struct mr_buf *scratch)
{
    w->scratch = scratch;
}

void mr_log_writer_close(struct mr_log_writer *w)
{
    if (!w)
        return;
    /* Gives the preallocated tail back. Never below what was written: it may be committed. */
    if (!w->broken && w->active && w->allocated > w->pos - w->base)
        mr_error_free(cut_file(w->dir, w->base, w->pos - w->base));
    close_files(w);
    if (w->lock_fd >= 0)
        close(w->lock_fd);
    mr_log__page_close(w->page);
    mr_buf_finish(&w->raw);
    mr_buf_finish(&w->own_scratch);
    free(w->seg_path);
    free(w->dir);
    free(w);
}
