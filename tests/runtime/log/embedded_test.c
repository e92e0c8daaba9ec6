/* The embedded back end as a task sees it: several lanes in, several partitions out, one commit;
 * back pressure, restarts, and a stage that is killed again and again. */
#include "tests/runtime/log/rig.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LANES = 3, PARTS = 2, DEADLINE_MS = 60000, KILLS = 30, KILL_ROWS = 4000,
       ROWS_A_LIFE = 600 /* so that a slow look cannot let a stage run away from its kills */ };

struct task {
    struct rig rig;
    struct mr_log_in in;
    struct mr_log_out outs[2];
    struct mr_log_spec spec;
    char store_dir[300];
    struct mr_store *store;
    struct mr_log *log;
};

static void task_init(struct task *t)
{
    memset(t, 0, sizeof(*t));
    rig_init(&t->rig);
    t->in = (struct mr_log_in){MR_STR("p.before.out.e1"), 1, LANES};
    t->outs[0] = (struct mr_log_out){MR_STR("p.stage.out.e1"), PARTS, 0};
    t->outs[1] = (struct mr_log_out){MR_STR("p.stage.dead.e1"), 1, 0};
    t->spec = (struct mr_log_spec){
        .topics = t->rig.dir,
        .task = MR_STR("stage/1"),
        .reader = 42,
        .lane = 1,
        .lane_label = 0x30001,
        .ins = &t->in,
        .in_count = 1,
        .outs = t->outs,
        .out_count = 2,
        .codec = MR_CODEC_LZ4,
        .no_sync = true,
    };
    snprintf(t->store_dir, sizeof(t->store_dir), "%s/state", t->rig.dir);
}

static void task_open(struct task *t)
{
    struct mr_store_options o = {.no_sync = t->spec.no_sync};
    rig_ok(mr_store_open(t->store_dir, &o, &t->store));
    t->spec.store = t->store;
    rig_ok(mr_log_open_embedded(&t->spec, &t->log));
}

static void task_close(struct task *t)
{
    mr_log_close(t->log);
    mr_store_close(t->store);
    t->log = NULL;
    t->store = NULL;
}

/* Writer of one input lane. */
static struct mr_log_writer *lane_writer(struct task *t, uint32_t lane, struct mr_mark end,
                                         uint64_t fence)
{
    struct mr_log_place place = {t->rig.dir, t->in.topic, t->in.partition, lane};
    struct mr_log_writer_options o = {.codec = MR_CODEC_LZ4,
                                      .frame_bytes = 2000,
                                      .segment_bytes = 30000,
                                      .lane_label = 0x50007,
                                      .fence = fence,
                                      .no_sync = true};
    struct mr_log_writer *w;
    rig_ok(mr_log_writer_open(&place, end, &o, &w));
    return w;
}

static void fill_lanes(struct task *t, uint64_t rows)
{
    for (uint32_t lane = 0; lane < LANES; lane++) {
        struct mr_log_writer *w = lane_writer(t, lane, (struct mr_mark){0}, 1);
        rig_append(w, 1, rows, SIZE_MAX);
        rig_commit(w);
        mr_log_writer_close(w);
    }
}

/* Copies what there is to partition record % PARTS, counting rows in the state; commits whenever
 * about `every` rows were taken. Returns rows taken. */
/* At most `most` rows, with a commit after each `every`. */
static uint64_t copy_some(struct task *t, uint64_t every, uint64_t most)
{
    uint64_t taken = 0;
    bool any;
    for (rig_ok(mr_log_next(t->log, &any)); any; rig_ok(mr_log_next(t->log, &any))) {
        struct mr_log_row row;
        bool found;
        for (rig_ok(mr_log_row(t->log, &row, &found)); found;
             rig_ok(mr_log_row(t->log, &row, &found))) {
            ck_assert_uint_eq(row.in, 0);
            ck_assert_uint_lt(row.lane, LANES);
            struct mr_head h = row.head;
            rig_ok(mr_log_append(t->log, 0, h.place.record % PARTS, &h, row.map.ptr, row.map.len));
            char text[32];
            int len = snprintf(text, sizeof(text), "%llu", (unsigned long long)row.head.n);
            char key[2] = {MR_SPACE_FLOW, (char)('0' + row.lane)};
            mr_store_put(t->store, mr_str_span(key, 2), mr_str_span(text, (size_t)len));
            if (++taken % every == 0)
                rig_ok(mr_log_commit(t->log));
            if (taken == most) {
                rig_ok(mr_log_commit(t->log));
                return taken;
            }
        }
    }
    rig_ok(mr_log_commit(t->log));
    return taken;
}

static uint64_t copy_rows(struct task *t, uint64_t every)
{
    return copy_some(t, every, UINT64_MAX);
}

/* Every row of each input lane stands exactly once in the outputs, in the lane's order. */
static void check_outputs(struct task *t, uint64_t rows)
{
    unsigned char *seen = calloc(rows + 1, 1);
    for (uint32_t part = 0; part < PARTS; part++) {
        struct mr_log_place place = {t->rig.dir, t->outs[0].topic, part, 1};
        struct mr_log_reader *r;
        struct mr_head h;
        struct mr_str map;
        uint32_t left;
        bool found;
        char bytes[512];
        rig_ok(mr_log_reader_open(&place, 0, 0, (struct mr_mark){0}, &r));
        for (rig_ok(mr_log_reader_next(r, &left)); left; rig_ok(mr_log_reader_next(r, &left))) {
            for (rig_ok(mr_log_reader_row(r, &h, &map, &found)); found;
                 rig_ok(mr_log_reader_row(r, &h, &map, &found))) {
                uint64_t k = h.place.record;
                ck_assert(k >= 1 && k <= rows && k % PARTS == part && h.lane == 0x30001);
                size_t len = rig_bytes(k, SIZE_MAX, bytes);
                ck_assert(mr_str_eq(map, mr_str_span(bytes, len)));
                seen[k]++;
            }
        }
        mr_log_reader_close(r);
    }
    for (uint64_t k = 1; k <= rows; k++)
        ck_assert_msg(seen[k] == LANES, "row %llu is there %u times", (unsigned long long)k,
                      seen[k]);
    free(seen);
}

START_TEST(copies_and_resumes)
{
    struct task t;
    task_init(&t);
    t.spec.no_sync = _i == 0;
    fill_lanes(&t, 500);
    task_open(&t);
    ck_assert_uint_eq(copy_rows(&t, 77), 500 * LANES);
    struct mr_log_figures f;
    mr_log_embedded_figures(t.log, &f);
    ck_assert_uint_eq(f.lag_bytes, 0);
    ck_assert_uint_eq(f.repeats, 0);
    ck_assert_uint_gt(f.bytes_in, 1500 * 84);
    ck_assert_uint_eq(f.bytes_in, f.bytes_out);
    ck_assert_uint_gt(f.syncs, 2);
    uint64_t syncs = f.syncs;
    rig_ok(mr_log_commit(t.log)); /* nothing new: no sync */
    mr_log_embedded_figures(t.log, &f);
    ck_assert_uint_eq(f.syncs, syncs);
    task_close(&t);
    task_open(&t);
    ck_assert_uint_eq(copy_rows(&t, 77), 0);
    for (uint32_t lane = 0; lane < LANES; lane++) {
        struct mr_log_place place = {t.rig.dir, t.in.topic, t.in.partition, lane};
        struct mr_log_reader *r;
        rig_ok(mr_log_reader_open(&place, 0, 0, (struct mr_mark){0}, &r));
        rig_read(r, SIZE_MAX);
        struct mr_log_writer *w = lane_writer(&t, lane, mr_log_reader_mark(r), 2);
        rig_append(w, 501, 600, SIZE_MAX);
        rig_commit(w);
        mr_log_writer_close(w);
        mr_log_reader_close(r);
    }
    ck_assert_uint_eq(copy_rows(&t, 77), 100 * LANES);
    task_close(&t);
    check_outputs(&t, 600);
    rig_finish(&t.rig);
}
END_TEST

/* A lane with rows waits at most one frame of each other lane. */
START_TEST(lanes_take_turns)
{
    struct task t;
    uint32_t last = UINT32_MAX, frames = 0;
    bool any;
    task_init(&t);
    fill_lanes(&t, 200);
    task_open(&t);
    for (rig_ok(mr_log_next(t.log, &any)); any; rig_ok(mr_log_next(t.log, &any))) {
        struct mr_log_row row = {.lane = UINT32_MAX};
        bool found = true;
        while (found)
            rig_ok(mr_log_row(t.log, &row, &found));
        ck_assert_uint_ne(row.lane, last);
        last = row.lane;
        frames++;
    }
    ck_assert_uint_gt(frames, LANES * 2);
    task_close(&t);
    rig_finish(&t.rig);
}
END_TEST

/* Taken but not committed rows come again, none is skipped, and their output is gone. */
START_TEST(uncommitted_work_is_undone)
{
    struct task t;
    bool any, found;
    task_init(&t);
    fill_lanes(&t, 100);
    for (uint64_t taken = 0; taken < 40; taken += 7) {
        task_open(&t);
        struct mr_log_row row;
        rig_ok(mr_log_next(t.log, &any));
        ck_assert(any);
        for (uint64_t i = 0; i < taken; i++) {
            rig_ok(mr_log_row(t.log, &row, &found));
            if (!found) {
                rig_ok(mr_log_next(t.log, &any));
                continue;
            }
            struct mr_head h = row.head;
            rig_ok(mr_log_append(t.log, 0, 0, &h, row.map.ptr, row.map.len));
        }
        ck_assert_int_eq(taken > 0, mr_log_pending(t.log) > 0);
        task_close(&t);
    }
    task_open(&t);
    ck_assert_uint_eq(copy_rows(&t, 9), 100 * LANES);
    task_close(&t);
    check_outputs(&t, 100);
    rig_finish(&t.rig);
}
END_TEST

/* A commit may fall before the row just taken, also where it is a frame's last. */
START_TEST(a_row_is_put_back)
{
    struct task t;
    bool any;
    uint64_t rows = 0, put_back = 0;
    task_init(&t);
    t.in.lanes = 1;
    fill_lanes(&t, 100);
    task_open(&t);
    for (rig_ok(mr_log_next(t.log, &any)); any; rig_ok(mr_log_next(t.log, &any))) {
        struct mr_log_row row, again;
        bool found;
        for (rig_ok(mr_log_row(t.log, &row, &found)); found;
             rig_ok(mr_log_row(t.log, &row, &found))) {
            ck_assert_uint_eq(row.head.n, ++rows);
            mr_log_back(t.log);
            rig_ok(mr_log_commit(t.log));
            if (rows % 10 == 0) { /* a restart here gives out the same row */
                task_close(&t);
                task_open(&t);
                rig_ok(mr_log_next(t.log, &any));
                ck_assert(any);
                put_back++;
            }
            rig_ok(mr_log_row(t.log, &again, &found));
            ck_assert(found && again.head.n == rows);
        }
    }
    ck_assert_uint_eq(rows, 100);
    ck_assert_uint_eq(put_back, 10);
    task_close(&t);
    rig_finish(&t.rig);
}
END_TEST

/* Takes what the limits allow and says how many rows of each lane were given out. */
static void drain(struct task *t, uint64_t *n)
{
    struct mr_log_row row;
    bool any, found;
    for (rig_ok(mr_log_next(t->log, &any)); any; rig_ok(mr_log_next(t->log, &any)))
        for (rig_ok(mr_log_row(t->log, &row, &found)); found;
             rig_ok(mr_log_row(t->log, &row, &found))) {
            ck_assert_uint_eq(row.head.n, n[row.lane] + 1);
            n[row.lane] = row.head.n;
        }
}

/* A limit stops a lane in the middle of a frame; others go on, and it does when it is raised. */
START_TEST(a_lane_stops_at_its_limit)
{
    static const uint64_t limits[][LANES] = {{7, 0, 500}, {7, 1, 501}, {90, 2, 1000}};
    struct task t;
    uint64_t n[LANES] = {0};
    bool there;
    task_init(&t);
    fill_lanes(&t, 1000);
    task_open(&t);
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        for (uint32_t lane = 0; lane < LANES; lane++)
            mr_log_limit(t.log, 0, lane, limits[i][lane]);
        drain(&t, n);
        for (uint32_t lane = 0; lane < LANES; lane++) {
            ck_assert_uint_eq(n[lane], limits[i][lane]);
            ck_assert_uint_eq(mr_log_taken(t.log, 0, lane, &there), limits[i][lane]);
            ck_assert(there);
        }
        rig_ok(mr_log_commit(t.log));
        if (i == 1) { /* from where it stands, without a limit again */
            task_close(&t);
            task_open(&t);
        }
    }
    for (uint32_t lane = 0; lane < LANES; lane++)
        mr_log_limit(t.log, 0, lane, UINT64_MAX);
    drain(&t, n);
    for (uint32_t lane = 0; lane < LANES; lane++) {
        ck_assert_uint_eq(n[lane], 1000);
        mr_log_taken(t.log, 0, lane, &there);
        ck_assert(!there);
    }
    struct mr_log_figures f;
    mr_log_embedded_figures(t.log, &f);
    ck_assert_uint_eq(f.repeats, 0);
    task_close(&t);
    rig_finish(&t.rig);
}
END_TEST

START_TEST(full_until_the_reader_commits)
{
    struct task t;
    task_init(&t);
    t.outs[0].bound_bytes = 20000;
    t.spec.codec = MR_CODEC_NONE;
    fill_lanes(&t, 1);
    task_open(&t);
    struct mr_log_place place = {t.rig.dir, t.outs[0].topic, 0, 1};
    struct mr_log_reader *r;
    rig_ok(mr_log_reader_open(&place, 9, 0, (struct mr_mark){0}, &r));
    uint64_t rows = 0;
    while (!mr_log_full(t.log)) {
        rows++;
        struct mr_head h = {.id = rig_id(rows), .place = {.record = (uint32_t)rows}};
        char bytes[512];
        rig_ok(mr_log_append(t.log, 0, 0, &h, bytes, rig_bytes(rows, 400, bytes)));
        ck_assert_uint_lt(rows, 100);
    }
    ck_assert_uint_gt(rows, 40);
    rig_ok(mr_log_commit(t.log));
    ck_assert(mr_log_full(t.log));
    ck_assert_uint_eq(rig_read(r, 400), rows);
    ck_assert(mr_log_full(t.log)); /* read is not committed */
    mr_log_reader_commit(r, mr_log_reader_mark(r));
    ck_assert(!mr_log_full(t.log));
    mr_log_reader_close(r);
    task_close(&t);
    rig_finish(&t.rig);
}
END_TEST

START_TEST(state_of_another_plan)
{
    struct task t;
    task_init(&t);
    fill_lanes(&t, 10);
    task_open(&t);
    copy_rows(&t, 100);
    task_close(&t);
    static const struct {
        uint32_t lanes, partition, parts;
        const char *topic;
        enum mr_code code;
    } table[] = {
        {LANES + 1, 1, PARTS, "p.stage.out.e1", MR_PLAN_INVALID},
        {LANES, 0, PARTS, "p.stage.out.e1", MR_PLAN_INVALID},
        {LANES, 1, PARTS + 1, "p.stage.out.e1", MR_PLAN_INVALID},
        {LANES, 1, PARTS, "p.stage.out.e2", MR_PLAN_INVALID},
        {LANES, 1, PARTS, "p.stage.out.e1", MR_OK},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        struct mr_store_options o = {.no_sync = true};
        rig_ok(mr_store_open(t.store_dir, &o, &t.store));
        t.spec.store = t.store;
        t.in.lanes = table[i].lanes;
        t.in.partition = table[i].partition;
        t.outs[0].partitions = table[i].parts;
        t.outs[0].topic = mr_str_of(table[i].topic);
        rig_fails(mr_log_open_embedded(&t.spec, &t.log), table[i].code);
        if (table[i].code == MR_OK)
            mr_log_close(t.log);
        mr_store_close(t.store);
    }
    /* A store that was restored from an older copy is behind what readers were shown. */
    rig_ok(mr_store_open(t.store_dir, &(struct mr_store_options){.no_sync = true}, &t.store));
    mr_store_del(t.store, MR_STR("cembedded"));
    rig_ok(mr_store_commit(t.store));
    t.spec.store = t.store;
    rig_ok(mr_log_open_embedded(&t.spec, &t.log));
    struct mr_head h = {.id = rig_id(1)};
    rig_fails(mr_log_append(t.log, 0, 0, &h, "x", 1), MR_LOG_FENCED);
    rig_fails(mr_log_commit(t.log), MR_LOG_FENCED);
    task_close(&t);
    rig_finish(&t.rig);
}
END_TEST

START_TEST(a_stage_killed_again_and_again)
{
    struct task t;
    struct mr_bells *bells;
    struct mr_log_reader *r[PARTS];
    uint64_t out = 0;
    uint32_t seed = 99;
    int kills = 0;
    task_init(&t);
    fill_lanes(&t, KILL_ROWS);
    rig_ok(mr_bells_open(t.rig.dir, 1, &bells));
    for (uint32_t p = 0; p < PARTS; p++) {
        struct mr_log_place place = {t.rig.dir, t.outs[0].topic, p, 1};
        rig_ok(mr_log_reader_open(&place, 7, 1, (struct mr_mark){0}, &r[p]));
    }
    while (out < KILL_ROWS * LANES) {
        pid_t child = fork();
        if (child == 0) {
            rig_ok(mr_bells_open(t.rig.dir, MR_BELL_NONE, &t.spec.bells));
            task_open(&t);
            uint64_t most = kills < KILLS ? ROWS_A_LIFE : UINT64_MAX;
            while (copy_some(&t, 16, most) == most)
                pause(); /* until it is killed */
            _exit(0); /* without closing: one more sudden end */
        }
        seed = seed * 1664525 + 1013904223;
        uint64_t until = out + 1 + (seed >> 8) % ROWS_A_LIFE;
        until = until > KILL_ROWS * LANES || kills >= KILLS ? KILL_ROWS * LANES : until;
        while (out < until) {
            mr_bells_arm(bells);
            out = 0;
            for (uint32_t p = 0; p < PARTS; p++) {
                struct mr_head h;
                struct mr_str map;
                uint32_t left;
                bool found;
                for (rig_ok(mr_log_reader_next(r[p], &left)); left;
                     rig_ok(mr_log_reader_next(r[p], &left))) {
                    for (found = true; found;)
                        rig_ok(mr_log_reader_row(r[p], &h, &map, &found));
                }
                out += mr_log_reader_mark(r[p]).n;
            }
            if (out < until)
                ck_assert(mr_bells_wait(bells, DEADLINE_MS) || kill(child, 0) == 0);
        }
        kills++;
        kill(child, SIGKILL);
        ck_assert_int_eq(waitpid(child, NULL, 0), child);
    }
    ck_assert_int_ge(kills, 15);
    ck_assert_uint_eq(out, KILL_ROWS * LANES);
    /* The last commit may have been decided and not published: the next open shows it. */
    task_open(&t);
    ck_assert_uint_eq(copy_rows(&t, 16), 0);
    task_close(&t);
    check_outputs(&t, KILL_ROWS);
    for (uint32_t p = 0; p < PARTS; p++)
        mr_log_reader_close(r[p]);
    mr_bells_close(bells);
    rig_finish(&t.rig);
}
END_TEST

/* A task that wants all rows is told when some went before it began; one that began goes on. */
START_TEST(first_rows_are_gone)
{
    struct task t;
    uint64_t freed;
    task_init(&t);
    fill_lanes(&t, 2000);
    struct mr_log_place place = {t.rig.dir, t.in.topic, t.in.partition, 1};
    rig_ok(mr_log_trim(&place, 40000, &freed));
    ck_assert_uint_gt(freed, 0);
    struct mr_store_options o = {.no_sync = true};
    rig_ok(mr_store_open(t.store_dir, &o, &t.store));
    t.spec.store = t.store;
    t.spec.whole = true;
    rig_fails(mr_log_open_embedded(&t.spec, &t.log), MR_LOG_TRIMMED);
    mr_store_close(t.store);
    t.spec.whole = false;
    task_open(&t);
    uint64_t taken = copy_some(&t, 100, UINT64_MAX);
    ck_assert_uint_gt(taken, 4000);
    ck_assert_uint_lt(taken, 6000);
    task_close(&t);
    t.spec.whole = true;
    task_open(&t);
    ck_assert_uint_eq(copy_some(&t, 100, UINT64_MAX), 0);
    task_close(&t);
    rig_finish(&t.rig);
}
END_TEST

Suite *suite_runtime_log_embedded(void);
Suite *suite_runtime_log_embedded(void)
{
    Suite *s = suite_create("runtime.log.embedded");
    TCase *t = tcase_create("embedded");
    tcase_set_timeout(t, 180);
    tcase_add_loop_test(t, copies_and_resumes, 0, 2);
    tcase_add_test(t, lanes_take_turns);
    tcase_add_test(t, uncommitted_work_is_undone);
    tcase_add_test(t, a_row_is_put_back);
    tcase_add_test(t, a_lane_stops_at_its_limit);
    tcase_add_test(t, first_rows_are_gone);
    tcase_add_test(t, full_until_the_reader_commits);
    tcase_add_test(t, state_of_another_plan);
    tcase_add_test(t, a_stage_killed_again_and_again);
    suite_add_tcase(s, t);
    return s;
}
