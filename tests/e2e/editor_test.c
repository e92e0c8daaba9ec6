/* What an editor gets: a real YAML language server completes and checks topologies by `schema`. */
#include <check.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/e2e/program.h"

static struct program p;

static void setup(void)
{
    program_open(&p);
    ck_assert_int_eq(RUN(&p, "schema"), 0);
    program_write(&p, "topology.schema.json", p.out);
}

static void teardown(void)
{
    program_close(&p);
}

/* Runs a script of tests/editor in the program's folder. */
static int node(const char *words)
{
    struct mr_buf command = {0};
    mr_buf_printf(&command, "cd '%s' && '%s/tests/editor/run.sh' %s >&2", p.dir,
                  getenv("MR_SOURCE"), words);
    int status = system(mr_buf_text(&command));
    mr_buf_finish(&command);
    return status;
}

START_TEST(test_language_server)
{
    ck_assert_int_eq(node("language_server.js topology.schema.json"), 0);
}
END_TEST

START_TEST(test_shipped_topologies_fit)
{
    glob_t found;
    struct mr_buf pattern = {0}, words = {0};
    mr_buf_printf(&pattern, "%s/topology/pipelines/*.yaml", getenv("MR_SOURCE"));
    ck_assert_int_eq(glob(mr_buf_text(&pattern), 0, NULL, &found), 0);
    mr_buf_addz(&words, "validate.js topology.schema.json --accept");
    for (size_t i = 0; i < found.gl_pathc; i++)
        if (!mr_str_ends(mr_str_of(found.gl_pathv[i]), MR_STR(".cases.yaml")))
            mr_buf_printf(&words, " '%s'", found.gl_pathv[i]);
    ck_assert_int_eq(node(mr_buf_text(&words)), 0);
    globfree(&found);
    mr_buf_finish(&pattern);
    mr_buf_finish(&words);
}
END_TEST

Suite *suite_e2e_editor(void);
Suite *suite_e2e_editor(void)
{
    Suite *s = suite_create("e2e.editor");
    TCase *c = tcase_create("editor");
    tcase_set_timeout(c, 300); /* the first run fetches packages */
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, test_language_server);
    tcase_add_test(c, test_shipped_topologies_fit);
    suite_add_tcase(s, c);
    return s;
}
