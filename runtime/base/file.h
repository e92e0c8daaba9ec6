/* Files: whole reads, durable writes, directories. Errors name the path and the remedy
 * (MR_IO, MR_DISK_FULL, MR_READ_ONLY, MR_SYNC_FAILED). Thread: any. */
#ifndef MR_BASE_FILE_H
#define MR_BASE_FILE_H

#include "runtime/base/error.h"

/* Reads a whole file, at most limit bytes (0: 1 GiB), into out (appended). */
struct mr_error *mr_file_read(const char *path, size_t limit, struct mr_buf *out);
/* Writes path atomically: temporary beside it, fsync, rename, fsync of the folder. */
struct mr_error *mr_file_replace(const char *path, struct mr_str content, unsigned mode);
/* Writes all bytes at offset (pwrite until done). path only names the file in errors. */
struct mr_error *mr_file_write_at(int fd, const char *path, const void *bytes, size_t len,
                                  uint64_t offset);
struct mr_error *mr_file_sync(int fd, const char *path);     /* fdatasync; failure is final  */
struct mr_error *mr_dir_sync(const char *path);              /* makes names in a dir durable */
struct mr_error *mr_dir_make(const char *path);              /* mkdir -p, mode 0700          */
struct mr_error *mr_dir_remove(const char *path);            /* rm -r, missing is fine */
bool mr_file_exists(const char *path);
/* An error of the right code for errno: ENOSPC/EDQUOT, EROFS/EACCES/EPERM, others MR_IO. */
struct mr_error *mr_file_error(int errnum, const char *what, const char *path);

#endif
