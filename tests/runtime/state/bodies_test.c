/* Bodies of a store: seen while pending, durable with the commit, cut off and given back as
 * decided. */
#include "runtime/base/file.h"
#include "runtime/state/store.h"

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SMALL_FILE = 4096, BODY = 700 };

static char dir[512];
static struct mr_store *s;
static struct mr_arena *arena;
static const struct mr_store_options small = {.no_sync = true, .body_file_bytes = SMALL_FILE};

static void ok(struct mr_error *e)
{
    ck_assert_msg(!e, "%s", mr_error_message(e));
}

static void fails(struct mr_error *e, enum mr_code code)
{
    ck_assert_int_eq(mr_error_code(e), code);
    mr_error_free(e);
}

static void set_up(void)
{
    const char *tmp = getenv("TMPDIR");
    snprintf(dir, sizeof dir, "%s/mr-bodies-XXXXXX", tmp ? tmp : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    arena = mr_arena_create(0);
    ok(mr_store_open(dir, &small, &s));
}

static void tear_down(void)
{
    mr_store_close(s);
    s = NULL;
    mr_arena_destroy(arena);
    ok(mr_dir_remove(dir));
}

static void reopen(void)
{
    mr_store_close(s);
    s = NULL;
    ok(mr_store_open(dir, &small, &s));
}

static struct mr_str key_of(unsigned n)
{
    return mr_arena_printf(arena, "h%06u", n);
}

/* A body that tells its number, of a length of its own. */
static struct mr_str body_of(unsigned n)
{
    size_t len = n % 5 == 0 ? 0 : BODY + n % 100;
    char *text = mr_arena_alloc(arena, len + 1);
    for (size_t i = 0; i < len; i++)
        text[i] = (char)('a' + (n + i) % 26);
    return mr_str_span(text, len);
}

static void put(unsigned n)
{
    ok(mr_store_put_body(s, key_of(n), body_of(n)));
}

/* The reference under the key; false: none. */
static bool ref_of(unsigned n, struct mr_str *ref)
{
    struct mr_buf value = {0};
    bool found;
    ok(mr_store_get(s, key_of(n), &value, &found));
    *ref = mr_arena_str(arena, mr_buf_str(&value));
    mr_buf_finish(&value);
    return found;
}

static void expect(unsigned n)
{
    struct mr_str ref, body;
    ck_assert_msg(ref_of(n, &ref), "%u is missing", n);
    ok(mr_store_body(s, ref, arena, &body));
    ck_assert_msg(mr_str_eq(body, body_of(n)), "%u is another one", n);
}

static void drop(unsigned n)
{
    struct mr_str ref;
    ck_assert(ref_of(n, &ref));
    ok(mr_store_del_body(s, key_of(n), ref));
}

/* Files of bodies, and their bytes. */
static unsigned files(uint64_t *bytes)
{
    struct mr_str path = mr_arena_printf(arena, "%s/bodies", dir);
    unsigned count = 0;
    *bytes = 0;
    DIR *d = opendir(path.ptr);
    for (struct dirent *f; d && (f = readdir(d));) {
        struct stat st;
        struct mr_str file = mr_arena_printf(arena, "%s/%s", path.ptr, f->d_name);
        if (f->d_name[0] == '.')
            continue;
        ck_assert_int_eq(stat(file.ptr, &st), 0);
        *bytes += (uint64_t)st.st_size;
        count++;
    }
    if (d)
        closedir(d);
    return count;
}

START_TEST(pending_then_durable)
{
    uint64_t bytes;
    for (unsigned n = 0; n < 40; n++)
        put(n);
    ck_assert_uint_gt(mr_store_pending_bodies(s), 20 * BODY);
    for (unsigned n = 40; n-- > 0;)
        expect(n);
    ok(mr_store_commit(s));
    ck_assert_uint_eq(mr_store_pending_bodies(s), 0);
    reopen();
    for (unsigned n = 0; n < 40; n++)
        expect(n);
    ck_assert_uint_gt(files(&bytes), 4);
}
END_TEST

START_TEST(undecided_bytes_are_cut_off)
{
    uint64_t before, after;
    for (unsigned n = 0; n < 9; n++)
        put(n);
    ok(mr_store_commit(s));
    unsigned count = files(&before);
    for (unsigned n = 9; n < 400; n++) { /* enough to be written */
        put(n);
        expect(n);
    }
    ck_assert_uint_gt(files(&after), count);
    reopen();
    ck_assert_uint_eq(files(&after), count);
    ck_assert_uint_eq(after, before);
    for (unsigned n = 9; n < 40; n++)
        put(n);
    mr_store_rollback(s);
    ck_assert_uint_eq(files(&after), count);
    put(77);
    ok(mr_store_commit(s));
    for (unsigned n = 0; n < 9; n++)
        expect(n);
    expect(77);
    struct mr_str ref;
    ck_assert(!ref_of(9, &ref));
}
END_TEST

START_TEST(space_comes_back)
{
    uint64_t bytes, all;
    for (unsigned n = 0; n < 100; n++)
        put(n);
    ok(mr_store_commit(s));
    unsigned count = files(&all);
    for (unsigned n = 0; n < 50; n++)
        drop(n);
    ck_assert_uint_eq(files(&bytes), count); /* not before it is decided */
    ok(mr_store_commit(s));
    ck_assert_uint_le(files(&bytes), count / 2 + 1);
    reopen();
    for (unsigned n = 50; n < 100; n++) {
        expect(n);
        drop(n);
    }
    ok(mr_store_commit(s));
    ck_assert_uint_eq(files(&bytes), 1);
    ck_assert_uint_eq(bytes, 0);
    for (unsigned n = 1; n < 30; n++)
        put(n);
    ok(mr_store_commit(s));
    reopen();
    for (unsigned n = 1; n < 30; n++)
        expect(n);
}
END_TEST

START_TEST(damage_is_told)
{
    struct mr_str ref, body;
    put(3);
    put(4);
    ok(mr_store_commit(s));
    struct mr_str path = mr_arena_printf(arena, "%s/bodies/00000001", dir);
    int fd = open(path.ptr, O_RDWR | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(pwrite(fd, "!", 1, 10), 1);
    ck_assert(ref_of(3, &ref));
    fails(mr_store_body(s, ref, arena, &body), MR_STORE_FAILED);
    expect(4);
    fails(mr_store_body(s, mr_str_span(ref.ptr, 5), arena, &body), MR_STORE_VERSION);
    char beyond[MR_BODY_REF_BYTES];
    memcpy(beyond, ref.ptr, sizeof beyond);
    memset(beyond + 8, 0xff, 8); /* the offset */
    fails(mr_store_body(s, mr_str_span(beyond, sizeof beyond), arena, &body), MR_STORE_VERSION);
    ck_assert_int_eq(ftruncate(fd, 100), 0);
    close(fd);
    mr_store_close(s);
    s = NULL;
    fails(mr_store_open(dir, &small, &s), MR_STORE_FAILED);
    ck_assert_int_eq(unlink(path.ptr), 0);
    struct mr_error *e = mr_store_open(dir, &small, &s);
    ck_assert_ptr_nonnull(e);
    ck_assert_ptr_null(s);
    mr_error_free(e);
}
END_TEST

/* A file that may not grow stands for a full disk: an error, and what was decided stays. */
START_TEST(no_room)
{
    for (unsigned n = 1; n < 5; n++)
        put(n);
    ok(mr_store_commit(s));
    mr_store_close(s);
    s = NULL;
    pid_t pid = fork();
    if (pid == 0) {
        signal(SIGXFSZ, SIG_IGN);
        struct mr_store_options large = {.no_sync = true};
        struct mr_error *e = mr_store_open(dir, &large, &s);
        setrlimit(RLIMIT_FSIZE, &(struct rlimit){200000, 200000});
        for (unsigned n = 5; !e && n < 5000; n++)
            e = mr_store_put_body(s, key_of(n), body_of(n));
        _exit(e && strstr(mr_error_message(e), "bodies") ? 0 : 1);
    }
    int status;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    ok(mr_store_open(dir, &small, &s));
    for (unsigned n = 1; n < 5; n++)
        expect(n);
}
END_TEST

/* A commit that failed in the log may be found decided by who opens next: its bodies must be there.
 */
START_TEST(a_failed_commit_keeps_its_bodies)
{
    enum { LIMIT = 100000 };
    mr_store_close(s);
    s = NULL;
    pid_t pid = fork();
    if (pid == 0) {
        uint64_t bytes;
        signal(SIGXFSZ, SIG_IGN);
        ok(mr_store_open(dir, &small, &s));
        char *large = mr_arena_zalloc(arena, 4 * LIMIT);
        put(1);
        mr_store_put(s, MR_STR("xlarge"), mr_str_span(large, 4 * LIMIT));
        setrlimit(RLIMIT_FSIZE, &(struct rlimit){LIMIT, LIMIT});
        struct mr_error *e = mr_store_commit(s);
        mr_store_rollback(s);
        _exit(e && files(&bytes) == 1 && bytes == BODY + 1 &&
                      mr_store_put_body(s, key_of(2), body_of(2)) == NULL &&
                      mr_error_code(mr_store_commit(s)) == MR_STORE_FAILED
                  ? 0
                  : 1);
    }
    int status;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    ok(mr_store_open(dir, &small, &s));
    struct mr_str ref;
    ck_assert(!ref_of(1, &ref));
}
END_TEST

/* Records that no store of ours wrote: an error, and no number runs over. */
static const struct {
    const char key[7];
    uint64_t end, live;
    enum mr_code code;
} wrong_records[] = {{"\0b\xff\xff\xff\xff", 0, 0, MR_STORE_VERSION},
                     {"\0b\0\0", 0, 0, MR_STORE_VERSION},
                     {"\0b\0\0\0\1", UINT64_MAX, UINT64_MAX, MR_STORE_FAILED}};

START_TEST(wrong_records_are_told)
{
    uint64_t record[] = {wrong_records[_i].end, wrong_records[_i].live};
    size_t len = _i == 1 ? 4 : 6;
    put(1);
    ok(mr_store_commit(s));
    mr_store_put(s, mr_str_span(wrong_records[_i].key, len),
                 mr_str_span((const char *)record, sizeof record));
    ok(mr_store_commit(s));
    mr_store_close(s);
    s = NULL;
    char path[600];
    snprintf(path, sizeof path, "%s/bodies/ffffffff", dir);
    ok(mr_file_replace(path, MR_STR(""), 0600));
    fails(mr_store_open(dir, &small, &s), wrong_records[_i].code);
    ck_assert_ptr_null(s);
}
END_TEST

/* Moves a window of keys until it is killed: each commit puts some and drops as many, telling how
 * far it has come. */
enum { STEP = 7, WINDOW = 50 };

static void move_until_killed(int out)
{
    struct mr_buf at = {0};
    bool found;
    uint32_t n = 0;
    if (mr_store_open(dir, &(struct mr_store_options){.body_file_bytes = SMALL_FILE}, &s))
        _exit(3);
    mr_error_free(mr_store_get(s, MR_STR("xat"), &at, &found));
    if (found)
        memcpy(&n, at.ptr, sizeof n);
    for (;;) {
        for (int k = 0; k < STEP; k++, n++) {
            put(n);
            if (n >= WINDOW)
                drop(n - WINDOW);
        }
        mr_store_put(s, MR_STR("xat"), mr_str_span((const char *)&n, sizeof n));
        if (mr_store_commit(s) || write(out, &n, sizeof n) != (ssize_t)sizeof n)
            _exit(3);
        mr_arena_reset(arena);
    }
}

START_TEST(killed_at_any_moment)
{
    mr_store_close(s);
    s = NULL;
    for (unsigned round = 0; round < 8; round++) {
        int pipes[2];
        ck_assert_int_eq(pipe(pipes), 0);
        pid_t pid = fork();
        if (pid == 0) {
            close(pipes[0]);
            move_until_killed(pipes[1]);
        }
        close(pipes[1]);
        uint32_t told = 0, n = 0;
        for (unsigned k = 0; k < 3 + 5 * round; k++)
            ck_assert_int_eq(read(pipes[0], &told, sizeof told), sizeof told);
        kill(pid, SIGKILL);
        while (read(pipes[0], &n, sizeof n) == (ssize_t)sizeof n)
            told = n;
        close(pipes[0]);
        ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
        ok(mr_store_open(dir, &small, &s));
        struct mr_buf at = {0};
        bool found;
        ok(mr_store_get(s, MR_STR("xat"), &at, &found));
        memcpy(&n, at.ptr, sizeof n);
        mr_buf_finish(&at);
        ck_assert_uint_ge(n, told);
        ck_assert_uint_le(n, told + STEP);
        struct mr_str ref;
        for (uint32_t k = n < WINDOW ? 0 : n - WINDOW; k < n; k++)
            expect(k);
        ck_assert(!ref_of(n, &ref));
        uint64_t bytes;
        ck_assert_uint_le(files(&bytes), WINDOW * (BODY + 100) / (SMALL_FILE - BODY - 100) + 3);
        mr_store_close(s);
        s = NULL;
    }
}
END_TEST

Suite *suite_runtime_state_bodies(void);
Suite *suite_runtime_state_bodies(void)
{
    Suite *suite = suite_create("runtime.state.bodies");
    TCase *c = tcase_create("bodies");
    tcase_set_timeout(c, 120);
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_test(c, pending_then_durable);
    tcase_add_test(c, undecided_bytes_are_cut_off);
    tcase_add_test(c, space_comes_back);
    tcase_add_test(c, damage_is_told);
    tcase_add_test(c, no_room);
    tcase_add_test(c, a_failed_commit_keeps_its_bodies);
    tcase_add_loop_test(c, wrong_records_are_told, 0,
                        (int)(sizeof wrong_records / sizeof *wrong_records));
    tcase_add_test(c, killed_at_any_moment);
    suite_add_tcase(suite, c);
    return suite;
}
