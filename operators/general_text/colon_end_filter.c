/* general_text.colon_end_filter - drop texts that end in a colon. */
#include "operators/general_text/general_text.h"

enum { TEXT, LABEL };
enum { ENDS_IN_COLON, EMPTY };

static const struct mr_key key_table[] = {
    [TEXT] = {.name = "input_key", .access = MR_READ, .types = MR_TEXT, .nullable = true,
              .doc = "Text to be checked; null and empty are dropped."},
    [LABEL] = {.name = "output_key", .access = MR_WRITE, .types = MR_INT, .optional = true,
               .def = "colonendfilter_label", .doc = "1 on every row that passes."},
    {0}};
static const struct mr_outcome outcome_table[] = {
    [ENDS_IN_COLON] = {"ends_in_colon", MR_DROP, "The last character is a colon."},
    [EMPTY] = {"empty", MR_DROP, "The text is null or empty."},
    {0}};

static struct mr_error *process(struct mr_ctx *ctx, struct mr_row *row)
{
    struct mr_str text = mr_row_text(row, TEXT);
    if (!text.len)
        return mr_row_leave(row, EMPTY);
    bool wide = mr_mode_of(ctx) == MR_MODE_UNICODE;
    if (text.ptr[text.len - 1] == ':' || (wide && mr_str_ends(text, MR_STR("\xef\xbc\x9a"))))
        return mr_row_leave(row, ENDS_IN_COLON);
    mr_row_set_int(row, LABEL, 1);
    return NULL;
}

static const struct mr_example example_table[] = {
    {.keys = "input_key=text", .in = "{\"text\":\"the parts are:\"}\n{\"text\":\"done.\"}",
     .out = "{\"text\":\"the parts are:\",\"_outcome\":\"ends_in_colon\"}\n"
            "{\"text\":\"done.\",\"colonendfilter_label\":1}"},
    {0}};
const struct mr_op mr_op_general_text_colon_end_filter = {
    .name = "general_text.colon_end_filter", .aliases = "ColonEndFilter",
    .category = MR_CAT_FILTER, .scope = MR_PER_ROW,
    .doc = "Drops texts that end in a colon.",
    .notes = "Mode unicode also knows the full-width colon. White space behind the colon hides it, as "
             "in the reference.",
    .has_modes = true,
    .keys = key_table, .outcomes = outcome_table, .examples = example_table, .process = process,
};
