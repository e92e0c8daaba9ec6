/* JSON in and out beyond the tables: depth, repeated keys, UTF-8, edges of memory, foreign values.
 */
#include "runtime/row/json.h"

#include <check.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static struct mr_json_reader *reader;
static struct mr_buf row, json;

static void start(void)
{
    reader = mr_json_reader_create();
}

static void stop(void)
{
    mr_json_reader_destroy(reader);
    mr_buf_finish(&row);
    mr_buf_finish(&json);
}

static enum mr_code read_text(struct mr_str text, enum mr_invalid_utf8 mode)
{
    row.len = 0;
    struct mr_error *e = mr_json_read_value(reader, text, mode, &row);
    enum mr_code code = mr_error_code(e);
    ck_assert(!e || (mr_error_is_row(e) && row.len == 0));
    mr_error_free(e);
    return code;
}

static struct mr_str written(void)
{
    json.len = 0;
    mr_json_write_value((struct mr_value){(uint8_t *)row.ptr, (uint32_t)row.len}, &json);
    return mr_buf_str(&json);
}

static void comes_through(struct mr_str text)
{
    ck_assert_int_eq(read_text(text, MR_UTF8_REJECT), MR_OK);
    ck_assert_uint_eq(mr_value_skip((uint8_t *)row.ptr, row.len), row.len);
    ck_assert_msg(mr_str_eq(written(), text), "%.*s became %.*s", MR_FMT(text),
                  MR_FMT(mr_buf_str(&json)));
}

static void becomes(struct mr_str text, enum mr_invalid_utf8 mode, const char *want)
{
    ck_assert_int_eq(read_text(text, mode), MR_OK);
    ck_assert_msg(mr_str_is(written(), want), "%.*s became %.*s", MR_FMT(text),
                  MR_FMT(mr_buf_str(&json)));
}

/* depth times open, then middle, then depth times close */
static struct mr_buf nested(const char *open, const char *middle, const char *close, size_t depth)
{
    struct mr_buf text = {0};
    for (size_t i = 0; i < depth; i++)
        mr_buf_addz(&text, open);
    mr_buf_addz(&text, middle);
    for (size_t i = 0; i < depth; i++)
        mr_buf_addz(&text, close);
    return text;
}

START_TEST(depth_has_a_limit)
{
    static const char *const shapes[][2] = {{"[", "]"}, {"{\"a\":", "}"}, {"[0,", ",1]"}};
    for (size_t i = 0; i < 3; i++) {
        struct mr_buf text = nested(shapes[i][0], "1", shapes[i][1], MR_DEPTH_MAX);
        comes_through(mr_buf_str(&text));
        mr_buf_finish(&text);
        text = nested(shapes[i][0], "1", shapes[i][1], MR_DEPTH_MAX + 1);
        ck_assert_int_eq(read_text(mr_buf_str(&text), MR_UTF8_REJECT), MR_JSON_INVALID);
        mr_buf_finish(&text);
        text = nested(shapes[i][0], "", "", 100000);
        ck_assert_int_eq(read_text(mr_buf_str(&text), MR_UTF8_REJECT), MR_JSON_INVALID);
        mr_buf_finish(&text);
    }
    struct mr_buf text = nested("[", "[]", "]", MR_DEPTH_MAX);
    ck_assert_int_eq(read_text(mr_buf_str(&text), MR_UTF8_REJECT), MR_JSON_INVALID);
    mr_buf_finish(&text);
}
END_TEST

START_TEST(duplicate_keys_are_refused_at_any_depth)
{
    static const char *const twice[] = {
        "{\"a\":1,\"a\":2}",         "{\"a\":1,\"\\u0061\":2}",
        "{\"\":1,\"\":2}",           "[{\"x\":{\"b\":1,\"c\":2,\"b\":3}}]",
        "{\"a\":{\"a\":1},\"a\":2}", "{\"\\u00e9\":1,\"\xc3\xa9\":2}",
        "{\"\\/\":1,\"/\":1}",       "{\"long enough key\":1,\"b\":2,\"long enough key\":1}",
    };
    for (size_t i = 0; i < sizeof twice / sizeof *twice; i++)
        ck_assert_msg(read_text(mr_str_of(twice[i]), MR_UTF8_REJECT) == MR_JSON_DUPLICATE_KEY, "%s",
                      twice[i]);
    comes_through(MR_STR("{\"a\":{\"a\":[{\"a\":1},{\"a\":1}]},\"b\":{\"a\":1}}"));
    comes_through(MR_STR("{\"aXXXXXXXXXXb\":1,\"aYXXXXXXXXXb\":2,\"aXXXXXXXXXb\":3}"));
    struct mr_error *e =
        mr_json_read_value(reader, MR_STR("{\"k\\n\":1,\"k\\n\":1}"), MR_UTF8_REJECT, &row);
    ck_assert_ptr_nonnull(strstr(mr_error_message(e), "\"k\\n\""));
    mr_error_free(e);
}
END_TEST

static struct mr_buf object_of(size_t count, size_t again)
{
    struct mr_buf text = {0};
    for (size_t i = 0; i < count; i++)
        mr_buf_printf(&text, "%s\"the same start %06zu and the same end\":%zu", i ? "," : "{", i,
                      i);
    if (again < count)
        mr_buf_printf(&text, ",\"the same start %06zu and the same end\":0", again);
    mr_buf_addc(&text, '}');
    return text;
}

START_TEST(large_objects_keep_order_and_find_repeats)
{
    static const size_t counts[] = {15, 16, 17, 31, 32, 33, 34, 300, 70000};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        struct mr_buf text = object_of(counts[i], SIZE_MAX);
        comes_through(mr_buf_str(&text));
        ck_assert_uint_eq(mr_value_count((struct mr_value){(uint8_t *)row.ptr, (uint32_t)row.len}),
                          counts[i]);
        mr_buf_finish(&text);
        for (size_t again = 0; again < counts[i]; again += counts[i] - 1) {
            text = object_of(counts[i], again);
            ck_assert_int_eq(read_text(mr_buf_str(&text), MR_UTF8_REJECT), MR_JSON_DUPLICATE_KEY);
            mr_buf_finish(&text);
        }
    }
}
END_TEST

START_TEST(lone_surrogates_are_refused_or_replaced)
{
    static const struct {
        struct mr_str text;
        const char *replaced;
    } cases[] = {
        {MR_STR_INIT("\"\\uD800\""), "\"\xef\xbf\xbd\""},
        {MR_STR_INIT("\"\\uDC00\""), "\"\xef\xbf\xbd\""},
        {MR_STR_INIT("\"\\uDFFFx\""), "\"\xef\xbf\xbdx\""},
        {MR_STR_INIT("\"\\uD800\\uD800\\uDC00\""), "\"\xef\xbf\xbd\xf0\x90\x80\x80\""},
        {MR_STR_INIT("\"\\uDC00\\uD800\""), "\"\xef\xbf\xbd\xef\xbf\xbd\""},
        {MR_STR_INIT("\"\\uD800\\n\""), "\"\xef\xbf\xbd\\n\""},
        {MR_STR_INIT("\"\\uD800\\u0041\""), "\"\xef\xbf\xbd"
                                            "A\""},
        {MR_STR_INIT("{\"\\uD800\":1}"), "{\"\xef\xbf\xbd\":1}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ck_assert_int_eq(read_text(cases[i].text, MR_UTF8_REJECT), MR_UTF8_INVALID);
        becomes(cases[i].text, MR_UTF8_REPLACE, cases[i].replaced);
    }
    ck_assert_int_eq(read_text(MR_STR("{\"\\uD800\":1,\"\\uDC00\":2}"), MR_UTF8_REPLACE),
                     MR_JSON_DUPLICATE_KEY);
}
END_TEST

START_TEST(invalid_utf8_is_refused_or_replaced)
{
#define R "\xef\xbf\xbd"
    static const struct {
        struct mr_str text;
        const char *replaced;
    } cases[] = {
        {MR_STR_INIT("\"\x80\""), "\"" R "\""},
        {MR_STR_INIT("\"\xff\xfe\""), "\"" R R "\""},
        {MR_STR_INIT("\"\xc3\""), "\"" R "\""},
        {MR_STR_INIT("\"\xc0\xaf\""), "\"" R R "\""},
        {MR_STR_INIT("\"\xe2\x82\""), "\"" R "\""},
        {MR_STR_INIT("\"\xe2\x82z\""), "\"" R "z\""},
        {MR_STR_INIT("\"\xe0\x80\x80\""), "\"" R R R "\""},
        {MR_STR_INIT("\"\xed\xa0\x80\""), "\"" R R R "\""},
        {MR_STR_INIT("\"\xf0\x9f\x98\""), "\"" R "\""},
        {MR_STR_INIT("\"\xf4\x90\x80\x80\""), "\"" R R R R "\""},
        {MR_STR_INIT("\"\xf5\x80\""), "\"" R R "\""},
        {MR_STR_INIT("{\"a\xff\":\"\xc3\xa9\xff\"}"), "{\"a" R "\":\"\xc3\xa9" R "\"}"},
        {MR_STR_INIT("\"\xf0\x9f\x98\\n\""), "\"" R "\\n\""},
    };
#undef R
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ck_assert_int_eq(read_text(cases[i].text, MR_UTF8_REJECT), MR_UTF8_INVALID);
        becomes(cases[i].text, MR_UTF8_REPLACE, cases[i].replaced);
    }
    ck_assert_int_eq(read_text(MR_STR("[\xff]"), MR_UTF8_REPLACE), MR_JSON_INVALID);
    ck_assert_int_eq(read_text(MR_STR("[\"a\xff]"), MR_UTF8_REPLACE), MR_JSON_INVALID);
}
END_TEST

START_TEST(a_row_is_an_object)
{
    static const char *const others[] = {"[]", "1", "\"a\"", "null", "[{\"a\":1}]"};
    struct mr_buf out = {0};
    mr_buf_addz(&out, "kept");
    for (size_t i = 0; i < 5; i++) {
        struct mr_error *e =
            mr_json_read_object(reader, mr_str_of(others[i]), MR_UTF8_REJECT, &out);
        ck_assert_int_eq(mr_error_code(e), MR_JSON_NOT_OBJECT);
        ck_assert(mr_error_is_row(e) && out.len == 4);
        mr_error_free(e);
    }
    struct mr_error *e = mr_json_read_object(reader, MR_STR("[1"), MR_UTF8_REJECT, &out);
    ck_assert_int_eq(mr_error_code(e), MR_JSON_INVALID);
    mr_error_free(e);
    ck_assert_ptr_null(mr_json_read_object(reader, MR_STR("{\"a\":1}"), MR_UTF8_REJECT, &out));
    ck_assert_mem_eq(out.ptr,
                     "kept\x81\xa1"
                     "a\x01",
                     out.len);
    mr_buf_finish(&out);
}
END_TEST

START_TEST(messages_name_the_byte)
{
    static const struct {
        struct mr_str text;
        const char *message;
    } cases[] = {
        {MR_STR_INIT("{\"a\":1,}"), "a key in quotes is missing at byte 8"},
        {MR_STR_INIT("[1,]"), "a value is missing at byte 4"},
        {MR_STR_INIT("[01]"), "not a JSON number at byte 2"},
        {MR_STR_INIT("[\"a\\x\"]"), "unknown escape in a string at byte 4"},
        {MR_STR_INIT("[\"ab\ncd\"]"), "control character inside a string at byte 5"},
        {MR_STR_INIT("[\"\\\"\x01\"]"), "control character inside a string at byte 5"},
        {MR_STR_INIT("[\"ab\xff\"]"), "invalid UTF-8 at byte 5"},
        {MR_STR_INIT("{} x"), "more text after the value at byte 4"},
        {MR_STR_INIT("[1"), "the text ends too early at byte 3"},
        {MR_STR_INIT("  "), "no value at byte 1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mr_error *e = mr_json_read_value(reader, cases[i].text, MR_UTF8_REJECT, &row);
        ck_assert_str_eq(mr_error_message(e), cases[i].message);
        mr_error_free(e);
    }
}
END_TEST

/* The text ends at the end of readable memory: one byte read too far would be the end of us. */
START_TEST(reads_nothing_beyond_the_text)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *map = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(map, MAP_FAILED);
    ck_assert_int_eq(mprotect(map + page, page, PROT_NONE), 0);
    static const char *const texts[] = {
        "1",
        "-1.5",
        "true",
        "null",
        "\"\"",
        "\"a\\n\"",
        "{\"a\":\"0123456789abcdef\"}",
        "[1",
        "tru",
        "\"abc",
        "1e5",
        "[\"\xc3\xa9\",\"x\"]",
        "\"0123456789abcde\\\"\"",
        "12 ",
        "\xc3",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        size_t len = strlen(texts[i]);
        char *at = map + page - len;
        memcpy(at, texts[i], len);
        row.len = 0;
        struct mr_buf other = {0};
        struct mr_error *here =
            mr_json_read_value(reader, mr_str_span(at, len), MR_UTF8_REJECT, &row);
        struct mr_error *there =
            mr_json_read_value(reader, mr_str_of(texts[i]), MR_UTF8_REJECT, &other);
        ck_assert_int_eq(mr_error_code(here), mr_error_code(there));
        ck_assert(mr_str_eq(mr_buf_str(&row), mr_buf_str(&other)));
        mr_error_free(here);
        mr_error_free(there);
        mr_buf_finish(&other);
    }
    munmap(map, 2 * page);
}
END_TEST

START_TEST(strings_of_every_length_and_escape_position)
{
    char text[96];
    for (size_t len = 0; len < 70; len++) {
        text[0] = '"';
        memset(text + 1, 'a', len);
        text[len + 1] = '"';
        comes_through(mr_str_span(text, len + 2));
        for (size_t at = 0; at + 1 < len; at++) {
            memset(text + 1, 'a', len);
            memcpy(text + 1 + at, "\\n", 2);
            comes_through(mr_str_span(text, len + 2));
            memcpy(text + 1 + at, "\xc3\xa9", 2);
            comes_through(mr_str_span(text, len + 2));
        }
    }
}
END_TEST

START_TEST(long_texts_cross_every_head_size)
{
    static const size_t lengths[] = {31, 32, 255, 256, 65535, 65536, 3000000};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        struct mr_buf text = {0};
        mr_buf_addz(&text, "{\"t\":\"");
        for (size_t n = 0; n < lengths[i]; n++)
            mr_buf_addc(&text, (char)('a' + n % 26));
        mr_buf_addz(&text, "\",\"u\":\"\\u0001");
        for (size_t n = 0; n + 1 < lengths[i]; n++)
            mr_buf_addz(&text, n % 8 ? "x" : "\\n");
        mr_buf_addz(&text, "\"}");
        comes_through(mr_buf_str(&text));
        mr_buf_finish(&text);
    }
    comes_through(MR_STR("{\"small\":\"again\"}")); /* after the reader gave its memory back */
}
END_TEST

START_TEST(foreign_values_have_a_text)
{
    static const struct {
        struct mr_str bytes;
        const char *json;
    } cases[] = {
        {MR_STR_INIT("\xc4\x00"), "\"\""},
        {MR_STR_INIT("\xc4\x01"
                     "f"),
         "\"Zg==\""},
        {MR_STR_INIT("\xc4\x02"
                     "fo"),
         "\"Zm8=\""},
        {MR_STR_INIT("\xc4\x03"
                     "foo"),
         "\"Zm9v\""},
        {MR_STR_INIT("\xc4\x06"
                     "foobar"),
         "\"Zm9vYmFy\""},
        {MR_STR_INIT("\xd6\xff\x00\x00\x00\x01"), "\"AAAAAQ==\""},
        {MR_STR_INIT("\xca\x3f\xc0\x00\x00"), "1.5"},
        {MR_STR_INIT("\xcb\x7f\xf0\x00\x00\x00\x00\x00\x00"), "null"},
        {MR_STR_INIT("\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00"), "null"},
        {MR_STR_INIT("\xa3"
                     "a\xff"
                     "b"),
         "\"a\xef\xbf\xbd"
         "b\""},
        {MR_STR_INIT("\xa6\xc3\xa9\n\xff\"\\"), "\"\xc3\xa9\\n\xef\xbf\xbd\\\"\\\\\""},
        {MR_STR_INIT("\x84\x01\x02\xc0\x03\x90\x04\xc4\x01"
                     "f\x05"),
         "{\"1\":2,\"null\":3,\"kA==\":4,\"Zg==\":5}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mr_value v = {(const uint8_t *)cases[i].bytes.ptr, (uint32_t)cases[i].bytes.len};
        ck_assert_uint_eq(mr_value_skip(v.ptr, v.len), v.len);
        json.len = 0;
        mr_json_write_value(v, &json);
        ck_assert_str_eq(mr_buf_text(&json), cases[i].json);
    }
}
END_TEST

START_TEST(texts_of_4_gib_are_refused)
{
    size_t size = (size_t)UINT32_MAX + 2;
    char *map = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    ck_assert_ptr_ne(map, MAP_FAILED);
    ck_assert_int_eq(read_text(mr_str_span(map, size), MR_UTF8_REJECT), MR_JSON_INVALID);
    ck_assert_int_eq(read_text(mr_str_span(map, size), MR_UTF8_REPLACE), MR_JSON_INVALID);
    munmap(map, size);
}
END_TEST

Suite *suite_runtime_row_json(void);
Suite *suite_runtime_row_json(void)
{
    Suite *s = suite_create("runtime.row.json");
    TCase *t = tcase_create("json");
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, start, stop);
    tcase_add_test(t, depth_has_a_limit);
    tcase_add_test(t, duplicate_keys_are_refused_at_any_depth);
    tcase_add_test(t, large_objects_keep_order_and_find_repeats);
    tcase_add_test(t, lone_surrogates_are_refused_or_replaced);
    tcase_add_test(t, invalid_utf8_is_refused_or_replaced);
    tcase_add_test(t, a_row_is_an_object);
    tcase_add_test(t, messages_name_the_byte);
    tcase_add_test(t, reads_nothing_beyond_the_text);
    tcase_add_test(t, strings_of_every_length_and_escape_position);
    tcase_add_test(t, long_texts_cross_every_head_size);
    tcase_add_test(t, foreign_values_have_a_text);
    tcase_add_test(t, texts_of_4_gib_are_refused);
    suite_add_tcase(s, t);
    return s;
}
