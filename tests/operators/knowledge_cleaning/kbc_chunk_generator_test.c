/* Tests of knowledge_cleaning.kbc_chunk_generator. */
#include "tests/operators/harness.h"

static const struct mr_case cases[] = {
    {.name = "words, sliced from the text",
     .set = "chunk_size=3 chunk_overlap=1",
     .in = "{\"text\":\"It's  one,\\ntwo three\"}",
     .out = "{\"text\":\"It's  one,\\ntwo three\",\"raw_chunk\":\"It's\"}\n"
           "{\"text\":\"It's  one,\\ntwo three\",\"raw_chunk\":\"s  one,\"}\n"
           "{\"text\":\"It's  one,\\ntwo three\",\"raw_chunk\":\",\\ntwo three\"}"},
    {.name = "one chunk",
     .in = "{\"text\":\"short\"}",
     .out = "{\"text\":\"short\",\"raw_chunk\":\"short\"}"},
    {.name = "bytes never cut a code point",
     .set = "tokenizer_name=bytes chunk_size=4 chunk_overlap=0",
     .in = "{\"text\":\"aéèb\"}",
     .out = "{\"text\":\"aéèb\",\"raw_chunk\":\"aé\"}\n"
           "{\"text\":\"aéèb\",\"raw_chunk\":\"èb\"}"},
    {.name = "characters",
     .set = "tokenizer_name=characters chunk_size=4 chunk_overlap=2",
     .in = "{\"text\":\"abcdéfg\"}",
     .out = "{\"text\":\"abcdéfg\",\"raw_chunk\":\"abcd\"}\n"
           "{\"text\":\"abcdéfg\",\"raw_chunk\":\"cdéf\"}\n"
           "{\"text\":\"abcdéfg\",\"raw_chunk\":\"éfg\"}"},
    {.name = "scripts without blanks",
     .set = "chunk_size=2 chunk_overlap=0",
     .in = "{\"text\":\"中文字 ab\"}",
     .out = "{\"text\":\"中文字 ab\",\"raw_chunk\":\"中文\"}\n"
           "{\"text\":\"中文字 ab\",\"raw_chunk\":\"字 ab\"}"},
    {.name = "sentences",
     .set = "split_method=sentence chunk_size=40 chunk_overlap=0",
     .in = "{\"text\":\"The first one is here. The second comes. And a third follows.\"}",
     .out = "{\"text\":\"The first one is here. The second comes. And a third follows.\",\"raw_ch"
           "unk\":\"The first one is here. \"}\n"
           "{\"text\":\"The first one is here. The second comes. And a third follows.\",\"raw_ch"
           "unk\":\"The second comes. And a third follows.\"}"},
    {.name = "sentences that overlap, short ones joined",
     .set = "split_method=sentence chunk_size=30 chunk_overlap=14",
     .in = "{\"text\":\"No. Yes! Maybe so. Then again, no.\"}",
     .out = "{\"text\":\"No. Yes! Maybe so. Then again, no.\",\"raw_chunk\":\"No. Yes! Maybe so. "
           "\"}\n"
           "{\"text\":\"No. Yes! Maybe so. Then again, no.\",\"raw_chunk\":\"Then again, no.\"}"},
    {.name = "nothing to split",
     .in = "{\"text\":\"\"}\n"
           "{\"text\":\" \\n\"}\n"
           "{\"text\":null}",
     .out = "{\"text\":\"\",\"_outcome\":\"no_text\"}\n"
           "{\"text\":\" \\n\",\"_outcome\":\"no_text\"}\n"
           "{\"text\":null,\"_outcome\":\"no_text\"}"},
    {.name = "overlap as long as the chunk",
     .set = "chunk_size=5 chunk_overlap=5",
     .error = "is not below"},
    {0}};

MR_OPERATOR_SUITE(knowledge_cleaning, kbc_chunk_generator, cases)
