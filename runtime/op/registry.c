/* The operators of a program: every description checked once, then found by any of its names. */
#include "runtime/op/registry.h"

#include <stdlib.h>

#include "runtime/op/op_private.h"
#include "runtime/op/work.h"

struct mr_registry {
    const struct mr_op **ops; /* by name order */
    size_t count;
};

#define FAULT(op, what, name) describe_fault(op, what, name)
static struct mr_error *describe_fault(const struct mr_op *op, const char *what, const char *name)
{
    return mr_error(MR_OP_DESCRIPTOR, "operator \"%s\": %s \"%s\"", op->name, what, name);
}

static bool lower_name(struct mr_str s)
{
    if (!s.len || s.ptr[0] < 'a' || s.ptr[0] > 'z')
        return false;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'))
            return false;
    }
    return true;
}

/* A role names keys as the reference does, so capitals and dashes occur in defaults, not in roles.
 */
static bool sentence(const char *text)
{
    size_t len = text ? strlen(text) : 0;
    return len > 2 && text[len - 1] == '.' && text[0] >= '!' && strchr(text, '\n') == NULL;
}

static struct mr_str last_part(const struct mr_op *op)
{
    const char *dot = strrchr(op->name, '.');
    return mr_str_of(dot ? dot + 1 : op->name);
}

static struct mr_error *check_name(const struct mr_registry_row *row)
{
    const struct mr_op *op = row->op;
    if (!op || !op->name)
        return mr_error(MR_OP_DESCRIPTOR, "operator file \"%s\" has no name", row->path_name);
    if (strcmp(row->path_name, op->name) != 0)
        return FAULT(op, "its name differs from its path", row->path_name);
    const char *dot = strchr(op->name, '.');
    if (!dot || !lower_name(mr_str_span(op->name, (size_t)(dot - op->name))) ||
        !lower_name(mr_str_of(dot + 1)))
        return FAULT(op, "bad name", op->name);
    if (!sentence(op->doc))
        return FAULT(op, "its description is no sentence:", op->doc ? op->doc : "");
    if (op->notes && !sentence(op->notes))
        return FAULT(op, "its notes are no sentence:", op->notes);
    return NULL;
}

static bool is_number(const struct mr_param *p, const char *text)
{
    double real;
    int64_t integer;
    if (!text)
        return true;
    return p->type == MR_P_REAL ? mr_str_to_real(mr_str_of(text), &real)
                                : mr_str_to_int(mr_str_of(text), &integer);
}

static struct mr_error *check_param(const struct mr_op *op, const struct mr_param *p,
                                    struct mr_arena *arena, void *target)
{
    if (!lower_name(mr_str_of(p->name)) || mr_param_find(op->params, mr_str_of(p->name)) != p)
        return FAULT(op, "bad or repeated parameter", p->name);
    if (!sentence(p->doc))
        return FAULT(op, "no sentence describes parameter", p->name);
    if (p->offset >= op->params_size)
        return FAULT(op, "parameter outside its struct:", p->name);
    if ((p->type == MR_P_CHOICE) != (mr_op__choice_count(p->choices) > 0))
        return FAULT(op, "choices do not fit the type of", p->name);
    if (p->expr && p->type != MR_P_TEXT && p->type != MR_P_TEXTS)
        return FAULT(op, "only texts can be expressions:", p->name);
    if (p->nullable && p->type == MR_P_BOOL)
        return FAULT(op, "a yes or no cannot be null:", p->name);
    if (!is_number(p, p->min) || !is_number(p, p->max))
        return FAULT(op, "a bound does not parse:", p->name);
    if (p->def) {
        bool null = p->nullable && strcmp(p->def, "null") == 0;
        struct mr_error *e = mr_param_parse(p, mr_str_of(p->def), null, arena, target);
        if (e) {
            mr_error_free(e);
            return FAULT(op, "the default does not parse:", p->name);
        }
    }
    return NULL;
}

static struct mr_error *check_params(const struct mr_op *op)
{
    struct mr_arena *arena = mr_arena_create(0);
    void *target = mr_zalloc(op->params_size + 1);
    struct mr_error *e = NULL;
    for (const struct mr_param *p = op->params; !e && p && p->name; p++)
        e = check_param(op, p, arena, target);
    free(target);
    mr_arena_destroy(arena);
    return e;
}

static const struct mr_key *role_named(const struct mr_op *op, struct mr_str name)
{
    for (const struct mr_key *k = op->keys; k && k->name; k++)
        if (mr_str_is(name, k->name) || mr_op__has_word(k->aliases, name))
            return k;
    return NULL;
}

static struct mr_error *check_key(const struct mr_op *op, const struct mr_key *key)
{
    if (!lower_name(mr_str_of(key->name)) || role_named(op, mr_str_of(key->name)) != key)
        return FAULT(op, "bad or repeated role", key->name);
    if (!sentence(key->doc))
        return FAULT(op, "no sentence describes role", key->name);
    if (!key->types)
        return FAULT(op, "no type is given for role", key->name);
    if (key->type_of && !role_named(op, mr_str_of(key->type_of)))
        return FAULT(op, "type_of names no role:", key->name);
    if (key->type_param) {
        const struct mr_param *p = mr_param_find(op->params, mr_str_of(key->type_param));
        if (!p || (p->type != MR_P_CHOICE && !p->expr))
            return FAULT(op, "type_param names no choice and no expression:", key->name);
    }
    if (key->access == MR_PREPARED && !op->prepare)
        return FAULT(op, "nothing prepares role", key->name);
    struct mr_str word = mr_str_of(key->name);
    const char *aliases = key->aliases;
    do {
        if (mr_param_find(op->params, word))
            return FAULT(op, "a parameter has the name of role", key->name);
    } while (mr_op__next_word(&aliases, &word));
    return NULL;
}

static bool reserved_outcome(const char *name)
{
    return mr_op__has_word("bad_input too_large crash error forwarded absorbed held",
                           mr_str_of(name));
}

static struct mr_error *check_outcomes(const struct mr_op *op)
{
    for (const struct mr_outcome *o = op->outcomes; o && o->name; o++) {
        if (!lower_name(mr_str_of(o->name)) || reserved_outcome(o->name))
            return FAULT(op, "bad outcome", o->name);
        for (const struct mr_outcome *before = op->outcomes; before < o; before++)
            if (strcmp(before->name, o->name) == 0)
                return FAULT(op, "repeated outcome", o->name);
        if (!sentence(o->doc))
            return FAULT(op, "no sentence describes outcome", o->name);
    }
    return NULL;
}

static struct mr_error *check_functions(const struct mr_op *op)
{
    if (op->scope == MR_GENERATE ? !op->finish : !op->process)
        return FAULT(op, "no function does the work of", op->name);
    if (op->scope == MR_WHOLE_SET && !op->settle && !op->finish)
        return FAULT(op, "nothing settles the held rows of", op->name);
    if (op->scope == MR_KEYED &&
        (op->key_role < 0 || (uint32_t)op->key_role >= mr_op_key_count(op)))
        return FAULT(op, "key_role is outside the key table of", op->name);
    if (op->prepare) {
        const struct mr_key *k = op->keys;
        while (k && k->name && k->access != MR_PREPARED)
            k++;
        if (!k || !k->name)
            return FAULT(op, "prepare has no prepared role in", op->name);
    }
    return NULL;
}

static struct mr_error *check_op(const struct mr_registry_row *row)
{
    MR_TRY(check_name(row));
    MR_TRY(check_params(row->op));
    for (const struct mr_key *k = row->op->keys; k && k->name; k++)
        MR_TRY(check_key(row->op, k));
    MR_TRY(check_outcomes(row->op));
    return check_functions(row->op);
}

/* Every name of an operator but its unique last part must lead to it alone. */
static struct mr_error *check_aliases(const struct mr_registry *r)
{
    for (size_t i = 0; i < r->count; i++) {
        const char *list = r->ops[i]->aliases;
        struct mr_str word;
        if (i && strcmp(r->ops[i]->name, r->ops[i - 1]->name) == 0)
            return FAULT(r->ops[i], "two operators have the name", r->ops[i]->name);
        while (mr_op__next_word(&list, &word))
            for (size_t o = 0; o < r->count; o++)
                if ((o != i && mr_op__has_word(r->ops[o]->aliases, word)) ||
                    mr_str_is(word, r->ops[o]->name))
                    return FAULT(r->ops[i], "its alias is taken by", r->ops[o]->name);
    }
    return NULL;
}

static int by_name(const void *a, const void *b)
{
    return strcmp((*(const struct mr_op *const *)a)->name, (*(const struct mr_op *const *)b)->name);
}

struct mr_error *mr_registry_create(const struct mr_registry_row *table, struct mr_registry **out)
{
    *out = NULL;
    size_t count = 0;
    for (; table && table[count].path_name; count++)
        MR_TRY(check_op(&table[count]));
    struct mr_registry *r = mr_zalloc(sizeof *r);
    r->ops = mr_alloc((count + 1) * sizeof(struct mr_op *));
    r->count = count;
    for (size_t i = 0; i < count; i++)
        r->ops[i] = table[i].op;
    qsort(r->ops, count, sizeof(struct mr_op *), by_name);
    struct mr_error *e = check_aliases(r);
    if (e)
        mr_registry_destroy(r);
    else
        *out = r;
    return e;
}

void mr_registry_destroy(struct mr_registry *r)
{
    if (!r)
        return;
    free(r->ops);
    free(r);
}

size_t mr_registry_count(const struct mr_registry *r)
{
    return r->count;
}

const struct mr_op *mr_registry_at(const struct mr_registry *r, size_t i)
{
    return i < r->count ? r->ops[i] : NULL;
}

const struct mr_op *mr_registry_find(const struct mr_registry *r, struct mr_str name)
{
    const struct mr_op *last = NULL;
    size_t lasts = 0;
    for (size_t i = 0; i < r->count; i++) {
        if (mr_str_is(name, r->ops[i]->name) || mr_op__has_word(r->ops[i]->aliases, name))
            return r->ops[i];
        if (mr_str_eq(name, last_part(r->ops[i]))) {
            last = r->ops[i];
            lasts++;
        }
    }
    return lasts == 1 ? last : NULL;
}

/* Smallest distance to any name of the operator, and that name. */
static size_t nearest(const struct mr_op *op, struct mr_str name, size_t limit,
                      struct mr_str *which)
{
    *which = mr_str_of(op->name);
    size_t best = mr_str_distance(name, *which, limit);
    size_t distance = mr_str_distance(name, last_part(op), limit);
    if (distance < best) {
        best = distance;
        *which = mr_str_of(op->name);
    }
    const char *list = op->aliases;
    struct mr_str word;
    while (mr_op__next_word(&list, &word)) {
        distance = mr_str_distance(name, word, limit);
        if (distance < best) {
            best = distance;
            *which = word;
        }
    }
    return best;
}

size_t mr_registry_near(const struct mr_registry *r, struct mr_str name, struct mr_str *out,
                        size_t max)
{
    size_t limit = name.len / 3 < 2 ? 2 : name.len / 3, found = 0;
    for (size_t wanted = 0; wanted <= limit && found < max; wanted++)
        for (size_t i = 0; i < r->count && found < max; i++) {
            struct mr_str which;
            if (nearest(r->ops[i], name, limit, &which) == wanted)
                out[found++] = which;
        }
    return found;
}
