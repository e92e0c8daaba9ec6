/* Code points: decoding, counting, and the character classes beyond ASCII (ICU's tables). */
#include "runtime/text/chars.h"

#include <unicode/uchar.h>

uint32_t mr_char__next_wide(const char **at, const char *end)
{
    const unsigned char *p = (const unsigned char *)*at;
    size_t left = (size_t)(end - *at), need = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    uint32_t c = p[0] & (0xffu >> (need + 1));
    bool ok = p[0] >= 0xc2 && p[0] <= 0xf4 && left >= need;
    for (size_t i = 1; ok && i < need; i++) {
        ok = (p[i] & 0xc0) == 0x80;
        c = (c << 6) | (p[i] & 0x3f);
    }
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (!ok || c < least[need] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000)) {
        ++*at;
        return 0xfffd;
    }
    *at += need;
    return c;
}

bool mr_char__wide_is_space(uint32_t c)
{
    if (c < 0x2000)
        return c == 0x85 || c == 0xa0 || c == 0x1680;
    return c <= 0x200a || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

bool mr_char__wide_is_word(uint32_t c)
{
    return (U_GET_GC_MASK((UChar32)c) & (U_GC_L_MASK | U_GC_N_MASK)) != 0;
}

bool mr_char_ends_sentence(uint32_t c)
{
    if (c < 0x80)
        return c == '.' || c == '!' || c == '?';
    return u_hasBinaryProperty((UChar32)c, UCHAR_S_TERM);
}

bool mr_char_is_letter(uint32_t c)
{
    if (c < 0x80)
        return (c | 32) >= 'a' && (c | 32) <= 'z';
    return (U_GET_GC_MASK((UChar32)c) & U_GC_L_MASK) != 0;
}

size_t mr_char_put(uint32_t c, char *out)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xc0 | (c >> 6));
        out[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xe0 | (c >> 12));
        out[1] = (char)(0x80 | ((c >> 6) & 0x3f));
        out[2] = (char)(0x80 | (c & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | (c >> 18));
    out[1] = (char)(0x80 | ((c >> 12) & 0x3f));
    out[2] = (char)(0x80 | ((c >> 6) & 0x3f));
    out[3] = (char)(0x80 | (c & 0x3f));
    return 4;
}

/* Every byte but a continuation begins a code point; the loop is one the compiler vectorises. */
size_t mr_text_length(struct mr_str s)
{
    size_t count = 0;
    for (size_t i = 0; i < s.len; i++)
        count += ((unsigned char)s.ptr[i] & 0xc0) != 0x80;
    return count;
}

size_t mr_text_offset(struct mr_str s, size_t n)
{
    size_t i = 0;
    for (; i < s.len; i++) {
        if (((unsigned char)s.ptr[i] & 0xc0) == 0x80)
            continue;
        if (n-- == 0)
            break;
    }
    return i;
}

static size_t leading_space(struct mr_str s)
{
    const char *at = s.ptr, *end = s.ptr + s.len;
    while (at < end) {
        const char *next = at;
        if (!mr_char_is_space(mr_char_next(&next, end)))
            break;
        at = next;
    }
    return (size_t)(at - s.ptr);
}

bool mr_text_is_blank(struct mr_str s)
{
    return s.len == 0 || leading_space(s) == s.len;
}

struct mr_str mr_text_strip(struct mr_str s)
{
    if (!s.len)
        return s;
    size_t skip = leading_space(s);
    s.ptr += skip;
    s.len -= skip;
    while (s.len) {
        size_t last = s.len - 1;
        while (last && s.len - last < 4 && ((unsigned char)s.ptr[last] & 0xc0) == 0x80)
            last--;
        const char *at = s.ptr + last;
        if (!mr_char_is_space(mr_char_next(&at, s.ptr + s.len)) || at != s.ptr + s.len)
            break;
        s.len = last;
    }
    return s;
}
