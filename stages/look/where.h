/* `--where EXPR`: a condition over the keys of a row, as commands that look for rows use it.
 * Thread: main. */
#ifndef MR_LOOK_WHERE_H
#define MR_LOOK_WHERE_H

#include "runtime/base/arena.h"
#include "runtime/base/error.h"

struct mr_where;

/* text empty: *out NULL, every row meets it. */
struct mr_error *mr_where_open(struct mr_str text, struct mr_where **out);
void mr_where_close(struct mr_where *w); /* accepts NULL */
/* False also where the condition cannot be evaluated on this row (a key of another type). */
bool mr_where_meets(struct mr_where *w, struct mr_str map); /* w may be NULL */

#endif
