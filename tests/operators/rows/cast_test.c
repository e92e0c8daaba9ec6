/* Tests of rows.cast. */
#include "tests/operators/harness.h"

static const struct mr_case cases[] = {
    {.name = "to int",
     .set = "type=int",
     .keys = "input_keys=n",
     .in = "{\"n\":\" 12 \"}\n"
           "{\"n\":-7.0}\n"
           "{\"n\":true}\n"
           "{\"n\":18446744073709551615}\n"
           "{\"n\":\"18446744073709551615\"}\n"
           "{\"n\":2.5}\n"
           "{\"n\":1e300}\n"
           "{\"n\":[1]}\n"
           "{\"n\":null}",
     .out = "{\"n\":12}\n"
           "{\"n\":-7}\n"
           "{\"n\":1}\n"
           "{\"n\":18446744073709551615}\n"
           "{\"n\":18446744073709551615}\n"
           "{\"n\":2.5,\"_outcome\":\"not_castable\"}\n"
           "{\"n\":1e300,\"_outcome\":\"not_castable\"}\n"
           "{\"n\":[1],\"_outcome\":\"not_castable\"}\n"
           "{\"n\":null}"},
    {.name = "to real",
     .set = "type=real",
     .keys = "input_key=n",
     .in = "{\"n\":\"1.5\"}\n"
           "{\"n\":3}\n"
           "{\"n\":false}\n"
           "{\"n\":\"nan\"}\n"
           "{\"n\":\"1e999\"}",
     .out = "{\"n\":1.5}\n"
           "{\"n\":3.0}\n"
           "{\"n\":0.0}\n"
           "{\"n\":\"nan\",\"_outcome\":\"not_castable\"}\n"
           "{\"n\":\"1e999\",\"_outcome\":\"not_castable\"}"},
    {.name = "to text",
     .set = "type=text",
     .keys = "input_keys=n",
     .in = "{\"n\":1.50}\n"
           "{\"n\":7}\n"
           "{\"n\":true}\n"
           "{\"n\":{\"a\":[1,\"x\"]}}\n"
           "{\"n\":\"t\"}",
     .out = "{\"n\":\"1.50\"}\n"
           "{\"n\":\"7\"}\n"
           "{\"n\":\"true\"}\n"
           "{\"n\":\"{\\\"a\\\":[1,\\\"x\\\"]}\"}\n"
           "{\"n\":\"t\"}"},
    {.name = "to bool",
     .set = "type=bool",
     .keys = "input_keys=n",
     .in = "{\"n\":\"yes\"}\n"
           "{\"n\":\"0\"}\n"
           "{\"n\":1}\n"
           "{\"n\":2}\n"
           "{\"n\":\"maybe\"}",
     .out = "{\"n\":true}\n"
           "{\"n\":false}\n"
           "{\"n\":true}\n"
           "{\"n\":2,\"_outcome\":\"not_castable\"}\n"
           "{\"n\":\"maybe\",\"_outcome\":\"not_castable\"}"},
    {.name = "several keys, all or nothing",
     .set = "type=int",
     .keys = "input_keys=a,b",
     .in = "{\"a\":\"1\",\"b\":\"2\"}\n"
           "{\"a\":\"1\",\"b\":\"x\"}",
     .out = "{\"a\":1,\"b\":2}\n"
           "{\"a\":\"1\",\"b\":\"x\",\"_outcome\":\"not_castable\",\"_note\":\"b is \\\"x\\\"\"}"},
    {.name = "no type",
     .keys = "input_keys=n",
     .error = "type"},
    {0}};

MR_OPERATOR_SUITE(rows, cast, cases)
