/* Figures of pages added up and shown. */
#include <check.h>

#include "stages/supervise/totals.h"

static const struct mr_outcome outcomes[] = {
    {"too_short", MR_DROP, "Too short."}, {"too_long", MR_DROP, "Too long."}, {0}};
static const struct mr_op op = {.name = "test.op", .outcomes = outcomes};

static struct mr_arena *arena;
static struct mr_plan plan;
static struct mr_plan_stage stages[2];
static struct mr_plan_group groups[2];
static int firsts[] = {0, 1};

static void setup(void)
{
    arena = mr_arena_create(0);
    stages[0] = (struct mr_plan_stage){.id = MR_STR("docs"), .kind = MR_STAGE_SOURCE};
    stages[1] = (struct mr_plan_stage){
        .id = MR_STR("filter"), .kind = MR_STAGE_OPERATOR, .op = &op, .group = 1};
    for (int i = 0; i < 2; i++)
        groups[i] = (struct mr_plan_group){
            .stages = &firsts[i], .stage_count = 1, .partitions = 1, .scale = 1};
    plan = (struct mr_plan){.name = MR_STR("pipe"), .stages = stages, .stage_count = 2,
                            .groups = groups, .group_count = 2};
}

static void teardown(void)
{
    mr_arena_destroy(arena);
}

static void fill(struct mr_page *page, uint32_t stage, uint64_t in)
{
    memset(page, 0, sizeof *page);
    page->group = stage;
    page->cpu_ns = 500000000;
    page->stage[0].used = 1;
    page->stage[0].stage = stage;
    page->stage[0].counter[MR_C_IN] = in;
    page->stage[0].counter[MR_C_FORWARDED] = in - 3;
    page->stage[0].counter[MR_C_DROPPED] = 2;
    page->stage[0].counter[MR_C_REJECTED] = 1;
    page->stage[0].outcome[1] = 2;
    page->stage[0].builtin[MR_B_BAD_INPUT] = 1;
}

START_TEST(test_pages_add_up)
{
    static struct mr_page page;
    struct mr_totals *t = mr_totals_create(&plan, arena);
    fill(&page, 1, 1000);
    mr_totals_add_page(t, &page);
    mr_totals_add_page(t, &page);
    page.stage[0].stage = 99; /* not of this plan: ignored */
    mr_totals_add_page(t, &page);
    ck_assert_uint_eq(t->stages[1].counter[MR_C_IN], 2000);
    ck_assert_uint_eq(t->stages[0].counter[MR_C_IN], 0);
    ck_assert_uint_eq(mr_totals_rejected(t), 2);
    mr_totals_clear(t);
    ck_assert_uint_eq(mr_totals_rejected(t), 0);
}
END_TEST

START_TEST(test_table)
{
    static struct mr_page page;
    struct mr_totals *t = mr_totals_create(&plan, arena);
    struct mr_buf out = {0};
    fill(&page, 1, 1234567);
    mr_totals_add_page(t, &page);
    t->run = 4;
    t->active_ms = 61000;
    t->state = MR_STATE_ENDED;
    mr_table_print(t, &out);
    const char *text = mr_buf_text(&out);
    ck_assert_ptr_nonnull(strstr(text, "1,234,567"));
    ck_assert_ptr_nonnull(strstr(text, "too_long 2, bad_input 1\n"));
    ck_assert_ptr_null(strstr(text, "too_short"));
    ck_assert_ptr_nonnull(strstr(text, "run 4 ended after 1m01s\n"));
    ck_assert_ptr_null(strstr(text, "alarm"));
    mr_buf_finish(&out);
}
END_TEST

START_TEST(test_json)
{
    static struct mr_page page;
    struct mr_totals *t = mr_totals_create(&plan, arena);
    struct mr_json_out out = {0};
    fill(&page, 1, 10);
    mr_totals_add_page(t, &page);
    t->state = MR_STATE_NOTHING_NEW;
    mr_table_json(t, &out);
    const char *text = mr_buf_text(&out.text);
    ck_assert_ptr_nonnull(strstr(text, "\"state\":\"nothing_new\""));
    ck_assert_ptr_nonnull(strstr(text, "\"left\":{\"too_long\":2,\"bad_input\":1}"));
    ck_assert_ptr_nonnull(strstr(text, "\"in\":10,\"out\":7,\"dropped\":2,\"rejected\":1"));
    mr_buf_finish(&out.text);
}
END_TEST

START_TEST(test_numbers)
{
    static const struct {
        uint64_t value;
        const char *count, *bytes, *duration;
    } cases[] = {
        {0, "0", "0 B", "0.0 s"},
        {999, "999", "999 B", "1.0 s"},
        {1000, "1,000", "1.0 kB", "1.0 s"},
        {3600000, "3,600,000", "3.6 MB", "1h00m"},
        {UINT64_MAX, "18,446,744,073,709,551,615", "18446.7 PB", "5124095576030h25m"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mr_buf out = {0};
        mr_table_count(cases[i].value, &out);
        ck_assert_str_eq(mr_buf_text(&out), cases[i].count);
        out.len = 0;
        mr_table_bytes(cases[i].value, &out);
        ck_assert_str_eq(mr_buf_text(&out), cases[i].bytes);
        out.len = 0;
        mr_table_duration(cases[i].value, &out);
        ck_assert_str_eq(mr_buf_text(&out), cases[i].duration);
        mr_buf_finish(&out);
    }
}
END_TEST

Suite *suite_stages_table(void);
Suite *suite_stages_table(void)
{
    Suite *s = suite_create("stages.table");
    TCase *c = tcase_create("table");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, test_pages_add_up);
    tcase_add_test(c, test_table);
    tcase_add_test(c, test_json);
    tcase_add_test(c, test_numbers);
    suite_add_tcase(s, c);
    return s;
}
