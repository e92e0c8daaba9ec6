/* Tests of rows.drop. */
#include "tests/operators/harness.h"

static const struct mr_case cases[] = {
    {.name = "several, some missing",
     .keys = "input_keys=a,b",
     .in = "{\"a\":1,\"b\":2,\"c\":3}\n"
           "{\"c\":3}\n"
           "{\"b\":null}",
     .out = "{\"c\":3}\n"
           "{\"c\":3}\n"
           "{}"},
    {.name = "none named",
     .error = "no keys are named"},
    {0}};

MR_OPERATOR_SUITE(rows, drop, cases)
