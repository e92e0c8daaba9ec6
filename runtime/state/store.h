/* The state of one task: an ordered key-value store (RocksDB), one opener, changes held back until
 * commit decides them.
 *
 * put/del go into a pending batch that reads see at once; nothing reaches the store before
 * mr_store_commit. Keys are bytes; the first byte is the owner's name space (see below), so that
 * several stages of a fused group share one store. Memory: bounded by the options and by the
 * pending batch, which the caller keeps small by committing. Thread: the owner. */
#ifndef MR_STATE_STORE_H
#define MR_STATE_STORE_H

#include "runtime/base/arena.h"
#include "runtime/base/error.h"

/* First byte of every key. */
enum mr_store_space {
    MR_SPACE_COMMIT = 'c',  /* commit record of the log back end      */
    MR_SPACE_COUNTER = 'k', /* counters of a stage                    */
    MR_SPACE_OP = 's',      /* 's' + stage u16 BE + operator's own key */
    MR_SPACE_HELD = 'h',    /* 'h' + stage u16 BE + sort key           */
    MR_SPACE_FLOW = 'f',    /* the flow's own: ends, cuts, cursors     */
    MR_SPACE_SOURCE = 'x',  /* a source's or sink's position           */
};

struct mr_store;

struct mr_store_options {
    size_t write_buffer_bytes; /* 0: 2 MiB  */
    size_t cache_bytes;        /* 0: 4 MiB; shared by all stores of the process (first one decides) */
    size_t memory_bytes;       /* what the process will need for its indexes at most: taken when its first
                                * store opens, so that a long run does not find out later; 0: as needed */
    size_t body_file_bytes;    /* 0: 64 MiB */
    bool no_sync;              /* tests and `try` only: commit without fdatasync */
};

/* Opens or creates. MR_STORE_LOCKED when another process has it, MR_STORE_VERSION when its format
 * key is another one, MR_STORE_FAILED otherwise (with RocksDB's text). */
struct mr_error *mr_store_open(const char *dir, const struct mr_store_options *options,
                               struct mr_store **out);
void mr_store_close(struct mr_store *s); /* pending changes are lost; accepts NULL */

/* Appends the value to out; *found false (and out unchanged) when absent. */
struct mr_error *mr_store_get(struct mr_store *s, struct mr_str key, struct mr_buf *out, bool *found);
void mr_store_put(struct mr_store *s, struct mr_str key, struct mr_str value); /* copied */
void mr_store_del(struct mr_store *s, struct mr_str key);
/* Deletes every key with the prefix, committed or pending. Takes effect at the next commit, but
 * later reads and iterators already do not see them. */
struct mr_error *mr_store_del_prefix(struct mr_store *s, struct mr_str prefix);

/* Bodies: values that are put once, in bulk, and read once in the order of their keys (rows that wait
 * for a cut). They lie in files beside the ordered keys, which hold only a reference, so that sorting
 * them moves no body. The value that get and iterators show of such a key is the reference; it lives
 * and dies with its key: delete it by mr_store_del_body alone, never put over it or delete its prefix. */
enum { MR_BODY_REF_BYTES = 24 };
struct mr_error *mr_store_put_body(struct mr_store *s, struct mr_str key, struct mr_str body);
/* The body, copied into the arena; its checksum is looked at. Pending bodies are seen, too. */
struct mr_error *mr_store_body(struct mr_store *s, struct mr_str ref, struct mr_arena *arena,
                               struct mr_str *body);
struct mr_error *mr_store_del_body(struct mr_store *s, struct mr_str key, struct mr_str ref);

/* Pending since the last commit: what the caller bounds. Bodies are not in memory; their bytes wait to
 * be synced. */
size_t mr_store_pending_bytes(const struct mr_store *s);
size_t mr_store_pending_entries(const struct mr_store *s);
uint64_t mr_store_pending_bodies(const struct mr_store *s);

/* One atomic, synced write of all pending changes. On error nothing was decided: fatal. */
struct mr_error *mr_store_commit(struct mr_store *s);
void mr_store_rollback(struct mr_store *s);

/* Keys with a prefix, ascending, from the first key ≥ from (empty: from the prefix). Sees what was
 * pending when opened; later changes may or may not be seen. Key and value borrowed until the
 * next step. */
struct mr_store_iter;
struct mr_store_iter *mr_store_iter_open(struct mr_store *s, struct mr_str prefix, struct mr_str from);
bool mr_store_iter_valid(const struct mr_store_iter *i);
struct mr_str mr_store_iter_key(const struct mr_store_iter *i);
struct mr_str mr_store_iter_value(const struct mr_store_iter *i);
void mr_store_iter_next(struct mr_store_iter *i);
struct mr_error *mr_store_iter_close(struct mr_store_iter *i); /* reports a read failure */

#endif
