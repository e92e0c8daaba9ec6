/* The store: pending changes seen at once, prefixes hidden, commits atomic and durable, one opener.
 */
#include "runtime/base/clock.h"
#include "runtime/base/file.h"
#include "runtime/base/hash.h"
#include "runtime/state/store.h"

#include <check.h>
#include <dirent.h>
#include <poll.h>
#include <rocksdb/c.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static char dir[512];
static struct mr_store *s;
static const struct mr_store_options fast = {.no_sync = true};

static void ok(struct mr_error *e)
{
    ck_assert_msg(!e, "%s", mr_error_message(e));
}

static void set_up(void)
{
    const char *tmp = getenv("TMPDIR");
    snprintf(dir, sizeof dir, "%s/mr-state-XXXXXX", tmp ? tmp : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    ok(mr_store_open(dir, &fast, &s));
}

static void tear_down(void)
{
    mr_store_close(s);
    s = NULL;
    ok(mr_dir_remove(dir));
}

static void reopen(void)
{
    mr_store_close(s);
    ok(mr_store_open(dir, &fast, &s));
}

static void put(const char *key, const char *value)
{
    mr_store_put(s, mr_str_of(key), mr_str_of(value));
}

/* The value as text, or "-" when absent; in a static place. */
static const char *get(const char *key)
{
    static char text[256];
    struct mr_buf out = {0};
    bool found;
    ok(mr_store_get(s, mr_str_of(key), &out, &found));
    snprintf(text, sizeof text, "%s", found ? mr_buf_text(&out) : "-");
    mr_buf_finish(&out);
    return text;
}

/* "k=v k=v" of all keys with a prefix. */
static const char *list(const char *prefix, const char *from)
{
    static char text[4096];
    struct mr_buf out = {0};
    struct mr_store_iter *i = mr_store_iter_open(s, mr_str_of(prefix), mr_str_of(from));
    for (; mr_store_iter_valid(i); mr_store_iter_next(i))
        mr_buf_printf(&out, "%s%.*s=%.*s", out.len ? " " : "", MR_FMT(mr_store_iter_key(i)),
                      MR_FMT(mr_store_iter_value(i)));
    ok(mr_store_iter_close(i));
    snprintf(text, sizeof text, "%s", mr_buf_text(&out));
    mr_buf_finish(&out);
    return text;
}

START_TEST(reads_see_pending)
{
    put("xa", "1");
    ck_assert_str_eq(get("xa"), "1");
    ck_assert_uint_eq(mr_store_pending_entries(s), 1);
    ck_assert_uint_gt(mr_store_pending_bytes(s), 2);
    ok(mr_store_commit(s));
    ck_assert_uint_eq(mr_store_pending_entries(s), 0);
    ck_assert_uint_eq(mr_store_pending_bytes(s), 0);
    put("xa", "22");
    ck_assert_str_eq(get("xa"), "22");
    mr_store_rollback(s);
    ck_assert_str_eq(get("xa"), "1");
    mr_store_del(s, MR_STR("xa"));
    ck_assert_str_eq(get("xa"), "-");
    put("xa", "");
    ck_assert_str_eq(get("xa"), "");
    reopen();
    ck_assert_str_eq(get("xa"), "1");
}
END_TEST

START_TEST(iterators_merge_pending_and_disk)
{
    put("xa", "1");
    put("xc", "3");
    put("xe", "5");
    put("y", "other");
    ok(mr_store_commit(s));
    put("xb", "2");
    put("xc", "33");
    mr_store_del(s, MR_STR("xe"));
    put("xf", "6");
    mr_store_del(s, MR_STR("xg"));
    ck_assert_str_eq(list("x", ""), "xa=1 xb=2 xc=33 xf=6");
    ck_assert_str_eq(list("x", "xb"), "xb=2 xc=33 xf=6");
    ck_assert_str_eq(list("x", "xd"), "xf=6");
    ck_assert_str_eq(list("x", "a"), "xa=1 xb=2 xc=33 xf=6");
    ck_assert_str_eq(list("z", ""), "");
    ok(mr_store_commit(s));
    ck_assert_str_eq(list("x", ""), "xa=1 xb=2 xc=33 xf=6");
}
END_TEST

START_TEST(del_prefix_hides_both)
{
    char key[16];
    for (int i = 0; i < 200; i++) {
        snprintf(key, sizeof key, "xp%03d", i);
        put(key, "v");
    }
    put("xo", "before");
    put("xq", "after");
    ok(mr_store_commit(s));
    put("xp0005", "pending");
    put("xp9", "pending");
    ok(mr_store_del_prefix(s, MR_STR("xp")));
    ck_assert_str_eq(get("xp001"), "-");
    ck_assert_str_eq(get("xp9"), "-");
    ck_assert_str_eq(list("x", ""), "xo=before xq=after");
    put("xp100", "new");
    ck_assert_str_eq(list("x", ""), "xo=before xp100=new xq=after");
    ck_assert_str_eq(list("xp", ""), "xp100=new");
    ok(mr_store_commit(s));
    ck_assert_str_eq(list("x", ""), "xo=before xp100=new xq=after");
    reopen();
    ck_assert_str_eq(list("x", ""), "xo=before xp100=new xq=after");
    ok(mr_store_del_prefix(s, MR_STR("xp")));
    mr_store_rollback(s);
    ck_assert_str_eq(get("xp100"), "new");
}
END_TEST

START_TEST(iterator_survives_changes_and_commits)
{
    put("xa", "1");
    put("xb", "2");
    ok(mr_store_commit(s));
    put("xc", "3");
    put("xd", "4");
    struct mr_store_iter *i = mr_store_iter_open(s, MR_STR("x"), MR_STR(""));
    struct mr_buf seen = {0};
    for (; mr_store_iter_valid(i); mr_store_iter_next(i)) {
        struct mr_str key = mr_store_iter_key(i), value = mr_store_iter_value(i);
        put("xa", "changed");
        mr_store_del(s, key);
        ok(mr_store_commit(s)); /* key and value stay readable */
        mr_buf_printf(&seen, "%.*s=%.*s ", MR_FMT(key), MR_FMT(value));
    }
    ok(mr_store_iter_close(i));
    ck_assert_str_eq(mr_buf_text(&seen), "xa=1 xb=2 xc=3 xd=4 ");
    mr_buf_finish(&seen);
    ck_assert_str_eq(list("x", ""), "xa=changed");
}
END_TEST

START_TEST(prefix_of_high_bytes)
{
    mr_store_put(s,
                 MR_STR("x\xff\xff"
                        "1"),
                 MR_STR("a"));
    put("y", "b");
    ok(mr_store_commit(s));
    mr_store_put(s,
                 MR_STR("x\xff\xff"
                        "2"),
                 MR_STR("c"));
    struct mr_store_iter *i = mr_store_iter_open(s, MR_STR("x\xff\xff"), MR_STR(""));
    int count = 0;
    for (; mr_store_iter_valid(i); mr_store_iter_next(i))
        count++;
    ok(mr_store_iter_close(i));
    ck_assert_int_eq(count, 2);
    ok(mr_store_del_prefix(s, MR_STR("x\xff")));
    ck_assert_str_eq(list("x", ""), "");
    ck_assert_str_eq(get("y"), "b");
}
END_TEST

/* A naive model beside the store, over random changes, commits, rollbacks and reopenings. */
enum { MODEL_KEYS = 300 };
static int committed[MODEL_KEYS], current[MODEL_KEYS];

static void model_key(int k, char out[16])
{
    snprintf(out, 16, "x%c%03d", 'a' + k / 100, k);
}

static void model_compare(int round)
{
    struct mr_store_iter *i = mr_store_iter_open(s, MR_STR("x"), MR_STR(""));
    for (int k = 0; k < MODEL_KEYS; k++) {
        char key[16], value[16];
        model_key(k, key);
        snprintf(value, sizeof value, "%d", current[k]);
        ck_assert_str_eq(get(key), current[k] ? value : "-");
        if (!current[k])
            continue;
        ck_assert_msg(mr_store_iter_valid(i), "round %d: ends before %s", round, key);
        ck_assert(mr_str_is(mr_store_iter_key(i), key));
        ck_assert(mr_str_is(mr_store_iter_value(i), value));
        mr_store_iter_next(i);
    }
    ck_assert(!mr_store_iter_valid(i));
    ok(mr_store_iter_close(i));
}

static void model_change(int value)
{
    char key[16], text[16];
    int k = rand() % MODEL_KEYS;
    model_key(k, key);
    if (rand() % 3) {
        snprintf(text, sizeof text, "%d", value);
        put(key, text);
        current[k] = value;
    } else {
        mr_store_del(s, mr_str_of(key));
        current[k] = 0;
    }
}

START_TEST(random_against_model)
{
    srand(7);
    for (int round = 1; round <= 120; round++) {
        for (int n = rand() % 150; n; n--)
            model_change(round * 1000 + n);
        if (rand() % 4 == 0) {
            int group = rand() % 3;
            char prefix[3] = {'x', (char)('a' + group), 0};
            ok(mr_store_del_prefix(s, mr_str_of(prefix)));
            memset(current + group * 100, 0, 100 * sizeof *current);
        }
        model_compare(round);
        if (rand() % 3 == 0) {
            mr_store_rollback(s);
            memcpy(current, committed, sizeof current);
        } else if (rand() % 2) {
            ok(mr_store_commit(s));
            memcpy(committed, current, sizeof current);
        }
        if (rand() % 10 == 0) {
            reopen();
            memcpy(current, committed, sizeof current);
        }
        model_compare(round);
    }
}
END_TEST

START_TEST(one_opener)
{
    struct mr_store *second = NULL;
    struct mr_error *e = mr_store_open(dir, &fast, &second);
    ck_assert_int_eq(mr_error_code(e), MR_STORE_LOCKED);
    ck_assert_ptr_null(second);
    mr_error_free(e);
    pid_t pid = fork();
    if (pid == 0) {
        e = mr_store_open(dir, &fast, &second);
        _exit(mr_error_code(e) == MR_STORE_LOCKED ? 0 : 1);
    }
    int status;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(other_format_refused)
{
    mr_store_put(s, mr_str_span("\0millrace", 9), MR_STR("99"));
    ok(mr_store_commit(s));
    mr_store_close(s);
    s = NULL;
    struct mr_error *e = mr_store_open(dir, &fast, &s);
    ck_assert_int_eq(mr_error_code(e), MR_STORE_VERSION);
    ck_assert_ptr_nonnull(strstr(mr_error_message(e), "\"99\""));
    mr_error_free(e);
}
END_TEST

START_TEST(foreign_database_refused)
{
    char path[600], *text = NULL;
    snprintf(path, sizeof path, "%s/foreign", dir);
    rocksdb_options_t *o = rocksdb_options_create();
    rocksdb_options_set_create_if_missing(o, 1);
    rocksdb_t *db = rocksdb_open(o, path, &text);
    ck_assert_ptr_null(text);
    rocksdb_writeoptions_t *w = rocksdb_writeoptions_create();
    rocksdb_put(db, w, "k", 1, "v", 1, &text);
    ck_assert_ptr_null(text);
    rocksdb_writeoptions_destroy(w);
    rocksdb_close(db);
    rocksdb_options_destroy(o);
    struct mr_store *other = NULL;
    struct mr_error *e = mr_store_open(path, &fast, &other);
    ck_assert_int_eq(mr_error_code(e), MR_STORE_VERSION);
    ck_assert_ptr_null(other);
    mr_error_free(e);
}
END_TEST

START_TEST(not_a_folder)
{
    char path[600];
    snprintf(path, sizeof path, "%s/file", dir);
    ok(mr_file_replace(path, MR_STR("x"), 0600));
    struct mr_store *other = NULL;
    struct mr_error *e = mr_store_open(path, &fast, &other);
    ck_assert_ptr_nonnull(e);
    ck_assert_ptr_null(other);
    ck_assert_ptr_nonnull(strstr(mr_error_message(e), path));
    mr_error_free(e);
}
END_TEST

/* Writes pairs that must agree, telling each committed number through the pipe, until killed. */
static void commit_until_killed(int out)
{
    struct mr_store *mine;
    if (mr_store_open(dir, NULL, &mine))
        _exit(3);
    struct mr_buf old = {0};
    bool found;
    uint32_t n = 0;
    mr_error_free(mr_store_get(mine, MR_STR("xleft"), &old, &found));
    if (found)
        memcpy(&n, old.ptr, sizeof n);
    for (;;) {
        n++;
        struct mr_str value = mr_str_span((const char *)&n, sizeof n);
        mr_store_put(mine, MR_STR("xleft"), value);
        mr_store_put(mine, MR_STR("xright"), value);
        if (mr_store_commit(mine) || write(out, &n, sizeof n) != (ssize_t)sizeof n)
            _exit(3);
    }
}

static uint32_t number_of(const char *key)
{
    struct mr_buf out = {0};
    bool found;
    uint32_t n = 0;
    ok(mr_store_get(s, mr_str_of(key), &out, &found));
    if (found)
        memcpy(&n, out.ptr, sizeof n);
    mr_buf_finish(&out);
    return n;
}

START_TEST(killed_commits_are_whole_and_durable)
{
    mr_store_close(s);
    for (int round = 0; round < 6; round++) {
        int pipes[2];
        ck_assert_int_eq(pipe(pipes), 0);
        pid_t pid = fork();
        if (pid == 0) {
            close(pipes[0]);
            commit_until_killed(pipes[1]);
        }
        close(pipes[1]);
        uint32_t told = 0, n;
        for (int k = 0; k < 5 + 7 * round; k++) {
            ck_assert_int_eq(read(pipes[0], &n, sizeof n), sizeof n);
            told = n;
        }
        kill(pid, SIGKILL);
        while (read(pipes[0], &n, sizeof n) == (ssize_t)sizeof n)
            told = n;
        close(pipes[0]);
        ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
        ok(mr_store_open(dir, &fast, &s));
        uint32_t left = number_of("xleft");
        ck_assert_uint_eq(left, number_of("xright"));
        ck_assert_uint_ge(left, told);
        ck_assert_uint_le(left, told + 1);
        mr_store_close(s);
    }
    ok(mr_store_open(dir, &fast, &s));
}
END_TEST

START_TEST(many_rows_through_small_buffers)
{
    struct mr_store_options small = {.write_buffer_bytes = 128 << 10, .no_sync = true};
    mr_store_close(s);
    ok(mr_store_open(dir, &small, &s));
    char key[32], value[256];
    for (int i = 0; i < 20000; i++) {
        snprintf(key, sizeof key, "x%08d", i * 7919 % 20000);
        snprintf(value, sizeof value, "%0200d", i);
        put(key, value);
        if (i % 1000 == 999)
            ok(mr_store_commit(s));
    }
    int count = 0;
    struct mr_store_iter *i = mr_store_iter_open(s, MR_STR("x"), MR_STR(""));
    for (; mr_store_iter_valid(i); mr_store_iter_next(i), count++) {
        snprintf(key, sizeof key, "x%08d", count);
        ck_assert(mr_str_is(mr_store_iter_key(i), key));
    }
    ok(mr_store_iter_close(i));
    ck_assert_int_eq(count, 20000);
    ok(mr_store_del_prefix(s, MR_STR("x")));
    ok(mr_store_commit(s));
    ck_assert_str_eq(list("x", ""), "");
}
END_TEST

/* A disk that takes no more: whatever fails first, it is an error, and the process goes on to say
 * so (the text log of RocksDB ends a process that writes to it twice on a full disk). */
START_TEST(a_full_disk_is_an_error_to_the_end)
{
    struct rlimit few = {.rlim_cur = (rlim_t)1024 << (2 * _i), .rlim_max = RLIM_INFINITY};
    static char bytes[16 * 1024];
    mr_store_close(s);
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &few), 0);
    struct mr_error *e = mr_store_open(dir, NULL, &s);
    for (int i = 0; i < 1000 && !e; i++) {
        for (size_t k = 0; k < sizeof bytes; k++)
            bytes[k] = (char)mr_hash64(&k, sizeof k, (uint64_t)i);
        mr_store_put(s, mr_str_span((const char *)&i, sizeof i), mr_str_span(bytes, sizeof bytes));
        e = mr_store_commit(s);
    }
    ck_assert_ptr_nonnull(e);
    mr_error_free(e);
    if (s) {
        mr_store_put(s, MR_STR("x"), MR_STR("y"));
        e = mr_store_commit(s);
        ck_assert_ptr_nonnull(e);
        mr_error_free(e);
    }
    mr_store_close(s);
    few.rlim_cur = RLIM_INFINITY;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &few), 0);
    ok(mr_store_open(dir, NULL, &s));
}
END_TEST

static unsigned count_tables(void)
{
    unsigned count = 0;
    DIR *d = opendir(dir);
    for (struct dirent *f; (f = readdir(d));)
        count += strlen(f->d_name) > 4 && strcmp(f->d_name + strlen(f->d_name) - 4, ".sst") == 0;
    closedir(d);
    return count;
}

/* Tables that this process has open. */
static unsigned count_open_tables(void)
{
    unsigned count = 0;
    DIR *d = opendir("/proc/self/fd");
    char link[64], path[1024];
    for (struct dirent *f; (f = readdir(d));) {
        snprintf(link, sizeof link, "/proc/self/fd/%.16s", f->d_name);
        ssize_t len = readlink(link, path, sizeof path - 1);
        path[len > 0 ? len : 0] = 0;
        count += len > 4 && strcmp(path + len - 4, ".sst") == 0;
    }
    closedir(d);
    return count;
}

/* A look that has to open a table first costs many times a look: all tables can stay open (256). */
START_TEST(large_states_have_few_files)
{
    struct mr_store_options small = {.write_buffer_bytes = 128 << 10, .no_sync = true};
    char key[32], value[512];
    uint64_t random = 1;
    mr_store_close(s);
    ok(mr_store_open(dir, &small, &s));
    for (int i = 0; i < 400000; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        snprintf(key, sizeof key, "x%016llx", (unsigned long long)random);
        for (size_t k = 0; k + 8 <= sizeof value; k += 8) {
            uint64_t noise = mr_hash64(&k, sizeof k, random); /* does not compress */
            memcpy(value + k, &noise, 8);
        }
        mr_store_put(s, mr_str_of(key), mr_str_span(value, sizeof value));
        if (i % 1000 == 999)
            ok(mr_store_commit(s));
    }
    uint64_t deadline = mr_now_ms() + 30000;
    unsigned tables;
    while ((tables = count_tables()) > 100 && mr_now_ms() < deadline)
        poll(NULL, 0, 20); /* while the background threads have arrears */
    ck_assert_msg(tables > 0 && tables <= 100, "%u files", tables);
    unsigned open = 0;
    do { /* again while a compaction puts other tables in the place of those just read */
        struct mr_store_iter *all = mr_store_iter_open(s, MR_STR("x"), MR_STR(""));
        while (mr_store_iter_valid(all))
            mr_store_iter_next(all);
        ok(mr_store_iter_close(all));
        tables = count_tables();
        open = count_open_tables();
    } while (open < tables * 9 / 10 && mr_now_ms() < deadline);
    ck_assert_msg(open >= tables * 9 / 10, "%u of %u tables stayed open", open, tables);
}
END_TEST

Suite *suite_runtime_state_store(void);
Suite *suite_runtime_state_store(void)
{
    Suite *suite = suite_create("runtime.state.store");
    TCase *c = tcase_create("store");
    tcase_set_timeout(c, 120);
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_test(c, reads_see_pending);
    tcase_add_test(c, iterators_merge_pending_and_disk);
    tcase_add_test(c, del_prefix_hides_both);
    tcase_add_test(c, iterator_survives_changes_and_commits);
    tcase_add_test(c, prefix_of_high_bytes);
    tcase_add_test(c, random_against_model);
    tcase_add_test(c, one_opener);
    tcase_add_test(c, other_format_refused);
    tcase_add_test(c, foreign_database_refused);
    tcase_add_test(c, not_a_folder);
    tcase_add_test(c, killed_commits_are_whole_and_durable);
    tcase_add_test(c, many_rows_through_small_buffers);
    tcase_add_test(c, large_states_have_few_files);
    tcase_add_loop_test(c, a_full_disk_is_an_error_to_the_end, 0, 5);
    suite_add_tcase(suite, c);
    return suite;
}
