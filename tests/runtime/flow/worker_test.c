/* Whole runs as processes: order, scale, kills, resume, a second run, a crashing row. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/file.h"
#include "tests/runtime/flow/fixture.h"

static char *run_whole(const struct fixture_options *o, unsigned kills, unsigned seed)
{
    struct fixture f;
    fixture_make(&f, o);
    fixture_run(&f, 1, kills, seed);
    fixture_assert_balance(&f);
    char *text = fixture_output(&f);
    fixture_remove(&f);
    return text;
}

static size_t lines_of(const char *text)
{
    size_t n = 0;
    for (; (text = strchr(text, '\n')); text++)
        n++;
    return n;
}

START_TEST(counts_follow_the_rows)
{
    struct fixture_options o = {.rows = 1000, .partitions = 1, .scale = 1};
    struct fixture f;
    fixture_make(&f, &o);
    fixture_run(&f, 1, 0, 1);
    fixture_assert_balance(&f);
    uint64_t unreadable = 1000 / 97;
    ck_assert_uint_eq(fixture_counter(&f, "numbers", MR_C_IN), 1000);
    ck_assert_uint_eq(fixture_counter(&f, "numbers", MR_C_REJECTED), unreadable);
    ck_assert_uint_eq(fixture_topic_rows(&f, "t.numbers.dead.e1"), unreadable);
    uint64_t even = fixture_counter(&f, "odd-out", MR_C_FORWARDED);
    ck_assert_uint_eq(fixture_counter(&f, "odd-out", MR_C_IN), 1000 - unreadable);
    ck_assert_uint_eq(fixture_topic_rows(&f, "t.odd-out.drops.e1"),
                      fixture_counter(&f, "odd-out", MR_C_DROPPED));
    ck_assert_uint_eq(fixture_counter(&f, "twice", MR_C_ABSORBED), even);
    ck_assert_uint_eq(fixture_counter(&f, "twice", MR_C_EMITTED), 2 * even);
    ck_assert_uint_eq(fixture_counter(&f, "first-of", MR_C_IN), 2 * even);
    char *text = fixture_output(&f);
    ck_assert_uint_eq(lines_of(text), fixture_counter(&f, "collect", MR_C_FORWARDED));
    ck_assert_uint_gt(lines_of(text), 100);
    free(text);
    fixture_remove(&f);
}
END_TEST

START_TEST(scale_and_fusion_change_nothing)
{
    static const struct fixture_options ways[] = {
        {.rows = 3000, .partitions = 1, .scale = 1, .fused = true},
        {.rows = 3000, .partitions = 3, .scale = 1},
        {.rows = 3000, .partitions = 3, .scale = 3},
        {.rows = 3000, .partitions = 3, .scale = 2, .fused = true},
    };
    struct fixture_options plain = {.rows = 3000, .partitions = 1, .scale = 1};
    char *expected = run_whole(&plain, 0, 1);
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        char *text = run_whole(&ways[i], 0, 1);
        ck_assert_msg(strcmp(text, expected) == 0, "way %zu differs", i);
        free(text);
    }
    free(expected);
}
END_TEST

START_TEST(kills_change_nothing)
{
    static const struct fixture_options ways[] = {
        {.rows = 20000, .partitions = 1, .scale = 1, .barrier = true},
        {.rows = 20000, .partitions = 3, .scale = 3, .barrier = true},
        {.rows = 20000, .partitions = 3, .scale = 1, .fused = true, .barrier = true},
    };
    char *expected = run_whole(&ways[0], 0, 1);
    ck_assert_uint_eq(lines_of(expected), 11);
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        char *text = run_whole(&ways[i], 25, 7 + (unsigned)i);
        ck_assert_msg(strcmp(text, expected) == 0, "way %zu differs:\n%s\nexpected:\n%s", i, text,
                      expected);
        free(text);
    }
    free(expected);
}
END_TEST

START_TEST(kills_change_nothing_without_barrier)
{
    struct fixture_options o = {.rows = 30000, .partitions = 3, .scale = 3};
    char *expected = run_whole(&o, 0, 1);
    char *text = run_whole(&o, 30, 99);
    ck_assert_msg(strcmp(text, expected) == 0, "output differs");
    free(text);
    free(expected);
}
END_TEST

START_TEST(an_ended_run_has_nothing_left_to_do)
{
    struct fixture_options o = {.rows = 500, .partitions = 1, .scale = 1};
    struct fixture f;
    fixture_make(&f, &o);
    fixture_run(&f, 1, 0, 1);
    char *first = fixture_output(&f);
    fixture_run(&f, 1, 0, 1);
    char *second = fixture_output(&f);
    ck_assert_str_eq(first, second);
    fixture_assert_balance(&f);
    ck_assert_uint_eq(fixture_counter(&f, "numbers", MR_C_IN), 500);
    free(first);
    free(second);
    fixture_remove(&f);
}
END_TEST

/* As a version wrote them that knew one way less to lose a row. */
static void shorten_counters(const struct fixture *f, const char *stage)
{
    const struct mr_plan_stage *s = &f->plan->stages[mr_plan_stage_find(f->plan, mr_str_of(stage))];
    bool source = s->kind == MR_STAGE_SOURCE;
    struct mr_buf dir = {0}, value = {0};
    struct mr_store_options options = {0};
    struct mr_store *store;
    bool found = false;
    char key[] = {MR_SPACE_COUNTER, source ? '\xff' : (char)(s->number >> 8),
                  source ? '\xff' : (char)s->number};
    mr_layout_task(&f->layout, s->id, s->epoch, 0, &dir);
    ck_assert_ptr_null(mr_store_open(mr_buf_text(&dir), &options, &store));
    ck_assert_ptr_null(mr_store_get(store, mr_str_span(key, sizeof key), &value, &found));
    ck_assert(found);
    mr_store_put(store, mr_str_span(key, sizeof key),
                 mr_str_span(value.ptr, value.len - sizeof(uint64_t)));
    ck_assert_ptr_null(mr_store_commit(store));
    mr_store_close(store);
    mr_buf_finish(&dir);
    mr_buf_finish(&value);
}

START_TEST(counters_of_the_version_before_are_read)
{
    struct fixture_options o = {.rows = 500, .partitions = 1, .scale = 1};
    struct fixture f;
    fixture_make(&f, &o);
    fixture_run(&f, 1, 0, 1);
    uint64_t dropped = fixture_counter(&f, "odd-out", MR_C_DROPPED);
    ck_assert_uint_gt(dropped, 0);
    shorten_counters(&f, "numbers");
    shorten_counters(&f, "odd-out");
    fixture_run(&f, 1, 0, 1);
    fixture_assert_balance(&f);
    ck_assert_uint_eq(fixture_counter(&f, "numbers", MR_C_IN), 500);
    ck_assert_uint_eq(fixture_counter(&f, "odd-out", MR_C_DROPPED), dropped);
    fixture_remove(&f);
}
END_TEST

START_TEST(an_empty_input_ends_well)
{
    struct fixture_options o = {.rows = 0, .partitions = 3, .scale = 2, .barrier = true};
    char *text = run_whole(&o, 0, 1);
    ck_assert_uint_eq(lines_of(text), 1); /* the barrier's sum */
    free(text);
}
END_TEST

START_TEST(rows_over_the_limit_are_rejected)
{
    struct fixture_options o = {.rows = 100, .partitions = 1, .scale = 1, .max_row_bytes = 20};
    struct fixture f;
    fixture_make(&f, &o);
    fixture_run(&f, 1, 0, 1);
    fixture_assert_balance(&f);
    ck_assert_uint_eq(fixture_counter(&f, "numbers", MR_C_REJECTED), 100);
    ck_assert_uint_eq(fixture_counter(&f, "collect", MR_C_IN), 0);
    fixture_remove(&f);
}
END_TEST

/* Whoever watches over the processes notes the row that killed one, and has it rejected. */
START_TEST(a_row_that_kills_is_rejected)
{
    struct fixture_options o = {.rows = 300, .partitions = 1, .scale = 1, .crash_at = 42};
    struct fixture f;
    struct mr_buf path = {0}, line = {0};
    struct mr_page *page = NULL;
    char id[MR_ID_HEX_LEN + 1];
    fixture_make(&f, &o);
    struct mr_id dead = mr_id_source(MR_STR("numbers"), MR_STR("numbers"), 42, 0);
    mr_id_hex(&dead, id);
    mr_buf_printf(&line, "1 %s reject SIGSEGV\n", id);
    mr_layout_run(&f.layout, &path);
    ck_assert_ptr_null(mr_dir_make(mr_buf_text(&path)));
    mr_layout_suspects(&f.layout, &path);
    ck_assert_ptr_null(mr_file_replace(mr_buf_text(&path), mr_buf_str(&line), 0600));
    fixture_run(&f, 1, 0, 1);
    fixture_assert_balance(&f);
    ck_assert_uint_eq(fixture_counter(&f, "odd-out", MR_C_REJECTED), 1);
    ck_assert_uint_eq(fixture_topic_rows(&f, "t.odd-out.dead.e1"), 1);
    mr_layout_page(&f.layout, f.plan->groups[1].first_bell, &path);
    ck_assert_ptr_null(mr_page_open(mr_buf_text(&path), &page));
    ck_assert_uint_eq(atomic_load(&page->stage[0].builtin[MR_B_CRASH]), 1);
    mr_page_close(page);
    mr_buf_finish(&path);
    mr_buf_finish(&line);
    fixture_remove(&f);
}
END_TEST

/* Suspects as whoever watches over the processes writes them, to be run alone. */
static void write_suspects(const struct fixture *f, struct mr_str lines)
{
    struct mr_buf path = {0};
    mr_layout_run(&f->layout, &path);
    ck_assert_ptr_null(mr_dir_make(mr_buf_text(&path)));
    mr_layout_suspects(&f->layout, &path);
    ck_assert_ptr_null(mr_file_replace(mr_buf_text(&path), lines, 0600));
    mr_buf_finish(&path);
}

static void add_suspect(struct mr_buf *lines, const struct fixture *f, const char *stage, uint64_t n,
                        size_t child)
{
    char id[MR_ID_HEX_LEN + 1];
    struct mr_id row = mr_id_source(MR_STR("numbers"), MR_STR("numbers"), n, 0);
    struct mr_id made = mr_id_child(&row, MR_STR("twice"), child);
    mr_id_hex(&made, id);
    mr_buf_printf(lines, "%d %s alone SIGSEGV %s\n", mr_plan_stage_find(f->plan, mr_str_of(stage)),
                  id, id);
}

START_TEST(rows_run_alone_change_nothing)
{
    struct fixture_options o = {.rows = 3000, .partitions = 3, .scale = 1, .barrier = _i};
    char *expected = run_whole(&o, 0, 1);
    struct fixture f;
    struct mr_buf lines = {0};
    fixture_make(&f, &o);
    for (uint64_t n = 0; n < 3000; n += 2 + n / 4) {
        add_suspect(&lines, &f, "first-of", n, n & 1);
        add_suspect(&lines, &f, "index", n, 0);
        add_suspect(&lines, &f, "index", n, 1);
        if (_i)
            add_suspect(&lines, &f, "top", n, 1);
    }
    write_suspects(&f, mr_buf_str(&lines));
    fixture_run(&f, 1, 0, 1);
    fixture_assert_balance(&f);
    char *text = fixture_output(&f);
    ck_assert_str_eq(text, expected);
    free(text);
    free(expected);
    mr_buf_finish(&lines);
    fixture_remove(&f);
}
END_TEST

/* A row that is a danger to one process is none to the others, and none where it has passed. */
START_TEST(a_suspect_slows_only_itself_down)
{
    struct fixture_options o = {.rows = 6000, .partitions = 3, .scale = 1};
    struct fixture f;
    struct mr_buf lines = {0};
    fixture_make(&f, &o);
    add_suspect(&lines, &f, "odd-out", 1, 0);
    add_suspect(&lines, &f, "first-of", 2, 0);
    add_suspect(&lines, &f, "index", 2, 0);
    write_suspects(&f, mr_buf_str(&lines));
    fixture_run(&f, 1, 0, 1);
    fixture_assert_balance(&f);
    ck_assert_uint_lt(10 * fixture_counter(&f, "index", MR_C_COMMITS),
                      fixture_counter(&f, "index", MR_C_IN));
    ck_assert_uint_lt(10 * fixture_counter(&f, "first-of", MR_C_COMMITS),
                      fixture_counter(&f, "first-of", MR_C_IN));
    mr_buf_finish(&lines);
    fixture_remove(&f);
}
END_TEST

Suite *suite_runtime_flow_worker(void);

Suite *suite_runtime_flow_worker(void)
{
    Suite *s = suite_create("runtime.flow.worker");
    TCase *c = tcase_create("runs");
    tcase_set_timeout(c, 300);
    tcase_add_test(c, counts_follow_the_rows);
    tcase_add_test(c, scale_and_fusion_change_nothing);
    tcase_add_test(c, kills_change_nothing);
    tcase_add_test(c, kills_change_nothing_without_barrier);
    tcase_add_test(c, an_ended_run_has_nothing_left_to_do);
    tcase_add_test(c, counters_of_the_version_before_are_read);
    tcase_add_test(c, an_empty_input_ends_well);
    tcase_add_test(c, rows_over_the_limit_are_rejected);
    tcase_add_test(c, a_row_that_kills_is_rejected);
    tcase_add_loop_test(c, rows_run_alone_change_nothing, 0, 2);
    tcase_add_test(c, a_suspect_slows_only_itself_down);
    suite_add_tcase(s, c);
    return s;
}
