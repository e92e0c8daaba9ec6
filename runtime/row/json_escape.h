/* Blocks of 16 bytes looked at in one go: where copying must stop. SSE2, or plain C elsewhere.
 *
 * Inside runtime/row only. */
#ifndef MR_ROW_JSON_ESCAPE_H
#define MR_ROW_JSON_ESCAPE_H

#include "runtime/row/row_private.h"

/* Index of the first backslash among 16 bytes, or 16. */
static inline unsigned mr_json__until_backslash(const uint8_t *p)
{
#if defined(__SSE2__)
    __m128i block = _mm_loadu_si128((const __m128i *)p);
    unsigned mask =
        (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(block, _mm_set1_epi8('\\')));
    return (unsigned)__builtin_ctz(mask | 0x10000u);
#else
    unsigned i = 0;
    while (i < 16 && p[i] != '\\')
        i++;
    return i;
#endif
}

/* Index of the first byte among 16 that cannot stand in a JSON string as it is, or 16: quote,
 * backslash, control character, and with ascii any byte from 0x80. */
static inline unsigned mr_json__until_special(const uint8_t *p, bool ascii)
{
#if defined(__SSE2__)
    __m128i block = _mm_loadu_si128((const __m128i *)p);
    __m128i low = ascii ? _mm_cmplt_epi8(block, _mm_set1_epi8(0x20)) /* signed: 0x80 and more too */
                        : _mm_cmpeq_epi8(_mm_min_epu8(block, _mm_set1_epi8(0x1f)), block);
    __m128i sign = _mm_or_si128(_mm_cmpeq_epi8(block, _mm_set1_epi8('"')),
                                _mm_cmpeq_epi8(block, _mm_set1_epi8('\\')));
    unsigned mask = (unsigned)_mm_movemask_epi8(_mm_or_si128(low, sign));
    return (unsigned)__builtin_ctz(mask | 0x10000u);
#else
    unsigned i = 0;
    while (i < 16 && p[i] >= 0x20 && p[i] != '"' && p[i] != '\\' && !(ascii && p[i] >= 0x80))
        i++;
    return i;
#endif
}

static inline size_t mr_json__put_utf8(uint8_t *to, uint32_t code)
{
    if (code < 0x80) {
        to[0] = (uint8_t)code;
        return 1;
    }
    if (code < 0x800) {
        to[0] = (uint8_t)(0xc0 | code >> 6);
        to[1] = (uint8_t)(0x80 | (code & 63));
        return 2;
    }
    if (code < 0x10000) {
        to[0] = (uint8_t)(0xe0 | code >> 12);
        to[1] = (uint8_t)(0x80 | (code >> 6 & 63));
        to[2] = (uint8_t)(0x80 | (code & 63));
        return 3;
    }
    to[0] = (uint8_t)(0xf0 | code >> 18);
    to[1] = (uint8_t)(0x80 | (code >> 12 & 63));
    to[2] = (uint8_t)(0x80 | (code >> 6 & 63));
    to[3] = (uint8_t)(0x80 | (code & 63));
    return 4;
}

#endif
