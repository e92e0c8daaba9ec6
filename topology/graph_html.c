/* The graph as one HTML page: inline SVG, a table of all stages, nothing fetched from anywhere.
 *
 * Everything that comes from a topology or from data goes through `escaped`. The script only shows
 * the ready-made description of the stage under the pointer or the keyboard's focus. */
#include "topology/graph_private.h"

#include "runtime/op/describe.h"

enum { NAME_POINTS = 28, CHANGE_POINTS = 34, KEYS_SHOWN = 200 };

static const char style[] =
    ":root{color-scheme:light dark;--back:#fff;--text:#1b1f24;--dim:#59636e;--line:#8c959f;"
    "--box:#f6f8fa;--edge:#d0d7de;--mark:#0969da;--plus:#116329;--minus:#a40e26}\n"
    "@media(prefers-color-scheme:dark){:root{--back:#0d1117;--text:#e6edf3;--dim:#9198a1;"
    "--line:#656c76;--box:#161b22;--edge:#30363d;--mark:#4493f8;--plus:#3fb950;--minus:#ff7b72}}\n"
    "body{margin:1.5rem;background:var(--back);color:var(--text);font:15px/1.45 "
    "system-ui,sans-serif}\n"
    ".dim{color:var(--dim)}.plus{color:var(--plus)}.minus{color:var(--minus)}\n"
    ".drawing{overflow:auto;border:1px solid var(--edge);border-radius:8px}\n"
    "svg{display:block;margin:auto}svg text{font:13px system-ui,sans-serif;fill:var(--text)}\n"
    "svg .dim{fill:var(--dim);font-size:12px}svg "
    ".box{fill:var(--box);stroke:var(--edge);stroke-width:1.5}\n"
    "svg .end .box{stroke:var(--line)}svg .wire{fill:none;stroke:var(--line);stroke-width:1.5}\n"
    "svg .left{stroke-dasharray:5 4}svg .fused{stroke-width:3}svg .tip{fill:var(--line)}\n"
    "svg .note{font-size:12px;paint-order:stroke;stroke:var(--back);stroke-width:4px}\n"
    ".node{cursor:pointer;outline:none}.node:hover .box,.node:focus "
    ".box{stroke:var(--mark);stroke-width:2.5}\n"
    "#about{position:sticky;bottom:0;min-height:5rem;margin-top:1rem;padding:.7rem 1rem;"
    "background:var(--box);border:1px solid var(--edge);border-radius:8px}\n"
    "table{border-collapse:collapse;margin-top:1.5rem}th,td{padding:.3rem .8rem;text-align:left;"
    "vertical-align:top;border-top:1px solid var(--edge)}code{overflow-wrap:anywhere}\n";

static const char script[] =
    "const about=document.getElementById('about');\n"
    "for(const node of document.querySelectorAll('.node')){\n"
    "const show=()=>{const row=document.getElementById(node.dataset.row);about.replaceChildren("
    "...[...row.cells].map(cell=>{const line=document.createElement('div');"
    "line.append(...[...cell.childNodes].map(child=>child.cloneNode(true)));return line;}));};\n"
    "node.addEventListener('mouseenter',show);node.addEventListener('focus',show);}\n";

static void escaped(struct mr_buf *out, struct mr_str text)
{
    for (size_t i = 0; i < text.len;) {
        bool valid;
        size_t len = mr_utf8_next(text, i, &valid);
        unsigned char c = (unsigned char)text.ptr[i];
        if (!valid || c < 0x20 || c == 0x7f || (c == 0xc2 && (unsigned char)text.ptr[i + 1] < 0xa0))
            mr_buf_addz(out, "\xef\xbf\xbd");
        else if (c && strchr("&<>\"'", c))
            mr_buf_printf(out, "&#%u;", c);
        else
            mr_buf_add(out, text.ptr + i, len);
        i += len;
    }
}

static void escaped_cut(struct mr_buf *out, struct mr_str text, size_t points)
{
    struct mr_buf cut = {0};
    mr_graph__cut(&cut, text, points);
    escaped(out, mr_buf_str(&cut));
    mr_buf_finish(&cut);
}

/* ---- the drawing ---- */

static void draw_wire(const struct graph *g, const struct graph_layout *l, size_t edge,
                      struct mr_buf *out)
{
    const struct graph_edge *e = &g->edges[edge];
    struct graph_point from = l->nodes[e->from], to = l->nodes[e->to];
    from.y += GRAPH_NODE_HEIGHT / 2.0;
    to.y -= GRAPH_NODE_HEIGHT / 2.0 + 7;
    mr_buf_printf(out, "<path class=\"wire%s\" marker-end=\"url(#tip)\" d=\"M%.1f %.1f",
                  e->fused ? " fused"
                  : e->on  ? ""
                           : " left",
                  from.x, from.y);
    for (size_t i = 0; i <= l->bend_counts[edge]; i++) {
        struct graph_point next = i < l->bend_counts[edge] ? l->bends[edge][i] : to;
        double middle = (from.y + next.y) / 2;
        mr_buf_printf(out, "C%.1f %.1f %.1f %.1f %.1f %.1f", from.x, middle, next.x, middle, next.x,
                      next.y);
        from = next;
    }
    mr_buf_addz(out, "\"/>\n");
}

/* Keys and rows beside the last part of an edge. */
static void draw_note(const struct graph *g, const struct graph_layout *l, size_t edge,
                      struct mr_buf *out)
{
    const struct graph_edge *e = &g->edges[edge];
    size_t bends = l->bend_counts[edge];
    struct graph_point from = bends ? l->bends[edge][bends - 1] : l->nodes[e->from];
    struct graph_point to = l->nodes[e->to];
    struct mr_buf text = {0};
    uint64_t rows;
    double edge_of = bends ? 0 : GRAPH_NODE_HEIGHT / 2.0;
    double x = from.x + 0.8 * (to.x - from.x),
           y = (from.y + edge_of + to.y - GRAPH_NODE_HEIGHT / 2.0) / 2;
    mr_buf_adds(&text, e->output);
    if (e->on)
        mr_graph__changes(&g->nodes[e->from], &text);
    if (text.len) {
        mr_buf_printf(out, "<text class=\"note\" x=\"%.1f\" y=\"%.1f\">", x + 10, y - 2);
        escaped_cut(out, mr_buf_str(&text), CHANGE_POINTS);
        mr_buf_addz(out, "</text>\n");
    }
    if (mr_graph__rows(g, e, &rows)) {
        mr_buf_printf(out, "<text class=\"note dim\" x=\"%.1f\" y=\"%.1f\">", x + 10, y + 13);
        mr_graph__number(out, rows);
        mr_buf_addz(out, rows == 1 ? " row</text>\n" : " rows</text>\n");
    }
    mr_buf_finish(&text);
}

static void draw_node(const struct graph *g, const struct graph_layout *l, size_t i,
                      struct mr_buf *out)
{
    const struct graph_node *n = &g->nodes[i];
    bool end = n->stage->kind == MR_STAGE_SOURCE || n->stage->kind == MR_STAGE_SINK;
    double x = l->nodes[i].x - GRAPH_NODE_WIDTH / 2.0, y = l->nodes[i].y - GRAPH_NODE_HEIGHT / 2.0;
    struct mr_buf text = {0};
    mr_graph__counts(n, &text);
    mr_buf_printf(
        out, "<g class=\"node%s\" tabindex=\"0\" role=\"button\" data-row=\"row%zu\" aria-label=\"",
        end ? " end" : "", i);
    escaped(out, n->stage->id);
    mr_buf_printf(
        out,
        "\"><rect class=\"box\" x=\"%.1f\" y=\"%.1f\" width=\"%d\" height=\"%d\" rx=\"%d\"/>"
        "<text x=\"%.1f\" y=\"%.1f\" font-weight=\"600\">",
        x, y, GRAPH_NODE_WIDTH, GRAPH_NODE_HEIGHT, end ? 20 : 6, x + 14, y + 20);
    escaped_cut(out, n->stage->id, NAME_POINTS);
    mr_buf_printf(out, "</text><text class=\"dim\" x=\"%.1f\" y=\"%.1f\">", x + 14, y + 37);
    escaped_cut(out, n->stage->use, NAME_POINTS + 4);
    mr_buf_printf(out, "</text><text class=\"dim\" x=\"%.1f\" y=\"%.1f\">", x + 14, y + 53);
    escaped_cut(out, mr_buf_str(&text), NAME_POINTS + 6);
    mr_buf_addz(out, "</text></g>\n");
    mr_buf_finish(&text);
}

static void draw(const struct graph *g, struct mr_buf *out)
{
    struct mr_arena *arena = mr_arena_create(0);
    struct graph_layout l;
    mr_graph__layout(g, arena, &l);
    mr_buf_printf(
        out,
        "<div class=\"drawing\"><svg width=\"%.0f\" height=\"%.0f\" viewBox=\"0 0 %.0f %.0f\" "
        "role=\"group\" aria-label=\"stages and edges\">\n<defs><marker id=\"tip\" "
        "viewBox=\"0 0 8 8\" refX=\"2\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" "
        "markerUnits=\"userSpaceOnUse\" orient=\"auto\"><path class=\"tip\" "
        "d=\"M0 0L8 4L0 8z\"/></marker></defs>\n",
        l.width, l.height, l.width, l.height);
    for (size_t k = 0; k < g->edge_count; k++)
        draw_wire(g, &l, k, out);
    for (size_t i = 0; i < g->node_count; i++)
        draw_node(g, &l, i, out);
    for (size_t k = 0; k < g->edge_count; k++)
        draw_note(g, &l, k, out);
    mr_buf_addz(out, "</svg></div>\n");
    mr_arena_destroy(arena);
}

/* ---- the table: what the drawing shows and more, readable without a script ---- */

static void names(struct mr_buf *out, const char *class, const char *sign,
                  const struct mr_str *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        mr_buf_printf(out, "<code class=\"%s\">%s", class, sign);
        escaped(out, list[i]);
        mr_buf_addz(out, "</code> ");
    }
}

static void key_list(const struct mr_schema *s, struct mr_buf *out)
{
    struct mr_buf types = {0};
    if (!s) {
        mr_buf_addz(out, "<span class=\"dim\">not known</span>");
        return;
    }
    for (size_t i = 0; i < s->count && i < KEYS_SHOWN; i++) {
        mr_buf_addz(out, i ? ", <code>" : "<code>");
        escaped(out, s->keys[i].name);
        types.len = 0;
        mr_describe_types(s->keys[i].types, &types);
        mr_buf_printf(out, "%s</code> <span class=\"dim\">%.*s</span>",
                      s->keys[i].always ? "" : "?", MR_FMT(mr_buf_str(&types)));
    }
    if (s->open || s->unknown || s->count > KEYS_SHOWN)
        mr_buf_addz(out, s->count ? ", <span class=\"dim\">others</span>"
                                  : "<span class=\"dim\">not known</span>");
    mr_buf_finish(&types);
}

static void table_row(const struct graph *g, size_t i, struct mr_buf *out)
{
    const struct graph_node *n = &g->nodes[i];
    struct mr_buf counts = {0};
    mr_graph__counts(n, &counts);
    mr_buf_printf(out, "<tr id=\"row%zu\"><td><b>", i);
    escaped(out, n->stage->id);
    mr_buf_printf(out, "</b> <span class=\"dim\">%s ", mr_graph__kind(n));
    escaped(out, n->stage->use);
    mr_buf_addz(out, "</span></td><td>");
    escaped(out, mr_buf_str(&counts));
    for (size_t k = 0; n->count && k < n->count->left_count; k++) {
        mr_buf_addz(out, k ? ", " : " <span class=\"dim\">(");
        escaped(out, n->count->left[k].outcome);
        mr_buf_addc(out, ' ');
        mr_graph__number(out, n->count->left[k].rows);
    }
    mr_buf_addz(out, n->count && n->count->left_count ? ")</span></td><td>" : "</td><td>");
    names(out, "plus", "+", n->added, n->added_count);
    names(out, "minus", "\xe2\x88\x92", n->removed, n->removed_count);
    mr_buf_addz(out, "</td><td>");
    if (n->stage->kind != MR_STAGE_SINK)
        key_list(n->keys, out);
    mr_buf_addz(out, "</td></tr>\n");
    mr_buf_finish(&counts);
}

void mr_graph__html(const struct graph *g, struct mr_buf *out)
{
    mr_buf_addz(
        out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
             "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
             "style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n"
             "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>");
    escaped(out, g->plan->name);
    mr_buf_printf(out, "</title>\n<style>\n%s</style>\n</head>\n<body>\n<h1>", style);
    escaped(out, g->plan->name);
    mr_buf_addz(out, "</h1>\n<p class=\"dim\">");
    escaped(out, g->run ? g->run->title : MR_STR("not run yet"));
    mr_buf_addz(out, "</p>\n");
    draw(g, out);
    mr_buf_addz(
        out, "<div id=\"about\" aria-live=\"polite\"><span class=\"dim\">Point at a stage, or "
             "reach it with the Tab key.</span></div>\n<table>\n<thead><tr><th>stage</th>"
             "<th>rows</th><th>keys changed</th><th>keys behind it</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < g->node_count; i++)
        table_row(g, i, out);
    mr_buf_printf(out, "</tbody>\n</table>\n<script>\n%s</script>\n</body>\n</html>\n", script);
}
