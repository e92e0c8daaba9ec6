/* Tests of rows.select. */
#include "tests/operators/harness.h"

static const struct mr_case cases[] = {
    {.name = "order stays, missing ones are no fault",
     .keys = "input_keys=c,a",
     .in = "{\"a\":1,\"b\":{\"c\":2},\"c\":[3]}\n"
           "{\"b\":1}",
     .out = "{\"a\":1,\"c\":[3]}\n"
           "{}"},
    {.name = "none named",
     .error = "input_keys"},
    {0}};

MR_OPERATOR_SUITE(rows, select, cases)
