/* The shipped topologies compile with the real operators and connectors, as they are. */
#include <check.h>
#include <dirent.h>
#include <stdlib.h>

#include "connectors/files/files.h"
#include "runtime/base/file.h"
#include "tests/topology/fake.h"
#include "topology/cases.h"

static const struct mr_source_type *const sources[] = {&mr_source_files, NULL};
static const struct mr_sink_type *const sinks[] = {&mr_sink_file, NULL};
static const struct mr_connectors connectors = {sources, sinks};

static void check_one(const char *path, const struct mr_registry *registry)
{
    struct mr_compile_options options = {.registry = registry, .connectors = &connectors};
    struct mr_compiled c;
    struct mr_buf text = {0};
    struct mr_error *e = mr_compile_file(path, &options, &c);
    ck_assert_msg(!e, "%s", mr_error_message(e));
    for (size_t i = 0; i < c.problem_count; i++)
        mr_problem_print(&c.problems[i], &text);
    ck_assert_msg(c.problem_count == 0, "%s", mr_buf_text(&text));
    ck_assert_ptr_nonnull(c.plan);
    text.len = 0;
    mr_cases_path(path, &text);
    struct mr_cases cases;
    e = mr_cases_read(mr_buf_text(&text), &cases);
    ck_assert_msg(!e, "%s", mr_error_message(e));
    ck_assert_msg(cases.problem_count == 0, "%s: %s", mr_buf_text(&text),
                  cases.problem_count ? cases.problems[0].fact.ptr : "");
    ck_assert_uint_ge(cases.count, 3);
    for (size_t i = 0; i < cases.count; i++)
        for (size_t k = 0; k < cases.cases[i].left_count; k++) {
            int stage = mr_plan_stage_find(c.plan, cases.cases[i].left[k].stage);
            ck_assert_msg(stage >= 0, "%s", cases.cases[i].left[k].stage.ptr);
            bool known = false;
            for (const struct mr_outcome *o = c.plan->stages[stage].op->outcomes; o && o->name; o++)
                known = known || mr_str_is(cases.cases[i].left[k].outcome, o->name);
            ck_assert_msg(known, "%s", cases.cases[i].left[k].outcome.ptr);
        }
    mr_cases_destroy(&cases);
    mr_compiled_destroy(&c);
    mr_buf_finish(&text);
}

START_TEST(shipped_topologies_compile_without_a_word)
{
    const char *root = getenv("MR_SOURCE");
    struct mr_registry *registry = NULL;
    struct mr_error *e = mr_registry_create(mr_operator_table, &registry);
    ck_assert_msg(!e, "%s", mr_error_message(e));
    struct mr_buf path = {0};
    mr_buf_printf(&path, "%s/topology/pipelines", root ? root : ".");
    size_t folder = path.len, count = 0;
    DIR *dir = opendir(mr_buf_text(&path));
    ck_assert_ptr_nonnull(dir);
    struct dirent *entry;
    while ((entry = readdir(dir))) {
        struct mr_str name = mr_str_of(entry->d_name);
        if (!mr_str_ends(name, MR_STR(".yaml")) || mr_str_ends(name, MR_STR(".cases.yaml")))
            continue;
        path.len = folder;
        mr_buf_printf(&path, "/%s", entry->d_name);
        check_one(mr_buf_text(&path), registry);
        count++;
    }
    closedir(dir);
    ck_assert_uint_ge(count, 2);
    mr_buf_finish(&path);
    mr_registry_destroy(registry);
}
END_TEST

Suite *suite_topology_shipped(void);
Suite *suite_topology_shipped(void)
{
    Suite *suite = suite_create("topology.shipped");
    TCase *t = tcase_create("shipped");
    tcase_add_test(t, shipped_topologies_compile_without_a_word);
    suite_add_tcase(suite, t);
    return suite;
}
