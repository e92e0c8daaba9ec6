/* A decoded plan is sound: indexes point inside, groups partition the stages, settings parse. */
#include "runtime/plan/plan_private.h"

#include <stdlib.h>

static struct mr_error *fault(const struct mr_plan_stage *s, const char *what)
{
    return mr_error(MR_PLAN_INVALID, "stage \"%.*s\": %s", MR_FMT(s->id), what);
}

static bool topic_ok(const struct mr_plan *plan, int topic)
{
    return topic >= 0 && (size_t)topic < plan->topic_count;
}

static bool topic_or_none(const struct mr_plan *plan, int topic)
{
    return topic == MR_PLAN_NONE || topic_ok(plan, topic);
}

/* Ids become folder names, topics too: nothing that leads elsewhere. */
static bool name_ok(struct mr_str s)
{
    if (s.len == 0 || s.len > 255 || s.ptr[0] == '.')
        return false;
    for (size_t i = 0; i < s.len; i++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-",
                    s.ptr[i]) ||
            s.ptr[i] == '\0')
            return false;
    return true;
}

static struct mr_error *validate_settings(const struct mr_plan_stage *s)
{
    const struct mr_param *table = s->op       ? s->op->params
                                   : s->source ? s->source->params
                                               : s->sink->params;
    size_t size = s->op       ? s->op->params_size
                  : s->source ? s->source->params_size
                              : s->sink->params_size;
    struct mr_arena *arena = mr_arena_create(0);
    void *filled = mr_arena_zalloc(arena, size + 1);
    struct mr_error *e = mr_params_fill(table, s->settings, s->setting_count, arena, filled);
    mr_arena_destroy(arena);
    if (!e)
        return NULL;
    struct mr_error *wrapped =
        mr_error(MR_PLAN_INVALID, "stage \"%.*s\": %s", MR_FMT(s->id), mr_error_message(e));
    mr_error_free(e);
    return wrapped;
}

static struct mr_error *validate_stage(const struct mr_plan *plan, size_t index, bool settings)
{
    const struct mr_plan_stage *s = &plan->stages[index];
    if (!name_ok(s->id))
        return mr_error(MR_PLAN_INVALID, "stage %zu has no usable id", index);
    if (s->number != index)
        return fault(s, "its number is not its place");
    if (s->group < 0 || (size_t)s->group >= plan->group_count)
        return fault(s, "its group does not exist");
    if ((s->kind == MR_STAGE_PREPARE || s->also_prepares) && (!s->op || !s->op->prepare))
        return fault(s, "it prepares, and its operator does not");
    if (s->epoch == 0 || s->epoch > plan->epoch)
        return fault(s, "its epoch is none of the plan's");
    if (s->cuts_epoch >= s->epoch)
        return fault(s, "its cuts are those of no epoch before it");
    if (!topic_or_none(plan, s->drops_topic) || !topic_or_none(plan, s->dead_topic))
        return fault(s, "a record topic does not exist");
    for (size_t i = 0; i < s->input_count; i++)
        if (!topic_ok(plan, s->inputs[i].topic) ||
            plan->topics[s->inputs[i].topic].stage >= (int)index)
            return fault(s, "an input topic is not written by an earlier stage");
    for (size_t i = 0; i < s->input_count; i++)
        if (plan->stages[plan->topics[s->inputs[i].topic].stage].epoch > s->epoch)
            return fault(s, "it reads from a later epoch than its own");
    int outcomes = 0;
    for (const struct mr_outcome *o = s->op ? s->op->outcomes : NULL; o && o->name; o++)
        outcomes++;
    for (size_t i = 0; i < s->output_count; i++)
        if (!topic_or_none(plan, s->outputs[i].topic) || (s->outputs[i].outcome <= MR_PLAN_ROUTE) != (s->outputs[i].route.len > 0) ||
            s->outputs[i].outcome >= outcomes)
            return fault(s, "an output does not exist");
    return settings ? validate_settings(s) : NULL;
}

static struct mr_error *validate_group(const struct mr_plan *plan, size_t index, uint8_t *seen)
{
    const struct mr_plan_group *g = &plan->groups[index];
    if (g->stage_count == 0 || g->partitions == 0 || g->partitions > UINT16_MAX || g->scale == 0 ||
        g->scale > g->partitions)
        return mr_error(MR_PLAN_INVALID, "group %zu has wrong figures", index);
    if (g->first_bell < MR_BELL_FIRST ||
        (uint64_t)g->first_bell + mr_plan_bells(g) > MR_BELL_FIRST + MR_PLAN_BELLS_MAX)
        return mr_error(MR_PLAN_INVALID, "group %zu has no bell of its own", index);
    for (size_t i = 0; i < g->stage_count; i++) {
        int n = g->stages[i];
        if (n < 0 || (size_t)n >= plan->stage_count || seen[n]++ ||
            plan->stages[n].group != (int)index || (i > 0 && n <= g->stages[i - 1]))
            return mr_error(MR_PLAN_INVALID, "group %zu has wrong stages", index);
        const struct mr_plan_stage *s = &plan->stages[n];
        if (s->epoch != plan->stages[g->stages[0]].epoch)
            return fault(s, "its epoch is not its group's");
        bool alone = s->kind == MR_STAGE_SOURCE || s->kind == MR_STAGE_SINK;
        if (alone && g->stage_count > 1)
            return fault(s, "a source or sink shares its process");
        for (size_t o = 0; i + 1 < g->stage_count && o < s->output_count; o++)
            if (s->outputs[o].outcome <= MR_PLAN_ROUTE)
                return fault(s, "it has routes inside a group");
        bool fed = i == 0 && (s->kind != MR_STAGE_SOURCE || s->part == MR_SOURCE_READ);
        if (fed != (s->input_count > 0))
            return fault(s, fed ? "it has no input" : "it must not have an input of its own");
    }
    return NULL;
}

static struct mr_error *validate_topic(const struct mr_plan *plan, size_t index)
{
    const struct mr_plan_topic *t = &plan->topics[index];
    if (!name_ok(t->name) || t->stage < 0 || (size_t)t->stage >= plan->stage_count)
        return mr_error(MR_PLAN_INVALID, "topic %zu has no usable name or writer", index);
    const struct mr_plan_group *writer = &plan->groups[plan->stages[t->stage].group];
    if (t->partitions == 0 || t->partitions > UINT16_MAX || t->lanes != writer->partitions)
        return mr_error(MR_PLAN_INVALID, "topic \"%.*s\" has wrong figures", MR_FMT(t->name));
    if (t->cuts && (!t->record || t->partitions != 1 || t->lanes != 1))
        return mr_error(MR_PLAN_INVALID, "topic \"%.*s\" cannot record cuts", MR_FMT(t->name));
    return NULL;
}

struct mr_error *mr_plan__validate(const struct mr_plan *plan, bool settings)
{
    if (!name_ok(plan->name) || plan->stage_count == 0 || plan->stage_count > UINT16_MAX ||
        plan->max_row_bytes == 0)
        return mr_error(MR_PLAN_INVALID, "the plan has no usable name, stages or row limit");
    for (size_t i = 0; i < plan->stage_count; i++)
        MR_TRY(validate_stage(plan, i, settings));
    for (size_t i = 0; i < plan->topic_count; i++)
        MR_TRY(validate_topic(plan, i));
    uint8_t *seen = mr_zalloc(plan->stage_count);
    struct mr_error *e = NULL;
    for (size_t i = 0; i < plan->group_count && !e; i++)
        e = validate_group(plan, i, seen);
    for (size_t i = 0; i < plan->stage_count && !e; i++) {
        if (!seen[i])
            e = fault(&plan->stages[i], "no group carries it");
        for (size_t k = 0; k < plan->stages[i].input_count && !e; k++)
            if (plan->topics[plan->stages[i].inputs[k].topic].partitions !=
                plan->groups[plan->stages[i].group].partitions)
                e = fault(&plan->stages[i], "input and tasks differ in number");
    }
    free(seen);
    return e;
}
