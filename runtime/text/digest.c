/* Digests through libcrypto and xxHash. */
#include "runtime/text/digest.h"

#include <openssl/evp.h>
#include <xxhash.h>

#include "runtime/base/error.h"

size_t mr_digest_text(enum mr_digest kind, struct mr_str text, uint8_t out[MR_DIGEST_MAX])
{
    if (kind == MR_DIGEST_XXH3) {
        XXH128_canonical_t canonical;
        XXH128_canonicalFromHash(&canonical, XXH3_128bits(text.ptr, text.len));
        memcpy(out, canonical.digest, sizeof canonical.digest);
        return sizeof canonical.digest;
    }
    unsigned len = 0;
    const EVP_MD *md = kind == MR_DIGEST_MD5 ? EVP_md5() : EVP_sha256();
    mr_assert(EVP_Digest(text.len ? text.ptr : "", text.len, out, &len, md, NULL) == 1);
    mr_assert(len <= MR_DIGEST_MAX);
    return len;
}
