/* Shared by the graph_*.c files: the graph as nodes and edges. */
#ifndef MR_TOPOLOGY_GRAPH_PRIVATE_H
#define MR_TOPOLOGY_GRAPH_PRIVATE_H

#include "topology/graph.h"

struct graph_node {
    const struct mr_plan_stage *stage;
    const struct mr_graph_count *count; /* NULL: not known */
    const struct mr_schema *keys;       /* of the rows that go on; NULL: not known */
    struct mr_str *added, *removed;     /* against what comes in */
    size_t added_count, removed_count;
};

struct graph_edge {
    size_t from, to;
    struct mr_str output; /* outcome or branch; empty: the rows that go on */
    bool on;              /* the rows that go on, so that keys were added and removed */
    bool fused;           /* inside one process, no topic */
};

struct graph {
    const struct mr_plan *plan;
    const struct mr_graph_run *run;
    struct graph_node *nodes; /* by stage number: readers behind their writers */
    size_t node_count;
    struct graph_edge *edges;
    size_t edge_count;
};

/* "+score -raw", code for one mark each; nothing when no key changed. */
void mr_graph__changes(const struct graph_node *n, struct mr_buf *out);
/* "in 1,000, out 990, dropped 10"; nothing when not known. */
void mr_graph__counts(const struct graph_node *n, struct mr_buf *out);
/* Rows that took the edge; false when not known. */
bool mr_graph__rows(const struct graph *g, const struct graph_edge *e, uint64_t *rows);
void mr_graph__number(struct mr_buf *out, uint64_t value); /* 1,234,567 */
/* "source", "stage", "prepare", "sink" */
const char *mr_graph__kind(const struct graph_node *n);
/* The first `points` code points, "…" behind when there are more. */
void mr_graph__cut(struct mr_buf *out, struct mr_str text, size_t points);

void mr_graph__text(const struct graph *g, struct mr_buf *out);
void mr_graph__mermaid(const struct graph *g, struct mr_buf *out);
void mr_graph__dot(const struct graph *g, struct mr_buf *out);
void mr_graph__html(const struct graph *g, struct mr_buf *out);

/* graph_layout.c: places in layers; edges that pass layers get a place in each. */
struct graph_point {
    double x, y;
};
struct graph_layout {
    struct graph_point *nodes;  /* middle of each node */
    struct graph_point **bends; /* per edge: between its ends */
    size_t *bend_counts;
    double width, height;
};
enum { GRAPH_NODE_WIDTH = 240, GRAPH_NODE_HEIGHT = 62 };
void mr_graph__layout(const struct graph *g, struct mr_arena *arena, struct graph_layout *out);

#endif
