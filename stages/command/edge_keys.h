/* The keys of the rows that a group of a compiled topology takes in, for conditions over them. */
#ifndef MR_COMMAND_EDGE_KEYS_H
#define MR_COMMAND_EDGE_KEYS_H

#include "runtime/expr/expr.h"
#include "topology/compile.h"

struct mr_edge_known {
    const struct mr_compiled *compiled;
    const struct mr_plan_stage *head; /* of the group */
};

/* Of a key on some of its inputs: what it is there, or null. What only a sample showed, and what
 * rows that left have, is not known. Borrows k. */
struct mr_expr_keys mr_edge_keys_of(struct mr_edge_known *k);

#endif
