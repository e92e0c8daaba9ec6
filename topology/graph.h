/* A compiled topology drawn: stages, keys added and removed on each edge, counts of a run; as text,
 * Mermaid, DOT, or an HTML page that needs nothing else. Names from topologies and data are escaped
 * for each of them. Thread: any. */
#ifndef MR_TOPOLOGY_GRAPH_H
#define MR_TOPOLOGY_GRAPH_H

#include "topology/compile.h"

enum mr_graph_format { MR_GRAPH_TEXT, MR_GRAPH_MERMAID, MR_GRAPH_DOT, MR_GRAPH_HTML };

struct mr_graph_left {
    struct mr_str outcome; /* or route */
    uint64_t rows;
};

/* What a run counted at one stage. out: went on, children included. */
struct mr_graph_count {
    struct mr_str stage;
    uint64_t in, out, dropped, rejected;
    struct mr_graph_left *left, *routes; /* by outcome; by route, rows that went on */
    size_t left_count, route_count;
};

struct mr_graph_run {
    struct mr_str title; /* "run 3, complete" */
    struct mr_graph_count *counts;
    size_t count;
};

/* run: NULL when there was none. c->plan must be there. */
void mr_graph_print(const struct mr_compiled *c, const struct mr_graph_run *run,
                    enum mr_graph_format format, struct mr_buf *out);

#endif
