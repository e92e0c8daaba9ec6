/* knowledge_cleaning.kbc_chunk_generator - split a text into chunks, one row for each. */
#include "runtime/op/op.h"
#include "runtime/text/chars.h"
#include "runtime/text/chunks.h"

struct params {
    int64_t chunk_size, chunk_overlap;
    int split_method;
    int tokenizer_name;
    int64_t min_tokens_per_chunk;
};
enum { TEXT, CHUNK, NUMBER };
enum { NO_TEXT };

static const struct mr_param param_table[] = {
    {MR_FIELD(struct params, chunk_size), .def = "512", .min = "1", .max = "1000000",
     .unit = "tokens", .doc = "Most tokens of a chunk; characters where the method is not token."},
    {MR_FIELD(struct params, chunk_overlap), .def = "50", .min = "0", .max = "999999",
     .unit = "tokens", .doc = "Tokens that a chunk repeats of the one before it."},
    {MR_FIELD(struct params, split_method), .def = "token", .choices = "token|sentence",
     .doc = "token: cut anywhere between tokens; sentence: only between sentences."},
    {MR_FIELD(struct params, tokenizer_name), .def = "words", .choices = "words|characters|bytes",
     .doc = "What a token is; words: a run of letters and digits, or one other character."},
    {MR_FIELD(struct params, min_tokens_per_chunk), .def = "100", .min = "0", .unit = "tokens",
     .doc = "Accepted for the reference's topologies, where it has no effect either."},
    {0}};
static const struct mr_key key_table[] = {
    [TEXT] = {.name = "input_key", .access = MR_READ, .types = MR_TEXT, .nullable = true,
              .def = "text", .doc = "Text to be split."},
    [CHUNK] = {.name = "output_key", .access = MR_WRITE, .types = MR_TEXT, .def = "raw_chunk",
               .doc = "A chunk of the text, as it stands there."},
    [NUMBER] = {.name = "number_key", .access = MR_WRITE, .types = MR_INT, .optional = true,
                .doc = "Number of the chunk within its text, from 0."},
    {0}};
static const struct mr_outcome outcome_table[] = {
    [NO_TEXT] = {"no_text", MR_DROP, "The text is null, empty or white space only."}, {0}};

static struct mr_error *check(const void *params)
{
    const struct params *p = params;
    if (p->chunk_overlap >= p->chunk_size)
        return mr_error(MR_PARAM_INVALID, "chunk_overlap %lld is not below chunk_size %lld",
                        (long long)p->chunk_overlap, (long long)p->chunk_size);
    return NULL;
}

static struct mr_error *process(struct mr_ctx *ctx, struct mr_row *row)
{
    const struct params *p = mr_params(ctx);
    struct mr_str text = mr_row_text(row, TEXT), chunk;
    if (mr_text_is_blank(text))
        return mr_row_leave(row, NO_TEXT);
    struct mr_chunks chunks;
    mr_chunks_begin(&chunks, mr_batch_arena(ctx), text, (enum mr_chunk_method)p->split_method,
                    (enum mr_chunk_token)p->tokenizer_name, (size_t)p->chunk_size,
                    (size_t)p->chunk_overlap);
    for (int64_t number = 0; mr_chunks_next(&chunks, &chunk); number++) {
        struct mr_row *child = mr_emit(ctx, row);
        mr_row_set_text(child, CHUNK, chunk);
        mr_row_set_int(child, NUMBER, number);
    }
    return NULL;
}

static const struct mr_example example_table[] = {
    {.set = "chunk_size=3 chunk_overlap=1", .keys = "number_key=n",
     .in = "{\"text\":\"one two three four five\"}",
     .out = "{\"text\":\"one two three four five\",\"raw_chunk\":\"one two three\",\"n\":0}\n"
            "{\"text\":\"one two three four five\",\"raw_chunk\":\"three four five\",\"n\":1}"},
    {0}};
const struct mr_op mr_op_knowledge_cleaning_kbc_chunk_generator = {
    .name = "knowledge_cleaning.kbc_chunk_generator", .aliases = "KBCChunkGenerator",
    .category = MR_CAT_GENERATE, .scope = MR_PER_ROW, .expands = true,
    .doc = "Splits a text into chunks that overlap, one row for each chunk.",
    .notes = "Differences from the reference: the input key holds the text itself, not a file's path "
             "(a source reads files); chunks are pieces of the original text, not decoded tokens; "
             "vocabularies of models are not shipped, so tokens are words, characters or bytes; long "
             "texts are not cut into parts first.",
    .params_size = sizeof(struct params), .params = param_table, .keys = key_table,
    .outcomes = outcome_table, .examples = example_table, .check = check, .process = process,
};
