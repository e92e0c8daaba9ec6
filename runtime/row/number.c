/* JSON numbers: grammar, and the choice between integer, double and kept text.
 *
 * A double is used only where its shortest text is the source's text. Nearly all doubles of real
 * data need no conversion to find that out: at most 15 digits, written plainly without a needless
 * zero, always come back as they are. */
#include "runtime/row/json.h"
#include "runtime/row/row_private.h"

enum { REAL_TEXT_MAX = 25 }; /* "-2.2250738585072014e-308" and one to spare */

struct shape {
    const uint8_t *digits;   /* first digit                          */
    const uint8_t *point;    /* at the '.' or NULL                   */
    const uint8_t *exponent; /* at the 'e' or NULL                   */
    const uint8_t *end;
    bool minus;
};

static bool is_digit(const uint8_t *p, const uint8_t *end)
{
    return p < end && (uint8_t)(*p - '0') < 10;
}

static const uint8_t *skip_digits(const uint8_t *p, const uint8_t *end)
{
    while (is_digit(p, end))
        p++;
    return p;
}

static bool read_shape(const uint8_t *p, const uint8_t *end, struct shape *s)
{
    s->minus = p < end && *p == '-';
    p += s->minus;
    s->digits = p;
    s->point = s->exponent = NULL;
    if (!is_digit(p, end))
        return false;
    p = *p == '0' ? p + 1 : skip_digits(p, end);
    if (is_digit(p, end)) /* a leading zero */
        return false;
    if (p < end && *p == '.') {
        s->point = p++;
        if (!is_digit(p, end))
            return false;
        p = skip_digits(p, end);
    }
    if (p < end && (*p == 'e' || *p == 'E')) {
        s->exponent = p++;
        if (p < end && (*p == '+' || *p == '-'))
            p++;
        if (!is_digit(p, end))
            return false;
        p = skip_digits(p, end);
    }
    s->end = p;
    return true;
}

static void read_integer(const struct shape *s, struct mr_row__number *n)
{
    size_t count = (size_t)(s->end - s->digits);
    n->kind = MR_NUMBER__TEXT;
    if (count > 20)
        return;
    uint64_t v = 0;
    for (const uint8_t *p = s->digits; p < s->end; p++)
        if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, *p - '0', &v))
            return;
    if (!s->minus) {
        n->kind = MR_NUMBER__UINT;
        n->u = v;
    } else if (v && v <= (uint64_t)INT64_MAX + 1) { /* "-0" has no integer of its own */
        n->kind = MR_NUMBER__INT;
        n->i = (int64_t)(0 - v);
    }
}

/* True when plain digits round-trip by their small number alone; *d is then exact. */
static bool read_short_real(const struct shape *s, double *d)
{
    static const double tens[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8, 1e9,
                                  1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18};
    size_t whole = (size_t)(s->point - s->digits), fraction = (size_t)(s->end - s->point - 1);
    if (whole + fraction > 18)
        return false;
    uint64_t v = 0;
    for (const uint8_t *p = s->digits; p < s->point; p++)
        v = v * 10 + (*p - '0');
    for (const uint8_t *p = s->point + 1; p < s->end; p++)
        v = v * 10 + (*p - '0');
    if (v >= UINT64_C(1000000000000000))
        return false;
    /* Under 0.0001 the shortest text has an exponent. */
    if (s->digits[0] == '0' && fraction > 4 && memcmp(s->point + 1, "0000", 4) == 0)
        return false;
    *d = (double)v / tens[fraction];
    if (s->minus)
        *d = -*d;
    return true;
}

/* mr_buf_add_real is the one rule of spelling; here it writes into memory of this frame. */
static bool is_shortest(double d, struct mr_str text)
{
    char room[4 * REAL_TEXT_MAX];
    struct mr_buf shortest = {room, 0, sizeof room};
    mr_buf_add_real(&shortest, d);
    return mr_str_eq(mr_buf_str(&shortest), text);
}

const uint8_t *mr_row__number(const uint8_t *p, const uint8_t *end, struct mr_row__number *n)
{
    struct shape s;
    if (!read_shape(p, end, &s))
        return NULL;
    if (!s.point && !s.exponent) {
        read_integer(&s, n);
        return s.end;
    }
    n->kind = MR_NUMBER__TEXT;
    size_t len = (size_t)(s.end - p);
    if (len > REAL_TEXT_MAX)
        return s.end;
    if (!s.exponent) {
        if (s.end[-1] == '0' && s.end - s.point > 2) /* "1.50": never the shortest */
            return s.end;
        if (read_short_real(&s, &n->d)) {
            n->kind = MR_NUMBER__REAL;
            return s.end;
        }
    }
    struct mr_str text = {(const char *)p, len};
    if (mr_str_to_real(text, &n->d) && is_shortest(n->d, text))
        n->kind = MR_NUMBER__REAL;
    return s.end;
}

bool mr_row__number_ok(const uint8_t *p, size_t len)
{
    struct shape s;
    return len && read_shape(p, p + len, &s) && s.end == p + len;
}

uint8_t *mr_row__put_number(uint8_t *p, const struct mr_row__number *n, const uint8_t *text,
                            size_t len)
{
    switch (n->kind) {
    case MR_NUMBER__UINT:
        return mr_row__put_uint(p, n->u);
    case MR_NUMBER__INT:
        return mr_row__put_int(p, n->i);
    case MR_NUMBER__REAL:
        return mr_row__put_real(p, n->d);
    case MR_NUMBER__TEXT:
        break;
    }
    p = mr_row__put_ext_head(p, MR_EXT_NUMBER, (uint32_t)len);
    memcpy(p, text, len);
    return p + len;
}

bool mr_pack_number(struct mr_buf *out, struct mr_str text)
{
    struct mr_row__number n;
    const uint8_t *p = (const uint8_t *)text.ptr;
    if (text.len == 0 || text.len > UINT32_MAX ||
        mr_row__number(p, p + text.len, &n) != p + text.len)
        return false;
    uint8_t *at = mr_row__room(out, text.len + 9);
    out->len += (size_t)(mr_row__put_number(at, &n, p, text.len) - at);
    return true;
}
