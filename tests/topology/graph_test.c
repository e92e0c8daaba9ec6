/* Graphs in every format, with names that try to break out of each of them. */
#include <check.h>
#include <gumbo.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/topology/fake.h"
#include "topology/graph.h"

static const char hostile[] = "name: hostile\n"
                              "source:\n"
                              "  files: a.jsonl\n"
                              "  keys:\n"
                              "    text: text\n"
                              "    \"</title></style><script>alert(1)</script>\": text\n"
                              "    \"\\\"]; x [label=\\\"\\\\N\": text\n"
                              "    \"a|b --> c #quot; %%{init}%% `d`\": text\n"
                              "    \"line\\nend\\e[2J\": text\n"
                              "stages:\n"
                              "  - {id: only, use: shape.only, keys: {keys: [text]}}\n"
                              "  - {id: long, use: tests.keep_long}\n"
                              "  - {id: rescue, use: tests.score, from: long.too_short, keys: "
                              "{output_key: \"<img src=x>&'\\\"\"}}\n"
                              "sinks:\n"
                              "  out: {file: out.jsonl, from: [long, rescue]}\n"
                              "  first: {file: first.jsonl, from: source}\n";

static void draw(enum mr_graph_format format, enum mr_fuse fuse, struct mr_buf *out)
{
    struct mr_graph_left left[] = {{MR_STR("too_short"), 1234}};
    struct mr_graph_count counts[] = {{.stage = MR_STR("source"), .in = 9000, .out = 9000},
                                      {.stage = MR_STR("long"),
                                       .in = 9000,
                                       .out = 7766,
                                       .dropped = 1234,
                                       .left = left,
                                       .left_count = 1}};
    struct mr_graph_run run = {MR_STR("run 7, <ended>"), counts, 2};
    struct mr_registry *registry = fake_registry();
    struct mr_compile_options options = {
        .registry = registry, .connectors = &fake_connectors, .sample = true, .fuse = fuse};
    struct mr_compiled compiled;
    struct mr_error *e = mr_compile_text(mr_str_of(hostile), "hostile.yaml", &options, &compiled);
    ck_assert_msg(!e && !compiled.error_count, "%s",
                  compiled.problem_count ? compiled.problems[0].fact.ptr : mr_error_message(e));
    mr_graph_print(&compiled, &run, format, out);
    mr_compiled_destroy(&compiled);
    mr_registry_destroy(registry);
}

START_TEST(text_shows_keys_counts_and_no_control_characters)
{
    struct mr_buf out = {0};
    draw(MR_GRAPH_TEXT, MR_FUSE_OFF, &out);
    const char *text = mr_buf_text(&out);
    ck_assert_ptr_nonnull(strstr(text, "hostile: run 7"));
    ck_assert_ptr_nonnull(
        strstr(text, "stage long (tests.keep_long): in 9,000, out 7,766, dropped 1,234"));
    ck_assert_ptr_nonnull(strstr(text, "rescue  too_short, 1,234 rows"));
    ck_assert_ptr_nonnull(strstr(text, "-</title>"));
    for (size_t i = 0; i < out.len; i++)
        ck_assert((unsigned char)out.ptr[i] >= 0x20 || out.ptr[i] == '\n');
    mr_buf_finish(&out);
}
END_TEST

/* Each line is one that Mermaid's grammar of flowcharts has, and none holds more than one
 * statement. */
START_TEST(mermaid_is_well_formed)
{
#define QUOTED "\"([^\"#<>|`;{}%]|#[0-9]+;|<br/>)*\""
    static const char *const lines[] = {
        "^flowchart TD$",
        "^    n[0-9]+(\\[" QUOTED "\\]|\\(\\[" QUOTED "\\]\\))$",
        "^    n[0-9]+ (-->|-\\.->|==>)(\\|" QUOTED "\\|)? n[0-9]+$",
    };
    regex_t allowed[3];
    size_t seen[3] = {0};
    struct mr_buf out = {0};
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(regcomp(&allowed[i], lines[i], REG_EXTENDED | REG_NOSUB), 0);
    draw(MR_GRAPH_MERMAID, MR_FUSE_AUTO, &out);
    char *rest = NULL, *text = mr_strdup(mr_buf_text(&out));
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        int kind = 0;
        while (kind < 3 && regexec(&allowed[kind], line, 0, NULL, 0) != 0)
            kind++;
        ck_assert_msg(kind < 3, "not Mermaid: %s", line);
        seen[kind]++;
    }
    ck_assert_uint_eq(seen[0], 1);
    ck_assert_uint_eq(seen[1], 6);
    ck_assert_uint_ge(seen[2], 6);
    for (int i = 0; i < 3; i++)
        regfree(&allowed[i]);
    free(text);
    mr_buf_finish(&out);
}
END_TEST

START_TEST(dot_is_read_by_graphviz)
{
    const char *tmp = getenv("TMPDIR");
    char path[4096];
    struct mr_buf out = {0}, command = {0};
    snprintf(path, sizeof path, "%s/millrace-graph.XXXXXX", tmp && *tmp ? tmp : "/tmp");
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    FILE *file = fdopen(fd, "w");
    draw(MR_GRAPH_DOT, MR_FUSE_OFF, &out);
    ck_assert_uint_eq(fwrite(out.ptr, 1, out.len, file), out.len);
    fclose(file);
    /* One box for each of six stages: nothing broke out of its label. */
    mr_buf_printf(&command, "test \"$(dot -Tplain '%s' | grep -c '^node')\" = 6", path);
    ck_assert_int_eq(system(mr_buf_text(&command)), 0);
    remove(path);
    mr_buf_finish(&out);
    mr_buf_finish(&command);
}
END_TEST

struct seen {
    size_t scripts, nodes, rows, images;
};

static void look(const GumboNode *node, struct seen *seen)
{
    if (node->type != GUMBO_NODE_ELEMENT)
        return;
    const GumboElement *e = &node->v.element;
    seen->scripts += e->tag == GUMBO_TAG_SCRIPT;
    seen->images += e->tag == GUMBO_TAG_IMG || e->tag == GUMBO_TAG_IFRAME ||
                    e->tag == GUMBO_TAG_LINK || e->tag == GUMBO_TAG_OBJECT || e->tag == GUMBO_TAG_A;
    seen->rows += e->tag == GUMBO_TAG_TR;
    for (unsigned i = 0; i < e->attributes.length; i++) {
        const GumboAttribute *a = e->attributes.data[i];
        ck_assert_msg(strcmp(a->name, "src") != 0 && strcmp(a->name, "href") != 0 &&
                          strncmp(a->name, "on", 2) != 0,
                      "attribute %s", a->name);
        seen->nodes += strcmp(a->name, "data-row") == 0;
    }
    for (unsigned i = 0; i < e->children.length; i++)
        look(e->children.data[i], seen);
}

START_TEST(html_is_clean_and_needs_nothing)
{
    struct mr_buf out = {0};
    struct seen seen = {0};
    draw(MR_GRAPH_HTML, MR_FUSE_OFF, &out);
    GumboOutput *page = gumbo_parse_with_options(&kGumboDefaultOptions, mr_buf_text(&out), out.len);
    ck_assert_uint_eq(page->errors.length, 0);
    look(page->root, &seen);
    ck_assert_uint_eq(seen.scripts, 1);
    ck_assert_uint_eq(seen.images, 0);
    ck_assert_uint_eq(seen.nodes, 6);
    ck_assert_uint_eq(seen.rows, 7);
    gumbo_destroy_output(&kGumboDefaultOptions, page);
    ck_assert_ptr_null(strstr(mr_buf_text(&out), "http:"));
    ck_assert_ptr_null(strstr(mr_buf_text(&out), "https:"));
    ck_assert_ptr_nonnull(strstr(mr_buf_text(&out), "prefers-color-scheme:dark"));
    ck_assert_ptr_nonnull(strstr(mr_buf_text(&out), "tabindex=\"0\""));
    mr_buf_finish(&out);
}
END_TEST

Suite *suite_topology_graph(void);
Suite *suite_topology_graph(void)
{
    Suite *suite = suite_create("topology.graph");
    TCase *t = tcase_create("graph");
    tcase_add_test(t, text_shows_keys_counts_and_no_control_characters);
    tcase_add_test(t, mermaid_is_well_formed);
    tcase_add_test(t, dot_is_read_by_graphviz);
    tcase_add_test(t, html_is_clean_and_needs_nothing);
    suite_add_tcase(suite, t);
    return suite;
}
