/* In which order stages that care get their rows, and where two branches bring the same row. */
#include "topology/topology_private.h"

/* Where identities of rows are made anew: nothing above it can be the same row. */
static bool makes_ids(const struct item *item)
{
    return item->kind == MR_STAGE_SOURCE || (item->op && item->op->expands) ||
           item->renames; /* a union that told branches apart */
}

/* Can the rows of two references be the same rows? Walks up from the later of the two stages. */
static bool may_be_same(const struct topo *t, int a, int a_outcome, int b, int b_outcome,
                        const int *rank, unsigned budget)
{
    if (a == b)
        return a_outcome == b_outcome;
    if (budget == 0)
        return true; /* too tangled to tell: branches are told apart, which is always right */
    if (rank[a] < rank[b])
        return may_be_same(t, b, b_outcome, a, a_outcome, rank, budget - 1);
    const struct item *later = &t->items[a];
    if (makes_ids(later) && a_outcome < 0) /* rows that go on, by a route or not */
        return false;
    for (size_t i = 0; i < later->from_count; i++)
        if (may_be_same(t, later->from[i].item, later->from[i].outcome, b, b_outcome, rank,
                        budget - 1))
            return true;
    return false;
}

void mr_topology__branches(struct compile *c)
{
    struct topo *t = c->topo;
    int *rank = mr_arena_zalloc(c->arena, (t->count + 1) * sizeof *rank);
    for (size_t i = 0; i < t->order_count; i++)
        rank[t->order[i]] = (int)i;
    for (size_t i = 0; i < t->order_count; i++) {
        struct item *item = &t->items[t->order[i]];
        for (size_t a = 0; a < item->from_count; a++)
            for (size_t b = a + 1; b < item->from_count; b++) {
                struct ref *one = &item->from[a], *two = &item->from[b];
                if (may_be_same(t, one->item, one->outcome, two->item, two->outcome, rank, 64))
                    one->branch = two->branch = item->renames = true;
            }
    }
}

/* ---- order of rows ---- */

/* What stands in one lane of a topic, as far as order goes. */
struct stream {
    bool in_order;    /* each lane is in place order            */
    unsigned expands; /* how often rows were expanded before it */
};

static bool cares(const struct item *item)
{
    return item->kind == MR_STAGE_SINK || (item->op && item->op->ordered);
}

static enum mr_order decide(struct compile *c, struct item *item, bool streams)
{
    if (!cares(item))
        return MR_ORDER_NONE;
    if (item->arrival)
        return MR_ORDER_ARRIVAL;
    if (streams)
        return MR_ORDER_STREAM;
    if (!item->endless)
        return MR_ORDER_HOLD;
    if (item->place_order)
        TOPO_ERROR(c, MR_TOPOLOGY_ENDLESS, &item->order_at, "Use `order: arrival`.",
                   "place order of several lanes needs the end of the input, which never comes: a "
                   "source is endless");
    return MR_ORDER_ARRIVAL;
}

static const char *order_note(const struct item *item, enum mr_order order)
{
    switch (order) {
    case MR_ORDER_STREAM:
        return "in order, streaming: its input is one lane in order";
    case MR_ORDER_HOLD:
        return "in order: holds rows until the input ends, since several lanes meet";
    case MR_ORDER_ARRIVAL:
        return item->arrival ? "by arrival, as declared" : "by arrival, since a source is endless";
    default:
        return NULL;
    }
}

/* Order that an operator depends on and its input has lost: told unless `order:` says what is meant. */
static void hint(struct compile *c, const struct item *item, enum mr_order order)
{
    if (!item->op || item->arrival || item->place_order || !item->op->ordered)
        return;
    if (order == MR_ORDER_HOLD)
        TOPO_HINT(c, MR_TOPOLOGY_ORDER_LOST, &item->use_at,
                  "Say `order: place` to accept that, or `order: arrival` to take them as they come.",
                  "%s takes rows in order and several lanes meet here: it will hold them until the "
                  "input ends",
                  item->op->name);
    else if (order == MR_ORDER_ARRIVAL)
        TOPO_HINT(c, MR_TOPOLOGY_ORDER_LOST, &item->use_at, "Say `order: arrival` to accept that.",
                  "%s takes rows in order and several lanes meet here: in an endless run it goes by "
                  "arrival",
                  item->op->name);
}

/* Was the order whole until the stage's own `scale:` spread the rows over tasks that prepare them? */
static bool scattered_here(const struct maker *m, const struct item *item,
                           const struct stream *streams)
{
    const struct mr_plan *plan = m->plan;
    const struct mr_plan_stage *prepare = &plan->stages[item->prepare_stage];
    return prepare->input_count == 1 && plan->topics[prepare->inputs[0].topic].lanes == 1 &&
           streams[plan->topics[prepare->inputs[0].topic].stage].in_order;
}

/* The rows that an ordered or unordered stage sends on, in one of its lanes. */
static struct stream after(const struct item *item, const struct mr_plan_stage *s, struct stream in,
                           bool one_input)
{
    struct stream out = in;
    if (s->order == MR_ORDER_HOLD)
        out.in_order = true;
    else if (!one_input)
        out.in_order = false;
    /* A barrier gives its rows out in an order of its own (the best first), always the same one:
     * nothing behind it should put them back. */
    if (item->op && item->op->scope == MR_WHOLE_SET)
        out = (struct stream){.in_order = true, .expands = in.expands};
    if (item->op && item->op->scope == MR_GENERATE)
        out.in_order = false;
    if (item->op && item->op->expands && s->kind == MR_STAGE_OPERATOR && ++out.expands > 2)
        out.in_order = false; /* the place has room for two levels */
    return out;
}

void mr_topology__order(struct maker *m)
{
    struct mr_plan *plan = m->plan;
    struct stream *streams =
        mr_arena_zalloc(m->c->arena, (plan->stage_count + 1) * sizeof *streams);
    for (size_t i = 0; i < plan->stage_count; i++) {
        struct mr_plan_stage *s = &plan->stages[i];
        struct item *item = &m->c->topo->items[m->item_of[i]];
        struct stream in = {.in_order = true};
        bool one_input = s->input_count == 1 && plan->topics[s->inputs[0].topic].lanes == 1;
        const struct mr_plan_group *group = &plan->groups[s->group];
        if (s->kind == MR_STAGE_SOURCE || item->joins)
            one_input = true;
        if (item->joins)
            for (size_t k = 1; k < group->stage_count; k++)
                if (group->stages[k] == (int)i)
                    in = streams[group->stages[k - 1]];
        for (size_t k = 0; k < s->input_count; k++) {
            const struct stream *from = &streams[plan->topics[s->inputs[k].topic].stage];
            in.in_order = in.in_order && from->in_order;
            if (from->expands > in.expands)
                in.expands = from->expands;
        }
        if (s->kind != MR_STAGE_PREPARE) {
            s->order = decide(m->c, item, one_input && in.in_order);
            m->c->out->notes[i].order = mr_str_of(order_note(item, s->order));
            bool own = item->prepare_stage != MR_PLAN_NONE && scattered_here(m, item, streams);
            if (!own)
                hint(m->c, item, s->order);
        }
        streams[i] = after(item, s, in, one_input);
    }
}
