/* Rows, drop records and dead letters on their way into the task's topics. */
#include "runtime/flow/task.h"

enum { DROP_SAMPLES = 20, RAW_KEPT = 64 * 1024 };

/* ---- which out is which ---- */

static int out_add(struct mr_task *t, int topic)
{
    if (topic == MR_PLAN_NONE)
        return -1;
    for (uint32_t i = 0; i < t->out_count; i++)
        if (t->outs[i].topic == topic)
            return (int)i;
    struct mr_task_out *out = &t->outs[t->out_count];
    const struct mr_plan_topic *plan_topic = &t->plan->topics[topic];
    out->topic = topic;
    out->partitions = plan_topic->partitions;
    out->key_count = plan_topic->key_count;
    out->symbols = mr_arena_alloc(t->arena, (out->key_count + 1) * sizeof(*out->symbols));
    for (size_t k = 0; k < out->key_count; k++)
        out->symbols[k] = mr_names_add(t->names, plan_topic->key[k]);
    return (int)t->out_count++;
}

struct mr_error *mr_task__open_outs(struct mr_task *t)
{
    const struct mr_plan_group *group = t->worker->group;
    size_t most = 1;
    for (size_t i = 0; i < group->stage_count; i++)
        most += t->plan->stages[group->stages[i]].output_count + 2;
    t->outs = mr_arena_zalloc(t->arena, most * sizeof(*t->outs));
    t->stages = mr_arena_zalloc(t->arena, group->stage_count * sizeof(*t->stages));
    for (size_t i = 0; i < group->stage_count; i++) {
        const struct mr_plan_stage *stage = &t->plan->stages[group->stages[i]];
        struct mr_task_stage *mine = &t->stages[i];
        mine->outputs = mr_arena_alloc(t->arena, (stage->output_count + 1) * sizeof(int));
        for (size_t k = 0; k < stage->output_count; k++)
            mine->outputs[k] = out_add(t, stage->outputs[k].topic);
        if (t->chain) /* of the last stage only, but a chain ends with its routes */
            MR_TRY(mr_router_create(stage, &mine->router));
        mine->drops = out_add(t, stage->drops_topic);
        mine->dead = out_add(t, stage->dead_topic);
    }
    out_add(t, mr_plan_cuts_topic(t->plan, group));
    return NULL;
}

static size_t stage_position(const struct mr_task *t, int stage)
{
    const struct mr_plan_group *group = t->worker->group;
    for (size_t i = 0; i < group->stage_count; i++)
        if (group->stages[i] == stage)
            return i;
    mr_assert(!"a stage of the group");
    return 0;
}

/* ---- rows ---- */

/* Bytes of the partition key: one key's own bytes, several ones each with its length. */
static bool partition_key(struct mr_task *t, const struct mr_task_out *out, const struct mr_row *row)
{
    t->key_bytes.len = 0;
    for (size_t k = 0; k < out->key_count; k++) {
        size_t before = t->key_bytes.len;
        uint32_t len = 0;
        if (out->key_count > 1)
            mr_buf_add(&t->key_bytes, &len, sizeof(len));
        struct mr_value value = mr_row_get(row, out->symbols[k]);
        if (out->key_count > 1) /* printed: null is a value among several */
            mr_value_print(value, &t->key_bytes);
        else if (!mr_row_partition_key(value, &t->key_bytes))
            return false;
        if (out->key_count > 1) {
            len = (uint32_t)(t->key_bytes.len - before - sizeof(len));
            memcpy(t->key_bytes.ptr + before, &len, sizeof(len));
        }
    }
    return true;
}

struct mr_error *mr_task__append(struct mr_task *t, int out_index, const struct mr_row *row,
                                 const struct mr_head *head, struct mr_str map,
                                 struct mr_leave *refused)
{
    const struct mr_task_out *out = &t->outs[out_index];
    struct mr_head copy = *head; /* the log writes lane, n and hash into it */
    uint32_t partition = 0;
    if (map.len > t->plan->max_row_bytes) {
        refused->outcome = MR_LEFT_TOO_LARGE;
        refused->measured = true;
        refused->value = (double)map.len;
        refused->threshold = (double)t->plan->max_row_bytes;
        refused->note = mr_arena_printf(t->batch, "row of %zu bytes is over the limit of %zu bytes",
                                        map.len, t->plan->max_row_bytes);
        return NULL;
    }
    if (out->partitions > 1 && out->key_count > 0) {
        /* Null or missing: all such rows meet in the first partition, whose reader rejects them, as
         * it does where there is one partition only. Refused here, other readers would have the row
         * or not, by their number. */
        if (partition_key(t, out, row))
            partition = mr_partition_of(t->key_bytes.ptr, t->key_bytes.len, out->partitions);
    } else if (out->partitions > 1) {
        uint8_t place[MR_PLACE_KEY_BYTES];
        mr_place_key(&head->place, place);
        partition = mr_partition_of(place, sizeof(place), out->partitions);
    }
    copy.run = t->run_now;
    return mr_log_append(t->log, (uint32_t)out_index, partition, &copy, map.ptr, map.len);
}

static struct mr_str encoded(struct mr_task *t, const struct mr_row *row)
{
    if (!row->changed)
        return mr_str_span((const char *)row->map, row->map_len);
    t->row_bytes.len = 0;
    mr_row_encode(row, &t->row_bytes);
    return mr_buf_str(&t->row_bytes);
}

struct mr_error *mr_task__forward(void *arg, int stage, struct mr_row *row, struct mr_leave *refused)
{
    struct mr_task *t = arg;
    size_t position = stage_position(t, stage);
    struct mr_str map = encoded(t, row);
    if (t->sink) {
        struct mr_error *e = t->sink_type->write(t->sink, &row->head, map);
        if (!e) {
            mr_content_add(&t->content.content, &row->head.id, map);
            t->content.rows++;
        }
        if (!e || !mr_error_is_row(e))
            return e;
        refused->note = mr_arena_str(t->batch, mr_str_of(mr_error_message(e)));
        refused->outcome = MR_LEFT_BAD_INPUT;
        mr_error_free(e);
        return NULL;
    }
    int outcome;
    struct mr_error *failed = mr_router_choose(t->stages[position].router, row, &outcome);
    if (failed && !mr_error_is_row(failed))
        return failed;
    if (failed) {
        refused->note = mr_arena_str(t->batch, mr_str_of(mr_error_message(failed)));
        refused->outcome = MR_LEFT_BAD_INPUT;
        mr_error_free(failed);
        return NULL;
    }
    struct mr_stage_counts *counts = mr_chain_counts(t->chain, position);
    counts->counter[MR_C_BYTES_OUT] += map.len;
    /* Several "out" topics carry the same rows, partitioned as their readers need. Only the size can
     * be refused, and the first of them does that for all. */
    const struct mr_plan_stage *plan_stage = &t->plan->stages[stage];
    for (size_t k = 0; k < plan_stage->output_count && refused->outcome == MR_GOES_ON; k++)
        if (plan_stage->outputs[k].outcome == outcome && t->stages[position].outputs[k] >= 0)
            MR_TRY(mr_task__append(t, t->stages[position].outputs[k], row, &row->head, map, refused));
    int slot = outcome <= MR_PLAN_ROUTE ? mr_route_slot(plan_stage, outcome) : -1;
    if (slot >= 0 && refused->outcome == MR_GOES_ON)
        counts->outcome[slot]++;
    return NULL;
}

/* ---- records ---- */

static void pack_pair(struct mr_buf *b, const char *key, struct mr_str text)
{
    mr_pack_text(b, mr_str_of(key));
    mr_pack_text(b, text);
}

/* A whole row inside a record, or its size and beginning when it does not fit a row. */
static void pack_body(struct mr_task *t, struct mr_buf *b, struct mr_str map)
{
    if (map.len + RAW_KEPT < t->plan->max_row_bytes) {
        mr_pack_text(b, MR_STR("row"));
        mr_buf_add(b, map.ptr, map.len);
        return;
    }
    mr_pack_text(b, MR_STR("row_start"));
    mr_pack_bytes(b, mr_str_span(map.ptr, map.len < RAW_KEPT ? map.len : RAW_KEPT));
}

static struct mr_error *write_record(struct mr_task *t, int out, const struct mr_head *head)
{
    struct mr_head copy = *head;
    copy.kind = MR_KIND_ROW;
    copy.run = t->run_now;
    return mr_log_append(t->log, (uint32_t)out, 0, &copy, t->record_bytes.ptr, t->record_bytes.len);
}

/* Counts are written as integers: what measures rows, words or bytes reads as such. */
static void pack_figure(struct mr_buf *b, double figure)
{
    if (figure > -1e15 && figure < 1e15 && figure == (double)(int64_t)figure)
        mr_pack_int(b, (int64_t)figure);
    else
        mr_pack_real(b, figure);
}

static struct mr_error *drop_record(struct mr_task *t, int out, const struct mr_leave *leave,
                                    const struct mr_row *row, bool body)
{
    struct mr_buf *b = &t->record_bytes;
    b->len = 0;
    mr_pack_map(b, 1 + (leave->measured ? 2 : 0) + (leave->note.len ? 1 : 0) + (body ? 1 : 0));
    pack_pair(b, "outcome", mr_str_of(leave->name));
    if (leave->measured) {
        mr_pack_text(b, MR_STR("value"));
        pack_figure(b, leave->value);
        mr_pack_text(b, MR_STR("threshold"));
        pack_figure(b, leave->threshold);
    }
    if (leave->note.len)
        pack_pair(b, "note", leave->note);
    if (body)
        pack_body(t, b, encoded(t, row));
    return write_record(t, out, &row->head);
}

static void begin_dead_letter(struct mr_buf *b, struct mr_str stage, const char *outcome,
                              struct mr_str message, uint32_t attempt)
{
    b->len = 0;
    mr_pack_map(b, 5);
    pack_pair(b, "stage", stage);
    pack_pair(b, "outcome", mr_str_of(outcome));
    pack_pair(b, "message", message);
    mr_pack_text(b, MR_STR("attempt"));
    mr_pack_uint(b, attempt);
}

static struct mr_error *dead_letter(struct mr_task *t, size_t position, struct mr_str stage,
                                    const struct mr_leave *leave, const struct mr_row *row)
{
    int out = t->stages[position].dead;
    uint32_t attempt;
    if (out < 0)
        return NULL;
    uint16_t number = t->plan->stages[t->worker->group->stages[position]].number;
    MR_TRY(mr_task__attempt(t, number, &row->head.id, &attempt));
    begin_dead_letter(&t->record_bytes, stage, leave->name, leave->note, attempt);
    pack_body(t, &t->record_bytes, encoded(t, row));
    return write_record(t, out, &row->head);
}

/* Rows that left by an outcome somebody reads (`from: stage.outcome`) go on there. */
static struct mr_error *route(struct mr_task *t, size_t position, const struct mr_leave *leave,
                              struct mr_row *row)
{
    const struct mr_plan_stage *stage = &t->plan->stages[leave->stage];
    struct mr_leave refused = {.outcome = MR_GOES_ON};
    for (size_t k = 1; k < stage->output_count && refused.outcome == MR_GOES_ON; k++)
        if (stage->outputs[k].outcome == leave->outcome && t->stages[position].outputs[k] >= 0)
            MR_TRY(mr_task__append(t, t->stages[position].outputs[k], row, &row->head,
                                   encoded(t, row), &refused));
    if (refused.outcome == MR_GOES_ON)
        return NULL;
    /* What the operator made of it is too large to go on: its readers miss it, so it is told. */
    struct mr_stage_counts *counts = mr_chain_counts(t->chain, position);
    counts->counter[MR_C_REFUSED]++;
    counts->builtin[MR_B_TOO_LARGE]++;
    refused.name = mr_builtin_name(MR_B_TOO_LARGE);
    return dead_letter(t, position, stage->id, &refused, row);
}

struct mr_error *mr_task__left(void *arg, const struct mr_leave *leave, struct mr_row *row)
{
    struct mr_task *t = arg;
    size_t position = stage_position(t, leave->stage);
    struct mr_task_stage *mine = &t->stages[position];
    if (leave->outcome >= 0)
        MR_TRY(route(t, position, leave, row));
    if (leave->kind != MR_DROP)
        return dead_letter(t, position, t->plan->stages[leave->stage].id, leave, row);
    if (mine->drops < 0)
        return NULL;
    bool body = t->plan->stages[leave->stage].keep_dropped;
    if (!body && leave->outcome < MR_PAGE_OUTCOMES)
        body = mine->sampled[leave->outcome]++ < DROP_SAMPLES;
    return drop_record(t, mine->drops, leave, row, body);
}

struct mr_error *mr_task__source_rejected(struct mr_task *t, const struct mr_source_row *row,
                                          const char *outcome)
{
    if (t->stages[0].dead < 0)
        return NULL;
    struct mr_str raw = row->raw;
    if (raw.len > RAW_KEPT)
        raw.len = RAW_KEPT;
    begin_dead_letter(&t->record_bytes, t->head->id, outcome,
                      mr_str_of(mr_error_message(row->why)), 1);
    bool text = mr_utf8_valid(raw);
    mr_pack_text(&t->record_bytes, text ? MR_STR("raw") : MR_STR("raw_bytes"));
    if (text)
        mr_pack_text(&t->record_bytes, raw);
    else
        mr_pack_bytes(&t->record_bytes, raw);
    return write_record(t, t->stages[0].dead, &row->head);
}
