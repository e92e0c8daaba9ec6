/* general_text.sentence_number_filter - keep texts whose number of sentences lies in a range. */
#include "operators/general_text/general_text.h"

struct params {
    int64_t min_sentences, max_sentences;
};
enum { TEXT, LABEL };
enum { TOO_FEW, TOO_MANY };

static const struct mr_param param_table[] = {
    {MR_FIELD(struct params, min_sentences), .def = "3", .min = "0", .unit = "sentences",
     .doc = "Fewest sentences kept."},
    {MR_FIELD(struct params, max_sentences), .def = "7500", .min = "0", .unit = "sentences",
     .doc = "Most sentences kept."},
    {0}};
static const struct mr_key key_table[] = {
    [TEXT] = {.name = "input_key", .access = MR_READ, .types = MR_TEXT, .nullable = true,
              .doc = "Text to be checked; null and empty are dropped."},
    [LABEL] = {.name = "output_key", .access = MR_WRITE, .types = MR_INT, .optional = true,
               .def = "sentence_number_filter_label", .doc = "1 on every row that passes."},
    {0}};
static const struct mr_outcome outcome_table[] = {
    [TOO_FEW] = {"too_few_sentences", MR_DROP, "Fewer than `min_sentences`, or no text."},
    [TOO_MANY] = {"too_many_sentences", MR_DROP, "More than `max_sentences`."},
    {0}};

static struct mr_error *check(const void *params)
{
    const struct params *p = params;
    if (p->min_sentences > p->max_sentences)
        return mr_error(MR_PARAM_INVALID, "min_sentences %lld is above max_sentences %lld",
                        (long long)p->min_sentences, (long long)p->max_sentences);
    return NULL;
}

/* A sentence is what stands between two ends and holds a word character. compat: the ends are
 * . ! ? and the line feed; unicode: the sentence ends of every script. */
static int64_t sentences_of(struct mr_str text, enum mr_mode mode)
{
    const char *at = text.ptr, *end = text.ptr + text.len;
    int64_t count = 0;
    bool open = false;
    while (at < end) {
        uint32_t c = mr_char_next(&at, end);
        if (c == '\n' || ((c < 0x80 || mode == MR_MODE_UNICODE) && mr_char_ends_sentence(c))) {
            open = false;
        } else if (!open && mr_char_is_word(c)) {
            open = true;
            count++;
        }
    }
    return count;
}

static struct mr_error *process(struct mr_ctx *ctx, struct mr_row *row)
{
    const struct params *p = mr_params(ctx);
    struct mr_str text = mr_row_text(row, TEXT);
    int64_t count = sentences_of(text, mr_mode_of(ctx));
    if (!text.len || count < p->min_sentences)
        return mr_row_leave_measured(row, TOO_FEW, (double)count, (double)p->min_sentences);
    if (count > p->max_sentences)
        return mr_row_leave_measured(row, TOO_MANY, (double)count, (double)p->max_sentences);
    mr_row_set_int(row, LABEL, 1);
    return NULL;
}

static const struct mr_example example_table[] = {
    {.set = "min_sentences=2", .keys = "input_key=text",
     .in = "{\"text\":\"One. Two!\"}\n{\"text\":\"One only\"}",
     .out = "{\"text\":\"One. Two!\",\"sentence_number_filter_label\":1}\n"
            "{\"text\":\"One only\",\"_outcome\":\"too_few_sentences\"}"},
    {0}};
const struct mr_op mr_op_general_text_sentence_number_filter = {
    .name = "general_text.sentence_number_filter", .aliases = "SentenceNumberFilter",
    .category = MR_CAT_FILTER, .scope = MR_PER_ROW,
    .doc = "Keeps texts whose number of sentences lies in a range, both ends included.",
    .notes = "Mode compat knows the ASCII sentence ends only; mode unicode those of every script. A "
             "full stop between digits counts as an end in both.",
    .has_modes = true,
    .params_size = sizeof(struct params), .params = param_table, .keys = key_table,
    .outcomes = outcome_table, .examples = example_table, .check = check, .process = process,
};
