/* The file sink: what is written, final names, later runs, recovery to the last commit, and kills
 * at every point of saving, committing and renaming. */
#include "tests/connectors/files/files_help.h"

#include "runtime/base/file.h"

#include <check.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const rows[] = {"{\"a\":1,\"b\":\"x\"}", "{\"b\":\"y, \\\"z\\\"\",\"a\":[1,{}]}",
                                   "{\"a\":null}", "{\"a\":\"\",\"b\":\"l\\nm\"}"};

static void write_rows(struct mr_sink *s)
{
    for (size_t i = 0; i < 4; i++)
        help_write(s, rows[i]);
}

static void expect(const char *name, const char *want)
{
    char *got = help_read(name);
    ck_assert_msg(got && strcmp(got, want) == 0, "%s:\ngot\n%s\nwant\n%s", name, got ? got : "none",
                  want);
    free(got);
}

/* Names of the files in a folder below the test's, sorted, a blank behind each. */
static const char *names(const char *folder)
{
    static char out[2000];
    char path[1200];
    struct dirent **list;
    size_t len = 0;
    snprintf(path, sizeof path, "%s/%s", help_dir, folder);
    int count = scandir(path, &list, NULL, alphasort);
    ck_assert_int_ge(count, 0);
    out[0] = 0;
    for (int i = 0; i < count; i++) {
        if (strcmp(list[i]->d_name, ".") != 0 && strcmp(list[i]->d_name, "..") != 0)
            len += (size_t)snprintf(out + len, sizeof out - len, "%s ", list[i]->d_name);
        free(list[i]);
    }
    free(list);
    return out;
}

struct sink_case {
    const char *set[6], *want;
};

static const struct sink_case cases[] = {
    {{"file=o/out.jsonl"},
     "{\"a\":1,\"b\":\"x\"}\n{\"b\":\"y, \\\"z\\\"\",\"a\":[1,{}]}\n{\"a\":null}\n"
     "{\"a\":\"\",\"b\":\"l\\nm\"}\n"},
    {{"file=o/out.json"},
     "[\n{\"a\":1,\"b\":\"x\"},\n{\"b\":\"y, \\\"z\\\"\",\"a\":[1,{}]},\n{\"a\":null},\n"
     "{\"a\":\"\",\"b\":\"l\\nm\"}\n]\n"},
    {{"file=o/out.csv"}, "a,b\n1,x\n\"[1,{}]\",\"y, \"\"z\"\"\"\n,\n\"\",\"l\nm\"\n"},
    {{"file=o/out.tsv", "columns=[\"b\",\"a\"]"},
     "b\ta\nx\t1\n\"y, \"\"z\"\"\"\t[1,{}]\n\t\n\"l\nm\"\t\"\"\n"},
    {{"file=o/out.csv", "columns=[\"a\"]", "extra_keys=drop", "delimiter=;"},
     "a\n1\n[1,{}]\n\"\"\n\"\"\n"},
    {{"file=o/out.csv", "columns=[\"id\",\"a\",\"b\",\"up\"]", "id_key=id", "parent_key=up"},
     "id,a,b,up\n01020300000000000000000000000000,1,x,\n"
     "01020300000000000000000000000000,\"[1,{}]\",\"y, \"\"z\"\"\",\n"
     "01020300000000000000000000000000,,,\n"
     "01020300000000000000000000000000,\"\",\"l\nm\",\n"},
};

static const char *name_of(const struct sink_case *c)
{
    return c->set[0] + 5;
}

START_TEST(each_format)
{
    const struct sink_case *c = &cases[_i];
    struct mr_sink *s = help_sink(1, c->set);
    write_rows(s);
    ck_assert_uint_gt(mr_sink_file.bytes(s), 10);
    help_commit_sink(s);
    ck_assert_uint_eq(mr_sink_file.bytes(s), 0);
    ck_assert_ptr_null(help_read(name_of(c))); /* not before its end */
    help_end_sink(s, 1);
    expect(name_of(c), c->want);
    ck_assert_ptr_null(strstr(names("o"), "part"));
}
END_TEST

START_TEST(ids_in_json)
{
    struct mr_sink *s = help_sink(1, SET("file=out.jsonl", "id_key=id", "parent_key=up"));
    help_write(s, "{\"id\":5,\"a\":1}");
    help_write(s, "{}");
    help_end_sink(s, 1);
    expect("out.jsonl", "{\"id\":\"01020300000000000000000000000000\",\"up\":null,\"a\":1}\n"
                        "{\"id\":\"01020300000000000000000000000000\",\"up\":null}\n");
}
END_TEST

START_TEST(csv_refuses_unknown_keys)
{
    struct mr_sink *s = help_sink(1, SET("file=out.csv"));
    struct mr_head head = {0};
    help_write(s, "{\"a\":1}");
    struct mr_error *e = mr_sink_file.write(s, &head,
                                            MR_STR("\x81\xa1"
                                                   "c\x01"));
    ck_assert_int_eq(mr_error_code(e), MR_SINK_COLUMNS);
    ck_assert(mr_error_is_row(e));
    mr_error_free(e);
    help_write(s, "{\"a\":2}");
    help_end_sink(s, 1);
    expect("out.csv", "a\n1\n2\n");
}
END_TEST

START_TEST(folder_in_the_way)
{
    struct mr_sink *s = help_sink(1, SET("file=out.jsonl"));
    struct mr_head head = {0};
    help_text("out.jsonl/inside", "x");
    struct mr_error *e = mr_sink_file.write(s, &head, MR_STR("\x80"));
    ck_assert_int_eq(mr_error_code(e), MR_IO);
    ck_assert_ptr_nonnull(strstr(mr_error_message(e), "is a folder"));
    mr_error_free(e);
    mr_sink_file.close(s);
}
END_TEST

/* Names of columns are any texts, and known again after a restart. */
START_TEST(csv_columns_with_strange_names)
{
    struct mr_sink *s = help_sink(1, SET("file=out.csv"));
    help_write(s, "{\"a\\u0000b\":1,\"\":2}");
    help_commit_sink(s);
    mr_sink_file.close(s);
    s = help_sink(1, SET("file=out.csv"));
    help_write(s, "{\"\":4,\"a\\u0000b\":3}");
    help_end_sink(s, 1);
    char path[600];
    struct mr_buf got = {0};
    snprintf(path, sizeof path, "%s/out.csv", help_dir);
    help_ok(mr_file_read(path, 0, &got));
    ck_assert_uint_eq(got.len, 15);
    ck_assert(memcmp(got.ptr, "a\0b,\"\"\n1,2\n3,4\n", 15) == 0);
    mr_buf_finish(&got);
}
END_TEST

/* Columns are not looked for one by one: the product of two such numbers would never end. */
START_TEST(csv_of_very_many_columns)
{
    enum { KEYS = 200000 };
    struct mr_buf row = {0}, want = {0};
    struct mr_sink *s = help_sink(1, SET("file=out.csv"));
    for (int back = 0; back < 2; back++) {
        row.len = 0;
        for (int i = 0; i < KEYS; i++)
            mr_buf_printf(&row, "%s\"k%d\":%d", i ? "," : "{", back ? KEYS - 1 - i : i, back);
        mr_buf_addc(&row, '}');
        help_write(s, mr_buf_text(&row));
    }
    help_end_sink(s, 1);
    for (int line = 0; line < 3; line++)
        for (int i = 0; i < KEYS; i++) {
            mr_buf_addz(&want, i ? "," : line ? "\n" : "");
            if (line)
                mr_buf_addc(&want, (char)('0' + line - 1));
            else
                mr_buf_printf(&want, "k%d", i);
        }
    mr_buf_addc(&want, '\n');
    char *got = help_read("out.csv");
    ck_assert_ptr_nonnull(got);
    ck_assert(strcmp(got, mr_buf_text(&want)) == 0);
    free(got);
    mr_buf_finish(&row);
    mr_buf_finish(&want);
}
END_TEST

/* What the compressed file holds, by the source's own reader. */
static const char *read_back(const char *name)
{
    static char out[4000];
    char files[100];
    snprintf(files, sizeof files, "files=%s", name);
    help_ok(mr_store_del_prefix(help_store, MR_STR("xs")));
    snprintf(out, sizeof out, "%s", help_run(1, SET(files)));
    help_ok(mr_store_del_prefix(help_store, MR_STR("xs")));
    help_ok(mr_store_commit(help_store));
    return out;
}

static const char *const outputs[] = {"out.jsonl",    "out.json",    "out.csv",
                                      "out.jsonl.gz", "out.json.gz", "out.jsonl.zst",
                                      "out.json.zst", "out.csv.zst"};

START_TEST(empty_first_run_then_rows)
{
    char set[60];
    const char *name = outputs[_i];
    snprintf(set, sizeof set, "file=%s", name);
    help_end_sink(help_sink(1, SET(set)), 1);
    ck_assert_str_eq(read_back(name), "");
    struct mr_sink *s = help_sink(2, SET(set));
    help_write(s, "{\"a\":\"1\"}");
    help_commit_sink(s);
    help_write(s, "{\"a\":\"2\"}");
    help_end_sink(s, 2);
    help_end_sink(help_sink(3, SET(set)), 3); /* nothing new */
    s = help_sink(4, SET(set));
    help_write(s, "{\"a\":\"3\"}");
    help_end_sink(s, 4);
    ck_assert_str_eq(read_back(name), "{\"a\":\"1\"}\n{\"a\":\"2\"}\n{\"a\":\"3\"}\n");
    ck_assert_ptr_null(strstr(names("."), "part"));
}
END_TEST

START_TEST(recovers_to_the_commit)
{
    char set[60];
    const char *name = outputs[_i];
    snprintf(set, sizeof set, "file=%s", name);
    struct mr_sink *s = help_sink(1, SET(set));
    help_write(s, "{\"a\":\"1\"}");
    help_commit_sink(s);
    help_write(s, "{\"a\":\"lost\"}");
    help_ok(mr_sink_file.save(s)); /* durable, but the commit never came */
    mr_store_rollback(help_store);
    mr_sink_file.close(s);
    help_reopen_store();
    s = help_sink(1, SET(set));
    help_write(s, "{\"a\":\"2\"}");
    help_ok(mr_sink_file.end_run(s, 1)); /* ended, but the commit never came */
    mr_sink_file.close(s);
    mr_store_rollback(help_store);
    s = help_sink(1, SET(set));
    help_write(s, "{\"a\":\"3\"}");
    help_ok(mr_sink_file.end_run(s, 1));
    help_ok(mr_sink_file.save(s));
    help_ok(mr_store_commit(help_store)); /* decided, but not renamed */
    mr_sink_file.close(s);
    ck_assert(!mr_file_exists(name));
    mr_sink_file.close(help_sink(1, SET(set)));
    ck_assert_str_eq(read_back(name), "{\"a\":\"1\"}\n{\"a\":\"3\"}\n");
}
END_TEST

START_TEST(shards)
{
    const char *const *set = SET("file=o/out.jsonl.gz", "shard_bytes=20");
    struct mr_sink *s = help_sink(1, set);
    char json[40];
    for (int i = 0; i < 7; i++) {
        snprintf(json, sizeof json, "{\"n\":%d}", 1000 + i); /* 11 bytes with its line end */
        help_write(s, json);
    }
    help_commit_sink(s);
    ck_assert_str_eq(
        names("o"),
        ".out.jsonl.gz.3.part out-00000.jsonl.gz out-00001.jsonl.gz out-00002.jsonl.gz ");
    mr_sink_file.close(s);
    s = help_sink(1, set);
    help_end_sink(s, 1);
    s = help_sink(2, set);
    help_write(s, "{\"n\":1}");
    help_end_sink(s, 2);
    ck_assert_str_eq(names("o"), "out-00000.jsonl.gz out-00001.jsonl.gz out-00002.jsonl.gz "
                                 "out-00003.jsonl.gz out-00004.jsonl.gz ");
    ck_assert_str_eq(read_back("o/out-00002.jsonl.gz"), "{\"n\":1004}\n{\"n\":1005}\n");
    ck_assert_str_eq(read_back("o/out-00003.jsonl.gz"), "{\"n\":1006}\n");
    ck_assert_str_eq(read_back("o/out-00004.jsonl.gz"), "{\"n\":1}\n");
}
END_TEST

static struct mr_error *open_again(const char *const *set)
{
    struct mr_connector_env env = help_env(2);
    struct mr_sink *s = NULL;
    struct mr_error *e = mr_sink_file.open(
        &env, help_params(mr_sink_file.params, mr_sink_file.params_size, set), &s);
    if (!e)
        mr_sink_file.close(s);
    return e;
}

START_TEST(changed_behind_its_back)
{
    const char *const *set = SET("file=out.jsonl");
    struct mr_sink *s = help_sink(1, set);
    help_write(s, "{\"a\":1}");
    help_end_sink(s, 1);
    help_text("out.jsonl", "{\"a\":1}\n{\"mine\":1}\n");
    s = help_sink(2, set);
    struct mr_head head = {0};
    struct mr_error *e = mr_sink_file.write(s, &head, MR_STR("\x80"));
    ck_assert_int_eq(mr_error_code(e), MR_SINK_CHANGED);
    mr_error_free(e);
    mr_sink_file.close(s);
    char path[600];
    snprintf(path, sizeof path, "%s/out.jsonl", help_dir);
    ck_assert_int_eq(unlink(path), 0); /* moved away: a new file begins */
    s = help_sink(2, set);
    help_write(s, "{\"b\":2}");
    help_commit_sink(s);
    struct mr_error *busy = open_again(set);
    ck_assert_int_eq(mr_error_code(busy), MR_SINK_BUSY);
    mr_error_free(busy);
    mr_sink_file.close(s);
    snprintf(path, sizeof path, "%s/.out.jsonl.1.part", help_dir);
    ck_assert_int_eq(truncate(path, 3), 0);
    e = open_again(set);
    ck_assert_int_eq(mr_error_code(e), MR_SINK_LOST);
    mr_error_free(e);
    ck_assert_int_eq(unlink(path), 0);
    e = open_again(set);
    ck_assert_int_eq(mr_error_code(e), MR_SINK_LOST);
    ck_assert_ptr_nonnull(strstr(mr_error_message(e), "is gone"));
    mr_error_free(e);
}
END_TEST

START_TEST(checks)
{
    help_sink_check(MR_OK, SET("file=o.csv.gz"));
    help_sink_check(MR_OK, SET("file=o.data", "format=jsonl"));
    ck_assert_ptr_nonnull(
        strstr(help_sink_check(MR_FORMAT_UNKNOWN, SET("file=o.parquet")), ".jsonl"));
    help_sink_check(MR_FORMAT_UNKNOWN, SET("file=o.txt"));
    help_sink_check(MR_PARAM_INVALID, SET("file=o/"));
    help_sink_check(MR_PARAM_INVALID, SET("file=o.csv", "quote=ab"));
    help_sink_check(MR_PARAM_INVALID, SET("file=o.csv", "columns=[\"a\",\"a\"]"));
    help_sink_check(MR_PARAM_INVALID, SET("file=o.jsonl", "id_key=i", "parent_key=i"));
}
END_TEST

/* ---- kills: source → sink in one process, the store in between ---- */

enum { KILL_ROWS = 400 };

/* Copies the source to the sink, a commit every few rows, as a task does; ends with code 0. */
static void copy_all(const char *const *from, const char *const *to)
{
    struct mr_source *source = help_source(1, from);
    struct mr_sink *sink = help_sink(1, to);
    struct mr_source_row row;
    enum mr_source_status status = MR_SOURCE_IDLE;
    for (int n = 1; status != MR_SOURCE_END; n++) {
        help_ok(mr_source_files.next(source, &status, &row));
        if (status == MR_SOURCE_ROW)
            help_ok(mr_sink_file.write(sink, &row.head, row.map));
        if (status == MR_SOURCE_REJECTED)
            mr_error_free(row.why);
        if (status == MR_SOURCE_END)
            help_ok(mr_sink_file.end_run(sink, 1));
        if (n % 7 && status != MR_SOURCE_END)
            continue;
        help_ok(mr_sink_file.save(sink));
        help_ok(mr_source_files.save(source));
        help_ok(mr_store_commit(help_store));
        help_ok(mr_sink_file.committed(sink));
    }
    mr_source_files.close(source);
    mr_sink_file.close(sink);
}

/* True when the output is complete. The timer ends the process as hard as a kill would. */
static bool run_and_kill(const char *const *from, const char *const *to, long after_us)
{
    pid_t pid = fork();
    if (pid == 0) {
        char path[600];
        struct itimerval timer = {.it_value = {after_us / 1000000, after_us % 1000000}};
        signal(SIGALRM, SIG_DFL);
        setitimer(ITIMER_REAL, &timer, NULL);
        snprintf(path, sizeof path, "%s/state", help_dir);
        help_ok(mr_store_open(path, NULL, &help_store)); /* the real thing: synced */
        copy_all(from, to);
        mr_store_close(help_store);
        _exit(0);
    }
    int status = 0;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_msg(WIFEXITED(status) ? WEXITSTATUS(status) == 0 : WTERMSIG(status) == SIGALRM,
                  "status %x", status);
    return WIFEXITED(status);
}

static void make_input(void)
{
    struct mr_buf b = {0};
    for (int i = 0; i < KILL_ROWS / 2; i++)
        mr_buf_printf(&b, "{\"n\":%d}\n", i);
    help_file("in/a.jsonl", b.ptr, b.len);
    b.len = 0;
    for (int i = KILL_ROWS / 2; i < KILL_ROWS; i++)
        mr_buf_printf(&b, "{\"n\":%d}\n%s", i, i % 50 ? "" : "bad line\n");
    struct mr_buf packed = help_zstd(mr_buf_text(&b));
    help_file("in/b.jsonl.zst", packed.ptr, packed.len);
    mr_buf_finish(&packed);
    mr_buf_finish(&b);
}

static const struct {
    const char *file, *more;
} kill_cases[] = {{"out/o.jsonl", "level=null"},
                  {"out/o.json.gz", "level=1"},
                  {"out/o.jsonl.zst", "level=3"},
                  {"out/o.csv", "shard_bytes=300"}};

/* The output's rows in order, over all shards. */
static void check_output(const char *file, bool sharded)
{
    mr_store_close(help_store);
    help_store = NULL;
    char name[100], want[40];
    help_reopen_store();
    snprintf(name, sizeof name, "files=%s", sharded ? "out/*.csv" : file);
    help_ok(mr_store_del_prefix(help_store, MR_STR("x")));
    const char *at = help_run(9, SET(name));
    for (int i = 0; i < KILL_ROWS; i++) {
        snprintf(want, sizeof want, sharded ? "{\"n\":\"%d\"}\n" : "{\"n\":%d}\n", i);
        ck_assert_msg(strncmp(at, want, strlen(want)) == 0, "row %d: %.40s", i, at);
        at += strlen(want);
    }
    ck_assert_str_eq(at, "");
    ck_assert_ptr_null(strstr(names("out"), "part"));
}

START_TEST(killed_at_any_moment)
{
    char file[80];
    snprintf(file, sizeof file, "file=%s", kill_cases[_i].file);
    const char *const *to = SET(file, kill_cases[_i].more);
    const char *const *from = SET("files=in/*");
    make_input();
    mr_store_close(help_store);
    help_store = NULL;
    long after_us = 15000;
    unsigned kills = 0;
    while (!run_and_kill(from, to, after_us)) {
        after_us += 1700; /* always ends: later and later */
        kills++;
    }
    ck_assert_uint_gt(kills, 0);
    check_output(kill_cases[_i].file, strstr(kill_cases[_i].more, "shard") != NULL);
}
END_TEST

Suite *suite_connectors_files_sink(void);
Suite *suite_connectors_files_sink(void)
{
    Suite *suite = suite_create("connectors.files.sink");
    TCase *c = tcase_create("sink");
    int count = (int)(sizeof outputs / sizeof *outputs);
    tcase_set_timeout(c, 300);
    tcase_add_checked_fixture(c, help_set_up, help_tear_down);
    tcase_add_loop_test(c, each_format, 0, (int)(sizeof cases / sizeof *cases));
    tcase_add_test(c, ids_in_json);
    tcase_add_test(c, csv_refuses_unknown_keys);
    tcase_add_test(c, csv_of_very_many_columns);
    tcase_add_test(c, csv_columns_with_strange_names);
    tcase_add_test(c, folder_in_the_way);
    tcase_add_loop_test(c, empty_first_run_then_rows, 0, count);
    tcase_add_loop_test(c, recovers_to_the_commit, 0, count);
    tcase_add_test(c, shards);
    tcase_add_test(c, changed_behind_its_back);
    tcase_add_test(c, checks);
    tcase_add_loop_test(c, killed_at_any_moment, 0, (int)(sizeof kill_cases / sizeof *kill_cases));
    suite_add_tcase(suite, c);
    return suite;
}
