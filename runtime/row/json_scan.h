/* simdjson as plain C: json_scan.cc alone sees the library, nothing of C++ passes through here.
 *
 * Inside runtime/row only. Thread: a scanner belongs to one owner, the rest is free. */
#ifndef MR_ROW_JSON_SCAN_H
#define MR_ROW_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum mr_json__scanned {
    MR_JSON__SCANNED,  /* tokens are there                          */
    MR_JSON__EMPTY,    /* nothing but white space                   */
    MR_JSON__UTF8,     /* not UTF-8                                 */
    MR_JSON__CONTROL,  /* a control character inside a string       */
    MR_JSON__UNCLOSED, /* a string without its closing quote        */
    MR_JSON__NO_MEMORY,
    MR_JSON__REFUSED, /* anything else                             */
};

struct mr_json__scanner;
struct mr_json__scanner *mr_json__scanner_create(void); /* NULL: out of memory */
void mr_json__scanner_destroy(struct mr_json__scanner *s);
/* Offsets of all tokens: each bracket, colon and comma outside strings, each opening quote, and
 * the first byte of any other run of bytes that are neither those nor white space. Afterwards the
 * whole text is known to be UTF-8, strings are closed and free of control characters. tokens is
 * borrowed until the next call. Reads no byte beyond len. */
enum mr_json__scanned mr_json__scan(struct mr_json__scanner *s, const uint8_t *text, size_t len,
                                    const uint32_t **tokens, size_t *count);
/* As mr_utf8_valid, vectorised: worth the call for long texts that are not ASCII. */
bool mr_row__utf8_valid(const uint8_t *text, size_t len);

#ifdef __cplusplus
}
#endif

#endif
