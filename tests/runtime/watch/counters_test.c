/* The counter table is fit for all who print from it; the page survives its process, and only one
 * of this version is read. */
#include <check.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/base/file.h"
#include "runtime/watch/counters.h"

static char dir[256], path[300];

static void setup(void)
{
    const char *tmp = getenv("TMPDIR");
    snprintf(dir, sizeof dir, "%s/millrace-watch.XXXXXX", tmp && *tmp ? tmp : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/page", dir);
}

static void teardown(void)
{
    ck_assert_ptr_null(mr_dir_remove(dir));
}

START_TEST(the_table_is_fit_for_tables_json_and_metrics)
{
    regex_t name;
    ck_assert_int_eq(regcomp(&name, "^[a-z]+(_[a-z]+)*$", REG_EXTENDED | REG_NOSUB), 0);
    for (int i = 0; i < MR_COUNTERS; i++) {
        const struct mr_counter_row *row = &mr_counter_table[i];
        ck_assert_int_eq(regexec(&name, row->name, 0, NULL, 0), 0);
        ck_assert_int_eq(regexec(&name, row->metric, 0, NULL, 0), 0);
        ck_assert_int_eq(row->doc[strlen(row->doc) - 1], '.');
        for (int k = 0; k < i; k++) {
            ck_assert_str_ne(row->name, mr_counter_table[k].name);
            ck_assert_str_ne(row->metric, mr_counter_table[k].metric);
        }
    }
    regfree(&name);
    ck_assert(mr_counter_table[MR_C_LAG_BYTES].gauge);
    ck_assert(!mr_counter_table[MR_C_IN].gauge);
}
END_TEST

START_TEST(commit_buckets_grow)
{
    for (int i = 1; i < MR_PAGE_COMMIT_BUCKETS - 1; i++)
        ck_assert_uint_gt(mr_commit_bucket_us[i], mr_commit_bucket_us[i - 1]);
}
END_TEST

START_TEST(a_page_outlives_its_process)
{
    struct mr_page *page, *seen;
    ck_assert_ptr_null(mr_page_create(path, &page));
    atomic_store(&page->scale, 4);
    atomic_store(&page->task[MR_PAGE_TASKS - 1].lag_bytes, 77);
    mr_page_close(page);
    ck_assert_ptr_null(mr_page_open(path, &seen));
    ck_assert_uint_eq(atomic_load(&seen->scale), 4);
    ck_assert_uint_eq(atomic_load(&seen->task[MR_PAGE_TASKS - 1].lag_bytes), 77);
    /* A new process makes a new page; whoever looks at the old one still can. */
    ck_assert_ptr_null(mr_page_create(path, &page));
    ck_assert_uint_eq(atomic_load(&page->scale), 0);
    ck_assert_uint_eq(atomic_load(&seen->scale), 4);
    mr_page_close(page);
    mr_page_close(seen);
}
END_TEST

START_TEST(another_version_is_refused)
{
    struct mr_page *page;
    ck_assert_ptr_null(mr_page_create(path, &page));
    atomic_store(&page->version, MR_PAGE_VERSION - 1);
    mr_page_close(page);
    struct mr_error *e = mr_page_open(path, &page);
    ck_assert_int_eq(mr_error_code(e), MR_LOG_VERSION);
    mr_error_free(e);
}
END_TEST

Suite *suite_runtime_watch_counters(void);
Suite *suite_runtime_watch_counters(void)
{
    Suite *s = suite_create("runtime.watch.counters");
    TCase *c = tcase_create("counters");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, the_table_is_fit_for_tables_json_and_metrics);
    tcase_add_test(c, commit_buckets_grow);
    tcase_add_test(c, a_page_outlives_its_process);
    tcase_add_test(c, another_version_is_refused);
    suite_add_tcase(s, c);
    return s;
}
