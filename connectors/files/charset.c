/* A stream of bytes in a declared encoding to UTF-8, by the C library's iconv. */
#include "connectors/files/files_private.h"

#include <ctype.h>
#include <errno.h>
#include <iconv.h>
#include <stdlib.h>

struct files_decoder {
    iconv_t cd;
    size_t unit; /* bytes to skip where a sequence is invalid */
    bool flushed;
};

/* As on the web: names that in practice mean a larger set. Lower case, no separators. */
static const char *const wider[][2] = {
    {"latin1", "WINDOWS-1252"}, {"iso88591", "WINDOWS-1252"},
    {"ascii", "WINDOWS-1252"},  {"usascii", "WINDOWS-1252"},
    {"gbk", "GB18030"},         {"gb2312", "GB18030"},
    {"shiftjis", "CP932"},      {"sjis", "CP932"},
    {"euckr", "UHC"},           {"iso88599", "WINDOWS-1254"},
    {"utf8", "UTF-8"},          {"utf16", "UTF-16"},
};

static iconv_t open_label(struct mr_str label, size_t *unit)
{
    char plain[40], name[48];
    size_t n = 0, m = 0;
    if (label.len >= sizeof plain)
        return (iconv_t)-1;
    for (size_t i = 0; i < label.len; i++) {
        unsigned char c = (unsigned char)label.ptr[i];
        if (!isalnum(c) && !strchr("-_.:+", c))
            return (iconv_t)-1; /* "/" would pass options to iconv */
        if (isalnum(c))
            plain[n++] = (char)tolower(c);
        name[m++] = (char)toupper(c);
    }
    plain[n] = name[m] = 0;
    const char *from = name;
    for (size_t i = 0; i < sizeof wider / sizeof *wider; i++) {
        if (strcmp(plain, wider[i][0]) == 0)
            from = wider[i][1];
    }
    *unit = strncmp(plain, "utf32", 5) == 0 || strncmp(plain, "ucs4", 4) == 0   ? 4
            : strncmp(plain, "utf16", 5) == 0 || strncmp(plain, "ucs2", 4) == 0 ? 2
                                                                                : 1;
    return n ? iconv_open("UTF-8", from) : (iconv_t)-1;
}

bool mr_files__encoding_known(struct mr_str encoding)
{
    struct files_decoder *d = mr_files__decoder_create(encoding);
    mr_files__decoder_destroy(d);
    return d != NULL;
}

struct files_decoder *mr_files__decoder_create(struct mr_str encoding)
{
    size_t unit = 1;
    iconv_t cd = open_label(encoding, &unit);
    if (cd == (iconv_t)-1)
        return NULL;
    struct files_decoder *d = mr_zalloc(sizeof *d);
    d->cd = cd;
    d->unit = unit;
    return d;
}

void mr_files__decoder_destroy(struct files_decoder *d)
{
    if (!d)
        return;
    iconv_close(d->cd);
    free(d);
}

/* Skips one unit of the input and leaves a byte that no UTF-8 text holds: the record is found by
 * it. */
static bool mark_invalid(size_t unit, const char **from, size_t *from_len, char **to, size_t *room)
{
    if (!*room)
        return false;
    *(*to)++ = (char)0xff;
    --*room;
    size_t skip = unit < *from_len ? unit : *from_len;
    *from += skip;
    *from_len -= skip;
    return true;
}

void mr_files__decode(struct files_decoder *d, const char **from, size_t *from_len, char **to,
                      size_t *room, bool last)
{
    while (*from_len) {
        char *in = (char *)*from;
        size_t result = iconv(d->cd, &in, from_len, to, room);
        *from = in;
        if (result != (size_t)-1)
            continue;
        if (errno == E2BIG || (errno == EINVAL && !last))
            return;
        if (!mark_invalid(d->unit, from, from_len, to, room))
            return;
    }
    if (last && !d->flushed)
        d->flushed = iconv(d->cd, NULL, NULL, to, room) != (size_t)-1;
}
