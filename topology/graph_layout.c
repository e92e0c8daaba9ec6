/* A layered layout: each node below what it reads, edges that pass a layer get a place there, and a
 * few sweeps put neighbours near each other. */
#include "topology/graph_private.h"

#include <stdlib.h>

enum { GAP_X = 48, GAP_Y = 62, BEND_WIDTH = 40, MARGIN = 24, SWEEPS = 6, BENDS_MAX = 5000 };

/* A node, or the place of an edge in a layer that it passes. */
struct spot {
    size_t layer, slot;
    double weight, x;
    bool bend;
    size_t *near; /* spots connected in the layers beside */
    size_t near_count;
};

struct layers {
    struct spot *spots;
    size_t spot_count;
    size_t **order; /* per layer: spots from left to right */
    size_t *counts, layer_count;
    bool straight; /* too many bends: edges go straight across the layers */
};

static void find_layers(const struct graph *g, struct layers *l)
{
    /* Writers stand before their readers in the plan, so one pass is enough. */
    for (size_t i = 0; i < g->node_count; i++)
        for (size_t k = 0; k < g->edge_count; k++)
            if (g->edges[k].to == i && l->spots[g->edges[k].from].layer >= l->spots[i].layer)
                l->spots[i].layer = l->spots[g->edges[k].from].layer + 1;
    for (size_t i = 0; i < g->node_count; i++)
        if (l->spots[i].layer >= l->layer_count)
            l->layer_count = l->spots[i].layer + 1;
}

static size_t span(const struct layers *l, const struct graph_edge *e)
{
    size_t from = l->spots[e->from].layer, to = l->spots[e->to].layer;
    return to > from && !l->straight ? to - from : 1;
}

static void join(struct mr_arena *arena, struct spot *a, size_t b)
{
    if ((a->near_count & (a->near_count - 1)) == 0) {
        size_t *more =
            mr_arena_alloc(arena, (a->near_count ? 2 * a->near_count : 1) * sizeof *more);
        if (a->near_count)
            memcpy(more, a->near, a->near_count * sizeof *more);
        a->near = more;
    }
    a->near[a->near_count++] = b;
}

static void add_bends(const struct graph *g, struct mr_arena *arena, struct layers *l,
                      struct graph_layout *out)
{
    for (size_t k = 0; k < g->edge_count; k++) {
        const struct graph_edge *e = &g->edges[k];
        size_t before = e->from, bends = span(l, e) - 1;
        out->bend_counts[k] = bends;
        out->bends[k] = mr_arena_zalloc(arena, (bends + 1) * sizeof **out->bends);
        for (size_t i = 0; i < bends; i++) {
            size_t spot = l->spot_count++;
            l->spots[spot] = (struct spot){.layer = l->spots[e->from].layer + 1 + i, .bend = true};
            join(arena, &l->spots[before], spot);
            join(arena, &l->spots[spot], before);
            before = spot;
        }
        join(arena, &l->spots[before], e->to);
        join(arena, &l->spots[e->to], before);
    }
}

static void fill_layers(struct mr_arena *arena, struct layers *l)
{
    l->order = mr_arena_zalloc(arena, (l->layer_count + 1) * sizeof *l->order);
    l->counts = mr_arena_zalloc(arena, (l->layer_count + 1) * sizeof *l->counts);
    for (size_t i = 0; i < l->spot_count; i++)
        l->counts[l->spots[i].layer]++;
    for (size_t i = 0; i < l->layer_count; i++) {
        l->order[i] = mr_arena_alloc(arena, (l->counts[i] + 1) * sizeof **l->order);
        l->counts[i] = 0;
    }
    for (size_t i = 0; i < l->spot_count; i++) {
        size_t layer = l->spots[i].layer;
        l->spots[i].slot = l->counts[layer];
        l->order[layer][l->counts[layer]++] = i;
    }
}

/* Puts spots in the order of the middle of their neighbours above (or below). Insertion keeps equal
 * ones as they are. */
static void sort_layer(struct layers *l, size_t layer, bool above)
{
    size_t *order = l->order[layer], count = l->counts[layer];
    for (size_t i = 0; i < count; i++) {
        struct spot *s = &l->spots[order[i]];
        double sum = 0;
        size_t seen = 0;
        for (size_t k = 0; k < s->near_count; k++)
            if ((l->spots[s->near[k]].layer < layer) == above) {
                sum += (double)l->spots[s->near[k]].slot;
                seen++;
            }
        s->weight = seen ? sum / (double)seen : (double)s->slot;
    }
    for (size_t i = 1; i < count; i++) {
        size_t moving = order[i], k = i;
        for (; k > 0 && l->spots[order[k - 1]].weight > l->spots[moving].weight; k--)
            order[k] = order[k - 1];
        order[k] = moving;
    }
    for (size_t i = 0; i < count; i++)
        l->spots[order[i]].slot = i;
}

static double width_of(const struct spot *s)
{
    return s->bend ? BEND_WIDTH : GRAPH_NODE_WIDTH + GAP_X;
}

static void place(struct layers *l, struct graph_layout *out)
{
    for (size_t i = 0; i < l->layer_count; i++) {
        double width = 0;
        for (size_t k = 0; k < l->counts[i]; k++)
            width += width_of(&l->spots[l->order[i][k]]);
        out->width = width > out->width ? width : out->width;
    }
    for (size_t i = 0; i < l->layer_count; i++) {
        double width = 0, x;
        for (size_t k = 0; k < l->counts[i]; k++)
            width += width_of(&l->spots[l->order[i][k]]);
        x = (out->width - width) / 2;
        for (size_t k = 0; k < l->counts[i]; k++) {
            struct spot *s = &l->spots[l->order[i][k]];
            s->x = x + width_of(s) / 2 + MARGIN;
            x += width_of(s);
        }
    }
    out->width += 2 * MARGIN;
    out->height = (double)l->layer_count * (GRAPH_NODE_HEIGHT + GAP_Y) - GAP_Y + 2 * MARGIN;
}

static struct graph_point point_of(const struct spot *s)
{
    return (struct graph_point){s->x, MARGIN + GRAPH_NODE_HEIGHT / 2.0 +
                                          (double)s->layer * (GRAPH_NODE_HEIGHT + GAP_Y)};
}

void mr_graph__layout(const struct graph *g, struct mr_arena *arena, struct graph_layout *out)
{
    struct layers l = {.spot_count = g->node_count};
    struct spot *nodes = mr_arena_zalloc(arena, (g->node_count + 1) * sizeof *nodes);
    size_t most = g->node_count;
    *out = (struct graph_layout){0};
    out->nodes = mr_arena_zalloc(arena, (g->node_count + 1) * sizeof *out->nodes);
    out->bends = mr_arena_zalloc(arena, (g->edge_count + 1) * sizeof *out->bends);
    out->bend_counts = mr_arena_zalloc(arena, (g->edge_count + 1) * sizeof *out->bend_counts);
    l.spots = nodes;
    find_layers(g, &l);
    for (size_t k = 0; k < g->edge_count; k++)
        most += span(&l, &g->edges[k]) - 1;
    l.straight = most - g->node_count > BENDS_MAX;
    most = l.straight ? g->node_count : most;
    l.spots = mr_arena_zalloc(arena, (most + 1) * sizeof *l.spots);
    memcpy(l.spots, nodes, g->node_count * sizeof *nodes);
    add_bends(g, arena, &l, out);
    fill_layers(arena, &l);
    for (int sweep = 0; sweep < SWEEPS; sweep++)
        for (size_t i = 0; i < l.layer_count; i++)
            sort_layer(&l, sweep % 2 ? l.layer_count - 1 - i : i, sweep % 2 == 0);
    place(&l, out);
    for (size_t i = 0; i < g->node_count; i++)
        out->nodes[i] = point_of(&l.spots[i]);
    size_t spot = g->node_count;
    for (size_t k = 0; k < g->edge_count; k++)
        for (size_t i = 0; i < out->bend_counts[k]; i++)
            out->bends[k][i] = point_of(&l.spots[spot++]);
}
