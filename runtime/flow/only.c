/* A partial replay: which rows of its input a task takes. The others are as if they were not there.
 */
#include "runtime/expr/expr.h"
#include "runtime/flow/task.h"

struct mr_task_only {
    const struct mr_plan_only *plan;
    struct mr_expr_run *run; /* NULL: no expression */
};

struct mr_error *mr_task__only_open(struct mr_task *t)
{
    const struct mr_plan_only *plan = &t->head->only;
    if (!plan->where.len && !plan->since_ms && !plan->until_ms && !plan->since_n && !plan->until_n)
        return NULL;
    t->only = mr_arena_zalloc(t->arena, sizeof(*t->only));
    t->only->plan = plan;
    if (!plan->where.len)
        return NULL;
    struct mr_expr *expr = NULL;
    MR_TRY(mr_expr_compile(plan->where, NULL, t->arena, &expr, NULL));
    t->only->run = mr_expr_run_create(expr);
    return NULL;
}

void mr_task__only_close(struct mr_task *t)
{
    if (t->only)
        mr_expr_run_destroy(t->only->run);
}

/* A row on which the expression has no value is not one that it chooses. */
static struct mr_error *matches(struct mr_task *t, const struct mr_log_row *row, bool *takes)
{
    struct mr_row *decoded = mr_arena_alloc(t->batch, sizeof(*decoded));
    enum mr_expr_verdict verdict = MR_EXPR_NULL;
    MR_TRY(mr_row_decode(decoded, t->names, t->batch, &row->head, row->map.ptr, row->map.len));
    struct mr_error *e = mr_expr_test(t->only->run, decoded, &verdict, NULL);
    if (e && !mr_error_is_row(e))
        return e;
    mr_error_free(e);
    *takes = verdict == MR_EXPR_TRUE;
    return NULL;
}

struct mr_error *mr_task__takes(struct mr_task *t, const struct mr_log_row *row, bool *takes)
{
    const struct mr_plan_only *o = t->only ? t->only->plan : NULL;
    *takes = !o || (row->head.n >= o->since_n && (!o->until_n || row->head.n < o->until_n) &&
                    row->time_ms >= o->since_ms && (!o->until_ms || row->time_ms < o->until_ms));
    return *takes && o && t->only->run ? matches(t, row, takes) : NULL;
}
