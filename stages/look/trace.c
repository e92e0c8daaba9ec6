/* Follows a row through the stages by what the topics hold of it. */
#include "stages/look/trace.h"

#include <stdlib.h>

#include "runtime/flow/retry.h"

enum { LANES_OPEN = 64, CHILDREN_SOUGHT = 100000 };

/* What is known of an id in a topic; found out once for each trace. */
struct seen {
    int topic;
    struct mr_id id;
    bool found;
    bool taken; /* every reader of the topic has committed it: looked at while a run is not over */
    struct mr_head head;
    struct mr_str map;
};

struct lane {
    int topic;
    uint32_t partition, lane;
    struct mr_log_reader *reader;
};

struct mr_tracer {
    const struct mr_browse *browse;
    const struct mr_plan *plan;
    struct mr_trace_index *index; /* NULL: each row is looked for by itself */
    struct mr_rerun *rerun;
    struct mr_origins *origins;
    struct lane lanes[LANES_OPEN];
    size_t lane_count, lane_next;
    struct mr_arena *arena; /* of one trace */
    struct seen *seen;
    size_t seen_count, seen_capacity, step_capacity;
    struct mr_trace trace;
};

const char *mr_trace_verdict_name(enum mr_trace_verdict v)
{
    static const char *const names[] = {"read",     "made",     "forwarded", "written", "dropped",
                                        "rejected", "expanded", "absorbed",  "waiting", "gone"};
    return names[v];
}

struct mr_tracer *mr_tracer_create(const struct mr_browse *b)
{
    struct mr_tracer *t = mr_zalloc(sizeof *t);
    t->browse = b;
    t->plan = b->plan;
    t->rerun = mr_rerun_create(b->plan);
    t->origins = mr_origins_create(b);
    t->arena = mr_arena_create(0);
    return t;
}

void mr_tracer_destroy(struct mr_tracer *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < t->lane_count; i++)
        mr_log_reader_close(t->lanes[i].reader);
    mr_trace_index_destroy(t->index);
    mr_rerun_destroy(t->rerun);
    mr_origins_destroy(t->origins);
    mr_arena_destroy(t->arena);
    free(t->seen);
    free(t);
}

struct mr_error *mr_tracer_prepare(struct mr_tracer *t, const struct mr_id *ids, size_t count)
{
    mr_trace_index_destroy(t->index);
    t->index = NULL;
    return mr_trace_index_build(t->browse, ids, count, &t->index);
}

/* ---- looking rows up ---- */

static struct mr_log_place place_of(const struct mr_tracer *t, int topic, uint32_t p, uint32_t l)
{
    return (struct mr_log_place){t->browse->topics.ptr, t->plan->topics[topic].name, p, l};
}

/* Readers stay open: many rows stand in few lanes. */
static struct mr_error *reader_of(struct mr_tracer *t, int topic, uint32_t p, uint32_t l,
                                  struct mr_log_reader **out)
{
    for (size_t i = 0; i < t->lane_count; i++)
        if (t->lanes[i].topic == topic && t->lanes[i].partition == p && t->lanes[i].lane == l) {
            *out = t->lanes[i].reader;
            return NULL;
        }
    struct mr_log_place place = place_of(t, topic, p, l);
    MR_TRY(mr_log_reader_open(&place, 0, MR_BELL_NONE, (struct mr_mark){0}, out));
    size_t at = t->lane_count < LANES_OPEN ? t->lane_count++ : t->lane_next++ % LANES_OPEN;
    mr_log_reader_close(t->lanes[at].reader);
    t->lanes[at] = (struct lane){topic, p, l, *out};
    return NULL;
}

static bool is_over(const struct mr_tracer *t)
{
    const struct mr_record *record = &t->browse->record;
    if (!record->complete || !t->browse->running)
        return record->complete;
    for (size_t i = 0; i < record->epoch_count; i++) /* at work: a replay, which makes another epoch */
        if (record->epochs[i].state == MR_EPOCH_BUILDING && record->epochs[i].replayed)
            return record->epochs[i].number != t->plan->epoch;
    return false;
}

/* Readers commit the frame that they go on with: one behind the row's has taken it. */
static void look_if_taken(const struct mr_tracer *t, struct seen *s, uint32_t p, uint32_t l,
                          uint64_t frame)
{
    struct mr_log_place place = place_of(t, s->topic, p, l);
    struct mr_log_stat stat = {0};
    struct mr_error *e = is_over(t) ? NULL : mr_log_stat(&place, &stat);
    s->taken = !e && stat.readers > 0 && stat.slowest_reader_pos > frame;
    mr_error_free(e);
}

static struct mr_error *read_row(struct mr_tracer *t, struct seen *s, uint32_t p, uint32_t l,
                                 uint64_t n)
{
    struct mr_log_reader *reader = NULL;
    struct mr_head head;
    struct mr_str map;
    uint32_t rows = 0;
    bool found = false;
    MR_TRY(reader_of(t, s->topic, p, l, &reader));
    MR_TRY(mr_log_reader_seek(reader, n));
    MR_TRY(mr_log_reader_next(reader, &rows));
    uint64_t frame = mr_log_reader_mark(reader).pos;
    while (rows && !s->found) {
        MR_TRY(mr_log_reader_row(reader, &head, &map, &found));
        if (!found || head.n > n)
            break;
        if (head.n == n && head.kind == MR_KIND_ROW && mr_id_eq(&head.id, &s->id)) {
            s->found = true;
            s->head = head;
            s->map = mr_arena_str(t->arena, map);
            look_if_taken(t, s, p, l, frame);
        }
    }
    return NULL;
}

static struct mr_error *look_up(struct mr_tracer *t, struct seen *s)
{
    const struct mr_plan_topic *topic = &t->plan->topics[s->topic];
    const struct mr_trace_where *where;
    if (t->index && mr_trace_index_find(t->index, &s->id, s->topic, &where))
        return where ? read_row(t, s, where->partition, where->lane, where->n) : NULL;
    for (uint32_t p = 0; p < topic->partitions; p++)
        for (uint32_t l = 0; l < topic->lanes && !s->found; l++) {
            struct mr_log_place place = place_of(t, s->topic, p, l);
            uint64_t n = 0;
            MR_TRY(mr_log_find(&place, &s->id, &n));
            if (n)
                MR_TRY(read_row(t, s, p, l, n));
        }
    return NULL;
}

/* *out: borrowed until the next look. */
static struct mr_error *find(struct mr_tracer *t, int topic, const struct mr_id *id,
                             const struct seen **out)
{
    static const struct seen nothing = {.topic = MR_PLAN_NONE};
    *out = &nothing;
    if (topic == MR_PLAN_NONE)
        return NULL;
    for (size_t i = 0; i < t->seen_count; i++)
        if (t->seen[i].topic == topic && mr_id_eq(&t->seen[i].id, id)) {
            *out = &t->seen[i];
            return NULL;
        }
    struct seen one = {.topic = topic, .id = *id};
    MR_TRY(look_up(t, &one));
    if (t->seen_count == t->seen_capacity) {
        t->seen_capacity = t->seen_capacity ? 2 * t->seen_capacity : 64;
        t->seen = mr_realloc(t->seen, t->seen_capacity * sizeof *t->seen);
    }
    t->seen[t->seen_count++] = one;
    *out = &t->seen[t->seen_count - 1];
    if (one.found && !t->trace.head.n)
        t->trace.head = one.head;
    return NULL;
}

/* ---- one stage ---- */

static void take_figures(struct mr_trace_step *s, struct mr_str record)
{
    struct mr_value value = mr_browse_field(record, "value"),
                    threshold = mr_browse_field(record, "threshold");
    s->record = record;
    s->outcome = mr_browse_text(record, "outcome");
    s->note = mr_browse_text(record, "note");
    s->measured = value.len && threshold.len && (mr_value_type(value) & MR_NUMBER) &&
                  (mr_value_type(threshold) & MR_NUMBER);
    if (s->measured) {
        s->value = mr_value_real(value);
        s->threshold = mr_value_real(threshold);
    }
}

struct last_letter {
    const struct mr_id *id;
    struct mr_trace_step *step;
    struct mr_arena *arena;
};

static struct mr_error *take_letter(void *arg, const struct mr_browse_row *row, bool *stop)
{
    struct last_letter *l = arg;
    uint32_t attempt = (uint32_t)mr_browse_uint(row->map, "attempt");
    (void)stop;
    if (!mr_id_eq(&row->head.id, l->id) || attempt < l->step->attempt)
        return NULL;
    take_figures(l->step, mr_arena_str(l->arena, row->map));
    l->step->note = mr_browse_text(l->step->record, "message");
    l->step->attempt = attempt;
    return NULL;
}

/* Rejected rows may have been tried again: then the last letter counts, and all are read. */
static struct mr_error *rejected(struct mr_tracer *t, struct mr_trace_step *s, struct mr_str letter)
{
    struct mr_buf topic = {0};
    struct mr_error *e = NULL;
    take_figures(s, letter);
    s->note = mr_browse_text(letter, "message");
    s->attempt = (uint32_t)mr_browse_uint(letter, "attempt");
    s->verdict = MR_TRACE_REJECTED;
    if (mr_retry_topic(t->plan, s->stage, "retry", &topic)) {
        struct mr_log_place place = {t->browse->topics.ptr, mr_buf_str(&topic), 0, 0};
        struct last_letter last = {&s->id, s, t->arena};
        for (uint32_t p = 0; !e && p < t->plan->groups[s->stage->group].partitions; p++) {
            uint64_t n = 0;
            place.partition = p;
            e = mr_log_find(&place, &s->id, &n);
            s->retried |= n > 0;
        }
        if (!e && s->retried)
            e = mr_browse_topic(t->browse, s->stage->dead_topic, take_letter, &last);
    }
    mr_buf_finish(&topic);
    return e;
}

/* The row on one of the stage's topics for rows that go on: "out", or a route. */
static struct mr_error *gone_on(struct mr_tracer *t, const struct mr_plan_stage *stage,
                                const struct mr_id *id, const struct seen **out)
{
    MR_TRY(find(t, MR_PLAN_NONE, id, out));
    for (size_t k = 0; k < stage->output_count && !(*out)->found; k++)
        if (stage->outputs[k].outcome < 0)
            MR_TRY(find(t, stage->outputs[k].topic, id, out));
    return NULL;
}

static struct mr_str route_of(const struct mr_plan_stage *stage, int topic)
{
    for (size_t k = 0; k < stage->output_count; k++)
        if (stage->outputs[k].topic == topic && stage->outputs[k].route.len)
            return stage->outputs[k].name;
    return (struct mr_str){0};
}

/* Children are found by computing what their ids must be. */
static struct mr_error *seek_children(struct mr_tracer *t, struct mr_trace_step *s)
{
    size_t capacity = 0;
    for (uint64_t i = 0; i < CHILDREN_SOUGHT; i++) {
        struct mr_id id = mr_id_child(&s->id, s->stage->id, i);
        const struct seen *row;
        MR_TRY(gone_on(t, s->stage, &id, &row));
        if (!row->found)
            MR_TRY(find(t, s->stage->dead_topic, &id, &row));
        if (!row->found)
            break;
        if (s->child_count == capacity) {
            capacity = capacity ? 2 * capacity : 16;
            struct mr_id *more = mr_arena_alloc(t->arena, capacity * sizeof *more);
            if (s->child_count)
                memcpy(more, s->children, s->child_count * sizeof *more);
            s->children = more;
        }
        s->children[s->child_count++] = id;
    }
    s->verdict = s->child_count ? MR_TRACE_EXPANDED : MR_TRACE_ABSORBED;
    return NULL;
}

/* No record and no topic tells: what that means depends on stage and run. */
static enum mr_trace_verdict untold(const struct mr_tracer *t, const struct mr_plan_stage *stage,
                                    bool last, bool taken)
{
    bool over = is_over(t), held = stage->order == MR_ORDER_HOLD;
    if (stage->kind == MR_STAGE_SINK)
        return over || (taken && !held) ? MR_TRACE_WRITTEN : MR_TRACE_WAITING;
    if (!last)
        return MR_TRACE_FORWARDED;
    if (!over)
        return MR_TRACE_WAITING;
    return stage->op && stage->op->finish ? MR_TRACE_ABSORBED : MR_TRACE_GONE;
}

static bool op_writes(const struct mr_op *op)
{
    for (const struct mr_key *k = op->keys; k && k->name; k++)
        if (k->access != MR_READ && k->access != MR_MAY_READ)
            return true;
    return op->keeps_only_bound;
}

static struct mr_error *judge(struct mr_tracer *t, struct mr_trace_step *s, bool last, bool taken)
{
    const struct mr_plan_stage *stage = s->stage;
    const struct seen *row, *on = NULL;
    MR_TRY(find(t, stage->drops_topic, &s->id, &row));
    if (row->found) {
        take_figures(s, row->map);
        s->verdict = MR_TRACE_DROPPED;
        return NULL;
    }
    MR_TRY(find(t, stage->dead_topic, &s->id, &row));
    struct mr_str letter = row->found ? row->map : (struct mr_str){0};
    if (last)
        MR_TRY(gone_on(t, stage, &s->id, &on));
    if (letter.len) {
        MR_TRY(rejected(t, s, letter));
        if (!s->retried || (on && !on->found))
            return NULL;
    }
    bool expands = stage->op && stage->op->expands;
    if (on && on->found) {
        s->verdict = MR_TRACE_FORWARDED;
        s->after = on->map;
        s->route = route_of(stage, on->topic);
        return NULL;
    }
    if (mr_rerun_can(stage) && s->before.len && (expands || !last))
        return mr_rerun_step(t->rerun, &t->trace.head, s, t->arena);
    if (expands)
        return seek_children(t, s);
    s->verdict = untold(t, stage, last, taken);
    if (s->verdict == MR_TRACE_FORWARDED && !(stage->op && op_writes(stage->op)))
        s->after = s->before;
    return NULL;
}

/* ---- the way ---- */

static struct mr_trace_step *step_new(struct mr_tracer *t, const struct mr_plan_stage *stage,
                                      const struct mr_id *id)
{
    if (t->trace.count == t->step_capacity) {
        t->step_capacity = t->step_capacity ? 2 * t->step_capacity : 32;
        struct mr_trace_step *more = mr_arena_alloc(t->arena, t->step_capacity * sizeof *more);
        if (t->trace.count)
            memcpy(more, t->trace.steps, t->trace.count * sizeof *more);
        t->trace.steps = more;
    }
    struct mr_trace_step *s = &t->trace.steps[t->trace.count++];
    *s = (struct mr_trace_step){.stage = stage, .id = *id};
    return s;
}

static bool goes_on(const struct mr_trace_step *s)
{
    return s->verdict == MR_TRACE_FORWARDED;
}

/* Through the stages of a group, as far as the row came. */
static struct mr_error *walk_group(struct mr_tracer *t, const struct mr_plan_group *g, size_t from,
                                   const struct mr_id *id, struct mr_str map, bool taken)
{
    for (size_t i = from; i < g->stage_count; i++) {
        struct mr_trace_step *s = step_new(t, &t->plan->stages[g->stages[i]], id);
        s->before = map;
        MR_TRY(judge(t, s, i + 1 == g->stage_count, taken));
        map = s->after;
        if (!goes_on(s))
            break;
    }
    return NULL;
}

/* A row that a stage of the group made, or whose way before is gone, shows behind that stage. */
static struct mr_error *enters_inside(struct mr_tracer *t, const struct mr_plan_group *g,
                                      const struct mr_id *id)
{
    const struct seen *row;
    for (size_t i = 0; i < g->stage_count; i++) {
        const struct mr_plan_stage *stage = &t->plan->stages[g->stages[i]];
        MR_TRY(find(t, stage->drops_topic, id, &row));
        if (!row->found)
            MR_TRY(find(t, stage->dead_topic, id, &row));
        if (row->found) {
            struct mr_value body = mr_browse_field(row->map, "row");
            return walk_group(t, g, i, id, mr_str_span((const char *)body.ptr, body.len), false);
        }
    }
    const struct mr_plan_stage *tail = &t->plan->stages[g->stages[g->stage_count - 1]];
    MR_TRY(gone_on(t, tail, id, &row));
    if (!row->found)
        return NULL;
    struct mr_trace_step *s = step_new(t, tail, id);
    static const struct mr_id none;
    bool made = !mr_id_eq(&row->head.parent, &none) || row->head.place.source == UINT16_MAX;
    s->verdict = tail->kind == MR_STAGE_SOURCE ? MR_TRACE_READ
                 : made                        ? MR_TRACE_MADE
                                               : MR_TRACE_FORWARDED;
    s->after = row->map;
    return NULL;
}

/* The ids by which the row may be known here: its own, and those that branches gave it. */
struct names {
    struct mr_id ids[16];
    size_t count;
};

static void add_name(struct names *n, struct mr_id id)
{
    for (size_t i = 0; i < n->count; i++)
        if (mr_id_eq(&n->ids[i], &id))
            return;
    if (n->count < sizeof n->ids / sizeof *n->ids)
        n->ids[n->count++] = id;
}

static struct mr_error *visit_group(struct mr_tracer *t, const struct mr_plan_group *g,
                                    struct names *names)
{
    const struct mr_plan_stage *head = &t->plan->stages[g->stages[0]];
    size_t known = names->count;
    bool came = false;
    for (size_t k = 0; k < head->input_count && head->kind != MR_STAGE_SOURCE; k++)
        for (size_t i = 0; i < known; i++) {
            const struct seen *row;
            MR_TRY(find(t, head->inputs[k].topic, &names->ids[i], &row));
            if (!row->found)
                continue;
            struct mr_str branch = head->inputs[k].branch, map = row->map;
            bool taken = row->taken;
            struct mr_id id = branch.len ? mr_id_branch(&names->ids[i], branch) : names->ids[i];
            add_name(names, id);
            came = true;
            MR_TRY(walk_group(t, g, 0, &id, map, taken));
        }
    for (size_t i = 0; i < known && !came; i++)
        MR_TRY(enters_inside(t, g, &names->ids[i]));
    return NULL;
}

/* The row of a source from which this one comes: itself, or the first of its parents. */
static struct mr_error *find_origin(struct mr_tracer *t, const struct mr_id *id)
{
    enum { DEEPEST = 32 };
    static const struct mr_id none;
    struct mr_id origin = *id, parent = t->trace.head.parent;
    for (int depth = 0; depth < DEEPEST && !mr_id_eq(&parent, &none); depth++) {
        origin = parent;
        parent = none;
        for (size_t i = 0; i < t->plan->topic_count; i++) {
            const struct seen *row;
            MR_TRY(find(t, (int)i, &origin, &row));
            if (row->found) {
                parent = row->head.parent;
                break;
            }
        }
    }
    t->trace.file = mr_origins_path(t->origins, &origin, &t->trace.head.place);
    return NULL;
}

struct mr_error *mr_tracer_find(struct mr_tracer *t, const struct mr_id *id, struct mr_trace **out)
{
    struct names names = {.count = 0};
    mr_arena_reset(t->arena);
    t->seen_count = 0;
    t->step_capacity = 0;
    t->trace = (struct mr_trace){0};
    add_name(&names, *id);
    for (size_t g = 0; g < t->plan->group_count; g++)
        MR_TRY(visit_group(t, &t->plan->groups[g], &names));
    if (!t->trace.count) {
        char hex[MR_ID_HEX_LEN + 1];
        mr_id_hex(id, hex);
        return mr_error(MR_ROW_UNKNOWN, "pipeline \"%.*s\" keeps no row %s", MR_FMT(t->plan->name),
                        hex);
    }
    MR_TRY(find_origin(t, id));
    *out = &t->trace;
    return NULL;
}
