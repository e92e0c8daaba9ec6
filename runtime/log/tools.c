/* Looks at and keeps house in a log from outside: figures, a row's number by id, retention. */
#include "runtime/log/inside.h"

#include <stdlib.h>
#include <sys/stat.h>

/* A log looked at from outside. page NULL: there is none yet. */
struct view {
    char *dir;
    struct mr_log__page *page;
    struct mr_log__segments segments;
    struct mr_mark end;
};

static void close_view(struct view *v)
{
    mr_log__segments_finish(&v->segments);
    mr_log__page_close(v->page);
    free(v->dir);
}

static struct mr_error *open_view(const struct mr_log_place *place, struct view *v)
{
    *v = (struct view){0};
    MR_TRY(mr_log__dir(place, &v->dir));
    struct mr_error *e = mr_log__page_open(v->dir, false, &v->page);
    /* The end is taken first, so that every segment below it is listed. */
    if (!e && v->page) {
        v->end = mr_log__page_end(v->page);
        e = mr_log__segments_list(v->dir, &v->segments);
    }
    if (e)
        close_view(v);
    return e;
}

static uint64_t bytes_on_disk(const struct view *v)
{
    static const char *const suffixes[] = {".seg", ".ids", ".idw"};
    uint64_t sum = 0;
    for (size_t i = 0; i < v->segments.count; i++) {
        for (size_t k = 0; k < sizeof(suffixes) / sizeof(*suffixes); k++) {
            struct stat st;
            char *path = mr_log__path(v->dir, v->segments.items[i].base, suffixes[k]);
            if (stat(path, &st) == 0)
                sum += (uint64_t)st.st_blocks * 512;
            free(path);
        }
    }
    return sum;
}

struct mr_error *mr_log_stat(const struct mr_log_place *place, struct mr_log_stat *out)
{
    struct view v;
    struct mr_error *e = NULL;
    *out = (struct mr_log_stat){.slowest_reader_pos = UINT64_MAX};
    MR_TRY(open_view(place, &v));
    if (v.page) {
        out->start_pos = atomic_load(&v.page->start);
        out->end_pos = v.end.pos;
        out->segments = v.segments.count;
        out->bytes_on_disk = bytes_on_disk(&v);
        out->slowest_reader_pos = mr_log__page_slowest(v.page, &out->readers);
    }
    if (out->end_pos > out->start_pos && v.segments.count) {
        e = mr_log__segment_first_n(v.dir, v.segments.items[0].base, &out->first_n);
        out->rows = e ? 0 : v.end.n - out->first_n + 1;
    }
    close_view(&v);
    return e;
}

struct mr_error *mr_log_progress(const struct mr_log_place *place, uint64_t reader, uint64_t *end_n,
                                 uint64_t *read_n)
{
    char *dir;
    struct mr_log__page *page = NULL;
    *end_n = *read_n = 0;
    MR_TRY(mr_log__dir(place, &dir));
    struct mr_error *e = mr_log__page_open(dir, false, &page);
    free(dir);
    if (e || !page)
        return e;
    for (size_t i = 0; i < MR_PAGE_READERS; i++)
        if (atomic_load(&page->readers[i].id) == reader)
            *read_n = atomic_load(&page->readers[i].n);
    *end_n = mr_log__page_end(page).n;
    mr_log__page_close(page);
    return NULL;
}

struct mr_error *mr_log_registered(const struct mr_log_place *place, uint64_t reader, bool *out)
{
    char *dir;
    struct mr_log__page *page = NULL;
    *out = false;
    MR_TRY(mr_log__dir(place, &dir));
    struct mr_error *e = mr_log__page_open(dir, false, &page);
    free(dir);
    if (e || !page)
        return e;
    for (size_t i = 0; i < MR_PAGE_READERS && !*out; i++)
        *out = atomic_load(&page->readers[i].id) == reader;
    mr_log__page_close(page);
    return NULL;
}

/* ---- find ---- */

struct search {
    struct mr_log_reader *reader;
    const struct mr_id *id;
    uint64_t end_n, found;
    struct mr_error *error;
};

/* A prefix is only a hint: the row itself decides. False ends the search. */
static bool try_row(void *arg, uint64_t n)
{
    struct search *s = arg;
    struct mr_head head;
    struct mr_str map;
    uint32_t rows = 0;
    bool found = false;
    if (n == 0 || n > s->end_n)
        return true;
    s->error = mr_log_reader_seek(s->reader, n);
    if (!s->error)
        s->error = mr_log_reader_next(s->reader, &rows);
    if (!s->error && rows)
        s->error = mr_log_reader_row(s->reader, &head, &map, &found);
    if (found && mr_id_eq(&head.id, s->id))
        s->found = n;
    return !s->error && !s->found;
}

static struct mr_error *scan_segment(const char *dir, uint64_t base, uint64_t end, struct search *s)
{
    struct mr_log_reader *r = mr_log__reader_scan(dir, base, end);
    struct mr_error *e;
    uint32_t rows;
    while (!(e = mr_log_reader_next(r, &rows)) && rows && !s->found) {
        struct mr_head head;
        struct mr_str map;
        bool found;
        while (!(e = mr_log_reader_row(r, &head, &map, &found)) && found && !s->found)
            if (mr_id_eq(&head.id, s->id))
                s->found = head.n;
        if (e)
            break;
    }
    mr_log_reader_close(r);
    return e;
}

static struct mr_error *search_segment(const struct view *v, size_t i, struct search *s)
{
    uint64_t base = v->segments.items[i].base, end = v->end.pos;
    bool usable = false;
    if (base >= end)
        return NULL;
    if (i + 1 < v->segments.count && v->segments.items[i + 1].base <= end) {
        end = v->segments.items[i + 1].base;
        mr_log__ids_find(v->dir, base, mr_log__id_prefix(s->id), try_row, s, &usable);
    } else {
        uint64_t first_n;
        MR_TRY(mr_log__segment_first_n(v->dir, base, &first_n));
        if (first_n && first_n <= v->end.n)
            mr_log__notes_find(v->dir, base, first_n, v->end.n - first_n + 1,
                               mr_log__id_prefix(s->id), try_row, s, &usable);
    }
    return usable ? s->error : scan_segment(v->dir, base, end, s);
}

struct mr_error *mr_log_find(const struct mr_log_place *place, const struct mr_id *id, uint64_t *n)
{
    struct view v;
    *n = 0;
    MR_TRY(open_view(place, &v));
    struct search s = {.id = id, .end_n = v.end.n};
    struct mr_error *e = mr_log_reader_open(place, 0, MR_BELL_NONE, (struct mr_mark){0}, &s.reader);
    for (size_t i = 0; i < v.segments.count && !e && !s.found; i++)
        e = search_segment(&v, i, &s);
    if (!e)
        *n = s.found;
    mr_log_reader_close(s.reader);
    close_view(&v);
    return e;
}

/* ---- readers ---- */

/* The table is walked up to its first free entry, so those that stay move to its front. */
static void keep_readers(struct mr_log__page *p, const uint64_t *keep, size_t keep_count)
{
    size_t to = 0;
    for (size_t i = 0; i < MR_PAGE_READERS; i++) {
        struct mr_log__page_reader *from = &p->readers[i];
        uint64_t id = atomic_load(&from->id);
        bool stays = false;
        for (size_t k = 0; id && k < keep_count && !stays; k++)
            stays = keep[k] == id;
        if (!stays)
            continue;
        struct mr_log__page_reader *at = &p->readers[to++];
        if (at == from)
            continue;
        atomic_store(&at->n, atomic_load(&from->n));
        atomic_store(&at->pos, atomic_load(&from->pos));
        atomic_store(&at->bell, atomic_load(&from->bell));
        atomic_store(&at->id, id);
    }
    /* From behind, so that a crash leaves no gap that hides an entry. */
    for (size_t i = MR_PAGE_READERS; i > to; i--)
        atomic_store(&p->readers[i - 1].id, 0);
}

struct mr_error *mr_log_release(const struct mr_log_place *place, const uint64_t *keep,
                                size_t keep_count)
{
    struct view v;
    int lock = -1;
    MR_TRY(open_view(place, &v));
    struct mr_error *e = v.page ? mr_log__page_lock(v.dir, &lock) : NULL;
    if (!e && v.page)
        keep_readers(v.page, keep, keep_count);
    mr_log__page_unlock(lock);
    close_view(&v);
    return e;
}

/* ---- trim ---- */

/* How many segments from the front nobody needs. The last one with something committed always
 * stays, also where a writer that died had begun another one: the next writer goes on from there.
 */
static size_t removable(const struct view *v, uint64_t upto)
{
    uint32_t readers;
    uint64_t slowest = mr_log__page_slowest(v->page, &readers);
    size_t count = 0;
    upto = upto < slowest ? upto : slowest;
    upto = upto < v->end.pos ? upto : v->end.pos;
    while (count + 1 < v->segments.count && v->segments.items[count + 1].base <= upto &&
           v->segments.items[count + 1].base < v->end.pos)
        count++;
    return count;
}

struct mr_error *mr_log_trim(const struct mr_log_place *place, uint64_t upto, uint64_t *freed_bytes)
{
    struct view v;
    int lock = -1;
    *freed_bytes = 0;
    MR_TRY(open_view(place, &v));
    struct mr_error *e = v.page ? mr_log__page_lock(v.dir, &lock) : NULL;
    if (!e && v.page) {
        /* Again under the lock, with the readers that may have come since. */
        mr_log__segments_finish(&v.segments);
        v.end = mr_log__page_end(v.page);
        e = mr_log__segments_list(v.dir, &v.segments);
    }
    size_t count = e || !v.page ? 0 : removable(&v, upto);
    uint64_t before = bytes_on_disk(&v);
    if (count)
        /* First told, then done: who comes late hears "trimmed", not "damaged". */
        atomic_store(&v.page->start, v.segments.items[count].base);
    for (size_t i = 0; i < count && !e; i++)
        e = mr_log__segment_remove(v.dir, v.segments.items[i].base);
    uint64_t after = count ? bytes_on_disk(&v) : before;
    *freed_bytes = before > after ? before - after : 0;
    mr_log__page_unlock(lock);
    close_view(&v);
    return e;
}
