/* Arenas: chunks in a list, a bump pointer, everything released at once. */
#include "runtime/base/arena.h"

#include "runtime/base/base_private.h"
#include "runtime/base/error.h"

#include <stdio.h>
#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_ASAN 1
#endif
#endif

#ifdef ARENA_ASAN
#include <sanitizer/asan_interface.h>
#define POISON(ptr, size)   ASAN_POISON_MEMORY_REGION((ptr), (size))
#define UNPOISON(ptr, size) ASAN_UNPOISON_MEMORY_REGION((ptr), (size))
#define RED_ZONE            16 /* unusable bytes between two allocations */
#else
#define POISON(ptr, size)   ((void)(ptr), (void)(size))
#define UNPOISON(ptr, size) ((void)(ptr), (void)(size))
#define RED_ZONE            0
#endif

#define ALIGN               16
#define DEFAULT_CHUNK_BYTES ((size_t)64 << 10)
#define KEEP_BYTES          ((size_t)1 << 20) /* kept over a reset, so that a steady batch never mallocs */

struct chunk {
    struct chunk *next;
    size_t size; /* of data */
    _Alignas(ALIGN) char data[];
};

struct on_reset {
    struct on_reset *next;
    void (*fn)(void *ptr);
    void *ptr;
};

struct mr_arena {
    struct chunk *first; /* chunks of chunk_bytes; those after current are empty */
    struct chunk *current;
    struct chunk *large; /* one allocation each */
    size_t at;           /* in current */
    size_t chunk_bytes;
    size_t used;
    struct on_reset *callbacks;
};

static struct chunk *chunk_create(size_t size)
{
    struct chunk *c = mr_alloc(sizeof *c + size);
    c->next = NULL;
    c->size = size;
    POISON(c->data, size);
    return c;
}

static void chunks_free(struct chunk *c)
{
    while (c) {
        struct chunk *next = c->next;
        UNPOISON(c->data, c->size);
        free(c);
        c = next;
    }
}

struct mr_arena *mr_arena_create(size_t chunk_bytes)
{
    struct mr_arena *a = mr_zalloc(sizeof *a);
    a->chunk_bytes = chunk_bytes ? (chunk_bytes + ALIGN - 1) / ALIGN * ALIGN : DEFAULT_CHUNK_BYTES;
    a->first = a->current = chunk_create(a->chunk_bytes);
    return a;
}

/* A callback may add another one, for instance while it closes a handle that owns handles. */
static void run_callbacks(struct mr_arena *a)
{
    while (a->callbacks) {
        struct on_reset entry = *a->callbacks;
        a->callbacks = entry.next;
        entry.fn(entry.ptr);
    }
}

void mr_arena_destroy(struct mr_arena *a)
{
    if (!a)
        return;
    run_callbacks(a);
    chunks_free(a->first);
    chunks_free(a->large);
    free(a);
}

void mr_arena_reset(struct mr_arena *a)
{
    run_callbacks(a);
    chunks_free(a->large);
    a->large = NULL;
    struct chunk *last = NULL;
    size_t kept = 0;
    for (struct chunk *c = a->first; c && (c == a->first || kept + c->size <= KEEP_BYTES);
         c = c->next) {
        kept += c->size;
        last = c;
#ifdef MR_DEBUG
        UNPOISON(c->data, c->size);
        memset(c->data, 0xa5, c->size);
#endif
        POISON(c->data, c->size);
    }
    chunks_free(last->next);
    last->next = NULL;
    a->current = a->first;
    a->at = 0;
    a->used = 0;
}

static void *alloc_large(struct mr_arena *a, size_t size)
{
    struct chunk *c = chunk_create(size);
    c->next = a->large;
    a->large = c;
    UNPOISON(c->data, size);
    return c->data;
}

void *mr_arena_alloc(struct mr_arena *a, size_t size)
{
    size_t step;
    mr_assert(!__builtin_add_overflow(size, ALIGN - 1 + RED_ZONE, &step));
    step = step / ALIGN * ALIGN;
    a->used += size;
    if (step > a->chunk_bytes / 4)
        return alloc_large(a, size);
    if (step > a->current->size - a->at) {
        if (!a->current->next)
            a->current->next = chunk_create(a->chunk_bytes);
        a->current = a->current->next;
        a->at = 0;
    }
    char *ptr = a->current->data + a->at;
    a->at += step;
    UNPOISON(ptr, size);
    return ptr;
}

void *mr_arena_zalloc(struct mr_arena *a, size_t size)
{
    return memset(mr_arena_alloc(a, size), 0, size);
}

struct mr_str mr_arena_str(struct mr_arena *a, struct mr_str s)
{
    mr_assert(s.len < SIZE_MAX);
    char *copy = mr_arena_alloc(a, s.len + 1);
    if (s.len)
        memcpy(copy, s.ptr, s.len);
    copy[s.len] = 0;
    return mr_str_span(copy, s.len);
}

struct mr_str mr_arena_printf(struct mr_arena *a, const char *format, ...)
{
    struct mr_buf text = {0};
    va_list args;
    va_start(args, format);
    mr_buf__vprintf(&text, format, args);
    va_end(args);
    struct mr_str copy = mr_arena_str(a, mr_buf_str(&text));
    mr_buf_finish(&text);
    return copy;
}

size_t mr_arena_used(const struct mr_arena *a)
{
    return a->used;
}

void mr_arena_on_reset(struct mr_arena *a, void (*fn)(void *ptr), void *ptr)
{
    struct on_reset *entry = mr_arena_alloc(a, sizeof *entry);
    *entry = (struct on_reset){.next = a->callbacks, .fn = fn, .ptr = ptr};
    a->callbacks = entry;
}
