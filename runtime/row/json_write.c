/* Values to JSON text: compact, in order, clean spans copied in blocks, always valid JSON. */
#include "runtime/row/json.h"

#include "runtime/row/json_escape.h"
#include "runtime/row/row_private.h"

#include <math.h>

struct writer {
    struct mr_buf *out;
    uint8_t *to; /* next byte; there is room as far as the current function asked for it */
};

/* Room for extra bytes after what is written. */
static void room(struct writer *w, size_t extra)
{
    w->out->len = (size_t)((char *)w->to - w->out->ptr);
    w->to = mr_row__room(w->out, extra);
}

static void put(struct writer *w, const char *text, size_t len)
{
    memcpy(w->to, text, len);
    w->to += len;
}

/* A byte that cannot stand as it is; takes at most 6. */
static void put_escape(struct writer *w, uint8_t c)
{
    static const char hex[] = "0123456789abcdef";
    static const char plain[128] = {['"'] = '"',  ['\\'] = '\\', ['\b'] = 'b', ['\f'] = 'f',
                                    ['\n'] = 'n', ['\r'] = 'r',  ['\t'] = 't'};
    *w->to++ = '\\';
    if (plain[c]) {
        *w->to++ = (uint8_t)plain[c];
        return;
    }
    put(w, "u00", 3);
    *w->to++ = (uint8_t)hex[c >> 4];
    *w->to++ = (uint8_t)hex[c & 15];
}

/* The rest of a text that is not UTF-8, one sequence at a time. */
static void put_repaired(struct writer *w, const uint8_t *p, size_t len)
{
    struct mr_str text = {(const char *)p, len};
    for (size_t at = 0; at < len;) {
        bool valid;
        size_t step = mr_utf8_next(text, at, &valid);
        room(w, 16);
        if (!valid)
            put(w, "\xef\xbf\xbd", 3);
        else if (step == 1 && (p[at] < 0x20 || p[at] == '"' || p[at] == '\\'))
            put_escape(w, p[at]);
        else
            put(w, (const char *)p + at, step);
        at += step;
    }
}

/* Copies up to the first byte that needs more; returns how many bytes are done. */
static size_t copy_clean(uint8_t *to, const uint8_t *p, size_t len, bool ascii)
{
    size_t done = 0;
    while (len - done >= 32) {
        unsigned clean = mr_json__copy_to_special(to + done, p + done, ascii);
        done += clean;
        if (clean < 32)
            return done;
        /* Only behind a clean block: between close escapes the larger step would be in vain. */
        done += mr_json__copy_clean(to + done, p + done, len - done, true, ascii);
    }
    while (done < len) {
        uint8_t tail[16];
        const uint8_t *block = p + done;
        size_t left = len - done;
        if (left < 16) {
            mr_row__load_tail(tail, block, left);
            block = tail;
        }
        memcpy(to + done, block, 16);
        size_t clean = mr_json__until_special(block, ascii);
        done += clean < left ? clean : left;
        if (clean < 16)
            break;
    }
    return done;
}

static void put_content(struct writer *w, const uint8_t *p, size_t len)
{
    bool ascii = true; /* so far: bytes from 0x80 are special until the rest is known as UTF-8 */
    room(w, len + 40);
    for (;;) {
        size_t step = copy_clean(w->to, p, len, ascii);
        w->to += step;
        p += step;
        len -= step;
        if (len == 0)
            return;
        if (*p >= 0x80) {
            if (!mr_row__utf8_valid(p, len)) {
                put_repaired(w, p, len);
                return;
            }
            ascii = false;
            continue;
        }
        put_escape(w, *p);
        p++;
        len--;
        room(w, len + 40);
    }
}

static void put_text(struct writer *w, const uint8_t *p, size_t len)
{
    room(w, 1);
    *w->to++ = '"';
    put_content(w, p, len);
    room(w, 8); /* and what a caller adds: comma, colon, brackets */
    *w->to++ = '"';
}

static void put_base64(struct writer *w, const uint8_t *p, size_t len)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    room(w, len / 3 * 4 + 16);
    *w->to++ = '"';
    for (size_t i = 0; i < len; i += 3) {
        size_t left = len - i;
        uint32_t bits = (uint32_t)p[i] << 16 | (left > 1 ? (uint32_t)p[i + 1] << 8 : 0) |
                        (left > 2 ? p[i + 2] : 0u);
        *w->to++ = (uint8_t)digits[bits >> 18];
        *w->to++ = (uint8_t)digits[bits >> 12 & 63];
        *w->to++ = left > 1 ? (uint8_t)digits[bits >> 6 & 63] : '=';
        *w->to++ = left > 2 ? (uint8_t)digits[bits & 63] : '=';
    }
    *w->to++ = '"';
}

static void put_integer(struct writer *w, struct mr_value v)
{
    char text[24], *at = text + sizeof text;
    int64_t i;
    uint64_t u;
    bool minus = !mr_value_uint(v, &u);
    if (minus) {
        mr_assert(mr_value_int(v, &i));
        u = 0 - (uint64_t)i;
    }
    do
        *--at = (char)('0' + u % 10);
    while (u /= 10);
    if (minus)
        *--at = '-';
    put(w, at, (size_t)(text + sizeof text - at));
}

static void put_real(struct writer *w, struct mr_value v, const struct mr_msg *m)
{
    if (v.ptr[0] != 0xca && v.ptr[0] != 0xcb) {
        room(w, m->body + 16);
        put(w, (const char *)v.ptr + m->head, m->body);
        return;
    }
    double d = mr_value_real(v);
    if (!isfinite(d)) { /* JSON has no word for it */
        put(w, "null", 4);
        return;
    }
    room(w, 0);
    mr_buf_add_real(w->out, d);
    w->to = (uint8_t *)w->out->ptr + w->out->len;
}

static void put_scalar(struct writer *w, struct mr_value v, const struct mr_msg *m)
{
    const uint8_t *body = v.ptr + m->head;
    if (m->type == MR_TEXT) {
        put_text(w, body, m->body);
        return;
    }
    room(w, 40);
    switch (m->type) {
    case MR_BOOL:
        put(w, v.ptr[0] == 0xc3 ? "true" : "false", v.ptr[0] == 0xc3 ? 4 : 5);
        break;
    case MR_INT:
        put_integer(w, v);
        break;
    case MR_REAL:
        put_real(w, v, m);
        break;
    case MR_BYTES:
    case MR_OTHER:
        put_base64(w, body, m->body);
        break;
    default:
        put(w, "null", 4);
        break;
    }
}

/* JSON keys are text: foreign numbers and words stand in quotes, containers as base64. */
static void put_key(struct writer *w, struct mr_value key, const struct mr_msg *m)
{
    if (m->type == MR_TEXT || m->type == MR_BYTES || m->type == MR_OTHER) {
        put_scalar(w, key, m);
    } else if (m->type == MR_LIST || m->type == MR_MAP) {
        put_base64(w, key.ptr, key.len);
    } else {
        room(w, 1);
        *w->to++ = '"';
        put_scalar(w, key, m);
        room(w, 1);
        *w->to++ = '"';
    }
}

struct open {
    uint64_t left; /* values still to come, pairs count twice */
    bool map, first;
};

/* Between two values of a container: comma or colon. */
static void separate(struct writer *w, struct open *o)
{
    room(w, 8);
    if (o->map && o->left % 2)
        *w->to++ = ':';
    else if (!o->first)
        *w->to++ = ',';
    o->first = false;
}

void mr_json_write_value(struct mr_value v, struct mr_buf *out)
{
    struct open frames[MR_DEPTH_MAX + 1]; /* a row's map around its deepest value */
    size_t depth = 0;
    const uint8_t *at = v.ptr, *end = v.ptr + v.len;
    struct writer w = {.out = out, .to = mr_row__room(out, v.len + 64)};
    do {
        struct mr_msg m;
        mr_assert(mr_row__head(at, (size_t)(end - at), &m));
        struct open *o = depth ? &frames[depth - 1] : NULL;
        bool is_key = o && o->map && o->left % 2 == 0;
        if (o) {
            separate(&w, o);
            o->left--;
        }
        struct mr_value value = {at, (uint32_t)(end - at)};
        if (is_key) {
            value.len = (uint32_t)mr_value_skip(at, (size_t)(end - at));
            put_key(&w, value, &m);
            at += value.len;
        } else if (m.type == MR_LIST || m.type == MR_MAP) {
            mr_assert(depth <= MR_DEPTH_MAX);
            room(&w, 8);
            *w.to++ = m.type == MR_MAP ? '{' : '[';
            frames[depth++] =
                (struct open){.left = m.count, .map = m.type == MR_MAP, .first = true};
            at += m.head;
        } else {
            put_scalar(&w, value, &m);
            at += (size_t)m.head + m.body;
        }
        for (; depth && frames[depth - 1].left == 0; depth--) {
            room(&w, 8);
            *w.to++ = frames[depth - 1].map ? '}' : ']';
        }
    } while (depth);
    room(&w, 0);
}
