/* External merge sort of fixed records: sorted pieces in one file, merged by a heap of their heads.
 */
#include "stages/look/sort.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "runtime/base/file.h"

enum { PIECE = 256 * 1024, READ_AHEAD = 512 }; /* records */

/* A sorted piece of the file, with a window of it in memory. */
struct piece {
    uint64_t at, end; /* bytes in the file: next to be read, end */
    uint8_t *window;
    size_t have, next; /* records in the window */
};

struct mr_sort {
    uint8_t *records;
    size_t count;
    int fd;
    uint64_t written;
    struct piece *pieces, **heap;
    size_t piece_count, heap_count;
    size_t taken; /* without pieces: of records */
    bool begun;
    uint8_t current[MR_SORT_BYTES];
};

struct mr_sort *mr_sort_create(void)
{
    struct mr_sort *s = mr_zalloc(sizeof *s);
    s->fd = -1;
    s->records = mr_alloc((size_t)PIECE * MR_SORT_BYTES);
    return s;
}

void mr_sort_destroy(struct mr_sort *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->piece_count; i++)
        free(s->pieces[i].window);
    if (s->fd >= 0)
        close(s->fd);
    free(s->records);
    free(s->pieces);
    free(s->heap);
    free(s);
}

static int by_bytes(const void *a, const void *b)
{
    return memcmp(a, b, MR_SORT_BYTES);
}

static struct mr_error *open_file(struct mr_sort *s)
{
    const char *tmp = getenv("TMPDIR");
    struct mr_buf path = {0};
    mr_buf_printf(&path, "%s/millrace-sort.XXXXXX", tmp && *tmp ? tmp : "/tmp");
    mr_buf_text(&path);
    s->fd = mkostemp(path.ptr, O_CLOEXEC);
    struct mr_error *e = s->fd < 0 ? mr_file_error(errno, "make", path.ptr) : NULL;
    if (!e)
        unlink(path.ptr);
    mr_buf_finish(&path);
    return e;
}

static struct mr_error *spill(struct mr_sort *s)
{
    size_t bytes = s->count * MR_SORT_BYTES;
    if (s->fd < 0)
        MR_TRY(open_file(s));
    qsort(s->records, s->count, MR_SORT_BYTES, by_bytes);
    MR_TRY(mr_file_write_at(s->fd, "a file for sorting", s->records, bytes, s->written));
    s->pieces = mr_realloc(s->pieces, (s->piece_count + 1) * sizeof *s->pieces);
    s->pieces[s->piece_count++] = (struct piece){.at = s->written, .end = s->written + bytes};
    s->written += bytes;
    s->count = 0;
    return NULL;
}

struct mr_error *mr_sort_add(struct mr_sort *s, const uint8_t record[MR_SORT_BYTES])
{
    mr_assert(!s->begun);
    if (s->count == PIECE)
        MR_TRY(spill(s));
    memcpy(s->records + s->count++ * MR_SORT_BYTES, record, MR_SORT_BYTES);
    return NULL;
}

static struct mr_error *fill(struct mr_sort *s, struct piece *p)
{
    uint64_t left = p->end - p->at, want = (uint64_t)READ_AHEAD * MR_SORT_BYTES;
    p->next = p->have = 0;
    want = left < want ? left : want;
    for (size_t got = 0; got < want;) {
        ssize_t n = pread(s->fd, p->window + got, want - got, (off_t)(p->at + got));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return mr_file_error(n ? errno : EIO, "read", "a file for sorting");
        got += (size_t)n;
    }
    p->at += want;
    p->have = want / MR_SORT_BYTES;
    return NULL;
}

static const uint8_t *head(const struct piece *p)
{
    return p->window + p->next * MR_SORT_BYTES;
}

static void sink(struct mr_sort *s, size_t i)
{
    for (;;) {
        size_t least = i;
        for (size_t k = 2 * i + 1; k <= 2 * i + 2 && k < s->heap_count; k++)
            if (by_bytes(head(s->heap[k]), head(s->heap[least])) < 0)
                least = k;
        if (least == i)
            return;
        struct piece *p = s->heap[i];
        s->heap[i] = s->heap[least];
        s->heap[least] = p;
        i = least;
    }
}

struct mr_error *mr_sort_begin(struct mr_sort *s)
{
    s->begun = true;
    if (!s->piece_count) {
        qsort(s->records, s->count, MR_SORT_BYTES, by_bytes);
        return NULL;
    }
    if (s->count)
        MR_TRY(spill(s));
    free(s->records);
    s->records = NULL;
    s->heap = mr_alloc(s->piece_count * sizeof *s->heap);
    for (size_t i = 0; i < s->piece_count; i++) {
        s->pieces[i].window = mr_alloc((size_t)READ_AHEAD * MR_SORT_BYTES);
        MR_TRY(fill(s, &s->pieces[i]));
        s->heap[s->heap_count++] = &s->pieces[i];
    }
    for (size_t i = s->heap_count; i > 0; i--)
        sink(s, i - 1);
    return NULL;
}

struct mr_error *mr_sort_next(struct mr_sort *s, const uint8_t **record)
{
    *record = NULL;
    if (!s->piece_count) {
        if (s->taken < s->count)
            *record = s->records + s->taken++ * MR_SORT_BYTES;
        return NULL;
    }
    if (!s->heap_count)
        return NULL;
    struct piece *p = s->heap[0];
    memcpy(s->current, head(p), MR_SORT_BYTES);
    *record = s->current;
    if (++p->next == p->have && p->at < p->end)
        MR_TRY(fill(s, p));
    if (p->next == p->have)
        s->heap[0] = s->heap[--s->heap_count];
    sink(s, 0);
    return NULL;
}
