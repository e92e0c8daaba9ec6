/* Frames: pack, check and unpack the unit in which rows are written. */
#include "runtime/log/inside.h"

#include <lz4.h>
#include <stdlib.h>

static const uint8_t zero_crc[4];

/* The CRC field itself counts as zero; padding is covered, so no byte of a frame is unguarded. */
static uint32_t frame_crc(const uint8_t *bytes, size_t size)
{
    uint32_t crc = mr_crc32c(0, bytes, 16);
    crc = mr_crc32c(crc, zero_crc, sizeof(zero_crc));
    return mr_crc32c(crc, bytes + 20, size - 20);
}

void mr_log__frame_seal(uint8_t *bytes, const struct mr_log__frame *f)
{
    size_t size = mr_log__frame_size(f->length);
    mr_log__put32(bytes, MR_FRAME_MAGIC);
    bytes[4] = MR_FRAME_VERSION;
    bytes[5] = f->codec;
    bytes[6] = bytes[7] = 0;
    mr_log__put32(bytes + 8, f->length);
    mr_log__put32(bytes + 12, f->raw_length);
    mr_log__put32(bytes + 20, f->rows);
    mr_log__put64(bytes + 24, f->first_n);
    mr_log__put64(bytes + 32, f->time_ms);
    mr_log__put64(bytes + 40, f->fence);
    memset(bytes + MR_FRAME_HEAD + f->length, 0, size - MR_FRAME_HEAD - f->length);
    mr_log__put32(bytes + 16, frame_crc(bytes, size));
}

/* A few flipped bits are damage; a wholly different start of a file is another kind of file. */
static struct mr_error *wrong_magic(const uint8_t *bytes, const char *path, uint64_t offset)
{
    uint32_t found = mr_log__get32(bytes);
    if (offset == 0 && found != 0 && __builtin_popcount(found ^ MR_FRAME_MAGIC) > 4)
        return mr_error(MR_LOG_FOREIGN, "\"%s\" does not begin with a frame", path);
    return mr_error(MR_LOG_CORRUPT, "\"%s\" at byte %llu: no frame begins here", path,
                    (unsigned long long)offset);
}

static const char *implausible(const struct mr_log__frame *f, const uint8_t *bytes)
{
    if (bytes[6] || bytes[7])
        return "reserved bytes are set";
    if (f->codec != MR_CODEC_NONE && f->codec != MR_CODEC_LZ4)
        return "unknown codec";
    if (f->raw_length > MR_FRAME_RAW_MAX)
        return "unpacked length over the limit";
    if (f->codec == MR_CODEC_NONE && f->raw_length != f->length)
        return "lengths differ";
    if (f->codec == MR_CODEC_LZ4 && f->raw_length > (uint64_t)f->length * 255 + 64)
        return "unpacked length cannot be reached";
    if (f->rows == 0 || (uint64_t)f->rows * MR_FRAME_ROW_HEAD > f->raw_length)
        return "row count and length disagree";
    if (f->first_n == 0 || f->first_n > UINT64_MAX - f->rows)
        return "row numbers out of range";
    return NULL;
}

struct mr_error *mr_log__frame_read(const uint8_t *bytes, size_t avail, const char *path,
                                    uint64_t offset, bool check_crc, struct mr_log__frame *out)
{
    unsigned long long at = offset;
    if (avail < MR_FRAME_HEAD)
        return mr_error(MR_LOG_CORRUPT, "\"%s\" at byte %llu: torn frame, %zu bytes of its head",
                        path, at, avail);
    if (mr_log__get32(bytes) != MR_FRAME_MAGIC)
        return wrong_magic(bytes, path, offset);
    out->length = mr_log__get32(bytes + 8);
    out->size = mr_log__frame_size(out->length);
    if (out->size > avail)
        return mr_error(MR_LOG_CORRUPT,
                        "\"%s\" at byte %llu: torn frame, %zu bytes wanted, %zu are there", path,
                        at, out->size, avail);
    if (check_crc && frame_crc(bytes, out->size) != mr_log__get32(bytes + 16))
        return mr_error(MR_LOG_CORRUPT,
                        "\"%s\" at byte %llu: checksum differs (frame of %zu bytes)", path, at,
                        out->size);
    if (bytes[4] != MR_FRAME_VERSION)
        return mr_error(check_crc ? MR_LOG_VERSION : MR_LOG_CORRUPT,
                        "\"%s\" at byte %llu: frame format %u, this program reads %u", path, at,
                        bytes[4], MR_FRAME_VERSION);
    out->codec = bytes[5];
    out->raw_length = mr_log__get32(bytes + 12);
    out->rows = mr_log__get32(bytes + 20);
    out->first_n = mr_log__get64(bytes + 24);
    out->time_ms = mr_log__get64(bytes + 32);
    out->fence = mr_log__get64(bytes + 40);
    out->payload = bytes + MR_FRAME_HEAD;
    const char *fault = implausible(out, bytes);
    if (fault)
        return mr_error(MR_LOG_CORRUPT, "\"%s\" at byte %llu: %s", path, at, fault);
    return NULL;
}

struct mr_error *mr_log__frame_unpack(const struct mr_log__frame *f, const char *path,
                                      uint64_t offset, struct mr_buf *scratch, const uint8_t **rows)
{
    *rows = f->payload;
    if (f->codec == MR_CODEC_NONE)
        return NULL;
    scratch->len = 0;
    mr_buf_reserve(scratch, f->raw_length);
    int got = LZ4_decompress_safe((const char *)f->payload, scratch->ptr, (int)f->length,
                                  (int)f->raw_length);
    if (got < 0 || (uint32_t)got != f->raw_length)
        return mr_error(MR_LOG_CORRUPT, "\"%s\" at byte %llu: the frame does not unpack", path,
                        (unsigned long long)offset);
    *rows = (const uint8_t *)scratch->ptr;
    return NULL;
}

bool mr_log__frame_row(const uint8_t **at, size_t *left, struct mr_head *head, struct mr_str *map)
{
    if (*left < MR_FRAME_ROW_HEAD)
        return false;
    size_t len = mr_log__get32(*at);
    if (len > *left - MR_FRAME_ROW_HEAD || !mr_head_decode(*at + 4, head))
        return false;
    *map = mr_str_span((const char *)*at + MR_FRAME_ROW_HEAD, len);
    *at += MR_FRAME_ROW_HEAD + len;
    *left -= MR_FRAME_ROW_HEAD + len;
    return true;
}

uint64_t mr_log_disk_bytes(struct mr_str raw, bool lz4)
{
    int room = LZ4_compressBound(MR_FRAME_DEFAULT);
    char *packed = mr_alloc((size_t)room);
    uint64_t total = 0;
    for (size_t at = 0; at < raw.len; at += MR_FRAME_DEFAULT) {
        size_t len = raw.len - at < MR_FRAME_DEFAULT ? raw.len - at : MR_FRAME_DEFAULT;
        int got = lz4 ? LZ4_compress_default(raw.ptr + at, packed, (int)len, room) : 0;
        total += mr_log__frame_size(got > 0 && (size_t)got < len ? (uint32_t)got : (uint32_t)len);
    }
    free(packed);
    return total;
}

void mr_log_raw_row(const struct mr_head *head, struct mr_str map, struct mr_buf *out)
{
    uint8_t bytes[MR_FRAME_ROW_HEAD];
    mr_log__put32(bytes, (uint32_t)map.len);
    mr_head_encode(head, bytes + 4);
    mr_buf_add(out, bytes, sizeof bytes);
    mr_buf_adds(out, map);
}
