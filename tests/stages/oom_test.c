/* The kernel's count of kills for want of memory, in both places where it stands. */
#include <check.h>

#include "stages/supervise/inside.h"

START_TEST(the_count_is_found)
{
    uint64_t count = 0;
    ck_assert(oom_parse(MR_STR("low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 0\n"), &count));
    ck_assert_uint_eq(count, 2);
    ck_assert(oom_parse(MR_STR("nr_free_pages 5\noom_kill 41"), &count));
    ck_assert_uint_eq(count, 41);
}
END_TEST

START_TEST(other_texts_have_none)
{
    uint64_t count = 7;
    ck_assert(!oom_parse(MR_STR(""), &count));
    ck_assert(!oom_parse(MR_STR("oom 3\n"), &count));
    ck_assert(!oom_parse(MR_STR("oom_kill many\n"), &count));
    ck_assert_uint_eq(count, 7);
}
END_TEST

Suite *suite_stages_oom(void);

Suite *suite_stages_oom(void)
{
    Suite *s = suite_create("stages.oom");
    TCase *c = tcase_create("parse");
    tcase_add_test(c, the_count_is_found);
    tcase_add_test(c, other_texts_have_none);
    suite_add_tcase(s, c);
    return s;
}
