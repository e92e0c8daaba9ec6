/* test_only.wait - wait on one text until a file is there, saying so; never part of the shipped
 * program. */
#include "runtime/op/op.h"

#include <poll.h>
#include <unistd.h>

struct params {
    struct mr_str text, file;
};
enum { TEXT };

static const struct mr_param param_table[] = {
    {MR_FIELD(struct params, text), .def = "wait", .doc = "Text on which it waits."},
    {MR_FIELD(struct params, file), .def = "gate", .doc = "File that lets it go on."},
    {0}};
static const struct mr_key key_table[] = {[TEXT] = {.name = "input_key",
                                                    .access = MR_READ,
                                                    .types = MR_TEXT,
                                                    .def = "text",
                                                    .doc = "Text that is looked at."},
                                          {0}};

/* Waits without end: whoever waits for it must do something about it. */
static struct mr_error *process(struct mr_ctx *ctx, struct mr_row *row)
{
    const struct params *p = mr_params(ctx);
    char path[512];
    if (!mr_str_eq(mr_row_text(row, TEXT), p->text) || p->file.len >= sizeof path)
        return NULL;
    memcpy(path, p->file.ptr, p->file.len);
    path[p->file.len] = 0;
    if (access(path, F_OK) != 0 && write(STDERR_FILENO, "here it waits\n", 14) < 0)
        return NULL;
    while (access(path, F_OK) != 0)
        poll(NULL, 0, 5);
    return NULL;
}

extern const struct mr_op mr_op_test_only_wait;
const struct mr_op mr_op_test_only_wait = {
    .name = "test_only.wait",
    .category = MR_CAT_FILTER,
    .scope = MR_PER_ROW,
    .doc = "Waits on one text until a file is there, and passes every row.",
    .params_size = sizeof(struct params),
    .params = param_table,
    .keys = key_table,
    .may_crash = true,
    .process = process,
};
