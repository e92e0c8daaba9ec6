/* Where stages run: scale, partitions, windows, and what an endless source makes impossible. */
#include "topology/topology_private.h"

static void check_fixed(struct compile *c, const struct item *item, const char *what,
                        const char *remedy)
{
    if (item->scale > 1)
        TOPO_ERROR(c, MR_TOPOLOGY_SCALE, &item->scale_at, remedy, "%s runs as one task, not as %u",
                   what, item->scale);
    if (item->partitions > 1)
        TOPO_ERROR(c, MR_TOPOLOGY_SCALE, &item->partitions_at, remedy,
                   "%s runs as one task, not on %u partitions", what, item->partitions);
}

static void check_source(struct compile *c, const struct item *item)
{
    uint32_t partitions = item->partitions ? item->partitions : 8;
    if (!item->source || !item->source->take) {
        check_fixed(c, item, "a source", "Scale the stages that read it.");
        return;
    }
    if (item->scale > partitions)
        TOPO_ERROR(c, MR_TOPOLOGY_SCALE, &item->scale_at,
                   mr_topology__text(c, "Declare `partitions: %u` or more, or a smaller `scale:`.",
                                     item->scale),
                   "scale %u is more than the %u partitions of source \"%.*s\"", item->scale,
                   partitions, MR_FMT(item->id));
    if (c->options->row_limit && (item->scale > 1 || item->partitions > 1))
        TOPO_ERROR(c, MR_TOPOLOGY_SCALE, item->scale > 1 ? &item->scale_at : &item->partitions_at,
                   "Run without a limit, or without `scale:` and `partitions:` of the source.",
                   "a row limit needs a source that one task reads; \"%.*s\" is read by several",
                   MR_FMT(item->id));
}

static void check_operator(struct compile *c, const struct item *item)
{
    const struct mr_op *op = item->op;
    bool one_task = op->scope == MR_ONE_TASK || op->scope == MR_WHOLE_SET;
    if (one_task && !op->prepare)
        check_fixed(c, item, op->name,
                    op->scope == MR_ONE_TASK
                        ? "It keeps one index over all rows; scale the stages before it."
                        : "It settles the whole set at once; scale the stages before it.");
    uint32_t partitions = item->partitions                           ? item->partitions
                          : item->scale > 1 || op->scope == MR_KEYED ? 8
                                                                     : 1;
    if (item->scale > partitions && !(one_task && !op->prepare))
        TOPO_ERROR(c, MR_TOPOLOGY_SCALE, &item->scale_at,
                   mr_topology__text(c,
                                     "Declare `partitions: %u` or more (a changed number opens a "
                                     "new epoch), or a smaller `scale:`.",
                                     item->scale),
                   "scale %u is more than the %u partitions of stage \"%.*s\"", item->scale,
                   partitions, MR_FMT(item->id));
    if ((item->window_rows || item->window_idle_ms) && op->scope != MR_WHOLE_SET)
        TOPO_ERROR(c, MR_TOPOLOGY_WINDOW, &item->window_at, "Remove `window:`.",
                   "%s handles rows as they come and has no window", op->name);
    if (op->scope == MR_GENERATE && !(op->slots && op->slots[0].name))
        TOPO_ERROR(c, MR_TOPOLOGY_NOT_AVAILABLE, &item->use_at, NULL,
                   "%s makes rows from none, which no stage can run yet", op->name);
    if ((item->arrival || item->place_order) && !op->ordered)
        TOPO_WARNING(c, MR_TOPOLOGY_VALUE, &item->order_at, "Remove `order:`.",
                     "%s does not take rows in an order of its own", op->name);
}

/* ---- keys by which rows met before ---- */

static const struct topo_role *met_by(const struct item *item)
{
    bool keyed = item->op && item->sound && item->op->scope == MR_KEYED && item->partitions != 1;
    return keyed ? &item->roles[item->op->key_role] : NULL;
}

static bool same_names(const struct topo_role *a, const struct topo_role *b)
{
    bool same = a->count == b->count;
    for (size_t i = 0; same && i < a->count; i++)
        same = mr_str_eq(a->names[i], b->names[i]);
    return same;
}

/* The last keyed stages before this one are noted, once each; what one task settles ends the search. */
static void meets_again(struct compile *c, const struct item *item, const struct topo_role *role,
                        const struct item *at, char *seen)
{
    for (size_t i = 0; i < at->from_count; i++) {
        int index = at->from[i].item;
        if (index < 0 || seen[index])
            continue;
        seen[index] = 1;
        const struct item *before = &c->topo->items[index];
        const struct topo_role *other = met_by(before);
        if (other && !same_names(role, other) && role->count && other->count)
            TOPO_HINT(c, MR_KEY_REPARTITION, &role->names_at[0], NULL,
                      "rows met by \"%.*s\"%s in stage \"%.*s\"; here they meet by \"%.*s\"%s and are "
                      "distributed anew",
                      MR_FMT(other->names[0]), other->count > 1 ? " and others" : "",
                      MR_FMT(before->id), MR_FMT(role->names[0]), role->count > 1 ? " and others" : "");
        else if (!other && !(before->op && (before->op->scope == MR_ONE_TASK ||
                                            before->op->scope == MR_WHOLE_SET)))
            meets_again(c, item, role, before, seen);
    }
}

/* ---- what is kept ---- */

static void check_horizon(struct compile *c)
{
    struct topo *t = c->topo;
    struct mr_buf horizon = {0}, kept = {0};
    if (!t->replay_horizon)
        return;
    mr_topology__print_bytes(&horizon, t->replay_horizon);
    for (size_t i = 0; i < t->count; i++) {
        const struct item *item = &t->items[i];
        if (!item->retention || item->retention >= t->replay_horizon)
            continue;
        kept.len = 0;
        mr_topology__print_bytes(&kept, item->retention);
        TOPO_ERROR(c, MR_TOPOLOGY_HORIZON, &item->retention_at,
                   mr_topology__text(c, "Keep %s or more here, or lower `replay_horizon:`.",
                                     mr_buf_text(&horizon)),
                   "\"%.*s\" keeps %s, less than the replay horizon of %s", MR_FMT(item->id),
                   mr_buf_text(&kept), mr_buf_text(&horizon));
    }
    kept.len = 0;
    mr_topology__print_bytes(&kept, t->disk_budget);
    if (t->disk_budget && t->disk_budget < t->replay_horizon)
        TOPO_ERROR(c, MR_TOPOLOGY_HORIZON, &t->budget_at, NULL,
                   "the disk budget of %s holds less than the replay horizon of %s",
                   mr_buf_text(&kept), mr_buf_text(&horizon));
    mr_buf_finish(&horizon);
    mr_buf_finish(&kept);
}

/* ---- rows that come back ---- */

/* Are rows that left somewhere (an outcome) among what the item gets, without another stage's word? */
static bool takes_left(const struct topo *t, const struct item *item, size_t budget)
{
    for (size_t i = 0; i < item->from_count && budget; i++)
        if (item->from[i].item >= 0 && (item->from[i].outcome >= 0 ||
                                        takes_left(t, &t->items[item->from[i].item], budget - 1)))
            return true;
    return false;
}

/* A sink that writes where a source reads: the next look takes it for input. */
static void check_feedback(struct compile *c, const struct item *sink)
{
    struct topo *t = c->topo;
    struct mr_buf path = {0};
    if (!sink->sound || !sink->sink->target)
        return;
    sink->sink->target(sink->params, c->base_dir, &path);
    for (size_t i = 0; i < t->source_count; i++) {
        const struct item *source = &t->items[i];
        if (!source->sound || !source->source->reads ||
            !source->source->reads(source->params, c->base_dir, mr_buf_str(&path)))
            continue;
        const char *what = takes_left(t, sink, 64) ? "rows that left" : "rows";
        struct place at = sink->setting_count ? sink->settings_at[0] : sink->at;
        if (source->endless)
            TOPO_ERROR(c, MR_TOPOLOGY_FEEDBACK, &at, "Write to a place that it does not watch.",
                       "sink \"%.*s\" writes %s where source \"%.*s\" watches for input",
                       MR_FMT(sink->id), what, MR_FMT(source->id));
        else
            TOPO_WARNING(c, MR_TOPOLOGY_FEEDBACK, &at, "Write to a place that it does not read.",
                         "sink \"%.*s\" writes %s where source \"%.*s\" reads: the next run takes "
                         "them for input",
                         MR_FMT(sink->id), what, MR_FMT(source->id));
    }
    mr_buf_finish(&path);
}

/* ---- sinks that write over each other ---- */

/* The next part of a path, without empty ones and `.`; len 0: the end. */
static struct mr_str next_part(struct mr_str *path)
{
    struct mr_str part;
    do {
        size_t end = mr_str_find(*path, MR_STR("/"), 0);
        part = mr_str_span(path->ptr, end == SIZE_MAX ? path->len : end);
        size_t taken = end == SIZE_MAX ? path->len : end + 1;
        *path = mr_str_span(path->ptr + taken, path->len - taken);
    } while (path->len && (!part.len || mr_str_is(part, ".")));
    return mr_str_is(part, ".") ? (struct mr_str){0} : part;
}

/* As they are written: links, and parts such as `..`, are not followed. */
static bool same_path(struct mr_str a, struct mr_str b)
{
    while (a.len && b.len)
        if (!mr_str_eq(next_part(&a), next_part(&b)))
            return false;
    return !next_part(&a).len && !next_part(&b).len;
}

static void check_target(struct compile *c, const struct item *sink)
{
    struct mr_buf path = {0}, other = {0};
    if (!sink->sound || !sink->sink->target)
        return;
    sink->sink->target(sink->params, c->base_dir, &path);
    for (const struct item *s = c->topo->items; s < sink; s++) {
        if (s->kind != MR_STAGE_SINK || !s->sound || s->sink != sink->sink)
            continue;
        other.len = 0;
        s->sink->target(s->params, c->base_dir, &other);
        if (!same_path(mr_buf_str(&path), mr_buf_str(&other)))
            continue;
        struct place at = sink->setting_count ? sink->settings_at[0] : sink->at;
        TOPO_ERROR(c, MR_TOPOLOGY_TARGET, &at, NULL,
                   "sink \"%.*s\" writes where sink \"%.*s\" writes", MR_FMT(sink->id),
                   MR_FMT(s->id));
        break;
    }
    mr_buf_finish(&path);
    mr_buf_finish(&other);
}

static void check_endless(struct compile *c, struct item *item)
{
    for (size_t i = 0; i < item->from_count; i++)
        if (item->from[i].item >= 0)
            item->endless = item->endless || c->topo->items[item->from[i].item].endless;
    if (item->endless && item->op && item->op->scope == MR_WHOLE_SET && !item->window_rows &&
        !item->window_idle_ms)
        TOPO_ERROR(c, MR_TOPOLOGY_ENDLESS, &item->use_at, NULL,
                   "%s waits for the end of its input, which never comes: a source is endless",
                   item->op->name);
}

void mr_topology__check_place(struct compile *c)
{
    for (size_t i = 0; i < c->topo->order_count; i++) {
        struct item *item = &c->topo->items[c->topo->order[i]];
        check_endless(c, item);
        if (item->kind == MR_STAGE_SOURCE)
            check_source(c, item);
        else if (item->kind == MR_STAGE_SINK)
            check_fixed(c, item, "a sink", "Scale the stages before it."), check_feedback(c, item),
                check_target(c, item);
        else if (item->op)
            check_operator(c, item);
        if (met_by(item))
            meets_again(c, item, met_by(item), item, mr_arena_zalloc(c->arena, c->topo->count + 1));
    }
    check_horizon(c);
}
