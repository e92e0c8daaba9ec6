/* Places inside a scalar: which line and column of the file stands behind a character of its text.
 *
 * Quotes, escapes, folded lines and ${variables} move characters, so the text is decoded once more
 * with the origin of each byte. A text that comes out otherwise than the parser's has no inner
 * places: messages then point at the whole. */
#include "topology/topology_private.h"

#include <stdlib.h>

struct decoder {
    struct mr_str raw; /* as it stands in the file */
    size_t at;
    struct mr_buf text;
    uint32_t *origin; /* per byte of text: byte of raw */
    size_t capacity;
};

static void emit(struct decoder *d, const char *bytes, size_t len, size_t from)
{
    if (d->text.len + len > d->capacity) {
        d->capacity = 2 * (d->text.len + len) + 64;
        d->origin = mr_realloc(d->origin, d->capacity * sizeof *d->origin);
    }
    for (size_t i = 0; i < len; i++)
        d->origin[d->text.len + i] = (uint32_t)from;
    mr_buf_add(&d->text, bytes, len);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static void skip_end(struct decoder *d)
{
    if (d->at < d->raw.len && d->raw.ptr[d->at] == '\r')
        d->at++;
    if (d->at < d->raw.len && d->raw.ptr[d->at] == '\n')
        d->at++;
}

static bool at_end_of_line(const struct decoder *d)
{
    return d->raw.ptr[d->at] == '\n' || d->raw.ptr[d->at] == '\r';
}

/* Line ends of plain and quoted scalars: one is a blank, more are as many line ends less one.
 * least: text that may not be trimmed, since an escape made it. */
static void fold(struct decoder *d, size_t least)
{
    size_t from = d->at, lines = 0;
    while (d->text.len > least && is_blank(d->text.ptr[d->text.len - 1]))
        d->text.len--;
    while (d->at < d->raw.len && (is_blank(d->raw.ptr[d->at]) || at_end_of_line(d)))
        if (at_end_of_line(d)) {
            skip_end(d);
            lines++;
        } else {
            d->at++;
        }
    if (lines <= 1)
        emit(d, " ", 1, from);
    for (size_t i = 1; i < lines; i++)
        emit(d, "\n", 1, from);
}

/* \x41, \u00e4, \U0001f600: digits hexadecimal ones behind *d->at. */
static void code_point(struct decoder *d, size_t from, size_t digits)
{
    uint32_t point = 0;
    char bytes[4];
    for (size_t i = 0; i < digits && d->at < d->raw.len; i++, d->at++) {
        char c = d->raw.ptr[d->at];
        uint32_t digit = c >= '0' && c <= '9'   ? (uint32_t)(c - '0')
                         : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a' + 10)
                         : c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A' + 10)
                                                : 0;
        point = point << 4 | digit;
    }
    size_t len = 1;
    if (point < 0x80) {
        bytes[0] = (char)point;
    } else if (point < 0x800) {
        bytes[0] = (char)(0xc0 | point >> 6);
        bytes[1] = (char)(0x80 | (point & 0x3f));
        len = 2;
    } else if (point < 0x10000) {
        bytes[0] = (char)(0xe0 | point >> 12);
        bytes[1] = (char)(0x80 | (point >> 6 & 0x3f));
        bytes[2] = (char)(0x80 | (point & 0x3f));
        len = 3;
    } else {
        bytes[0] = (char)(0xf0 | (point >> 18 & 7));
        bytes[1] = (char)(0x80 | (point >> 12 & 0x3f));
        bytes[2] = (char)(0x80 | (point >> 6 & 0x3f));
        bytes[3] = (char)(0x80 | (point & 0x3f));
        len = 4;
    }
    emit(d, bytes, len, from);
}

static void escape(struct decoder *d)
{
    static const char names[] = "0abtnvfre \"/\\\t";
    static const char values[] = "\0\a\b\t\n\v\f\r\x1b \"/\\\t";
    size_t from = d->at++;
    if (d->at >= d->raw.len)
        return;
    if (at_end_of_line(d)) { /* the line goes on in the next one */
        skip_end(d);
        while (d->at < d->raw.len && is_blank(d->raw.ptr[d->at]))
            d->at++;
        return;
    }
    char c = d->raw.ptr[d->at++];
    const char *known = c ? strchr(names, c) : NULL;
    if (known)
        emit(d, &values[known - names], 1, from);
    else
        code_point(d, from, c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0);
}

static void decode_flow(struct decoder *d, enum node_style style)
{
    size_t least = 0;
    while (d->at < d->raw.len) {
        char c = d->raw.ptr[d->at];
        if (at_end_of_line(d)) {
            fold(d, least);
        } else if (style == STYLE_DOUBLE && c == '\\') {
            escape(d);
            least = d->text.len;
        } else {
            emit(d, &c, 1, d->at++);
            if (style == STYLE_SINGLE && c == '\'')
                d->at++; /* two stand for one */
        }
    }
}

static size_t indent_of(struct mr_str raw, size_t at)
{
    size_t from = at;
    while (at < raw.len && raw.ptr[at] == ' ')
        at++;
    return at - from;
}

/* Block scalars: the first line that is not empty sets the indent. */
static void decode_block(struct decoder *d, bool folded)
{
    size_t indent = SIZE_MAX, breaks = 0;
    bool more_before = false;
    while (d->at < d->raw.len) {
        size_t have = indent_of(d->raw, d->at), start = d->at;
        d->at += have;
        bool empty = d->at >= d->raw.len || at_end_of_line(d);
        if (empty) {
            breaks++;
            skip_end(d);
            continue;
        }
        indent = indent == SIZE_MAX ? have : indent;
        bool more = have > indent || is_blank(d->raw.ptr[d->at]);
        d->at = start + (have < indent ? have : indent);
        if (d->text.len && folded && breaks == 1 && !more && !more_before)
            emit(d, " ", 1, start ? start - 1 : 0);
        else
            for (size_t i = folded && d->text.len && !more && !more_before ? 1 : 0; i < breaks; i++)
                emit(d, "\n", 1, start ? start - 1 : 0);
        breaks = 0;
        more_before = more;
        while (d->at < d->raw.len && !at_end_of_line(d)) {
            char c = d->raw.ptr[d->at];
            emit(d, &c, 1, d->at++);
        }
        if (d->at < d->raw.len) {
            skip_end(d);
            breaks = 1;
        }
    }
    for (size_t i = 0; i < breaks; i++)
        emit(d, "\n", 1, d->raw.len);
}

/* Equal but for line ends at the end, which the header of a block may have cut. */
static bool same_text(struct mr_str a, struct mr_str b)
{
    size_t shorter = a.len < b.len ? a.len : b.len;
    struct mr_str longer = a.len < b.len ? b : a;
    for (size_t i = shorter; i < longer.len; i++)
        if (longer.ptr[i] != '\n')
            return false;
    return memcmp(a.ptr, b.ptr, shorter) == 0;
}

static size_t byte_of(struct mr_str text, size_t points)
{
    size_t at = 0;
    bool valid;
    for (; points > 0 && at < text.len; points--)
        at += mr_utf8_next(text, at, &valid);
    return at;
}

static uint32_t points_of(struct mr_str text)
{
    uint32_t count = 0;
    for (size_t i = 0; i < text.len; i++)
        count += ((unsigned char)text.ptr[i] & 0xc0) != 0x80;
    return count;
}

/* Line and column of a byte of the file. */
static struct place place_of(const struct compile *c, size_t offset)
{
    struct place at = {.line = 1, .column = 1, .width = 1};
    size_t from = 0;
    const char *end;
    while ((end = memchr(c->text.ptr + from, '\n', offset - from))) {
        from = (size_t)(end - c->text.ptr) + 1;
        at.line++;
    }
    at.column += points_of(mr_str_span(c->text.ptr + from, offset - from));
    return at;
}

/* Byte of the file that stands behind a byte of the expanded text. */
static size_t file_byte(const struct node *n, const struct decoder *d, size_t byte, bool end)
{
    size_t raw = byte;
    if (n->origin)
        raw = byte < n->text.len ? n->origin[byte] : n->written.len;
    if (raw >= d->text.len)
        return n->from + d->raw.len;
    if (end && byte > 0 && !n->origin) /* behind the last character, not before the next one */
        return n->from + d->origin[raw - 1] + 1;
    return n->from + d->origin[raw];
}

struct place mr_topology__inside(struct compile *c, const struct node *n, size_t point,
                                 size_t length)
{
    if (!n->at.line || n->to <= n->from || n->to > c->text.len)
        return n->at;
    struct decoder d = {.raw = mr_str_span(c->text.ptr + n->from, n->to - n->from)};
    if (n->style == STYLE_LITERAL || n->style == STYLE_FOLDED)
        decode_block(&d, n->style == STYLE_FOLDED);
    else
        decode_flow(&d, n->style);
    struct place at = n->at;
    if (same_text(mr_buf_str(&d.text), n->origin ? n->written : n->text)) {
        size_t first = byte_of(n->text, point), last = byte_of(n->text, point + length);
        size_t from = file_byte(n, &d, first, false), to = file_byte(n, &d, last, true);
        while (to < n->to && to > from && ((unsigned char)c->text.ptr[to] & 0xc0) == 0x80)
            to++; /* the whole of the last character */
        at = place_of(c, from);
        struct place end = place_of(c, to);
        struct mr_str line = mr_topology__line(c, at.line);
        uint32_t rest = points_of(line) + 1 - at.column;
        at.width = end.line == at.line && end.column > at.column ? end.column - at.column
                   : end.line > at.line && rest > 1              ? rest
                                                                 : 1;
    }
    free(d.origin);
    mr_buf_finish(&d.text);
    return at;
}
