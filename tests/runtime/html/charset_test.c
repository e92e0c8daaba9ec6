/* Labels, detection in a page, conversion to UTF-8. */
#include <check.h>
#include <stdlib.h>

#include "runtime/html/charset.h"

static struct mr_arena *arena;

static void setup(void)
{
    arena = mr_arena_create(0);
}

static void teardown(void)
{
    mr_arena_destroy(arena);
}

START_TEST(labels_convert)
{
    static const struct {
        const char *charset;
        struct mr_str bytes;
        const char *text;
    } cases[] = {
        {"", MR_STR_INIT("plain"), "plain"},
        {"", MR_STR_INIT("caf\xc3\xa9"), "caf\xc3\xa9"},
        {"", MR_STR_INIT("caf\xe9 \x80"), "caf\xc3\xa9 \xe2\x82\xac"},
        {"", MR_STR_INIT("\xef\xbb\xbfhi"), "hi"},
        {"", MR_STR_INIT("\xff\xfeh\0i\0"), "hi"},
        {"utf8", MR_STR_INIT("\xef\xbb\xbfhi"), "hi"},
        {"UTF-16BE", MR_STR_INIT("\xd8\x3d\xde\x00"), "\xf0\x9f\x98\x80"},
        {" Latin1 ", MR_STR_INIT("\x93quoted\x94"), "\xe2\x80\x9cquoted\xe2\x80\x9d"},
        {"Shift_JIS", MR_STR_INIT("\x93\xfa\x96\x7b"), "\xe6\x97\xa5\xe6\x9c\xac"},
        {"EUC-JP", MR_STR_INIT("\xc6\xfc\xcb\xdc"), "\xe6\x97\xa5\xe6\x9c\xac"},
        {"gb2312", MR_STR_INIT("\xd6\xd0\xce\xc4"), "\xe4\xb8\xad\xe6\x96\x87"},
        {"euc-kr", MR_STR_INIT("\xc7\xd1\xb1\xdb"), "\xed\x95\x9c\xea\xb8\x80"},
        {"windows-1251", MR_STR_INIT("\xec\xe8\xf0"), "\xd0\xbc\xd0\xb8\xd1\x80"},
        {"koi8-r", MR_STR_INIT("\xcd\xc9\xd2"), "\xd0\xbc\xd0\xb8\xd1\x80"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mr_str out;
        struct mr_error *e =
            mr_charset_convert(cases[i].bytes, mr_str_of(cases[i].charset), arena, &out);
        ck_assert_msg(e == NULL, "%zu: %s", i, mr_error_message(e));
        ck_assert_msg(mr_str_is(out, cases[i].text), "%zu: %.*s", i, MR_FMT(out));
    }
}
END_TEST

START_TEST(long_texts_convert_whole)
{
    enum { LENGTH = 100001 };
    char *bytes = mr_alloc(LENGTH);
    memset(bytes, 0xe9, LENGTH);
    struct mr_str out;
    ck_assert_ptr_null(
        mr_charset_convert(mr_str_span(bytes, LENGTH), MR_STR("latin1"), arena, &out));
    ck_assert_uint_eq(out.len, 2 * LENGTH);
    ck_assert(mr_utf8_valid(out));
    free(bytes);
}
END_TEST

START_TEST(what_does_not_fit_is_told)
{
    struct mr_str out;
    struct mr_error *e = mr_charset_convert(MR_STR("abc\xff"), MR_STR("utf-8"), arena, &out);
    ck_assert_int_eq(mr_error_code(e), MR_UTF8_INVALID);
    ck_assert(mr_error_is_row(e));
    mr_error_free(e);
    ck_assert_ptr_null(mr_charset_convert_lossy(MR_STR("abc\xff"), MR_STR("utf-8"), arena, &out));
    ck_assert(mr_str_is(out, "abc\xef\xbf\xbd"));
    e = mr_charset_convert(MR_STR("abc"), MR_STR("no-such-charset"), arena, &out);
    ck_assert_int_eq(mr_error_code(e), MR_PARAM_INVALID);
    mr_error_free(e);
    ck_assert(!mr_charset_known(MR_STR("no-such-charset")));
    ck_assert(!mr_charset_known(MR_STR("a/b")));
    ck_assert(!mr_charset_known(MR_STR("")));
    ck_assert(mr_charset_known(MR_STR("GBK")));
}
END_TEST

START_TEST(pages_declare_their_charset)
{
    static const struct {
        struct mr_str page;
        const char *charset;
    } cases[] = {
        {MR_STR_INIT(""), "UTF-8"},
        {MR_STR_INIT("\xe9"), "windows-1252"},
        {MR_STR_INIT("\xef\xbb\xbf<meta charset=koi8-r>"), "UTF-8"},
        {MR_STR_INIT("<META CharSet = 'koi8-r'>"), "koi8-r"},
        {MR_STR_INIT("<meta http-equiv=content-type content='text/html; charset=Shift_JIS'>"),
         "Shift_JIS"},
        {MR_STR_INIT("<?xml version='1.0' encoding='iso-8859-2'?><html>"), "iso-8859-2"},
        {MR_STR_INIT("<!-- <meta charset=koi8-r> --><meta charset=gbk>"), "gbk"},
        {MR_STR_INIT("<meta charset=utf-16>"), "UTF-8"},
        {MR_STR_INIT("<meta charset=nonsense>"), "UTF-8"},
        {MR_STR_INIT("<meta charset=iso-8859-1>caf\xe9"), "iso-8859-1"},
        {MR_STR_INIT("<meta charset=iso-8859-1>caf\xc3\xa9"), "UTF-8"},
        {MR_STR_INIT("<meta charset"), "UTF-8"},
        {MR_STR_INIT("<meta charset="), "UTF-8"},
        {MR_STR_INIT("<!-- no end"), "UTF-8"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mr_str found = mr_charset_detect_html(cases[i].page);
        ck_assert_msg(mr_str_is(found, cases[i].charset), "%zu: %.*s", i, MR_FMT(found));
    }
}
END_TEST

Suite *suite_runtime_html_charset(void);

Suite *suite_runtime_html_charset(void)
{
    Suite *s = suite_create("runtime.html.charset");
    TCase *t = tcase_create("charset");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, labels_convert);
    tcase_add_test(t, long_texts_convert_whole);
    tcase_add_test(t, what_does_not_fit_is_told);
    tcase_add_test(t, pages_declare_their_charset);
    suite_add_tcase(s, t);
    return s;
}
