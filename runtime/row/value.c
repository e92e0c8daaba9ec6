/* Values looked at in place: type, content, walking, and the writers that append one value. */
#include "runtime/row/row_private.h"

#include <math.h>

static void head_of(struct mr_value v, struct mr_msg *m)
{
    mr_assert(mr_row__head(v.ptr, v.len, m));
}

enum mr_type mr_value_type(struct mr_value v)
{
    struct mr_msg m;
    if (v.len == 0)
        return MR_NONE;
    head_of(v, &m);
    return m.type;
}

static bool is_number_text(struct mr_value v, const struct mr_msg *m)
{
    return m->type == MR_REAL && v.ptr[0] != 0xca && v.ptr[0] != 0xcb;
}

struct mr_str mr_value_text(struct mr_value v)
{
    struct mr_msg m;
    head_of(v, &m);
    mr_assert(m.type == MR_TEXT || m.type == MR_BYTES || is_number_text(v, &m));
    return mr_str_span((const char *)v.ptr + m.head, m.body);
}

bool mr_value_bool(struct mr_value v)
{
    mr_assert(v.len == 1 && (v.ptr[0] == 0xc2 || v.ptr[0] == 0xc3));
    return v.ptr[0] == 0xc3;
}

/* True with the magnitude's two halves: *negative false: *u, true: *i. */
static bool read_integer(struct mr_value v, bool *negative, uint64_t *u, int64_t *i)
{
    struct mr_msg m;
    if (v.len == 0 || !mr_row__head(v.ptr, v.len, &m) || m.type != MR_INT)
        return false;
    const uint8_t *p = v.ptr;
    *negative = false;
    switch (p[0]) {
    case 0xcc:
        *u = p[1];
        return true;
    case 0xcd:
        *u = mr_row__be16(p + 1);
        return true;
    case 0xce:
        *u = mr_row__be32(p + 1);
        return true;
    case 0xcf:
        *u = mr_row__be64(p + 1);
        return true;
    case 0xd0:
        *i = (int8_t)p[1];
        break;
    case 0xd1:
        *i = (int16_t)mr_row__be16(p + 1);
        break;
    case 0xd2:
        *i = (int32_t)mr_row__be32(p + 1);
        break;
    case 0xd3:
        *i = (int64_t)mr_row__be64(p + 1);
        break;
    default:
        *i = (int8_t)p[0];
        break;
    }
    *negative = *i < 0;
    *u = (uint64_t)*i;
    return true;
}

bool mr_value_int(struct mr_value v, int64_t *out)
{
    bool negative;
    uint64_t u = 0;
    int64_t i = 0;
    if (!read_integer(v, &negative, &u, &i) || (!negative && u > INT64_MAX))
        return false;
    *out = negative ? i : (int64_t)u;
    return true;
}

bool mr_value_uint(struct mr_value v, uint64_t *out)
{
    bool negative;
    uint64_t u = 0;
    int64_t i = 0;
    if (!read_integer(v, &negative, &u, &i) || negative)
        return false;
    *out = u;
    return true;
}

double mr_value_real(struct mr_value v)
{
    bool negative;
    uint64_t u = 0;
    int64_t i = 0;
    if (read_integer(v, &negative, &u, &i))
        return negative ? (double)i : (double)u;
    struct mr_msg m;
    head_of(v, &m);
    mr_assert(m.type == MR_REAL);
    if (v.ptr[0] == 0xcb) {
        uint64_t bits = mr_row__be64(v.ptr + 1);
        double d;
        memcpy(&d, &bits, sizeof d);
        return d;
    }
    if (v.ptr[0] == 0xca) {
        uint32_t bits = mr_row__be32(v.ptr + 1);
        float f;
        memcpy(&f, &bits, sizeof f);
        return f;
    }
    double d;
    if (mr_str_to_real(mr_value_text(v), &d))
        return d;
    return v.ptr[m.head] == '-' ? -HUGE_VAL : HUGE_VAL; /* a number, but beyond a double's range */
}

uint32_t mr_value_count(struct mr_value v)
{
    struct mr_msg m;
    head_of(v, &m);
    mr_assert(m.type == MR_LIST || m.type == MR_MAP);
    return (uint32_t)(m.type == MR_MAP ? m.count / 2 : m.count);
}

void mr_walk_begin(struct mr_walk *w, struct mr_value container)
{
    struct mr_msg m;
    head_of(container, &m);
    mr_assert(m.type == MR_LIST || m.type == MR_MAP);
    w->at = container.ptr + m.head;
    w->end = container.ptr + container.len;
    /* A value is shorter than 4 GiB, so what does not fit cannot be there either. */
    w->left = m.count > UINT32_MAX ? UINT32_MAX : (uint32_t)m.count;
}

bool mr_walk_next(struct mr_walk *w, struct mr_value *out)
{
    if (w->left == 0)
        return false;
    size_t len = mr_value_skip(w->at, (size_t)(w->end - w->at));
    mr_assert(len != 0);
    *out = (struct mr_value){w->at, (uint32_t)len};
    w->at += len;
    w->left--;
    return true;
}

size_t mr_value_skip(const uint8_t *ptr, size_t len)
{
    size_t whole = mr_row__scan(ptr, len, false);
    return whole <= UINT32_MAX ? whole : 0;
}

static void advance(struct mr_buf *b, const uint8_t *end)
{
    b->len = (size_t)((const char *)end - b->ptr);
}

void mr_pack_null(struct mr_buf *b)
{
    mr_buf_addc(b, (char)0xc0);
}

void mr_pack_bool(struct mr_buf *b, bool v)
{
    mr_buf_addc(b, (char)(v ? 0xc3 : 0xc2));
}

void mr_pack_int(struct mr_buf *b, int64_t v)
{
    advance(b, mr_row__put_int(mr_row__room(b, 9), v));
}

void mr_pack_uint(struct mr_buf *b, uint64_t v)
{
    advance(b, mr_row__put_uint(mr_row__room(b, 9), v));
}

void mr_pack_real(struct mr_buf *b, double v)
{
    advance(b, mr_row__put_real(mr_row__room(b, 9), v));
}

static void add_body(struct mr_buf *b, uint8_t *at, struct mr_str body)
{
    if (body.len)
        memcpy(at, body.ptr, body.len);
    advance(b, at + body.len);
}

void mr_pack_number_text(struct mr_buf *b, struct mr_str text)
{
    mr_assert(text.len <= UINT32_MAX && mr_row__number_ok((const uint8_t *)text.ptr, text.len));
    uint8_t *at = mr_row__room(b, 6 + text.len);
    add_body(b, mr_row__put_ext_head(at, MR_EXT_NUMBER, (uint32_t)text.len), text);
}

void mr_pack_text(struct mr_buf *b, struct mr_str v)
{
    mr_assert(v.len <= UINT32_MAX);
    add_body(b, mr_row__put_text_head(mr_row__room(b, 5 + v.len), (uint32_t)v.len), v);
}

void mr_pack_bytes(struct mr_buf *b, struct mr_str v)
{
    mr_assert(v.len <= UINT32_MAX);
    add_body(b, mr_row__put_bytes_head(mr_row__room(b, 5 + v.len), (uint32_t)v.len), v);
}

void mr_pack_list(struct mr_buf *b, uint32_t count)
{
    advance(b, mr_row__put_container(mr_row__room(b, 5), false, count));
}

void mr_pack_map(struct mr_buf *b, uint32_t count)
{
    advance(b, mr_row__put_container(mr_row__room(b, 5), true, count));
}
