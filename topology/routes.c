/* Routes of a stage: rows that go on leave by the first route whose expression is true. Here their
 * grammar, and their expressions checked against the keys that are there. */
#include "topology/topology_private.h"

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

/* `{x: len(a, b) > 3}`: the comma made two of one. */
static bool is_rest_of_other(const struct pair *pair)
{
    return mr_node__is_null(pair->value) && pair->key->plain && !route_name_ok(pair->key->text);
}

static void take_route(struct compile *c, struct topo_route *r, const struct pair *pair)
{
    const struct node *key = pair->key;
    *r = (struct topo_route){.name = key->text, .at = key->at, .node = pair->value};
    bool named = route_name_ok(key->text) && !is_reserved(key->text);
    if (!named)
        r->readers = 1; /* what cannot be read is not missed */
    if (is_rest_of_other(pair)) {
        TOPO_ERROR(c, MR_TOPOLOGY_ROUTE, &key->at,
                   "Inside { } an expression with a comma must stand in quotes.",
                   "\"%.*s\" is neither a route nor a part of one", MR_FMT(key->text));
        return;
    }
    if (!route_name_ok(key->text))
        TOPO_ERROR(c, MR_TOPOLOGY_ROUTE, &key->at,
                   "Use small letters, digits and underscores, a letter first, at most 63.",
                   "\"%.*s\" cannot be the name of a route", MR_FMT(key->text));
    else if (!named)
        TOPO_ERROR(c, MR_TOPOLOGY_ROUTE, &key->at, "Give the route another name.",
                   "\"%.*s\" is a name that every stage uses itself", MR_FMT(key->text));
    if (r->node->kind != NODE_SCALAR || mr_node__is_null(r->node))
        TOPO_ERROR(c, MR_TOPOLOGY_ROUTE, &r->node->at,
                   "Write a condition over the keys of the row, such as score >= 3.",
                   "route \"%.*s\" has no expression", MR_FMT(key->text));
    else
        r->text = r->node->text;
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
    for (size_t i = 0; i < n->count; i++)
        take_route(c, &item->routes[item->route_count++], &n->pairs[i]);
    return true;
}

/* Routes beside the operator's own ways to leave: one name, one meaning. */
void mr_topology__route_names(struct compile *c, const struct item *item)
{
    for (size_t i = 0; i < item->route_count; i++)
        for (const struct mr_outcome *o = item->op ? item->op->outcomes : NULL; o && o->name; o++)
            if (mr_str_is(item->routes[i].name, o->name))
                item->routes[i].readers = 1,
                TOPO_ERROR(c, MR_TOPOLOGY_ROUTE, &item->routes[i].at,
                           "Give the route another name.", "rows leave %s as \"%s\" already",
                           item->op->name, o->name);
}

int mr_topology__route_find(const struct item *item, struct mr_str name)
{
    for (size_t i = 0; i < item->route_count; i++)
        if (mr_str_eq(item->routes[i].name, name))
            return (int)i;
    return -1;
}

void mr_topology__check_routes(struct compile *c, struct item *item)
{
    for (size_t i = 0; i < item->route_count; i++) {
        struct topo_route *r = &item->routes[i];
        if (!r->text.ptr || r->node->unresolved)
            continue; /* said before */
        for (size_t k = 0; k < i; k++)
            if (item->routes[k].text.ptr && mr_str_eq(item->routes[k].text, r->text))
                TOPO_WARNING(
                    c, MR_TOPOLOGY_UNREACHABLE, &r->at, "Remove it, or correct one of both.",
                    "no row takes route \"%.*s\": \"%.*s\" before it has the same expression",
                    MR_FMT(r->name), MR_FMT(item->routes[k].name));
        const char *label = mr_topology__text(c, "route \"%.*s\"", MR_FMT(r->name));
        r->expr = mr_topology__expr(c, item->schema, r->node, r->text, MR_BOOL, label);
        if (r->expr && mr_expr_constant(r->expr))
            TOPO_ERROR(c, MR_TOPOLOGY_ROUTE, &r->node->at,
                       "Name a key; texts stand in quotes, keys do not.",
                       "%s: the expression names no key: all rows take it, or none", label);
    }
}
