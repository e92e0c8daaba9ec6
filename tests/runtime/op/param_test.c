/* Tests of parameters: parsing, ranges, filling, text form. */
#include <check.h>
#include <math.h>

#include "runtime/op/param.h"

Suite *suite_runtime_op_param(void);

struct params {
    bool flag;
    int64_t count;
    double share;
    struct mr_str word;
    struct mr_strs names;
    int method;
};

static const struct mr_param table[] = {
    {MR_FIELD(struct params, flag), .def = "no", .doc = "A flag."},
    {MR_FIELD(struct params, count), .def = "5", .min = "0", .max = "10", .nullable = true,
     .doc = "A count.", .aliases = "number amount"},
    {MR_FIELD(struct params, share), .def = "0.5", .min = "0", .max = "1", .nullable = true,
     .doc = "A share."},
    {MR_FIELD(struct params, word), .nullable = true, .doc = "A word."},
    {MR_FIELD(struct params, names), .def = "[\"a\"]", .min = "1", .max = "3", .doc = "Names."},
    {MR_FIELD(struct params, method), .choices = "fast|exact", .doc = "A method."},
    {0}};

static struct mr_arena *arena;

static void open_arena(void)
{
    arena = mr_arena_create(0);
}

static void close_arena(void)
{
    mr_arena_destroy(arena);
}

static struct mr_error *fill(struct params *p, const struct mr_setting *settings, size_t count)
{
    memset(p, 0x5a, sizeof *p);
    return mr_params_fill(table, settings, count, arena, p);
}

#define SET(name, value) {MR_STR_INIT(name), MR_STR_INIT(value), false}

static void refused(const struct mr_setting *settings, size_t count, const char *message)
{
    struct params p;
    struct mr_error *e = fill(&p, settings, count);
    ck_assert_msg(e != NULL, "should be refused: %s", message);
    ck_assert_int_eq(mr_error_code(e), MR_PARAM_INVALID);
    ck_assert_msg(strstr(mr_error_message(e), message) != NULL, "%s", mr_error_message(e));
    mr_error_free(e);
}

START_TEST(defaults_and_settings)
{
    struct params p;
    const struct mr_setting given[] = {SET("method", "exact"), SET("flag", "true"),
                                       SET("amount", "7"), SET("names", "[\"x\", \"y\\n\"]")};
    ck_assert_ptr_null(fill(&p, given, 4));
    ck_assert(p.flag);
    ck_assert_int_eq(p.count, 7);
    ck_assert(p.share == 0.5);
    ck_assert_ptr_null(p.word.ptr);
    ck_assert_uint_eq(p.names.count, 2);
    ck_assert(mr_str_is(p.names.items[1], "y\n"));
    ck_assert_int_eq(p.method, 1);
}
END_TEST

START_TEST(nulls)
{
    struct params p;
    const struct mr_setting given[] = {SET("method", "fast"),
                                       {MR_STR_INIT("count"), {0}, true},
                                       {MR_STR_INIT("share"), {0}, true}};
    ck_assert_ptr_null(fill(&p, given, 3));
    ck_assert(p.count == MR_INT_NONE);
    ck_assert(isnan(p.share));
    const struct mr_setting bad[] = {SET("method", "fast"), {MR_STR_INIT("flag"), {0}, true}};
    refused(bad, 2, "parameter \"flag\" is null; expected yes or no");
}
END_TEST

START_TEST(a_single_text_is_a_list)
{
    struct params p;
    const struct mr_setting given[] = {SET("method", "fast"), SET("names", "only one")};
    ck_assert_ptr_null(fill(&p, given, 2));
    ck_assert_uint_eq(p.names.count, 1);
    ck_assert(mr_str_is(p.names.items[0], "only one"));
}
END_TEST

START_TEST(bad_values)
{
    static const struct {
        struct mr_setting setting;
        const char *message;
    } rows[] = {
        {SET("flag", "maybe"), "expected yes or no"},
        {SET("count", "11"), "\"11\"; expected an integer from 0 to 10, or null"},
        {SET("count", "-1"), "an integer from 0 to 10"},
        {SET("count", "5.0"), "an integer"},
        {SET("count", "5 "), "an integer"},
        {SET("count", ""), "an integer"},
        {SET("count", "99999999999999999999"), "an integer"},
        {SET("share", "1.0001"), "a number from 0 to 1"},
        {SET("share", "nan"), "a number"},
        {SET("share", "0x1p-1"), "a number"},
        {SET("names", "[]"), "a list of texts from 1 to 3 items"},
        {SET("names", "[\"a\",\"b\",\"c\",\"d\"]"), "a list of texts"},
        {SET("names", "[1]"), "a list of texts"},
        {SET("names", "[\"a\""), "a list of texts"},
        {SET("word", "\xff"), "a text"},
        {SET("method", "Fast"), "one of fast, exact"},
        {SET("methods", "fast"), "there is no parameter \"methods\""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct mr_setting given[2] = {SET("method", "fast"), rows[i].setting};
        bool method = mr_str_is(rows[i].setting.name, "method");
        refused(given + method, 2 - method, rows[i].message);
    }
}
END_TEST

START_TEST(missing_twice_and_near)
{
    refused(NULL, 0, "parameter \"method\" is missing; expected one of fast, exact");
    const struct mr_setting twice[] = {SET("method", "fast"), SET("count", "1"), SET("amount", "2")};
    refused(twice, 3, "given twice");
    struct params p;
    const struct mr_setting near[] = {SET("methd", "fast")};
    struct mr_error *e = fill(&p, near, 1);
    ck_assert_str_eq(mr_error_remedy_text(e), "Did you mean \"method\"?");
    mr_error_free(e);
}
END_TEST

START_TEST(text_form_reads_back)
{
    struct params p, q;
    const struct mr_setting given[] = {SET("method", "exact"), SET("share", "0.1"),
                                       SET("names", "[\"a \\\"b\\\"\"]")};
    ck_assert_ptr_null(fill(&p, given, 3));
    ck_assert_ptr_null(fill(&q, given, 1));
    for (const struct mr_param *row = table; row->name; row++) {
        struct mr_buf text = {0};
        bool null;
        mr_param_format(row, &p, &text, &null);
        ck_assert_ptr_null(mr_param_parse(row, mr_buf_str(&text), null, arena, &q));
        mr_buf_finish(&text);
    }
    ck_assert(q.share == 0.1 && q.count == 5 && !q.flag && q.method == 1 && !q.word.ptr);
    ck_assert(mr_str_is(q.names.items[0], "a \"b\""));
}
END_TEST

Suite *suite_runtime_op_param(void)
{
    Suite *suite = suite_create("runtime.op.param");
    TCase *tests = tcase_create("param");
    tcase_add_checked_fixture(tests, open_arena, close_arena);
    tcase_add_test(tests, defaults_and_settings);
    tcase_add_test(tests, nulls);
    tcase_add_test(tests, a_single_text_is_a_list);
    tcase_add_test(tests, bad_values);
    tcase_add_test(tests, missing_twice_and_near);
    tcase_add_test(tests, text_form_reads_back);
    suite_add_tcase(suite, tests);
    return suite;
}
