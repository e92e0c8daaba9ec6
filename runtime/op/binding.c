/* Roles bound to keys of the row: made once per stage, checked for every row. */
#include "runtime/op/work.h"

#include "runtime/op/describe.h"
#include "runtime/op/op_private.h"

uint32_t mr_op_key_count(const struct mr_op *op)
{
    uint32_t count = 0;
    while (op->keys && op->keys[count].name)
        count++;
    return count;
}

static bool names_role(const struct mr_key *key, struct mr_str role)
{
    return mr_str_is(role, key->name) || mr_op__has_word(key->aliases, role);
}

static struct mr_error *known_roles(const struct mr_op *op, const struct mr_bound_role *bound,
                                    size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct mr_key *key = op->keys;
        while (key && key->name && !names_role(key, bound[i].role))
            key++;
        if (!key || !key->name)
            return mr_error(MR_PARAM_INVALID, "operator \"%s\" has no key role \"%.*s\"", op->name,
                            MR_FMT(bound[i].role));
        if (key->access == MR_PREPARED)
            return mr_error(MR_PARAM_INVALID, "role \"%s\" of \"%s\" is internal", key->name,
                            op->name);
    }
    return NULL;
}

/* The keys of one role, given or by default. */
static struct mr_error *keys_of(const struct mr_op *op, const struct mr_key *key,
                                const struct mr_bound_role *bound, size_t bound_count,
                                struct mr_str *def, const struct mr_str **keys, size_t *count)
{
    const struct mr_bound_role *given = NULL;
    for (size_t i = 0; i < bound_count; i++)
        if (names_role(key, bound[i].role)) {
            if (given)
                return mr_error(MR_PARAM_INVALID, "role \"%s\" of \"%s\" is bound twice", key->name,
                                op->name);
            given = &bound[i];
        }
    if (given) {
        *keys = given->keys;
        *count = given->count;
    } else {
        *def = mr_str_of(key->def);
        *keys = def;
        *count = key->def ? 1 : 0;
    }
    if (!*count && !key->optional)
        return mr_error(MR_PARAM_INVALID, "role \"%s\" of \"%s\" is not bound to a key", key->name,
                        op->name);
    if (*count > 1 && !key->many)
        return mr_error(MR_PARAM_INVALID, "role \"%s\" of \"%s\" takes one key, not %zu", key->name,
                        op->name, *count);
    for (size_t i = 0; i < *count; i++)
        if ((*keys)[i].len && (*keys)[i].ptr[0] == '\x01')
            return mr_error(MR_PARAM_INVALID, "role \"%s\" of \"%s\" is bound to a reserved key",
                            key->name, op->name);
    return NULL;
}

/* Roles written pair by pair from another role need as many keys as that role. */
static struct mr_error *check_pairs(const struct mr_op *op, const struct mr_role *roles)
{
    for (uint32_t k = 0; op->keys && op->keys[k].name; k++) {
        const struct mr_key *key = &op->keys[k];
        for (uint32_t o = 0; key->many && key->type_of && op->keys[o].name; o++)
            if (strcmp(op->keys[o].name, key->type_of) == 0 && op->keys[o].many &&
                roles[o].count != roles[k].count)
                return mr_error(MR_PARAM_INVALID,
                                "role \"%s\" of \"%s\" names %u keys, role \"%s\" %u", key->name,
                                op->name, roles[k].count, op->keys[o].name, roles[o].count);
    }
    return NULL;
}

struct mr_error *mr_binding_make(const struct mr_op *op, struct mr_str stage,
                                 const struct mr_bound_role *bound, size_t bound_count,
                                 struct mr_names *names, struct mr_arena *arena,
                                 struct mr_binding *out)
{
    MR_TRY(known_roles(op, bound, bound_count));
    uint32_t count = mr_op_key_count(op);
    size_t capacity = count;
    for (size_t i = 0; i < bound_count; i++)
        capacity += bound[i].count;
    if (capacity > MR_NAMES_MAX)
        return mr_error(MR_PARAM_INVALID, "\"%s\" is bound to more than %d keys", op->name,
                        MR_NAMES_MAX);
    struct mr_role *roles = mr_arena_zalloc(arena, (count + 1) * sizeof *roles);
    uint16_t *symbols = mr_arena_alloc(arena, (capacity + 1) * sizeof *symbols);
    size_t used = 0;
    for (uint32_t k = 0; k < count; k++) {
        struct mr_str own;
        const struct mr_str *keys = &own;
        size_t keys_count = 1;
        if (op->keys[k].access == MR_PREPARED)
            own = mr_arena_printf(arena, "\x01%.*s.%s", MR_FMT(stage), op->keys[k].name);
        else
            MR_TRY(keys_of(op, &op->keys[k], bound, bound_count, &own, &keys, &keys_count));
        roles[k] = (struct mr_role){(uint16_t)used, (uint16_t)keys_count};
        for (size_t i = 0; i < keys_count; i++)
            symbols[used++] = mr_names_add(names, keys[i]);
    }
    MR_TRY(check_pairs(op, roles));
    *out = (struct mr_binding){.op = op, .roles = roles, .symbols = symbols, .role_count = count};
    return NULL;
}

static bool is_read(const struct mr_key *key)
{
    return key->access == MR_READ || key->access == MR_MAY_READ || key->access == MR_CHANGE ||
           key->access == MR_REMOVE;
}

static struct mr_str wrong_type(struct mr_arena *arena, struct mr_str name, enum mr_type type,
                                uint32_t wanted)
{
    struct mr_buf is = {0}, should = {0};
    mr_describe_types(type, &is);
    mr_describe_types(wanted, &should);
    struct mr_str why = mr_arena_printf(arena, "key \"%.*s\" is %s, not %s", MR_FMT(name),
                                        mr_buf_text(&is), mr_buf_text(&should));
    mr_buf_finish(&is);
    mr_buf_finish(&should);
    return why;
}

bool mr_binding_accepts(const struct mr_binding *b, const struct mr_row *row, struct mr_str *why)
{
    for (uint32_t k = 0; k < b->role_count; k++) {
        const struct mr_key *key = &b->op->keys[k];
        if (!is_read(key))
            continue;
        bool may_miss = key->access == MR_MAY_READ || (key->access == MR_REMOVE && key->optional);
        uint32_t types = key->types | (key->nullable ? MR_NULL : 0);
        for (uint32_t i = 0; i < b->roles[k].count; i++) {
            uint16_t symbol = b->symbols[b->roles[k].first + i];
            struct mr_value value = mr_row_get(row, symbol);
            if (!value.len) {
                if (may_miss)
                    continue;
                *why = mr_arena_printf(row->arena, "key \"%.*s\" is missing",
                                       MR_FMT(mr_names_text(row->names, symbol)));
                return false;
            }
            enum mr_type type = mr_value_type(value);
            if (type & types)
                continue;
            *why = wrong_type(row->arena, mr_names_text(row->names, symbol), type, types);
            return false;
        }
    }
    return true;
}
