/* The record of a pipeline's runs and epochs (`runs.json`). */
#include <stdio.h>

#include "runtime/base/file.h"
#include "runtime/base/json_out.h"
#include "runtime/row/json.h"
#include "stages/supervise/home.h"
#include "stages/supervise/members.h"

enum { FORMAT = 2, FIRST_FORMAT = 1, MAX_BYTES = 16 << 20 };

const char *const mr_epoch_states[] = {
    [MR_EPOCH_BUILDING] = "building",   [MR_EPOCH_READY] = "ready",
    [MR_EPOCH_PROMOTING] = "promoting", [MR_EPOCH_CURRENT] = "current",
    [MR_EPOCH_KEPT] = "kept",           [MR_EPOCH_DROPPING] = "dropping",
};
enum { EPOCH_STATES = sizeof mr_epoch_states / sizeof *mr_epoch_states };

struct mr_recorded_epoch *mr_record_epoch(const struct mr_record *record, uint32_t number)
{
    for (size_t i = 0; i < record->epoch_count; i++)
        if (record->epochs[i].number == number)
            return &record->epochs[i];
    return NULL;
}

uint32_t mr_record_next_epoch(const struct mr_record *record)
{
    uint32_t highest = record->last_epoch;
    for (size_t i = 0; i < record->epoch_count; i++)
        if (record->epochs[i].number > highest)
            highest = record->epochs[i].number;
    return highest + 1;
}

struct mr_recorded_epoch *mr_record_open(struct mr_record *record, uint32_t number,
                                         struct mr_arena *arena)
{
    struct mr_recorded_epoch *more =
        mr_arena_zalloc(arena, (record->epoch_count + 1) * sizeof *more);
    if (record->epoch_count)
        memcpy(more, record->epochs, record->epoch_count * sizeof *more);
    record->epochs = more;
    struct mr_recorded_epoch *e = &more[record->epoch_count++];
    e->number = number;
    e->parent = record->current;
    if (number > record->last_epoch)
        record->last_epoch = number;
    return e;
}

bool mr_epoch_partial(const struct mr_recorded_epoch *e)
{
    return e->to.len || e->where.len || e->since.len || e->until.len;
}

static bool get_id(struct mr_value map, const char *name, struct mr_id *out)
{
    return mr_id_parse(member_text(map, name), out);
}

/* Numbers of runs and epochs; one more can always be given. False: there is none to give. */
static bool get_number(struct mr_value map, const char *name, uint32_t *out)
{
    uint64_t number = member_uint(map, name);
    *out = (uint32_t)number;
    return number < UINT32_MAX;
}

static bool parse_stages(struct mr_value list, struct mr_arena *arena, struct mr_record *out)
{
    if (mr_value_type(list) != MR_LIST)
        return false;
    out->stages = mr_arena_zalloc(arena, (mr_value_count(list) + 1) * sizeof *out->stages);
    struct mr_walk w;
    struct mr_value v;
    mr_walk_begin(&w, list);
    while (mr_walk_next(&w, &v)) {
        struct mr_recorded_stage *s = &out->stages[out->stage_count++];
        s->id = mr_arena_str(arena, member_text(v, "id"));
        s->group = (int)member_uint(v, "group");
        s->partitions = (uint32_t)member_uint(v, "partitions");
        if (!get_id(v, "fingerprint", &s->fingerprint))
            return false;
    }
    return true;
}

static bool parse_sinks(struct mr_value list, struct mr_arena *arena, struct mr_recorded_epoch *e)
{
    if (mr_value_type(list) != MR_LIST)
        return false;
    e->sinks = mr_arena_zalloc(arena, (mr_value_count(list) + 1) * sizeof *e->sinks);
    struct mr_walk w;
    struct mr_value v;
    mr_walk_begin(&w, list);
    while (mr_walk_next(&w, &v)) {
        struct mr_recorded_sink *s = &e->sinks[e->sink_count++];
        struct mr_id sum;
        s->id = mr_arena_str(arena, member_text(v, "sink"));
        s->rows = member_uint(v, "rows");
        if (!get_id(v, "content", &sum))
            return false;
        for (int i = 0; i < 8; i++) {
            s->content.high = s->content.high << 8 | sum.b[i];
            s->content.low = s->content.low << 8 | sum.b[8 + i];
        }
    }
    return true;
}

static bool parse_epoch(struct mr_value v, struct mr_arena *arena, struct mr_recorded_epoch *e)
{
    struct mr_str state = member_text(v, "state");
    int known = EPOCH_STATES;
    for (int i = 0; i < EPOCH_STATES; i++)
        if (mr_str_is(state, mr_epoch_states[i]))
            known = i;
    if (known == EPOCH_STATES || !get_number(v, "epoch", &e->number) || e->number == 0 ||
        !get_number(v, "parent", &e->parent) || !get_number(v, "run", &e->run))
        return false;
    e->state = (enum mr_epoch_state)known;
    e->put_away = member_bool(v, "put_away");
    e->replayed = mr_str_is(member_text(v, "by"), "replay");
    e->opened_ms = member_uint(v, "opened_ms");
    e->ended_ms = member_uint(v, "ended_ms");
    e->from = mr_arena_str(arena, member_text(v, "from"));
    e->to = mr_arena_str(arena, member_text(v, "to"));
    e->where = mr_arena_str(arena, member_text(v, "where"));
    e->since = mr_arena_str(arena, member_text(v, "since"));
    e->until = mr_arena_str(arena, member_text(v, "until"));
    return get_id(v, "definition", &e->definition) && parse_sinks(member(v, "sinks"), arena, e);
}

static bool parse_epochs(struct mr_value list, struct mr_arena *arena, struct mr_record *out)
{
    if (mr_value_type(list) != MR_LIST)
        return false;
    out->epochs = mr_arena_zalloc(arena, (mr_value_count(list) + 1) * sizeof *out->epochs);
    struct mr_walk w;
    struct mr_value v;
    uint32_t last = 0, promoted = 0, current = 0;
    mr_walk_begin(&w, list);
    while (mr_walk_next(&w, &v)) {
        struct mr_recorded_epoch *e = &out->epochs[out->epoch_count++];
        if (!parse_epoch(v, arena, e) || e->number <= last)
            return false;
        last = e->number;
        promoted += e->state == MR_EPOCH_PROMOTING;
        if (e->state == MR_EPOCH_CURRENT && current++)
            return false;
    }
    const struct mr_recorded_epoch *e = mr_record_epoch(out, out->current);
    return e && e->state == MR_EPOCH_CURRENT && promoted <= 1;
}

/* Before there were epochs all was the first one. */
static bool parse_first(struct mr_value map, struct mr_arena *arena, struct mr_record *out)
{
    if (!parse_stages(member(map, "stages"), arena, out))
        return false;
    struct mr_recorded_epoch *e = mr_record_open(out, 1, arena);
    e->state = MR_EPOCH_CURRENT;
    e->parent = 0;
    e->run = out->complete ? out->run : out->run - 1;
    e->opened_ms = out->started_ms;
    e->ended_ms = out->ended_ms;
    out->current = 1;
    return true;
}

static bool parse(struct mr_value map, struct mr_arena *arena, struct mr_record *out)
{
    struct mr_value complete = member(map, "complete");
    uint64_t format = member_uint(map, "format");
    if ((format != FORMAT && format != FIRST_FORMAT) || mr_value_type(complete) != MR_BOOL ||
        !get_number(map, "run", &out->run) || out->run == 0 ||
        !get_number(map, "current", &out->current) ||
        !get_number(map, "last_epoch", &out->last_epoch))
        return false;
    out->complete = mr_value_bool(complete);
    out->pipeline = mr_arena_str(arena, member_text(map, "pipeline"));
    out->topology = mr_arena_str(arena, member_text(map, "topology"));
    out->started_ms = member_uint(map, "started_ms");
    out->ended_ms = member_uint(map, "ended_ms");
    out->active_ms = member_uint(map, "active_ms");
    return get_id(map, "plan_hash", &out->plan_hash) &&
           (format == FIRST_FORMAT ? parse_first(map, arena, out)
                                   : parse_epochs(member(map, "epochs"), arena, out));
}

struct mr_error *mr_record_load(const struct mr_home *h, struct mr_arena *arena,
                                struct mr_record *out)
{
    struct mr_buf path = {0}, text = {0}, packed = {0};
    *out = (struct mr_record){0};
    mr_layout_meta(&h->layout, &path);
    if (!mr_file_exists(mr_buf_text(&path))) {
        mr_buf_finish(&path);
        return NULL;
    }
    struct mr_json_reader *reader = mr_json_reader_create();
    struct mr_error *e = mr_file_read(mr_buf_text(&path), MAX_BYTES, &text);
    if (!e)
        e = mr_json_read_object(reader, mr_buf_str(&text), MR_UTF8_REJECT, &packed);
    struct mr_value map = {(const uint8_t *)packed.ptr, (uint32_t)packed.len};
    if (!e && !parse(map, arena, out))
        e = mr_error(MR_RUN_RECORD, "\"%s\" is not a record of this version", path.ptr);
    else if (e)
        e = mr_error_wrap(e, "while reading \"%s\"", path.ptr);
    mr_json_reader_destroy(reader);
    mr_buf_finish(&path);
    mr_buf_finish(&text);
    mr_buf_finish(&packed);
    return e;
}

static void add_id(struct mr_json_out *j, const char *name, const struct mr_id *id)
{
    char hex[MR_ID_HEX_LEN + 1];
    mr_id_hex(id, hex);
    mr_json_key(j, name);
    mr_json_textz(j, hex);
}

static void add_uint(struct mr_json_out *j, const char *name, uint64_t value)
{
    mr_json_key(j, name);
    mr_json_uint(j, value);
}

static void add_text(struct mr_json_out *j, const char *name, struct mr_str text)
{
    if (!text.len)
        return;
    mr_json_key(j, name);
    mr_json_text(j, text);
}

static void add_epoch(struct mr_json_out *j, const struct mr_recorded_epoch *e)
{
    char hex[MR_ID_HEX_LEN + 1];
    mr_json_begin_object(j);
    add_uint(j, "epoch", e->number);
    add_uint(j, "parent", e->parent);
    add_text(j, "state", mr_str_of(mr_epoch_states[e->state]));
    if (e->put_away) {
        mr_json_key(j, "put_away");
        mr_json_bool(j, true);
    }
    add_text(j, "by", e->replayed ? MR_STR("replay") : MR_STR("run"));
    add_uint(j, "run", e->run);
    add_uint(j, "opened_ms", e->opened_ms);
    add_uint(j, "ended_ms", e->ended_ms);
    add_text(j, "from", e->from);
    add_text(j, "to", e->to);
    add_text(j, "where", e->where);
    add_text(j, "since", e->since);
    add_text(j, "until", e->until);
    add_id(j, "definition", &e->definition);
    mr_json_key(j, "sinks");
    mr_json_begin_array(j);
    for (size_t i = 0; i < e->sink_count; i++) {
        mr_json_begin_object(j);
        add_text(j, "sink", e->sinks[i].id);
        add_uint(j, "rows", e->sinks[i].rows);
        mr_content_hex(&e->sinks[i].content, hex);
        add_text(j, "content", mr_str_of(hex));
        mr_json_end_object(j);
    }
    mr_json_end_array(j);
    mr_json_end_object(j);
}

struct mr_error *mr_record_save(const struct mr_home *h, const struct mr_record *record)
{
    struct mr_json_out j = {0};
    mr_json_begin_object(&j);
    add_uint(&j, "format", FORMAT);
    add_text(&j, "pipeline", record->pipeline);
    add_text(&j, "topology", record->topology);
    add_uint(&j, "run", record->run);
    mr_json_key(&j, "complete");
    mr_json_bool(&j, record->complete);
    add_uint(&j, "started_ms", record->started_ms);
    add_uint(&j, "ended_ms", record->ended_ms);
    add_uint(&j, "active_ms", record->active_ms);
    add_id(&j, "plan_hash", &record->plan_hash);
    add_uint(&j, "current", record->current);
    add_uint(&j, "last_epoch", record->last_epoch);
    mr_json_key(&j, "epochs");
    mr_json_begin_array(&j);
    for (size_t i = 0; i < record->epoch_count; i++)
        add_epoch(&j, &record->epochs[i]);
    mr_json_end_array(&j);
    mr_json_end_object(&j);
    mr_buf_addc(&j.text, '\n');
    struct mr_buf path = {0};
    mr_layout_meta(&h->layout, &path);
    struct mr_error *e = mr_file_replace(mr_buf_text(&path), mr_buf_str(&j.text), 0600);
    mr_buf_finish(&path);
    mr_buf_finish(&j.text);
    return e;
}
