/* Good topologies with the plan they give, bad ones with their messages: one pair of files each,
 * found by folder. A first comment `# set: NAME=VALUE` stands for --set. Run with MR_UPDATE=1 to
 * write the expected files anew, then read the difference. */
#include <check.h>
#include <dirent.h>
#include <stdlib.h>

#include "runtime/base/file.h"
#include "tests/topology/fake.h"

enum { SETS_MAX = 8, LEAST_GOOD = 60, LEAST_BAD = 120 };

static char *path_of(const char *folder, const char *name)
{
    const char *root = getenv("MR_SOURCE");
    struct mr_buf path = {0};
    mr_buf_printf(&path, "%s/tests/topology/%s/%s", root ? root : ".", folder, name);
    return (char *)mr_buf_text(&path);
}

static size_t take_sets(struct mr_str text, struct mr_setting *sets)
{
    static const struct mr_str mark = MR_STR_INIT("# set: ");
    size_t count = 0;
    while (mr_str_starts(text, mark) && count < SETS_MAX) {
        size_t end = mr_str_find(text, MR_STR("\n"), 0);
        size_t equals = mr_str_find(text, MR_STR("="), 0);
        ck_assert_uint_lt(equals, end);
        sets[count].name = mr_str_span(text.ptr + mark.len, equals - mark.len);
        sets[count].null = false;
        sets[count++].value = mr_str_span(text.ptr + equals + 1, end - equals - 1);
        text = mr_str_span(text.ptr + end + 1, text.len - end - 1);
    }
    return count;
}

static void expect(const char *folder, const char *name, const char *suffix, struct mr_str got)
{
    struct mr_buf file = {0}, want = {0};
    mr_buf_add(&file, name, strlen(name) - strlen(".yaml"));
    mr_buf_addz(&file, suffix);
    char *path = path_of(folder, mr_buf_text(&file));
    if (getenv("MR_UPDATE")) {
        struct mr_error *e = mr_file_replace(path, got, 0644);
        ck_assert_msg(!e, "%s", mr_error_message(e));
    }
    struct mr_error *e = mr_file_read(path, 0, &want);
    ck_assert_msg(!e, "%s", mr_error_message(e));
    ck_assert_msg(mr_str_eq(got, mr_buf_str(&want)), "%s/%s differs; got:\n%.*s", folder,
                  mr_buf_text(&file), MR_FMT(got));
    free(path);
    mr_buf_finish(&file);
    mr_buf_finish(&want);
}

static void run_one(const char *folder, const char *name, bool good, struct mr_registry *registry)
{
    char *path = path_of(folder, name);
    struct mr_buf text = {0}, got = {0};
    struct mr_setting sets[SETS_MAX];
    struct mr_error *e = mr_file_read(path, 0, &text);
    ck_assert_msg(!e, "%s", mr_error_message(e));
    struct mr_compile_options options = {.registry = registry, .connectors = &fake_connectors,
                                         .sets = sets, .sample = true};
    options.set_count = take_sets(mr_buf_str(&text), sets);
    struct mr_compiled compiled;
    e = mr_compile_text(mr_buf_str(&text), name, &options, &compiled);
    ck_assert_msg(!e, "%s", mr_error_message(e));
    for (size_t i = 0; i < compiled.problem_count; i++)
        mr_problem_print(&compiled.problems[i], &got);
    ck_assert_msg((compiled.error_count == 0) == good, "%s:\n%s", name, mr_buf_text(&got));
    ck_assert_int_eq(compiled.plan != NULL, good);
    mr_plan_print(&compiled, &got);
    expect(folder, name, good ? ".plan" : ".expect", mr_buf_str(&got));
    if (good) { /* what a stage process gets is what was compiled */
        struct mr_buf bytes = {0};
        struct mr_plan *back;
        mr_plan_encode(compiled.plan, &bytes);
        e = mr_plan_decode(mr_buf_str(&bytes), registry, &fake_connectors, compiled.arena, &back);
        ck_assert_msg(!e, "%s: %s", name, mr_error_message(e));
        ck_assert(mr_id_eq(&back->hash, &compiled.plan->hash));
        mr_buf_finish(&bytes);
    }
    mr_compiled_destroy(&compiled);
    mr_buf_finish(&text);
    mr_buf_finish(&got);
    free(path);
}

static void run_folder(const char *folder, bool good, size_t least)
{
    char *path = path_of(folder, ".");
    struct mr_registry *registry = fake_registry();
    DIR *dir = opendir(path);
    ck_assert_msg(dir != NULL, "%s", path);
    struct dirent *entry;
    size_t count = 0;
    while ((entry = readdir(dir)))
        if (mr_str_ends(mr_str_of(entry->d_name), MR_STR(".yaml"))) {
            run_one(folder, entry->d_name, good, registry);
            count++;
        }
    closedir(dir);
    mr_registry_destroy(registry);
    free(path);
    ck_assert_uint_ge(count, least);
}

START_TEST(good_topologies_give_their_plan)
{
    run_folder("good", true, LEAST_GOOD);
}
END_TEST

START_TEST(bad_topologies_give_their_messages)
{
    run_folder("bad", false, LEAST_BAD);
}
END_TEST

Suite *suite_topology_programs(void);
Suite *suite_topology_programs(void)
{
    Suite *suite = suite_create("topology.programs");
    TCase *t = tcase_create("programs");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, good_topologies_give_their_plan);
    tcase_add_test(t, bad_topologies_give_their_messages);
    suite_add_tcase(suite, t);
    return suite;
}
