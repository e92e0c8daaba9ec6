/* Writers that fail or die: two at once, a full disk, a disk that does not confirm, a read-only
 * place, SIGKILL at any moment. What was committed is there, once; the log can be used again. */
#include "tests/runtime/log/rig.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DEADLINE_MS = 30000, KILLS = 60 };

/* Stands before the C library's: the one way to see a disk fail. */
static _Thread_local int syncs_until_failure = -1, syncs_asked;
int fdatasync(int fd);
int fdatasync(int fd)
{
    syncs_asked++;
    if (syncs_until_failure >= 0 && syncs_until_failure-- == 0) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_fdatasync, fd);
}

START_TEST(two_writers)
{
    struct rig rig;
    struct mr_log_writer *w, *second;
    int ready[2], status;
    char byte;
    rig_init(&rig);
    ck_assert_int_eq(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        w = rig_writer(&rig, (struct mr_mark){0});
        ck_assert_int_eq(write(ready[1], "!", 1), 1);
        pause();
        _exit(0);
    }
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    char pid[32];
    snprintf(pid, sizeof(pid), "process %d", (int)child);
    rig.options.fence = 5;
    struct mr_error *e = mr_log_writer_open(&rig.place, (struct mr_mark){0}, &rig.options, &second);
    ck_assert_msg(e && strstr(mr_error_message(e), pid), "%s", mr_error_message(e));
    rig_fails(e, MR_LOG_TWO_WRITERS);
    kill(child, SIGKILL);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    w = rig_writer(&rig, (struct mr_mark){0}); /* its death frees the log */
    rig_fails(mr_log_writer_open(&rig.place, (struct mr_mark){0}, &rig.options, &second),
              MR_LOG_TWO_WRITERS);
    mr_log_writer_close(w);
    close(ready[0]);
    close(ready[1]);
    rig_finish(&rig);
}
END_TEST

START_TEST(an_older_state_is_refused)
{
    struct rig rig;
    struct mr_log_writer *w;
    rig_init(&rig);
    w = rig_writer(&rig, (struct mr_mark){0});
    rig_append(w, 1, 5, 20);
    struct mr_mark old = rig_commit(w);
    rig_append(w, 6, 9, 20);
    struct mr_mark end = rig_commit(w);
    mr_log_writer_close(w);
    /* Same fence, lower fence. */
    rig_fails(mr_log_writer_open(&rig.place, end, &rig.options, &w), MR_LOG_FENCED);
    rig.options.fence = 0;
    rig_fails(mr_log_writer_open(&rig.place, end, &rig.options, &w), MR_LOG_FENCED);
    /* Readers were shown more than this state knows; or something else. */
    rig.options.fence = 9;
    rig_fails(mr_log_writer_open(&rig.place, old, &rig.options, &w), MR_LOG_FENCED);
    rig_fails(mr_log_writer_open(&rig.place, (struct mr_mark){0}, &rig.options, &w), MR_LOG_FENCED);
    end.hash ^= 1;
    rig_fails(mr_log_writer_open(&rig.place, end, &rig.options, &w), MR_LOG_FENCED);
    end.hash ^= 1;
    rig_ok(mr_log_writer_open(&rig.place, end, &rig.options, &w));
    mr_log_writer_close(w);
    rig_finish(&rig);
}
END_TEST

/* The commit was decided, but its writer died before it told the readers. */
START_TEST(a_decided_end_is_published_at_open)
{
    struct rig rig;
    rig_init(&rig);
    struct mr_log_writer *w = rig_writer(&rig, (struct mr_mark){0});
    rig_append(w, 1, 5, 20);
    rig_ok(mr_log_writer_sync(w));
    struct mr_mark end = mr_log_writer_end(w);
    mr_log_writer_close(w);
    struct mr_log_reader *r = rig_reader(&rig, 1, (struct mr_mark){0});
    ck_assert_uint_eq(rig_read(r, 20), 0);
    w = rig_writer(&rig, end);
    ck_assert(!mr_log_writer_dirty(w));
    ck_assert_uint_eq(rig_read(r, 20), 5);
    mr_log_reader_close(r);
    mr_log_writer_close(w);
    rig_finish(&rig);
}
END_TEST

START_TEST(a_failed_sync_is_final)
{
    struct rig rig;
    rig_init(&rig);
    rig.options.no_sync = false;
    struct mr_log_writer *w = rig_writer(&rig, (struct mr_mark){0});
    rig_append(w, 1, 5, 20);
    struct mr_mark end = rig_commit(w);
    ck_assert_int_gt(syncs_asked, 0);
    rig_append(w, 6, 7, 20);
    syncs_until_failure = 0;
    rig_fails(mr_log_writer_sync(w), MR_SYNC_FAILED);
    int asked = syncs_asked;
    rig_fails(mr_log_writer_sync(w), MR_SYNC_FAILED); /* not asked again */
    struct mr_head h = {.id = rig_id(8)};
    rig_fails(mr_log_writer_append(w, &h, "x", 1), MR_SYNC_FAILED);
    ck_assert_int_eq(syncs_asked, asked);
    mr_log_writer_close(w);
    w = rig_writer(&rig, end);
    rig_append(w, 6, 9, 20);
    rig_commit(w);
    struct mr_log_reader *r = rig_reader(&rig, 0, (struct mr_mark){0});
    ck_assert_uint_eq(rig_read(r, 20), 9);
    mr_log_reader_close(r);
    mr_log_writer_close(w);
    rig_finish(&rig);
}
END_TEST

/* ---- full disks and places where nothing can be written ---- */

static struct mr_error *append_until_it_fails(struct mr_log_writer *w, uint64_t n,
                                              struct mr_mark *committed)
{
    char bytes[1000];
    for (;; n++) {
        struct mr_head h = {.id = rig_id(n), .place = {.record = (uint32_t)n}};
        MR_TRY(mr_log_writer_append(w, &h, bytes, rig_bytes(n, sizeof(bytes), bytes)));
        if (n % 16)
            continue;
        MR_TRY(mr_log_writer_sync(w));
        mr_log_writer_publish(w);
        *committed = mr_log_writer_end(w);
    }
}

/* Fills the place, makes room, goes on. make_room(false) fills it, make_room(true) frees it. */
static void fill_and_go_on(struct rig *rig, void (*make_room)(struct rig *rig, bool room))
{
    struct mr_mark end = {0};
    rig->options.frame_bytes = 8000;
    rig->options.segment_bytes = 100000;
    struct mr_log_writer *w = rig_writer(rig, end);
    make_room(rig, false);
    struct mr_error *e = append_until_it_fails(w, 1, &end);
    ck_assert_msg(e && strstr(mr_error_message(e), ".seg"), "%s", mr_error_message(e));
    rig_fails(e, MR_DISK_FULL);
    ck_assert_uint_gt(end.n, 16);
    rig_fails(mr_log_writer_sync(w), MR_DISK_FULL);
    mr_log_writer_close(w);
    struct mr_log_reader *r = rig_reader(rig, 0, (struct mr_mark){0});
    ck_assert_uint_eq(rig_read(r, 1000), end.n);
    make_room(rig, true);
    w = rig_writer(rig, end);
    rig_append(w, end.n + 1, end.n + 500, 1000);
    rig_commit(w);
    ck_assert_uint_eq(rig_read(r, 1000), end.n + 500);
    mr_log_reader_close(r);
    mr_log_writer_close(w);
}

static void limit_files(struct rig *rig, bool room)
{
    (void)rig;
    struct rlimit limit;
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = room ? limit.rlim_max : 70000;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

START_TEST(a_file_size_limit)
{
    struct rig rig;
    signal(SIGXFSZ, SIG_IGN);
    rig_init(&rig);
    fill_and_go_on(&rig, limit_files);
    /* Too small even for the header page: an error, not a signal at the first store. */
    struct rlimit limit = {1000, RLIM_INFINITY};
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = 1000;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    struct mr_log_reader *r;
    rig.place.lane++;
    rig_fails(mr_log_reader_open(&rig.place, 1, 0, (struct mr_mark){0}, &r), MR_DISK_FULL);
    limit_files(&rig, true);
    mr_log_reader_close(rig_reader(&rig, 1, (struct mr_mark){0}));
    rig_finish(&rig);
}
END_TEST

/* A file system of a few pages of its own; false where mounting is not allowed. */
static bool mount_small(const struct rig *rig)
{
    return unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("small", rig->dir, "tmpfs", 0, "size=400k") == 0;
}

static void fill_disk(struct rig *rig, bool room)
{
    (void)rig;
    ck_assert(!room || mount("small", rig->dir, "tmpfs", MS_REMOUNT, "size=8m") == 0);
}

START_TEST(a_small_disk)
{
    struct rig rig;
    rig_init(&rig);
    if (mount_small(&rig)) {
        fill_and_go_on(&rig, fill_disk);
        ck_assert_int_eq(mount("small", rig.dir, "tmpfs", MS_REMOUNT | MS_RDONLY, NULL), 0);
        struct mr_log_writer *w;
        struct mr_log_reader *r;
        struct mr_log_stat st;
        rig.options.fence++;
        rig_fails(mr_log_writer_open(&rig.place, (struct mr_mark){0}, &rig.options, &w),
                  MR_READ_ONLY);
        rig_fails(mr_log_reader_open(&rig.place, 1, 0, (struct mr_mark){0}, &r), MR_READ_ONLY);
        rig_ok(mr_log_stat(&rig.place, &st)); /* looking is allowed */
        r = rig_reader(&rig, 0, (struct mr_mark){0});
        ck_assert_uint_eq(rig_read(r, 1000), st.rows);
        mr_log_reader_close(r);
        ck_assert_int_eq(umount(rig.dir), 0);
    }
    /* Anywhere: a place below a file. */
    char file[300];
    snprintf(file, sizeof(file), "%s/file", rig.dir);
    close(open(file, O_WRONLY | O_CREAT, 0600));
    rig.place.topics = file;
    struct mr_log_writer *w;
    rig.options.fence++;
    struct mr_error *e = mr_log_writer_open(&rig.place, (struct mr_mark){0}, &rig.options, &w);
    ck_assert_msg(strstr(mr_error_message(e), file), "%s", mr_error_message(e));
    rig_fails(e, MR_IO);
    rig_finish(&rig);
}
END_TEST

/* ---- SIGKILL ---- */

/* Stands in for the state store: the decided end, written before readers hear of it. */
static struct mr_mark load_end(const char *path)
{
    struct mr_mark m = {0};
    int fd = open(path, O_RDWR | O_CREAT, 0600);
    if (pread(fd, &m, sizeof(m), 0) != (ssize_t)sizeof(m))
        m = (struct mr_mark){0};
    close(fd);
    return m;
}

/* Writes rows in small, odd commits until killed. */
static _Noreturn void write_for_ever(struct rig *rig, const char *state, uint32_t seed)
{
    struct mr_log_writer *w = rig_writer(rig, load_end(state));
    uint64_t n = mr_log_writer_end(w).n;
    int fd = open(state, O_WRONLY);
    for (;;) {
        seed = seed * 1664525 + 1013904223;
        uint64_t to = n + 1 + (seed >> 16) % 60;
        rig_append(w, n + 1, to, SIZE_MAX);
        rig_ok(mr_log_writer_sync(w));
        struct mr_mark end = mr_log_writer_end(w);
        ck_assert_int_eq(pwrite(fd, &end, sizeof(end), 0), (ssize_t)sizeof(end));
        mr_log_writer_publish(w);
        n = to;
    }
}

/* A writer dies after it began a segment and before anything in it was committed; all that was
 * committed has been read, and retention passes by. The next writer must find where to go on. */
START_TEST(the_committed_end_outlives_retention)
{
    struct rig rig;
    struct mr_log_stat stat = {0};
    struct mr_mark end = {0};
    uint64_t n = 0, freed;
    rig_init(&rig);
    rig.options.segment_bytes = 40000;
    while (stat.segments < 2) {
        struct mr_log_writer *w = rig_writer(&rig, end);
        rig_append(w, n + 1, n + 1, 300);
        end = rig_commit(w);
        n++;
        mr_log_writer_close(w);
        pid_t child = fork();
        if (child == 0) {
            w = rig_writer(&rig, end);
            rig_append(w, n + 1, n + 1, 300);
            rig_ok(mr_log_writer_sync(w));
            _exit(0);
        }
        ck_assert_int_eq(waitpid(child, NULL, 0), child);
        rig.options.fence++; /* the child's */
        rig_ok(mr_log_stat(&rig.place, &stat));
    }
    struct mr_log_reader *r = rig_reader(&rig, 1, (struct mr_mark){0});
    ck_assert_uint_eq(rig_read(r, 300), n);
    mr_log_reader_commit(r, mr_log_reader_mark(r));
    rig_ok(mr_log_trim(&rig.place, UINT64_MAX, &freed));
    struct mr_log_writer *w = rig_writer(&rig, end);
    rig_append(w, n + 1, n + 5, 300);
    rig_commit(w);
    ck_assert_uint_eq(rig_read(r, 300), n + 5);
    mr_log_writer_close(w);
    mr_log_reader_close(r);
    rig_finish(&rig);
}
END_TEST

START_TEST(killed_at_any_moment)
{
    struct rig rig;
    struct mr_bells *bells;
    char state[300];
    uint32_t seed = 12345;
    uint64_t n = 0;
    rig_init(&rig);
    snprintf(state, sizeof(state), "%s/state", rig.dir);
    rig.options.codec = MR_CODEC_LZ4;
    rig.options.frame_bytes = 3000;
    rig.options.segment_bytes = 40000;
    struct mr_log_reader *r;
    rig_ok(mr_bells_open(rig.dir, 1, &bells));
    rig_ok(mr_log_reader_open(&rig.place, 8, 1, (struct mr_mark){0}, &r));
    for (int kills = 0; kills < KILLS; kills++) {
        rig.options.fence = (uint64_t)kills;
        pid_t child = fork();
        if (child == 0) {
            rig_ok(mr_bells_open(rig.dir, MR_BELL_NONE, &rig.options.bells));
            write_for_ever(&rig, state, seed + (uint32_t)kills);
        }
        seed = seed * 1664525 + 1013904223;
        for (uint64_t until = n + 1 + (seed >> 8) % 900; n < until;
             n = rig_read_to(r, SIZE_MAX, until)) {
            mr_bells_arm(bells);
            if (mr_log_reader_lag_bytes(r) == 0)
                ck_assert_msg(mr_bells_wait(bells, DEADLINE_MS), "the writer says nothing");
        }
        kill(child, SIGKILL);
        ck_assert_int_eq(waitpid(child, NULL, 0), child);
        ck_assert_uint_le(n, load_end(state).n);
        mr_log_reader_commit(r, mr_log_reader_mark(r));
        uint64_t freed;
        rig_ok(mr_log_trim(&rig.place, kills % 3 ? 0 : UINT64_MAX, &freed));
    }
    rig.options.fence = KILLS;
    struct mr_mark end = load_end(state);
    struct mr_log_writer *w = rig_writer(&rig, end);
    ck_assert_uint_eq(rig_read(r, SIZE_MAX), end.n);
    ck_assert_uint_eq(mr_log_reader_repeats(r), 0);
    for (uint64_t k = end.n; k + 500 > end.n && k > 0; k -= 41) {
        struct mr_id id = rig_id(k);
        uint64_t found;
        struct mr_log_stat st;
        rig_ok(mr_log_stat(&rig.place, &st));
        rig_ok(mr_log_find(&rig.place, &id, &found));
        ck_assert_uint_eq(found, k >= st.first_n ? k : 0);
    }
    mr_log_writer_close(w);
    mr_log_reader_close(r);
    mr_bells_close(bells);
    rig_finish(&rig);
}
END_TEST

Suite *suite_runtime_log_recovery(void);
Suite *suite_runtime_log_recovery(void)
{
    Suite *s = suite_create("runtime.log.recovery");
    TCase *t = tcase_create("recovery");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, two_writers);
    tcase_add_test(t, an_older_state_is_refused);
    tcase_add_test(t, a_decided_end_is_published_at_open);
    tcase_add_test(t, a_failed_sync_is_final);
    tcase_add_test(t, a_file_size_limit);
    tcase_add_test(t, a_small_disk);
    tcase_add_test(t, the_committed_end_outlives_retention);
    tcase_add_test(t, killed_at_any_moment);
    suite_add_tcase(s, t);
    return s;
}
