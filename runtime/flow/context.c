/* What operators may call of their context: parameters, arenas, children, holding, state. */
#include "runtime/flow/flow.h"

const void *mr_params(const struct mr_ctx *ctx)
{
    return ctx->params;
}

enum mr_mode mr_mode_of(const struct mr_ctx *ctx)
{
    return ctx->stage->mode;
}

struct mr_arena *mr_batch_arena(struct mr_ctx *ctx)
{
    return ctx->chain->batch;
}

struct mr_arena *mr_instance_arena(struct mr_ctx *ctx)
{
    return ctx->arena;
}

void *mr_instance(const struct mr_ctx *ctx)
{
    return ctx->instance;
}

void mr_set_instance(struct mr_ctx *ctx, void *instance)
{
    ctx->instance = instance;
}

struct mr_buf *mr_scratch(struct mr_ctx *ctx)
{
    return &ctx->scratch;
}

bool mr_bound(const struct mr_ctx *ctx, int key)
{
    return ctx->binding.roles[key].count > 0;
}

/* ---- rows made by an operator ---- */

static struct mr_row *add_child(struct mr_ctx *ctx)
{
    if (ctx->child_count == ctx->child_capacity) {
        ctx->child_capacity = ctx->child_capacity ? 2 * ctx->child_capacity : 16;
        ctx->children = mr_realloc(ctx->children, ctx->child_capacity * sizeof(*ctx->children));
    }
    struct mr_row *child = mr_arena_alloc(ctx->chain->batch, sizeof(*child));
    ctx->children[ctx->child_count++] = child;
    return child;
}

struct mr_row *mr_emit(struct mr_ctx *ctx, struct mr_row *row)
{
    size_t index = ctx->child_count;
    struct mr_row *child = add_child(ctx);
    mr_row_copy(child, row);
    child->head.parent = row->head.id;
    child->head.id = mr_id_child(&row->head.id, ctx->stage->id, index);
    int level = child->head.place.sub[0] == 0 ? 0 : child->head.place.sub[1] == 0 ? 1 : -1;
    if (level >= 0)
        child->head.place.sub[level] = (uint32_t)index + 1;
    child->work = row->work;
    return child;
}

struct mr_row *mr_make(struct mr_ctx *ctx, struct mr_str name)
{
    struct mr_chain *c = ctx->chain;
    struct mr_row *row = add_child(ctx);
    struct mr_head head = {.kind = MR_KIND_ROW, .run = c->run};
    /* Made rows stand behind all rows of sources, in the order of their making. */
    head.place.source = UINT16_MAX;
    head.place.file = ctx->stage->number;
    head.place.record = (uint32_t)c->progress.made++;
    head.id = mr_id_aggregate(ctx->stage->id, c->progress.cut, name);
    mr_row_init(row, c->names, c->batch, &head);
    struct mr_work *work = mr_arena_zalloc(c->batch, sizeof(*work));
    work->binding = &ctx->binding;
    work->ctx = ctx;
    work->outcome = MR_GOES_ON;
    row->work = work;
    return row;
}

struct mr_error *mr_hold(struct mr_ctx *ctx, struct mr_row *row, struct mr_str sort_key)
{
    struct mr_work *work = row->work;
    work->outcome = MR_HELD;
    return mr_flow__hold(ctx->chain, ctx->index, HOLD_BARRIER, row, sort_key);
}

struct mr_error *mr_absorb(struct mr_ctx *ctx, struct mr_row *row)
{
    (void)ctx;
    ((struct mr_work *)row->work)->outcome = MR_ABSORBED;
    return NULL;
}

/* ---- state ---- */

static struct mr_str state_key(struct mr_ctx *ctx, struct mr_str key)
{
    mr_flow__prefix(&ctx->state_key, MR_SPACE_OP, ctx->stage->number);
    mr_buf_adds(&ctx->state_key, key);
    return mr_buf_str(&ctx->state_key);
}

struct mr_error *mr_state_get(struct mr_ctx *ctx, struct mr_str key, struct mr_str *out, bool *found)
{
    ctx->state_value.len = 0;
    MR_TRY(mr_store_get(ctx->chain->store, state_key(ctx, key), &ctx->state_value, found));
    *out = *found ? mr_buf_str(&ctx->state_value) : (struct mr_str){0};
    return NULL;
}

void mr_state_put(struct mr_ctx *ctx, struct mr_str key, struct mr_str value)
{
    mr_store_put(ctx->chain->store, state_key(ctx, key), value);
}

void mr_state_del(struct mr_ctx *ctx, struct mr_str key)
{
    mr_store_del(ctx->chain->store, state_key(ctx, key));
}

struct mr_error *mr_state_scan(struct mr_ctx *ctx, struct mr_str prefix,
                               bool (*fn)(void *arg, struct mr_str key, struct mr_str value),
                               void *arg)
{
    enum { OWN_PREFIX = 3 };
    struct mr_str whole = state_key(ctx, prefix);
    struct mr_store_iter *i = mr_store_iter_open(ctx->chain->store, whole, (struct mr_str){0});
    for (; mr_store_iter_valid(i); mr_store_iter_next(i)) {
        struct mr_str key = mr_store_iter_key(i);
        if (!fn(arg, mr_str_span(key.ptr + OWN_PREFIX, key.len - OWN_PREFIX),
                mr_store_iter_value(i)))
            break;
    }
    return mr_store_iter_close(i);
}
