/* ${NAME} and ${NAME:-default} in scalar values: from --set, then the environment. `$${` stands for
 * a plain `${`. Names of the mappings are not expanded, so the shape of a topology is fixed. */
#include "topology/topology_private.h"

#include <stdlib.h>

enum { EXPANDED_MAX_BYTES = 1 << 20 };

static bool name_byte(char c, bool first)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           (!first && ((c >= '0' && c <= '9') || c == '-'));
}

static bool from_sets(struct compile *c, struct mr_str name, struct mr_str *value)
{
    bool found = false;
    for (size_t i = 0; i < c->options->set_count; i++)
        if (mr_str_eq(c->options->sets[i].name, name)) {
            *value = c->options->sets[i].value; /* the last one wins */
            c->set_used[i] = found = true;
        }
    return found;
}

static bool lookup(struct compile *c, struct mr_str name, struct mr_str *value)
{
    if (from_sets(c, name, value))
        return true;
    if (!c->options->use_environment)
        return false;
    const char *text = getenv(mr_arena_str(c->arena, name).ptr);
    if (!text || !mr_utf8_valid(mr_str_of(text)))
        return false;
    *value = mr_str_of(text);
    return true;
}

static bool missing(struct compile *c, const struct node *n, struct mr_str name)
{
    struct near near;
    mr_near__begin(&near, name);
    for (size_t i = 0; i < c->options->set_count; i++)
        mr_near__try(&near, c->options->sets[i].name);
    const char *did_you_mean = mr_near__text(&near, c->arena);
    const char *remedy =
        mr_topology__text(c, "Give it with --set %.*s=VALUE%s, or write ${%.*s:-default}.%s%s",
                          MR_FMT(name), c->options->use_environment ? " or in the environment" : "",
                          MR_FMT(name), did_you_mean ? " " : "", did_you_mean ? did_you_mean : "");
    return TOPO_ERROR(c, MR_TOPOLOGY_VARIABLE, &n->at, remedy, "${%.*s} has no value",
                      MR_FMT(name));
}

/* One ${…} whose `${` has been read; *at moves behind its brace. */
static bool variable(struct compile *c, const struct node *n, size_t *at, struct mr_buf *out)
{
    struct mr_str text = n->text;
    size_t from = *at, end = from;
    while (end < text.len && name_byte(text.ptr[end], end == from))
        end++;
    struct mr_str name = mr_str_span(text.ptr + from, end - from), value = {0}, def = {0};
    bool has_default = mr_str_starts(mr_str_span(text.ptr + end, text.len - end), MR_STR(":-"));
    size_t close = mr_str_find(text, MR_STR("}"), end);
    if (has_default && close != SIZE_MAX)
        def = mr_str_span(text.ptr + end + 2, close - end - 2);
    if (!name.len || close == SIZE_MAX || (!has_default && close != end))
        return TOPO_ERROR(c, MR_TOPOLOGY_VARIABLE, &n->at,
                          "Write ${NAME} or ${NAME:-default}; $${ stands for a plain ${.",
                          "a variable is not written as one");
    *at = close + 1;
    if (lookup(c, name, &value))
        mr_buf_adds(out, value);
    else if (has_default)
        mr_buf_adds(out, def);
    else
        return missing(c, n, name);
    return true;
}

static void expand_scalar(struct compile *c, struct node *n)
{
    if (n->expanded || mr_str_find(n->text, MR_STR("${"), 0) == SIZE_MAX)
        return;
    struct mr_buf out = {0}, origin = {0};
    bool ok = true;
    for (size_t at = 0; at < n->text.len && ok;) {
        uint32_t from = (uint32_t)at;
        struct mr_str rest = mr_str_span(n->text.ptr + at, n->text.len - at);
        if (mr_str_starts(rest, MR_STR("$${"))) {
            mr_buf_addz(&out, "${");
            at += 3;
        } else if (mr_str_starts(rest, MR_STR("${"))) {
            at += 2;
            ok = variable(c, n, &at, &out);
        } else {
            mr_buf_addc(&out, n->text.ptr[at++]);
        }
        while (origin.len < out.len * sizeof from)
            mr_buf_add(&origin, &from, sizeof from);
        if (out.len > EXPANDED_MAX_BYTES)
            ok = TOPO_ERROR(c, MR_YAML_LIMIT, &n->at, NULL, "the value is larger than 1 MiB");
    }
    if (ok) {
        n->written = n->text;
        n->origin = mr_arena_alloc(c->arena, origin.len + 1);
        if (origin.len)
            memcpy(n->origin, origin.ptr, origin.len);
        n->text = mr_arena_str(c->arena, mr_buf_str(&out));
    }
    mr_buf_finish(&origin);
    n->unresolved = !ok;
    n->expanded = true;
    mr_buf_finish(&out);
}

void mr_topology__expand(struct compile *c, struct node *n)
{
    if (n->kind == NODE_SCALAR) {
        expand_scalar(c, n);
    } else if (!n->expanded) { /* what an alias shares is expanded once */
        n->expanded = true;
        for (size_t i = 0; i < n->count; i++)
            mr_topology__expand(c, n->kind == NODE_LIST ? n->items[i] : n->pairs[i].value);
    }
}

void mr_topology__unused_sets(struct compile *c)
{
    for (size_t i = 0; i < c->options->set_count; i++) {
        struct mr_str name = c->options->sets[i].name;
        struct place at = {.from = MR_STR("--set")};
        if (!c->set_used[i])
            TOPO_ERROR(c, MR_TOPOLOGY_SET, &at, NULL,
                       "\"%.*s\" is neither a variable ${%.*s} of the topology nor a parameter",
                       MR_FMT(name), MR_FMT(name));
    }
}
