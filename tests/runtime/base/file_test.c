/* Files: reads with a limit, atomic replacement, folders made and removed. */
#include "runtime/base/file.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static struct mr_buf folder;

static void make_folder(void)
{
    const char *base = getenv("TMPDIR");
    mr_buf_printf(&folder, "%s/millrace-file.XXXXXX", base && *base ? base : "/tmp");
    mr_buf_text(&folder);
    ck_assert_ptr_nonnull(mkdtemp(folder.ptr));
}

static void remove_folder(void)
{
    struct mr_error *e = mr_dir_remove(folder.ptr);
    ck_assert_msg(!e, "%s", mr_error_message(e));
    ck_assert(!mr_file_exists(folder.ptr));
    mr_buf_finish(&folder);
}

/* A path in the test's folder; the caller frees it. */
static char *in_folder(const char *name)
{
    struct mr_buf path = {0};
    mr_buf_printf(&path, "%s/%s", folder.ptr, name);
    mr_buf_text(&path);
    return path.ptr;
}

static void must(struct mr_error *e)
{
    ck_assert_msg(!e, "%s", mr_error_message(e));
}

static void fails_with(struct mr_error *e, enum mr_code code)
{
    ck_assert_msg(mr_error_code(e) == code, "code %d: %s", (int)mr_error_code(e),
                  mr_error_message(e));
    mr_error_free(e);
}

START_TEST(replaces_and_reads)
{
    char *path = in_folder("a");
    struct mr_buf text = {0};
    must(mr_file_replace(path, MR_STR("first"), 0600));
    must(mr_file_replace(path, MR_STR("second\0"), 0640));
    mr_buf_addc(&text, '>');
    must(mr_file_read(path, 0, &text));
    ck_assert(mr_str_eq(mr_buf_str(&text), MR_STR(">second\0")));
    struct stat st;
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_int_eq(st.st_mode & 0777, 0640);
    must(mr_file_read(path, 7, &text));
    ck_assert_uint_eq(text.len, 15);
    fails_with(mr_file_read(path, 6, &text), MR_IO);
    ck_assert_uint_eq(text.len, 15);
    mr_buf_finish(&text);
    free(path);
}
END_TEST

START_TEST(a_failed_replacement_leaves_nothing)
{
    char *busy = in_folder("busy"), *below = in_folder("busy/x");
    must(mr_dir_make(busy));
    must(mr_file_replace(below, MR_STR("kept"), 0600));
    struct mr_error *e = mr_file_replace(busy, MR_STR("new"), 0600);
    ck_assert_ptr_nonnull(strstr(mr_error_message(e), busy));
    fails_with(e, MR_IO);
    ck_assert(mr_file_exists(below));
    ck_assert_int_eq(unlink(below), 0);
    ck_assert_int_eq(rmdir(busy), 0);
    ck_assert_int_eq(rmdir(folder.ptr), 0); /* so no temporary file is left either */
    ck_assert_int_eq(mkdir(folder.ptr, 0700), 0);
    free(busy);
    free(below);
}
END_TEST

START_TEST(errors_name_the_path)
{
    char *path = in_folder("missing/file");
    struct mr_buf text = {0};
    struct mr_error *e = mr_file_read(path, 0, &text);
    ck_assert_ptr_nonnull(strstr(mr_error_message(e), path));
    fails_with(e, MR_IO);
    fails_with(mr_file_replace(path, MR_STR("x"), 0600), MR_IO);
    fails_with(mr_dir_sync(path), MR_IO);
    fails_with(mr_file_read(folder.ptr, 0, &text), MR_IO);
    fails_with(mr_file_error(ENOSPC, "write", "x"), MR_DISK_FULL);
    fails_with(mr_file_error(EDQUOT, "write", "x"), MR_DISK_FULL);
    fails_with(mr_file_error(EROFS, "write", "x"), MR_READ_ONLY);
    fails_with(mr_file_error(EACCES, "write", "x"), MR_READ_ONLY);
    fails_with(mr_file_error(EIO, "write", "x"), MR_IO);
    mr_buf_finish(&text);
    free(path);
}
END_TEST

START_TEST(writes_at_an_offset)
{
    char *path = in_folder("sparse");
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    ck_assert_int_ge(fd, 0);
    must(mr_file_write_at(fd, path, "end", 3, 5));
    must(mr_file_write_at(fd, path, "begin", 5, 0));
    must(mr_file_sync(fd, path));
    close(fd);
    struct mr_buf text = {0};
    must(mr_file_read(path, 0, &text));
    ck_assert_str_eq(mr_buf_text(&text), "beginend");
    fails_with(mr_file_write_at(fd, path, "x", 1, 0), MR_IO);
    fails_with(mr_file_sync(fd, path), MR_SYNC_FAILED);
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    ck_assert_int_ge(full, 0);
    fails_with(mr_file_write_at(full, "/dev/full", "x", 1, 0), MR_DISK_FULL);
    close(full);
    mr_buf_finish(&text);
    free(path);
}
END_TEST

START_TEST(folders_are_made_and_removed)
{
    char *deep = in_folder("a//b/c/"), *file = in_folder("a/b/c/file");
    char *under = in_folder("a/b/c/file/d");
    must(mr_dir_make(deep));
    must(mr_dir_make(deep));
    must(mr_file_replace(file, MR_STR("x"), 0600));
    fails_with(mr_dir_make(file), MR_IO);
    fails_with(mr_dir_make(under), MR_IO);
    char *kept = in_folder("kept"), *kept_file = in_folder("kept/file");
    char *link = in_folder("a/link");
    must(mr_dir_make(kept));
    must(mr_file_replace(kept_file, MR_STR("x"), 0600));
    ck_assert_int_eq(symlink("../kept", link), 0);
    char *top = in_folder("a");
    must(mr_dir_remove(top));
    ck_assert(!mr_file_exists(top));
    ck_assert(mr_file_exists(kept_file));
    must(mr_dir_remove(top)); /* missing is fine */
    ck_assert_int_eq(symlink("kept", top), 0);
    must(mr_dir_remove(top)); /* the link, not what it names */
    ck_assert(mr_file_exists(kept_file));
    char *all[] = {deep, file, under, kept, kept_file, link, top};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
}
END_TEST

Suite *suite_runtime_base_file(void);
Suite *suite_runtime_base_file(void)
{
    Suite *suite = suite_create("runtime.base.file");
    TCase *tc = tcase_create("file");
    tcase_add_checked_fixture(tc, make_folder, remove_folder);
    tcase_add_test(tc, replaces_and_reads);
    tcase_add_test(tc, a_failed_replacement_leaves_nothing);
    tcase_add_test(tc, errors_name_the_path);
    tcase_add_test(tc, writes_at_an_offset);
    tcase_add_test(tc, folders_are_made_and_removed);
    suite_add_tcase(suite, tc);
    return suite;
}
