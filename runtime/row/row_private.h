/* What the files of runtime/row share: the msgpack wire format, keys, numbers, blocks.
 *
 * Inside runtime/row only. Readers check every length, writers produce the smallest form. */
#ifndef MR_ROW_PRIVATE_H
#define MR_ROW_PRIVATE_H

#include "runtime/base/error.h"
#include "runtime/row/json_scan.h"
#include "runtime/row/row.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/* ---- bytes ---- */

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define MR_ROW__BE(bits, v) __builtin_bswap##bits(v)
#else
#define MR_ROW__BE(bits, v) (v)
#endif

static inline uint16_t mr_row__be16(const uint8_t *p)
{
    uint16_t v;
    memcpy(&v, p, sizeof v);
    return MR_ROW__BE(16, v);
}

static inline uint32_t mr_row__be32(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return MR_ROW__BE(32, v);
}

static inline uint64_t mr_row__be64(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return MR_ROW__BE(64, v);
}

static inline uint8_t *mr_row__put16(uint8_t *p, uint8_t lead, uint16_t v)
{
    *p++ = lead;
    v = MR_ROW__BE(16, v);
    memcpy(p, &v, sizeof v);
    return p + sizeof v;
}

static inline uint8_t *mr_row__put32(uint8_t *p, uint8_t lead, uint32_t v)
{
    *p++ = lead;
    v = MR_ROW__BE(32, v);
    memcpy(p, &v, sizeof v);
    return p + sizeof v;
}

static inline uint8_t *mr_row__put64(uint8_t *p, uint8_t lead, uint64_t v)
{
    *p++ = lead;
    v = MR_ROW__BE(64, v);
    memcpy(p, &v, sizeof v);
    return p + sizeof v;
}

/* Room for extra more bytes at the end; the fast way past the call. */
static inline uint8_t *mr_row__room(struct mr_buf *b, size_t extra)
{
    if (b->cap - b->len < extra)
        mr_buf_reserve(b, extra);
    return (uint8_t *)b->ptr + b->len;
}

/* ---- wire.c: one msgpack value's head ---- */

struct mr_msg {
    enum mr_type type;
    uint32_t head;  /* bytes before the body, lead byte and extension type included     */
    uint32_t body;  /* bytes of text, number or payload; 0 for containers               */
    uint64_t count; /* values inside a container, pairs count twice                     */
};

/* Everything but fixed integers, texts and containers; false when the bytes end too early. */
bool mr_row__head_long(const uint8_t *p, size_t len, struct mr_msg *m);

/* Reads the head at p; false when head and body do not lie within len bytes. */
static inline bool mr_row__head(const uint8_t *p, size_t len, struct mr_msg *m)
{
    if (len == 0)
        return false;
    uint8_t lead = p[0];
    m->head = 1;
    m->body = 0;
    m->count = 0;
    if ((lead & 0xe0) == 0xa0) {
        m->type = MR_TEXT;
        m->body = lead & 31;
        return len > m->body;
    }
    if (lead < 0x80 || lead >= 0xe0) {
        m->type = MR_INT;
        return true;
    }
    if (lead < 0xa0) {
        m->type = lead < 0x90 ? MR_MAP : MR_LIST;
        m->count = (uint64_t)(lead & 15) << (lead < 0x90);
        return true;
    }
    return mr_row__head_long(p, len, m);
}

/* Length of the whole value at p or 0; with utf8 every text must be UTF-8. */
size_t mr_row__scan(const uint8_t *p, size_t len, bool utf8);
/* True for UTF-8; quick for ASCII. */
bool mr_row__text_ok(const uint8_t *p, size_t len);

/* Writers: the smallest form at p, which has room for 9 bytes; the end is returned. */
static inline uint8_t *mr_row__put_uint(uint8_t *p, uint64_t v)
{
    if (v < 0x80) {
        *p = (uint8_t)v;
        return p + 1;
    }
    if (v <= UINT8_MAX) {
        p[0] = 0xcc;
        p[1] = (uint8_t)v;
        return p + 2;
    }
    if (v <= UINT16_MAX)
        return mr_row__put16(p, 0xcd, (uint16_t)v);
    if (v <= UINT32_MAX)
        return mr_row__put32(p, 0xce, (uint32_t)v);
    return mr_row__put64(p, 0xcf, v);
}

static inline uint8_t *mr_row__put_int(uint8_t *p, int64_t v)
{
    if (v >= 0)
        return mr_row__put_uint(p, (uint64_t)v);
    if (v >= -32) {
        *p = (uint8_t)v;
        return p + 1;
    }
    if (v >= INT8_MIN) {
        p[0] = 0xd0;
        p[1] = (uint8_t)v;
        return p + 2;
    }
    if (v >= INT16_MIN)
        return mr_row__put16(p, 0xd1, (uint16_t)v);
    if (v >= INT32_MIN)
        return mr_row__put32(p, 0xd2, (uint32_t)v);
    return mr_row__put64(p, 0xd3, (uint64_t)v);
}

static inline uint8_t *mr_row__put_real(uint8_t *p, double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    return mr_row__put64(p, 0xcb, bits);
}

static inline uint8_t *mr_row__put_text_head(uint8_t *p, uint32_t len)
{
    if (len < 32) {
        *p = (uint8_t)(0xa0 | len);
        return p + 1;
    }
    if (len <= UINT8_MAX) {
        p[0] = 0xd9;
        p[1] = (uint8_t)len;
        return p + 2;
    }
    return len <= UINT16_MAX ? mr_row__put16(p, 0xda, (uint16_t)len) : mr_row__put32(p, 0xdb, len);
}

static inline uint8_t *mr_row__put_container(uint8_t *p, bool map, uint32_t count)
{
    if (count < 16) {
        *p = (uint8_t)((map ? 0x80 : 0x90) | count);
        return p + 1;
    }
    uint8_t lead = map ? 0xde : 0xdc;
    return count <= UINT16_MAX ? mr_row__put16(p, lead, (uint16_t)count)
                               : mr_row__put32(p, lead + 1, count);
}

/* Heads of an extension and of bytes; at most 6 bytes. */
uint8_t *mr_row__put_ext_head(uint8_t *p, int8_t type, uint32_t len);
uint8_t *mr_row__put_bytes_head(uint8_t *p, uint32_t len);

/* ---- keys.c: names that must differ ---- */

struct mr_row__key {
    const uint8_t *ptr;
    uint32_t len;
    uint64_t sign;
};

/* A quick sign of (length, first and last bytes): equal keys have equal signs. */
static inline uint64_t mr_row__sign(const uint8_t *p, size_t len)
{
    uint64_t a = 0, b = 0;
    if (len >= 8) {
        memcpy(&a, p, 8);
        memcpy(&b, p + len - 8, 8);
    } else if (len >= 4) {
        memcpy(&a, p, 4);
        memcpy(&b, p + len - 4, 4);
    } else if (len) {
        a = (uint64_t)p[0] | (uint64_t)p[len >> 1] << 8 | (uint64_t)p[len - 1] << 16;
    }
    uint64_t h = (a ^ (b << 29 | b >> 35)) * 0x9e3779b97f4a7c15u;
    h += len * 0xd6e8feb86659fd93u;
    return h ^ h >> 32;
}

static inline bool mr_row__key_eq(const struct mr_row__key *a, const struct mr_row__key *b)
{
    return a->sign == b->sign && a->len == b->len && memcmp(a->ptr, b->ptr, a->len) == 0;
}

/* Up to this many keys are compared one by one as they come, more of them in one go at the end. */
enum { MR_ROW__FEW_KEYS = 32 };

/* The filter of a growing set of few keys: false while the last of count keys surely differs. */
static inline bool mr_row__key_repeats(const struct mr_row__key *keys, size_t count, uint64_t *seen)
{
    const struct mr_row__key *last = keys + count - 1;
    uint64_t bit = UINT64_C(1) << (last->sign & 63);
    if (!(*seen & bit)) {
        *seen |= bit;
        return false;
    }
    for (const struct mr_row__key *k = keys; k < last; k++)
        if (mr_row__key_eq(k, last))
            return true;
    return false;
}

/* Index of a key that stands twice, or SIZE_MAX. Time does not grow with the square of count. */
size_t mr_row__keys_repeat(const struct mr_row__key *keys, size_t count);

/* ---- names.c ---- */

uint16_t mr_row__name_find(const struct mr_names *names, const uint8_t *p, size_t len,
                           uint64_t sign);

/* ---- number.c ---- */

enum mr_row__number_kind { MR_NUMBER__UINT, MR_NUMBER__INT, MR_NUMBER__REAL, MR_NUMBER__TEXT };

struct mr_row__number {
    enum mr_row__number_kind kind;
    uint64_t u;
    int64_t i;
    double d;
};

/* Reads the longest JSON number at p; its end, or NULL when there is none. */
const uint8_t *mr_row__number(const uint8_t *p, const uint8_t *end, struct mr_row__number *n);
/* True when the whole text is a JSON number (grammar only). */
bool mr_row__number_ok(const uint8_t *p, size_t len);
/* Writes the number read from text; room for len + 9 bytes. */
uint8_t *mr_row__put_number(uint8_t *p, const struct mr_row__number *n, const uint8_t *text,
                            size_t len);

/* ---- blocks of 16 bytes, for copying clean spans ---- */

/* Loads n < 16 bytes (n > 0) without reading past them; the rest is filled with clean bytes. */
static inline void mr_row__load_tail(uint8_t block[16], const uint8_t *p, size_t n)
{
    memset(block, 'x', 16);
    if (n >= 8) {
        memcpy(block, p, 8);
        memcpy(block + n - 8, p + n - 8, 8);
    } else if (n >= 4) {
        memcpy(block, p, 4);
        memcpy(block + n - 4, p + n - 4, 4);
    } else {
        block[0] = p[0];
        block[n >> 1] = p[n >> 1];
        block[n - 1] = p[n - 1];
    }
}

#endif
