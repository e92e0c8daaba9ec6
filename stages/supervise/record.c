/* The record of a pipeline's runs (`runs.json`), and what changed since. */
#include <stdio.h>

#include "runtime/base/file.h"
#include "runtime/base/json_out.h"
#include "runtime/row/json.h"
#include "stages/supervise/home.h"

enum { FORMAT = 1, MAX_BYTES = 16 << 20 };

/* The value of a name in a map, or len 0. */
static struct mr_value get(struct mr_value map, const char *name)
{
    struct mr_walk w;
    struct mr_value key, value;
    if (mr_value_type(map) != MR_MAP)
        return (struct mr_value){0};
    mr_walk_begin(&w, map);
    while (mr_walk_next(&w, &key) && mr_walk_next(&w, &value))
        if (mr_str_is(mr_value_text(key), name))
            return value;
    return (struct mr_value){0};
}

static uint64_t get_uint(struct mr_value map, const char *name)
{
    uint64_t out = 0;
    struct mr_value v = get(map, name);
    return mr_value_type(v) == MR_INT && mr_value_uint(v, &out) ? out : 0;
}

static struct mr_str get_text(struct mr_value map, const char *name)
{
    struct mr_value v = get(map, name);
    return mr_value_type(v) == MR_TEXT ? mr_value_text(v) : (struct mr_str){0};
}

static bool get_id(struct mr_value map, const char *name, struct mr_id *out)
{
    return mr_id_parse(get_text(map, name), out);
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
        s->id = mr_arena_str(arena, get_text(v, "id"));
        s->group = (int)get_uint(v, "group");
        s->partitions = (uint32_t)get_uint(v, "partitions");
        if (!get_id(v, "fingerprint", &s->fingerprint))
            return false;
    }
    return true;
}

static bool parse(struct mr_value map, struct mr_arena *arena, struct mr_record *out)
{
    struct mr_value complete = get(map, "complete");
    if (get_uint(map, "format") != FORMAT || mr_value_type(complete) != MR_BOOL)
        return false;
    out->run = (uint32_t)get_uint(map, "run");
    out->complete = mr_value_bool(complete);
    out->pipeline = mr_arena_str(arena, get_text(map, "pipeline"));
    out->topology = mr_arena_str(arena, get_text(map, "topology"));
    out->started_ms = get_uint(map, "started_ms");
    out->ended_ms = get_uint(map, "ended_ms");
    out->active_ms = get_uint(map, "active_ms");
    return get_id(map, "plan_hash", &out->plan_hash) &&
           parse_stages(get(map, "stages"), arena, out);
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

struct mr_error *mr_record_save(const struct mr_home *h, const struct mr_record *record)
{
    struct mr_json_out j = {0};
    mr_json_begin_object(&j);
    add_uint(&j, "format", FORMAT);
    mr_json_key(&j, "pipeline");
    mr_json_text(&j, record->pipeline);
    mr_json_key(&j, "topology");
    mr_json_text(&j, record->topology);
    add_uint(&j, "run", record->run);
    mr_json_key(&j, "complete");
    mr_json_bool(&j, record->complete);
    add_uint(&j, "started_ms", record->started_ms);
    add_uint(&j, "ended_ms", record->ended_ms);
    add_uint(&j, "active_ms", record->active_ms);
    add_id(&j, "plan_hash", &record->plan_hash);
    mr_json_key(&j, "stages");
    mr_json_begin_array(&j);
    for (size_t i = 0; i < record->stage_count; i++) {
        const struct mr_recorded_stage *s = &record->stages[i];
        mr_json_begin_object(&j);
        mr_json_key(&j, "id");
        mr_json_text(&j, s->id);
        add_uint(&j, "group", (uint64_t)s->group);
        add_uint(&j, "partitions", s->partitions);
        add_id(&j, "fingerprint", &s->fingerprint);
        mr_json_end_object(&j);
    }
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

void mr_record_take_plan(struct mr_record *record, const struct mr_plan *plan,
                         struct mr_arena *arena)
{
    record->plan_hash = plan->hash;
    record->stage_count = plan->stage_count;
    record->stages = mr_arena_zalloc(arena, (plan->stage_count + 1) * sizeof *record->stages);
    for (size_t i = 0; i < plan->stage_count; i++) {
        const struct mr_plan_stage *s = &plan->stages[i];
        record->stages[i] = (struct mr_recorded_stage){s->id, s->fingerprint, s->group,
                                                       plan->groups[s->group].partitions};
    }
}

static const struct mr_recorded_stage *recorded(const struct mr_record *record, struct mr_str id)
{
    for (size_t i = 0; i < record->stage_count; i++)
        if (mr_str_eq(record->stages[i].id, id))
            return &record->stages[i];
    return NULL;
}

/* Group numbers shift when something is inserted, so grouping is compared by what a stage has before
 * it in its group. */
static bool same_group_as_before(const struct mr_recorded_stage *s, size_t at, int group_before,
                                 int group)
{
    return at == 0 || (s->group == s[-1].group) == (group == group_before);
}

void mr_record_changes(const struct mr_record *record, const struct mr_plan *plan,
                       struct mr_buf *out)
{
    if (!record->run || mr_id_eq(&record->plan_hash, &plan->hash))
        return;
    size_t before = out->len;
    for (size_t i = 0; i < plan->stage_count; i++) {
        const struct mr_plan_stage *s = &plan->stages[i];
        const struct mr_recorded_stage *r = recorded(record, s->id);
        uint32_t partitions = plan->groups[s->group].partitions;
        if (!r)
            mr_buf_printf(out, "  stage \"%.*s\" is new\n", MR_FMT(s->id));
        else if (!mr_id_eq(&r->fingerprint, &s->fingerprint))
            mr_buf_printf(out, "  stage \"%.*s\": its operator, parameters, keys or input changed\n",
                          MR_FMT(s->id));
        else if (r->partitions != partitions)
            mr_buf_printf(out, "  stage \"%.*s\": %u partitions, before %u\n", MR_FMT(s->id),
                          partitions, r->partitions);
        else if (!same_group_as_before(r, (size_t)(r - record->stages),
                                       i ? plan->stages[i - 1].group : -1, s->group))
            mr_buf_printf(out, "  stage \"%.*s\": fused with other stages than before\n",
                          MR_FMT(s->id));
    }
    for (size_t i = 0; i < record->stage_count; i++)
        if (mr_plan_stage_find(plan, record->stages[i].id) == MR_PLAN_NONE)
            mr_buf_printf(out, "  stage \"%.*s\" is gone\n", MR_FMT(record->stages[i].id));
    if (out->len == before)
        mr_buf_addz(out, "  the topics between stages changed\n");
}
