/* The JSON Schema of topologies: takes every good topology of this folder, refuses what it can
 * tell. */
#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "runtime/base/file.h"
#include "tests/topology/fake.h"
#include "topology/json_schema.h"

/* Files of bad/ whose fault does not need the graph, the rows or an operator's own check. */
static const char *const refused[] = {
    "connector-parameter", "connector-unknown", "dead-ends",
    "declared-keys",       "declared-types",    "from-empty",
    "id-shapes",           "key-is-list",       "keys-not-a-map",
    "longest-row",         "many-at-once",      "mode-wrong",
    "name-wrong",          "nested-key",        "no-source-no-sink",
    "not-a-map",           "operator-case",     "operator-several",
    "operator-unknown",    "order-wrong",       "outputs",
    "parameter-choice",    "parameter-in-keys", "parameter-list",
    "parameter-missing",   "parameter-null",    "parameter-number",
    "parameter-of-other",  "parameter-range",   "parameter-type",
    "parameter-unit",      "parameter-unknown", "role-in-with",
    "role-list-for-one",   "role-map",          "role-missing",
    "role-of-other",       "role-unbound-null", "role-values",
    "route-names",         "route-shapes",      "scale-of-sink",
    "servings-shape",      "servings-values",   "setting-unknown",
    "setting-values",      "short-form-text",   "short-form-with-settings",
    "sink-list",           "sink-missing",      "sink-takes-no-keys",
    "sizes-wrong",         "source-missing",    "source-null",
    "sources-not-a-map",   "stage-shapes",      "stages-not-a-list",
    "unknown-top",         "use-is-list",       "window-shapes",
};

static void add_folder(const char *root, const char *folder, struct mr_buf *command)
{
    struct mr_buf path = {0};
    struct dirent *entry;
    mr_buf_printf(&path, "%s/%s", root, folder);
    DIR *dir = opendir(mr_buf_text(&path));
    ck_assert_msg(dir != NULL, "%s", mr_buf_text(&path));
    while ((entry = readdir(dir)))
        if (mr_str_ends(mr_str_of(entry->d_name), MR_STR(".yaml")))
            mr_buf_printf(command, " '%s/%s'", mr_buf_text(&path), entry->d_name);
    closedir(dir);
    mr_buf_finish(&path);
}

START_TEST(good_ones_are_taken_bad_ones_refused)
{
    const char *root = getenv("MR_SOURCE"), *tmp = getenv("TMPDIR");
    ck_assert_ptr_nonnull(root);
    char dir[4096];
    snprintf(dir, sizeof dir, "%s/millrace-schema.XXXXXX", tmp && *tmp ? tmp : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    struct mr_registry *registry = fake_registry();
    struct mr_json_out schema = {0};
    struct mr_buf path = {0}, command = {0};
    mr_topology_schema(registry, &fake_connectors, &schema);
    mr_buf_printf(&path, "%s/schema.json", dir);
    ck_assert_ptr_null(mr_file_replace(mr_buf_text(&path), mr_buf_str(&schema.text), 0600));
    mr_buf_printf(&command, "'%s/tests/editor/run.sh' validate.js '%s' --accept", root,
                  mr_buf_text(&path));
    add_folder(root, "tests/topology/good", &command);
    mr_buf_addz(&command, " --refuse");
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        mr_buf_printf(&command, " '%s/tests/topology/bad/%s.yaml'", root, refused[i]);
    mr_buf_addz(&command, " >&2");
    ck_assert_int_eq(system(mr_buf_text(&command)), 0);
    ck_assert_ptr_null(mr_dir_remove(dir));
    mr_registry_destroy(registry);
    mr_buf_finish(&schema.text);
    mr_buf_finish(&path);
    mr_buf_finish(&command);
}
END_TEST

Suite *suite_topology_json_schema(void);
Suite *suite_topology_json_schema(void)
{
    Suite *suite = suite_create("topology.json_schema");
    TCase *t = tcase_create("schema");
    tcase_set_timeout(t, 300); /* the first run fetches packages */
    tcase_add_test(t, good_ones_are_taken_bad_ones_refused);
    suite_add_tcase(suite, t);
    return suite;
}
