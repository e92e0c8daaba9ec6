/* The counter table and the shared page of a process. */
#include "runtime/watch/counters.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/base/file.h"

enum { MR_COUNTER_GROWS = 0, MR_COUNTER_GAUGE = 1 };

const struct mr_counter_row mr_counter_table[MR_COUNTERS] = {
#define MR_COUNTER(symbol, name, metric, kind, unit, sentence)                                     \
    {name, unit, sentence, metric, MR_COUNTER_##kind},
#include "runtime/watch/counter_table.h"
#undef MR_COUNTER
};

const uint64_t mr_commit_bucket_us[MR_PAGE_COMMIT_BUCKETS - 1] = {
    500,    1000,   2000,   5000,    10000,   20000,
    50000,  100000, 250000, 1000000, 2500000, 10000000};

static const char page_magic[8] = "MRPAGE1";

const char *mr_builtin_name(enum mr_builtin b)
{
    static const char *const names[] = {"bad_input", "too_large", "crash", "error", "stuck"};
    return names[b];
}

static struct mr_error *page_map(const char *path, int flags, struct mr_page **out)
{
    int fd = open(path, flags | O_CLOEXEC, 0600);
    if (fd < 0)
        return mr_file_error(errno, "open", path);
    struct mr_error *e = NULL;
    struct stat st;
    /* Blocks are allocated before mapping: a full disk is an error here, never a SIGBUS later. */
    int rc = (flags & O_CREAT) ? posix_fallocate(fd, 0, sizeof(struct mr_page)) : 0;
    if (rc != 0)
        e = mr_file_error(rc, "allocate", path);
    else if (fstat(fd, &st) != 0 || (size_t)st.st_size < sizeof(struct mr_page))
        e = mr_error(MR_LOG_FOREIGN, "\"%s\" is not a counter page", path);
    if (!e) {
        void *at = mmap(NULL, sizeof(struct mr_page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (at == MAP_FAILED)
            e = mr_file_error(errno, "map", path);
        else
            *out = at;
    }
    close(fd);
    return e;
}

struct mr_error *mr_page_create(const char *path, struct mr_page **out)
{
    if (unlink(path) != 0 && errno != ENOENT)
        return mr_file_error(errno, "remove", path);
    MR_TRY(page_map(path, O_RDWR | O_CREAT | O_EXCL, out));
    memcpy((*out)->magic, page_magic, sizeof(page_magic));
    atomic_store(&(*out)->version, MR_PAGE_VERSION);
    return NULL;
}

struct mr_error *mr_page_open(const char *path, struct mr_page **out)
{
    MR_TRY(page_map(path, O_RDWR, out));
    if (memcmp((*out)->magic, page_magic, sizeof(page_magic)) != 0 ||
        atomic_load(&(*out)->version) != MR_PAGE_VERSION) {
        mr_page_close(*out);
        *out = NULL;
        return mr_error(MR_LOG_VERSION, "\"%s\" was written by another version", path);
    }
    return NULL;
}

void mr_page_close(struct mr_page *p)
{
    if (p)
        munmap(p, sizeof(*p));
}
