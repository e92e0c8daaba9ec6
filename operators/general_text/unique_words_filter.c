/* general_text.unique_words_filter - drop texts that repeat the same words. */
#include "operators/general_text/general_text.h"

struct params {
    double threshold;
};
enum { TEXT, LABEL };
enum { TOO_REPETITIVE, NO_WORDS };

static const struct mr_param param_table[] = {
    {MR_FIELD(struct params, threshold), .def = "0.1", .min = "0", .max = "1",
     .doc = "The share of distinct words must be above this."},
    {0}};
static const struct mr_key key_table[] = {
    [TEXT] = {.name = "input_key", .access = MR_READ, .types = MR_TEXT, .nullable = true,
              .doc = "Text to be checked; null and empty are dropped."},
    [LABEL] = {.name = "output_key", .access = MR_WRITE, .types = MR_INT, .optional = true,
               .def = "unique_words_filter", .doc = "1 on every row that passes."},
    {0}};
static const struct mr_outcome outcome_table[] = {
    [TOO_REPETITIVE] = {"too_repetitive", MR_DROP, "The share is not above `threshold`."},
    [NO_WORDS] = {"no_words", MR_DROP, "The text is null, empty or white space only."},
    {0}};

static struct mr_error *process(struct mr_ctx *ctx, struct mr_row *row)
{
    const struct params *p = mr_params(ctx);
    struct mr_buf *lower = mr_scratch(ctx);
    mr_text_lower(mr_row_text(row, TEXT), lower);
    struct mr_str text = mr_buf_str(lower), word;
    size_t total = mr_words_count(text).words;
    if (!total)
        return mr_row_leave(row, NO_WORDS);
    struct mr_seen seen;
    mr_seen_begin(&seen, mr_batch_arena(ctx), total);
    for (size_t at = 0; mr_word_next(text, &at, &word);)
        mr_seen_add(&seen, mr_hash64(word.ptr, word.len, 0));
    double share = (double)seen.count / (double)total;
    if (!(share > p->threshold))
        return mr_row_leave_measured(row, TOO_REPETITIVE, share, p->threshold);
    mr_row_set_int(row, LABEL, 1);
    return NULL;
}

static const struct mr_example example_table[] = {
    {.set = "threshold=0.5", .keys = "input_key=text",
     .in = "{\"text\":\"so So so so\"}\n{\"text\":\"all words differ\"}",
     .out = "{\"text\":\"so So so so\",\"_outcome\":\"too_repetitive\"}\n"
            "{\"text\":\"all words differ\",\"unique_words_filter\":1}"},
    {0}};
const struct mr_op mr_op_general_text_unique_words_filter = {
    .name = "general_text.unique_words_filter", .aliases = "UniqueWordsFilter",
    .category = MR_CAT_FILTER, .scope = MR_PER_ROW,
    .doc = "Drops texts whose share of distinct words, case ignored, is too small.",
    .params_size = sizeof(struct params), .params = param_table, .keys = key_table,
    .outcomes = outcome_table, .examples = example_table, .process = process,
};
