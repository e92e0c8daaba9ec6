/* Tests of the registry: faults of descriptions are found, names lead to operators. */
#include <check.h>

#include "runtime/op/registry.h"

Suite *suite_runtime_op_registry(void);

static struct mr_error *process(struct mr_ctx *ctx, struct mr_row *row)
{
    (void)ctx;
    (void)row;
    return NULL;
}

struct params {
    int64_t n;
    bool flag;
};

static const struct mr_key good_keys[] = {
    {.name = "input_key", .access = MR_READ, .types = MR_TEXT, .doc = "Text."}, {0}};
static const struct mr_param good_params[] = {
    {MR_FIELD(struct params, n), .def = "3", .min = "1", .doc = "A number."}, {0}};

static struct mr_op good(const char *name, const char *aliases)
{
    return (struct mr_op){.name = name, .aliases = aliases, .doc = "Does something.",
                          .keys = good_keys, .params = good_params,
                          .params_size = sizeof(struct params), .process = process};
}

static struct mr_registry *registry_of(const struct mr_registry_row *rows)
{
    struct mr_registry *r = NULL;
    struct mr_error *e = mr_registry_create(rows, &r);
    ck_assert_msg(!e, "%s", mr_error_message(e));
    return r;
}

static void faulty(const char *path, const struct mr_op *op, const char *message)
{
    struct mr_registry_row rows[] = {{path, op}, {0, 0}};
    struct mr_registry *r = NULL;
    struct mr_error *e = mr_registry_create(rows, &r);
    ck_assert_msg(e != NULL, "should be a fault: %s", message);
    ck_assert_int_eq(mr_error_code(e), MR_OP_DESCRIPTOR);
    ck_assert_msg(strstr(mr_error_message(e), message) != NULL, "%s", mr_error_message(e));
    ck_assert_ptr_null(r);
    mr_error_free(e);
}

START_TEST(names_and_near_names)
{
    struct mr_op b = good("text.lower", "LowerRefiner"), a = good("rows.drop", NULL);
    struct mr_op c = good("lists.drop", NULL);
    struct mr_registry_row rows[] = {
        {"text.lower", &b}, {"rows.drop", &a}, {"lists.drop", &c}, {0, 0}};
    struct mr_registry *r = registry_of(rows);
    ck_assert_uint_eq(mr_registry_count(r), 3);
    ck_assert_str_eq(mr_registry_at(r, 0)->name, "lists.drop");
    ck_assert_ptr_null(mr_registry_at(r, 3));
    ck_assert_ptr_eq(mr_registry_find(r, MR_STR("text.lower")), &b);
    ck_assert_ptr_eq(mr_registry_find(r, MR_STR("LowerRefiner")), &b);
    ck_assert_ptr_eq(mr_registry_find(r, MR_STR("lower")), &b);
    ck_assert_ptr_null(mr_registry_find(r, MR_STR("drop")));
    ck_assert_ptr_null(mr_registry_find(r, MR_STR("")));
    struct mr_str near[2];
    ck_assert_uint_eq(mr_registry_near(r, MR_STR("LowerRefinr"), near, 2), 1);
    ck_assert(mr_str_is(near[0], "LowerRefiner"));
    ck_assert_uint_eq(mr_registry_near(r, MR_STR("drp"), near, 2), 2);
    ck_assert_uint_eq(mr_registry_near(r, MR_STR("something_else_entirely"), near, 2), 0);
    mr_registry_destroy(r);
}
END_TEST

START_TEST(faults_of_names)
{
    struct mr_op op = good("text.lower", NULL);
    faulty("text.upper", &op, "differs from its path");
    op = good("Text.lower", NULL);
    faulty("Text.lower", &op, "bad name");
    op = good("text.lower", NULL);
    op.doc = "No full stop";
    faulty("text.lower", &op, "no sentence");
    struct mr_op a = good("text.a", "Same"), b = good("text.b", "Other Same");
    struct mr_registry_row rows[] = {{"text.a", &a}, {"text.b", &b}, {0, 0}};
    struct mr_registry *r = NULL;
    struct mr_error *e = mr_registry_create(rows, &r);
    ck_assert_msg(e && strstr(mr_error_message(e), "alias is taken"), "%s", mr_error_message(e));
    mr_error_free(e);
}
END_TEST

START_TEST(faults_of_parameters)
{
    static const struct mr_param rows[][3] = {
        {{MR_FIELD(struct params, n), .def = "0", .min = "1", .doc = "Below."}, {0}},
        {{MR_FIELD(struct params, n), .def = "x", .doc = "No number."}, {0}},
        {{MR_FIELD(struct params, n), .def = "1", .min = "low", .doc = "Bound."}, {0}},
        {{MR_FIELD(struct params, n), .def = "1", .doc = "no sentence"}, {0}},
        {{MR_FIELD(struct params, flag), .nullable = true, .doc = "Null."}, {0}},
        {{MR_FIELD(struct params, n), .def = "1", .doc = "One."},
         {MR_FIELD(struct params, n), .def = "1", .doc = "Two."}, {0}},
        {{MR_FIELD(struct params, n), .def = "1", .choices = "a|b", .doc = "Choices."}, {0}},
    };
    static const char *const messages[] = {"default does not parse", "default does not parse",
                                           "bound does not parse",   "no sentence",
                                           "cannot be null",         "repeated",
                                           "choices do not fit"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct mr_op op = good("text.lower", NULL);
        op.params = rows[i];
        faulty("text.lower", &op, messages[i]);
    }
}
END_TEST

START_TEST(faults_of_keys_and_outcomes)
{
    static const struct mr_key rows[][3] = {
        {{.name = "n", .types = MR_TEXT, .doc = "As a parameter."}, {0}},
        {{.name = "a", .types = MR_TEXT, .aliases = "b n", .doc = "As a parameter."}, {0}},
        {{.name = "a", .doc = "No type."}, {0}},
        {{.name = "a", .types = MR_TEXT, .doc = "Twice."}, {.name = "a", .types = MR_TEXT, .doc = "X."}, {0}},
        {{.name = "a", .types = MR_TEXT, .doc = "Of none.", .type_of = "b"}, {0}},
        {{.name = "a", .types = MR_TEXT, .doc = "Of none.", .type_param = "n"}, {0}},
        {{.name = "a", .types = MR_BYTES, .access = MR_PREPARED, .doc = "Nobody."}, {0}},
    };
    static const char *const messages[] = {"a parameter has the name", "a parameter has the name",
                                           "no type",                  "repeated role",
                                           "type_of names no role",    "type_param names no choice",
                                           "nothing prepares"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct mr_op op = good("text.lower", NULL);
        op.keys = rows[i];
        faulty("text.lower", &op, messages[i]);
    }
    static const struct mr_outcome reserved[] = {{"bad_input", MR_DROP, "Taken."}, {0}};
    static const struct mr_outcome twice[] = {{"a", MR_DROP, "One."}, {"a", MR_DROP, "Two."}, {0}};
    struct mr_op op = good("text.lower", NULL);
    op.outcomes = reserved;
    faulty("text.lower", &op, "bad outcome");
    op.outcomes = twice;
    faulty("text.lower", &op, "repeated outcome");
}
END_TEST

START_TEST(faults_of_functions)
{
    struct mr_op op = good("text.lower", NULL);
    op.process = NULL;
    faulty("text.lower", &op, "no function");
    op = good("text.lower", NULL);
    op.scope = MR_WHOLE_SET;
    faulty("text.lower", &op, "settles");
    op = good("text.lower", NULL);
    op.scope = MR_KEYED;
    op.key_role = 1;
    faulty("text.lower", &op, "key_role");
    op = good("text.lower", NULL);
    op.prepare = process;
    faulty("text.lower", &op, "prepared role");
}
END_TEST

Suite *suite_runtime_op_registry(void)
{
    Suite *suite = suite_create("runtime.op.registry");
    TCase *tests = tcase_create("registry");
    tcase_add_test(tests, names_and_near_names);
    tcase_add_test(tests, faults_of_names);
    tcase_add_test(tests, faults_of_parameters);
    tcase_add_test(tests, faults_of_keys_and_outcomes);
    tcase_add_test(tests, faults_of_functions);
    suite_add_tcase(suite, tests);
    return suite;
}
