/* Strict JSON: tables of texts that must be refused and of texts that must come through. */
#include "runtime/row/json.h"

#include <check.h>

/* One text; zero bytes inside are kept. */
#define T(literal) {literal, sizeof(literal) - 1}

static const struct mr_str refused[] = {
    /* nothing, or not one value */
    T(""), T(" "), T("\n\t\r "), T("\0"), T("1 2"), T("1,2"), T("{}{}"), T("{} {}"), T("[][]"),
    T("[],"), T("{},"), T("\"a\"\"b\""), T("\"a\" \"b\""), T("null null"), T("1 null"), T("[]1"),
    T("{}a"), T("\"a\"b"), T("\"a\"1"), T("1\"a\""), T("true\"a\""), T("[1]x"), T("[1]]"),
    T("{\"a\":1}}"), T("[1]//"), T("{}#c"), T("{}\0"), T("1\0"), T("[]\x0c"), T("[]\x0b"),
    T("[]\x1a"), T("\xef\xbb\xbf{}"), T("\xef\xbb\xbf"), T("\xe2\x81\xa0[]"), T("[\xc2\xa0]"),
    T("[]\xe2\x80\xa8"), T("<a>"), T("<null>"), T("*"), T("@"), T("\\"), T("[\\u000A]"),
    /* words */
    T("nul"), T("nulll"), T("Null"), T("NULL"), T("tru"), T("truee"), T("True"), T("TRUE"),
    T("fals"), T("falsee"), T("False"), T("undefined"), T("None"), T("nan"), T("NaN"), T("[NaN]"),
    T("[-NaN]"), T("Infinity"), T("-Infinity"), T("[+Infinity]"), T("[inf]"), T("[-Inf]"), T("n"),
    T("t"), T("f"), T("[nul]"), T("[tru]"), T("[fals]"), T("[true\0]"), T("[truefalse]"),
    T("[true false]"), T("trueX"), T("[null\x0c]"),
    /* numbers */
    T("-"), T("[-]"), T("--1"), T("[--1]"), T("+1"), T("[+1]"), T("++1"), T("[- 1]"), T("01"),
    T("[01]"), T("-01"), T("[-012]"), T("00"), T("[00.5]"), T("-00"), T("1."), T("[1.]"), T("[-1.]"),
    T("[0.]"), T("[1.e1]"), T("[0.e1]"), T(".5"), T("[.5]"), T("[-.5]"), T("[.]"), T("[.e1]"),
    T("1e"), T("[1e]"), T("[1E]"), T("[1e+]"), T("[1E-]"), T("[1.0e]"), T("[1.0E+]"), T("[0e]"),
    T("[0E+]"), T("[1e1.5]"), T("[1e1e1]"), T("[1.2.3]"), T("[1..2]"), T("[1eE2]"), T("[1+2]"),
    T("[1-2]"), T("[1 000]"), T("[1,000"), T("[0x1]"), T("[0x1p3]"), T("[0b1]"), T("[0o7]"),
    T("[1_000]"), T("[1a]"), T("[1.5f]"), T("[-a]"), T("[-1x]"), T("[1\0]"), T("[1e\0]"),
    T("[\xef\xbc\x91]"), T("[1\xc3\xa9]"), T("[$1]"), T("[1%]"), T("[1\\]"), T("1\x0c"),
    T("[-\n1]"), T("[1e 5]"), T("[1 e5]"), T("[1. 5]"), T("[2.\n]"), T("[-0x]"), T("[9\"]"),
    /* strings */
    T("\""), T("[\""), T("\"abc"), T("[\"abc]"), T("abc\""), T("'a'"), T("['a']"), T("{'a':1}"),
    T("\"\\\""), T("\"a\\"), T("[\"\\\"]"), T("[\"\\\\\\\"]"), T("\"\\a\""), T("\"\\x41\""),
    T("\"\\0\""), T("\"\\'\""), T("\"\\v\""), T("\"\\e\""), T("\"\\N\""), T("\"\\U0041\""),
    T("\"\\ \""), T("\"\\\n\""), T("\"\\\xc3\xa9\""), T("\"\\u\""), T("\"\\u1\""), T("\"\\u12\""),
    T("\"\\u123\""), T("\"\\u123g\""), T("\"\\u 123\""), T("\"\\u-123\""), T("\"\\u+123\""),
    T("\"\\u0x12\""), T("\"\\uD800\\\""), T("\"\\uD800\\u\""), T("\"\\uD800\\u1\""),
    T("\"\\uD834\\uDd\""), T("\"\\uD800\\x\""), T("\"\n\""), T("\"\t\""), T("\"\r\""), T("\"\0\""),
    T("\"a\x01z\""), T("\"a\x1fz\""), T("[\"a\nb\"]"), T("\"\\u00\0030\""), T("`a`"), T("[\"a\"\"]"),
    T("{\"a\t\":1}"), T("[\\\"a\\\"]"), T("\"\x1b\""), T("\"\x7f\\q\""),
    /* lists */
    T("["), T("]"), T("[1"), T("[1,"), T("[1,]"), T("[1,,]"), T("[1,,2]"), T("[,]"), T("[,1]"),
    T("[,"), T("[ , 1]"), T("[1 2]"), T("[1:2]"), T("[1;2]"), T("[\"a\" 1]"), T("[\"a\":1]"),
    T("[{}"), T("[{}}"), T("[}"), T("{]"), T("[1}"), T("[[1]"), T("[[]"), T("[[],"), T("[[[]]"),
    T("[][1]]"), T("[1]["), T("[...]"), T("[1,\n]"), T("[(1)]"), T("[/* c */1]"), T("[1//c\n]"),
    T("[1#c\n]"), T("[*]"), T("[1,2"), T("[\"a\""), T("[\"a\","), T("[true"), T("[null,"),
    T("[{\"a\":1]"), T("[{\"a\":[}]"), T("[0\n,\n,1]"),
    /* objects */
    T("{"), T("}"), T("{,}"), T("{,\"a\":1}"), T("{\"a\""), T("{\"a\"}"), T("{\"a\":"),
    T("{\"a\":}"), T("{\"a\":1"), T("{\"a\":1,"), T("{\"a\":1,}"), T("{\"a\":1,,\"b\":2}"),
    T("{\"a\":1 \"b\":2}"), T("{\"a\" 1}"), T("{\"a\"::1}"), T("{\"a\":1:2}"), T("{\"a\",1}"),
    T("{\"a\":1,\"b\"}"), T("{\"a\":1,\"b\":}"), T("{a:1}"), T("{1:1}"), T("{null:1}"),
    T("{true:1}"), T("{[]:1}"), T("{{}:1}"), T("{\"a\":b}"), T("{\"a\":'b'}"), T("{\"a\"=1}"),
    T("{\"a\"=>1}"), T("{:1}"), T("{\"a\":1;\"b\":2}"), T("{\"a\":1]"), T("{\"a\":[1}"),
    T("{\"a\":{}"), T("{\"a\":/*c*/1}"), T("{\"a\":1}/**/"), T("{\"a\":1}//"), T("{\"a\":1,1}"),
    T("{\"a\":1,null}"), T("{\"a\":true,false}"), T("{\"a\":\"b\"\"c\":1}"), T("{\"a\":1 ,\n}"),
    T("{\"\\uD8\":1}"), T("{\"a\" \"b\"}"), T("{\"a\":1\"b\":2}"), T("{\"a\":true\"b\":2}"),
    T("{\"a\\\":1}"), T("{\"a\":-}"), T("{\"a\":01}"), T("{\"a\":1.}"), T("{,"), T("{\"a\":1},"),
    T("{\"a\":[1,]}"), T("{\"a\":{\"b\":1,}}"), T("{\"\x01\":1}"), T("{\"a\":\"\\x\"}"),
    /* byte soup */
    T("\x80"), T("[\x80]"), T("\xff"), T("{\xff}"), T("[\xe9]"), T("\xc3"), T("\x1a"), T("\x0c[]"),
    T("\x0b{}"), T("\xf0\x9f\x98\x80"), T("[\xf0\x9f\x98\x80]"), T("\0[]"), T("[\0]"), T("{\0}"),
    T("[\"a\",\0]"), T("\x7f"),
};

/* Accepted; NULL expectation: the output is the same bytes. */
static const struct {
    struct mr_str text;
    const char *expected;
} accepted[] = {
    {T("null"), NULL}, {T("true"), NULL}, {T("false"), NULL}, {T(" true "), "true"},
    {T("\tnull\r\n"), "null"}, {T("\"\""), NULL}, {T("\"a\""), NULL}, {T("0"), NULL}, {T("-1"), NULL},
    {T("[]"), NULL}, {T("{}"), NULL}, {T("[ ]"), "[]"}, {T("{\n}"), "{}"}, {T(" [] "), "[]"},
    {T("[[]]"), NULL}, {T("[{}]"), NULL}, {T("{\"a\":{}}"), NULL}, {T("{\"a\":[]}"), NULL},
    {T("[null,true,false]"), NULL}, {T("[1,[2,[3,[4]]]]"), NULL}, {T("[1 , 2 ,3]"), "[1,2,3]"},
    {T("{ \"a\" : 1 , \"b\" : [ 2 ] }"), "{\"a\":1,\"b\":[2]}"}, {T("[[],[],{},{}]"), NULL},
    {T("[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20]"), NULL},
    {T("{\"\":0}"), NULL}, {T("{\"a\":1,\"A\":2}"), NULL}, {T("{\"a\":1,\"a \":2}"), NULL},
    {T("{\"b\":1,\"a\":2,\"c\":3}"), NULL}, {T("{\"a\":{\"a\":{\"a\":1}}}"), NULL},
    {T("[{\"a\":1},{\"a\":1}]"), NULL}, {T("{\"a\":null}"), NULL}, {T("{\"x\":\"\"}"), NULL},
    {T("{\"min\":-1.0e+28,\"max\":1.0e+28}"), NULL}, {T("{\"a\\u0000b\":1}"), NULL},
    /* numbers keep their spelling */
    {T("-0"), NULL}, {T("-0.0"), NULL}, {T("0.0"), NULL}, {T("0.00"), NULL}, {T("1.0"), NULL},
    {T("1.50"), NULL}, {T("1.5"), NULL}, {T("123.456"), NULL}, {T("-123.456"), NULL}, {T("1e5"), NULL},
    {T("1E5"), NULL}, {T("1e+5"), NULL}, {T("1E+05"), NULL}, {T("1e-5"), NULL}, {T("1e-05"), NULL},
    {T("0e0"), NULL}, {T("0E+1"), NULL}, {T("0.1e1"), NULL}, {T("1e22"), NULL}, {T("1e+22"), NULL},
    {T("1.7976931348623157e+308"), NULL}, {T("5e-324"), NULL}, {T("2.2250738585072014e-308"), NULL},
    {T("1e400"), NULL}, {T("-1e400"), NULL}, {T("1e-400"), NULL}, {T("9223372036854775807"), NULL},
    {T("9223372036854775808"), NULL}, {T("-9223372036854775808"), NULL},
    {T("-9223372036854775809"), NULL}, {T("18446744073709551615"), NULL},
    {T("18446744073709551616"), NULL}, {T("99999999999999999999"), NULL},
    {T("-99999999999999999999"), NULL}, {T("123456789012345678901234567890"), NULL},
    {T("0.1"), NULL}, {T("0.30000000000000004"), NULL}, {T("3.141592653589793238462643"), NULL},
    {T("100000000000000000000.5"), NULL}, {T("0.00001"), NULL}, {T("0.0001"), NULL},
    {T("1234567890123456.7"), NULL}, {T("4294967295"), NULL}, {T("4294967296"), NULL},
    {T("-2147483649"), NULL}, {T("127"), NULL}, {T("128"), NULL}, {T("-32"), NULL}, {T("-33"), NULL},
    {T("-128"), NULL}, {T("-129"), NULL}, {T("32768"), NULL}, {T("65536"), NULL}, {T("-32769"), NULL},
    {T("[0.5,1.25,-7.0,1e1]"), NULL}, {T("[ -0 ,\n1.0\t]"), "[-0,1.0]"},
    /* strings: value kept, spelling of escapes not */
    {T("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), "\"\\\"\\\\/\\b\\f\\n\\r\\t\""},
    {T("\"\\u0041\\u00e9\\u20AC\""), "\"A\xc3\xa9\xe2\x82\xac\""},
    {T("\"\\uD83D\\uDE00\""), "\"\xf0\x9f\x98\x80\""}, {T("\"\\ud834\\udd1e\""), "\"\xf0\x9d\x84\x9e\""},
    {T("\"\\uDBFF\\uDFFF\""), "\"\xf4\x8f\xbf\xbf\""}, {T("\"\\u0000\""), "\"\\u0000\""},
    {T("\"\\u001F\\u007f\""), "\"\\u001f\x7f\""}, {T("\"\\u0022\\u005C\""), "\"\\\"\\\\\""},
    {T("\"\\uFFFF\\uFFFE\\uFDD0\""), "\"\xef\xbf\xbf\xef\xbf\xbe\xef\xb7\x90\""},
    {T("\"\\u2028\\u2029\""), "\"\xe2\x80\xa8\xe2\x80\xa9\""}, {T("\"\\\\u0041\""), NULL},
    {T("\"\\\\\\\\\""), NULL}, {T("\"\\\\n\""), NULL}, {T("\"a/*b*/c\""), NULL}, {T("\"//\""), NULL},
    {T("\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\""), NULL}, {T("\"\xe2\x80\xa8\""), NULL},
    {T("\"\xef\xbb\xbf\""), NULL}, {T("\"\x7f\""), NULL}, {T("\"[{,:}]\""), NULL},
    {T("\"\\u0821\\u20ac\""), "\"\xe0\xa0\xa1\xe2\x82\xac\""}, {T("\" \""), NULL}, {T("\"'\""), NULL},
    {T("\"a\\/b\""), "\"a/b\""}, {T("{\"\\u0061\":1,\"b\":2}"), "{\"a\":1,\"b\":2}"},
    {T("\"0123456789abcde\\n0123456789abcdef0123456789abcdef\\t\""), NULL},
    {T("\"0123456789abcdef0123456789abcdef\""), NULL}, {T("\"0123456789abcde\""), NULL},
    {T("[\"a\",\"b\" , \"\"]"), "[\"a\",\"b\",\"\"]"}, {T("\"\xed\x9f\xbf\xee\x80\x80\""), NULL},
};

static struct mr_json_reader *reader;

static void start(void)
{
    reader = mr_json_reader_create();
}

static void stop(void)
{
    mr_json_reader_destroy(reader);
}

START_TEST(refuses_what_is_not_json)
{
    struct mr_str text = refused[_i];
    struct mr_buf out = {0};
    mr_buf_addz(&out, "kept");
    struct mr_error *e = mr_json_read_value(reader, text, MR_UTF8_REJECT, &out);
    ck_assert_msg(e != NULL, "accepted: case %d: %.*s", _i, MR_FMT(text));
    ck_assert_msg(mr_error_code(e) == MR_JSON_INVALID || mr_error_code(e) == MR_UTF8_INVALID,
                  "case %d: %s", _i, mr_error_message(e));
    ck_assert(mr_error_is_row(e));
    ck_assert(mr_error_message(e)[0] != 0);
    ck_assert(mr_str_is(mr_buf_str(&out), "kept"));
    mr_error_free(e);
    e = mr_json_read_value(reader, text, MR_UTF8_REPLACE, &out);
    ck_assert_msg(e != NULL, "accepted with replacement: case %d: %.*s", _i, MR_FMT(text));
    mr_error_free(e);
    mr_buf_finish(&out);
}
END_TEST

START_TEST(brings_json_through)
{
    struct mr_str text = accepted[_i].text;
    struct mr_str want = accepted[_i].expected ? mr_str_of(accepted[_i].expected) : text;
    struct mr_buf row = {0}, json = {0};
    struct mr_error *e = mr_json_read_value(reader, text, MR_UTF8_REJECT, &row);
    ck_assert_msg(e == NULL, "case %d: %.*s: %s", _i, MR_FMT(text), mr_error_message(e));
    ck_assert_uint_eq(mr_value_skip((uint8_t *)row.ptr, row.len), row.len);
    mr_json_write_value((struct mr_value){(uint8_t *)row.ptr, (uint32_t)row.len}, &json);
    ck_assert_msg(mr_str_eq(mr_buf_str(&json), want), "case %d: %.*s became %.*s", _i,
                  MR_FMT(text), MR_FMT(mr_buf_str(&json)));
    mr_buf_finish(&row);
    mr_buf_finish(&json);
}
END_TEST

Suite *suite_runtime_row_json_suite(void);
Suite *suite_runtime_row_json_suite(void)
{
    Suite *s = suite_create("runtime.row.json_suite");
    TCase *t = tcase_create("tables");
    tcase_add_unchecked_fixture(t, start, stop);
    tcase_add_loop_test(t, refuses_what_is_not_json, 0, (int)(sizeof refused / sizeof *refused));
    tcase_add_loop_test(t, brings_json_through, 0, (int)(sizeof accepted / sizeof *accepted));
    suite_add_tcase(s, t);
    return s;
}
