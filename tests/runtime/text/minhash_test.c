/* Tests of signatures, bands and digests against values worked out elsewhere. */
#include <check.h>

#include "runtime/text/digest.h"
#include "runtime/text/language.h"
#include "runtime/text/minhash.h"
#include "runtime/text/sha1.h"

Suite *suite_runtime_text_minhash(void);

START_TEST(sha1_short_and_long)
{
    static const struct {
        const char *text;
        uint32_t first; /* first four bytes of the digest, as printed */
    } rows[] = {
        {"", 0xda39a3ee}, {"abc", 0xa9993e36}, {"a", 0x86f7e437},
        {"The quick brown fox jumps over the lazy dog", 0x2fd4e1c6},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 0x84983e44},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t len = strlen(rows[i].text);
        uint32_t wanted = __builtin_bswap32(rows[i].first);
        ck_assert_uint_eq(mr_sha1__first32_long(rows[i].text, len), wanted);
        if (len > MR_SHA1_SHORT_MAX)
            continue;
        /* Every number of texts up to more than a vector of them. */
        for (size_t count = 1; count < 20; count++) {
            uint32_t at[20] = {0}, out[20];
            uint8_t lens[20];
            memset(lens, (int)len, sizeof lens);
            mr_sha1__first32(mr_vectors__here(), rows[i].text, len, at, lens, count, out);
            for (size_t k = 0; k < count; k++)
                ck_assert_uint_eq(out[k], wanted);
        }
    }
}
END_TEST

/* Signatures made slowly, straight from the definition. */
static void slowly(enum mr_minhash_kind kind, const uint64_t *a, const uint64_t *b, uint32_t perms,
                   const char *text, uint32_t n, uint32_t *signature)
{
    size_t len = strlen(text);
    for (uint32_t i = 0; i < perms; i++) {
        signature[i] = UINT32_MAX;
        for (size_t s = 0; s + n <= len; s++) {
            uint32_t hv = mr_sha1__first32_long(text + s, n), value;
            if (kind == MR_MINHASH_DATASKETCH_1) {
                value = (uint32_t)((a[i] * hv + b[i]) % (((uint64_t)1 << 61) - 1));
            } else {
                hv = (hv ^ (hv >> 16)) * 0x85ebca6bu;
                hv = (hv ^ (hv >> 13)) * 0xc2b2ae35u;
                value = (uint32_t)a[i] * (hv ^ (hv >> 16)) + (uint32_t)b[i];
            }
            signature[i] = value < signature[i] ? value : signature[i];
        }
    }
}

static const char sample[] =
    "Ships at a distance have every man's wish on board; some come in with the tide, and others sail "
    "forever on the horizon, never out of sight, never landing until the watcher turns away.";

START_TEST(sha1_of_every_short_length)
{
    static const char text[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+/=";
    uint32_t at[64], out[64];
    uint8_t len[64];
    size_t count = 0, text_len = 60;
    for (uint32_t n = 0; n <= MR_SHA1_SHORT_MAX; n++) { /* the last ones end where the text does */
        at[count] = n % 2 ? (uint32_t)text_len - n : 0;
        len[count++] = (uint8_t)n;
    }
    for (int level = MR_VECTORS_NONE; level <= (int)mr_vectors__here(); level++) {
        mr_sha1__first32((enum mr_vectors)level, text, text_len, at, len, count, out);
        for (size_t i = 0; i < count; i++)
            ck_assert_uint_eq(out[i], mr_sha1__first32_long(text + at[i], len[i]));
    }
}
END_TEST

START_TEST(first_permutation_of_the_old_scheme)
{
    static const uint64_t a[] = {775169054918279404u}, b[] = {1758426461858698312u};
    struct mr_arena *arena = mr_arena_create(0);
    struct mr_minhash *m = mr_minhash_create(arena, MR_MINHASH_DATASKETCH_1, 128);
    uint32_t got[128], wanted[1];
    mr_minhash_text(m, mr_str_of(sample), 5, arena, got);
    slowly(MR_MINHASH_DATASKETCH_1, a, b, 1, sample, 5, wanted);
    ck_assert_uint_eq(got[0], wanted[0]);
    mr_arena_destroy(arena);
}
END_TEST

START_TEST(first_permutation_of_the_new_scheme)
{
    /* MT19937 seeded with 1 begins 1791095845, 4282876139, 3093770124 …; the b values follow all a. */
    static const uint64_t a[] = {(1791095845u & 0x7fffffffu) * 2 + 1}, b[] = {3093770124u};
    struct mr_arena *arena = mr_arena_create(0);
    struct mr_minhash *m = mr_minhash_create(arena, MR_MINHASH_DATASKETCH_2, 2);
    uint32_t got[2], wanted[1];
    mr_minhash_text(m, mr_str_of(sample), 5, arena, got);
    slowly(MR_MINHASH_DATASKETCH_2, a, b, 1, sample, 5, wanted);
    ck_assert_uint_eq(got[0], wanted[0]);
    mr_arena_destroy(arena);
}
END_TEST

START_TEST(every_vector_level_gives_the_same)
{
    static const uint32_t perms[] = {2, 15, 16, 17, 128, 200};
    struct mr_arena *arena = mr_arena_create(0);
    for (size_t i = 0; i < 2 * sizeof perms / sizeof *perms; i++) {
        uint32_t plain[200], got[200], count = perms[i / 2];
        struct mr_minhash *m = mr_minhash_create(arena, (enum mr_minhash_kind)(i % 2), count);
        mr_minhash__use(m, MR_VECTORS_NONE);
        mr_minhash_text(m, mr_str_of(sample), 5, arena, plain);
        for (int level = MR_VECTORS_AVX2; level <= (int)mr_vectors__here(); level++) {
            mr_minhash__use(m, (enum mr_vectors)level);
            mr_minhash_text(m, mr_str_of(sample), 5, arena, got);
            ck_assert_mem_eq(got, plain, count * sizeof *got);
        }
    }
    mr_arena_destroy(arena);
}
END_TEST

/* Longer than what is worked on at a time, with wide characters and hardly a repetition. */
START_TEST(long_texts)
{
    static const uint64_t a[] = {775169054918279404u}, b[] = {1758426461858698312u};
    struct mr_arena *arena = mr_arena_create(0);
    struct mr_minhash *m = mr_minhash_create(arena, MR_MINHASH_DATASKETCH_1, 2);
    struct mr_buf text = {0};
    uint32_t got[2], wanted[1], state = 1;
    for (size_t size = 8180; size < 8210; size += 3) {
        text.len = 0;
        while (text.len < size * 2) {
            state = state * 1664525u + 1013904223u;
            mr_buf_addc(&text, (char)('a' + (state >> 24) % 26));
        }
        mr_minhash_text(m, mr_buf_str(&text), 7, arena, got);
        slowly(MR_MINHASH_DATASKETCH_1, a, b, 1, mr_buf_text(&text), 7, wanted);
        ck_assert_uint_eq(got[0], wanted[0]);
        mr_minhash_text(m, mr_str_span(text.ptr, size), 7, arena, got);
        mr_buf_text(&text);
        text.ptr[size] = 0;
        slowly(MR_MINHASH_DATASKETCH_1, a, b, 1, text.ptr, 7, wanted);
        ck_assert_uint_eq(got[0], wanted[0]);
    }
    mr_buf_finish(&text);
    mr_arena_destroy(arena);
}
END_TEST

static uint32_t equal_positions(const uint32_t *a, const uint32_t *b, uint32_t count)
{
    uint32_t equal = 0;
    for (uint32_t i = 0; i < count; i++)
        equal += a[i] == b[i];
    return equal;
}

START_TEST(signatures_estimate_similarity)
{
    struct mr_arena *arena = mr_arena_create(0);
    struct mr_buf near = {0};
    mr_buf_addz(&near, sample);
    near.ptr[60] = '#';
    for (int kind = 0; kind < 2; kind++) {
        struct mr_minhash *m = mr_minhash_create(arena, (enum mr_minhash_kind)kind, 100);
        uint32_t a[100], b[100], c[100];
        mr_minhash_text(m, mr_str_of(sample), 5, arena, a);
        mr_minhash_text(m, mr_buf_str(&near), 5, arena, b);
        mr_minhash_text(m, MR_STR("entirely different words were written here"), 5, arena, c);
        ck_assert_uint_ge(equal_positions(a, b, 100), 80); /* Jaccard about 0.94 */
        ck_assert_uint_lt(equal_positions(b, b, 100), 101);
        ck_assert_uint_lt(equal_positions(a, c, 100), 15);
    }
    mr_buf_finish(&near);
    mr_arena_destroy(arena);
}
END_TEST

START_TEST(short_empty_and_wide_texts)
{
    struct mr_arena *arena = mr_arena_create(0);
    struct mr_minhash *m = mr_minhash_create(arena, MR_MINHASH_DATASKETCH_1, 16);
    uint32_t empty[16], one[16], same[16], wide[16], longer[16];
    mr_minhash_text(m, (struct mr_str){0}, 5, arena, empty);
    for (int i = 0; i < 16; i++)
        ck_assert_uint_eq(empty[i], UINT32_MAX);
    mr_minhash_text(m, MR_STR("ab"), 5, arena, one);
    mr_minhash_text(m, MR_STR("ab"), 2, arena, same);
    ck_assert_mem_eq(one, same, sizeof one);
    mr_minhash_text(m, MR_STR("\xe4\xb8\xad\xe6\x96\x87"), 5, arena, wide);
    ck_assert_mem_ne(wide, one, sizeof one);
    mr_minhash_text(m, mr_str_of(sample), 60, arena, longer); /* n-grams beyond one block */
    ck_assert_mem_ne(longer, empty, sizeof empty);
    mr_minhash_text(m, MR_STR("\x80\x80"), 5, arena, wide);
    ck_assert_mem_ne(wide, empty, sizeof empty);
    mr_arena_destroy(arena);
}
END_TEST

START_TEST(bands_of_thresholds)
{
    static const struct {
        double threshold;
        uint32_t bands, rows;
    } wanted[] = {{0.5, 25, 5}, {0.6, 18, 7}, {0.7, 14, 9}, {0.8, 9, 13}, {0.85, 8, 16},
                  {0.9, 5, 25}, {0.95, 3, 42}};
    uint32_t bands, rows;
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        ck_assert(mr_minhash_bands(wanted[i].threshold, 128, &bands, &rows));
        ck_assert_msg(bands == wanted[i].bands && rows == wanted[i].rows, "%g: %u x %u",
                      wanted[i].threshold, bands, rows);
    }
    ck_assert(!mr_minhash_bands(1, 2, &bands, &rows));
}
END_TEST

static void digest_is(enum mr_digest kind, const char *text, const char *hex)
{
    uint8_t out[MR_DIGEST_MAX];
    struct mr_buf got = {0};
    size_t len = mr_digest_text(kind, mr_str_of(text), out);
    for (size_t i = 0; i < len; i++)
        mr_buf_printf(&got, "%02x", out[i]);
    ck_assert_str_eq(mr_buf_text(&got), hex);
    mr_buf_finish(&got);
}

START_TEST(digests)
{
    digest_is(MR_DIGEST_MD5, "", "d41d8cd98f00b204e9800998ecf8427e");
    digest_is(MR_DIGEST_MD5, "abc", "900150983cd24fb0d6963f7d28e17f72");
    digest_is(MR_DIGEST_SHA256, "abc",
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    digest_is(MR_DIGEST_XXH3, "", "99aa06d3014798d86001c324468d497f");
}
END_TEST

START_TEST(languages)
{
    struct mr_buf scratch = {0};
    struct mr_language found[MR_LANGUAGES_MAX];
    bool reliable;
    ck_assert_uint_gt(mr_language_detect(mr_str_of(sample), &scratch, found, &reliable), 0);
    ck_assert_str_eq(found[0].label, "eng_Latn");
    ck_assert(reliable && found[0].share > 0.9);
    ck_assert(mr_language_is(&found[0], MR_STR("en")) && mr_language_is(&found[0], MR_STR("eng")));
    ck_assert(mr_language_is(&found[0], MR_STR("__label__eng_Latn")));
    ck_assert(!mr_language_is(&found[0], MR_STR("fr")) && !mr_language_is(&found[0], MR_STR("")));
    ck_assert(mr_language_known(MR_STR("zho_Hant")) && mr_language_known(MR_STR("he")));
    ck_assert(!mr_language_known(MR_STR("klingon")) && !mr_language_known(MR_STR("__label__")));
    ck_assert_uint_eq(mr_language_detect((struct mr_str){0}, &scratch, found, &reliable), 0);
    ck_assert_uint_eq(mr_language_detect(MR_STR("\x80\xff\x01"), &scratch, found, &reliable), 0);
    mr_buf_finish(&scratch);
}
END_TEST

Suite *suite_runtime_text_minhash(void)
{
    Suite *suite = suite_create("runtime.text.minhash");
    TCase *tests = tcase_create("minhash");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, sha1_short_and_long);
    tcase_add_test(tests, sha1_of_every_short_length);
    tcase_add_test(tests, first_permutation_of_the_old_scheme);
    tcase_add_test(tests, first_permutation_of_the_new_scheme);
    tcase_add_test(tests, every_vector_level_gives_the_same);
    tcase_add_test(tests, long_texts);
    tcase_add_test(tests, signatures_estimate_similarity);
    tcase_add_test(tests, short_empty_and_wide_texts);
    tcase_add_test(tests, bands_of_thresholds);
    tcase_add_test(tests, digests);
    tcase_add_test(tests, languages);
    suite_add_tcase(suite, tests);
    return suite;
}
