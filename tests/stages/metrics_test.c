/* What /metrics answers: labels are escaped, and nothing is missing of a pipeline that has not
 * begun. */
#include <check.h>
#include <unistd.h>

#include "stages/supervise/inside.h"

START_TEST(labels_are_escaped)
{
    static int firsts[] = {0};
    struct mr_arena *arena = mr_arena_create(0);
    struct mr_plan_stage stage = {.id = MR_STR("a\"b\\c\nd"), .kind = MR_STAGE_SOURCE};
    struct mr_plan_group group = {.stages = firsts, .stage_count = 1, .partitions = 8, .scale = 2};
    struct mr_plan plan = {.name = MR_STR("p"),
                           .stages = &stage,
                           .stage_count = 1,
                           .groups = &group,
                           .group_count = 1};
    struct mr_supervise_options options = {.plan = &plan, .run = 7};
    struct group state = {.scale = 2};
    struct supervisor s = {.options = &options,
                           .plan = &plan,
                           .groups = &state,
                           .totals = mr_totals_create(&plan, arena)};
    struct mr_buf text = {0};
    metrics_text(&s, &text);
    const char *all = mr_buf_text(&text);
    ck_assert_ptr_nonnull(strstr(all, "\n# TYPE millrace_rows_in_total counter\n"
                                      "millrace_rows_in_total{pipeline=\"p\","
                                      "stage=\"a\\\"b\\\\c\\nd\"} 0\n"));
    ck_assert_ptr_nonnull(strstr(all, "# TYPE millrace_rows_held gauge\n"));
    ck_assert_ptr_nonnull(strstr(all, "\",outcome=\"crash\",kind=\"rejected\"} 0\n"));
    ck_assert_ptr_nonnull(strstr(all, "millrace_run{pipeline=\"p\"} 7\n"));
    mr_buf_finish(&text);
    mr_arena_destroy(arena);
}
END_TEST

START_TEST(memory_of_a_process)
{
    ck_assert_uint_gt(mr_process_memory((long)getpid()), 0);
    ck_assert_uint_eq(mr_process_memory(0), 0);
    ck_assert_uint_eq(mr_process_memory(-1), 0);
}
END_TEST

Suite *suite_stages_metrics(void);
Suite *suite_stages_metrics(void)
{
    Suite *s = suite_create("stages.metrics");
    TCase *c = tcase_create("metrics");
    tcase_add_test(c, labels_are_escaped);
    tcase_add_test(c, memory_of_a_process);
    suite_add_tcase(s, c);
    return s;
}
