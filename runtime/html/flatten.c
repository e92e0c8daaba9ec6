/* A page as escaped text without tags: the way out for pages too deep or too large to parse. */
#include "runtime/html/html_private.h"

#define BREAK "\xe2\x80\xa9" /* paragraph separator */

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static bool letter(char c)
{
    return lower(c) >= 'a' && lower(c) <= 'z';
}

/* Length of the name that starts at s, in lower case into name. */
static size_t tag_name(struct mr_str s, char name[16])
{
    size_t n = 0;
    while (n < s.len && n < 15 && (letter(s.ptr[n]) || (s.ptr[n] >= '0' && s.ptr[n] <= '9'))) {
        name[n] = lower(s.ptr[n]);
        n++;
    }
    name[n] = 0;
    return n;
}

static bool one_of(const char *name, const char *const *names)
{
    for (; *names; names++) {
        if (strcmp(name, *names) == 0)
            return true;
    }
    return false;
}

/* Offset behind the end tag of an element whose content is not text, or the end of the page. */
static size_t skip_raw(struct mr_str s, size_t at, const char *name)
{
    size_t n = strlen(name);
    for (; at + n + 2 <= s.len; at++) {
        if (s.ptr[at] != '<' || s.ptr[at + 1] != '/')
            continue;
        size_t k = 0;
        while (k < n && lower(s.ptr[at + 2 + k]) == name[k])
            k++;
        if (k == n)
            return at;
    }
    return s.len;
}

/* Offset behind the ">" of a tag, quotes respected. */
static size_t tag_end(struct mr_str s, size_t at)
{
    char quote = 0;
    for (; at < s.len; at++) {
        char c = s.ptr[at];
        if (quote) {
            if (c == quote)
                quote = 0;
        } else if ((c == '"' || c == '\'') && at && s.ptr[at - 1] == '=') {
            quote = c;
        } else if (c == '>') {
            return at + 1;
        }
    }
    return s.len;
}

static size_t past(struct mr_str s, struct mr_str needle, size_t from)
{
    size_t at = mr_str_find(s, needle, from);
    return at == SIZE_MAX ? s.len : at + needle.len;
}

void html_flatten(struct mr_str s, struct mr_buf *out)
{
    static const char *const raw[] = {"script", "style", "textarea", "title", "noscript",
                                      "iframe", "xmp",   "template", "svg",   NULL};
    static const char *const inlines[] = {"a",     "b",    "i",    "u",    "em",     "strong",
                                          "font",  "span", "code", "tt",   "sub",    "sup",
                                          "small", "big",  "s",    "abbr", "kbd",    "mark",
                                          "q",     "cite", "wbr",  "nobr", "strike", NULL};
    size_t at = 0;
    while (at < s.len) {
        char c = s.ptr[at];
        char next = at + 1 < s.len ? s.ptr[at + 1] : 0;
        if (c != '<') {
            mr_buf_addc(out, c);
            at++;
        } else if (at + 3 < s.len && memcmp(s.ptr + at, "<!--", 4) == 0) {
            at = past(s, MR_STR("-->"), at + 4);
        } else if (next == '!' || next == '?') {
            at = past(s, MR_STR(">"), at + 1);
        } else if (letter(next) || (next == '/' && at + 2 < s.len && letter(s.ptr[at + 2]))) {
            char name[16];
            size_t name_at = at + (next == '/' ? 2 : 1);
            size_t n = tag_name(mr_str_span(s.ptr + name_at, s.len - name_at), name);
            at = tag_end(s, name_at + n);
            if (next != '/' && one_of(name, raw))
                at = skip_raw(s, at, name);
            if (!one_of(name, inlines))
                mr_buf_addz(out, BREAK);
        } else {
            mr_buf_addz(out, "&lt;");
            at++;
        }
    }
}
