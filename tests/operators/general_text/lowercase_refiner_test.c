/* Tests of general_text.lowercase_refiner. */
#include "tests/operators/harness.h"

static const struct mr_case cases[] = {
    {.name = "all scripts",
     .keys = "input_key=text",
     .in = "{\"text\":\"HELLO World\"}\n"
           "{\"text\":\"ÄÖÜ ŻÓŁĆ\"}\n"
           "{\"text\":\"ПРИВЕТ\"}\n"
           "{\"text\":\"ΟΔΟΣ ΟΣΑ\"}\n"
           "{\"text\":\"中文\"}",
     .out = "{\"text\":\"hello world\"}\n"
           "{\"text\":\"äöü żółć\"}\n"
           "{\"text\":\"привет\"}\n"
           "{\"text\":\"οδος οσα\"}\n"
           "{\"text\":\"中文\"}"},
    {.name = "one character becomes two",
     .keys = "input_key=text",
     .in = "{\"text\":\"İSTANBUL\"}",
     .out = "{\"text\":\"i̇stanbul\"}"},
    {.name = "many that grow",
     .keys = "input_key=text",
     .in = "{\"text\":\"İİİİİİİİİİİİİİİİİİİİİİİİİİİİİİİİİİİİİİİİ\"}",
     .out = "{\"text\":\"i̇i̇i̇i̇i̇i̇i̇i̇i̇i̇i̇i̇i̇i̇i̇i̇i̇i̇i̇i̇i̇i̇i̇i̇i̇i̇i̇i̇i̇i̇i̇i̇i̇i̇i̇i̇"
           "i̇i̇i̇i̇\"}"},
    {.name = "null stays null, wrong type is rejected",
     .keys = "input_key=text",
     .in = "{\"text\":null}\n"
           "{\"text\":\"\"}\n"
           "{\"text\":3}",
     .out = "{\"text\":null}\n"
           "{\"text\":\"\"}\n"
           "{\"text\":3,\"_outcome\":\"bad_input\"}"},
    {0}};

MR_OPERATOR_SUITE(general_text, lowercase_refiner, cases)
