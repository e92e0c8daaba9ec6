/* Tests of general_text.symbol_word_ratio_filter. */
#include "tests/operators/harness.h"

static const struct mr_case cases[] = {
    {.name = "symbols by tokens below",
     .set = "threshold=0.5",
     .keys = "input_key=text",
     .in = "{\"text\":\"# a\"}\n"
           "{\"text\":\"# a b c\"}\n"
           "{\"text\":\"......\"}\n"
           "{\"text\":\"a… b… c\"}\n"
           "{\"text\":\"it's\"}",
     .out = "{\"text\":\"# a\",\"_outcome\":\"too_many_symbols\",\"_value\":0.5,\"_threshold\":0."
           "5}\n"
           "{\"text\":\"# a b c\",\"symbol_word_ratio_filter_label\":1}\n"
           "{\"text\":\"......\",\"_outcome\":\"too_many_symbols\",\"_value\":2.0,\"_threshold"
           "\":0.5}\n"
           "{\"text\":\"a… b… c\",\"symbol_word_ratio_filter_label\":1}\n"
           "{\"text\":\"it's\",\"symbol_word_ratio_filter_label\":1}"},
    {.name = "no tokens",
     .keys = "input_key=text",
     .in = "{\"text\":null}\n"
           "{\"text\":\"\"}\n"
           "{\"text\":\" \"}",
     .out = "{\"text\":null,\"_outcome\":\"no_words\"}\n"
           "{\"text\":\"\",\"_outcome\":\"no_words\"}\n"
           "{\"text\":\" \",\"_outcome\":\"no_words\"}"},
    {.name = "separators are tokens",
     .keys = "input_key=text",
     .in = "{\"text\":\"\\u001c\"}",
     .out = "{\"text\":\"\\u001c\",\"symbol_word_ratio_filter_label\":1}"},
    {0}};

MR_OPERATOR_SUITE(general_text, symbol_word_ratio_filter, cases)
