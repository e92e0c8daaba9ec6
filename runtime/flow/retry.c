/* Retried rows: their topics, and how a task takes them into the chain at the stage they left. */
#include "runtime/flow/retry.h"

#include "runtime/base/file.h"
#include "runtime/flow/task.h"

enum { ROWS_A_STEP = 256, KEY_BYTES = 8 + 2 + 16 };

/* ---- records and topics ---- */

void mr_retry_pack(const struct mr_retry *r, struct mr_buf *out)
{
    mr_pack_map(out, r->row.len ? 4 : 3);
    mr_pack_text(out, MR_STR("lane"));
    mr_pack_uint(out, r->lane);
    mr_pack_text(out, MR_STR("n"));
    mr_pack_uint(out, r->n);
    mr_pack_text(out, MR_STR("attempt"));
    mr_pack_uint(out, r->attempt);
    if (!r->row.len)
        return;
    mr_pack_text(out, MR_STR("row"));
    mr_buf_adds(out, r->row);
}

static bool take_field(struct mr_str name, struct mr_value v, struct mr_retry *out)
{
    uint64_t number = 0;
    if (mr_str_is(name, "row")) {
        out->row = mr_str_span((const char *)v.ptr, v.len);
        return mr_value_type(v) == MR_MAP;
    }
    if (mr_value_type(v) != MR_INT || !mr_value_uint(v, &number))
        return false;
    if (mr_str_is(name, "n"))
        out->n = number;
    else if (number > UINT32_MAX)
        return false;
    else if (mr_str_is(name, "lane"))
        out->lane = (uint32_t)number;
    else if (mr_str_is(name, "attempt"))
        out->attempt = (uint32_t)number;
    return true;
}

bool mr_retry_parse(struct mr_str map, struct mr_retry *out)
{
    struct mr_walk w;
    struct mr_value key, value;
    *out = (struct mr_retry){0};
    if (map.len > UINT32_MAX || mr_value_skip((const uint8_t *)map.ptr, map.len) != map.len)
        return false;
    struct mr_value whole = {(const uint8_t *)map.ptr, (uint32_t)map.len};
    if (mr_value_type(whole) != MR_MAP)
        return false;
    mr_walk_begin(&w, whole);
    while (mr_walk_next(&w, &key) && mr_walk_next(&w, &value))
        if (mr_value_type(key) != MR_TEXT || !take_field(mr_value_text(key), value, out))
            return false;
    return out->n > 0 && out->attempt > 0;
}

bool mr_retry_topic(const struct mr_plan *plan, const struct mr_plan_stage *stage,
                    const char *output, struct mr_buf *out)
{
    bool again = strcmp(output, "retry") == 0;
    if (stage->dead_topic == MR_PLAN_NONE || (again && stage->kind == MR_STAGE_SOURCE))
        return false;
    /* "<pipeline>.<stage>.dead.e<epoch>": the epoch stays, whichever it is. */
    struct mr_str dead = plan->topics[stage->dead_topic].name, word = MR_STR(".dead.");
    size_t at = SIZE_MAX;
    for (size_t i = mr_str_find(dead, word, 0); i != SIZE_MAX; i = mr_str_find(dead, word, i + 1))
        at = i;
    if (at == SIZE_MAX)
        return false;
    out->len = 0;
    mr_buf_add(out, dead.ptr, at + 1);
    mr_buf_addz(out, output);
    mr_buf_add(out, dead.ptr + at + word.len - 1, dead.len - at - word.len + 1);
    mr_buf_text(out);
    return true;
}

/* ---- the task's side ---- */

static struct mr_str state_key(const char *name, uint16_t stage, const struct mr_id *id,
                               char key[KEY_BYTES])
{
    size_t len = 0;
    key[len++] = MR_SPACE_FLOW;
    key[len++] = 0;
    memcpy(key + len, name, 6);
    len += 6;
    key[len++] = (char)(stage >> 8);
    key[len++] = (char)stage;
    if (id) {
        memcpy(key + len, id->b, sizeof(id->b));
        len += sizeof(id->b);
    }
    return mr_str_span(key, len);
}

/* *found false and the bytes unchanged when absent or of another size. */
static struct mr_error *load(struct mr_store *store, struct mr_str key, void *into, size_t size,
                             bool *found)
{
    struct mr_buf value = {0};
    MR_TRY(mr_store_get(store, key, &value, found));
    *found = *found && value.len == size;
    if (*found)
        memcpy(into, value.ptr, size);
    mr_buf_finish(&value);
    return NULL;
}

static const struct mr_plan_stage *stage_at(const struct mr_task *t, size_t i)
{
    return &t->plan->stages[t->worker->group->stages[i]];
}

static struct mr_error *open_lane(struct mr_task *t, size_t i, const char *topics,
                                  struct mr_str topic)
{
    struct mr_task_retry *r = &t->retries[i];
    char key[KEY_BYTES];
    bool found;
    struct mr_buf name = {0};
    MR_TRY(load(t->store, state_key("retry\0", stage_at(t, i)->number, NULL, key), &r->committed,
                sizeof(r->committed), &found));
    t->retried |= found;
    mr_buf_printf(&name, "%.*s/%u", MR_FMT(topic), t->partition);
    struct mr_log_place place = {topics, topic, t->partition, 0};
    /* Registered, so that whoever starts runs sees from outside whether rows wait. */
    struct mr_error *e = mr_log_reader_open(&place, mr_hash64(name.ptr, name.len, 0) | 1,
                                            t->worker->bell, r->committed, &r->reader);
    mr_buf_finish(&name);
    return e;
}

struct mr_error *mr_task__retry_open(struct mr_task *t)
{
    struct mr_buf topics = {0}, topic = {0}, path = {0};
    struct mr_error *e = NULL;
    mr_layout_topics(&t->worker->options->layout, &topics);
    for (size_t i = 0; !e && i < t->worker->group->stage_count; i++) {
        if (t->retries[i].reader || !mr_retry_topic(t->plan, stage_at(t, i), "retry", &topic))
            continue;
        path.len = 0;
        mr_buf_printf(&path, "%s/%s", mr_buf_text(&topics), mr_buf_text(&topic));
        if (mr_file_exists(mr_buf_text(&path)))
            e = open_lane(t, i, topics.ptr, mr_buf_str(&topic));
    }
    mr_buf_finish(&topics);
    mr_buf_finish(&topic);
    mr_buf_finish(&path);
    return e;
}

void mr_task__retry_close(struct mr_task *t)
{
    for (size_t i = 0; t->retries && i < t->worker->group->stage_count; i++)
        mr_log_reader_close(t->retries[i].reader);
}

/* The attempt is kept in the store: a row may be held, and rejected long after it came in. */
static struct mr_error *take(struct mr_task *t, size_t i, const struct mr_head *from,
                             struct mr_str map)
{
    struct mr_retry retry;
    struct mr_head head = *from;
    char key[KEY_BYTES];
    t->dirty = true;
    if (!mr_retry_parse(map, &retry) || !retry.row.len)
        return mr_error(MR_ROW_BROKEN, "a retried row of stage \"%.*s\" cannot be read",
                        MR_FMT(stage_at(t, i)->id));
    uint16_t stage = stage_at(t, i)->number;
    t->retried = true;
    mr_store_put(t->store, state_key("tries\0", stage, &head.id, key),
                 mr_str_span((const char *)&retry.attempt, sizeof(retry.attempt)));
    mr_worker__enters(t, &head.id);
    return mr_chain_push_at(t->chain, i, &head, retry.row);
}

static struct mr_error *lane_step(struct mr_task *t, size_t i, bool *progressed)
{
    struct mr_log_reader *reader = t->retries[i].reader;
    struct mr_head head;
    struct mr_str map;
    uint32_t rows;
    bool found = true;
    MR_TRY(mr_log_reader_next(reader, &rows));
    for (int k = 0; rows && found && k < ROWS_A_STEP; k++) {
        /* While some row is suspected of killing the process, each is in a commit of its own. */
        bool alone = t->worker->alone_count > 0;
        if (alone)
            MR_TRY(mr_task__commit(t));
        MR_TRY(mr_log_reader_row(reader, &head, &map, &found));
        if (!found)
            break;
        *progressed = true;
        MR_TRY(take(t, i, &head, map));
        if (alone)
            MR_TRY(mr_task__commit(t));
    }
    mr_chain_batch_end(t->chain);
    return NULL;
}

struct mr_error *mr_task__retry_step(struct mr_task *t, bool *progressed)
{
    uint32_t rung = atomic_load_explicit(&t->worker->page->retries, memory_order_relaxed);
    if (rung != t->retries_rung) {
        t->retries_rung = rung;
        MR_TRY(mr_task__retry_open(t));
    }
    for (size_t i = 0; i < t->worker->group->stage_count; i++)
        if (t->retries[i].reader)
            MR_TRY(lane_step(t, i, progressed));
    return NULL;
}

static bool moved(const struct mr_task_retry *r, struct mr_mark *mark)
{
    if (!r->reader)
        return false;
    *mark = mr_log_reader_mark(r->reader);
    return mark->n != r->committed.n || mark->pos != r->committed.pos;
}

void mr_task__retry_save(struct mr_task *t)
{
    char key[KEY_BYTES];
    struct mr_mark mark;
    for (size_t i = 0; i < t->worker->group->stage_count; i++)
        if (moved(&t->retries[i], &mark))
            mr_store_put(t->store, state_key("retry\0", stage_at(t, i)->number, NULL, key),
                         mr_str_span((const char *)&mark, sizeof(mark)));
}

void mr_task__retry_committed(struct mr_task *t)
{
    struct mr_mark mark;
    for (size_t i = 0; i < t->worker->group->stage_count; i++)
        if (moved(&t->retries[i], &mark)) {
            t->retries[i].committed = mark;
            mr_log_reader_commit(t->retries[i].reader, mark);
        }
}

struct mr_error *mr_task__attempt(struct mr_task *t, uint16_t stage, const struct mr_id *id,
                                  uint32_t *attempt)
{
    char key[KEY_BYTES];
    bool found = false;
    uint32_t before = 0;
    *attempt = 1;
    if (!t->retried)
        return NULL;
    MR_TRY(load(t->store, state_key("tries\0", stage, id, key), &before, sizeof(before), &found));
    if (found)
        *attempt = before + 1;
    return NULL;
}
