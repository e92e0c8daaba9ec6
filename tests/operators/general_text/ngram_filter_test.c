/* Tests of general_text.ngram_filter. */
#include "tests/operators/harness.h"

static const struct mr_case cases[] = {
    {.name = "both ends included",
     .set = "ngrams=1 min_score=0.5 max_score=0.75",
     .keys = "input_key=text",
     .in = "{\"text\":\"a a a\"}\n"
           "{\"text\":\"a a b b\"}\n"
           "{\"text\":\"a b c c\"}\n"
           "{\"text\":\"a b\"}",
     .out = "{\"text\":\"a a a\",\"_outcome\":\"too_repetitive\",\"_value\":0.3333333333333333,"
           "\"_threshold\":0.5}\n"
           "{\"text\":\"a a b b\",\"NgramScore\":0.5}\n"
           "{\"text\":\"a b c c\",\"NgramScore\":0.75}\n"
           "{\"text\":\"a b\",\"_outcome\":\"too_varied\",\"_value\":1.0,\"_threshold\":0.75}"},
    {.name = "short and null texts score 0",
     .keys = "input_key=text",
     .in = "{\"text\":\"a b c\"}\n"
           "{\"text\":null}",
     .out = "{\"text\":\"a b c\",\"_outcome\":\"too_repetitive\",\"_value\":0.0,\"_threshold\":0."
           "8}\n"
           "{\"text\":null,\"_outcome\":\"too_repetitive\",\"_value\":0.0,\"_threshold\":0.8}"},
    {.name = "n-gram of nothing",
     .set = "ngrams=0",
     .keys = "input_key=text",
     .error = "an integer from 1"},
    {0}};

MR_OPERATOR_SUITE(general_text, ngram_filter, cases)
