/* Cutting a text into pieces of bounded size that may overlap: by tokens or by sentences.
 *
 * Usage: begin, then next until false. Pieces are views into the text. Thread: any. */
#ifndef MR_TEXT_CHUNKS_H
#define MR_TEXT_CHUNKS_H

#include "runtime/base/arena.h"

enum mr_chunk_method { MR_CHUNK_TOKEN, MR_CHUNK_SENTENCE };
enum mr_chunk_token { MR_TOKEN_WORDS, MR_TOKEN_CHARACTERS, MR_TOKEN_BYTES };

/* A unit that is never cut: a token, or a sentence. */
struct mr_chunk_unit {
    uint32_t begin, end; /* bytes */
    uint32_t size;       /* tokens in it; sentences: code points */
};

struct mr_chunks {
    struct mr_str text;
    enum mr_chunk_method method;
    struct mr_chunk_unit *units;
    size_t count, at;
    size_t size, overlap;
    bool done;
};

/* overlap < size. The arena holds the units until the last next. */
void mr_chunks_begin(struct mr_chunks *c, struct mr_arena *arena, struct mr_str text,
                     enum mr_chunk_method method, enum mr_chunk_token token, size_t size,
                     size_t overlap);
bool mr_chunks_next(struct mr_chunks *c, struct mr_str *chunk);

#endif
