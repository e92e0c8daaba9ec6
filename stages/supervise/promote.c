/* Makes an epoch current, and removes one: each recorded first, then done, finished by recovery. */
#include <dirent.h>
#include <stdlib.h>

#include "runtime/base/clock.h"
#include "runtime/base/file.h"
#include "stages/supervise/epochs.h"

/* ---- outputs ---- */

static struct mr_error *exchange_one(const struct mr_epochs *e, const struct mr_plan *plan,
                                     const struct mr_plan_stage *s, enum mr_sink_exchange step)
{
    if (!s->sink->exchange)
        return NULL;
    void *params = mr_arena_zalloc(e->arena, s->sink->params_size + 1);
    MR_TRY(mr_params_fill(s->sink->params, s->settings, s->setting_count, e->arena, params));
    struct mr_connector_env env = {.name = s->id,
                                   .base_dir = mr_arena_str(e->arena, plan->base_dir).ptr,
                                   .epoch = s->epoch,
                                   .endless = plan->endless};
    return s->sink->exchange(&env, params, step);
}

static bool has_stage(const struct mr_plan *plan, const struct mr_plan_stage *s)
{
    int i = plan ? mr_plan_stage_find(plan, s->id) : MR_PLAN_NONE;
    return i != MR_PLAN_NONE && plan->stages[i].epoch == s->epoch;
}

/* The sinks of a plan that the other one does not have in the same epoch. */
static struct mr_error *exchange_all(const struct mr_epochs *e, const struct mr_plan *plan,
                                     const struct mr_plan *other, enum mr_sink_exchange step)
{
    for (size_t i = 0; i < plan->stage_count; i++) {
        const struct mr_plan_stage *s = &plan->stages[i];
        if (s->kind == MR_STAGE_SINK && !has_stage(other, s))
            MR_TRY(exchange_one(e, plan, s, step));
    }
    return NULL;
}

/* ---- promote ---- */

/* The record says PROMOTING, and which one was current. */
static struct mr_error *finish_promotion(const struct mr_epochs *e, struct mr_recorded_epoch *epoch)
{
    struct mr_record *record = e->record;
    struct mr_recorded_epoch *old = mr_record_epoch(record, record->current);
    struct mr_plan *from, *to;
    MR_TRY(mr_epochs_plan(e, record->current, &from));
    MR_TRY(mr_epochs_plan(e, epoch->number, &to));
    if (!epoch->put_away) {
        MR_TRY(exchange_all(e, from, to, MR_SINK_PUT_AWAY));
        epoch->put_away = true; /* from now on a target may hold the new output */
        MR_TRY(mr_record_save(e->home, record));
    }
    MR_TRY(exchange_all(e, to, from, MR_SINK_BRING));
    MR_TRY(exchange_all(e, from, to, MR_SINK_CLEAR));
    for (size_t i = 0; i < to->stage_count; i++)
        to->stages[i].aside = false;
    MR_TRY(mr_home_save_plan(e->home, to, false));
    MR_TRY(mr_home_save_plan(e->home, to, true));
    /* One that never was whole is nothing to come back to; its definition goes on with it. */
    old->state = old->run || from->endless ? MR_EPOCH_KEPT : MR_EPOCH_BUILDING;
    epoch->state = MR_EPOCH_CURRENT;
    epoch->put_away = false;
    record->current = epoch->number;
    record->plan_hash = to->hash;
    return mr_record_save(e->home, record);
}

static bool holds_rows(const struct mr_recorded_epoch *epoch, struct mr_str sink)
{
    for (size_t i = 0; i < epoch->sink_count; i++)
        if (mr_str_eq(epoch->sinks[i].id, sink))
            return epoch->sinks[i].rows > 0;
    return false;
}

/* An output that somebody removed or used up is told before the current one leaves its place. */
static struct mr_error *outputs_there(const struct mr_epochs *e,
                                      const struct mr_recorded_epoch *epoch)
{
    struct mr_plan *from, *to;
    MR_TRY(mr_epochs_plan(e, e->record->current, &from));
    MR_TRY(mr_epochs_plan(e, epoch->number, &to));
    for (size_t i = 0; i < to->stage_count; i++) {
        const struct mr_plan_stage *s = &to->stages[i];
        if (s->kind == MR_STAGE_SINK && !has_stage(from, s) && holds_rows(epoch, s->id))
            MR_TRY(exchange_one(e, to, s, MR_SINK_LOOK));
    }
    return NULL;
}

struct mr_error *mr_epochs_promote(const struct mr_epochs *e, uint32_t number)
{
    struct mr_recorded_epoch *epoch = mr_record_epoch(e->record, number);
    mr_assert(epoch && number != e->record->current);
    MR_TRY(outputs_there(e, epoch));
    epoch->state = MR_EPOCH_PROMOTING;
    epoch->put_away = false;
    MR_TRY(mr_record_save(e->home, e->record));
    return finish_promotion(e, epoch);
}

/* ---- drop ---- */

/* Whether another epoch's plan has the stage in this epoch. */
static struct mr_error *shared(const struct mr_epochs *e, uint32_t number,
                               const struct mr_plan_stage *s, bool *out)
{
    *out = false;
    for (size_t i = 0; i < e->record->epoch_count && !*out; i++) {
        const struct mr_recorded_epoch *other = &e->record->epochs[i];
        struct mr_plan *plan;
        if (other->number == number || other->state == MR_EPOCH_DROPPING)
            continue;
        MR_TRY(mr_epochs_plan(e, other->number, &plan));
        *out = has_stage(plan, s);
    }
    return NULL;
}

/* "<pipeline>.<stage>.<output>.e<epoch>", whichever output: retried rows are in no plan. */
static bool is_topic_of(struct mr_str name, struct mr_str prefix, struct mr_str suffix)
{
    if (name.len <= prefix.len + suffix.len || !mr_str_starts(name, prefix) ||
        !mr_str_ends(name, suffix))
        return false;
    struct mr_str output = mr_str_span(name.ptr + prefix.len, name.len - prefix.len - suffix.len);
    return memchr(output.ptr, '.', output.len) == NULL;
}

static struct mr_error *drop_topics(const struct mr_epochs *e, const struct mr_plan *plan,
                                    const struct mr_plan_stage *s)
{
    struct mr_buf folder = {0}, path = {0};
    struct mr_error *failed = NULL;
    struct mr_str prefix =
        mr_arena_printf(e->arena, "%.*s.%.*s.", MR_FMT(plan->name), MR_FMT(s->id));
    struct mr_str suffix = mr_arena_printf(e->arena, ".e%u", (unsigned)s->epoch);
    mr_layout_topics(&e->home->layout, &folder);
    DIR *dir = opendir(mr_buf_text(&folder));
    for (struct dirent *d; dir && !failed && (d = readdir(dir));) {
        if (!is_topic_of(mr_str_of(d->d_name), prefix, suffix))
            continue;
        path.len = 0;
        mr_buf_printf(&path, "%s/%s", folder.ptr, d->d_name);
        failed = mr_dir_remove(mr_buf_text(&path));
    }
    if (dir)
        closedir(dir);
    mr_buf_finish(&folder);
    mr_buf_finish(&path);
    return failed;
}

static struct mr_error *drop_stage(const struct mr_epochs *e, const struct mr_plan *plan,
                                   const struct mr_plan_stage *s)
{
    struct mr_buf path = {0};
    mr_layout_state(&e->home->layout, s->id, s->epoch, &path);
    struct mr_error *failed = mr_dir_remove(mr_buf_text(&path));
    path.len = 0; /* which dead letters were settled */
    mr_buf_printf(&path, "%.*s/dlq/%.*s.%.*s.settled.e%u", MR_FMT(e->home->layout.root),
                  MR_FMT(plan->name), MR_FMT(s->id), (unsigned)s->epoch);
    if (!failed)
        failed = mr_dir_remove(mr_buf_text(&path));
    mr_buf_finish(&path);
    if (!failed)
        failed = drop_topics(e, plan, s);
    if (!failed && s->kind == MR_STAGE_SINK)
        failed = exchange_one(e, plan, s, MR_SINK_DROP);
    return failed;
}

static void forget(struct mr_record *record, uint32_t number)
{
    size_t to = 0;
    for (size_t i = 0; i < record->epoch_count; i++)
        if (record->epochs[i].number != number)
            record->epochs[to++] = record->epochs[i];
    record->epoch_count = to;
}

static struct mr_error *finish_drop(const struct mr_epochs *e, uint32_t number)
{
    struct mr_plan *plan;
    struct mr_buf path = {0};
    mr_layout_epoch(&e->home->layout, number, &path);
    if (mr_file_exists(mr_buf_text(&path))) {
        struct mr_error *failed = mr_epochs_plan(e, number, &plan);
        for (size_t i = 0; !failed && i < plan->stage_count; i++) {
            bool others = false;
            failed = shared(e, number, &plan->stages[i], &others);
            if (!failed && !others)
                failed = drop_stage(e, plan, &plan->stages[i]);
        }
        if (failed) {
            mr_buf_finish(&path);
            return failed;
        }
    }
    mr_error_free(mr_dir_remove(mr_buf_text(&path)));
    mr_buf_addz(&path, ".json");
    mr_error_free(mr_dir_remove(mr_buf_text(&path)));
    mr_buf_finish(&path);
    forget(e->record, number);
    return mr_record_save(e->home, e->record);
}

struct mr_error *mr_epochs_drop(const struct mr_epochs *e, uint32_t number)
{
    struct mr_recorded_epoch *epoch = mr_record_epoch(e->record, number);
    mr_assert(epoch && number != e->record->current);
    epoch->state = MR_EPOCH_DROPPING;
    MR_TRY(mr_record_save(e->home, e->record));
    return finish_drop(e, number);
}

struct mr_error *mr_epochs_recover(const struct mr_epochs *e)
{
    for (size_t i = 0; i < e->record->epoch_count; i++) {
        struct mr_recorded_epoch *epoch = &e->record->epochs[i];
        if (epoch->state == MR_EPOCH_PROMOTING)
            MR_TRY(finish_promotion(e, epoch));
        else if (epoch->state == MR_EPOCH_DROPPING) {
            MR_TRY(finish_drop(e, epoch->number));
            i = (size_t)-1; /* the list has moved */
        }
    }
    return NULL;
}

struct mr_error *mr_epochs_forget_outputs(const struct mr_epochs *e)
{
    struct mr_plan *current, *plan;
    MR_TRY(mr_epochs_plan(e, e->record->current, &current));
    for (size_t i = 0; i < e->record->epoch_count; i++) {
        if (e->record->epochs[i].number == e->record->current)
            continue;
        MR_TRY(mr_epochs_plan(e, e->record->epochs[i].number, &plan));
        MR_TRY(exchange_all(e, plan, current, MR_SINK_DROP));
    }
    return NULL;
}
