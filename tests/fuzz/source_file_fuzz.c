/* Fuzz target: any bytes as a file of any format and compression. The first byte chooses. Every
 * record is a whole map or a rejection, and reading on from any record gives the same rest. */
#include "connectors/files/files_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct files_params params_of(uint8_t choice)
{
    static const struct mr_str encodings[] = {{0}, {0}, MR_STR_INIT("utf-16"),
                                              MR_STR_INIT("Shift_JIS")};
    return (struct files_params){.encoding = encodings[choice >> 6],
                                 .invalid_utf8 = choice & 1 ? MR_UTF8_REPLACE : MR_UTF8_REJECT,
                                 .quote = MR_STR("\""),
                                 .header = true,
                                 .text_key = MR_STR("text"),
                                 .line_key = MR_STR("line"),
                                 .links = true};
}

struct run {
    struct files_read_options options;
    struct files_kind kind;
    char path[64];
};

/* Number of records from a place on; the place of record `stop` into *at. */
static uint64_t read_from(const struct run *run, const struct files_place *from, uint64_t stop,
                          struct files_place *at, struct mr_buf *maps)
{
    struct files_reader *r;
    struct mr_error *e =
        mr_files__reader_open(&run->options, run->path, MR_STR("f"), run->kind, from, &r);
    mr_error_free(e);
    if (e)
        return UINT64_MAX;
    struct files_record record;
    uint64_t count = from ? from->record : 0, last_line = 0;
    while (mr_files__reader_next(r, &record)) {
        count++;
        mr_assert(record.line >= last_line && record.line > 0);
        last_line = record.line;
        if (record.why) {
            mr_assert(mr_error_is_row(record.why));
            mr_error_free(record.why);
        } else {
            mr_assert(mr_value_skip((const uint8_t *)record.map.ptr, record.map.len) ==
                      record.map.len);
        }
        if (count > stop)
            mr_buf_adds(maps, record.map);
        if (count == stop && at)
            *at = mr_files__reader_place(r);
    }
    mr_files__reader_close(r);
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct mr_json_reader *json;
    static int fd = -1;
    if (!json) {
        json = mr_json_reader_create();
        fd = memfd_create("fuzz", MFD_CLOEXEC);
    }
    if (fd < 0 || size < 2)
        return 0;
    struct files_params params = params_of(data[0]);
    struct run run = {.options = {&params, 4096, json}};
    run.kind.format = (enum files_format)(1 + (data[0] >> 1) % (FORMAT_COUNT - 1));
    run.kind.codec = (enum files_codec)(CODEC_NONE + (data[0] >> 4) % 3);
    if (ftruncate(fd, 0) != 0 || pwrite(fd, data + 1, size - 1, 0) != (ssize_t)(size - 1))
        abort();
    snprintf(run.path, sizeof run.path, "/proc/self/fd/%d", fd);
    struct files_place place = {0};
    struct mr_buf rest = {0}, again = {0};
    uint64_t stop = 1 + data[1] % 5;
    uint64_t count = read_from(&run, NULL, stop, &place, &rest);
    if (count != UINT64_MAX && count >= stop) {
        uint64_t second = read_from(&run, &place, stop, NULL, &again);
        mr_assert(second == count && mr_str_eq(mr_buf_str(&rest), mr_buf_str(&again)));
    }
    mr_buf_finish(&rest);
    mr_buf_finish(&again);
    return 0;
}
