/* The machine: instructions over a stack of values, one row after the other. */
#include "runtime/expr/expr_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/row/json.h"

struct mr_expr_run *mr_expr_run_create(const struct mr_expr *expr)
{
    struct mr_expr_run *run = mr_zalloc(sizeof *run);
    run->expr = expr;
    run->stack = mr_zalloc((expr->stack_size + 1) * sizeof *run->stack);
    run->hints = mr_zalloc((expr->key_count + 1) * sizeof *run->hints);
    for (uint32_t i = 0; i < expr->code_count; i++)
        if (expr->code[i].pattern && !run->match)
            run->match = mr_pattern_run_create();
    return run;
}

void mr_expr_run_destroy(struct mr_expr_run *run)
{
    if (!run)
        return;
    mr_expr__made_free(run);
    mr_buf_finish(&run->work);
    mr_buf_finish(&run->result);
    mr_json_reader_destroy(run->json);
    mr_pattern_run_destroy(run->match);
    free(run->hints);
    free(run->stack);
    free(run);
}

static struct mr_str part_of(const struct mr_expr_run *run, const struct instruction *at)
{
    return mr_str_span(run->expr->text.ptr + at->begin, at->end - at->begin);
}

void mr_expr__fail(struct mr_expr_run *run, enum mr_code code, const char *format, ...)
{
    char fact[300];
    if (run->error)
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(fact, sizeof fact, format, args);
    va_end(args);
    struct mr_str part = part_of(run, run->at);
    run->error = mr_error_row(
        mr_error(code, "in `%.*s`: %s", (int)(part.len > 200 ? 200 : part.len), part.ptr, fact));
}

/* ---- reading the row ---- */

static void read_key(struct mr_expr_run *run, uint32_t key, struct x_value *out)
{
    const struct mr_row *row = run->row;
    struct mr_str name = run->expr->keys[key].name;
    uint32_t at = run->hints[key];
    if (at >= row->count || !row->fields[at].value.len || !mr_str_eq(row->fields[at].name, name))
        for (at = 0; at < row->count; at++)
            if (row->fields[at].value.len && mr_str_eq(row->fields[at].name, name))
                break;
    if (at == row->count) {
        *out = (struct x_value){.kind = X_MISSING};
        return;
    }
    run->hints[key] = at;
    mr_expr__load(row->fields[at].value, out);
}

static void read_field(struct mr_expr_run *run, struct mr_str name, struct x_value *v)
{
    struct x_value map = *v;
    if (X_IS_NULL(&map))
        *v = (struct x_value){.kind = X_MISSING};
    else if (map.kind == X_MAP)
        mr_expr__field(&map, name, v);
    else
        mr_expr__fail(run, MR_EXPR_VALUE, "%s has no fields", mr_expr__type_name(&map));
}

static void read_item(struct mr_expr_run *run, struct x_value *v, const struct x_value *index)
{
    struct x_value base = *v;
    if (X_IS_NULL(&base) || X_IS_NULL(index))
        *v = (struct x_value){.kind = X_MISSING};
    else if (base.kind == X_LIST && index->kind == X_INT)
        mr_expr__item(&base, index->i, v);
    else if (base.kind == X_MAP && index->kind == X_TEXT)
        mr_expr__field(&base, index->s, v);
    else
        mr_expr__fail(run, MR_EXPR_VALUE, "%s has no item at %s", mr_expr__type_name(&base),
                      mr_expr__type_name(index));
}

static void make_list(struct mr_expr_run *run, struct x_value *first, uint32_t count)
{
    run->work.len = 0;
    mr_pack_list(&run->work, count);
    for (uint32_t i = 0; i < count; i++)
        mr_expr__pack(&first[i], &run->work);
    mr_expr__make_packed(run, mr_buf_str(&run->work), first);
}

static void call_function(struct mr_expr_run *run, struct x_value *a, uint32_t count)
{
    const struct function *f = run->at->function;
    struct x_value out = {.kind = X_NULL};
    for (uint32_t i = 0; i < count; i++) {
        const struct argument *wanted = &f->argument[f->max == MR_EXPR__ANY_COUNT ? 0 : i];
        uint32_t type = mr_expr__type(&a[i]);
        if (type == MR_NULL && !(wanted->types & MR_NULL)) {
            *a = out;
            return;
        }
        if (!(type & (wanted->types | MR_NULL))) {
            mr_expr__fail(run, MR_EXPR_VALUE, "%s is not what `%s` takes",
                          mr_expr__type_name(&a[i]), wanted->name);
            return;
        }
    }
    f->call(run, a, count, &out);
    *a = out;
}

/* ---- the machine ---- */

/* Moves *next, and *top where the value is done with. */
static void jump(struct mr_expr_run *run, const struct instruction *at, struct x_value **top,
                 uint32_t *next)
{
    struct x_value *v = *top - 1;
    if (at->op != OP_JUMP && at->op != OP_JUMP_THERE && !mr_expr__condition(run, v))
        return;
    switch (at->op) {
    case OP_JUMP:
        *next = at->n;
        return;
    case OP_JUMP_THERE: /* keeps the value when it is one */
        if (!X_IS_NULL(v))
            *next = at->n;
        else
            --*top;
        return;
    case OP_JUMP_UNLESS:
        --*top;
        if (v->kind != X_BOOL || !v->b)
            *next = at->n;
        return;
    default: /* the value stays; OP_AND and OP_OR look at it again */
        if (v->kind == X_BOOL && v->b == (at->op == OP_JUMP_TRUE))
            *next = at->n;
        return;
    }
}

/* Values that an operator takes. */
static uint32_t operands(const struct instruction *at)
{
    switch (at->op) {
    case OP_NOT:
    case OP_NEGATE:
    case OP_IS_NULL:
    case OP_IS_NOT_NULL:
        return 1;
    case OP_BETWEEN:
    case OP_NOT_BETWEEN:
        return 3;
    default:
        return 2;
    }
}

static void step(struct mr_expr_run *run, const struct instruction *at, struct x_value **top)
{
    switch (at->op) {
    case OP_CONST:
        *(*top)++ = run->expr->constants[at->n];
        return;
    case OP_KEY:
        read_key(run, at->n, (*top)++);
        return;
    case OP_FIELD:
        read_field(run, at->name, *top - 1);
        return;
    case OP_INDEX:
        --*top;
        read_item(run, *top - 1, *top);
        return;
    case OP_LIST:
        *top = *top - at->n + 1;
        make_list(run, *top - 1, at->n);
        return;
    case OP_CALL:
        *top = *top - at->n + 1;
        call_function(run, *top - 1, at->n);
        return;
    default:
        *top = *top - operands(at) + 1;
        mr_expr__operate(run, (enum x_op)at->op, *top - 1);
        return;
    }
}

/* Of the parts of a chain of `and` the first false one decides, else the first null one. */
static void decide(struct mr_expr_run *run, const struct instruction *at, struct x_value **top)
{
    struct mr_expr_reason before = run->reason;
    run->reason = (struct mr_expr_reason){0};
    step(run, at, top);
    const struct x_value *v = *top - 1;
    if (run->error)
        return;
    if (v->kind == X_BOOL ? v->b : before.part.ptr != NULL)
        run->reason = before;
    else
        run->reason.part = part_of(run, at);
}

static struct mr_error *run_code(struct mr_expr_run *run, const struct mr_row *row,
                                 struct x_value *result)
{
    const struct mr_expr *e = run->expr;
    struct x_value *top = run->stack;
    mr_expr__made_reset(run);
    run->row = row;
    run->error = NULL;
    run->reason = (struct mr_expr_reason){0};
    for (uint32_t i = 0; i < e->code_count && !run->error;) {
        const struct instruction *at = run->at = &e->code[i++];
        if (at->op >= OP_JUMP) {
            jump(run, at, &top, &i);
            continue;
        }
        if (at->decides)
            decide(run, at, &top);
        else
            step(run, at, &top);
    }
    *result = run->stack[0];
    struct mr_error *e_out = run->error;
    run->error = NULL;
    return e_out;
}

struct mr_error *mr_expr_eval(struct mr_expr_run *run, const struct mr_row *row,
                              struct mr_value *out)
{
    struct x_value result;
    *out = (struct mr_value){0};
    MR_TRY(run_code(run, row, &result));
    if (result.kind == X_MISSING)
        return NULL;
    run->result.len = 0;
    mr_expr__pack(&result, &run->result);
    *out = (struct mr_value){(const uint8_t *)run->result.ptr, (uint32_t)run->result.len};
    return NULL;
}

struct mr_error *mr_expr_test(struct mr_expr_run *run, const struct mr_row *row,
                              enum mr_expr_verdict *verdict, struct mr_expr_reason *reason)
{
    struct x_value result;
    *verdict = MR_EXPR_NULL;
    if (reason)
        *reason = (struct mr_expr_reason){0};
    MR_TRY(run_code(run, row, &result));
    if (!X_IS_NULL(&result) && result.kind != X_BOOL)
        return mr_error_row(mr_error(MR_EXPR_VALUE, "`%.*s` is %s, not true or false",
                                     (int)(run->expr->text.len > 200 ? 200 : run->expr->text.len),
                                     run->expr->text.ptr, mr_expr__type_name(&result)));
    if (result.kind == X_BOOL)
        *verdict = result.b ? MR_EXPR_TRUE : MR_EXPR_FALSE;
    if (reason && *verdict != MR_EXPR_TRUE) {
        *reason = run->reason;
        if (!reason->part.ptr)
            reason->part = run->expr->text;
    }
    return NULL;
}
