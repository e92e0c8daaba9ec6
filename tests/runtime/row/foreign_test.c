/* Rows and headers as another program reads them: with msgpack-c and the documented offsets only. */
#include <check.h>
#include <msgpack.h>

#include "runtime/row/json.h"
#include "runtime/row/row.h"

static msgpack_object unpack(const struct mr_buf *b, msgpack_unpacked *result)
{
    size_t at = 0;
    msgpack_unpacked_init(result);
    ck_assert_int_eq(msgpack_unpack_next(result, b->ptr, b->len, &at), MSGPACK_UNPACK_SUCCESS);
    ck_assert_uint_eq(at, b->len);
    return result->data;
}

static void read_json(const char *text, struct mr_buf *out)
{
    struct mr_json_reader *r = mr_json_reader_create();
    struct mr_error *e = mr_json_read_object(r, mr_str_of(text), MR_UTF8_REJECT, out);
    ck_assert_msg(!e, "%s", mr_error_message(e));
    mr_json_reader_destroy(r);
}

START_TEST(values_mean_the_same_to_another_reader)
{
    struct mr_buf map = {0};
    msgpack_unpacked result;
    read_json("{\"text\":\"na\\u00efve\",\"n\":-7,\"big\":18446744073709551615,\"x\":0.25,"
              "\"odd\":1.50,\"none\":null,\"yes\":true,\"list\":[1,\"a\",{}]}",
              &map);
    msgpack_object o = unpack(&map, &result);
    ck_assert_int_eq(o.type, MSGPACK_OBJECT_MAP);
    ck_assert_uint_eq(o.via.map.size, 8);
    const msgpack_object_kv *kv = o.via.map.ptr;
    ck_assert_int_eq(kv[0].val.type, MSGPACK_OBJECT_STR);
    ck_assert_uint_eq(kv[0].val.via.str.size, 6);
    ck_assert_int_eq(kv[1].val.via.i64, -7);
    ck_assert_int_eq(kv[2].val.type, MSGPACK_OBJECT_POSITIVE_INTEGER);
    ck_assert_uint_eq(kv[2].val.via.u64, UINT64_MAX);
    ck_assert_int_eq(kv[3].val.type, MSGPACK_OBJECT_FLOAT64);
    ck_assert_double_eq(kv[3].val.via.f64, 0.25);
    /* A number whose spelling a double would lose: extension 1 carries its text. */
    ck_assert_int_eq(kv[4].val.type, MSGPACK_OBJECT_EXT);
    ck_assert_int_eq(kv[4].val.via.ext.type, MR_EXT_NUMBER);
    ck_assert_uint_eq(kv[4].val.via.ext.size, 4);
    ck_assert_mem_eq(kv[4].val.via.ext.ptr, "1.50", 4);
    ck_assert_int_eq(kv[5].val.type, MSGPACK_OBJECT_NIL);
    ck_assert(kv[6].val.via.boolean);
    ck_assert_uint_eq(kv[7].val.via.array.size, 3);
    msgpack_unpacked_destroy(&result);
    mr_buf_finish(&map);
}
END_TEST

START_TEST(another_writer_s_rows_are_read)
{
    msgpack_sbuffer buffer;
    msgpack_packer packer;
    msgpack_sbuffer_init(&buffer);
    msgpack_packer_init(&packer, &buffer, msgpack_sbuffer_write);
    msgpack_pack_map(&packer, 2);
    msgpack_pack_str_with_body(&packer, "id", 2);
    msgpack_pack_uint64(&packer, 300);
    msgpack_pack_str_with_body(&packer, "score", 5);
    msgpack_pack_double(&packer, 0.5);
    struct mr_names *names = mr_names_create();
    struct mr_arena *arena = mr_arena_create(0);
    struct mr_head head = {0};
    struct mr_row row;
    int64_t id = 0;
    ck_assert_ptr_null(mr_row_decode(&row, names, arena, &head, buffer.data, buffer.size));
    ck_assert(mr_value_int(mr_row_find(&row, MR_STR("id")), &id));
    ck_assert_int_eq(id, 300);
    ck_assert_double_eq(mr_value_real(mr_row_find(&row, MR_STR("score"))), 0.5);
    mr_arena_destroy(arena);
    mr_names_destroy(names);
    msgpack_sbuffer_destroy(&buffer);
}
END_TEST

Suite *suite_runtime_row_foreign(void);

Suite *suite_runtime_row_foreign(void)
{
    Suite *s = suite_create("runtime.row.foreign");
    TCase *c = tcase_create("msgpack-c");
    tcase_add_test(c, values_mean_the_same_to_another_reader);
    tcase_add_test(c, another_writer_s_rows_are_read);
    suite_add_tcase(s, c);
    return s;
}
