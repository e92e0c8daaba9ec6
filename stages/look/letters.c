/* Reads dead letters and what became of them. */
#include "stages/look/letters.h"

#include <stdlib.h>

#include "runtime/flow/retry.h"

/* The letters of one stage that were settled, by lane and n. */
struct settled {
    uint32_t lane;
    enum mr_letter_status status;
    uint64_t n;
};

struct walk {
    const struct mr_browse *browse;
    const struct mr_letter_filter *filter;
    const struct mr_plan_stage *stage;
    struct settled *settled;
    size_t count, capacity;
    enum mr_letter_status adding;
    mr_letter_fn fn;
    void *arg;
    uint64_t left;
};

const char *mr_letter_status_name(enum mr_letter_status s)
{
    static const char *const names[] = {"waiting", "retried", "dropped"};
    return names[s];
}

static struct mr_error *add_settled(void *arg, const struct mr_browse_row *row, bool *stop)
{
    struct walk *w = arg;
    struct mr_retry retry;
    (void)stop;
    if (!mr_retry_parse(row->map, &retry))
        return mr_error(MR_ROW_BROKEN, "a record of settled dead letters cannot be read");
    if (w->count == w->capacity) {
        w->capacity = w->capacity ? 2 * w->capacity : 64;
        w->settled = mr_realloc(w->settled, w->capacity * sizeof *w->settled);
    }
    w->settled[w->count++] = (struct settled){retry.lane, w->adding, retry.n};
    return NULL;
}

static int by_place(const void *a, const void *b)
{
    const struct settled *x = a, *y = b;
    if (x->lane != y->lane)
        return x->lane < y->lane ? -1 : 1;
    return x->n < y->n ? -1 : x->n > y->n;
}

static struct mr_error *load_settled(struct walk *w)
{
    struct mr_buf topic = {0};
    uint32_t tasks = w->browse->plan->groups[w->stage->group].partitions;
    struct mr_error *e = NULL;
    w->count = 0;
    w->adding = MR_LETTER_RETRIED;
    if (mr_retry_topic(w->browse->plan, w->stage, "retry", &topic))
        e = mr_browse_scan(w->browse, mr_buf_str(&topic), tasks, 1, add_settled, w);
    w->adding = MR_LETTER_DROPPED;
    if (!e && mr_retry_topic(w->browse->plan, w->stage, "settled", &topic))
        e = mr_browse_scan(w->browse, mr_buf_str(&topic), 1, 1, add_settled, w);
    mr_buf_finish(&topic);
    if (w->count)
        qsort(w->settled, w->count, sizeof *w->settled, by_place);
    return e;
}

static bool is_meant(const struct walk *w, const struct mr_letter *l)
{
    const struct mr_letter_filter *f = w->filter;
    return (!f->outcome.len || mr_str_eq(f->outcome, l->outcome)) &&
           (!f->id.len || mr_browse_has_prefix(&l->head.id, f->id)) &&
           (!f->status || f->status == (int)l->status + 1) && mr_where_meets(f->where, l->row);
}

static struct mr_error *one_letter(void *arg, const struct mr_browse_row *row, bool *stop)
{
    struct walk *w = arg;
    struct mr_value body = mr_browse_field(row->map, "row");
    struct mr_letter l = {
        .stage = w->stage,
        .lane = row->lane,
        .head = row->head,
        .map = row->map,
        .outcome = mr_browse_text(row->map, "outcome"),
        .message = mr_browse_text(row->map, "message"),
        .attempt = (uint32_t)mr_browse_uint(row->map, "attempt"),
    };
    if (body.len && mr_value_type(body) == MR_MAP)
        l.row = mr_str_span((const char *)body.ptr, body.len);
    struct settled wanted = {.lane = row->lane, .n = row->head.n};
    const struct settled *s =
        w->count ? bsearch(&wanted, w->settled, w->count, sizeof wanted, by_place) : NULL;
    l.status = s ? s->status : MR_LETTER_WAITING;
    if (!is_meant(w, &l))
        return NULL;
    MR_TRY(w->fn(w->arg, &l));
    *stop = --w->left == 0;
    return NULL;
}

static struct mr_error *stage_unknown(const struct mr_browse *b, struct mr_str id)
{
    struct mr_buf names = {0};
    for (size_t i = 0; i < b->plan->stage_count; i++)
        mr_buf_printf(&names, "%s%.*s", i ? ", " : "", MR_FMT(b->plan->stages[i].id));
    struct mr_error *e =
        mr_error_remedy(mr_error(MR_NAME_UNKNOWN, "pipeline \"%.*s\" has no stage \"%.*s\"",
                                 MR_FMT(b->plan->name), MR_FMT(id)),
                        "Its stages are %s.", mr_buf_text(&names));
    mr_buf_finish(&names);
    return e;
}

struct mr_error *mr_letters_each(const struct mr_browse *b, const struct mr_letter_filter *filter,
                                 mr_letter_fn fn, void *arg)
{
    struct walk w = {.browse = b,
                     .filter = filter,
                     .fn = fn,
                     .arg = arg,
                     .left = filter->limit ? filter->limit : UINT64_MAX};
    struct mr_error *e = NULL;
    if (filter->stage.len && mr_plan_stage_find(b->plan, filter->stage) == MR_PLAN_NONE)
        return stage_unknown(b, filter->stage);
    if (filter->id.len && !mr_browse_is_prefix(filter->id))
        return mr_error(MR_USAGE, "\"%.*s\" is not the beginning of an id: up to %d hex digits",
                        MR_FMT(filter->id), MR_ID_HEX_LEN);
    for (size_t i = 0; !e && w.left && i < b->plan->stage_count; i++) {
        w.stage = &b->plan->stages[i];
        if (w.stage->dead_topic == MR_PLAN_NONE ||
            (filter->stage.len && !mr_str_eq(filter->stage, w.stage->id)))
            continue;
        e = load_settled(&w);
        if (!e)
            e = mr_browse_topic(b, w.stage->dead_topic, one_letter, &w);
    }
    free(w.settled);
    return e;
}
