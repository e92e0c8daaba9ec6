/* From text to an expression: parse, check, generate; and the problems on the way. */
#include "runtime/expr/expr_private.h"

#include <stdarg.h>
#include <stdio.h>

#include "runtime/text/chars.h"

static uint32_t code_points(const struct compiler *c, size_t bytes)
{
    return (uint32_t)mr_text_length(mr_str_span(c->text.ptr, bytes));
}

void mr_expr__problem(struct compiler *c, enum mr_code code, size_t begin, size_t end,
                      const char *remedy, const char *format, ...)
{
    char fact[600];
    va_list args;
    va_start(args, format);
    vsnprintf(fact, sizeof fact, format, args);
    va_end(args);
    if (c->problems->count == MR_EXPR_PROBLEMS_MAX)
        return;
    if (end > c->text.len)
        end = c->text.len;
    /* A fact cut within a code point ends before it. */
    size_t len = strlen(fact), at = 0;
    bool valid = true;
    for (size_t step; at < len; at += step) {
        step = mr_utf8_next(mr_str_span(fact, len), at, &valid);
        if (!valid)
            break;
    }
    uint32_t first = code_points(c, begin);
    struct mr_expr_problem problem = {
        .code = code,
        .at = first,
        .length = end > begin ? code_points(c, end) - first : 0,
        .fact = mr_arena_str(c->arena, mr_str_span(fact, at)).ptr,
        .remedy = remedy,
    };
    size_t place = c->problems->count++;
    while (place > 0 && c->problems->list[place - 1].at > problem.at) {
        c->problems->list[place] = c->problems->list[place - 1];
        place--;
    }
    c->problems->list[place] = problem;
}

static void build(struct compiler *c)
{
    struct mr_str text = mr_str_trim(c->text);
    if (c->text.len > MR_EXPR_TEXT_MAX) {
        c->text.len = 0;
        mr_expr__problem(c, MR_EXPR_LIMIT, 0, 0, NULL, "an expression has at most %d bytes",
                         MR_EXPR_TEXT_MAX);
    } else if (!mr_utf8_valid(c->text)) {
        c->text.len = 0;
        mr_expr__problem(c, MR_EXPR_SYNTAX, 0, 0, "Write it in UTF-8.",
                         "the expression is not text");
    } else if (mr_str_starts(text, MR_STR("lambda ")) || mr_str_starts(text, MR_STR("def "))) {
        mr_expr__problem(c, MR_EXPR_PYTHON, 0, c->text.len, mr_expr__python_remedy(c),
                         "a Python function is not an expression");
    } else {
        struct node *root = mr_expr__parse(c);
        if (!root)
            return;
        mr_expr__check(c, root);
        if (c->problems->count)
            return;
        c->expr->types = root->types;
        mr_expr__generate(c, root);
    }
}

static struct mr_error *first_problem(const struct mr_expr_problems *problems)
{
    const struct mr_expr_problem *p = &problems->list[0];
    struct mr_error *e = mr_error(p->code, "%s (column %u)", p->fact, p->at + 1);
    return p->remedy ? mr_error_remedy(e, "%s", p->remedy) : e;
}

struct mr_error *mr_expr_compile(struct mr_str text, const struct mr_expr_keys *keys,
                                 struct mr_arena *arena, struct mr_expr **out,
                                 struct mr_expr_problems *where)
{
    struct mr_expr_problems problems = {.count = 0};
    struct compiler c = {
        .text = text, .arena = arena, .keys = keys, .problems = where ? where : &problems};
    if (text.len <= MR_EXPR_TEXT_MAX)
        c.text = mr_arena_str(arena, text);
    c.problems->count = 0;
    c.expr = mr_arena_zalloc(arena, sizeof *c.expr);
    c.expr->text = c.text;
    *out = NULL;
    build(&c);
    if (c.problems->count)
        return first_problem(c.problems);
    for (uint32_t i = 0; i < c.expr->key_count; i++) {
        struct mr_expr_key *key = &c.expr->keys[i];
        uint32_t at = code_points(&c, key->at);
        key->length = code_points(&c, key->at + key->length) - at;
        key->at = at;
    }
    *out = c.expr;
    return NULL;
}

struct mr_str mr_expr_text(const struct mr_expr *expr)
{
    return expr->text;
}

uint32_t mr_expr_types(const struct mr_expr *expr)
{
    return expr->types;
}

size_t mr_expr_key_count(const struct mr_expr *expr)
{
    return expr->key_count;
}

const struct mr_expr_key *mr_expr_key(const struct mr_expr *expr, size_t i)
{
    return &expr->keys[i];
}

bool mr_expr_constant(const struct mr_expr *expr)
{
    bool constant = expr->key_count == 0;
    for (uint32_t i = 0; i < expr->code_count; i++)
        constant = constant && !(expr->code[i].function && expr->code[i].function->of_row);
    return constant;
}
