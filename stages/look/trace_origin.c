/* From a row of a source back to its file: tries the paths there are until one makes the row's id.
 */
#include <stdlib.h>

#include "stages/look/trace.h"

enum { GENERATIONS = 16, PATHS_MAX = 1 << 22 };

/* Of one source. */
struct listing {
    bool looked;
    struct mr_str *paths;
    size_t count, capacity;
    /* Files proven so far, by ordinal. */
    struct {
        uint32_t ordinal;
        struct mr_str path;
    } * known;
    size_t known_count;
};

struct mr_origins {
    const struct mr_browse *browse;
    struct mr_arena *arena;
    struct listing *listings; /* by stage */
};

struct mr_origins *mr_origins_create(const struct mr_browse *b)
{
    struct mr_origins *o = mr_zalloc(sizeof *o);
    o->browse = b;
    o->arena = mr_arena_create(0);
    o->listings = mr_zalloc((b->plan->stage_count + 1) * sizeof *o->listings);
    return o;
}

void mr_origins_destroy(struct mr_origins *o)
{
    if (!o)
        return;
    for (size_t i = 0; i < o->browse->plan->stage_count; i++) {
        free(o->listings[i].paths);
        free(o->listings[i].known);
    }
    free(o->listings);
    mr_arena_destroy(o->arena);
    free(o);
}

struct adding {
    struct mr_origins *origins;
    struct listing *listing;
};

static void add_path(void *arg, struct mr_str path)
{
    struct adding *a = arg;
    struct listing *l = a->listing;
    if (l->count == PATHS_MAX)
        return;
    if (l->count == l->capacity) {
        l->capacity = l->capacity ? 2 * l->capacity : 64;
        l->paths = mr_realloc(l->paths, l->capacity * sizeof *l->paths);
    }
    l->paths[l->count++] = mr_arena_str(a->origins->arena, path);
}

/* A folder that cannot be read now only means that nothing can be proven. */
static void look(struct mr_origins *o, const struct mr_plan_stage *s, struct listing *l)
{
    struct adding adding = {o, l};
    l->looked = true;
    if (!s->source->paths)
        return;
    void *params = mr_arena_zalloc(o->arena, s->source->params_size + 1);
    const char *base_dir = mr_arena_str(o->arena, o->browse->plan->base_dir).ptr;
    struct mr_error *e =
        mr_params_fill(s->source->params, s->settings, s->setting_count, o->arena, params);
    if (!e)
        e = s->source->paths(params, base_dir, add_path, &adding);
    mr_error_free(e);
}

static bool makes(struct mr_str source, struct mr_str path, uint64_t record, const struct mr_id *id)
{
    for (uint64_t generation = 0; generation < GENERATIONS; generation++) {
        struct mr_id made = mr_id_source(source, path, record, generation);
        if (mr_id_eq(&made, id))
            return true;
    }
    return false;
}

/* Sources are numbered as the flow does: the two steps of one have one number. */
static const struct mr_plan_stage *source_of(const struct mr_plan *plan, uint16_t number)
{
    for (size_t i = 0; i < plan->stage_count; i++) {
        const struct mr_plan_stage *s = &plan->stages[i];
        if (s->kind == MR_STAGE_SOURCE && s->part != MR_SOURCE_LIST && number-- == 0)
            return s;
    }
    return NULL;
}

/* A listing step tells the paths of files that are gone, too. */
struct listed {
    uint32_t ordinal;
    struct mr_arena *arena;
    struct mr_str path;
};

static struct mr_error *match_entry(void *arg, const struct mr_browse_row *row, bool *stop)
{
    struct listed *l = arg;
    struct mr_value path = mr_browse_field(row->map, "path");
    if (row->head.place.file != l->ordinal || !path.len || mr_value_type(path) != MR_BYTES)
        return NULL;
    l->path = mr_arena_str(l->arena, mr_value_text(path));
    *stop = true;
    return NULL;
}

static struct mr_str from_list(struct mr_origins *o, const struct mr_plan_stage *s,
                               uint32_t ordinal)
{
    struct listed listed = {.ordinal = ordinal, .arena = o->arena};
    if (s->part == MR_SOURCE_READ && s->input_count)
        mr_error_free(mr_browse_topic(o->browse, s->inputs[0].topic, match_entry, &listed));
    return listed.path;
}

struct mr_str mr_origins_path(struct mr_origins *o, const struct mr_id *id,
                              const struct mr_place *place)
{
    const struct mr_plan_stage *s = source_of(o->browse->plan, place->source);
    if (!s)
        return (struct mr_str){0};
    struct listing *l = &o->listings[s->number];
    for (size_t i = 0; i < l->known_count; i++)
        if (l->known[i].ordinal == place->file)
            return l->known[i].path;
    if (!l->looked)
        look(o, s, l);
    struct mr_str path = {0};
    for (size_t i = 0; i < l->count && !path.len; i++)
        if (makes(s->id, l->paths[i], place->record, id))
            path = l->paths[i];
    if (!path.len)
        path = from_list(o, s, place->file);
    if (path.len) {
        if ((l->known_count & (l->known_count - 1)) == 0)
            l->known =
                mr_realloc(l->known, (l->known_count ? 2 * l->known_count : 1) * sizeof *l->known);
        l->known[l->known_count].ordinal = place->file;
        l->known[l->known_count++].path = path;
    }
    return path;
}
