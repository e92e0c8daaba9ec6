/* Clocks: units agree, monotonic time never goes back, work costs processor time. */
#include "runtime/base/clock.h"

#include <check.h>

START_TEST(clocks_agree)
{
    uint64_t before = mr_now_ns(), ms = mr_now_ms(), after = mr_now_ns();
    ck_assert_uint_le(before, after);
    ck_assert_uint_le(before / 1000000u, ms);
    ck_assert_uint_le(ms, after / 1000000u);
    ck_assert_uint_gt(mr_wall_ms(), 1600000000000u);
    uint64_t cpu = mr_cpu_ns();
    volatile unsigned work = 0;
    while (mr_cpu_ns() == cpu)
        work = work + 1;
    ck_assert_uint_gt(mr_cpu_ns(), cpu);
}
END_TEST

Suite *suite_runtime_base_clock(void);
Suite *suite_runtime_base_clock(void)
{
    Suite *suite = suite_create("runtime.base.clock");
    TCase *tc = tcase_create("clock");
    tcase_add_test(tc, clocks_agree);
    suite_add_tcase(suite, tc);
    return suite;
}
