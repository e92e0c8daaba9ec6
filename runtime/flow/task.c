/* A task: rows from its log through its chain, ends and cuts, and the commit of all of it. */
#include <stdlib.h>

#include "runtime/base/clock.h"
#include "runtime/base/file.h"
#include "runtime/flow/task.h"

/* What one commit may hold: bytes of output, pending state, time. Pending state is kept smaller,
 * since it lies in memory twice until it is written. */
enum {
    COMMIT_BYTES = 16 << 20,
    COMMIT_STATE_BYTES = 4 << 20,
    COMMIT_STATE_ENTRIES = 32 * 1024,
    COMMIT_MS = 1000,
    CUT_ROWS = 256,
    ROWS_A_STEP = 1024,
};

static const struct mr_str record_key = MR_STR_INIT("f\0task");
static const struct mr_str ends_key = MR_STR_INIT("f\0ends");
static const struct mr_str content_key = MR_STR_INIT("f\0content");
static const struct mr_str source_key = MR_STR_INIT("k\xff\xff");

/* ---- opening ---- */

/* least: bytes of the record as an earlier version wrote it, which had fewer figures at its end. */
static struct mr_error *load_grown(struct mr_store *store, struct mr_str key, void *into, size_t least,
                                   size_t size)
{
    struct mr_buf value = {0};
    bool found = false;
    struct mr_error *e = mr_store_get(store, key, &value, &found);
    if (!e && found && value.len != size && value.len != least)
        e = mr_error(MR_STORE_VERSION, "the task's record has %zu bytes, expected %zu", value.len,
                     size);
    if (!e && found)
        memcpy(into, value.ptr, value.len);
    mr_buf_finish(&value);
    return e;
}

static struct mr_error *load_fixed(struct mr_store *store, struct mr_str key, void *into, size_t size)
{
    return load_grown(store, key, into, size, size);
}

/* The ordinal of a source among the sources: what orders their rows. Both steps of one source have
 * the same. */
static uint16_t source_number(const struct mr_task *t)
{
    uint16_t number = 0;
    for (int i = 0; i < t->head->number; i++)
        number += t->plan->stages[i].kind == MR_STAGE_SOURCE &&
                  t->plan->stages[i].part != MR_SOURCE_LIST;
    return number;
}

/* The name that ids are made of: of a list step, its source's. */
static struct mr_str connector_name(const struct mr_task *t)
{
    struct mr_str id = t->head->id;
    if (t->head->part == MR_SOURCE_LIST)
        for (size_t n = id.len; n > 0; n--)
            if (id.ptr[n - 1] == '.')
                return mr_str_span(id.ptr, n - 1);
    return id;
}

static void fill_env(struct mr_task *t, struct mr_connector_env *env)
{
    *env = (struct mr_connector_env){
        .name = connector_name(t),
        .base_dir = mr_arena_str(t->arena, t->plan->base_dir).ptr,
        .number = source_number(t),
        .part = t->head->part,
        .run = t->worker->options->run,
        .epoch = t->head->epoch,
        .aside = t->head->aside,
        .endless = t->plan->endless,
        .store = t->store,
        .row_limit = t->plan->row_limit,
        .max_row_bytes = t->plan->max_row_bytes,
        .seed = t->plan->seed,
    };
}

static struct mr_error *open_connector(struct mr_task *t)
{
    struct mr_connector_env env;
    const struct mr_plan_stage *s = t->head;
    bool source = s->kind == MR_STAGE_SOURCE;
    size_t size = source ? s->source->params_size : s->sink->params_size;
    const struct mr_param *table = source ? s->source->params : s->sink->params;
    void *params = mr_arena_zalloc(t->arena, size + 1);
    MR_TRY(mr_params_fill(table, s->settings, s->setting_count, t->arena, params));
    fill_env(t, &env);
    if (source)
        return s->source->open(&env, params, &t->source);
    t->sink_type = s->sink;
    return s->sink->open(&env, params, &t->sink);
}

static struct mr_error *open_chain(struct mr_task *t)
{
    const struct mr_plan_group *group = t->worker->group;
    if (t->head->kind == MR_STAGE_SOURCE) {
        t->names = mr_names_create();
        t->batch = mr_arena_create(256 * 1024);
        return NULL;
    }
    struct mr_chain_callbacks callbacks = {.arg = t,
                                           .forward = mr_task__forward,
                                           .left = mr_task__left,
                                           .begin = mr_worker__begin,
                                           .end = mr_worker__end,
                                           .enters = mr_worker__enters};
    MR_TRY(mr_chain_create(t->plan, group->stages, group->stage_count, t->worker->options->run,
                           t->store, &callbacks, &t->chain));
    t->names = mr_chain_names(t->chain);
    t->batch = mr_chain_arena(t->chain);
    return NULL;
}

/* Retention removes whole segments, so under a disk budget they must be small against it. */
static size_t segment_bytes(const struct mr_plan *plan)
{
    enum { LEAST = 1 << 20, MOST = 128 << 20, SEGMENTS_A_LOG = 4 };
    uint64_t logs = 1, share;
    if (plan->disk_budget_bytes == 0)
        return 0;
    for (size_t i = 0; i < plan->topic_count; i++)
        logs += plan->topics[i].record ? 0 : (uint64_t)plan->topics[i].partitions * plan->topics[i].lanes;
    share = plan->disk_budget_bytes / (SEGMENTS_A_LOG * logs);
    return share < LEAST ? LEAST : share > MOST ? MOST : (size_t)share;
}

static struct mr_error *open_log(struct mr_task *t)
{
    const struct mr_worker_options *o = t->worker->options;
    const struct mr_plan_stage *head = t->head;
    struct mr_buf topics = {0}, name = {0};
    struct mr_log_in *ins = mr_arena_zalloc(t->arena, (head->input_count + 1) * sizeof(*ins));
    struct mr_log_out *outs = mr_arena_zalloc(t->arena, (t->out_count + 1) * sizeof(*outs));
    t->lane_first = mr_arena_zalloc(t->arena, (head->input_count + 1) * sizeof(*t->lane_first));
    for (size_t i = 0; i < head->input_count; i++) {
        const struct mr_plan_topic *topic = &t->plan->topics[head->inputs[i].topic];
        ins[i] = (struct mr_log_in){topic->name, t->partition, topic->lanes};
        t->lane_first[i] = t->lane_count;
        t->lane_count += topic->lanes;
    }
    for (uint32_t i = 0; i < t->out_count; i++) {
        const struct mr_plan_topic *topic = &t->plan->topics[t->outs[i].topic];
        outs[i] = (struct mr_log_out){topic->name, topic->partitions, topic->bound_bytes};
    }
    t->ends = mr_arena_zalloc(t->arena, (t->lane_count + 1) * sizeof(*t->ends));
    mr_layout_topics(&o->layout, &topics);
    mr_buf_printf(&name, "%.*s/%u", MR_FMT(head->id), t->partition);
    struct mr_log_spec spec = {
        .topics = mr_buf_text(&topics), .task = mr_buf_str(&name),
        .reader = mr_plan_reader(head, t->partition),
        .lane = t->partition,
        .lane_label = (uint32_t)t->tail->number << 16 | t->partition,
        .ins = ins, .in_count = (uint32_t)head->input_count,
        .outs = outs, .out_count = t->out_count,
        .store = t->store, .bells = t->worker->bells, .bell = t->worker->bell,
        .codec = t->plan->lz4 ? MR_CODEC_LZ4 : MR_CODEC_NONE, .no_sync = o->no_sync,
        .segment_bytes = segment_bytes(t->plan),
        /* An unfinished epoch that comes back after others have run: a part of its rows may have
         * gone meanwhile. */
        .whole = !t->plan->endless && !head->only.since_ms && !head->only.since_n,
    };
    struct mr_error *e = mr_log_open_embedded(&spec, &t->log);
    mr_buf_finish(&topics);
    mr_buf_finish(&name);
    return e;
}

static bool has_scope(const struct mr_task *t, enum mr_scope scope)
{
    const struct mr_plan_group *g = t->worker->group;
    for (size_t i = 0; i < g->stage_count; i++) {
        const struct mr_plan_stage *stage = &t->plan->stages[g->stages[i]];
        if (stage->kind == MR_STAGE_OPERATOR && stage->op && stage->op->scope == scope)
            return true; /* a prepare step of such an operator keeps nothing */
    }
    return false;
}

/* Stores of a process share its memory. An index over the whole stream gets buffers that spare it
 * half the compaction work; where many tasks share a process each has little of the stream, and a
 * small buffer that any input fills. What indexes need in their fifth hour they take at the start. */
static struct mr_store_options store_options_of(const struct mr_task *t)
{
    enum { INDEX_BUFFER = 8 << 20, INDEX_CACHE = 16 << 20, INDEX_MEMORY = 48 << 20 };
    enum { BUFFERS = 4 << 20, LEAST = 512 << 10, MOST = 2 << 20, CACHE = 4 << 20 };
    /* Logs and changes of a task, of one that holds the rows of its lanes for order; compaction. */
    enum { TASK_MEMORY = 2 << 20, HOLDING_MEMORY = 6 << 20, MEMORY = 8 << 20 };
    enum { SET_MEMORY = 32 << 20 }; /* of one that holds a whole set; measured, 3 million rows */
    const struct mr_plan_group *g = t->worker->group;
    struct mr_store_options o = {.no_sync = t->worker->options->no_sync};
    size_t tasks = (g->partitions + t->worker->scale - 1) / t->worker->scale, each = BUFFERS / tasks;
    if (has_scope(t, MR_ONE_TASK)) {
        o.write_buffer_bytes = INDEX_BUFFER;
        o.cache_bytes = INDEX_CACHE;
        o.memory_bytes = INDEX_MEMORY;
        return o;
    }
    o.write_buffer_bytes = each < LEAST ? LEAST : each > MOST ? MOST : each;
    o.cache_bytes = CACHE;
    if (has_scope(t, MR_KEYED))
        o.memory_bytes = CACHE + MEMORY +
                         tasks * (2 * o.write_buffer_bytes +
                                  (t->head->order == MR_ORDER_HOLD ? HOLDING_MEMORY : TASK_MEMORY));
    if (has_scope(t, MR_WHOLE_SET) && o.memory_bytes < SET_MEMORY)
        o.memory_bytes = SET_MEMORY;
    return o;
}

static struct mr_error *open_parts(struct mr_task *t)
{
    const struct mr_worker_options *o = t->worker->options;
    struct mr_store_options store_options = store_options_of(t);
    struct mr_buf dir = {0};
    mr_layout_task(&o->layout, t->head->id, t->head->epoch, t->partition, &dir);
    struct mr_error *e = mr_store_open(mr_buf_text(&dir), &store_options, &t->store);
    mr_buf_finish(&dir);
    if (e)
        return e;
    MR_TRY(open_chain(t));
    MR_TRY(mr_task__only_open(t));
    MR_TRY(mr_task__open_outs(t));
    MR_TRY(open_log(t));
    if (t->chain) {
        t->retries = mr_arena_zalloc(t->arena, t->worker->group->stage_count * sizeof(*t->retries));
        t->retries_rung = atomic_load(&t->worker->page->retries);
        MR_TRY(mr_task__retry_open(t));
    }
    MR_TRY(load_fixed(t->store, record_key, &t->record, sizeof(t->record)));
    if (t->lane_count)
        MR_TRY(load_fixed(t->store, ends_key, t->ends, t->lane_count * sizeof(*t->ends)));
    if (t->head->kind == MR_STAGE_SINK)
        MR_TRY(load_fixed(t->store, content_key, &t->content, sizeof(t->content)));
    t->run_now = o->run;
    mr_task__hold_lanes(t);
    MR_TRY(mr_task__cuts_open(t));
    if (t->head->kind != MR_STAGE_OPERATOR && t->head->kind != MR_STAGE_PREPARE)
        MR_TRY(open_connector(t));
    if (t->source) {
        struct {
            uint64_t run;
            struct mr_stage_counts counts;
        } saved = {0};
        MR_TRY(load_grown(t->store, source_key, &saved,
                          sizeof(saved.run) + MR_STAGE_COUNTS_LEAST, sizeof(saved)));
        if (saved.run == o->run)
            t->source_counts = saved.counts;
    }
    t->ended = t->record.done_run >= o->run;
    return NULL;
}

struct mr_error *mr_task__open(struct mr_worker *w, uint32_t partition, struct mr_task **out)
{
    const struct mr_plan *plan = w->options->plan;
    struct mr_task *t = mr_zalloc(sizeof(*t));
    t->worker = w;
    t->plan = plan;
    t->partition = partition;
    t->head = &plan->stages[w->group->stages[0]];
    t->tail = &plan->stages[w->group->stages[w->group->stage_count - 1]];
    t->arena = mr_arena_create(0);
    /* An idle window begins again with the process: time before it is nobody's idleness. */
    t->last_commit_ms = t->last_row_ms = mr_now_ms();
    struct mr_error *e = open_parts(t);
    if (e) {
        mr_error_wrap(e, "task %.*s/%u", MR_FMT(t->head->id), partition);
        mr_task__close(t);
        return e;
    }
    *out = t;
    return NULL;
}

void mr_task__close(struct mr_task *t)
{
    if (!t)
        return;
    if (t->source)
        t->head->source->close(t->source);
    if (t->sink)
        t->sink_type->close(t->sink);
    mr_log_close(t->log);
    mr_task__cuts_close(t);
    mr_task__only_close(t);
    mr_task__retry_close(t);
    if (t->chain) {
        mr_chain_destroy(t->chain);
    } else if (t->names) {
        mr_names_destroy(t->names);
        mr_arena_destroy(t->batch);
    }
    for (size_t i = 0; t->stages && i < t->worker->group->stage_count; i++)
        mr_router_destroy(t->stages[i].router);
    mr_store_close(t->store);
    mr_arena_destroy(t->arena);
    mr_buf_finish(&t->row_bytes);
    mr_buf_finish(&t->key_bytes);
    mr_buf_finish(&t->record_bytes);
    free(t);
}

/* ---- commit ---- */

bool mr_task__commit_due(struct mr_task *t)
{
    size_t state = mr_store_pending_bytes(t->store);
    size_t bytes = mr_log_pending(t->log) + state + (size_t)mr_store_pending_bodies(t->store);
    if (t->sink)
        bytes += t->sink_type->bytes(t->sink);
    return bytes >= COMMIT_BYTES || state >= COMMIT_STATE_BYTES ||
           mr_store_pending_entries(t->store) >= COMMIT_STATE_ENTRIES ||
           mr_now_ms() - t->last_commit_ms >= COMMIT_MS;
}

static void save_source_counts(struct mr_task *t)
{
    struct {
        uint64_t run;
        struct mr_stage_counts counts;
    } saved = {.run = t->worker->options->run, .counts = t->source_counts};
    mr_store_put(t->store, source_key, mr_str_span((const char *)&saved, sizeof(saved)));
}

struct mr_error *mr_task__commit(struct mr_task *t)
{
    if (!t->dirty)
        return NULL;
    struct mr_stage_counts *counts = t->chain ? mr_chain_counts(t->chain, 0) : &t->source_counts;
    counts->counter[MR_C_COMMITS]++;
    if (t->sink) {
        MR_TRY(t->sink_type->save(t->sink));
        mr_store_put(t->store, content_key,
                     mr_str_span((const char *)&t->content, sizeof(t->content)));
    }
    if (t->source) {
        MR_TRY(t->head->source->save(t->source));
        save_source_counts(t);
    } else {
        mr_chain_save(t->chain);
        mr_task__retry_save(t);
    }
    mr_store_put(t->store, record_key, mr_str_span((const char *)&t->record, sizeof(t->record)));
    if (t->lane_count)
        mr_store_put(t->store, ends_key,
                     mr_str_span((const char *)t->ends, t->lane_count * sizeof(*t->ends)));
    uint64_t began = mr_now_ns();
    MR_TRY(mr_log_commit(t->log));
    mr_worker__commit_took(t->worker, mr_now_ns() - began);
    if (t->chain)
        mr_task__retry_committed(t);
    if (t->sink)
        MR_TRY(t->sink_type->committed(t->sink));
    t->dirty = false;
    t->last_commit_ms = mr_now_ms();
    mr_worker__show(t->worker, MR_PROC_WORKING);
    return NULL;
}

/* ---- ends and cuts ---- */

struct mr_error *mr_task__end_run(struct mr_task *t)
{
    uint32_t run = mr_task__run_to_end(t);
    const struct mr_plan_group *group = t->worker->group;
    static const uint8_t empty_map = 0x80;
    struct mr_head head = {.kind = MR_KIND_END, .run = run};
    head.id = mr_id_aggregate(t->tail->id, run, MR_STR("\x01" "end"));
    for (size_t i = 0; i < group->stage_count; i++)
        for (size_t k = 0; k < t->plan->stages[group->stages[i]].output_count; k++) {
            int out = t->stages[i].outputs[k];
            for (uint32_t p = 0; out >= 0 && p < t->outs[out].partitions; p++) {
                struct mr_head copy = head;
                MR_TRY(mr_log_append(t->log, (uint32_t)out, p, &copy, &empty_map, 1));
            }
        }
    if (t->sink)
        MR_TRY(t->sink_type->end_run(t->sink, run));
    t->record.done_run = run;
    t->dirty = true;
    MR_TRY(mr_task__commit(t));
    mr_task__hold_lanes(t);
    t->source_ended = false;
    t->ended = run >= t->worker->options->run;
    return NULL;
}

static void begin_cut(struct mr_task *t, uint64_t cut)
{
    t->record.cutting = 1;
    t->record.cut = cut;
    t->dirty = true;
}

static struct mr_error *cut_step(struct mr_task *t)
{
    bool done = false;
    /* A suspect among held rows is alone in its piece, so each piece gets its own commit. */
    bool suspects = t->worker->alone_count > 0;
    MR_TRY(mr_chain_cut(t->chain, t->record.cut, CUT_ROWS, &done));
    t->dirty = true;
    if (done) {
        t->record.cutting = 0;
        if (mr_task__lanes_ended(t))
            return mr_task__end_run(t);
    }
    return suspects || mr_task__commit_due(t) ? mr_task__commit(t) : NULL;
}

/* ---- rows ---- */

/* The row's id inside this stage: its own, or told apart by branch where the same source row can
 * arrive twice. */
static struct mr_id entry_id(const struct mr_task *t, const struct mr_log_row *row)
{
    struct mr_str branch = t->head->inputs[row->in].branch;
    return branch.len ? mr_id_branch(&row->head.id, branch) : row->head.id;
}

static struct mr_error *take_row(struct mr_task *t, const struct mr_log_row *row)
{
    struct mr_head head = row->head;
    t->dirty = true;
    if (head.kind == MR_KIND_END) {
        mr_task__lane_ended(t, row);
        return NULL;
    }
    bool takes;
    MR_TRY(mr_task__takes(t, row, &takes));
    if (!takes)
        return NULL;
    t->run_now = head.run;
    head.id = entry_id(t, row);
    bool alone = mr_worker__enters(t, &head.id);
    MR_TRY(mr_chain_push(t->chain, &head, row->map));
    return alone ? mr_task__commit(t) : NULL;
}

/* A row that killed the process before is run in a commit of its own: true when what stands before
 * it has to be committed first (the row is put back and comes again). */
static bool needs_commit_first(struct mr_task *t, const struct mr_log_row *row, bool first)
{
    if (t->worker->alone_count == 0 || first)
        return false;
    struct mr_id id = entry_id(t, row);
    if (!mr_worker__alone(t->worker, &id))
        return false;
    mr_log_back(t->log);
    return true;
}

struct mr_error *mr_task__next_row(struct mr_task *t, struct mr_log_row *row, bool *found)
{
    bool any = false;
    MR_TRY(mr_log_row(t->log, row, found));
    if (*found)
        return NULL;
    MR_TRY(mr_log_next(t->log, &any));
    return any ? mr_log_row(t->log, row, found) : NULL;
}

/* Up to ROWS_A_STEP rows of the loaded frame, or of the next one. */
static struct mr_error *rows_step(struct mr_task *t, bool *progressed)
{
    struct mr_log_row row;
    bool found = false;
    MR_TRY(mr_task__next_row(t, &row, &found));
    if (!found)
        return NULL;
    for (int i = 0; found; i++) {
        if (needs_commit_first(t, &row, i == 0 && !t->dirty)) {
            MR_TRY(mr_task__commit(t));
            break;
        }
        MR_TRY(take_row(t, &row));
        if (i + 1 >= ROWS_A_STEP || (i % 64 == 63 && mr_task__commit_due(t)) ||
            (t->chain && mr_chain_window_full(t->chain) && !mr_task__cuts_follow(t)))
            break;
        MR_TRY(mr_log_row(t->log, &row, &found));
    }
    mr_chain_batch_end(t->chain);
    *progressed = true;
    t->last_row_ms = mr_now_ms();
    return NULL;
}

struct mr_error *mr_task__step(struct mr_task *t, bool *progressed)
{
    if (t->ended)
        return NULL;
    t->blocked = mr_log_full(t->log);
    if (t->blocked)
        return mr_task__commit(t); /* readers can only make room for what they see */
    if (t->record.cutting) {
        *progressed = true;
        return cut_step(t);
    }
    if (t->source)
        return mr_task__source_step(t, progressed);
    bool retried = false;
    MR_TRY(rows_step(t, progressed));
    MR_TRY(mr_task__retry_step(t, &retried));
    *progressed |= retried;
    if (retried)
        t->last_row_ms = mr_now_ms();
    /* What is to be tried again belongs into the cut, too: its lane has no end but "nothing now". */
    bool ended = mr_task__lanes_ended(t) && !retried;
    bool window = mr_task__window_due(t) && (!ended || mr_task__cuts_follow(t));
    if (window || ended) {
        uint64_t cut = ended ? mr_task__run_to_end(t) : 0;
        if (window)
            MR_TRY(mr_task__cut_window(t, &cut));
        begin_cut(t, cut);
        *progressed = true;
    }
    /* Without progress, too: other tasks of the process may keep it from ever running dry. */
    return t->dirty && mr_task__commit_due(t) ? mr_task__commit(t) : NULL;
}
