/* A YAML value as the text form that parameters are parsed from. */
#include "topology/topology_private.h"

static bool refuse(struct compile *c, const struct mr_param *p, const struct node *n,
                   const char *got)
{
    struct mr_buf expected = {0};
    mr_param_expected(p, &expected);
    TOPO_ERROR(c, MR_OP_PARAM_VALUE, &n->at,
               mr_topology__text(c, "Write %s. %s", mr_buf_text(&expected), p->doc ? p->doc : ""),
               "`%s` is %s; expected %s", p->name, got, mr_buf_text(&expected));
    mr_buf_finish(&expected);
    return false;
}

/* A list of texts as JSON. A bare value is a list of one. */
static bool texts(struct compile *c, const struct mr_param *p, const struct node *n,
                  struct mr_str *text)
{
    struct mr_buf out = {0};
    bool ok = true;
    mr_buf_addc(&out, '[');
    if (n->kind == NODE_SCALAR)
        mr_buf_add_json(&out, n->text);
    for (size_t i = 0; n->kind == NODE_LIST && i < n->count && ok; i++) {
        if (n->items[i]->kind != NODE_SCALAR || mr_node__is_null(n->items[i])) {
            ok = refuse(c, p, n->items[i], "not made of texts");
            break;
        }
        ok = !n->items[i]->unresolved;
        if (i)
            mr_buf_addc(&out, ',');
        mr_buf_add_json(&out, n->items[i]->text);
    }
    mr_buf_addc(&out, ']');
    if (ok)
        *text = mr_arena_str(c->arena, mr_buf_str(&out));
    mr_buf_finish(&out);
    return ok;
}

/* A whole number with a unit of size or time, where the parameter counts in bytes or time. */
static struct mr_str with_unit(struct compile *c, const struct mr_param *p, struct mr_str text)
{
    uint64_t value;
    int64_t plain;
    if (p->type != MR_P_INT || !p->unit || mr_str_to_int(text, &plain))
        return text;
    if (strcmp(p->unit, "bytes") == 0 && mr_topology__bytes(text, &value))
        return mr_arena_printf(c->arena, "%llu", (unsigned long long)value);
    bool ms = strcmp(p->unit, "ms") == 0 || strcmp(p->unit, "milliseconds") == 0;
    bool seconds = strcmp(p->unit, "s") == 0 || strcmp(p->unit, "seconds") == 0;
    if ((ms || seconds) && mr_topology__duration_ms(text, &value) && (ms || value % 1000 == 0))
        return mr_arena_printf(c->arena, "%llu", (unsigned long long)(ms ? value : value / 1000));
    return text;
}

bool mr_topology__param_text(struct compile *c, const struct mr_param *p, const struct node *n,
                             struct mr_str *text, bool *null)
{
    *text = (struct mr_str){"", 0};
    *null = mr_node__is_null(n);
    if (*null)
        return true;
    if (n->unresolved)
        return false; /* said before */
    if (n->kind == NODE_MAP)
        return refuse(c, p, n, "a mapping");
    if (p->type == MR_P_TEXTS) {
        if (!n->at.line && n->text.len && n->text.ptr[0] == '[') { /* --set with a JSON list */
            *text = n->text;
            return true;
        }
        return texts(c, p, n, text);
    }
    if (n->kind == NODE_LIST)
        return refuse(c, p, n, "a list");
    *text = with_unit(c, p, n->text);
    return true;
}
