/* The graph of a plan: nodes, edges, and which keys each stage adds and removes. */
#include "topology/graph_private.h"

#include <stdio.h>

static bool has_key(const struct mr_schema *s, struct mr_str name)
{
    for (size_t i = 0; i < s->count; i++)
        if (mr_str_eq(s->keys[i].name, name))
            return true;
    return false;
}

/* Schema of the rows that go on from a stage. */
static const struct mr_schema *schema_of(const struct mr_compiled *c, size_t stage)
{
    for (size_t i = 0; i < c->edge_count; i++)
        if (c->edges[i].topic_or_stage == (int)stage)
            return &c->edges[i].schema;
    return NULL;
}

static bool listed(const struct mr_str *list, size_t count, struct mr_str name)
{
    for (size_t i = 0; i < count; i++)
        if (mr_str_eq(list[i], name))
            return true;
    return false;
}

/* Added: in no input. Removed: in some input and not behind the stage. */
static void find_changes(const struct graph *g, struct mr_arena *arena, size_t node)
{
    struct graph_node *n = &g->nodes[node];
    size_t inputs = 0, keys = 0;
    for (size_t i = 0; i < g->edge_count; i++)
        if (g->edges[i].to == node) {
            const struct mr_schema *in = g->nodes[g->edges[i].from].keys;
            if (!in)
                return; /* nothing is known of what comes in */
            inputs++;
            keys += in->count;
        }
    if (!n->keys || !inputs)
        return;
    n->added = mr_arena_alloc(arena, (n->keys->count + 1) * sizeof *n->added);
    n->removed = mr_arena_alloc(arena, (keys + 1) * sizeof *n->removed);
    for (size_t k = 0; k < n->keys->count; k++) {
        bool before = false;
        for (size_t i = 0; i < g->edge_count; i++)
            before = before || (g->edges[i].to == node &&
                                has_key(g->nodes[g->edges[i].from].keys, n->keys->keys[k].name));
        if (!before)
            n->added[n->added_count++] = n->keys->keys[k].name;
    }
    for (size_t i = 0; i < g->edge_count; i++) {
        const struct mr_schema *in =
            g->edges[i].to == node ? g->nodes[g->edges[i].from].keys : NULL;
        for (size_t k = 0; in && k < in->count; k++)
            if (!has_key(n->keys, in->keys[k].name) &&
                !listed(n->removed, n->removed_count, in->keys[k].name))
                n->removed[n->removed_count++] = in->keys[k].name;
    }
}

static void add_edge(struct graph *g, struct mr_arena *arena, struct graph_edge edge)
{
    if ((g->edge_count & (g->edge_count - 1)) == 0) { /* room doubles at the powers of two */
        struct graph_edge *more =
            mr_arena_alloc(arena, (g->edge_count ? 2 * g->edge_count : 1) * sizeof *more);
        if (g->edge_count)
            memcpy(more, g->edges, g->edge_count * sizeof *more);
        g->edges = more;
    }
    g->edges[g->edge_count++] = edge;
}

/* The first output of a route bears its name; further ones are called after their readers. */
static struct mr_str route_name(const struct mr_plan_stage *s, int outcome)
{
    for (size_t k = 0; k < s->output_count; k++)
        if (s->outputs[k].outcome == outcome)
            return s->outputs[k].name;
    return MR_STR("");
}

static void topic_edges(struct graph *g, struct mr_arena *arena, size_t reader)
{
    const struct mr_plan_stage *s = &g->plan->stages[reader];
    for (size_t i = 0; i < s->input_count; i++) {
        size_t writer = (size_t)g->plan->topics[s->inputs[i].topic].stage;
        const struct mr_plan_stage *w = &g->plan->stages[writer];
        struct graph_edge edge = {.from = writer, .to = reader, .on = true};
        for (size_t k = 0; k < w->output_count; k++)
            if (w->outputs[k].topic == s->inputs[i].topic && w->outputs[k].outcome != MR_PLAN_NONE) {
                edge.on = w->outputs[k].outcome < 0; /* by a route */
                edge.output = edge.on ? route_name(w, w->outputs[k].outcome)
                                      : mr_str_of(w->op->outcomes[w->outputs[k].outcome].name);
            }
        add_edge(g, arena, edge);
    }
}

static void make_edges(struct graph *g, struct mr_arena *arena)
{
    for (size_t i = 0; i < g->plan->stage_count; i++)
        topic_edges(g, arena, i);
    for (size_t i = 0; i < g->plan->group_count; i++)
        for (size_t k = 1; k < g->plan->groups[i].stage_count; k++)
            add_edge(g, arena,
                     (struct graph_edge){.from = (size_t)g->plan->groups[i].stages[k - 1],
                                         .to = (size_t)g->plan->groups[i].stages[k],
                                         .on = true,
                                         .fused = true});
}

static void make_nodes(struct graph *g, const struct mr_compiled *c, struct mr_arena *arena)
{
    g->node_count = g->plan->stage_count;
    g->nodes = mr_arena_zalloc(arena, (g->node_count + 1) * sizeof *g->nodes);
    for (size_t i = 0; i < g->node_count; i++) {
        g->nodes[i].stage = &g->plan->stages[i];
        g->nodes[i].keys = schema_of(c, i);
        for (size_t k = 0; g->run && k < g->run->count; k++)
            if (mr_str_eq(g->run->counts[k].stage, g->plan->stages[i].id))
                g->nodes[i].count = &g->run->counts[k];
    }
}

void mr_graph_print(const struct mr_compiled *c, const struct mr_graph_run *run,
                    enum mr_graph_format format, struct mr_buf *out)
{
    static void (*const printers[])(const struct graph *, struct mr_buf *) = {
        [MR_GRAPH_TEXT] = mr_graph__text,
        [MR_GRAPH_MERMAID] = mr_graph__mermaid,
        [MR_GRAPH_DOT] = mr_graph__dot,
        [MR_GRAPH_HTML] = mr_graph__html,
    };
    struct mr_arena *arena = mr_arena_create(0);
    struct graph g = {.plan = c->plan, .run = run};
    make_nodes(&g, c, arena);
    make_edges(&g, arena);
    for (size_t i = 0; i < g.node_count; i++)
        find_changes(&g, arena, i);
    printers[format](&g, out);
    mr_arena_destroy(arena);
}

/* ---- what all formats show ---- */

void mr_graph__changes(const struct graph_node *n, struct mr_buf *out)
{
    const char *blank = "";
    for (size_t i = 0; i < n->added_count; i++, blank = " ")
        mr_buf_printf(out, "%s+%.*s", blank, MR_FMT(n->added[i]));
    for (size_t i = 0; i < n->removed_count; i++, blank = " ")
        mr_buf_printf(out, "%s-%.*s", blank, MR_FMT(n->removed[i]));
}

void mr_graph__number(struct mr_buf *out, uint64_t value)
{
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%llu", (unsigned long long)value);
    for (int i = 0; i < len; i++) {
        if (i && (len - i) % 3 == 0)
            mr_buf_addc(out, ',');
        mr_buf_addc(out, digits[i]);
    }
}

static void figure(struct mr_buf *out, const char *name, uint64_t value, bool always)
{
    if (!value && !always)
        return;
    mr_buf_printf(out, "%s%s ", out->len ? ", " : "", name);
    mr_graph__number(out, value);
}

void mr_graph__counts(const struct graph_node *n, struct mr_buf *out)
{
    struct mr_buf text = {0};
    if (!n->count)
        return;
    figure(&text, "in", n->count->in, n->stage->kind != MR_STAGE_SOURCE);
    figure(&text, "out", n->count->out, n->stage->kind != MR_STAGE_SINK);
    figure(&text, "dropped", n->count->dropped, false);
    figure(&text, "rejected", n->count->rejected, false);
    mr_buf_adds(out, mr_buf_str(&text));
    mr_buf_finish(&text);
}

bool mr_graph__rows(const struct graph *g, const struct graph_edge *e, uint64_t *rows)
{
    const struct mr_graph_count *count = g->nodes[e->from].count;
    if (!count)
        return false;
    *rows = e->on ? count->out : 0;
    for (size_t i = 0; i < count->left_count; i++)
        if (!e->on && mr_str_eq(count->left[i].outcome, e->output))
            *rows = count->left[i].rows;
    for (size_t i = 0; i < count->route_count; i++) {
        if (e->on && e->output.len && mr_str_eq(count->routes[i].outcome, e->output)) {
            *rows = count->routes[i].rows;
            return true;
        }
        if (e->on && !e->output.len) /* what took a route did not go on */
            *rows -= count->routes[i].rows < *rows ? count->routes[i].rows : *rows;
    }
    return !e->on || !e->output.len;
}

const char *mr_graph__kind(const struct graph_node *n)
{
    static const char *const kinds[] = {"source", "stage", "prepare", "sink"};
    return kinds[n->stage->kind];
}

void mr_graph__cut(struct mr_buf *out, struct mr_str text, size_t points)
{
    size_t at = 0;
    for (; at < text.len && points; points--) {
        bool valid;
        at += mr_utf8_next(text, at, &valid);
    }
    mr_buf_add(out, text.ptr, at);
    if (at < text.len)
        mr_buf_addz(out, "\xe2\x80\xa6");
}
