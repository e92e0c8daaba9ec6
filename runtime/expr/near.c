/* "Did you mean": names of functions and keys that are near a wrong one. */
#include "runtime/expr/expr_private.h"

struct nearest {
    struct mr_str name, found[3];
    size_t distance[3], count;
};

static void try_name(struct nearest *n, struct mr_str candidate)
{
    size_t limit = n->name.len < 4 ? 1 : n->name.len < 8 ? 2 : 3;
    size_t distance = mr_str_distance(n->name, candidate, limit);
    if (distance > limit)
        return;
    size_t at = n->count;
    while (at > 0 && n->distance[at - 1] > distance)
        at--;
    if (at == 3)
        return;
    size_t last = n->count < 3 ? n->count++ : 2;
    for (size_t i = last; i > at; i--) {
        n->found[i] = n->found[i - 1];
        n->distance[i] = n->distance[i - 1];
    }
    n->found[at] = candidate;
    n->distance[at] = distance;
}

static const char *text_of(struct compiler *c, const struct nearest *n, const char *after)
{
    struct mr_buf text = {0};
    for (size_t i = 0; i < n->count; i++)
        mr_buf_printf(&text, "%s`%.*s`", i ? " or " : "Did you mean ", MR_FMT(n->found[i]));
    mr_buf_printf(&text, "%s%s", n->count ? "? " : "", after);
    const char *out = mr_arena_str(c->arena, mr_str_trim(mr_buf_str(&text))).ptr;
    mr_buf_finish(&text);
    return out;
}

const char *mr_expr__near_function(struct compiler *c, struct mr_str name)
{
    struct nearest n = {.name = name};
    for (const struct function *f = mr_expr__functions; f->name; f++)
        try_name(&n, mr_str_of(f->name));
    return text_of(c, &n, n.count ? "" : "See runtime/expr/functions.md.");
}

const char *mr_expr__near_key(struct compiler *c, struct mr_str name)
{
    struct nearest n = {.name = name};
    struct mr_str key;
    for (size_t i = 0; c->keys->name && (key = c->keys->name(c->keys->arg, i)).ptr; i++)
        try_name(&n, key);
    return text_of(c, &n, "Texts stand in quotes; has(KEY) asks for a key that may be missing.");
}
