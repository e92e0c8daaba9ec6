/* From the checked tree to instructions of a stack machine, whose stack is measured on the way. */
#include "runtime/expr/expr_private.h"

struct generator {
    struct compiler *c;
    struct mr_expr *e;
    uint32_t capacity, constant_capacity;
    uint32_t depth; /* values on the stack now */
};

static void gen(struct generator *g, const struct node *n);

static uint32_t emit(struct generator *g, const struct node *n, enum x_op op, uint32_t operand,
                     int change)
{
    struct mr_expr *e = g->e;
    if (e->code_count == g->capacity) {
        g->capacity = g->capacity ? 2 * g->capacity : 16;
        struct instruction *more = mr_arena_alloc(g->c->arena, g->capacity * sizeof *more);
        if (e->code_count)
            memcpy(more, e->code, e->code_count * sizeof *more);
        e->code = more;
    }
    e->code[e->code_count] =
        (struct instruction){.op = (uint8_t)op, .n = operand, .begin = n->begin, .end = n->end};
    g->depth = (uint32_t)((int64_t)g->depth + change);
    if (g->depth > e->stack_size)
        e->stack_size = g->depth;
    return e->code_count++;
}

static void land(struct generator *g, uint32_t jump)
{
    g->e->code[jump].n = g->e->code_count;
}

static uint32_t constant(struct generator *g, const struct x_value *v)
{
    struct mr_expr *e = g->e;
    if (e->constant_count == g->constant_capacity) {
        g->constant_capacity = g->constant_capacity ? 2 * g->constant_capacity : 8;
        struct x_value *more = mr_arena_alloc(g->c->arena, g->constant_capacity * sizeof *more);
        if (e->constant_count)
            memcpy(more, e->constants, e->constant_count * sizeof *more);
        e->constants = more;
    }
    e->constants[e->constant_count] = *v;
    return e->constant_count++;
}

static void gen_if(struct generator *g, const struct node *n)
{
    gen(g, n->child[0]);
    uint32_t otherwise = emit(g, n->child[0], OP_JUMP_UNLESS, 0, -1);
    gen(g, n->child[1]);
    uint32_t end = emit(g, n, OP_JUMP, 0, -1);
    land(g, otherwise);
    gen(g, n->child[2]);
    land(g, end);
}

static void gen_coalesce(struct generator *g, const struct node *n)
{
    struct mr_expr *e = g->e;
    uint32_t first = UINT32_MAX;
    /* The jumps are chained through their targets until the end is known. */
    for (uint32_t i = 0; i < n->count; i++) {
        gen(g, n->child[i]);
        if (i + 1 < n->count)
            first = emit(g, n->child[i], OP_JUMP_THERE, first, -1);
    }
    while (first != UINT32_MAX) {
        uint32_t next = e->code[first].n;
        land(g, first);
        first = next;
    }
}

static void gen_call(struct generator *g, const struct node *n)
{
    if (!n->function->call) {
        if (strcmp(n->function->name, "if") == 0)
            gen_if(g, n);
        else
            gen_coalesce(g, n);
        return;
    }
    for (uint32_t i = 0; i < n->count; i++)
        gen(g, n->child[i]);
    uint32_t at = emit(g, n, OP_CALL, n->count, 1 - (int)n->count);
    g->e->code[at].function = n->function;
    g->e->code[at].pattern = n->pattern;
}

static void gen_operation(struct generator *g, const struct node *n)
{
    gen(g, n->child[0]);
    if (n->op == OP_AND || n->op == OP_OR) {
        uint32_t jump = emit(g, n->child[0], n->op == OP_AND ? OP_JUMP_FALSE : OP_JUMP_TRUE, 0, 0);
        gen(g, n->child[1]);
        emit(g, n, n->op, 0, -1);
        land(g, jump);
        return;
    }
    for (uint32_t i = 1; i < n->count; i++)
        gen(g, n->child[i]);
    uint32_t at = emit(g, n, n->op, 0, 1 - (int)n->count);
    g->e->code[at].pattern = n->pattern;
}

static void gen(struct generator *g, const struct node *n)
{
    switch (n->kind) {
    case N_CONST:
        emit(g, n, OP_CONST, constant(g, &n->value), 1);
        break;
    case N_KEY:
        emit(g, n, OP_KEY, n->key, 1);
        break;
    case N_FIELD: {
        gen(g, n->child[0]);
        uint32_t at = emit(g, n, OP_FIELD, 0, 0);
        g->e->code[at].name = n->name;
        break;
    }
    case N_INDEX:
        gen(g, n->child[0]);
        gen(g, n->child[1]);
        emit(g, n, OP_INDEX, 0, -1);
        break;
    case N_LIST:
        for (uint32_t i = 0; i < n->count; i++)
            gen(g, n->child[i]);
        emit(g, n, OP_LIST, n->count, 1 - (int)n->count);
        break;
    case N_CALL:
        gen_call(g, n);
        break;
    case N_OP:
        gen_operation(g, n);
        break;
    }
}

/* The parts of a chain of `and`: one that is not true makes the whole not true. Their last
 * instructions say why (those of if and coalesce have no single one). */
static void gen_spine(struct generator *g, const struct node *n)
{
    if (n->kind == N_OP && n->op == OP_AND) {
        gen_spine(g, n->child[0]);
        uint32_t jump = emit(g, n->child[0], OP_JUMP_FALSE, 0, 0);
        gen_spine(g, n->child[1]);
        emit(g, n, OP_AND, 0, -1);
        land(g, jump);
        return;
    }
    gen(g, n);
    if (n->kind != N_CALL || n->function->call)
        g->e->code[g->e->code_count - 1].decides = true;
}

void mr_expr__generate(struct compiler *c, const struct node *root)
{
    struct generator g = {.c = c, .e = c->expr};
    gen_spine(&g, root);
}
