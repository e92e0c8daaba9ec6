/* The fixed header, identities, lineage hash, sort and partition keys: stored, never to change. */
#include "runtime/row/row.h"

#include <check.h>

static const struct mr_head sample = {
    .kind = MR_KIND_END,
    .place = {0x0201, 0x06050403, 0x0a090807, {0x0e0d0c0b, 0x1211100f}},
    .lane = 0x16151413,
    .run = 0x2a292827,
    .n = 0x1e1d1c1b1a191817,
    .hash = 0x262524232221201f,
    .id = {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}},
    .parent = {{101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 112, 113, 114, 115, 116}},
};

START_TEST(header_bytes_are_fixed)
{
    uint8_t bytes[MR_HEAD_BYTES];
    uint8_t want[MR_HEAD_BYTES] = {1, 1};
    for (int i = 2; i < 40; i++)
        want[i] = (uint8_t)(i - 1);
    for (int i = 0; i < 16; i++) {
        want[40 + i] = (uint8_t)(1 + i);
        want[56 + i] = (uint8_t)(101 + i);
    }
    for (int i = 0; i < 4; i++)
        want[72 + i] = (uint8_t)(0x27 + i);
    mr_head_encode(&sample, bytes);
    ck_assert_mem_eq(bytes, want, sizeof want);
}
END_TEST

START_TEST(header_comes_back)
{
    uint8_t bytes[MR_HEAD_BYTES], again[MR_HEAD_BYTES];
    struct mr_head h;
    mr_head_encode(&sample, bytes);
    ck_assert(mr_head_decode(bytes, &h));
    ck_assert_uint_eq(h.kind, MR_KIND_END);
    ck_assert_uint_eq(h.place.sub[1], sample.place.sub[1]);
    ck_assert_uint_eq(h.n, sample.n);
    ck_assert_uint_eq(h.run, sample.run);
    mr_head_encode(&h, again);
    ck_assert_mem_eq(bytes, again, sizeof bytes);
    bytes[1] = 3;
    ck_assert(!mr_head_decode(bytes, &h));
    bytes[1] = 2;
    ck_assert(mr_head_decode(bytes, &h));
    bytes[0] = 2;
    ck_assert(!mr_head_decode(bytes, &h));
    bytes[0] = 0;
    ck_assert(!mr_head_decode(bytes, &h));
}
END_TEST

static void is_id(struct mr_id id, const char *hex)
{
    char text[MR_ID_HEX_LEN + 1];
    mr_id_hex(&id, text);
    ck_assert_str_eq(text, hex);
}

START_TEST(identities_are_fixed)
{
    struct mr_id a = mr_id_source(MR_STR("docs"), MR_STR("a/b.html"), 7, 0);
    is_id(a, "6e4f1c325a63b9e5572fcacfde1b04d1");
    is_id(mr_id_source(MR_STR(""), MR_STR(""), 0, 0), "f0c70308986c605aff16bba92e9c0013");
    is_id(mr_id_source(MR_STR("docs"), MR_STR("a/b.html"), 7, 1),
          "98b50e0835b21aeb7e55af4cc68d5fda");
    is_id(mr_id_child(&a, MR_STR("chunk"), 0), "0746be5d28a9dfa47660a6dbafa52d24");
    is_id(mr_id_child(&a, MR_STR("chunk"), 1), "4b30bd5156edd574963571bd91854695");
    is_id(mr_id_aggregate(MR_STR("top-k"), 3, MR_STR("group")), "a8b9a3167fe92b785e1dd82d984a54eb");
    is_id(mr_id_generated(MR_STR("make"), 3, 12), "a96033defe8f56ddce746a4369ec8edd");
    is_id(mr_id_branch(&a, MR_STR("left")), "7cbfdd80d2a4238799dae92443a161d1");
}
END_TEST

START_TEST(parts_do_not_run_together)
{
    struct mr_id a = mr_id_source(MR_STR("ab"), MR_STR("c"), 0, 0);
    struct mr_id b = mr_id_source(MR_STR("a"), MR_STR("bc"), 0, 0);
    struct mr_id c = mr_id_source(MR_STR("ab"), MR_STR("c"), 1, 0);
    struct mr_id d = mr_id_source(MR_STR("ab"), MR_STR("c"), 0, 1);
    ck_assert(!mr_id_eq(&a, &b) && !mr_id_eq(&a, &c) && !mr_id_eq(&a, &d) && !mr_id_eq(&c, &d));
}
END_TEST

START_TEST(lineage_hash_is_fixed_and_depends_on_all)
{
    uint64_t first = mr_lineage_hash(0, &sample.id);
    uint64_t second = mr_lineage_hash(first, &sample.parent);
    ck_assert_uint_eq(first, UINT64_C(0xfc3b75c284777c4f));
    ck_assert_uint_eq(second, UINT64_C(0x6b2e3a16f91b40d7));
    ck_assert_uint_ne(second, mr_lineage_hash(mr_lineage_hash(0, &sample.parent), &sample.id));
}
END_TEST

START_TEST(order_keys_sort_as_rows_do)
{
    struct mr_head rows[8];
    uint8_t keys[8][MR_ORDER_KEY_BYTES];
    memset(rows, 0, sizeof rows);
    rows[1].id.b[15] = 1;
    rows[2].place.sub[1] = 1;
    rows[3].place.sub[0] = 1;
    rows[4].place.sub[0] = 256;
    rows[5].place.record = 1;
    rows[6].place.file = 256;
    rows[7].place.source = 1;
    for (int i = 0; i < 8; i++)
        mr_order_key(&rows[i], keys[i]);
    for (int i = 1; i < 8; i++)
        ck_assert_int_lt(memcmp(keys[i - 1], keys[i], MR_ORDER_KEY_BYTES), 0);
}
END_TEST

START_TEST(place_key_is_the_headers_bytes_without_sub)
{
    uint8_t head[MR_HEAD_BYTES], key[MR_PLACE_KEY_BYTES];
    mr_head_encode(&sample, head);
    mr_place_key(&sample.place, key);
    ck_assert_mem_eq(key, head + 2, sizeof key);
    struct mr_place sibling = sample.place;
    uint8_t other[MR_PLACE_KEY_BYTES];
    sibling.sub[0]++;
    mr_place_key(&sibling, other);
    ck_assert_mem_eq(key, other, sizeof key);
    sibling.record++;
    mr_place_key(&sibling, other);
    ck_assert_mem_ne(key, other, sizeof key);
}
END_TEST

START_TEST(partition_keys_have_one_spelling)
{
    static const struct {
        struct mr_str value, key;
    } cases[] = {
        {MR_STR_INIT("\xa2hi"), MR_STR_INIT("hi")},
        {MR_STR_INIT("\xd9\x02hi"), MR_STR_INIT("hi")},
        {MR_STR_INIT("\xa0"), MR_STR_INIT("")},
        {MR_STR_INIT("\x05"), MR_STR_INIT("\x05")},
        {MR_STR_INIT("\xcd\x00\x05"), MR_STR_INIT("\x05")},
        {MR_STR_INIT("\xd3\x00\x00\x00\x00\x00\x00\x00\x05"), MR_STR_INIT("\x05")},
        {MR_STR_INIT("\xd3\xff\xff\xff\xff\xff\xff\xff\xff"), MR_STR_INIT("\xff")},
        {MR_STR_INIT("\xd3\xff\xff\xff\xff\xff\xff\xff\x80"), MR_STR_INIT("\xd0\x80")},
        {MR_STR_INIT("\xcf\xff\xff\xff\xff\xff\xff\xff\xff"),
         MR_STR_INIT("\xcf\xff\xff\xff\xff\xff\xff\xff\xff")},
        {MR_STR_INIT("\xcb\x3f\xf0\x00\x00\x00\x00\x00\x00"),
         MR_STR_INIT("\xcb\x3f\xf0\x00\x00\x00\x00\x00\x00")},
        {MR_STR_INIT("\xca\x3f\x80\x00\x00"), MR_STR_INIT("\xcb\x3f\xf0\x00\x00\x00\x00\x00\x00")},
        {MR_STR_INIT("\xc7\x03\x01"
                     "1e5"),
         MR_STR_INIT("\xc7\x03\x01"
                     "1e5")},
        {MR_STR_INIT("\xc7\x02\x01-0"), MR_STR_INIT("\xd5\x01-0")},
        {MR_STR_INIT("\xc5\x00\x01z"), MR_STR_INIT("\xc4\x01z")},
        {MR_STR_INIT("\xc8\x00\x01\x09z"), MR_STR_INIT("\xd4\x09z")},
        {MR_STR_INIT("\xdc\x00\x02\xcc\x01\xc3"), MR_STR_INIT("\x92\x01\xc3")},
        {MR_STR_INIT("\x82\xa1"
                     "b\xcc\x01\xa1"
                     "a\xc0"),
         MR_STR_INIT("\x82\xa1"
                     "a\xc0\xa1"
                     "b\x01")},
        {MR_STR_INIT("\xc2"), MR_STR_INIT("\xc2")},
    };
    struct mr_buf out = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mr_value v = {(const uint8_t *)cases[i].value.ptr, (uint32_t)cases[i].value.len};
        out.len = 0;
        ck_assert(mr_row_partition_key(v, &out));
        ck_assert_msg(mr_str_eq(mr_buf_str(&out), cases[i].key), "case %zu", i);
    }
    ck_assert(!mr_row_partition_key((struct mr_value){(const uint8_t *)"\xc0", 1}, &out));
    ck_assert(!mr_row_partition_key((struct mr_value){0}, &out));
    mr_buf_finish(&out);
}
END_TEST

Suite *suite_runtime_row_head(void);
Suite *suite_runtime_row_head(void)
{
    Suite *s = suite_create("runtime.row.head");
    TCase *t = tcase_create("head");
    tcase_add_test(t, header_bytes_are_fixed);
    tcase_add_test(t, header_comes_back);
    tcase_add_test(t, identities_are_fixed);
    tcase_add_test(t, parts_do_not_run_together);
    tcase_add_test(t, lineage_hash_is_fixed_and_depends_on_all);
    tcase_add_test(t, order_keys_sort_as_rows_do);
    tcase_add_test(t, place_key_is_the_headers_bytes_without_sub);
    tcase_add_test(t, partition_keys_have_one_spelling);
    suite_add_tcase(s, t);
    return s;
}
