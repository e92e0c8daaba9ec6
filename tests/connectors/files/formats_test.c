/* Formats of the source: what each file becomes, bad records rejected one by one with file and
 * line. */
#include "tests/connectors/files/files_help.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

struct format_case {
    const char *name, *content, *set[4], *want;
};

/* clang-format off: a table */
static const struct format_case cases[] = {
    {"a.jsonl", "{\"a\":1}\n\n{\"b\":[2]}", {0}, "{\"a\":1}\n{\"b\":[2]}\n"},
    {"crlf.jsonl", "{\"a\":1}\r\n{\"a\":2}\r\n", {0}, "{\"a\":1}\n{\"a\":2}\n"},
    {"bom.jsonl", "\xef\xbb\xbf{\"a\":1}\n", {0}, "{\"a\":1}\n"},
    {"bad.jsonl",
     "{\"a\":1}\n{\"a\":\n[1]\n{\"a\":4}\n",
     {0},
     "{\"a\":1}\n! bad.jsonl:2: *\n! bad.jsonl:3: *\n{\"a\":4}\n"},
    {"utf8.jsonl",
     "{\"a\":\"\xff\"}\n{\"a\":\"\xc3\xa4\"}\n",
     {0},
     "! utf8.jsonl:1: *\n{\"a\":\"\xc3\xa4\"}\n"},
    {"replace.jsonl",
     "{\"a\":\"x\xffy\"}\n",
     {"invalid_utf8=replace"},
     "{\"a\":\"x\xef\xbf\xbdy\"}\n"},
    {"twice.jsonl", "{\"a\":1,\"a\":2}\n{\"a\":3}\n", {0}, "! twice.jsonl:1: *\n{\"a\":3}\n"},
    {"array.json",
     " [ {\"a\":1} ,\n{\"b\":\"],[\\\"\"}, 7, {\"c\":{\"d\":[]}} ]\n",
     {0},
     "{\"a\":1}\n{\"b\":\"],[\\\"\"}\n! array.json:2: *\n{\"c\":{\"d\":[]}}\n"},
    {"none.json", "[]", {0}, ""},
    {"open.json", "[{\"a\":1},\n{\"a\":", {0}, "{\"a\":1}\n! open.json:2: *\n"},
    {"comma.json", "[{\"a\":1} {\"a\":2}]", {0}, "{\"a\":1}\n! comma.json:1: *\n"},
    {"trail.json", "[{\"a\":1},]", {0}, "{\"a\":1}\n! trail.json:1: *\n"},
    {"more.json", "[{\"a\":1}]\nx", {0}, "{\"a\":1}\n! more.json:2: *\n"},
    {"one.json", "{\n \"a\": 1,\n \"b\": {}\n}\n", {0}, "{\"a\":1,\"b\":{}}\n"},
    {"lines.json",
     "{\"a\":1}\n{\"a\":\n{\"a\":3}\n",
     {0},
     "{\"a\":1}\n! lines.json:2: *\n{\"a\":3}\n"},
    {"pretty.json", "{\n\"a\":1}\n{\n\"a\":2}", {0}, "{\"a\":1}\n{\"a\":2}\n"},
    {"cut.json", "{\"a\":1} {\"b\":", {0}, "{\"a\":1}\n! cut.json:1: *\n"},
    {"a.csv",
     "id,text\n1,\"a, \"\"b\"\"\nc\"\n\n2,\n",
     {0},
     "{\"id\":\"1\",\"text\":\"a, \\\"b\\\"\\nc\"}\n{\"id\":\"2\",\"text\":\"\"}\n"},
    {"fields.csv",
     "a,b\n1\n1,2\n1,2,3\n",
     {0},
     "! fields.csv:2: *\n{\"a\":\"1\",\"b\":\"2\"}\n! fields.csv:4: *\n"},
    {"quote.csv",
     "a,b\n1,\"open\n2,x\n3,y\n",
     {0},
     "! quote.csv:2: *\n{\"a\":\"2\",\"b\":\"x\"}\n{\"a\":\"3\",\"b\":\"y\"}\n"},
    {"mid.csv", "a\nx\"y\nok\n", {0}, "! mid.csv:2: *\n{\"a\":\"ok\"}\n"},
    {"blank.csv", "a,b\r\n x ,\" y \"\r\n", {0}, "{\"a\":\" x \",\"b\":\" y \"}\n"},
    {"header.csv", "a,a\n1,2\n", {0}, "! header.csv:1: *\n"},
    {"semi.csv", "a;b\n'1;2';3\n", {"delimiter=;", "quote='"}, "{\"a\":\"1;2\",\"b\":\"3\"}\n"},
    {"cols.csv", "1,2\n", {"header=no", "columns=[\"x\",\"y\"]"}, "{\"x\":\"1\",\"y\":\"2\"}\n"},
    {"renamed.csv", "a,b\n1,2\n", {"columns=[\"x\",\"y\"]"}, "{\"x\":\"1\",\"y\":\"2\"}\n"},
    {"plain.tsv", "a\tb\n\"1\t2\n", {"quote=null"}, "{\"a\":\"\\\"1\",\"b\":\"2\"}\n"},
    {"bad.csv", "a\n\xff\nz\n", {0}, "! bad.csv:2: *\n{\"a\":\"z\"}\n"},
    {"latin.csv", "a\n\xe4\n", {"encoding=latin1"}, "{\"a\":\"\xc3\xa4\"}\n"},
    {"cp.csv",
     "a\n\x80\nx\x81\ny\n",
     {"encoding=windows-1252"},
     "{\"a\":\"\xe2\x82\xac\"}\n! cp.csv:3: *\n{\"a\":\"y\"}\n"},
    {"sjis.txt",
     "\x93\xfa\x96\x7b",
     {"encoding=Shift_JIS"},
     "{\"text\":\"\xe6\x97\xa5\xe6\x9c\xac\"}\n"},
    {"a.txt", "one\ntwo\n", {0}, "{\"text\":\"one\\ntwo\\n\"}\n"},
    {"key.txt",
     "x",
     {"text_key=body", "path_key=p", "line_key=l"},
     "{\"body\":\"x\",\"p\":\"key.txt\",\"l\":1}\n"},
    {"bad.txt", "a\xff", {0}, "! bad.txt:1: *\n"},
    {"empty.txt", "", {0}, ""},
    {"empty.jsonl", "", {0}, ""},
    {"empty.json", " \n", {0}, ""},
    {"empty.csv", "", {0}, ""},
    {"only.csv", "a,b\n", {0}, ""},
    {"a.md",
     "```\n# no\n```\n# The title #\ntext\n",
     {0},
     "{\"text\":\"```\\n# no\\n```\\n# The title #\\ntext\\n\",\"title\":\"The title\"}\n"},
    {"none.md", "text", {0}, "{\"text\":\"text\",\"title\":null}\n"},
    {"prov.jsonl",
     "{\"p\":1,\"a\":2}\n{}\n",
     {"path_key=p", "line_key=n"},
     "{\"a\":2,\"p\":\"prov.jsonl\",\"n\":1}\n{\"p\":\"prov.jsonl\",\"n\":2}\n"},
    {"odd.data", "{\"a\":1}\n", {"format=jsonl"}, "{\"a\":1}\n"},
};

/* clang-format on */

/* "*" in want stands for the rest of a line, which must not be empty. */
static bool like(const char *got, const char *want)
{
    for (; *want; want++) {
        if (*want == '*') {
            if (*got == '\n' || !*got)
                return false;
            got += strcspn(got, "\n");
        } else if (*got++ != *want) {
            return false;
        }
    }
    return !*got;
}

static void run_case(const struct format_case *c, const char *name)
{
    char files[200];
    const char *set[6] = {files};
    snprintf(files, sizeof files, "files=%s", name);
    for (int i = 0; i < 4; i++)
        set[i + 1] = c->set[i];
    const char *got = help_run(1, set);
    ck_assert_msg(like(got, c->want), "%s:\ngot\n%s\nwant\n%s", name, got, c->want);
}

START_TEST(each_format)
{
    const struct format_case *c = &cases[_i];
    help_text(c->name, c->content);
    run_case(c, c->name);
}
END_TEST

/* The same cases compressed: names in messages get the suffix, which "*" after the colon ignores.
 */
static char *with_suffix(const struct format_case *c, const char *suffix)
{
    struct mr_buf want = {0};
    for (const char *at = c->want; *at;) {
        if (strncmp(at, c->name, strlen(c->name)) == 0) {
            mr_buf_printf(&want, "%s%s", c->name, suffix);
            at += strlen(c->name);
        } else {
            mr_buf_addc(&want, *at++);
        }
    }
    char *out = mr_strdup(mr_buf_text(&want));
    mr_buf_finish(&want);
    return out;
}

START_TEST(each_format_compressed)
{
    const struct format_case *c = &cases[_i];
    if (!strncmp(c->name, "odd", 3))
        return;
    for (int zstd = 0; zstd < 2; zstd++) {
        const char *suffix = zstd ? ".zst" : ".gz";
        struct mr_buf packed = zstd ? help_zstd(c->content) : help_gzip(c->content);
        char name[100];
        snprintf(name, sizeof name, "%s%s", c->name, suffix);
        help_file(name, packed.ptr, packed.len);
        struct format_case copy = *c;
        copy.want = with_suffix(c, suffix);
        run_case(&copy, name);
        free((char *)copy.want);
        mr_buf_finish(&packed);
        help_reopen_store();
        help_ok(mr_store_del_prefix(help_store, MR_STR("x")));
    }
}
END_TEST

START_TEST(utf16_by_its_mark)
{
    static const char le[] = "\xff\xfe"
                             "a\0,\0b\0\n\0\xe4\0,\0\x3d\xd8\x00\xde\n\0";
    help_file("w.csv", le, sizeof le - 1);
    ck_assert_str_eq(help_run(1, SET("files=w.csv")),
                     "{\"a\":\"\xc3\xa4\",\"b\":\"\xf0\x9f\x98\x80\"}\n");
}
END_TEST

START_TEST(members_and_frames_in_a_row)
{
    struct mr_buf a = help_gzip("{\"a\":1}\n{\"a\":"), b = help_gzip("2}\n");
    mr_buf_adds(&a, mr_buf_str(&b));
    mr_buf_add(&a, "\0\0\0", 3); /* padding */
    help_file("m.jsonl.gz", a.ptr, a.len);
    ck_assert_str_eq(help_run(1, SET("files=m.jsonl.gz")), "{\"a\":1}\n{\"a\":2}\n");
    mr_buf_finish(&a);
    mr_buf_finish(&b);
    a = help_zstd("{\"a\":3}\n{\"a\":");
    b = help_zstd("4}\n");
    mr_buf_adds(&a, mr_buf_str(&b));
    help_file("m.jsonl.zst", a.ptr, a.len);
    ck_assert_str_eq(help_run(2, SET("files=m.jsonl.zst")), "{\"a\":3}\n{\"a\":4}\n");
    mr_buf_finish(&a);
    mr_buf_finish(&b);
}
END_TEST

/* Text that hardly compresses, so that a cut leaves rows before it. */
static char *many_rows(int count)
{
    struct mr_buf b = {0};
    uint64_t x = 88172645463325252ULL;
    for (int i = 0; i < count; i++) {
        mr_buf_printf(&b, "{\"n\":%d,\"t\":\"", i);
        for (int k = 0; k < 40; k++) {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            mr_buf_addc(&b, (char)('a' + x % 26));
        }
        mr_buf_addz(&b, "\"}\n");
    }
    char *out = mr_strdup(mr_buf_text(&b));
    mr_buf_finish(&b);
    return out;
}

START_TEST(truncated_and_damaged)
{
    char *rows = many_rows(20000);
    for (int kind = 0; kind < 4; kind++) {
        struct mr_buf b = kind & 1 ? help_zstd(rows) : help_gzip(rows);
        char name[40], want[80];
        snprintf(name, sizeof name, "files=t%d.jsonl.%s", kind, kind & 1 ? "zst" : "gz");
        if (kind < 2)
            b.len = b.len * 3 / 4;
        else
            memset(b.ptr + b.len * 3 / 4, 0x55, 400);
        help_file(name + 6, b.ptr, b.len);
        const char *got = help_run((uint32_t)kind + 1, SET(name, "root=null"));
        ck_assert_ptr_eq(strstr(got, "{\"n\":0,"), got);
        ck_assert_ptr_nonnull(strstr(got, "{\"n\":5000,"));
        if (kind < 2) /* damage may show only in the checksum at the end */
            ck_assert_ptr_null(strstr(got, "{\"n\":19999,"));
        const char *rejected = strstr(got, "! ");
        ck_assert_ptr_nonnull(rejected);
        snprintf(want, sizeof want, "! %s:", name + 6);
        ck_assert_ptr_eq(strstr(rejected, want), rejected);
        if (kind < 3) /* this zstd frame has no checksum */
            ck_assert_ptr_nonnull(strstr(rejected, " data "));
        if (kind < 2)
            ck_assert_ptr_nonnull(strstr(rejected, "ends too early"));
        mr_buf_finish(&b);
    }
    free(rows);
}
END_TEST

START_TEST(long_records)
{
    size_t len = 5 << 20;
    struct mr_buf b = {0};
    mr_buf_addz(&b, "{\"a\":\"");
    for (size_t i = 0; i < len; i++)
        mr_buf_addc(&b, 'x');
    mr_buf_addz(&b, "\"}\n{\"ok\":1}\n");
    help_file("long.jsonl", b.ptr, b.len);
    const char *got = help_run(1, SET("files=long.jsonl"));
    ck_assert_ptr_nonnull(strstr(got, "! long.jsonl:1: "));
    ck_assert_ptr_nonnull(strstr(got, "{\"ok\":1}"));
    /* Between the row's limit and the line's: read, then too large. */
    size_t cut = 2 << 20;
    memmove(b.ptr + cut, b.ptr + 6 + len, b.len - 6 - len);
    help_file("mid.jsonl", b.ptr, b.len - 6 - len + cut);
    got = help_run(2, SET("files=mid.jsonl"));
    ck_assert_ptr_nonnull(strstr(got, "! mid.jsonl:1: the row has"));
    ck_assert_ptr_nonnull(strstr(got, "{\"ok\":1}"));
    help_file("long.txt", b.ptr, 4 << 20);
    ck_assert_ptr_nonnull(strstr(help_run(3, SET("files=long.txt")), "! long.txt:1: the file is"));
    mr_buf_finish(&b);
}
END_TEST

START_TEST(html_rows)
{
    help_text("p.html",
              "<html lang=de><head><title>A &amp; B</title>"
              "<meta name=description content='about'><link rel=canonical href='http://x/y'>"
              "</head><body><article><p>Some paragraph of text that is long enough to count as "
              "content of the page, with several words.</p></article></body></html>");
    const char *got = help_run(1, SET("files=p.html", "html=all", "links=yes"));
    ck_assert_ptr_nonnull(strstr(got, "\"title\":\"A & B\""));
    ck_assert_ptr_nonnull(strstr(got, "\"lang\":\"de\""));
    ck_assert_ptr_nonnull(strstr(got, "\"url\":\"http://x/y\""));
    ck_assert_ptr_nonnull(strstr(got, "\"description\":\"about\""));
    ck_assert_ptr_nonnull(strstr(got, "Some paragraph of text"));
    ck_assert_ptr_nonnull(strstr(got, "\"links\":["));
}
END_TEST

START_TEST(checks)
{
    ck_assert_ptr_nonnull(
        strstr(help_source_check(MR_FORMAT_UNSUPPORTED, SET("files=[\"a.jsonl\",\"d/*.parquet\"]")),
               "duckdb"));
    ck_assert_ptr_nonnull(
        strstr(help_source_check(MR_FORMAT_UNSUPPORTED, SET("files=a.PDF")), "pdftotext 'a.PDF'"));
    ck_assert_ptr_nonnull(
        strstr(help_source_check(MR_FORMAT_UNSUPPORTED, SET("files=x.warc.gz")), "warc"));
    help_source_check(MR_FORMAT_UNSUPPORTED, SET("files=**/*.{jsonl,docx}"));
    help_source_check(MR_OK, SET("files=a.parquet", "format=jsonl"));
    help_source_check(MR_OK, SET("files=[\"docs\",\"d/*\",\"x/**\",\"y.v2\"]"));
    help_source_check(MR_PARAM_INVALID, SET("files=a.csv", "delimiter=ab"));
    help_source_check(MR_PARAM_INVALID, SET("files=a.csv", "encoding=nonsense"));
    help_source_check(MR_PARAM_INVALID, SET("files=a.csv", "header=no"));
    help_source_check(MR_PARAM_INVALID, SET("files=a.txt", "text_key=title"));
    ck_assert(mr_source_files.is_endless(help_params(
        mr_source_files.params, mr_source_files.params_size, SET("files=a", "watch=yes"))));
}
END_TEST

Suite *suite_connectors_files_formats(void);
Suite *suite_connectors_files_formats(void)
{
    Suite *suite = suite_create("connectors.files.formats");
    TCase *c = tcase_create("formats");
    int count = (int)(sizeof cases / sizeof *cases);
    tcase_set_timeout(c, 120);
    tcase_add_checked_fixture(c, help_set_up, help_tear_down);
    tcase_add_loop_test(c, each_format, 0, count);
    tcase_add_loop_test(c, each_format_compressed, 0, count);
    tcase_add_test(c, utf16_by_its_mark);
    tcase_add_test(c, members_and_frames_in_a_row);
    tcase_add_test(c, truncated_and_damaged);
    tcase_add_test(c, long_records);
    tcase_add_test(c, html_rows);
    tcase_add_test(c, checks);
    suite_add_tcase(suite, c);
    return suite;
}
