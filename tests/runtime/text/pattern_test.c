/* Regular expressions: places of faults, groups, Unicode, limits. */
#include "runtime/text/pattern.h"

#include <check.h>

static struct mr_arena *arena;
static struct mr_pattern_run *run;

static void setup(void)
{
    arena = mr_arena_create(0);
    run = mr_pattern_run_create();
}

static void teardown(void)
{
    mr_pattern_run_destroy(run);
    mr_arena_destroy(arena);
}

static struct mr_pattern *compiled(const char *text)
{
    struct mr_pattern *pattern;
    struct mr_error *e = mr_pattern_compile(mr_str_of(text), arena, &pattern, NULL);
    ck_assert_msg(!e, "%s: %s", text, mr_error_message(e));
    return pattern;
}

START_TEST(finds_anywhere_by_code_points)
{
    struct mr_str found;
    const struct mr_pattern *p = compiled("(\\w+)@(\\w+)|(nothing)");
    ck_assert_uint_eq(mr_pattern_groups(p), 3);
    struct mr_str text = MR_STR("to \xc3\xa9t\xc3\xa9@ici now");
    ck_assert_int_eq(mr_pattern_find(p, run, text, 1, &found), MR_MATCH_YES);
    ck_assert(mr_str_is(found, "\xc3\xa9t\xc3\xa9"));
    ck_assert_int_eq(mr_pattern_find(p, run, text, 3, &found), MR_MATCH_YES);
    ck_assert_ptr_null(found.ptr);
    ck_assert_int_eq(mr_pattern_find(p, run, (struct mr_str){0}, 0, NULL), MR_MATCH_NO);
    ck_assert_int_eq(mr_pattern_find(compiled("^.$"), run, MR_STR("\xf0\x9f\x98\x80"), 0, NULL),
                     MR_MATCH_YES);
    ck_assert_int_eq(mr_pattern_find(compiled("^$"), run, (struct mr_str){0}, 0, &found),
                     MR_MATCH_YES);
}
END_TEST

START_TEST(faults_have_places)
{
    struct mr_pattern *pattern;
    size_t at = 99;
    struct mr_error *e = mr_pattern_compile(MR_STR("ab(c"), arena, &pattern, &at);
    ck_assert_int_eq(mr_error_code(e), MR_EXPR_PATTERN);
    ck_assert_uint_eq(at, 4);
    mr_error_free(e);
    e = mr_pattern_compile(MR_STR("a\\Cb"), arena, &pattern, &at);
    ck_assert_int_eq(mr_error_code(e), MR_EXPR_PATTERN);
    mr_error_free(e);
}
END_TEST

START_TEST(too_many_groups_are_refused)
{
    struct mr_buf text = {0};
    struct mr_pattern *pattern;
    for (int i = 0; i <= MR_PATTERN_GROUPS_MAX; i++)
        mr_buf_addz(&text, "(a)");
    struct mr_error *e = mr_pattern_compile(mr_buf_str(&text), arena, &pattern, NULL);
    ck_assert_ptr_nonnull(strstr(mr_error_message(e), "groups"));
    mr_error_free(e);
    mr_buf_finish(&text);
}
END_TEST

START_TEST(gives_up_instead_of_going_on_for_ever)
{
    struct mr_buf text = {0};
    for (int i = 0; i < 60; i++)
        mr_buf_addc(&text, 'x');
    mr_buf_addz(&text, "!y");
    ck_assert_int_eq(mr_pattern_find(compiled("^(x+x+)+y$"), run, mr_buf_str(&text), 0, NULL),
                     MR_MATCH_GAVE_UP);
    mr_buf_finish(&text);
}
END_TEST

Suite *suite_runtime_text_pattern(void);
Suite *suite_runtime_text_pattern(void)
{
    Suite *suite = suite_create("runtime.text.pattern");
    TCase *tc = tcase_create("pattern");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, finds_anywhere_by_code_points);
    tcase_add_test(tc, faults_have_places);
    tcase_add_test(tc, too_many_groups_are_refused);
    tcase_add_test(tc, gives_up_instead_of_going_on_for_ever);
    suite_add_tcase(suite, tc);
    return suite;
}
