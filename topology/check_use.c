/* Keys that are written and never used: walked from the sinks up. A key is used when a later stage
 * reads it, or when it reaches a sink; one that is dropped or overwritten before that was written
 * in vain. Only keys that the topology asked for by name are told of. */
#include "topology/topology_private.h"

/* Names that are used from a place on: these, or (all) every one but these. */
struct used {
    bool all, seen; /* seen: some reader is there */
    struct mr_str *names;
    size_t count, capacity;
};

static bool listed(const struct used *u, struct mr_str name)
{
    for (size_t i = 0; i < u->count; i++)
        if (mr_str_eq(u->names[i], name))
            return true;
    return false;
}

static bool is_used(const struct used *u, struct mr_str name)
{
    return listed(u, name) != u->all;
}

static void list_add(struct compile *c, struct used *u, struct mr_str name)
{
    if (listed(u, name))
        return;
    if (u->count == u->capacity) {
        size_t capacity = u->capacity ? 2 * u->capacity : 8;
        struct mr_str *more = mr_arena_alloc(c->arena, capacity * sizeof *more);
        if (u->count)
            memcpy(more, u->names, u->count * sizeof *more);
        u->names = more;
        u->capacity = capacity;
    }
    u->names[u->count++] = name;
}

static void list_remove(struct used *u, struct mr_str name)
{
    for (size_t i = 0; i < u->count; i++)
        if (mr_str_eq(u->names[i], name))
            u->names[i--] = u->names[--u->count];
}

static void use(struct compile *c, struct used *u, struct mr_str name)
{
    if (u->all)
        list_remove(u, name);
    else
        list_add(c, u, name);
}

static void forget(struct compile *c, struct used *u, struct mr_str name)
{
    if (u->all)
        list_add(c, u, name);
    else
        list_remove(u, name);
}

static void unite(struct compile *c, struct used *into, const struct used *other)
{
    into->seen = true;
    if (into->all) {
        for (size_t i = 0; i < into->count; i++)
            if (is_used(other, into->names[i]))
                into->names[i--] = into->names[--into->count];
        return;
    }
    if (!other->all) {
        for (size_t i = 0; i < other->count; i++)
            list_add(c, into, other->names[i]);
        return;
    }
    struct used all = {.all = true, .seen = true};
    for (size_t i = 0; i < other->count; i++)
        if (!listed(into, other->names[i]))
            list_add(c, &all, other->names[i]);
    *into = all;
}

static void note_routes(struct compile *c, const struct item *item, struct used *u)
{
    for (size_t i = 0; i < item->route_count; i++)
        for (size_t k = 0; item->routes[i].expr && k < mr_expr_key_count(item->routes[i].expr); k++)
            use(c, u, mr_expr_key(item->routes[i].expr, k)->name);
}

static bool writes(const struct topo_role *role)
{
    return role->key->access == MR_WRITE || role->key->access == MR_MAY_WRITE;
}

/* The role that drops or overwrites the key before anybody used it, for the message. */
static const struct item *loser(const struct compile *c, const struct item *writer,
                                struct mr_str name, size_t budget)
{
    int index = (int)(writer - c->topo->items);
    for (size_t i = 0; i < c->topo->count && budget; i++) {
        const struct item *item = &c->topo->items[i];
        for (size_t k = 0; k < item->from_count; k++) {
            if (item->from[k].item != index || !item->op)
                continue;
            const struct flow_key *key = item->schema ? mr_schema__find(item->schema, name) : NULL;
            if (!key || key->gone || key->who == (int)i)
                return item;
            return loser(c, item, name, budget - 1);
        }
    }
    return NULL;
}

static void tell(struct compile *c, const struct item *item, const struct topo_role *role, size_t i)
{
    const struct item *by = loser(c, item, role->names[i], c->topo->count);
    const struct flow_key *after =
        by && by->schema ? mr_schema__find(by->schema, role->names[i]) : NULL;
    const char *remedy =
        role->key->optional
            ? mr_topology__text(c, "Write `%s: null` to save it, or keep the key.", role->key->name)
            : "Keep the key, or take the stage out.";
    if (by)
        TOPO_HINT(c, MR_KEY_UNUSED, &role->names_at[i], remedy,
                  "nothing uses key \"%.*s\": stage \"%.*s\" %s it before", MR_FMT(role->names[i]),
                  MR_FMT(by->id), after && !after->gone ? "overwrites" : "drops");
    else
        TOPO_HINT(c, MR_KEY_UNUSED, &role->names_at[i], remedy, "nothing uses key \"%.*s\"",
                  MR_FMT(role->names[i]));
}

/* What is used of the rows that come in, from what is used of those that go on. */
static void through(struct compile *c, const struct item *item, struct used *u)
{
    for (size_t r = 0; r < item->role_count; r++)
        for (size_t i = 0; i < item->roles[r].count; i++) {
            const struct topo_role *role = &item->roles[r];
            if (writes(role) && role->key->access == MR_WRITE && role->given && u->seen &&
                !is_used(u, role->names[i]))
                tell(c, item, role, i);
        }
    if (item->op->keeps_only_bound) {
        struct used kept = {.seen = true};
        for (size_t r = 0; r < item->role_count; r++)
            for (size_t i = 0; i < item->roles[r].count; i++)
                if (is_used(u, item->roles[r].names[i]))
                    list_add(c, &kept, item->roles[r].names[i]);
        *u = kept;
    }
    for (size_t r = 0; r < item->role_count; r++)
        for (size_t i = 0; i < item->roles[r].count; i++) {
            enum mr_access a = item->roles[r].key->access;
            if (a == MR_WRITE || a == MR_REMOVE)
                forget(c, u, item->roles[r].names[i]);
        }
    for (size_t r = 0; r < item->role_count; r++)
        for (size_t i = 0; i < item->roles[r].count; i++) {
            enum mr_access a = item->roles[r].key->access;
            bool kept = item->op->keeps_only_bound && a == MR_MAY_READ; /* selecting is no use */
            if (!writes(&item->roles[r]) && !kept)
                use(c, u, item->roles[r].names[i]);
        }
    for (size_t i = 0; i < item->extra_count; i++)
        use(c, u, item->extra_reads[i]);
}

void mr_topology__note_read(struct compile *c, struct item *item, struct mr_str name)
{
    struct mr_str *more =
        mr_arena_alloc(c->arena, (item->extra_count + 1) * sizeof *item->extra_reads);
    if (item->extra_count)
        memcpy(more, item->extra_reads, item->extra_count * sizeof *more);
    more[item->extra_count] = name;
    item->extra_reads = more;
    item->extra_count++;
}

void mr_topology__check_use(struct compile *c)
{
    struct topo *t = c->topo;
    struct used *on = mr_arena_zalloc(c->arena, (t->count + 1) * sizeof *on);     /* that go on */
    struct used *left = mr_arena_zalloc(c->arena, (t->count + 1) * sizeof *left); /* that left */
    for (size_t at = t->order_count; at > 0; at--) {
        int index = t->order[at - 1];
        struct item *item = &t->items[index];
        struct used *u = &on[index];
        if (item->kind == MR_STAGE_SINK || (item->kind == MR_STAGE_OPERATOR && !item->sound))
            *u = (struct used){.all = true, .seen = true};
        note_routes(c, item, u);
        if (left[index].seen)
            unite(c, u, &left[index]);
        if (item->sound && item->op)
            through(c, item, u);
        for (size_t k = 0; k < item->from_count; k++)
            if (item->from[k].item >= 0)
                unite(c,
                      item->from[k].outcome >= 0 ? &left[item->from[k].item]
                                                 : &on[item->from[k].item],
                      u);
    }
}
