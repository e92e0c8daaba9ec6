/* The stored form of a plan: one msgpack list, positional, headed by a magic text and the version.
 */
#include "runtime/plan/plan_private.h"

static void pack_texts(struct mr_buf *out, const struct mr_str *items, size_t count)
{
    mr_pack_list(out, (uint32_t)count);
    for (size_t i = 0; i < count; i++)
        mr_pack_text(out, items[i]);
}

static void pack_id(struct mr_buf *out, const struct mr_id *id)
{
    mr_pack_bytes(out, mr_str_span((const char *)id->b, sizeof id->b));
}

static void pack_settings(struct mr_buf *out, const struct mr_plan_stage *s)
{
    mr_pack_list(out, (uint32_t)s->setting_count);
    for (size_t i = 0; i < s->setting_count; i++) {
        mr_pack_list(out, 2);
        mr_pack_text(out, s->settings[i].name);
        if (s->settings[i].null)
            mr_pack_null(out);
        else
            mr_pack_text(out, s->settings[i].value);
    }
}

static void pack_edges(struct mr_buf *out, const struct mr_plan_stage *s)
{
    mr_pack_list(out, (uint32_t)s->input_count);
    for (size_t i = 0; i < s->input_count; i++) {
        mr_pack_list(out, 2);
        mr_pack_int(out, s->inputs[i].topic);
        mr_pack_text(out, s->inputs[i].branch);
    }
    mr_pack_list(out, (uint32_t)s->output_count);
    for (size_t i = 0; i < s->output_count; i++) {
        mr_pack_list(out, 4);
        mr_pack_text(out, s->outputs[i].name);
        mr_pack_int(out, s->outputs[i].outcome);
        mr_pack_text(out, s->outputs[i].route);
        mr_pack_int(out, s->outputs[i].topic);
    }
}

static void pack_only(struct mr_buf *out, const struct mr_plan_only *only)
{
    mr_pack_list(out, PLAN_ONLY_FIELDS);
    mr_pack_text(out, only->where);
    mr_pack_uint(out, only->since_ms);
    mr_pack_uint(out, only->until_ms);
    mr_pack_uint(out, only->since_n);
    mr_pack_uint(out, only->until_n);
}

static void pack_stage(struct mr_buf *out, const struct mr_plan_stage *s)
{
    mr_pack_list(out, PLAN_STAGE_FIELDS);
    mr_pack_text(out, s->id);
    mr_pack_uint(out, s->kind);
    mr_pack_uint(out, s->part);
    mr_pack_text(out, s->use);
    mr_pack_uint(out, s->mode);
    pack_settings(out, s);
    mr_pack_list(out, (uint32_t)s->bound_count);
    for (size_t i = 0; i < s->bound_count; i++) {
        mr_pack_list(out, 2);
        mr_pack_text(out, s->bound[i].role);
        pack_texts(out, s->bound[i].keys, s->bound[i].count);
    }
    mr_pack_int(out, s->group);
    mr_pack_uint(out, s->number);
    mr_pack_bool(out, s->also_prepares);
    pack_edges(out, s);
    mr_pack_int(out, s->drops_topic);
    mr_pack_int(out, s->dead_topic);
    mr_pack_bool(out, s->keep_dropped);
    mr_pack_uint(out, s->order);
    mr_pack_uint(out, s->window_rows);
    mr_pack_uint(out, s->window_idle_ms);
    mr_pack_uint(out, s->cuts_epoch);
    mr_pack_bool(out, s->keeps_open);
    mr_pack_uint(out, s->longest_row_ms);
    mr_pack_uint(out, s->epoch);
    mr_pack_bool(out, s->aside);
    pack_only(out, &s->only);
    pack_id(out, &s->fingerprint);
}

static void pack_topic(struct mr_buf *out, const struct mr_plan_topic *t)
{
    mr_pack_list(out, PLAN_TOPIC_FIELDS);
    mr_pack_text(out, t->name);
    mr_pack_int(out, t->stage);
    mr_pack_uint(out, t->partitions);
    mr_pack_uint(out, t->lanes);
    pack_texts(out, t->key, t->key_count);
    mr_pack_uint(out, t->bound_bytes);
    mr_pack_uint(out, t->keep_bytes);
    mr_pack_bool(out, t->record);
    mr_pack_bool(out, t->cuts);
}

static void pack_group(struct mr_buf *out, const struct mr_plan_group *g)
{
    mr_pack_list(out, PLAN_GROUP_FIELDS);
    mr_pack_list(out, (uint32_t)g->stage_count);
    for (size_t i = 0; i < g->stage_count; i++)
        mr_pack_int(out, g->stages[i]);
    mr_pack_uint(out, g->partitions);
    mr_pack_uint(out, g->scale);
    mr_pack_uint(out, g->first_bell);
}

void mr_plan_encode(const struct mr_plan *plan, struct mr_buf *out)
{
    mr_pack_list(out, PLAN_FIELDS);
    mr_pack_text(out, MR_STR(PLAN_MAGIC));
    mr_pack_uint(out, MR_PLAN_FORMAT);
    mr_pack_text(out, plan->name);
    mr_pack_uint(out, plan->epoch);
    mr_pack_uint(out, plan->seed);
    mr_pack_bool(out, plan->endless);
    mr_pack_uint(out, plan->row_limit);
    mr_pack_uint(out, plan->max_row_bytes);
    mr_pack_text(out, plan->base_dir);
    mr_pack_uint(out, plan->disk_budget_bytes);
    mr_pack_bool(out, plan->lz4);
    mr_pack_list(out, (uint32_t)plan->stage_count);
    for (size_t i = 0; i < plan->stage_count; i++)
        pack_stage(out, &plan->stages[i]);
    mr_pack_list(out, (uint32_t)plan->topic_count);
    for (size_t i = 0; i < plan->topic_count; i++)
        pack_topic(out, &plan->topics[i]);
    mr_pack_list(out, (uint32_t)plan->group_count);
    for (size_t i = 0; i < plan->group_count; i++)
        pack_group(out, &plan->groups[i]);
    pack_id(out, &plan->hash);
}
