/* The heap of a process that holds stores: one, without surprises. */
#include "runtime/state/store_private.h"

#include <stdlib.h>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

/* The C library gives each thread a heap of its own, and none gives back what it once had: RocksDB's
 * two threads, which flush and compact by turns, would keep a copy each of what the worker has just
 * freed. And its limit for memory of its own per block grows with use: from then on a row of many
 * megabytes leaves a hole in the heap. */
static void settle_heap(bool keep)
{
#if defined(__GLIBC__)
    enum { BLOCK_ALONE = 4 << 20, GIVE_BACK = 8 << 20, NEVER = 1 << 30 };
    mallopt(M_ARENA_MAX, 1);
    mallopt(M_MMAP_THRESHOLD, BLOCK_ALONE);
    mallopt(M_TRIM_THRESHOLD, keep ? NEVER : GIVE_BACK);
#else
    (void)keep;
#endif
}

/* Touched and freed: it stays in the heap, where write buffers and cache find it later. */
static void take(size_t bytes)
{
    enum { PIECE = 128 << 10 };
    struct piece {
        struct piece *next;
        char rest[PIECE - sizeof(void *)];
    } *pieces = NULL;
    for (size_t got = 0; got < bytes; got += PIECE) {
        struct piece *p = mr_alloc(sizeof(*p));
        memset(p->rest, 1, sizeof(p->rest));
        __asm__ volatile("" : : "r"(p->rest) : "memory"); /* or the compiler leaves it out */
        p->next = pieces;
        pieces = p;
    }
    while (pieces) {
        struct piece *next = pieces->next;
        free(pieces);
        pieces = next;
    }
}

void mr_store__memory(size_t bytes)
{
    settle_heap(bytes > 0);
    take(bytes);
}
