/* Text helpers: order, search, numbers, UTF-8, edit distance. */
#include "runtime/base/str.h"

#include "runtime/base/buf.h"

#include <check.h>
#include <math.h>

START_TEST(orders_by_bytes_then_length)
{
    static const struct {
        const char *a, *b;
        int sign;
    } cases[] = {{"", "", 0}, {"", "a", -1}, {"a", "a", 0}, {"b", "a", 1}, {"a", "ab", -1},
                 {"\xff", "a", 1}, {"abd", "abc", 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int order = mr_str_cmp(mr_str_of(cases[i].a), mr_str_of(cases[i].b));
        ck_assert_int_eq((order > 0) - (order < 0), cases[i].sign);
    }
    ck_assert(mr_str_eq((struct mr_str){0}, MR_STR("")));
    ck_assert(mr_str_starts(MR_STR("abc"), MR_STR("ab")));
    ck_assert(!mr_str_starts(MR_STR("a"), MR_STR("ab")));
    ck_assert(mr_str_ends(MR_STR("abc"), MR_STR("bc")) && !mr_str_ends(MR_STR("abc"), MR_STR("b")));
}
END_TEST

START_TEST(finds_from_an_offset)
{
    struct mr_str hay = MR_STR("a\0bab");
    ck_assert_uint_eq(mr_str_find(hay, MR_STR("ab"), 0), 3);
    ck_assert_uint_eq(mr_str_find(hay, MR_STR("a"), 1), 3);
    ck_assert_uint_eq(mr_str_find(hay, MR_STR("\0b"), 0), 1);
    ck_assert_uint_eq(mr_str_find(hay, MR_STR(""), 5), 5);
    ck_assert_uint_eq(mr_str_find(hay, MR_STR(""), 6), SIZE_MAX);
    ck_assert_uint_eq(mr_str_find(hay, MR_STR("bab!!!"), 0), SIZE_MAX);
    ck_assert_uint_eq(mr_str_find((struct mr_str){0}, MR_STR("a"), 0), SIZE_MAX);
    ck_assert(mr_str_is(mr_str_trim(MR_STR(" \t a b\r\n")), "a b"));
    ck_assert(mr_str_is(mr_str_trim(MR_STR(" \n ")), ""));
}
END_TEST

START_TEST(reads_whole_numbers)
{
    static const struct {
        const char *text;
        bool good, good_unsigned;
        int64_t value;
    } cases[] = {
        {"0", true, true, 0},
        {"-0", true, false, 0},
        {"+7", true, true, 7},
        {"007", true, true, 7},
        {"9223372036854775807", true, true, INT64_MAX},
        {"9223372036854775808", false, true, 0},
        {"-9223372036854775808", true, false, INT64_MIN},
        {"-9223372036854775809", false, false, 0},
        {"18446744073709551616", false, false, 0},
        {"99999999999999999999999", false, false, 0},
        {"", false, false, 0},
        {"-", false, false, 0},
        {"+", false, false, 0},
        {"-+1", false, false, 0},
        {" 1", false, false, 0},
        {"1 ", false, false, 0},
        {"1.0", false, false, 0},
        {"0x1", false, false, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t value = 42;
        uint64_t size;
        ck_assert_msg(mr_str_to_int(mr_str_of(cases[i].text), &value) == cases[i].good, "%s",
                      cases[i].text);
        ck_assert_int_eq(value, cases[i].good ? cases[i].value : 42);
        ck_assert_msg(mr_str_to_uint(mr_str_of(cases[i].text), &size) == cases[i].good_unsigned,
                      "%s", cases[i].text);
    }
    uint64_t most = 0;
    ck_assert(mr_str_to_uint(MR_STR("18446744073709551615"), &most));
    ck_assert_uint_eq(most, UINT64_MAX);
}
END_TEST

START_TEST(reads_reals)
{
    static const struct {
        const char *text;
        bool good;
        double value;
    } cases[] = {
        {"0", true, 0},          {"-1.5e3", true, -1500}, {"+.5", true, 0.5},
        {"5.", true, 5},         {"1E-2", true, 0.01},    {"0.1", true, 0.1},
        {"1e400", false, 0},     {"-1e400", false, 0},    {"1e-400", true, 0},
        {"0e999999999", true, 0}, {"1e-99999999999999999999", true, 0},
        {"1e99999999999999999999", false, 0},
        {"1.7976931348623157e308", true, 1.7976931348623157e308},
        {"4.9e-324", true, 4.9e-324},
        {"", false, 0},          {".", false, 0},         {"e5", false, 0},
        {"1e", false, 0},        {"1e+", false, 0},       {"inf", false, 0},
        {"nan", false, 0},       {"0x10", false, 0},      {"1,5", false, 0},
        {"--1", false, 0},       {"1 ", false, 0},        {"1f", false, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double value = 42;
        ck_assert_msg(mr_str_to_real(mr_str_of(cases[i].text), &value) == cases[i].good, "%s",
                      cases[i].text);
        ck_assert_msg(value == (cases[i].good ? cases[i].value : 42), "%s", cases[i].text);
    }
    double zero = 1;
    ck_assert(mr_str_to_real(MR_STR("-0.0"), &zero) && zero == 0 && signbit(zero));
    /* A megabyte of digits is still a number, and only the last exponent decides its size. */
    struct mr_buf digits = {0};
    mr_buf_addz(&digits, "0.");
    for (int i = 0; i < 1 << 20; i++)
        mr_buf_addc(&digits, '0');
    mr_buf_addc(&digits, '1');
    ck_assert(mr_str_to_real(mr_buf_str(&digits), &zero));
    ck_assert(zero == 0);
    mr_buf_finish(&digits);
}
END_TEST

START_TEST(tells_valid_utf8)
{
    static const struct {
        const char *text;
        bool valid;
    } cases[] = {
        {"", true},
        {"plain text longer than a word of the machine", true},
        {"12345678\xc3\xa9", true},
        {"\xe2\x82\xac", true},
        {"\xed\x9f\xbf\xee\x80\x80", true},
        {"\xf4\x8f\xbf\xbf", true},
        {"\xf0\x9f\x98\x80", true},
        {"\x80", false},
        {"\xc3", false},
        {"12345678\xc3", false},
        {"\xc0\x80", false},
        {"\xc1\xbf", false},
        {"\xe0\x80\xaf", false},
        {"\xe0\x9f\xbf", false},
        {"\xed\xa0\x80", false},
        {"\xf0\x80\x80\xaf", false},
        {"\xf4\x90\x80\x80", false},
        {"\xf5\x80\x80\x80", false},
        {"\xe2\x82", false},
        {"\xff", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_msg(mr_utf8_valid(mr_str_of(cases[i].text)) == cases[i].valid, "case %zu", i);
    bool valid = true;
    ck_assert_uint_eq(mr_utf8_next(MR_STR("\xf0\x9f\x98!"), 0, &valid), 3);
    ck_assert(!valid);
    ck_assert_uint_eq(mr_utf8_next(MR_STR("a\xe2\x82\xac"), 1, &valid), 3);
    ck_assert(valid);
}
END_TEST

START_TEST(measures_edit_distance)
{
    static const struct {
        const char *a, *b;
        size_t limit, distance;
    } cases[] = {
        {"", "", 3, 0},           {"", "abc", 3, 3},          {"", "abcd", 3, 4},
        {"text", "text", 3, 0},   {"text", "tetx", 3, 1},     {"kitten", "sitting", 3, 3},
        {"kitten", "sitting", 2, 3}, {"ab", "ba", 1, 1},      {"abcdef", "ghijkl", 2, 3},
        {"input_key", "inptu_key", 2, 1}, {"a", "b", 0, 1},   {"a", "b", SIZE_MAX, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mr_str a = mr_str_of(cases[i].a), b = mr_str_of(cases[i].b);
        ck_assert_uint_eq(mr_str_distance(a, b, cases[i].limit), cases[i].distance);
        ck_assert_uint_eq(mr_str_distance(b, a, cases[i].limit), cases[i].distance);
    }
}
END_TEST

Suite *suite_runtime_base_str(void);
Suite *suite_runtime_base_str(void)
{
    Suite *suite = suite_create("runtime.base.str");
    TCase *tc = tcase_create("str");
    tcase_add_test(tc, orders_by_bytes_then_length);
    tcase_add_test(tc, finds_from_an_offset);
    tcase_add_test(tc, reads_whole_numbers);
    tcase_add_test(tc, reads_reals);
    tcase_add_test(tc, tells_valid_utf8);
    tcase_add_test(tc, measures_edit_distance);
    suite_add_tcase(suite, tc);
    return suite;
}
