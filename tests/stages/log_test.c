/* The log of a pipeline: lines of JSON, equal ones folded, files of bounded size. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "runtime/base/file.h"
#include "stages/supervise/log.h"

static char dir[256];
static struct mr_home home;

static void setup(void)
{
    const char *tmp = getenv("TMPDIR");
    snprintf(dir, sizeof dir, "%s/millrace-log.XXXXXX", tmp && *tmp ? tmp : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    mr_home_init(&home, mr_str_of(dir), MR_STR("pipe"));
    ck_assert_ptr_null(mr_dir_make(mr_buf_text(&home.root)));
}

static void teardown(void)
{
    mr_home_finish(&home);
    ck_assert_ptr_null(mr_dir_remove(dir));
}

static struct mr_buf content(bool old)
{
    struct mr_buf path = {0}, text = {0};
    mr_event_log_path(&home, old, &path);
    ck_assert_ptr_null(mr_file_read(path.ptr, 0, &text));
    mr_buf_finish(&path);
    mr_buf_text(&text);
    return text;
}

static size_t lines(const struct mr_buf *text)
{
    size_t count = 0;
    for (size_t i = 0; i < text->len; i++)
        count += text->ptr[i] == '\n';
    return count;
}

static void add(struct mr_event_log *l, const char *message)
{
    struct mr_event e = {.level = MR_LEVEL_WARN,
                         .name = "restart",
                         .stage = MR_STR("dedup"),
                         .process = 2,
                         .pid = 77,
                         .message = message};
    mr_event_log_add(l, &e);
}

START_TEST(equal_lines_are_folded)
{
    struct mr_event_log *l;
    ck_assert_ptr_null(mr_event_log_open(&home, MR_STR("pipe"), 3, (struct mr_str){0}, &l));
    add(l, "it \"died\"\n");
    for (int i = 0; i < 4; i++)
        add(l, "it \"died\"\n");
    add(l, "something else");
    mr_event_log_close(l);
    struct mr_buf text = content(false);
    ck_assert_uint_eq(lines(&text), 3);
    ck_assert_ptr_nonnull(strstr(text.ptr,
                                 "\"level\":\"warn\",\"pipeline\":\"pipe\",\"run\":3,"
                                 "\"event\":\"restart\",\"stage\":\"dedup\",\"process\":2,"
                                 "\"pid\":77,\"message\":\"it \\\"died\\\"\\n\"}"));
    ck_assert_ptr_nonnull(strstr(text.ptr, "\"count\":4,\"first\":\"2"));
    mr_buf_finish(&text);
}
END_TEST

START_TEST(another_file_gets_the_same_lines)
{
    char extra[300];
    struct mr_event_log *l;
    snprintf(extra, sizeof extra, "%s/extra.jsonl", dir);
    ck_assert_ptr_null(mr_event_log_open(&home, MR_STR("pipe"), 1, mr_str_of(extra), &l));
    add(l, "one");
    add(l, "two");
    mr_event_log_close(l);
    struct mr_buf own = content(false), other = {0};
    ck_assert_ptr_null(mr_file_read(extra, 0, &other));
    ck_assert(mr_str_eq(mr_buf_str(&own), mr_buf_str(&other)));
    ck_assert_uint_eq(lines(&own), 2);
    mr_buf_finish(&own);
    mr_buf_finish(&other);
    snprintf(extra, sizeof extra, "%s/no/such/folder", dir);
    struct mr_error *e = mr_event_log_open(&home, MR_STR("pipe"), 1, mr_str_of(extra), &l);
    ck_assert_ptr_nonnull(e);
    mr_error_free(e);
}
END_TEST

START_TEST(the_file_is_bounded)
{
    struct mr_event_log *l;
    char message[1100];
    memset(message, 'x', sizeof message);
    ck_assert_ptr_null(mr_event_log_open(&home, MR_STR("pipe"), 1, (struct mr_str){0}, &l));
    for (unsigned i = 0; i < 3 * (MR_EVENT_LOG_BYTES / 1000); i++) {
        snprintf(message + 1000, 100, "%u", i);
        add(l, message);
    }
    mr_event_log_close(l);
    struct mr_buf now = content(false), old = content(true);
    ck_assert_uint_le(now.len, MR_EVENT_LOG_BYTES + 2000);
    ck_assert_uint_le(old.len, MR_EVENT_LOG_BYTES + 2000);
    ck_assert_uint_gt(old.len, MR_EVENT_LOG_BYTES);
    mr_buf_finish(&now);
    mr_buf_finish(&old);
}
END_TEST

Suite *suite_stages_log(void);
Suite *suite_stages_log(void)
{
    Suite *s = suite_create("stages.log");
    TCase *c = tcase_create("log");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, equal_lines_are_folded);
    tcase_add_test(c, another_file_gets_the_same_lines);
    tcase_add_test(c, the_file_is_bounded);
    suite_add_tcase(s, c);
    return s;
}
