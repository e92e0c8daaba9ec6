/* Changes that are not committed yet: an ordered map of puts and deletions over a list of hidden
 * prefixes. Private to runtime/state.
 *
 * A prefix hides what the disk holds below it; entries of the map always win over prefixes, because
 * hiding a prefix first turns the map's own entries below it into deletions. Entries stay where
 * they are until clear, so a cursor never dangles. Memory: one arena, all of it counted. */
#ifndef MR_STATE_PENDING_H
#define MR_STATE_PENDING_H

#include "runtime/base/arena.h"
#include "runtime/base/buf.h"

enum { MR_PENDING_LEVELS = 16 };

struct mr_pending_entry {
    struct mr_str key, value;
    bool deleted;
    size_t value_room;               /* bytes that the value's memory can take */
    struct mr_pending_entry *next[]; /* as many as its height */
};

struct mr_pending {
    struct mr_arena *arena;
    struct mr_pending_entry *head; /* no key, full height */
    struct mr_str *hidden;         /* prefixes, none a prefix of another */
    size_t hidden_count, hidden_room;
    size_t entries;
    uint64_t random;
};

void mr_pending__init(struct mr_pending *p);
void mr_pending__finish(struct mr_pending *p);
void mr_pending__clear(struct mr_pending *p);
/* reuse: no one holds a value of the map, so an equally long one may be overwritten in place. */
void mr_pending__set(struct mr_pending *p, struct mr_str key, struct mr_str value, bool deleted,
                     bool reuse);
/* First entry with a key ≥ key (> key when after). */
struct mr_pending_entry *mr_pending__seek(const struct mr_pending *p, struct mr_str key,
                                          bool after);
/* Hides the prefix on disk and deletes the map's own entries below it. */
void mr_pending__hide(struct mr_pending *p, struct mr_str prefix);
/* The hidden prefix that covers a key, or NULL. */
const struct mr_str *mr_pending__hidden(const struct mr_pending *p, struct mr_str key);
size_t mr_pending__bytes(const struct mr_pending *p);

/* The smallest key above every key with the prefix, written to out; false when there is none. */
bool mr_prefix__end(struct mr_str prefix, struct mr_buf *out);

#endif
