/* JSON text ↔ row bytes, simdjson behind one file (json_scan.cc).
 *
 * In: strict RFC 8259 (whatever a strict public suite calls invalid is refused); numbers keep
 * value and spelling (value.h); key order kept; a duplicate key in any object refused; depth ≤
 * MR_DEPTH_MAX; a lone surrogate escape counts as invalid UTF-8. Out: compact, keys in order,
 * control characters escaped, everything else as it is, number texts verbatim.
 * Errors are row errors (mr_error_is_row): MR_JSON_INVALID, MR_JSON_DUPLICATE_KEY,
 * MR_JSON_NOT_OBJECT, MR_UTF8_INVALID; messages name the byte where known. Thread: owner. */
#ifndef MR_ROW_JSON_H
#define MR_ROW_JSON_H

#include "runtime/base/error.h"
#include "runtime/row/value.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mr_json_reader;
struct mr_json_reader *mr_json_reader_create(void);
void mr_json_reader_destroy(struct mr_json_reader *r);

enum mr_invalid_utf8 { MR_UTF8_REJECT, MR_UTF8_REPLACE };

/* Appends the msgpack of one JSON object (top level must be an object). */
struct mr_error *mr_json_read_object(struct mr_json_reader *r, struct mr_str text,
                                     enum mr_invalid_utf8 invalid, struct mr_buf *out);
/* Appends the msgpack of one JSON value of any type. */
struct mr_error *mr_json_read_value(struct mr_json_reader *r, struct mr_str text,
                                    enum mr_invalid_utf8 invalid, struct mr_buf *out);
/* Appends the JSON text of a value. Bytes and foreign extensions become base64 text. */
void mr_json_write_value(struct mr_value v, struct mr_buf *out);

/* A number's JSON text as a value: int, uint, double if its shortest text is the same, else text
 * in extension 1. False when text is not a JSON number. */
bool mr_pack_number(struct mr_buf *out, struct mr_str text);

#ifdef __cplusplus
}
#endif

#endif
