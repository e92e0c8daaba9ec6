/* Windows are cut again where they were cut: over several lanes, and by idle time, a replay gives
 * the same dataset. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "tests/e2e/program.h"

static struct program p;

static void setup(void)
{
    program_open(&p);
}

static void teardown(void)
{
    program_close(&p);
}

static const char cuts[] = "name: cuts\n"
                           "sources: { docs: { files: [\"in/*.jsonl\"] } }\n"
                           "stages:\n"
                           "  - id: score\n"
                           "    use: rows.derive\n"
                           "    with: { expr: \"n * 7919 % 1000\" }\n"
                           "    keys: { output_key: score }\n"
                           "    partitions: 4\n"
                           "  - id: best\n"
                           "    use: rows.top_k\n"
                           "    with: { k: \"${K:-5}\" }\n"
                           "    keys: { input_key: score, rank_key: rank }\n"
                           "    window: { rows: \"${ROWS:-37}\", idle: 1ms }\n"
                           "sinks: { out: { file: out/best.jsonl, id_key: id_ } }\n";

static void add_rows(unsigned number, unsigned rows)
{
    struct mr_buf text = {0};
    for (unsigned i = 0; i < rows; i++)
        mr_buf_printf(&text, "{\"n\":%u}\n", number * 10000 + i);
    program_write(&p, mr_arena_printf(p.arena, "in/%u.jsonl", number).ptr, mr_buf_text(&text));
    mr_buf_finish(&text);
}

static const char *content(unsigned epoch)
{
    ck_assert_int_eq(RUN(&p, "epochs", "cuts"), 0);
    const char *at = strstr(p.out, mr_arena_printf(p.arena, "cuts.out@%u", epoch).ptr);
    ck_assert_msg(at != NULL, "no epoch %u in %s", epoch, p.out);
    at = strstr(at, "content ");
    return mr_arena_str(p.arena, mr_str_span(at, sizeof "content " - 1 + 32)).ptr;
}

static size_t recorded(const char *topic)
{
    ck_assert_int_eq(RUN(&p, "topics", "cat", topic, "-n", "100000"), 0);
    size_t lines = 0;
    for (const char *at = p.out; *at; at++)
        lines += *at == '\n';
    return lines;
}

START_TEST(test_windows_close_where_they_closed)
{
    program_write(&p, "x.yaml", cuts);
    for (unsigned i = 0; i < 3; i++) {
        add_rows(i, 3000);
        ck_assert_int_eq(RUN(&p, "run", "x.yaml", "-q"), 0);
    }
    const char *first = content(1);
    size_t windows = recorded("cuts.best.cuts.e1");
    ck_assert_uint_ge(windows, 9000 / 37 / 2);
    for (unsigned epoch = 2; epoch < 6; epoch++) {
        ck_assert_int_eq(RUN(&p, "replay", "x.yaml", "--from", "best", "-q"), 0);
        ck_assert_str_eq(content(epoch), first);
        /* Its own record is as good as the first. */
        const char *topic = mr_arena_printf(p.arena, "cuts.best.cuts.e%u", epoch).ptr;
        ck_assert_uint_eq(recorded(topic), windows);
        ck_assert_int_eq(RUN(&p, "promote", "cuts", mr_arena_printf(p.arena, "%u", epoch).ptr), 0);
    }
}
END_TEST

/* Another stage over the same rows keeps the cuts; another window makes its own. */
START_TEST(test_what_cuts_are_kept_for)
{
    program_write(&p, "x.yaml", cuts);
    add_rows(0, 4000);
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "-q"), 0);
    size_t windows = recorded("cuts.best.cuts.e1");
    ck_assert_int_eq(RUN(&p, "replay", "x.yaml", "--from", "best", "--set", "K=3", "-q"), 0);
    ck_assert_uint_eq(recorded("cuts.best.cuts.e2"), windows);
    ck_assert_int_eq(RUN(&p, "replay", "x.yaml", "--from", "best", "--set", "ROWS=1000", "-q"), 0);
    ck_assert_uint_le(recorded("cuts.best.cuts.e3"), 4);
    /* What goes on behind the last recorded cut. */
    ck_assert_int_eq(RUN(&p, "promote", "cuts", "2"), 0);
    add_rows(1, 2000);
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--set", "K=3", "-q"), 0);
    ck_assert_uint_gt(recorded("cuts.best.cuts.e2"), windows);
    const char *now = content(2);
    ck_assert_int_eq(RUN(&p, "replay", "x.yaml", "--from", "best", "--set", "K=3", "-q"), 0);
    ck_assert_str_eq(content(4), now);
}
END_TEST

Suite *suite_e2e_cuts(void);
Suite *suite_e2e_cuts(void)
{
    Suite *s = suite_create("e2e.cuts");
    TCase *c = tcase_create("cuts");
    tcase_set_timeout(c, 300);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, test_windows_close_where_they_closed);
    tcase_add_test(c, test_what_cuts_are_kept_for);
    suite_add_tcase(s, c);
    return s;
}
