/* Takes the sample, rehearses it, scales what came of it. */
#include "stages/rehearse/estimate.h"

#include <errno.h>
#include <stdlib.h>

#include "runtime/base/clock.h"
#include "runtime/base/file.h"
#include "runtime/log/log.h"
#include "runtime/row/json.h"
#include "stages/rehearse/rehearsal.h"

/* SAMPLE_BYTES: rows of a sample may be large. COUNT_BYTES: how much further rows are only counted,
 * until the source has read some pieces of its input (within one, its position says more than was
 * used). */
enum {
    SAMPLE_BYTES = 8 << 20,
    COUNT_BYTES = 32 << 20,
    MARKS = 3,
    TOKEN_BYTES = 4,
    IDLE_MAX = 100000
};

/* When the source took up a further piece: rows given so far, bytes of the input before the piece.
 */
struct mark {
    uint64_t rows, bytes;
};

struct sampling {
    const struct mr_plan *plan;
    const struct mr_plan_stage *stage;
    struct mr_rehearsal *rehearsal;
    struct mr_source *source;
    struct mr_store *store;
    struct mr_estimate_source *out;
    uint64_t wanted, counted, counted_bytes, kept_bytes, json_bytes;
    struct mark first, last; /* of marks so far */
    uint64_t marks;
    uint64_t at_bytes; /* the source's position after the last row */
    bool ended;        /* every row of the input was counted */
};

/* ---- the sample of one source ---- */

static struct mr_error *open_source(struct sampling *s, const char *dir, struct mr_arena *arena)
{
    void *params = mr_arena_zalloc(arena, s->stage->source->params_size + 1);
    MR_TRY(mr_params_fill(s->stage->source->params, s->stage->settings, s->stage->setting_count,
                          arena, params));
    MR_TRY(mr_store_open(dir, &(struct mr_store_options){.no_sync = true}, &s->store));
    struct mr_connector_env env = {
        .name = s->stage->id,
        .base_dir = mr_arena_str(arena, s->plan->base_dir).ptr,
        .number = s->stage->number,
        .part = MR_SOURCE_WHOLE,
        .run = 1,
        .endless = s->plan->endless,
        .store = s->store,
        .max_row_bytes = s->plan->max_row_bytes,
        .seed = s->plan->seed,
    };
    return s->stage->source->open(&env, params, &s->source);
}

static void note_position(struct sampling *s)
{
    uint64_t read = 0, known = 0;
    if (!s->stage->source->progress)
        return;
    s->stage->source->progress(s->source, &read, &known);
    s->out->input_bytes = known;
    if (read > s->at_bytes && s->at_bytes) {
        s->last = (struct mark){s->counted, s->at_bytes};
        s->first = s->marks++ ? s->first : s->last;
    }
    s->at_bytes = read;
}

static void take_row(struct sampling *s, int stage, const struct mr_source_row *row)
{
    struct mr_buf json = {0};
    if (s->out->sample_rows < s->wanted && s->kept_bytes < SAMPLE_BYTES) {
        mr_rehearsal_feed_row(s->rehearsal, stage, &row->head, row->map);
        mr_json_write_value(
            (struct mr_value){(const uint8_t *)row->map.ptr, (uint32_t)row->map.len}, &json);
        s->json_bytes += json.len + 1;
        s->kept_bytes += row->map.len;
        s->out->sample_rows++;
        mr_buf_finish(&json);
    }
    s->counted++;
    s->counted_bytes += row->map.len;
}

/* Enough rows, and some pieces of the input behind them. */
static bool enough(const struct sampling *s)
{
    bool full = s->out->sample_rows >= s->wanted || s->kept_bytes >= SAMPLE_BYTES;
    return full && (s->marks >= MARKS || s->counted_bytes >= COUNT_BYTES);
}

static struct mr_error *take_rows(struct sampling *s, int stage)
{
    uint64_t idle = 0;
    while (!enough(s)) {
        enum mr_source_status status;
        struct mr_source_row row;
        MR_TRY(s->stage->source->next(s->source, &status, &row));
        note_position(s);
        if (status == MR_SOURCE_END) {
            s->out->all = s->counted == s->out->sample_rows + s->out->rejected;
            s->ended = true;
            break;
        }
        if (status == MR_SOURCE_ROW)
            take_row(s, stage, &row);
        if (status == MR_SOURCE_REJECTED) {
            s->out->rejected++;
            s->counted++;
            mr_error_free(row.why);
        }
        if (status == MR_SOURCE_IDLE && (row.wait_ms || ++idle > IDLE_MAX))
            break; /* nothing more now */
        if (status == MR_SOURCE_IDLE)
            MR_TRY(mr_store_commit(s->store));
    }
    return NULL;
}

/* Rows of the whole input by bytes: exact at the end of it, else by what whole pieces gave, else by
 * the rows' own size. */
static void scale_source(struct sampling *s)
{
    struct mr_estimate_source *o = s->out;
    double rows_part = s->counted ? (double)o->sample_rows / (double)s->counted : 0;
    o->known = true;
    if (o->all) {
        o->rows = (double)o->sample_rows;
        o->read_bytes = o->input_bytes;
    } else if (s->ended) {
        o->rows = (double)(s->counted - o->rejected);
        o->read_bytes = o->input_bytes;
    } else if (s->marks && o->input_bytes) {
        /* Rows still waiting in the source's memory are about as many at each mark. */
        double rows = (double)s->last.rows, bytes = (double)s->last.bytes;
        if (s->last.bytes > s->first.bytes) {
            rows -= (double)s->first.rows;
            bytes -= (double)s->first.bytes;
        }
        o->rows = rows * (double)o->input_bytes / bytes;
        o->read_bytes = s->last.bytes;
    } else if (s->json_bytes && o->input_bytes) {
        o->rows = (double)o->sample_rows * (double)o->input_bytes / (double)s->json_bytes;
        o->read_bytes = s->json_bytes < o->input_bytes ? s->json_bytes : o->input_bytes;
    } else {
        o->rows = (double)o->sample_rows;
        o->known = false;
    }
    if (!s->ended && o->rejected && s->counted) /* unreadable records are no rows */
        o->rows *= 1.0 - (double)o->rejected / (double)s->counted;
    if (o->rows < (double)o->sample_rows)
        o->rows = (double)o->sample_rows;
    if (o->sample_rows)
        o->cpu_s *= rows_part * o->rows / (double)o->sample_rows;
}

static struct mr_error *sample_source(struct sampling *s, int stage, const char *dir,
                                      struct mr_arena *arena)
{
    uint64_t began = mr_thread_cpu_ns();
    struct mr_error *e = open_source(s, dir, arena);
    if (!e)
        e = take_rows(s, stage);
    s->out->cpu_s = (double)(mr_thread_cpu_ns() - began) / 1e9;
    if (!e)
        scale_source(s);
    if (s->source)
        s->stage->source->close(s->source);
    mr_store_close(s->store);
    return e;
}

static struct mr_error *sample_all(const struct mr_plan *plan, struct mr_rehearsal *r,
                                   uint64_t rows, const char *dir, struct mr_arena *arena,
                                   struct mr_estimate *out)
{
    for (size_t i = 0; i < plan->stage_count; i++) {
        const struct mr_plan_stage *stage = &plan->stages[i];
        if (stage->kind != MR_STAGE_SOURCE || stage->part == MR_SOURCE_LIST)
            continue;
        struct sampling s = {.plan = plan,
                             .stage = stage,
                             .rehearsal = r,
                             .wanted = rows,
                             .out = &out->sources[out->source_count++]};
        s.out->name = mr_arena_str(arena, stage->id);
        struct mr_str folder = mr_arena_printf(arena, "%s/source-%zu", dir, i);
        MR_TRY(sample_source(&s, (int)i, folder.ptr, arena));
    }
    return NULL;
}

/* ---- scaling ---- */

/* Rows and bytes of the sample's topics, and how many times as much the whole input gives. */
struct measure {
    double rows, bytes, raw_bytes, disk_bytes, factor;
    bool at_most;
};

static void measure_topic(const struct mr_plan *plan, const struct mr_rehearsal *r, int topic,
                          struct measure *m)
{
    struct mr_buf raw = {0};
    struct mr_head head;
    size_t count = mr_rehearsal_topic_rows(r, topic);
    for (size_t i = 0; i < count; i++) {
        struct mr_str map = mr_rehearsal_topic_row(r, topic, i, &head);
        head.n = i + 1;
        memcpy(&head.hash, head.id.b, sizeof head.hash); /* as hard to compress as a real one */
        mr_log_raw_row(&head, map, &raw);
        m->bytes += (double)map.len;
    }
    m->rows = (double)count;
    m->raw_bytes = (double)raw.len;
    m->disk_bytes = (double)mr_log_disk_bytes(mr_buf_str(&raw), plan->lz4) +
                    (double)count * MR_LOG_SIDECAR_BYTES;
    mr_buf_finish(&raw);
}

static bool sees_less(const struct mr_plan_stage *s)
{
    bool drops = false;
    for (const struct mr_outcome *o = s->op ? s->op->outcomes : NULL; o && o->name; o++)
        drops = drops || o->kind == MR_DROP;
    return s->kind == MR_STAGE_OPERATOR && drops &&
           (s->op->scope == MR_KEYED || s->op->scope == MR_ONE_TASK ||
            s->op->scope == MR_WHOLE_SET);
}

/* How many times the sample's rows the whole input brings to a stage. */
static double factor_of(const struct mr_plan *plan, size_t stage, const struct measure *topics,
                        const struct mr_estimate *e, double *sample_in, bool *at_most)
{
    const struct mr_plan_stage *s = &plan->stages[stage];
    double rows = 0;
    *sample_in = 0;
    if (s->kind == MR_STAGE_SOURCE) {
        for (size_t i = 0; i < e->source_count; i++)
            if (mr_str_eq(e->sources[i].name, s->id)) {
                *sample_in = (double)e->sources[i].sample_rows;
                rows = e->sources[i].rows;
            }
    }
    for (size_t k = 0; s->kind != MR_STAGE_SOURCE && k < s->input_count; k++) {
        const struct measure *m = &topics[s->inputs[k].topic];
        *sample_in += m->rows;
        rows += m->rows * m->factor;
        *at_most = *at_most || m->at_most;
    }
    return *sample_in > 0 ? rows / *sample_in : 0;
}

/* Several topics may carry the same rows, partitioned as their readers need. */
static bool first_of(const struct mr_plan_stage *s, size_t output)
{
    for (size_t k = 0; k < output; k++)
        if (s->outputs[k].outcome == s->outputs[output].outcome)
            return false;
    return true;
}

static void scale_stage(const struct mr_plan *plan, const struct mr_rehearsal *r, size_t stage,
                        struct measure *topics, struct mr_estimate *e)
{
    const struct mr_plan_stage *s = &plan->stages[stage];
    struct mr_estimate_stage *o = &e->stages[e->stage_count++];
    double sample_in, in_bytes = 0;
    double factor = factor_of(plan, stage, topics, e, &sample_in, &o->at_most);
    o->in = sample_in * factor;
    o->unseen = sample_in == 0;
    o->cpu_s = (double)mr_rehearsal_cpu_ns(r, (int)stage) / 1e9 * factor;
    for (size_t i = 0; s->kind == MR_STAGE_SOURCE && i < e->source_count; i++)
        if (mr_str_eq(e->sources[i].name, s->id))
            o->cpu_s = e->sources[i].cpu_s;
    for (size_t k = 0; k < s->input_count; k++)
        in_bytes += topics[s->inputs[k].topic].bytes * factor;
    e->biased = e->biased || sees_less(s);
    o->at_most = o->at_most || sees_less(s);
    for (size_t k = 0; k < s->output_count; k++) {
        struct measure *m =
            s->outputs[k].topic == MR_PLAN_NONE ? NULL : &topics[s->outputs[k].topic];
        if (!m)
            continue;
        m->factor = factor;
        m->at_most = o->at_most && s->outputs[k].outcome < 0;
        if (s->outputs[k].outcome < 0 && first_of(s, k)) { /* "out", or a route */
            o->out += m->rows * factor;
            o->bytes_out += m->bytes * factor;
        }
    }
    if (s->kind == MR_STAGE_SINK) {
        o->out = (double)mr_rehearsal_count(r, (int)stage) * factor;
        o->bytes_out = in_bytes;
    }
    if (mr_rehearsal_asks(s)) {
        uint64_t slots = 0;
        while (s->op->slots[slots].name)
            slots++;
        o->calls = o->in * (double)slots;
        o->tokens = in_bytes * (double)slots / TOKEN_BYTES;
        e->asks = true;
    }
    e->cpu_s += o->cpu_s;
    e->calls += o->calls;
    e->tokens += o->tokens;
}

static void scale(const struct mr_plan *plan, const struct mr_plan *shown,
                  const struct mr_rehearsal *r, struct mr_arena *arena, struct mr_estimate *e)
{
    struct measure *topics = mr_arena_zalloc(arena, (plan->topic_count + 1) * sizeof *topics);
    e->stages = mr_arena_zalloc(arena, (plan->stage_count + 1) * sizeof *e->stages);
    e->topics = mr_arena_zalloc(arena, (plan->topic_count + 1) * sizeof *e->topics);
    for (size_t i = 0; i < plan->topic_count; i++)
        measure_topic(plan, r, (int)i, &topics[i]);
    for (size_t i = 0; i < plan->stage_count; i++) {
        if (plan->stages[i].part == MR_SOURCE_LIST)
            continue;
        e->stages[e->stage_count].id = mr_arena_str(arena, plan->stages[i].id);
        scale_stage(plan, r, i, topics, e);
    }
    e->trimmed = shown->disk_budget_bytes > 0;
    for (size_t i = 0; i < shown->topic_count; i++)
        e->trimmed = e->trimmed || shown->topics[i].keep_bytes;
    for (size_t i = 0; i < plan->topic_count; i++) {
        const struct measure *m = &topics[i];
        if (plan->topics[i].record ||
            mr_plan_topic_find(shown, plan->topics[i].name) == MR_PLAN_NONE)
            continue;
        e->topics[e->topic_count++] = (struct mr_estimate_topic){
            mr_arena_str(arena, plan->topics[i].name), m->rows * m->factor, m->bytes * m->factor,
            m->disk_bytes * m->factor};
        e->disk_bytes += m->disk_bytes * m->factor;
        for (size_t k = 0; k < e->stage_count; k++)
            if (mr_str_eq(e->stages[k].id, plan->stages[plan->topics[i].stage].id))
                e->stages[k].disk_bytes += m->disk_bytes * m->factor;
    }
}

/* ---- the whole ---- */

static void judge(struct mr_estimate *e, struct mr_arena *arena)
{
    uint64_t rows = 0;
    for (size_t i = 0; i < e->source_count; i++) {
        rows += e->sources[i].sample_rows;
        if (!e->sources[i].known)
            e->none = mr_arena_printf(arena, "the size of source \"%.*s\" is not known",
                                      MR_FMT(e->sources[i].name));
    }
    if (!rows)
        e->none = MR_STR("the sources give no row now");
}

static struct mr_error *estimate_in(const struct mr_plan *plan, const struct mr_plan *shown,
                                    uint64_t rows, const char *dir, struct mr_arena *arena,
                                    struct mr_estimate *out)
{
    struct mr_rehearsal *r = mr_rehearsal_create(plan, dir);
    out->sources = mr_arena_zalloc(arena, (plan->stage_count + 1) * sizeof *out->sources);
    struct mr_error *e = sample_all(plan, r, rows, dir, arena, out);
    if (!e)
        judge(out, arena);
    if (!e && !out->none.len)
        e = mr_rehearsal_run(r);
    if (!e && !out->none.len)
        scale(plan, shown, r, arena, out);
    if (e)
        out->none = mr_arena_printf(arena, "%s", mr_error_message(e));
    mr_error_free(e);
    mr_rehearsal_destroy(r);
    return NULL;
}

/* A stage's price is that of a token sent in each of its questions, its tokens are of all of them.
 */
static void price(const struct mr_compiled *apart, struct mr_estimate *e)
{
    for (size_t i = 0; i < apart->plan->stage_count; i++) {
        const struct mr_plan_stage *s = &apart->plan->stages[i];
        uint64_t slots = 0;
        if (apart->notes[i].price <= 0 || !mr_rehearsal_asks(s))
            continue;
        while (s->op->slots[slots].name)
            slots++;
        e->priced = true;
        for (size_t k = 0; k < e->stage_count; k++)
            if (mr_str_eq(e->stages[k].id, s->id)) {
                e->stages[k].cost =
                    e->stages[k].tokens / (double)slots * apart->notes[i].price / 1e6;
                e->cost += e->stages[k].cost;
            }
    }
}

struct mr_error *mr_estimate(const struct mr_compiled *apart, const struct mr_plan *shown,
                             uint64_t rows, struct mr_arena *arena, struct mr_estimate *out)
{
    struct mr_buf dir = {0};
    const char *tmp = getenv("TMPDIR");
    *out = (struct mr_estimate){0};
    mr_buf_printf(&dir, "%s/millrace-plan.XXXXXX", tmp && *tmp ? tmp : "/tmp");
    mr_buf_text(&dir);
    struct mr_error *e = NULL;
    if (!mkdtemp(dir.ptr)) {
        e = mr_file_error(errno, "make the folder", dir.ptr);
    } else {
        e = estimate_in(apart->plan, shown, rows, dir.ptr, arena, out);
        price(apart, out);
        struct mr_error *removing = mr_dir_remove(dir.ptr);
        if (e)
            mr_error_free(removing);
        e = e ? e : removing;
    }
    mr_buf_finish(&dir);
    return e;
}
