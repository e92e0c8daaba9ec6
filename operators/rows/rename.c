/* rows.rename - give keys other names. */
#include "runtime/op/op.h"

enum { FROM, TO };

static const struct mr_key key_table[] = {
    [FROM] = {.name = "input_key", .access = MR_REMOVE, .types = MR_ANY, .nullable = true,
              .many = true, .aliases = "input_keys", .doc = "Keys to be renamed."},
    [TO] = {.name = "output_key", .access = MR_WRITE, .types = MR_ANY, .nullable = true,
            .many = true, .aliases = "output_keys", .type_of = "input_key",
            .doc = "Their new names, one for each."},
    {0}};

static struct mr_error *process(struct mr_ctx *ctx, struct mr_row *row)
{
    (void)ctx;
    mr_row_rename(row, FROM, TO);
    return NULL;
}

static const struct mr_example example_table[] = {
    {.keys = "input_key=a output_key=text", .in = "{\"a\":\"x\",\"b\":1}",
     .out = "{\"text\":\"x\",\"b\":1}"},
    {0}};
const struct mr_op mr_op_rows_rename = {
    .name = "rows.rename", .category = MR_CAT_SHAPE, .scope = MR_PER_ROW,
    .doc = "Gives keys other names; values and positions stay.",
    .notes = "A key that has the new name already is replaced.",
    .keys = key_table, .examples = example_table, .process = process,
};
