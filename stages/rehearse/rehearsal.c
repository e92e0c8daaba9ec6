/* Walks a plan stage by stage, rows held in memory between them. */
#include "stages/rehearse/rehearsal.h"

#include <stdlib.h>

#include "runtime/base/clock.h"
#include "runtime/flow/chain.h"
#include "runtime/flow/route.h"
#include "runtime/row/json.h"
#include "runtime/row/row.h"

enum { CUT_ROWS = 256, RUN = 1 };

struct kept_row {
    struct mr_head head;
    size_t at, len; /* map, in bytes of the list */
};

struct row_list {
    struct kept_row *rows;
    size_t count, capacity;
    struct mr_buf bytes;
};

struct left_count {
    int stage;
    const char *outcome;
    uint64_t count;
};

struct mr_rehearsal {
    const struct mr_plan *plan;
    const char *dir;
    struct mr_json_reader *reader;
    struct row_list *topics; /* by topic; then one per stage, for sinks */
    struct left_count *left;
    size_t left_count;
    struct mr_router *router; /* of the stage at work */
    uint64_t *cpu_ns;         /* by stage */
    struct mr_buf scratch;
};

static struct row_list *sink_list(const struct mr_rehearsal *r, int stage)
{
    return &r->topics[r->plan->topic_count + (size_t)stage];
}

static void keep(struct row_list *list, const struct mr_head *head, struct mr_str map)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity ? list->capacity * 2 : 16;
        list->rows = mr_realloc(list->rows, list->capacity * sizeof *list->rows);
    }
    list->rows[list->count++] = (struct kept_row){*head, list->bytes.len, map.len};
    mr_buf_adds(&list->bytes, map);
}

static struct mr_str map_of(const struct row_list *list, size_t i)
{
    return mr_str_span(list->bytes.ptr + list->rows[i].at, list->rows[i].len);
}

struct mr_rehearsal *mr_rehearsal_create(const struct mr_plan *plan, const char *dir)
{
    struct mr_rehearsal *r = mr_zalloc(sizeof *r);
    r->plan = plan;
    r->dir = dir;
    r->reader = mr_json_reader_create();
    r->topics = mr_zalloc((plan->topic_count + plan->stage_count + 1) * sizeof *r->topics);
    r->cpu_ns = mr_zalloc((plan->stage_count + 1) * sizeof *r->cpu_ns);
    return r;
}

void mr_rehearsal_destroy(struct mr_rehearsal *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < r->plan->topic_count + r->plan->stage_count; i++) {
        free(r->topics[i].rows);
        mr_buf_finish(&r->topics[i].bytes);
    }
    free(r->topics);
    free(r->left);
    free(r->cpu_ns);
    mr_json_reader_destroy(r->reader);
    mr_buf_finish(&r->scratch);
    free(r);
}

/* Topics of the output for rows that go on (outcome MR_PLAN_NONE) or left by an outcome. */
static void to_outputs(struct mr_rehearsal *r, int stage, int outcome, const struct mr_head *head,
                       struct mr_str map)
{
    const struct mr_plan_stage *s = &r->plan->stages[stage];
    for (size_t k = 0; k < s->output_count; k++)
        if (s->outputs[k].outcome == outcome && s->outputs[k].topic != MR_PLAN_NONE)
            keep(&r->topics[s->outputs[k].topic], head, map);
}

struct mr_error *mr_rehearsal_feed(struct mr_rehearsal *r, int source, struct mr_str json)
{
    const struct mr_plan_stage *s = &r->plan->stages[source];
    r->scratch.len = 0;
    MR_TRY(mr_json_read_object(r->reader, json, MR_UTF8_REJECT, &r->scratch));
    struct mr_head head = {.kind = MR_KIND_ROW, .run = RUN};
    uint64_t record = 0;
    for (size_t k = 0; k < s->output_count; k++)
        if (s->outputs[k].topic != MR_PLAN_NONE)
            record = r->topics[s->outputs[k].topic].count;
    head.place.source = s->number;
    head.place.record = (uint32_t)record;
    head.id = mr_id_source(s->id, MR_STR("case"), record, 0);
    to_outputs(r, source, MR_PLAN_NONE, &head, mr_buf_str(&r->scratch));
    return NULL;
}

void mr_rehearsal_feed_row(struct mr_rehearsal *r, int source, const struct mr_head *head,
                           struct mr_str map)
{
    to_outputs(r, source, MR_PLAN_NONE, head, map);
}

static struct mr_str encode(struct mr_rehearsal *r, const struct mr_row *row)
{
    r->scratch.len = 0;
    mr_row_encode(row, &r->scratch);
    return mr_buf_str(&r->scratch);
}

static struct mr_error *forward(void *arg, int stage, struct mr_row *row, struct mr_leave *refused)
{
    struct mr_rehearsal *r = arg;
    struct mr_str map = encode(r, row);
    int outcome;
    struct mr_error *failed = mr_router_choose(r->router, row, &outcome);
    if (failed && !mr_error_is_row(failed))
        return failed;
    if (failed) {
        refused->outcome = MR_LEFT_BAD_INPUT;
        refused->note = MR_STR("a route cannot be told");
        mr_error_free(failed);
    } else if (map.len > r->plan->max_row_bytes) {
        refused->outcome = MR_LEFT_TOO_LARGE;
        refused->note = MR_STR("the row is larger than the limit");
    } else if (r->plan->stages[stage].kind == MR_STAGE_SINK) {
        keep(sink_list(r, stage), &row->head, map);
    } else {
        to_outputs(r, stage, outcome, &row->head, map);
    }
    return NULL;
}

static struct mr_error *left(void *arg, const struct mr_leave *leave, struct mr_row *row)
{
    struct mr_rehearsal *r = arg;
    if (leave->outcome >= 0)
        to_outputs(r, leave->stage, leave->outcome, &row->head, encode(r, row));
    for (size_t i = 0; i < r->left_count; i++)
        if (r->left[i].stage == leave->stage && strcmp(r->left[i].outcome, leave->name) == 0) {
            r->left[i].count++;
            return NULL;
        }
    r->left = mr_realloc(r->left, (r->left_count + 1) * sizeof *r->left);
    r->left[r->left_count++] = (struct left_count){leave->stage, leave->name, 1};
    return NULL;
}

/* All rows of a stage's inputs, then the end of the run. */
static struct mr_error *push_inputs(struct mr_rehearsal *r, int stage, struct mr_chain *chain,
                                    struct mr_store *store)
{
    const struct mr_plan_stage *s = &r->plan->stages[stage];
    for (size_t k = 0; k < s->input_count; k++) {
        const struct row_list *list = &r->topics[s->inputs[k].topic];
        for (size_t i = 0; i < list->count; i++) {
            struct mr_head head = list->rows[i].head;
            if (s->inputs[k].branch.len)
                head.id = mr_id_branch(&head.id, s->inputs[k].branch);
            MR_TRY(mr_chain_push(chain, &head, map_of(list, i)));
            mr_chain_batch_end(chain);
        }
        if (store)
            MR_TRY(mr_store_commit(store));
    }
    for (bool done = !store; !done;) {
        MR_TRY(mr_chain_cut(chain, RUN, CUT_ROWS, &done));
        mr_chain_batch_end(chain);
        MR_TRY(mr_store_commit(store));
    }
    return NULL;
}

/* Stages that only look at one row after the other need no store, which costs most of the time. */
static bool keeps_nothing(const struct mr_plan_stage *s)
{
    bool row_by_row =
        s->kind == MR_STAGE_SINK || (s->op && s->op->scope == MR_PER_ROW && !s->op->finish);
    return row_by_row && s->order != MR_ORDER_HOLD;
}

bool mr_rehearsal_asks(const struct mr_plan_stage *stage)
{
    return stage->kind == MR_STAGE_OPERATOR && stage->op->slots && stage->op->slots[0].name;
}

/* No model is asked in a rehearsal. */
static void pass_on(struct mr_rehearsal *r, int stage)
{
    const struct mr_plan_stage *s = &r->plan->stages[stage];
    for (size_t k = 0; k < s->input_count; k++) {
        const struct row_list *list = &r->topics[s->inputs[k].topic];
        for (size_t i = 0; i < list->count; i++)
            to_outputs(r, stage, MR_PLAN_NONE, &list->rows[i].head, map_of(list, i));
    }
}

static struct mr_error *run_stage(struct mr_rehearsal *r, int stage)
{
    struct mr_chain_callbacks callbacks = {.arg = r, .forward = forward, .left = left};
    struct mr_chain *chain = NULL;
    struct mr_store *store = NULL;
    struct mr_buf dir = {0};
    mr_buf_printf(&dir, "%s/%d", r->dir, stage);
    struct mr_error *e = NULL;
    if (!keeps_nothing(&r->plan->stages[stage]))
        e = mr_store_open(mr_buf_text(&dir), &(struct mr_store_options){.no_sync = true}, &store);
    if (!e)
        e = mr_chain_create(r->plan, &stage, 1, RUN, store, &callbacks, &chain);
    if (!e)
        e = mr_router_create(&r->plan->stages[stage], &r->router);
    if (!e) {
        uint64_t began = mr_thread_cpu_ns();
        e = push_inputs(r, stage, chain, store);
        r->cpu_ns[stage] = mr_thread_cpu_ns() - began;
    }
    mr_router_destroy(r->router);
    r->router = NULL;
    mr_chain_destroy(chain);
    mr_store_close(store);
    mr_buf_finish(&dir);
    return mr_error_wrap(e, "stage \"%.*s\"", MR_FMT(r->plan->stages[stage].id));
}

struct mr_error *mr_rehearsal_run(struct mr_rehearsal *r)
{
    for (size_t i = 0; i < r->plan->stage_count; i++)
        if (mr_rehearsal_asks(&r->plan->stages[i]))
            pass_on(r, (int)i);
        else if (r->plan->stages[i].kind != MR_STAGE_SOURCE)
            MR_TRY(run_stage(r, (int)i));
    return NULL;
}

size_t mr_rehearsal_topic_rows(const struct mr_rehearsal *r, int topic)
{
    return r->topics[topic].count;
}

struct mr_str mr_rehearsal_topic_row(const struct mr_rehearsal *r, int topic, size_t i,
                                     struct mr_head *head)
{
    *head = r->topics[topic].rows[i].head;
    return map_of(&r->topics[topic], i);
}

uint64_t mr_rehearsal_cpu_ns(const struct mr_rehearsal *r, int stage)
{
    return r->cpu_ns[stage];
}

size_t mr_rehearsal_count(const struct mr_rehearsal *r, int sink)
{
    return sink_list(r, sink)->count;
}

struct mr_str mr_rehearsal_row(const struct mr_rehearsal *r, int sink, size_t i)
{
    return map_of(sink_list(r, sink), i);
}

void mr_rehearsal_left(const struct mr_rehearsal *r,
                       void (*fn)(void *arg, struct mr_str stage, const char *outcome,
                                  uint64_t count),
                       void *arg)
{
    for (size_t i = 0; i < r->left_count; i++)
        fn(arg, r->plan->stages[r->left[i].stage].id, r->left[i].outcome, r->left[i].count);
}
