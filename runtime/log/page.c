/* The header page of a log: committed end, start, writer and readers, shared by mmap. */
#include "runtime/log/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/base/file.h"

#define PAGE_MAGIC 0x3130474150474f4cull /* "LOGPAG01" as bytes */

_Static_assert(sizeof(struct mr_log__page) == MR_PAGE_BYTES, "the header page is one page");

static char *page_path(const char *dir)
{
    size_t size = strlen(dir) + sizeof("/head");
    char *path = mr_alloc(size);
    snprintf(path, size, "%s/head", dir);
    return path;
}

static struct mr_error *lock_file(int fd, const char *path)
{
    while (flock(fd, LOCK_EX) < 0)
        if (errno != EINTR)
            return mr_file_error(errno, "lock", path);
    return NULL;
}

/* Blocks are allocated before the page is mapped, so that a full disk is an error here and never a
 * signal later. Under the lock. */
static struct mr_error *allocate(int fd, const char *path)
{
    static const char zero[MR_PAGE_BYTES];
    struct stat st;
    if (fstat(fd, &st) < 0)
        return mr_file_error(errno, "look at", path);
    if (!S_ISREG(st.st_mode) || (st.st_size != 0 && st.st_size != MR_PAGE_BYTES))
        return mr_error(MR_LOG_FOREIGN, "\"%s\" is not the header page of a log", path);
    if (fallocate(fd, 0, 0, MR_PAGE_BYTES) == 0)
        return NULL;
    if (errno != EOPNOTSUPP && errno != ENOSYS)
        return errno == EFBIG ? mr_error_errno(MR_DISK_FULL, "allocate \"%s\"", path)
                              : mr_file_error(errno, "allocate", path);
    return st.st_size ? NULL : mr_file_write_at(fd, path, zero, sizeof(zero), 0);
}

/* A page of zeros is a new one, or one that a power loss emptied; either way the writer fills it.
 */
static struct mr_error *check_or_begin(struct mr_log__page *p, const char *path, bool may_write)
{
    uint64_t magic = atomic_load(&p->magic);
    if (magic == 0 && may_write) {
        const uint8_t *bytes = (const uint8_t *)p;
        /* The version may stand there already: whoever began may have died between the two. */
        for (size_t i = offsetof(struct mr_log__page, reserved0); i < MR_PAGE_BYTES; i++)
            if (bytes[i])
                return mr_error(MR_LOG_FOREIGN, "\"%s\" is not the header page of a log", path);
        atomic_store(&p->version, MR_PAGE_VERSION);
        atomic_store(&p->magic, PAGE_MAGIC);
        return NULL;
    }
    if (magic != PAGE_MAGIC && magic != 0)
        return mr_error(MR_LOG_FOREIGN, "\"%s\" is not the header page of a log", path);
    uint32_t version = atomic_load(&p->version);
    if (magic != 0 && version != MR_PAGE_VERSION)
        return mr_error(MR_LOG_VERSION, "\"%s\" has format %u, this program reads %u", path,
                        (unsigned)version, MR_PAGE_VERSION);
    return NULL;
}

static struct mr_error *map_page(int fd, const char *path, bool may_write,
                                 struct mr_log__page **out)
{
    MR_TRY(lock_file(fd, path));
    if (may_write)
        MR_TRY(allocate(fd, path));
    struct stat st;
    if (fstat(fd, &st) < 0)
        return mr_file_error(errno, "look at", path);
    if (st.st_size != MR_PAGE_BYTES)
        return mr_error(MR_LOG_FOREIGN, "\"%s\" is not the header page of a log", path);
    void *map = mmap(NULL, MR_PAGE_BYTES, may_write ? PROT_READ | PROT_WRITE : PROT_READ,
                     MAP_SHARED, fd, 0);
    if (map == MAP_FAILED)
        return mr_file_error(errno, "map", path);
    struct mr_error *e = check_or_begin(map, path, may_write);
    if (e)
        munmap(map, MR_PAGE_BYTES);
    else
        *out = map;
    return e;
}

struct mr_error *mr_log__page_open(const char *dir, bool create, struct mr_log__page **out)
{
    struct mr_error *e = NULL;
    char *path = page_path(dir);
    bool may_write = true;
    *out = NULL;
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | (create ? O_CREAT : 0), 0600);
    if (fd < 0 && !create && (errno == EACCES || errno == EROFS || errno == EPERM)) {
        may_write = false;
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    }
    if (fd >= 0)
        e = map_page(fd, path, may_write, out);
    else if (create || errno != ENOENT)
        e = mr_file_error(errno, "open", path);
    /* Closing alone would not release the lock: the mapping keeps the open file alive. */
    mr_log__page_unlock(fd);
    free(path);
    return e;
}

void mr_log__page_close(struct mr_log__page *p)
{
    if (p)
        munmap(p, MR_PAGE_BYTES);
}

struct mr_mark mr_log__page_end(const struct mr_log__page *p)
{
    for (;;) {
        uint64_t commits = atomic_load(&p->commits);
        struct mr_mark end = {
            .pos = atomic_load_explicit(&p->end[commits & 1].pos, memory_order_acquire),
            .n = atomic_load_explicit(&p->end[commits & 1].n, memory_order_acquire),
            .hash = atomic_load_explicit(&p->end[commits & 1].hash, memory_order_acquire),
        };
        /* The slot just read is written again only after another commit. */
        if (atomic_load(&p->commits) == commits)
            return end;
    }
}

void mr_log__page_publish(struct mr_log__page *p, struct mr_mark end)
{
    uint64_t commits = atomic_load_explicit(&p->commits, memory_order_relaxed) + 1;
    atomic_store_explicit(&p->end[commits & 1].pos, end.pos, memory_order_release);
    atomic_store_explicit(&p->end[commits & 1].n, end.n, memory_order_release);
    atomic_store_explicit(&p->end[commits & 1].hash, end.hash, memory_order_release);
    atomic_store(&p->commits, commits);
}

uint64_t mr_log__page_slowest(const struct mr_log__page *p, uint32_t *count)
{
    uint64_t slowest = UINT64_MAX;
    *count = 0;
    /* Entries are taken in order and never given back. */
    for (size_t i = 0; i < MR_PAGE_READERS && atomic_load(&p->readers[i].id); i++) {
        uint64_t pos = atomic_load(&p->readers[i].pos);
        slowest = pos < slowest ? pos : slowest;
        ++*count;
    }
    return slowest;
}

struct mr_error *mr_log__page_lock(const char *dir, int *fd)
{
    char *path = page_path(dir);
    struct mr_error *e = NULL;
    *fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (*fd < 0)
        e = mr_file_error(errno, "open", path);
    else if ((e = lock_file(*fd, path))) {
        close(*fd);
        *fd = -1;
    }
    free(path);
    return e;
}

void mr_log__page_unlock(int fd)
{
    if (fd < 0)
        return;
    flock(fd, LOCK_UN);
    close(fd);
}
