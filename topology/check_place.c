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
    if (op->scope == MR_GENERATE || (op->slots && op->slots[0].name))
        TOPO_ERROR(c, MR_TOPOLOGY_NOT_AVAILABLE, &item->use_at, NULL, "%s %s", op->name,
                   op->scope == MR_GENERATE ? "makes rows from none, which no stage can run yet"
                                            : "asks a model, which no stage can run yet");
    if ((item->arrival || item->place_order) && !op->ordered)
        TOPO_WARNING(c, MR_TOPOLOGY_VALUE, &item->order_at, "Remove `order:`.",
                     "%s does not take rows in an order of its own", op->name);
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
            check_fixed(c, item, "a sink", "Scale the stages before it.");
        else if (item->op)
            check_operator(c, item);
    }
}
