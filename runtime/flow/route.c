/* Routes: expressions over a row that goes on, asked in the order in which they were declared. */
#include "runtime/flow/route.h"

#include <stdlib.h>

#include "runtime/expr/expr.h"
#include "runtime/watch/counters.h"

struct mr_router {
    struct mr_arena *arena;
    struct mr_expr_run **runs; /* by number of the route */
    struct mr_str *names;
    size_t count;
};

static const struct mr_plan_output *route_of(const struct mr_plan_stage *stage, int outcome)
{
    for (size_t i = 0; i < stage->output_count; i++)
        if (stage->outputs[i].outcome == outcome)
            return &stage->outputs[i];
    return NULL;
}

struct mr_error *mr_router_create(const struct mr_plan_stage *stage, struct mr_router **out)
{
    size_t count = 0;
    *out = NULL;
    while (route_of(stage, MR_PLAN_ROUTE - (int)count))
        count++;
    if (!count)
        return NULL;
    struct mr_router *r = mr_zalloc(sizeof *r);
    struct mr_error *e = NULL;
    r->arena = mr_arena_create(0);
    r->runs = mr_arena_zalloc(r->arena, count * sizeof *r->runs);
    r->names = mr_arena_zalloc(r->arena, count * sizeof *r->names);
    for (; r->count < count && !e; r->count++) {
        const struct mr_plan_output *o = route_of(stage, MR_PLAN_ROUTE - (int)r->count);
        struct mr_expr *expr = NULL;
        r->names[r->count] = o->name;
        e = mr_expr_compile(o->route, NULL, r->arena, &expr, NULL);
        if (!e)
            r->runs[r->count] = mr_expr_run_create(expr);
        e = mr_error_wrap(e, "stage \"%.*s\", route \"%.*s\"", MR_FMT(stage->id), MR_FMT(o->name));
    }
    if (e) {
        mr_router_destroy(r);
        return e;
    }
    *out = r;
    return NULL;
}

int mr_route_slot(const struct mr_plan_stage *stage, int outcome)
{
    int slot = MR_PLAN_ROUTE - outcome;
    for (const struct mr_outcome *o = stage->op ? stage->op->outcomes : NULL; o && o->name; o++)
        slot++;
    return slot < MR_PAGE_OUTCOMES ? slot : -1;
}

void mr_router_destroy(struct mr_router *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < r->count; i++)
        mr_expr_run_destroy(r->runs[i]);
    mr_arena_destroy(r->arena);
    free(r);
}

struct mr_error *mr_router_choose(struct mr_router *r, const struct mr_row *row, int *outcome)
{
    *outcome = MR_PLAN_NONE;
    for (size_t i = 0; r && i < r->count; i++) {
        enum mr_expr_verdict verdict;
        struct mr_error *e = mr_expr_test(r->runs[i], row, &verdict, NULL);
        if (e)
            return mr_error_wrap(e, "route \"%.*s\"", MR_FMT(r->names[i]));
        if (verdict == MR_EXPR_TRUE) {
            *outcome = MR_PLAN_ROUTE - (int)i;
            return NULL;
        }
    }
    return NULL;
}
