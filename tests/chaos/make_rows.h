/* Rows for runs under fire: the same on every machine, with repeats, near repeats and short ones. */
#ifndef MR_TESTS_CHAOS_MAKE_ROWS_H
#define MR_TESTS_CHAOS_MAKE_ROWS_H

#include "runtime/base/buf.h"

/* Appends `count` JSON lines. Of ten rows, one repeats an earlier text, one nearly does (a word
 * differs), one is too short to be kept. */
void make_rows(struct mr_buf *out, uint64_t seed, unsigned count);

#endif
