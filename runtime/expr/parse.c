/* Tokens to a tree. Precedence, loosest first: or, and, not, comparisons (which do not chain),
 * + -, * / // %, minus, then .name and [index]. */
#include "runtime/expr/expr_private.h"

struct parser {
    struct lexer l;
    struct compiler *c;
};

static struct node *parse_or(struct parser *p);

static struct node *make(struct parser *p, enum node_kind kind, size_t begin, size_t end)
{
    if (++p->c->nodes > MR_EXPR_NODES_MAX) {
        if (p->c->nodes == MR_EXPR_NODES_MAX + 1)
            mr_expr__problem(p->c, MR_EXPR_LIMIT, begin, end, NULL,
                             "an expression has at most %d parts", MR_EXPR_NODES_MAX);
        return NULL;
    }
    struct node *n = mr_arena_zalloc(p->c->arena, sizeof *n);
    n->kind = kind;
    n->begin = (uint32_t)begin;
    n->end = (uint32_t)end;
    return n;
}

static struct node *operation(struct parser *p, enum x_op op, struct node *a, struct node *b,
                              struct node *c)
{
    if (!a || (op != OP_NOT && op != OP_NEGATE && op != OP_IS_NULL && op != OP_IS_NOT_NULL && !b))
        return NULL;
    struct node *last = c ? c : b ? b : a;
    struct node *n = make(p, N_OP, a->begin, last->end);
    if (!n)
        return NULL;
    n->op = op;
    n->child = mr_arena_alloc(p->c->arena, 3 * sizeof *n->child);
    n->count = c ? 3 : b ? 2 : 1;
    n->child[0] = a;
    n->child[1] = b;
    n->child[2] = c;
    return n;
}

static struct mr_str token_text(const struct parser *p)
{
    return mr_str_span(p->l.text.ptr + p->l.begin, p->l.end - p->l.begin);
}

/* What a token may have been meant as. */
static const char *meant(const struct parser *p)
{
    static const struct {
        const char *word, *remedy;
    } likely[] = {
        {"AND", "Write `and`."},
        {"OR", "Write `or`."},
        {"NOT", "Write `not`."},
        {"IN", "Write `in`."},
        {"IS", "Write `is`."},
        {"LIKE", "Write `like`."},
        {"BETWEEN", "Write `between`."},
        {"if", "Write if(condition, value, other)."},
        {"else", "Write if(condition, value, other)."},
        {"matches", "Write `text matches 'pattern'`."},
        {"contains", "Write contains(text, part), or `part in text`."},
    };
    for (size_t i = 0; i < sizeof likely / sizeof *likely; i++)
        if (mr_str_is(token_text(p), likely[i].word))
            return likely[i].remedy;
    return NULL;
}

static struct node *expected(struct parser *p, const char *what)
{
    if (p->l.token == T_BAD)
        return NULL;
    if (p->l.token == T_END)
        mr_expr__problem(p->c, MR_EXPR_SYNTAX, p->l.begin, p->l.end, NULL,
                         "%s is expected at the end", what);
    else
        mr_expr__problem(p->c, MR_EXPR_SYNTAX, p->l.begin, p->l.end, meant(p),
                         "%s is expected, not `%.*s`", what, MR_FMT(token_text(p)));
    return NULL;
}

static bool take(struct parser *p, enum token token)
{
    if (p->l.token != token)
        return false;
    mr_expr__lex(&p->l);
    return true;
}

static bool deeper(struct parser *p)
{
    if (++p->c->depth <= MR_EXPR_DEPTH_MAX)
        return true;
    mr_expr__problem(p->c, MR_EXPR_LIMIT, p->l.begin, p->l.end, NULL,
                     "an expression is nested at most %d deep", MR_EXPR_DEPTH_MAX);
    return false;
}

/* Values up to the closing sign, which is taken: *end is behind it. */
static bool parse_many(struct parser *p, enum token close, struct node ***out, uint32_t *count,
                       size_t *end)
{
    uint32_t capacity = 4;
    struct node **list = mr_arena_alloc(p->c->arena, capacity * sizeof *list);
    *count = 0;
    while (p->l.token != close) {
        if (*count && !take(p, T_COMMA))
            return expected(p, close == T_RPAREN ? "`,` or `)`" : "`,` or `]`");
        if (*count && p->l.token == close)
            break; /* a last comma */
        struct node *n = parse_or(p);
        if (!n)
            return false;
        if (*count == capacity) {
            struct node **more = mr_arena_alloc(p->c->arena, 2 * capacity * sizeof *list);
            memcpy(more, list, capacity * sizeof *list);
            capacity *= 2;
            list = more;
        }
        list[(*count)++] = n;
    }
    *end = p->l.end;
    mr_expr__lex(&p->l);
    *out = list;
    return true;
}

static struct node *parse_number(struct parser *p)
{
    struct node *n = make(p, N_CONST, p->l.begin, p->l.end);
    if (!n)
        return NULL;
    if (!mr_expr__parse_number(mr_arena_str(p->c->arena, p->l.value), &n->value)) {
        mr_expr__problem(p->c, MR_EXPR_SYNTAX, p->l.begin, p->l.end, NULL,
                         "`%.*s` is beyond the numbers there are", MR_FMT(token_text(p)));
        return NULL;
    }
    mr_expr__lex(&p->l);
    return n;
}

static struct node *parse_constant(struct parser *p)
{
    struct node *n = make(p, N_CONST, p->l.begin, p->l.end);
    if (!n)
        return NULL;
    switch (p->l.token) {
    case T_TEXT:
        n->value = (struct x_value){.kind = X_TEXT, .s = p->l.value};
        break;
    case T_NULL:
        n->value = (struct x_value){.kind = X_NULL};
        break;
    default:
        n->value = (struct x_value){.kind = X_BOOL, .b = p->l.token == T_TRUE};
        break;
    }
    mr_expr__lex(&p->l);
    return n;
}

static struct node *parse_name(struct parser *p)
{
    struct node *n = make(p, N_KEY, p->l.begin, p->l.end);
    if (!n)
        return NULL;
    n->name = p->l.value;
    n->quoted = p->l.token == T_KEY;
    mr_expr__lex(&p->l);
    if (n->quoted || p->l.token != T_LPAREN)
        return n;
    mr_expr__lex(&p->l);
    size_t end;
    n->kind = N_CALL;
    if (!parse_many(p, T_RPAREN, &n->child, &n->count, &end))
        return NULL;
    n->end = (uint32_t)end;
    return n;
}

static struct node *parse_group(struct parser *p)
{
    size_t begin = p->l.begin;
    struct node *n;
    if (p->l.token == T_LBRACKET) {
        size_t end;
        mr_expr__lex(&p->l);
        n = make(p, N_LIST, begin, begin);
        if (!n || !parse_many(p, T_RBRACKET, &n->child, &n->count, &end))
            return NULL;
        n->end = (uint32_t)end;
        return n;
    }
    mr_expr__lex(&p->l);
    n = parse_or(p);
    if (!n)
        return NULL;
    size_t end = p->l.end;
    if (!take(p, T_RPAREN))
        return expected(p, "`)`");
    n->begin = (uint32_t)begin;
    n->end = (uint32_t)end;
    return n;
}

static struct node *parse_primary(struct parser *p)
{
    switch (p->l.token) {
    case T_NUMBER:
        return parse_number(p);
    case T_TEXT:
    case T_NULL:
    case T_TRUE:
    case T_FALSE:
        return parse_constant(p);
    case T_NAME:
    case T_KEY:
        return parse_name(p);
    case T_LPAREN:
    case T_LBRACKET:
        return parse_group(p);
    default:
        return expected(p, "a value");
    }
}

static struct node *parse_postfix(struct parser *p)
{
    struct node *n = parse_primary(p);
    while (n && (p->l.token == T_DOT || p->l.token == T_LBRACKET)) {
        struct node *base = n;
        bool dot = p->l.token == T_DOT;
        mr_expr__lex(&p->l);
        n = make(p, dot ? N_FIELD : N_INDEX, base->begin, p->l.end);
        if (!n)
            return NULL;
        n->child = mr_arena_zalloc(p->c->arena, 2 * sizeof *n->child);
        n->child[0] = base;
        n->count = dot ? 1 : 2;
        if (dot) {
            /* Words of the language are good names of fields. */
            bool word = p->l.value.len && p->l.token != T_NUMBER && p->l.token != T_TEXT;
            if (!word && p->l.token != T_KEY)
                return expected(p, "the name of a field");
            n->name = p->l.value;
            mr_expr__lex(&p->l);
            continue;
        }
        n->child[1] = parse_or(p);
        if (!n->child[1])
            return NULL;
        n->end = (uint32_t)p->l.end;
        if (!take(p, T_RBRACKET))
            return expected(p, "`]`");
    }
    return n;
}

static struct node *parse_unary(struct parser *p)
{
    size_t begin = p->l.begin;
    if (p->l.token != T_MINUS && p->l.token != T_PLUS)
        return parse_postfix(p);
    bool minus = p->l.token == T_MINUS;
    if (!deeper(p))
        return NULL;
    mr_expr__lex(&p->l);
    struct node *n = parse_unary(p);
    p->c->depth--;
    if (n && minus)
        n = operation(p, OP_NEGATE, n, NULL, NULL);
    if (n)
        n->begin = (uint32_t)begin;
    return n;
}

static struct node *parse_product(struct parser *p)
{
    struct node *n = parse_unary(p);
    for (;;) {
        enum x_op op = p->l.token == T_TIMES     ? OP_MULTIPLY
                       : p->l.token == T_SLASH   ? OP_DIVIDE
                       : p->l.token == T_FLOOR   ? OP_FLOOR
                       : p->l.token == T_PERCENT ? OP_REMAINDER
                                                 : OP_CONST;
        if (!n || op == OP_CONST)
            return n;
        mr_expr__lex(&p->l);
        n = operation(p, op, n, parse_unary(p), NULL);
    }
}

static struct node *parse_sum(struct parser *p)
{
    struct node *n = parse_product(p);
    while (n && (p->l.token == T_PLUS || p->l.token == T_MINUS)) {
        enum x_op op = p->l.token == T_PLUS ? OP_ADD : OP_SUBTRACT;
        mr_expr__lex(&p->l);
        n = operation(p, op, n, parse_product(p), NULL);
    }
    return n;
}

static struct node *parse_between(struct parser *p, struct node *value, bool negated)
{
    mr_expr__lex(&p->l);
    struct node *low = parse_sum(p);
    if (!low)
        return NULL;
    if (!take(p, T_AND))
        return expected(p, "`and` of a between");
    struct node *high = parse_sum(p);
    return high ? operation(p, negated ? OP_NOT_BETWEEN : OP_BETWEEN, value, low, high) : NULL;
}

static struct node *parse_is(struct parser *p, struct node *value)
{
    mr_expr__lex(&p->l);
    bool negated = take(p, T_NOT);
    size_t end = p->l.end;
    if (!take(p, T_NULL))
        return expected(p, "`null`");
    struct node *n = operation(p, negated ? OP_IS_NOT_NULL : OP_IS_NULL, value, NULL, NULL);
    if (n)
        n->end = (uint32_t)end;
    return n;
}

static bool comparison_of(enum token token, bool negated, enum x_op *op)
{
    static const struct {
        enum token token;
        enum x_op op, negated; /* OP_CONST: none */
    } table[] = {
        {T_EQ, OP_EQ, OP_CONST},
        {T_NE, OP_NE, OP_CONST},
        {T_LT, OP_LT, OP_CONST},
        {T_LE, OP_LE, OP_CONST},
        {T_GT, OP_GT, OP_CONST},
        {T_GE, OP_GE, OP_CONST},
        {T_IN, OP_IN, OP_NOT_IN},
        {T_LIKE, OP_LIKE, OP_NOT_LIKE},
        {T_MATCHES, OP_MATCHES, OP_NOT_MATCHES},
        {T_BETWEEN, OP_BETWEEN, OP_NOT_BETWEEN},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (table[i].token != token)
            continue;
        *op = negated ? table[i].negated : table[i].op;
        return *op != OP_CONST;
    }
    return false;
}

static struct node *parse_comparison(struct parser *p)
{
    struct node *n = parse_sum(p);
    if (!n)
        return NULL;
    if (p->l.token == T_IS)
        return parse_is(p, n);
    bool negated = take(p, T_NOT);
    enum x_op op, again;
    if (!comparison_of(p->l.token, negated, &op))
        return negated ? expected(p, "`in`, `between`, `like` or `matches`") : n;
    if (op == OP_BETWEEN || op == OP_NOT_BETWEEN)
        return parse_between(p, n, negated);
    mr_expr__lex(&p->l);
    n = operation(p, op, n, parse_sum(p), NULL);
    if (n && comparison_of(p->l.token, false, &again)) {
        mr_expr__problem(p->c, MR_EXPR_SYNTAX, p->l.begin, p->l.end,
                         "Write both with `and` between them, or `x between 1 and 5`.",
                         "comparisons do not chain");
        return NULL;
    }
    return n;
}

static struct node *parse_not(struct parser *p)
{
    size_t begin = p->l.begin;
    if (p->l.token != T_NOT)
        return parse_comparison(p);
    if (!deeper(p))
        return NULL;
    mr_expr__lex(&p->l);
    struct node *n = parse_not(p);
    p->c->depth--;
    n = n ? operation(p, OP_NOT, n, NULL, NULL) : NULL;
    if (n)
        n->begin = (uint32_t)begin;
    return n;
}

static struct node *parse_and(struct parser *p)
{
    struct node *n = parse_not(p);
    while (n && take(p, T_AND))
        n = operation(p, OP_AND, n, parse_not(p), NULL);
    return n;
}

static struct node *parse_or(struct parser *p)
{
    if (!deeper(p))
        return NULL;
    struct node *n = parse_and(p);
    while (n && take(p, T_OR))
        n = operation(p, OP_OR, n, parse_and(p), NULL);
    p->c->depth--;
    return n;
}

struct node *mr_expr__parse(struct compiler *c)
{
    struct parser p = {.c = c, .l = {.text = c->text, .c = c}};
    mr_expr__lex(&p.l);
    if (p.l.token == T_END) {
        mr_expr__problem(c, MR_EXPR_SYNTAX, 0, 0, NULL, "the expression is empty");
        return NULL;
    }
    struct node *n = parse_or(&p);
    if (n && p.l.token != T_END) {
        expected(&p, "an operator");
        return NULL;
    }
    return n;
}
