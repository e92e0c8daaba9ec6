/* The graph as lines for people, as Mermaid and as DOT. */
#include "topology/graph_private.h"

enum { LABEL_POINTS = 60 };

/* Keys changed, rows, outcome: what stands at an edge. */
static void edge_label(const struct graph *g, const struct graph_edge *e, struct mr_buf *out)
{
    struct mr_buf changes = {0};
    uint64_t rows;
    mr_buf_adds(out, e->output);
    if (e->on)
        mr_graph__changes(&g->nodes[e->from], &changes);
    if (changes.len) {
        mr_buf_addz(out, out->len ? " " : "");
        mr_graph__cut(out, mr_buf_str(&changes), LABEL_POINTS);
    }
    if (mr_graph__rows(g, e, &rows)) {
        mr_buf_addz(out, out->len ? ", " : "");
        mr_graph__number(out, rows);
        mr_buf_addz(out, rows == 1 ? " row" : " rows");
    }
    mr_buf_finish(&changes);
}

/* ---- lines ---- */

/* Control characters would move the cursor of a terminal. */
static void plain(struct mr_buf *out, struct mr_str text)
{
    for (size_t i = 0; i < text.len; i++)
        mr_buf_addc(out,
                    (unsigned char)text.ptr[i] < 0x20 || text.ptr[i] == 0x7f ? '?' : text.ptr[i]);
}

void mr_graph__text(const struct graph *g, struct mr_buf *out)
{
    struct mr_buf text = {0};
    mr_buf_printf(out, "%.*s", MR_FMT(g->plan->name));
    if (g->run)
        mr_buf_printf(out, ": %.*s", MR_FMT(g->run->title));
    mr_buf_addc(out, '\n');
    for (size_t i = 0; i < g->node_count; i++) {
        const struct graph_node *n = &g->nodes[i];
        mr_buf_printf(out, "%s %.*s (%.*s)", mr_graph__kind(n), MR_FMT(n->stage->id),
                      MR_FMT(n->stage->use));
        text.len = 0;
        mr_graph__counts(n, &text);
        mr_buf_printf(out, "%s%.*s\n", text.len ? ": " : "", MR_FMT(mr_buf_str(&text)));
        for (size_t k = 0; k < g->edge_count; k++) {
            const struct graph_edge *e = &g->edges[k];
            if (e->from != i)
                continue;
            text.len = 0;
            edge_label(g, e, &text);
            mr_buf_printf(out, "  %s %.*s", e->fused ? "\xe2\x87\x92" : "\xe2\x86\x92",
                          MR_FMT(g->nodes[e->to].stage->id));
            mr_buf_addz(out, text.len ? "  " : "");
            plain(out, mr_buf_str(&text));
            mr_buf_addc(out, '\n');
        }
    }
    mr_buf_finish(&text);
}

/* ---- Mermaid ---- */

/* A text inside quotes: all ASCII that could mean something is written as #code;. */
static void mermaid_text(struct mr_buf *out, struct mr_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        bool good = c >= 0x80 || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                    (c >= '0' && c <= '9') || (c && strchr(" .,:+-_()", c));
        if (good)
            mr_buf_addc(out, (char)c);
        else if (c < 0x20 || c == 0x7f)
            mr_buf_addc(out, ' ');
        else
            mr_buf_printf(out, "#%u;", c);
    }
}

static void mermaid_node(const struct graph_node *n, size_t i, struct mr_buf *out)
{
    static const char *const open[] = {"([\"", "[\"", "[\"", "([\""};
    static const char *const close[] = {"\"])", "\"]", "\"]", "\"])"};
    struct mr_buf counts = {0};
    mr_buf_printf(out, "    n%zu%s", i, open[n->stage->kind]);
    mermaid_text(out, n->stage->id);
    mr_buf_addz(out, "<br/>");
    mermaid_text(out, n->stage->use);
    mr_graph__counts(n, &counts);
    mr_buf_addz(out, counts.len ? "<br/>" : "");
    mermaid_text(out, mr_buf_str(&counts));
    mr_buf_printf(out, "%s\n", close[n->stage->kind]);
    mr_buf_finish(&counts);
}

void mr_graph__mermaid(const struct graph *g, struct mr_buf *out)
{
    struct mr_buf label = {0};
    mr_buf_addz(out, "flowchart TD\n");
    for (size_t i = 0; i < g->node_count; i++)
        mermaid_node(&g->nodes[i], i, out);
    for (size_t k = 0; k < g->edge_count; k++) {
        const struct graph_edge *e = &g->edges[k];
        label.len = 0;
        edge_label(g, e, &label);
        mr_buf_printf(out, "    n%zu %s", e->from, e->fused ? "==>" : e->on ? "-->" : "-.->");
        if (label.len) {
            mr_buf_addz(out, "|\"");
            mermaid_text(out, mr_buf_str(&label));
            mr_buf_addz(out, "\"|");
        }
        mr_buf_printf(out, " n%zu\n", e->to);
    }
    mr_buf_finish(&label);
}

/* ---- DOT ---- */

static void dot_text(struct mr_buf *out, struct mr_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '"' || c == '\\')
            mr_buf_addc(out, '\\');
        mr_buf_addc(out, (unsigned char)c < 0x20 || c == 0x7f ? ' ' : c);
    }
}

void mr_graph__dot(const struct graph *g, struct mr_buf *out)
{
    static const char *const shapes[] = {"cylinder", "box", "box", "cylinder"};
    struct mr_buf text = {0};
    mr_buf_addz(out, "digraph \"");
    dot_text(out, g->plan->name);
    mr_buf_addz(out,
                "\" {\n    node [fontname=\"sans-serif\"];\n    edge [fontname=\"sans-serif\"];\n");
    for (size_t i = 0; i < g->node_count; i++) {
        const struct graph_node *n = &g->nodes[i];
        text.len = 0;
        mr_graph__counts(n, &text);
        mr_buf_printf(out, "    n%zu [shape=%s, label=\"", i, shapes[n->stage->kind]);
        dot_text(out, n->stage->id);
        mr_buf_addz(out, "\\n");
        dot_text(out, n->stage->use);
        mr_buf_addz(out, text.len ? "\\n" : "");
        dot_text(out, mr_buf_str(&text));
        mr_buf_addz(out, "\"];\n");
    }
    for (size_t k = 0; k < g->edge_count; k++) {
        const struct graph_edge *e = &g->edges[k];
        text.len = 0;
        edge_label(g, e, &text);
        mr_buf_printf(out, "    n%zu -> n%zu [style=%s, label=\"", e->from, e->to,
                      e->fused ? "bold"
                      : e->on  ? "solid"
                               : "dashed");
        dot_text(out, mr_buf_str(&text));
        mr_buf_addz(out, "\"];\n");
    }
    mr_buf_addz(out, "}\n");
    mr_buf_finish(&text);
}
