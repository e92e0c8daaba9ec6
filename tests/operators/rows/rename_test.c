/* Tests of rows.rename. */
#include "tests/operators/harness.h"

static const struct mr_case cases[] = {
    {.name = "position and value stay",
     .keys = "input_key=b output_key=c",
     .in = "{\"a\":1,\"b\":2.50,\"z\":null}",
     .out = "{\"a\":1,\"c\":2.50,\"z\":null}"},
    {.name = "several, and a name that exists",
     .keys = "input_keys=a,b output_keys=x,y",
     .in = "{\"a\":1,\"b\":2,\"x\":3}",
     .out = "{\"x\":1,\"y\":2}"},
    {.name = "missing key",
     .keys = "input_key=b output_key=c",
     .in = "{\"a\":1}",
     .out = "{\"a\":1,\"_outcome\":\"bad_input\"}"},
    {.name = "not as many names",
     .keys = "input_keys=a,b output_keys=x",
     .error = "names 1 keys"},
    {0}};

MR_OPERATOR_SUITE(rows, rename, cases)
