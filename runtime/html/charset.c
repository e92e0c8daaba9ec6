/* Charset labels, detection in a page's first bytes, and conversion to UTF-8. */
#include "runtime/html/charset.h"

#include <unicode/ucnv.h>

#define LABEL_MAX     64
#define PRESCAN_BYTES 4096

/* Labels that browsers read as another charset than ICU would. Keys without separators. */
static const struct {
    const char *label, *icu;
} relabelled[] = {
    {"latin1", "windows-1252"},
    {"iso88591", "windows-1252"},
    {"ascii", "windows-1252"},
    {"usascii", "windows-1252"},
    {"l1", "windows-1252"},
    {"cp1252", "windows-1252"},
    {"ansi", "windows-1252"},
    {"xuserdefined", "windows-1252"},
    {"iso88599", "windows-1254"},
    {"latin5", "windows-1254"},
    {"iso885911", "windows-874"},
    {"tis620", "windows-874"},
    {"gb2312", "gb18030"},
    {"gbk", "gb18030"},
    {"xgbk", "gb18030"},
    {"cp936", "gb18030"},
    {"windows936", "gb18030"},
    {"euckr", "windows-949"},
    {"ksc56011987", "windows-949"},
    {"ksc5601", "windows-949"},
    {"shiftjis", "windows-31j"},
    {"sjis", "windows-31j"},
    {"xsjis", "windows-31j"},
    {"big5", "Big5-HKSCS"},
    {"utf8", "UTF-8"},
    {"unicode11utf8", "UTF-8"},
    {"unicode", "UTF-16LE"},
    {"utf16", "UTF-16LE"},
};

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

/* The name ICU is asked for; false when the label cannot be one. */
static bool icu_name(struct mr_str label, char name[LABEL_MAX])
{
    char key[LABEL_MAX];
    size_t n = 0, k = 0;
    label = mr_str_trim(label);
    if (label.len == 0 || label.len >= LABEL_MAX)
        return false;
    for (size_t i = 0; i < label.len; i++) {
        char c = lower(label.ptr[i]);
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || strchr("-_.:+", c)) || c == 0)
            return false;
        name[n++] = c;
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
            key[k++] = c;
    }
    name[n] = key[k] = 0;
    for (size_t i = 0; i < sizeof relabelled / sizeof *relabelled; i++) {
        if (strcmp(key, relabelled[i].label) == 0) {
            memcpy(name, relabelled[i].icu, strlen(relabelled[i].icu) + 1);
            break;
        }
    }
    return true;
}

static UConverter *converter(struct mr_str label, bool *is_utf8)
{
    char name[LABEL_MAX];
    if (!icu_name(label, name))
        return NULL;
    *is_utf8 = strcmp(name, "UTF-8") == 0;
    UErrorCode status = U_ZERO_ERROR;
    UConverter *c = ucnv_open(name, &status);
    return U_SUCCESS(status) ? c : NULL;
}

bool mr_charset_known(struct mr_str charset)
{
    bool is_utf8;
    UConverter *c = converter(charset, &is_utf8);
    if (!c)
        return false;
    ucnv_close(c);
    return true;
}

static struct mr_str bom(struct mr_str bytes, size_t *len)
{
    *len = 0;
    if (mr_str_starts(bytes, MR_STR("\xef\xbb\xbf"))) {
        *len = 3;
        return MR_STR("UTF-8");
    }
    if (mr_str_starts(bytes, MR_STR("\xff\xfe"))) {
        *len = 2;
        return MR_STR("UTF-16LE");
    }
    if (mr_str_starts(bytes, MR_STR("\xfe\xff"))) {
        *len = 2;
        return MR_STR("UTF-16BE");
    }
    return (struct mr_str){0};
}

/* Appends UTF-16 as UTF-8. A lone surrogate cannot come out of a converter, but is made U+FFFD. */
static void add_utf16(struct mr_buf *out, const UChar *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        uint32_t c = text[i];
        if (c >= 0xd800 && c < 0xe000) {
            bool pair = c < 0xdc00 && i + 1 < len && (text[i + 1] & 0xfc00) == 0xdc00;
            c = pair ? 0x10000 + ((c - 0xd800) << 10) + (text[++i] - 0xdc00u) : 0xfffd;
        }
        char b[4];
        if (c < 0x80) {
            mr_buf_addc(out, (char)c);
        } else if (c < 0x800) {
            b[0] = (char)(0xc0 | c >> 6);
            b[1] = (char)(0x80 | (c & 63));
            mr_buf_add(out, b, 2);
        } else if (c < 0x10000) {
            b[0] = (char)(0xe0 | c >> 12);
            b[1] = (char)(0x80 | (c >> 6 & 63));
            b[2] = (char)(0x80 | (c & 63));
            mr_buf_add(out, b, 3);
        } else {
            b[0] = (char)(0xf0 | c >> 18);
            b[1] = (char)(0x80 | (c >> 12 & 63));
            b[2] = (char)(0x80 | (c >> 6 & 63));
            b[3] = (char)(0x80 | (c & 63));
            mr_buf_add(out, b, 4);
        }
    }
}

static struct mr_error *run_converter(UConverter *c, struct mr_str bytes, struct mr_str label,
                                      bool lossy, struct mr_buf *out)
{
    UErrorCode status = U_ZERO_ERROR;
    ucnv_setToUCallBack(c, lossy ? UCNV_TO_U_CALLBACK_SUBSTITUTE : UCNV_TO_U_CALLBACK_STOP, NULL,
                        NULL, NULL, &status);
    UChar chunk[4096];
    const char *from = bytes.ptr, *end = bytes.ptr + bytes.len;
    mr_buf_reserve(out, bytes.len + bytes.len / 2 + 16);
    bool more = true;
    while (more) {
        UChar *to = chunk;
        status = U_ZERO_ERROR;
        ucnv_toUnicode(c, &to, chunk + 4096, &from, end, NULL, 1, &status);
        add_utf16(out, chunk, (size_t)(to - chunk));
        more = status == U_BUFFER_OVERFLOW_ERROR;
        if (!more && U_FAILURE(status))
            return mr_error_row(mr_error(MR_UTF8_INVALID,
                                         "the bytes before offset %zu are not \"%.*s\"",
                                         (size_t)(from - bytes.ptr), MR_FMT(label)));
    }
    return NULL;
}

static struct mr_error *to_utf8(struct mr_str bytes, struct mr_str label, bool lossy,
                                struct mr_arena *arena, struct mr_str *out)
{
    *out = (struct mr_str){"", 0};
    size_t skip;
    struct mr_str marked = bom(bytes, &skip);
    if (label.len == 0)
        label = marked.len             ? marked
                : mr_utf8_valid(bytes) ? MR_STR("UTF-8")
                                       : MR_STR("windows-1252");
    bool is_utf8;
    UConverter *c = converter(label, &is_utf8);
    if (!c)
        return mr_error(MR_PARAM_INVALID, "the charset \"%.*s\" is not known", MR_FMT(label));
    struct mr_error *e = NULL;
    struct mr_buf text = {0};
    bool fits = is_utf8
                    ? skip == 3
                    : skip == 2 && (mr_str_is(label, "UTF-16LE") || mr_str_is(label, "UTF-16BE"));
    if (skip && (fits || marked.len == label.len))
        bytes = mr_str_span(bytes.ptr + skip, bytes.len - skip);
    if (is_utf8 && mr_utf8_valid(bytes)) {
        *out = bytes;
    } else {
        e = run_converter(c, bytes, label, lossy, &text);
        if (!e)
            *out = mr_arena_str(arena, mr_buf_str(&text));
    }
    mr_buf_finish(&text);
    ucnv_close(c);
    return e;
}

struct mr_error *mr_charset_convert(struct mr_str bytes, struct mr_str charset,
                                    struct mr_arena *arena, struct mr_str *out)
{
    return to_utf8(bytes, charset, false, arena, out);
}

struct mr_error *mr_charset_convert_lossy(struct mr_str bytes, struct mr_str charset,
                                          struct mr_arena *arena, struct mr_str *out)
{
    return to_utf8(bytes, charset, true, arena, out);
}

/* Offset of an ASCII word in any case, or SIZE_MAX. */
static size_t find_word(struct mr_str hay, const char *word, size_t from)
{
    size_t n = strlen(word);
    for (size_t i = from; i + n <= hay.len; i++) {
        size_t k = 0;
        while (k < n && lower(hay.ptr[i + k]) == word[k])
            k++;
        if (k == n)
            return i;
    }
    return SIZE_MAX;
}

/* The value after "charset" inside one <meta ...> tag; it may stand in a content attribute. */
static struct mr_str charset_value(struct mr_str tag)
{
    size_t at = 0;
    while ((at = find_word(tag, "charset", at)) != SIZE_MAX) {
        at += 7;
        while (at < tag.len && strchr(" \t\r\n\f", tag.ptr[at]) && tag.ptr[at])
            at++;
        if (at >= tag.len || tag.ptr[at] != '=')
            continue;
        at++;
        while (at < tag.len && strchr(" \t\r\n\f\"'", tag.ptr[at]) && tag.ptr[at])
            at++;
        size_t end = at;
        while (end < tag.len && !strchr(" \t\r\n\f\"';>/,", tag.ptr[end]))
            end++;
        return mr_str_span(tag.ptr + at, end - at);
    }
    return (struct mr_str){0};
}

static struct mr_str declared(struct mr_str bytes)
{
    struct mr_str head =
        mr_str_span(bytes.ptr, bytes.len < PRESCAN_BYTES ? bytes.len : PRESCAN_BYTES);
    for (size_t at = 0; at < head.len; at++) {
        if (head.ptr[at] != '<')
            continue;
        struct mr_str rest = mr_str_span(head.ptr + at, head.len - at);
        if (mr_str_starts(rest, MR_STR("<!--"))) {
            size_t end = mr_str_find(rest, MR_STR("-->"), 4);
            if (end == SIZE_MAX)
                break;
            at += end;
        } else if (mr_str_starts(rest, MR_STR("<?xml"))) {
            size_t end = mr_str_find(rest, MR_STR("?>"), 0);
            size_t enc = mr_str_find(rest, MR_STR("encoding="), 0);
            if (end != SIZE_MAX && enc != SIZE_MAX && enc + 10 < end) {
                size_t from = enc + 10, to = from;
                while (to < end && rest.ptr[to] != '"' && rest.ptr[to] != '\'')
                    to++;
                return mr_str_span(rest.ptr + from, to - from);
            }
        } else if (find_word(mr_str_span(rest.ptr, rest.len < 5 ? rest.len : 5), "<meta", 0) == 0) {
            size_t end = mr_str_find(rest, MR_STR(">"), 0);
            struct mr_str value =
                charset_value(mr_str_span(rest.ptr, end == SIZE_MAX ? rest.len : end));
            if (value.len)
                return value;
        }
    }
    return (struct mr_str){0};
}

struct mr_str mr_charset_detect_html(struct mr_str bytes)
{
    size_t skip;
    struct mr_str marked = bom(bytes, &skip);
    if (marked.len)
        return marked;
    struct mr_str label = declared(bytes);
    char name[LABEL_MAX];
    if (label.len && icu_name(label, name) && mr_charset_known(label)) {
        /* A page whose <meta> could be read byte by byte is not UTF-16, whatever it says. */
        if (strncmp(name, "utf-16", 6) == 0 || strncmp(name, "UTF-16", 6) == 0 ||
            strncmp(name, "utf-32", 6) == 0)
            return MR_STR("UTF-8");
        if (strcmp(name, "windows-1252") != 0 && strncmp(name, "iso-8859", 8) != 0)
            return label;
        bool ascii = true;
        for (size_t i = 0; i < bytes.len && ascii; i++)
            ascii = !(bytes.ptr[i] & 0x80);
        return !ascii && mr_utf8_valid(bytes) ? MR_STR("UTF-8") : label;
    }
    return mr_utf8_valid(bytes) ? MR_STR("UTF-8") : MR_STR("windows-1252");
}
