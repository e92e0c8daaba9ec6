/* general_text.ngram_filter - drop texts that repeat themselves. */
#include "operators/general_text/general_text.h"

struct params {
    double min_score, max_score;
    int64_t ngrams;
    int language;
};
enum { TEXT, SCORE };
enum { TOO_LOW, TOO_HIGH };

static const struct mr_param param_table[] = {
    {MR_FIELD(struct params, min_score), .def = "0.8", .min = "0", .max = "1",
     .doc = "Least score kept."},
    {MR_FIELD(struct params, max_score), .def = "1", .min = "0", .max = "1",
     .doc = "Greatest score kept."},
    {MR_FIELD(struct params, ngrams), .def = "5", .min = "1", .max = "1000", .unit = "tokens",
     .doc = "Length of an n-gram."},
    {MR_FIELD(struct params, language), .def = "en", .choices = "en|zh|auto",
     .doc = "en: tokens are words; zh: code points; auto: zh where an ideograph occurs."},
    {0}};
static const struct mr_key key_table[] = {
    [TEXT] = {.name = "input_key", .access = MR_READ, .types = MR_ANY, .nullable = true,
              .doc = "Text to be checked; null and what is not text scores 0."},
    [SCORE] = {.name = "output_key", .access = MR_WRITE, .types = MR_REAL, .optional = true,
               .def = "NgramScore", .doc = "Distinct n-grams by all n-grams, from 0 to 1."},
    {0}};
static const struct mr_outcome outcome_table[] = {
    [TOO_LOW] = {"too_repetitive", MR_DROP, "The score is below `min_score`."},
    [TOO_HIGH] = {"too_varied", MR_DROP, "The score is above `max_score`."},
    {0}};

static struct mr_error *check(const void *params)
{
    const struct params *p = params;
    if (p->min_score > p->max_score)
        return mr_error(MR_PARAM_INVALID, "min_score %g is above max_score %g", p->min_score,
                        p->max_score);
    return NULL;
}

static struct mr_error *process(struct mr_ctx *ctx, struct mr_row *row)
{
    const struct params *p = mr_params(ctx);
    double score = 0;
    if (mr_row_type(row, TEXT) == MR_TEXT)
        score = mr_gt_ngram_score(ctx, mr_row_text(row, TEXT), p->ngrams,
                                  (enum mr_gt_language)p->language);
    if (score < p->min_score)
        return mr_row_leave_measured(row, TOO_LOW, score, p->min_score);
    if (score > p->max_score)
        return mr_row_leave_measured(row, TOO_HIGH, score, p->max_score);
    mr_row_set_real(row, SCORE, score);
    return NULL;
}

static const struct mr_example example_table[] = {
    {.set = "ngrams=2", .keys = "input_key=text",
     .in = "{\"text\":\"to be to be to be\"}\n{\"text\":\"a b c\"}",
     .out = "{\"text\":\"to be to be to be\",\"_outcome\":\"too_repetitive\"}\n"
            "{\"text\":\"a b c\",\"NgramScore\":1.0}"},
    {0}};
const struct mr_op mr_op_general_text_ngram_filter = {
    .name = "general_text.ngram_filter", .aliases = "NgramFilter",
    .category = MR_CAT_FILTER, .scope = MR_PER_ROW,
    .doc = "Keeps texts whose share of distinct n-grams lies in a range, both ends included.",
    .notes = "A text shorter than one n-gram scores 0, as in the reference.",
    .params_size = sizeof(struct params), .params = param_table, .keys = key_table,
    .outcomes = outcome_table, .examples = example_table, .check = check, .process = process,
};
