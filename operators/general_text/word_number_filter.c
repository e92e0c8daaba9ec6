/* general_text.word_number_filter - keep texts whose number of words lies in a range. */
#include "operators/general_text/general_text.h"

struct params {
    int64_t min_words, max_words;
};
enum { TEXT, COUNT };
enum { TOO_FEW, TOO_MANY };

static const struct mr_param param_table[] = {
    {MR_FIELD(struct params, min_words), .def = "20", .min = "0", .unit = "words",
     .doc = "Fewest words kept."},
    {MR_FIELD(struct params, max_words), .def = "100000", .min = "0", .unit = "words",
     .doc = "Texts with this many words or more are dropped."},
    {0}};
static const struct mr_key key_table[] = {
    [TEXT] = {.name = "input_key", .access = MR_READ, .types = MR_ANY, .nullable = true,
              .doc = "Text to be checked; null and what is not text has no words."},
    [COUNT] = {.name = "output_key", .access = MR_WRITE, .types = MR_INT, .optional = true,
               .def = "word_number_filter_label", .doc = "Number of words."},
    {0}};
static const struct mr_outcome outcome_table[] = {
    [TOO_FEW] = {"too_few_words", MR_DROP, "Fewer words than `min_words`."},
    [TOO_MANY] = {"too_many_words", MR_DROP, "`max_words` words or more."},
    {0}};

static struct mr_error *check(const void *params)
{
    const struct params *p = params;
    if (p->min_words >= p->max_words)
        return mr_error(MR_PARAM_INVALID, "min_words %lld is not below max_words %lld",
                        (long long)p->min_words, (long long)p->max_words);
    return NULL;
}

static struct mr_error *process(struct mr_ctx *ctx, struct mr_row *row)
{
    const struct params *p = mr_params(ctx);
    int64_t count = 0;
    struct mr_str word;
    if (mr_row_type(row, TEXT) == MR_TEXT) {
        struct mr_str text = mr_row_text(row, TEXT);
        for (size_t at = 0; mr_word_next(text, &at, &word);)
            count++;
    }
    if (count < p->min_words)
        return mr_row_leave_measured(row, TOO_FEW, (double)count, (double)p->min_words);
    if (count >= p->max_words)
        return mr_row_leave_measured(row, TOO_MANY, (double)count, (double)p->max_words);
    mr_row_set_int(row, COUNT, count);
    return NULL;
}

static const struct mr_example example_table[] = {
    {.set = "min_words=2 max_words=4", .keys = "input_key=text",
     .in = "{\"text\":\"one\"}\n{\"text\":\"one two three\"}",
     .out = "{\"text\":\"one\",\"_outcome\":\"too_few_words\"}\n"
            "{\"text\":\"one two three\",\"word_number_filter_label\":3}"},
    {0}};
const struct mr_op mr_op_general_text_word_number_filter = {
    .name = "general_text.word_number_filter", .aliases = "WordNumberFilter",
    .category = MR_CAT_FILTER, .scope = MR_PER_ROW,
    .doc = "Keeps texts whose number of words lies in a range, the maximum excluded.",
    .notes = "The output key holds the number of words, as in the reference.",
    .params_size = sizeof(struct params), .params = param_table, .keys = key_table,
    .outcomes = outcome_table, .examples = example_table, .check = check, .process = process,
};
