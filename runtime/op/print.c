/* A value as text, for comparing several keys at once. */
#include "runtime/op/op.h"
#include "runtime/row/json.h"

void mr_value_print(struct mr_value v, struct mr_buf *out)
{
    int64_t integer;
    switch (v.len ? mr_value_type(v) : MR_NULL) {
    case MR_NULL:
        mr_buf_addz(out, "None");
        break;
    case MR_BOOL:
        mr_buf_addz(out, mr_value_bool(v) ? "True" : "False");
        break;
    case MR_TEXT:
        mr_buf_adds(out, mr_value_text(v));
        break;
    case MR_INT:
        if (mr_value_int(v, &integer))
            mr_buf_printf(out, "%lld", (long long)integer);
        else /* an unsigned integer beyond the signed range */
            mr_json_write_value(v, out);
        break;
    default:
        mr_json_write_value(v, out);
        break;
    }
}
