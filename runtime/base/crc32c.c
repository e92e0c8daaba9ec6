/* CRC-32C: the processor's instruction where it is there at run time, eight tables elsewhere. */
#include "runtime/base/base_private.h"
#include "runtime/base/hash.h"

#if defined(__x86_64__)
#include <nmmintrin.h>
#elif defined(__aarch64__) && defined(__linux__) && !defined(__AARCH64EB__)
#include <sys/auxv.h>
#endif

typedef uint32_t (*crc_fn)(uint32_t crc, const void *bytes, size_t len);

static uint32_t tables[8][256];
static crc_fn best;

static uint64_t load_le64(const unsigned char *p)
{
    uint64_t value = 0;
    for (int i = 0; i < 8; i++)
        value |= (uint64_t)p[i] << (8 * i);
    return value;
}

uint32_t mr_crc32c__table(uint32_t crc, const void *bytes, size_t len)
{
    const unsigned char *p = bytes;
    crc = ~crc;
    for (; len >= 8; p += 8, len -= 8) {
        uint64_t x = load_le64(p) ^ crc;
        crc = tables[7][x & 255] ^ tables[6][x >> 8 & 255] ^ tables[5][x >> 16 & 255] ^
              tables[4][x >> 24 & 255] ^ tables[3][x >> 32 & 255] ^ tables[2][x >> 40 & 255] ^
              tables[1][x >> 48 & 255] ^ tables[0][x >> 56];
    }
    for (; len; p++, len--)
        crc = crc >> 8 ^ tables[0][(crc ^ *p) & 255];
    return ~crc;
}

#if defined(__x86_64__)
/* The instruction takes three cycles, but a new one can begin in each: three lanes side by side,
 * put together by what a lane of zeros does to the sum before it. */
enum { LANE = 1024 };
static uint32_t behind_lane[4][256];

static void fill_behind_lane(void)
{
    for (int bit = 0; bit < 32; bit++) {
        uint32_t crc = (uint32_t)1 << bit;
        for (int i = 0; i < LANE; i++)
            crc = crc >> 8 ^ tables[0][crc & 255];
        for (unsigned byte = 0; byte < 256; byte++)
            if (byte >> bit % 8 & 1)
                behind_lane[bit / 8][byte] ^= crc;
    }
}

static uint32_t skip_lane(uint32_t crc)
{
    return behind_lane[0][crc & 255] ^ behind_lane[1][crc >> 8 & 255] ^
           behind_lane[2][crc >> 16 & 255] ^ behind_lane[3][crc >> 24];
}

__attribute__((target("sse4.2"))) static uint32_t three_lanes(uint32_t crc, const unsigned char *p)
{
    uint64_t a = crc, b = 0, c = 0, x, y, z;
    for (size_t i = 0; i < LANE; i += 8) {
        memcpy(&x, p + i, sizeof x);
        memcpy(&y, p + LANE + i, sizeof y);
        memcpy(&z, p + 2 * LANE + i, sizeof z);
        a = _mm_crc32_u64(a, x);
        b = _mm_crc32_u64(b, y);
        c = _mm_crc32_u64(c, z);
    }
    return skip_lane(skip_lane((uint32_t)a) ^ (uint32_t)b) ^ (uint32_t)c;
}

__attribute__((target("sse4.2"))) static uint32_t crc_instruction(uint32_t start, const void *bytes,
                                                                  size_t len)
{
    const unsigned char *p = bytes;
    uint32_t sum = ~start;
    for (; len >= 3 * (size_t)LANE; p += 3 * LANE, len -= 3 * (size_t)LANE)
        sum = three_lanes(sum, p);
    uint64_t crc = sum;
    for (; len >= 8; p += 8, len -= 8) {
        uint64_t x;
        memcpy(&x, p, sizeof x);
        crc = _mm_crc32_u64(crc, x);
    }
    for (; len; p++, len--)
        crc = _mm_crc32_u8((uint32_t)crc, *p);
    return ~(uint32_t)crc;
}

static bool has_instruction(void)
{
    __builtin_cpu_init();
    return __builtin_cpu_supports("sse4.2");
}
#elif defined(__aarch64__) && defined(__linux__) && !defined(__AARCH64EB__)
#define HWCAP_CRC32_BIT (1ul << 7)
/* Inline assembly because the intrinsics' header hides them unless the whole file targets CRC. */
static uint32_t crc_instruction(uint32_t crc, const void *bytes, size_t len)
{
    const unsigned char *p = bytes;
    crc = ~crc;
    for (; len >= 8; p += 8, len -= 8) {
        uint64_t x;
        memcpy(&x, p, sizeof x);
        __asm__(".arch_extension crc\n\tcrc32cx %w0, %w0, %x1" : "+r"(crc) : "r"(x));
    }
    for (; len; p++, len--)
        __asm__(".arch_extension crc\n\tcrc32cb %w0, %w0, %w1" : "+r"(crc) : "r"((uint32_t)*p));
    return ~crc;
}

static bool has_instruction(void)
{
    return getauxval(AT_HWCAP) & HWCAP_CRC32_BIT;
}
#else
#define crc_instruction mr_crc32c__table
static bool has_instruction(void)
{
    return false;
}
#endif

/* Before main, hence before any thread: neither the tables nor the choice need a lock. */
__attribute__((constructor)) static void choose(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t crc = i;
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ 0x82f63b78u : crc >> 1;
        tables[0][i] = crc;
    }
    for (int t = 1; t < 8; t++) {
        for (uint32_t i = 0; i < 256; i++)
            tables[t][i] = tables[t - 1][i] >> 8 ^ tables[0][tables[t - 1][i] & 255];
    }
#if defined(__x86_64__)
    fill_behind_lane();
#endif
    best = has_instruction() ? crc_instruction : mr_crc32c__table;
}

bool mr_crc32c__uses_instruction(void)
{
    return best != mr_crc32c__table;
}

uint32_t mr_crc32c(uint32_t crc, const void *bytes, size_t len)
{
    return best(crc, bytes, len);
}
