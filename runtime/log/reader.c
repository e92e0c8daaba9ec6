/* A reader of one log: maps segments, checks frames, gives out rows and guards their lineage. */
#include "runtime/log/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/base/file.h"

struct mr_log_reader {
    char *dir;
    struct mr_log__page *page; /* NULL: a scan, or a passive reader whose log has no writer yet */
    struct mr_bells *bells;
    struct mr_log__page_reader *entry; /* NULL for a passive reader */
    bool scan;
    struct mr_mark end; /* of what may be read, as last looked at */
    /* Lineage: the last row given out or skipped. */
    uint64_t n, hash;
    bool anchored;    /* hash is known, so the next row must continue it */
    bool begin;       /* opened at {0}: starts at what is kept           */
    uint64_t skip_to; /* rows up to here were taken before               */
    uint64_t repeats;
    /* The segment in use; no descriptor is kept. */
    char *path;
    uint64_t base;
    size_t file_size; /* as last seen; what lies below never changes */
    const uint8_t *map;
    size_t map_len;
    /* pos: the loaded frame, or the next one when none is loaded. */
    uint64_t pos, next_pos, row_n;
    const uint8_t *at;
    size_t left;
    uint32_t rows_left;
    uint64_t frame_bytes;
    uint64_t frame_time; /* when the loaded frame was written */
    /* What mr_log_reader_back returns to: the reader before the last row. */
    struct {
        uint64_t n, hash, pos, row_n;
        const uint8_t *at;
        size_t left;
        uint32_t rows_left;
        bool anchored, valid;
    } before;
    struct mr_buf own_scratch, *scratch;
};

/* ---- segments ---- */

static void leave_segment(struct mr_log_reader *r)
{
    if (r->map)
        munmap((void *)r->map, r->map_len);
    free(r->path);
    r->path = NULL;
    r->map = NULL;
    r->map_len = r->file_size = 0;
}

static uint64_t kept_from(const struct mr_log_reader *r)
{
    return r->page ? atomic_load(&r->page->start) : 0;
}

static struct mr_error *missing(const struct mr_log_reader *r)
{
    uint64_t start = kept_from(r);
    if (start > r->pos)
        return mr_error(MR_LOG_TRIMMED,
                        "\"%s\" is kept from byte %" PRIu64 ", byte %" PRIu64 " was wanted", r->dir,
                        start, r->pos);
    return mr_error(MR_LOG_CORRUPT,
                    "\"%s\" has no segment for byte %" PRIu64 " below its committed end %" PRIu64,
                    r->dir, r->pos, r->end.pos);
}

/* Names the segment of pos: the one that begins there, else the last that begins before. */
static struct mr_error *choose_segment(struct mr_log_reader *r)
{
    struct mr_log__segments s;
    leave_segment(r);
    MR_TRY(mr_log__segments_list(r->dir, &s));
    size_t i = mr_log__segments_at(&s, r->pos);
    if (i != SIZE_MAX) {
        r->base = s.items[i].base;
        r->path = mr_log__path(r->dir, r->base, ".seg");
    }
    mr_log__segments_finish(&s);
    return i == SIZE_MAX ? missing(r) : NULL;
}

/* The size is asked before each frame: bytes of a mapping beyond the file's end must not be
 * touched, and a sealed segment ends where its file does. */
static struct mr_error *look_at_size(struct mr_log_reader *r)
{
    struct stat st;
    if (stat(r->path, &st) == 0) {
        r->file_size = (size_t)st.st_size;
        return NULL;
    }
    if (errno != ENOENT)
        return mr_file_error(errno, "look at", r->path);
    if (!r->map)
        return missing(r);
    /* Trimmed while mapped: it can still be read, but where it ended is known only from the segment
     * that follows; the size last seen may include room that was cut off when it was sealed. */
    struct mr_log__segments s;
    MR_TRY(mr_log__segments_list(r->dir, &s));
    size_t next = mr_log__segments_at(&s, r->pos);
    if (next != SIZE_MAX && s.items[next].base == r->pos && r->pos > r->base)
        r->file_size = (size_t)(r->pos - r->base);
    mr_log__segments_finish(&s);
    return NULL;
}

static struct mr_error *map_segment(struct mr_log_reader *r)
{
    if (r->map_len >= r->file_size)
        return NULL;
    int fd = open(r->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return errno == ENOENT ? missing(r) : mr_file_error(errno, "open", r->path);
    if (r->map)
        munmap((void *)r->map, r->map_len);
    r->map = NULL;
    r->map_len = 0;
    void *map = mmap(NULL, r->file_size, PROT_READ, MAP_SHARED, fd, 0);
    int why = errno;
    close(fd);
    if (map == MAP_FAILED)
        return mr_file_error(why, "map", r->path);
    r->map = map;
    r->map_len = r->file_size;
    return NULL;
}

/* Maps the segment that holds the byte at pos, which lies below the end. *bytes, *avail: from there
 * to the end of the file or of what may be read. */
static struct mr_error *locate(struct mr_log_reader *r, const uint8_t **bytes, size_t *avail)
{
    if (!r->path)
        MR_TRY(choose_segment(r));
    MR_TRY(look_at_size(r));
    if (r->pos - r->base == r->file_size) {
        MR_TRY(choose_segment(r));
        if (r->base != r->pos)
            return missing(r);
        MR_TRY(look_at_size(r));
    }
    uint64_t offset = r->pos - r->base;
    if (offset >= r->file_size)
        return mr_error(MR_LOG_CORRUPT,
                        "\"%s\" has %zu bytes, the frame at byte %" PRIu64 " is missing", r->path,
                        r->file_size, offset);
    MR_TRY(map_segment(r));
    uint64_t committed = r->end.pos - r->pos;
    *bytes = r->map + offset;
    *avail = r->file_size - offset;
    if (*avail > committed)
        *avail = (size_t)committed;
    return NULL;
}

/* ---- frames ---- */

static bool anything_new(struct mr_log_reader *r)
{
    if (r->pos < r->end.pos)
        return true;
    if (r->page)
        r->end = mr_log__page_end(r->page);
    return r->pos < r->end.pos;
}

/* {0} means "from the first row that is kept". */
static void begin_at_start(struct mr_log_reader *r)
{
    uint64_t start = kept_from(r);
    r->begin = false;
    if (start <= r->pos)
        return;
    r->pos = start;
    r->anchored = false;
}

static struct mr_error *load_frame(struct mr_log_reader *r)
{
    const uint8_t *bytes, *rows;
    size_t avail;
    struct mr_log__frame f;
    MR_TRY(locate(r, &bytes, &avail));
    uint64_t offset = r->pos - r->base;
    MR_TRY(mr_log__frame_read(bytes, avail, r->path, offset, true, &f));
    MR_TRY(mr_log__frame_unpack(&f, r->path, offset, r->scratch, &rows));
    r->at = rows;
    r->left = f.raw_length;
    r->rows_left = f.rows;
    r->row_n = f.first_n;
    r->frame_bytes = f.raw_length;
    r->frame_time = f.time_ms;
    r->next_pos = r->pos + f.size;
    r->before.valid = false; /* its row went with its frame */
    return NULL;
}

struct mr_error *mr_log_reader_next(struct mr_log_reader *r, uint32_t *rows)
{
    *rows = r->rows_left;
    if (r->rows_left)
        return NULL;
    if (!r->page && !r->scan)
        MR_TRY(mr_log__page_open(r->dir, false, &r->page));
    if (!anything_new(r))
        return NULL;
    if (r->begin)
        begin_at_start(r);
    r->before.valid = false;
    MR_TRY(load_frame(r));
    *rows = r->rows_left;
    return NULL;
}

/* ---- rows ---- */

static struct mr_error *lineage_error(const struct mr_log_reader *r, const struct mr_head *h,
                                      const char *what)
{
    return mr_error(MR_LINEAGE_GAP,
                    "\"%s\" at byte %" PRIu64 ", lane %u:%u: row %" PRIu64 " after row %" PRIu64
                    ": %s",
                    r->path, r->pos - r->base, (unsigned)(h->lane >> 16),
                    (unsigned)(h->lane & 0xffff), h->n, r->n, what);
}

/* *fresh: a row to give out; false: one that was taken before. */
static struct mr_error *check_lineage(struct mr_log_reader *r, const struct mr_head *h, bool *fresh)
{
    *fresh = h->n > r->skip_to && (h->n > r->n || !r->anchored);
    if (r->anchored && h->n > r->n + 1)
        return lineage_error(r, h, "rows are missing");
    if (r->anchored && h->n == r->n && h->hash != r->hash)
        return lineage_error(r, h, "it was another row before");
    if (r->anchored && h->n == r->n + 1 && h->hash != mr_lineage_hash(r->hash, &h->id))
        return lineage_error(r, h, "it does not continue the rows before it");
    if (!*fresh) {
        r->repeats += h->n > r->skip_to;
        return NULL;
    }
    r->n = h->n;
    r->hash = h->hash;
    r->anchored = true;
    return NULL;
}

static struct mr_error *take_row(struct mr_log_reader *r, struct mr_head *head, struct mr_str *map,
                                 bool *fresh)
{
    bool whole = mr_log__frame_row(&r->at, &r->left, head, map);
    if (!whole || head->n != r->row_n || (r->rows_left == 1 && r->left != 0))
        return mr_error(MR_LOG_CORRUPT,
                        "\"%s\" at byte %" PRIu64 ": row %" PRIu64 " of the frame is not a row",
                        r->path, r->pos - r->base, r->row_n);
    r->row_n++;
    MR_TRY(check_lineage(r, head, fresh));
    if (--r->rows_left == 0)
        r->pos = r->next_pos;
    return NULL;
}

static void remember(struct mr_log_reader *r)
{
    r->before.n = r->n;
    r->before.hash = r->hash;
    r->before.pos = r->pos;
    r->before.row_n = r->row_n;
    r->before.at = r->at;
    r->before.left = r->left;
    r->before.rows_left = r->rows_left;
    r->before.anchored = r->anchored;
    r->before.valid = true;
}

void mr_log_reader_back(struct mr_log_reader *r)
{
    mr_assert(r->before.valid);
    r->before.valid = false;
    r->n = r->before.n;
    r->hash = r->before.hash;
    r->pos = r->before.pos;
    r->row_n = r->before.row_n;
    r->at = r->before.at;
    r->left = r->before.left;
    r->rows_left = r->before.rows_left;
    r->anchored = r->before.anchored;
}

struct mr_error *mr_log_reader_row(struct mr_log_reader *r, struct mr_head *head,
                                   struct mr_str *map, bool *found)
{
    *found = false;
    while (r->rows_left && !*found) {
        remember(r);
        struct mr_error *e = take_row(r, head, map, found);
        if (e) {
            r->rows_left = 0; /* the next call loads the frame again, and fails again */
            return e;
        }
    }
    return NULL;
}

struct mr_mark mr_log_reader_mark(const struct mr_log_reader *r)
{
    return (struct mr_mark){r->pos, r->n, r->hash};
}

uint64_t mr_log_reader_time(const struct mr_log_reader *r)
{
    return r->frame_time;
}

uint64_t mr_log_reader_lag_bytes(const struct mr_log_reader *r)
{
    uint64_t end = r->page ? mr_log__page_end(r->page).pos : r->end.pos;
    uint64_t pos = r->pos;
    if (r->begin && kept_from(r) > pos)
        pos = kept_from(r);
    return end > pos ? end - pos : 0;
}

uint64_t mr_log_reader_repeats(const struct mr_log_reader *r)
{
    return r->repeats;
}

/* ---- open, commit, seek, close ---- */

void mr_log_reader_bells(struct mr_log_reader *r, struct mr_bells *bells)
{
    r->bells = bells;
}

void mr_log_reader_commit(struct mr_log_reader *r, struct mr_mark committed)
{
    if (!r->entry)
        return;
    atomic_store(&r->entry->n, committed.n);
    atomic_store(&r->entry->pos, committed.pos);
    if (r->bells)
        mr_bells_ring(r->bells, atomic_load(&r->page->bell));
}

/* Finds or takes the reader's entry. Under the page's lock, so that retention sees it whole. */
static struct mr_error *register_reader(struct mr_log_reader *r, uint64_t id, uint32_t bell)
{
    struct mr_log__page_reader *mine = NULL, *empty = NULL;
    for (size_t i = 0; i < MR_PAGE_READERS && !mine; i++) {
        struct mr_log__page_reader *e = &r->page->readers[i];
        uint64_t owner = atomic_load(&e->id);
        if (owner == id)
            mine = e;
        else if (owner == 0 && !empty)
            empty = e;
    }
    if (!mine && !empty)
        return mr_error(MR_LOG_READERS_FULL, "\"%s\" has %d readers already", r->dir,
                        MR_PAGE_READERS);
    r->entry = mine ? mine : empty;
    atomic_store(&r->entry->n, r->n);
    atomic_store(&r->entry->pos, r->pos);
    atomic_store(&r->entry->bell, bell);
    atomic_store(&r->entry->id, id);
    return NULL;
}

static struct mr_error *attach(struct mr_log_reader *r, uint64_t id, uint32_t bell)
{
    struct mr_error *e = NULL;
    if (id == 0) {
        MR_TRY(mr_log__page_open(r->dir, false, &r->page));
    } else {
        int lock;
        MR_TRY(mr_dir_make(r->dir));
        MR_TRY(mr_log__page_open(r->dir, true, &r->page));
        MR_TRY(mr_log__page_lock(r->dir, &lock));
        if (r->begin && kept_from(r) > r->pos)
            begin_at_start(r);
        if (r->pos < kept_from(r))
            e = missing(r);
        if (!e)
            e = register_reader(r, id, bell);
        mr_log__page_unlock(lock);
    }
    if (!e && !r->begin && r->pos < kept_from(r))
        e = missing(r);
    return e;
}

static struct mr_log_reader *create(char *dir, struct mr_mark from)
{
    struct mr_log_reader *r = mr_zalloc(sizeof(*r));
    r->dir = dir;
    r->pos = from.pos;
    r->n = r->skip_to = from.n;
    r->hash = from.hash;
    /* Behind the start without a row: it began at a trimmed log, and has met none yet. */
    r->anchored = from.n > 0 || from.pos == 0;
    r->begin = from.pos == 0 && from.n == 0;
    r->scratch = &r->own_scratch;
    return r;
}

struct mr_error *mr_log_reader_open(const struct mr_log_place *place, uint64_t reader,
                                    uint32_t bell, struct mr_mark from, struct mr_log_reader **out)
{
    char *dir;
    MR_TRY(mr_log__dir(place, &dir));
    struct mr_log_reader *r = create(dir, from);
    struct mr_error *e = attach(r, reader, bell);
    if (e) {
        mr_log_reader_close(r);
        return e;
    }
    *out = r;
    return NULL;
}

struct mr_log_reader *mr_log__reader_scan(const char *dir, uint64_t pos, uint64_t end)
{
    struct mr_log_reader *r = create(mr_strdup(dir), (struct mr_mark){.pos = pos});
    r->scan = true;
    r->begin = false;
    r->anchored = false;
    r->end.pos = end;
    return r;
}

/* The last segment that begins with row n or before. */
static struct mr_error *segment_of_row(struct mr_log_reader *r, uint64_t n)
{
    struct mr_log__segments s;
    struct mr_error *e = mr_log__segments_list(r->dir, &s);
    size_t low = 0, high = e ? 0 : s.count;
    while (high > 0 && s.items[high - 1].base >= r->end.pos)
        high--; /* nothing committed in it: it may hold no frame yet */
    size_t count = high;
    while (low < high && !e) {
        size_t middle = low + (high - low) / 2;
        uint64_t first = 0;
        e = mr_log__segment_first_n(r->dir, s.items[middle].base, &first);
        if (first <= n)
            low = middle + 1;
        else
            high = middle;
    }
    if (!e && low == 0)
        e = count
                ? mr_error(MR_LOG_TRIMMED, "row %" PRIu64 " of \"%s\" is no longer kept", n, r->dir)
                : missing(r);
    if (!e)
        r->pos = s.items[low - 1].base;
    mr_log__segments_finish(&s);
    return e;
}

/* From frame to frame by their heads. */
static struct mr_error *hop_to_row(struct mr_log_reader *r, uint64_t n)
{
    while (r->pos < r->end.pos) {
        const uint8_t *bytes;
        size_t avail;
        struct mr_log__frame f;
        MR_TRY(locate(r, &bytes, &avail));
        MR_TRY(mr_log__frame_read(bytes, avail, r->path, r->pos - r->base, false, &f));
        if (n - f.first_n < f.rows)
            return NULL;
        r->pos += f.size;
    }
    return NULL;
}

struct mr_error *mr_log_reader_seek(struct mr_log_reader *r, uint64_t n)
{
    r->rows_left = 0;
    if (!r->page)
        MR_TRY(mr_log__page_open(r->dir, false, &r->page));
    if (!r->page)
        return NULL;
    r->end = mr_log__page_end(r->page);
    r->begin = r->anchored = false;
    r->n = r->skip_to = n ? n - 1 : 0;
    leave_segment(r);
    if (n == 0 || n > r->end.n) {
        r->pos = n ? r->end.pos : kept_from(r);
        return NULL;
    }
    MR_TRY(segment_of_row(r, n));
    return hop_to_row(r, n);
}

void mr_log__reader_scratch(struct mr_log_reader *r, struct mr_buf *scratch)
{
    r->scratch = scratch;
}

uint32_t mr_log__reader_left(const struct mr_log_reader *r)
{
    return r->rows_left;
}

void mr_log__reader_put_down(struct mr_log_reader *r)
{
    r->skip_to = r->n; /* its first rows are no repeats when they come again */
    r->rows_left = 0;
    r->before.valid = false;
}

uint64_t mr_log__reader_frame_bytes(const struct mr_log_reader *r)
{
    return r->frame_bytes;
}

uint64_t mr_log__reader_pos(const struct mr_log_reader *r)
{
    return r->pos;
}

void mr_log_reader_close(struct mr_log_reader *r)
{
    if (!r)
        return;
    leave_segment(r);
    mr_log__page_close(r->page);
    mr_buf_finish(&r->own_scratch);
    free(r->dir);
    free(r);
}
