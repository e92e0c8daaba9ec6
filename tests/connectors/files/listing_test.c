/* Which files a source reads, in which order, once each; resuming, later runs, watching. */
#include "connectors/files/files_private.h"
#include "tests/connectors/files/files_help.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static void rows(const char *name, int from, int to)
{
    struct mr_buf b = {0};
    for (int i = from; i < to; i++)
        mr_buf_printf(&b, "{\"n\":%d}\n", i);
    help_file(name, b.ptr, b.len);
    mr_buf_finish(&b);
}

/* Another time than before, without waiting for one. */
static void set_time(const char *name, long seconds)
{
    char path[1200];
    snprintf(path, sizeof path, "%s/%s", help_dir, name);
    struct timespec times[2] = {{seconds, 0}, {seconds, 0}};
    ck_assert_int_eq(utimensat(AT_FDCWD, path, times, 0), 0);
}

static const struct {
    const char *pattern, *name;
    bool hit;
} matches[] = {
    {"*.html", "a.html", true},
    {"*.html", ".html", false},
    {"*", ".hidden", false},
    {".*", ".hidden", true},
    {"a?c", "abc", true},
    {"a?c",
     "a\xc3\xa4"
     "c",
     true},
    {"[a-c]x", "bx", true},
    {"[!a-c]x", "bx", false},
    {"[!a-c]x", "dx", true},
    {"a*b*c", "aXbYbZc", true},
    {"a*b*c", "aXbYbZ", false},
    {"\\*", "*", true},
    {"\\*", "x", false},
    {"[]]", "]", true},
    {"[", "[", true},
    {"*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false},
    {"", "", true},
};

START_TEST(patterns_match)
{
    ck_assert_msg(mr_files__match(mr_str_of(matches[_i].pattern), mr_str_of(matches[_i].name)) ==
                      matches[_i].hit,
                  "%s against %s", matches[_i].pattern, matches[_i].name);
}
END_TEST

START_TEST(sorted_and_once)
{
    rows("d/b.jsonl", 2, 3);
    rows("d/a/x.jsonl", 0, 1);
    rows("d/a-1.jsonl", 9, 10);
    rows("d/.hidden.jsonl", 7, 8);
    rows("d/.git/x.jsonl", 7, 8);
    rows("more.jsonl", 3, 4);
    help_text("d/x.txt", "text");
    help_text("odd/\xff.jsonl", "{}");
    ck_assert_str_eq(help_run(2, SET("files=odd/*", "path_key=p")),
                     "{\"p\":\"odd/\xef\xbf\xbd.jsonl\"}\n");
    help_ok(mr_store_del_prefix(help_store, MR_STR("x")));
    ck_assert_str_eq(
        help_run(1, SET("files=[\"d/**/*.jsonl\",\"more.jsonl\",\"./d//b.jsonl\"]", "path_key=p")),
        "{\"n\":9,\"p\":\"d/a-1.jsonl\"}\n{\"n\":0,\"p\":\"d/a/x.jsonl\"}\n"
        "{\"n\":2,\"p\":\"d/b.jsonl\"}\n{\"n\":3,\"p\":\"more.jsonl\"}\n");
}
END_TEST

START_TEST(ways_to_name)
{
    rows("d/one.jsonl", 1, 2);
    rows("d/e/two.jsonl", 2, 3);
    rows("d/e/f/three.jsonl", 3, 4);
    ck_assert_str_eq(help_run(1, SET("files=d/*/*.jsonl")), "{\"n\":2}\n");
    ck_assert_str_eq(help_run(2, SET("files=d")), "{\"n\":3}\n{\"n\":1}\n");
    help_ok(mr_store_del_prefix(help_store, MR_STR("x")));
    ck_assert_str_eq(help_run(1, SET("files=d/{one,e/two}.jsonl")), "{\"n\":2}\n{\"n\":1}\n");
    ck_assert_str_eq(help_run(2, SET("files=**/three.jsonl")), "{\"n\":3}\n");
    help_ok(mr_store_del_prefix(help_store, MR_STR("x")));
    ck_assert_str_eq(help_run(1, SET("files=e/**", "root=d", "path_key=p")),
                     "{\"n\":3,\"p\":\"e/f/three.jsonl\"}\n{\"n\":2,\"p\":\"e/two.jsonl\"}\n");
}
END_TEST

START_TEST(nothing_there)
{
    help_text("empty/.keep", "");
    ck_assert_str_eq(help_run(1, SET("files=empty")), "");
    ck_assert_str_eq(help_run(2, SET("files=[\"no/**/*.jsonl\",\"empty/*.csv\"]")), "");
    struct mr_source *s = help_source(3, SET("files=missing.jsonl"));
    enum mr_source_status status;
    struct mr_source_row row;
    struct mr_error *e = mr_source_files.next(s, &status, &row);
    ck_assert_int_eq(mr_error_code(e), MR_FILE_MISSING);
    ck_assert_ptr_nonnull(strstr(mr_error_message(e), "missing.jsonl"));
    mr_error_free(e);
    mr_source_files.close(s);
}
END_TEST

START_TEST(unreadable_formats_among_others)
{
    rows("d/a.jsonl", 1, 2);
    help_text("d/b.parquet", "PAR1");
    help_text("d/c.unknown", "?");
    const char *got = help_run(1, SET("files=d/*"));
    ck_assert_ptr_eq(strstr(got, "{\"n\":1}\n! d/b.parquet:1: "), got);
    ck_assert_ptr_nonnull(strstr(got, "\n! d/c.unknown:1: "));
}
END_TEST

static void ids_of(struct mr_source *s, struct mr_buf *out, size_t limit)
{
    enum mr_source_status status = MR_SOURCE_ROW;
    struct mr_source_row row;
    while (limit--) {
        help_ok(mr_source_files.next(s, &status, &row));
        if (status == MR_SOURCE_END)
            return;
        if (status == MR_SOURCE_IDLE) {
            limit++;
            continue;
        }
        char hex[MR_ID_HEX_LEN + 1];
        mr_id_hex(&row.head.id, hex);
        mr_buf_printf(out, "%u.%u %s %s\n", row.head.place.file, row.head.place.record, hex,
                      status == MR_SOURCE_ROW ? "" : mr_error_message(row.why));
        if (status == MR_SOURCE_REJECTED)
            mr_error_free(row.why);
        else
            mr_buf_adds(out, row.map);
    }
}

static void make_mixture(void)
{
    rows("d/a.jsonl", 0, 40);
    help_text("d/b.json", "[{\"a\":1},{\"a\":2},3,{\"a\":4}]");
    help_text("d/c.csv", "a,b\n1,2\n\"3\n4,5\n6,7\n");
    help_text("d/d.txt", "text");
    struct mr_buf z = help_zstd("{\"z\":1}\n{\"z\":2}\nx\n{\"z\":3}\n");
    help_file("d/e.jsonl.zst", z.ptr, z.len);
    mr_buf_finish(&z);
    help_text("d/f.jsonl", "\xef\xbb\xbf{\"f\":1}\n\n{\"f\":2}\n");
    help_file("d/f16.jsonl",
              "\xff\xfe{\0\"\0a\0\"\0:\0"
              "1\0}\0\n\0{\0}\0\n\0{\0}\0",
              28);
    help_text("d/g.parquet", "");
    rows("d/h.jsonl", 0, 3);
}

/* Stopped after each number of records, with and without what came behind the last save. */
START_TEST(resumes_anywhere)
{
    make_mixture();
    const char *const *set = SET("files=d/**");
    struct mr_buf whole = {0};
    struct mr_source *s = help_source(1, set);
    ids_of(s, &whole, SIZE_MAX);
    mr_source_files.close(s);
    mr_store_rollback(help_store);
    for (size_t step = 1; step < 60; step = step < 8 ? step + 1 : step * 2) {
        struct mr_buf got = {0}, lost = {0};
        for (;;) {
            s = help_source(1, set);
            size_t before = got.len;
            ids_of(s, &got, step);
            bool over = got.len == before;
            help_commit(s);
            ids_of(s, &lost, 3); /* given out, never committed */
            mr_source_files.close(s);
            mr_store_rollback(help_store);
            if (over)
                break;
        }
        ck_assert_str_eq(mr_buf_text(&got), mr_buf_text(&whole));
        mr_buf_finish(&got);
        mr_buf_finish(&lost);
        help_ok(mr_store_del_prefix(help_store, MR_STR("x")));
        help_ok(mr_store_commit(help_store));
    }
    mr_buf_finish(&whole);
}
END_TEST

static struct mr_source *open_part(enum mr_source_part part, const char *name)
{
    struct mr_connector_env env = help_env(1);
    struct mr_source *s = NULL;
    static const char *const set[] = {"files=d/**", NULL};
    env.part = part;
    env.name = mr_str_of(name);
    help_ok(mr_source_files.open(
        &env, help_params(mr_source_files.params, mr_source_files.params_size, set), &s));
    return s;
}

/* Reads one entry after the other, closing and opening the reader behind every record. */
static void read_entries(struct mr_source *list, struct mr_buf *out)
{
    struct mr_source *read = open_part(MR_SOURCE_READ, "docs");
    enum mr_source_status status;
    struct mr_source_row row, entry;
    for (;;) {
        help_ok(mr_source_files.next(read, &status, &row));
        if (status == MR_SOURCE_WANT) {
            help_ok(mr_source_files.next(list, &status, &entry));
            if (status == MR_SOURCE_END)
                break;
            help_ok(mr_source_files.take(read, &entry.head, entry.map));
            continue;
        }
        char hex[MR_ID_HEX_LEN + 1];
        mr_id_hex(&row.head.id, hex);
        mr_buf_printf(out, "%u.%u %s %s\n", row.head.place.file, row.head.place.record, hex,
                      status == MR_SOURCE_ROW ? "" : mr_error_message(row.why));
        if (status == MR_SOURCE_REJECTED)
            mr_error_free(row.why);
        else
            mr_buf_adds(out, row.map);
        help_ok(mr_source_files.save(read));
        mr_source_files.close(read);
        read = open_part(MR_SOURCE_READ, "docs");
    }
    mr_source_files.close(read);
}

START_TEST(list_and_read_as_two_steps)
{
    make_mixture();
    struct mr_buf whole = {0}, split = {0};
    struct mr_source *s = open_part(MR_SOURCE_WHOLE, "docs");
    ids_of(s, &whole, SIZE_MAX);
    mr_source_files.close(s);
    mr_store_rollback(help_store);
    /* Both steps share the test's store, so the list is opened first and never saved. */
    s = open_part(MR_SOURCE_LIST, "docs");
    read_entries(s, &split);
    mr_source_files.close(s);
    ck_assert_uint_gt(whole.len, 1000);
    ck_assert_str_eq(mr_buf_text(&split), mr_buf_text(&whole));
    mr_buf_finish(&whole);
    mr_buf_finish(&split);
}
END_TEST

static void read_some(const char *const *set, size_t count)
{
    struct mr_source *s = help_source(1, set);
    help_drain(s, count);
    help_commit(s);
    mr_source_files.close(s);
}

START_TEST(changed_while_half_read)
{
    const char *const *set = SET("files=*.{jsonl,csv}");
    rows("a.jsonl", 0, 10);
    rows("b.jsonl", 50, 51);
    read_some(set, 4);
    rows("a.jsonl", 900, 905);
    set_time("a.jsonl", 1000);
    const char *got = help_run(1, set);
    ck_assert_ptr_eq(strstr(got, "! a.jsonl:5: the file changed"), got);
    ck_assert_ptr_nonnull(strstr(got, "\n{\"n\":50}\n"));
    /* The next run takes it as new. */
    ck_assert_str_eq(help_run(2, set), "{\"n\":900}\n{\"n\":901}\n{\"n\":902}\n{\"n\":903}\n"
                                       "{\"n\":904}\n");
    ck_assert_str_eq(help_run(3, set), "");
}
END_TEST

START_TEST(appended_or_touched_while_half_read)
{
    const char *const *set = SET("files=a.jsonl");
    rows("a.jsonl", 0, 4);
    read_some(set, 2);
    rows("a.jsonl", 0, 6);
    ck_assert_str_eq(help_run(1, set), "{\"n\":2}\n{\"n\":3}\n{\"n\":4}\n{\"n\":5}\n");
    help_text("b.csv", "a\n1\n2\n3\n");
    read_some(SET("files=b.csv"), 1);
    help_text("b.csv", "a\n1\n2\n3\n4\n");
    const char *got = help_run(1, SET("files=b.csv"));
    ck_assert_ptr_nonnull(strstr(got, "! a.jsonl") ? NULL : got);
}
END_TEST

START_TEST(gone_while_half_read)
{
    const char *const *set = SET("files=*.jsonl");
    rows("a.jsonl", 0, 4);
    rows("b.jsonl", 7, 8);
    read_some(set, 2);
    char path[1200];
    snprintf(path, sizeof path, "%s/a.jsonl", help_dir);
    ck_assert_int_eq(unlink(path), 0);
    const char *got = help_run(1, set);
    ck_assert_ptr_eq(strstr(got, "! a.jsonl:3: "), got);
    ck_assert_ptr_nonnull(strstr(got, "{\"n\":7}\n"));
}
END_TEST

START_TEST(later_runs_take_what_is_new)
{
    const char *const *set = SET("files=*.jsonl");
    rows("m.jsonl", 0, 1);
    struct mr_buf first = {0}, second = {0}, third = {0};
    struct mr_source *s = help_source(1, set);
    ids_of(s, &first, SIZE_MAX);
    ck_assert(mr_source_files.found_new(s));
    help_commit(s);
    mr_source_files.close(s);
    s = help_source(2, set);
    ids_of(s, &second, SIZE_MAX);
    ck_assert_uint_eq(second.len, 0);
    ck_assert(!mr_source_files.found_new(s));
    help_commit(s);
    mr_source_files.close(s);
    rows("a.jsonl", 5, 6); /* sorts before, comes after */
    rows("m.jsonl", 0, 1);
    set_time("m.jsonl", 1000); /* the same path again: another generation */
    s = help_source(3, set);
    ids_of(s, &third, SIZE_MAX);
    ck_assert(mr_source_files.found_new(s));
    mr_source_files.close(s);
    ck_assert_ptr_eq(strstr(mr_buf_text(&first), "0.0 "), first.ptr);
    ck_assert_ptr_eq(strstr(mr_buf_text(&third), "1.0 "), third.ptr);
    ck_assert_ptr_nonnull(strstr(third.ptr, "2.0 "));
    char id[33];
    memcpy(id, first.ptr + 4, 32);
    id[32] = 0;
    ck_assert_ptr_null(strstr(third.ptr, id));
    mr_buf_finish(&first);
    mr_buf_finish(&second);
    mr_buf_finish(&third);
}
END_TEST

START_TEST(row_limit)
{
    rows("a.jsonl", 0, 10);
    struct mr_connector_env env = help_env(1);
    env.row_limit = 3;
    void *params =
        help_params(mr_source_files.params, mr_source_files.params_size, SET("files=a.jsonl"));
    struct mr_source *s;
    for (int again = 0; again < 2; again++) {
        help_ok(mr_source_files.open(&env, params, &s));
        ck_assert_str_eq(help_drain(s, SIZE_MAX), again ? "" : "{\"n\":0}\n{\"n\":1}\n{\"n\":2}\n");
        help_commit(s);
        mr_source_files.close(s);
    }
    const char *got = help_run(2, SET("files=a.jsonl"));
    ck_assert_ptr_eq(strstr(got, "{\"n\":3}\n"), got);
}
END_TEST

START_TEST(watched_folder)
{
    const char *const *set = SET("files=in/*.jsonl", "watch=yes", "settle_ms=60000", "poll_ms=1");
    struct mr_source *s = help_source(1, set);
    ck_assert_str_eq(help_drain(s, SIZE_MAX), "idle\n");
    rows("in/a.jsonl", 0, 1); /* just written: not settled */
    rows("in/b.jsonl", 1, 2);
    set_time("in/b.jsonl", 1000);
    struct mr_buf seen = {0};
    for (int i = 0; i < 200000 && !strstr(mr_buf_text(&seen), "1}"); i++)
        mr_buf_addz(&seen, help_drain(s, 1));
    ck_assert_ptr_nonnull(strstr(seen.ptr, "{\"n\":1}"));
    set_time("in/a.jsonl", 2000);
    for (int i = 0; i < 200000 && !strstr(mr_buf_text(&seen), "0}"); i++)
        mr_buf_addz(&seen, help_drain(s, 1));
    ck_assert_ptr_nonnull(strstr(seen.ptr, "{\"n\":0}"));
    help_commit(s);
    mr_source_files.close(s);
    mr_buf_finish(&seen);
    s = help_source(1, set);
    ck_assert_str_eq(help_drain(s, SIZE_MAX), "idle\n");
    mr_source_files.close(s);
}
END_TEST

START_TEST(renamed_in_counts_at_once)
{
    char from[600], to[600];
    struct mr_source *s =
        help_source(1, SET("files=in", "watch=yes", "settle_ms=3600000", "poll_ms=1"));
    help_text("in/sub/old.unknown", "");
    ck_assert_str_eq(help_drain(s, SIZE_MAX), "idle\n");
    rows("in/sub/b.jsonl", 5, 6); /* written in place: has to settle */
    rows("elsewhere.jsonl", 0, 1);
    snprintf(from, sizeof from, "%s/elsewhere.jsonl", help_dir);
    snprintf(to, sizeof to, "%s/in/sub/a.jsonl", help_dir);
    ck_assert_int_eq(rename(from, to), 0);
    struct mr_buf seen = {0};
    for (int i = 0; i < 200000 && !strstr(mr_buf_text(&seen), "{"); i++)
        mr_buf_addz(&seen, help_drain(s, 1));
    ck_assert_ptr_nonnull(strstr(seen.ptr, "{\"n\":0}"));
    ck_assert_str_eq(help_drain(s, SIZE_MAX), "idle\n");
    mr_buf_finish(&seen);
    mr_source_files.close(s);
}
END_TEST

START_TEST(ten_thousand_tiny_files)
{
    char name[64];
    for (int i = 0; i < 10000; i++) {
        snprintf(name, sizeof name, "t/%02d/%04d.txt", i % 10, i);
        help_text(name, "x");
    }
    struct rlimit few;
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &few), 0);
    few.rlim_cur = 128;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
    struct mr_source *s = help_source(1, SET("files=t"));
    enum mr_source_status status;
    struct mr_source_row row;
    uint32_t count = 0;
    for (;;) {
        help_ok(mr_source_files.next(s, &status, &row));
        if (status == MR_SOURCE_END)
            break;
        if (status == MR_SOURCE_ROW)
            ck_assert_uint_eq(row.head.place.file, count++);
        if (status == MR_SOURCE_IDLE || count % 1000 == 0)
            help_commit(s);
        ck_assert_uint_lt(mr_store_pending_bytes(help_store), 4 << 20);
    }
    ck_assert_uint_eq(count, 10000);
    mr_source_files.close(s);
}
END_TEST

/* Each key of a hostile row costs a look at all before it: from some number on nothing is said. */
START_TEST(schema_of_too_many_keys)
{
    struct mr_buf line = {0};
    mr_buf_addz(&line, "{\"text\":\"x\"");
    for (int i = 0; i < 5000; i++)
        mr_buf_printf(&line, ",\"k%d\":%d", i, i);
    mr_buf_addz(&line, "}\n");
    help_text("wide.jsonl", mr_buf_text(&line));
    struct mr_arena *arena = mr_arena_create(0);
    struct mr_schema schema;
    const struct mr_source_type *t = &mr_source_files;
    help_ok(t->schema(help_params(t->params, t->params_size, SET("files=wide.jsonl")), help_dir,
                      arena, &schema));
    ck_assert_uint_le(schema.count, 1000);
    ck_assert(schema.unknown && !schema.none);
    mr_arena_destroy(arena);
    mr_buf_finish(&line);
}
END_TEST

START_TEST(schemas)
{
    rows("a.jsonl", 0, 5);
    help_text("b.jsonl", "{\"n\":null,\"s\":\"x\"}\nbad\n{\"n\":0.5}\n");
    help_text("c.html", "<p>x");
    struct mr_arena *arena = mr_arena_create(0);
    struct mr_schema schema;
    const struct mr_source_type *t = &mr_source_files;
    help_ok(t->schema(help_params(t->params, t->params_size, SET("files=*.jsonl")), help_dir, arena,
                      &schema));
    ck_assert_uint_eq(schema.count, 2);
    ck_assert(mr_str_is(schema.keys[0].name, "n"));
    ck_assert_uint_eq(schema.keys[0].types, MR_INT | MR_REAL | MR_NULL);
    ck_assert(schema.keys[0].always && !schema.keys[1].always && schema.open);
    ck_assert_uint_eq(schema.sample_rows, 7);
    ck_assert_uint_eq(schema.files, 2);
    ck_assert_uint_gt(schema.bytes, 60);
    help_ok(t->schema(help_params(t->params, t->params_size, SET("files=*.html", "links=yes")),
                      help_dir, arena, &schema));
    ck_assert_uint_eq(schema.count, 6);
    ck_assert_uint_eq(schema.sample_rows, 0);
    ck_assert(!schema.open && !schema.unknown && schema.keys[0].always);
    ck_assert_uint_eq(schema.keys[1].types, MR_TEXT | MR_NULL);
    help_ok(t->schema(help_params(t->params, t->params_size, SET("files=no/*")), help_dir, arena,
                      &schema));
    ck_assert(schema.unknown && schema.none);
    struct mr_error *e = t->schema(help_params(t->params, t->params_size, SET("files=no.csv")),
                                   help_dir, arena, &schema);
    ck_assert_int_eq(mr_error_code(e), MR_FILE_MISSING);
    mr_error_free(e);
    mr_arena_destroy(arena);
}
END_TEST

Suite *suite_connectors_files_listing(void);
Suite *suite_connectors_files_listing(void)
{
    Suite *suite = suite_create("connectors.files.listing");
    TCase *c = tcase_create("listing");
    tcase_set_timeout(c, 120);
    tcase_add_checked_fixture(c, help_set_up, help_tear_down);
    tcase_add_loop_test(c, patterns_match, 0, (int)(sizeof matches / sizeof *matches));
    tcase_add_test(c, sorted_and_once);
    tcase_add_test(c, ways_to_name);
    tcase_add_test(c, nothing_there);
    tcase_add_test(c, unreadable_formats_among_others);
    tcase_add_test(c, resumes_anywhere);
    tcase_add_test(c, list_and_read_as_two_steps);
    tcase_add_test(c, changed_while_half_read);
    tcase_add_test(c, appended_or_touched_while_half_read);
    tcase_add_test(c, gone_while_half_read);
    tcase_add_test(c, later_runs_take_what_is_new);
    tcase_add_test(c, row_limit);
    tcase_add_test(c, watched_folder);
    tcase_add_test(c, renamed_in_counts_at_once);
    tcase_add_test(c, ten_thousand_tiny_files);
    tcase_add_test(c, schemas);
    tcase_add_test(c, schema_of_too_many_keys);
    suite_add_tcase(suite, c);
    return suite;
}
