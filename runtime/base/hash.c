/* Hashes whose results are stored: XXH3 for identity, murmur2 as in Kafka's Java clients. */
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "runtime/base/hash.h"

_Static_assert(sizeof(XXH3_state_t) <= sizeof(struct mr_hasher), "room for the state");
_Static_assert(_Alignof(XXH3_state_t) <= _Alignof(struct mr_hasher), "alignment of the state");

static XXH3_state_t *state_of(struct mr_hasher *h)
{
    return (XXH3_state_t *)(void *)h->state;
}

static void put_le64(unsigned char out[8], uint64_t value)
{
    for (int i = 0; i < 8; i++)
        out[i] = (unsigned char)(value >> (8 * i));
}

void mr_hasher_begin(struct mr_hasher *h)
{
    XXH3_INITSTATE(state_of(h));
    XXH3_128bits_reset(state_of(h));
}

void mr_hasher_part(struct mr_hasher *h, const void *bytes, size_t len)
{
    unsigned char prefix[8];
    put_le64(prefix, len);
    XXH3_128bits_update(state_of(h), prefix, sizeof prefix);
    if (len)
        XXH3_128bits_update(state_of(h), bytes, len);
}

void mr_hasher_text(struct mr_hasher *h, struct mr_str s)
{
    mr_hasher_part(h, s.ptr, s.len);
}

void mr_hasher_u64(struct mr_hasher *h, uint64_t value)
{
    unsigned char bytes[8];
    put_le64(bytes, value);
    mr_hasher_part(h, bytes, sizeof bytes);
}

void mr_hasher_id(struct mr_hasher *h, const struct mr_id *id)
{
    mr_hasher_part(h, id->b, sizeof id->b);
}

struct mr_id mr_hasher_end(struct mr_hasher *h)
{
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(state_of(h)));
    struct mr_id id;
    memcpy(id.b, canonical.digest, sizeof id.b);
    return id;
}

uint64_t mr_hash64(const void *bytes, size_t len, uint64_t seed)
{
    return XXH3_64bits_withSeed(bytes, len, seed);
}

/* Java's ints are signed, but only wrap-around products and logical shifts are used, so unsigned
 * arithmetic gives the same bits. */
uint32_t mr_murmur2(const void *bytes, size_t len)
{
    const uint32_t m = 0x5bd1e995u;
    const unsigned char *p = bytes;
    uint32_t h = 0x9747b28cu ^ (uint32_t)len;
    for (; len >= 4; p += 4, len -= 4) {
        uint32_t k =
            (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
        k *= m;
        k ^= k >> 24;
        k *= m;
        h *= m;
        h ^= k;
    }
    if (len >= 3)
        h ^= (uint32_t)p[2] << 16;
    if (len >= 2)
        h ^= (uint32_t)p[1] << 8;
    if (len >= 1) {
        h ^= p[0];
        h *= m;
    }
    h ^= h >> 13;
    h *= m;
    h ^= h >> 15;
    return h;
}

uint32_t mr_partition_of(const void *key, size_t len, uint32_t count)
{
    return count ? (mr_murmur2(key, len) & 0x7fffffffu) % count : 0;
}

void mr_id_hex(const struct mr_id *id, char out[MR_ID_HEX_LEN + 1])
{
    static const char hex[] = "0123456789abcdef";
    for (size_t i = 0; i < sizeof id->b; i++) {
        out[2 * i] = hex[id->b[i] >> 4];
        out[2 * i + 1] = hex[id->b[i] & 15];
    }
    out[MR_ID_HEX_LEN] = 0;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool mr_id_parse(struct mr_str hex, struct mr_id *out)
{
    if (hex.len != MR_ID_HEX_LEN)
        return false;
    struct mr_id id;
    for (size_t i = 0; i < sizeof id.b; i++) {
        int high = hex_value(hex.ptr[2 * i]), low = hex_value(hex.ptr[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        id.b[i] = (uint8_t)(high << 4 | low);
    }
    *out = id;
    return true;
}
