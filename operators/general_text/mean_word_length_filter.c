/* general_text.mean_word_length_filter - keep texts whose mean word length lies in a range. */
#include "operators/general_text/general_text.h"

struct params {
    double min_length, max_length;
};
enum { TEXT, LABEL };
enum { TOO_SHORT, TOO_LONG, NO_WORDS };

static const struct mr_param param_table[] = {
    {MR_FIELD(struct params, min_length), .def = "3", .min = "0", .unit = "code points",
     .doc = "Least mean length kept."},
    {MR_FIELD(struct params, max_length), .def = "10", .min = "0", .unit = "code points",
     .doc = "Texts with this mean length or more are dropped."},
    {0}};
static const struct mr_key key_table[] = {
    [TEXT] = {.name = "input_key", .access = MR_READ, .types = MR_TEXT, .nullable = true,
              .doc = "Text to be checked; null and empty are dropped."},
    [LABEL] = {.name = "output_key", .access = MR_WRITE, .types = MR_INT, .optional = true,
               .def = "mean_word_length_filter_label", .doc = "1 on every row that passes."},
    {0}};
static const struct mr_outcome outcome_table[] = {
    [TOO_SHORT] = {"words_too_short", MR_DROP, "The mean is below `min_length`."},
    [TOO_LONG] = {"words_too_long", MR_DROP, "The mean is `max_length` or more."},
    [NO_WORDS] = {"no_words", MR_DROP, "The text is null, empty or white space only."},
    {0}};

static struct mr_error *check(const void *params)
{
    const struct params *p = params;
    if (p->min_length >= p->max_length)
        return mr_error(MR_PARAM_INVALID, "min_length %g is not below max_length %g", p->min_length,
                        p->max_length);
    return NULL;
}

static struct mr_error *process(struct mr_ctx *ctx, struct mr_row *row)
{
    const struct params *p = mr_params(ctx);
    struct mr_word_counts counts = mr_words_count(mr_row_text(row, TEXT));
    if (!counts.words)
        return mr_row_leave(row, NO_WORDS);
    double mean = mr_gt_round2((double)counts.chars / (double)counts.words);
    if (mean < p->min_length)
        return mr_row_leave_measured(row, TOO_SHORT, mean, p->min_length);
    if (mean >= p->max_length)
        return mr_row_leave_measured(row, TOO_LONG, mean, p->max_length);
    mr_row_set_int(row, LABEL, 1);
    return NULL;
}

static const struct mr_example example_table[] = {
    {.keys = "input_key=text", .in = "{\"text\":\"a bc\"}\n{\"text\":\"four words here\"}",
     .out = "{\"text\":\"a bc\",\"_outcome\":\"words_too_short\"}\n"
            "{\"text\":\"four words here\",\"mean_word_length_filter_label\":1}"},
    {0}};
const struct mr_op mr_op_general_text_mean_word_length_filter = {
    .name = "general_text.mean_word_length_filter", .aliases = "MeanWordLengthFilter",
    .category = MR_CAT_FILTER, .scope = MR_PER_ROW,
    .doc = "Keeps texts whose mean word length, rounded to two decimals, lies in a range.",
    .notes = "Words are parted by white space, so texts of scripts without blanks are dropped, as in "
             "the reference.",
    .params_size = sizeof(struct params), .params = param_table, .keys = key_table,
    .outcomes = outcome_table, .examples = example_table, .check = check, .process = process,
};
