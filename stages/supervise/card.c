/* The card of an epoch's dataset: what went through each stage, added up over the runs that made
 * it. */
#include <stdio.h>

#include "runtime/base/file.h"
#include "runtime/base/json_out.h"
#include "runtime/row/json.h"
#include "stages/supervise/epochs.h"
#include "stages/supervise/members.h"

enum { CARD_MAX_BYTES = 16 << 20, INPUTS_NAMED = 100, NAME_ROOM = 256 };

/* Counters that balance and add up over runs; the others are of a process or of a moment. */
static const int counted[] = {MR_C_IN,       MR_C_FORWARDED, MR_C_DROPPED,
                              MR_C_REJECTED, MR_C_ABSORBED,  MR_C_EMITTED};
enum { COUNTED = sizeof counted / sizeof *counted };

static void card_path(const struct mr_home *h, uint32_t epoch, struct mr_buf *out)
{
    mr_layout_epoch(&h->layout, epoch, out);
    mr_buf_addz(out, ".json");
    mr_buf_text(out);
}

struct mr_error *mr_epochs_card(const struct mr_home *h, uint32_t epoch, struct mr_arena *arena,
                                struct mr_value *out)
{
    struct mr_buf path = {0}, text = {0}, packed = {0};
    struct mr_error *e = NULL;
    *out = (struct mr_value){0};
    card_path(h, epoch, &path);
    if (mr_file_exists(path.ptr)) {
        struct mr_json_reader *reader = mr_json_reader_create();
        e = mr_file_read(path.ptr, CARD_MAX_BYTES, &text);
        if (!e)
            e = mr_json_read_object(reader, mr_buf_str(&text), MR_UTF8_REJECT, &packed);
        mr_json_reader_destroy(reader);
        if (!e) {
            struct mr_str kept = mr_arena_str(arena, mr_buf_str(&packed));
            *out = (struct mr_value){(const uint8_t *)kept.ptr, (uint32_t)kept.len};
        }
        e = mr_error_wrap(e, "while reading \"%s\"", path.ptr);
    }
    mr_buf_finish(&path);
    mr_buf_finish(&text);
    mr_buf_finish(&packed);
    return e;
}

static struct mr_value stage_of(struct mr_value card, struct mr_str id)
{
    struct mr_value list = member(card, "stages"), v;
    struct mr_walk w;
    if (mr_value_type(list) != MR_LIST)
        return (struct mr_value){0};
    mr_walk_begin(&w, list);
    while (mr_walk_next(&w, &v))
        if (mr_str_eq(member_text(v, "stage"), id))
            return v;
    return (struct mr_value){0};
}

static void add_left(struct mr_json_out *j, struct mr_value before, const char *name, uint64_t rows)
{
    uint64_t sum = member_uint(before, name) + rows;
    if (!sum)
        return;
    mr_json_key(j, name);
    mr_json_uint(j, sum);
}

/* now NULL: the stage did not run. */
static void add_stage(struct mr_json_out *j, const struct mr_plan_stage *s, struct mr_value before,
                      const struct mr_stage_total *now)
{
    static const struct mr_stage_total none;
    struct mr_value left = member(before, "left");
    now = now ? now : &none;
    mr_json_begin_object(j);
    mr_json_key(j, "stage");
    mr_json_text(j, s->id);
    for (int i = 0; i < COUNTED; i++) {
        const char *name = mr_counter_table[counted[i]].name;
        mr_json_key(j, name);
        mr_json_uint(j, member_uint(before, name) + now->counter[counted[i]]);
    }
    mr_json_key(j, "left");
    mr_json_begin_object(j);
    const struct mr_outcome *outcomes = s->op ? s->op->outcomes : NULL;
    for (int i = 0; outcomes && outcomes[i].name && i < MR_PAGE_OUTCOMES; i++)
        add_left(j, left, outcomes[i].name, now->outcome[i]);
    for (int i = 0; i < MR_PAGE_BUILTIN; i++)
        add_left(j, left, mr_builtin_name((enum mr_builtin)i), now->builtin[i]);
    mr_json_end_object(j);
    mr_json_end_object(j);
}

/* ---- what the sources took ---- */

struct inputs {
    struct mr_json_out *out;
    uint64_t count, bytes;
};

static void add_input(void *arg, struct mr_str name, uint64_t bytes)
{
    struct inputs *i = arg;
    i->bytes += bytes;
    if (i->count++ < INPUTS_NAMED)
        mr_json_text(i->out, name);
}

/* The task has ended, so its store may be opened: nobody else has the pipeline. */
static struct mr_error *list_inputs(const struct mr_epochs *e, const struct mr_plan_stage *s,
                                    struct mr_str name, struct inputs *to)
{
    struct mr_buf dir = {0};
    struct mr_store *store = NULL;
    struct mr_store_options options = {0};
    mr_layout_task(&e->home->layout, s->id, s->epoch, 0, &dir);
    struct mr_error *failed = mr_store_open(mr_buf_text(&dir), &options, &store);
    struct mr_connector_env env = {.name = name, .store = store};
    if (!failed)
        failed = s->source->inputs(&env, add_input, to);
    mr_store_close(store);
    mr_buf_finish(&dir);
    return failed;
}

static struct mr_error *add_source(const struct mr_epochs *e, const struct mr_plan_stage *s,
                                   bool looked, struct mr_value before, struct mr_json_out *j)
{
    struct mr_str name = s->id;
    struct mr_buf known = {0};
    if (s->part == MR_SOURCE_LIST) /* "docs.list" lists for "docs" */
        name.len -= sizeof ".list" - 1;
    mr_json_key_str(j, name);
    if (!looked && before.len) {
        mr_json_write_value(before, &known);
        mr_json_raw(j, mr_buf_str(&known));
        mr_buf_finish(&known);
        return NULL;
    }
    struct inputs inputs = {.out = j};
    mr_json_begin_object(j);
    mr_json_key(j, "names");
    mr_json_begin_array(j);
    struct mr_error *failed = list_inputs(e, s, name, &inputs);
    mr_json_end_array(j);
    mr_json_key(j, "count");
    mr_json_uint(j, inputs.count);
    mr_json_key(j, "bytes");
    mr_json_uint(j, inputs.bytes);
    mr_json_end_object(j);
    return failed;
}

static struct mr_error *add_sources(const struct mr_epochs *e, const struct mr_totals *totals,
                                    const bool *idle, struct mr_value card, struct mr_json_out *j)
{
    struct mr_value before = member(card, "sources");
    mr_json_key(j, "sources");
    mr_json_begin_object(j);
    for (size_t i = 0; i < totals->plan->stage_count; i++) {
        const struct mr_plan_stage *s = &totals->plan->stages[i];
        if (s->kind != MR_STAGE_SOURCE || s->part == MR_SOURCE_READ || !s->source->inputs)
            continue;
        char id[NAME_ROOM];
        snprintf(id, sizeof id, "%.*s", MR_FMT(s->id));
        if (s->part == MR_SOURCE_LIST && s->id.len < sizeof id)
            id[s->id.len - (sizeof ".list" - 1)] = 0;
        bool looked = !(idle && idle[s->group]) && totals->stages[i].counter[MR_C_IN] > 0;
        MR_TRY(add_source(e, s, looked, member(before, id), j));
    }
    mr_json_end_object(j);
    return NULL;
}

static struct mr_error *save_card(const struct mr_epochs *e, const struct mr_recorded_epoch *epoch,
                                  const struct mr_totals *totals, const bool *idle)
{
    const struct mr_plan *plan = totals->plan;
    struct mr_value own, parent = {0};
    struct mr_json_out j = {0};
    struct mr_buf path = {0};
    MR_TRY(mr_epochs_card(e->home, epoch->number, e->arena, &own));
    if (own.len && member_uint(own, "run") >= e->record->run)
        return NULL; /* counted before a crash */
    if (!own.len && epoch->parent)
        MR_TRY(mr_epochs_card(e->home, epoch->parent, e->arena, &parent));
    mr_json_begin_object(&j);
    mr_json_key(&j, "run");
    mr_json_uint(&j, e->record->run);
    mr_json_key(&j, "stages");
    mr_json_begin_array(&j);
    for (size_t i = 0; i < plan->stage_count; i++) {
        const struct mr_plan_stage *s = &plan->stages[i];
        struct mr_value before = own.len                     ? stage_of(own, s->id)
                                 : s->epoch == epoch->number ? (struct mr_value){0}
                                                             : stage_of(parent, s->id);
        add_stage(&j, s, before, idle && idle[s->group] ? NULL : &totals->stages[i]);
    }
    mr_json_end_array(&j);
    struct mr_error *failed = add_sources(e, totals, idle, own.len ? own : parent, &j);
    mr_json_end_object(&j);
    mr_buf_addc(&j.text, '\n');
    card_path(e->home, epoch->number, &path);
    if (!failed)
        failed = mr_file_replace(path.ptr, mr_buf_str(&j.text), 0600);
    mr_buf_finish(&path);
    mr_buf_finish(&j.text);
    return failed;
}

static const struct mr_recorded_sink *sink_of(const struct mr_recorded_epoch *epoch,
                                              struct mr_str id)
{
    for (size_t i = 0; epoch && i < epoch->sink_count; i++)
        if (mr_str_eq(epoch->sinks[i].id, id))
            return &epoch->sinks[i];
    return NULL;
}

struct mr_error *mr_epochs_note(const struct mr_epochs *e, struct mr_recorded_epoch *epoch,
                                const struct mr_totals *totals, const bool *idle)
{
    const struct mr_plan *plan = totals->plan;
    struct mr_recorded_sink *sinks =
        mr_arena_zalloc(e->arena, (plan->stage_count + 1) * sizeof *sinks);
    size_t count = 0;
    MR_TRY(save_card(e, epoch, totals, idle));
    for (size_t i = 0; i < plan->stage_count; i++) {
        const struct mr_plan_stage *s = &plan->stages[i];
        if (s->kind != MR_STAGE_SINK)
            continue;
        struct mr_recorded_sink *sink = &sinks[count];
        sink->content = totals->stages[i].content;
        sink->rows = totals->stages[i].content_rows;
        if (idle && idle[s->group]) { /* as the epoch before left it, or not made at all */
            const struct mr_recorded_sink *old =
                s->epoch == epoch->number
                    ? NULL
                    : sink_of(mr_record_epoch(e->record, epoch->parent), s->id);
            if (!old)
                continue;
            *sink = *old;
        }
        sink->id = s->id;
        count++;
    }
    epoch->sinks = sinks;
    epoch->sink_count = count;
    return NULL;
}
