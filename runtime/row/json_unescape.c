/* One backslash escape of a JSON string to UTF-8. */
#include "runtime/row/json_escape.h"

static size_t put_utf8(uint8_t *to, uint32_t code)
{
    if (code < 0x80) {
        to[0] = (uint8_t)code;
        return 1;
    }
    if (code < 0x800) {
        to[0] = (uint8_t)(0xc0 | code >> 6);
        to[1] = (uint8_t)(0x80 | (code & 63));
        return 2;
    }
    if (code < 0x10000) {
        to[0] = (uint8_t)(0xe0 | code >> 12);
        to[1] = (uint8_t)(0x80 | (code >> 6 & 63));
        to[2] = (uint8_t)(0x80 | (code & 63));
        return 3;
    }
    to[0] = (uint8_t)(0xf0 | code >> 18);
    to[1] = (uint8_t)(0x80 | (code >> 12 & 63));
    to[2] = (uint8_t)(0x80 | (code >> 6 & 63));
    to[3] = (uint8_t)(0x80 | (code & 63));
    return 4;
}

static int hex4(const uint8_t *p, const uint8_t *end)
{
    int code = 0;
    if (end - p < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        uint8_t c = p[i] | 0x20;
        if ((uint8_t)(p[i] - '0') < 10)
            code = code * 16 + (p[i] - '0');
        else if (c >= 'a' && c <= 'f')
            code = code * 16 + (c - 'a' + 10);
        else
            return -1;
    }
    return code;
}

/* \uXXXX at p, a pair of surrogates included. */
static const uint8_t *unescape_code(const uint8_t *p, const uint8_t *end, bool replace,
                                    uint8_t **to, enum mr_json__escape *fault)
{
    int code = hex4(p + 2, end);
    if (code < 0) {
        *fault = MR_JSON__ESCAPE_HEX;
        return NULL;
    }
    const uint8_t *next = p + 6;
    if (code >= 0xd800 && code <= 0xdfff) {
        int low = code < 0xdc00 && end - next >= 6 && next[0] == '\\' && next[1] == 'u'
                      ? hex4(next + 2, end)
                      : -1;
        if (low >= 0xdc00 && low <= 0xdfff) {
            code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
            next += 6;
        } else if (replace) {
            code = 0xfffd;
        } else {
            *fault = MR_JSON__ESCAPE_LONE;
            return NULL;
        }
    }
    *to += put_utf8(*to, (uint32_t)code);
    return next;
}

const uint8_t *mr_json__unescape(const uint8_t *p, const uint8_t *end, bool replace, uint8_t **to,
                                 enum mr_json__escape *fault)
{
    static const char plain[256] = {['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
                                    ['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t'};
    if (end - p >= 2 && p[1] == 'u')
        return unescape_code(p, end, replace, to, fault);
    if (end - p < 2 || !plain[p[1]]) {
        *fault = MR_JSON__ESCAPE_UNKNOWN;
        return NULL;
    }
    *(*to)++ = (uint8_t)plain[p[1]];
    return p + 2;
}
