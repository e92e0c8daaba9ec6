/* rows.select - keep some keys only. */
#include "runtime/op/op.h"

enum { KEYS };

static const struct mr_key key_table[] = {
    [KEYS] = {.name = "input_keys", .access = MR_MAY_READ, .types = MR_ANY, .nullable = true,
              .many = true, .aliases = "input_key",
              .doc = "Keys to be kept; rows may lack some of them."},
    {0}};

static struct mr_error *process(struct mr_ctx *ctx, struct mr_row *row)
{
    (void)ctx;
    mr_row_keep_bound(row);
    return NULL;
}

static const struct mr_example example_table[] = {
    {.keys = "input_keys=a,c", .in = "{\"a\":\"x\",\"b\":1,\"c\":null}", .out = "{\"a\":\"x\",\"c\":null}"},
    {0}};
const struct mr_op mr_op_rows_select = {
    .name = "rows.select", .category = MR_CAT_SHAPE, .scope = MR_PER_ROW,
    .doc = "Keeps the named keys and removes all others; order stays.",
    .keys = key_table, .examples = example_table, .keeps_only_bound = true, .process = process,
};
