/* The plan as JSON, for tools: the same facts as the printed one, by name. */
#include "topology/topology_private.h"

#include "runtime/op/describe.h"

static void text(struct mr_json_out *j, const char *key, struct mr_str value)
{
    mr_json_key(j, key);
    mr_json_text(j, value);
}

static void number(struct mr_json_out *j, const char *key, uint64_t value)
{
    mr_json_key(j, key);
    mr_json_uint(j, value);
}

static void settings_json(const struct mr_plan_stage *s, struct mr_json_out *j)
{
    mr_json_key(j, "with");
    mr_json_begin_object(j);
    for (size_t i = 0; i < s->setting_count; i++) {
        mr_json_key_str(j, s->settings[i].name);
        if (s->settings[i].null)
            mr_json_null(j);
        else
            mr_json_text(j, s->settings[i].value);
    }
    mr_json_end_object(j);
    mr_json_key(j, "keys");
    mr_json_begin_object(j);
    for (size_t i = 0; i < s->bound_count; i++) {
        mr_json_key_str(j, s->bound[i].role);
        mr_json_begin_array(j);
        for (size_t k = 0; k < s->bound[i].count; k++)
            mr_json_text(j, s->bound[i].keys[k]);
        mr_json_end_array(j);
    }
    mr_json_end_object(j);
}

static void edges_json(const struct mr_plan *p, const struct mr_plan_stage *s,
                       struct mr_json_out *j)
{
    mr_json_key(j, "inputs");
    mr_json_begin_array(j);
    for (size_t i = 0; i < s->input_count; i++)
        mr_json_text(j, p->topics[s->inputs[i].topic].name);
    mr_json_end_array(j);
    mr_json_key(j, "outputs");
    mr_json_begin_object(j);
    for (size_t i = 0; i < s->output_count; i++) {
        mr_json_key_str(j, s->outputs[i].name);
        if (s->outputs[i].topic == MR_PLAN_NONE)
            mr_json_null(j);
        else
            mr_json_text(j, p->topics[s->outputs[i].topic].name);
    }
    mr_json_end_object(j);
    mr_json_key(j, "routes");
    mr_json_begin_object(j);
    for (size_t i = 0; i < s->output_count; i++)
        if (s->outputs[i].route.len) {
            mr_json_key_str(j, s->outputs[i].name);
            mr_json_text(j, s->outputs[i].route);
        }
    mr_json_end_object(j);
}

static void rows_json(const struct mr_schema *s, struct mr_json_out *j)
{
    struct mr_buf types = {0};
    mr_json_key(j, "rows");
    mr_json_begin_object(j);
    mr_json_key(j, "open");
    mr_json_bool(j, s->open);
    mr_json_key(j, "known");
    mr_json_bool(j, !s->unknown);
    number(j, "sample_rows", s->sample_rows);
    mr_json_key(j, "keys");
    mr_json_begin_array(j);
    for (size_t i = 0; i < s->count; i++) {
        types.len = 0;
        mr_describe_types(s->keys[i].types, &types);
        mr_json_begin_object(j);
        text(j, "name", s->keys[i].name);
        text(j, "type", mr_buf_str(&types));
        mr_json_key(j, "always");
        mr_json_bool(j, s->keys[i].always);
        mr_json_end_object(j);
    }
    mr_json_end_array(j);
    mr_json_end_object(j);
    mr_buf_finish(&types);
}

static void stage_json(const struct mr_compiled *c, size_t index, struct mr_json_out *j)
{
    static const char *const kinds[] = {"source", "operator", "prepare", "sink"};
    static const char *const orders[] = {"none", "stream", "hold", "arrival"};
    const struct mr_plan *p = c->plan;
    const struct mr_plan_stage *s = &p->stages[index];
    char hex[MR_ID_HEX_LEN + 1];
    mr_id_hex(&s->fingerprint, hex);
    mr_json_begin_object(j);
    text(j, "id", s->id);
    text(j, "kind", mr_str_of(kinds[s->kind]));
    text(j, "use", s->use);
    number(j, "group", (uint64_t)s->group);
    number(j, "tasks", p->groups[s->group].partitions);
    number(j, "processes", p->groups[s->group].scale);
    text(j, "order", mr_str_of(orders[s->order]));
    text(j, "fusion", c->notes[index].fusion);
    text(j, "fingerprint", mr_str_of(hex));
    settings_json(s, j);
    edges_json(p, s, j);
    for (size_t i = 0; i < c->edge_count; i++)
        if (c->edges[i].topic_or_stage == (int)index)
            rows_json(&c->edges[i].schema, j);
    mr_json_end_object(j);
}

static void topic_json(const struct mr_plan *p, size_t index, struct mr_json_out *j)
{
    const struct mr_plan_topic *t = &p->topics[index];
    mr_json_begin_object(j);
    text(j, "name", t->name);
    text(j, "writer", p->stages[t->stage].id);
    number(j, "partitions", t->partitions);
    number(j, "lanes", t->lanes);
    mr_json_key(j, "key");
    mr_json_begin_array(j);
    for (size_t k = 0; k < t->key_count; k++)
        mr_json_text(j, t->key[k]);
    mr_json_end_array(j);
    number(j, "bound_bytes", t->bound_bytes);
    number(j, "keep_bytes", t->keep_bytes);
    mr_json_key(j, "record");
    mr_json_bool(j, t->record);
    mr_json_end_object(j);
}

void mr_plan_json(const struct mr_compiled *c, struct mr_json_out *j)
{
    if (!c->plan) {
        mr_json_null(j);
        return;
    }
    mr_json_begin_object(j);
    mr_plan_json_members(c, j);
    mr_json_end_object(j);
}

void mr_plan_json_members(const struct mr_compiled *c, struct mr_json_out *j)
{
    const struct mr_plan *p = c->plan;
    char hex[MR_ID_HEX_LEN + 1];
    mr_id_hex(&p->hash, hex);
    text(j, "name", p->name);
    number(j, "epoch", p->epoch);
    number(j, "seed", p->seed);
    text(j, "hash", mr_str_of(hex));
    mr_json_key(j, "endless");
    mr_json_bool(j, p->endless);
    number(j, "disk_budget_bytes", p->disk_budget_bytes);
    mr_json_key(j, "stages");
    mr_json_begin_array(j);
    for (size_t i = 0; i < p->stage_count; i++)
        stage_json(c, i, j);
    mr_json_end_array(j);
    mr_json_key(j, "topics");
    mr_json_begin_array(j);
    for (size_t i = 0; i < p->topic_count; i++)
        topic_json(p, i, j);
    mr_json_end_array(j);
}
