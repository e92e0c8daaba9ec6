/* Places inside a scalar: each character of its text is found where it stands in the file, however
 * the scalar is quoted, folded or filled in. */
#include <check.h>

#include "topology/topology_private.h"

struct parsed {
    struct compile c;
    struct mr_compiled out;
    struct mr_compile_options options;
    struct node *root;
};

static void parse(const char *text, const struct mr_setting *set, struct parsed *p)
{
    *p = (struct parsed){.out = {.arena = mr_arena_create(0)}};
    p->options.sets = set;
    p->options.set_count = set ? 1 : 0;
    p->c = (struct compile){.arena = p->out.arena,
                            .options = &p->options,
                            .out = &p->out,
                            .file = MR_STR("x.yaml"),
                            .text = mr_str_of(text),
                            .base_dir = "."};
    p->c.set_used = mr_arena_zalloc(p->out.arena, 2);
    p->root = mr_topology__source(&p->c);
    ck_assert_msg(p->root != NULL, "%s", text);
    mr_topology__expand(&p->c, p->root);
}

/* The character of the file at a line and column, as text. */
static struct mr_str character(const struct compile *c, struct place at)
{
    struct mr_str line = mr_topology__line(c, at.line);
    size_t byte = 0;
    bool valid;
    for (uint32_t i = 1; i < at.column && byte < line.len; i++)
        byte += mr_utf8_next(line, byte, &valid);
    size_t len = byte < line.len ? mr_utf8_next(line, byte, &valid) : 0;
    return mr_str_span(line.ptr + byte, len);
}

/* Every character but blanks and line ends, which folding makes of anything. */
static void check_all(struct parsed *p, const struct node *n, const char *text)
{
    size_t point = 0, checked = 0;
    bool valid;
    for (size_t at = 0; at < n->text.len; point++) {
        size_t len = mr_utf8_next(n->text, at, &valid);
        struct mr_str want = mr_str_span(n->text.ptr + at, len);
        struct place place = mr_topology__inside(&p->c, n, point, 1);
        struct mr_str got = character(&p->c, place);
        at += len;
        if (mr_str_is(want, " ") || mr_str_is(want, "\n"))
            continue;
        ck_assert_msg(mr_str_eq(got, want), "%s: character %zu, \"%.*s\", at %u:%u is \"%.*s\"",
                      text, point, MR_FMT(want), place.line, place.column, MR_FMT(got));
        ck_assert_uint_eq(place.width, 1);
        checked++;
    }
    ck_assert_uint_gt(checked, 5);
}

static const char *const scalars[] = {
    "x: plain text\n",
    "x: plain text that\n  goes on\n\n   and on\ny: 1\n",
    "x:   plain text # a comment\n",
    "[{x: in flow}, plain]\n",
    "x: \"double quoted, with a tab\"\n",
    "x: \"double quoted\n\n  over lines   \n  and \\\n  joined\"\n",
    "x: 'single quoted'\n",
    "x: 'single quoted\n  over lines'\n",
    "x: |\n  literal\n    more\n  less\n\n  end\n",
    "x: |-\n      literal\n      text",
    "x: >\n  folded text\n  goes on\n\n  and on\n",
    "x: >-\n   folded text\n   with\n     more indent\n   again\n",
    "x: \xc3\xa4\xe6\x96\x87\xf0\x9f\x98\x80 wide text\n",
    "x: \"\xc3\xa4\xe6\x96\x87 quoted\n  \xf0\x9f\x98\x80 wide\"\n",
    "a: b\r\nx: windows text\r\n  goes on\r\n",
    "x: |\r\n  windows\r\n  block\r\n",
};

START_TEST(each_character_is_found)
{
    struct parsed p;
    parse(scalars[_i], NULL, &p);
    const struct node *n =
        p.root->kind == NODE_LIST ? mr_node__get(p.root->items[0], "x") : mr_node__get(p.root, "x");
    ck_assert_ptr_nonnull(n);
    check_all(&p, n, scalars[_i]);
    mr_compiled_destroy(&p.out);
}
END_TEST

START_TEST(escapes_stand_for_one_character)
{
    struct parsed p;
    parse("x: \"\\u00e4 \\\"b\\\" \\x41 c\"\ny: 'it''s d'\n", NULL, &p);
    const struct node *x = mr_node__get(p.root, "x"), *y = mr_node__get(p.root, "y");
    ck_assert(mr_str_is(x->text, "\xc3\xa4 \"b\" A c"));
    ck_assert_uint_eq(mr_topology__inside(&p.c, x, 0, 1).column, 5);
    ck_assert_uint_eq(mr_topology__inside(&p.c, x, 3, 1).column, 14); /* b */
    ck_assert_uint_eq(mr_topology__inside(&p.c, x, 8, 1).column, 23); /* c */
    ck_assert_uint_eq(mr_topology__inside(&p.c, y, 5, 1).column, 11); /* d */
    /* Behind the end of the text, and ranges over lines. */
    ck_assert_uint_eq(mr_topology__inside(&p.c, y, 6, 0).column, 12);
    ck_assert_uint_eq(mr_topology__inside(&p.c, y, 600, 3).column, 12);
    mr_compiled_destroy(&p.out);
}
END_TEST

START_TEST(what_a_variable_became_stands_where_it_was)
{
    struct mr_setting set = {MR_STR("NAME"), MR_STR("a long value"), false};
    struct parsed p;
    parse("x: \"b ${NAME} c\"\n", &set, &p);
    const struct node *x = mr_node__get(p.root, "x");
    ck_assert(mr_str_is(x->text, "b a long value c"));
    ck_assert_uint_eq(mr_topology__inside(&p.c, x, 0, 1).column, 5);
    ck_assert_uint_eq(mr_topology__inside(&p.c, x, 2, 1).column, 7);
    ck_assert_uint_eq(mr_topology__inside(&p.c, x, 10, 1).column, 7);
    ck_assert_uint_eq(mr_topology__inside(&p.c, x, 15, 1).column, 15);
    mr_compiled_destroy(&p.out);
}
END_TEST

Suite *suite_topology_place(void);
Suite *suite_topology_place(void)
{
    Suite *suite = suite_create("topology.place");
    TCase *t = tcase_create("place");
    tcase_add_loop_test(t, each_character_is_found, 0, (int)(sizeof scalars / sizeof *scalars));
    tcase_add_test(t, escapes_stand_for_one_character);
    tcase_add_test(t, what_a_variable_became_stands_where_it_was);
    suite_add_tcase(suite, t);
    return suite;
}
