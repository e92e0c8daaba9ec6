/* Retention: what every declared reader has consumed goes, and nothing before all have come. */
#include <check.h>
#include <stdlib.h>
#include <stdio.h>
#include <unistd.h>

#include "runtime/base/file.h"
#include "stages/supervise/inside.h"

enum { ROWS = 400, ROW_BYTES = 1000 };

/* writer → topic → two readers, each a group of its own. */
struct rig {
    char dir[64];
    struct mr_buf topics;
    struct mr_plan_stage stages[3];
    struct mr_plan_input inputs[2];
    struct mr_plan_topic topic;
    struct mr_plan_group groups[3];
    int numbers[3];
    struct mr_plan plan;
    struct mr_home home;
    struct mr_supervise_options options;
    struct supervisor supervisor;
    struct mr_log_place place;
};

static void ok(struct mr_error *e)
{
    ck_assert_msg(!e, "%s", e ? mr_error_message(e) : "");
}

static void rig_make(struct rig *r)
{
    const char *tmp = getenv("TMPDIR");
    memset(r, 0, sizeof(*r));
    snprintf(r->dir, sizeof(r->dir), "%s/mr-keep-XXXXXX", tmp ? tmp : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(r->dir));
    for (int i = 0; i < 3; i++) {
        r->numbers[i] = i;
        r->groups[i] = (struct mr_plan_group){.stages = &r->numbers[i], .stage_count = 1,
                                              .partitions = 1, .scale = 1};
        r->stages[i].kind = i ? MR_STAGE_SINK : MR_STAGE_SOURCE;
        r->stages[i].id = mr_str_of(i == 0 ? "writer" : i == 1 ? "first" : "second");
        r->stages[i].epoch = 2;
        r->stages[i].group = i;
        r->stages[i].inputs = i ? &r->inputs[i - 1] : NULL;
        r->stages[i].input_count = i ? 1 : 0;
    }
    r->topic = (struct mr_plan_topic){.name = MR_STR("t"), .partitions = 1, .lanes = 1,
                                      .keep_bytes = 1};
    r->plan = (struct mr_plan){.stages = r->stages, .stage_count = 3, .topics = &r->topic,
                               .topic_count = 1, .groups = r->groups, .group_count = 3};
    r->home.layout.root = mr_str_of(r->dir);
    r->options = (struct mr_supervise_options){.plan = &r->plan, .home = &r->home,
                                               .show = MR_SHOW_NOTHING};
    r->supervisor = (struct supervisor){.options = &r->options, .plan = &r->plan,
                                        .phase = PHASE_RUNNING};
    mr_layout_topics(&r->home.layout, &r->topics);
    r->place = (struct mr_log_place){.topics = mr_buf_text(&r->topics), .topic = r->topic.name};
}

static void rig_remove(struct rig *r)
{
    ok(mr_dir_remove(r->dir));
    mr_buf_finish(&r->topics);
}

static void write_rows(struct rig *r)
{
    struct mr_log_writer_options o = {.frame_bytes = 4096, .segment_bytes = 64 * 1024, .fence = 1,
                                      .no_sync = true};
    struct mr_log_writer *w;
    char bytes[ROW_BYTES] = {0};
    ok(mr_log_writer_open(&r->place, (struct mr_mark){0}, &o, &w));
    for (uint32_t i = 0; i < ROWS; i++) {
        struct mr_head head = {.id = mr_id_source(MR_STR("s"), MR_STR("f"), i, 0)};
        ok(mr_log_writer_append(w, &head, bytes, sizeof(bytes)));
    }
    ok(mr_log_writer_sync(w));
    mr_log_writer_publish(w);
    mr_log_writer_close(w);
}

/* Reads and commits all rows; returns how many. */
static uint32_t consume_as(struct rig *r, uint64_t id)
{
    struct mr_log_reader *reader;
    uint32_t rows = 0, taken = 0;
    bool found;
    ok(mr_log_reader_open(&r->place, id, MR_BELL_NONE, (struct mr_mark){0}, &reader));
    for (;;) {
        struct mr_head head;
        struct mr_str map;
        ok(mr_log_reader_next(reader, &rows));
        if (!rows)
            break;
        for (;;) {
            ok(mr_log_reader_row(reader, &head, &map, &found));
            if (!found)
                break;
            taken++;
        }
    }
    mr_log_reader_commit(reader, mr_log_reader_mark(reader));
    mr_log_reader_close(reader);
    return taken;
}

static uint32_t consume(struct rig *r, int stage)
{
    return consume_as(r, mr_plan_reader(&r->stages[stage], 0));
}

static uint64_t kept_from(struct rig *r)
{
    struct mr_log_stat stat;
    retention_run(&r->supervisor);
    ok(mr_log_stat(&r->place, &stat));
    return stat.start_pos;
}

START_TEST(a_reader_that_has_not_come_yet_loses_nothing)
{
    struct rig r;
    rig_make(&r);
    write_rows(&r);
    ck_assert_uint_eq(kept_from(&r), 0);
    ck_assert_uint_eq(consume(&r, 1), ROWS);
    ck_assert_uint_eq(kept_from(&r), 0);
    ck_assert_uint_eq(consume(&r, 2), ROWS);
    ck_assert_uint_gt(kept_from(&r), 0);
    rig_remove(&r);
}
END_TEST

/* Those of the epoch before are counted out: they do not stand for the ones that have to come. */
START_TEST(readers_of_another_epoch_do_not_stand_for_those_to_come)
{
    struct rig r;
    rig_make(&r);
    write_rows(&r);
    ck_assert_uint_eq(consume_as(&r, 11), ROWS);
    ck_assert_uint_eq(consume_as(&r, 13), ROWS);
    ck_assert_uint_eq(kept_from(&r), 0);
    ck_assert_uint_eq(consume(&r, 1), ROWS);
    ck_assert_uint_eq(kept_from(&r), 0);
    ck_assert_uint_eq(consume(&r, 2), ROWS);
    ck_assert_uint_gt(kept_from(&r), 0);
    rig_remove(&r);
}
END_TEST

Suite *suite_stages_retention(void);

Suite *suite_stages_retention(void)
{
    Suite *s = suite_create("stages.retention");
    TCase *c = tcase_create("readers");
    tcase_add_test(c, a_reader_that_has_not_come_yet_loses_nothing);
    tcase_add_test(c, readers_of_another_epoch_do_not_stand_for_those_to_come);
    suite_add_tcase(s, c);
    return s;
}
