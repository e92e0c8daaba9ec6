/* Tests of general_text.content_null_filter. */
#include "tests/operators/harness.h"

static const struct mr_case cases[] = {
    {.name = "null, empty, blank",
     .keys = "input_key=text",
     .in = "{\"text\":null}\n"
           "{\"text\":\"\"}\n"
           "{\"text\":\" \\n　\"}\n"
           "{\"text\":\"​\"}\n"
           "{\"text\":\"x\"}",
     .out = "{\"text\":null,\"_outcome\":\"no_text\"}\n"
           "{\"text\":\"\",\"_outcome\":\"no_text\"}\n"
           "{\"text\":\" \\n　\",\"_outcome\":\"no_text\"}\n"
           "{\"text\":\"​\",\"content_null_filter_label\":1}\n"
           "{\"text\":\"x\",\"content_null_filter_label\":1}"},
    {0}};

MR_OPERATOR_SUITE(general_text, content_null_filter, cases)
