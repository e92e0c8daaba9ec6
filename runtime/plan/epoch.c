/* Epochs of a plan's stages: what goes on where it stood, and what begins anew. */
#include "runtime/plan/plan.h"

/* The group of `base` that the group can go on from, or NULL. */
static const struct mr_plan_group *
same_group(const struct mr_plan *base, const struct mr_plan *plan, const struct mr_plan_group *g)
{
    int head = mr_plan_stage_find(base, plan->stages[g->stages[0]].id);
    if (head == MR_PLAN_NONE)
        return NULL;
    const struct mr_plan_group *old = &base->groups[base->stages[head].group];
    return old->stages[0] == head && mr_id_eq(&old->shape, &g->shape) ? old : NULL;
}

static bool reads_fresh(const struct mr_plan *plan, const struct mr_plan_group *g, uint32_t fresh)
{
    const struct mr_plan_stage *head = &plan->stages[g->stages[0]];
    for (size_t i = 0; i < head->input_count; i++)
        if (plan->stages[plan->topics[head->inputs[i].topic].stage].epoch == fresh)
            return true;
    return false;
}

struct mr_str mr_plan_topic_renamed(struct mr_str name, uint32_t epoch, struct mr_arena *arena)
{
    size_t len = name.len;
    while (len > 0 && name.ptr[len - 1] != '.')
        len--;
    return mr_arena_printf(arena, "%.*se%u", (int)len, name.ptr, (unsigned)epoch);
}

int mr_plan_cuts_topic(const struct mr_plan *plan, const struct mr_plan_group *g)
{
    for (size_t i = 0; i < plan->topic_count; i++)
        for (size_t k = 0; plan->topics[i].cuts && k < g->stage_count; k++)
            if (plan->topics[i].stage == g->stages[k])
                return (int)i;
    return MR_PLAN_NONE;
}

size_t mr_plan_continue(struct mr_plan *plan, const struct mr_plan *base, uint32_t fresh, int from,
                        struct mr_arena *names)
{
    size_t count = 0;
    /* Groups stand in topological order, like the stages that they begin with. */
    for (size_t i = 0; i < plan->group_count; i++) {
        const struct mr_plan_group *g = &plan->groups[i];
        const struct mr_plan_group *old = base ? same_group(base, plan, g) : NULL;
        bool wanted = from != MR_PLAN_NONE && plan->stages[from].group == (int)i;
        bool anew = !old || wanted || reads_fresh(plan, g, fresh);
        uint32_t epoch = anew ? fresh : base->stages[old->stages[0]].epoch;
        for (size_t k = 0; k < g->stage_count; k++)
            plan->stages[g->stages[k]].epoch = epoch;
        count += anew;
    }
    plan->epoch = count ? fresh : base->epoch;
    for (size_t i = 0; i < plan->topic_count; i++) {
        struct mr_plan_topic *t = &plan->topics[i];
        t->name = mr_plan_topic_renamed(t->name, plan->stages[t->stage].epoch, names);
    }
    mr_plan_seal(plan);
    return count;
}

/* Before it in its group, or empty. */
static struct mr_str fused_after(const struct mr_plan *plan, int stage)
{
    const struct mr_plan_group *g = &plan->groups[plan->stages[stage].group];
    for (size_t i = 1; i < g->stage_count; i++)
        if (g->stages[i] == stage)
            return plan->stages[g->stages[i - 1]].id;
    return (struct mr_str){0};
}

static bool same_settings(const struct mr_plan_stage *s, const struct mr_plan_stage *b)
{
    bool same = s->setting_count == b->setting_count;
    for (size_t i = 0; same && i < s->setting_count; i++)
        same = mr_str_eq(s->settings[i].name, b->settings[i].name) &&
               mr_str_eq(s->settings[i].value, b->settings[i].value) &&
               s->settings[i].null == b->settings[i].null;
    return same;
}

static bool same_keys(const struct mr_plan_stage *s, const struct mr_plan_stage *b)
{
    bool same = s->bound_count == b->bound_count;
    for (size_t i = 0; same && i < s->bound_count; i++) {
        const struct mr_bound_role *x = &s->bound[i], *y = &b->bound[i];
        same = mr_str_eq(x->role, y->role) && x->count == y->count;
        for (size_t k = 0; same && k < x->count; k++)
            same = mr_str_eq(x->keys[k], y->keys[k]);
    }
    return same;
}

/* Outputs of one route carry the same rows, so each is looked for by its number. */
static bool same_routes(const struct mr_plan_stage *s, const struct mr_plan_stage *b)
{
    for (size_t i = 0; i < s->output_count; i++) {
        const struct mr_plan_output *o = &s->outputs[i], *twin = NULL;
        for (size_t k = 0; k < b->output_count && !twin; k++)
            if (b->outputs[k].outcome == o->outcome)
                twin = &b->outputs[k];
        if (o->outcome <= MR_PLAN_ROUTE && (!twin || !mr_str_eq(twin->route, o->route)))
            return false;
    }
    return true;
}

static void say_redefined(const struct mr_plan_stage *s, const struct mr_plan_stage *b,
                          struct mr_buf *out)
{
    size_t said = out->len;
    if (s->kind != b->kind || !mr_str_eq(s->use, b->use))
        mr_buf_printf(out, "%.*s, before %.*s", MR_FMT(s->use), MR_FMT(b->use));
    if (!same_settings(s, b))
        mr_buf_printf(out, "%sits parameters changed", out->len > said ? "; " : "");
    if (!same_keys(s, b))
        mr_buf_printf(out, "%sits keys changed", out->len > said ? "; " : "");
    if (!same_routes(s, b) || !same_routes(b, s))
        mr_buf_printf(out, "%sits routes changed", out->len > said ? "; " : "");
    if (out->len == said) /* versions, modes, prompts; most often: */
        mr_buf_addz(out, "what it reads, or the operator itself, changed");
    mr_buf_addc(out, '\n');
}

static void say_changed(const struct mr_plan *plan, int stage, const struct mr_plan *base, int old,
                        struct mr_buf *out)
{
    const struct mr_plan_stage *s = &plan->stages[stage], *b = &base->stages[old];
    uint32_t now = plan->groups[s->group].partitions, before = base->groups[b->group].partitions;
    mr_buf_printf(out, "  stage \"%.*s\": ", MR_FMT(s->id));
    if (!mr_id_eq(&s->fingerprint, &b->fingerprint))
        say_redefined(s, b, out);
    else if (now != before)
        mr_buf_printf(out, "%u partitions, before %u\n", now, before);
    else if (!mr_str_eq(fused_after(plan, stage), fused_after(base, old)) ||
             plan->groups[s->group].stage_count != base->groups[b->group].stage_count)
        mr_buf_addz(out, "fused with other stages than before\n");
    else if (s->number != b->number)
        mr_buf_addz(out, "stands at another place than before\n");
    else if (!mr_id_eq(&plan->groups[s->group].shape, &base->groups[b->group].shape))
        mr_buf_addz(out, "its topics, or those of its group, changed\n");
    else
        mr_buf_addz(out, "reads what is made anew\n");
}

void mr_plan_changes(const struct mr_plan *plan, const struct mr_plan *base, uint32_t fresh,
                     struct mr_buf *out)
{
    for (size_t i = 0; i < plan->stage_count; i++) {
        const struct mr_plan_stage *s = &plan->stages[i];
        int old = mr_plan_stage_find(base, s->id);
        if (old == MR_PLAN_NONE)
            mr_buf_printf(out, "  stage \"%.*s\" is new\n", MR_FMT(s->id));
        else if (s->epoch == fresh)
            say_changed(plan, (int)i, base, old, out);
    }
    for (size_t i = 0; i < base->stage_count; i++)
        if (mr_plan_stage_find(plan, base->stages[i].id) == MR_PLAN_NONE)
            mr_buf_printf(out, "  stage \"%.*s\" is gone\n", MR_FMT(base->stages[i].id));
}
