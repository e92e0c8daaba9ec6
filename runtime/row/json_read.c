/* JSON text to msgpack: walks the scanner's tokens once, with its own stack, and checks the rest.
 *
 * The scanner has already found the tokens and checked UTF-8, closed strings and control
 * characters. Output grows to a bound that is known beforehand, so pointers into it stay valid. */
#include "runtime/row/json.h"

#include "runtime/row/json_escape.h"
#include "runtime/row/row_private.h"

#include <stdlib.h>

struct frame {
    uint8_t *head;  /* one byte, kept free for the container's head  */
    uint32_t count; /* items or pairs so far                         */
    bool map;
    size_t first_key; /* in reader's keys                              */
    uint64_t seen;    /* filter over the keys, mr_row__key_repeats     */
};

struct mr_json_reader {
    struct mr_json__scanner *scanner;
    struct mr_buf repaired;   /* text after replacing invalid UTF-8     */
    struct mr_row__key *keys; /* of all open objects, outermost first   */
    size_t key_count, key_capacity;
    /* one text */
    const uint8_t *text, *end;
    const uint32_t *token, *tokens_end;
    uint8_t *out; /* next byte to write                     */
    bool replace; /* lone surrogates become U+FFFD          */
    uint32_t depth;
    struct mr_error *error;
    struct frame frames[MR_DEPTH_MAX];
};

enum { KEPT_BYTES = 1 << 20 }; /* scratch beyond this is given back after a text */

struct mr_json_reader *mr_json_reader_create(void)
{
    struct mr_json_reader *r = mr_zalloc(sizeof *r);
    r->scanner = mr_json__scanner_create();
    mr_assert(r->scanner != NULL);
    return r;
}

void mr_json_reader_destroy(struct mr_json_reader *r)
{
    if (!r)
        return;
    mr_json__scanner_destroy(r->scanner);
    mr_buf_finish(&r->repaired);
    free(r->keys);
    free(r);
}

static bool fail(struct mr_json_reader *r, enum mr_code code, const uint8_t *at, const char *what)
{
    r->error = mr_error_row(mr_error(code, "%s at byte %zu", what, (size_t)(at - r->text) + 1));
    return false;
}

static bool invalid(struct mr_json_reader *r, const uint8_t *at, const char *what)
{
    return fail(r, MR_JSON_INVALID, at, what);
}

static bool fail_twice(struct mr_json_reader *r, const struct mr_row__key *key)
{
    struct mr_buf name = {0};
    mr_buf_add_json(&name, mr_str_span((const char *)key->ptr, key->len < 60 ? key->len : 60));
    r->error = mr_error_row(mr_error(MR_JSON_DUPLICATE_KEY, "the key %s stands twice in an object",
                                     mr_buf_text(&name)));
    mr_buf_finish(&name);
    return false;
}

/* ---- strings ---- */

/* The token's last byte but white space; the scanner promises it to be the closing quote. */
static const uint8_t *string_end(const struct mr_json_reader *r, const uint8_t *open)
{
    const uint8_t *p = r->token < r->tokens_end ? r->text + *r->token : r->end;
    while (p > open + 1 && (p[-1] == ' ' || p[-1] == '\n' || p[-1] == '\r' || p[-1] == '\t'))
        p--;
    return p > open + 1 && p[-1] == '"' ? p - 1 : NULL;
}

/* Copies up to the first backslash; 16 bytes may be written past what is returned. */
static const uint8_t *copy_clean(const struct mr_json_reader *r, const uint8_t *p,
                                 const uint8_t *end, uint8_t **to)
{
    while (end - p >= 32) {
        unsigned clean = mr_json__copy_to_backslash(*to, p);
        *to += clean;
        p += clean;
        if (clean < 32)
            return p;
        /* Only behind a clean block: between close escapes the larger step would be in vain. */
        size_t more = mr_json__copy_clean(*to, p, (size_t)(end - p), false, false);
        *to += more;
        p += more;
    }
    while (p < end) {
        size_t left = (size_t)(end - p);
        unsigned clean;
        if (r->end - p >= 16) {
            memcpy(*to, p, 16);
            clean = mr_json__until_backslash(p);
        } else {
            uint8_t block[16];
            mr_row__load_tail(block, p, left); /* the text ends behind a quote: left < 16 */
            memcpy(*to, block, 16);
            clean = mr_json__until_backslash(block);
        }
        size_t step = clean < left ? clean : left;
        *to += step;
        p += step;
        if (clean < 16)
            break;
    }
    return p;
}

static const uint8_t *unescape(struct mr_json_reader *r, const uint8_t *p, const uint8_t *end,
                               uint8_t **to)
{
    enum mr_json__escape fault;
    const uint8_t *next = mr_json__unescape(p, end, r->replace, to, &fault);
    if (next)
        return next;
    if (fault == MR_JSON__ESCAPE_LONE)
        fail(r, MR_UTF8_INVALID, p, "lone surrogate escape");
    else if (fault == MR_JSON__ESCAPE_HEX)
        invalid(r, p, "\\u without four hexadecimal digits");
    else
        invalid(r, p, "unknown escape in a string");
    return NULL;
}

/* Writes the string that opens at open; *key, unless NULL, becomes its text. */
static bool read_string(struct mr_json_reader *r, const uint8_t *open, struct mr_row__key *key)
{
    const uint8_t *end = string_end(r, open);
    if (!end)
        return invalid(r, open, "string without end");
    const uint8_t *p = open + 1;
    uint32_t raw = (uint32_t)(end - p);
    uint8_t *body = mr_row__put_text_head(r->out, raw), *to = body;
    while ((p = copy_clean(r, p, end, &to)) < end)
        if (!(p = unescape(r, p, end, &to)))
            return false;
    uint32_t len = (uint32_t)(to - body);
    if (len != raw) { /* escapes made it shorter: perhaps a smaller head does */
        uint8_t *final = mr_row__put_text_head(r->out, len);
        if (final != body)
            memmove(final, body, len);
        body = final;
    }
    r->out = body + len;
    if (key)
        *key = (struct mr_row__key){body, len, mr_row__sign(body, len)};
    return true;
}

/* ---- numbers and words ---- */

static bool ends_here(const struct mr_json_reader *r, const uint8_t *p)
{
    if (p == r->end)
        return true;
    switch (*p) {
    case ' ':
    case '\n':
    case '\r':
    case '\t':
    case ',':
    case ']':
    case '}':
        return true;
    default:
        return false; /* a quote too: the scanner gives none that follows a number or word */
    }
}

static bool read_number(struct mr_json_reader *r, const uint8_t *p)
{
    struct mr_row__number n;
    const uint8_t *end = mr_row__number(p, r->end, &n);
    if (!end || !ends_here(r, end))
        return invalid(r, p, "not a JSON number");
    r->out = mr_row__put_number(r->out, &n, p, (size_t)(end - p));
    return true;
}

static bool read_word(struct mr_json_reader *r, const uint8_t *p, const char *word, size_t len,
                      uint8_t code)
{
    if ((size_t)(r->end - p) < len || memcmp(p, word, len) != 0 || !ends_here(r, p + len))
        return invalid(r, p, "unknown word");
    *r->out++ = code;
    return true;
}

static bool read_scalar(struct mr_json_reader *r, const uint8_t *p)
{
    switch (*p) {
    case '"':
        return read_string(r, p, NULL);
    case 't':
        return read_word(r, p, "true", 4, 0xc3);
    case 'f':
        return read_word(r, p, "false", 5, 0xc2);
    case 'n':
        return read_word(r, p, "null", 4, 0xc0);
    case '-':
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9':
        return read_number(r, p);
    case ',':
    case ']':
    case '}':
    case ':':
        return invalid(r, p, "a value is missing");
    case 0xef:
        return invalid(r, p, "byte order mark or other text outside a string");
    default:
        return invalid(r, p, "unexpected character");
    }
}

/* ---- containers ---- */

static const uint8_t *take(struct mr_json_reader *r)
{
    if (r->token == r->tokens_end) {
        invalid(r, r->end, "the text ends too early");
        return NULL;
    }
    return r->text + *r->token++;
}

static bool open_container(struct mr_json_reader *r, const uint8_t *at)
{
    if (r->depth == MR_DEPTH_MAX)
        return invalid(r, at, "nested too deeply");
    r->frames[r->depth++] =
        (struct frame){.head = r->out++, .map = *at == '{', .first_key = r->key_count};
    return true;
}

static bool close_container(struct mr_json_reader *r)
{
    struct frame *f = &r->frames[--r->depth];
    size_t keys = r->key_count - f->first_key;
    if (keys > MR_ROW__FEW_KEYS) {
        size_t twice = mr_row__keys_repeat(r->keys + f->first_key, keys);
        if (twice != SIZE_MAX)
            return fail_twice(r, r->keys + f->first_key + twice);
    }
    r->key_count = f->first_key;
    uint8_t head[5];
    size_t extra = (size_t)(mr_row__put_container(head, f->map, f->count) - head) - 1;
    if (extra) {
        memmove(f->head + 1 + extra, f->head + 1, (size_t)(r->out - f->head - 1));
        r->out += extra;
    }
    memcpy(f->head, head, 1 + extra);
    return true;
}

static bool read_key(struct mr_json_reader *r)
{
    struct frame *f = &r->frames[r->depth - 1];
    const uint8_t *at = take(r);
    if (!at)
        return false;
    if (*at != '"')
        return invalid(r, at, "a key in quotes is missing");
    if (r->key_count == r->key_capacity) {
        r->key_capacity = r->key_capacity ? r->key_capacity * 2 : 64;
        r->keys = mr_realloc(r->keys, r->key_capacity * sizeof *r->keys);
    }
    if (!read_string(r, at, r->keys + r->key_count))
        return false;
    size_t count = ++r->key_count - f->first_key;
    const struct mr_row__key *keys = r->keys + f->first_key;
    if (count <= MR_ROW__FEW_KEYS && mr_row__key_repeats(keys, count, &f->seen))
        return fail_twice(r, keys + count - 1);
    at = take(r);
    return at && (*at == ':' || invalid(r, at, "a colon is missing"));
}

/* After a value: closes what ends here. *more: another value follows; else the text has ended. */
static bool after_value(struct mr_json_reader *r, bool *more)
{
    while (r->depth) {
        struct frame *f = &r->frames[r->depth - 1];
        const uint8_t *at = take(r);
        f->count++;
        if (!at)
            return false;
        if (*at == ',') {
            *more = true;
            return !f->map || read_key(r);
        }
        if (*at != (f->map ? '}' : ']'))
            return invalid(r, at, f->map ? "a comma or } is missing" : "a comma or ] is missing");
        if (!close_container(r))
            return false;
    }
    *more = false;
    return r->token == r->tokens_end ||
           invalid(r, r->text + *r->token, "more text after the value");
}

static bool read_text(struct mr_json_reader *r)
{
    for (bool more = true; more;) {
        const uint8_t *at = take(r);
        if (!at)
            return false;
        if (*at == '{' || *at == '[') {
            if (!open_container(r, at))
                return false;
            uint8_t closing = *at == '{' ? '}' : ']';
            bool empty = r->token < r->tokens_end && r->text[*r->token] == closing;
            if (!empty) {
                if (*at == '{' && !read_key(r))
                    return false;
                continue;
            }
            r->token++;
            close_container(r); /* no keys yet: cannot fail */
        } else if (!read_scalar(r, at)) {
            return false;
        }
        if (!after_value(r, &more))
            return false;
    }
    return true;
}

/* ---- whole texts ---- */

static void repair(struct mr_json_reader *r, struct mr_str text)
{
    size_t clean = 0;
    r->repaired.len = 0;
    for (size_t at = 0; at < text.len;) {
        bool valid;
        size_t step = mr_utf8_next(text, at, &valid);
        if (!valid) {
            mr_buf_add(&r->repaired, text.ptr + clean, at - clean);
            mr_buf_addz(&r->repaired, "\xef\xbf\xbd");
            clean = at + step;
        }
        at += step;
    }
    mr_buf_add(&r->repaired, text.ptr + clean, text.len - clean);
}

static bool fail_utf8(struct mr_json_reader *r)
{
    struct mr_str text = {(const char *)r->text, (size_t)(r->end - r->text)};
    size_t at = 0;
    for (bool valid = true; at < text.len;) {
        size_t step = mr_utf8_next(text, at, &valid);
        if (!valid)
            break;
        at += step;
    }
    return fail(r, MR_UTF8_INVALID, r->text + at, "invalid UTF-8");
}

/* The first raw control character inside a string; only to name its place. */
static bool fail_control(struct mr_json_reader *r)
{
    bool inside = false;
    const uint8_t *p = r->text;
    for (; p < r->end && (!inside || *p >= 0x20); p++) {
        if (inside && *p == '\\' && p + 1 < r->end)
            p++;
        else if (*p == '"')
            inside = !inside;
    }
    return invalid(r, p, "control character inside a string");
}

static bool scan(struct mr_json_reader *r, struct mr_str text, enum mr_invalid_utf8 mode)
{
    r->text = (const uint8_t *)(text.ptr ? text.ptr : "");
    r->end = r->text + text.len;
    r->replace = mode == MR_UTF8_REPLACE;
    if (text.len >= UINT32_MAX)
        return invalid(r, r->text, "a text of 4 GiB or more");
    size_t count = 0;
    enum mr_json__scanned done = mr_json__scan(r->scanner, r->text, text.len, &r->token, &count);
    if (done == MR_JSON__UTF8 && r->replace) {
        repair(r, text);
        text = mr_buf_str(&r->repaired);
        if (text.len >= UINT32_MAX)
            return invalid(r, r->text, "a text of 4 GiB or more");
        r->text = (const uint8_t *)text.ptr;
        r->end = r->text + text.len;
        done = mr_json__scan(r->scanner, r->text, text.len, &r->token, &count);
    }
    switch (done) {
    case MR_JSON__SCANNED:
        r->tokens_end = r->token + count;
        return true;
    case MR_JSON__EMPTY:
        return invalid(r, r->text, "no value");
    case MR_JSON__UTF8:
        return fail_utf8(r);
    case MR_JSON__CONTROL:
        return fail_control(r);
    case MR_JSON__UNCLOSED:
        return invalid(r, r->end, "string without end");
    case MR_JSON__NO_MEMORY:
        mr_assert(!"memory for the tokens of a text");
        break;
    case MR_JSON__REFUSED:
        break;
    }
    return invalid(r, r->text, "not JSON");
}

static void release_scratch(struct mr_json_reader *r)
{
    if (r->repaired.cap > KEPT_BYTES)
        mr_buf_finish(&r->repaired);
    if (r->key_capacity * sizeof *r->keys > KEPT_BYTES) {
        free(r->keys);
        r->keys = NULL;
        r->key_capacity = 0;
    }
}

struct mr_error *mr_json_read_value(struct mr_json_reader *r, struct mr_str text,
                                    enum mr_invalid_utf8 mode, struct mr_buf *out)
{
    r->error = NULL;
    r->depth = 0;
    r->key_count = 0;
    if (scan(r, text, mode)) {
        /* A token's bytes grow by 8 at most ("0.1" and its comma become 9), blocks run over by 16.
         */
        size_t bound = (size_t)(r->end - r->text) + 9 * (size_t)(r->tokens_end - r->token) + 32;
        r->out = mr_row__room(out, bound);
        if (read_text(r))
            out->len = (size_t)((char *)r->out - out->ptr);
    }
    release_scratch(r);
    return r->error;
}

struct mr_error *mr_json_read_object(struct mr_json_reader *r, struct mr_str text,
                                     enum mr_invalid_utf8 mode, struct mr_buf *out)
{
    size_t start = out->len;
    MR_TRY(mr_json_read_value(r, text, mode, out));
    struct mr_msg m;
    if (mr_row__head((uint8_t *)out->ptr + start, out->len - start, &m) && m.type == MR_MAP)
        return NULL;
    out->len = start;
    return mr_error_row(mr_error(MR_JSON_NOT_OBJECT, "the text is a JSON value but no object"));
}
