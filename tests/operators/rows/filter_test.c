/* Tests of rows.filter. */
#include "tests/operators/harness.h"

static const struct mr_case cases[] = {
    {.name = "a number and why",
     .set = "where=[\"score>=3\"]",
     .in = "{\"score\":3,\"x\":1}\n"
           "{\"score\":2.5}\n"
           "{\"score\":null}\n"
           "{}",
     .out = "{\"score\":3,\"x\":1}\n"
            "{\"score\":2.5,\"_outcome\":\"condition\",\"_value\":2.5,\"_threshold\":3.0}\n"
            "{\"score\":null,\"_outcome\":\"condition\",\"_note\":\"score>=3\"}\n"
            "{\"_outcome\":\"condition\",\"_note\":\"score>=3\"}"},
    {.name = "the part that decided",
     .set = "where=[\"(score>=3)and(lang=='en')\"]",
     .in = "{\"score\":9,\"lang\":\"en\"}\n"
           "{\"score\":9,\"lang\":\"fr\"}\n"
           "{\"score\":1,\"lang\":\"fr\"}",
     .out = "{\"score\":9,\"lang\":\"en\"}\n"
            "{\"score\":9,\"lang\":\"fr\",\"_outcome\":\"condition\",\"_note\":\"(lang=='en')\"}\n"
            "{\"score\":1,\"lang\":\"fr\",\"_outcome\":\"condition\",\"_value\":1.0,"
            "\"_threshold\":3.0}"},
    {.name = "several conditions, the reference's name",
     .set = "filter_rules=[\"len(t)>1\",\"not(starts_with(t,'#'))\"]",
     .in = "{\"t\":\"\xc3\xa9\xc3\xa9\"}\n"
           "{\"t\":\"\xc3\xa9\"}\n"
           "{\"t\":\"# a\"}",
     .out = "{\"t\":\"\xc3\xa9\xc3\xa9\"}\n"
            "{\"t\":\"\xc3\xa9\",\"_outcome\":\"condition\",\"_value\":1.0,\"_threshold\":1.0}\n"
            "{\"t\":\"# a\",\"_outcome\":\"condition\",\"_note\":\"not(starts_with(t,'#'))\"}"},
    {.name = "a wrong type rejects the row",
     .set = "where=[\"score>=3\"]",
     .in = "{\"score\":\"3\"}",
     .out = "{\"score\":\"3\",\"_outcome\":\"bad_input\"}"},
    {.name = "no condition keeps all",
     .set = "where=[]",
     .in = "{\"a\":1}",
     .out = "{\"a\":1}"},
    {.name = "not an expression",
     .set = "where=[\"score>\"]",
     .error = "a value is expected at the end"},
    {.name = "a Python function",
     .set = "where=[\"lambda\\u0020df:df['score']>3\"]",
     .error = "Python"},
    {0}};

MR_OPERATOR_SUITE(rows, filter, cases)
