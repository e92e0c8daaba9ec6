/* Hashes against published vectors: stored results may never change. */
#include "runtime/base/hash.h"

#include "runtime/base/base_private.h"

#include <check.h>

START_TEST(murmur2_equals_the_java_client)
{
    static const struct {
        const char *text;
        int32_t hash;
    } cases[] = {
        {"21", -973932308},
        {"foobar", -790332482},
        {"a-little-bit-long-string", -985981536},
        {"a-little-bit-longer-string", -1486304829},
        {"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971},
        {"abc", 479470107},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mr_str s = mr_str_of(cases[i].text);
        ck_assert_int_eq((int32_t)mr_murmur2(s.ptr, s.len), cases[i].hash);
        uint32_t positive = (uint32_t)cases[i].hash & 0x7fffffffu;
        ck_assert_uint_eq(mr_partition_of(s.ptr, s.len, 8), positive % 8);
        ck_assert_uint_eq(mr_partition_of(s.ptr, s.len, 7), positive % 7);
    }
}
END_TEST

START_TEST(crc32c_equals_the_published_vectors)
{
    unsigned char bytes[4][32];
    for (unsigned i = 0; i < 32; i++) {
        bytes[0][i] = 0;
        bytes[1][i] = 0xff;
        bytes[2][i] = (unsigned char)i;
        bytes[3][i] = (unsigned char)(31 - i);
    }
    static const uint32_t expected[4] = {0x8a9136aau, 0x62a8ab43u, 0x46dd794eu, 0x113fdb5cu};
    for (int i = 0; i < 4; i++)
        ck_assert_uint_eq(mr_crc32c(0, bytes[i], 32), expected[i]);
    ck_assert_uint_eq(mr_crc32c(0, "123456789", 9), 0xe3069283u);
    ck_assert_uint_eq(mr_crc32c(mr_crc32c(0, "1234", 4), "56789", 5), 0xe3069283u);
    ck_assert_uint_eq(mr_crc32c(0, NULL, 0), 0);
    ck_assert_uint_eq(mr_crc32c__table(0, "123456789", 9), 0xe3069283u);
}
END_TEST

START_TEST(crc32c_paths_agree)
{
    unsigned char bytes[7000];
    uint32_t x = 1;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)((x = x * 1664525u + 1013904223u) >> 24);
    for (size_t from = 0; from < 9; from++) {
        for (size_t len = 0; len + from <= sizeof bytes; len += len < 300 ? 1 : 61)
            ck_assert_uint_eq(mr_crc32c(x, bytes + from, len),
                              mr_crc32c__table(x, bytes + from, len));
    }
#if defined(__x86_64__)
    ck_assert_int_eq(mr_crc32c__uses_instruction(), !!__builtin_cpu_supports("sse4.2"));
#endif
}
END_TEST

START_TEST(xxh3_equals_the_published_vectors)
{
    ck_assert_uint_eq(mr_hash64("", 0, 0), 0x2d06800538d394c2u);
    ck_assert_uint_eq(mr_hash64("abc", 3, 0), 0x78af5f94892f3950u);
    struct mr_hasher h;
    char hex[MR_ID_HEX_LEN + 1];
    mr_hasher_begin(&h);
    struct mr_id id = mr_hasher_end(&h);
    mr_id_hex(&id, hex);
    ck_assert_str_eq(hex, "99aa06d3014798d86001c324468d497f");
}
END_TEST

static struct mr_id hash2(const char *a, const char *b)
{
    struct mr_hasher h;
    mr_hasher_begin(&h);
    mr_hasher_text(&h, mr_str_of(a));
    mr_hasher_text(&h, mr_str_of(b));
    return mr_hasher_end(&h);
}

START_TEST(parts_are_kept_apart)
{
    struct mr_id a = hash2("ab", "c"), b = hash2("a", "bc"), c = hash2("abc", "");
    struct mr_id again = hash2("ab", "c");
    ck_assert(mr_id_eq(&a, &again));
    ck_assert(!mr_id_eq(&a, &b) && !mr_id_eq(&a, &c) && !mr_id_eq(&b, &c));
    struct mr_hasher numbers, bytes, ids;
    mr_hasher_begin(&numbers);
    mr_hasher_u64(&numbers, 0x0807060504030201u);
    mr_hasher_begin(&bytes);
    mr_hasher_part(&bytes, "\1\2\3\4\5\6\7\10", 8);
    struct mr_id x = mr_hasher_end(&numbers), y = mr_hasher_end(&bytes);
    ck_assert(mr_id_eq(&x, &y));
    mr_hasher_begin(&ids);
    mr_hasher_id(&ids, &x);
    mr_hasher_begin(&bytes);
    mr_hasher_part(&bytes, x.b, sizeof x.b);
    x = mr_hasher_end(&ids);
    y = mr_hasher_end(&bytes);
    ck_assert(mr_id_eq(&x, &y));
}
END_TEST

/* The value is stored in logs: this very text must give this very id for ever. */
START_TEST(an_id_never_changes)
{
    struct mr_id id = hash2("docs", "a/b.html");
    char hex[MR_ID_HEX_LEN + 1];
    mr_id_hex(&id, hex);
    ck_assert_str_eq(hex, "159cc3f85eed3000907a4818e8af8578");
    struct mr_id back;
    ck_assert(mr_id_parse(mr_str_of(hex), &back) && mr_id_eq(&back, &id));
    ck_assert(mr_id_parse(MR_STR("00112233445566778899AABBCCDDEEFF"), &back));
    ck_assert_uint_eq(back.b[15], 0xff);
    ck_assert(!mr_id_parse(MR_STR("00112233445566778899aabbccddeef"), &back));
    ck_assert(!mr_id_parse(MR_STR("00112233445566778899aabbccddeefg"), &back));
    ck_assert_uint_eq(back.b[15], 0xff);
}
END_TEST

Suite *suite_runtime_base_hash(void);
Suite *suite_runtime_base_hash(void)
{
    Suite *suite = suite_create("runtime.base.hash");
    TCase *tc = tcase_create("hash");
    tcase_add_test(tc, murmur2_equals_the_java_client);
    tcase_add_test(tc, crc32c_equals_the_published_vectors);
    tcase_add_test(tc, crc32c_paths_agree);
    tcase_add_test(tc, xxh3_equals_the_published_vectors);
    tcase_add_test(tc, parts_are_kept_apart);
    tcase_add_test(tc, an_id_never_changes);
    suite_add_tcase(suite, tc);
    return suite;
}
