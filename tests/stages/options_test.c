/* The option tables: parsing, errors and help come from the same rows. */
#include <check.h>

#include "stages/command/command.h"

struct options {
    bool json;
    uint64_t limit, parts;
    struct mr_str state;
    struct mr_pairs set;
    int fuse;
};

static const struct mr_option table[] = {
    {.name = "json", MR_OPTION(struct options, json), .doc = "Print JSON."},
    {.name = "limit", .letter = 'n', MR_OPTION(struct options, limit), .value = "N",
     .doc = "At most N rows."},
    {.name = "parts", MR_OPTION(struct options, parts), .value = "N", .least = 1,
     .doc = "Parts."},
    {.name = "state", MR_OPTION(struct options, state), .value = "DIR", .doc = "Folder."},
    {.name = "set", MR_OPTION(struct options, set), .value = "NAME=VALUE", .doc = "Set."},
    {.name = "fuse", MR_OPTION(struct options, fuse), .choices = "auto|off", .doc = "Fuse."},
    {0},
};

static const struct mr_command command = {
    .name = "example",
    .arguments = "FILE [MORE]",
    .min_args = 1,
    .max_args = 2,
    .doc = "An example.",
    .options_size = sizeof(struct options),
    .options = table,
};

static struct mr_arena *arena;
static struct mr_call call;
static bool help;

static void setup(void)
{
    arena = mr_arena_create(0);
}

static void teardown(void)
{
    mr_arena_destroy(arena);
}

enum { WORDS = 12 };

static struct mr_error *parse(const char *const *words)
{
    char *argv[WORDS];
    int argc = 0;
    for (; words[argc]; argc++)
        argv[argc] = (char *)(uintptr_t)words[argc];
    return mr_options_parse(&command, argv, argc, arena, &call, &help);
}
#define PARSE(...) parse((const char *const[]){__VA_ARGS__, NULL})

static void expect_error(struct mr_error *e, const char *part)
{
    ck_assert_int_eq(mr_error_code(e), MR_USAGE);
    ck_assert_msg(strstr(mr_error_message(e), part) != NULL, "\"%s\" does not say \"%s\"",
                  mr_error_message(e), part);
    mr_error_free(e);
}

START_TEST(test_all_forms)
{
    ck_assert_ptr_null(PARSE("--json", "a.yaml", "--limit=7", "--state", "dir", "--set", "a=b=c",
                             "--set=x=", "--fuse", "off"));
    const struct options *o = call.options;
    ck_assert(o->json);
    ck_assert_uint_eq(o->limit, 7);
    ck_assert(mr_str_is(o->state, "dir"));
    ck_assert_uint_eq(o->set.count, 2);
    ck_assert(mr_str_is(o->set.items[0].name, "a"));
    ck_assert(mr_str_is(o->set.items[0].value, "b=c"));
    ck_assert(mr_str_is(o->set.items[1].value, ""));
    ck_assert_int_eq(o->fuse, 2);
    ck_assert_uint_eq(call.arg_count, 1);
    ck_assert(mr_str_is(call.args[0], "a.yaml"));
}
END_TEST

START_TEST(test_short_forms_and_end_of_options)
{
    ck_assert_ptr_null(PARSE("-n3", "--", "--json", "-"));
    const struct options *o = call.options;
    ck_assert_uint_eq(o->limit, 3);
    ck_assert(!o->json);
    ck_assert_uint_eq(call.arg_count, 2);
    ck_assert(mr_str_is(call.args[0], "--json"));
    ck_assert(mr_str_is(call.args[1], "-"));
    ck_assert_ptr_null(PARSE("a", "-n", "18446744073709551615"));
    ck_assert_uint_eq(((const struct options *)call.options)->limit, UINT64_MAX);
}
END_TEST

START_TEST(test_defaults)
{
    ck_assert_ptr_null(PARSE("a"));
    const struct options *o = call.options;
    ck_assert(!o->json);
    ck_assert_uint_eq(o->limit, 0);
    ck_assert_int_eq(o->fuse, 0);
    ck_assert_uint_eq(o->set.count, 0);
}
END_TEST

START_TEST(test_null_value)
{
    ck_assert_ptr_null(PARSE("a", "--set", "k=null", "--set", "l=nul"));
    const struct options *o = call.options;
    ck_assert(o->set.items[0].null);
    ck_assert(!o->set.items[1].null);
}
END_TEST

START_TEST(test_errors)
{
    expect_error(PARSE("a", "--limt", "3"), "did you mean \"--limit\"?");
    expect_error(PARSE("a", "--zzzzzz"), "no option \"--zzzzzz\"");
    expect_error(PARSE("a", "-x"), "no option \"-x\"");
    expect_error(PARSE("a", "--limit"), "wants a value");
    expect_error(PARSE("a", "--limit", "-1"), "whole number");
    expect_error(PARSE("a", "--parts", "0"), "at least 1, not \"0\"");
    expect_error(PARSE("a", "--limit", "18446744073709551616"), "whole number");
    expect_error(PARSE("a", "--json=yes"), "takes no value");
    expect_error(PARSE("a", "--set", "novalue"), "NAME=VALUE");
    expect_error(PARSE("a", "--set", "=v"), "NAME=VALUE");
    expect_error(PARSE("a", "--fuse", "aut"), "one of auto|off");
    expect_error(PARSE("a", "--state", ""), "wants a value");
    expect_error(PARSE("--json"), "wants FILE [MORE]");
    expect_error(PARSE("a", "b", "c"), "no use for \"c\"");
}
END_TEST

START_TEST(test_help_needs_no_arguments)
{
    ck_assert_ptr_null(PARSE("--help"));
    ck_assert(help);
    struct mr_buf text = {0};
    mr_help_command("example", &command, &text);
    for (const struct mr_option *o = table; o->name; o++) {
        ck_assert_ptr_nonnull(strstr(mr_buf_text(&text), o->name));
        ck_assert_ptr_nonnull(strstr(mr_buf_text(&text), o->doc));
    }
    ck_assert_ptr_nonnull(strstr(mr_buf_text(&text), "Usage: millrace example [OPTION]... FILE"));
    mr_buf_finish(&text);
}
END_TEST

/* Every command and option is described by one sentence, and no option appears twice. */
START_TEST(test_commands_are_described)
{
    for (const struct mr_command *const *c = mr_commands; *c; c++) {
        const char *doc = (*c)->doc;
        ck_assert_msg(doc && doc[strlen(doc) - 1] == '.', "%s", (*c)->name);
        ck_assert_msg((*c)->run || (*c)->subs, "%s does nothing", (*c)->name);
        for (const struct mr_option *o = (*c)->options; o && o->name; o++) {
            ck_assert_msg(o->doc[strlen(o->doc) - 1] == '.', "%s --%s", (*c)->name, o->name);
            ck_assert_msg(o->type == MR_O_FLAG || o->value || o->choices, "%s --%s", (*c)->name,
                          o->name);
            for (const struct mr_option *p = o + 1; p->name; p++)
                ck_assert_str_ne(o->name, p->name);
        }
    }
}
END_TEST

Suite *suite_stages_options(void);
Suite *suite_stages_options(void)
{
    Suite *s = suite_create("stages.options");
    TCase *c = tcase_create("options");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, test_all_forms);
    tcase_add_test(c, test_short_forms_and_end_of_options);
    tcase_add_test(c, test_defaults);
    tcase_add_test(c, test_null_value);
    tcase_add_test(c, test_errors);
    tcase_add_test(c, test_help_needs_no_arguments);
    tcase_add_test(c, test_commands_are_described);
    suite_add_tcase(s, c);
    return s;
}
