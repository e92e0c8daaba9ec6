/* MinHash signatures: permutation parameters, shingle hashes, and the vectorised minimum. */
#include "runtime/text/minhash.h"

#include <math.h>

#include "runtime/base/error.h"
#include "runtime/text/chars.h"
#include "runtime/text/sha1.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum { BLOCK = 16 }; /* permutations worked on together; tables are padded to a multiple */

struct mr_minhash {
    enum mr_minhash_kind kind;
    enum mr_vectors level;
    uint32_t perms, padded;
    uint32_t *a_low, *a_high; /* datasketch 2 uses only the low half */
    uint64_t *b;
};

/* MT19937 with the simple 32-bit seeding. */
struct twister {
    uint32_t state[624];
    int at;
};

static void twister_seed(struct twister *t, uint32_t seed)
{
    for (int i = 0; i < 624; i++) {
        t->state[i] = seed;
        seed = 1812433253u * (seed ^ (seed >> 30)) + (uint32_t)i + 1;
    }
    t->at = 624;
}

static uint32_t twister_next(struct twister *t)
{
    if (t->at == 624) {
        for (int i = 0; i < 624; i++) {
            uint32_t y = (t->state[i] & 0x80000000u) | (t->state[(i + 1) % 624] & 0x7fffffffu);
            t->state[i] = t->state[(i + 397) % 624] ^ (y >> 1) ^ (y & 1 ? 0x9908b0dfu : 0);
        }
        t->at = 0;
    }
    uint32_t y = t->state[t->at++];
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680u;
    y ^= (y << 15) & 0xefc60000u;
    return y ^ (y >> 18);
}

static const uint64_t prime61 = ((uint64_t)1 << 61) - 1;

static uint64_t draw61(struct twister *t, uint64_t range)
{
    uint64_t value;
    do {
        value = (uint64_t)twister_next(t) << 32;
        value = (value | twister_next(t)) & prime61;
    } while (value > range);
    return value;
}

struct mr_minhash *mr_minhash_create(struct mr_arena *arena, enum mr_minhash_kind kind,
                                     uint32_t perms)
{
    struct mr_minhash *m = mr_arena_zalloc(arena, sizeof *m);
    m->kind = kind;
    m->level = mr_vectors__here();
    m->perms = perms;
    m->padded = (perms + BLOCK - 1) / BLOCK * BLOCK;
    m->a_low = mr_arena_zalloc(arena, m->padded * sizeof *m->a_low);
    m->a_high = mr_arena_zalloc(arena, m->padded * sizeof *m->a_high);
    m->b = mr_arena_zalloc(arena, m->padded * sizeof *m->b);
    struct twister *t = mr_arena_alloc(arena, sizeof *t);
    twister_seed(t, 1);
    if (kind == MR_MINHASH_DATASKETCH_1) {
        for (uint32_t i = 0; i < perms; i++) {
            uint64_t a = 1 + draw61(t, prime61 - 2);
            m->a_low[i] = (uint32_t)a;
            m->a_high[i] = (uint32_t)(a >> 32);
            m->b[i] = draw61(t, prime61 - 1);
        }
    } else {
        for (uint32_t i = 0; i < perms; i++)
            m->a_low[i] = (twister_next(t) & 0x7fffffffu) * 2 + 1;
        for (uint32_t i = 0; i < perms; i++)
            m->b[i] = twister_next(t);
    }
    return m;
}

void mr_minhash__use(struct mr_minhash *m, enum mr_vectors level)
{
    mr_assert(level <= mr_vectors__here());
    m->level = level;
}

uint32_t mr_minhash_perms(const struct mr_minhash *m)
{
    return m->perms;
}

/* The low 32 bits of x mod (2^61-1) are low(x) + (x >> 61), except for the sixteen greatest
 * remainders, which occur once in 2^58 figures; those wrap around here, on every path alike. */
static void least_1_plain(const struct mr_minhash *m, const uint32_t *hv, size_t count,
                          uint32_t *signature)
{
    for (uint32_t i = 0; i < m->padded; i++) {
        uint64_t a = (uint64_t)m->a_high[i] << 32 | m->a_low[i], b = m->b[i];
        uint32_t least = UINT32_MAX;
        for (size_t s = 0; s < count; s++) {
            uint64_t x = a * hv[s] + b;
            uint32_t value = (uint32_t)x + (uint32_t)(x >> 61);
            least = value < least ? value : least;
        }
        signature[i] = least;
    }
}

static void least_2_plain(const struct mr_minhash *m, const uint32_t *hv, size_t count,
                          uint32_t *signature)
{
    for (uint32_t i = 0; i < m->padded; i += BLOCK) {
        uint32_t least[BLOCK], b[BLOCK];
        for (int k = 0; k < BLOCK; k++) {
            least[k] = UINT32_MAX;
            b[k] = (uint32_t)m->b[i + (uint32_t)k];
        }
        for (size_t s = 0; s < count; s++)
            for (int k = 0; k < BLOCK; k++) {
                uint32_t value = m->a_low[i + (uint32_t)k] * hv[s] + b[k];
                least[k] = value < least[k] ? value : least[k];
            }
        for (int k = 0; k < BLOCK; k++)
            signature[i + (uint32_t)k] = least[k];
    }
}

#if defined(__x86_64__)
/* Eight permutations: products of the even and the odd lanes apart, the high words put together
 * again by a blend. */
struct eight {
    __m256i a_even, a_odd, a_high, b_even, b_odd;
};

__attribute__((target("avx2"))) static inline struct eight load_eight(const struct mr_minhash *m,
                                                                      uint32_t i)
{
    struct eight p;
    p.a_even = _mm256_loadu_si256((const __m256i *)(m->a_low + i));
    p.a_odd = _mm256_srli_epi64(p.a_even, 32);
    p.a_high = _mm256_loadu_si256((const __m256i *)(m->a_high + i));
    p.b_even = _mm256_set_epi64x((long long)m->b[i + 6], (long long)m->b[i + 4],
                                 (long long)m->b[i + 2], (long long)m->b[i]);
    p.b_odd = _mm256_set_epi64x((long long)m->b[i + 7], (long long)m->b[i + 5],
                                (long long)m->b[i + 3], (long long)m->b[i + 1]);
    return p;
}

__attribute__((target("avx2"))) static inline __m256i values_of(const struct eight *p, __m256i hv)
{
    __m256i even = _mm256_add_epi64(_mm256_mul_epu32(p->a_even, hv), p->b_even);
    __m256i odd = _mm256_add_epi64(_mm256_mul_epu32(p->a_odd, hv), p->b_odd);
    __m256i low = _mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xaa);
    __m256i high = _mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xaa);
    high = _mm256_add_epi32(high, _mm256_mullo_epi32(p->a_high, hv));
    return _mm256_add_epi32(low, _mm256_srli_epi32(high, 29));
}

__attribute__((target("avx2"))) static void least_1_avx2(const struct mr_minhash *m,
                                                         const uint32_t *hv, size_t count,
                                                         uint32_t *signature)
{
    for (uint32_t i = 0; i < m->padded; i += BLOCK) {
        struct eight p = load_eight(m, i), q = load_eight(m, i + 8);
        __m256i least_p = _mm256_set1_epi32(-1), least_q = least_p;
        for (size_t s = 0; s < count; s++) {
            __m256i h = _mm256_set1_epi32((int)hv[s]);
            least_p = _mm256_min_epu32(least_p, values_of(&p, h));
            least_q = _mm256_min_epu32(least_q, values_of(&q, h));
        }
        _mm256_storeu_si256((__m256i *)(signature + i), least_p);
        _mm256_storeu_si256((__m256i *)(signature + i + 8), least_q);
    }
}

__attribute__((target("avx2"))) static void least_2_avx2(const struct mr_minhash *m,
                                                         const uint32_t *hv, size_t count,
                                                         uint32_t *signature)
{
    for (uint32_t i = 0; i < m->padded; i += BLOCK) {
        uint32_t b[BLOCK];
        for (uint32_t k = 0; k < BLOCK; k++)
            b[k] = (uint32_t)m->b[i + k];
        __m256i a_p = _mm256_loadu_si256((const __m256i *)(m->a_low + i));
        __m256i a_q = _mm256_loadu_si256((const __m256i *)(m->a_low + i + 8));
        __m256i b_p = _mm256_loadu_si256((const __m256i *)b);
        __m256i b_q = _mm256_loadu_si256((const __m256i *)(b + 8));
        __m256i least_p = _mm256_set1_epi32(-1), least_q = least_p;
        for (size_t s = 0; s < count; s++) {
            __m256i h = _mm256_set1_epi32((int)hv[s]);
            least_p = _mm256_min_epu32(least_p, _mm256_add_epi32(_mm256_mullo_epi32(a_p, h), b_p));
            least_q = _mm256_min_epu32(least_q, _mm256_add_epi32(_mm256_mullo_epi32(a_q, h), b_q));
        }
        _mm256_storeu_si256((__m256i *)(signature + i), least_p);
        _mm256_storeu_si256((__m256i *)(signature + i + 8), least_q);
    }
}
#endif

#if defined(__x86_64__)
/* The same with sixteen lanes. */
__attribute__((target("avx512f"))) static inline __m512i wide_b(const struct mr_minhash *m,
                                                                uint32_t i)
{
    const uint64_t *b = m->b + i;
    return _mm512_set_epi64((long long)b[14], (long long)b[12], (long long)b[10], (long long)b[8],
                            (long long)b[6], (long long)b[4], (long long)b[2], (long long)b[0]);
}

__attribute__((target("avx512f"))) static void least_1_avx512(const struct mr_minhash *m,
                                                              const uint32_t *hv, size_t count,
                                                              uint32_t *signature)
{
    for (uint32_t i = 0; i < m->padded; i += BLOCK) {
        const __m512i a_even = _mm512_loadu_si512(m->a_low + i);
        const __m512i a_odd = _mm512_srli_epi64(a_even, 32);
        const __m512i a_high = _mm512_loadu_si512(m->a_high + i);
        const __m512i b_even = wide_b(m, i), b_odd = wide_b(m, i + 1);
        __m512i least = _mm512_set1_epi32(-1);
        for (size_t s = 0; s < count; s++) {
            const __m512i h = _mm512_set1_epi32((int)hv[s]);
            __m512i even = _mm512_add_epi64(_mm512_mul_epu32(a_even, h), b_even);
            __m512i odd = _mm512_add_epi64(_mm512_mul_epu32(a_odd, h), b_odd);
            __m512i low = _mm512_mask_shuffle_epi32(even, 0xaaaa, odd, _MM_PERM_CDAB);
            __m512i high = _mm512_mask_shuffle_epi32(odd, 0x5555, even, _MM_PERM_CDAB);
            high = _mm512_add_epi32(high, _mm512_mullo_epi32(a_high, h));
            least = _mm512_min_epu32(least, _mm512_add_epi32(low, _mm512_srli_epi32(high, 29)));
        }
        _mm512_storeu_si512(signature + i, least);
    }
}
#endif

static void mix32(uint32_t *hv, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t h = hv[i];
        h = (h ^ (h >> 16)) * 0x85ebca6bu;
        h = (h ^ (h >> 13)) * 0xc2b2ae35u;
        hv[i] = h ^ (h >> 16);
    }
}

static void least_of(const struct mr_minhash *m, uint32_t *hv, size_t count, uint32_t *signature)
{
    if (m->kind == MR_MINHASH_DATASKETCH_2)
        mix32(hv, count);
    bool second = m->kind == MR_MINHASH_DATASKETCH_2;
#if defined(__x86_64__)
    if (!second && m->level == MR_VECTORS_AVX512) {
        least_1_avx512(m, hv, count, signature);
        return;
    }
    if (m->level != MR_VECTORS_NONE) {
        (second ? least_2_avx2 : least_1_avx2)(m, hv, count, signature);
        return;
    }
#endif
    (second ? least_2_plain : least_1_plain)(m, hv, count, signature);
}

static size_t slot_count(size_t most)
{
    size_t count = 64;
    while (count < most * 2)
        count *= 2;
    return count;
}

/* Drops repeated hashes: texts repeat themselves, and a minimum is not changed by repetition. slots:
 * slot_count(count) of them at least. */
static size_t distinct(uint32_t *hv, size_t count, uint32_t *slots)
{
    size_t mask = slot_count(count) - 1, kept = 0;
    memset(slots, 0, (mask + 1) * sizeof *slots);
    bool zero = false;
    for (size_t i = 0; i < count; i++) {
        uint32_t h = hv[i];
        size_t at = h & mask;
        while (slots[at] && slots[at] != h)
            at = (at + 1) & mask;
        if (h ? slots[at] == h : zero)
            continue;
        zero |= h == 0;
        slots[at] = h;
        hv[kept++] = h;
    }
    return kept;
}

/* Hashes of the substrings of n code points that begin at at[0] … at[count - 1]. */
static void hash_shingles(enum mr_vectors level, struct mr_str text, const uint32_t *at,
                          size_t count, uint32_t n, uint8_t *len, uint32_t *hv)
{
    bool fits = true;
    for (size_t i = 0; i < count; i++) {
        uint32_t bytes = at[i + n] - at[i];
        fits &= bytes <= MR_SHA1_SHORT_MAX;
        len[i] = (uint8_t)bytes;
    }
    if (fits) {
        mr_sha1__first32(level, text.ptr, text.len, at, len, count, hv);
        return;
    }
    for (size_t i = 0; i < count; i++)
        hv[i] = mr_sha1__first32_long(text.ptr + at[i], at[i + n] - at[i]);
}

/* Offsets of up to `most` code points from byte *from on, and behind them the offset where the last
 * of them ends. Returns their number; *from moves there. */
static size_t offsets(struct mr_str text, size_t *from, size_t most, uint32_t *at)
{
    size_t count = 0, i = *from;
    for (; i < text.len; i++) {
        bool begins = ((unsigned char)text.ptr[i] & 0xc0) != 0x80 || i == *from;
        if (begins && count == most)
            break;
        if (begins)
            at[count++] = (uint32_t)i;
    }
    at[count] = (uint32_t)i;
    *from = i;
    return count;
}

void mr_minhash_text(const struct mr_minhash *m, struct mr_str text, uint32_t ngram,
                     struct mr_arena *scratch, uint32_t *signature)
{
    enum { SEGMENT = 8192 }; /* shingles at a time: memory does not grow with the text */
    for (uint32_t i = 0; i < m->perms; i++)
        signature[i] = UINT32_MAX;
    if (!text.len)
        return;
    mr_assert(text.len < UINT32_MAX && ngram > 0);
    size_t room = SEGMENT + ngram, from = 0, kept = 0;
    if (room > text.len + 1)
        room = text.len + 1;
    uint32_t *at = mr_arena_alloc(scratch, (room + 1) * sizeof *at);
    uint32_t *hv = mr_arena_alloc(scratch, room * sizeof *hv);
    uint8_t *len = mr_arena_alloc(scratch, room);
    uint32_t *least = mr_arena_alloc(scratch, m->padded * sizeof *least);
    uint32_t *slots = mr_arena_alloc(scratch, slot_count(room) * sizeof *slots);
    do {
        /* The last ngram - 1 code points of a segment begin the next one. */
        size_t chars = kept + offsets(text, &from, room - kept, at + kept);
        uint32_t n = chars < ngram ? (uint32_t)chars : ngram;
        size_t count = chars - n + 1;
        hash_shingles(m->level, text, at, count, n, len, hv);
        least_of(m, hv, distinct(hv, count, slots), least);
        for (uint32_t i = 0; i < m->perms; i++)
            signature[i] = least[i] < signature[i] ? least[i] : signature[i];
        kept = n - 1;
        memmove(at, at + count, (kept + 1) * sizeof *at);
    } while (from < text.len);
}

/* Chance that two sets of similarity s share a band. */
static double shares_band(double s, double bands, double rows)
{
    return 1 - pow(1 - pow(s, rows), bands);
}

/* Area under the chance (or under what it misses): five Gauss points in each of 40 panels, which is
 * exact to more digits than two neighbouring (bands, rows) differ by. */
static double area(double from, double to, double bands, double rows, bool missed)
{
    static const double point[5] = {0, 0.5384693101056831, -0.5384693101056831, 0.9061798459386640,
                                    -0.9061798459386640};
    static const double weight[5] = {0.5688888888888889, 0.4786286704993665, 0.4786286704993665,
                                     0.2369268850561891, 0.2369268850561891};
    enum { PANELS = 40 };
    double half = (to - from) / PANELS / 2, sum = 0;
    for (int panel = 0; panel < PANELS; panel++) {
        double middle = from + (2 * panel + 1) * half;
        for (int k = 0; k < 5; k++) {
            double share = shares_band(middle + point[k] * half, bands, rows);
            sum += weight[k] * (missed ? 1 - share : share);
        }
    }
    return sum * half;
}

bool mr_minhash_bands(double threshold, uint32_t perms, uint32_t *bands, uint32_t *rows)
{
    double least = INFINITY;
    *bands = *rows = 0;
    for (uint32_t b = 1; b <= perms; b++)
        for (uint32_t r = 1; r <= perms / b; r++) {
            double error = 0.5 * area(0, threshold, b, r, false) + 0.5 * area(threshold, 1, b, r, true);
            if (error < least) {
                least = error;
                *bands = b;
                *rows = r;
            }
        }
    return *bands >= 2;
}
