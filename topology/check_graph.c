/* The graph of a topology: ids, `from`, cycles, the order of items, what nobody reads. */
#include "topology/topology_private.h"

static const char *kind_name(const struct item *item)
{
    return item->kind == MR_STAGE_SOURCE ? "source"
           : item->kind == MR_STAGE_SINK ? "sink"
                                         : "stage";
}

static struct mr_str first_part(struct mr_str text, struct mr_str *rest)
{
    const char *dot = text.len ? memchr(text.ptr, '.', text.len) : NULL;
    *rest = (struct mr_str){0};
    if (!dot)
        return text;
    size_t len = (size_t)(dot - text.ptr);
    *rest = mr_str_span(dot + 1, text.len - len - 1);
    return mr_str_span(text.ptr, len);
}

static int item_find(const struct topo *t, struct mr_str id)
{
    for (size_t i = 0; i < t->count; i++)
        if (mr_str_eq(t->items[i].id, id))
            return (int)i;
    return -1;
}

static bool check_ids(struct compile *c)
{
    struct topo *t = c->topo;
    bool ok = true;
    for (size_t i = 0; i < t->count; i++) {
        struct item *item = &t->items[i];
        bool made = item->kind == MR_STAGE_OPERATOR && !item->op; /* made from an unknown name */
        if (!mr_topology__id_ok(item->id)) {
            if (!made || item->id.len == 0)
                ok = false;
            if (!made)
                TOPO_ERROR(c, MR_TOPOLOGY_ID, &item->at, NULL, "\"%.*s\" cannot be the id of a %s",
                           MR_FMT(item->id), kind_name(item));
        }
        int first = item_find(t, item->id);
        if (first >= 0 && first != (int)i && item->id.len) {
            struct item *other = &t->items[first];
            ok = TOPO_ERROR(c, MR_TOPOLOGY_ID_TWICE, &item->at,
                            mr_topology__text(c, "Give one of them another name%s.",
                                              item->kind == MR_STAGE_OPERATOR ? " with `id:`" : ""),
                            "the %s in line %u has the id \"%.*s\" too", kind_name(other),
                            other->at.line, MR_FMT(item->id));
        }
    }
    return ok;
}

/* ---- from ---- */

static void add_ref(struct compile *c, struct item *item, int to)
{
    struct ref *more = mr_arena_zalloc(c->arena, (item->from_count + 1) * sizeof *more);
    if (item->from_count)
        memcpy(more, item->from, item->from_count * sizeof *more);
    more[item->from_count] = (struct ref){
        .at = item->at, .text = c->topo->items[to].id, .item = to, .outcome = MR_PLAN_NONE};
    item->from = more;
    item->from_count++;
}

static bool named_by_other(const struct topo *t, size_t source, size_t but)
{
    for (size_t i = t->source_count; i < t->count; i++)
        for (size_t k = 0; i != but && k < t->items[i].from_count; k++) {
            struct mr_str rest;
            if (t->items[i].from_given &&
                mr_str_eq(first_part(t->items[i].from[k].text, &rest), t->items[source].id))
                return true;
        }
    return false;
}

/* The only source, or all that nobody else reads by name. */
static void read_sources(struct compile *c, size_t index)
{
    struct topo *t = c->topo;
    for (size_t i = 0; i < t->source_count; i++)
        if (t->source_count == 1 || !named_by_other(t, i, index))
            add_ref(c, &t->items[index], (int)i);
    if (!t->items[index].from_count && t->source_count)
        TOPO_ERROR(c, MR_TOPOLOGY_FROM, &t->items[index].at, "Say with `from:` what it reads.",
                   "the first stage has no input: every source is read by name elsewhere");
}

static void default_from(struct compile *c)
{
    struct topo *t = c->topo;
    int last = -1;
    for (size_t i = t->source_count; i < t->count; i++) {
        struct item *item = &t->items[i];
        if (!item->from_given && last >= 0)
            add_ref(c, item, last);
        else if (!item->from_given)
            read_sources(c, i);
        if (item->kind == MR_STAGE_OPERATOR)
            last = (int)i;
    }
}

static const char *outcomes_of(struct compile *c, const struct item *item)
{
    struct mr_buf names = {0};
    for (size_t i = 0; i < item->route_count; i++)
        mr_buf_printf(&names, "%s\"%.*s\"", names.len ? ", " : "Its rows leave as ",
                      MR_FMT(item->routes[i].name));
    for (const struct mr_outcome *o = item->op->outcomes; o && o->name; o++)
        mr_buf_printf(&names, "%s\"%s\"", names.len ? ", " : "Its rows leave as ", o->name);
    const char *text = names.len ? mr_topology__text(c, "%s.", mr_buf_text(&names))
                                 : "No row leaves it but by going on.";
    mr_buf_finish(&names);
    return text;
}

static bool find_outcome(struct compile *c, struct ref *ref, struct mr_str name)
{
    const struct item *to = &c->topo->items[ref->item];
    if (to->kind == MR_STAGE_OPERATOR && !to->op)
        return false; /* said before */
    struct near near;
    mr_near__begin(&near, name);
    int index = 0, route = mr_topology__route_find(to, name);
    for (size_t i = 0; i < to->route_count; i++)
        mr_near__try(&near, to->routes[i].name);
    if (route >= 0) {
        ref->outcome = MR_PLAN_ROUTE - route;
        c->topo->items[ref->item].routes[route].readers++;
        return true;
    }
    for (const struct mr_outcome *o = to->op ? to->op->outcomes : NULL; o && o->name;
         o++, index++) {
        if (mr_str_is(name, o->name)) {
            ref->outcome = index;
            return true;
        }
        mr_near__try(&near, mr_str_of(o->name));
    }
    if (mr_str_is(name, "out"))
        return true;
    static const char *const built_in[] = {"bad_input", "too_large", "crash", "error", "stuck"};
    const char *remedy = mr_near__text(&near, c->arena);
    for (size_t i = 0; i < 5; i++)
        if (mr_str_is(name, built_in[i]))
            remedy = mr_topology__text(c,
                                       "Such rows are in the dead letters: `millrace topics cat"
                                       " %.*s.%.*s.dead.e1`.",
                                       MR_FMT(c->topo->name), MR_FMT(to->id));
    if (!remedy && to->op)
        remedy = outcomes_of(c, to);
    return TOPO_ERROR(c, MR_TOPOLOGY_FROM, &ref->at, remedy, "%s \"%.*s\" has no %s \"%.*s\"",
                      kind_name(to), MR_FMT(to->id),
                      to->route_count ? "route or outcome" : "outcome", MR_FMT(name));
}

static bool resolve_ref(struct compile *c, struct item *item, struct ref *ref)
{
    struct topo *t = c->topo;
    struct mr_str outcome, id = first_part(ref->text, &outcome);
    if (ref->item >= 0)
        return true; /* by default */
    ref->item = item_find(t, id);
    if (ref->item < 0) {
        struct near near;
        mr_near__begin(&near, id);
        for (size_t i = 0; i < t->count; i++)
            if (t->items[i].kind != MR_STAGE_SINK && &t->items[i] != item)
                mr_near__try(&near, t->items[i].id);
        return TOPO_ERROR(c, MR_TOPOLOGY_FROM, &ref->at, mr_near__text(&near, c->arena),
                          "there is no stage or source \"%.*s\"", MR_FMT(id));
    }
    if (t->items[ref->item].kind == MR_STAGE_SINK)
        return TOPO_ERROR(c, MR_TOPOLOGY_FROM, &ref->at, "Read what the sink reads.",
                          "\"%.*s\" is a sink: nothing comes out of it", MR_FMT(id));
    if (outcome.len && !find_outcome(c, ref, outcome))
        return false;
    for (struct ref *before = item->from; before < ref; before++)
        if (before->item == ref->item && before->outcome == ref->outcome)
            return TOPO_ERROR(c, MR_TOPOLOGY_FROM, &ref->at, "Remove one.",
                              "\"%.*s\" stands in `from` twice", MR_FMT(ref->text));
    return true;
}

/* ---- cycles and order ---- */

enum { UNSEEN, OPEN, DONE };

struct visit {
    struct compile *c;
    char *state;
    int *path;
    size_t depth;
    bool ok;
};

/* The outcome by which rows of `writer` that left it come into `reader`, or NULL. */
static const char *left_as(const struct topo *t, int reader, int writer)
{
    const struct item *item = &t->items[reader];
    for (size_t i = 0; i < item->from_count; i++)
        if (item->from[i].item == writer && item->from[i].outcome >= 0 && t->items[writer].op)
            return t->items[writer].op->outcomes[item->from[i].outcome].name;
    return NULL;
}

static void report_cycle(struct visit *v, const struct ref *ref)
{
    struct mr_buf text = {0};
    size_t from = v->depth;
    while (from > 0 && v->path[from - 1] != ref->item)
        from--;
    for (size_t i = v->depth; i >= from && i > 0; i--) /* the path goes from readers to writers */
        mr_buf_printf(&text, "%.*s → ", MR_FMT(v->c->topo->items[v->path[i - 1]].id));
    mr_buf_adds(&text, v->c->topo->items[v->path[v->depth - 1]].id);
    for (size_t i = from ? from - 1 : 0; i < v->depth; i++)
        v->c->topo->items[v->path[i]].in_circle = true;
    const struct topo *t = v->c->topo;
    int reader = v->path[v->depth - 1], writer = ref->item;
    const char *outcome = left_as(t, reader, writer);
    for (size_t i = from; i > 0 && i < v->depth && !outcome; i++) {
        reader = v->path[i - 1];
        writer = v->path[i];
        outcome = left_as(t, reader, writer);
    }
    if (outcome)
        v->ok = TOPO_ERROR(v->c, MR_TOPOLOGY_FEEDBACK, &ref->at, NULL,
                           "rows that left stage \"%.*s\" as %s come back to it: %s",
                           MR_FMT(t->items[writer].id), outcome, mr_buf_text(&text));
    else
        v->ok = TOPO_ERROR(v->c, MR_TOPOLOGY_CYCLE, &ref->at, NULL, "rows would go in a circle: %s",
                           mr_buf_text(&text));
    mr_buf_finish(&text);
}

/* Depth of the recursion: the number of stages, bounded by the file's size and UINT16_MAX. */
static void visit(struct visit *v, int index)
{
    struct topo *t = v->c->topo;
    struct item *item = &t->items[index];
    v->state[index] = OPEN;
    v->path[v->depth++] = index;
    for (size_t i = 0; i < item->from_count; i++) {
        int to = item->from[i].item;
        if (to < 0)
            continue;
        if (v->state[to] == OPEN)
            report_cycle(v, &item->from[i]);
        else if (v->state[to] == UNSEEN)
            visit(v, to);
    }
    v->depth--;
    v->state[index] = DONE;
    t->order[t->order_count++] = index;
}

/* Writers before readers; sources first and sinks last, otherwise as written where that is free. */
static bool order_items(struct compile *c)
{
    struct topo *t = c->topo;
    struct visit v = {.c = c, .ok = true};
    v.state = mr_arena_zalloc(c->arena, t->count + 1);
    v.path = mr_arena_zalloc(c->arena, (t->count + 1) * sizeof *v.path);
    t->order = mr_arena_zalloc(c->arena, (t->count + 1) * sizeof *t->order);
    for (int pass = MR_STAGE_SOURCE; pass <= MR_STAGE_SINK; pass++)
        for (size_t i = 0; i < t->count; i++)
            if (t->items[i].kind == (enum mr_stage_kind)pass && v.state[i] == UNSEEN)
                visit(&v, (int)i);
    return v.ok;
}

/* Of a stage of which something is read: what of it nobody reads. */
static void check_unread(struct compile *c, const struct item *item)
{
    for (size_t i = 0; i < item->route_count; i++)
        if (!item->routes[i].readers)
            TOPO_WARNING(c, MR_TOPOLOGY_UNUSED, &item->routes[i].at, NULL,
                         "nothing reads route \"%.*s\" of stage \"%.*s\"",
                         MR_FMT(item->routes[i].name), MR_FMT(item->id));
    if (!item->out_readers)
        TOPO_WARNING(c, MR_TOPOLOGY_UNUSED, &item->at,
                     "They stay in its topic; read them with `from:` to do something with them.",
                     item->route_count ? "nothing reads the rows of stage \"%.*s\" that take no route"
                                       : "nothing reads the rows of stage \"%.*s\" that go on",
                     MR_FMT(item->id));
}

/* A reader that is wrong in another way (`from: a.bad_name`) is a reader. */
static bool meant_by_broken(const struct topo *t, const struct item *item)
{
    struct mr_str rest;
    for (size_t i = 0; i < t->count; i++)
        for (size_t k = 0; k < t->items[i].from_count; k++)
            if (t->items[i].from[k].item < 0 &&
                mr_str_eq(first_part(t->items[i].from[k].text, &rest), item->id))
                return true;
    return false;
}

static void count_readers(struct compile *c)
{
    struct topo *t = c->topo;
    for (size_t i = 0; i < t->count; i++)
        for (size_t k = 0; k < t->items[i].from_count; k++) {
            const struct ref *ref = &t->items[i].from[k];
            if (ref->item < 0)
                continue;
            t->items[ref->item].readers++;
            t->items[ref->item].out_readers += ref->outcome == MR_PLAN_NONE;
        }
    for (size_t i = 0; i < t->count; i++) {
        const struct item *item = &t->items[i];
        if (item->kind != MR_STAGE_SINK && !item->out_readers && meant_by_broken(t, item))
            continue;
        if (item->kind != MR_STAGE_SINK && !item->readers)
            TOPO_WARNING(c, MR_TOPOLOGY_UNUSED, &item->at, NULL, "nothing reads %s \"%.*s\"",
                         kind_name(item), MR_FMT(item->id));
        else if (item->kind == MR_STAGE_OPERATOR)
            check_unread(c, item);
    }
}

/* Stages into which no path from a source leads: those behind a circle. */
static void check_reach(struct compile *c)
{
    struct topo *t = c->topo;
    char *reached = mr_arena_zalloc(c->arena, t->count + 1);
    for (bool changed = true; changed;) { /* once, but for circles */
        changed = false;
        for (size_t i = 0; i < t->order_count; i++) {
            const struct item *item = &t->items[t->order[i]];
            bool any = item->kind == MR_STAGE_SOURCE || !item->from_count;
            for (size_t k = 0; k < item->from_count; k++)
                any = any || item->from[k].item < 0 || reached[item->from[k].item];
            changed = changed || (any && !reached[t->order[i]]);
            reached[t->order[i]] = any;
        }
    }
    for (size_t i = 0; i < t->count; i++)
        if (!reached[i] && !t->items[i].in_circle)
            TOPO_WARNING(c, MR_TOPOLOGY_UNREACHABLE, &t->items[i].at, NULL,
                         "no row of a source gets to %s \"%.*s\"", kind_name(&t->items[i]),
                         MR_FMT(t->items[i].id));
}

bool mr_topology__check_graph(struct compile *c)
{
    struct topo *t = c->topo;
    bool ok = check_ids(c);
    if (!t->source_count)
        ok = TOPO_ERROR(c, MR_TOPOLOGY_EMPTY, NULL, "Add `source: {files: [...]}`.",
                        "the topology has no source");
    if (!t->count || t->items[t->count - 1].kind != MR_STAGE_SINK)
        ok = TOPO_ERROR(c, MR_TOPOLOGY_EMPTY, NULL, "Add `sink: {file: out.jsonl}`.",
                        "the topology has no sink");
    if (t->count > ITEMS_MAX)
        return TOPO_ERROR(c, MR_YAML_LIMIT, NULL, NULL, "the topology has more than 2000 stages");
    default_from(c);
    for (size_t i = t->source_count; i < t->count; i++)
        for (size_t k = 0; k < t->items[i].from_count; k++)
            if (!resolve_ref(c, &t->items[i], &t->items[i].from[k])) {
                t->items[i].from[k].item = -1;
                ok = false;
            }
    ok = order_items(c) && ok;
    count_readers(c);
    if (t->source_count)
        check_reach(c);
    return ok;
}
