/* Tests of rows.sample. */
#include "tests/operators/harness.h"

static const struct mr_case cases[] = {
    {.name = "all and none",
     .set = "fraction=1",
     .in = "{\"a\":1}\n"
           "{\"a\":2}",
     .out = "{\"a\":1}\n"
           "{\"a\":2}"},
    {.name = "none",
     .set = "fraction=0",
     .in = "{\"a\":1}",
     .out = "{\"a\":1,\"_outcome\":\"not_sampled\"}"},
    {.name = "about half, always the same",
     .set = "fraction=0.5 seed=7",
     .in = "{\"a\":0}\n"
           "{\"a\":1}\n"
           "{\"a\":2}\n"
           "{\"a\":3}\n"
           "{\"a\":4}\n"
           "{\"a\":5}\n"
           "{\"a\":6}\n"
           "{\"a\":7}",
     .out = "{\"a\":0,\"_outcome\":\"not_sampled\"}\n"
           "{\"a\":1}\n"
           "{\"a\":2}\n"
           "{\"a\":3}\n"
           "{\"a\":4}\n"
           "{\"a\":5,\"_outcome\":\"not_sampled\"}\n"
           "{\"a\":6}\n"
           "{\"a\":7,\"_outcome\":\"not_sampled\"}"},
    {.name = "beyond the range",
     .set = "fraction=1.5",
     .error = "from 0 to 1"},
    {0}};

MR_OPERATOR_SUITE(rows, sample, cases)
