/* What compiling says: codes, places, remedies, types of results, keys read, limits. */
#include "runtime/expr/expr.h"

#include <check.h>

static struct mr_arena *arena;

static void setup(void)
{
    arena = mr_arena_create(0);
}

static void teardown(void)
{
    mr_arena_destroy(arena);
}

static const struct {
    const char *name;
    uint32_t types;
} known[] = {
    {"text", MR_TEXT},
    {"score", MR_NUMBER | MR_NULL},
    {"n", MR_INT},
    {"ok", MR_BOOL},
    {"tags", MR_LIST},
    {"meta", MR_MAP},
    {"any", MR_EXPR_UNKNOWN},
};
enum { KNOWN = sizeof known / sizeof *known };

static uint32_t types_of(void *arg, struct mr_str key)
{
    (void)arg;
    for (size_t i = 0; i < KNOWN; i++)
        if (mr_str_is(key, known[i].name))
            return known[i].types;
    return 0;
}

static struct mr_str name_of(void *arg, size_t i)
{
    (void)arg;
    return i < KNOWN ? mr_str_of(known[i].name) : (struct mr_str){0};
}

static const struct mr_expr_keys keys = {types_of, name_of, NULL};

START_TEST(problems_have_places)
{
    static const struct {
        const char *text;
        enum mr_code code;
        uint32_t at, length;
        const char *fact, *remedy; /* parts of them */
    } cases[] = {
        {"", MR_EXPR_SYNTAX, 0, 0, "empty", NULL},
        {"  ", MR_EXPR_SYNTAX, 0, 0, "empty", NULL},
        {"score >=", MR_EXPR_SYNTAX, 8, 0, "a value is expected at the end", NULL},
        {"score = 3", MR_EXPR_SYNTAX, 6, 1, "this sign", "`==`"},
        {"ok && ok", MR_EXPR_SYNTAX, 3, 2, "this sign", "`and`"},
        {"ok AND ok", MR_EXPR_SYNTAX, 3, 3, "not `AND`", "`and`"},
        {"(score > 3", MR_EXPR_SYNTAX, 10, 0, "`)`", NULL},
        {"score > 3)", MR_EXPR_SYNTAX, 9, 1, "not `)`", NULL},
        {"1 < n < 3", MR_EXPR_SYNTAX, 6, 1, "do not chain", "between"},
        {"\"\xc3\xa9\" == text and \"open", MR_EXPR_SYNTAX, 16, 5, "does not end", NULL},
        {"text == \"a\\q\"", MR_EXPR_SYNTAX, 10, 2, "escape", "'...'"},
        {"2nd > 1", MR_EXPR_SYNTAX, 0, 2, "number runs", "backticks"},
        {"n is 3", MR_EXPR_SYNTAX, 5, 1, "`null`", NULL},
        {"ok == True", MR_EXPR_SYNTAX, 6, 4, "key", "`true`"},
        {"[1, 2", MR_EXPR_SYNTAX, 5, 0, "`,` or `]`", NULL},
        {"n not 3", MR_EXPR_SYNTAX, 6, 1, "`in`", NULL},
        {"scroe > 3", MR_EXPR_KEY, 0, 5, "no key \"scroe\"", "Did you mean `score`?"},
        {"n > 3 and (lang == \"en\")", MR_EXPR_KEY, 11, 4, "no key \"lang\"", "quotes"},
        {"lenn(text) > 3", MR_EXPR_FUNCTION, 0, 4, "no function \"lenn\"", "`len`"},
        {"len() > 3", MR_EXPR_ARGUMENTS, 0, 5, "len takes 1 value, not 0", "len(x: "},
        {"substr(text)", MR_EXPR_ARGUMENTS, 0, 12, "at least 2 values, not 1", "substr("},
        {"text > 3", MR_EXPR_TYPE, 0, 8, "`text` is text, `3` is int", NULL},
        {"score == \"3\"", MR_EXPR_TYPE, 0, 12, "cannot be compared", NULL},
        {"n > null", MR_EXPR_TYPE, 0, 8, "null is never true", "is null"},
        {"text and ok", MR_EXPR_TYPE, 0, 4, "not true or false", "!= \"\""},
        {"text + 3", MR_EXPR_TYPE, 0, 8, "cannot be added", "str("},
        {"tags + 1", MR_EXPR_TYPE, 0, 4, "list, not a number or text", NULL},
        {"-text", MR_EXPR_TYPE, 1, 4, "not a number", NULL},
        {"text.lang", MR_EXPR_TYPE, 0, 9, "no fields", NULL},
        {"text[0]", MR_EXPR_TYPE, 0, 7, "no items", "substr"},
        {"tags[ok]", MR_EXPR_TYPE, 5, 2, "no index", NULL},
        {"n in 3", MR_EXPR_TYPE, 5, 1, "nothing can be", "list"},
        {"n in [\"a\", \"b\"]", MR_EXPR_TYPE, 0, 15, "never there", NULL},
        {"tags < tags", MR_EXPR_TYPE, 0, 11, "no order", NULL},
        {"lower(n)", MR_EXPR_TYPE, 6, 1, "lower", NULL},
        {"text matches \"(\"", MR_EXPR_PATTERN, 13, 3, "not well formed", NULL},
        {"text matches text", MR_EXPR_PATTERN, 13, 4, "cannot come from the row", NULL},
        {"lambda df: df['score'] > 3", MR_EXPR_PYTHON, 0, 26, "Python", "perhaps: score > 3"},
        {"lambda df: (df['a'].notna()) & (df['b b'].str.len() > 3)", MR_EXPR_PYTHON, 0, 56,
         "Python", "perhaps: (a is not null) and (len(`b b`) > 3)"},
        {"lambda x: x['l'].isin(['en', 'de'])", MR_EXPR_PYTHON, 0, 35, "Python",
         "perhaps: l in (['en', 'de'])"},
        {"lambda df: df.groupby('x')", MR_EXPR_PYTHON, 0, 26, "Python",
         "as an expression, such as"},
        {"lambda df: df.assign(half=df['score'] / 2)", MR_EXPR_PYTHON, 0, 42, "Python",
         "for key half, perhaps: score / 2"},
        {"lambda df: df.drop(columns=['a'])", MR_EXPR_PYTHON, 0, 33, "Python",
         "operators of its own"},
        {"lambda df: df.assign(", MR_EXPR_PYTHON, 0, 21, "Python", NULL},
        {"lambda d:d.assign(=)", MR_EXPR_PYTHON, 0, 20, "Python", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mr_expr *expr;
        struct mr_expr_problems found;
        struct mr_error *e = mr_expr_compile(mr_str_of(cases[i].text), &keys, arena, &expr, &found);
        ck_assert_msg(e && !expr && found.count == 1, "`%s`: %zu problems", cases[i].text,
                      found.count);
        const struct mr_expr_problem *p = &found.list[0];
        ck_assert_msg(p->code == cases[i].code, "`%s`: MR%d %s", cases[i].text, p->code, p->fact);
        ck_assert_msg(p->at == cases[i].at && p->length == cases[i].length, "`%s`: at %u, %u",
                      cases[i].text, p->at, p->length);
        ck_assert_msg(strstr(p->fact, cases[i].fact), "`%s`: %s", cases[i].text, p->fact);
        ck_assert_msg(!cases[i].remedy || (p->remedy && strstr(p->remedy, cases[i].remedy)),
                      "`%s`: remedy %s", cases[i].text, p->remedy);
        ck_assert_int_eq(mr_error_code(e), cases[i].code);
        mr_error_free(e);
    }
}
END_TEST

START_TEST(all_problems_at_once)
{
    struct mr_expr *expr;
    struct mr_expr_problems found;
    struct mr_error *e = mr_expr_compile(
        MR_STR("text > 3 and lower(n) == \"x\" and nokey and no(1)"), &keys, arena, &expr, &found);
    ck_assert_uint_eq(found.count, 4);
    static const enum mr_code codes[] = {MR_EXPR_TYPE, MR_EXPR_TYPE, MR_EXPR_KEY, MR_EXPR_FUNCTION};
    for (size_t i = 0; i < 4; i++)
        ck_assert_int_eq(found.list[i].code, codes[i]);
    ck_assert_uint_eq(found.list[2].at, 33);
    mr_error_free(e);
}
END_TEST

START_TEST(results_have_types)
{
    static const struct {
        const char *text;
        uint32_t types;
    } cases[] = {
        {"1", MR_INT},
        {"score >= 3", MR_BOOL | MR_NULL},
        {"score == 3", MR_BOOL},
        {"score is null", MR_BOOL},
        {"n > 3 and text == \"a\"", MR_BOOL},
        {"n + 1", MR_INT},
        {"n / 2", MR_REAL},
        {"n + 1.5", MR_REAL},
        {"score * 2", MR_NUMBER | MR_NULL},
        {"text + \"x\"", MR_TEXT},
        {"tags", MR_LIST},
        {"tags[0]", MR_EXPR_UNKNOWN},
        {"split(text)[0]", MR_TEXT | MR_NULL},
        {"meta.x", MR_EXPR_UNKNOWN},
        {"coalesce(score, 0)", MR_NUMBER},
        {"if(ok, text, n)", MR_TEXT | MR_INT},
        {"len(text)", MR_INT},
        {"max([1, 2])", MR_INT | MR_NULL},
        {"int(text, null)", MR_INT | MR_NULL},
        {"has(nothing)", MR_BOOL},
        {"if(has(nothing), nothing > 3, false)", MR_BOOL | MR_NULL},
        {"any + 1", MR_NUMBER | MR_NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mr_expr *expr;
        struct mr_error *e = mr_expr_compile(mr_str_of(cases[i].text), &keys, arena, &expr, NULL);
        ck_assert_msg(!e, "`%s`: %s", cases[i].text, mr_error_message(e));
        ck_assert_msg(mr_expr_types(expr) == cases[i].types, "`%s`: %x, not %x", cases[i].text,
                      mr_expr_types(expr), cases[i].types);
    }
}
END_TEST

START_TEST(keys_are_listed)
{
    struct mr_expr *expr;
    ck_assert_ptr_null(
        mr_expr_compile(MR_STR("\"\xc3\xa9\" + a.b[0] == c and a is null and has(`d e`)"), NULL,
                        arena, &expr, NULL));
    ck_assert_uint_eq(mr_expr_key_count(expr), 3);
    ck_assert(mr_str_is(mr_expr_key(expr, 0)->name, "a"));
    ck_assert_uint_eq(mr_expr_key(expr, 0)->at, 6);
    ck_assert(mr_expr_key(expr, 0)->optional);
    ck_assert(mr_str_is(mr_expr_key(expr, 1)->name, "c"));
    ck_assert(!mr_expr_key(expr, 1)->optional);
    ck_assert(mr_str_is(mr_expr_key(expr, 2)->name, "d e"));
    ck_assert_uint_eq(mr_expr_key(expr, 2)->length, 5);
}
END_TEST

START_TEST(constants_are_known)
{
    static const char *const same[] = {"1 < 2", "len(\"a\")", "if(true, 1, 2)"};
    static const char *const differ[] = {"a", "sample(0.5)", "row_id() < \"8\"", "1 < 2 or a"};
    struct mr_expr *expr;
    for (size_t i = 0; i < 3; i++) {
        ck_assert_ptr_null(mr_expr_compile(mr_str_of(same[i]), NULL, arena, &expr, NULL));
        ck_assert_msg(mr_expr_constant(expr), "%s", same[i]);
    }
    for (size_t i = 0; i < 4; i++) {
        ck_assert_ptr_null(mr_expr_compile(mr_str_of(differ[i]), NULL, arena, &expr, NULL));
        ck_assert_msg(!mr_expr_constant(expr), "%s", differ[i]);
    }
}
END_TEST

/* open n times, x, close n times. */
static enum mr_code nested(const char *open, const char *close, size_t n)
{
    struct mr_buf text = {0};
    struct mr_expr *expr;
    for (size_t i = 0; i < n; i++)
        mr_buf_addz(&text, open);
    mr_buf_addz(&text, "any");
    for (size_t i = 0; i < n; i++)
        mr_buf_addz(&text, close);
    struct mr_error *e = mr_expr_compile(mr_buf_str(&text), NULL, arena, &expr, NULL);
    enum mr_code code = mr_error_code(e);
    mr_error_free(e);
    mr_buf_finish(&text);
    return code;
}

START_TEST(limits)
{
    ck_assert_int_eq(nested("(", ")", 60), MR_OK);
    ck_assert_int_eq(nested("(", ")", 64), MR_EXPR_LIMIT);
    ck_assert_int_eq(nested("(", ")", 30000), MR_EXPR_LIMIT);
    ck_assert_int_eq(nested("[", "]", 64), MR_EXPR_LIMIT);
    ck_assert_int_eq(nested("len(", ")", 64), MR_EXPR_LIMIT);
    ck_assert_int_eq(nested("not ", "", 63), MR_OK);
    ck_assert_int_eq(nested("not ", "", 64), MR_EXPR_LIMIT);
    ck_assert_int_eq(nested("- ", "", 30000), MR_EXPR_LIMIT);
    ck_assert_int_eq(nested("", " or any", 2000), MR_OK);
    ck_assert_int_eq(nested("", " or any", 2048), MR_EXPR_LIMIT);
    ck_assert_int_eq(nested("", ".a", 4000), MR_OK);
    ck_assert_int_eq(nested("", ".a", 4096), MR_EXPR_LIMIT);
    ck_assert_int_eq(nested("", " ", MR_EXPR_TEXT_MAX - 3), MR_OK);
    ck_assert_int_eq(nested("", " ", MR_EXPR_TEXT_MAX - 2), MR_EXPR_LIMIT);
    ck_assert_int_eq(nested("\xff", "", 1), MR_EXPR_SYNTAX);
}
END_TEST

Suite *suite_runtime_expr_problems(void);
Suite *suite_runtime_expr_problems(void)
{
    Suite *suite = suite_create("runtime.expr.problems");
    TCase *tc = tcase_create("problems");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, problems_have_places);
    tcase_add_test(tc, all_problems_at_once);
    tcase_add_test(tc, results_have_types);
    tcase_add_test(tc, keys_are_listed);
    tcase_add_test(tc, constants_are_known);
    tcase_add_test(tc, limits);
    suite_add_tcase(suite, tc);
    return suite;
}
