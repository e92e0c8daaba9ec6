/* Epochs of a pipeline: which plan each has, whether a new one can read what it needs, who may hold
 * back topics. */
#include "stages/supervise/epochs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/base/file.h"
#include "runtime/log/partition.h"

struct mr_error *mr_epochs_plan(const struct mr_epochs *e, uint32_t number, struct mr_plan **out)
{
    return mr_home_epoch_plan(e->home, number, e->registry, e->connectors, e->arena, out);
}

/* ---- upgrade ---- */

static const struct mr_recorded_stage *recorded(const struct mr_record *record, struct mr_str id)
{
    for (size_t i = 0; i < record->stage_count; i++)
        if (mr_str_eq(record->stages[i].id, id))
            return &record->stages[i];
    return NULL;
}

static bool same_definition(const struct mr_record *record, const struct mr_plan *plan)
{
    if (record->stage_count != plan->stage_count)
        return false;
    for (size_t i = 0; i < plan->stage_count; i++) {
        const struct mr_plan_stage *s = &plan->stages[i];
        const struct mr_recorded_stage *r = recorded(record, s->id);
        if (!r || !mr_id_eq(&r->fingerprint, &s->fingerprint) || r->group != s->group ||
            r->partitions != plan->groups[s->group].partitions)
            return false;
    }
    return true;
}

/* A folder that has its new name already was renamed before a crash. */
static struct mr_error *rename_state(const struct mr_home *h, struct mr_str stage)
{
    struct mr_buf to = {0}, from = {0};
    struct mr_error *e = NULL;
    mr_layout_state(&h->layout, stage, 1, &to);
    mr_buf_adds(&from, mr_str_span(to.ptr, to.len - 3)); /* without ".e1" */
    if (mr_file_exists(mr_buf_text(&from)) && rename(from.ptr, mr_buf_text(&to)) != 0)
        e = mr_file_error(errno, "rename", from.ptr);
    mr_buf_finish(&to);
    mr_buf_finish(&from);
    return e;
}

struct mr_error *mr_epochs_upgrade(const struct mr_epochs *e, const struct mr_plan *plan)
{
    struct mr_record *record = e->record;
    if (!record->stage_count)
        return NULL;
    if (!same_definition(record, plan))
        return mr_error_remedy(
            mr_error(MR_RUN_CHANGED,
                     "the state of \"%.*s\" is of an earlier version, and the definition changed",
                     MR_FMT(record->pipeline)),
            "Run the definition of run %u once more, then the changed one; or `millrace clean "
            "%.*s`.",
            record->run, MR_FMT(record->pipeline));
    for (size_t i = 0; i < plan->group_count; i++)
        MR_TRY(rename_state(e->home, plan->stages[plan->groups[i].stages[0]].id));
    MR_TRY(mr_home_save_plan(e->home, plan, false));
    record->epochs[0].definition = mr_plan_definition(plan);
    record->stage_count = 0;
    return mr_record_save(e->home, record);
}

/* ---- what a new epoch reads ---- */

static struct mr_error *first_kept(const struct mr_home *h, const struct mr_plan_topic *topic,
                                   uint64_t *first_n)
{
    struct mr_buf topics = {0};
    struct mr_error *e = NULL;
    *first_n = 1;
    mr_layout_topics(&h->layout, &topics);
    mr_buf_text(&topics);
    for (uint32_t p = 0; p < topic->partitions; p++)
        for (uint32_t l = 0; l < topic->lanes && !e; l++) {
            struct mr_log_place place = {topics.ptr, topic->name, p, l};
            struct mr_log_stat stat = {0};
            e = mr_log_stat(&place, &stat);
            if (!e && stat.start_pos > 0 && stat.first_n > *first_n)
                *first_n = stat.first_n;
        }
    mr_buf_finish(&topics);
    return e;
}

/* The nearest stage up the stream whose inputs are all whole; a source's is the outside. */
static struct mr_error *whole_from(const struct mr_home *h, const struct mr_plan *plan, int stage,
                                   int *out)
{
    int head = plan->groups[plan->stages[stage].group].stages[0];
    const struct mr_plan_stage *s = &plan->stages[head];
    *out = head;
    for (size_t i = 0; i < s->input_count; i++) {
        const struct mr_plan_topic *t = &plan->topics[s->inputs[i].topic];
        uint64_t first;
        MR_TRY(first_kept(h, t, &first));
        if (first > 1)
            return whole_from(h, plan, t->stage, out);
    }
    return NULL;
}

static struct mr_error *trimmed(const struct mr_epochs *e, const struct mr_plan *plan,
                                const struct mr_plan_stage *s, const struct mr_plan_topic *t,
                                uint64_t first)
{
    int from;
    MR_TRY(whole_from(e->home, plan, t->stage, &from));
    return mr_error_remedy(
        mr_error(MR_RUN_CHANGED,
                 "stage \"%.*s\" has to read topic \"%.*s\" from its start, but rows before the "
                 "%llu. of a lane are no longer kept",
                 MR_FMT(s->id), MR_FMT(t->name), (unsigned long long)first),
        "`millrace replay TOPOLOGY --from %.*s` makes everything from there on anew; a larger "
        "`retention:` keeps more.",
        MR_FMT(plan->stages[from].id));
}

struct mr_error *mr_epochs_kept(const struct mr_epochs *e, const struct mr_plan *plan,
                                uint32_t fresh)
{
    for (size_t i = 0; i < plan->group_count; i++) {
        const struct mr_plan_stage *s = &plan->stages[plan->groups[i].stages[0]];
        for (size_t k = 0; s->epoch == fresh && k < s->input_count; k++) {
            const struct mr_plan_topic *t = &plan->topics[s->inputs[k].topic];
            uint64_t first = 1;
            if (plan->stages[t->stage].epoch == fresh || s->only.since_ms || s->only.since_n)
                continue;
            MR_TRY(first_kept(e->home, t, &first));
            if (first > 1)
                return trimmed(e, plan, s, t, first);
        }
    }
    return NULL;
}

void mr_epochs_aside(struct mr_plan *plan, uint32_t fresh)
{
    for (size_t i = 0; i < plan->stage_count; i++)
        plan->stages[i].aside =
            plan->stages[i].kind == MR_STAGE_SINK && plan->stages[i].epoch == fresh;
}

/* ---- window cuts ---- */

static bool same_windows(const struct mr_plan *plan, const struct mr_plan_group *g,
                         const struct mr_plan *base, const struct mr_plan_group *old)
{
    if (g->stage_count != old->stage_count)
        return false;
    for (size_t i = 0; i < g->stage_count; i++) {
        const struct mr_plan_stage *a = &plan->stages[g->stages[i]];
        const struct mr_plan_stage *b = &base->stages[old->stages[i]];
        if (!mr_str_eq(a->id, b->id) || a->window_rows != b->window_rows ||
            a->window_idle_ms != b->window_idle_ms)
            return false;
    }
    return true;
}

/* The same topics; or new ones with the same rows, of the same number of tasks. */
static bool same_lanes(const struct mr_plan *plan, const struct mr_plan_stage *s,
                       const struct mr_plan *base, const struct mr_plan_stage *old)
{
    if (s->input_count != old->input_count)
        return false;
    for (size_t i = 0; i < s->input_count; i++) {
        const struct mr_plan_topic *a = &plan->topics[s->inputs[i].topic];
        const struct mr_plan_topic *b = &base->topics[old->inputs[i].topic];
        bool alike = mr_id_eq(&plan->stages[a->stage].fingerprint, &base->stages[b->stage].fingerprint);
        if (a->lanes != b->lanes || !(mr_str_eq(a->name, b->name) || alike))
            return false;
    }
    return true;
}

static struct mr_error *follow_group(const struct mr_epochs *e, struct mr_plan *plan,
                                     const struct mr_plan_group *g)
{
    struct mr_plan_stage *head = &plan->stages[g->stages[0]];
    const struct mr_recorded_epoch *mine = mr_record_epoch(e->record, head->epoch), *before;
    struct mr_plan *base;
    before = mine && mine->parent ? mr_record_epoch(e->record, mine->parent) : NULL;
    if (!before || before->state == MR_EPOCH_DROPPING)
        return NULL;
    MR_TRY(mr_epochs_plan(e, before->number, &base));
    int old = mr_plan_stage_find(base, head->id);
    if (old == MR_PLAN_NONE || base->stages[old].epoch >= head->epoch)
        return NULL;
    const struct mr_plan_group *from = &base->groups[base->stages[old].group];
    if (from->stages[0] == old && mr_plan_cuts_topic(base, from) != MR_PLAN_NONE &&
        same_windows(plan, g, base, from) && same_lanes(plan, head, base, &base->stages[old]))
        head->cuts_epoch = base->stages[old].epoch;
    return NULL;
}

struct mr_error *mr_epochs_follow_cuts(const struct mr_epochs *e, struct mr_plan *plan, bool replay)
{
    for (size_t i = 0; i < plan->group_count; i++) {
        if (mr_plan_cuts_topic(plan, &plan->groups[i]) == MR_PLAN_NONE)
            continue;
        plan->stages[plan->groups[i].stages[0]].keeps_open = replay;
        MR_TRY(follow_group(e, plan, &plan->groups[i]));
    }
    return NULL;
}

/* ---- readers ---- */

static struct mr_error *release_topic(const struct mr_plan *plan, int topic, const char *topics)
{
    const struct mr_plan_topic *t = &plan->topics[topic];
    uint64_t *keep = mr_alloc((plan->group_count + 1) * sizeof *keep);
    struct mr_error *e = NULL;
    for (uint32_t p = 0; p < t->partitions && !e; p++) {
        size_t count = 0;
        for (size_t g = 0; g < plan->group_count; g++) {
            const struct mr_plan_stage *s = &plan->stages[plan->groups[g].stages[0]];
            bool reads = false;
            for (size_t i = 0; i < s->input_count; i++)
                reads |= s->inputs[i].topic == topic;
            if (reads)
                keep[count++] = mr_plan_reader(s, p);
        }
        for (uint32_t l = 0; l < t->lanes && !e; l++) {
            struct mr_log_place place = {topics, t->name, p, l};
            e = mr_log_release(&place, keep, count);
        }
    }
    free(keep);
    return e;
}

struct mr_error *mr_epochs_release(const struct mr_epochs *e, const struct mr_plan *plan)
{
    struct mr_buf topics = {0};
    struct mr_error *failed = NULL;
    mr_layout_topics(&e->home->layout, &topics);
    mr_buf_text(&topics);
    for (size_t i = 0; i < plan->topic_count && !failed; i++)
        failed = release_topic(plan, (int)i, topics.ptr);
    mr_buf_finish(&topics);
    return failed;
}
