/* Tests of general_text.html_entity_refiner. */
#include "tests/operators/harness.h"

static const struct mr_case cases[] = {
    {.name = "deletes the listed names only",
     .keys = "input_key=text",
     .in = "{\"text\":\"a&lt;b\"}\n"
           "{\"text\":\"&nbsp;&copy;&#39;\"}\n"
           "{\"text\":\"no entity & none;\"}\n"
           "{\"text\":\"&amp;lt;\"}",
     .out = "{\"text\":\"ab\"}\n"
           "{\"text\":\"&copy;&#39;\"}\n"
           "{\"text\":\"no entity & none;\"}\n"
           "{\"text\":\"lt;\"}"},
    {.name = "full-width signs in any combination",
     .keys = "input_key=text",
     .in = "{\"text\":\"x＆amp;y\"}\n"
           "{\"text\":\"x&amp；y\"}\n"
           "{\"text\":\"x＆amp；y\"}\n"
           "{\"text\":\"＆ und ；\"}",
     .out = "{\"text\":\"xy\"}\n"
           "{\"text\":\"xy\"}\n"
           "{\"text\":\"xy\"}\n"
           "{\"text\":\"＆ und ；\"}"},
    {.name = "unfinished at the end",
     .keys = "input_key=text",
     .in = "{\"text\":\"&am\"}\n"
           "{\"text\":\"&amp\"}\n"
           "{\"text\":\"&\"}\n"
           "{\"text\":\"＆lt\"}",
     .out = "{\"text\":\"&am\"}\n"
           "{\"text\":\"&amp\"}\n"
           "{\"text\":\"&\"}\n"
           "{\"text\":\"＆lt\"}"},
    {.name = "own names, taken literally",
     .set = "html_entities=[\"copy\",\"#39\",\"a.b\"]",
     .keys = "input_key=text",
     .in = "{\"text\":\"&copy;&#39;&nbsp;\"}\n"
           "{\"text\":\"&a.b;&axb;\"}",
     .out = "{\"text\":\"&nbsp;\"}\n"
           "{\"text\":\"&axb;\"}"},
    {.name = "empty list",
     .set = "html_entities=[]",
     .keys = "input_key=text",
     .in = "{\"text\":\"&amp;&;\"}",
     .out = "{\"text\":\"&amp;&;\"}"},
    {.name = "not a list of texts",
     .set = "html_entities=[1]",
     .keys = "input_key=text",
     .error = "a list of texts"},
    {.name = "null stays null, wrong type is rejected",
     .keys = "input_key=text",
     .in = "{\"text\":null}\n"
           "{\"text\":\"\"}\n"
           "{\"text\":3}",
     .out = "{\"text\":null}\n"
           "{\"text\":\"\"}\n"
           "{\"text\":3,\"_outcome\":\"bad_input\"}"},
    {0}};

MR_OPERATOR_SUITE(general_text, html_entity_refiner, cases)
