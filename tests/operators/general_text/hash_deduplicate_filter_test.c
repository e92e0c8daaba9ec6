/* Tests of general_text.hash_deduplicate_filter. */
#include "tests/operators/harness.h"

static const struct mr_case cases[] = {
    {.name = "first of equal texts",
     .keys = "input_key=text",
     .in = "{\"text\":\"a\"}\n"
           "{\"text\":\"A\"}\n"
           "{\"text\":\"a\"}\n"
           "{\"text\":\"\"}\n"
           "{\"text\":\"\"}\n"
           "{\"text\":\" \"}",
     .out = "{\"text\":\"a\",\"minhash_deduplicated_label\":1}\n"
           "{\"text\":\"A\",\"minhash_deduplicated_label\":1}\n"
           "{\"text\":\"a\",\"_outcome\":\"duplicate\"}\n"
           "{\"text\":\"\",\"minhash_deduplicated_label\":1}\n"
           "{\"text\":\"\",\"_outcome\":\"duplicate\"}\n"
           "{\"text\":\" \",\"minhash_deduplicated_label\":1}"},
    {.name = "sha256",
     .set = "hash_func=sha256",
     .keys = "input_key=text output_key=null",
     .in = "{\"text\":\"a\"}\n"
           "{\"text\":\"b\"}\n"
           "{\"text\":\"a\"}",
     .out = "{\"text\":\"a\"}\n"
           "{\"text\":\"b\"}\n"
           "{\"text\":\"a\",\"_outcome\":\"duplicate\"}"},
    {.name = "xxh3, duplicates go on with their twin",
     .set = "hash_func=xxh3 keep_duplicates=yes",
     .keys = "input_key=text output_key=first twin_key=twin",
     .in = "{\"text\":\"a\"}\n"
           "{\"text\":\"a\"}\n"
           "{\"text\":\"b\"}",
     .out = "{\"text\":\"a\",\"first\":1}\n"
           "{\"text\":\"a\",\"twin\":\"@id:0\",\"first\":0}\n"
           "{\"text\":\"b\",\"first\":1}"},
    {.name = "several keys together",
     .keys = "input_keys=a,b output_key=null",
     .in = "{\"a\":\"x\",\"b\":\"y\"}\n"
           "{\"a\":\"x\",\"b\":\"z\"}\n"
           "{\"b\":\"y\",\"a\":\"x\"}\n"
           "{\"a\":\"x\",\"b\":null}\n"
           "{\"a\":\"x\",\"b\":null}\n"
           "{\"a\":1,\"b\":true}\n"
           "{\"a\":1,\"b\":true}\n"
           "{\"a\":\"x\\nb:\\ny\",\"b\":\"\"}",
     .out = "{\"a\":\"x\",\"b\":\"y\"}\n"
           "{\"a\":\"x\",\"b\":\"z\"}\n"
           "{\"b\":\"y\",\"a\":\"x\",\"_outcome\":\"duplicate\"}\n"
           "{\"a\":\"x\",\"b\":null}\n"
           "{\"a\":\"x\",\"b\":null,\"_outcome\":\"duplicate\"}\n"
           "{\"a\":1,\"b\":true}\n"
           "{\"a\":1,\"b\":true,\"_outcome\":\"duplicate\"}\n"
           "{\"a\":\"x\\nb:\\ny\",\"b\":\"\"}"},
    {.name = "a number is not the text of it",
     .keys = "input_key=text output_key=null",
     .in = "{\"text\":\"5\"}\n"
           "{\"text\":5}\n"
           "{\"text\":5}\n"
           "{\"text\":\"5\"}",
     .out = "{\"text\":\"5\"}\n"
           "{\"text\":5}\n"
           "{\"text\":5,\"_outcome\":\"duplicate\"}\n"
           "{\"text\":\"5\",\"_outcome\":\"duplicate\"}"},
    {.name = "null cannot be compared alone",
     .keys = "input_key=text",
     .in = "{\"text\":null}\n"
           "{\"text\":\"a\"}",
     .out = "{\"text\":null,\"_outcome\":\"no_text\"}\n"
           "{\"text\":\"a\",\"minhash_deduplicated_label\":1}"},
    {.name = "unknown digest",
     .set = "hash_func=crc",
     .keys = "input_key=text",
     .error = "one of md5, sha256, xxh3"},
    {0}};

MR_OPERATOR_SUITE(general_text, hash_deduplicate_filter, cases)
