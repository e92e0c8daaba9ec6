/* Rows that wait for a cut, and the cut itself.
 *
 * A held row is a body of the task's store under 'h', stage, kind, sort key, (place, id): so barriers
 * of any size need no memory, and a crash in the middle of a cut goes on where the last commit was:
 * each released row is deleted in the same commit that covers what became of it. Sorting moves keys
 * only, since rows of kilobytes would otherwise be written again by each compaction. */
#include "runtime/flow/flow.h"

static void held_prefix(struct mr_chain *c, size_t i, enum mr_hold_kind kind)
{
    mr_flow__prefix(&c->held_key, MR_SPACE_HELD, c->links[i].stage->number);
    mr_buf_addc(&c->held_key, (char)kind);
}

struct mr_error *mr_flow__hold(struct mr_chain *c, size_t i, enum mr_hold_kind kind,
                               const struct mr_row *row, struct mr_str sort_key)
{
    uint8_t order[MR_ORDER_KEY_BYTES], head[MR_HEAD_BYTES];
    held_prefix(c, i, kind);
    /* Escaped and terminated, so that no sort key is the beginning of another one. */
    for (size_t k = 0; k < sort_key.len; k++) {
        mr_buf_addc(&c->held_key, sort_key.ptr[k]);
        if (sort_key.ptr[k] == 0)
            mr_buf_addc(&c->held_key, (char)0xff);
    }
    mr_buf_add(&c->held_key, "\0\1", 2);
    mr_order_key(&row->head, order);
    mr_buf_add(&c->held_key, order, sizeof(order));
    mr_head_encode(&row->head, head);
    c->held.len = 0;
    mr_buf_add(&c->held, head, sizeof(head));
    mr_row_encode(row, &c->held);
    return mr_store_put_body(c->store, mr_buf_str(&c->held_key), mr_buf_str(&c->held));
}

struct held_row {
    struct mr_str key, ref;
};

/* Copies where the next held rows lie, so that no iterator is open while operators change the store. */
static struct mr_error *held_take(struct mr_chain *c, size_t i, enum mr_hold_kind kind, size_t max,
                                  struct mr_arena *arena, struct held_row *rows, size_t *count)
{
    *count = 0;
    held_prefix(c, i, kind);
    struct mr_store_iter *it =
        mr_store_iter_open(c->store, mr_buf_str(&c->held_key), mr_buf_str(&c->released));
    while (*count < max && mr_store_iter_valid(it)) {
        struct held_row *row = &rows[(*count)++];
        row->key = mr_arena_str(arena, mr_store_iter_key(it));
        row->ref = mr_arena_str(arena, mr_store_iter_value(it));
        mr_store_iter_next(it);
    }
    return mr_store_iter_close(it);
}

static struct mr_error *settle(struct mr_chain *c, size_t i, struct mr_row *row)
{
    struct mr_ctx *link = &c->links[i];
    struct mr_work work = {.binding = &link->binding, .ctx = link, .outcome = MR_GOES_ON};
    struct mr_row *original = mr_arena_alloc(c->batch, sizeof(*original));
    struct mr_str note = {0};
    struct mr_error *failed = NULL;
    mr_row_copy(original, row);
    link->counts.counter[MR_C_HELD]--;
    link->child_count = 0;
    link->scratch.len = 0;
    row->work = &work;
    if (c->callbacks.begin)
        work.outcome = c->callbacks.begin(c->callbacks.arg, link->stage->number, row, &note);
    work.note = note;
    if (work.outcome == MR_GOES_ON) {
        failed = link->op->settle ? link->op->settle(link, row) : NULL;
        if (c->callbacks.end)
            c->callbacks.end(c->callbacks.arg);
    }
    return mr_flow__settle_row(c, i, row, &work, original, failed);
}

/* *stop: no other row may follow in this piece; not_first: then not this one either. */
static struct mr_error *release_one(struct mr_chain *c, size_t i, enum mr_hold_kind kind,
                                    const struct held_row *held, bool not_first, bool *stop)
{
    struct mr_head head;
    struct mr_str body;
    struct mr_row *row = mr_arena_alloc(c->batch, sizeof(*row));
    MR_TRY(mr_store_body(c->store, held->ref, c->batch, &body));
    if (body.len < MR_HEAD_BYTES || !mr_head_decode((const uint8_t *)body.ptr, &head))
        return mr_error(MR_STORE_VERSION, "a held row of stage \"%.*s\" cannot be read",
                        MR_FMT(c->links[i].stage->id));
    *stop = c->callbacks.enters && c->callbacks.enters(c->callbacks.arg, &head.id);
    c->released.len = 0;
    mr_buf_adds(&c->released, held->key);
    if (*stop && not_first)
        return NULL; /* the next piece begins with it */
    mr_buf_addc(&c->released, 0);
    MR_TRY(mr_row_decode(row, c->names, c->batch, &head, body.ptr + MR_HEAD_BYTES,
                         body.len - MR_HEAD_BYTES));
    MR_TRY(mr_store_del_body(c->store, held->key, held->ref));
    return kind == HOLD_ORDER ? mr_flow__enter(c, i, row, true) : settle(c, i, row);
}

struct mr_error *mr_flow__release(struct mr_chain *c, size_t i, enum mr_hold_kind kind, size_t rows,
                                  bool *left)
{
    struct mr_arena *arena = mr_arena_create(0);
    struct held_row *held = mr_arena_alloc(arena, rows * sizeof(*held));
    size_t count = 0;
    bool stop = false;
    struct mr_error *e = held_take(c, i, kind, rows, arena, held, &count);
    for (size_t k = 0; !e && !stop && k < count; k++) {
        e = release_one(c, i, kind, &held[k], k > 0, &stop);
        mr_chain_batch_end(c);
    }
    *left = count > 0;
    mr_arena_destroy(arena);
    return e;
}

/* One bounded piece of the phase under way; *more false when the phase is over. */
static struct mr_error *cut_step(struct mr_chain *c, size_t rows, bool *more)
{
    size_t i = c->progress.link;
    struct mr_ctx *link = &c->links[i];
    bool done = true;
    struct mr_error *e = NULL;
    *more = false;
    switch ((enum mr_flow_phase)c->progress.phase) {
    case PHASE_RELEASE:
        return link->stage->order == MR_ORDER_HOLD ? mr_flow__release(c, i, HOLD_ORDER, rows, more)
                                                   : NULL;
    case PHASE_SETTLE:
        return link->op && link->op->scope == MR_WHOLE_SET
                   ? mr_flow__release(c, i, HOLD_BARRIER, rows, more)
                   : NULL;
    default:
        if (!link->op || !link->op->finish)
            return NULL;
        link->child_count = 0;
        e = link->op->finish(link, &done);
        if (!e)
            e = mr_flow__pass_children(c, i);
        mr_chain_batch_end(c);
        *more = !done;
        return mr_error_wrap(e, "stage \"%.*s\"", MR_FMT(link->stage->id));
    }
}

struct mr_error *mr_chain_cut(struct mr_chain *c, uint64_t cut, size_t rows, bool *done)
{
    struct mr_cut_progress *p = &c->progress;
    bool more = false;
    if (!p->cutting)
        *p = (struct mr_cut_progress){.cut = cut, .cutting = 1};
    *done = false;
    MR_TRY(cut_step(c, rows, &more));
    if (more)
        return NULL;
    c->released.len = 0;
    if (++p->phase == PHASES) {
        p->phase = PHASE_RELEASE;
        p->made = 0;
        p->link++;
    }
    if (p->link == c->count) {
        memset(p, 0, sizeof(*p));
        *done = true;
    }
    return NULL;
}

bool mr_chain_window_full(const struct mr_chain *c)
{
    for (size_t i = 0; i < c->count; i++) {
        const struct mr_ctx *link = &c->links[i];
        if (link->stage->window_rows &&
            link->counts.counter[MR_C_HELD] >= link->stage->window_rows)
            return true;
    }
    return false;
}

bool mr_chain_window_open(const struct mr_chain *c, uint64_t *idle_ms)
{
    bool open = false;
    *idle_ms = 0;
    for (size_t i = 0; i < c->count; i++) {
        const struct mr_ctx *link = &c->links[i];
        if (link->counts.counter[MR_C_HELD] == 0)
            continue;
        open = true;
        if (link->stage->window_idle_ms && (*idle_ms == 0 || link->stage->window_idle_ms < *idle_ms))
            *idle_ms = link->stage->window_idle_ms;
    }
    return open;
}
