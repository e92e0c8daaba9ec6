/* Where rows of several readers go: one without the key that chooses the partition, too. */
#include <check.h>
#include <stdlib.h>

#include "tests/runtime/flow/fixture.h"

/* The topic that a stage's first output writes. */
static struct mr_plan_topic *out_of(struct fixture *f, int stage)
{
    return &f->plan->topics[f->plan->stages[stage].outputs[0].topic];
}

/* Whoever reads by a key that is missing decides about the row; others of the same rows have it
 * whatever the number of partitions is. */
START_TEST(a_row_without_the_key_reaches_its_reader)
{
    struct fixture_options o = {.rows = 300, .partitions = 3, .scale = 1};
    struct fixture f;
    fixture_make(&f, &o);
    struct mr_str absent = MR_STR("absent");
    out_of(&f, 0)->key = &absent;
    out_of(&f, 0)->key_count = 1;
    fixture_run(&f, 1, 0, 1);
    fixture_assert_balance(&f);
    uint64_t unreadable = 300 / 97;
    ck_assert_uint_eq(fixture_counter(&f, "numbers", MR_C_REJECTED), unreadable);
    ck_assert_uint_eq(fixture_counter(&f, "odd-out", MR_C_IN), 300 - unreadable);
    fixture_remove(&f);
}
END_TEST

Suite *suite_runtime_flow_outputs(void);

Suite *suite_runtime_flow_outputs(void)
{
    Suite *s = suite_create("runtime.flow.outputs");
    TCase *c = tcase_create("keys");
    tcase_set_timeout(c, 120);
    tcase_add_test(c, a_row_without_the_key_reaches_its_reader);
    suite_add_tcase(s, c);
    return s;
}
