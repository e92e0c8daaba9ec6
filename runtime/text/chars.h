/* Code points of UTF-8 text, and the two classes the rules are written in: white space and word
 * characters, as Python's str and re see them.
 *
 * Text of a row is valid UTF-8; a byte that is not reads as U+FFFD, never beyond the end.
 * Thread: any. */
#ifndef MR_TEXT_CHARS_H
#define MR_TEXT_CHARS_H

#include "runtime/base/str.h"

/* Beyond ASCII only; call mr_char_is_space and mr_char_is_word instead. */
uint32_t mr_char__next_wide(const char **at, const char *end);
bool mr_char__wide_is_space(uint32_t c);
bool mr_char__wide_is_word(uint32_t c);

/* The code point at *at (< end); *at moves behind it. */
static inline uint32_t mr_char_next(const char **at, const char *end)
{
    unsigned char c = (unsigned char)**at;
    if (c < 0x80) {
        ++*at;
        return c;
    }
    return mr_char__next_wide(at, end);
}

/* The 29 white space code points: U+0009-000D, 001C-0020, 0085, 00A0, 1680, 2000-200A, 2028, 2029,
 * 202F, 205F, 3000. */
static inline bool mr_char_is_space(uint32_t c)
{
    if (c < 0x80)
        return c == ' ' || (c >= 9 && c <= 13) || (c >= 0x1c && c <= 0x1f);
    return mr_char__wide_is_space(c);
}

/* Letters, all numerics, and the underscore; no combining marks. */
static inline bool mr_char_is_word(uint32_t c)
{
    if (c < 0x80)
        return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '_';
    return mr_char__wide_is_word(c);
}

/* Ends a sentence in some script: . ! ? and their likes (Unicode property Sentence_Terminal). */
bool mr_char_ends_sentence(uint32_t c);
/* A letter of any script. */
bool mr_char_is_letter(uint32_t c);

/* Appends to a buffer of at least 4 bytes; returns the bytes written. */
size_t mr_char_put(uint32_t c, char *out);

/* Number of code points. */
size_t mr_text_length(struct mr_str s);
/* Byte offset of the n-th code point, or the end. */
size_t mr_text_offset(struct mr_str s, size_t n);
/* True when only white space (or nothing) is in it. */
bool mr_text_is_blank(struct mr_str s);
/* Without white space at both ends. */
struct mr_str mr_text_strip(struct mr_str s);

#endif
