/* JSON writer: commas, nesting, every kind of value. */
#include "runtime/base/json_out.h"

#include <check.h>
#include <math.h>

START_TEST(writes_every_kind_of_value)
{
    struct mr_json_out j = {0};
    mr_json_begin_object(&j);
    mr_json_key(&j, "empty");
    mr_json_begin_object(&j);
    mr_json_end_object(&j);
    mr_json_key_str(&j, MR_STR("li\"st"));
    mr_json_begin_array(&j);
    mr_json_int(&j, INT64_MIN);
    mr_json_uint(&j, UINT64_MAX);
    mr_json_real(&j, 0.1);
    mr_json_real(&j, NAN);
    mr_json_real(&j, -INFINITY);
    mr_json_begin_array(&j);
    mr_json_end_array(&j);
    mr_json_bool(&j, true);
    mr_json_bool(&j, false);
    mr_json_end_array(&j);
    mr_json_key(&j, "none");
    mr_json_textz(&j, NULL);
    mr_json_key(&j, "null");
    mr_json_null(&j);
    mr_json_key(&j, "text");
    mr_json_text(&j, MR_STR("a\nb"));
    mr_json_key(&j, "z");
    mr_json_textz(&j, "z");
    mr_json_key(&j, "raw");
    mr_json_raw(&j, MR_STR("{\"a\":[1]}"));
    mr_json_end_object(&j);
    ck_assert_str_eq(mr_buf_text(&j.text),
                     "{\"empty\":{},\"li\\\"st\":[-9223372036854775808,18446744073709551615,0.1,"
                     "null,null,[],true,false],\"none\":null,\"null\":null,\"text\":\"a\\nb\","
                     "\"z\":\"z\",\"raw\":{\"a\":[1]}}");
    mr_buf_finish(&j.text);
}
END_TEST

Suite *suite_runtime_base_json_out(void);
Suite *suite_runtime_base_json_out(void)
{
    Suite *suite = suite_create("runtime.base.json_out");
    TCase *tc = tcase_create("json_out");
    tcase_add_test(tc, writes_every_kind_of_value);
    suite_add_tcase(suite, tc);
    return suite;
}
