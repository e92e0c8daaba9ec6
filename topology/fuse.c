/* Which stages share a process (`fuse: auto`): linear runs of stateless per-row stages. */
#include "topology/topology_private.h"

static bool stateless(const struct item *item)
{
    return item->kind == MR_STAGE_OPERATOR && item->op && item->op->scope == MR_PER_ROW &&
           !item->op->prepare && !item->op->ordered &&
           !(item->op->slots && item->op->slots[0].name);
}

static const char *why_alone(const struct item *item)
{
    if (item->kind == MR_STAGE_SOURCE)
        return "a source has a process of its own";
    if (item->kind == MR_STAGE_SINK)
        return "a sink has a process of its own";
    if (item->op->scope == MR_KEYED)
        return "rows meet by key";
    if (item->op->scope == MR_ONE_TASK)
        return "keeps one index over all rows";
    if (item->op->scope == MR_WHOLE_SET)
        return "settles the whole set";
    return "keeps state";
}

/* Why an item cannot ride with the one that writes its rows; NULL when it can. */
static const char *cut(const struct topo *t, const struct item *item)
{
    if (!stateless(item))
        return why_alone(item);
    if (item->from_count != 1)
        return "reads several stages";
    const struct ref *ref = &item->from[0];
    const struct item *writer = &t->items[ref->item];
    if (ref->outcome != MR_PLAN_NONE)
        return ref->outcome >= 0 ? "reads rows that left another stage" : "reads a route";
    if (writer->route_count)
        return "the stage before it has routes";
    if (!stateless(writer))
        return "the stage before it runs alone";
    if (item->isolate)
        return "isolate: yes";
    if (writer->isolate)
        return "the stage before it is isolated";
    if (writer->replay_point)
        return "the stage before it is a replay point";
    if (writer->readers != 1)
        return "the stage before it has several readers";
    if (item->scale && item->scale != (writer->scale ? writer->scale : 1))
        return "another scale";
    if (item->partitions && item->partitions != writer->partitions)
        return "other partitions";
    return NULL;
}

void mr_topology__fuse(struct compile *c)
{
    struct topo *t = c->topo;
    for (size_t i = 0; i < t->order_count; i++) {
        struct item *item = &t->items[t->order[i]];
        item->cut = t->fuse_auto ? cut(t, item) : "fuse: off";
        item->joins = !item->cut;
        if (item->joins) { /* what one process carries has one scale */
            item->scale = t->items[item->from[0].item].scale;
            item->partitions = t->items[item->from[0].item].partitions;
        }
    }
}
