/* Tests of general_text.unique_words_filter. */
#include "tests/operators/harness.h"

static const struct mr_case cases[] = {
    {.name = "share of distinct words above",
     .set = "threshold=0.5",
     .keys = "input_key=text",
     .in = "{\"text\":\"a A\"}\n"
           "{\"text\":\"a b a\"}\n"
           "{\"text\":\"x\"}\n"
           "{\"text\":\"Ä ä\"}",
     .out = "{\"text\":\"a A\",\"_outcome\":\"too_repetitive\",\"_value\":0.5,\"_threshold\":0.5}"
           "\n"
           "{\"text\":\"a b a\",\"unique_words_filter\":1}\n"
           "{\"text\":\"x\",\"unique_words_filter\":1}\n"
           "{\"text\":\"Ä ä\",\"_outcome\":\"too_repetitive\",\"_value\":0.5,\"_threshold\":0.5}"},
    {.name = "no words",
     .keys = "input_key=text",
     .in = "{\"text\":null}\n"
           "{\"text\":\" \"}",
     .out = "{\"text\":null,\"_outcome\":\"no_words\"}\n"
           "{\"text\":\" \",\"_outcome\":\"no_words\"}"},
    {.name = "bounds",
     .set = "threshold=1.01",
     .keys = "input_key=text",
     .error = "from 0 to 1"},
    {0}};

MR_OPERATOR_SUITE(general_text, unique_words_filter, cases)
