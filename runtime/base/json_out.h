/* JSON text for tools (--json): objects and arrays written in order, commas and quotes by itself.
 * Usage: {0}-initialise, begin/end in pairs; key before each value inside an object. */
#ifndef MR_BASE_JSON_OUT_H
#define MR_BASE_JSON_OUT_H

#include "runtime/base/buf.h"

struct mr_json_out {
    struct mr_buf text; /* finished by mr_buf_finish */
    bool comma;         /* a value precedes in the current container */
};

void mr_json_begin_object(struct mr_json_out *j);
void mr_json_end_object(struct mr_json_out *j);
void mr_json_begin_array(struct mr_json_out *j);
void mr_json_end_array(struct mr_json_out *j);
void mr_json_key(struct mr_json_out *j, const char *name);
void mr_json_key_str(struct mr_json_out *j, struct mr_str name);
void mr_json_text(struct mr_json_out *j, struct mr_str value);
void mr_json_textz(struct mr_json_out *j, const char *value); /* NULL writes null */
void mr_json_int(struct mr_json_out *j, int64_t value);
void mr_json_uint(struct mr_json_out *j, uint64_t value);
void mr_json_real(struct mr_json_out *j, double value);       /* not finite writes null */
void mr_json_bool(struct mr_json_out *j, bool value);
void mr_json_null(struct mr_json_out *j);
void mr_json_raw(struct mr_json_out *j, struct mr_str json);  /* a ready value */

#endif
