/* The state folder of a pipeline: finding, locking, the record of its runs and what changed. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/base/file.h"
#include "stages/supervise/home.h"

static char dir[4096];
static struct mr_arena *arena;

static void setup(void)
{
    const char *tmp = getenv("TMPDIR");
    snprintf(dir, sizeof dir, "%s/millrace-home.XXXXXX", tmp ? tmp : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    arena = mr_arena_create(0);
}

static void teardown(void)
{
    mr_arena_destroy(arena);
    ck_assert_ptr_null(mr_dir_remove(dir));
}

static struct mr_record make_record(void)
{
    struct mr_record record = {.run = 3,
                               .complete = true,
                               .pipeline = MR_STR("pipe"),
                               .topology = MR_STR("/a \"b\"/x.yaml"),
                               .active_ms = 1234,
                               .started_ms = 1,
                               .ended_ms = 2,
                               .plan_hash = {{7}}};
    struct mr_recorded_epoch *e = mr_record_open(&record, 1, arena);
    e->state = MR_EPOCH_KEPT;
    e->run = 2;
    record.current = 2;
    e = mr_record_open(&record, 2, arena);
    e->parent = 1;
    e->state = MR_EPOCH_CURRENT;
    e->replayed = true;
    e->run = 3;
    e->from = MR_STR("filter");
    e->where = MR_STR("n > 1 and t == \"x\"");
    e->definition.b[15] = 9;
    e->sinks = mr_arena_zalloc(arena, sizeof *e->sinks);
    e->sink_count = 1;
    e->sinks[0] = (struct mr_recorded_sink){MR_STR("out"), {UINT64_MAX - 5, 77}, 1000};
    return record;
}

static struct mr_record save_record(struct mr_home *h)
{
    struct mr_record record = make_record();
    ck_assert_ptr_null(mr_dir_make(h->root.ptr));
    ck_assert_ptr_null(mr_record_save(h, &record));
    return record;
}

START_TEST(test_record_comes_back)
{
    struct mr_home h;
    struct mr_record back;
    mr_home_init(&h, mr_str_of(dir), MR_STR("pipe"));
    ck_assert_ptr_null(mr_record_load(&h, arena, &back));
    ck_assert_uint_eq(back.run, 0);
    struct mr_record record = save_record(&h);
    ck_assert_ptr_null(mr_record_load(&h, arena, &back));
    ck_assert_uint_eq(back.run, 3);
    ck_assert(back.complete);
    ck_assert(mr_str_eq(back.topology, record.topology));
    ck_assert_uint_eq(back.active_ms, 1234);
    ck_assert(mr_id_eq(&back.plan_hash, &record.plan_hash));
    ck_assert_uint_eq(back.current, 2);
    ck_assert_uint_eq(back.epoch_count, 2);
    ck_assert_uint_eq(mr_record_next_epoch(&back), 3);
    ck_assert_ptr_null(mr_record_epoch(&back, 3));
    ck_assert_int_eq(mr_record_epoch(&back, 1)->state, MR_EPOCH_KEPT);
    const struct mr_recorded_epoch *e = mr_record_epoch(&back, 2);
    ck_assert_int_eq(e->state, MR_EPOCH_CURRENT);
    ck_assert(e->replayed && mr_epoch_partial(e));
    ck_assert_uint_eq(e->parent, 1);
    ck_assert_uint_eq(e->run, 3);
    ck_assert(mr_str_is(e->from, "filter"));
    ck_assert(mr_str_is(e->where, "n > 1 and t == \"x\""));
    ck_assert_uint_eq(e->definition.b[15], 9);
    ck_assert_uint_eq(e->sink_count, 1);
    ck_assert_uint_eq(e->sinks[0].content.low, UINT64_MAX - 5);
    ck_assert_uint_eq(e->sinks[0].content.high, 77);
    ck_assert_uint_eq(e->sinks[0].rows, 1000);
    mr_home_finish(&h);
}
END_TEST

/* The number of an epoch that was dropped does not come back: readers and folders are named by it.
 */
START_TEST(test_numbers_are_given_once)
{
    struct mr_home h;
    struct mr_record back;
    mr_home_init(&h, mr_str_of(dir), MR_STR("pipe"));
    struct mr_record record = make_record();
    mr_record_open(&record, 3, arena)->state = MR_EPOCH_READY;
    record.epoch_count = 2;
    ck_assert_ptr_null(mr_dir_make(h.root.ptr));
    ck_assert_ptr_null(mr_record_save(&h, &record));
    ck_assert_ptr_null(mr_record_load(&h, arena, &back));
    ck_assert_uint_eq(mr_record_next_epoch(&back), 4);
    mr_home_finish(&h);
}
END_TEST

START_TEST(test_first_format_is_read)
{
    static const char text[] =
        "{\"format\":1,\"pipeline\":\"pipe\",\"topology\":\"/x.yaml\",\"run\":4,\"complete\":false,"
        "\"started_ms\":1,\"ended_ms\":2,\"active_ms\":3,"
        "\"plan_hash\":\"00000000000000000000000000000001\",\"stages\":[{\"id\":\"docs\","
        "\"group\":0,\"partitions\":8,\"fingerprint\":\"00000000000000000000000000000002\"}]}";
    struct mr_home h;
    struct mr_record back;
    struct mr_buf path = {0};
    mr_home_init(&h, mr_str_of(dir), MR_STR("pipe"));
    ck_assert_ptr_null(mr_dir_make(h.root.ptr));
    mr_layout_meta(&h.layout, &path);
    ck_assert_ptr_null(mr_file_replace(mr_buf_text(&path), mr_str_of(text), 0600));
    ck_assert_ptr_null(mr_record_load(&h, arena, &back));
    ck_assert_uint_eq(back.run, 4);
    ck_assert_uint_eq(back.current, 1);
    ck_assert_uint_eq(back.epoch_count, 1);
    ck_assert_int_eq(back.epochs[0].state, MR_EPOCH_CURRENT);
    ck_assert_uint_eq(back.epochs[0].run, 3);
    ck_assert_uint_eq(back.stage_count, 1);
    ck_assert_uint_eq(back.stages[0].partitions, 8);
    mr_buf_finish(&path);
    mr_home_finish(&h);
}
END_TEST

START_TEST(test_broken_record)
{
    static const char *const texts[] = {"",
                                        "{",
                                        "[]",
                                        "{\"format\":99}",
                                        "{\"format\":1,\"complete\":true,\"run\":1}",
                                        "{\"format\":1,\"complete\":1,\"run\":-1,\"stages\":{}}"};
    struct mr_home h;
    struct mr_record back;
    struct mr_buf path = {0};
    mr_home_init(&h, mr_str_of(dir), MR_STR("pipe"));
    ck_assert_ptr_null(mr_dir_make(h.root.ptr));
    mr_layout_meta(&h.layout, &path);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        ck_assert_ptr_null(mr_file_replace(mr_buf_text(&path), mr_str_of(texts[i]), 0600));
        struct mr_error *e = mr_record_load(&h, arena, &back);
        ck_assert_msg(e != NULL, "taken: %s", texts[i]);
        ck_assert_ptr_nonnull(strstr(mr_error_message(e), "runs.json"));
        mr_error_free(e);
    }
    mr_buf_finish(&path);
    mr_home_finish(&h);
}
END_TEST

/* Numbers that do not fit, come twice or contradict each other would overwrite an epoch's data. */
START_TEST(test_hostile_numbers)
{
    static const char one[] = "{\"epoch\":1,\"state\":\"current\",\"parent\":0,\"run\":1,"
                              "\"definition\":\"00000000000000000000000000000002\",\"sinks\":[]}";
    static const struct {
        const char *run, *current, *last, *more;
        bool fine;
    } cases[] = {
        {"1", "1", "1", "", true},
        {"4294967297", "1", "1", "", false},
        {"1", "4294967297", "1", "", false},
        {"1", "1", "4294967295", "", false},
        {"1", "2", "1", "", false},
        {"1", "1", "1", "\"epoch\":1,\"state\":\"kept\"", false},
        {"1", "1", "1", "\"epoch\":2,\"state\":\"kept\"", true},
        {"1", "2", "1", "\"epoch\":2,\"state\":\"kept\"", false},
        {"1", "1", "1", "\"epoch\":2,\"state\":\"current\"", false},
        {"1", "1", "1", "\"epoch\":2,\"state\":\"promoting\"", true},
        {"1", "1", "1", "\"epoch\":4294967295,\"state\":\"kept\"", false},
        {"1", "1", "1", "\"epoch\":4294967298,\"state\":\"kept\"", false},
    };
    struct mr_home h;
    struct mr_record back;
    struct mr_buf path = {0}, text = {0};
    mr_home_init(&h, mr_str_of(dir), MR_STR("pipe"));
    ck_assert_ptr_null(mr_dir_make(h.root.ptr));
    mr_layout_meta(&h.layout, &path);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        text.len = 0;
        mr_buf_printf(&text,
                      "{\"format\":2,\"complete\":true,\"run\":%s,\"current\":%s,\"last_epoch\":%s,"
                      "\"plan_hash\":\"00000000000000000000000000000001\",\"epochs\":[%s",
                      cases[i].run, cases[i].current, cases[i].last, one);
        if (*cases[i].more)
            mr_buf_printf(&text,
                          ",{%s,\"definition\":\"00000000000000000000000000000002\",\"sinks\":[]}",
                          cases[i].more);
        mr_buf_addz(&text, "]}");
        ck_assert_ptr_null(mr_file_replace(mr_buf_text(&path), mr_buf_str(&text), 0600));
        struct mr_error *e = mr_record_load(&h, arena, &back);
        ck_assert_msg(!e == cases[i].fine, "case %zu: %s", i, mr_buf_text(&text));
        mr_error_free(e);
    }
    mr_buf_finish(&path);
    mr_buf_finish(&text);
    mr_home_finish(&h);
}
END_TEST

START_TEST(test_find)
{
    struct mr_home h, found;
    mr_home_init(&h, mr_str_of(dir), MR_STR("pipe"));
    struct mr_error *e = mr_home_find(&found, mr_str_of(dir), MR_STR("pipe"));
    ck_assert_int_eq(mr_error_code(e), MR_RUN_UNKNOWN);
    mr_error_free(e);
    save_record(&h);
    ck_assert_ptr_null(mr_home_find(&found, mr_str_of(dir), MR_STR("pipe")));
    ck_assert_str_eq(found.root.ptr, h.root.ptr);
    mr_home_finish(&found);
    ck_assert_ptr_null(mr_home_find(&found, mr_str_of(dir), (struct mr_str){0}));
    mr_home_finish(&found);
    e = mr_home_find(&found, mr_str_of(dir), MR_STR("../pipe"));
    ck_assert_int_eq(mr_error_code(e), MR_RUN_UNKNOWN);
    mr_error_free(e);
    mr_home_finish(&h);
    mr_home_init(&h, mr_str_of(dir), MR_STR("second"));
    save_record(&h);
    e = mr_home_find(&found, mr_str_of(dir), (struct mr_str){0});
    ck_assert_ptr_nonnull(strstr(mr_error_message(e), "several"));
    mr_error_free(e);
    mr_home_finish(&h);
}
END_TEST

/* Another process sees the lock of a living one and is refused; of a dead one, it is free. */
START_TEST(test_lock)
{
    struct mr_home h;
    pid_t holder;
    int ready[2], release[2];
    char byte;
    mr_home_init(&h, mr_str_of(dir), MR_STR("pipe"));
    ck_assert(!mr_home_running(&h, &holder));
    ck_assert(pipe(ready) == 0 && pipe(release) == 0);
    pid_t child = fork();
    if (child == 0) {
        struct mr_error *e = mr_home_lock(&h);
        _exit(!e && write(ready[1], "x", 1) == 1 && read(release[0], &byte, 1) >= 0 ? 0 : 1);
    }
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    ck_assert(mr_home_running(&h, &holder));
    ck_assert_int_eq(holder, child);
    struct mr_error *e = mr_home_lock(&h);
    ck_assert_int_eq(mr_error_code(e), MR_RUN_BUSY);
    mr_error_free(e);
    int status;
    ck_assert_int_eq(write(release[1], "x", 1), 1);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    ck_assert(!mr_home_running(&h, &holder));
    ck_assert_ptr_null(mr_home_lock(&h));
    mr_home_finish(&h);
}
END_TEST

Suite *suite_stages_home(void);
Suite *suite_stages_home(void)
{
    Suite *s = suite_create("stages.home");
    TCase *c = tcase_create("home");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, test_record_comes_back);
    tcase_add_test(c, test_broken_record);
    tcase_add_test(c, test_hostile_numbers);
    tcase_add_test(c, test_numbers_are_given_once);
    tcase_add_test(c, test_first_format_is_read);
    tcase_add_test(c, test_find);
    tcase_add_test(c, test_lock);
    suite_add_tcase(s, c);
    return s;
}
