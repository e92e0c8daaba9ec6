/* Tests of what duplicate filters remember from one run to the next. */
#include "tests/operators/harness.h"

Suite *suite_operators_general_text_dedup_runs(void);
extern const struct mr_op mr_op_general_text_hash_deduplicate_filter;
extern const struct mr_op mr_op_general_text_minhash_deduplicate_filter;

static void two_runs(const struct mr_op *op)
{
    struct mr_buf first = {0}, second = {0};
    struct mr_run run = {.op = op, .keys = "input_key=text output_key=null", .keep = true};
    mr_bench_open();
    ck_assert_ptr_null(mr_run_rows(&run, "{\"text\":\"the first text\"}\n{\"text\":\"another one\"}",
                                   &first));
    ck_assert_str_eq(mr_buf_text(&first), "{\"text\":\"the first text\"}\n{\"text\":\"another one\"}\n");
    ck_assert_ptr_null(mr_run_rows(&run, "{\"text\":\"a new text\"}\n{\"text\":\"another one\"}\n"
                                         "{\"text\":\"a new text\"}",
                                   &second));
    ck_assert_str_eq(mr_buf_text(&second),
                     "{\"text\":\"a new text\"}\n{\"text\":\"another one\",\"_outcome\":\"duplicate\"}\n"
                     "{\"text\":\"a new text\",\"_outcome\":\"duplicate\"}\n");
    mr_buf_finish(&first);
    mr_buf_finish(&second);
    mr_bench_close();
}

START_TEST(by_hash)
{
    two_runs(&mr_op_general_text_hash_deduplicate_filter);
}
END_TEST

START_TEST(by_minhash)
{
    two_runs(&mr_op_general_text_minhash_deduplicate_filter);
}
END_TEST

Suite *suite_operators_general_text_dedup_runs(void)
{
    Suite *suite = suite_create("operators.general_text.dedup_runs");
    TCase *tests = tcase_create("dedup");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, by_hash);
    tcase_add_test(tests, by_minhash);
    suite_add_tcase(suite, tests);
    return suite;
}
