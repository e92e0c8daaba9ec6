/* Rows as real folders hold them, made from a seed: documents of ordinary length, long ones, exact
 * and near duplicates of earlier ones, too short ones, and now and then a line that cannot be read.
 * Row i depends on the seed and i only, so any part can be made again by anybody. */
#ifndef MR_TESTS_CHAOS_ROWS_H
#define MR_TESTS_CHAOS_ROWS_H

#include "runtime/base/buf.h"

struct rows_shape {
    uint64_t seed;
    unsigned exact_permille, near_permille, short_permille, bad_permille;
    unsigned long_permille; /* 20 to 80 KB */
    unsigned words;         /* of an ordinary document: half to one and a half times as many */
};
extern const struct rows_shape rows_mixed; /* a little of everything, 1.5 KB on average */
extern const struct rows_shape rows_plain; /* readable, all different, about 1 KB each */

/* Appends line i, its end included. */
void rows_add(const struct rows_shape *shape, uint64_t i, struct mr_buf *out);
/* Writes lines from, from + 1, … until the file has so many bytes; their number. 0: not writable.
 */
uint64_t rows_file(const struct rows_shape *shape, uint64_t from, uint64_t bytes, const char *path);

#endif
