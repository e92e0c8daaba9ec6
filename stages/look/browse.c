/* Opens a pipeline for looking, and reads rows of its topics. */
#include "stages/look/browse.h"

#include "runtime/row/value.h"
#include "stages/command/command.h"

struct mr_error *mr_browse_open(struct mr_browse *b, struct mr_str state, struct mr_str wanted,
                                struct mr_arena *arena)
{
    const struct mr_registry *registry;
    pid_t supervisor;
    *b = (struct mr_browse){0};
    MR_TRY(mr_home_find(&b->home, state, wanted));
    struct mr_error *e = mr_program_registry(&registry);
    if (!e)
        e = mr_record_load(&b->home, arena, &b->record);
    if (!e)
        e = mr_home_epoch_plan(&b->home, 0, registry, mr_program_connectors(), arena, &b->plan);
    if (e) {
        mr_home_finish(&b->home);
        return e;
    }
    mr_layout_topics(&b->home.layout, &b->topics);
    mr_buf_text(&b->topics);
    b->running = mr_home_running(&b->home, &supervisor);
    return NULL;
}

void mr_browse_close(struct mr_browse *b)
{
    mr_home_finish(&b->home);
    mr_buf_finish(&b->topics);
}

static struct mr_error *scan_frame(struct mr_log_reader *reader, struct mr_browse_row *row,
                                   mr_browse_fn fn, void *arg, bool *stop)
{
    for (bool found = true; !*stop;) {
        MR_TRY(mr_log_reader_row(reader, &row->head, &row->map, &found));
        if (!found)
            return NULL;
        if (row->head.kind == MR_KIND_ROW)
            MR_TRY(fn(arg, row, stop));
    }
    return NULL;
}

static struct mr_error *scan_lane(const struct mr_browse *b, struct mr_str topic,
                                  struct mr_browse_row *row, mr_browse_fn fn, void *arg, bool *stop)
{
    struct mr_log_place place = {b->topics.ptr, topic, row->partition, row->lane};
    struct mr_log_reader *reader = NULL;
    MR_TRY(mr_log_reader_open(&place, 0, MR_BELL_NONE, (struct mr_mark){0}, &reader));
    struct mr_error *e = NULL;
    for (uint32_t rows = 1; !e && rows && !*stop;) {
        e = mr_log_reader_next(reader, &rows);
        if (!e && rows)
            e = scan_frame(reader, row, fn, arg, stop);
    }
    mr_log_reader_close(reader);
    return e;
}

struct mr_error *mr_browse_scan(const struct mr_browse *b, struct mr_str topic, uint32_t partitions,
                                uint32_t lanes, mr_browse_fn fn, void *arg)
{
    bool stop = false;
    for (uint32_t p = 0; p < partitions; p++)
        for (uint32_t l = 0; l < lanes && !stop; l++) {
            struct mr_browse_row row = {.partition = p, .lane = l};
            MR_TRY(scan_lane(b, topic, &row, fn, arg, &stop));
        }
    return NULL;
}

struct mr_error *mr_browse_topic(const struct mr_browse *b, int topic, mr_browse_fn fn, void *arg)
{
    if (topic == MR_PLAN_NONE)
        return NULL;
    const struct mr_plan_topic *t = &b->plan->topics[topic];
    return mr_browse_scan(b, t->name, t->partitions, t->lanes, fn, arg);
}

struct mr_value mr_browse_field(struct mr_str map, const char *name)
{
    struct mr_walk w;
    struct mr_value key, value, whole = {(const uint8_t *)map.ptr, (uint32_t)map.len};
    if (map.len == 0 || mr_value_type(whole) != MR_MAP)
        return (struct mr_value){0};
    mr_walk_begin(&w, whole);
    while (mr_walk_next(&w, &key) && mr_walk_next(&w, &value))
        if (mr_value_type(key) == MR_TEXT && mr_str_is(mr_value_text(key), name))
            return value;
    return (struct mr_value){0};
}

struct mr_str mr_browse_text(struct mr_str map, const char *name)
{
    struct mr_value v = mr_browse_field(map, name);
    return v.len && mr_value_type(v) == MR_TEXT ? mr_value_text(v) : (struct mr_str){0};
}

uint64_t mr_browse_uint(struct mr_str map, const char *name)
{
    struct mr_value v = mr_browse_field(map, name);
    uint64_t out = 0;
    return v.len && mr_value_type(v) == MR_INT && mr_value_uint(v, &out) ? out : 0;
}

bool mr_browse_is_prefix(struct mr_str text)
{
    if (text.len == 0 || text.len > MR_ID_HEX_LEN)
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (!text.ptr[i] || !strchr("0123456789abcdef", text.ptr[i]))
            return false;
    return true;
}

bool mr_browse_has_prefix(const struct mr_id *id, struct mr_str prefix)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < prefix.len; i++) {
        unsigned byte = id->b[i / 2];
        if (digits[i % 2 ? byte & 15 : byte >> 4] != prefix.ptr[i])
            return false;
    }
    return true;
}
