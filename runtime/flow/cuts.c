/* Window cuts: when a window closes here, where it did is recorded, and a new epoch cuts there
 * again.
 *
 * A cut is what lies before it on each lane, so the record is the lanes' row numbers. It is a row
 * of the group's own topic, true in the same commit as the cut's beginning: {cut, run, n: [of each
 * lane]}. A task that follows the cuts of an earlier epoch reads that epoch's topic: a lane that
 * has reached its number waits for the others, so nothing depends on which lane was faster. */
#include "runtime/base/clock.h"
#include "runtime/flow/task.h"

struct mr_task_cuts {
    int out;                        /* where cuts are recorded */
    struct mr_log_reader *recorded; /* of the epoch that is followed; NULL: none, or no more */
    bool have;                      /* the next recorded cut: */
    uint64_t cut;
    uint32_t run; /* the last one that had ended before it */
    uint64_t *n;  /* by lane */
};

static struct mr_str cuts_topic(const struct mr_task *t)
{
    int topic = mr_plan_cuts_topic(t->plan, t->worker->group);
    return topic == MR_PLAN_NONE ? (struct mr_str){0} : t->plan->topics[topic].name;
}

/* ---- the cuts of another epoch ---- */

static bool take_lanes(struct mr_value list, struct mr_task_cuts *c, uint32_t lanes)
{
    struct mr_walk w;
    struct mr_value v;
    if (mr_value_type(list) != MR_LIST || mr_value_count(list) != lanes)
        return false;
    mr_walk_begin(&w, list);
    for (uint32_t i = 0; i < lanes; i++)
        if (!mr_walk_next(&w, &v) || mr_value_type(v) != MR_INT || !mr_value_uint(v, &c->n[i]))
            return false;
    return true;
}

static bool parse(struct mr_str map, struct mr_task_cuts *c, uint32_t lanes)
{
    struct mr_walk w;
    struct mr_value key, value, whole = {(const uint8_t *)map.ptr, (uint32_t)map.len};
    uint64_t run = 0;
    bool ok = false;
    c->cut = 0;
    if (map.len > UINT32_MAX || mr_value_skip(whole.ptr, map.len) != map.len ||
        mr_value_type(whole) != MR_MAP)
        return false;
    mr_walk_begin(&w, whole);
    while (mr_walk_next(&w, &key) && mr_walk_next(&w, &value)) {
        struct mr_str name =
            mr_value_type(key) == MR_TEXT ? mr_value_text(key) : (struct mr_str){0};
        if (mr_str_is(name, "n"))
            ok = take_lanes(value, c, lanes);
        else if (mr_value_type(value) != MR_INT)
            continue;
        else if (mr_str_is(name, "cut") && !mr_value_uint(value, &c->cut))
            return false;
        else if (mr_str_is(name, "run") && (!mr_value_uint(value, &run) || run > UINT32_MAX))
            return false;
    }
    c->run = (uint32_t)run;
    return ok;
}

static void set_limits(struct mr_task *t, const uint64_t *n)
{
    for (uint32_t i = 0; i < t->head->input_count; i++)
        for (uint32_t l = 0; l < t->plan->topics[t->head->inputs[i].topic].lanes; l++)
            mr_log_limit(t->log, i, l, n ? n[t->lane_first[i] + l] : UINT64_MAX);
}

static void go_freely(struct mr_task *t)
{
    struct mr_task_cuts *c = t->cuts;
    c->have = false;
    mr_log_reader_close(c->recorded);
    c->recorded = NULL;
    set_limits(t, NULL);
}

/* The recorded cut that comes next here, if there is one. */
static struct mr_error *next_recorded(struct mr_task *t)
{
    struct mr_task_cuts *c = t->cuts;
    struct mr_head head;
    struct mr_str map;
    uint32_t rows;
    bool found = false;
    c->have = false;
    if (!c->recorded)
        return NULL;
    MR_TRY(mr_log_reader_next(c->recorded, &rows));
    if (rows)
        MR_TRY(mr_log_reader_row(c->recorded, &head, &map, &found));
    c->have = found && parse(map, c, t->lane_count) && c->cut == mr_task__next_window(t);
    if (c->have)
        set_limits(t, c->n);
    else
        go_freely(t);
    return NULL;
}

static struct mr_error *follow(struct mr_task *t)
{
    struct mr_task_cuts *c = t->cuts;
    struct mr_buf topics = {0};
    struct mr_str topic = mr_plan_topic_renamed(cuts_topic(t), t->head->cuts_epoch, t->arena);
    mr_layout_topics(&t->worker->options->layout, &topics);
    struct mr_log_place place = {mr_buf_text(&topics), topic, 0, 0};
    struct mr_error *e = mr_log_reader_open(&place, 0, 0, (struct mr_mark){0}, &c->recorded);
    if (!e)
        e = mr_log_reader_seek(c->recorded, t->record.window_cuts + 1);
    mr_buf_finish(&topics);
    return e ? e : next_recorded(t);
}

struct mr_error *mr_task__cuts_open(struct mr_task *t)
{
    int topic = mr_plan_cuts_topic(t->plan, t->worker->group);
    if (topic == MR_PLAN_NONE || !t->chain)
        return NULL;
    struct mr_task_cuts *c = t->cuts = mr_arena_zalloc(t->arena, sizeof(*c));
    c->n = mr_arena_zalloc(t->arena, (t->lane_count + 1) * sizeof(*c->n));
    for (uint32_t i = 0; i < t->out_count; i++)
        if (t->outs[i].topic == topic)
            c->out = (int)i;
    return t->head->cuts_epoch && !t->record.cuts_freely ? follow(t) : NULL;
}

void mr_task__cuts_close(struct mr_task *t)
{
    if (t->cuts)
        mr_log_reader_close(t->cuts->recorded);
}

bool mr_task__cuts_follow(const struct mr_task *t)
{
    return t->cuts && t->cuts->have;
}

void mr_task__cuts_give_up(struct mr_task *t)
{
    if (!mr_task__cuts_follow(t))
        return;
    t->record.cuts_freely = 1;
    t->dirty = true;
    go_freely(t);
}

/* ---- when ---- */

static bool all_at_limit(const struct mr_task *t)
{
    for (uint32_t i = 0; i < t->head->input_count; i++)
        for (uint32_t l = 0; l < t->plan->topics[t->head->inputs[i].topic].lanes; l++) {
            bool there;
            mr_log_taken(t->log, i, l, &there);
            if (!there)
                return false;
        }
    return true;
}

bool mr_task__window_due(struct mr_task *t)
{
    uint64_t idle_ms;
    if (!t->chain)
        return false;
    if (mr_task__cuts_follow(t)) {
        /* A run ended on the way that had not ended there, or no more rows come: other lanes. */
        if (t->record.done_run > t->cuts->run || atomic_load(&t->worker->page->cuts_over))
            mr_task__cuts_give_up(t);
        else
            return t->record.done_run == t->cuts->run && all_at_limit(t);
    }
    if (mr_chain_window_full(t->chain))
        return true;
    return mr_chain_window_open(t->chain, &idle_ms) && idle_ms && !t->head->keeps_open &&
           mr_now_ms() - t->last_row_ms >= idle_ms;
}

/* ---- recording ---- */

static struct mr_error *record(struct mr_task *t, uint64_t cut)
{
    struct mr_buf *b = &t->record_bytes;
    struct mr_head head = {.kind = MR_KIND_ROW, .run = t->run_now};
    bool limited;
    head.id = mr_id_aggregate(t->head->id, cut,
                              MR_STR("\x01"
                                     "cut"));
    b->len = 0;
    mr_pack_map(b, 3);
    mr_pack_text(b, MR_STR("cut"));
    mr_pack_uint(b, cut);
    mr_pack_text(b, MR_STR("run"));
    mr_pack_uint(b, t->record.done_run);
    mr_pack_text(b, MR_STR("n"));
    mr_pack_list(b, t->lane_count);
    for (uint32_t i = 0; i < t->head->input_count; i++)
        for (uint32_t l = 0; l < t->plan->topics[t->head->inputs[i].topic].lanes; l++)
            mr_pack_uint(b, mr_log_taken(t->log, i, l, &limited));
    return mr_log_append(t->log, (uint32_t)t->cuts->out, 0, &head, b->ptr, b->len);
}

struct mr_error *mr_task__cut_window(struct mr_task *t, uint64_t *cut)
{
    *cut = mr_task__next_window(t);
    t->record.window_cuts++;
    if (!t->cuts)
        return NULL;
    if (!t->cuts->have)
        t->record.cuts_freely = 1; /* what is recorded elsewhere no longer fits */
    MR_TRY(record(t, *cut));
    return next_recorded(t);
}
