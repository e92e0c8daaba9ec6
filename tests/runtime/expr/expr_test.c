/* What expressions give on rows: values, null, numbers, texts, reasons, errors. */
#include "runtime/expr/expr.h"

#include <check.h>
#include <stdlib.h>

#include "runtime/row/json.h"
#include "runtime/row/row.h"

static struct mr_names *names;
static struct mr_arena *arena;

static void setup(void)
{
    names = mr_names_create();
    arena = mr_arena_create(0);
}

static void teardown(void)
{
    mr_arena_destroy(arena);
    mr_names_destroy(names);
}

static void read_row(const char *json, struct mr_row *row)
{
    struct mr_json_reader *reader = mr_json_reader_create();
    struct mr_buf packed = {0};
    struct mr_error *e = mr_json_read_object(reader, mr_str_of(json), MR_UTF8_REJECT, &packed);
    ck_assert_msg(!e, "%s: %s", json, mr_error_message(e));
    struct mr_str kept = mr_arena_str(arena, mr_buf_str(&packed));
    struct mr_head head = {.id = {{1, 2, 3}}};
    e = mr_row_decode(row, names, arena, &head, kept.ptr, kept.len);
    ck_assert_msg(!e, "%s", mr_error_message(e));
    mr_buf_finish(&packed);
    mr_json_reader_destroy(reader);
}

/* The value as JSON, "missing", or "MR2210: message". In the arena. */
static const char *value_of(const char *text, const char *json)
{
    struct mr_expr *expr;
    struct mr_row row;
    struct mr_value value;
    struct mr_buf out = {0};
    struct mr_error *e = mr_expr_compile(mr_str_of(text), NULL, arena, &expr, NULL);
    read_row(json, &row);
    struct mr_expr_run *run = e ? NULL : mr_expr_run_create(expr);
    if (!e)
        e = mr_expr_eval(run, &row, &value);
    if (e)
        mr_buf_printf(&out, "MR%d: %s", mr_error_code(e), mr_error_message(e));
    else if (!value.len)
        mr_buf_addz(&out, "missing");
    else
        mr_json_write_value(value, &out);
    ck_assert(!run || !e || mr_error_is_row(e));
    mr_error_free(e);
    mr_expr_run_destroy(run);
    const char *copy = mr_arena_str(arena, mr_buf_str(&out)).ptr;
    mr_buf_finish(&out);
    return copy;
}

struct case_row {
    const char *text, *row, *value; /* value MR....: the beginning of the error */
};

static void check_all(const struct case_row *cases)
{
    for (; cases->text; cases++) {
        const char *got = value_of(cases->text, cases->row ? cases->row : "{}");
        bool error = strncmp(cases->value, "MR", 2) == 0;
        bool same = error ? strncmp(got, cases->value, strlen(cases->value)) == 0
                          : strcmp(got, cases->value) == 0;
        ck_assert_msg(same, "`%s` on %s is %s, expected %s", cases->text,
                      cases->row ? cases->row : "{}", got, cases->value);
    }
}

START_TEST(values)
{
    check_all((const struct case_row[]){
        {"1", 0, "1"},
        {"-1", 0, "-1"},
        {"1.50", 0, "1.5"},
        {"1e3", 0, "1000.0"},
        {"-9223372036854775808", 0, "-9223372036854775808"},
        {"18446744073709551615", 0, "18446744073709551615"},
        {"123456789012345678901234567890", 0, "123456789012345678901234567890"},
        {"-123456789012345678901234567890", 0, "-123456789012345678901234567890"},
        {"\"a\\n\\u00e9\\ud83d\\ude00\"", 0, "\"a\\n\xc3\xa9\xf0\x9f\x98\x80\""},
        {"'it''s \\d'", 0, "\"it's \\\\d\""},
        {"[1, -2, \"x\", null, [true]]", 0, "[1,-2,\"x\",null,[true]]"},
        {"[]", 0, "[]"},
        {"[a, a + 1]", "{\"a\":1}", "[1,2]"},
        {"a", "{\"a\":1.50}", "1.50"},
        {"a", "{\"b\":1}", "missing"},
        {"`odd key`", "{\"odd key\":7}", "7"},
        {"`a``b`", "{\"a`b\":7}", "7"},
        {"Gr\xc3\xb6\xc3\x9f"
         "e",
         "{\"Gr\xc3\xb6\xc3\x9f"
         "e\":7}",
         "7"},
        {"meta.lang", "{\"meta\":{\"lang\":\"en\"}}", "\"en\""},
        {"meta.in", "{\"meta\":{\"in\":1}}", "1"},
        {"meta[\"lang\"]", "{\"meta\":{\"lang\":\"en\"}}", "\"en\""},
        {"meta.`a b`[0].c", "{\"meta\":{\"a b\":[{\"c\":5}]}}", "5"},
        {"meta.lang.x", "{\"meta\":{\"lang\":null}}", "missing"},
        {"meta.lang", "{\"meta\":null}", "missing"},
        {"tags[0]", "{\"tags\":[\"a\",\"b\"]}", "\"a\""},
        {"tags[-1]", "{\"tags\":[\"a\",\"b\"]}", "\"b\""},
        {"tags[2]", "{\"tags\":[\"a\",\"b\"]}", "missing"},
        {"tags[-3]", "{\"tags\":[\"a\",\"b\"]}", "missing"},
        {"tags[i]", "{\"tags\":[\"a\",\"b\"],\"i\":1}", "\"b\""},
        {"meta.lang", "{\"meta\":3}", "MR2210"},
        {"tags[0]", "{\"tags\":\"text\"}", "MR2210"},
        {0}});
}
END_TEST

START_TEST(null_and_missing)
{
    check_all((const struct case_row[]){{"a == null", "{\"a\":null}", "true"},
                                        {"a == null", "{}", "true"},
                                        {"a != null", "{\"a\":1}", "true"},
                                        {"a == b", "{\"a\":null}", "true"},
                                        {"a == 1", "{\"a\":null}", "false"},
                                        {"a != 1", "{\"a\":null}", "true"},
                                        {"a is null", "{}", "true"},
                                        {"a is not null", "{\"a\":0}", "true"},
                                        {"a < 1", "{\"a\":null}", "null"},
                                        {"a >= b", "{}", "null"},
                                        {"not (a < 1)", "{}", "null"},
                                        {"a < 1 and false", "{}", "false"},
                                        {"false and a", "{\"a\":\"never looked at\"}", "false"},
                                        {"a < 1 and true", "{}", "null"},
                                        {"true and a < 1", "{}", "null"},
                                        {"a < 1 or true", "{}", "true"},
                                        {"a < 1 or false", "{}", "null"},
                                        {"true or a", "{\"a\":\"never looked at\"}", "true"},
                                        {"a + 1", "{}", "null"},
                                        {"-a", "{}", "null"},
                                        {"a in [1]", "{}", "false"},
                                        {"a not in [1]", "{}", "true"},
                                        {"a in [1, null]", "{}", "true"},
                                        {"1 in a", "{}", "null"},
                                        {"a between 1 and 2", "{}", "null"},
                                        {"a like \"x\"", "{}", "null"},
                                        {"a matches \"x\"", "{}", "null"},
                                        {"lower(a)", "{}", "null"},
                                        {"has(a)", "{\"a\":null}", "true"},
                                        {"has(a.b)", "{\"a\":{}}", "false"},
                                        {"coalesce(a, b, 3)", "{\"b\":2}", "2"},
                                        {"coalesce(a, b)", "{\"b\":null}", "null"},
                                        {"coalesce(a, b, 1 // 0)", "{\"b\":2}", "2"},
                                        {"if(a, 1, 2)", "{}", "2"},
                                        {"if(b == 0, null, 6 / b)", "{\"b\":0}", "null"},
                                        {"if(b == 0, null, 6 / b)", "{\"b\":4}", "1.5"},
                                        {"type(a)", "{}", "\"missing\""},
                                        {0}});
}
END_TEST

START_TEST(numbers)
{
    check_all((const struct case_row[]){
        {"1 == 1.0", 0, "true"},
        {"a == 9007199254740993", "{\"a\":9007199254740992.0}", "false"},
        {"a < 9007199254740993", "{\"a\":9007199254740992.0}", "true"},
        {"a > 9223372036854775807", "{\"a\":9223372036854775808}", "true"},
        {"a > 18446744073709551615", "{\"a\":18446744073709551616}", "true"},
        {"a < -9223372036854775808", "{\"a\":-9223372036854775809}", "true"},
        {"a == 18446744073709551616", "{\"a\":18446744073709551616}", "true"},
        {"a < 99999999999999999999998", "{\"a\":99999999999999999999997}", "true"},
        {"a > -99999999999999999999998", "{\"a\":-99999999999999999999997}", "true"},
        {"a < 1e20", "{\"a\":99999999999999999999}", "true"},
        {"a == 1e20", "{\"a\":100000000000000000000}", "true"},
        {"a > 0.5", "{\"a\":99999999999999999999}", "true"},
        {"a < 1e300", "{\"a\":1e400}", "false"},
        {"a == 1.5", "{\"a\":1.50}", "true"},
        {"a == 0", "{\"a\":-0}", "true"},
        {"a == 1e5", "{\"a\":100000}", "true"},
        {"2 + 3 * 4 - 1", 0, "13"},
        {"(2 + 3) * 4", 0, "20"},
        {"7 / 2", 0, "3.5"},
        {"6 / 2", 0, "3.0"},
        {"7 // 2", 0, "3"},
        {"-7 // 2", 0, "-4"},
        {"-7 % 3", 0, "2"},
        {"7 % -3", 0, "-2"},
        {"7.5 // 2", 0, "3.0"},
        {"-7.5 % 2", 0, "0.5"},
        {"- - 3", 0, "3"},
        {"-a", "{\"a\":9223372036854775808}", "-9223372036854775808"},
        {"-a", "{\"a\":-9223372036854775808}", "9223372036854775808"},
        {"9223372036854775807 + 1", 0, "9223372036854775808"},
        {"18446744073709551615 + 1", 0, "MR2211"},
        {"18446744073709551615 * 18446744073709551615", 0, "MR2211"},
        {"-9223372036854775808 * 9223372036854775808", 0, "MR2211"},
        {"-9223372036854775808 - 1", 0, "MR2211"},
        {"-9223372036854775808 // -1", 0, "9223372036854775808"},
        {"1e308 * 10", 0, "MR2211"},
        {"a / 0", "{\"a\":1}", "MR2211: in `a / 0`: division by zero"},
        {"a // 0", "{\"a\":1}", "MR2211"},
        {"a % 0.0", "{\"a\":1}", "MR2211"},
        {"a + 1", "{\"a\":18446744073709551616}", "MR2211"},
        {"3 between 1 and 3", 0, "true"},
        {"a not between 1 and 3", "{\"a\":4}", "true"},
        {"round(2.675, 2)", 0, "2.67"},
        {"round(1e300, 2)", 0, "1e+300"},
        {"round(1e300)", 0, "MR2211"},
        {"abs(a)", "{\"a\":-9223372036854775808}", "9223372036854775808"},
        {"int(\"18446744073709551616\") > 18446744073709551615", 0, "true"},
        {"int(\"x\", -1)", 0, "-1"},
        {"int(\"x\")", 0, "MR2210"},
        {"float(\"1e999\", null)", 0, "null"},
        {"sum([])", 0, "0"},
        {"sum(a)", "{\"a\":[1,2.5]}", "3.5"},
        {"sum(a)", "{\"a\":[1,\"x\"]}", "MR2210"},
        {"mean([])", 0, "null"},
        {"max(a)", "{\"a\":[\"b\",\"c\",\"a\"]}", "\"c\""},
        {"max(a)", "{\"a\":[]}", "null"},
        {"min(1, a)", "{\"a\":\"x\"}", "MR2210"},
        {0}});
}
END_TEST

START_TEST(texts_and_lists)
{
    check_all((const struct case_row[]){
        {"\"a\" < \"b\"", 0, "true"},
        {"\"Z\" < \"a\"", 0, "true"},
        {"a < \"\xf0\x9f\x98\x80\"", "{\"a\":\"\xef\xbd\x81\"}", "true"},
        {"a + \"-\" + a", "{\"a\":\"x\"}", "\"x-x\""},
        {"\"ell\" in \"hello\"", 0, "true"},
        {"\"\" in \"hello\"", 0, "true"},
        {"a in [\"x\", \"y\"]", "{\"a\":\"y\"}", "true"},
        {"a in [1, 2]", "{\"a\":2.0}", "true"},
        {"a in b", "{\"a\":1,\"b\":[\"x\",1]}", "true"},
        {"a in b", "{\"a\":2,\"b\":[\"x\",1]}", "false"},
        {"a in b", "{\"a\":2,\"b\":[\"x\"]}", "MR2210"},
        {"\"k\" in m", "{\"m\":{\"k\":null}}", "true"},
        {"a == [1, [2, \"x\"]]", "{\"a\":[1,[2.0,\"x\"]]}", "true"},
        {"a == [1, [2, \"x\"]]", "{\"a\":[1,[2,\"x\"],3]}", "false"},
        {"a == [[], 1]", "{\"a\":[[1]]}", "false"},
        {"a == []", "{\"a\":[{}]}", "false"},
        {"a == \"x\"", "{\"a\":1}", "MR2210: in `a == \"x\"`: a number is compared with text"},
        {"a > 1", "{\"a\":\"5\"}", "MR2210"},
        {"a and true", "{\"a\":\"x\"}", "MR2210"},
        {"a like \"a%c\"", "{\"a\":\"abbbc\"}", "true"},
        {"a like \"_\xc3\xa9_\"", "{\"a\":\"x\xc3\xa9y\"}", "true"},
        {"a like \"a\"", "{\"a\":\"abc\"}", "false"},
        {"a like \"%%b%\"", "{\"a\":\"abc\"}", "true"},
        {"a like '50\\%'", "{\"a\":\"50%\"}", "true"},
        {"a like '50\\%'", "{\"a\":\"500\"}", "false"},
        {"a not like \"%\"", "{\"a\":\"\"}", "false"},
        {"a matches '^\\d+$'", "{\"a\":\"123\"}", "true"},
        {"a matches '\\p{Han}'", "{\"a\":\"\xe4\xb8\xad\"}", "true"},
        {"a not matches \"b\"", "{\"a\":\"abc\"}", "false"},
        {"a matches '^(x+x+)+y$'", "{\"a\":\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx!y\"}", "MR2210"},
        {"extract(a, '(x)|(y)', 1)", "{\"a\":\"y\"}", "null"},
        {"extract(a, 'z')", "{\"a\":\"y\"}", "null"},
        {"extract(a, 'y', 1)", "{\"a\":\"y\"}", "MR2210"},
        {"len(a)", "{\"a\":{\"x\":1}}", "1"},
        {"substr(a, 1)", "{\"a\":\"\xc3\xa9\xc3\xa8\xc3\xaa\"}", "\"\xc3\xa8\xc3\xaa\""},
        {"substr(a, 1, 1)", "{\"a\":\"\xc3\xa9\xc3\xa8\xc3\xaa\"}", "\"\xc3\xa8\""},
        {"substr(a, 9223372036854775807)", "{\"a\":\"abc\"}", "\"\""},
        {"substr(a, -9223372036854775808, 2)", "{\"a\":\"abc\"}", "\"ab\""},
        {"substr(a, 0, -1)", "{\"a\":\"abc\"}", "\"\""},
        {"replace(a, \"\", \"x\")", "{\"a\":\"abc\"}", "\"abc\""},
        {"replace(a, \"aa\", \"b\")", "{\"a\":\"aaaaa\"}", "\"bba\""},
        {"split(a, \",\")", "{\"a\":\"\"}", "[\"\"]"},
        {"split(a)", "{\"a\":\" x  y \"}", "[\"x\",\"y\"]"},
        {"split(a, \"\")", "{\"a\":\"x\"}", "MR2210"},
        {"split(a, \"/\")[-1]", "{\"a\":\"x/y\"}", "\"y\""},
        {"join(a, \"+\")", "{\"a\":[1,null,\"x\"]}", "\"1+x\""},
        {"any(a)", "{\"a\":[null,true]}", "true"},
        {"all(a)", "{\"a\":[null,true]}", "false"},
        {"all(a)", "{\"a\":[]}", "true"},
        {"any(a)", "{\"a\":[1]}", "MR2210"},
        {"from_json(a, null)", "{\"a\":\"{\"}", "null"},
        {"from_json(a)", "{\"a\":\"{\"}", "MR2210"},
        {"from_json(a).n", "{\"a\":\"{\\\"n\\\":5}\"}", "5"},
        {"hash(a) == hash(\"x\")", "{\"a\":\"x\"}", "true"},
        {"hash(1) == hash(1.0)", 0, "false"},
        {"row_id()", 0, "\"01020300000000000000000000000000\""},
        {"sample(0)", 0, "false"},
        {0}});
}
END_TEST

START_TEST(examples_of_functions)
{
    for (size_t i = 0; i < mr_expr_function_count(); i++) {
        struct mr_expr_function f = mr_expr_function(i);
        const char *got = value_of(f.example, "{}");
        ck_assert_msg(strcmp(got, f.value) == 0, "%s: `%s` is %s, not %s", f.name, f.example, got,
                      f.value);
        ck_assert_msg(strstr(f.example, f.name) && f.doc[strlen(f.doc) - 1] == '.', "%s", f.name);
        ck_assert(!i || strcmp(mr_expr_function(i - 1).name, f.name) < 0);
    }
}
END_TEST

START_TEST(reasons_of_tests)
{
    static const struct {
        const char *text, *row;
        enum mr_expr_verdict verdict;
        const char *part; /* NULL: none */
        bool measured;
        double value, threshold;
    } cases[] = {
        {"score >= 3", "{\"score\":2}", MR_EXPR_FALSE, "score >= 3", true, 2, 3},
        {"score >= 3", "{\"score\":3}", MR_EXPR_TRUE, NULL, false, 0, 0},
        {"score >= 3", "{}", MR_EXPR_NULL, "score >= 3", false, 0, 0},
        {"score >= 3 and lang == \"en\"", "{\"score\":4,\"lang\":\"fr\"}", MR_EXPR_FALSE,
         "lang == \"en\"", false, 0, 0},
        {"score >= 3 and lang == \"en\"", "{\"score\":1,\"lang\":\"fr\"}", MR_EXPR_FALSE,
         "score >= 3", true, 1, 3},
        {"a < 1 and b < 2", "{\"b\":3}", MR_EXPR_FALSE, "b < 2", true, 3, 2},
        {"a < 1 and b < 2", "{\"b\":1}", MR_EXPR_NULL, "a < 1", false, 0, 0},
        {"n between 1 and 5", "{\"n\":9}", MR_EXPR_FALSE, "n between 1 and 5", true, 9, 5},
        {"n between 1 and 5", "{\"n\":0}", MR_EXPR_FALSE, "n between 1 and 5", true, 0, 1},
        {"a > 1 or b > 1", "{\"a\":0,\"b\":0}", MR_EXPR_FALSE, "a > 1 or b > 1", false, 0, 0},
        {"not ok", "{\"ok\":true}", MR_EXPR_FALSE, "not ok", false, 0, 0},
        {"ok and (a > 1 and a < 3)", "{\"ok\":true,\"a\":3}", MR_EXPR_FALSE, "a < 3", true, 3, 3},
        {"if(ok, false, true)", "{\"ok\":true}", MR_EXPR_FALSE, "if(ok, false, true)", false, 0, 0},
        {"starts_with(t, \"a\")", "{\"t\":\"b\"}", MR_EXPR_FALSE, "starts_with(t, \"a\")", false, 0,
         0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mr_expr *expr;
        struct mr_row row;
        struct mr_expr_reason reason;
        enum mr_expr_verdict verdict;
        ck_assert_ptr_null(mr_expr_compile(mr_str_of(cases[i].text), NULL, arena, &expr, NULL));
        read_row(cases[i].row, &row);
        struct mr_expr_run *run = mr_expr_run_create(expr);
        ck_assert_ptr_null(mr_expr_test(run, &row, &verdict, &reason));
        ck_assert_msg(verdict == cases[i].verdict, "%s: %d", cases[i].text, verdict);
        ck_assert_msg(cases[i].part ? mr_str_is(reason.part, cases[i].part) : !reason.part.ptr,
                      "%s: part `%.*s`", cases[i].text, MR_FMT(reason.part));
        ck_assert_msg(reason.measured == cases[i].measured, "%s: measured", cases[i].text);
        if (reason.measured)
            ck_assert(reason.value == cases[i].value && reason.threshold == cases[i].threshold);
        mr_expr_run_destroy(run);
    }
}
END_TEST

START_TEST(rows_one_after_the_other)
{
    static const char *const rows[][2] = {
        {"{\"t\":\"Abc\",\"n\":1}", "\"abc1\""}, {"{\"x\":0,\"t\":\"D\",\"n\":2}", "\"d2\""},
        {"{\"n\":3,\"t\":null}", "null"},        {"{\"t\":7,\"n\":1}", "error"},
        {"{\"n\":5,\"t\":\"E\"}", "\"e5\""},
    };
    struct mr_expr *expr;
    ck_assert_ptr_null(mr_expr_compile(MR_STR("lower(t) + str(n)"), NULL, arena, &expr, NULL));
    struct mr_expr_run *run = mr_expr_run_create(expr);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct mr_row row;
        struct mr_value value;
        struct mr_buf json = {0};
        read_row(rows[i][0], &row);
        struct mr_error *e = mr_expr_eval(run, &row, &value);
        if (e)
            mr_buf_addz(&json, "error");
        else
            mr_json_write_value(value, &json);
        mr_error_free(e);
        ck_assert_str_eq(mr_buf_text(&json), rows[i][1]);
        mr_buf_finish(&json);
    }
    mr_expr_run_destroy(run);
}
END_TEST

START_TEST(what_one_row_may_make_is_bounded)
{
    const char *text = "replace(replace(t, \"a\", t), \"a\", t)"; /* 100 MiB */
    struct mr_buf json = {0};
    mr_buf_addz(&json, "{\"t\":\"");
    for (int i = 0; i < 64 << 10; i++)
        mr_buf_addc(&json, i < 40 ? 'a' : 'b');
    mr_buf_addz(&json, "\"}");
    const char *got = value_of(text, mr_buf_text(&json));
    ck_assert_msg(mr_str_starts(mr_str_of(got), MR_STR("MR2212")), "%.60s", got);
    mr_buf_finish(&json);
}
END_TEST

Suite *suite_runtime_expr_expr(void);
Suite *suite_runtime_expr_expr(void)
{
    Suite *suite = suite_create("runtime.expr.expr");
    TCase *tc = tcase_create("expr");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, values);
    tcase_add_test(tc, null_and_missing);
    tcase_add_test(tc, numbers);
    tcase_add_test(tc, texts_and_lists);
    tcase_add_test(tc, examples_of_functions);
    tcase_add_test(tc, reasons_of_tests);
    tcase_add_test(tc, rows_one_after_the_other);
    tcase_add_test(tc, what_one_row_may_make_is_bounded);
    suite_add_tcase(suite, tc);
    return suite;
}
