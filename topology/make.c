/* From checked items to the plan: stages, groups, topics, bells; sealed at the end. */
#include "topology/topology_private.h"

enum {
    KEYED_PARTITIONS = 8,
    DEFAULT_BOUND = 256000000,
    ENDLESS_KEEP = 1000000000,
    DEFAULT_LONGEST_ROW_MS = 300000
};

/* ---- stages ---- */

/* The one task of an index gets help: prepare runs as a stage of its own. */
static bool has_prepare_stage(const struct item *item)
{
    return item->op && item->op->prepare &&
           (item->op->scope == MR_ONE_TASK || item->op->scope == MR_WHOLE_SET) &&
           (item->scale > 1 || item->partitions > 1);
}

/* A scaled source lists in one task and reads in many. */
static bool has_list_stage(const struct item *item)
{
    return item->kind == MR_STAGE_SOURCE && (item->scale > 1 || item->partitions > 1);
}

static struct mr_str copy(struct maker *m, struct mr_str s)
{
    return mr_arena_str(m->c->arena, s);
}

static struct mr_plan_stage *stage_new(struct maker *m, struct item *item, enum mr_stage_kind kind,
                                       struct mr_str id)
{
    struct mr_plan *plan = m->plan;
    struct mr_plan_stage *s = &plan->stages[plan->stage_count];
    m->item_of[plan->stage_count] = (int)(item - m->c->topo->items);
    *s = (struct mr_plan_stage){
        .id = copy(m, id),
        .kind = kind,
        .use = mr_str_of(item->op       ? item->op->name
                         : item->source ? item->source->name
                                        : item->sink->name),
        .op = item->op,
        .source = item->source,
        .sink = item->sink,
        .mode = item->mode,
        .settings = item->settings,
        .setting_count = item->setting_count,
        .number = (uint16_t)plan->stage_count,
        .group = MR_PLAN_NONE,
        .drops_topic = MR_PLAN_NONE,
        .dead_topic = MR_PLAN_NONE,
        .keep_dropped = item->keep_dropped,
        .longest_row_ms =
            item->longest_row_ms ? (uint32_t)item->longest_row_ms : DEFAULT_LONGEST_ROW_MS,
    };
    s->bound = mr_arena_zalloc(m->c->arena, (item->role_count + 1) * sizeof *s->bound);
    for (size_t r = 0; r < item->role_count; r++)
        if (item->roles[r].given)
            s->bound[s->bound_count++] = (struct mr_bound_role){
                mr_str_of(item->roles[r].key->name), item->roles[r].names, item->roles[r].count};
    plan->stage_count++;
    return s;
}

static void make_stages(struct maker *m)
{
    struct topo *t = m->c->topo;
    m->plan->stages = mr_arena_zalloc(m->c->arena, (2 * t->count + 1) * sizeof *m->plan->stages);
    m->item_of = mr_arena_zalloc(m->c->arena, (2 * t->count + 1) * sizeof *m->item_of);
    for (size_t i = 0; i < t->order_count; i++) {
        struct item *item = &t->items[t->order[i]];
        if (has_prepare_stage(item)) {
            item->prepare_stage = (int)m->plan->stage_count;
            stage_new(m, item, MR_STAGE_PREPARE,
                      mr_arena_printf(m->c->arena, "%.*s.prepare", MR_FMT(item->id)));
        }
        bool listed = has_list_stage(item);
        if (listed)
            stage_new(m, item, MR_STAGE_SOURCE,
                      mr_arena_printf(m->c->arena, "%.*s.list", MR_FMT(item->id)))
                ->part = MR_SOURCE_LIST;
        item->stage = (int)m->plan->stage_count;
        struct mr_plan_stage *s = stage_new(m, item, item->kind, item->id);
        s->part = listed ? MR_SOURCE_READ : MR_SOURCE_WHOLE;
        s->also_prepares = item->op && item->op->prepare && item->prepare_stage == MR_PLAN_NONE;
        s->window_rows = item->window_rows;
        s->window_idle_ms = item->window_idle_ms;
    }
}

/* ---- groups ---- */

static uint32_t partitions_of(const struct item *item, const struct mr_plan_stage *s)
{
    if (s->part == MR_SOURCE_READ)
        return item->partitions ? item->partitions : KEYED_PARTITIONS;
    if (!item->op)
        return 1;
    bool one = item->op->scope == MR_ONE_TASK || item->op->scope == MR_WHOLE_SET;
    if (one && s->kind != MR_STAGE_PREPARE)
        return 1;
    if (item->partitions)
        return item->partitions;
    return item->scale > 1 || item->op->scope == MR_KEYED ? KEYED_PARTITIONS : 1;
}

static uint32_t scale_of(const struct item *item, const struct mr_plan_stage *s)
{
    if (s->part == MR_SOURCE_READ)
        return item->scale ? item->scale : 1;
    bool one = item->op && (item->op->scope == MR_ONE_TASK || item->op->scope == MR_WHOLE_SET);
    return !item->op || !item->scale || (one && s->kind != MR_STAGE_PREPARE) ? 1 : item->scale;
}

static void add_stage(struct maker *m, struct mr_plan_group *g, int stage)
{
    if ((g->stage_count & (g->stage_count - 1)) == 0) { /* room doubles at the powers of two */
        int *more =
            mr_arena_alloc(m->c->arena, (g->stage_count ? 2 * g->stage_count : 1) * sizeof *more);
        if (g->stage_count)
            memcpy(more, g->stages, g->stage_count * sizeof *more);
        g->stages = more;
    }
    g->stages[g->stage_count++] = stage;
}

static void make_groups(struct maker *m)
{
    struct mr_plan *plan = m->plan;
    uint32_t bell = MR_BELL_FIRST, processes = 0;
    plan->groups = mr_arena_zalloc(m->c->arena, (plan->stage_count + 1) * sizeof *plan->groups);
    for (size_t i = 0; i < plan->stage_count; i++) {
        struct mr_plan_stage *s = &plan->stages[i];
        struct item *item = &m->c->topo->items[m->item_of[i]];
        if (item->joins) {
            s->group = plan->stages[m->c->topo->items[item->from[0].item].stage].group;
            add_stage(m, &plan->groups[s->group], (int)i);
            continue;
        }
        struct mr_plan_group *g = &plan->groups[plan->group_count];
        s->group = (int)plan->group_count++;
        add_stage(m, g, (int)i);
        g->partitions = partitions_of(item, s);
        g->scale = scale_of(item, s);
        g->first_bell = bell;
        bell += mr_plan_bells(g);
        processes += g->scale;
    }
    if (processes > MR_PLAN_PROCESSES_MAX)
        TOPO_ERROR(m->c, MR_TOPOLOGY_SCALE, NULL, "Scale less, or `fuse: auto`.",
                   "the topology asks for %u processes; %d is the most", processes,
                   MR_PLAN_PROCESSES_MAX);
    else if (bell - MR_BELL_FIRST > MR_PLAN_BELLS_MAX)
        TOPO_ERROR(m->c, MR_TOPOLOGY_SCALE, NULL, "Declare fewer `partitions:`, or `fuse: auto`.",
                   "the topology has %u partitions to be scaled over; %d is the most",
                   bell - MR_BELL_FIRST, MR_PLAN_BELLS_MAX);
}

/* ---- topics ---- */

static int topic_new(struct maker *m, int stage, struct mr_str output, uint32_t partitions)
{
    struct mr_plan *plan = m->plan;
    if (plan->topic_count == m->topic_capacity) {
        size_t capacity = m->topic_capacity ? 2 * m->topic_capacity : 16;
        struct mr_plan_topic *more = mr_arena_alloc(m->c->arena, capacity * sizeof *more);
        if (plan->topic_count)
            memcpy(more, plan->topics, plan->topic_count * sizeof *more);
        plan->topics = more;
        m->topic_capacity = capacity;
    }
    const struct item *item = &m->c->topo->items[m->item_of[stage]];
    plan->topics[plan->topic_count] = (struct mr_plan_topic){
        .name = mr_arena_printf(m->c->arena, "%.*s.%.*s.%.*s.e%u", MR_FMT(plan->name),
                                MR_FMT(plan->stages[stage].id), MR_FMT(output), plan->epoch),
        .stage = stage,
        .partitions = partitions,
        .lanes = plan->groups[plan->stages[stage].group].partitions,
        .bound_bytes = item->bound ? item->bound : DEFAULT_BOUND,
        .keep_bytes = item->retention                             ? item->retention
                      : !plan->endless                            ? 0
                      : m->c->topo->replay_horizon > ENDLESS_KEEP ? m->c->topo->replay_horizon
                                                                  : ENDLESS_KEEP,
    };
    return (int)plan->topic_count++;
}

static struct mr_plan_output *output_new(struct maker *m, int stage, struct mr_str name,
                                         int outcome, int topic)
{
    struct mr_plan_stage *s = &m->plan->stages[stage];
    struct mr_plan_output *more = mr_arena_alloc(m->c->arena, (s->output_count + 1) * sizeof *more);
    if (s->output_count)
        memcpy(more, s->outputs, s->output_count * sizeof *more);
    const struct item *item = &m->c->topo->items[m->item_of[stage]];
    more[s->output_count] =
        (struct mr_plan_output){.name = copy(m, name), .outcome = outcome, .topic = topic};
    if (outcome <= MR_PLAN_ROUTE)
        more[s->output_count].route = copy(m, item->routes[MR_PLAN_ROUTE - outcome].text);
    s->outputs = more;
    return &more[s->output_count++];
}

/* By which keys the rows of a stage's input meet. */
static const struct topo_role *key_role(const struct item *item)
{
    return item->op && item->op->scope == MR_KEYED ? &item->roles[item->op->key_role] : NULL;
}

static bool same_keys(const struct mr_plan_topic *t, const struct topo_role *role)
{
    if (t->key_count != (role ? role->count : 0))
        return false;
    for (size_t i = 0; i < t->key_count; i++)
        if (!mr_str_eq(t->key[i], role->names[i]))
            return false;
    return true;
}

static struct mr_str output_name(const struct maker *m, int stage, int outcome)
{
    if (outcome == MR_PLAN_NONE)
        return MR_STR("out");
    if (outcome <= MR_PLAN_ROUTE)
        return m->c->topo->items[m->item_of[stage]].routes[MR_PLAN_ROUTE - outcome].name;
    return mr_str_of(m->plan->stages[stage].op->outcomes[outcome].name);
}

/* The topic that carries an output of a stage in the partitions a reader needs: an existing one, or
 * one more. Further ones are named after the reader. */
static int topic_for(struct maker *m, int stage, int outcome, const struct item *reader,
                     uint32_t partitions, const struct topo_role *keys)
{
    struct mr_plan_stage *s = &m->plan->stages[stage];
    struct mr_str name = output_name(m, stage, outcome);
    bool first = true;
    for (size_t i = 0; i < s->output_count; i++) {
        if (s->outputs[i].outcome != outcome)
            continue;
        const struct mr_plan_topic *t = &m->plan->topics[s->outputs[i].topic];
        if (t->partitions == partitions && same_keys(t, keys))
            return s->outputs[i].topic;
        first = false;
    }
    if (!first)
        name = mr_arena_printf(m->c->arena, "%.*s-%.*s", MR_FMT(name), MR_FMT(reader->id));
    int topic = topic_new(m, stage, name, partitions);
    if (keys) {
        m->plan->topics[topic].key = keys->names;
        m->plan->topics[topic].key_count = keys->count;
    }
    output_new(m, stage, name, outcome, topic);
    return topic;
}

static void connect(struct maker *m, int stage, const struct item *reader)
{
    struct mr_plan_stage *s = &m->plan->stages[stage];
    uint32_t partitions = m->plan->groups[s->group].partitions;
    s->inputs = mr_arena_zalloc(m->c->arena, (reader->from_count + 1) * sizeof *s->inputs);
    for (size_t i = 0; i < reader->from_count; i++) {
        const struct ref *ref = &reader->from[i];
        int writer = m->c->topo->items[ref->item].stage;
        s->inputs[s->input_count++] = (struct mr_plan_input){
            topic_for(m, writer, ref->outcome, reader, partitions, key_role(reader)),
            ref->branch ? copy(m, ref->text) : (struct mr_str){0}};
    }
}

static void record_topics(struct maker *m, int stage)
{
    struct mr_plan_stage *s = &m->plan->stages[stage];
    bool drops = false;
    for (const struct mr_outcome *o = s->op ? s->op->outcomes : NULL; o && o->name; o++)
        drops = drops || o->kind == MR_DROP;
    if (drops)
        s->drops_topic = topic_new(m, stage, MR_STR("drops"), 1);
    s->dead_topic = topic_new(m, stage, MR_STR("dead"), 1);
    for (int i = s->drops_topic == MR_PLAN_NONE ? s->dead_topic : s->drops_topic;
         i <= s->dead_topic; i++) {
        m->plan->topics[i].record = true;
        m->plan->topics[i].bound_bytes = 0; /* nobody reads it during a run */
        /* Dead letters are rows: they stay. Drop records of an endless run are a window. */
        m->plan->topics[i].keep_bytes = m->plan->endless && i == s->drops_topic ? ENDLESS_KEEP : 0;
    }
    /* Cuts are few and small: they stay, so that a replay finds them. */
    if (s->kind == MR_STAGE_OPERATOR && (s->window_rows || s->window_idle_ms)) {
        struct mr_plan_topic *t = &m->plan->topics[topic_new(m, stage, MR_STR("cuts"), 1)];
        t->record = t->cuts = true;
        t->bound_bytes = t->keep_bytes = 0;
    }
}

/* Rows that go on are "out", the first output, even where nobody reads them. */
static void close_outputs(struct maker *m, int stage, bool handed_on)
{
    struct mr_plan_stage *s = &m->plan->stages[stage];
    size_t at = 0;
    while (at < s->output_count && s->outputs[at].outcome != MR_PLAN_NONE)
        at++;
    if (s->kind == MR_STAGE_SINK)
        return;
    if (at == s->output_count)
        output_new(m, stage, MR_STR("out"), MR_PLAN_NONE,
                   handed_on ? MR_PLAN_NONE : topic_new(m, stage, MR_STR("out"), 1));
    struct mr_plan_output first = s->outputs[at];
    memmove(s->outputs + 1, s->outputs, at * sizeof *s->outputs);
    s->outputs[0] = first;
    /* Every route has its topic, since a row takes the first that is true, read or not. */
    const struct item *item = &m->c->topo->items[m->item_of[stage]];
    for (size_t r = 0; r < item->route_count && s->kind == MR_STAGE_OPERATOR; r++) {
        int outcome = MR_PLAN_ROUTE - (int)r;
        bool there = false;
        for (size_t i = 0; i < s->output_count; i++)
            there = there || s->outputs[i].outcome == outcome;
        if (!there)
            output_new(m, stage, item->routes[r].name, outcome,
                       topic_new(m, stage, item->routes[r].name, 1));
    }
}

static void connect_all(struct maker *m, bool keyed)
{
    for (size_t i = 0; i < m->plan->stage_count; i++) {
        struct mr_plan_stage *s = &m->plan->stages[i];
        struct item *item = &m->c->topo->items[m->item_of[i]];
        bool index = item->prepare_stage != MR_PLAN_NONE && s->kind == MR_STAGE_OPERATOR;
        if (s->kind == MR_STAGE_SOURCE || item->joins || index || keyed != (key_role(item) != NULL))
            continue;
        connect(m, (int)i, item);
    }
}

static void make_topics(struct maker *m)
{
    struct mr_plan *plan = m->plan;
    /* Keyed readers first: a row without the key is refused before any other topic got it. */
    connect_all(m, true);
    connect_all(m, false);
    for (size_t i = 0; i < plan->stage_count; i++) {
        struct item *item = &m->c->topo->items[m->item_of[i]];
        bool list = plan->stages[i].part == MR_SOURCE_LIST;
        if (!list && plan->stages[i].kind != MR_STAGE_PREPARE)
            continue;
        /* The internal first half of the stage that follows: entries, or prepared rows. */
        struct mr_plan_stage *second = &plan->stages[i + 1];
        second->inputs = mr_arena_zalloc(m->c->arena, sizeof *second->inputs);
        second->inputs[second->input_count++].topic =
            topic_for(m, (int)i, MR_PLAN_NONE, item, partitions_of(item, second), NULL);
    }
    for (size_t i = 0; i < plan->stage_count; i++) {
        const struct mr_plan_group *g = &plan->groups[plan->stages[i].group];
        close_outputs(m, (int)i, g->stages[g->stage_count - 1] != (int)i);
        record_topics(m, (int)i);
    }
}

/* ---- the whole ---- */

static void fill_edges(struct maker *m)
{
    struct mr_compiled *out = m->c->out;
    out->edges = mr_arena_zalloc(m->c->arena, (m->plan->stage_count + 1) * sizeof *out->edges);
    for (size_t i = 0; i < m->plan->stage_count; i++) {
        const struct item *item = &m->c->topo->items[m->item_of[i]];
        const struct flow_schema *s =
            m->plan->stages[i].kind == MR_STAGE_PREPARE ? item->schema_in : item->schema;
        if (m->plan->stages[i].kind == MR_STAGE_SINK || m->plan->stages[i].part == MR_SOURCE_LIST ||
            !s)
            continue;
        struct mr_edge_keys *edge = &out->edges[out->edge_count++];
        edge->topic_or_stage = (int)i;
        edge->schema = (struct mr_schema){.sample_rows = s->sample_rows,
                                          .open = s->open,
                                          .unknown = s->unknown,
                                          .bytes = s->bytes};
        edge->schema.keys =
            mr_arena_zalloc(m->c->arena, (s->count + 1) * sizeof *edge->schema.keys);
        for (size_t k = 0; k < s->count; k++)
            if (!s->keys[k].gone)
                edge->schema.keys[edge->schema.count++] = (struct mr_schema_key){
                    copy(m, s->keys[k].name), s->keys[k].types, s->keys[k].always};
    }
}

static void fill_notes(struct maker *m)
{
    m->c->out->notes =
        mr_arena_zalloc(m->c->arena, (m->plan->stage_count + 1) * sizeof *m->c->out->notes);
    for (size_t i = 0; i < m->plan->stage_count; i++) {
        const struct item *item = &m->c->topo->items[m->item_of[i]];
        m->c->out->notes[i].price = item->price;
        m->c->out->notes[i].fusion = mr_str_of(
            m->plan->stages[i].kind == MR_STAGE_PREPARE ? "prepares rows for the index"
            : m->plan->stages[i].part == MR_SOURCE_LIST ? "lists files for the tasks that read them"
            : item->cut                                 ? item->cut
                                                        : "fused with the stage before it");
    }
}

void mr_topology__make(struct compile *c)
{
    struct topo *t = c->topo;
    struct mr_plan *plan = mr_arena_zalloc(c->arena, sizeof *plan);
    struct maker m = {.c = c, .plan = plan};
    *plan = (struct mr_plan){
        .name = mr_arena_str(c->arena, t->name),
        .epoch = 1,
        .seed = t->seed,
        .row_limit = c->options->row_limit,
        .max_row_bytes = t->max_row_bytes,
        .base_dir = mr_str_of(c->base_dir),
        .disk_budget_bytes = t->disk_budget,
        .lz4 = t->lz4,
    };
    for (size_t i = 0; i < t->source_count; i++)
        plan->endless = plan->endless || t->items[i].endless;
    mr_topology__branches(c);
    mr_topology__fuse(c);
    make_stages(&m);
    make_groups(&m);
    make_topics(&m);
    fill_notes(&m);
    mr_topology__order(&m);
    fill_edges(&m);
    if (c->out->error_count)
        return;
    mr_plan_seal(plan);
    c->out->plan = plan;
}
