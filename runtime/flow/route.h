/* Which route of a stage a row takes: the first whose expression is true, or none.
 *
 * Expressions are compiled once per task from the plan's text. Thread: the owner. */
#ifndef MR_FLOW_ROUTE_H
#define MR_FLOW_ROUTE_H

#include "runtime/plan/plan.h"
#include "runtime/row/row.h"

struct mr_router;

/* *out NULL when the stage has no routes. */
struct mr_error *mr_router_create(const struct mr_plan_stage *stage, struct mr_router **out);
void mr_router_destroy(struct mr_router *r); /* accepts NULL */

/* *outcome: as of the stage's outputs; MR_PLAN_NONE when no expression is true, or r is NULL. A row
 * error (mr_error_is_row) when an expression cannot be worked out for this row. */
struct mr_error *mr_router_choose(struct mr_router *r, const struct mr_row *row, int *outcome);

/* Where rows of an output that is a route are counted: among the stage's outcomes, behind the
 * operator's own. -1: no room, they are not counted apart. */
int mr_route_slot(const struct mr_plan_stage *stage, int outcome);

#endif
