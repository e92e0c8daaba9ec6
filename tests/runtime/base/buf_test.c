/* Growing buffers: appends, formatted text, JSON strings, shortest doubles. */
#include "runtime/base/buf.h"

#include <check.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>

START_TEST(grows_and_is_reusable)
{
    struct mr_buf b = {0};
    ck_assert_str_eq(mr_buf_text(&b), "");
    for (int i = 0; i < 1000; i++)
        mr_buf_printf(&b, "%d,", i);
    ck_assert_uint_eq(b.len, 10 * 2 + 90 * 3 + 900 * 4);
    ck_assert_int_eq(memcmp(b.ptr + b.len - 8, "998,999,", 8), 0);
    mr_buf_finish(&b);
    ck_assert(!b.ptr && !b.len && !b.cap);
    mr_buf_add(&b, NULL, 0);
    mr_buf_adds(&b, MR_STR("a\0b"));
    mr_buf_addc(&b, 'c');
    mr_buf_addz(&b, "d");
    ck_assert(mr_str_eq(mr_buf_str(&b), MR_STR("a\0bcd")));
    mr_buf_finish(&b);
    mr_buf_printf(&b, "%0500d", 7); /* longer than the first guess */
    ck_assert_uint_eq(b.len, 500);
    ck_assert_int_eq(b.ptr[499], '7');
    mr_buf_finish(&b);
}
END_TEST

START_TEST(ends_the_process_when_memory_is_exhausted)
{
    struct mr_buf b = {0};
    mr_buf_addc(&b, 'x');
    mr_buf_reserve(&b, SIZE_MAX);
}
END_TEST

START_TEST(writes_json_strings)
{
    static const struct {
        struct mr_str text;
        const char *json;
    } cases[] = {
        {MR_STR_INIT(""), "\"\""},
        {MR_STR_INIT("plain"), "\"plain\""},
        {MR_STR_INIT("\"\\/"), "\"\\\"\\\\/\""},
        {MR_STR_INIT("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\""},
        {MR_STR_INIT("a\0b\x1f"), "\"a\\u0000b\\u001f\""},
        {MR_STR_INIT("\x7f\xc3\xa9\xf0\x9f\x98\x80"), "\"\x7f\xc3\xa9\xf0\x9f\x98\x80\""},
        {MR_STR_INIT("a\xff" "b"), "\"a\xef\xbf\xbd" "b\""},
        {MR_STR_INIT("\xe2\x82"), "\"\xef\xbf\xbd\""},
        {MR_STR_INIT("\xed\xa0\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mr_buf b = {0};
        mr_buf_add_json(&b, cases[i].text);
        ck_assert_str_eq(mr_buf_text(&b), cases[i].json);
        mr_buf_finish(&b);
    }
}
END_TEST

START_TEST(writes_the_shortest_double)
{
    static const struct {
        double value;
        const char *text;
    } cases[] = {
        {0, "0.0"},
        {-0.0, "-0.0"},
        {0.1, "0.1"},
        {3, "3.0"},
        {-12.5, "-12.5"},
        {1.0 / 3, "0.3333333333333333"},
        {0.1 + 0.2, "0.30000000000000004"},
        {0.0001, "0.0001"},
        {0.00001, "1e-05"},
        {0.00012345, "0.00012345"},
        {1e15, "1000000000000000.0"},
        {1e16, "1e+16"},
        {1234567890123456, "1234567890123456.0"},
        {12345678901234568, "1.2345678901234568e+16"},
        {1e22, "1e+22"},
        {1.5e100, "1.5e+100"},
        {0x1p-44, "5.684341886080802e-14"}, /* the closest 16 digits lie outside the interval */
        {DBL_MAX, "1.7976931348623157e+308"},
        {4.9406564584124654e-324, "5e-324"},
        {INFINITY, "inf"},
        {-INFINITY, "-inf"},
        {NAN, "nan"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mr_buf b = {0};
        mr_buf_add_real(&b, cases[i].value);
        ck_assert_str_eq(mr_buf_text(&b), cases[i].text);
        mr_buf_finish(&b);
    }
}
END_TEST

START_TEST(doubles_read_back_the_same)
{
    uint64_t bits = 0x9e3779b97f4a7c15u;
    for (int i = 0; i < 20000; i++) {
        bits ^= bits << 13;
        bits ^= bits >> 7;
        bits ^= bits << 17;
        double value, again = 0;
        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value))
            continue;
        struct mr_buf b = {0};
        mr_buf_add_real(&b, value);
        ck_assert_msg(mr_str_to_real(mr_buf_str(&b), &again), "%s", mr_buf_text(&b));
        ck_assert_msg(again == value, "%s", mr_buf_text(&b));
        ck_assert_msg(strtod(mr_buf_text(&b), NULL) == value, "%s", mr_buf_text(&b));
        mr_buf_finish(&b);
    }
}
END_TEST

Suite *suite_runtime_base_buf(void);
Suite *suite_runtime_base_buf(void)
{
    Suite *suite = suite_create("runtime.base.buf");
    TCase *tc = tcase_create("buf");
    tcase_add_test(tc, grows_and_is_reusable);
    tcase_add_test_raise_signal(tc, ends_the_process_when_memory_is_exhausted, 6);
    tcase_add_test(tc, writes_json_strings);
    tcase_add_test(tc, writes_the_shortest_double);
    tcase_add_test(tc, doubles_read_back_the_same);
    suite_add_tcase(suite, tc);
    return suite;
}
