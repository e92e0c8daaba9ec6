/* Shared by the files of runtime/state: the store's fields and what one file offers the others. */
#ifndef MR_STATE_STORE_PRIVATE_H
#define MR_STATE_STORE_PRIVATE_H

#include "runtime/state/pending.h"
#include "runtime/state/spill.h"
#include "runtime/state/store.h"

#include <rocksdb/c.h>

struct mr_store {
    char *dir;
    rocksdb_t *db;
    rocksdb_options_t *options;
    rocksdb_readoptions_t *read;
    rocksdb_writeoptions_t *write;
    struct mr_pending pending;
    struct mr_spill *spill;          /* bodies */
    struct mr_store_iter *iterators; /* open ones */
    bool failed;                     /* a commit failed: none is tried again */
};

/* store.c. Takes RocksDB's text. */
struct mr_error *mr_store__error(const struct mr_store *s, const char *what, char *text);

/* options.c: everything that bounds memory, files and threads. */
rocksdb_options_t *mr_store__options(const struct mr_store_options *options);

/* memory.c: how the process keeps its heap, decided with its first store. bytes: taken from the system
 * at once and kept. */
void mr_store__memory(size_t bytes);

/* no_log.cc: where RocksDB's text log goes: nowhere. Lives as long as the process. */
rocksdb_logger_t *mr_store__no_log(void);

/* iter.c: before pending changes go away, each open iterator copies what it shows. */
void mr_store__detach_iterators(struct mr_store *s);

#endif
