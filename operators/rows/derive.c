/* rows.derive - write the values of expressions under keys. */
#include "runtime/op/op.h"

#include "runtime/expr/expr.h"

struct params {
    struct mr_strs expr;
};
enum { OUTPUT };

static const struct mr_param param_table[] = {
    {MR_FIELD(struct params, expr), .expr = MR_ANY | MR_NULL, .min = "1",
     .aliases = "exprs process_fn",
     .doc = "Expressions over the row as it comes in, one for each output key."},
    {0}};
static const struct mr_key key_table[] = {
    [OUTPUT] = {.name = "output_key", .access = MR_WRITE, .types = MR_ANY | MR_NULL, .many = true,
                .aliases = "output_keys", .type_param = "expr",
                .doc = "Keys that get the values, in the order of the expressions; a missing value "
                       "is written as null."},
    {0}};

struct instance {
    struct mr_expr_run **runs;
    struct mr_value *values;
    uint32_t count;
};

static void run_free(void *run)
{
    mr_expr_run_destroy(run);
}

static struct mr_error *open(struct mr_ctx *ctx)
{
    const struct params *p = mr_params(ctx);
    struct mr_arena *arena = mr_instance_arena(ctx);
    struct instance *in = mr_arena_zalloc(arena, sizeof *in);
    in->count = (uint32_t)p->expr.count;
    in->runs = mr_arena_zalloc(arena, in->count * sizeof *in->runs);
    in->values = mr_arena_zalloc(arena, in->count * sizeof *in->values);
    for (uint32_t i = 0; i < in->count; i++) {
        struct mr_expr *expr;
        MR_TRY(mr_expr_compile(p->expr.items[i], NULL, arena, &expr, NULL));
        in->runs[i] = mr_expr_run_create(expr);
        mr_arena_on_reset(arena, run_free, in->runs[i]);
    }
    mr_set_instance(ctx, in);
    return NULL;
}

/* All values first: none sees what another writes. */
static struct mr_error *process(struct mr_ctx *ctx, struct mr_row *row)
{
    static const uint8_t null = 0xc0;
    struct instance *in = mr_instance(ctx);
    if (mr_row_many(row, OUTPUT) != in->count)
        return mr_error(MR_PARAM_INVALID, "%u expressions for %u output keys", in->count,
                        mr_row_many(row, OUTPUT));
    for (uint32_t i = 0; i < in->count; i++) {
        MR_TRY(mr_expr_eval(in->runs[i], row, &in->values[i]));
        if (!in->values[i].len)
            in->values[i] = (struct mr_value){&null, 1};
    }
    for (uint32_t i = 0; i < in->count; i++)
        mr_row_set_value_at(row, OUTPUT, i, in->values[i]);
    return NULL;
}

static const struct mr_example example_table[] = {
    {.set = "expr=right/(right+wrong)", .keys = "output_key=accuracy",
     .in = "{\"right\":3,\"wrong\":1}", .out = "{\"right\":3,\"wrong\":1,\"accuracy\":0.75}"},
    {.set = "expr=[\"words(text)\",\"lower(text)\"]", .keys = "output_key=n,text",
     .in = "{\"text\":\"To BE\"}", .out = "{\"text\":\"to be\",\"n\":2}"},
    {0}};
const struct mr_op mr_op_rows_derive = {
    .name = "rows.derive", .category = MR_CAT_SHAPE, .scope = MR_PER_ROW,
    .aliases = "PandasOperator",
    .doc = "Writes the values of expressions under keys.",
    .notes = "The reference's PandasOperator runs Python functions over the whole table. What its "
             "pipelines use it for has operators: a constant or computed column here, others with "
             "rows.rename, rows.drop, rows.select, rows.filter, rows.cast, rows.top_k and "
             "hash_deduplicate_filter.",
    .params_size = sizeof(struct params), .params = param_table, .keys = key_table,
    .examples = example_table, .open = open, .process = process,
};
