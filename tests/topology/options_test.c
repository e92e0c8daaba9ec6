/* What the caller of the compiler chooses: variables, environment, fusion, sampling, limits; and
 * the parts with an interface of their own: units, cases, JSON of a plan. */
#include <check.h>
#include <stdlib.h>
#include <unistd.h>

#include "runtime/base/file.h"
#include "runtime/row/json.h"
#include "tests/topology/fake.h"
#include "topology/cases.h"
#include "topology/topology_private.h"

static struct mr_registry *registry;

static void set_up(void)
{
    registry = fake_registry();
}

static void tear_down(void)
{
    mr_registry_destroy(registry);
}

static struct mr_compiled compile(const char *text, struct mr_compile_options options)
{
    struct mr_compiled out;
    options.registry = registry;
    options.connectors = &fake_connectors;
    struct mr_error *e = mr_compile_text(mr_str_of(text), "folder/a test.yaml", &options, &out);
    ck_assert_msg(!e, "%s", mr_error_message(e));
    return out;
}

static const char *first_fact(const struct mr_compiled *c)
{
    return c->problem_count ? c->problems[0].fact.ptr : "";
}

START_TEST(variables_come_from_sets_then_the_environment)
{
    static const char text[] = "source: {files: \"${MR_TEST_INPUT}\"}\nsink: {file: o}\n";
    ck_assert_int_eq(setenv("MR_TEST_INPUT", "from-environment", 1), 0);
    struct mr_compiled c = compile(text, (struct mr_compile_options){0});
    ck_assert_uint_eq(c.error_count, 1);
    ck_assert_int_eq(c.problems[0].code, MR_TOPOLOGY_VARIABLE);
    mr_compiled_destroy(&c);
    c = compile(text, (struct mr_compile_options){.use_environment = true});
    ck_assert_msg(c.plan != NULL, "%s", first_fact(&c));
    ck_assert(mr_str_is(c.plan->stages[0].settings[0].value, "[\"from-environment\"]"));
    mr_compiled_destroy(&c);
    struct mr_setting set = {MR_STR("MR_TEST_INPUT"), MR_STR("from-set"), false};
    c = compile(text, (struct mr_compile_options){.use_environment = true, .sets = &set,
                                                  .set_count = 1});
    ck_assert_msg(c.plan != NULL, "%s", first_fact(&c));
    ck_assert(mr_str_is(c.plan->stages[0].settings[0].value, "[\"from-set\"]"));
    mr_compiled_destroy(&c);
}
END_TEST

START_TEST(an_expanded_value_is_not_expanded_again)
{
    struct mr_setting set = {MR_STR("A"), MR_STR("${A}${B}"), false};
    struct mr_compiled c =
        compile("x-shared: &s {files: \"${A}\"}\nsource: *s\nsink: {file: o}\n",
                (struct mr_compile_options){.sets = &set, .set_count = 1});
    ck_assert_msg(c.plan != NULL, "%s", first_fact(&c));
    ck_assert(mr_str_is(c.plan->stages[0].settings[0].value, "[\"${A}${B}\"]"));
    mr_compiled_destroy(&c);
}
END_TEST

START_TEST(the_command_line_chooses_fusion_and_limit)
{
    static const char text[] = "fuse: auto\nsource: {files: a}\nstages:\n  - tests.keep_long\n"
                               "  - tests.score\nsink: {file: o}\n";
    struct mr_compiled c = compile(text, (struct mr_compile_options){.row_limit = 7});
    ck_assert_uint_eq(c.plan->group_count, 3);
    ck_assert_uint_eq(c.plan->row_limit, 7);
    ck_assert_uint_eq(c.plan->groups[1].stage_count, 2);
    struct mr_id fused = c.plan->hash, stage = c.plan->stages[2].fingerprint;
    mr_compiled_destroy(&c);
    c = compile(text, (struct mr_compile_options){.fuse = MR_FUSE_OFF});
    ck_assert_uint_eq(c.plan->group_count, 4);
    ck_assert(!mr_id_eq(&fused, &c.plan->hash));
    ck_assert(mr_id_eq(&stage, &c.plan->stages[2].fingerprint)); /* the same work */
    mr_compiled_destroy(&c);
}
END_TEST

START_TEST(without_a_look_nothing_is_said_of_keys)
{
    static const char text[] = "source: {files: a, rows: \"n:int\", open: no, sampled: 0}\n"
                               "stages:\n  - tests.keep_long\nsink: {file: o}\n";
    struct mr_compiled c = compile(text, (struct mr_compile_options){.sample = true});
    ck_assert_uint_eq(c.error_count, 1);
    ck_assert_int_eq(c.problems[0].code, MR_KEY_MISSING);
    mr_compiled_destroy(&c);
    c = compile(text, (struct mr_compile_options){0});
    ck_assert_uint_eq(c.problem_count, 0);
    ck_assert_ptr_nonnull(c.plan);
    mr_compiled_destroy(&c);
}
END_TEST

START_TEST(a_plan_is_the_same_wherever_it_is_compiled)
{
    static const char text[] = "source: {files: a}\nstages:\n  - tests.first\nsink: {file: o}\n";
    struct mr_compiled a = compile(text, (struct mr_compile_options){0}), b;
    struct mr_compile_options options = {.registry = registry, .connectors = &fake_connectors};
    ck_assert_ptr_null(mr_compile_text(mr_str_of(text), "/a test.yaml", &options, &b));
    ck_assert(mr_str_is(a.plan->name, "a-test"));
    ck_assert(mr_id_eq(&a.plan->hash, &b.plan->hash));
    ck_assert(b.plan->base_dir.len > 0 && b.plan->base_dir.ptr[0] == '/');
    mr_compiled_destroy(&a);
    mr_compiled_destroy(&b);
}
END_TEST

START_TEST(scale_changes_no_fingerprint_within_declared_partitions)
{
    static const char one[] = "source: {files: a}\nstages:\n"
                              "  - {use: tests.score, partitions: 4}\nsink: {file: o}\n";
    static const char three[] = "source: {files: a}\nstages:\n"
                                "  - {use: tests.score, partitions: 4, scale: 3}\nsink: {file: o}\n";
    struct mr_compiled a = compile(one, (struct mr_compile_options){0});
    struct mr_compiled b = compile(three, (struct mr_compile_options){0});
    ck_assert_uint_eq(b.plan->groups[1].scale, 3);
    /* Every process that the stage may be scaled to has its bell. */
    ck_assert_uint_eq(b.plan->groups[2].first_bell, b.plan->groups[1].first_bell + 4);
    ck_assert_uint_eq(a.plan->groups[2].first_bell, b.plan->groups[2].first_bell);
    ck_assert(mr_id_eq(&a.plan->hash, &b.plan->hash));
    mr_compiled_destroy(&a);
    mr_compiled_destroy(&b);
}
END_TEST

START_TEST(files_that_cannot_be_read_say_so)
{
    struct mr_compile_options options = {.registry = registry, .connectors = &fake_connectors};
    struct mr_compiled c;
    struct mr_error *e = mr_compile_file("no/such/file.yaml", &options, &c);
    ck_assert_int_eq(mr_error_code(e), MR_IO);
    mr_error_free(e);
    mr_compiled_destroy(&c);
    struct mr_buf big = {0};
    mr_buf_addz(&big, "# ");
    while (big.len <= SOURCE_MAX_BYTES)
        mr_buf_addz(&big, "................................................................");
    ck_assert_ptr_null(mr_compile_text(mr_buf_str(&big), "big.yaml", &options, &c));
    ck_assert_uint_eq(c.error_count, 1);
    ck_assert_int_eq(c.problems[0].code, MR_YAML_LIMIT);
    mr_compiled_destroy(&c);
    mr_buf_finish(&big);
}
END_TEST

START_TEST(a_plan_as_json_is_json)
{
    struct mr_compiled c = compile("source: {files: a, keys: {text: text}}\nstages:\n"
                                   "  - {use: tests.near, scale: 2}\nsink: {file: o}\n",
                                   (struct mr_compile_options){0});
    struct mr_json_out json = {0};
    struct mr_buf row = {0};
    struct mr_json_reader *reader = mr_json_reader_create();
    mr_plan_json(&c, &json);
    struct mr_error *e =
        mr_json_read_object(reader, mr_buf_str(&json.text), MR_UTF8_REJECT, &row);
    ck_assert_msg(!e, "%s", mr_error_message(e));
    ck_assert(mr_str_find(mr_buf_str(&json.text), MR_STR("\"id\":\"near.prepare\""), 0) != SIZE_MAX);
    ck_assert(mr_str_find(mr_buf_str(&json.text), MR_STR("\"order\":\"hold\""), 0) != SIZE_MAX);
    mr_json_reader_destroy(reader);
    mr_buf_finish(&json.text);
    mr_buf_finish(&row);
    mr_compiled_destroy(&c);
}
END_TEST

START_TEST(units_are_read_as_people_write_them)
{
    static const struct {
        const char *text;
        uint64_t bytes, ms; /* 0: refused */
    } rows[] = {{"64MB", 64000000, 0},       {"1.5 KiB", 1536, 0}, {"8 GiB", 8ull << 30, 0},
                {"12", 12, 0},               {"10s", 0, 10000},    {"500 ms", 0, 500},
                {"2h", 0, 7200000},          {"0.5d", 0, 43200000}, {"1.5", 0, 0},
                {"1e3", 0, 0},               {"-5MB", 0, 0},       {"MB", 0, 0},
                {"99999999999999TB", 0, 0},  {"", 0, 0},           {"1 m", 1000000, 60000}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint64_t bytes = 0, ms = 0;
        if (!mr_topology__bytes(mr_str_of(rows[i].text), &bytes))
            bytes = 0;
        if (!mr_topology__duration_ms(mr_str_of(rows[i].text), &ms))
            ms = 0;
        ck_assert_msg(bytes == rows[i].bytes, "%s: %llu bytes", rows[i].text,
                      (unsigned long long)bytes);
        ck_assert_msg(ms == rows[i].ms, "%s: %llu ms", rows[i].text, (unsigned long long)ms);
    }
}
END_TEST

START_TEST(cases_are_read)
{
    static const char text[] = "- name: one\n"
                               "  in: [{text: a, n: 1.50, big: 12345678901234567890, s: \"7\"}]\n"
                               "  out: |\n"
                               "    {\"text\": \"a\"}\n"
                               "\n"
                               "    {\"text\": null}\n"
                               "  outcomes: {long.too_short: 2}\n"
                               "- name: two\n"
                               "  in: {docs: [{t: ~, u: [true, x], v: {w: no}}], more: []}\n"
                               "  out: {o: []}\n"
                               "  order: any\n";
    struct mr_cases cases;
    ck_assert_ptr_null(mr_cases_parse(mr_str_of(text), "x.cases.yaml", &cases));
    ck_assert_msg(cases.error_count == 0, "%s", cases.problem_count ? cases.problems[0].fact.ptr : "");
    ck_assert_uint_eq(cases.count, 2);
    const struct mr_case *one = &cases.cases[0], *two = &cases.cases[1];
    ck_assert_str_eq(one->in[0].rows[0].ptr,
                     "{\"text\":\"a\",\"n\":1.50,\"big\":12345678901234567890,\"s\":\"7\"}");
    ck_assert_uint_eq(one->out[0].count, 2);
    ck_assert(mr_str_is(one->out[0].rows[1], "{\"text\": null}"));
    ck_assert(mr_str_is(one->left[0].stage, "long") && mr_str_is(one->left[0].outcome, "too_short"));
    ck_assert_uint_eq(one->left[0].count, 2);
    ck_assert(!one->any_order && two->any_order && !two->left_given);
    ck_assert_uint_eq(two->in_count, 2);
    ck_assert(mr_str_is(two->in[0].name, "docs"));
    ck_assert_str_eq(two->in[0].rows[0].ptr, "{\"t\":null,\"u\":[true,\"x\"],\"v\":{\"w\":\"no\"}}");
    ck_assert_uint_eq(two->out[0].count, 0);
    mr_cases_destroy(&cases);
}
END_TEST

START_TEST(bad_cases_are_all_named)
{
    static const char text[] = "- 5\n- {in: [x], out: 7x, outcomes: {a: 1, b.c: -1}, ot: 1}\n"
                               "- {name: n, in: null}\n- {name: m, in: \"{\\\"a\\\":}\", outcomes: []}\n";
    struct mr_cases cases;
    ck_assert_ptr_null(mr_cases_parse(mr_str_of(text), "x.cases.yaml", &cases));
    ck_assert_uint_eq(cases.error_count, 11);
    mr_cases_destroy(&cases);
    ck_assert_ptr_null(mr_cases_parse(MR_STR("a: b\n"), "x.cases.yaml", &cases));
    ck_assert_uint_eq(cases.error_count, 1);
    mr_cases_destroy(&cases);
    struct mr_buf path = {0};
    mr_cases_path("a.b/x.yaml", &path);
    ck_assert_str_eq(mr_buf_text(&path), "a.b/x.cases.yaml");
    path.len = 0;
    mr_cases_path("a.b/x", &path);
    ck_assert_str_eq(mr_buf_text(&path), "a.b/x.cases.yaml");
    mr_buf_finish(&path);
}
END_TEST

START_TEST(routes_are_part_of_fingerprints)
{
    static const char *const stages[] = {
        "  - {id: a, use: tests.keep_long, route: {x: n > 1}}\n",
        "  - {id: a, use: tests.keep_long, route: {x: n > 2}}\n",
        "  - {id: a, use: tests.keep_long, route: {x: n > 1}, scale: 2}\n"};
    struct mr_id fingerprint[3], reader[3];
    for (int i = 0; i < 3; i++) {
        struct mr_buf text = {0};
        mr_buf_printf(&text, "source: {files: a, keys: {text: text, n: int}}\nstages:\n%s"
                             "  - {id: b, use: tests.score, from: a.x}\nsinks: {o: {file: o, from: "
                             "[a, b]}}\n", stages[i]);
        struct mr_compiled c = compile(mr_buf_text(&text), (struct mr_compile_options){0});
        ck_assert_msg(c.plan != NULL, "%s", first_fact(&c));
        fingerprint[i] = c.plan->stages[mr_plan_stage_find(c.plan, MR_STR("a"))].fingerprint;
        reader[i] = c.plan->stages[mr_plan_stage_find(c.plan, MR_STR("b"))].fingerprint;
        mr_compiled_destroy(&c);
        mr_buf_finish(&text);
    }
    ck_assert(!mr_id_eq(&fingerprint[0], &fingerprint[1]));
    ck_assert(!mr_id_eq(&reader[0], &reader[1]));
    ck_assert(mr_id_eq(&fingerprint[0], &fingerprint[2]));
    ck_assert(mr_id_eq(&reader[0], &reader[2]));
}
END_TEST

START_TEST(key_checks_can_be_left_out)
{
    static const char text[] =
        "source: {files: a, keys: {text: text, n: int}}\nstages:\n  - tests.clean: {input_key: txt}\n"
        "  - tests.keep_long: {input_key: n, mni: 3}\nsink: o\n";
    struct mr_compiled c = compile(text, (struct mr_compile_options){.no_key_checks = true});
    ck_assert_uint_eq(c.error_count, 1);
    ck_assert_int_eq(c.problems[0].code, MR_OP_NAME_UNKNOWN);
    mr_compiled_destroy(&c);
    c = compile(text, (struct mr_compile_options){0});
    ck_assert_uint_eq(c.error_count, 2);
    mr_compiled_destroy(&c);
}
END_TEST

Suite *suite_topology_options(void);
Suite *suite_topology_options(void)
{
    Suite *suite = suite_create("topology.options");
    TCase *t = tcase_create("options");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, variables_come_from_sets_then_the_environment);
    tcase_add_test(t, an_expanded_value_is_not_expanded_again);
    tcase_add_test(t, the_command_line_chooses_fusion_and_limit);
    tcase_add_test(t, without_a_look_nothing_is_said_of_keys);
    tcase_add_test(t, a_plan_is_the_same_wherever_it_is_compiled);
    tcase_add_test(t, scale_changes_no_fingerprint_within_declared_partitions);
    tcase_add_test(t, files_that_cannot_be_read_say_so);
    tcase_add_test(t, a_plan_as_json_is_json);
    tcase_add_test(t, routes_are_part_of_fingerprints);
    tcase_add_test(t, key_checks_can_be_left_out);
    tcase_add_test(t, units_are_read_as_people_write_them);
    tcase_add_test(t, cases_are_read);
    tcase_add_test(t, bad_cases_are_all_named);
    suite_add_tcase(suite, t);
    return suite;
}
