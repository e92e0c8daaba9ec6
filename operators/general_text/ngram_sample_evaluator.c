/* general_text.ngram_sample_evaluator - score how little a text repeats itself. */
#include "operators/general_text/general_text.h"

struct params {
    int64_t ngrams;
    int language;
};
enum { TEXT, SCORE };

static const struct mr_param param_table[] = {
    {MR_FIELD(struct params, ngrams), .def = "5", .min = "1", .max = "1000", .unit = "tokens",
     .doc = "Length of an n-gram."},
    {MR_FIELD(struct params, language), .def = "en", .choices = "en|zh|auto",
     .doc = "en: tokens are words; zh: code points; auto: zh where an ideograph occurs."},
    {0}};
static const struct mr_key key_table[] = {
    [TEXT] = {.name = "input_key", .access = MR_READ, .types = MR_ANY, .nullable = true,
              .doc = "Text to be scored; null and what is not text scores 0."},
    [SCORE] = {.name = "output_key", .access = MR_WRITE, .types = MR_REAL, .def = "NgramScore",
               .doc = "Distinct n-grams by all n-grams, from 0 to 1; 0 for short texts."},
    {0}};

static struct mr_error *process(struct mr_ctx *ctx, struct mr_row *row)
{
    const struct params *p = mr_params(ctx);
    double score = 0;
    if (mr_row_type(row, TEXT) == MR_TEXT)
        score = mr_gt_ngram_score(ctx, mr_row_text(row, TEXT), p->ngrams,
                                  (enum mr_gt_language)p->language);
    mr_row_set_real(row, SCORE, score);
    return NULL;
}

static const struct mr_example example_table[] = {
    {.set = "ngrams=2", .keys = "input_key=text",
     .in = "{\"text\":\"to be, to be, to be\"}\n{\"text\":\"one\"}",
     .out = "{\"text\":\"to be, to be, to be\",\"NgramScore\":0.4}\n"
            "{\"text\":\"one\",\"NgramScore\":0.0}"},
    {0}};
const struct mr_op mr_op_general_text_ngram_sample_evaluator = {
    .name = "general_text.ngram_sample_evaluator", .aliases = "NgramSampleEvaluator",
    .category = MR_CAT_EVALUATE, .scope = MR_PER_ROW,
    .doc = "Scores a text by its share of distinct n-grams; low means repetitive.",
    .notes = "Case and punctuation do not count; a text shorter than one n-gram scores 0, as in the "
             "reference.",
    .params_size = sizeof(struct params), .params = param_table, .keys = key_table,
    .examples = example_table, .process = process,
};
