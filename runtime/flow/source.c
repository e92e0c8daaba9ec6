/* A source's task: records of the outside become rows with identity and place. */
#include "runtime/base/clock.h"
#include "runtime/flow/task.h"

/* ENTRY_WAIT_MS: the bell rings earlier, when an entry comes. */
enum { ROWS_A_STEP = 512, ENTRY_WAIT_MS = 60000 };

static struct mr_error *reject(struct mr_task *t, struct mr_source_row *row)
{
    bool large = mr_error_code(row->why) == MR_ROW_TOO_LARGE;
    enum mr_builtin b = large ? MR_B_TOO_LARGE : MR_B_BAD_INPUT;
    t->source_counts.counter[MR_C_REJECTED]++;
    t->source_counts.builtin[b]++;
    struct mr_error *e = mr_task__source_rejected(t, row, mr_builtin_name(b));
    mr_error_free(row->why);
    row->why = NULL;
    return e;
}

static bool keyed(const struct mr_task *t, int out)
{
    return t->outs[out].key_count > 0 && t->outs[out].partitions > 1;
}

/* The row to one output; decoded only where keys choose the partition. */
static struct mr_error *put(struct mr_task *t, int out, const struct mr_source_row *row,
                            struct mr_leave *refused)
{
    struct mr_row decoded;
    const struct mr_row *view = NULL;
    if (keyed(t, out)) {
        MR_TRY(mr_row_decode(&decoded, t->names, t->batch, &row->head, row->map.ptr, row->map.len));
        view = &decoded;
    }
    return mr_task__append(t, out, view, &row->head, row->map, refused);
}

static struct mr_error *forward(struct mr_task *t, struct mr_source_row *row)
{
    struct mr_stage_counts *counts = &t->source_counts;
    const struct mr_task_stage *mine = &t->stages[0];
    struct mr_leave refused = {.outcome = MR_GOES_ON};
    for (size_t k = 0; k < t->head->output_count && refused.outcome == MR_GOES_ON; k++)
        if (mine->outputs[k] >= 0)
            MR_TRY(put(t, mine->outputs[k], row, &refused));
    if (refused.outcome == MR_GOES_ON) {
        counts->counter[MR_C_FORWARDED]++;
        counts->counter[MR_C_BYTES_OUT] += row->map.len;
        return NULL;
    }
    row->why = mr_error(MR_ROW_TOO_LARGE, "%.*s", MR_FMT(refused.note));
    row->raw = row->map;
    return reject(t, row);
}

static struct mr_error *take(struct mr_task *t, struct mr_source_row *row, bool rejected)
{
    t->dirty = true;
    t->record.new_run = t->worker->options->run;
    t->source_counts.counter[MR_C_IN]++;
    t->source_counts.counter[MR_C_BYTES_IN] += rejected ? row->raw.len : row->map.len;
    return rejected ? reject(t, row) : forward(t, row);
}

/* The input is at its end. Whether the run ends with markers depends on all sources together when
 * this one found nothing new: the supervisor decides. The first run always ends with markers, so
 * that an empty input makes an empty dataset. */
static struct mr_error *end(struct mr_task *t, bool *progressed)
{
    struct mr_page *page = t->worker->page;
    uint32_t run = t->worker->options->run;
    bool found_new =
        run == 1 || t->head->part == MR_SOURCE_READ || t->record.new_run == run || t->head->source->found_new(t->source);
    t->source_ended = true;
    atomic_store(&page->found_new, found_new ? 1u : 2u);
    if (!found_new) {
        uint32_t order = atomic_load(&page->source_order);
        if (order == MR_SOURCE_UNDECIDED) {
            t->wake_ms = mr_now_ms() + 100;
            return NULL;
        }
        if (order == MR_SOURCE_LEAVE) {
            t->ended = true;
            return mr_task__commit(t);
        }
    }
    *progressed = true;
    return mr_task__end_run(t);
}

/* The read step takes the list step's entries from its log. *status END: all of this run are read;
 * IDLE: none now. */
static struct mr_error *next_entry(struct mr_task *t, enum mr_source_status *status,
                                   struct mr_source_row *wait)
{
    struct mr_log_row row;
    bool found = false;
    *status = MR_SOURCE_IDLE;
    MR_TRY(mr_task__next_row(t, &row, &found));
    if (!found) {
        wait->wait_ms = ENTRY_WAIT_MS;
        if (mr_task__lanes_ended(t))
            *status = MR_SOURCE_END;
        return NULL;
    }
    t->dirty = true;
    *status = MR_SOURCE_WANT;
    if (row.head.kind != MR_KIND_END)
        return t->head->source->take(t->source, &row.head, row.map);
    mr_task__lane_ended(t, &row);
    return NULL;
}

struct mr_error *mr_task__source_step(struct mr_task *t, bool *progressed)
{
    const struct mr_source_type *type = t->head->source;
    struct mr_source_row row;
    enum mr_source_status status = MR_SOURCE_END;
    if (t->source_ended)
        return end(t, progressed);
    if (atomic_load_explicit(&t->worker->page->hold, memory_order_relaxed)) {
        t->blocked = true; /* rung, or looked at again, when there is room */
        return mr_task__commit(t);
    }
    for (int i = 0; i < ROWS_A_STEP; i++) {
        memset(&row, 0, sizeof(row));
        MR_TRY(type->next(t->source, &status, &row));
        if (status == MR_SOURCE_WANT)
            MR_TRY(next_entry(t, &status, &row));
        if (status == MR_SOURCE_IDLE || status == MR_SOURCE_END)
            break;
        *progressed = true;
        if (status == MR_SOURCE_WANT)
            continue;
        MR_TRY(take(t, &row, status == MR_SOURCE_REJECTED));
        if (i % 64 == 63 && mr_task__commit_due(t))
            break;
    }
    mr_arena_reset(t->batch);
    if (status == MR_SOURCE_END)
        return end(t, progressed);
    if (status == MR_SOURCE_IDLE) {
        t->wake_ms = mr_now_ms() + row.wait_ms;
        *progressed |= row.wait_ms == 0; /* in the middle of a look: on at once */
        /* A long listing fills the store before it gives a row. */
        t->dirty |= mr_store_pending_entries(t->store) > 0;
    }
    return t->dirty && mr_task__commit_due(t) ? mr_task__commit(t) : NULL;
}
