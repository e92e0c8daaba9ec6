/* Estimates: what a sample says of the whole, and what is shown where a model would be asked. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "runtime/base/file.h"
#include "stages/rehearse/estimate.h"
#include "stages/command/program.h"

static char dir[4096];
static struct mr_arena *arena;
static struct mr_compiled compiled;

static const char topology[] =
    "source: in.jsonl\n"
    "stages:\n"
    "  - {id: low, use: LowercaseRefiner, keys: {input_key: text}}\n"
    "  - {id: few, use: word_number_filter, with: {min_words: 2}, keys: {input_key: text, "
    "output_key: null}}\n"
    "  - {id: once, use: HashDeduplicateFilter, keys: {input_key: text, output_key: null}}\n"
    "  - {id: lost, use: LowercaseRefiner, keys: {input_key: text}, from: once}\n"
    "sink: out.jsonl\n";

static void write_file(const char *name, struct mr_str text)
{
    struct mr_buf path = {0};
    mr_buf_printf(&path, "%s/%s", dir, name);
    ck_assert_ptr_null(mr_file_replace(mr_buf_text(&path), text, 0600));
    mr_buf_finish(&path);
}

/* Half of the rows have one word; rows repeat after `different`. */
static void write_rows(size_t count, size_t different)
{
    struct mr_buf rows = {0};
    for (size_t i = 0; i < count; i++)
        mr_buf_printf(&rows,
                      "{\"text\":\"%s%06zu\",\"pad\":\"....................................\"}\n",
                      i % 2 ? "one" : "one Two ", i % different);
    write_file("in.jsonl", mr_buf_str(&rows));
    mr_buf_finish(&rows);
}

static void compile(void)
{
    struct mr_buf path = {0};
    struct mr_compile_choice choice = {.fuse = 2};
    write_file("x.yaml", mr_str_of(topology));
    mr_buf_printf(&path, "%s/x.yaml", dir);
    struct mr_error *e = mr_program_check(mr_buf_text(&path), &choice, &compiled);
    ck_assert_msg(!e && compiled.plan, "%s", mr_error_message(e));
    mr_buf_finish(&path);
}

static void setup(void)
{
    const char *tmp = getenv("TMPDIR");
    snprintf(dir, sizeof dir, "%s/millrace-estimate.XXXXXX", tmp && *tmp ? tmp : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    arena = mr_arena_create(0);
}

static void teardown(void)
{
    mr_compiled_destroy(&compiled);
    mr_arena_destroy(arena);
    ck_assert_ptr_null(mr_dir_remove(dir));
}

static struct mr_estimate estimate(uint64_t rows)
{
    struct mr_estimate e;
    ck_assert_ptr_null(mr_estimate(&compiled, compiled.plan, rows, arena, &e));
    return e;
}

static const struct mr_estimate_stage *stage_of(const struct mr_estimate *e, const char *id)
{
    for (size_t i = 0; i < e->stage_count; i++)
        if (mr_str_is(e->stages[i].id, id))
            return &e->stages[i];
    ck_abort_msg("no stage %s", id);
}

START_TEST(a_small_input_is_counted)
{
    write_rows(100, 20);
    compile();
    struct mr_estimate e = estimate(1000);
    ck_assert_uint_eq(e.none.len, 0);
    ck_assert(e.sources[0].all);
    ck_assert_double_eq(stage_of(&e, "low")->in, 100);
    ck_assert_double_eq(stage_of(&e, "few")->out, 50);
    ck_assert_double_eq(stage_of(&e, "once")->out, 10);
    ck_assert(stage_of(&e, "once")->at_most && stage_of(&e, "lost")->at_most);
    ck_assert(!stage_of(&e, "few")->at_most);
    ck_assert(!e.asks);
    ck_assert_double_gt(e.disk_bytes, 0);
}
END_TEST

START_TEST(a_large_input_is_scaled)
{
    write_rows(40000, 40000);
    compile();
    struct mr_estimate e = estimate(400);
    ck_assert(!e.sources[0].all);
    ck_assert_uint_eq(e.sources[0].sample_rows, 400);
    ck_assert_double_eq_tol(e.sources[0].rows, 40000, 800);
    ck_assert_double_eq_tol(stage_of(&e, "few")->out, 20000, 400);
    const struct mr_estimate_topic *t = &e.topics[0];
    ck_assert_double_gt(t->disk_bytes, 0);
    ck_assert_double_lt(t->disk_bytes, t->bytes + t->rows * 100);
    struct mr_buf text = {0};
    mr_estimate_print(&e, &text);
    ck_assert_ptr_nonnull(
        strstr(mr_buf_text(&text), "estimate from the first 400 rows of source ("));
    ck_assert_ptr_null(strstr(mr_buf_text(&text), "calls"));
    mr_buf_finish(&text);
}
END_TEST

/* No model is asked; what would be asked is shown. */
START_TEST(questions_are_counted)
{
    static const struct mr_slot slots[] = {{.name = "judge", .prompt = "x/y", .doc = "One."},
                                           {.name = "again", .prompt = "x/y", .doc = "Two."},
                                           {0}};
    write_rows(100, 100);
    compile();
    int index = mr_plan_stage_find(compiled.plan, MR_STR("lost"));
    struct mr_op asking = *compiled.plan->stages[index].op;
    asking.slots = slots;
    compiled.plan->stages[index].op = &asking;
    struct mr_estimate e = estimate(1000);
    ck_assert(e.asks);
    ck_assert_double_eq(stage_of(&e, "lost")->calls, 100);
    ck_assert_double_eq(stage_of(&e, "lost")->out, 50);
    ck_assert_double_gt(e.tokens, 0);
    ck_assert_double_eq(stage_of(&e, "low")->calls, 0);
    struct mr_buf text = {0};
    mr_estimate_print(&e, &text);
    ck_assert_ptr_nonnull(strstr(mr_buf_text(&text), "calls"));
    ck_assert_ptr_null(strstr(mr_buf_text(&text), "cost"));
    compiled.notes[index].price = 3; /* of a million tokens, in both questions together */
    e = estimate(1000);
    ck_assert_double_eq_tol(e.cost, e.tokens / 2 * 3 / 1e6, 1e-9);
    text.len = 0;
    mr_estimate_print(&e, &text);
    ck_assert_ptr_nonnull(strstr(mr_buf_text(&text), "cost about "));
    mr_buf_finish(&text);
}
END_TEST

START_TEST(nothing_to_read_is_said)
{
    write_file("in.jsonl", MR_STR(""));
    compile();
    struct mr_estimate e = estimate(1000);
    ck_assert_str_eq(e.none.ptr, "the sources give no row now");
    struct mr_buf text = {0};
    mr_estimate_print(&e, &text);
    ck_assert_str_eq(mr_buf_text(&text), "\nno estimate: the sources give no row now\n");
    mr_buf_finish(&text);
}
END_TEST

/* Unreadable records are told apart and do not count as rows. */
START_TEST(unreadable_records_are_counted)
{
    write_file("in.jsonl", MR_STR("{\"text\":\"a b\"}\nnot json\n{\"text\":\"c d\"}\n"));
    compile();
    struct mr_estimate e = estimate(1000);
    ck_assert_uint_eq(e.sources[0].rejected, 1);
    ck_assert_uint_eq(e.sources[0].sample_rows, 2);
    ck_assert_double_eq(e.sources[0].rows, 2);
}
END_TEST

Suite *suite_stages_estimate(void);
Suite *suite_stages_estimate(void)
{
    Suite *s = suite_create("stages.estimate");
    TCase *t = tcase_create("estimate");
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, a_small_input_is_counted);
    tcase_add_test(t, a_large_input_is_scaled);
    tcase_add_test(t, questions_are_counted);
    tcase_add_test(t, nothing_to_read_is_said);
    tcase_add_test(t, unreadable_records_are_counted);
    suite_add_tcase(s, t);
    return s;
}
