/* The first 32 bits of the SHA-1 of short texts, many at a time. Inside runtime/text only. */
#ifndef MR_TEXT_SHA1_H
#define MR_TEXT_SHA1_H

#include <stddef.h>
#include <stdint.h>

/* Vector instructions that may be used; every level gives the same figures. */
enum mr_vectors { MR_VECTORS_NONE, MR_VECTORS_AVX2, MR_VECTORS_AVX512 };
enum mr_vectors mr_vectors__here(void); /* the most that this processor has */

struct mr_minhash;
/* Tests only: another level than the processor's best, never above it. */
void mr_minhash__use(struct mr_minhash *m, enum mr_vectors level);

enum { MR_SHA1_SHORT_MAX = 55 }; /* what fits into one block with its padding */

/* out[i] = first four bytes, little-endian, of SHA-1 of text + at[i], len[i] bytes; text has
 * text_len bytes. */
void mr_sha1__first32(enum mr_vectors level, const char *text, size_t text_len, const uint32_t *at,
                      const uint8_t *len, size_t count, uint32_t *out);
/* The same for one text of any length. */
uint32_t mr_sha1__first32_long(const char *text, size_t len);

#endif
