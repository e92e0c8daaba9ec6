/* rows.drop - remove keys. */
#include "runtime/op/op.h"

enum { KEYS };

static const struct mr_key key_table[] = {
    [KEYS] = {.name = "input_keys", .access = MR_REMOVE, .types = MR_ANY, .nullable = true,
              .optional = true, .must_bind = true, .many = true, .aliases = "input_key",
              .doc = "Keys to be removed; rows without them pass."},
    {0}};

/* The role is optional only so that rows may lack its keys: without any key the stage does nothing,
 * which is a mistake. The compiler says so before; this is for other callers. */
static struct mr_error *open(struct mr_ctx *ctx)
{
    if (!mr_bound(ctx, KEYS))
        return mr_error(MR_PARAM_INVALID, "rows.drop: no keys are named in \"input_keys\"");
    return NULL;
}

static struct mr_error *process(struct mr_ctx *ctx, struct mr_row *row)
{
    (void)ctx;
    mr_row_remove(row, KEYS);
    return NULL;
}

static const struct mr_example example_table[] = {
    {.keys = "input_keys=b", .in = "{\"a\":\"x\",\"b\":1}\n{\"a\":\"y\"}",
     .out = "{\"a\":\"x\"}\n{\"a\":\"y\"}"},
    {0}};
const struct mr_op mr_op_rows_drop = {
    .name = "rows.drop", .category = MR_CAT_SHAPE, .scope = MR_PER_ROW,
    .doc = "Removes keys from rows.", .keys = key_table, .examples = example_table, .open = open,
    .process = process,
};
