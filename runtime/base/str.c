/* Text helpers over borrowed bytes: comparing, searching, whole-number parsing, UTF-8, distance. */
#include "runtime/base/str.h"

#include "runtime/base/buf.h"

#include <stdlib.h>

int mr_str_cmp(struct mr_str a, struct mr_str b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common ? memcmp(a.ptr, b.ptr, common) : 0;
    if (order)
        return order;
    return a.len < b.len ? -1 : a.len > b.len;
}

size_t mr_str_find(struct mr_str hay, struct mr_str needle, size_t from)
{
    if (from > hay.len || needle.len > hay.len - from)
        return SIZE_MAX;
    if (!needle.len)
        return from;
    const char *at = memmem(hay.ptr + from, hay.len - from, needle.ptr, needle.len);
    return at ? (size_t)(at - hay.ptr) : SIZE_MAX;
}

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

struct mr_str mr_str_trim(struct mr_str s)
{
    while (s.len && is_blank(s.ptr[s.len - 1]))
        s.len--;
    while (s.len && is_blank(*s.ptr)) {
        s.ptr++;
        s.len--;
    }
    return s;
}

bool mr_str_to_uint(struct mr_str s, uint64_t *out)
{
    size_t i = s.len && *s.ptr == '+';
    if (i == s.len)
        return false;
    uint64_t value = 0;
    for (; i < s.len; i++) {
        if (s.ptr[i] < '0' || s.ptr[i] > '9')
            return false;
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(s.ptr[i] - '0'), &value))
            return false;
    }
    *out = value;
    return true;
}

bool mr_str_to_int(struct mr_str s, int64_t *out)
{
    bool negative = s.len && *s.ptr == '-';
    if (negative) {
        s.ptr++;
        s.len--;
        if (s.len && *s.ptr == '+')
            return false;
    }
    uint64_t size;
    if (!mr_str_to_uint(s, &size) || size > (uint64_t)INT64_MAX + negative)
        return false;
    *out = negative ? (int64_t)(0 - size) : (int64_t)size;
    return true;
}

/* The range of the second byte for each lead byte keeps overlong forms and surrogates out. */
size_t mr_utf8_next(struct mr_str s, size_t at, bool *valid)
{
    const unsigned char *p = (const unsigned char *)s.ptr + at;
    size_t left = s.len - at;
    *valid = true;
    if (*p < 0x80)
        return 1;
    size_t need = *p < 0xc2 ? 0 : *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : *p < 0xf5 ? 4 : 0;
    unsigned low = *p == 0xe0 ? 0xa0 : *p == 0xf0 ? 0x90 : 0x80;
    unsigned high = *p == 0xed ? 0x9f : *p == 0xf4 ? 0x8f : 0xbf;
    size_t have = 1;
    while (have < need && have < left && p[have] >= low && p[have] <= high) {
        have++;
        low = 0x80;
        high = 0xbf;
    }
    *valid = have == need;
    return have;
}

bool mr_utf8_valid(struct mr_str s)
{
    size_t i = 0;
    while (i < s.len) {
        uint64_t eight;
        while (s.len - i >= sizeof eight) {
            memcpy(&eight, s.ptr + i, sizeof eight);
            if (eight & 0x8080808080808080u)
                break;
            i += sizeof eight;
        }
        if (i == s.len)
            break;
        bool valid;
        i += mr_utf8_next(s, i, &valid);
        if (!valid)
            return false;
    }
    return true;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* One row of the table of edit distances; returns the row's least value. rows[0] is this row,
 * rows[1] the one before, rows[2] the one before that (for neighbours that changed places). */
static size_t distance_row(struct mr_str a, struct mr_str b, size_t i, size_t *const rows[3])
{
    size_t best = rows[0][0] = i;
    for (size_t j = 1; j <= b.len; j++) {
        bool same = a.ptr[i - 1] == b.ptr[j - 1];
        size_t cost = least(rows[1][j] + 1, rows[0][j - 1] + 1);
        cost = least(cost, rows[1][j - 1] + !same);
        if (i > 1 && j > 1 && a.ptr[i - 1] == b.ptr[j - 2] && a.ptr[i - 2] == b.ptr[j - 1])
            cost = least(cost, rows[2][j - 2] + 1);
        rows[0][j] = cost;
        best = least(best, cost);
    }
    return best;
}

size_t mr_str_distance(struct mr_str a, struct mr_str b, size_t limit)
{
    size_t gap = a.len > b.len ? a.len - b.len : b.len - a.len;
    size_t beyond = limit == SIZE_MAX ? limit : limit + 1;
    if (gap > limit)
        return beyond;
    size_t width = b.len + 1;
    size_t *cells = mr_alloc(3 * width * sizeof *cells);
    size_t *rows[3] = {cells, cells + width, cells + 2 * width};
    for (size_t j = 0; j < width; j++)
        rows[1][j] = j;
    size_t result = rows[1][b.len];
    for (size_t i = 1; i <= a.len; i++) {
        size_t best = distance_row(a, b, i, rows);
        result = rows[0][b.len];
        /* Proof, although a swap looks two rows back: the row before holds at least best - 1. */
        if (best >= beyond) {
            result = beyond;
            break;
        }
        size_t *oldest = rows[2];
        rows[2] = rows[1];
        rows[1] = rows[0];
        rows[0] = oldest;
    }
    free(cells);
    return least(result, beyond);
}
