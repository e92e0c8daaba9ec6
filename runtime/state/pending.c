/* The map of uncommitted changes: a skip list in an arena, and the prefixes hidden on disk. */
#include "runtime/state/pending.h"

#include <stdlib.h>

static struct mr_pending_entry *entry_make(struct mr_pending *p, int height)
{
    size_t size = sizeof(struct mr_pending_entry) + (size_t)height * sizeof(void *);
    return mr_arena_zalloc(p->arena, size);
}

void mr_pending__init(struct mr_pending *p)
{
    *p = (struct mr_pending){.arena = mr_arena_create(0), .random = 0x9e3779b97f4a7c15ULL};
    p->head = entry_make(p, MR_PENDING_LEVELS);
}

void mr_pending__finish(struct mr_pending *p)
{
    mr_arena_destroy(p->arena);
    free(p->hidden);
    *p = (struct mr_pending){0};
}

void mr_pending__clear(struct mr_pending *p)
{
    mr_arena_reset(p->arena);
    p->head = entry_make(p, MR_PENDING_LEVELS);
    p->hidden_count = 0;
    p->entries = 0;
}

size_t mr_pending__bytes(const struct mr_pending *p)
{
    return p->entries || p->hidden_count ? mr_arena_used(p->arena) : 0;
}

/* One level more with a chance of one in four. */
static int random_height(struct mr_pending *p)
{
    p->random ^= p->random << 13;
    p->random ^= p->random >> 7;
    p->random ^= p->random << 17;
    int height = 1;
    for (uint64_t bits = p->random; height < MR_PENDING_LEVELS && (bits & 3) == 0; bits >>= 2)
        height++;
    return height;
}

/* Fills before[] with the last entry below the key on each level; returns the one that follows. */
static struct mr_pending_entry *find(const struct mr_pending *p, struct mr_str key, bool after,
                                     struct mr_pending_entry *before[MR_PENDING_LEVELS])
{
    struct mr_pending_entry *at = p->head;
    for (int level = MR_PENDING_LEVELS - 1; level >= 0; level--) {
        for (struct mr_pending_entry *n = at->next[level]; n; n = at->next[level]) {
            int order = mr_str_cmp(n->key, key);
            if (after ? order > 0 : order >= 0)
                break;
            at = n;
        }
        if (before)
            before[level] = at;
    }
    return at->next[0];
}

struct mr_pending_entry *mr_pending__seek(const struct mr_pending *p, struct mr_str key, bool after)
{
    return find(p, key, after, NULL);
}

static struct mr_pending_entry *insert(struct mr_pending *p, struct mr_str key,
                                       struct mr_pending_entry *before[MR_PENDING_LEVELS])
{
    int height = random_height(p);
    struct mr_pending_entry *e = entry_make(p, height);
    e->key = mr_arena_str(p->arena, key);
    for (int level = 0; level < height; level++) {
        e->next[level] = before[level]->next[level];
        before[level]->next[level] = e;
    }
    p->entries++;
    return e;
}

void mr_pending__set(struct mr_pending *p, struct mr_str key, struct mr_str value, bool deleted,
                     bool reuse)
{
    struct mr_pending_entry *before[MR_PENDING_LEVELS];
    struct mr_pending_entry *e = find(p, key, false, before);
    if (!e || !mr_str_eq(e->key, key))
        e = insert(p, key, before);
    e->deleted = deleted;
    if (deleted) {
        e->value.len = 0;
    } else if (reuse && value.len && value.len <= e->value_room) {
        memmove((char *)e->value.ptr, value.ptr, value.len);
        e->value.len = value.len;
    } else {
        e->value = mr_arena_str(p->arena, value);
        e->value_room = value.len;
    }
}

const struct mr_str *mr_pending__hidden(const struct mr_pending *p, struct mr_str key)
{
    for (size_t i = 0; i < p->hidden_count; i++) {
        if (mr_str_starts(key, p->hidden[i]))
            return &p->hidden[i];
    }
    return NULL;
}

void mr_pending__hide(struct mr_pending *p, struct mr_str prefix)
{
    struct mr_pending_entry *e = mr_pending__seek(p, prefix, false);
    for (; e && mr_str_starts(e->key, prefix); e = e->next[0]) {
        e->deleted = true;
        e->value.len = 0;
    }
    if (mr_pending__hidden(p, prefix))
        return;
    size_t kept = 0;
    for (size_t i = 0; i < p->hidden_count; i++) {
        if (!mr_str_starts(p->hidden[i], prefix))
            p->hidden[kept++] = p->hidden[i];
    }
    if (kept == p->hidden_room) {
        p->hidden_room = p->hidden_room ? p->hidden_room * 2 : 8;
        p->hidden = mr_realloc(p->hidden, p->hidden_room * sizeof *p->hidden);
    }
    p->hidden[kept++] = mr_arena_str(p->arena, prefix);
    p->hidden_count = kept;
}

bool mr_prefix__end(struct mr_str prefix, struct mr_buf *out)
{
    while (prefix.len && (unsigned char)prefix.ptr[prefix.len - 1] == 0xff)
        prefix.len--;
    if (!prefix.len)
        return false;
    mr_buf_adds(out, prefix);
    out->ptr[out->len - 1]++;
    return true;
}
