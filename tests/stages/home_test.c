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

/* Three stages, each a group of its own. */
static struct mr_plan *make_plan(void)
{
    static const char *const ids[] = {"docs", "filter", "out"};
    struct mr_plan *plan = mr_arena_zalloc(arena, sizeof *plan);
    plan->name = MR_STR("pipe");
    plan->stage_count = plan->group_count = 3;
    plan->stages = mr_arena_zalloc(arena, 3 * sizeof *plan->stages);
    plan->groups = mr_arena_zalloc(arena, 3 * sizeof *plan->groups);
    for (int i = 0; i < 3; i++) {
        plan->stages[i].id = mr_str_of(ids[i]);
        plan->stages[i].group = i;
        plan->stages[i].fingerprint.b[0] = (uint8_t)(i + 1);
        plan->groups[i].partitions = plan->groups[i].scale = 1;
    }
    plan->hash.b[3] = 7;
    return plan;
}

static struct mr_record save_record(struct mr_home *h, const struct mr_plan *plan)
{
    struct mr_record record = {.run = 3, .complete = true, .pipeline = MR_STR("pipe"),
                               .topology = MR_STR("/a \"b\"/x.yaml"), .active_ms = 1234,
                               .started_ms = 1, .ended_ms = 2};
    mr_record_take_plan(&record, plan, arena);
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
    struct mr_record record = save_record(&h, make_plan());
    ck_assert_ptr_null(mr_record_load(&h, arena, &back));
    ck_assert_uint_eq(back.run, 3);
    ck_assert(back.complete);
    ck_assert(mr_str_eq(back.topology, record.topology));
    ck_assert_uint_eq(back.active_ms, 1234);
    ck_assert(mr_id_eq(&back.plan_hash, &record.plan_hash));
    ck_assert_uint_eq(back.stage_count, 3);
    ck_assert(mr_str_is(back.stages[1].id, "filter"));
    ck_assert_int_eq(back.stages[1].group, 1);
    ck_assert(mr_id_eq(&back.stages[1].fingerprint, &record.stages[1].fingerprint));
    mr_home_finish(&h);
}
END_TEST

START_TEST(test_broken_record)
{
    static const char *const texts[] = {"", "{", "[]", "{\"format\":99}",
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

static void expect_changes(const struct mr_record *record, const struct mr_plan *plan,
                           const char *wanted)
{
    struct mr_buf text = {0};
    mr_record_changes(record, plan, &text);
    ck_assert_str_eq(mr_buf_text(&text), wanted);
    mr_buf_finish(&text);
}

START_TEST(test_changes_are_named)
{
    struct mr_plan *plan = make_plan();
    struct mr_record record = {.run = 1};
    mr_record_take_plan(&record, plan, arena);
    expect_changes(&record, plan, "");
    plan->hash.b[0] ^= 1;
    plan->stages[1].fingerprint.b[5] = 1;
    expect_changes(&record, plan,
                   "  stage \"filter\": its operator, parameters, keys or input changed\n");
    plan->stages[1].fingerprint.b[5] = 0;
    plan->groups[1].partitions = 8;
    expect_changes(&record, plan, "  stage \"filter\": 8 partitions, before 1\n");
    plan->groups[1].partitions = 1;
    plan->stages[1].id = MR_STR("filter2");
    expect_changes(&record, plan,
                   "  stage \"filter2\" is new\n  stage \"filter\" is gone\n");
    plan->stages[1].id = MR_STR("filter");
    expect_changes(&record, plan, "  the topics between stages changed\n");
    plan->stages[1].group = 0;
    expect_changes(&record, plan, "  stage \"filter\": fused with other stages than before\n");
    record.run = 0;
    expect_changes(&record, plan, "");
}
END_TEST

START_TEST(test_find)
{
    struct mr_home h, found;
    mr_home_init(&h, mr_str_of(dir), MR_STR("pipe"));
    struct mr_error *e = mr_home_find(&found, mr_str_of(dir), MR_STR("pipe"));
    ck_assert_int_eq(mr_error_code(e), MR_RUN_UNKNOWN);
    mr_error_free(e);
    save_record(&h, make_plan());
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
    save_record(&h, make_plan());
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
    tcase_add_test(c, test_changes_are_named);
    tcase_add_test(c, test_find);
    tcase_add_test(c, test_lock);
    suite_add_tcase(s, c);
    return s;
}
