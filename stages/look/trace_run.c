/* One row through one stage again, without a log and without state. */
#include <stdlib.h>

#include "runtime/flow/chain.h"
#include "runtime/row/row.h"
#include "stages/look/trace.h"

struct mr_rerun {
    const struct mr_plan *plan;
    struct mr_chain **chains; /* by stage, made when first needed */
    struct mr_trace_step *step;
    struct mr_arena *arena;
    size_t capacity;
};

struct mr_rerun *mr_rerun_create(const struct mr_plan *plan)
{
    struct mr_rerun *r = mr_zalloc(sizeof *r);
    r->plan = plan;
    r->chains = mr_zalloc((plan->stage_count + 1) * sizeof *r->chains);
    return r;
}

void mr_rerun_destroy(struct mr_rerun *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < r->plan->stage_count; i++)
        mr_chain_destroy(r->chains[i]);
    free(r->chains);
    free(r);
}

bool mr_rerun_can(const struct mr_plan_stage *stage)
{
    bool per_row = stage->kind == MR_STAGE_PREPARE ||
                   (stage->op && stage->op->scope == MR_PER_ROW && stage->order != MR_ORDER_HOLD);
    return stage->op && per_row && !stage->op->may_crash;
}

static struct mr_str encode(const struct mr_row *row, struct mr_arena *arena)
{
    struct mr_buf bytes = {0};
    mr_row_encode(row, &bytes);
    struct mr_str kept = mr_arena_str(arena, mr_buf_str(&bytes));
    mr_buf_finish(&bytes);
    return kept;
}

static void add_child(struct mr_rerun *r, const struct mr_id *id)
{
    struct mr_trace_step *s = r->step;
    if (s->child_count == r->capacity) {
        size_t capacity = r->capacity ? 2 * r->capacity : 16;
        struct mr_id *more = mr_arena_alloc(r->arena, capacity * sizeof *more);
        if (s->child_count)
            memcpy(more, s->children, s->child_count * sizeof *more);
        s->children = more;
        r->capacity = capacity;
    }
    s->children[s->child_count++] = *id;
}

static struct mr_error *forward(void *arg, int stage, struct mr_row *row, struct mr_leave *refused)
{
    struct mr_rerun *r = arg;
    (void)stage, (void)refused;
    if (mr_id_eq(&row->head.id, &r->step->id)) {
        r->step->verdict = MR_TRACE_FORWARDED;
        r->step->after = encode(row, r->arena);
    } else {
        r->step->verdict = MR_TRACE_EXPANDED;
        add_child(r, &row->head.id);
    }
    return NULL;
}

static struct mr_error *left(void *arg, const struct mr_leave *leave, struct mr_row *row)
{
    struct mr_rerun *r = arg;
    struct mr_trace_step *s = r->step;
    if (!mr_id_eq(&row->head.id, &s->id))
        return NULL; /* a child that was refused */
    s->verdict = leave->kind == MR_DROP ? MR_TRACE_DROPPED : MR_TRACE_REJECTED;
    s->outcome = mr_arena_str(r->arena, mr_str_of(leave->name));
    s->note = mr_arena_str(r->arena, leave->note);
    s->measured = leave->measured;
    s->value = leave->value;
    s->threshold = leave->threshold;
    s->attempt = s->verdict == MR_TRACE_REJECTED;
    return NULL;
}

struct mr_error *mr_rerun_step(struct mr_rerun *r, const struct mr_head *head,
                               struct mr_trace_step *step, struct mr_arena *arena)
{
    int number = step->stage->number;
    struct mr_chain_callbacks callbacks = {.arg = r, .forward = forward, .left = left};
    struct mr_head inside = *head;
    r->step = step;
    r->arena = arena;
    r->capacity = 0;
    if (!r->chains[number])
        MR_TRY(mr_chain_create(r->plan, &number, 1, 1, NULL, &callbacks, &r->chains[number]));
    inside.id = step->id;
    step->made_again = true;
    step->verdict = MR_TRACE_ABSORBED; /* unless something comes out */
    struct mr_error *e = mr_chain_push(r->chains[number], &inside, step->before);
    mr_chain_batch_end(r->chains[number]);
    return e;
}
