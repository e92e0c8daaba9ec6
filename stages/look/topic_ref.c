/* Finds the topic that a user means, in the epoch that is meant. */
#include "stages/look/topic_ref.h"

#include "stages/command/command.h"

struct mr_error *mr_topic_epoch(struct mr_str *given, uint32_t *epoch)
{
    size_t at = mr_str_find(*given, MR_STR("@"), 0);
    uint64_t number;
    *epoch = 0;
    if (at == SIZE_MAX)
        return NULL;
    struct mr_str text = mr_str_span(given->ptr + at + 1, given->len - at - 1);
    if (!mr_str_to_uint(text, &number) || number == 0 || number > UINT32_MAX)
        return mr_error(MR_USAGE, "\"%.*s\": an epoch's number stands behind @", MR_FMT(*given));
    *given = mr_str_span(given->ptr, at);
    *epoch = (uint32_t)number;
    return NULL;
}

static struct mr_error *load_epoch(struct mr_browse *b, uint32_t epoch, struct mr_arena *arena)
{
    const struct mr_registry *registry;
    MR_TRY(mr_program_registry(&registry));
    return mr_home_epoch_plan(&b->home, epoch, registry, mr_program_connectors(), arena, &b->plan);
}

/* With the plan of an epoch; b is closed on an error. */
static struct mr_error *open_epoch(struct mr_browse *b, struct mr_str state, struct mr_str pipeline,
                                   uint32_t epoch, struct mr_arena *arena)
{
    MR_TRY(mr_browse_open(b, state, mr_arena_str(arena, pipeline), arena));
    struct mr_error *e = epoch ? load_epoch(b, epoch, arena) : NULL;
    if (e)
        mr_browse_close(b);
    return e;
}

struct mr_error *mr_topic_open_pipeline(struct mr_browse *b, struct mr_str state,
                                        struct mr_str given, struct mr_arena *arena,
                                        uint32_t *epoch)
{
    MR_TRY(mr_topic_epoch(&given, epoch));
    MR_TRY(open_epoch(b, state, given, *epoch, arena));
    if (!*epoch)
        *epoch = b->record.current;
    return NULL;
}

/* "a.b.out" of "a.b.out.e1" */
static struct mr_str without_epoch(struct mr_str name)
{
    size_t len = name.len;
    while (len > 0 && name.ptr[len - 1] != '.')
        len--;
    return mr_str_span(name.ptr, len ? len - 1 : 0);
}

/* name is "<pipeline>.<rest>", with the pipeline that given has not. */
static bool is_rest(struct mr_str name, struct mr_str pipeline, struct mr_str given,
                    const char *tail)
{
    struct mr_str end = mr_str_of(tail);
    return name.len == pipeline.len + 1 + given.len + end.len && mr_str_starts(name, pipeline) &&
           name.ptr[pipeline.len] == '.' &&
           mr_str_eq(mr_str_span(name.ptr + pipeline.len + 1, given.len), given) &&
           mr_str_ends(name, end);
}

static bool is_meant(const struct mr_plan *plan, const struct mr_plan_topic *t, struct mr_str given)
{
    struct mr_str name = without_epoch(t->name);
    size_t prefix = plan->name.len + 1;
    if (mr_str_eq(t->name, given))
        return true;
    if (given.len > prefix && mr_str_starts(given, plan->name) && given.ptr[prefix - 1] == '.')
        given = mr_str_span(given.ptr + prefix, given.len - prefix);
    return is_rest(name, plan->name, given, "") || is_rest(name, plan->name, given, ".out");
}

static int find_topic(const struct mr_plan *plan, struct mr_str given)
{
    for (size_t i = 0; i < plan->topic_count; i++)
        if (is_meant(plan, &plan->topics[i], given))
            return (int)i;
    size_t prefix = plan->name.len + 1;
    if (given.len > prefix && mr_str_starts(given, plan->name) && given.ptr[prefix - 1] == '.')
        given = mr_str_span(given.ptr + prefix, given.len - prefix);
    int stage = mr_plan_stage_find(plan, given);
    bool sink = stage != MR_PLAN_NONE && plan->stages[stage].kind == MR_STAGE_SINK &&
                plan->stages[stage].input_count == 1;
    return sink ? plan->stages[stage].inputs[0].topic : MR_PLAN_NONE;
}

/* A whole name tells its epoch, which need not be the current one. */
static struct mr_error *find_elsewhere(struct mr_browse *b, struct mr_str given,
                                       struct mr_arena *arena, int *topic)
{
    for (size_t i = 0; i < b->record.epoch_count && *topic == MR_PLAN_NONE; i++) {
        MR_TRY(load_epoch(b, b->record.epochs[i].number, arena));
        *topic = mr_plan_topic_find(b->plan, given);
    }
    return NULL;
}

struct mr_error *mr_topic_open(struct mr_browse *b, struct mr_str state, struct mr_str given,
                               struct mr_arena *arena, int *topic)
{
    struct mr_str whole = given, pipeline = {0};
    uint32_t epoch;
    MR_TRY(mr_topic_epoch(&given, &epoch));
    size_t dot = mr_str_find(given, MR_STR("."), 0);
    if (dot != SIZE_MAX) {
        struct mr_home probe = {0};
        struct mr_str name = mr_arena_str(arena, mr_str_span(given.ptr, dot));
        struct mr_error *none = mr_home_find(&probe, state, name);
        if (!none)
            pipeline = name;
        mr_error_free(none);
        mr_home_finish(&probe);
    }
    MR_TRY(open_epoch(b, state, pipeline, epoch, arena));
    *topic = find_topic(b->plan, given);
    struct mr_error *e = NULL;
    if (*topic == MR_PLAN_NONE && !epoch)
        e = find_elsewhere(b, given, arena, topic);
    if (!e && *topic == MR_PLAN_NONE)
        e = mr_error_remedy(mr_error(MR_NAME_UNKNOWN, "pipeline \"%.*s\" has no topic \"%.*s\"",
                                     MR_FMT(b->plan->name), MR_FMT(whole)),
                            "`millrace topics ls %.*s` lists them.", MR_FMT(b->plan->name));
    if (e)
        mr_browse_close(b);
    return e;
}
