/* Files: whole reads, atomic replacement, durable writes; folders made and removed. */
#include "runtime/base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFAULT_READ_LIMIT ((size_t)1 << 30)
#define MAX_DEPTH          256 /* of folders: each level of a removal holds a descriptor */

struct mr_error *mr_file_error(int errnum, const char *what, const char *path)
{
    enum mr_code code = MR_IO;
    if (errnum == ENOSPC || errnum == EDQUOT)
        code = MR_DISK_FULL;
    else if (errnum == EROFS || errnum == EACCES || errnum == EPERM)
        code = MR_READ_ONLY;
    errno = errnum;
    return mr_error_errno(code, "cannot %s \"%s\"", what, path);
}

/* Refused reading is not "the place is read-only", whatever errno says. */
static struct mr_error *read_error(int errnum, const char *path)
{
    errno = errnum;
    return mr_error_errno(MR_IO, "cannot read \"%s\"", path);
}

static struct mr_error *read_all(int fd, const char *path, size_t limit, struct mr_buf *out)
{
    size_t total = 0;
    for (;;) {
        mr_buf_reserve(out, 65536);
        ssize_t got = read(fd, out->ptr + out->len, out->cap - out->len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return read_error(errno, path);
        if (got == 0)
            return NULL;
        total += (size_t)got;
        if (total > limit)
            return mr_error_remedy(mr_error(MR_IO, "\"%s\" is larger than %zu bytes", path, limit),
                                   "Split the file, or give a smaller one.");
        out->len += (size_t)got;
    }
}

struct mr_error *mr_file_read(const char *path, size_t limit, struct mr_buf *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return read_error(errno, path);
    struct stat st;
    size_t before = out->len;
    limit = limit ? limit : DEFAULT_READ_LIMIT;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (uint64_t)st.st_size <= limit)
        mr_buf_reserve(out, (size_t)st.st_size + 1);
    struct mr_error *e = read_all(fd, path, limit, out);
    if (e)
        out->len = before;
    close(fd);
    return e;
}

/* The folder of a path; the caller frees it. */
static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return mr_strdup(".");
    size_t len = slash == path ? 1 : (size_t)(slash - path);
    char *folder = mr_alloc(len + 1);
    memcpy(folder, path, len);
    folder[len] = 0;
    return folder;
}

static struct mr_error *write_and_sync(int fd, const char *path, struct mr_str content,
                                       unsigned mode)
{
    if (fchmod(fd, mode) != 0)
        return mr_file_error(errno, "set the mode of", path);
    MR_TRY(mr_file_write_at(fd, path, content.ptr, content.len, 0));
    return mr_file_sync(fd, path);
}

struct mr_error *mr_file_replace(const char *path, struct mr_str content, unsigned mode)
{
    struct mr_buf temporary = {0};
    mr_buf_printf(&temporary, "%s.XXXXXX", path);
    mr_buf_text(&temporary);
    char *name = temporary.ptr;
    int fd = mkostemp(name, O_CLOEXEC);
    if (fd < 0) {
        struct mr_error *e = mr_file_error(errno, "create a file beside", path);
        mr_buf_finish(&temporary);
        return e;
    }
    struct mr_error *e = write_and_sync(fd, path, content, mode);
    if (close(fd) != 0 && !e)
        e = mr_file_error(errno, "write", path);
    if (!e && rename(name, path) != 0)
        e = mr_file_error(errno, "replace", path);
    if (e) {
        unlink(name);
    } else {
        char *folder = folder_of(path);
        e = mr_dir_sync(folder);
        free(folder);
    }
    mr_buf_finish(&temporary);
    return e;
}

struct mr_error *mr_file_write_at(int fd, const char *path, const void *bytes, size_t len,
                                  uint64_t offset)
{
    const char *p = bytes;
    while (len) {
        ssize_t put = pwrite(fd, p, len, (off_t)offset);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return mr_file_error(errno, "write", path);
        if (put == 0)
            return mr_file_error(EIO, "write", path);
        p += put;
        len -= (size_t)put;
        offset += (uint64_t)put;
    }
    return NULL;
}

/* EINVAL comes from what cannot be synced at all (a pipe, a device, some folders): nothing lost. */
static struct mr_error *sync_result(int result, const char *path)
{
    if (result == 0 || errno == EINVAL)
        return NULL;
    return mr_error_errno(MR_SYNC_FAILED, "cannot make \"%s\" durable", path);
}

struct mr_error *mr_file_sync(int fd, const char *path)
{
    return sync_result(fdatasync(fd), path);
}

struct mr_error *mr_dir_sync(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return mr_file_error(errno, "open the folder", path);
    struct mr_error *e = sync_result(fsync(fd), path);
    close(fd);
    return e;
}

static struct mr_error *make_one(const char *path)
{
    if (mkdir(path, 0700) == 0) {
        char *folder = folder_of(path);
        struct mr_error *e = mr_dir_sync(folder);
        free(folder);
        return e;
    }
    int errnum = errno;
    struct stat st;
    if (stat(path, &st) == 0) {
        if (S_ISDIR(st.st_mode))
            return NULL;
        errnum = ENOTDIR;
    }
    return mr_file_error(errnum, "make the folder", path);
}

struct mr_error *mr_dir_make(const char *path)
{
    char *copy = mr_strdup(path);
    size_t len = strlen(copy);
    while (len > 1 && copy[len - 1] == '/')
        copy[--len] = 0;
    struct mr_error *e = NULL;
    for (size_t i = 1; i < len && !e; i++) {
        if (copy[i] != '/' || copy[i - 1] == '/')
            continue;
        copy[i] = 0;
        e = make_one(copy);
        copy[i] = '/';
    }
    if (!e)
        e = make_one(copy);
    free(copy);
    return e;
}

static struct mr_error *remove_entry(int parent, const char *name, const char *path, int depth);

/* Takes fd. */
static struct mr_error *remove_content(int fd, const char *path, int depth)
{
    DIR *dir = fdopendir(fd);
    if (!dir) {
        struct mr_error *e = mr_file_error(errno, "read the folder", path);
        close(fd);
        return e;
    }
    struct mr_error *e = NULL;
    while (!e) {
        errno = 0;
        struct dirent *entry = readdir(dir);
        if (!entry) {
            if (errno)
                e = mr_file_error(errno, "read the folder", path);
            break;
        }
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            e = remove_entry(dirfd(dir), entry->d_name, path, depth + 1);
    }
    closedir(dir);
    return e;
}

/* Goes by descriptors and never follows a link: a link planted meanwhile leads nowhere. */
static struct mr_error *remove_entry(int parent, const char *name, const char *path, int depth)
{
    if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
        return NULL;
    if (errno != EISDIR && errno != EPERM && errno != EACCES)
        return mr_file_error(errno, "remove", path);
    int errnum = errno;
    if (depth > MAX_DEPTH)
        return mr_error(MR_IO, "folders under \"%s\" are nested too deeply to remove", path);
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return mr_file_error(errno == ENOTDIR ? errnum : errno, "remove", path);
    MR_TRY(remove_content(fd, path, depth));
    if (unlinkat(parent, name, AT_REMOVEDIR) != 0 && errno != ENOENT)
        return mr_file_error(errno, "remove the folder", path);
    return NULL;
}

struct mr_error *mr_dir_remove(const char *path)
{
    return remove_entry(AT_FDCWD, path, path, 0);
}

bool mr_file_exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}
