/* Epochs of a state folder: the first format is brought up to date, or refused; the card counts a
 * run once. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/base/file.h"
#include "stages/supervise/epochs.h"
#include "stages/supervise/members.h"

static char dir[4096];
static struct mr_arena *arena;
static struct mr_home home;
static struct mr_record record;
static struct mr_plan *plan;
static struct mr_epochs epochs;

/* Three stages, each a group of its own; nothing in it is looked up. */
static struct mr_plan *make_plan(void)
{
    static const char *const ids[] = {"docs", "filter", "out"};
    struct mr_plan *p = mr_arena_zalloc(arena, sizeof *p);
    p->name = MR_STR("pipe");
    p->epoch = 1;
    p->stage_count = p->group_count = 3;
    p->stages = mr_arena_zalloc(arena, 3 * sizeof *p->stages);
    p->groups = mr_arena_zalloc(arena, 3 * sizeof *p->groups);
    for (int i = 0; i < 3; i++) {
        p->groups[i].stages = mr_arena_alloc(arena, sizeof(int));
        p->groups[i].stages[0] = i;
        p->groups[i].stage_count = 1;
        p->groups[i].partitions = p->groups[i].scale = 1;
        p->stages[i].id = mr_str_of(ids[i]);
        p->stages[i].group = i;
        p->stages[i].epoch = 1;
        p->stages[i].kind = MR_STAGE_OPERATOR;
        p->stages[i].fingerprint.b[0] = (uint8_t)(i + 1);
    }
    return p;
}

static void setup(void)
{
    const char *tmp = getenv("TMPDIR");
    snprintf(dir, sizeof dir, "%s/millrace-epochs.XXXXXX", tmp ? tmp : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    arena = mr_arena_create(0);
    plan = make_plan();
    record =
        (struct mr_record){.run = 4, .complete = true, .pipeline = MR_STR("pipe"), .current = 1};
    mr_record_open(&record, 1, arena)->state = MR_EPOCH_CURRENT;
    record.epochs[0].parent = 0;
    mr_home_init(&home, mr_str_of(dir), MR_STR("pipe"));
    ck_assert_ptr_null(mr_dir_make(home.root.ptr));
    epochs = (struct mr_epochs){.home = &home, .arena = arena, .record = &record};
}

static void teardown(void)
{
    mr_home_finish(&home);
    mr_arena_destroy(arena);
    ck_assert_ptr_null(mr_dir_remove(dir));
}

static void make_first_format(void)
{
    record.stage_count = 3;
    record.stages = mr_arena_zalloc(arena, 3 * sizeof *record.stages);
    for (int i = 0; i < 3; i++) {
        record.stages[i] =
            (struct mr_recorded_stage){plan->stages[i].id, plan->stages[i].fingerprint, i, 1};
        struct mr_str path =
            mr_arena_printf(arena, "%s/state/%.*s/0", home.root.ptr, MR_FMT(plan->stages[i].id));
        ck_assert_ptr_null(mr_dir_make(path.ptr));
    }
}

static bool there(const char *name)
{
    return mr_file_exists(mr_arena_printf(arena, "%s/%s", home.root.ptr, name).ptr);
}

START_TEST(test_first_format_is_upgraded)
{
    struct mr_record back;
    make_first_format();
    /* As if an earlier attempt had been killed after the first folder. */
    ck_assert_int_eq(rename(mr_arena_printf(arena, "%s/state/docs", home.root.ptr).ptr,
                            mr_arena_printf(arena, "%s/state/docs.e1", home.root.ptr).ptr),
                     0);
    ck_assert_ptr_null(mr_epochs_upgrade(&epochs, plan));
    ck_assert(there("state/docs.e1/0") && there("state/filter.e1/0") && there("state/out.e1/0"));
    ck_assert(!there("state/filter") && there("plans/e1"));
    ck_assert_ptr_null(mr_record_load(&home, arena, &back));
    ck_assert_uint_eq(back.stage_count, 0);
    ck_assert_uint_eq(back.current, 1);
    ck_assert_ptr_null(mr_epochs_upgrade(&epochs, plan)); /* nothing more to do */
}
END_TEST

START_TEST(test_first_format_of_another_definition)
{
    make_first_format();
    plan->stages[1].fingerprint.b[3] = 1;
    struct mr_error *e = mr_epochs_upgrade(&epochs, plan);
    ck_assert_int_eq(mr_error_code(e), MR_RUN_CHANGED);
    ck_assert_ptr_nonnull(strstr(mr_error_message(e), "earlier version"));
    mr_error_free(e);
    ck_assert(there("state/filter/0") && !there("plans/e1"));
}
END_TEST

static uint64_t counted(uint32_t epoch, const char *stage, const char *name)
{
    struct mr_value card, v;
    struct mr_walk w;
    ck_assert_ptr_null(mr_epochs_card(&home, epoch, arena, &card));
    ck_assert_uint_gt(card.len, 0);
    mr_walk_begin(&w, member(card, "stages"));
    while (mr_walk_next(&w, &v))
        if (mr_str_is(member_text(v, "stage"), stage))
            return member_uint(v, name);
    return UINT64_MAX;
}

START_TEST(test_a_run_counts_once)
{
    struct mr_totals *totals = mr_totals_create(plan, arena);
    const bool idle[] = {true, false, false};
    ck_assert_ptr_null(mr_dir_make(mr_arena_printf(arena, "%s/plans", home.root.ptr).ptr));
    totals->stages[1].counter[MR_C_IN] = 10;
    totals->stages[0].counter[MR_C_IN] = 12;
    ck_assert_ptr_null(mr_epochs_note(&epochs, &record.epochs[0], totals, NULL));
    ck_assert_ptr_null(
        mr_epochs_note(&epochs, &record.epochs[0], totals, NULL)); /* after a crash */
    ck_assert_uint_eq(counted(1, "filter", "in"), 10);
    record.run++;
    ck_assert_ptr_null(mr_epochs_note(&epochs, &record.epochs[0], totals, NULL));
    ck_assert_uint_eq(counted(1, "filter", "in"), 20);
    /* A new epoch takes over what went through the stages that it shares. */
    struct mr_recorded_epoch *second = mr_record_open(&record, 2, arena);
    plan->stages[1].epoch = plan->stages[2].epoch = plan->epoch = 2;
    totals->stages[1].counter[MR_C_IN] = 7;
    ck_assert_ptr_null(mr_epochs_note(&epochs, second, totals, idle));
    ck_assert_uint_eq(counted(2, "docs", "in"), 24);
    ck_assert_uint_eq(counted(2, "filter", "in"), 7);
    ck_assert_uint_eq(counted(1, "filter", "in"), 20);
}
END_TEST

Suite *suite_stages_epochs(void);
Suite *suite_stages_epochs(void)
{
    Suite *s = suite_create("stages.epochs");
    TCase *c = tcase_create("epochs");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, test_first_format_is_upgraded);
    tcase_add_test(c, test_first_format_of_another_definition);
    tcase_add_test(c, test_a_run_counts_once);
    suite_add_tcase(s, c);
    return s;
}
