/* Tests of general_text.minhash_deduplicate_filter. */
#include "tests/operators/harness.h"

static const struct mr_case cases[] = {
    {.name = "equal and nearly equal texts",
     .set = "threshold=0.7",
     .keys = "input_key=text",
     .in = "{\"text\":\"The ferry leaves the northern pier at seven in the morning and returns i"
           "n the evening, when the light over the water has turned to copper.\"}\n"
           "{\"text\":\"A recipe for bread asks for flour, water, salt and patience; the oven do"
           "es the rest while the baker reads the newspaper.\"}\n"
           "{\"text\":\"The ferry leaves the northern pier at eight in the morning and returns i"
           "n the evening, when the light over the water has turned to copper.\"}\n"
           "{\"text\":\"The ferry leaves the northern pier at seven in the morning and returns i"
           "n the evening, when the light over the water has turned to copper.\"}",
     .out = "{\"text\":\"The ferry leaves the northern pier at seven in the morning and returns i"
           "n the evening, when the light over the water has turned to copper.\",\"minhash_dedup"
           "licated_label\":1}\n"
           "{\"text\":\"A recipe for bread asks for flour, water, salt and patience; the oven do"
           "es the rest while the baker reads the newspaper.\",\"minhash_deduplicated_label\":1}"
           "\n"
           "{\"text\":\"The ferry leaves the northern pier at eight in the morning and returns i"
           "n the evening, when the light over the water has turned to copper.\",\"_outcome\":"
           "\"duplicate\"}\n"
           "{\"text\":\"The ferry leaves the northern pier at seven in the morning and returns i"
           "n the evening, when the light over the water has turned to copper.\",\"_outcome\":"
           "\"duplicate\"}"},
    {.name = "the other release of the library",
     .set = "threshold=0.7 hash=datasketch-2",
     .keys = "input_key=text output_key=null",
     .in = "{\"text\":\"The ferry leaves the northern pier at seven in the morning and returns i"
           "n the evening, when the light over the water has turned to copper.\"}\n"
           "{\"text\":\"A recipe for bread asks for flour, water, salt and patience; the oven do"
           "es the rest while the baker reads the newspaper.\"}\n"
           "{\"text\":\"The ferry leaves the northern pier at eight in the morning and returns i"
           "n the evening, when the light over the water has turned to copper.\"}",
     .out = "{\"text\":\"The ferry leaves the northern pier at seven in the morning and returns i"
           "n the evening, when the light over the water has turned to copper.\"}\n"
           "{\"text\":\"A recipe for bread asks for flour, water, salt and patience; the oven do"
           "es the rest while the baker reads the newspaper.\"}\n"
           "{\"text\":\"The ferry leaves the northern pier at eight in the morning and returns i"
           "n the evening, when the light over the water has turned to copper.\",\"_outcome\":"
           "\"duplicate\"}"},
    {.name = "short texts are one n-gram, empty ones are equal",
     .keys = "input_key=text",
     .in = "{\"text\":\"ab\"}\n"
           "{\"text\":\"abc\"}\n"
           "{\"text\":\"ab\"}\n"
           "{\"text\":\"\"}\n"
           "{\"text\":\"\"}",
     .out = "{\"text\":\"ab\",\"minhash_deduplicated_label\":1}\n"
           "{\"text\":\"abc\",\"minhash_deduplicated_label\":1}\n"
           "{\"text\":\"ab\",\"_outcome\":\"duplicate\"}\n"
           "{\"text\":\"\",\"minhash_deduplicated_label\":1}\n"
           "{\"text\":\"\",\"_outcome\":\"duplicate\"}"},
    {.name = "single characters",
     .set = "use_n_gram=no",
     .keys = "input_key=text",
     .in = "{\"text\":\"abc\"}\n"
           "{\"text\":\"cab\"}\n"
           "{\"text\":\"abd\"}",
     .out = "{\"text\":\"abc\",\"minhash_deduplicated_label\":1}\n"
           "{\"text\":\"cab\",\"_outcome\":\"duplicate\"}\n"
           "{\"text\":\"abd\",\"minhash_deduplicated_label\":1}"},
    {.name = "a dropped duplicate names its twin",
     .keys = "input_key=text twin_key=twin output_key=null",
     .in = "{\"text\":\"A recipe for bread asks for flour, water, salt and patience; the oven do"
           "es the rest while the baker reads the newspaper.\"}\n"
           "{\"text\":\"The ferry leaves the northern pier at seven in the morning and returns i"
           "n the evening, when the light over the water has turned to copper.\"}\n"
           "{\"text\":\"The ferry leaves the northern pier at seven in the morning and returns i"
           "n the evening, when the light over the water has turned to copper.\"}",
     .out = "{\"text\":\"A recipe for bread asks for flour, water, salt and patience; the oven do"
           "es the rest while the baker reads the newspaper.\"}\n"
           "{\"text\":\"The ferry leaves the northern pier at seven in the morning and returns i"
           "n the evening, when the light over the water has turned to copper.\"}\n"
           "{\"text\":\"The ferry leaves the northern pier at seven in the morning and returns i"
           "n the evening, when the light over the water has turned to copper.\",\"twin\":\"@id:"
           "1\",\"_outcome\":\"duplicate\",\"_note\":\"@id:1\"}"},
    {.name = "duplicates go on with their twin",
     .set = "keep_duplicates=yes",
     .keys = "input_key=text twin_key=twin output_key=null",
     .in = "{\"text\":\"The ferry leaves the northern pier at seven in the morning and returns i"
           "n the evening, when the light over the water has turned to copper.\"}\n"
           "{\"text\":\"The ferry leaves the northern pier at seven in the morning and returns i"
           "n the evening, when the light over the water has turned to copper.\"}",
     .out = "{\"text\":\"The ferry leaves the northern pier at seven in the morning and returns i"
           "n the evening, when the light over the water has turned to copper.\"}\n"
           "{\"text\":\"The ferry leaves the northern pier at seven in the morning and returns i"
           "n the evening, when the light over the water has turned to copper.\",\"twin\":\"@id:"
           "0\"}"},
    {.name = "several keys, wide characters",
     .keys = "input_keys=a,b output_key=null",
     .in = "{\"a\":\"日本語のテキスト\",\"b\":1}\n"
           "{\"a\":\"日本語のテキスト\",\"b\":1}\n"
           "{\"a\":\"别的文字\",\"b\":null}",
     .out = "{\"a\":\"日本語のテキスト\",\"b\":1}\n"
           "{\"a\":\"日本語のテキスト\",\"b\":1,\"_outcome\":\"duplicate\"}\n"
           "{\"a\":\"别的文字\",\"b\":null}"},
    {.name = "null cannot be compared alone",
     .keys = "input_key=text",
     .in = "{\"text\":null}",
     .out = "{\"text\":null,\"_outcome\":\"no_text\"}"},
    {.name = "one band only",
     .set = "threshold=1 num_perm=2",
     .keys = "input_key=text",
     .error = "single band"},
    {.name = "too few permutations",
     .set = "num_perm=1",
     .keys = "input_key=text",
     .error = "from 2 to 2048"},
    {0}};

MR_OPERATOR_SUITE(general_text, minhash_deduplicate_filter, cases)
