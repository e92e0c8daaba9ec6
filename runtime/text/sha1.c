/* SHA-1 (FIPS 180-4) of short texts: one block each, eight blocks side by side in vector lanes.
 *
 * The compiler maps the eight-lane type to whatever the target has; a copy built for AVX2 runs where
 * the processor has it. */
#include "runtime/text/sha1.h"

#include <string.h>

typedef uint32_t lanes __attribute__((vector_size(32)));
enum { LANES = 8 };

static const uint32_t initial[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
static const uint32_t round_constant[4] = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};

#define ROTATE(x, n) (((x) << (n)) | ((x) >> (32 - (n))))
/* The three mixing functions; written once for a word and for eight of them. */
#define CHOOSE(b, c, d) ((d) ^ ((b) & ((c) ^ (d))))
#define PARITY(b, c, d) ((b) ^ (c) ^ (d))
#define MAJORITY(b, c, d) (((b) & (c)) | ((d) & ((b) | (c))))

/* Rounds from..to with one function; w is a ring of the last 16 schedule words. */
#define ROUNDS(from, to, mix, k)                                                               \
    for (int t = (from); t < (to); t++) {                                                      \
        if (t >= 16) {                                                                         \
            w[t & 15] ^= w[(t + 13) & 15] ^ w[(t + 8) & 15] ^ w[(t + 2) & 15];                 \
            w[t & 15] = ROTATE(w[t & 15], 1);                                                  \
        }                                                                                      \
        temp = ROTATE(a, 5) + mix(b, c, d) + e + w[t & 15] + (k);                              \
        e = d;                                                                                 \
        d = c;                                                                                 \
        c = ROTATE(b, 30);                                                                     \
        b = a;                                                                                 \
        a = temp;                                                                              \
    }

#define ALL_ROUNDS                                  \
    ROUNDS(0, 20, CHOOSE, round_constant[0])        \
    ROUNDS(20, 40, PARITY, round_constant[1])       \
    ROUNDS(40, 60, MAJORITY, round_constant[2])     \
    ROUNDS(60, 80, PARITY, round_constant[3])

/* Eight padded blocks, word-major, to the first word of each digest. */
static inline __attribute__((always_inline)) void eight_blocks(uint32_t block[16][LANES],
                                                               uint32_t out[LANES])
{
    lanes w[16], a, b, c, d, e, temp;
    memcpy(w, block, sizeof w);
    const lanes zero = {0};
    a = zero + initial[0];
    b = zero + initial[1];
    c = zero + initial[2];
    d = zero + initial[3];
    e = zero + initial[4];
    ALL_ROUNDS
    a += initial[0];
    memcpy(out, &a, sizeof a);
}

static void eight_plain(uint32_t block[16][LANES], uint32_t out[LANES])
{
    eight_blocks(block, out);
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static void eight_avx2(uint32_t block[16][LANES],
                                                       uint32_t out[LANES])
{
    eight_blocks(block, out);
}
#endif

/* Pads one short text to a block, big-endian words, into one lane. */
static inline void fill_lane(const char *text, uint32_t len, uint32_t block[16][LANES], int lane)
{
    unsigned char bytes[64] = {0};
    memcpy(bytes, text, len);
    bytes[len] = 0x80;
    for (int i = 0; i < 15; i++) {
        uint32_t word;
        memcpy(&word, bytes + i * 4, 4);
        block[i][lane] = __builtin_bswap32(word);
    }
    block[15][lane] = len * 8;
}

void mr_sha1__first32(const char *text, const uint32_t *at, const uint8_t *len, size_t count,
                      uint32_t *out)
{
    void (*eight)(uint32_t[16][LANES], uint32_t[LANES]) = eight_plain;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2"))
        eight = eight_avx2;
#endif
    _Alignas(32) uint32_t block[16][LANES] = {{0}}, first[LANES];
    for (size_t i = 0; i < count; i += LANES) {
        size_t some = count - i < LANES ? count - i : LANES;
        for (size_t lane = 0; lane < some; lane++)
            fill_lane(text + at[i + lane], len[i + lane], block, (int)lane);
        eight(block, first);
        for (size_t lane = 0; lane < some; lane++)
            out[i + lane] = __builtin_bswap32(first[lane]);
    }
}

static void one_block(const unsigned char *bytes, uint32_t state[5])
{
    uint32_t w[16], a = state[0], b = state[1], c = state[2], d = state[3], e = state[4], temp;
    for (int i = 0; i < 16; i++) {
        memcpy(&w[i], bytes + i * 4, 4);
        w[i] = __builtin_bswap32(w[i]);
    }
    ALL_ROUNDS
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
}

uint32_t mr_sha1__first32_long(const char *text, size_t len)
{
    uint32_t state[5];
    memcpy(state, initial, sizeof state);
    size_t at = 0;
    for (; len - at >= 64; at += 64)
        one_block((const unsigned char *)text + at, state);
    unsigned char tail[128] = {0};
    size_t rest = len - at, blocks = rest < 56 ? 64 : 128;
    if (rest)
        memcpy(tail, text + at, rest);
    tail[rest] = 0x80;
    uint64_t bits = __builtin_bswap64((uint64_t)len * 8);
    memcpy(tail + blocks - 8, &bits, 8);
    for (size_t i = 0; i < blocks; i += 64)
        one_block(tail + i, state);
    return __builtin_bswap32(state[0]);
}
