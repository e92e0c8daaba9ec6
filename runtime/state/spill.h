/* Bodies of a store: values that are written once, read once and forgotten, in files beside the
 * ordered keys. Private to runtime/state.
 *
 * A body lies in one of several files of bounded size; whoever keeps it holds a reference of
 * MR_BODY_REF_BYTES. How far each file goes and how many bodies in it are still wanted is recorded in
 * the store by the same commit that decides the references, so: what stands behind the recorded end
 * was never decided and is cut off when the store opens; a file without a record is removed then; a
 * file goes when a commit has decided that nothing in it is wanted. */
#ifndef MR_STATE_SPILL_H
#define MR_STATE_SPILL_H

#include "runtime/state/store.h"

struct mr_spill;

/* store: borrowed, open. file_bytes 0: 64 MiB. */
struct mr_error *mr_spill__open(struct mr_store *store, const char *dir, size_t file_bytes, bool sync,
                                struct mr_spill **out);
void mr_spill__close(struct mr_spill *p); /* accepts NULL */

struct mr_error *mr_spill__put(struct mr_spill *p, struct mr_str body, uint8_t ref[MR_BODY_REF_BYTES]);
struct mr_error *mr_spill__get(struct mr_spill *p, struct mr_str ref, struct mr_arena *arena,
                               struct mr_str *body);
struct mr_error *mr_spill__drop(struct mr_spill *p, struct mr_str ref);
uint64_t mr_spill__unsynced(const struct mr_spill *p); /* bytes put since the last commit */

/* Before the store's write: bodies become durable, records go into the pending changes. */
struct mr_error *mr_spill__save(struct mr_spill *p);
/* Behind it: files that nobody wants go. */
void mr_spill__saved(struct mr_spill *p);
void mr_spill__rollback(struct mr_spill *p);

#endif
