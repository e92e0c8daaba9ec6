/* Tests of general_text.word_number_filter. */
#include "tests/operators/harness.h"

static const struct mr_case cases[] = {
    {.name = "range with the maximum excluded",
     .set = "min_words=2 max_words=4",
     .keys = "input_key=text",
     .in = "{\"text\":\"a\"}\n"
           "{\"text\":\"a b\"}\n"
           "{\"text\":\"a　b c\"}\n"
           "{\"text\":\"a b c d\"}",
     .out = "{\"text\":\"a\",\"_outcome\":\"too_few_words\",\"_value\":1.0,\"_threshold\":2.0}\n"
           "{\"text\":\"a b\",\"word_number_filter_label\":2}\n"
           "{\"text\":\"a　b c\",\"word_number_filter_label\":3}\n"
           "{\"text\":\"a b c d\",\"_outcome\":\"too_many_words\",\"_value\":4.0,\"_threshold\":"
           "4.0}"},
    {.name = "what is not text has no words",
     .set = "min_words=0",
     .keys = "input_key=text",
     .in = "{\"text\":null}\n"
           "{\"text\":7}\n"
           "{\"text\":[\"a b\"]}\n"
           "{\"text\":\"\"}",
     .out = "{\"text\":null,\"word_number_filter_label\":0}\n"
           "{\"text\":7,\"word_number_filter_label\":0}\n"
           "{\"text\":[\"a b\"],\"word_number_filter_label\":0}\n"
           "{\"text\":\"\",\"word_number_filter_label\":0}"},
    {.name = "range the wrong way round",
     .set = "min_words=5 max_words=5",
     .keys = "input_key=text",
     .error = "is not below max_words"},
    {.name = "not a number",
     .set = "min_words=many",
     .keys = "input_key=text",
     .error = "an integer of at least 0"},
    {0}};

MR_OPERATOR_SUITE(general_text, word_number_filter, cases)
