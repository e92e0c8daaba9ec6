/* Blocks of bytes looked at in one go: where copying must stop; and escapes.
 *
 * SSE2, or plain C elsewhere.
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
    unsigned mask = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(block, _mm_set1_epi8('\\')));
    return (unsigned)__builtin_ctz(mask | 0x10000u);
#else
    unsigned i = 0;
    while (i < 16 && p[i] != '\\')
        i++;
    return i;
#endif
}

#if defined(__SSE2__)
static inline __m128i mr_json__special(__m128i block, bool ascii)
{
    __m128i low = ascii ? _mm_cmplt_epi8(block, _mm_set1_epi8(0x20)) /* signed: 0x80 and more too */
                        : _mm_cmpeq_epi8(_mm_min_epu8(block, _mm_set1_epi8(0x1f)), block);
    __m128i sign = _mm_or_si128(_mm_cmpeq_epi8(block, _mm_set1_epi8('"')),
                                _mm_cmpeq_epi8(block, _mm_set1_epi8('\\')));
    return _mm_or_si128(low, sign);
}
#endif

/* Index of the first byte among 16 that cannot stand in a JSON string as it is, or 16: quote,
 * backslash, control character, and with ascii any byte from 0x80. */
static inline unsigned mr_json__until_special(const uint8_t *p, bool ascii)
{
#if defined(__SSE2__)
    __m128i block = _mm_loadu_si128((const __m128i *)p);
    unsigned mask = (unsigned)_mm_movemask_epi8(mr_json__special(block, ascii));
    return (unsigned)__builtin_ctz(mask | 0x10000u);
#else
    unsigned i = 0;
    while (i < 16 && p[i] >= 0x20 && p[i] != '"' && p[i] != '\\' && !(ascii && p[i] >= 0x80))
        i++;
    return i;
#endif
}

#if defined(__SSE2__)
/* Index of the first byte set in two blocks, or 32. */
static inline unsigned mr_json__first(__m128i low, __m128i high)
{
    uint64_t mask = (uint64_t)(unsigned)_mm_movemask_epi8(low) |
                    (uint64_t)(unsigned)_mm_movemask_epi8(high) << 16 | UINT64_C(1) << 32;
    return (unsigned)__builtin_ctzll(mask);
}
#endif

/* Copies 32 bytes; the index of the first that stops copying, or 32. */
static inline unsigned mr_json__copy_to_backslash(uint8_t *to, const uint8_t *p)
{
    memcpy(to, p, 32);
#if defined(__SSE2__)
    __m128i slash = _mm_set1_epi8('\\');
    __m128i low = _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)p), slash);
    __m128i high = _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)(p + 16)), slash);
    return mr_json__first(low, high);
#else
    unsigned first = mr_json__until_backslash(p);
    return first < 16 ? first : 16 + mr_json__until_backslash(p + 16);
#endif
}

static inline unsigned mr_json__copy_to_special(uint8_t *to, const uint8_t *p, bool ascii)
{
    memcpy(to, p, 32);
#if defined(__SSE2__)
    __m128i low = mr_json__special(_mm_loadu_si128((const __m128i *)p), ascii);
    __m128i high = mr_json__special(_mm_loadu_si128((const __m128i *)(p + 16)), ascii);
    return mr_json__first(low, high);
#else
    unsigned first = mr_json__until_special(p, ascii);
    return first < 16 ? first : 16 + mr_json__until_special(p + 16, ascii);
#endif
}

/* Copies blocks of 64 bytes as long as nothing in them stops copying; returns the bytes done. */
static inline size_t mr_json__copy_clean(uint8_t *to, const uint8_t *p, size_t len, bool special,
                                         bool ascii)
{
    size_t done = 0;
#if defined(__SSE2__)
    for (; len - done >= 64; done += 64) {
        __m128i stop = _mm_setzero_si128();
        for (size_t i = done; i < done + 64; i += 16) {
            __m128i block = _mm_loadu_si128((const __m128i *)(p + i));
            _mm_storeu_si128((__m128i *)(to + i), block);
            stop = _mm_or_si128(stop, special ? mr_json__special(block, ascii)
                                              : _mm_cmpeq_epi8(block, _mm_set1_epi8('\\')));
        }
        if (_mm_movemask_epi8(stop))
            break;
    }
#else
    (void)to, (void)p, (void)len, (void)special, (void)ascii;
#endif
    return done;
}

/* json_unescape.c */

enum mr_json__escape { MR_JSON__ESCAPE_UNKNOWN, MR_JSON__ESCAPE_HEX, MR_JSON__ESCAPE_LONE };

/* Reads the escape at p (a backslash) and appends its character, at most 4 bytes, to *to. The byte
 * after it, or NULL with *fault set. With replace a lone surrogate is U+FFFD. */
const uint8_t *mr_json__unescape(const uint8_t *p, const uint8_t *end, bool replace, uint8_t **to,
                                 enum mr_json__escape *fault);

#endif
