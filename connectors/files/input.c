/* The bytes of a file as a stream: read, decompressed (many gzip members or zstd frames in a row),
 * brought to UTF-8. */
#include "connectors/files/files_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

enum { RAW_BYTES = 128 << 10, TEXT_BYTES = 64 << 10, ZSTD_WINDOW_LOG_MAX = 27 };

struct files_input {
    char *path;
    int fd;
    enum files_codec codec;
    bool raw_ended, started, inside; /* inside: a member or frame has begun and not ended */
    uint64_t raw_at;                 /* bytes read from the file */
    char *raw;
    size_t raw_pos, raw_len;
    z_stream gzip;
    bool gzip_open;
    ZSTD_DStream *zstd;
    struct files_decoder *decoder; /* NULL: the bytes are UTF-8 already, or nobody's business */
    char *text;                    /* decompressed bytes that wait for the decoder */
    size_t text_pos, text_len;
    bool text_ended;
    uint64_t start;        /* offset of the first byte that is given out */
    struct mr_error *late; /* reported once what came before it has been taken */
};

static struct mr_error *fill_raw(struct files_input *in)
{
    if (in->raw_pos < in->raw_len || in->raw_ended)
        return NULL;
    ssize_t got;
    do
        got = read(in->fd, in->raw, RAW_BYTES);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return mr_error_errno(MR_IO, "cannot read on after byte %llu",
                              (unsigned long long)in->raw_at);
    in->raw_pos = 0;
    in->raw_len = (size_t)got;
    in->raw_at += (uint64_t)got;
    in->raw_ended = got == 0;
    return NULL;
}

static struct mr_error *broken(const struct files_input *in, const char *what, const char *detail)
{
    return mr_error(MR_CODEC_BROKEN, "%s data %s at byte %llu of the file%s%s",
                    in->codec == CODEC_GZIP ? "gzip" : "zstd", what,
                    (unsigned long long)(in->raw_at - (in->raw_len - in->raw_pos)),
                    detail ? ": " : "", detail ? detail : "");
}

static struct mr_error *read_plain(struct files_input *in, char *to, size_t room, size_t *got)
{
    MR_TRY(fill_raw(in));
    size_t len = in->raw_len - in->raw_pos;
    if (len > room)
        len = room;
    memcpy(to, in->raw + in->raw_pos, len);
    in->raw_pos += len;
    *got = len;
    return NULL;
}

/* Between members: more may follow; zero bytes are padding (tapes, block devices). */
static struct mr_error *next_member(struct files_input *in, bool *more)
{
    for (;;) {
        MR_TRY(fill_raw(in));
        *more = in->raw_pos < in->raw_len;
        if (!*more || !in->started || in->raw[in->raw_pos] != 0)
            break;
        in->raw_pos++;
    }
    if (!*more)
        return in->started ? NULL : broken(in, "ends before it begins", NULL);
    inflateReset(&in->gzip);
    in->inside = in->started = true;
    return NULL;
}

static struct mr_error *read_gzip(struct files_input *in, char *to, size_t room, size_t *got)
{
    while (*got == 0) {
        bool more = true;
        if (!in->inside)
            MR_TRY(next_member(in, &more));
        if (!more)
            return NULL;
        MR_TRY(fill_raw(in));
        bool dry = in->raw_pos == in->raw_len; /* output may still wait inside */
        in->gzip.next_in = (unsigned char *)in->raw + in->raw_pos;
        in->gzip.avail_in = (unsigned)(in->raw_len - in->raw_pos);
        in->gzip.next_out = (unsigned char *)to;
        in->gzip.avail_out = (unsigned)(room < UINT32_MAX ? room : UINT32_MAX);
        unsigned before = in->gzip.avail_out;
        int result = inflate(&in->gzip, Z_NO_FLUSH);
        in->raw_pos = in->raw_len - in->gzip.avail_in;
        *got = before - in->gzip.avail_out;
        if (result == Z_STREAM_END)
            in->inside = false;
        else if (result != Z_OK && result != Z_BUF_ERROR)
            return broken(in, "is damaged", in->gzip.msg);
        else if (dry && *got == 0)
            return broken(in, "ends too early", NULL);
    }
    return NULL;
}

static struct mr_error *read_zstd(struct files_input *in, char *to, size_t room, size_t *got)
{
    while (*got == 0) {
        MR_TRY(fill_raw(in));
        bool dry = in->raw_pos == in->raw_len; /* output may still wait inside */
        if (dry && !in->inside)
            return in->started ? NULL : broken(in, "ends before it begins", NULL);
        in->started = true;
        ZSTD_inBuffer from = {in->raw + in->raw_pos, in->raw_len - in->raw_pos, 0};
        ZSTD_outBuffer out = {to, room, 0};
        size_t result = ZSTD_decompressStream(in->zstd, &out, &from);
        in->raw_pos += from.pos;
        *got = out.pos;
        if (ZSTD_isError(result))
            return broken(in, "is damaged", ZSTD_getErrorName(result));
        in->inside = result != 0;
        if (dry && in->inside && *got == 0)
            return broken(in, "ends too early", NULL);
    }
    return NULL;
}

/* What was decompressed before a failure is given out before the failure. */
static struct mr_error *read_codec(struct files_input *in, char *to, size_t room, size_t *got)
{
    *got = 0;
    if (in->late) {
        struct mr_error *e = in->late;
        in->late = NULL;
        return e;
    }
    struct mr_error *e = in->codec == CODEC_GZIP   ? read_gzip(in, to, room, got)
                         : in->codec == CODEC_ZSTD ? read_zstd(in, to, room, got)
                                                   : read_plain(in, to, room, got);
    if (e && *got) {
        in->late = e;
        return NULL;
    }
    return e;
}

struct mr_error *mr_files__input_read(struct files_input *in, char *to, size_t room, size_t *got)
{
    *got = 0;
    if (!in->decoder && in->text_pos < in->text_len) {
        *got = in->text_len - in->text_pos < room ? in->text_len - in->text_pos : room;
        memcpy(to, in->text + in->text_pos, *got);
        in->text_pos += *got;
        return NULL;
    }
    if (!in->decoder)
        return read_codec(in, to, room, got);
    char *out = to;
    while (out == to) {
        if (!in->text_ended) {
            /* A sequence cut by the end of the buffer waits at its front. */
            size_t len = in->text_len - in->text_pos, more;
            memmove(in->text, in->text + in->text_pos, len);
            in->text_pos = 0;
            in->text_len = len;
            if (len < TEXT_BYTES / 2) {
                struct mr_error *e = read_codec(in, in->text + len, TEXT_BYTES - len, &more);
                if (e)
                    in->late = e;
                in->text_len += more;
                in->text_ended = more == 0;
            }
        }
        const char *from = in->text + in->text_pos;
        size_t from_len = in->text_len - in->text_pos;
        mr_files__decode(in->decoder, &from, &from_len, &out, &room, in->text_ended);
        in->text_pos = in->text_len - from_len;
        if (in->text_ended && (!from_len || !room))
            break;
    }
    *got = (size_t)(out - to);
    struct mr_error *e = *got ? NULL : in->late;
    if (e)
        in->late = NULL;
    return e;
}

static struct mr_error *open_codec(struct files_input *in)
{
    if (in->codec == CODEC_GZIP) {
        if (inflateInit2(&in->gzip, 15 + 16) != Z_OK)
            return mr_error(MR_BUG, "zlib cannot be set up");
        in->gzip_open = true;
    } else if (in->codec == CODEC_ZSTD) {
        in->zstd = ZSTD_createDStream();
        if (!in->zstd)
            return mr_error(MR_BUG, "zstd cannot be set up");
        ZSTD_DCtx_setParameter(in->zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG_MAX);
    }
    return NULL;
}

/* Looks at the first bytes: a byte order mark wins over everything but a declared encoding. */
static struct mr_error *open_decoder(struct files_input *in, struct mr_str encoding)
{
    in->text = mr_alloc(TEXT_BYTES);
    while (in->text_len < 4) {
        size_t got;
        struct mr_error *e =
            read_codec(in, in->text + in->text_len, TEXT_BYTES - in->text_len, &got);
        if (e && in->text_len == 0)
            return e;
        if (e)
            in->late = e;
        if (e || !got)
            break;
        in->text_len += got;
    }
    struct mr_str head = mr_str_span(in->text, in->text_len);
    if (mr_str_starts(head, MR_STR("\xef\xbb\xbf"))) {
        in->text_pos = in->start = 3;
        encoding = MR_STR("utf-8");
    } else if (!encoding.len && mr_str_starts(head, MR_STR("\xff\xfe"))) {
        in->text_pos = 2;
        encoding = MR_STR("utf-16le");
    } else if (!encoding.len && mr_str_starts(head, MR_STR("\xfe\xff"))) {
        in->text_pos = 2;
        encoding = MR_STR("utf-16be");
    }
    if (encoding.len && !mr_str_is(encoding, "utf-8") && !mr_str_is(encoding, "UTF-8")) {
        in->decoder = mr_files__decoder_create(encoding);
        if (!in->decoder)
            return mr_error(MR_PARAM_INVALID, "the encoding \"%.*s\" is not known",
                            MR_FMT(encoding));
    }
    return NULL;
}

struct mr_error *mr_files__input_open(const char *path, enum files_codec codec,
                                      struct mr_str encoding, bool decode, uint64_t offset,
                                      struct files_input **out)
{
    *out = NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return mr_error_errno(MR_IO, "cannot open the file");
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        return mr_error(MR_IO, "it is not a regular file");
    }
    struct files_input *in = mr_zalloc(sizeof *in);
    in->path = mr_strdup(path);
    in->fd = fd;
    in->codec = codec;
    in->raw = mr_alloc(RAW_BYTES);
    posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    struct mr_error *e = open_codec(in);
    if (!e && offset) {
        if (lseek(fd, (off_t)offset, SEEK_SET) < 0)
            e = mr_error_errno(MR_IO, "cannot seek");
        in->raw_at = in->start = offset;
    } else if (!e && decode) {
        e = open_decoder(in, encoding);
    }
    if (e) {
        mr_files__input_close(in);
        return e;
    }
    *out = in;
    return NULL;
}

void mr_files__input_close(struct files_input *in)
{
    if (!in)
        return;
    if (in->gzip_open)
        inflateEnd(&in->gzip);
    ZSTD_freeDStream(in->zstd);
    mr_files__decoder_destroy(in->decoder);
    mr_error_free(in->late);
    close(in->fd);
    free(in->raw);
    free(in->text);
    free(in->path);
    free(in);
}

uint64_t mr_files__input_start(const struct files_input *in)
{
    return in->start;
}

int mr_files__input_fd(const struct files_input *in)
{
    return in->fd;
}

bool mr_files__input_plain(const struct files_input *in)
{
    return in->codec == CODEC_NONE && !in->decoder;
}
