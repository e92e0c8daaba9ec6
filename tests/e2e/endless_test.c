/* Epochs of a pipeline whose source is a watched folder: a replay takes the rows that are there,
 * and its epoch goes on with those that come; a changed definition catches up and takes over while
 * the run goes on. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/e2e/program.h"

static struct program p, q;
static unsigned rows_now; /* written so far */

static void setup(void)
{
    program_open(&p);
    program_open(&q); /* looks at the first one's state while that runs */
    rows_now = 0;
}

static void teardown(void)
{
    program_close(&p);
    program_close(&q);
}

static const char topology[] =
    "name: flow\n"
    "sources: { docs: { files: [\"in/*.jsonl\"], watch: yes, settle_ms: 0, poll_ms: 20 } }\n"
    "stages:\n"
    "  - id: score\n"
    "    use: rows.derive\n"
    "    with: { expr: \"n * ${BY:-7919} % 1000\" }\n"
    "    keys: { output_key: score }\n"
    "    partitions: 4\n"
    "  - id: best\n"
    "    use: rows.top_k\n"
    "    with: { k: \"${K:-5}\" }\n"
    "    keys: { input_key: score, rank_key: rank }\n"
    "    window: { ${WINDOW:-rows: 37, idle: 40ms} }\n"
    "sinks: { out: { file: out/best.jsonl, id_key: id_, shard_bytes: 1000 } }\n";

static void write_topology(const char *window)
{
    struct mr_buf text = {0};
    const char *at = strstr(topology, "${WINDOW"), *end = strchr(at, '}');
    mr_buf_add(&text, topology, (size_t)(at - topology));
    mr_buf_addz(&text, window);
    mr_buf_addz(&text, end + 1);
    program_write(&p, "x.yaml", mr_buf_text(&text));
    mr_buf_finish(&text);
}

static void add_rows(unsigned rows)
{
    struct mr_buf text = {0};
    for (unsigned i = 0; i < rows; i++)
        mr_buf_printf(&text, "{\"n\":%u}\n", rows_now + i);
    const char *name = mr_arena_printf(p.arena, "in/%06u.jsonl", rows_now).ptr;
    const char *hidden = mr_arena_printf(p.arena, "%s.part", name).ptr;
    program_write(&p, hidden, mr_buf_text(&text));
    ck_assert_int_eq(rename(mr_arena_printf(p.arena, "%s/%s", p.dir, hidden).ptr,
                            mr_arena_printf(p.arena, "%s/%s", p.dir, name).ptr),
                     0);
    mr_buf_finish(&text);
    rows_now += rows;
}

static bool status(struct program *run)
{
    const char *state = mr_arena_printf(q.arena, "%s/.millrace", run->dir).ptr;
    return RUN(&q, "status", "--json", "--state", state) == 0 && strchr(q.out, '{');
}

/* Everything written has gone as far as it goes before its window closes. */
static bool all_through(struct program *run)
{
    return status(run) && program_count(&q, "best", "in") == rows_now &&
           program_count(&q, "out", "in") == program_count(&q, "best", "out");
}

static bool all_closed(struct program *run)
{
    return all_through(run) && program_count(&q, "best", "held") == 0;
}

static bool has_begun(struct program *run)
{
    return program_read(run, ".millrace/flow/plan") && status(run);
}

/* Runs until the files are through, each followed by a pause that closes a window by idle time. */
static void run_files(unsigned files, unsigned rows, bool (*until)(struct program *))
{
    pid_t pid = START(&p, "run", "x.yaml", "-q");
    program_until(&p, has_begun, "the run begins");
    for (unsigned i = 0; i < files; i++) {
        add_rows(rows);
        program_until(&p, until, "the rows are through");
    }
    ck_assert_int_eq(
        RUN(&q, "stop", "--state", mr_arena_printf(q.arena, "%s/.millrace", p.dir).ptr), 0);
    ck_assert_int_eq(program_wait(&p, pid), 0);
}

static const char *content(unsigned epoch)
{
    ck_assert_int_eq(RUN(&p, "epochs", "flow"), 0);
    const char *at = strstr(p.out, mr_arena_printf(p.arena, "flow.out@%u", epoch).ptr);
    ck_assert_msg(at != NULL, "no epoch %u in %s", epoch, p.out);
    at = strstr(at, "content ");
    return mr_arena_str(p.arena, mr_str_span(at, sizeof "content " - 1 + 32)).ptr;
}

START_TEST(test_replay_gives_the_same)
{
    static const char *const from[] = {"best", "score"};
    write_topology("rows: 37, idle: 40ms");
    run_files(4, 500, all_closed);
    const char *first = content(1);
    for (unsigned i = 0; i < 2; i++) {
        if (RUN(&p, "replay", "x.yaml", "--from", from[i]) != 0)
            ck_abort_msg("%s", p.err);
        program_said(&p, "is whole: `millrace promote flow");
        ck_assert_str_eq(content(2 + i), first);
    }
    ck_assert_int_eq(RUN(&p, "promote", "flow", "2"), 0);
    run_files(2, 300, all_closed);
    ck_assert_str_ne(content(2), first);
    ck_assert_int_eq(RUN(&p, "replay", "x.yaml", "--from", "best", "-q"), 0);
    ck_assert_str_eq(content(4), content(2));
}
END_TEST

/* What an open window holds goes on in the next run of the new epoch; rows that came between replay
 * and promotion are caught up. */
START_TEST(test_open_windows_go_on)
{
    write_topology("rows: 1000");
    run_files(3, 900, all_through); /* 2700: two windows, and 700 rows */
    const char *first = content(1);
    ck_assert_int_eq(RUN(&p, "replay", "x.yaml", "--from", "best", "--set", "K=5"), 0);
    program_said(&p, "700 rows are held in open windows");
    ck_assert_str_eq(content(2), first);
    run_files(1, 200, all_through); /* in the first epoch */
    ck_assert_int_eq(RUN(&p, "promote", "flow", "2"), 0);
    run_files(1, 200, all_through);
    ck_assert_int_eq(RUN(&p, "topics", "cat", "best", "-n", "1000"), 0);
    size_t lines = 0;
    for (const char *at = p.out; *at; at++)
        lines += *at == '\n';
    ck_assert_uint_eq(lines, 15);
}
END_TEST

static bool bulk_through(struct program *run)
{
    return status(run) && program_count(&q, "out", "in") == rows_now;
}

static void add_bulk(unsigned rows)
{
    struct mr_buf text = {0};
    unsigned seed = rows_now + 1;
    for (unsigned i = 0; i < rows; i++) {
        mr_buf_printf(&text, "{\"n\":%u,\"text\":\"", i);
        for (int w = 0; w < 100; w++)
            mr_buf_printf(&text, "%07x ", (unsigned)rand_r(&seed));
        mr_buf_addz(&text, "\"}\n");
    }
    program_write(&p, mr_arena_printf(p.arena, "in/%u.jsonl", rows_now).ptr, mr_buf_text(&text));
    mr_buf_finish(&text);
    rows_now += rows;
}

/* Retention looks now and then: the rows of the replay have gone only when it has. */
static bool bulk_gone(struct program *run)
{
    const char *state = mr_arena_printf(q.arena, "%s/.millrace", run->dir).ptr;
    if (!bulk_through(run) || RUN(&q, "topics", "stat", "docs", "--json", "--state", state) != 0)
        return false;
    const char *first = strstr(q.out, "\"first_n\":");
    return first && strtoul(first + sizeof "\"first_n\":" - 1, NULL, 10) > 1001;
}

static void run_bulk(unsigned rows, bool (*until)(struct program *))
{
    add_bulk(rows);
    pid_t pid = START(&p, "run", "x.yaml", "-q");
    program_until(&p, until, "the rows are through");
    ck_assert_int_eq(
        RUN(&q, "stop", "--state", mr_arena_printf(q.arena, "%s/.millrace", p.dir).ptr), 0);
    ck_assert_int_eq(program_wait(&p, pid), 0);
}

/* An epoch that waits too long for its promotion misses rows that are no longer kept: it says so.
 */
START_TEST(test_rows_gone_before_promotion)
{
    program_write(
        &p, "x.yaml",
        "name: tight\n"
        "disk_budget: 6000000\n"
        "sources: { docs: { files: [\"in/*.jsonl\"], watch: yes, settle_ms: 0, poll_ms: 20 } }\n"
        "stages:\n"
        "  - id: one\n"
        "    use: general_text.char_number_filter\n"
        "    keys: { input_key: text, output_key: null }\n"
        "sinks: { out: { file: out.jsonl, shard_bytes: 1000000 } }\n");
    run_bulk(1000, bulk_through);
    ck_assert_int_eq(RUN(&p, "replay", "x.yaml", "--from", "one", "-q"), 0);
    run_bulk(15000, bulk_gone);
    ck_assert_int_eq(RUN(&p, "promote", "tight", "2"), 0);
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "-q"), 1);
    program_said(&p, "is kept from byte");
    program_said(&p, "Replay from an earlier stage");
    ck_assert_int_eq(RUN(&p, "promote", "tight", "1"), 0);
    run_bulk(10, bulk_through);
}
END_TEST

static bool second_is_current(struct program *run)
{
    const char *state = mr_arena_printf(q.arena, "%s/.millrace", run->dir).ptr;
    return RUN(&q, "epochs", "flow", "--state", state) == 0 && strstr(q.out, "    2  current");
}

/* Promoted while it runs, and goes on at the target. */
START_TEST(test_a_change_takes_over)
{
    write_topology("rows: 50, idle: 40ms");
    run_files(2, 500, all_closed);
    const char *first = program_read(&p, "out/best-00000.jsonl");
    pid_t pid = START(&p, "run", "x.yaml", "--set", "K=2");
    program_until(&p, second_is_current, "the changed definition takes over");
    add_rows(500);
    program_until(&p, all_closed, "rows go on in the new epoch");
    ck_assert_int_eq(
        RUN(&q, "stop", "--state", mr_arena_printf(q.arena, "%s/.millrace", p.dir).ptr), 0);
    ck_assert_int_eq(program_wait(&p, pid), 0);
    program_said(&p, "epoch 2 is made beside epoch 1");
    program_said(&p, "epoch 2 has caught up");
    ck_assert_ptr_null(program_read(&p, "out/best.jsonl.e2/best-00000.jsonl"));
    ck_assert_ptr_nonnull(first);
    ck_assert_str_eq(program_read(&p, "out/best.jsonl.e1/best-00000.jsonl"), first);
    const char *now = content(2);
    ck_assert_int_eq(RUN(&p, "replay", "x.yaml", "--set", "K=2", "--from", "best", "-q"), 0);
    ck_assert_str_eq(content(3), now);
}
END_TEST

Suite *suite_e2e_endless(void);
Suite *suite_e2e_endless(void)
{
    Suite *s = suite_create("e2e.endless");
    TCase *c = tcase_create("endless");
    tcase_set_timeout(c, 300);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, test_replay_gives_the_same);
    tcase_add_test(c, test_open_windows_go_on);
    tcase_add_test(c, test_rows_gone_before_promotion);
    tcase_add_test(c, test_a_change_takes_over);
    suite_add_tcase(s, c);
    return s;
}
