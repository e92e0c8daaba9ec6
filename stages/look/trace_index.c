/* Where the rows of many ids stand: one pass over all topics instead of a search for each. */
#include <stdlib.h>

#include "stages/look/trace.h"

struct slot {
    struct mr_id id;
    bool used;
    size_t first, last; /* 1 + index in places */
};

struct mr_trace_index {
    struct slot *slots;
    size_t mask;
    struct mr_trace_where *places;
    size_t count, capacity;
    int topic; /* of the pass under way */
};

static struct slot *slot_of(const struct mr_trace_index *x, const struct mr_id *id)
{
    size_t at = (size_t)mr_hash64(id->b, sizeof id->b, 0) & x->mask;
    while (x->slots[at].used && !mr_id_eq(&x->slots[at].id, id))
        at = (at + 1) & x->mask;
    return &x->slots[at];
}

static struct mr_error *note(void *arg, const struct mr_browse_row *row, bool *stop)
{
    struct mr_trace_index *x = arg;
    struct slot *s = slot_of(x, &row->head.id);
    (void)stop;
    if (!s->used)
        return NULL;
    if (x->count == x->capacity) {
        x->capacity = x->capacity ? 2 * x->capacity : 1024;
        x->places = mr_realloc(x->places, x->capacity * sizeof *x->places);
    }
    x->places[x->count++] =
        (struct mr_trace_where){x->topic, row->partition, row->lane, row->head.n, 0};
    if (s->last)
        x->places[s->last - 1].next = x->count;
    else
        s->first = x->count;
    s->last = x->count;
    return NULL;
}

struct mr_error *mr_trace_index_build(const struct mr_browse *b, const struct mr_id *ids,
                                      size_t count, struct mr_trace_index **out)
{
    struct mr_trace_index *x = mr_zalloc(sizeof *x);
    size_t slots = 16;
    while (slots < 2 * count)
        slots *= 2;
    x->mask = slots - 1;
    x->slots = mr_zalloc(slots * sizeof *x->slots);
    for (size_t i = 0; i < count; i++) {
        struct slot *s = slot_of(x, &ids[i]);
        s->id = ids[i];
        s->used = true;
    }
    struct mr_error *e = NULL;
    for (size_t i = 0; !e && i < b->plan->topic_count; i++) {
        x->topic = (int)i;
        e = mr_browse_topic(b, x->topic, note, x);
    }
    if (e)
        mr_trace_index_destroy(x);
    else
        *out = x;
    return e;
}

void mr_trace_index_destroy(struct mr_trace_index *x)
{
    if (!x)
        return;
    free(x->slots);
    free(x->places);
    free(x);
}

bool mr_trace_index_find(const struct mr_trace_index *x, const struct mr_id *id, int topic,
                         const struct mr_trace_where **out)
{
    const struct slot *s = slot_of(x, id);
    *out = NULL;
    if (!s->used)
        return false;
    for (size_t at = s->first; at; at = x->places[at - 1].next)
        if (x->places[at - 1].topic == topic) {
            *out = &x->places[at - 1];
            break;
        }
    return true;
}
