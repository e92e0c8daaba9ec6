/* rows.filter - keep the rows for which conditions hold. */
#include "runtime/op/op.h"

#include "runtime/expr/expr.h"

struct params {
    struct mr_strs where;
};
enum { CONDITION };

static const struct mr_param param_table[] = {
    {MR_FIELD(struct params, where), .expr = MR_BOOL, .aliases = "filter_rules",
     .doc = "Expressions that must all be true for a row to be kept; null counts as not true."},
    {0}};
static const struct mr_key key_table[] = {{0}};
static const struct mr_outcome outcome_table[] = {
    [CONDITION] = {"condition", MR_DROP, "A condition is not true for the row."}, {0}};

static void run_free(void *run)
{
    mr_expr_run_destroy(run);
}

static struct mr_error *open(struct mr_ctx *ctx)
{
    const struct params *p = mr_params(ctx);
    struct mr_arena *arena = mr_instance_arena(ctx);
    struct mr_expr_run **runs = mr_arena_zalloc(arena, (p->where.count + 1) * sizeof *runs);
    for (size_t i = 0; i < p->where.count; i++) {
        struct mr_expr *expr;
        MR_TRY(mr_expr_compile(p->where.items[i], NULL, arena, &expr, NULL));
        runs[i] = mr_expr_run_create(expr);
        mr_arena_on_reset(arena, run_free, runs[i]);
    }
    mr_set_instance(ctx, runs);
    return NULL;
}

static struct mr_error *process(struct mr_ctx *ctx, struct mr_row *row)
{
    struct mr_expr_run **runs = mr_instance(ctx);
    for (; *runs; runs++) {
        enum mr_expr_verdict verdict;
        struct mr_expr_reason why;
        MR_TRY(mr_expr_test(*runs, row, &verdict, &why));
        if (verdict == MR_EXPR_TRUE)
            continue;
        return why.measured ? mr_row_leave_measured(row, CONDITION, why.value, why.threshold)
                            : mr_row_leave_noted(row, CONDITION, why.part);
    }
    return NULL;
}

static const struct mr_example example_table[] = {
    {.set = "where=[\"score>=3\",\"lang=='en'\"]",
     .in = "{\"score\":4,\"lang\":\"en\"}\n{\"score\":2.5,\"lang\":\"en\"}\n{\"score\":4}",
     .out = "{\"score\":4,\"lang\":\"en\"}\n{\"score\":2.5,\"lang\":\"en\",\"_outcome\":\"condition\"}\n"
            "{\"score\":4,\"_outcome\":\"condition\"}"},
    {0}};
const struct mr_op mr_op_rows_filter = {
    .name = "rows.filter", .aliases = "GeneralFilter", .category = MR_CAT_FILTER,
    .scope = MR_PER_ROW, .doc = "Keeps the rows for which all conditions are true.",
    .notes = "The reference's rules are Python functions over the whole table; here they are "
             "expressions over one row, which the compiler checks. A `lambda` is refused, with "
             "the same as an expression where it is a simple one.",
    .params_size = sizeof(struct params), .params = param_table, .keys = key_table,
    .outcomes = outcome_table, .examples = example_table, .open = open, .process = process,
};
