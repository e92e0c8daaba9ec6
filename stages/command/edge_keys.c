/* Keys on the edges into a group, from what the compiler found. */
#include "stages/command/edge_keys.h"

/* NULL: nothing is known of the rows of this topic. */
static const struct mr_schema *schema_of(const struct mr_compiled *c, int topic)
{
    int writer = c->plan->topics[topic].stage;
    const struct mr_plan_stage *s = &c->plan->stages[writer];
    for (size_t i = 0; i < s->output_count; i++)
        if (s->outputs[i].topic == topic && s->outputs[i].outcome >= 0)
            return NULL; /* rows that left look as they did before the stage */
    for (size_t i = 0; i < c->edge_count; i++)
        if (c->edges[i].topic_or_stage == writer)
            return c->edges[i].schema.unknown ? NULL : &c->edges[i].schema;
    return NULL;
}

static uint32_t types_in(const struct mr_schema *s, struct mr_str key)
{
    if (!s)
        return MR_EXPR_UNKNOWN;
    for (size_t i = 0; i < s->count; i++)
        if (mr_str_eq(s->keys[i].name, key))
            return s->sample_rows ? MR_EXPR_UNKNOWN
                                  : s->keys[i].types | (s->keys[i].always ? 0 : (uint32_t)MR_NULL);
    return s->open ? MR_EXPR_UNKNOWN : 0;
}

static uint32_t types(void *arg, struct mr_str key)
{
    const struct mr_edge_known *k = arg;
    uint32_t all = 0;
    bool lacks = false;
    for (size_t i = 0; i < k->head->input_count; i++) {
        uint32_t here = types_in(schema_of(k->compiled, k->head->inputs[i].topic), key);
        all |= here;
        lacks = lacks || !here;
    }
    return all && lacks ? all | (uint32_t)MR_NULL : all;
}

static struct mr_str name(void *arg, size_t at)
{
    const struct mr_edge_known *k = arg;
    for (size_t i = 0; i < k->head->input_count; i++) {
        const struct mr_schema *s = schema_of(k->compiled, k->head->inputs[i].topic);
        size_t count = s ? s->count : 0;
        if (at < count)
            return s->keys[at].name;
        at -= count;
    }
    return (struct mr_str){0};
}

struct mr_expr_keys mr_edge_keys_of(struct mr_edge_known *k)
{
    return (struct mr_expr_keys){types, name, k};
}
