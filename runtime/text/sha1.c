/* SHA-1 (FIPS 180-4) of short texts: one block each, sixteen blocks side by side in vector lanes.
 *
 * The rounds are written once; copies built for AVX2 and AVX-512 run where the processor has them,
 * and the compiler maps the lanes to the vectors of each. */
#include "runtime/text/sha1.h"

#include <string.h>

enum { LITTLE_ENDIAN_HOST = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ };
enum { LANES = 16 }; /* blocks worked on together, whatever the vectors' width */

static const uint32_t initial[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
static const uint32_t round_constant[4] = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};

#define ROTATE(x, n) (((x) << (n)) | ((x) >> (32 - (n))))
/* The three mixing functions; written once for a word and for eight of them. */
#define CHOOSE(b, c, d) ((d) ^ ((b) & ((c) ^ (d))))
#define PARITY(b, c, d) ((b) ^ (c) ^ (d))
#define MAJORITY(b, c, d) (((b) & (c)) | ((d) & ((b) | (c))))

/* Without it the ring's indexes are worked out in every round. */
#if defined(__clang__)
#define UNROLLED _Pragma("unroll")
#else
#define UNROLLED _Pragma("GCC unroll 20")
#endif

/* Rounds from..to with one function; w is a ring of the last 16 schedule words. */
#define ROUNDS(from, to, mix, k)                                                               \
    UNROLLED for (int t = (from); t < (to); t++)                                               \
    {                                                                                          \
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

/* Sixteen padded blocks, word-major, to the first word of each digest; `width` lanes at a time. */
#define DEFINE_BLOCKS(name, width, attribute)                                                  \
    typedef uint32_t name##_lanes __attribute__((vector_size((width) * 4)));                   \
    attribute static void name(uint32_t block[16][LANES], uint32_t out[LANES])                 \
    {                                                                                          \
        for (int first = 0; first < LANES; first += (width)) {                                 \
            name##_lanes w[16], a, b, c, d, e, temp;                                           \
            const name##_lanes zero = {0};                                                     \
            for (int i = 0; i < 16; i++)                                                       \
                memcpy(&w[i], block[i] + first, sizeof w[i]);                                  \
            a = zero + initial[0];                                                             \
            b = zero + initial[1];                                                             \
            c = zero + initial[2];                                                             \
            d = zero + initial[3];                                                             \
            e = zero + initial[4];                                                             \
            ALL_ROUNDS                                                                         \
            a += initial[0];                                                                   \
            memcpy(out + first, &a, sizeof a);                                                 \
        }                                                                                      \
    }

DEFINE_BLOCKS(blocks_plain, 4, )
#if defined(__x86_64__)
DEFINE_BLOCKS(blocks_avx2, 8, __attribute__((target("avx2"))))
DEFINE_BLOCKS(blocks_avx512, 16, __attribute__((target("avx512f"))))
#endif

/* Pads one short text to a block, big-endian words, into one lane. Only the words up to `words` are
 * written: the others were zero and stay so. */
static inline void fill_lane(const char *text, uint32_t len, uint32_t block[16][LANES], size_t lane,
                             int words)
{
    unsigned char bytes[64] = {0};
    memcpy(bytes, text, len);
    bytes[len] = 0x80;
    for (int i = 0; i < words; i++) {
        uint32_t word;
        memcpy(&word, bytes + i * 4, 4);
        block[i][lane] = __builtin_bswap32(word);
    }
    block[15][lane] = len * 8;
}

/* As fill_lane, for at most seven bytes where eight may be read. */
static inline void fill_lane_of_seven(const char *text, uint32_t len, uint32_t block[16][LANES],
                                      size_t lane, int words)
{
    uint64_t eight, end = (uint64_t)0x80 << (len * 8);
    memcpy(&eight, text, sizeof eight);
    eight = (eight & ((end >> 7) - 1)) | end;
    block[0][lane] = __builtin_bswap32((uint32_t)eight);
    block[1][lane] = __builtin_bswap32((uint32_t)(eight >> 32));
    for (int i = 2; i < words; i++)
        block[i][lane] = 0;
    block[15][lane] = len * 8;
}

enum mr_vectors mr_vectors__here(void)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f"))
        return MR_VECTORS_AVX512;
    if (__builtin_cpu_supports("avx2"))
        return MR_VECTORS_AVX2;
#endif
    return MR_VECTORS_NONE;
}

void mr_sha1__first32(enum mr_vectors level, const char *text, size_t text_len, const uint32_t *at,
                      const uint8_t *len, size_t count, uint32_t *out)
{
    void (*blocks)(uint32_t[16][LANES], uint32_t[LANES]) = blocks_plain;
#if defined(__x86_64__)
    if (level != MR_VECTORS_NONE)
        blocks = level == MR_VECTORS_AVX512 ? blocks_avx512 : blocks_avx2;
#endif
    (void)level;
    _Alignas(64) uint32_t block[16][LANES] = {{0}}, first[LANES];
    int words = 2; /* at least, of a block: the longest text's with its end mark */
    for (size_t i = 0; i < count; i++)
        words = len[i] / 4 + 1 > words ? len[i] / 4 + 1 : words;
    for (size_t i = 0; i < count; i += LANES) {
        size_t some = count - i < LANES ? count - i : LANES;
        for (size_t lane = 0; lane < some; lane++) {
            const char *short_text = text + at[i + lane];
            if (LITTLE_ENDIAN_HOST && len[i + lane] <= 7 && text_len - at[i + lane] >= 8)
                fill_lane_of_seven(short_text, len[i + lane], block, lane, words);
            else
                fill_lane(short_text, len[i + lane], block, lane, words);
        }
        blocks(block, first);
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
