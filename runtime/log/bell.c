/* Doorbells: FIFOs that wake a sleeping process, and the shared page of `waiting` flags. */
#include "runtime/log/bell.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/base/file.h"

#define BELLS_MAGIC 0x424c524du /* word 0 of the page: bell 0 does not exist */
enum { PAGE_BYTES = MR_BELLS_MAX * 4, OPEN_RINGS = 32 };

/* A ringer keeps few FIFOs open: slot = number % OPEN_RINGS. */
struct ring {
    uint32_t number;
    int fd;
};

struct mr_bells {
    char *dir;
    _Atomic uint32_t *waiting;
    uint32_t mine;
    int fd;
    struct ring rings[OPEN_RINGS];
};

/* Blocks are allocated before the page is mapped: a full disk is an error here, not a signal. */
static struct mr_error *map_page(struct mr_bells *b)
{
    struct mr_buf path = {0};
    struct mr_error *e = NULL;
    void *map = MAP_FAILED;
    mr_buf_printf(&path, "%s/bells", b->dir);
    const char *name = mr_buf_text(&path);
    int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        e = mr_file_error(errno, "open", name);
        goto out;
    }
    static const char zero[PAGE_BYTES];
    struct stat st;
    int rc = fallocate(fd, 0, 0, PAGE_BYTES) < 0 ? errno : 0;
    if (rc == EOPNOTSUPP || rc == ENOSYS) {
        rc = fstat(fd, &st) < 0 ? errno : 0;
        if (!rc && st.st_size < PAGE_BYTES)
            e = mr_file_write_at(fd, name, zero, sizeof(zero), 0);
    }
    if (rc)
        e = mr_file_error(rc, "allocate", name);
    if (e)
        goto out;
    map = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED) {
        e = mr_file_error(errno, "map", name);
        goto out;
    }
    b->waiting = map;
    uint32_t none = 0;
    if (!atomic_compare_exchange_strong(&b->waiting[0], &none, BELLS_MAGIC) && none != BELLS_MAGIC)
        e = mr_error(MR_LOG_FOREIGN, "\"%s\" is not a page of doorbells", name);
out:
    if (fd >= 0)
        close(fd);
    mr_buf_finish(&path);
    return e;
}

/* Read and write at once: then neither side ever sees an end of file or a broken pipe. */
static int open_fifo(const struct mr_bells *b, uint32_t number, bool create, char *path,
                     size_t size)
{
    snprintf(path, size, "%s/bell.%u", b->dir, (unsigned)number);
    if (create && mkfifo(path, 0600) < 0 && errno != EEXIST)
        return -1;
    int fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
    struct stat st;
    if (fd >= 0 && (fstat(fd, &st) < 0 || !S_ISFIFO(st.st_mode))) {
        close(fd);
        errno = EEXIST;
        return -1;
    }
    return fd;
}

static void drain(const struct mr_bells *b)
{
    char bytes[64];
    while (b->fd >= 0 && read(b->fd, bytes, sizeof(bytes)) == (ssize_t)sizeof(bytes)) {
    }
}

struct mr_error *mr_bells_open(const char *dir, uint32_t mine, struct mr_bells **out)
{
    char path[4096];
    mr_assert(mine < MR_BELLS_MAX);
    MR_TRY(mr_dir_make(dir));
    struct mr_bells *b = mr_zalloc(sizeof(*b));
    b->dir = mr_strdup(dir);
    b->mine = mine;
    b->fd = -1;
    for (size_t i = 0; i < OPEN_RINGS; i++)
        b->rings[i].fd = -1;
    struct mr_error *e = map_page(b);
    if (!e && mine != MR_BELL_NONE) {
        b->fd = open_fifo(b, mine, true, path, sizeof(path));
        if (b->fd < 0)
            e = mr_file_error(errno, "open doorbell", path);
        else
            mr_bells_disarm(b);
    }
    if (e) {
        mr_bells_close(b);
        return e;
    }
    *out = b;
    return NULL;
}

void mr_bells_close(struct mr_bells *b)
{
    if (!b)
        return;
    if (b->waiting && b->fd >= 0)
        atomic_store(&b->waiting[b->mine], 0);
    for (size_t i = 0; i < OPEN_RINGS; i++)
        if (b->rings[i].fd >= 0)
            close(b->rings[i].fd);
    if (b->fd >= 0)
        close(b->fd);
    if (b->waiting)
        munmap((void *)b->waiting, PAGE_BYTES);
    free(b->dir);
    free(b);
}

int mr_bells_fd(const struct mr_bells *b)
{
    return b->fd;
}

/* Sequentially consistent, as are the ends and positions that the log publishes: of sleeper and
 * ringer at least one sees what the other stored. */
void mr_bells_arm(struct mr_bells *b)
{
    if (b->mine != MR_BELL_NONE)
        atomic_store(&b->waiting[b->mine], 1);
}

void mr_bells_disarm(struct mr_bells *b)
{
    if (b->mine != MR_BELL_NONE)
        atomic_store(&b->waiting[b->mine], 0);
    drain(b);
}

bool mr_bells_wait(struct mr_bells *b, int timeout_ms)
{
    struct pollfd p = {.fd = b->fd, .events = POLLIN};
    int rc = poll(&p, 1, timeout_ms);
    mr_bells_disarm(b);
    return rc > 0;
}

void mr_bells_ring(struct mr_bells *b, uint32_t number)
{
    if (number == MR_BELL_NONE || number >= MR_BELLS_MAX)
        return;
    if (!atomic_load(&b->waiting[number]) || !atomic_exchange(&b->waiting[number], 0))
        return;
    struct ring *r = &b->rings[number % OPEN_RINGS];
    if (r->fd < 0 || r->number != number) {
        char path[4096];
        if (r->fd >= 0)
            close(r->fd);
        r->number = number;
        r->fd = open_fifo(b, number, false, path, sizeof(path));
    }
    /* A full FIFO wakes as well as one more byte would. */
    if (r->fd >= 0 && write(r->fd, "!", 1) < 0 && errno != EAGAIN) {
        close(r->fd);
        r->fd = -1;
    }
}
