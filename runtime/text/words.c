/* Words, tokens, lower case, and the set that counts distinct ones. */
#include "runtime/text/words.h"

#include <unicode/ucasemap.h>

#include <pthread.h>

#include "runtime/base/error.h"
#include "runtime/text/chars.h"

/* What a byte can be: 0 part of a word, 1 ASCII white space, 2 maybe the lead of wider white space. */
static const unsigned char byte_class[256] = {
    ['\t'] = 1, ['\n'] = 1, ['\v'] = 1, ['\f'] = 1, ['\r'] = 1, [0x1c] = 1, [0x1d] = 1, [0x1e] = 1,
    [0x1f] = 1, [' '] = 1,  [0xc2] = 2, [0xe1] = 2, [0xe2] = 2, [0xe3] = 2,
};

/* Bytes of the white space at i, 0 when there is none. */
static inline size_t space_at(struct mr_str s, size_t i)
{
    unsigned char class = byte_class[(unsigned char)s.ptr[i]];
    if (class != 2)
        return class;
    const char *at = s.ptr + i;
    return mr_char_is_space(mr_char_next(&at, s.ptr + s.len)) ? (size_t)(at - (s.ptr + i)) : 0;
}

bool mr_word_next(struct mr_str text, size_t *at, struct mr_str *word)
{
    size_t i = *at, space;
    while (i < text.len && (space = space_at(text, i)))
        i += space;
    size_t start = i;
    while (i < text.len && !(byte_class[(unsigned char)text.ptr[i]] && space_at(text, i)))
        i++;
    *at = i;
    if (i == start)
        return false;
    *word = mr_str_span(text.ptr + start, i - start);
    return true;
}

/* The four separators U+001C-001F are no white space here, unlike between words. */
static bool parts_tokens(uint32_t c)
{
    return mr_char_is_space(c) && !(c >= 0x1c && c <= 0x1f);
}

bool mr_token_next(struct mr_str text, size_t *at, struct mr_str *token)
{
    if (!text.len)
        return false;
    const char *end = text.ptr + text.len, *p = text.ptr + *at, *start = p;
    uint32_t c = 0;
    while (p < end) {
        start = p;
        c = mr_char_next(&p, end);
        if (!parts_tokens(c))
            break;
        start = p;
    }
    if (start == end) {
        *at = text.len;
        return false;
    }
    bool word = mr_char_is_word(c);
    const char *stop = p;
    while (p < end) {
        c = mr_char_next(&p, end);
        if (parts_tokens(c) || mr_char_is_word(c) != word)
            break;
        stop = p;
    }
    *at = (size_t)(stop - text.ptr);
    *token = mr_str_span(start, (size_t)(stop - start));
    return true;
}

struct mr_word_counts mr_words_count(struct mr_str text)
{
    struct mr_word_counts counts = {0};
    struct mr_str word;
    for (size_t at = 0; mr_word_next(text, &at, &word);) {
        counts.words++;
        counts.chars += mr_text_length(word);
    }
    return counts;
}

static pthread_once_t case_map_once = PTHREAD_ONCE_INIT;
static UCaseMap *case_map; /* written once, then only read */

static void open_case_map(void)
{
    UErrorCode code = U_ZERO_ERROR;
    case_map = ucasemap_open("", 0, &code);
    mr_assert(U_SUCCESS(code));
}

/* ASCII by bytes; true when that was all. Else the buffer is as before. */
static bool map_ascii(struct mr_str text, char first, int step, struct mr_buf *out)
{
    if (!text.len)
        return true;
    mr_buf_reserve(out, text.len);
    char *to = out->ptr + out->len;
    unsigned char wide = 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        wide |= c;
        to[i] = (char)(c + (c >= first && c <= first + 25 ? step : 0));
    }
    if (wide < 0x80)
        out->len += text.len;
    return wide < 0x80;
}

void mr_text_lower(struct mr_str text, struct mr_buf *out)
{
    if (map_ascii(text, 'A', 32, out))
        return;
    pthread_once(&case_map_once, open_case_map);
    size_t room = text.len + text.len / 2 + 8; /* U+0130 grows from two bytes to three */
    mr_assert(room < INT32_MAX);
    mr_buf_reserve(out, room);
    UErrorCode code = U_ZERO_ERROR;
    int32_t len = ucasemap_utf8ToLower(case_map, out->ptr + out->len, (int32_t)room, text.ptr,
                                       (int32_t)text.len, &code);
    mr_assert(U_SUCCESS(code) && (size_t)len <= room);
    out->len += (size_t)len;
}

void mr_text_upper(struct mr_str text, struct mr_buf *out)
{
    if (map_ascii(text, 'a', -32, out))
        return;
    pthread_once(&case_map_once, open_case_map);
    size_t room = 3 * text.len + 8; /* U+0390 grows from two bytes to six */
    mr_assert(room < INT32_MAX);
    mr_buf_reserve(out, room);
    UErrorCode code = U_ZERO_ERROR;
    int32_t len = ucasemap_utf8ToUpper(case_map, out->ptr + out->len, (int32_t)room, text.ptr,
                                       (int32_t)text.len, &code);
    mr_assert(U_SUCCESS(code) && (size_t)len <= room);
    out->len += (size_t)len;
}

void mr_seen_begin(struct mr_seen *seen, struct mr_arena *arena, size_t most)
{
    size_t size = 16;
    while (size < most * 2)
        size *= 2;
    seen->slots = mr_arena_zalloc(arena, size * sizeof *seen->slots);
    seen->mask = size - 1;
    seen->count = 0;
    seen->zero = false;
}

bool mr_seen_add(struct mr_seen *seen, uint64_t hash)
{
    if (hash == 0) {
        bool fresh = !seen->zero;
        seen->zero = true;
        seen->count += fresh;
        return fresh;
    }
    size_t i = (hash ^ (hash >> 32)) & seen->mask;
    for (; seen->slots[i]; i = (i + 1) & seen->mask)
        if (seen->slots[i] == hash)
            return false;
    mr_assert(seen->count < seen->mask);
    seen->slots[i] = hash;
    seen->count++;
    return true;
}
