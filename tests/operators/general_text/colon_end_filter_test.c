/* Tests of general_text.colon_end_filter. */
#include "tests/operators/harness.h"

static const struct mr_case cases[] = {
    {.name = "last character only",
     .keys = "input_key=text",
     .in = "{\"text\":\"a:\"}\n"
           "{\"text\":\"a: \"}\n"
           "{\"text\":\"a:b\"}\n"
           "{\"text\":\"\"}\n"
           "{\"text\":null}",
     .out = "{\"text\":\"a:\",\"_outcome\":\"ends_in_colon\"}\n"
           "{\"text\":\"a: \",\"colonendfilter_label\":1}\n"
           "{\"text\":\"a:b\",\"colonendfilter_label\":1}\n"
           "{\"text\":\"\",\"_outcome\":\"empty\"}\n"
           "{\"text\":null,\"_outcome\":\"empty\"}"},
    {.name = "full-width colon",
     .keys = "input_key=text",
     .in = "{\"text\":\"如下：\"}",
     .out = "{\"text\":\"如下：\",\"_outcome\":\"ends_in_colon\"}"},
    {.name = "full-width colon in compat",
     .keys = "input_key=text",
     .mode = MR_MODE_COMPAT,
     .in = "{\"text\":\"如下：\"}",
     .out = "{\"text\":\"如下：\",\"colonendfilter_label\":1}"},
    {0}};

MR_OPERATOR_SUITE(general_text, colon_end_filter, cases)
