/* Tests of general_text.char_number_filter. */
#include "tests/operators/harness.h"

static const struct mr_case cases[] = {
    {"counts without blanks", "threshold=3", "input_key=text", 0,
     "{\"text\":\" a\\tb \\n\"}\n{\"text\":\"a b c\"}",
     "{\"text\":\" a\\tb \\n\",\"_outcome\":\"too_short\",\"_value\":2.0,\"_threshold\":3.0}\n"
     "{\"text\":\"a b c\",\"char_number_filter_label\":1}", NULL},
    {"code points, not bytes", "threshold=3", "input_key=text", 0,
     "{\"text\":\"\xc3\xa4\xc3\xb6\"}\n{\"text\":\"\xf0\x9f\x98\x80\xe4\xb8\xad\xe6\x96\x87\"}",
     "{\"text\":\"\xc3\xa4\xc3\xb6\",\"_outcome\":\"too_short\"}\n"
     "{\"text\":\"\xf0\x9f\x98\x80\xe4\xb8\xad\xe6\x96\x87\",\"char_number_filter_label\":1}", NULL},
    {"other white space inside counts, at the ends it does not", "threshold=3", "input_key=text", 0,
     "{\"text\":\"a\\u00a0b\"}\n{\"text\":\"\\u00a0ab\\u3000\"}\n{\"text\":\"a\\rb\"}",
     "{\"text\":\"a\xc2\xa0\x62\",\"char_number_filter_label\":1}\n"
     "{\"text\":\"\xc2\xa0\x61\x62\xe3\x80\x80\",\"_outcome\":\"too_short\"}\n"
     "{\"text\":\"a\\rb\",\"char_number_filter_label\":1}", NULL},
    {"nothing never passes", "threshold=0", "input_key=text", 0,
     "{\"text\":\"\"}\n{\"text\":null}\n{\"text\":\" \"}",
     "{\"text\":\"\",\"_outcome\":\"too_short\"}\n{\"text\":null,\"_outcome\":\"too_short\"}\n"
     "{\"text\":\" \",\"char_number_filter_label\":1}", NULL},
    {"wrong type and missing key", NULL, "input_key=text", 0, "{\"text\":5}\n{\"body\":\"x\"}",
     "{\"text\":5,\"_outcome\":\"bad_input\",\"_note\":\"key \\\"text\\\" is integer, not text or "
     "null\"}\n{\"body\":\"x\",\"_outcome\":\"bad_input\",\"_note\":\"key \\\"text\\\" is missing\"}",
     NULL},
    {"label unbound and renamed", "threshold=1", "input_key=t output_key=null", 0, "{\"t\":\"x\"}",
     "{\"t\":\"x\"}", NULL},
    {"bound below zero", "threshold=-1", "input_key=t", 0, NULL, NULL, "at least 0"},
    {"no input key", NULL, NULL, 0, NULL, NULL, "input_key"},
    {0}};

MR_OPERATOR_SUITE(general_text, char_number_filter, cases)
