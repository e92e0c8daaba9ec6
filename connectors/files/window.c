/* A growing view of an input's bytes: records are looked for in it and eaten from its front. */
#include "connectors/files/files_private.h"

#include <stdlib.h>

enum { STEP = 64 << 10 };

void mr_files__window_init(struct files_window *w, struct files_input *in)
{
    *w = (struct files_window){
        .in = in, .ptr = mr_alloc(2 * STEP), .cap = 2 * STEP, .at = mr_files__input_start(in)};
}

bool mr_files__window_more(struct files_window *w)
{
    if (w->ended)
        return false;
    if (w->start && (w->start == w->end || w->cap - w->end < STEP)) {
        memmove(w->ptr, w->ptr + w->start, w->end - w->start);
        w->end -= w->start;
        w->start = 0;
    }
    if (w->cap - w->end < STEP) {
        w->cap *= 2;
        w->ptr = mr_realloc(w->ptr, w->cap);
    }
    size_t got = 0;
    w->failed = mr_files__input_read(w->in, w->ptr + w->end, w->cap - w->end, &got);
    w->end += got;
    w->ended = w->failed || !got;
    return !w->ended;
}

void mr_files__window_eat(struct files_window *w, size_t len)
{
    mr_assert(len <= w->end - w->start);
    w->start += len;
    w->at += len;
}

void mr_files__window_finish(struct files_window *w)
{
    mr_files__input_close(w->in);
    mr_error_free(w->failed);
    free(w->ptr);
    *w = (struct files_window){0};
}
