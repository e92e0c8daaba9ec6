/* Key roles of a stage: what the topology binds, what is bound by default, what must not be. */
#include "topology/topology_private.h"

static bool has_word(const char *list, struct mr_str word)
{
    while (list && *list) {
        size_t len = strcspn(list, " ");
        if (len && mr_str_eq(mr_str_span(list, len), word))
            return true;
        list += len + strspn(list + len, " ");
    }
    return false;
}

const struct mr_key *mr_topology__role_find(const struct mr_op *op, struct mr_str name)
{
    for (const struct mr_key *k = op->keys; k && k->name; k++)
        if (k->access != MR_PREPARED && (mr_str_is(name, k->name) || has_word(k->aliases, name)))
            return k;
    return NULL;
}

static bool key_name_ok(struct compile *c, const struct node *n)
{
    if (n->kind != NODE_SCALAR || mr_node__is_null(n))
        return TOPO_ERROR(c, MR_OP_ROLE_VALUE, &n->at, NULL, "the name of a key is expected here");
    if (!n->text.len)
        return TOPO_ERROR(c, MR_OP_ROLE_VALUE, &n->at, NULL, "the name of a key is empty");
    if (mr_str_starts(n->text, MR_STR("_mr.")) || n->text.ptr[0] == '\x01')
        return TOPO_ERROR(c, MR_KEY_RESERVED, &n->at, NULL, "the key \"%.*s\" is reserved",
                          MR_FMT(n->text));
    return true;
}

static bool may_be_unbound(const struct mr_key *key)
{
    return key->optional && !key->must_bind;
}

/* One `role: key`, `role: [a, b]` or `role: null`. */
static bool bind(struct compile *c, struct topo_role *role, const struct given *given)
{
    const struct node *n = given->value;
    if (role->given)
        return TOPO_ERROR(c, MR_OP_ROLE_VALUE, &given->key->at, NULL, "role `%s` is bound twice",
                          role->key->name);
    role->given = true;
    role->at = given->key->at;
    role->count = 0;
    if (mr_node__is_null(n)) {
        if (may_be_unbound(role->key))
            return true;
        return TOPO_ERROR(c, MR_OP_ROLE_VALUE, &n->at, NULL, "role `%s` must be bound to a key",
                          role->key->name);
    }
    size_t count = n->kind == NODE_LIST ? n->count : 1;
    if (n->kind == NODE_LIST && !role->key->many && count != 1)
        return TOPO_ERROR(c, MR_OP_ROLE_VALUE, &n->at, NULL, "role `%s` takes one key, not %zu",
                          role->key->name, count);
    if (!count && !may_be_unbound(role->key))
        return TOPO_ERROR(c, MR_OP_ROLE_VALUE, &n->at, NULL, "role `%s` must be bound to a key",
                          role->key->name);
    if (count > MR_NAMES_MAX / 2)
        return TOPO_ERROR(c, MR_OP_ROLE_VALUE, &n->at, NULL,
                          "role `%s` is bound to more than %d keys", role->key->name,
                          MR_NAMES_MAX / 2);
    role->names = mr_arena_zalloc(c->arena, (count + 1) * sizeof *role->names);
    role->names_at = mr_arena_zalloc(c->arena, (count + 1) * sizeof *role->names_at);
    bool ok = true;
    for (size_t i = 0; i < count; i++) {
        const struct node *one = n->kind == NODE_LIST ? n->items[i] : n;
        if (!key_name_ok(c, one)) {
            ok = false;
            continue;
        }
        for (size_t k = 0; k < role->count; k++)
            if (mr_str_eq(role->names[k], one->text))
                ok = TOPO_ERROR(c, MR_OP_ROLE_VALUE, &one->at, NULL,
                                "key \"%.*s\" stands here twice", MR_FMT(one->text));
        role->names[role->count] = one->text;
        role->names_at[role->count++] = one->at;
    }
    return ok;
}

static bool unknown_role(struct compile *c, const struct item *item, const struct node *key)
{
    if (mr_param_find(item->op->params, key->text))
        return TOPO_ERROR(c, MR_OP_NAME_UNKNOWN, &key->at, "Put it under `with`.",
                          "`%.*s` of %s is a parameter, not a key role", MR_FMT(key->text),
                          item->op->name);
    struct near near;
    mr_near__begin(&near, key->text);
    for (const struct mr_key *k = item->op->keys; k && k->name; k++)
        if (k->access != MR_PREPARED)
            mr_near__try(&near, mr_str_of(k->name));
    return TOPO_ERROR(c, MR_OP_NAME_UNKNOWN, &key->at, mr_near__text(&near, c->arena),
                      "%s has no key role \"%.*s\"", item->op->name, MR_FMT(key->text));
}

static struct topo_role *role_of(struct item *item, const struct mr_key *key)
{
    for (size_t i = 0; i < item->role_count; i++)
        if (item->roles[i].key == key)
            return &item->roles[i];
    return NULL;
}

static bool bind_defaults(struct compile *c, struct item *item)
{
    bool ok = true;
    for (size_t i = 0; i < item->role_count; i++) {
        struct topo_role *role = &item->roles[i];
        if (role->given || role->key->access == MR_PREPARED)
            continue;
        if (role->key->def) {
            role->names = mr_arena_zalloc(c->arena, sizeof *role->names);
            role->names_at = mr_arena_zalloc(c->arena, sizeof *role->names_at);
            role->names[0] = mr_str_of(role->key->def);
            role->names_at[0] = role->at;
            role->count = 1;
        } else if (!may_be_unbound(role->key)) {
            ok = TOPO_ERROR(c, MR_OP_ROLE_MISSING, &role->at,
                            mr_topology__text(c, "Add `%s: KEY`. %s", role->key->name,
                                              role->key->doc ? role->key->doc : ""),
                            "role `%s` of %s is not bound to a key", role->key->name,
                            item->op->name);
        }
    }
    return ok;
}

bool mr_topology__roles(struct compile *c, struct item *item)
{
    bool ok = true;
    while (item->op->keys && item->op->keys[item->role_count].name)
        item->role_count++;
    item->roles = mr_arena_zalloc(c->arena, (item->role_count + 1) * sizeof *item->roles);
    for (size_t i = 0; i < item->role_count; i++)
        item->roles[i] = (struct topo_role){.key = &item->op->keys[i], .at = item->use_at};
    for (size_t i = 0; i < item->given_count; i++) {
        struct given *g = &item->givens[i];
        const struct mr_key *key =
            item->mixed && !g->taken ? mr_topology__role_find(item->op, g->key->text) : NULL;
        if (key) {
            g->taken = true;
            ok = bind(c, role_of(item, key), g) && ok;
        }
    }
    for (size_t i = 0; i < item->key_count; i++) {
        const struct mr_key *key = mr_topology__role_find(item->op, item->keys[i].key->text);
        ok = (key ? bind(c, role_of(item, key), &item->keys[i])
                  : unknown_role(c, item, item->keys[i].key)) &&
             ok;
    }
    return bind_defaults(c, item) && ok;
}

struct mr_str mr_topology__new_name(const struct item *item, struct mr_str name)
{
    for (size_t w = 0; w < item->role_count; w++) {
        const struct topo_role *to = &item->roles[w];
        for (size_t r = 0; to->key->type_of && r < item->role_count; r++) {
            const struct topo_role *from = &item->roles[r];
            if (from->key->access != MR_REMOVE || strcmp(from->key->name, to->key->type_of) != 0)
                continue;
            for (size_t i = 0; i < from->count && i < to->count; i++)
                if (mr_str_eq(from->names[i], name))
                    return to->names[i];
        }
    }
    return (struct mr_str){0};
}
