/* functions.md is what the table prints. Run with MR_UPDATE=1 to print it anew. */
#include "runtime/expr/expr.h"

#include <check.h>
#include <stdlib.h>

#include "runtime/base/file.h"

START_TEST(the_page_is_not_stale)
{
    struct mr_buf path = {0}, now = {0}, then = {0};
    const char *root = getenv("MR_SOURCE");
    mr_buf_printf(&path, "%s/runtime/expr/functions.md", root ? root : ".");
    mr_expr_functions_print(&now);
    if (getenv("MR_UPDATE"))
        ck_assert_ptr_null(mr_file_replace(mr_buf_text(&path), mr_buf_str(&now), 0644));
    ck_assert_ptr_null(mr_file_read(mr_buf_text(&path), 0, &then));
    ck_assert_msg(mr_str_eq(mr_buf_str(&now), mr_buf_str(&then)), "%s is stale",
                  mr_buf_text(&path));
    mr_buf_finish(&path);
    mr_buf_finish(&now);
    mr_buf_finish(&then);
}
END_TEST

START_TEST(signatures_show_types)
{
    struct mr_buf out = {0};
    for (size_t i = 0; i < mr_expr_function_count(); i++)
        if (strcmp(mr_expr_function(i).name, "substr") == 0)
            mr_expr_function_signature(i, &out);
    ck_assert_str_eq(mr_buf_text(&out), "substr(text: text, from: int, count?: int): text");
    mr_buf_finish(&out);
}
END_TEST

Suite *suite_runtime_expr_functions(void);
Suite *suite_runtime_expr_functions(void)
{
    Suite *suite = suite_create("runtime.expr.functions");
    TCase *tc = tcase_create("functions");
    tcase_add_test(tc, the_page_is_not_stale);
    tcase_add_test(tc, signatures_show_types);
    suite_add_tcase(suite, tc);
    return suite;
}
