/* Hashes with fixed meanings; results are stored, so none may ever change.
 *
 * Identity: XXH3-128 over parts, each preceded by its length (u64 little-endian), so that
 * ("ab","c") and ("a","bc") differ. Partitioning: murmur2 with Kafka's seed, as Java clients do.
 * Frames: CRC-32C (Castagnoli). Thread: any. */
#ifndef MR_BASE_HASH_H
#define MR_BASE_HASH_H

#include "runtime/base/str.h"

struct mr_id {
    uint8_t b[16];
};

struct mr_hasher {
    _Alignas(64) unsigned char state[640];
};

void mr_hasher_begin(struct mr_hasher *h);
void mr_hasher_part(struct mr_hasher *h, const void *bytes, size_t len);
void mr_hasher_text(struct mr_hasher *h, struct mr_str s);
void mr_hasher_u64(struct mr_hasher *h, uint64_t value); /* one part of 8 bytes, little-endian */
void mr_hasher_id(struct mr_hasher *h, const struct mr_id *id);
struct mr_id mr_hasher_end(struct mr_hasher *h);

uint64_t mr_hash64(const void *bytes, size_t len, uint64_t seed); /* XXH3-64 */
uint32_t mr_murmur2(const void *bytes, size_t len);               /* Kafka's, not yet masked */
/* Partition as Kafka's Java client computes it: (murmur2 & 0x7fffffff) % count. */
uint32_t mr_partition_of(const void *key, size_t len, uint32_t count);
uint32_t mr_crc32c(uint32_t crc, const void *bytes, size_t len);  /* start with 0 */

static inline bool mr_id_eq(const struct mr_id *a, const struct mr_id *b)
{
    return memcmp(a->b, b->b, 16) == 0;
}
#define MR_ID_HEX_LEN 32
void mr_id_hex(const struct mr_id *id, char out[MR_ID_HEX_LEN + 1]);
bool mr_id_parse(struct mr_str hex, struct mr_id *out);

#endif
