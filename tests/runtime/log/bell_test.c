/* Doorbells: a ring wakes the sleeper, none is lost, and nobody who is awake costs anything. */
#include "tests/runtime/log/rig.h"

#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DEADLINE_MS = 30000, ROUNDS = 2000 };

static bool readable(const struct mr_bells *b)
{
    struct pollfd p = {.fd = mr_bells_fd(b), .events = POLLIN};
    return poll(&p, 1, 0) == 1;
}

START_TEST(rings_only_who_waits)
{
    struct rig rig;
    struct mr_bells *a, *b;
    rig_init(&rig);
    rig_ok(mr_bells_open(rig.dir, 1, &a));
    rig_ok(mr_bells_open(rig.dir, MR_BELL_NONE, &b));
    ck_assert_int_lt(mr_bells_fd(b), 0);
    mr_bells_ring(b, 1); /* awake: no byte */
    ck_assert(!readable(a));
    ck_assert(!mr_bells_wait(a, 0));
    mr_bells_arm(a);
    mr_bells_ring(b, 1);
    mr_bells_ring(b, 1);
    ck_assert(readable(a));
    ck_assert(mr_bells_wait(a, DEADLINE_MS));
    ck_assert(!readable(a)); /* emptied */
    mr_bells_ring(b, 1);     /* disarmed by the wait */
    ck_assert(!readable(a));
    mr_bells_arm(a);
    mr_bells_ring(b, 1);
    mr_bells_disarm(a);
    ck_assert(!readable(a));
    mr_bells_ring(b, MR_BELL_NONE);
    mr_bells_ring(b, 77);           /* nobody ever had it */
    mr_bells_ring(b, MR_BELLS_MAX); /* not a number */
    mr_bells_close(a);
    mr_bells_arm(b);                       /* no bell of its own: harmless */
    rig_ok(mr_bells_open(rig.dir, 1, &a)); /* the same number, a new process */
    mr_bells_arm(a);
    mr_bells_ring(b, 1);
    ck_assert(mr_bells_wait(a, DEADLINE_MS));
    mr_bells_close(a);
    mr_bells_close(b);
    rig_finish(&rig);
}
END_TEST

START_TEST(many_numbers_few_descriptors)
{
    struct rig rig;
    struct mr_bells *ringer, *sleepers[100];
    rig_init(&rig);
    rig_ok(mr_bells_open(rig.dir, MR_BELL_NONE, &ringer));
    for (uint32_t i = 0; i < 100; i++) {
        rig_ok(mr_bells_open(rig.dir, i + 1, &sleepers[i]));
        mr_bells_arm(sleepers[i]);
    }
    for (uint32_t i = 0; i < 100; i++)
        mr_bells_ring(ringer, i + 1);
    for (uint32_t i = 0; i < 100; i++) {
        ck_assert(mr_bells_wait(sleepers[i], 0));
        mr_bells_close(sleepers[i]);
    }
    mr_bells_close(ringer);
    rig_finish(&rig);
}
END_TEST

START_TEST(foreign_files_are_refused)
{
    struct rig rig;
    struct mr_bells *b;
    char path[512], text[8192];
    rig_init(&rig);
    snprintf(path, sizeof(path), "%s/bell.3", rig.dir);
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    close(fd);
    rig_fails(mr_bells_open(rig.dir, 3, &b), MR_IO);
    snprintf(path, sizeof(path), "%s/bells", rig.dir);
    memset(text, 'x', sizeof(text));
    fd = open(path, O_WRONLY | O_TRUNC);
    ck_assert_int_eq(write(fd, text, sizeof(text)), (ssize_t)sizeof(text));
    close(fd);
    rig_fails(mr_bells_open(rig.dir, 4, &b), MR_LOG_FOREIGN);
    rig_fails(mr_bells_open(path, 4, &b), MR_IO); /* a file is not a folder */
    rig_finish(&rig);
}
END_TEST

/* Waits for a row of the log beyond n, by the sleeper's protocol. */
static uint64_t await(struct mr_bells *b, struct mr_log_reader *r, uint64_t n)
{
    for (;;) {
        uint64_t last = rig_read(r, 20);
        if (last > n)
            return last;
        mr_bells_arm(b);
        if (mr_log_reader_lag_bytes(r)) {
            mr_bells_disarm(b);
            continue;
        }
        if (!mr_bells_wait(b, DEADLINE_MS))
            return n;
    }
}

/* Ping: the parent commits row n+1 when the child has committed having read n. Each side sleeps
 * whenever it has nothing to do, so one lost ring would end the test at its deadline. */
START_TEST(no_ring_is_lost_between_processes)
{
    struct rig rig;
    struct mr_bells *b;
    rig_init(&rig);
    pid_t child = fork();
    rig_ok(mr_bells_open(rig.dir, child ? 1 : 2, &b));
    if (child == 0) {
        uint64_t n = 0;
        struct mr_log_reader *r = NULL;
        if (mr_log_reader_open(&rig.place, 6, 2, (struct mr_mark){0}, &r))
            _exit(3);
        mr_log_reader_bells(r, b);
        while (n < ROUNDS) {
            uint64_t last = await(b, r, n);
            if (last == n)
                _exit(4);
            n = last;
            mr_log_reader_commit(r, mr_log_reader_mark(r));
        }
        _exit(0);
    }
    rig.options.bells = b;
    rig.options.bell = 1;
    struct mr_log_writer *w = rig_writer(&rig, (struct mr_mark){0});
    bool rung = true;
    for (uint64_t n = 1; n <= ROUNDS && rung; n++) {
        rig_append(w, n, n, 20);
        rig_commit(w);
        struct mr_log_stat st = {0};
        for (;;) {
            mr_bells_arm(b);
            rig_ok(mr_log_stat(&rig.place, &st));
            /* Until the child has registered there is no slowest reader, and no ring to wait for.
             */
            if (st.readers == 0 || st.slowest_reader_pos == st.end_pos || !rung)
                break;
            rung = mr_bells_wait(b, DEADLINE_MS);
        }
        mr_bells_disarm(b);
    }
    ck_assert(rung);
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "child ended with %d", status);
    mr_log_writer_close(w);
    mr_bells_close(b);
    rig_finish(&rig);
}
END_TEST

Suite *suite_runtime_log_bell(void);
Suite *suite_runtime_log_bell(void)
{
    Suite *s = suite_create("runtime.log.bell");
    TCase *t = tcase_create("bell");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, rings_only_who_waits);
    tcase_add_test(t, many_numbers_few_descriptors);
    tcase_add_test(t, foreign_files_are_refused);
    tcase_add_test(t, no_ring_is_lost_between_processes);
    suite_add_tcase(s, t);
    return s;
}
