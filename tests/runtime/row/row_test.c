/* Rows: decoding, hostile bytes, edits, order of fields, copies, and the way back to bytes. */
#include "runtime/row/row.h"

#include "runtime/row/json.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

enum { TEXT, SCORE, NEW, LONG };

static struct mr_names *names;
static struct mr_arena *arena;
static struct mr_json_reader *reader;
static struct mr_head head;
static struct mr_buf map, out;

static void start(void)
{
    names = mr_names_create();
    mr_names_add(names, MR_STR("text"));
    mr_names_add(names, MR_STR("score"));
    mr_names_add(names, MR_STR("new"));
    mr_names_add(names, MR_STR("a key of more than thirty-one bytes"));
    arena = mr_arena_create(0);
    reader = mr_json_reader_create();
    head = (struct mr_head){.n = 7};
}

static void stop(void)
{
    mr_names_destroy(names);
    mr_arena_destroy(arena);
    mr_json_reader_destroy(reader);
    mr_buf_finish(&map);
    mr_buf_finish(&out);
}

static struct mr_row from_json(const char *json)
{
    struct mr_row row;
    map.len = 0;
    ck_assert_ptr_null(mr_json_read_object(reader, mr_str_of(json), MR_UTF8_REJECT, &map));
    ck_assert_ptr_null(mr_row_decode(&row, names, arena, &head, map.ptr, map.len));
    return row;
}

/* Encoded, decoded once more, as JSON; size and content must agree on the way. */
static void is_json(const struct mr_row *row, const char *json)
{
    struct mr_buf text = {0};
    struct mr_row again;
    out.len = 0;
    mr_row_encode(row, &out);
    ck_assert_uint_eq(out.len, mr_row_encoded_size(row));
    ck_assert_ptr_null(mr_row_decode(&again, names, arena, &head, out.ptr, out.len));
    mr_json_write_value((struct mr_value){(uint8_t *)out.ptr, (uint32_t)out.len}, &text);
    ck_assert_str_eq(mr_buf_text(&text), json);
    mr_buf_finish(&text);
}

static struct mr_value packed(int64_t v)
{
    struct mr_buf b = {0};
    mr_pack_int(&b, v);
    struct mr_str copy = mr_arena_str(arena, mr_buf_str(&b));
    mr_buf_finish(&b);
    return (struct mr_value){(const uint8_t *)copy.ptr, (uint32_t)copy.len};
}

START_TEST(untouched_rows_are_the_same_bytes)
{
    /* Sizes that no writer of ours would choose: they must survive. */
    static const char foreign[] = "\xde\x00\x02\xd9\x01"
                                  "a\xcd\x00\x05\xda\x00\x04text\xd9\x02hi";
    struct mr_row row;
    ck_assert_ptr_null(mr_row_decode(&row, names, arena, &head, foreign, sizeof foreign - 1));
    ck_assert_uint_eq(row.head.n, 7);
    ck_assert(mr_str_is(mr_value_text(mr_row_get(&row, TEXT)), "hi"));
    mr_row_encode(&row, &out);
    ck_assert_uint_eq(out.len, sizeof foreign - 1);
    ck_assert_mem_eq(out.ptr, foreign, out.len);
    mr_row_put(&row, NEW, packed(1));
    out.len = 0;
    mr_row_encode(&row, &out);
    ck_assert_uint_eq(out.len, mr_row_encoded_size(&row));
    ck_assert_mem_eq(out.ptr, "\x83", 1);
    ck_assert_mem_eq(out.ptr + 1, foreign + 3, sizeof foreign - 4);
    ck_assert_mem_eq(out.ptr + out.len - 5, "\xa3new\x01", 5);
}
END_TEST

START_TEST(fields_are_found)
{
    struct mr_row row = from_json("{\"x\":1,\"text\":\"t\",\"y\":{\"text\":2}}");
    int64_t i;
    ck_assert_int_eq(mr_value_type(mr_row_get(&row, SCORE)), MR_NONE);
    ck_assert(mr_str_is(mr_value_text(mr_row_get(&row, TEXT)), "t"));
    ck_assert(mr_str_is(mr_value_text(mr_row_find(&row, MR_STR("text"))), "t"));
    ck_assert(mr_value_int(mr_row_find(&row, MR_STR("x")), &i) && i == 1);
    ck_assert_uint_eq(mr_row_find(&row, MR_STR("z")).len, 0);
    ck_assert_uint_eq(mr_row_find(&row, MR_STR("score")).len, 0);
    ck_assert_uint_eq(row.count, 3);
}
END_TEST

START_TEST(edits_keep_the_order)
{
    struct mr_row row =
        from_json("{\"a\":1,\"text\":\"old\",\"b\":[1,2],\"score\":0.5,\"c\":null}");
    mr_row_put_text(&row, TEXT, MR_STR("new text"));
    is_json(&row, "{\"a\":1,\"text\":\"new text\",\"b\":[1,2],\"score\":0.5,\"c\":null}");
    mr_row_put(&row, NEW, packed(3));
    mr_row_drop_field(&row, SCORE);
    mr_row_drop_field(&row, LONG);
    is_json(&row, "{\"a\":1,\"text\":\"new text\",\"b\":[1,2],\"c\":null,\"new\":3}");
    mr_row_put(&row, SCORE, packed(9));
    is_json(&row, "{\"a\":1,\"text\":\"new text\",\"b\":[1,2],\"c\":null,\"new\":3,\"score\":9}");
    mr_row_put_named(&row, MR_STR("a"), packed(-1));
    mr_row_put_named(&row, MR_STR("score"), packed(8));
    mr_row_put_named(&row, MR_STR("d"), packed(4));
    mr_row_drop_named(&row, MR_STR("b"));
    mr_row_drop_named(&row, MR_STR("text"));
    mr_row_drop_named(&row, MR_STR("absent"));
    is_json(&row, "{\"a\":-1,\"c\":null,\"new\":3,\"score\":8,\"d\":4}");
    ck_assert_uint_eq(mr_row_get(&row, TEXT).len, 0);
    mr_row_put_named(&row, MR_STR("b"), packed(1));
    is_json(&row, "{\"a\":-1,\"c\":null,\"new\":3,\"score\":8,\"d\":4,\"b\":1}");
}
END_TEST

START_TEST(renames_keep_the_place)
{
    struct mr_row row = from_json("{\"text\":1,\"a\":2,\"score\":3,\"z\":4}");
    mr_row_rename_field(&row, TEXT, NEW);
    is_json(&row, "{\"new\":1,\"a\":2,\"score\":3,\"z\":4}");
    mr_row_rename_field(&row, NEW, SCORE);
    is_json(&row, "{\"score\":1,\"a\":2,\"z\":4}");
    mr_row_rename_field(&row, TEXT, NEW);
    mr_row_rename_field(&row, SCORE, SCORE);
    is_json(&row, "{\"score\":1,\"a\":2,\"z\":4}");
    mr_row_rename_field(&row, SCORE, LONG);
    is_json(&row, "{\"a key of more than thirty-one bytes\":1,\"a\":2,\"z\":4}");
    ck_assert_uint_eq(mr_row_get(&row, LONG).len, 1);
}
END_TEST

START_TEST(values_are_copied)
{
    struct mr_row row = from_json("{\"text\":\"a\"}");
    uint8_t value[] = {0xa2, 'h', 'i'};
    char text[] = "there";
    mr_row_put(&row, NEW, (struct mr_value){value, sizeof value});
    mr_row_put_text(&row, TEXT, mr_str_of(text));
    memset(value, 0, sizeof value);
    memset(text, 0, sizeof text);
    is_json(&row, "{\"text\":\"there\",\"new\":\"hi\"}");
}
END_TEST

START_TEST(rows_start_empty_and_grow)
{
    struct mr_row row;
    char name[16];
    mr_row_init(&row, names, arena, &head);
    is_json(&row, "{}");
    mr_row_put(&row, NEW, packed(1));
    is_json(&row, "{\"new\":1}");
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof name, "k%d", i);
        mr_row_put_named(&row, mr_str_of(name), packed(i));
    }
    out.len = 0;
    mr_row_encode(&row, &out);
    ck_assert_uint_eq(out.len, mr_row_encoded_size(&row));
    ck_assert_uint_eq(mr_value_count((struct mr_value){(uint8_t *)out.ptr, (uint32_t)out.len}),
                      301);
    mr_row_init(&row, NULL, arena, &head);
    mr_row_put_named(&row, MR_STR("a"), packed(1));
    is_json(&row, "{\"a\":1}");
}
END_TEST

START_TEST(copies_share_bytes_and_part_ways)
{
    struct mr_row row = from_json("{\"a\":1,\"text\":\"x\",\"score\":2}"), copy;
    mr_row_put(&row, NEW, packed(5));
    mr_row_copy(&copy, &row);
    copy.head.n = 9;
    mr_row_put(&copy, SCORE, packed(7));
    mr_row_drop_field(&copy, TEXT);
    is_json(&row, "{\"a\":1,\"text\":\"x\",\"score\":2,\"new\":5}");
    is_json(&copy, "{\"a\":1,\"score\":7,\"new\":5}");
    ck_assert_uint_eq(row.head.n, 7);
    struct mr_row plain = from_json("{\"a\":1}"), same;
    mr_row_copy(&same, &plain);
    ck_assert(!same.changed);
    is_json(&same, "{\"a\":1}");
}
END_TEST

START_TEST(broken_rows_are_refused)
{
    static const struct mr_str cases[] = {
        MR_STR_INIT(""),
        MR_STR_INIT("\x90"),
        MR_STR_INIT("\xc0"),
        MR_STR_INIT("\x81"),
        MR_STR_INIT("\x81\xa1"
                    "a"),
        MR_STR_INIT("\x81\xa1"
                    "a\x01\x01"),
        MR_STR_INIT("\x81\x01\x01"),
        MR_STR_INIT("\x81\xc4\x01"
                    "a\x01"),
        MR_STR_INIT("\x82\xa1"
                    "a\x01\xa1"
                    "a\x02"),
        MR_STR_INIT("\x82\xa1"
                    "a\x01\xd9\x01"
                    "a\x02"),
        MR_STR_INIT("\x81\xa1\xff\x01"),
        MR_STR_INIT("\x81\xa1"
                    "a\xa1\xff"),
        MR_STR_INIT("\x81\xa1"
                    "a\x91\xa1\x80"),
        MR_STR_INIT("\x81\xa1"
                    "a\xc1"),
        MR_STR_INIT("\xdf\xff\xff\xff\xff\xa1"
                    "a\x01"),
        MR_STR_INIT("\xde\xff\xff\xa1"
                    "a\x01"),
        MR_STR_INIT("\x81\xa1"
                    "a\xc7\x01\x01x"),
        MR_STR_INIT("\x81\xa1"
                    "a\xdb\xff\xff\xff\xff"),
        MR_STR_INIT("\xdf\x00\x00"),
        MR_STR_INIT("\x81\xa1"
                    "a\xa3\xed\xa0\x80"),
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mr_row row;
        /* Exact size on the heap, so that the sanitizer sees a read beyond it. */
        char *bytes = memcpy(mr_alloc(cases[i].len), cases[i].ptr, cases[i].len);
        struct mr_error *e = mr_row_decode(&row, names, arena, &head, bytes, cases[i].len);
        ck_assert_msg(mr_error_code(e) == MR_ROW_BROKEN && mr_error_is_row(e), "case %zu", i);
        mr_error_free(e);
        free(bytes);
    }
}
END_TEST

START_TEST(every_cut_of_a_row_is_refused)
{
    from_json("{\"a\":[1,{\"b\":\"text that is longer than sixteen bytes \xc3\xa9\"}],\"c\":1e5,"
              "\"text\":\"\",\"d\":-300,\"e\":0.1,\"f\":[null,true]}");
    for (size_t len = 0; len <= map.len; len++) {
        struct mr_row row;
        char *bytes = memcpy(mr_alloc(len), map.ptr, len);
        struct mr_error *e = mr_row_decode(&row, names, arena, &head, bytes, len);
        ck_assert_int_eq(mr_error_code(e), len == map.len ? MR_OK : MR_ROW_BROKEN);
        mr_error_free(e);
        free(bytes);
    }
}
END_TEST

START_TEST(many_fields)
{
    static const uint32_t counts[] = {31, 32, 33, 1025, 70000};
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
        for (int twice = 0; twice < 2; twice++) {
            struct mr_row row;
            char name[64];
            map.len = 0;
            mr_pack_map(&map, counts[c]);
            for (uint32_t i = 0; i < counts[c]; i++) {
                uint32_t k = twice && i == counts[c] - 1 ? 3 : i;
                snprintf(name, sizeof name, "starts alike %u ends alike", k);
                mr_pack_text(&map, k == 5 ? MR_STR("text") : mr_str_of(name));
                mr_pack_uint(&map, i);
            }
            struct mr_error *e = mr_row_decode(&row, names, arena, &head, map.ptr, map.len);
            ck_assert_int_eq(mr_error_code(e), twice ? MR_ROW_BROKEN : MR_OK);
            mr_error_free(e);
            if (twice)
                continue;
            uint64_t v;
            ck_assert_uint_eq(row.count, counts[c]);
            ck_assert(mr_value_uint(mr_row_get(&row, TEXT), &v) && v == 5);
            mr_row_drop_field(&row, TEXT);
            out.len = 0;
            mr_row_encode(&row, &out);
            ck_assert_uint_eq(out.len, mr_row_encoded_size(&row));
        }
    }
}
END_TEST

Suite *suite_runtime_row_row(void);
Suite *suite_runtime_row_row(void)
{
    Suite *s = suite_create("runtime.row.row");
    TCase *t = tcase_create("row");
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, start, stop);
    tcase_add_test(t, untouched_rows_are_the_same_bytes);
    tcase_add_test(t, fields_are_found);
    tcase_add_test(t, edits_keep_the_order);
    tcase_add_test(t, renames_keep_the_place);
    tcase_add_test(t, values_are_copied);
    tcase_add_test(t, rows_start_empty_and_grow);
    tcase_add_test(t, copies_share_bytes_and_part_ways);
    tcase_add_test(t, broken_rows_are_refused);
    tcase_add_test(t, every_cut_of_a_row_is_refused);
    tcase_add_test(t, many_fields);
    suite_add_tcase(s, t);
    return s;
}
