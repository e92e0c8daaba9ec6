/* Digests of a whole text, by the names that users choose from. Thread: any. */
#ifndef MR_TEXT_DIGEST_H
#define MR_TEXT_DIGEST_H

#include "runtime/base/str.h"

enum mr_digest { MR_DIGEST_MD5, MR_DIGEST_SHA256, MR_DIGEST_XXH3 }; /* "md5|sha256|xxh3" */
enum { MR_DIGEST_MAX = 32 };

/* Writes the digest and returns its length: 16, 32 or 16 bytes. xxh3: the 128-bit form. */
size_t mr_digest_text(enum mr_digest kind, struct mr_str text, uint8_t out[MR_DIGEST_MAX]);

#endif
