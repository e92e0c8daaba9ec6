/* Values: types, numbers and their spelling, walking, hostile bytes, names. */
#include "runtime/row/json.h"
#include "runtime/row/row.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static struct mr_buf buf;

static void stop(void)
{
    mr_buf_finish(&buf);
}

static struct mr_value value(void)
{
    return (struct mr_value){(uint8_t *)buf.ptr, (uint32_t)buf.len};
}

START_TEST(integers_take_the_smallest_form)
{
    static const struct {
        int64_t v;
        size_t size;
    } cases[] = {{0, 1},
                 {127, 1},
                 {128, 2},
                 {255, 2},
                 {256, 3},
                 {65535, 3},
                 {65536, 5},
                 {UINT32_MAX, 5},
                 {(int64_t)UINT32_MAX + 1, 9},
                 {INT64_MAX, 9},
                 {-1, 1},
                 {-32, 1},
                 {-33, 2},
                 {-128, 2},
                 {-129, 3},
                 {-32768, 3},
                 {-32769, 5},
                 {INT32_MIN, 5},
                 {(int64_t)INT32_MIN - 1, 9},
                 {INT64_MIN, 9}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t back;
        uint64_t same;
        buf.len = 0;
        mr_pack_int(&buf, cases[i].v);
        ck_assert_uint_eq(buf.len, cases[i].size);
        ck_assert_int_eq(mr_value_type(value()), MR_INT);
        ck_assert(mr_value_int(value(), &back) && back == cases[i].v);
        ck_assert(mr_value_uint(value(), &same) == (cases[i].v >= 0));
        ck_assert(mr_value_real(value()) == (double)cases[i].v);
    }
    uint64_t big;
    int64_t none;
    buf.len = 0;
    mr_pack_uint(&buf, UINT64_MAX);
    ck_assert(mr_value_uint(value(), &big) && big == UINT64_MAX);
    ck_assert(!mr_value_int(value(), &none));
}
END_TEST

START_TEST(numbers_choose_their_form_by_spelling)
{
    static const struct {
        const char *text;
        enum mr_type type;
        uint8_t lead; /* 0xcb: double, others: as msgpack says, 0: extension 1 */
    } cases[] = {
        {"0", MR_INT, 0x00},
        {"-0", MR_REAL, 0},
        {"0.0", MR_REAL, 0xcb},
        {"-0.0", MR_REAL, 0xcb},
        {"1.0", MR_REAL, 0xcb},
        {"1.00", MR_REAL, 0},
        {"1.5", MR_REAL, 0xcb},
        {"1.50", MR_REAL, 0},
        {"0.1", MR_REAL, 0xcb},
        {"0.12345678901234", MR_REAL, 0xcb},
        {"1e5", MR_REAL, 0},
        {"100000.0", MR_REAL, 0xcb},
        {"1e+22", MR_REAL, 0xcb},
        {"1E+22", MR_REAL, 0},
        {"1e-05", MR_REAL, 0xcb},
        {"1e-5", MR_REAL, 0},
        {"0.0001", MR_REAL, 0xcb},
        {"0.00001", MR_REAL, 0},
        {"0.00012345", MR_REAL, 0xcb},
        {"0.000012345", MR_REAL, 0},
        {"1.2345e-05", MR_REAL, 0xcb},
        {"9007199254740993.0", MR_REAL, 0},
        {"9007199254740992.0", MR_REAL, 0xcb},
        {"1234567890123456.0", MR_REAL, 0xcb},
        {"12345678901234567.0", MR_REAL, 0},
        {"1.2345678901234568e+16", MR_REAL, 0xcb},
        {"0.30000000000000004", MR_REAL, 0xcb},
        {"0.300000000000000041", MR_REAL, 0},
        {"1.7976931348623157e+308", MR_REAL, 0xcb},
        {"1e+400", MR_REAL, 0},
        {"5e-324", MR_REAL, 0xcb},
        {"4e-324", MR_REAL, 0},
        {"18446744073709551615", MR_INT, 0xcf},
        {"18446744073709551616", MR_REAL, 0},
        {"-9223372036854775808", MR_INT, 0xd3},
        {"-9223372036854775809", MR_REAL, 0},
        {"-2.2250738585072014e-308", MR_REAL, 0xcb},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mr_buf json = {0};
        buf.len = 0;
        ck_assert(mr_pack_number(&buf, mr_str_of(cases[i].text)));
        ck_assert_uint_eq(mr_value_skip((uint8_t *)buf.ptr, buf.len), buf.len);
        ck_assert_msg(mr_value_type(value()) == cases[i].type, "%s", cases[i].text);
        bool text = cases[i].type == MR_REAL && (uint8_t)buf.ptr[0] != 0xcb;
        ck_assert_msg(text ? cases[i].lead == 0 : (uint8_t)buf.ptr[0] == cases[i].lead, "%s",
                      cases[i].text);
        if (text)
            ck_assert(mr_str_is(mr_value_text(value()), cases[i].text));
        mr_json_write_value(value(), &json);
        ck_assert_str_eq(mr_buf_text(&json), cases[i].text);
        mr_buf_finish(&json);
    }
    static const char *const wrong[] = {"",   "-",  "01",  "1.",  "1 ", " 1",
                                        "+1", "1e", "nan", "0x1", "1a"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        buf.len = 0;
        ck_assert(!mr_pack_number(&buf, mr_str_of(wrong[i])) && buf.len == 0);
    }
}
END_TEST

/* Whatever a double's shortest text is, it must come back as a double, digit for digit. */
START_TEST(every_shortest_text_is_a_double)
{
    uint64_t bits = 1;
    for (int i = 0; i < 200000; i++) {
        struct mr_buf text = {0};
        double d, back;
        bits = bits * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        uint64_t mixed = bits ^ bits >> 29;
        if (i % 2)
            d = (double)(int64_t)(mixed % 2000000) / (double[]){1, 10, 1000, 1e6, 1e9}[i % 5];
        else
            memcpy(&d, &mixed, sizeof d);
        if (!isfinite(d))
            continue;
        char room[64];
        text = (struct mr_buf){room, 0, sizeof room};
        mr_buf_add_real(&text, d);
        buf.len = 0;
        ck_assert(mr_pack_number(&buf, mr_buf_str(&text)));
        ck_assert_msg((uint8_t)buf.ptr[0] == 0xcb, "%.*s", MR_FMT(mr_buf_str(&text)));
        back = mr_value_real(value());
        ck_assert_msg(memcmp(&back, &d, sizeof d) == 0, "%.*s", MR_FMT(mr_buf_str(&text)));
    }
}
END_TEST

START_TEST(number_texts_have_a_nearest_double)
{
    static const struct {
        const char *text;
        double d;
    } cases[] = {{"1e5", 1e5},
                 {"1.50", 1.5},
                 {"1e400", HUGE_VAL},
                 {"-1e400", -HUGE_VAL},
                 {"1e-400", 0},
                 {"18446744073709551616", 18446744073709551616.0},
                 {"0.10000000000000000000000000000", 0.1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        buf.len = 0;
        mr_pack_number_text(&buf, mr_str_of(cases[i].text));
        ck_assert(mr_value_real(value()) == cases[i].d);
        ck_assert_int_eq(mr_value_type(value()), MR_REAL);
    }
    buf.len = 0;
    mr_pack_number_text(&buf, MR_STR("-0"));
    ck_assert(signbit(mr_value_real(value())));
}
END_TEST

START_TEST(values_are_walked_in_place)
{
    mr_pack_map(&buf, 3);
    mr_pack_text(&buf, MR_STR("list"));
    mr_pack_list(&buf, 2);
    mr_pack_null(&buf);
    mr_pack_bool(&buf, true);
    mr_pack_text(&buf, MR_STR("real"));
    mr_pack_real(&buf, 2.5);
    mr_pack_text(&buf, MR_STR("bytes"));
    mr_pack_bytes(&buf, MR_STR("\0\1"));
    ck_assert_uint_eq(mr_value_skip((uint8_t *)buf.ptr, buf.len), buf.len);
    ck_assert_int_eq(mr_value_type(value()), MR_MAP);
    ck_assert_uint_eq(mr_value_count(value()), 3);
    struct mr_walk w, inner;
    struct mr_value v, item;
    mr_walk_begin(&w, value());
    ck_assert(mr_walk_next(&w, &v) && mr_str_is(mr_value_text(v), "list"));
    ck_assert(mr_walk_next(&w, &v) && mr_value_type(v) == MR_LIST && mr_value_count(v) == 2);
    mr_walk_begin(&inner, v);
    ck_assert(mr_walk_next(&inner, &item) && mr_value_type(item) == MR_NULL);
    ck_assert(mr_walk_next(&inner, &item) && mr_value_bool(item));
    ck_assert(!mr_walk_next(&inner, &item));
    ck_assert(mr_walk_next(&w, &v) && mr_walk_next(&w, &v) && mr_value_real(v) == 2.5);
    ck_assert(mr_walk_next(&w, &v) && mr_walk_next(&w, &v));
    ck_assert(mr_value_type(v) == MR_BYTES && mr_value_text(v).len == 2);
    ck_assert(!mr_walk_next(&w, &v));
    ck_assert_int_eq(mr_value_type((struct mr_value){0}), MR_NONE);
}
END_TEST

START_TEST(heads_of_every_size)
{
    static const size_t sizes[] = {0, 1, 15, 16, 31, 32, 255, 256, 65535, 65536};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char *bytes = mr_zalloc(sizes[i]);
        struct mr_str s = {bytes, sizes[i]};
        buf.len = 0;
        mr_pack_text(&buf, s);
        ck_assert(mr_str_eq(mr_value_text(value()), s));
        ck_assert_uint_eq(mr_value_skip((uint8_t *)buf.ptr, buf.len), buf.len);
        buf.len = 0;
        mr_pack_bytes(&buf, s);
        ck_assert(mr_str_eq(mr_value_text(value()), s));
        buf.len = 0;
        mr_pack_list(&buf, (uint32_t)sizes[i]);
        for (size_t n = 0; n < sizes[i]; n++)
            mr_pack_null(&buf);
        ck_assert_uint_eq(mr_value_count(value()), sizes[i]);
        ck_assert_uint_eq(mr_value_skip((uint8_t *)buf.ptr, buf.len), buf.len);
        free(bytes);
    }
}
END_TEST

START_TEST(broken_bytes_are_no_value)
{
    static const struct mr_str cases[] = {
        MR_STR_INIT(""),
        MR_STR_INIT("\xc1"),
        MR_STR_INIT("\xa1"),
        MR_STR_INIT("\xa3"
                    "ab"),
        MR_STR_INIT("\xcc"),
        MR_STR_INIT("\xcd\x01"),
        MR_STR_INIT("\xcb\x00\x00\x00\x00\x00\x00\x00"),
        MR_STR_INIT("\xd9"),
        MR_STR_INIT("\xd9\x01"),
        MR_STR_INIT("\xdb\xff\xff\xff\xff"
                    "abc"),
        MR_STR_INIT("\x91"),
        MR_STR_INIT("\x81\x01"),
        MR_STR_INIT("\xdd\xff\xff\xff\xff\x01"),
        MR_STR_INIT("\xdf\xff\xff\xff\xff\x01\x01"),
        MR_STR_INIT("\xdc\x00"),
        MR_STR_INIT("\xc7\x01\x01"),
        MR_STR_INIT("\xc7\x02\x01"
                    "1x"),
        MR_STR_INIT("\xc7\x00\x01"),
        MR_STR_INIT("\xd4\x01-"),
        MR_STR_INIT("\xd4"),
        MR_STR_INIT("\xd4\x01"),
        MR_STR_INIT("\x92\x01\xc1"),
        MR_STR_INIT("\xc4\x05"
                    "abcd"),
        MR_STR_INIT("\xc6\xff\xff\xff\xff"),
        MR_STR_INIT("\xc9\0\0\0"),
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_msg(mr_value_skip((const uint8_t *)cases[i].ptr, cases[i].len) == 0, "case %zu",
                      i);
    uint8_t deep[100000];
    memset(deep, 0x91, sizeof deep);
    ck_assert_uint_eq(mr_value_skip(deep, sizeof deep), 0);
    deep[MR_DEPTH_MAX] = 0xc0;
    ck_assert_uint_eq(mr_value_skip(deep, sizeof deep), MR_DEPTH_MAX + 1);
    deep[MR_DEPTH_MAX] = 0x90;
    ck_assert_uint_eq(mr_value_skip(deep, sizeof deep), 0);
    ck_assert_uint_eq(mr_value_skip((const uint8_t *)"\x01\xc1", 2), 1);
}
END_TEST

START_TEST(names_have_stable_symbols)
{
    struct mr_names *names = mr_names_create();
    char text[32];
    for (int i = 0; i < MR_NAMES_MAX; i++) {
        snprintf(text, sizeof text, "name %d of some length", i);
        ck_assert_uint_eq(mr_names_find(names, mr_str_of(text)), UINT16_MAX);
        ck_assert_uint_eq(mr_names_add(names, mr_str_of(text)), i);
        ck_assert_uint_eq(mr_names_add(names, mr_str_of(text)), i);
    }
    ck_assert_uint_eq(mr_names_count(names), MR_NAMES_MAX);
    for (int i = 0; i < MR_NAMES_MAX; i++) {
        snprintf(text, sizeof text, "name %d of some length", i);
        ck_assert_uint_eq(mr_names_find(names, mr_str_of(text)), i);
        ck_assert(mr_str_is(mr_names_text(names, (uint16_t)i), text));
    }
    ck_assert_uint_eq(mr_names_find(names, MR_STR("name")), UINT16_MAX);
    ck_assert_uint_eq(mr_names_find(names, (struct mr_str){0}), UINT16_MAX);
    mr_names_destroy(names);
    mr_names_destroy(NULL);
}
END_TEST

Suite *suite_runtime_row_value(void);
Suite *suite_runtime_row_value(void)
{
    Suite *s = suite_create("runtime.row.value");
    TCase *t = tcase_create("value");
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, NULL, stop);
    tcase_add_test(t, integers_take_the_smallest_form);
    tcase_add_test(t, numbers_choose_their_form_by_spelling);
    tcase_add_test(t, every_shortest_text_is_a_double);
    tcase_add_test(t, number_texts_have_a_nearest_double);
    tcase_add_test(t, values_are_walked_in_place);
    tcase_add_test(t, heads_of_every_size);
    tcase_add_test(t, broken_bytes_are_no_value);
    tcase_add_test(t, names_have_stable_symbols);
    suite_add_tcase(s, t);
    return s;
}
