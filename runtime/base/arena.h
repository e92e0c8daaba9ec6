/* Memory by lifetime: many allocations, one release.
 *
 * Three arenas matter: program (until exit), instance (open to close of an operator), batch (until
 * the rows of a batch are encoded). Allocation never returns NULL. Thread: the owner only. */
#ifndef MR_BASE_ARENA_H
#define MR_BASE_ARENA_H

#include "runtime/base/str.h"

struct mr_arena;

struct mr_arena *mr_arena_create(size_t chunk_bytes);  /* 0: 64 KiB chunks */
void mr_arena_destroy(struct mr_arena *a);             /* accepts NULL     */

/* Forgets all allocations; keeps the first chunk, frees chunks beyond keep-size. Debug builds fill
 * the memory with a pattern and mark it for AddressSanitizer. */
void mr_arena_reset(struct mr_arena *a);

void *mr_arena_alloc(struct mr_arena *a, size_t size);   /* 16-aligned, not cleared */
void *mr_arena_zalloc(struct mr_arena *a, size_t size);  /* cleared                 */
struct mr_str mr_arena_str(struct mr_arena *a, struct mr_str s);  /* copy, zero-terminated */
struct mr_str mr_arena_printf(struct mr_arena *a, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
size_t mr_arena_used(const struct mr_arena *a);  /* bytes handed out since the last reset */

/* Calls fn(ptr) at the next reset or at destroy, last added first: frees foreign handles. */
void mr_arena_on_reset(struct mr_arena *a, void (*fn)(void *ptr), void *ptr);

#endif
