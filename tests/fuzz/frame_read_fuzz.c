/* Fuzz target: any bytes as frames of a segment. A reader gives out rows or an error, never reads
 * past the bytes, and what it accepts as a frame is whole. The first byte chooses whether magic,
 * lengths and checksum are mended first, so that the search gets behind them. */
#include "runtime/log/inside.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MEND = 1, MEND_ROWS = 2, LARGEST_RAW = 1 << 24 };

/* Makes the bytes one frame whose checksum is right; false when they are too few. */
static bool mend(uint8_t *bytes, size_t size)
{
    if (size < MR_FRAME_HEAD)
        return false;
    struct mr_log__frame f = {
        .codec = bytes[5] & 1,
        .length = (uint32_t)(size - MR_FRAME_HEAD) & ~7u,
        .raw_length = mr_log__get32(bytes + 12) % LARGEST_RAW,
        .rows = mr_log__get32(bytes + 20),
        .first_n = mr_log__get64(bytes + 24),
        .time_ms = mr_log__get64(bytes + 32),
        .fence = mr_log__get64(bytes + 40),
    };
    if (f.codec == MR_CODEC_NONE)
        f.raw_length = f.length;
    mr_log__frame_seal(bytes, &f);
    return true;
}

static void take_rows(const struct mr_log__frame *f, const uint8_t *rows)
{
    const uint8_t *at = rows;
    size_t left = f->raw_length, sum = 0;
    struct mr_head head;
    struct mr_str map;
    for (uint32_t i = 0; i < f->rows && mr_log__frame_row(&at, &left, &head, &map); i++) {
        mr_assert((const uint8_t *)map.ptr >= rows);
        mr_assert((const uint8_t *)map.ptr + map.len <= rows + f->raw_length);
        for (size_t k = 0; k < map.len; k++)
            sum += (uint8_t)map.ptr[k];
    }
    mr_assert(left <= f->raw_length && sum <= (size_t)f->raw_length * 255);
}

static struct mr_error *read_frames(const uint8_t *bytes, size_t size, bool check_crc,
                                    struct mr_buf *scratch)
{
    size_t at = 0;
    while (at < size) {
        struct mr_log__frame f;
        const uint8_t *rows;
        MR_TRY(mr_log__frame_read(bytes + at, size - at, "fuzz", at, check_crc, &f));
        mr_assert(f.size <= size - at && f.size >= MR_FRAME_HEAD && f.rows > 0);
        if (f.raw_length > LARGEST_RAW)
            return NULL;
        MR_TRY(mr_log__frame_unpack(&f, "fuzz", at, scratch, &rows));
        take_rows(&f, rows);
        at += f.size;
    }
    return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    struct mr_buf scratch = {0};
    uint8_t *bytes = malloc(size); /* exactly as large: one byte further is seen */
    mr_assert(bytes != NULL);
    memcpy(bytes, data + 1, size - 1);
    bool mended = (data[0] & MEND) && mend(bytes, size - 1);
    struct mr_error *e = read_frames(bytes, size - 1, !(data[0] & MEND_ROWS), &scratch);
    mr_assert(!mended || mr_error_code(e) != MR_LOG_FOREIGN);
    mr_error_free(e);
    free(bytes);
    mr_buf_finish(&scratch);
    return 0;
}
