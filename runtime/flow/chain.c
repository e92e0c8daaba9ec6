/* The chain: rows through the operators of a group, with every way a row can leave counted. */
#include <stdlib.h>

#include "runtime/flow/flow.h"

/* ---- building ---- */

static bool op_writes(const struct mr_op *op)
{
    for (const struct mr_key *k = op->keys; k && k->name; k++)
        if (k->access != MR_READ && k->access != MR_MAY_READ)
            return true;
    return op->keeps_only_bound;
}

/* A prepare stage binds the keys of the operator it prepares for: its reserved key must carry the
 * operator's stage id, which is its own without the last part. */
static struct mr_str binding_stage(const struct mr_plan_stage *stage)
{
    struct mr_str id = stage->id;
    if (stage->kind == MR_STAGE_PREPARE)
        for (size_t n = id.len; n > 0; n--)
            if (id.ptr[n - 1] == '.')
                return mr_str_span(id.ptr, n - 1);
    return id;
}

static struct mr_error *link_open(struct mr_chain *c, size_t i, int stage_index)
{
    struct mr_ctx *link = &c->links[i];
    const struct mr_plan_stage *stage = &c->plan->stages[stage_index];
    link->chain = c;
    link->index = i;
    link->stage = stage;
    link->op = stage->op;
    link->arena = mr_arena_create(0);
    if (!link->op)
        return NULL;
    link->writes = op_writes(link->op);
    MR_TRY(mr_binding_make(link->op, binding_stage(stage), stage->bound, stage->bound_count, c->names,
                           c->program, &link->binding));
    if (link->op->params_size) {
        link->params = mr_arena_zalloc(c->program, link->op->params_size);
        MR_TRY(mr_params_fill(link->op->params, stage->settings, stage->setting_count, c->program,
                              link->params));
    }
    if (link->op->open)
        MR_TRY(mr_error_wrap(link->op->open(link), "stage \"%.*s\"", MR_FMT(stage->id)));
    return NULL;
}

static struct mr_error *counts_load(struct mr_chain *c, struct mr_ctx *link)
{
    struct mr_buf value = {0};
    bool found = false;
    uint32_t run = 0;
    if (!c->store)
        return NULL;
    mr_flow__prefix(&link->state_key, MR_SPACE_COUNTER, link->stage->number);
    struct mr_error *e = mr_store_get(c->store, mr_buf_str(&link->state_key), &value, &found);
    if (!e && found && value.len != sizeof(run) + sizeof(link->counts) &&
        value.len != sizeof(run) + MR_STAGE_COUNTS_LEAST) {
        e = mr_error(MR_STORE_VERSION, "the counters of stage \"%.*s\" have %zu bytes, expected %zu",
                     MR_FMT(link->stage->id), value.len, sizeof(run) + sizeof(link->counts));
    } else if (!e && found) {
        memcpy(&run, value.ptr, sizeof(run));
        memcpy(&link->counts, value.ptr + sizeof(run), value.len - sizeof(run));
        if (run != c->run) { /* what is held stays; everything else starts again */
            uint64_t held = link->counts.counter[MR_C_HELD];
            memset(&link->counts, 0, sizeof(link->counts));
            link->counts.counter[MR_C_HELD] = held;
            link->counts.counter[MR_C_IN] = held;
        }
    }
    mr_buf_finish(&value);
    return e;
}

static const struct mr_str cut_key = MR_STR_INIT("f\0cut");

/* How far the cut has come is committed with the rows it moved, so that a finished piece (an
 * aggregate already given out) is never done twice. */
static struct mr_error *cut_load(struct mr_chain *c)
{
    struct mr_buf value = {0};
    bool found = false;
    if (!c->store)
        return NULL;
    struct mr_error *e = mr_store_get(c->store, cut_key, &value, &found);
    if (!e && found && value.len == sizeof(c->progress))
        memcpy(&c->progress, value.ptr, sizeof(c->progress));
    else if (!e && found)
        e = mr_error(MR_STORE_VERSION, "the record of the cut has %zu bytes, expected %zu",
                     value.len, sizeof(c->progress));
    if (!e && (c->progress.link >= c->count || c->progress.phase >= PHASES))
        e = mr_error(MR_STORE_VERSION, "the record of the cut belongs to other stages");
    mr_buf_finish(&value);
    return e;
}

static struct mr_error *load(struct mr_chain *c, const int *stages)
{
    for (size_t i = 0; i < c->count; i++) {
        MR_TRY(link_open(c, i, stages[i]));
        MR_TRY(counts_load(c, &c->links[i]));
    }
    return cut_load(c);
}

struct mr_error *mr_chain_create(const struct mr_plan *plan, const int *stages, size_t count,
                                 uint32_t run, struct mr_store *store,
                                 const struct mr_chain_callbacks *callbacks, struct mr_chain **out)
{
    struct mr_chain *c = mr_zalloc(sizeof(*c));
    c->plan = plan;
    c->count = count;
    c->run = run;
    c->store = store;
    c->callbacks = *callbacks;
    c->names = mr_names_create();
    c->program = mr_arena_create(0);
    c->batch = mr_arena_create(256 * 1024);
    c->links = mr_zalloc(count * sizeof(*c->links));
    struct mr_error *e = load(c, stages);
    if (e) {
        mr_chain_destroy(c);
        return e;
    }
    *out = c;
    return NULL;
}

void mr_chain_destroy(struct mr_chain *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < c->count; i++) {
        struct mr_ctx *link = &c->links[i];
        if (link->op && link->op->close && link->arena)
            link->op->close(link);
        mr_arena_destroy(link->arena);
        free(link->children);
        mr_buf_finish(&link->scratch);
        mr_buf_finish(&link->state_key);
        mr_buf_finish(&link->state_value);
    }
    free(c->links);
    mr_arena_destroy(c->batch);
    mr_arena_destroy(c->program);
    mr_names_destroy(c->names);
    mr_buf_finish(&c->held);
    mr_buf_finish(&c->held_key);
    mr_buf_finish(&c->released);
    free(c);
}

struct mr_names *mr_chain_names(struct mr_chain *c)
{
    return c->names;
}

struct mr_arena *mr_chain_arena(struct mr_chain *c)
{
    return c->batch;
}

void mr_chain_batch_end(struct mr_chain *c)
{
    mr_arena_reset(c->batch);
}

struct mr_stage_counts *mr_chain_counts(struct mr_chain *c, size_t index)
{
    return &c->links[index].counts;
}

void mr_chain_save(struct mr_chain *c)
{
    struct mr_buf value = {0};
    for (size_t i = 0; i < c->count; i++) {
        struct mr_ctx *link = &c->links[i];
        value.len = 0;
        mr_buf_add(&value, &c->run, sizeof(c->run));
        mr_buf_add(&value, &link->counts, sizeof(link->counts));
        mr_flow__prefix(&link->state_key, MR_SPACE_COUNTER, link->stage->number);
        mr_store_put(c->store, mr_buf_str(&link->state_key), mr_buf_str(&value));
    }
    mr_buf_finish(&value);
    mr_store_put(c->store, cut_key, mr_str_span((const char *)&c->progress, sizeof(c->progress)));
}

/* ---- leaving ---- */

static const char *builtin_of(int outcome, enum mr_builtin *b)
{
    switch (outcome) {
    case MR_LEFT_TOO_LARGE:
        *b = MR_B_TOO_LARGE;
        break;
    case MR_LEFT_CRASH:
        *b = MR_B_CRASH;
        break;
    case MR_LEFT_STUCK:
        *b = MR_B_STUCK;
        break;
    case MR_LEFT_ERROR:
        *b = MR_B_ERROR;
        break;
    default:
        *b = MR_B_BAD_INPUT;
    }
    return mr_builtin_name(*b);
}

/* Counts and reports a row that does not go on. made: it is a child, not an input row. */
static struct mr_error *row_leaves(struct mr_chain *c, size_t i, struct mr_leave *leave,
                                   struct mr_row *row, bool made)
{
    struct mr_ctx *link = &c->links[i];
    leave->stage = link->stage->number;
    if (leave->outcome >= 0) {
        const struct mr_outcome *o = &link->op->outcomes[leave->outcome];
        leave->name = o->name;
        leave->kind = o->kind;
        if (leave->outcome < MR_PAGE_OUTCOMES)
            link->counts.outcome[leave->outcome]++;
    } else {
        enum mr_builtin b;
        leave->name = builtin_of(leave->outcome, &b);
        leave->kind = MR_REJECT;
        link->counts.builtin[b]++;
    }
    link->counts.counter[made ? MR_C_REFUSED
                              : leave->kind == MR_DROP ? MR_C_DROPPED : MR_C_REJECTED]++;
    return c->callbacks.left(c->callbacks.arg, leave, row);
}

/* A row goes on behind link i: to the next link, or out of the chain. */
static struct mr_error *row_goes_on(struct mr_chain *c, size_t i, struct mr_row *row,
                                    struct mr_row *original, bool made)
{
    struct mr_ctx *link = &c->links[i];
    row->work = NULL;
    if (i + 1 == c->count) {
        struct mr_leave refused = {.outcome = MR_GOES_ON};
        MR_TRY(c->callbacks.forward(c->callbacks.arg, link->stage->number, row, &refused));
        if (refused.outcome != MR_GOES_ON)
            return row_leaves(c, i, &refused, original ? original : row, made);
    }
    link->counts.counter[made ? MR_C_EMITTED : MR_C_FORWARDED]++;
    return i + 1 < c->count ? mr_flow__enter(c, i + 1, row, false) : NULL;
}

struct mr_error *mr_flow__pass_children(struct mr_chain *c, size_t i)
{
    struct mr_ctx *link = &c->links[i];
    size_t count = link->child_count;
    struct mr_row **children = link->children;
    link->child_count = 0;
    for (size_t k = 0; k < count; k++)
        MR_TRY(row_goes_on(c, i, children[k], NULL, true));
    return NULL;
}

static void drop_prepared(struct mr_ctx *link, struct mr_row *row)
{
    const struct mr_key *keys = link->op->keys;
    for (int k = 0; keys && keys[k].name; k++)
        if (keys[k].access == MR_PREPARED)
            mr_row_remove(row, k);
}

/* What is kept of a row that leaves: dropped on purpose, what the operator made of it (a duplicate
 * names its twin); rejected, the row as it came. Prepared keys are seen by nobody. */
static struct mr_row *leaving_body(struct mr_ctx *link, struct mr_row *row, struct mr_row *original,
                                   struct mr_work *work, int outcome)
{
    bool dropped = outcome >= 0 && link->op->outcomes[outcome].kind == MR_DROP;
    struct mr_row *body = dropped || !original ? row : original;
    body->work = work;
    if (link->op)
        drop_prepared(link, body);
    return body;
}

struct mr_error *mr_flow__settle_row(struct mr_chain *c, size_t i, struct mr_row *row,
                                     struct mr_work *work, struct mr_row *original,
                                     struct mr_error *failed)
{
    struct mr_ctx *link = &c->links[i];
    struct mr_leave leave = {.outcome = work->outcome, .measured = work->measured,
                             .value = work->value, .threshold = work->threshold,
                             .note = work->note};
    if (failed) {
        if (!mr_error_is_row(failed))
            return mr_error_wrap(failed, "stage \"%.*s\"", MR_FMT(link->stage->id));
        /* What an expression could not take is the row's fault, as a wrong type of a role is. */
        enum mr_code code = mr_error_code(failed);
        leave.outcome = code >= MR_EXPR_VALUE && code <= MR_EXPR_TOO_LARGE ? MR_LEFT_BAD_INPUT
                                                                           : MR_LEFT_ERROR;
        leave.note = mr_arena_str(c->batch, mr_str_of(mr_error_message(failed)));
        mr_error_free(failed);
        link->child_count = 0;
    }
    switch (leave.outcome) {
    case MR_GOES_ON:
        if (!link->op || !link->op->expands)
            return row_goes_on(c, i, row, original, false);
        link->counts.counter[MR_C_ABSORBED]++;
        return mr_flow__pass_children(c, i);
    case MR_ABSORBED:
        link->counts.counter[MR_C_ABSORBED]++;
        return mr_flow__pass_children(c, i);
    case MR_HELD:
        link->counts.counter[MR_C_HELD]++;
        return NULL;
    default:
        link->child_count = 0;
        return row_leaves(c, i, &leave, leaving_body(link, row, original, work, leave.outcome), false);
    }
}

/* ---- entering ---- */

static struct mr_error *call_operator(struct mr_ctx *link, struct mr_row *row, struct mr_work *work)
{
    const struct mr_op *op = link->op;
    bool prepares = link->stage->kind == MR_STAGE_PREPARE;
    if (op->prepare && (prepares || link->stage->also_prepares))
        MR_TRY(op->prepare(link, row));
    if (prepares || work->outcome != MR_GOES_ON)
        return NULL;
    MR_TRY(op->process(link, row));
    if (op->prepare && work->outcome == MR_GOES_ON)
        drop_prepared(link, row);
    return NULL;
}

static struct mr_error *work_on(struct mr_chain *c, size_t i, struct mr_row *row)
{
    struct mr_ctx *link = &c->links[i];
    struct mr_work work = {.binding = &link->binding, .ctx = link, .outcome = MR_GOES_ON};
    struct mr_row *original = NULL;
    struct mr_error *failed = NULL;
    struct mr_str why = {0};
    if (link->writes) {
        original = mr_arena_alloc(c->batch, sizeof(*original));
        mr_row_copy(original, row);
    }
    link->child_count = 0;
    link->scratch.len = 0;
    row->work = &work;
    if (!mr_binding_accepts(&link->binding, row, &why)) {
        work.outcome = MR_LEFT_BAD_INPUT;
        work.note = why;
    } else if (c->callbacks.begin) {
        work.outcome = c->callbacks.begin(c->callbacks.arg, link->stage->number, row, &why);
        work.note = why;
    }
    if (work.outcome == MR_GOES_ON) {
        failed = call_operator(link, row, &work);
        if (c->callbacks.end)
            c->callbacks.end(c->callbacks.arg);
    }
    return mr_flow__settle_row(c, i, row, &work, original, failed);
}

struct mr_error *mr_flow__enter(struct mr_chain *c, size_t i, struct mr_row *row, bool again)
{
    struct mr_ctx *link = &c->links[i];
    if (!again)
        link->counts.counter[MR_C_IN]++;
    else
        link->counts.counter[MR_C_HELD]--;
    if (!again && link->stage->order == MR_ORDER_HOLD) {
        MR_TRY(mr_flow__hold(c, i, HOLD_ORDER, row, (struct mr_str){0}));
        link->counts.counter[MR_C_HELD]++;
        return NULL;
    }
    if (!link->op)
        return row_goes_on(c, i, row, NULL, false);
    return work_on(c, i, row);
}

/* A row that left an index lost what the stage before it had prepared: that is made again. */
static struct mr_error *prepare_again(struct mr_ctx *link, struct mr_row *row)
{
    struct mr_work work = {.binding = &link->binding, .ctx = link, .outcome = MR_GOES_ON};
    struct mr_str why;
    struct mr_error *e = NULL;
    if (!link->op || !link->op->prepare || link->stage->kind != MR_STAGE_OPERATOR ||
        link->stage->also_prepares)
        return NULL;
    link->scratch.len = 0;
    row->work = &work;
    if (mr_binding_accepts(&link->binding, row, &why))
        e = link->op->prepare(link, row);
    row->work = NULL;
    return mr_error_wrap(e, "stage \"%.*s\"", MR_FMT(link->stage->id));
}

static struct mr_error *push(struct mr_chain *c, size_t index, const struct mr_head *head,
                             struct mr_str map, bool again)
{
    struct mr_row *row = mr_arena_alloc(c->batch, sizeof(*row));
    struct mr_ctx *link = &c->links[index];
    struct mr_error *e = mr_row_decode(row, c->names, c->batch, head, map.ptr, map.len);
    if (e) /* rows in a log were encoded by us: this is damage, not input */
        return mr_error_wrap(e, "decoding a row for stage \"%.*s\"", MR_FMT(link->stage->id));
    link->counts.counter[MR_C_BYTES_IN] += map.len;
    if (again)
        MR_TRY(prepare_again(link, row));
    return mr_flow__enter(c, index, row, false);
}

struct mr_error *mr_chain_push(struct mr_chain *c, const struct mr_head *head, struct mr_str map)
{
    return push(c, 0, head, map, false);
}

struct mr_error *mr_chain_push_at(struct mr_chain *c, size_t index, const struct mr_head *head,
                                  struct mr_str map)
{
    return push(c, index, head, map, true);
}
