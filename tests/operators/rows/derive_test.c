/* Tests of rows.derive. */
#include "tests/operators/harness.h"

static const struct mr_case cases[] = {
    {.name = "a constant, a copy, a computed value",
     .set = "expr=[\"10\",\"a\",\"a*2\"]",
     .keys = "output_key=n,b,c",
     .in = "{\"a\":1.50,\"z\":\"kept\"}",
     .out = "{\"a\":1.50,\"z\":\"kept\",\"n\":10,\"b\":1.50,\"c\":3.0}"},
    {.name = "all see the row as it came in",
     .set = "exprs=[\"b\",\"a\"]",
     .keys = "output_keys=a,b",
     .in = "{\"a\":1,\"b\":2}",
     .out = "{\"a\":2,\"b\":1}"},
    {.name = "missing and null are written as null",
     .set = "expr=[\"a\",\"a+1\"]",
     .keys = "output_key=b,c",
     .in = "{}\n"
           "{\"a\":null}",
     .out = "{\"b\":null,\"c\":null}\n"
            "{\"a\":null,\"b\":null,\"c\":null}"},
    {.name = "a list and a map",
     .set = "expr=[\"[a,len(a)]\",\"from_json(a)\"]",
     .keys = "output_key=b,c",
     .in = "{\"a\":\"{\\\"x\\\":[1]}\"}",
     .out = "{\"a\":\"{\\\"x\\\":[1]}\",\"b\":[\"{\\\"x\\\":[1]}\",9],\"c\":{\"x\":[1]}}"},
    {.name = "what cannot be computed rejects the row as it was",
     .set = "expr=[\"1\",\"1//n\"]",
     .keys = "output_key=a,b",
     .in = "{\"n\":0}\n"
           "{\"n\":\"x\"}\n"
           "{\"n\":2}",
     .out = "{\"n\":0,\"_outcome\":\"bad_input\"}\n"
            "{\"n\":\"x\",\"_outcome\":\"bad_input\"}\n"
            "{\"n\":2,\"a\":1,\"b\":0}"},
    {.name = "one expression too few",
     .set = "expr=[\"1\"]",
     .keys = "output_key=a,b",
     .in = "{\"n\":0}",
     .error = "1 expressions for 2 output keys"},
    {.name = "a Python function",
     .set = "process_fn=[\"lambda\\u0020df:df.drop(columns=['a'])\"]",
     .keys = "output_key=a",
     .error = "Python"},
    {0}};

MR_OPERATOR_SUITE(rows, derive, cases)
