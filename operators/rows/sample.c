/* rows.sample - keep a random part of the rows. */
#include "runtime/op/op.h"

struct params {
    double fraction;
    int64_t seed;
};
enum { NOT_SAMPLED };

static const struct mr_param param_table[] = {
    {MR_FIELD(struct params, fraction), .min = "0", .max = "1", .doc = "Part of the rows kept."},
    {MR_FIELD(struct params, seed), .def = "0", .doc = "Another seed keeps another part."},
    {0}};
static const struct mr_key key_table[] = {{0}};
static const struct mr_outcome outcome_table[] = {
    [NOT_SAMPLED] = {"not_sampled", MR_DROP, "The row's number, drawn from 0 to 1, is not below "
                                             "`fraction`."},
    {0}};

/* Drawn from the row's identity: the same rows at any scale and in any replay. */
static struct mr_error *process(struct mr_ctx *ctx, struct mr_row *row)
{
    const struct params *p = mr_params(ctx);
    double drawn = (double)(mr_row_random(row, (uint64_t)p->seed) >> 11) * 0x1p-53;
    if (drawn >= p->fraction)
        return mr_row_leave_measured(row, NOT_SAMPLED, drawn, p->fraction);
    return NULL;
}

static const struct mr_example example_table[] = {
    {.set = "fraction=1", .in = "{\"a\":1}", .out = "{\"a\":1}"},
    {.set = "fraction=0", .in = "{\"a\":1}", .out = "{\"a\":1,\"_outcome\":\"not_sampled\"}"},
    {0}};
const struct mr_op mr_op_rows_sample = {
    .name = "rows.sample", .category = MR_CAT_SHAPE, .scope = MR_PER_ROW,
    .doc = "Keeps a random part of the rows, each chosen by its own identity.",
    .params_size = sizeof(struct params), .params = param_table, .keys = key_table,
    .outcomes = outcome_table, .examples = example_table, .process = process,
};
