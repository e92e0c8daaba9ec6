/* The msgpack wire format: heads of values, and the check that bytes are one whole value. */
#include "runtime/row/row_private.h"

enum form { PLAIN, SIZED, EXT, BAD };

/* Leads 0xc0 to 0xdf. width: bytes of the length that follows; fixed: body when width is 0. */
static const struct {
    uint16_t type;
    uint8_t form, width, fixed;
} forms[32] = {
    [0x00] = {MR_NULL, PLAIN, 0, 0},  [0x01] = {MR_NONE, BAD, 0, 0},
    [0x02] = {MR_BOOL, PLAIN, 0, 0},  [0x03] = {MR_BOOL, PLAIN, 0, 0},
    [0x04] = {MR_BYTES, SIZED, 1, 0}, [0x05] = {MR_BYTES, SIZED, 2, 0},
    [0x06] = {MR_BYTES, SIZED, 4, 0}, [0x07] = {MR_OTHER, EXT, 1, 0},
    [0x08] = {MR_OTHER, EXT, 2, 0},   [0x09] = {MR_OTHER, EXT, 4, 0},
    [0x0a] = {MR_REAL, PLAIN, 0, 4},  [0x0b] = {MR_REAL, PLAIN, 0, 8},
    [0x0c] = {MR_INT, PLAIN, 0, 1},   [0x0d] = {MR_INT, PLAIN, 0, 2},
    [0x0e] = {MR_INT, PLAIN, 0, 4},   [0x0f] = {MR_INT, PLAIN, 0, 8},
    [0x10] = {MR_INT, PLAIN, 0, 1},   [0x11] = {MR_INT, PLAIN, 0, 2},
    [0x12] = {MR_INT, PLAIN, 0, 4},   [0x13] = {MR_INT, PLAIN, 0, 8},
    [0x14] = {MR_OTHER, EXT, 0, 1},   [0x15] = {MR_OTHER, EXT, 0, 2},
    [0x16] = {MR_OTHER, EXT, 0, 4},   [0x17] = {MR_OTHER, EXT, 0, 8},
    [0x18] = {MR_OTHER, EXT, 0, 16},  [0x19] = {MR_TEXT, SIZED, 1, 0},
    [0x1a] = {MR_TEXT, SIZED, 2, 0},  [0x1b] = {MR_TEXT, SIZED, 4, 0},
    [0x1c] = {MR_LIST, SIZED, 2, 0},  [0x1d] = {MR_LIST, SIZED, 4, 0},
    [0x1e] = {MR_MAP, SIZED, 2, 0},   [0x1f] = {MR_MAP, SIZED, 4, 0},
};

bool mr_row__head_long(const uint8_t *p, size_t len, struct mr_msg *m)
{
    unsigned at = p[0] & 31u;
    unsigned width = forms[at].width;
    m->type = (enum mr_type)forms[at].type;
    if (forms[at].form == BAD)
        return false;
    m->head = 1 + width + (forms[at].form == EXT);
    if (len < m->head)
        return false;
    uint32_t size = forms[at].fixed;
    if (width == 1)
        size = p[1];
    else if (width == 2)
        size = mr_row__be16(p + 1);
    else if (width == 4)
        size = mr_row__be32(p + 1);
    if (m->type == MR_LIST || m->type == MR_MAP) {
        m->count = m->type == MR_MAP ? (uint64_t)size * 2 : size;
        return true;
    }
    m->body = size;
    if (forms[at].form == EXT && p[m->head - 1] == MR_EXT_NUMBER)
        m->type = MR_REAL;
    return len - m->head >= size;
}

bool mr_row__text_ok(const uint8_t *p, size_t len)
{
    size_t i = 0;
#if defined(__SSE2__)
    for (; i + 16 <= len; i += 16)
        if (_mm_movemask_epi8(_mm_loadu_si128((const __m128i *)(p + i))))
            return mr_row__utf8_valid(p + i, len - i);
#endif
    uint64_t word;
    for (; i + 8 <= len; i += 8) {
        memcpy(&word, p + i, 8);
        if (word & UINT64_C(0x8080808080808080))
            return mr_row__utf8_valid(p + i, len - i);
    }
    uint8_t any = 0;
    for (size_t j = i; j < len; j++)
        any |= p[j];
    return any < 0x80 || mr_row__utf8_valid(p + i, len - i);
}

/* A number kept as text must be one, so that readers and writers need not ask again. */
static bool body_ok(const uint8_t *p, const struct mr_msg *m, bool utf8)
{
    if (m->type == MR_TEXT)
        return !utf8 || mr_row__text_ok(p + m->head, m->body);
    if (m->type == MR_REAL && p[0] != 0xca && p[0] != 0xcb)
        return mr_row__number_ok(p + m->head, m->body);
    return true;
}

size_t mr_row__scan(const uint8_t *p, size_t len, bool utf8)
{
    uint64_t left[MR_DEPTH_MAX]; /* values still to come in each open container */
    size_t depth = 0;
    const uint8_t *at = p, *end = p + len;
    for (;;) {
        struct mr_msg m;
        if (!mr_row__head(at, (size_t)(end - at), &m) || !body_ok(at, &m, utf8))
            return 0;
        at += (size_t)m.head + m.body;
        if (m.type == MR_LIST || m.type == MR_MAP) {
            /* Each value takes a byte at least: refuse early what cannot be there. */
            if (depth == MR_DEPTH_MAX || m.count > (size_t)(end - at))
                return 0;
            if (m.count) {
                left[depth++] = m.count;
                continue;
            }
        }
        while (depth && --left[depth - 1] == 0)
            depth--;
        if (depth == 0)
            return (size_t)(at - p);
    }
}

uint8_t *mr_row__put_bytes_head(uint8_t *p, uint32_t len)
{
    if (len <= UINT8_MAX) {
        p[0] = 0xc4;
        p[1] = (uint8_t)len;
        return p + 2;
    }
    return len <= UINT16_MAX ? mr_row__put16(p, 0xc5, (uint16_t)len) : mr_row__put32(p, 0xc6, len);
}

uint8_t *mr_row__put_ext_head(uint8_t *p, int8_t type, uint32_t len)
{
    if (len && len <= 16 && (len & (len - 1)) == 0) {
        *p++ = (uint8_t)(0xd4 + __builtin_ctz(len));
    } else if (len <= UINT8_MAX) {
        *p++ = 0xc7;
        *p++ = (uint8_t)len;
    } else if (len <= UINT16_MAX) {
        p = mr_row__put16(p, 0xc8, (uint16_t)len);
    } else {
        p = mr_row__put32(p, 0xc9, len);
    }
    *p++ = (uint8_t)type;
    return p;
}
