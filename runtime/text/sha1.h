/* The first 32 bits of the SHA-1 of many short texts, eight at a time. Inside runtime/text only. */
#ifndef MR_TEXT_SHA1_H
#define MR_TEXT_SHA1_H

#include <stddef.h>
#include <stdint.h>

enum { MR_SHA1_SHORT_MAX = 55 }; /* what fits into one block with its padding */

/* out[i] = first four bytes, little-endian, of SHA-1 of text + at[i], len[i] bytes. */
void mr_sha1__first32(const char *text, const uint32_t *at, const uint8_t *len, size_t count,
                      uint32_t *out);
/* The same for one text of any length. */
uint32_t mr_sha1__first32_long(const char *text, size_t len);

#endif
