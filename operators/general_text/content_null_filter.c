/* general_text.content_null_filter - drop rows without text. */
#include "operators/general_text/general_text.h"

enum { TEXT, LABEL };
enum { NO_TEXT };

static const struct mr_key key_table[] = {
    [TEXT] = {.name = "input_key", .access = MR_READ, .types = MR_TEXT, .nullable = true,
              .doc = "Text to be checked."},
    [LABEL] = {.name = "output_key", .access = MR_WRITE, .types = MR_INT, .optional = true,
               .def = "content_null_filter_label", .doc = "1 on every row that passes."},
    {0}};
static const struct mr_outcome outcome_table[] = {
    [NO_TEXT] = {"no_text", MR_DROP, "The text is null, empty or white space only."}, {0}};

static struct mr_error *process(struct mr_ctx *ctx, struct mr_row *row)
{
    (void)ctx;
    if (mr_text_is_blank(mr_row_text(row, TEXT)))
        return mr_row_leave(row, NO_TEXT);
    mr_row_set_int(row, LABEL, 1);
    return NULL;
}

static const struct mr_example example_table[] = {
    {.keys = "input_key=text", .in = "{\"text\":\" \\n\"}\n{\"text\":\"a\"}",
     .out = "{\"text\":\" \\n\",\"_outcome\":\"no_text\"}\n"
            "{\"text\":\"a\",\"content_null_filter_label\":1}"},
    {0}};
const struct mr_op mr_op_general_text_content_null_filter = {
    .name = "general_text.content_null_filter", .aliases = "ContentNullFilter",
    .category = MR_CAT_FILTER, .scope = MR_PER_ROW,
    .doc = "Drops rows whose text is null, empty or white space only.",
    .keys = key_table, .outcomes = outcome_table, .examples = example_table, .process = process,
};
