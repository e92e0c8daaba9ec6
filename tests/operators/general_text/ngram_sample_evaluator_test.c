/* Tests of general_text.ngram_sample_evaluator. */
#include "tests/operators/harness.h"

static const struct mr_case cases[] = {
    {.name = "words without punctuation and case",
     .set = "ngrams=2",
     .keys = "input_key=text",
     .in = "{\"text\":\"A b, a B! a\"}\n"
           "{\"text\":\"one\"}\n"
           "{\"text\":\"\"}",
     .out = "{\"text\":\"A b, a B! a\",\"NgramScore\":0.5}\n"
           "{\"text\":\"one\",\"NgramScore\":0.0}\n"
           "{\"text\":\"\",\"NgramScore\":0.0}"},
    {.name = "code points for zh and auto",
     .set = "ngrams=2 language=zh",
     .keys = "input_key=text",
     .in = "{\"text\":\"中文 中文\"}\n"
           "{\"text\":\"ab ab\"}",
     .out = "{\"text\":\"中文 中文\",\"NgramScore\":0.6666666666666666}\n"
           "{\"text\":\"ab ab\",\"NgramScore\":0.6666666666666666}"},
    {.name = "auto",
     .set = "ngrams=2 language=auto",
     .keys = "input_key=text",
     .in = "{\"text\":\"中文 中文\"}\n"
           "{\"text\":\"ab ab ab\"}",
     .out = "{\"text\":\"中文 中文\",\"NgramScore\":0.6666666666666666}\n"
           "{\"text\":\"ab ab ab\",\"NgramScore\":0.5}"},
    {.name = "what is not text scores nothing",
     .keys = "input_key=text",
     .in = "{\"text\":null}\n"
           "{\"text\":5}",
     .out = "{\"text\":null,\"NgramScore\":0.0}\n"
           "{\"text\":5,\"NgramScore\":0.0}"},
    {.name = "unknown language",
     .set = "language=fr",
     .keys = "input_key=text",
     .error = "one of en, zh, auto"},
    {0}};

MR_OPERATOR_SUITE(general_text, ngram_sample_evaluator, cases)
