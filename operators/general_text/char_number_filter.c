/* general_text.char_number_filter - drop texts with too few characters. */
#include "operators/general_text/general_text.h"

struct params {
    int64_t threshold;
};
enum { TEXT, LABEL };
enum { TOO_SHORT };

static const struct mr_param param_table[] = {
    {MR_FIELD(struct params, threshold), .def = "100", .min = "0", .unit = "code points",
     .doc = "Fewest characters kept."},
    {0}};
static const struct mr_key key_table[] = {
    [TEXT] = {.name = "input_key", .access = MR_READ, .types = MR_TEXT, .nullable = true,
              .doc = "Text to be checked; null and empty are dropped."},
    [LABEL] = {.name = "output_key", .access = MR_WRITE, .types = MR_INT, .optional = true,
               .def = "char_number_filter_label", .doc = "1 on every row that passes."},
    {0}};
static const struct mr_outcome outcome_table[] = {
    [TOO_SHORT] = {"too_short", MR_DROP, "Fewer characters than `threshold`, or no text."}, {0}};

/* Blanks, tabs and line feeds inside do not count, nor any white space at the ends. */
static struct mr_error *process(struct mr_ctx *ctx, struct mr_row *row)
{
    const struct params *p = mr_params(ctx);
    struct mr_str all = mr_row_text(row, TEXT), text = mr_text_strip(all);
    size_t count = mr_text_length(text);
    for (size_t i = 0; i < text.len; i++)
        count -= text.ptr[i] == ' ' || text.ptr[i] == '\n' || text.ptr[i] == '\t';
    if (!all.len || (int64_t)count < p->threshold)
        return mr_row_leave_measured(row, TOO_SHORT, (double)count, (double)p->threshold);
    mr_row_set_int(row, LABEL, 1);
    return NULL;
}

static const struct mr_example example_table[] = {
    {.set = "threshold=4", .keys = "input_key=text",
     .in = "{\"text\":\"a b c\"}\n{\"text\":\"a b c d\"}",
     .out = "{\"text\":\"a b c\",\"_outcome\":\"too_short\"}\n"
            "{\"text\":\"a b c d\",\"char_number_filter_label\":1}"},
    {0}};
const struct mr_op mr_op_general_text_char_number_filter = {
    .name = "general_text.char_number_filter", .aliases = "CharNumberFilter",
    .category = MR_CAT_FILTER, .scope = MR_PER_ROW,
    .doc = "Drops texts with fewer characters than a threshold, blanks not counted.",
    .params_size = sizeof(struct params), .params = param_table, .keys = key_table,
    .outcomes = outcome_table, .examples = example_table, .process = process,
};
