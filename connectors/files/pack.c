/* Compression of a sink's bytes in members or frames, each whole in itself. */
#include "connectors/files/sink.h"

#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

enum { ROOM = 64 << 10 };

struct files_packer {
    enum files_codec codec;
    z_stream gzip;
    ZSTD_CStream *zstd;
    bool inside; /* a member has begun */
};

struct files_packer *mr_files__packer_create(enum files_codec codec, int64_t level)
{
    struct files_packer *p = mr_zalloc(sizeof *p);
    p->codec = codec;
    if (codec == CODEC_GZIP) {
        int gzip_level = level == MR_INT_NONE ? 6 : level < 1 ? 1 : level > 9 ? 9 : (int)level;
        mr_assert(deflateInit2(&p->gzip, gzip_level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) ==
                  Z_OK);
    } else if (codec == CODEC_ZSTD) {
        p->zstd = ZSTD_createCStream();
        mr_assert(p->zstd);
        ZSTD_CCtx_setParameter(p->zstd, ZSTD_c_compressionLevel,
                               level == MR_INT_NONE ? 3 : (int)level);
        ZSTD_CCtx_setParameter(p->zstd, ZSTD_c_checksumFlag, 1);
    }
    return p;
}

void mr_files__packer_destroy(struct files_packer *p)
{
    if (!p)
        return;
    if (p->codec == CODEC_GZIP)
        deflateEnd(&p->gzip);
    ZSTD_freeCStream(p->zstd);
    free(p);
}

static struct mr_error *pack_gzip(struct files_packer *p, struct mr_str bytes, bool end,
                                  struct mr_buf *out)
{
    p->gzip.next_in = (unsigned char *)bytes.ptr;
    p->gzip.avail_in = (unsigned)bytes.len;
    int result;
    do {
        mr_buf_reserve(out, ROOM);
        p->gzip.next_out = (unsigned char *)out->ptr + out->len;
        p->gzip.avail_out = ROOM;
        result = deflate(&p->gzip, end ? Z_FINISH : Z_NO_FLUSH);
        out->len += ROOM - p->gzip.avail_out;
        if (result == Z_STREAM_ERROR)
            return mr_error(MR_BUG, "zlib refuses to compress");
    } while (end ? result != Z_STREAM_END : p->gzip.avail_in || !p->gzip.avail_out);
    if (end)
        deflateReset(&p->gzip);
    return NULL;
}

static struct mr_error *pack_zstd(struct files_packer *p, struct mr_str bytes, bool end,
                                  struct mr_buf *out)
{
    ZSTD_inBuffer in = {bytes.ptr, bytes.len, 0};
    size_t left;
    do {
        mr_buf_reserve(out, ROOM);
        ZSTD_outBuffer to = {out->ptr + out->len, ROOM, 0};
        left = ZSTD_compressStream2(p->zstd, &to, &in, end ? ZSTD_e_end : ZSTD_e_continue);
        out->len += to.pos;
        if (ZSTD_isError(left))
            return mr_error(MR_BUG, "zstd refuses to compress: %s", ZSTD_getErrorName(left));
    } while (end ? left != 0 : in.pos < in.size);
    return NULL;
}

struct mr_error *mr_files__pack(struct files_packer *p, struct mr_str bytes, enum pack_end mode,
                                struct mr_buf *out)
{
    bool end = mode != PACK_ON;
    if (p->codec == CODEC_NONE) {
        mr_buf_adds(out, bytes);
        return NULL;
    }
    if (!bytes.len && !(end && p->inside) && mode != PACK_END_EMPTY)
        return NULL;
    p->inside = !end;
    if (p->codec == CODEC_GZIP)
        return pack_gzip(p, bytes, end, out);
    return pack_zstd(p, bytes, end, out);
}
