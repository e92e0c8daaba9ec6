/* The way of a row through a pipeline, put together from its topics: what each stage was given, what
 * it made of it, why it let it go. Rows between fused stages are on no topic: they are made again by
 * running the row through the stages that keep nothing. Thread: main. */
#ifndef MR_LOOK_TRACE_H
#define MR_LOOK_TRACE_H

#include "stages/look/browse.h"

enum mr_trace_verdict {
    MR_TRACE_READ,      /* a source gave it out */
    MR_TRACE_MADE,      /* the stage made it: a child, an aggregate */
    MR_TRACE_FORWARDED,
    MR_TRACE_WRITTEN,   /* a sink took it */
    MR_TRACE_DROPPED,
    MR_TRACE_REJECTED,
    MR_TRACE_EXPANDED,  /* children took its place */
    MR_TRACE_ABSORBED,  /* into state or an aggregate */
    MR_TRACE_WAITING,   /* the run is not over: held, at work, or not yet taken */
    MR_TRACE_GONE,      /* what became of it is no longer kept */
    MR_TRACE_VERDICTS
};
const char *mr_trace_verdict_name(enum mr_trace_verdict v);

struct mr_trace_step {
    const struct mr_plan_stage *stage;
    struct mr_id id;           /* inside the stage: another one where branches are told apart */
    enum mr_trace_verdict verdict;
    struct mr_str before, after; /* maps; len 0: not known */
    bool made_again;           /* `after`, or the verdict, comes from running the row again */
    struct mr_str outcome, note;
    struct mr_str route;       /* forwarded by that route of the stage; else empty */
    bool measured;
    double value, threshold;
    uint32_t attempt;          /* rejected: of the last letter */
    bool retried;              /* rejected, and gone on after a retry */
    struct mr_str record;      /* the drop record or dead letter, len 0: none */
    struct mr_id *children;
    size_t child_count;
};

struct mr_trace {
    struct mr_head head;       /* as first met: parent, place */
    struct mr_trace_step *steps;
    size_t count;
    struct mr_str file;        /* of the source, when its name can be proven; else empty */
};

struct mr_tracer;
struct mr_tracer *mr_tracer_create(const struct mr_browse *b);
void mr_tracer_destroy(struct mr_tracer *t); /* accepts NULL */

/* For many rows: finds them all in one pass over the topics. Replaces the rows of the call before. */
struct mr_error *mr_tracer_prepare(struct mr_tracer *t, const struct mr_id *ids, size_t count);
/* MR_ROW_UNKNOWN when no topic holds the row. The trace is valid until the next call. */
struct mr_error *mr_tracer_find(struct mr_tracer *t, const struct mr_id *id, struct mr_trace **out);

/* trace_index.c: where rows of wanted ids stand. */
struct mr_trace_index;
struct mr_trace_where {
    int topic;
    uint32_t partition, lane;
    uint64_t n;
    size_t next; /* 1 + index of the next one of the id, 0: the last */
};
struct mr_error *mr_trace_index_build(const struct mr_browse *b, const struct mr_id *ids,
                                      size_t count, struct mr_trace_index **out);
void mr_trace_index_destroy(struct mr_trace_index *x); /* accepts NULL */
/* True when the id was among the wanted ones; *out: its first place in the topic, NULL: none. */
bool mr_trace_index_find(const struct mr_trace_index *x, const struct mr_id *id, int topic,
                         const struct mr_trace_where **out);

/* trace_origin.c: which file a row of a source came from. Nothing of it is stored: the id is made of
 * the path, so the path that makes the id is the one. */
struct mr_origins;
struct mr_origins *mr_origins_create(const struct mr_browse *b);
void mr_origins_destroy(struct mr_origins *o); /* accepts NULL */
/* Path relative to the source's root, borrowed until destroy; len 0 where it cannot be proven. */
struct mr_str mr_origins_path(struct mr_origins *o, const struct mr_id *id,
                              const struct mr_place *place);

/* trace_run.c: one row through one stage, in memory. */
struct mr_rerun;
struct mr_rerun *mr_rerun_create(const struct mr_plan *plan);
void mr_rerun_destroy(struct mr_rerun *r); /* accepts NULL */
/* Whether the stage's answer depends on the row alone. */
bool mr_rerun_can(const struct mr_plan_stage *stage);
/* Fills verdict, after, outcome, children of the step from its `before`; texts in the arena. */
struct mr_error *mr_rerun_step(struct mr_rerun *r, const struct mr_head *head,
                               struct mr_trace_step *step, struct mr_arena *arena);

#endif
