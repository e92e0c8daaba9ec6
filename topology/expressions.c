/* Expressions of a topology, in routes and parameters, checked against the keys that are there. */
#include "topology/topology_private.h"

#include "runtime/op/describe.h"

struct known {
    const struct flow_schema *schema;
    bool sampled; /* believe what a sample showed, too */
};

static uint32_t types_of(void *arg, struct mr_str name)
{
    const struct known *k = arg;
    const struct flow_key *key = mr_schema__find(k->schema, name);
    bool open = k->schema->open || k->schema->unknown;
    if (!key)
        return open ? MR_EXPR_UNKNOWN : 0;
    if (key->gone)
        return 0;
    if (!key->certain && !k->sampled)
        return MR_EXPR_UNKNOWN;
    return key->types | (key->always ? 0 : (uint32_t)MR_NULL);
}

static struct mr_str name_at(void *arg, size_t i)
{
    const struct known *k = arg;
    for (size_t at = 0; at < k->schema->count; at++)
        if (!k->schema->keys[at].gone && i-- == 0)
            return k->schema->keys[at].name;
    return (struct mr_str){0};
}

static void report(struct compile *c, const struct node *n, const char *label,
                   const struct mr_expr_problems *found, enum mr_severity severity)
{
    for (size_t i = 0; i < found->count; i++) {
        const struct mr_expr_problem *p = &found->list[i];
        struct place at = mr_topology__inside(c, n, p->at, p->length);
        mr_topology__problem(c, severity, p->code, &at, p->remedy, "%s: %s%s", label, p->fact,
                             severity == MR_PROBLEM_WARNING ? ", as far as the sample shows" : "");
    }
}

/* Keys that no sampled row had: most likely a slip. */
static void check_seen(struct compile *c, const struct node *n, const char *label,
                       const struct mr_expr *expr, const struct flow_schema *s)
{
    for (size_t i = 0; i < mr_expr_key_count(expr); i++) {
        const struct mr_expr_key *key = mr_expr_key(expr, i);
        struct place at = mr_topology__inside(c, n, key->at, key->length);
        if (!key->optional && !s->unknown && s->open && s->sample_rows &&
            !mr_schema__find(s, key->name))
            TOPO_WARNING(c, MR_EXPR_KEY, &at, mr_topology__keys_there(c, s, key->name),
                         "%s: key \"%.*s\" is on none of the %zu sampled rows", label,
                         MR_FMT(key->name), s->sample_rows);
    }
}

static bool check_result(struct compile *c, const struct node *n, const char *label,
                         const struct mr_expr *expr, uint32_t wanted)
{
    struct mr_buf gives = {0};
    if (mr_expr_types(expr) & wanted)
        return true;
    mr_describe_types(mr_expr_types(expr), &gives);
    if (wanted == MR_BOOL)
        TOPO_ERROR(c, MR_EXPR_RESULT, &n->at, NULL,
                   "%s: the expression gives %s, neither true nor false", label,
                   mr_buf_text(&gives));
    else
        TOPO_ERROR(c, MR_EXPR_RESULT, &n->at, NULL, "%s: the expression gives %s", label,
                   mr_buf_text(&gives));
    mr_buf_finish(&gives);
    return false;
}

struct mr_expr *mr_topology__expr(struct compile *c, const struct flow_schema *in,
                                  const struct node *n, struct mr_str text, uint32_t wanted,
                                  const char *label)
{
    struct known known = {in, false};
    struct mr_expr_keys keys = {types_of, name_at, &known};
    struct mr_expr_problems found = {.count = 0};
    struct mr_expr *expr = NULL, *again = NULL;
    mr_error_free(mr_expr_compile(text, &keys, c->arena, &expr, &found));
    report(c, n, label, &found, MR_PROBLEM_ERROR);
    if (!expr)
        return NULL;
    check_seen(c, n, label, expr, in);
    if (!check_result(c, n, label, expr, wanted))
        return expr;
    known.sampled = true;
    mr_error_free(mr_expr_compile(text, &keys, c->arena, &again, &found));
    if (!again)
        report(c, n, label, &found, MR_PROBLEM_WARNING);
    return expr;
}

/* ---- branches of a union ---- */

/* What is right for the rows of one branch may be wrong for all those of another. Warnings only: a
 * part that is wrong there need not be worked out for them. */
static void check_branches(struct compile *c, const struct item *item, const struct node *n,
                           struct mr_str text, const char *label)
{
    for (size_t b = 0; item->from_count > 1 && b < item->from_count; b++) {
        const struct ref *from = &item->from[b];
        struct flow_schema *one = mr_topology__branch_schema(c, from);
        struct known known = {one, false};
        struct mr_expr_keys keys = {types_of, name_at, &known};
        struct mr_expr_problems found = {.count = 0};
        struct mr_expr *expr;
        if (!one)
            continue;
        mr_error_free(mr_expr_compile(text, &keys, c->arena, &expr, &found));
        for (size_t i = 0; i < found.count; i++) {
            const struct mr_expr_problem *p = &found.list[i];
            struct place at = mr_topology__inside(c, n, p->at, p->length);
            if (p->code == MR_EXPR_TYPE)
                TOPO_WARNING(c, p->code, &at,
                             "Such rows are rejected as bad_input: bring the key to one type before "
                             "the branches meet.",
                             "%s: on rows from \"%.*s\" %s", label, MR_FMT(from->text), p->fact);
        }
    }
}

/* ---- parameters that are expressions ---- */

static const struct node *given_node(const struct item *item, const struct mr_param *p)
{
    for (size_t i = 0; i < item->given_count; i++)
        if (mr_param_find(item->op->params, item->givens[i].key->text) == p)
            return item->givens[i].value;
    return NULL;
}

static void check_param(struct compile *c, struct item *item, const struct mr_param *p)
{
    const void *field = (const char *)item->params + p->offset;
    struct mr_strs list = {field, 1};
    struct node nowhere = {.at = item->use_at}; /* a default */
    const struct node *given = given_node(item, p);
    if (p->type == MR_P_TEXTS)
        list = *(const struct mr_strs *)field;
    else if (!list.items->ptr)
        return;
    struct topo_expr *exprs =
        mr_arena_alloc(c->arena, (item->expr_count + list.count + 1) * sizeof *exprs);
    if (item->expr_count)
        memcpy(exprs, item->exprs, item->expr_count * sizeof *exprs);
    item->exprs = exprs;
    for (size_t i = 0; i < list.count; i++) {
        const struct node *n = given ? given : &nowhere;
        if (n->kind == NODE_LIST && n->count == list.count)
            n = n->items[i];
        const char *label = mr_topology__text(c, "`%s`", p->name);
        struct mr_expr *expr =
            mr_topology__expr(c, item->schema_in, n, list.items[i], p->expr, label);
        if (expr)
            check_branches(c, item, n, list.items[i], label);
        exprs[item->expr_count++] = (struct topo_expr){p, i, expr};
        for (size_t k = 0; expr && k < mr_expr_key_count(expr); k++)
            mr_topology__note_read(c, item, mr_expr_key(expr, k)->name);
    }
}

/* Roles whose keys get the values of expressions, one each. */
static void check_counts(struct compile *c, const struct item *item)
{
    for (size_t r = 0; r < item->role_count; r++) {
        const struct topo_role *role = &item->roles[r];
        size_t count = 0;
        for (size_t i = 0; role->key->type_param && i < item->expr_count; i++)
            count += strcmp(item->exprs[i].param->name, role->key->type_param) == 0;
        if (count && role->count != count)
            TOPO_ERROR(c, MR_OP_ROLE_VALUE, &role->at, "Give one expression for each key.",
                       "`%s` has %zu key%s, `%s` %zu expression%s", role->key->name, role->count,
                       role->count == 1 ? "" : "s", role->key->type_param, count,
                       count == 1 ? "" : "s");
    }
}

void mr_topology__check_exprs(struct compile *c, struct item *item)
{
    for (const struct mr_param *p = item->op->params; p && p->name && item->params; p++)
        if (p->expr)
            check_param(c, item, p);
    check_counts(c, item);
}

uint32_t mr_topology__expr_types(const struct item *item, const char *param, size_t i)
{
    for (size_t k = 0; k < item->expr_count; k++)
        if (item->exprs[k].index == i && strcmp(item->exprs[k].param->name, param) == 0)
            return item->exprs[k].expr ? mr_expr_types(item->exprs[k].expr) : MR_EXPR_UNKNOWN;
    return 0;
}
