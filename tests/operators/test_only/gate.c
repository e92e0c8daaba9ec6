/* test_only.gate - reject rows while a file is missing; never part of the shipped program. */
#include "runtime/op/op.h"

#include <unistd.h>

struct params {
    struct mr_str file;
    struct mr_str pass;
};
enum { TEXT };
enum { CLOSED };

static const struct mr_param param_table[] = {
    {MR_FIELD(struct params, file), .def = "gate.open", .doc = "File that opens the gate."},
    {MR_FIELD(struct params, pass), .def = "pass", .doc = "Text that always passes."},
    {0}};
static const struct mr_key key_table[] = {
    [TEXT] = {.name = "input_key", .access = MR_READ, .types = MR_TEXT, .def = "text",
              .doc = "Text that is looked at."},
    {0}};
static const struct mr_outcome outcome_table[] = {
    [CLOSED] = {"closed", MR_REJECT, "The gate is closed."},
    {0}};

static struct mr_error *process(struct mr_ctx *ctx, struct mr_row *row)
{
    const struct params *p = mr_params(ctx);
    if (mr_str_eq(mr_row_text(row, TEXT), p->pass) || access(p->file.ptr, F_OK) == 0)
        return NULL;
    return mr_row_leave_noted(row, CLOSED, MR_STR("come back later"));
}

extern const struct mr_op mr_op_test_only_gate;
const struct mr_op mr_op_test_only_gate = {
    .name = "test_only.gate", .category = MR_CAT_FILTER, .scope = MR_PER_ROW,
    .doc = "Rejects rows until a file is there.",
    .params_size = sizeof(struct params), .params = param_table, .keys = key_table,
    .outcomes = outcome_table, .process = process,
};
