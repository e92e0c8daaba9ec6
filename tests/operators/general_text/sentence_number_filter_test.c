/* Tests of general_text.sentence_number_filter. */
#include "tests/operators/harness.h"

static const struct mr_case cases[] = {
    {.name = "both ends included",
     .set = "min_sentences=1 max_sentences=2",
     .keys = "input_key=text",
     .in = "{\"text\":\"A. B! C?\"}\n"
           "{\"text\":\"A... B\"}\n"
           "{\"text\":\"no end\"}\n"
           "{\"text\":\"?!\"}",
     .out = "{\"text\":\"A. B! C?\",\"_outcome\":\"too_many_sentences\",\"_value\":3.0,\"_thresho"
           "ld\":2.0}\n"
           "{\"text\":\"A... B\",\"sentence_number_filter_label\":1}\n"
           "{\"text\":\"no end\",\"sentence_number_filter_label\":1}\n"
           "{\"text\":\"?!\",\"_outcome\":\"too_few_sentences\",\"_value\":0.0,\"_threshold\":1."
           "0}"},
    {.name = "lines are sentences",
     .set = "min_sentences=2 max_sentences=2",
     .keys = "input_key=text",
     .in = "{\"text\":\"one\\ntwo\"}\n"
           "{\"text\":\"-- \\n- x. -\"}",
     .out = "{\"text\":\"one\\ntwo\",\"sentence_number_filter_label\":1}\n"
           "{\"text\":\"-- \\n- x. -\",\"_outcome\":\"too_few_sentences\"}"},
    {.name = "unicode knows other full stops",
     .set = "min_sentences=2",
     .keys = "input_key=text",
     .in = "{\"text\":\"你好。再见！\"}\n"
           "{\"text\":\"क्या? हाँ।\"}",
     .out = "{\"text\":\"你好。再见！\",\"sentence_number_filter_label\":1}\n"
           "{\"text\":\"क्या? हाँ।\",\"sentence_number_filter_label\":1}"},
    {.name = "compat knows the ASCII ones only",
     .set = "min_sentences=2",
     .keys = "input_key=text",
     .mode = MR_MODE_COMPAT,
     .in = "{\"text\":\"你好。再见！\"}\n"
           "{\"text\":\"3.14 is pi.\"}",
     .out = "{\"text\":\"你好。再见！\",\"_outcome\":\"too_few_sentences\"}\n"
           "{\"text\":\"3.14 is pi.\",\"sentence_number_filter_label\":1}"},
    {.name = "nothing never passes",
     .set = "min_sentences=0",
     .keys = "input_key=text",
     .in = "{\"text\":\"\"}\n"
           "{\"text\":null}\n"
           "{\"text\":\" \"}",
     .out = "{\"text\":\"\",\"_outcome\":\"too_few_sentences\"}\n"
           "{\"text\":null,\"_outcome\":\"too_few_sentences\"}\n"
           "{\"text\":\" \",\"sentence_number_filter_label\":1}"},
    {0}};

MR_OPERATOR_SUITE(general_text, sentence_number_filter, cases)
