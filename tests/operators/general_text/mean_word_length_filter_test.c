/* Tests of general_text.mean_word_length_filter. */
#include "tests/operators/harness.h"

static const struct mr_case cases[] = {
    {.name = "range with the maximum excluded",
     .set = "min_length=2 max_length=3",
     .keys = "input_key=text",
     .in = "{\"text\":\"a bc\"}\n"
           "{\"text\":\"ab\"}\n"
           "{\"text\":\"ab cd ef g\"}\n"
           "{\"text\":\"abc\"}\n"
           "{\"text\":\"äö\"}",
     .out = "{\"text\":\"a bc\",\"_outcome\":\"words_too_short\",\"_value\":1.5,\"_threshold\":2."
           "0}\n"
           "{\"text\":\"ab\",\"mean_word_length_filter_label\":1}\n"
           "{\"text\":\"ab cd ef g\",\"_outcome\":\"words_too_short\",\"_value\":1.75,\"_thresho"
           "ld\":2.0}\n"
           "{\"text\":\"abc\",\"_outcome\":\"words_too_long\",\"_value\":3.0,\"_threshold\":3.0}"
           "\n"
           "{\"text\":\"äö\",\"mean_word_length_filter_label\":1}"},
    {.name = "the mean is rounded first",
     .set = "min_length=2.67 max_length=9",
     .keys = "input_key=text",
     .in = "{\"text\":\"aaa aaa aa\"}\n"
           "{\"text\":\"aaa aaa aaa aa aa aa aa aa aa aa aa aa aa\"}",
     .out = "{\"text\":\"aaa aaa aa\",\"mean_word_length_filter_label\":1}\n"
           "{\"text\":\"aaa aaa aaa aa aa aa aa aa aa aa aa aa aa\",\"_outcome\":\"words_too_sho"
           "rt\",\"_value\":2.23,\"_threshold\":2.67}"},
    {.name = "half goes to the even binary value",
     .set = "min_length=1.12 max_length=1.13",
     .keys = "input_key=text",
     .in = "{\"text\":\"ab a a a a a a a\"}",
     .out = "{\"text\":\"ab a a a a a a a\",\"mean_word_length_filter_label\":1}"},
    {.name = "no words",
     .keys = "input_key=text",
     .in = "{\"text\":\"\"}\n"
           "{\"text\":null}\n"
           "{\"text\":\" \\t\"}",
     .out = "{\"text\":\"\",\"_outcome\":\"no_words\"}\n"
           "{\"text\":null,\"_outcome\":\"no_words\"}\n"
           "{\"text\":\" \\t\",\"_outcome\":\"no_words\"}"},
    {0}};

MR_OPERATOR_SUITE(general_text, mean_word_length_filter, cases)
