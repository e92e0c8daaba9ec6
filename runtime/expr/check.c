/* Types: what each part can be on any row, and the places where that cannot work. A part of which
 * nothing is known is checked on each row instead. */
#include "runtime/expr/expr_private.h"

static const char *types_text(struct compiler *c, uint32_t types)
{
    struct mr_buf text = {0};
    mr_expr__types_print(types, &text);
    const char *out = mr_arena_str(c->arena, mr_buf_str(&text)).ptr;
    mr_buf_finish(&text);
    return out;
}

static struct mr_str part(const struct compiler *c, const struct node *n)
{
    size_t len = n->end - n->begin;
    return mr_str_span(c->text.ptr + n->begin, len > 60 ? 60 : len);
}

/* Of a wrong part nothing is known, so that nothing is said twice. */
static void wrong(struct node *n)
{
    n->wrong = true;
    n->types = MR_EXPR_UNKNOWN;
    n->items = MR_EXPR_UNKNOWN;
}

static uint32_t values(const struct node *n)
{
    return n->types & MR_ANY;
}

static bool is_null_constant(const struct node *n)
{
    return n->kind == N_CONST && n->value.kind == X_NULL;
}

static void visit(struct compiler *c, struct node *n, bool asked);

/* ---- keys and paths ---- */

static void note_key(struct compiler *c, struct node *n, bool asked)
{
    struct mr_expr *e = c->expr;
    for (n->key = 0; n->key < e->key_count; n->key++)
        if (mr_str_eq(e->keys[n->key].name, n->name))
            break;
    if (n->key == e->key_count) {
        if (e->key_count == e->key_capacity) {
            e->key_capacity = e->key_capacity ? 2 * e->key_capacity : 8;
            struct mr_expr_key *more = mr_arena_alloc(c->arena, e->key_capacity * sizeof *more);
            if (e->key_count)
                memcpy(more, e->keys, e->key_count * sizeof *more);
            e->keys = more;
        }
        e->keys[e->key_count++] =
            (struct mr_expr_key){.name = n->name, .at = n->begin, .length = n->end - n->begin};
    }
    e->keys[n->key].optional |= asked;
}

static void visit_key(struct compiler *c, struct node *n, bool asked)
{
    static const char *const python[][2] = {
        {"True", "Write `true`."}, {"False", "Write `false`."}, {"None", "Write `null`."}};
    for (size_t i = 0; !n->quoted && i < 3; i++)
        if (mr_str_is(n->name, python[i][0])) {
            mr_expr__problem(c, MR_EXPR_SYNTAX, n->begin, n->end, python[i][1],
                             "`%s` would be the name of a key", python[i][0]);
            wrong(n);
            return;
        }
    note_key(c, n, asked);
    n->types = n->items = MR_EXPR_UNKNOWN;
    if (!c->keys || !c->keys->types)
        return;
    n->types = c->keys->types(c->keys->arg, n->name);
    if (!n->types) /* told at the end, unless another part asks whether it is there */
        n->types = MR_EXPR_UNKNOWN;
}

static void check_keys(struct compiler *c)
{
    for (uint32_t i = 0; c->keys && c->keys->types && i < c->expr->key_count; i++) {
        const struct mr_expr_key *key = &c->expr->keys[i];
        if (!key->optional && !c->keys->types(c->keys->arg, key->name))
            mr_expr__problem(c, MR_EXPR_KEY, key->at, key->at + key->length,
                             mr_expr__near_key(c, key->name), "there is no key \"%.*s\"",
                             MR_FMT(key->name));
    }
}

static void visit_path(struct compiler *c, struct node *n, bool asked)
{
    struct node *base = n->child[0], *index = n->count > 1 ? n->child[1] : NULL;
    visit(c, base, asked);
    if (index)
        visit(c, index, false);
    n->types = n->items = MR_EXPR_UNKNOWN;
    if (base->wrong || (index && index->wrong)) {
        wrong(n);
        return;
    }
    uint32_t wanted =
        !index ? MR_MAP
               : (values(index) & MR_INT ? MR_LIST : 0) | (values(index) & MR_TEXT ? MR_MAP : 0);
    if (index && !wanted) {
        mr_expr__problem(c, MR_EXPR_TYPE, index->begin, index->end,
                         "An index is an integer (of a list) or a text (of a map).",
                         "`%.*s` is %s, which is no index", MR_FMT(part(c, index)),
                         types_text(c, index->types));
        wrong(n);
    } else if (!(values(base) & wanted) && values(base)) {
        mr_expr__problem(c, MR_EXPR_TYPE, n->begin, n->end,
                         values(base) & MR_TEXT && index ? "Write substr(text, from, count)."
                                                         : "A map has fields, a list has items.",
                         "`%.*s` is %s and has no %s", MR_FMT(part(c, base)),
                         types_text(c, base->types), index ? "items" : "fields");
        wrong(n);
    } else if (index && wanted == MR_LIST) {
        n->types = base->items | MR_NULL;
    }
}

/* ---- operators ---- */

static uint32_t comparable(uint32_t types)
{
    return (types & (MR_TEXT | MR_BOOL | MR_BYTES | MR_LIST)) | (types & MR_NUMBER ? MR_NUMBER : 0);
}

static bool check_pair(struct compiler *c, struct node *n, struct node *a, struct node *b,
                       bool ordered)
{
    if (a->wrong || b->wrong)
        return false;
    struct node *null = !values(a) ? a : !values(b) ? b : NULL;
    if (null && ordered) {
        mr_expr__problem(c, MR_EXPR_TYPE, n->begin, n->end, "Write `is null` or `is not null`.",
                         "an order with null is never true");
        return false;
    }
    uint32_t both = comparable(values(a)) & comparable(values(b));
    if (null || (ordered ? both & ~(uint32_t)MR_LIST : both))
        return true;
    if (both)
        mr_expr__problem(c, MR_EXPR_TYPE, n->begin, n->end, "Compare their lengths, or items.",
                         "lists have no order");
    else
        mr_expr__problem(c, MR_EXPR_TYPE, n->begin, n->end, NULL,
                         "`%.*s` is %s, `%.*s` is %s: they cannot be compared", MR_FMT(part(c, a)),
                         types_text(c, a->types), MR_FMT(part(c, b)), types_text(c, b->types));
    return false;
}

static bool check_in(struct compiler *c, struct node *n, struct node *a, struct node *b)
{
    if (a->wrong || b->wrong)
        return false;
    if (!(values(b) & (MR_LIST | MR_TEXT | MR_MAP)) && values(b)) {
        mr_expr__problem(
            c, MR_EXPR_TYPE, b->begin, b->end, "Write a list: `lang in [\"en\", \"de\"]`.",
            "`%.*s` is %s, in which nothing can be", MR_FMT(part(c, b)), types_text(c, b->types));
        return false;
    }
    uint32_t items = (values(b) & MR_LIST ? b->items & MR_ANY : 0) |
                     (values(b) & (MR_TEXT | MR_MAP) ? MR_TEXT : 0);
    if (!items || !values(a) || (comparable(values(a)) & comparable(items)))
        return true;
    mr_expr__problem(c, MR_EXPR_TYPE, n->begin, n->end, NULL,
                     "`%.*s` is %s, what is in `%.*s` is %s: it is never there", MR_FMT(part(c, a)),
                     types_text(c, a->types), MR_FMT(part(c, b)), types_text(c, items));
    return false;
}

static bool check_wanted(struct compiler *c, struct node *a, uint32_t wanted, const char *remedy,
                         const char *what)
{
    if (a->wrong)
        return false;
    if (!values(a) || (values(a) & wanted))
        return true;
    mr_expr__problem(c, MR_EXPR_TYPE, a->begin, a->end, remedy, "`%.*s` is %s, not %s",
                     MR_FMT(part(c, a)), types_text(c, a->types), what);
    return false;
}

static bool check_condition(struct compiler *c, struct node *a)
{
    return check_wanted(c, a, MR_BOOL,
                        values(a) & MR_TEXT     ? "Compare it, for instance `!= \"\"`."
                        : values(a) & MR_NUMBER ? "Compare it, for instance `!= 0`."
                                                : "Compare it, for instance `is not null`.",
                        "true or false");
}

static bool check_arithmetic(struct compiler *c, struct node *n)
{
    struct node *a = n->child[0], *b = n->count > 1 ? n->child[1] : NULL;
    bool text = n->op == OP_ADD && (values(a) & MR_TEXT) && (values(b) & MR_TEXT);
    uint32_t wanted = MR_NUMBER | (n->op == OP_ADD ? MR_TEXT : 0);
    const char *what = n->op == OP_ADD ? "a number or text" : "a number";
    bool ok = check_wanted(c, a, wanted, NULL, what);
    if (b)
        ok = check_wanted(c, b, wanted, NULL, what) && ok;
    if (!ok)
        return false;
    bool numbers = (values(a) & MR_NUMBER) && (!b || (values(b) & MR_NUMBER));
    if (b && !numbers && !text && values(a) && values(b)) {
        mr_expr__problem(c, MR_EXPR_TYPE, n->begin, n->end, "Write str(...) around the number.",
                         "`%.*s` is %s, `%.*s` is %s: they cannot be added", MR_FMT(part(c, a)),
                         types_text(c, a->types), MR_FMT(part(c, b)), types_text(c, b->types));
        return false;
    }
    bool real = n->op == OP_DIVIDE || ((values(a) | (b ? values(b) : 0)) & MR_REAL);
    bool integer = n->op != OP_DIVIDE && (values(a) & MR_INT) && (!b || (values(b) & MR_INT));
    n->types =
        (text ? MR_TEXT : 0) | (numbers && real ? MR_REAL : 0) | (numbers && integer ? MR_INT : 0);
    return true;
}

static const char *digits_of(struct compiler *c, const struct x_value *v)
{
    return v->kind == X_BIG ? mr_arena_str(c->arena, v->s).ptr
                            : mr_arena_printf(c->arena, "%llu", (unsigned long long)v->u).ptr;
}

/* A minus before a number belongs to it; below -2^63 it stays a number of many digits. */
static bool fold_minus(struct compiler *c, struct node *n)
{
    const struct x_value *v = &n->child[0]->value;
    x_wide w;
    bool folded = true;
    if (n->child[0]->kind != N_CONST || !X_IS_NUMBER(v))
        return false;
    if (v->kind == X_REAL)
        n->value = (struct x_value){.kind = X_REAL, .d = -v->d};
    else if (mr_expr__whole(v, &w))
        folded = mr_expr__from_wide(-w, &n->value);
    if (!folded || v->kind == X_BIG)
        folded =
            mr_expr__parse_number(mr_arena_printf(c->arena, "-%s", digits_of(c, v)), &n->value);
    n->kind = N_CONST;
    n->types = n->child[0]->types;
    return folded;
}

static bool check_pattern(struct compiler *c, struct node *n, struct node *pattern)
{
    size_t at;
    if (pattern->wrong)
        return false;
    if (pattern->kind != N_CONST || pattern->value.kind != X_TEXT) {
        mr_expr__problem(c, MR_EXPR_PATTERN, pattern->begin, pattern->end,
                         "Write it as a text; contains, starts_with and like take computed texts.",
                         "a regular expression is compiled once and cannot come from the row");
        return false;
    }
    struct mr_error *e = mr_pattern_compile(pattern->value.s, c->arena, &n->pattern, &at);
    if (!e)
        return true;
    mr_expr__problem(c, MR_EXPR_PATTERN, pattern->begin, pattern->end, NULL, "%s at byte %zu",
                     mr_error_message(e), at + 1);
    mr_error_free(e);
    return false;
}

static bool check_operation(struct compiler *c, struct node *n)
{
    struct node *a = n->child[0], *b = n->count > 1 ? n->child[1] : NULL;
    n->types = MR_BOOL;
    switch (n->op) {
    case OP_AND:
    case OP_OR: {
        bool left = check_condition(c, a);
        return check_condition(c, b) && left;
    }
    case OP_NOT:
        return check_condition(c, a);
    case OP_EQ:
    case OP_NE:
        return check_pair(c, n, a, b, false);
    case OP_LT:
    case OP_LE:
    case OP_GT:
    case OP_GE:
        return check_pair(c, n, a, b, true);
    case OP_BETWEEN:
    case OP_NOT_BETWEEN:
        return check_pair(c, n, a, b, true) && check_pair(c, n, a, n->child[2], true);
    case OP_IN:
    case OP_NOT_IN:
        return check_in(c, n, a, b);
    case OP_LIKE:
    case OP_NOT_LIKE:
        return check_wanted(c, a, MR_TEXT, NULL, "text") &&
               check_wanted(c, b, MR_TEXT, NULL, "text");
    case OP_MATCHES:
    case OP_NOT_MATCHES:
        return check_wanted(c, a, MR_TEXT, NULL, "text") && check_pattern(c, n, b);
    case OP_IS_NULL:
    case OP_IS_NOT_NULL:
        return !a->wrong;
    default:
        return check_arithmetic(c, n);
    }
}

static bool never_null(enum x_op op)
{
    return op == OP_IS_NULL || op == OP_IS_NOT_NULL || op == OP_EQ || op == OP_NE || op == OP_IN ||
           op == OP_NOT_IN;
}

static void visit_operation(struct compiler *c, struct node *n)
{
    bool with_null = (n->op == OP_EQ || n->op == OP_NE) &&
                     (is_null_constant(n->child[0]) || is_null_constant(n->child[1]));
    uint32_t null = 0;
    for (uint32_t i = 0; i < n->count; i++) {
        visit(c, n->child[i], with_null || n->op == OP_IS_NULL || n->op == OP_IS_NOT_NULL);
        null |= n->child[i]->types & MR_NULL;
    }
    if (n->op == OP_NEGATE && fold_minus(c, n))
        return;
    if (!check_operation(c, n))
        wrong(n);
    else if (!never_null(n->op))
        n->types |= null;
    else if (n->op == OP_IN || n->op == OP_NOT_IN)
        n->types |= n->child[1]->types & MR_NULL;
}

/* ---- lists and calls ---- */

static void visit_list(struct compiler *c, struct node *n)
{
    bool constant = true;
    n->types = MR_LIST;
    for (uint32_t i = 0; i < n->count; i++) {
        visit(c, n->child[i], false);
        if (n->child[i]->wrong)
            wrong(n);
        constant = constant && n->child[i]->kind == N_CONST;
        n->items |= n->child[i]->types;
    }
    if (!constant || n->wrong)
        return;
    struct mr_buf packed = {0};
    mr_pack_list(&packed, n->count);
    for (uint32_t i = 0; i < n->count; i++)
        mr_expr__pack(&n->child[i]->value, &packed);
    n->kind = N_CONST;
    n->value = (struct x_value){.kind = X_LIST, .s = mr_arena_str(c->arena, mr_buf_str(&packed))};
    mr_buf_finish(&packed);
}

static bool count_fits(struct compiler *c, struct node *n)
{
    const struct function *f = n->function;
    if (n->count >= f->min && (f->max == MR_EXPR__ANY_COUNT || n->count <= f->max))
        return true;
    struct mr_buf signature = {0};
    mr_expr_function_signature((size_t)(f - mr_expr__functions), &signature);
    mr_expr__problem(c, MR_EXPR_ARGUMENTS, n->begin, n->end,
                     mr_arena_printf(c->arena, "Write %s.", mr_buf_text(&signature)).ptr,
                     "%s takes %s%u value%s, not %u", f->name,
                     f->max == f->min    ? ""
                     : n->count < f->min ? "at least "
                                         : "at most ",
                     n->count < f->min ? f->min : f->max,
                     (n->count < f->min ? f->min : f->max) == 1 ? "" : "s", n->count);
    mr_buf_finish(&signature);
    return false;
}

static void call_types(struct node *n)
{
    const struct function *f = n->function;
    uint32_t types = 0, null = 0;
    for (uint32_t i = 0; i < n->count; i++) {
        const struct argument *a = &f->argument[f->max == MR_EXPR__ANY_COUNT ? 0 : i];
        if (!(a->types & MR_NULL))
            null |= n->child[i]->types & MR_NULL;
        if (i >= f->skip)
            types |= n->child[i]->types;
    }
    switch (f->rule) {
    case RESULT_FIXED:
        n->types = f->result | null;
        if (n->count == 2 && f->max == 2 && (f->argument[1].types & MR_NULL))
            n->types |= n->child[1]->types; /* `otherwise` */
        break;
    case RESULT_NUMBER:
        n->types = (types & MR_NUMBER ? types & MR_NUMBER : MR_NUMBER) | null;
        break;
    case RESULT_ITEM: {
        uint32_t items = 0;
        for (uint32_t i = 0; i < n->count; i++)
            items |= n->child[i]->types & MR_LIST ? n->child[i]->items : n->child[i]->types;
        n->types = items | MR_NULL;
        break;
    }
    case RESULT_UNION:
        n->types = types;
        n->items = MR_EXPR_UNKNOWN;
        break;
    }
    /* coalesce is null only when its last value is. */
    if (f->rule == RESULT_UNION && !f->skip && !(n->child[n->count - 1]->types & MR_NULL))
        n->types &= ~(uint32_t)MR_NULL;
    if (f->items)
        n->items = f->items;
}

static void visit_call(struct compiler *c, struct node *n)
{
    const struct function *f = n->function = mr_expr__function(n->name);
    bool asks = f && (strcmp(f->name, "has") == 0 || strcmp(f->name, "coalesce") == 0 ||
                      strcmp(f->name, "type") == 0);
    for (uint32_t i = 0; i < n->count; i++) {
        visit(c, n->child[i], asks);
        n->wrong = n->wrong || n->child[i]->wrong;
    }
    n->items = MR_EXPR_UNKNOWN;
    if (!f) {
        mr_expr__problem(c, MR_EXPR_FUNCTION, n->begin, n->begin + n->name.len,
                         mr_expr__near_function(c, n->name), "there is no function \"%.*s\"",
                         MR_FMT(n->name));
        wrong(n);
        return;
    }
    if (!count_fits(c, n))
        n->wrong = true;
    for (uint32_t i = 0; i < n->count && !n->wrong; i++) {
        const struct argument *a = &f->argument[f->max == MR_EXPR__ANY_COUNT ? 0 : i];
        const char *what = mr_arena_printf(c->arena, "%s as `%s` of %s takes it",
                                           types_text(c, a->types), a->name, f->name)
                               .ptr;
        if (!check_wanted(c, n->child[i], a->types & MR_ANY, NULL, what))
            n->wrong = true;
    }
    if (!n->wrong && strcmp(f->name, "extract") == 0 && !check_pattern(c, n, n->child[1]))
        n->wrong = true;
    if (n->wrong)
        wrong(n);
    else
        call_types(n);
}

static void visit(struct compiler *c, struct node *n, bool asked)
{
    switch (n->kind) {
    case N_CONST:
        n->types = mr_expr__type(&n->value);
        break;
    case N_KEY:
        visit_key(c, n, asked);
        break;
    case N_FIELD:
    case N_INDEX:
        visit_path(c, n, asked);
        break;
    case N_LIST:
        visit_list(c, n);
        break;
    case N_CALL:
        visit_call(c, n);
        break;
    case N_OP:
        visit_operation(c, n);
        break;
    }
}

void mr_expr__check(struct compiler *c, struct node *root)
{
    visit(c, root, false);
    check_keys(c);
}
