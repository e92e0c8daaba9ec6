/* Chunks: the units of a text, and windows over them. */
#include "runtime/text/chunks.h"

#include "runtime/base/error.h"
#include "runtime/text/chars.h"

/* Scripts written without blanks: each character is a token of its own. */
static bool stands_alone(uint32_t c)
{
    return (c >= 0x3040 && c <= 0x30ff) || (c >= 0x3400 && c <= 0x9fff) ||
           (c >= 0xf900 && c <= 0xfaff) || (c >= 0x20000 && c <= 0x3ffff) ||
           (c >= 0x0e00 && c <= 0x0eff);
}

static size_t word_units(struct mr_str text, struct mr_chunk_unit *units)
{
    const char *at = text.ptr, *end = text.ptr + text.len;
    size_t count = 0;
    bool open = false; /* the last unit is a word that may grow */
    while (at < end) {
        const char *start = at;
        uint32_t c = mr_char_next(&at, end);
        if (mr_char_is_space(c)) {
            open = false;
            continue;
        }
        bool grows = mr_char_is_word(c) && !stands_alone(c);
        if (open && grows) {
            units[count - 1].end = (uint32_t)(at - text.ptr);
            continue;
        }
        units[count++] = (struct mr_chunk_unit){(uint32_t)(start - text.ptr),
                                                (uint32_t)(at - text.ptr), 1};
        open = grows;
    }
    return count;
}

/* One unit per code point; as bytes it has the size of its encoding, and is still never cut. */
static size_t character_units(struct mr_str text, struct mr_chunk_unit *units)
{
    const char *at = text.ptr, *end = text.ptr + text.len;
    size_t count = 0;
    while (at < end) {
        const char *start = at;
        mr_char_next(&at, end);
        units[count++] = (struct mr_chunk_unit){(uint32_t)(start - text.ptr),
                                                (uint32_t)(at - text.ptr), 1};
    }
    return count;
}

static size_t byte_units(struct mr_str text, struct mr_chunk_unit *units)
{
    for (size_t i = 0; i < text.len; i++)
        units[i] = (struct mr_chunk_unit){(uint32_t)i, (uint32_t)i + 1, 1};
    return text.len;
}

/* Where the sentence that goes on at i ends, or 0: behind ". ", "! ", "? ", a line feed, or the
 * text's end. */
static size_t sentence_end(struct mr_str text, size_t i)
{
    char c = text.ptr[i];
    if (c == '\n' || i + 1 == text.len)
        return i + 1;
    return (c == '.' || c == '!' || c == '?') && text.ptr[i + 1] == ' ' ? i + 2 : 0;
}

/* Sentences; those under MIN_BYTES take the next one in until they are not. */
static size_t sentence_units(struct mr_str text, struct mr_chunk_unit *units)
{
    enum { MIN_BYTES = 12 };
    size_t count = 0, begin = 0;
    for (size_t i = 0; i < text.len; i++) {
        size_t stop = sentence_end(text, i);
        if (!stop)
            continue;
        i = stop - 1;
        if (stop - begin < MIN_BYTES && stop < text.len)
            continue;
        struct mr_str sentence = mr_str_span(text.ptr + begin, stop - begin);
        units[count++] = (struct mr_chunk_unit){(uint32_t)begin, (uint32_t)stop,
                                                (uint32_t)mr_text_length(sentence)};
        begin = stop;
    }
    return count;
}

void mr_chunks_begin(struct mr_chunks *c, struct mr_arena *arena, struct mr_str text,
                     enum mr_chunk_method method, enum mr_chunk_token token, size_t size,
                     size_t overlap)
{
    mr_assert(text.len < UINT32_MAX && size > 0 && overlap < size);
    *c = (struct mr_chunks){.text = text, .method = method, .size = size, .overlap = overlap};
    c->units = mr_arena_alloc(arena, (text.len + 1) * sizeof *c->units);
    if (method == MR_CHUNK_SENTENCE)
        c->count = sentence_units(text, c->units);
    else if (token == MR_TOKEN_BYTES)
        c->count = byte_units(text, c->units);
    else if (token == MR_TOKEN_CHARACTERS)
        c->count = character_units(text, c->units);
    else
        c->count = word_units(text, c->units);
    c->done = c->count == 0;
}

/* Back from the end of a chunk by whole sentences, as long as they fit into the overlap. */
static size_t sentence_start(const struct mr_chunks *c, size_t begin, size_t end)
{
    size_t repeated = 0, at = end;
    while (at > begin + 1 && repeated + c->units[at - 1].size + 1 <= c->overlap)
        repeated += c->units[--at].size + 1;
    return at;
}

/* A place inside a code point moves to its start. */
static uint32_t whole(struct mr_str text, uint32_t at)
{
    while (at > 0 && at < text.len && ((unsigned char)text.ptr[at] & 0xc0) == 0x80)
        at--;
    return at;
}

/* Units from c->at on that fit together, at least one; moves c->at to where the next chunk begins.
 * Sentences must stay below the size, as the chunking library of the reference has it. */
static struct mr_str next_window(struct mr_chunks *c)
{
    size_t end = c->at, sum = 0, most = c->size - (c->method == MR_CHUNK_SENTENCE);
    while (end < c->count && (end == c->at || sum + c->units[end].size <= most))
        sum += c->units[end++].size;
    uint32_t from = whole(c->text, c->units[c->at].begin);
    uint32_t to = whole(c->text, c->units[end - 1].end);
    c->done = end == c->count;
    c->at = c->method == MR_CHUNK_SENTENCE ? sentence_start(c, c->at, end) : end - c->overlap;
    return mr_str_span(c->text.ptr + from, to > from ? to - from : 0);
}

bool mr_chunks_next(struct mr_chunks *c, struct mr_str *chunk)
{
    while (!c->done) {
        *chunk = next_window(c);
        if (chunk->len) /* fewer bytes than a code point has may leave a window empty */
            return true;
    }
    return false;
}
