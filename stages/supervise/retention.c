/* Trims topics to what is declared: only whole segments that every reader has consumed, oldest
 * first; drop records and dead letters only where they declare a size. */
#include "stages/supervise/inside.h"

struct sweep {
    const char *topics;
    const struct mr_plan *plan;
    uint64_t disk_bytes; /* all topics together */
};

static struct mr_log_place place_of(const struct sweep *w, const struct mr_plan_topic *topic,
                                    uint32_t partition, uint32_t lane)
{
    return (struct mr_log_place){w->topics, topic->name, partition, lane};
}

/* Bytes of the topic that lie on disk; a lane that nobody has written yet has none. */
static uint64_t topic_bytes(const struct sweep *w, const struct mr_plan_topic *topic)
{
    uint64_t bytes = 0;
    for (uint32_t p = 0; p < topic->partitions; p++)
        for (uint32_t l = 0; l < topic->lanes; l++) {
            struct mr_log_place place = place_of(w, topic, p, l);
            struct mr_log_stat stat = {0};
            mr_error_free(mr_log_stat(&place, &stat));
            bytes += stat.bytes_on_disk;
        }
    return bytes;
}

static bool reads(const struct mr_plan *plan, size_t group, const struct mr_plan_topic *topic)
{
    const struct mr_plan_stage *head = &plan->stages[plan->groups[group].stages[0]];
    for (size_t i = 0; i < head->input_count; i++)
        if (&plan->topics[head->inputs[i].topic] == topic)
            return true;
    return false;
}

/* How many tasks read each lane: one of every group that has the topic as an input. */
static uint32_t readers_of(const struct mr_plan *plan, const struct mr_plan_topic *topic)
{
    uint32_t readers = 0;
    for (size_t g = 0; g < plan->group_count; g++)
        readers += reads(plan, g, topic);
    return readers;
}

/* A reader that has not come yet has consumed nothing. Those of other epochs, which may be in the
 * table too, do not stand for it. */
static bool all_came(const struct sweep *w, const struct mr_plan_topic *topic,
                     const struct mr_log_place *place)
{
    bool came = true;
    for (size_t g = 0; g < w->plan->group_count && came; g++)
        if (reads(w->plan, g, topic)) {
            const struct mr_plan_stage *head = &w->plan->stages[w->plan->groups[g].stages[0]];
            uint64_t reader = mr_plan_reader(head, place->partition);
            mr_error_free(mr_log_registered(place, reader, &came));
        }
    return came;
}

/* Frees what lies beyond `keep` bytes of each lane and is consumed. */
static struct mr_error *trim_topic(struct sweep *w, const struct mr_plan_topic *topic,
                                   uint64_t keep)
{
    uint64_t lanes = (uint64_t)topic->partitions * topic->lanes;
    keep = lanes ? keep / lanes : keep;
    for (uint32_t p = 0; p < topic->partitions; p++)
        for (uint32_t l = 0; l < topic->lanes; l++) {
            struct mr_log_place place = place_of(w, topic, p, l);
            struct mr_log_stat stat = {0};
            uint64_t freed = 0;
            struct mr_error *e = mr_log_stat(&place, &stat);
            if (e) {
                mr_error_free(e); /* nothing there yet */
                continue;
            }
            if (stat.end_pos <= keep ||
                (!topic->record && (stat.readers == 0 || !all_came(w, topic, &place))))
                continue;
            uint64_t upto = stat.end_pos - keep;
            if (!topic->record && stat.slowest_reader_pos < upto)
                upto = stat.slowest_reader_pos;
            MR_TRY(mr_log_trim(&place, upto, &freed));
            w->disk_bytes = freed < w->disk_bytes ? w->disk_bytes - freed : 0;
        }
    return NULL;
}

static struct mr_error *sweep(struct sweep *w)
{
    uint64_t budget = w->plan->disk_budget_bytes;
    for (size_t i = 0; i < w->plan->topic_count; i++) {
        const struct mr_plan_topic *topic = &w->plan->topics[i];
        if (topic->keep_bytes)
            MR_TRY(trim_topic(w, topic, topic->keep_bytes));
        if (budget)
            w->disk_bytes += topic_bytes(w, topic);
    }
    /* Topics stand in the order of the stages: upstream ones are consumed first. */
    for (size_t i = 0; budget && w->disk_bytes > budget && i < w->plan->topic_count; i++)
        if (!w->plan->topics[i].record)
            MR_TRY(trim_topic(w, &w->plan->topics[i], 0));
    return NULL;
}

static bool lane_unread(const struct sweep *w, const struct mr_plan_topic *topic,
                        uint32_t partition, uint32_t lane, uint32_t readers)
{
    struct mr_log_place place = place_of(w, topic, partition, lane);
    struct mr_log_stat stat = {0};
    mr_error_free(mr_log_stat(&place, &stat));
    return stat.end_pos > 0 && (stat.readers < readers || stat.slowest_reader_pos < stat.end_pos);
}

/* Whether waiting can make room: a topic has something for readers that do not wait themselves, as
 * those of a source's list do. */
static bool anything_unread(const struct sweep *w)
{
    for (size_t i = 0; i < w->plan->topic_count; i++) {
        const struct mr_plan_topic *topic = &w->plan->topics[i];
        uint32_t readers = readers_of(w->plan, topic);
        if (!readers || w->plan->stages[topic->stage].part == MR_SOURCE_LIST)
            continue;
        for (uint32_t p = 0; p < topic->partitions; p++)
            for (uint32_t l = 0; l < topic->lanes; l++)
                if (lane_unread(w, topic, p, l, readers))
                    return true;
    }
    return false;
}

static bool reads_outside(const struct child *c)
{
    const struct mr_plan *plan = c->of->plan;
    const struct mr_plan_stage *stage = &plan->stages[plan->groups[c->group].stages[0]];
    return stage->kind == MR_STAGE_SOURCE && stage->part != MR_SOURCE_LIST;
}

/* Over the budget nothing unread is deleted: the sources wait until readers have made room. Where
 * the readers have read all and it is still too much (segments under way, records), they go on:
 * what nobody can free is not worth waiting for. */
static void hold_sources(struct supervisor *s, bool over, bool hold)
{
    bool any = false;
    for (size_t i = 0; i < s->child_count; i++) {
        struct child *c = s->children[i];
        if (!reads_outside(c) || c->state == CHILD_ENDED)
            continue;
        any = true;
        if (!c->page || c->page_stale || atomic_load(&c->page->hold) == (uint32_t)hold)
            continue;
        atomic_store(&c->page->hold, hold);
        mr_bells_ring(s->bells, c->bell);
    }
    if (over && any && !s->over_budget)
        supervisor_say(s, MR_LEVEL_WARN, "disk_budget", NULL,
                       "the topics have reached the disk budget of %llu bytes: sources wait until "
                       "readers have made room",
                       (unsigned long long)s->plan->disk_budget_bytes);
    if (over && any && !hold && !s->beyond_budget) {
        supervisor_say(
            s, MR_LEVEL_WARN, "disk_budget", NULL,
            "everything is read and the topics still take more than the disk budget of %llu "
            "bytes: sources go on beyond it; raise `disk_budget`",
            (unsigned long long)s->plan->disk_budget_bytes);
        s->beyond_budget = true; /* once a run */
    }
    s->over_budget = over;
}

void retention_run(struct supervisor *s)
{
    bool wanted = s->plan->disk_budget_bytes > 0;
    for (size_t i = 0; i < s->plan->topic_count; i++)
        wanted |= s->plan->topics[i].keep_bytes > 0;
    if (!wanted || s->phase != PHASE_RUNNING)
        return;
    struct mr_buf topics = {0};
    mr_layout_topics(&s->options->home->layout, &topics);
    struct sweep w = {.topics = mr_buf_text(&topics), .plan = s->plan};
    struct mr_error *e = sweep(&w);
    if (e)
        supervisor_say(s, MR_LEVEL_WARN, "retention", NULL, "retention: %s", mr_error_message(e));
    mr_error_free(e);
    bool over = s->plan->disk_budget_bytes && w.disk_bytes > s->plan->disk_budget_bytes;
    if (s->plan->disk_budget_bytes)
        hold_sources(s, over, over && anything_unread(&w));
    mr_buf_finish(&topics);
}
