/* Routes of a stage: rows that go on leave by the first route whose expression is true. Here their
 * grammar, and their expressions checked against the keys that are there. */
#include "topology/topology_private.h"

#include "runtime/expr/expr.h"

/* What topics of a stage are called besides its routes. */
static const char reserved[] = "out dead drops retry bad_input too_large crash error";

static bool route_name_ok(struct mr_str name)
{
    if (name.len == 0 || name.len > NAME_MAX_BYTES || name.ptr[0] < 'a' || name.ptr[0] > 'z')
        return false;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'))
            return false;
    }
    return true;
}

static bool is_reserved(struct mr_str name)
{
    for (const char *word = reserved; *word; word += strspn(word, " ")) {
        size_t len = strcspn(word, " ");
        if (mr_str_eq(name, mr_str_span(word, len)))
            return true;
        word += len;
    }
    return false;
}

bool mr_topology__set_route(struct compile *c, struct item *item, struct node *n)
{
    if (n->kind != NODE_MAP || !n->count)
        return TOPO_ERROR(c, MR_TOPOLOGY_ROUTE, &n->at, NULL,
                          "routes are expected here: {NAME: EXPRESSION}");
    if (n->count > ROUTES_MAX)
        return TOPO_ERROR(c, MR_TOPOLOGY_ROUTE, &n->at, "Split them over several stages.",
                          "%zu routes are declared; %d is the most", n->count, ROUTES_MAX);
    item->routes = mr_arena_zalloc(c->arena, n->count * sizeof *item->routes);
    for (size_t i = 0; i < n->count; i++) {
        const struct node *key = n->pairs[i].key;
        struct topo_route *r = &item->routes[item->route_count++];
        *r = (struct topo_route){.name = key->text, .at = key->at, .node = n->pairs[i].value};
        if (!route_name_ok(key->text))
            TOPO_ERROR(c, MR_TOPOLOGY_ROUTE, &key->at,
                       "Use small letters, digits and underscores, a letter first, at most 63.",
                       "\"%.*s\" cannot be the name of a route", MR_FMT(key->text));
        else if (is_reserved(key->text))
            TOPO_ERROR(c, MR_TOPOLOGY_ROUTE, &key->at, "Give the route another name.",
                       "every stage has a \"%.*s\" of its own", MR_FMT(key->text));
        if (r->node->kind != NODE_SCALAR || mr_node__is_null(r->node))
            TOPO_ERROR(c, MR_TOPOLOGY_ROUTE, &r->node->at,
                       "Write a condition over the keys of the row, such as score >= 3.",
                       "route \"%.*s\" has no expression", MR_FMT(key->text));
        else
            r->text = r->node->text;
    }
    return true;
}

/* Routes beside the operator's own ways to leave: one name, one meaning. */
void mr_topology__route_names(struct compile *c, const struct item *item)
{
    for (size_t i = 0; i < item->route_count; i++)
        for (const struct mr_outcome *o = item->op ? item->op->outcomes : NULL; o && o->name; o++)
            if (mr_str_is(item->routes[i].name, o->name))
                TOPO_ERROR(c, MR_TOPOLOGY_ROUTE, &item->routes[i].at, "Give the route another name.",
                           "rows leave %s as \"%s\" already", item->op->name, o->name);
}

int mr_topology__route_find(const struct item *item, struct mr_str name)
{
    for (size_t i = 0; i < item->route_count; i++)
        if (mr_str_eq(item->routes[i].name, name))
            return (int)i;
    return -1;
}

/* ---- expressions ---- */

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

static void report(struct compile *c, const struct topo_route *r,
                   const struct mr_expr_problems *found, enum mr_severity severity)
{
    for (size_t i = 0; i < found->count; i++) {
        const struct mr_expr_problem *p = &found->list[i];
        struct place at = mr_topology__inside(c, r->node, p->at, p->length);
        mr_topology__problem(c, severity, p->code, &at, p->remedy, "route \"%.*s\": %s%s",
                             MR_FMT(r->name), p->fact,
                             severity == MR_PROBLEM_WARNING ? ", as far as the sample shows" : "");
    }
}

/* Keys that no sampled row had: most likely a slip. */
static void check_seen(struct compile *c, const struct topo_route *r, const struct flow_schema *s)
{
    for (size_t i = 0; i < mr_expr_key_count(r->expr); i++) {
        const struct mr_expr_key *key = mr_expr_key(r->expr, i);
        struct place at = mr_topology__inside(c, r->node, key->at, key->length);
        if (!key->optional && !s->unknown && s->open && !mr_schema__find(s, key->name))
            TOPO_WARNING(c, MR_EXPR_KEY, &at, mr_topology__keys_there(c, s, key->name),
                         "route \"%.*s\": key \"%.*s\" is on none of the %zu sampled rows",
                         MR_FMT(r->name), MR_FMT(key->name), s->sample_rows);
    }
}

void mr_topology__check_routes(struct compile *c, struct item *item)
{
    for (size_t i = 0; i < item->route_count; i++) {
        struct topo_route *r = &item->routes[i];
        struct known known = {item->schema, false};
        struct mr_expr_keys keys = {types_of, name_at, &known};
        struct mr_expr_problems found = {0};
        if (!r->text.ptr || r->node->unresolved)
            continue; /* said before */
        for (size_t k = 0; k < i; k++)
            if (item->routes[k].text.ptr && mr_str_eq(item->routes[k].text, r->text))
                TOPO_WARNING(c, MR_TOPOLOGY_UNREACHABLE, &r->at, "Remove it, or correct one of both.",
                             "no row takes route \"%.*s\": \"%.*s\" before it has the same expression",
                             MR_FMT(r->name), MR_FMT(item->routes[k].name));
        mr_error_free(mr_expr_compile(r->text, &keys, c->arena, &r->expr, &found));
        report(c, r, &found, MR_PROBLEM_ERROR);
        if (!r->expr)
            continue;
        check_seen(c, r, item->schema);
        if (!(mr_expr_types(r->expr) & MR_BOOL)) {
            TOPO_ERROR(c, MR_EXPR_RESULT, &r->node->at, NULL,
                       "route \"%.*s\": the expression is neither true nor false", MR_FMT(r->name));
            continue;
        }
        struct mr_expr *again = NULL;
        known.sampled = true;
        mr_error_free(mr_expr_compile(r->text, &keys, c->arena, &again, &found));
        if (!again)
            report(c, r, &found, MR_PROBLEM_WARNING);
    }
}
