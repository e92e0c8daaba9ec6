/* A run of bytes with its length: text is UTF-8, never terminated by zero, borrowed unless said.
 *
 * Invariant: ptr may be NULL only when len is 0; a NULL ptr means "no value" where that matters. */
#ifndef MR_BASE_STR_H
#define MR_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct mr_str {
    const char *ptr;
    size_t len;
};

/* Several texts, for list parameters and keys bound to several fields. */
struct mr_strs {
    const struct mr_str *items;
    size_t count;
};

#define MR_STR(literal) ((struct mr_str){(literal), sizeof(literal) - 1})
#define MR_STR_INIT(literal) {(literal), sizeof(literal) - 1}
/* For printf: "%.*s" takes MR_FMT(s). */
#define MR_FMT(s) (int)(s).len, (s).ptr ? (s).ptr : ""

static inline struct mr_str mr_str_of(const char *text)
{
    return (struct mr_str){text, text ? strlen(text) : 0};
}

static inline struct mr_str mr_str_span(const char *ptr, size_t len)
{
    return (struct mr_str){ptr, len};
}

static inline bool mr_str_eq(struct mr_str a, struct mr_str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool mr_str_is(struct mr_str a, const char *text)
{
    return mr_str_eq(a, mr_str_of(text));
}

static inline bool mr_str_starts(struct mr_str s, struct mr_str prefix)
{
    return s.len >= prefix.len && (prefix.len == 0 || memcmp(s.ptr, prefix.ptr, prefix.len) == 0);
}

static inline bool mr_str_ends(struct mr_str s, struct mr_str suffix)
{
    return s.len >= suffix.len &&
           (suffix.len == 0 || memcmp(s.ptr + s.len - suffix.len, suffix.ptr, suffix.len) == 0);
}

/* Orders by bytes, shorter first on a tie. */
int mr_str_cmp(struct mr_str a, struct mr_str b);

/* Index of the first needle at or after from, or SIZE_MAX. */
size_t mr_str_find(struct mr_str hay, struct mr_str needle, size_t from);

/* Cuts ASCII blanks, tabs and line ends at both ends. */
struct mr_str mr_str_trim(struct mr_str s);

/* Whole text as a decimal number; false when it is not one, or out of range. Locale-independent.
 * A leading + is taken. Reals: no hexadecimal, no infinity or NaN; too small becomes 0. */
bool mr_str_to_int(struct mr_str s, int64_t *out);
bool mr_str_to_uint(struct mr_str s, uint64_t *out);
bool mr_str_to_real(struct mr_str s, double *out);

/* True for valid UTF-8 (no surrogates, no overlong forms). */
bool mr_utf8_valid(struct mr_str s);
/* Bytes of the sequence at an offset below s.len: a whole code point, or (valid false) the longest
 * run that began well and is to be replaced by one U+FFFD. At least 1. */
size_t mr_utf8_next(struct mr_str s, size_t at, bool *valid);

/* Damerau-Levenshtein distance, for "did you mean"; stops at limit + 1. */
size_t mr_str_distance(struct mr_str a, struct mr_str b, size_t limit);

#endif
