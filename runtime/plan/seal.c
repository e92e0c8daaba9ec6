/* Fingerprints of stages and the hash of a plan: what must stay equal for a run to resume.
 *
 * In: what changes results (operator and version, every resolved parameter, key bindings, mode,
 * window, order, what comes in). Out: scale, folders, bounds, retention, build. */
#include "runtime/plan/plan_private.h"

/* Raised when what is hashed changes its meaning; not with the plan's stored form, so that state
 * outlives that. */
enum { MEANING = 2 };

static void hash_params(struct mr_hasher *h, const struct mr_param *table, size_t size,
                        const struct mr_plan_stage *s)
{
    struct mr_arena *arena = mr_arena_create(0);
    void *filled = mr_arena_zalloc(arena, size ? size : 1);
    struct mr_error *e = mr_params_fill(table, s->settings, s->setting_count, arena, filled);
    mr_assert(!e); /* the compiler and the decoder have checked the settings */
    struct mr_buf text = {0};
    for (const struct mr_param *p = table; p && p->name; p++) {
        bool null = false;
        text.len = 0;
        mr_param_format(p, filled, &text, &null);
        mr_hasher_text(h, mr_str_of(p->name));
        mr_hasher_u64(h, null);
        mr_hasher_text(h, null ? (struct mr_str){0} : mr_buf_str(&text));
    }
    mr_buf_finish(&text);
    mr_arena_destroy(arena);
}

static bool has_name(const char *list, struct mr_str name)
{
    while (list && *list) {
        size_t len = strcspn(list, " ");
        if (mr_str_eq(mr_str_span(list, len), name))
            return true;
        list += len + strspn(list + len, " ");
    }
    return false;
}

static const struct mr_bound_role *bound_role(const struct mr_plan_stage *s,
                                              const struct mr_key *key)
{
    for (size_t i = 0; i < s->bound_count; i++)
        if (mr_str_is(s->bound[i].role, key->name) || has_name(key->aliases, s->bound[i].role))
            return &s->bound[i];
    return NULL;
}

static void hash_keys(struct mr_hasher *h, const struct mr_plan_stage *s)
{
    for (const struct mr_key *k = s->op->keys; k && k->name; k++) {
        const struct mr_bound_role *b = bound_role(s, k);
        struct mr_str def = mr_str_of(k->def);
        const struct mr_str *keys = b ? b->keys : &def;
        size_t count = b ? b->count : (k->def ? 1 : 0);
        mr_hasher_text(h, mr_str_of(k->name));
        mr_hasher_u64(h, count);
        for (size_t i = 0; i < count; i++)
            mr_hasher_text(h, keys[i]);
    }
}

/* The routes of a stage decide what its topics carry. Each once, in their order. */
static void hash_routes(struct mr_hasher *h, const struct mr_plan_stage *s)
{
    for (int route = MR_PLAN_ROUTE;; route--) {
        const struct mr_plan_output *o = NULL;
        for (size_t i = 0; i < s->output_count && !o; i++)
            if (s->outputs[i].outcome == route)
                o = &s->outputs[i];
        if (!o)
            return;
        mr_hasher_u64(h, (uint64_t)(MR_PLAN_ROUTE - route) + 1);
        mr_hasher_text(h, o->name);
        mr_hasher_text(h, o->route);
    }
}

/* Which rows of its writer a topic carries: those that go on, a route's, or an outcome's. */
static struct mr_str rows_of(const struct mr_plan_stage *writer, int topic)
{
    int outcome = MR_PLAN_NONE;
    for (size_t o = 0; o < writer->output_count; o++)
        if (writer->outputs[o].topic == topic)
            outcome = writer->outputs[o].outcome;
    if (outcome >= 0)
        return mr_str_of(writer->op->outcomes[outcome].name);
    for (size_t o = 0; outcome != MR_PLAN_NONE && o < writer->output_count; o++)
        if (writer->outputs[o].outcome == outcome)
            return writer->outputs[o].name; /* the first one of a route is named after it */
    return MR_STR("out");
}

static void hash_upstream(struct mr_hasher *h, const struct mr_plan *plan, size_t index)
{
    const struct mr_plan_stage *s = &plan->stages[index];
    if (s->input_count == 0 && s->kind != MR_STAGE_SOURCE && s->group >= 0) {
        /* Inside a group: fed by the stage before it. */
        const struct mr_plan_group *g = &plan->groups[s->group];
        for (size_t i = 1; i < g->stage_count; i++)
            if (g->stages[i] == (int)index) {
                mr_hasher_u64(h, 1);
                mr_hasher_id(h, &plan->stages[g->stages[i - 1]].fingerprint);
                mr_hasher_text(h, MR_STR("out"));
                mr_hasher_text(h, (struct mr_str){0});
            }
        return;
    }
    mr_hasher_u64(h, s->input_count);
    for (size_t i = 0; i < s->input_count; i++) {
        int topic = s->inputs[i].topic;
        const struct mr_plan_stage *writer = &plan->stages[plan->topics[topic].stage];
        mr_hasher_id(h, &writer->fingerprint);
        mr_hasher_text(h, rows_of(writer, topic));
        mr_hasher_text(h, s->inputs[i].branch);
    }
}

static struct mr_id stage_fingerprint(const struct mr_plan *plan, size_t index)
{
    const struct mr_plan_stage *s = &plan->stages[index];
    struct mr_hasher h;
    mr_hasher_begin(&h);
    mr_hasher_u64(&h, MEANING);
    mr_hasher_u64(&h, s->kind);
    mr_hasher_text(&h, s->id); /* part of the ids of children and aggregates */
    mr_hasher_text(&h, s->use);
    mr_hasher_u64(&h, s->part);
    if (s->op) {
        mr_hasher_u64(&h, s->op->version ? s->op->version : 1);
        mr_hasher_u64(&h, s->op->has_modes ? (uint64_t)s->mode : 0);
        mr_hasher_u64(&h, plan->seed);
        hash_params(&h, s->op->params, s->op->params_size, s);
        hash_keys(&h, s);
    } else if (s->source) {
        hash_params(&h, s->source->params, s->source->params_size, s);
    } else if (s->sink) {
        hash_params(&h, s->sink->params, s->sink->params_size, s);
    }
    mr_hasher_u64(&h, s->window_rows);
    mr_hasher_u64(&h, s->window_idle_ms);
    /* Streaming and holding give the same result: only arrival order is another one. */
    mr_hasher_u64(&h, s->order == MR_ORDER_ARRIVAL);
    hash_routes(&h, s);
    hash_upstream(&h, plan, index);
    return mr_hasher_end(&h);
}

static struct mr_id group_shape(const struct mr_plan *plan, const struct mr_plan_group *g)
{
    struct mr_hasher h;
    mr_hasher_begin(&h);
    mr_hasher_u64(&h, MEANING);
    mr_hasher_u64(&h, g->partitions);
    mr_hasher_u64(&h, g->stage_count);
    for (size_t i = 0; i < g->stage_count; i++) {
        const struct mr_plan_stage *s = &plan->stages[g->stages[i]];
        mr_hasher_id(&h, &s->fingerprint);
        mr_hasher_u64(&h, s->number); /* part of the keys of its state */
        mr_hasher_u64(&h, s->output_count);
        for (size_t o = 0; o < s->output_count; o++) {
            mr_hasher_text(&h, s->outputs[o].name);
            if (s->outputs[o].topic == MR_PLAN_NONE)
                continue;
            const struct mr_plan_topic *t = &plan->topics[s->outputs[o].topic];
            mr_hasher_u64(&h, t->partitions);
            mr_hasher_u64(&h, t->key_count);
            for (size_t k = 0; k < t->key_count; k++)
                mr_hasher_text(&h, t->key[k]);
        }
    }
    /* State from before cuts were recorded has no place for them. */
    if (mr_plan_cuts_topic(plan, g) != MR_PLAN_NONE)
        mr_hasher_text(&h, MR_STR("cuts"));
    return mr_hasher_end(&h);
}

void mr_plan__shapes(struct mr_plan *plan)
{
    for (size_t i = 0; i < plan->group_count; i++)
        plan->groups[i].shape = group_shape(plan, &plan->groups[i]);
}

struct mr_id mr_plan_definition(const struct mr_plan *plan)
{
    struct mr_hasher h;
    mr_hasher_begin(&h);
    mr_hasher_u64(&h, MEANING);
    for (size_t i = 0; i < plan->stage_count; i++)
        mr_hasher_id(&h, &plan->stages[i].fingerprint);
    return mr_hasher_end(&h);
}

void mr_plan_seal(struct mr_plan *plan)
{
    struct mr_hasher h;
    mr_hasher_begin(&h);
    mr_hasher_u64(&h, MEANING);
    mr_hasher_text(&h, plan->name);
    mr_hasher_u64(&h, plan->epoch);
    mr_hasher_u64(&h, plan->stage_count);
    for (size_t i = 0; i < plan->stage_count; i++) {
        if (!plan->stages[i].epoch)
            plan->stages[i].epoch = plan->epoch;
        plan->stages[i].fingerprint = stage_fingerprint(plan, i);
        mr_hasher_id(&h, &plan->stages[i].fingerprint);
    }
    mr_hasher_u64(&h, plan->group_count);
    for (size_t i = 0; i < plan->group_count; i++) {
        const struct mr_plan_group *g = &plan->groups[i];
        mr_hasher_u64(&h, g->partitions);
        mr_hasher_u64(&h, g->stage_count);
        for (size_t k = 0; k < g->stage_count; k++)
            mr_hasher_u64(&h, (uint64_t)g->stages[k]);
    }
    mr_hasher_u64(&h, plan->topic_count);
    for (size_t i = 0; i < plan->topic_count; i++) {
        const struct mr_plan_topic *t = &plan->topics[i];
        mr_hasher_text(&h, t->name);
        mr_hasher_u64(&h, t->partitions);
        mr_hasher_u64(&h, t->key_count);
        for (size_t k = 0; k < t->key_count; k++)
            mr_hasher_text(&h, t->key[k]);
    }
    plan->hash = mr_hasher_end(&h);
    mr_plan__shapes(plan);
}
