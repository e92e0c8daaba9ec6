/* Values of a row: msgpack bytes of one value, looked at in place.
 *
 * Numbers: int64/uint64 as msgpack integers; a double only where its shortest text equals the
 * source's text; otherwise extension type 1 carries the number's text. */
#ifndef MR_ROW_VALUE_H
#define MR_ROW_VALUE_H

#include "runtime/base/buf.h"

enum mr_type {
    MR_NONE = 0, /* no such field */
    MR_NULL = 1 << 0,
    MR_BOOL = 1 << 1,
    MR_INT = 1 << 2,
    MR_REAL = 1 << 3, /* also numbers kept as text (extension 1) */
    MR_TEXT = 1 << 4,
    MR_BYTES = 1 << 5,
    MR_LIST = 1 << 6,
    MR_MAP = 1 << 7,
    MR_OTHER = 1 << 8, /* foreign extensions */
    MR_NUMBER = MR_INT | MR_REAL,
    MR_ANY = 0x1fe & ~0, /* everything but null */
};

enum { MR_EXT_NUMBER = 1, MR_DEPTH_MAX = 128 };

/* One encoded value; borrowed. len 0 = no value. */
struct mr_value {
    const uint8_t *ptr;
    uint32_t len;
};

enum mr_type mr_value_type(struct mr_value v);
/* Reads; the wanted type has been checked before (mr_assert otherwise). */
struct mr_str mr_value_text(struct mr_value v); /* text, bytes or the number's text; borrowed */
bool mr_value_bool(struct mr_value v);
double mr_value_real(struct mr_value v); /* int or real or number text, nearest double */
/* True and *out when the value is an integer that fits. */
bool mr_value_int(struct mr_value v, int64_t *out);
bool mr_value_uint(struct mr_value v, uint64_t *out);
/* Number of items (list) or pairs (map). */
uint32_t mr_value_count(struct mr_value v);

/* Walk: list items one by one; map pairs as key, value, key, value. */
struct mr_walk {
    const uint8_t *at, *end;
    uint32_t left; /* values still to come (pairs count twice) */
};
void mr_walk_begin(struct mr_walk *w, struct mr_value container);
bool mr_walk_next(struct mr_walk *w, struct mr_value *out);

/* Length of the value at ptr, or 0 when the bytes are not one whole value within depth limits. */
size_t mr_value_skip(const uint8_t *ptr, size_t len);

/* Writers append one value. */
void mr_pack_null(struct mr_buf *b);
void mr_pack_bool(struct mr_buf *b, bool v);
void mr_pack_int(struct mr_buf *b, int64_t v);
void mr_pack_uint(struct mr_buf *b, uint64_t v);
void mr_pack_real(struct mr_buf *b, double v);
void mr_pack_number_text(struct mr_buf *b, struct mr_str text);
void mr_pack_text(struct mr_buf *b, struct mr_str v);
void mr_pack_bytes(struct mr_buf *b, struct mr_str v);
void mr_pack_list(struct mr_buf *b, uint32_t count); /* count values follow */
void mr_pack_map(struct mr_buf *b, uint32_t count);  /* count pairs follow  */

#endif
