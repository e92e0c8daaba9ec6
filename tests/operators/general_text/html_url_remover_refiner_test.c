/* Tests of general_text.html_url_remover_refiner. */
#include "tests/operators/harness.h"

static const struct mr_case cases[] = {
    {.name = "address to the next white space, line ends along",
     .keys = "input_key=text",
     .in = "{\"text\":\"see http://a.b/c?d=e next\"}\n"
           "{\"text\":\"one https://x.y\\r\\n\\r\\ntwo\"}\n"
           "{\"text\":\"http:// stays\"}\n"
           "{\"text\":\"HTTP://X stays\"}\n"
           "{\"text\":\"(https://x.y).\"}",
     .out = "{\"text\":\"see  next\"}\n"
           "{\"text\":\"one two\"}\n"
           "{\"text\":\"http:// stays\"}\n"
           "{\"text\":\"HTTP://X stays\"}\n"
           "{\"text\":\"(\"}"},
    {.name = "tags on one line, shortest first",
     .keys = "input_key=text",
     .in = "{\"text\":\"<b>bold</b>\"}\n"
           "{\"text\":\"a < b and c > d\"}\n"
           "{\"text\":\"<> and <x\"}\n"
           "{\"text\":\"<a\\nb>c\"}\n"
           "{\"text\":\"<<x>y>\"}",
     .out = "{\"text\":\"bold\"}\n"
           "{\"text\":\"a  d\"}\n"
           "{\"text\":\" and <x\"}\n"
           "{\"text\":\"<a\\nb>c\"}\n"
           "{\"text\":\"y>\"}"},
    {.name = "a tag that only appears once the address is gone",
     .keys = "input_key=text",
     .in = "{\"text\":\"<http://x.y>\"}\n"
           "{\"text\":\"<a http://x.y >z\"}",
     .out = "{\"text\":\"<\"}\n"
           "{\"text\":\"z\"}"},
    {.name = "ideographic space ends an address",
     .keys = "input_key=text",
     .in = "{\"text\":\"http://例え.jp　次\"}",
     .out = "{\"text\":\"　次\"}"},
    {.name = "null stays null, wrong type is rejected",
     .keys = "input_key=text",
     .in = "{\"text\":null}\n"
           "{\"text\":\"\"}\n"
           "{\"text\":3}",
     .out = "{\"text\":null}\n"
           "{\"text\":\"\"}\n"
           "{\"text\":3,\"_outcome\":\"bad_input\"}"},
    {0}};

MR_OPERATOR_SUITE(general_text, html_url_remover_refiner, cases)
