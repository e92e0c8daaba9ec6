/* One stage, source or sink as it stands in the file, short form and long form alike. */
#include "topology/topology_private.h"

static struct item *item_new(struct compile *c, enum mr_stage_kind kind, struct place at)
{
    struct topo *t = c->topo;
    if (t->count == t->capacity) {
        size_t capacity = t->capacity ? 2 * t->capacity : 16;
        struct item *more = mr_arena_zalloc(c->arena, capacity * sizeof *more);
        if (t->count)
            memcpy(more, t->items, t->count * sizeof *more);
        t->items = more;
        t->capacity = capacity;
    }
    struct item *item = &t->items[t->count++];
    *item = (struct item){
        .kind = kind, .at = at, .use_at = at, .stage = MR_PLAN_NONE, .prepare_stage = MR_PLAN_NONE};
    return item;
}

/* What other designs have and this version does not, each with what to do instead. */
static const char *not_available(struct mr_str name)
{
    static const char *const rows[][2] = {
        {"outputs", "Routes (`route: {NAME: EXPRESSION}`) and outcomes are outputs by themselves: read"
                    " them with `from: stage.NAME`."},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (mr_str_is(name, rows[i][0]))
            return rows[i][1];
    return NULL;
}

static void unknown_setting(struct compile *c, const struct node *key, int kind, const char *what)
{
    const char *instead = not_available(key->text);
    if (instead) {
        TOPO_ERROR(c, MR_TOPOLOGY_NOT_AVAILABLE, &key->at, instead, "`%.*s` is not available",
                   MR_FMT(key->text));
        return;
    }
    struct near near;
    mr_near__begin(&near, key->text);
    mr_topology__near_settings(&near, kind);
    TOPO_ERROR(c, MR_TOPOLOGY_KEY, &key->at, mr_near__text(&near, c->arena),
               "%s has no setting \"%.*s\"", what, MR_FMT(key->text));
}

/* The default id of a stage: the last part of its operator's canonical name, with dashes. */
static void default_id(struct compile *c, struct item *item)
{
    const struct mr_op *op =
        item->use.len ? mr_registry_find(c->options->registry, item->use) : NULL;
    struct mr_str name = op ? mr_str_of(op->name) : item->use;
    for (size_t i = name.len; i > 0; i--)
        if (name.ptr[i - 1] == '.') {
            name = mr_str_span(name.ptr + i, name.len - i);
            break;
        }
    char *text = mr_arena_alloc(c->arena, name.len + 1);
    for (size_t i = 0; i < name.len; i++)
        text[i] = name.ptr[i] == '_' ? '-' : name.ptr[i];
    text[name.len] = '\0';
    item->id = mr_str_span(text, name.len);
}

static void short_form(struct compile *c, struct item *item, struct pair *pair)
{
    item->use = pair->key->text;
    item->use_at = pair->key->at;
    item->mixed = true;
    if (mr_node__is_null(pair->value))
        return;
    if (pair->value->kind != NODE_MAP) {
        TOPO_ERROR(c, MR_TOPOLOGY_SHAPE, &pair->value->at, NULL,
                   "parameters and keys are expected here: {name: value}");
        return;
    }
    struct node *map = pair->value;
    item->givens = mr_arena_zalloc(c->arena, (map->count + 1) * sizeof *item->givens);
    for (size_t i = 0; i < map->count; i++)
        item->givens[item->given_count++] =
            (struct given){.key = map->pairs[i].key, .value = map->pairs[i].value};
}

static void long_form(struct compile *c, struct item *item, struct node *n)
{
    for (size_t i = 0; i < n->count; i++) {
        struct pair *pair = &n->pairs[i];
        if (mr_topology__setting(c, item, ON_STAGE, pair))
            continue;
        /* `- operator: {…}` with settings beside it: one form or the other. */
        if (!item->use.len && !mr_node__get(n, "use") &&
            mr_registry_find(c->options->registry, pair->key->text)) {
            TOPO_ERROR(c, MR_TOPOLOGY_SHAPE, &pair->key->at,
                       mr_topology__text(c,
                                         "Write `use: %.*s` and put its parameters under `with`, "
                                         "its keys under `keys`.",
                                         MR_FMT(pair->key->text)),
                       "the short form has no settings beside the operator");
            item->use = pair->key->text;
            item->use_at = pair->key->at;
            continue;
        }
        unknown_setting(c, pair->key, ON_STAGE, "a stage");
    }
    if (!item->use.len && !mr_node__get(n, "use"))
        TOPO_ERROR(c, MR_TOPOLOGY_SHAPE, &n->at,
                   "Write `use: OPERATOR`, or the short form `- OPERATOR: {...}`.",
                   "the stage does not say which operator it uses");
}

void mr_topology__stage(struct compile *c, struct node *n)
{
    if (mr_node__is_null(n) || n->kind == NODE_LIST) {
        TOPO_ERROR(c, MR_TOPOLOGY_SHAPE, &n->at, NULL, "a stage is expected here");
        return;
    }
    struct item *item = item_new(c, MR_STAGE_OPERATOR, n->at);
    if (n->kind == NODE_SCALAR) {
        item->use = n->text;
        item->mixed = true;
    } else if (n->count == 1 && !mr_topology__is_setting(ON_STAGE, n->pairs[0].key->text) &&
               !not_available(n->pairs[0].key->text)) {
        item->at = n->pairs[0].key->at;
        short_form(c, item, &n->pairs[0]);
    } else {
        if (n->count)
            item->at = n->pairs[0].key->at;
        long_form(c, item, n);
    }
    if (!item->id.len)
        default_id(c, item);
}

/* ---- sources and sinks ---- */

/* The first type, whose own parameter a bare text or list stands for. */
static const char *leading_name(const struct compile *c, bool source)
{
    const struct mr_connectors *k = c->options->connectors;
    if (source)
        return k && k->sources && k->sources[0] ? k->sources[0]->name : NULL;
    return k && k->sinks && k->sinks[0] ? k->sinks[0]->name : NULL;
}

static bool is_type(const struct compile *c, bool source, struct mr_str name)
{
    return source ? mr_source_find(c->options->connectors, name) != NULL
                  : mr_sink_find(c->options->connectors, name) != NULL;
}

static void connector(struct compile *c, struct item *item, struct node *n, bool source)
{
    int kind = source ? ON_SOURCE : ON_SINK;
    if (n->kind != NODE_MAP) {
        const char *name = leading_name(c, source);
        if (mr_node__is_null(n) || !name) {
            TOPO_ERROR(c, MR_TOPOLOGY_SHAPE, &n->at, NULL, "a %s is expected here: {%s: ...}",
                       source ? "source" : "sink", source ? "files" : "file");
            return;
        }
        struct node *key = mr_arena_zalloc(c->arena, sizeof *key);
        *key = (struct node){.kind = NODE_SCALAR, .at = n->at, .text = mr_str_of(name)};
        item->use = key->text;
        item->givens = mr_arena_zalloc(c->arena, sizeof *item->givens);
        item->givens[item->given_count++] = (struct given){.key = key, .value = n};
        return;
    }
    item->givens = mr_arena_zalloc(c->arena, (n->count + 1) * sizeof *item->givens);
    for (size_t i = 0; i < n->count; i++) {
        struct pair *pair = &n->pairs[i];
        if (mr_topology__setting(c, item, kind, pair))
            continue;
        if (!item->use.len && !mr_node__get(n, "type") && is_type(c, source, pair->key->text)) {
            item->use = pair->key->text;
            item->use_at = pair->key->at;
        }
        item->givens[item->given_count++] = (struct given){.key = pair->key, .value = pair->value};
    }
}

void mr_topology__source_item(struct compile *c, struct node *name, struct node *n)
{
    struct item *item = item_new(c, MR_STAGE_SOURCE, name->at);
    item->id = name->text;
    connector(c, item, n, true);
}

void mr_topology__sink_item(struct compile *c, struct node *name, struct node *n)
{
    struct item *item = item_new(c, MR_STAGE_SINK, name->at);
    item->id = name->text;
    connector(c, item, n, false);
}
