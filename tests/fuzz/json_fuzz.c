/* Fuzz target: any bytes as JSON. What is read must be a whole value whose text reads back to the
 * same bytes, and replacing invalid UTF-8 must only ever accept more. */
#include "runtime/row/json.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void comes_back(struct mr_json_reader *reader, const struct mr_buf *value)
{
    struct mr_buf json = {0}, again = {0};
    mr_assert(mr_value_skip((uint8_t *)value->ptr, value->len) == value->len);
    mr_json_write_value((struct mr_value){(uint8_t *)value->ptr, (uint32_t)value->len}, &json);
    struct mr_error *e = mr_json_read_value(reader, mr_buf_str(&json), MR_UTF8_REJECT, &again);
    mr_assert(e == NULL);
    mr_assert(mr_str_eq(mr_buf_str(value), mr_buf_str(&again)));
    mr_buf_finish(&json);
    mr_buf_finish(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct mr_json_reader *reader;
    if (!reader)
        reader = mr_json_reader_create();
    struct mr_str text = {(const char *)data, size};
    struct mr_buf strict = {0}, replaced = {0};
    struct mr_error *e = mr_json_read_value(reader, text, MR_UTF8_REJECT, &strict);
    struct mr_error *r = mr_json_read_value(reader, text, MR_UTF8_REPLACE, &replaced);
    if (!e) {
        mr_assert(!r && mr_str_eq(mr_buf_str(&strict), mr_buf_str(&replaced)));
        comes_back(reader, &strict);
    } else {
        mr_assert(mr_error_is_row(e) && strict.len == 0);
        mr_assert(!r || mr_error_is_row(r));
        if (!r)
            comes_back(reader, &replaced);
    }
    struct mr_buf number = {0};
    if (mr_pack_number(&number, text))
        comes_back(reader, &number);
    mr_error_free(e);
    mr_error_free(r);
    mr_buf_finish(&number);
    mr_buf_finish(&strict);
    mr_buf_finish(&replaced);
    return 0;
}
