/* When the stages of a new epoch have caught up with the rows that were there at its start: a
 * replay of endless input ends there, and a run that opened the epoch makes it current.
 *
 * Groups are looked at in the order of the plan, since one that has caught up decides what those
 * that read it have to reach. A process is asked, by a number on its page, whether it finds nothing
 * to do; what it answers it found after the question, so nothing published before is left. */
#include <signal.h>
#include <stdlib.h>

#include "stages/supervise/inside.h"

struct caught {
    struct caught_group {
        bool builds;    /* of the new epoch, with processes in this session */
        bool there;     /* has caught up; stays so */
        uint32_t asked; /* number of the question under way; 0: not asked yet */
    } * groups;
    uint64_t **ends; /* by topic: of each lane, partition by partition; NULL: not decided yet */
    struct mr_buf topics;
};

static const struct mr_plan_stage *head_of(const struct supervisor *s, size_t group)
{
    return &s->plan->stages[s->plan->groups[group].stages[0]];
}

/* A log that cannot be looked at is its reader's to tell. */
static void note_ends(struct supervisor *s, size_t topic)
{
    struct caught *c = s->caught;
    const struct mr_plan_topic *t = &s->plan->topics[topic];
    c->ends[topic] = mr_zalloc(((size_t)t->partitions * t->lanes + 1) * sizeof **c->ends);
    for (uint32_t p = 0; p < t->partitions; p++)
        for (uint32_t l = 0; l < t->lanes; l++) {
            struct mr_log_place place = {mr_buf_text(&c->topics), t->name, p, l};
            uint64_t read;
            mr_error_free(
                mr_log_progress(&place, 0, &c->ends[topic][(size_t)p * t->lanes + l], &read));
        }
}

void caught_begin(struct supervisor *s)
{
    const struct mr_plan *plan = s->plan;
    if (!s->options->catch_up)
        return;
    struct caught *c = s->caught = mr_zalloc(sizeof *c);
    c->groups = mr_zalloc((plan->group_count + 1) * sizeof *c->groups);
    c->ends = mr_zalloc((plan->topic_count + 1) * sizeof *c->ends);
    mr_layout_topics(&s->options->home->layout, &c->topics);
    for (size_t g = 0; g < plan->group_count; g++)
        c->groups[g].builds = head_of(s, g)->epoch == s->options->catch_up &&
                              !(s->options->idle && s->options->idle[g]);
    for (size_t i = 0; i < plan->topic_count; i++)
        if (!plan->topics[i].record && !c->groups[plan->stages[plan->topics[i].stage].group].builds)
            note_ends(s, i);
}

void caught_end(struct supervisor *s)
{
    struct caught *c = s->caught;
    if (!c)
        return;
    for (size_t i = 0; i < s->plan->topic_count; i++)
        free(c->ends[i]);
    free(c->ends);
    free(c->groups);
    mr_buf_finish(&c->topics);
    free(c);
    s->caught = NULL;
}

/* All that it reads is decided. */
static bool inputs_decided(const struct supervisor *s, size_t group)
{
    const struct mr_plan_stage *head = head_of(s, group);
    for (size_t i = 0; i < head->input_count; i++)
        if (!s->caught->ends[head->inputs[i].topic])
            return false;
    return true;
}

/* Every lane was read, and committed, as far as it has to be. */
static bool has_read(struct supervisor *s, size_t group)
{
    struct caught *c = s->caught;
    const struct mr_plan_stage *head = head_of(s, group);
    for (size_t i = 0; i < head->input_count; i++) {
        const struct mr_plan_topic *t = &s->plan->topics[head->inputs[i].topic];
        const uint64_t *ends = c->ends[head->inputs[i].topic];
        for (uint32_t p = 0; p < t->partitions; p++)
            for (uint32_t l = 0; l < t->lanes; l++) {
                struct mr_log_place place = {mr_buf_text(&c->topics), t->name, p, l};
                uint64_t end, read = 0;
                mr_error_free(mr_log_progress(&place, mr_plan_reader(head, p), &end, &read));
                if (read < ends[(size_t)p * t->lanes + l])
                    return false;
            }
    }
    return true;
}

/* Asks the group's processes; true when all have answered that they find nothing to do. */
static bool finds_nothing(struct supervisor *s, size_t group)
{
    struct caught_group *g = &s->caught->groups[group];
    bool all = s->groups[group].step == GROUP_STEADY;
    if (g->asked == 0)
        g->asked = 1;
    for (size_t i = 0; i < s->child_count; i++) {
        struct child *child = s->children[i];
        if (child->group != (int)group || child->state == CHILD_ENDED)
            continue;
        bool here = child->pid > 0 && child->page && !child->page_stale;
        if (here && atomic_load(&child->page->asked) != g->asked) {
            atomic_store(&child->page->asked, g->asked);
            mr_bells_ring(s->bells, child->bell);
        }
        all = all && here && atomic_load(&child->page->dry) == g->asked;
    }
    return all;
}

/* Rows are left that wait for a recorded cut, and no more come that could lead to it. */
static void give_up_cuts(struct supervisor *s, size_t group)
{
    for (size_t i = 0; i < s->child_count; i++) {
        struct child *child = s->children[i];
        if (child->group != (int)group || !child->page || child->page_stale)
            continue;
        atomic_store(&child->page->cuts_over, 1);
    }
    s->caught->groups[group].asked++; /* asked again, and rung, at the next look */
}

static bool cuts_given_up(const struct supervisor *s, size_t group)
{
    for (size_t i = 0; i < s->child_count; i++) {
        const struct child *child = s->children[i];
        if (child->group == (int)group && child->page && !child->page_stale &&
            !atomic_load(&child->page->cuts_over))
            return false;
    }
    return true;
}

static bool has_caught_up(struct supervisor *s, size_t group)
{
    const struct mr_plan_stage *head = head_of(s, group);
    if (!inputs_decided(s, group))
        return false;
    /* While rows go on coming nobody ever finds nothing to do; a replay waits for the last cut. */
    if (!s->options->idle && head->input_count && has_read(s, group))
        return true;
    if (!finds_nothing(s, group))
        return false;
    if (head->cuts_epoch && !cuts_given_up(s, group) && !has_read(s, group)) {
        give_up_cuts(s, group);
        return false;
    }
    return true;
}

void caught_look(struct supervisor *s)
{
    const struct mr_plan *plan = s->plan;
    bool all = true;
    if (!s->caught || s->phase != PHASE_RUNNING)
        return;
    for (size_t g = 0; g < plan->group_count; g++) {
        struct caught_group *group = &s->caught->groups[g];
        if (!group->builds)
            continue;
        if (!group->there && has_caught_up(s, g)) {
            group->there = true;
            for (size_t i = 0; i < plan->topic_count; i++)
                if (!plan->topics[i].record && plan->stages[plan->topics[i].stage].group == (int)g)
                    note_ends(s, i);
        }
        all = all && group->there;
    }
    if (!all)
        return;
    supervisor_note(s, MR_LEVEL_INFO, "epoch", NULL, "epoch %u has caught up",
                    s->options->catch_up);
    s->phase = PHASE_CAUGHT_UP;
    child_signal_all(s, SIGTERM);
}
