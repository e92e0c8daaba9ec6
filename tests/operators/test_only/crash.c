/* test_only.crash - die by a signal on one text; never part of the shipped program. */
#include "runtime/op/op.h"

#include <signal.h>

struct params {
    struct mr_str text;
    int signal;
};
enum { TEXT };

static const struct mr_param param_table[] = {
    {MR_FIELD(struct params, text), .def = "crash", .doc = "Text that the process dies of."},
    {MR_FIELD(struct params, signal), .def = "SEGV", .choices = "SEGV|BUS|ABRT|FPE|ILL|KILL",
     .doc = "Signal that it dies by."},
    {0}};
static const struct mr_key key_table[] = {
    [TEXT] = {.name = "input_key", .access = MR_READ, .types = MR_TEXT, .def = "text",
              .doc = "Text that is looked at."},
    {0}};

/* The default action first: a sanitizer's handler would turn the signal into an ordinary exit. */
static struct mr_error *process(struct mr_ctx *ctx, struct mr_row *row)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGKILL};
    const struct params *p = mr_params(ctx);
    if (mr_str_eq(mr_row_text(row, TEXT), p->text)) {
        signal(signals[p->signal], SIG_DFL);
        raise(signals[p->signal]);
    }
    return NULL;
}

extern const struct mr_op mr_op_test_only_crash;
const struct mr_op mr_op_test_only_crash = {
    .name = "test_only.crash", .category = MR_CAT_FILTER, .scope = MR_PER_ROW,
    .doc = "Dies by a signal on one text, and passes every other row.",
    .params_size = sizeof(struct params), .params = param_table, .keys = key_table,
    .may_crash = true, .process = process,
};
