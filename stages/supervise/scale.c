/* The number of processes of each group, and how it changes while the pipeline runs.
 *
 * A task belongs to process (partition % scale), and its state lies in a folder of its own, so
 * moving it is closing it in one process and opening it in another. All processes of the group end
 * before one of the new ones starts: no task ever has two owners. Other groups go on meanwhile. */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "runtime/base/file.h"
#include "stages/supervise/inside.h"

static void remove_pages(const struct supervisor *s, int group, uint32_t from)
{
    const struct mr_plan_group *g = &s->plan->groups[group];
    struct mr_buf path = {0};
    for (uint32_t i = from; i < mr_plan_bells(g); i++) {
        mr_layout_page(&s->options->home->layout, g->first_bell + i, &path);
        unlink(mr_buf_text(&path));
    }
    mr_buf_finish(&path);
}

static void add_children(struct supervisor *s, int group)
{
    uint32_t scale = s->groups[group].scale;
    s->children = mr_realloc(s->children, (s->child_count + scale) * sizeof(*s->children));
    for (uint32_t i = 0; i < scale; i++)
        s->children[s->child_count++] = child_create(s, group, i);
}

void scale_begin(struct supervisor *s)
{
    s->groups = mr_zalloc((s->plan->group_count + 1) * sizeof *s->groups);
    for (size_t g = 0; g < s->plan->group_count; g++) {
        s->groups[g].scale = s->groups[g].wanted = s->plan->groups[g].scale;
        remove_pages(s, (int)g, 0); /* of an earlier session, perhaps of another scale */
        if (!s->options->idle || !s->options->idle[g])
            add_children(s, (int)g);
    }
}

static void forget_retired(struct group *g)
{
    for (size_t i = 0; i < g->retired_count; i++)
        mr_page_close(g->retired[i]);
    free(g->retired);
    g->retired = NULL;
    g->retired_count = 0;
}

void scale_end(struct supervisor *s)
{
    for (size_t i = 0; i < s->child_count; i++)
        child_destroy(s->children[i]);
    for (size_t g = 0; s->groups && g < s->plan->group_count; g++)
        forget_retired(&s->groups[g]);
    free(s->children);
    free(s->groups);
    s->children = NULL;
    s->groups = NULL;
    s->child_count = 0;
}

static bool has_ended(const struct supervisor *s, int group)
{
    for (size_t i = 0; i < s->child_count; i++)
        if (s->children[i]->group == group && s->children[i]->state != CHILD_ENDED)
            return false;
    return true;
}

static struct mr_error *record(struct supervisor *s, int group, uint32_t processes)
{
    struct mr_scales scales;
    MR_TRY(mr_scales_load(s->options->home, &scales));
    mr_scales_ask(&scales, s->plan, group, processes);
    struct mr_error *e = mr_scales_save(s->options->home, &scales);
    mr_scales_finish(&scales);
    return e;
}

/* What waits to be started again is not: the new ones take its tasks. */
static void drain(struct supervisor *s, int group)
{
    s->groups[group].step = GROUP_DRAINING;
    for (size_t i = 0; i < s->child_count; i++) {
        struct child *c = s->children[i];
        if (c->group != group)
            continue;
        ev_timer_stop(s->loop, &c->restart);
        if (c->pid > 0)
            kill(c->pid, SIGTERM);
        else if (c->state == CHILD_WAITING)
            c->state = CHILD_STOPPED;
    }
}

struct mr_error *scale_order(struct supervisor *s, int group, uint32_t processes, bool *done)
{
    struct group *g = &s->groups[group];
    *done = true;
    MR_TRY(record(s, group, processes));
    g->wanted = processes;
    if (s->phase != PHASE_RUNNING || has_ended(s, group) ||
        (g->step == GROUP_STEADY && g->scale == processes))
        return NULL;
    *done = false;
    if (g->step != GROUP_DRAINING) {
        struct mr_str id = s->plan->stages[s->plan->groups[group].stages[0]].id;
        supervisor_say(
            s, MR_LEVEL_INFO, "scale", NULL,
            "stage \"%.*s\": from %u to %u processes; those at work finish their row and "
            "commit",
            MR_FMT(id), g->scale, processes);
        drain(s, group);
    }
    return NULL;
}

/* The figures of the old processes stay until the new ones have theirs. Those of a change that was
 * overtaken by another never showed any. */
static void retire(struct supervisor *s, int group)
{
    struct group *g = &s->groups[group];
    size_t kept = 0;
    bool first = g->retired_count == 0;
    for (size_t i = 0; i < s->child_count; i++) {
        struct child *c = s->children[i];
        if (c->group != group) {
            s->children[kept++] = c;
            continue;
        }
        if (first && c->page) {
            g->retired = mr_realloc(g->retired, (g->retired_count + 1) * sizeof(*g->retired));
            g->retired[g->retired_count++] = c->page;
            c->page = NULL;
        }
        child_destroy(c);
    }
    s->child_count = kept;
}

static void start_anew(struct supervisor *s, int group)
{
    struct group *g = &s->groups[group];
    retire(s, group);
    g->scale = g->wanted;
    g->step = GROUP_STARTING;
    size_t from = s->child_count;
    remove_pages(s, group, 0);
    add_children(s, group);
    for (size_t i = from; i < s->child_count && s->phase == PHASE_RUNNING; i++)
        child_start(s->children[i]);
}

static bool all_stopped(const struct supervisor *s, int group)
{
    for (size_t i = 0; i < s->child_count; i++)
        if (s->children[i]->group == group && s->children[i]->pid > 0)
            return false;
    return true;
}

static bool all_show(const struct supervisor *s, int group)
{
    for (size_t i = 0; i < s->child_count; i++) {
        const struct child *c = s->children[i];
        if (c->group == group && (!c->page || (c->page_stale && c->state == CHILD_RUNNING)))
            return false;
    }
    return true;
}

static void note_scaled(const struct supervisor *s, int group)
{
    struct mr_str id = s->plan->stages[s->plan->groups[group].stages[0]].id;
    supervisor_note(s, MR_LEVEL_INFO, "scale", NULL, "stage \"%.*s\": %u processes at work",
                    MR_FMT(id), s->groups[group].scale);
}

void scale_look(struct supervisor *s)
{
    for (size_t i = 0; i < s->plan->group_count; i++) {
        struct group *g = &s->groups[i];
        int group = (int)i;
        if (g->step == GROUP_DRAINING && s->phase == PHASE_RUNNING && all_stopped(s, group)) {
            if (has_ended(s, group))
                g->step = GROUP_STEADY; /* their last rows were the run's last */
            else
                start_anew(s, group);
        }
        if (g->step == GROUP_STARTING && all_show(s, group)) {
            g->step = GROUP_STEADY;
            forget_retired(g);
            note_scaled(s, group);
        }
        if (g->step == GROUP_STEADY)
            control_scaled(s, group);
    }
}
