/* Sorts any number of small records of one size in bounded memory: what does not fit is spilled into a
 * nameless file in ${TMPDIR:-/tmp}. Thread: the owner. */
#ifndef MR_LOOK_SORT_H
#define MR_LOOK_SORT_H

#include "runtime/base/error.h"

enum { MR_SORT_BYTES = 40 }; /* of a record; compared byte by byte */

struct mr_sort;
struct mr_sort *mr_sort_create(void);
void mr_sort_destroy(struct mr_sort *s); /* accepts NULL */
struct mr_error *mr_sort_add(struct mr_sort *s, const uint8_t record[MR_SORT_BYTES]);
/* After the last one, before the first is taken. */
struct mr_error *mr_sort_begin(struct mr_sort *s);
/* *record: borrowed until the next call, NULL at the end. */
struct mr_error *mr_sort_next(struct mr_sort *s, const uint8_t **record);

#endif
