/* Names to things: operators, connectors, their parameters and roles; each value parsed once. */
#include "topology/topology_private.h"

#include <stdlib.h>

static const struct mr_param *params_of(const struct item *item, size_t *size)
{
    *size = item->op       ? item->op->params_size
            : item->source ? item->source->params_size
                           : item->sink->params_size;
    return item->op ? item->op->params : item->source ? item->source->params : item->sink->params;
}

static const char *name_of(const struct item *item)
{
    return item->op ? item->op->name : item->source ? item->source->name : item->sink->name;
}

/* ---- --set stage.parameter=value ---- */

static void override_one(struct compile *c, struct item *item, struct mr_str param,
                         struct mr_str whole, struct mr_str value)
{
    struct node *nodes = mr_arena_zalloc(c->arena, 2 * sizeof *nodes);
    struct place at = {.from = mr_arena_printf(c->arena, "--set %.*s", MR_FMT(whole))};
    nodes[0] = (struct node){.kind = NODE_SCALAR, .at = at, .text = param, .plain = true};
    nodes[1] = (struct node){.kind = NODE_SCALAR, .at = at, .text = value, .plain = true};
    struct given *list = mr_arena_zalloc(c->arena, (item->given_count + 1) * sizeof *list);
    size_t count = 0;
    size_t size;
    const struct mr_param *p = mr_param_find(params_of(item, &size), param);
    const struct mr_key *role = item->op ? mr_topology__role_find(item->op, param) : NULL;
    for (size_t i = 0; i < item->given_count; i++) {
        struct mr_str name = item->givens[i].key->text;
        bool same =
            mr_str_eq(name, param) || (p && mr_param_find(params_of(item, &size), name) == p);
        if (!same)
            list[count++] = item->givens[i];
    }
    struct given given = {.key = &nodes[0], .value = &nodes[1]};
    if (role && !item->mixed) {
        struct given *keys = mr_arena_zalloc(c->arena, (item->key_count + 1) * sizeof *keys);
        size_t kept = 0;
        for (size_t i = 0; i < item->key_count; i++)
            if (mr_topology__role_find(item->op, item->keys[i].key->text) != role)
                keys[kept++] = item->keys[i];
        keys[kept++] = given;
        item->keys = keys;
        item->key_count = kept;
        return;
    }
    list[count++] = given;
    item->givens = list;
    item->given_count = count;
}

static void overrides(struct compile *c, struct item *item)
{
    for (size_t i = 0; i < c->options->set_count; i++) {
        struct mr_str name = c->options->sets[i].name;
        if (name.len > item->id.len + 1 && mr_str_starts(name, item->id) &&
            name.ptr[item->id.len] == '.') {
            struct mr_str param =
                mr_str_span(name.ptr + item->id.len + 1, name.len - item->id.len - 1);
            c->set_used[i] = true;
            override_one(c, item, param, name, c->options->sets[i].value);
        }
    }
}

/* ---- parameters ---- */

/* The key that told the connector's type holds its main parameter, whatever that is called. */
static const struct mr_param *leading_param(const struct item *item, struct mr_str name)
{
    bool names_type =
        (item->source && mr_str_eq(name, item->use)) || (item->sink && mr_str_eq(name, item->use));
    size_t size;
    for (const struct mr_param *p = params_of(item, &size); names_type && p && p->name; p++)
        if (!p->def && !p->nullable)
            return p;
    return NULL;
}

static const char *parameters_of(struct compile *c, const struct item *item)
{
    size_t size;
    struct mr_buf names = {0};
    for (const struct mr_param *p = params_of(item, &size); p && p->name; p++)
        mr_buf_printf(&names, "%s`%s`", names.len ? ", " : "", p->name);
    const char *text = mr_topology__text(c, "Its parameters: %s.", mr_buf_text(&names));
    mr_buf_finish(&names);
    return text;
}

static void unknown_name(struct compile *c, const struct item *item, const struct node *key)
{
    size_t size;
    int kind = item->op ? ON_STAGE : item->source ? ON_SOURCE : ON_SINK;
    const char *remedy = NULL;
    if (item->op && mr_topology__role_find(item->op, key->text)) {
        remedy = "Put it under `keys`.";
    } else if (item->mixed && mr_topology__is_setting(kind, key->text)) {
        remedy =
            mr_topology__text(c,
                              "`%.*s` is a setting of the stage: write `use: %s`, `with: {...}`"
                              " and `%.*s` beside each other.",
                              MR_FMT(key->text), name_of(item), MR_FMT(key->text));
    } else {
        struct near near;
        mr_near__begin(&near, key->text);
        for (const struct mr_param *p = params_of(item, &size); p && p->name; p++)
            mr_near__try(&near, mr_str_of(p->name));
        for (const struct mr_key *k = item->mixed && item->op ? item->op->keys : NULL; k && k->name;
             k++)
            if (k->access != MR_PREPARED)
                mr_near__try(&near, mr_str_of(k->name));
        if (!item->op)
            mr_topology__near_settings(&near, kind);
        remedy = mr_near__text(&near, c->arena);
        if (!remedy)
            remedy = item->op ? mr_topology__text(c, "See `millrace ops show %s`.", name_of(item))
                              : parameters_of(c, item);
    }
    TOPO_ERROR(c, MR_OP_NAME_UNKNOWN, &key->at, remedy, "%s has no parameter%s \"%.*s\"",
               name_of(item), item->mixed ? " or key role" : "", MR_FMT(key->text));
}

static bool take_param(struct compile *c, struct item *item, const struct mr_param *p,
                       const struct given *g, void *scratch)
{
    struct mr_str text;
    bool null;
    for (size_t i = 0; i < item->setting_count; i++)
        if (mr_str_is(item->settings[i].name, p->name))
            return TOPO_ERROR(c, MR_OP_PARAM_VALUE, &g->key->at, NULL, "`%s` is given twice",
                              p->name);
    if (!mr_topology__param_text(c, p, g->value, &text, &null))
        return false;
    struct mr_error *e = mr_param_parse(p, text, null, c->arena, scratch);
    if (e) {
        const char *remedy =
            item->op ? mr_topology__text(c, "See `millrace ops show %s`.", item->op->name) : p->doc;
        TOPO_ERROR(c, MR_OP_PARAM_VALUE, &g->value->at, remedy, "%s", mr_error_message(e));
        mr_error_free(e);
        return false;
    }
    item->settings[item->setting_count] = (struct mr_setting){mr_str_of(p->name), text, null};
    item->settings_at[item->setting_count++] = g->value->at;
    return true;
}

static bool missing_params(struct compile *c, struct item *item, const struct mr_param *table)
{
    bool ok = true;
    for (const struct mr_param *p = table; p && p->name; p++) {
        bool given = p->def || p->nullable;
        for (size_t i = 0; i < item->given_count && !given; i++)
            given = mr_param_find(table, item->givens[i].key->text) == p ||
                    leading_param(item, item->givens[i].key->text) == p;
        if (given)
            continue;
        struct mr_buf expected = {0};
        mr_param_expected(p, &expected);
        ok = TOPO_ERROR(c, MR_OP_PARAM_MISSING, &item->use_at,
                        mr_topology__text(c, "Add `%s:` with %s. %s", p->name,
                                          mr_buf_text(&expected), p->doc ? p->doc : ""),
                        "parameter `%s` of %s is missing", p->name, name_of(item));
        mr_buf_finish(&expected);
    }
    return ok;
}

/* The place of the parameter that a message names, else of the stage. */
static struct place blamed(const struct item *item, const char *message)
{
    for (size_t i = 0; i < item->setting_count; i++) {
        const char *at = strstr(message, item->settings[i].name.ptr);
        if (at && at > message && strchr("`\"'", at[-1]) &&
            strchr("`\"'", at[item->settings[i].name.len]))
            return item->settings_at[i];
    }
    return item->setting_count ? item->settings_at[item->setting_count - 1] : item->use_at;
}

static bool cross_check(struct compile *c, struct item *item)
{
    struct mr_error *(*check)(const void *) = item->op       ? item->op->check
                                              : item->source ? item->source->check
                                                             : item->sink->check;
    size_t size;
    const struct mr_param *table = params_of(item, &size);
    void *params = mr_arena_zalloc(c->arena, size + 1);
    struct mr_error *e =
        mr_params_fill(table, item->settings, item->setting_count, c->arena, params);
    if (!e && check)
        e = check(params);
    if (!e) {
        item->params = params;
        return true;
    }
    struct place at = blamed(item, mr_error_message(e));
    bool own = mr_error_code(e) != MR_PARAM_INVALID;
    const char *remedy = own && *mr_error_remedy_text(e) ? mr_error_remedy_text(e) : NULL;
    if (!own && item->op)
        remedy = mr_topology__text(c, "See `millrace ops show %s`.", item->op->name);
    TOPO_ERROR(c, own ? mr_error_code(e) : MR_OP_PARAM_VALUE, &at, remedy, "%s",
               mr_error_message(e));
    mr_error_free(e);
    return false;
}

static bool resolve_params(struct compile *c, struct item *item)
{
    size_t size;
    const struct mr_param *table = params_of(item, &size);
    void *scratch = mr_arena_zalloc(c->arena, size + 1);
    bool ok = true;
    item->settings = mr_arena_zalloc(c->arena, (item->given_count + 1) * sizeof *item->settings);
    item->settings_at =
        mr_arena_zalloc(c->arena, (item->given_count + 1) * sizeof *item->settings_at);
    for (size_t i = 0; i < item->given_count; i++) {
        struct given *g = &item->givens[i];
        const struct mr_param *p = mr_param_find(table, g->key->text);
        if (g->taken)
            continue;
        if (!p)
            p = leading_param(item, g->key->text);
        if (p)
            ok = take_param(c, item, p, g, scratch) && ok;
        else
            unknown_name(c, item, g->key), ok = false;
    }
    ok = missing_params(c, item, table) && ok;
    return ok && cross_check(c, item);
}

/* ---- operators and connectors ---- */

static struct mr_str lower(struct compile *c, struct mr_str text)
{
    char *copy = mr_arena_alloc(c->arena, text.len + 1);
    for (size_t i = 0; i < text.len; i++)
        copy[i] = text.ptr[i] >= 'A' && text.ptr[i] <= 'Z' ? (char)(text.ptr[i] + 32) : text.ptr[i];
    copy[text.len] = '\0';
    return mr_str_span(copy, text.len);
}

static void resolve_operator(struct compile *c, struct item *item)
{
    if (!item->use.len)
        return; /* said by the grammar */
    item->op = mr_registry_find(c->options->registry, item->use);
    if (!item->op) {
        struct mr_str names[3];
        size_t count = mr_registry_near(c->options->registry, item->use, names, 3);
        if (!count) /* written in capitals */
            count = mr_registry_near(c->options->registry, lower(c, item->use), names, 3);
        struct near near = {.count = count};
        for (size_t i = 0; i < count; i++)
            near.found[i] = names[i];
        const char *did_you_mean = mr_near__text(&near, c->arena);
        TOPO_ERROR(c, MR_OP_UNKNOWN, &item->use_at, did_you_mean, "there is no operator \"%.*s\"",
                   MR_FMT(item->use));
        return;
    }
    overrides(c, item);
    bool ok = mr_topology__roles(c, item);
    ok = resolve_params(c, item) && ok;
    if (item->mode_given && !item->op->has_modes)
        TOPO_WARNING(c, MR_TOPOLOGY_VALUE, &item->use_at, "Remove `mode`.",
                     "%s works the same in both modes", item->op->name);
    if (!item->mode_given)
        item->mode = c->topo->mode;
    item->sound = ok;
    mr_topology__route_names(c, item);
}

static void list_types(struct compile *c, bool source, struct near *near, struct mr_buf *out)
{
    const struct mr_connectors *k = c->options->connectors;
    for (size_t i = 0; k && source && k->sources && k->sources[i]; i++) {
        mr_near__try(near, mr_str_of(k->sources[i]->name));
        mr_buf_printf(out, "%s`%s`", i ? ", " : "", k->sources[i]->name);
    }
    for (size_t i = 0; k && !source && k->sinks && k->sinks[i]; i++) {
        mr_near__try(near, mr_str_of(k->sinks[i]->name));
        mr_buf_printf(out, "%s`%s`", i ? ", " : "", k->sinks[i]->name);
    }
}

static void unknown_connector(struct compile *c, struct item *item, bool source)
{
    struct near near;
    struct mr_buf types = {0};
    const char *what = source ? "source" : "sink";
    struct place at = item->use_at;
    mr_near__begin(&near, item->use);
    list_types(c, source, &near, &types);
    const char *remedy = mr_near__text(&near, c->arena);
    for (size_t i = 0; i < item->given_count && !item->use.len && !remedy; i++) {
        mr_near__begin(&near, item->givens[i].key->text);
        types.len = 0;
        list_types(c, source, &near, &types);
        remedy = mr_near__text(&near, c->arena);
        if (remedy)
            at = item->givens[i].key->at;
    }
    if (!remedy)
        remedy = mr_topology__text(c, "Kinds of %s: %s.", what, mr_buf_text(&types));
    if (item->use.len)
        TOPO_ERROR(c, MR_CONNECTOR_UNKNOWN, &at, remedy, "there is no kind of %s \"%.*s\"", what,
                   MR_FMT(item->use));
    else
        TOPO_ERROR(c, MR_CONNECTOR_UNKNOWN, &at, remedy,
                   "%s \"%.*s\" does not say of which kind it is", what, MR_FMT(item->id));
    mr_buf_finish(&types);
}

static void resolve_connector(struct compile *c, struct item *item)
{
    bool source = item->kind == MR_STAGE_SOURCE;
    if (source)
        item->source = mr_source_find(c->options->connectors, item->use);
    else
        item->sink = mr_sink_find(c->options->connectors, item->use);
    if (!item->source && !item->sink) {
        if (item->use.len || item->givens)
            unknown_connector(c, item, source);
        return;
    }
    overrides(c, item);
    item->sound = resolve_params(c, item);
    if (item->sound && source && item->source->is_endless)
        item->endless = item->source->is_endless(item->params);
}

void mr_topology__resolve(struct compile *c)
{
    for (size_t i = 0; i < c->topo->count; i++) {
        struct item *item = &c->topo->items[i];
        if (item->kind == MR_STAGE_OPERATOR)
            resolve_operator(c, item);
        else
            resolve_connector(c, item);
    }
}
