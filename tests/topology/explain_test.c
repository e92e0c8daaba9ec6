/* Codes explained: every one has a sentence and a remedy, those of topologies an example that shows
 * just that code and a mended twin that does not; the reference page is the generated one. */
#include <check.h>
#include <stdlib.h>

#include "connectors/files/files.h"
#include "runtime/base/file.h"
#include "runtime/op/registry.h"
#include "topology/cases.h"
#include "topology/compile.h"
#include "topology/explain.h"

enum { OPERATORS_MAX = 512 };

/* What the examples of stages that ask a model use, until such operators are shipped. */
static const struct mr_key judge_keys[] = {
    {.name = "input_key", .access = MR_READ, .types = MR_TEXT, .doc = "Text.", .def = "text"}, {0}};
static const struct mr_slot judge_slots[] = {
    {.name = "judge", .prompt = "examples/judge", .doc = "A question."}, {0}};
static struct mr_error *nothing(struct mr_ctx *ctx, struct mr_row *row)
{
    (void)ctx, (void)row;
    return NULL;
}
static struct mr_error *nothing_said(struct mr_ctx *ctx, struct mr_row *row, struct mr_str text)
{
    (void)ctx, (void)row, (void)text;
    return NULL;
}
static const struct mr_op judge = {.name = "example.judge",
                                   .doc = "Asks a model.",
                                   .keys = judge_keys,
                                   .slots = judge_slots,
                                   .process = nothing,
                                   .reply = nothing_said};

static struct mr_registry *registry;
static struct mr_arena *arena;

static void set_up(void)
{
    static struct mr_registry_row rows[OPERATORS_MAX];
    size_t count = 0;
    for (const struct mr_registry_row *r = mr_operator_table; r->op; r++) {
        ck_assert_uint_lt(count + 2, OPERATORS_MAX);
        rows[count++] = *r;
    }
    rows[count++] = (struct mr_registry_row){"example.judge", &judge};
    rows[count] = (struct mr_registry_row){0};
    struct mr_error *e = mr_registry_create(rows, &registry);
    ck_assert_msg(!e, "%s", mr_error_message(e));
    arena = mr_arena_create(0);
}

static void tear_down(void)
{
    mr_registry_destroy(registry);
    mr_arena_destroy(arena);
}

static bool listed(const struct mr_problem *problems, size_t count, enum mr_code code,
                   struct mr_buf *all)
{
    bool found = false;
    all->len = 0;
    for (size_t i = 0; i < count; i++) {
        mr_problem_print(&problems[i], all);
        found = found || problems[i].code == code;
    }
    mr_buf_text(all);
    return found;
}

static bool shows(const struct mr_explanation *e, struct mr_str text, struct mr_buf *all)
{
    static const struct mr_source_type *const sources[] = {&mr_source_files, NULL};
    static const struct mr_sink_type *const sinks[] = {&mr_sink_file, NULL};
    static const struct mr_connectors connectors = {sources, sinks};
    if (mr_str_is(e->how, "of: cases")) {
        struct mr_cases cases;
        struct mr_error *failed = mr_cases_parse(text, "x.cases.yaml", &cases);
        ck_assert_msg(!failed, "%s", mr_error_message(failed));
        bool found = listed(cases.problems, cases.problem_count, e->code, all);
        mr_cases_destroy(&cases);
        return found;
    }
    struct mr_setting set = {0};
    struct mr_compile_options options = {.registry = registry, .connectors = &connectors};
    size_t equals = mr_str_find(e->how, MR_STR("="), 0);
    if (mr_str_starts(e->how, MR_STR("with: ")) && equals != SIZE_MAX) {
        set.name = mr_str_span(e->how.ptr + 6, equals - 6);
        set.value = mr_str_span(e->how.ptr + equals + 1, e->how.len - equals - 1);
        options.sets = &set;
        options.set_count = 1;
    }
    options.sample = mr_str_is(e->how, "with: a look at the files");
    struct mr_compiled c;
    struct mr_error *failed = mr_compile_text(text, "x.yaml", &options, &c);
    ck_assert_msg(!failed, "%s", mr_error_message(failed));
    bool found = listed(c.problems, c.problem_count, e->code, all);
    mr_compiled_destroy(&c);
    return found;
}

START_TEST(every_code_has_a_remedy_and_those_of_topologies_an_example)
{
    struct mr_buf faults = {0}, all = {0};
    size_t examples = 0;
    for (size_t i = 0; i < mr_explain_count(); i++) {
        struct mr_explanation e;
        mr_explain_at(i, arena, &e);
        ck_assert_msg(*e.sentence && *e.remedy, "MR%04d", (int)e.code);
        bool topology = (int)e.code / 100 == 20 || (int)e.code / 100 == 22;
        if (topology && (!e.wrong.len || !e.right.len || !e.cause.len))
            mr_buf_printf(&faults, "MR%04d has no example in topology/explain/\n", (int)e.code);
        if (!e.wrong.len || mr_str_starts(e.how, MR_STR("when: ")))
            continue;
        examples++;
        if (!shows(&e, e.wrong, &all))
            mr_buf_printf(&faults, "MR%04d: the wrong example does not show it:\n%s\n", (int)e.code,
                          mr_buf_text(&all));
        if (shows(&e, e.right, &all))
            mr_buf_printf(&faults, "MR%04d: the right example shows it:\n%s\n", (int)e.code,
                          mr_buf_text(&all));
        if (all.len && e.code != MR_MODEL_STAGE && !mr_str_starts(e.how, MR_STR("with: ")) &&
            mr_str_find(mr_buf_str(&all), MR_STR("MR2054"), 0) == SIZE_MAX)
            mr_buf_printf(&faults, "MR%04d: the right example has problems:\n%s\n", (int)e.code,
                          mr_buf_text(&all));
    }
    ck_assert_msg(!faults.len, "%s", mr_buf_text(&faults));
    ck_assert_uint_ge(examples, 50);
    mr_buf_finish(&faults);
    mr_buf_finish(&all);
}
END_TEST

START_TEST(codes_are_found_however_they_are_written)
{
    size_t at = mr_explain_find(MR_STR("MR2041")), near[3];
    struct mr_explanation e;
    ck_assert_uint_ne(at, SIZE_MAX);
    ck_assert_uint_eq(mr_explain_find(MR_STR("mr2041")), at);
    ck_assert_uint_eq(mr_explain_find(MR_STR("2041")), at);
    static const char *const none[] = {"",       "MR",    "MR0",    "0",
                                       "MR2039", "-2041", "window", "MR2041x"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        ck_assert_msg(mr_explain_find(mr_str_of(none[i])) == SIZE_MAX, "%s", none[i]);
    ck_assert_uint_eq(mr_explain_near(MR_STR("MR2039"), near, 3), 3);
    mr_explain_at(near[0], arena, &e);
    ck_assert_int_eq(e.code, 2040);
    mr_explain_at(near[1], arena, &e);
    ck_assert_int_eq(e.code, 2037);
    ck_assert_uint_eq(mr_explain_near(MR_STR("window"), near, 3), 0);
    struct mr_buf text = {0};
    mr_explain_at(at, arena, &e);
    mr_explain_print(&e, &text);
    ck_assert(mr_str_find(mr_buf_str(&text), MR_STR("MR2041: A window"), 0) == 0);
    ck_assert(mr_str_find(mr_buf_str(&text), MR_STR("\nRemedy: Remove `window:`."), 0) != SIZE_MAX);
    mr_buf_finish(&text);
}
END_TEST

START_TEST(the_printed_examples_are_whole)
{
    struct mr_buf text = {0}, faults = {0};
    for (size_t i = 0; i < mr_explain_count(); i++) {
        struct mr_explanation e;
        mr_explain_at(i, arena, &e);
        text.len = 0;
        mr_explain_print(&e, &text);
        for (size_t at = 0; at < e.wrong.len;) {
            size_t end = mr_str_find(e.wrong, MR_STR("\n"), at);
            end = end == SIZE_MAX ? e.wrong.len : end;
            if (mr_str_find(mr_buf_str(&text), mr_str_span(e.wrong.ptr + at, end - at), 0) ==
                SIZE_MAX)
                mr_buf_printf(&faults, "MR%04d: \"%.*s\" is not printed\n", (int)e.code,
                              (int)(end - at), e.wrong.ptr + at);
            at = end + 1;
        }
    }
    ck_assert_msg(!faults.len, "%s", mr_buf_text(&faults));
    mr_buf_finish(&text);
    mr_buf_finish(&faults);
}
END_TEST

START_TEST(the_reference_page_is_what_the_tables_say)
{
    const char *root = getenv("MR_SOURCE");
    struct mr_buf path = {0}, page = {0}, file = {0};
    mr_buf_printf(&path, "%s/topology/ERRORS.md", root ? root : ".");
    mr_explain_page(&page);
    struct mr_error *e = NULL;
    if (getenv("MR_UPDATE"))
        e = mr_file_replace(mr_buf_text(&path), mr_buf_str(&page), 0644);
    if (!e)
        e = mr_file_read(mr_buf_text(&path), 0, &file);
    ck_assert_msg(!e, "%s", mr_error_message(e));
    ck_assert_msg(mr_str_eq(mr_buf_str(&page), mr_buf_str(&file)),
                  "write it anew: millrace explain --markdown > topology/ERRORS.md");
    mr_buf_finish(&path);
    mr_buf_finish(&page);
    mr_buf_finish(&file);
}
END_TEST

Suite *suite_topology_explain(void);
Suite *suite_topology_explain(void)
{
    Suite *suite = suite_create("topology.explain");
    TCase *t = tcase_create("explain");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, every_code_has_a_remedy_and_those_of_topologies_an_example);
    tcase_add_test(t, codes_are_found_however_they_are_written);
    tcase_add_test(t, the_printed_examples_are_whole);
    tcase_add_test(t, the_reference_page_is_what_the_tables_say);
    suite_add_tcase(suite, t);
    return suite;
}
