/* Numbers and JSON strings of runtime/base: what is written reads back the same. */
#include "runtime/base/buf.h"
#include "runtime/base/error.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mr_str text = mr_str_span((const char *)data, size);
    struct mr_buf out = {0};
    double value, again;
    if (mr_str_to_real(text, &value)) {
        mr_buf_add_real(&out, value);
        mr_assert(mr_str_to_real(mr_buf_str(&out), &again));
        mr_assert(memcmp(&value, &again, sizeof value) == 0);
    }
    int64_t whole;
    if (mr_str_to_int(text, &whole)) {
        int64_t back;
        out.len = 0;
        mr_buf_printf(&out, "%lld", (long long)whole);
        mr_assert(mr_str_to_int(mr_buf_str(&out), &back) && back == whole);
        mr_assert(mr_str_to_real(text, &value));
    }
    out.len = 0;
    mr_buf_add_json(&out, text);
    mr_assert(mr_utf8_valid(mr_buf_str(&out)));
    mr_assert(out.len >= size + 2 || !mr_utf8_valid(text));
    mr_buf_finish(&out);
    return 0;
}
