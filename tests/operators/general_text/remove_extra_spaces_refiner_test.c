/* Tests of general_text.remove_extra_spaces_refiner. */
#include "tests/operators/harness.h"

static const struct mr_case cases[] = {
    {.name = "every kind of white space",
     .keys = "input_key=text",
     .in = "{\"text\":\"  a \\t b\\r\\n\\nc \"}\n"
           "{\"text\":\"a 　b\"}\n"
           "{\"text\":\" \"}\n"
           "{\"text\":\"a​b\"}",
     .out = "{\"text\":\"a b c\"}\n"
           "{\"text\":\"a b\"}\n"
           "{\"text\":\"\"}\n"
           "{\"text\":\"a​b\"}"},
    {.name = "lines kept",
     .set = "keep_newlines=yes",
     .keys = "input_key=text",
     .in = "{\"text\":\" a  b \\n\\n\\t\\n c\\r\\nd\"}\n"
           "{\"text\":\"one line  only\"}\n"
           "{\"text\":\"\\n\\n\"}",
     .out = "{\"text\":\"a b\\nc\\nd\"}\n"
           "{\"text\":\"one line only\"}\n"
           "{\"text\":\"\"}"},
    {.name = "null stays null, wrong type is rejected",
     .keys = "input_key=text",
     .in = "{\"text\":null}\n"
           "{\"text\":\"\"}\n"
           "{\"text\":3}",
     .out = "{\"text\":null}\n"
           "{\"text\":\"\"}\n"
           "{\"text\":3,\"_outcome\":\"bad_input\"}"},
    {0}};

MR_OPERATOR_SUITE(general_text, remove_extra_spaces_refiner, cases)
