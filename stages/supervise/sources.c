/* Whether a run has anything to do: sources that find nothing new wait for the others' word. */
#include <signal.h>

#include "stages/supervise/inside.h"

/* A source, or the list step of one that runs as two: the read step follows its list. */
static bool is_source(const struct child *c)
{
    const struct mr_plan *plan = c->of->plan;
    const struct mr_plan_stage *stage = &plan->stages[plan->groups[c->group].stages[0]];
    return stage->kind == MR_STAGE_SOURCE && stage->part != MR_SOURCE_READ;
}

/* All sources at their end without news: the run leaves no trace, unless there is an unfinished or
 * first run to end. News anywhere: all end with markers, so that every barrier closes. */
static uint32_t decide(const struct supervisor *s)
{
    bool waiting = false;
    for (size_t i = 0; i < s->child_count; i++) {
        const struct child *c = s->children[i];
        if (!is_source(c))
            continue;
        uint32_t found = c->page && !c->page_stale ? atomic_load(&c->page->found_new) : 0;
        if (found == 1 || c->state == CHILD_ENDED)
            return MR_SOURCE_WRITE_END;
        waiting |= found == 0;
    }
    if (waiting)
        return MR_SOURCE_UNDECIDED;
    return s->options->after_complete && !s->options->forced ? MR_SOURCE_LEAVE : MR_SOURCE_WRITE_END;
}

void sources_decide(struct supervisor *s)
{
    if (s->source_order == MR_SOURCE_UNDECIDED)
        s->source_order = decide(s);
    if (s->source_order == MR_SOURCE_UNDECIDED)
        return;
    for (size_t i = 0; i < s->child_count; i++) {
        struct child *c = s->children[i];
        if (!is_source(c) || !c->page || c->page_stale ||
            atomic_load(&c->page->source_order) == s->source_order)
            continue;
        atomic_store(&c->page->source_order, s->source_order);
        mr_bells_ring(s->bells, c->bell);
    }
    if (s->source_order == MR_SOURCE_LEAVE && s->phase == PHASE_RUNNING) {
        s->phase = PHASE_LEAVING;
        child_signal_all(s, SIGTERM);
    }
}
