/* From stored bytes back to a plan: any byte may be wrong, nothing is believed before it is
 * checked. */
#include "runtime/plan/plan_private.h"

struct cursor {
    struct mr_walk walk;
    struct mr_arena *arena;
    bool *bad; /* shared by all cursors of one decode: set once, looked at in the end */
    bool before; /* of MR_PLAN_FORMAT_BEFORE */
};

/* The next value when it has one of these types; otherwise marks the plan as bad. */
static bool take(struct cursor *c, uint32_t types, struct mr_value *v)
{
    if (!*c->bad && mr_walk_next(&c->walk, v) && (mr_value_type(*v) & types))
        return true;
    *c->bad = true;
    return false;
}

static struct mr_str take_text(struct cursor *c)
{
    struct mr_value v;
    return take(c, MR_TEXT, &v) ? mr_arena_str(c->arena, mr_value_text(v)) : (struct mr_str){0};
}

static uint64_t take_uint(struct cursor *c, uint64_t max)
{
    struct mr_value v;
    uint64_t n = 0;
    if (take(c, MR_INT, &v) && (!mr_value_uint(v, &n) || n > max)) {
        *c->bad = true;
        n = 0;
    }
    return n;
}

static int take_index(struct cursor *c) /* MR_PLAN_NONE or an index */
{
    struct mr_value v;
    int64_t n = MR_PLAN_NONE;
    if (take(c, MR_INT, &v) && (!mr_value_int(v, &n) || n < MR_PLAN_NONE || n > INT32_MAX)) {
        *c->bad = true;
        n = MR_PLAN_NONE;
    }
    return (int)n;
}

static int take_outcome(struct cursor *c) /* below MR_PLAN_NONE: a route's number */
{
    struct mr_value v;
    int64_t n = MR_PLAN_NONE;
    if (take(c, MR_INT, &v) &&
        (!mr_value_int(v, &n) || n < MR_PLAN_ROUTE - UINT16_MAX || n > INT32_MAX)) {
        *c->bad = true;
        n = MR_PLAN_NONE;
    }
    return (int)n;
}

static bool take_bool(struct cursor *c)
{
    struct mr_value v;
    return take(c, MR_BOOL, &v) && mr_value_bool(v);
}

static struct mr_id take_id(struct cursor *c)
{
    struct mr_id id = {{0}};
    struct mr_value v;
    if (take(c, MR_BYTES, &v)) {
        struct mr_str bytes = mr_value_text(v);
        if (bytes.len == sizeof id.b)
            memcpy(id.b, bytes.ptr, sizeof id.b);
        else
            *c->bad = true;
    }
    return id;
}

/* A list and its length; fixed ≠ 0: exactly that long. A count can be believed as an allocation
 * size because the whole text was walked before: each item takes at least a byte. */
static struct cursor take_list(struct cursor *c, uint32_t fixed, size_t *count)
{
    struct cursor inner = {.arena = c->arena, .bad = c->bad, .before = c->before};
    struct mr_value v;
    *count = 0;
    if (!take(c, MR_LIST, &v))
        return inner;
    if (fixed && mr_value_count(v) != fixed) {
        *c->bad = true;
        return inner;
    }
    *count = mr_value_count(v);
    mr_walk_begin(&inner.walk, v);
    return inner;
}

static void *room(struct cursor *c, size_t count, size_t size)
{
    return mr_arena_zalloc(c->arena, count * size + 1);
}

static struct mr_str *take_texts(struct cursor *c, size_t *count)
{
    struct cursor in = take_list(c, 0, count);
    struct mr_str *items = room(c, *count, sizeof *items);
    for (size_t i = 0; i < *count; i++)
        items[i] = take_text(&in);
    return items;
}

static void take_settings(struct cursor *c, struct mr_plan_stage *s)
{
    size_t fields;
    struct cursor in = take_list(c, 0, &s->setting_count);
    s->settings = room(c, s->setting_count, sizeof *s->settings);
    for (size_t i = 0; i < s->setting_count; i++) {
        struct cursor pair = take_list(&in, 2, &fields);
        struct mr_value v;
        s->settings[i].name = take_text(&pair);
        if (!take(&pair, MR_TEXT | MR_NULL, &v))
            return;
        if (mr_value_type(v) == MR_NULL)
            s->settings[i].null = true;
        else
            s->settings[i].value = mr_arena_str(c->arena, mr_value_text(v));
    }
}

static void take_bound(struct cursor *c, struct mr_plan_stage *s)
{
    size_t fields;
    struct cursor in = take_list(c, 0, &s->bound_count);
    s->bound = room(c, s->bound_count, sizeof *s->bound);
    for (size_t i = 0; i < s->bound_count; i++) {
        struct cursor pair = take_list(&in, 2, &fields);
        s->bound[i].role = take_text(&pair);
        s->bound[i].keys = take_texts(&pair, &s->bound[i].count);
    }
}

static void take_edges(struct cursor *c, struct mr_plan_stage *s)
{
    size_t fields;
    struct cursor in = take_list(c, 0, &s->input_count);
    s->inputs = room(c, s->input_count, sizeof *s->inputs);
    for (size_t i = 0; i < s->input_count; i++) {
        struct cursor f = take_list(&in, 2, &fields);
        s->inputs[i].topic = take_index(&f);
        s->inputs[i].branch = take_text(&f);
    }
    in = take_list(c, 0, &s->output_count);
    s->outputs = room(c, s->output_count, sizeof *s->outputs);
    for (size_t i = 0; i < s->output_count; i++) {
        struct cursor f = take_list(&in, 4, &fields);
        s->outputs[i].name = take_text(&f);
        s->outputs[i].outcome = take_outcome(&f);
        s->outputs[i].route = take_text(&f);
        s->outputs[i].topic = take_index(&f);
    }
}

static void take_only(struct cursor *from, struct mr_plan_only *only)
{
    size_t fields;
    struct cursor c = take_list(from, PLAN_ONLY_FIELDS, &fields);
    only->where = take_text(&c);
    only->since_ms = take_uint(&c, UINT64_MAX);
    only->until_ms = take_uint(&c, UINT64_MAX);
    only->since_n = take_uint(&c, UINT64_MAX);
    only->until_n = take_uint(&c, UINT64_MAX);
}

static void take_stage(struct cursor *from, struct mr_plan_stage *s)
{
    size_t fields;
    struct cursor c =
        take_list(from, from->before ? PLAN_STAGE_FIELDS_BEFORE : PLAN_STAGE_FIELDS, &fields);
    s->id = take_text(&c);
    s->kind = (enum mr_stage_kind)take_uint(&c, MR_STAGE_SINK);
    s->part = (enum mr_source_part)take_uint(&c, MR_SOURCE_READ);
    s->use = take_text(&c);
    s->mode = (enum mr_mode)take_uint(&c, MR_MODE_COMPAT);
    take_settings(&c, s);
    take_bound(&c, s);
    s->group = take_index(&c);
    s->number = (uint16_t)take_uint(&c, UINT16_MAX);
    s->also_prepares = take_bool(&c);
    take_edges(&c, s);
    s->drops_topic = take_index(&c);
    s->dead_topic = take_index(&c);
    s->keep_dropped = take_bool(&c);
    s->order = (enum mr_order)take_uint(&c, MR_ORDER_ARRIVAL);
    s->window_rows = take_uint(&c, UINT64_MAX);
    s->window_idle_ms = take_uint(&c, UINT64_MAX);
    if (!c.before) {
        s->cuts_epoch = (uint32_t)take_uint(&c, UINT32_MAX);
        s->keeps_open = take_bool(&c);
    }
    s->longest_row_ms = (uint32_t)take_uint(&c, UINT32_MAX);
    s->epoch = (uint32_t)take_uint(&c, UINT32_MAX);
    s->aside = take_bool(&c);
    take_only(&c, &s->only);
    s->fingerprint = take_id(&c);
}

static void take_topic(struct cursor *from, struct mr_plan_topic *t)
{
    size_t fields;
    struct cursor c =
        take_list(from, from->before ? PLAN_TOPIC_FIELDS_BEFORE : PLAN_TOPIC_FIELDS, &fields);
    t->name = take_text(&c);
    t->stage = take_index(&c);
    t->partitions = (uint32_t)take_uint(&c, UINT32_MAX);
    t->lanes = (uint32_t)take_uint(&c, UINT32_MAX);
    t->key = take_texts(&c, &t->key_count);
    t->bound_bytes = take_uint(&c, UINT64_MAX);
    t->keep_bytes = take_uint(&c, UINT64_MAX);
    t->record = take_bool(&c);
    if (!c.before)
        t->cuts = take_bool(&c);
}

static void take_group(struct cursor *from, struct mr_plan_group *g)
{
    size_t fields;
    struct cursor c = take_list(from, PLAN_GROUP_FIELDS, &fields);
    struct cursor in = take_list(&c, 0, &g->stage_count);
    g->stages = room(&c, g->stage_count, sizeof *g->stages);
    for (size_t i = 0; i < g->stage_count; i++)
        g->stages[i] = take_index(&in);
    g->partitions = (uint32_t)take_uint(&c, UINT32_MAX);
    g->scale = (uint32_t)take_uint(&c, UINT32_MAX);
    g->first_bell = (uint32_t)take_uint(&c, UINT32_MAX);
}

static void take_plan(struct cursor *c, struct mr_plan *p)
{
    p->name = take_text(c);
    p->epoch = (uint32_t)take_uint(c, UINT32_MAX);
    p->seed = take_uint(c, UINT64_MAX);
    p->endless = take_bool(c);
    p->row_limit = take_uint(c, UINT64_MAX);
    p->max_row_bytes = (size_t)take_uint(c, SIZE_MAX);
    p->base_dir = take_text(c);
    p->disk_budget_bytes = take_uint(c, UINT64_MAX);
    p->lz4 = take_bool(c);
    struct cursor in = take_list(c, 0, &p->stage_count);
    p->stages = room(c, p->stage_count, sizeof *p->stages);
    for (size_t i = 0; i < p->stage_count; i++)
        take_stage(&in, &p->stages[i]);
    in = take_list(c, 0, &p->topic_count);
    p->topics = room(c, p->topic_count, sizeof *p->topics);
    for (size_t i = 0; i < p->topic_count; i++)
        take_topic(&in, &p->topics[i]);
    in = take_list(c, 0, &p->group_count);
    p->groups = room(c, p->group_count, sizeof *p->groups);
    for (size_t i = 0; i < p->group_count; i++)
        take_group(&in, &p->groups[i]);
    p->hash = take_id(c);
}

static struct mr_error *resolve(struct mr_plan *plan, const struct mr_registry *registry,
                                const struct mr_connectors *connectors)
{
    for (size_t i = 0; i < plan->stage_count; i++) {
        struct mr_plan_stage *s = &plan->stages[i];
        if (s->kind == MR_STAGE_SOURCE)
            s->source = connectors ? mr_source_find(connectors, s->use) : NULL;
        else if (s->kind == MR_STAGE_SINK)
            s->sink = connectors ? mr_sink_find(connectors, s->use) : NULL;
        else
            s->op = registry ? mr_registry_find(registry, s->use) : NULL;
        if (!s->op && !s->source && !s->sink)
            return mr_error(MR_PLAN_INVALID,
                            "stage \"%.*s\" uses \"%.*s\", which is not known here", MR_FMT(s->id),
                            MR_FMT(s->use));
    }
    return NULL;
}

/* kept: it was sealed by a program whose operators may have been others. */
static struct mr_error *decode(struct mr_str bytes, const struct mr_registry *registry,
                               const struct mr_connectors *connectors, struct mr_arena *arena,
                               bool kept, struct mr_plan **out)
{
    bool bad = false;
    size_t fields;
    *out = NULL;
    if (bytes.len == 0 || bytes.len > UINT32_MAX ||
        mr_value_skip((const uint8_t *)bytes.ptr, bytes.len) != bytes.len)
        return mr_error(MR_PLAN_INVALID, "the bytes are not a compiled plan");
    struct cursor top = {.arena = arena, .bad = &bad};
    top.walk =
        (struct mr_walk){(const uint8_t *)bytes.ptr, (const uint8_t *)bytes.ptr + bytes.len, 1};
    struct cursor c = take_list(&top, 0, &fields);
    if (!mr_str_is(take_text(&c), PLAN_MAGIC) || bad)
        return mr_error(MR_PLAN_INVALID, "the bytes are not a compiled plan");
    uint64_t format = take_uint(&c, UINT64_MAX);
    c.before = format == MR_PLAN_FORMAT_BEFORE;
    if (!bad && format != MR_PLAN_FORMAT && !c.before)
        return mr_error(MR_PLAN_VERSION, "the plan has format %llu, this program reads format %d",
                        (unsigned long long)format, MR_PLAN_FORMAT);
    struct mr_plan *plan = mr_arena_zalloc(arena, sizeof *plan);
    if (!bad && fields == PLAN_FIELDS)
        take_plan(&c, plan);
    if (bad || fields != PLAN_FIELDS)
        return mr_error(MR_PLAN_INVALID, "the compiled plan is damaged");
    MR_TRY(resolve(plan, registry, connectors));
    MR_TRY(mr_plan__validate(plan, !kept));
    if (kept) {
        mr_plan__shapes(plan);
        *out = plan;
        return NULL;
    }
    struct mr_id hash = plan->hash;
    mr_plan_seal(plan);
    if (!mr_id_eq(&hash, &plan->hash))
        return mr_error(MR_PLAN_INVALID,
                        "the plan does not match its hash: it was changed, or compiled by a "
                        "program with other operators");
    *out = plan;
    return NULL;
}

struct mr_error *mr_plan_decode(struct mr_str bytes, const struct mr_registry *registry,
                                const struct mr_connectors *connectors, struct mr_arena *arena,
                                struct mr_plan **out)
{
    return decode(bytes, registry, connectors, arena, false, out);
}

struct mr_error *mr_plan_decode_kept(struct mr_str bytes, const struct mr_registry *registry,
                                     const struct mr_connectors *connectors,
                                     struct mr_arena *arena, struct mr_plan **out)
{
    return decode(bytes, registry, connectors, arena, true, out);
}
