/* Pages in, text and metadata out: structure, charsets, hidden parts, hostile input. */
#include <check.h>
#include <stdlib.h>

#include "runtime/html/html.h"

static struct mr_arena *arena;

static void setup(void)
{
    arena = mr_arena_create(0);
}

static void teardown(void)
{
    mr_arena_destroy(arena);
}

static struct mr_html_page read_page(struct mr_str html, bool main_text)
{
    struct mr_html_options options = {.main_text = main_text, .links = true};
    struct mr_html_page page;
    struct mr_error *e = mr_html_read(html, &options, arena, &page);
    ck_assert_msg(e == NULL, "%s", mr_error_message(e));
    return page;
}

static void check_text(const char *html, const char *expected)
{
    struct mr_html_page page = read_page(mr_str_of(html), false);
    ck_assert_str_eq(page.text.ptr, expected);
}

START_TEST(structure_becomes_lines)
{
    static const struct {
        const char *html, *text;
    } cases[] = {
        {"", ""},
        {"hello", "hello"},
        {"<p>one</p><p>two\n  words</p>", "one\n\ntwo words"},
        {"<p>a<br>b<br><br>c</p>", "a\nb\n\nc"},
        {"<ul><li>x</li><li>y</li></ul><p>z", "x\ny\n\nz"},
        {"<ul><li>x<ul><li>deep</li></ul></li><li>y</ul>", "x\ndeep\ny"},
        {"<table><tr><td>1</td><td>2</td></tr><tr><td>3</td><td><p>4</p></td></tr></table>",
         "1\t2\n3\t4"},
        {"<pre>if (x)\n    y();\n</pre>after", "if (x)\n    y();\n\nafter"},
        {"<p>fish&nbsp;&amp; chips &#8212; caf&eacute;", "fish & chips \xe2\x80\x94 caf\xc3\xa9"},
        {"a<b>b</b>c <i> d</i>", "abc d"},
        {"<h2>Head</h2>text<blockquote><p>quote</blockquote>", "Head\n\ntext\n\nquote"},
        {"<dl><dt>term<dd>meaning</dl>", "term\nmeaning"},
        {"x<script>var y = '<p>no</p>'</script><style>p{}</style><!-- no "
         "--><template>no</template>",
         "x"},
        {"soft\xc2\xadhyphen zero\xe2\x80\x8bwidth", "softhyphen zerowidth"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_text(cases[i].html, cases[i].text);
}
END_TEST

START_TEST(hidden_parts_are_left_out)
{
    check_text("<p>seen by all of the many readers</p><p hidden>no</p>"
               "<p style='color: red; DISPLAY : none'>no</p><div aria-hidden=true>no</div>",
               "seen by all of the many readers");
}
END_TEST

START_TEST(a_page_hidden_until_its_script_runs_is_read)
{
    struct mr_buf html = {0};
    mr_buf_addz(&html, "<div style='display:none'>");
    for (int i = 0; i < 10; i++)
        mr_buf_addz(&html, "<p>The whole text of this page waits for a script.</p>");
    mr_buf_addz(&html, "</div><p>Loading</p>");
    struct mr_html_page page = read_page(mr_buf_str(&html), false);
    ck_assert_ptr_nonnull(strstr(page.text.ptr, "waits for a script"));
    mr_buf_finish(&html);
}
END_TEST

START_TEST(metadata_is_kept)
{
    struct mr_html_page page = read_page(
        MR_STR(
            "<!doctype html><html lang=en-GB><head><title> A  day\n out </title>"
            "<link rel='alternate canonical' href=' https://example.org/day '>"
            "<meta name=description content='What we did'><meta property='og:type' content=article>"
            "<meta name=empty></head><body><p>See <a href='/next?a=1&amp;b=2'>the <b>next</b> "
            "page</a><a name=here>no link</a>"),
        true);
    ck_assert_str_eq(page.title.ptr, "A day out");
    ck_assert(mr_str_is(page.lang, "en-GB"));
    ck_assert(mr_str_is(page.canonical, "https://example.org/day"));
    ck_assert(mr_str_is(page.charset, "UTF-8"));
    ck_assert_uint_eq(page.meta_count, 2);
    ck_assert(mr_str_is(page.metas[0].name, "description"));
    ck_assert(mr_str_is(page.metas[1].content, "article"));
    ck_assert_uint_eq(page.link_count, 1);
    ck_assert(mr_str_is(page.links[0].href, "/next?a=1&b=2"));
    ck_assert(mr_str_is(page.links[0].text, "the next page"));
}
END_TEST

START_TEST(limits_and_charsets_are_row_errors)
{
    struct mr_html_options small = {.max_bytes = 10};
    struct mr_html_page page;
    struct mr_error *e = mr_html_read(MR_STR("<p>more than ten bytes"), &small, arena, &page);
    ck_assert_int_eq(mr_error_code(e), MR_ROW_TOO_LARGE);
    ck_assert(mr_error_is_row(e));
    mr_error_free(e);

    struct mr_html_options plain = {0};
    struct mr_str broken = MR_STR("<meta charset=utf-8><p>caf\xe9");
    e = mr_html_read(broken, &plain, arena, &page);
    ck_assert_int_eq(mr_error_code(e), MR_UTF8_INVALID);
    ck_assert(mr_error_is_row(e));
    mr_error_free(e);

    struct mr_html_options lossy = {.replace_invalid = true};
    ck_assert_ptr_null(mr_html_read(broken, &lossy, arena, &page));
    ck_assert_str_eq(page.text.ptr, "caf\xef\xbf\xbd");

    struct mr_html_options forced = {.charset = MR_STR_INIT("latin1")};
    ck_assert_ptr_null(mr_html_read(broken, &forced, arena, &page));
    ck_assert_str_eq(page.text.ptr, "caf\xc3\xa9");
}
END_TEST

/* Pages that would make the parser run for hours or fill the memory end as plain text. */
START_TEST(hostile_pages_end_as_text)
{
    static const char *const openers[] = {
        "<div>",           "<b>",          "<span>",          "<ul><li>",
        "<table><tr><td>", "<table><div>", "<font size=1 x>", "<blockquote><p>",
    };
    for (size_t i = 0; i < sizeof openers / sizeof *openers; i++) {
        struct mr_buf html = {0};
        for (int n = 0; n < 200000; n++)
            mr_buf_addz(&html, openers[i]);
        mr_buf_addz(&html, "<p>words at the bottom</p><script>no()</script> a < b");
        struct mr_html_page page = read_page(mr_buf_str(&html), true);
        ck_assert_msg(strstr(page.text.ptr, "words at the bottom") != NULL, "%s", openers[i]);
        ck_assert_ptr_null(strstr(page.text.ptr, "no()"));
        mr_buf_finish(&html);
    }
}
END_TEST

START_TEST(thousands_of_attributes_end)
{
    struct mr_buf html = {0};
    mr_buf_addz(&html, "<p");
    for (int n = 0; n < 100000; n++)
        mr_buf_printf(&html, " a%d=1", n);
    mr_buf_addz(&html, ">words behind");
    struct mr_html_page page = read_page(mr_buf_str(&html), true);
    ck_assert_str_eq(page.text.ptr, "words behind");
    mr_buf_finish(&html);
}
END_TEST

Suite *suite_runtime_html_html(void);

Suite *suite_runtime_html_html(void)
{
    Suite *s = suite_create("runtime.html.html");
    TCase *t = tcase_create("html");
    tcase_set_timeout(t, 120);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, structure_becomes_lines);
    tcase_add_test(t, hidden_parts_are_left_out);
    tcase_add_test(t, a_page_hidden_until_its_script_runs_is_read);
    tcase_add_test(t, metadata_is_kept);
    tcase_add_test(t, limits_and_charsets_are_row_errors);
    tcase_add_test(t, hostile_pages_end_as_text);
    tcase_add_test(t, thousands_of_attributes_end);
    suite_add_tcase(s, t);
    return s;
}
