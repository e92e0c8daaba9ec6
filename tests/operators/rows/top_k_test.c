/* Tests of rows.top_k. */
#include "tests/operators/harness.h"

static const struct mr_case cases[] = {
    {.name = "largest first, ties by order",
     .set = "k=3",
     .keys = "input_key=s",
     .in = "{\"s\":2,\"i\":0}\n"
           "{\"s\":5.5,\"i\":1}\n"
           "{\"s\":2,\"i\":2}\n"
           "{\"s\":-1,\"i\":3}\n"
           "{\"s\":2,\"i\":4}",
     .out = "{\"s\":5.5,\"i\":1}\n"
           "{\"s\":2,\"i\":0}\n"
           "{\"s\":2,\"i\":2}\n"
           "{\"s\":2,\"i\":4,\"_outcome\":\"below_top\",\"_value\":4.0,\"_threshold\":3.0}\n"
           "{\"s\":-1,\"i\":3,\"_outcome\":\"below_top\",\"_value\":5.0,\"_threshold\":3.0}"},
    {.name = "smallest first, negative and zero",
     .set = "k=3 keep=smallest",
     .keys = "input_key=s",
     .in = "{\"s\":0}\n"
           "{\"s\":-0.5}\n"
           "{\"s\":1e300}\n"
           "{\"s\":-1e300}",
     .out = "{\"s\":-1e300}\n"
           "{\"s\":-0.5}\n"
           "{\"s\":0}\n"
           "{\"s\":1e300,\"_outcome\":\"below_top\"}"},
    {.name = "rank on request",
     .set = "k=2",
     .keys = "input_key=s rank_key=r",
     .in = "{\"s\":1}\n"
           "{\"s\":3}\n"
           "{\"s\":2}",
     .out = "{\"s\":3,\"r\":1}\n"
           "{\"s\":2,\"r\":2}\n"
           "{\"s\":1,\"_outcome\":\"below_top\"}"},
    {.name = "not a number",
     .set = "k=1",
     .keys = "input_key=s",
     .in = "{\"s\":\"9\"}\n"
           "{\"s\":1}",
     .out = "{\"s\":\"9\",\"_outcome\":\"bad_input\"}\n"
           "{\"s\":1}"},
    {.name = "fewer rows than k",
     .set = "k=100",
     .keys = "input_key=s",
     .in = "{\"s\":1}\n"
           "{\"s\":2}",
     .out = "{\"s\":2}\n"
           "{\"s\":1}"},
    {.name = "k of nothing",
     .set = "k=0",
     .keys = "input_key=s",
     .error = "at least 1"},
    {0}};

MR_OPERATOR_SUITE(rows, top_k, cases)
