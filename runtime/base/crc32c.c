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
__attribute__((target("sse4.2"))) static uint32_t crc_instruction(uint32_t start, const void *bytes,
                                                                  size_t len)
{
    const unsigned char *p = bytes;
    uint64_t crc = (uint32_t)~start;
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
