/* Private to runtime/flow: a task (group × partition) between its log, its chain and its store. */
#ifndef MR_FLOW_TASK_H
#define MR_FLOW_TASK_H

#include "runtime/flow/chain.h"
#include "runtime/flow/route.h"
#include "runtime/flow/worker.h"
#include "runtime/log/log.h"
#include "runtime/row/row.h"

/* A row that killed a process before: to be run alone, or rejected. */
struct mr_suspect {
    uint32_t stage;
    struct mr_id id;
    struct mr_id entry; /* the row of the log, or held, that it came from: itself, or its parent */
    bool reject;        /* false: run it alone */
    bool done;          /* passed in this process */
    char signal[16];
};

/* What the tasks of one process share. */
struct mr_worker {
    const struct mr_worker_options *options;
    const struct mr_plan_group *group;
    struct mr_bells *bells;
    struct mr_page *page;
    uint32_t bell, scale;
    struct mr_suspect *suspects;
    size_t suspect_count, alone_count;
    struct mr_task **tasks;
    size_t task_count;
};

/* One topic the task writes, and what chooses the partition. */
struct mr_task_out {
    int topic;
    uint32_t partitions;
    uint16_t *symbols; /* key names, in the chain's table */
    size_t key_count;
};

/* Which out (index, or -1) a stage of the group uses for what. */
struct mr_task_stage {
    int *outputs; /* one per output of the stage */
    struct mr_router *router; /* NULL: no routes */
    int drops, dead;
    uint32_t sampled[MR_PAGE_OUTCOMES];
};

/* The flow's own durable facts of a task. Stored as it is: no padding. */
struct mr_task_record {
    uint32_t done_run;    /* last run whose end markers were written */
    uint32_t new_run;     /* sources: last run that brought something new */
    uint64_t window_cuts; /* windows closed so far */
    uint32_t cutting;
    uint32_t cuts_freely; /* 1: a window was cut otherwise than an earlier epoch recorded */
    uint64_t cut;
};

/* Retried rows of one stage of the group (retry.h). */
struct mr_task_retry {
    struct mr_log_reader *reader; /* NULL: no row of the stage was ever retried */
    struct mr_mark committed;
};

/* Sum modulo 2^128 of the hashes of the rows a sink has taken. Stored as it is: no padding. */
struct mr_task_content {
    struct mr_content content;
    uint64_t rows;
};

struct mr_task {
    struct mr_worker *worker;
    const struct mr_plan *plan;
    uint32_t partition;
    const struct mr_plan_stage *head, *tail;
    struct mr_store *store;
    struct mr_log *log;
    struct mr_chain *chain;             /* NULL for sources */
    struct mr_names *names;             /* the chain's, or a source's own */
    struct mr_arena *arena;             /* plan-long memory of the task */
    struct mr_arena *batch;             /* sources: rows being partitioned */
    struct mr_source *source;
    struct mr_sink *sink;
    const struct mr_sink_type *sink_type;
    struct mr_task_out *outs;
    uint32_t out_count;
    struct mr_task_stage *stages;       /* as in the group */
    struct mr_task_retry *retries;      /* as in the group */
    uint32_t retries_rung;              /* the page's count at the last look for retry topics */
    bool retried;                       /* some retried row came in, ever */
    uint32_t *lane_first;               /* per input: index of its first lane in ends */
    uint32_t *ends;                     /* per lane: last run that has ended */
    uint32_t lane_count;
    struct mr_task_record record;
    struct mr_task_cuts *cuts;          /* NULL: no window */
    struct mr_stage_counts source_counts;
    struct mr_buf row_bytes, key_bytes, record_bytes;
    struct mr_id entry;                 /* the row that went into the chain last */
    uint64_t last_commit_ms, last_row_ms, wake_ms;
    struct mr_task_only *only;          /* NULL: takes every row */
    uint32_t run_now;                   /* the run that the rows at work belong to */
    struct mr_task_content content;     /* sinks: what was written, all runs together */
    bool dirty, blocked, ended, source_ended;
};

/* task.c */
struct mr_error *mr_task__open(struct mr_worker *w, uint32_t partition, struct mr_task **out);
void mr_task__close(struct mr_task *t);
/* A bounded piece of work; *progressed false when there is nothing to do now. */
struct mr_error *mr_task__step(struct mr_task *t, bool *progressed);
struct mr_error *mr_task__commit(struct mr_task *t);

/* source.c: a piece of work of a source's task. */
struct mr_error *mr_task__source_step(struct mr_task *t, bool *progressed);
/* task.c: end markers to every partition of every output, then the run is recorded as done. */
struct mr_error *mr_task__end_run(struct mr_task *t);
bool mr_task__commit_due(struct mr_task *t);
/* The next row of the loaded frame, or of the next one. */
struct mr_error *mr_task__next_row(struct mr_task *t, struct mr_log_row *row, bool *found);
/* only.c: whether a partial replay takes a row. */
struct mr_error *mr_task__only_open(struct mr_task *t);
void mr_task__only_close(struct mr_task *t);
struct mr_error *mr_task__takes(struct mr_task *t, const struct mr_log_row *row, bool *takes);

/* ends.c: each lane has ended a run that this task has not, so there is one to be ended here. */
bool mr_task__lanes_ended(const struct mr_task *t);
/* A lane ended a run: nothing more is taken from it until the others have, and this task has. */
void mr_task__lane_ended(struct mr_task *t, const struct mr_log_row *row);
/* Lets go all lanes but those that have ended a run too many. */
void mr_task__hold_lanes(struct mr_task *t);
/* Which one that is: a source's own run; further on, the earliest that has ended on every lane. */
uint32_t mr_task__run_to_end(const struct mr_task *t);

/* cuts.c: where windows are cut. Opening comes after the log's. */
struct mr_error *mr_task__cuts_open(struct mr_task *t);
void mr_task__cuts_close(struct mr_task *t);
bool mr_task__window_due(struct mr_task *t);
/* The window is cut here: recorded, and numbered. */
struct mr_error *mr_task__cut_window(struct mr_task *t, uint64_t *cut);
/* Whether a recorded cut is on the way to; gives that up: the lanes do not lead there. */
bool mr_task__cuts_follow(const struct mr_task *t);
void mr_task__cuts_give_up(struct mr_task *t);
/* Window cuts have numbers that no run has. */
static inline uint64_t mr_task__next_window(const struct mr_task *t)
{
    return (uint64_t)1 << 32 | (t->record.window_cuts + 1);
}

/* out.c: rows and records to the task's topics. */
struct mr_error *mr_task__open_outs(struct mr_task *t);
struct mr_error *mr_task__forward(void *arg, int stage, struct mr_row *row, struct mr_leave *refused);
struct mr_error *mr_task__left(void *arg, const struct mr_leave *leave, struct mr_row *row);
struct mr_error *mr_task__source_rejected(struct mr_task *t, const struct mr_source_row *row,
                                          const char *outcome);
/* Appends encoded bytes to the partition that the row's keys choose. row NULL: by place. */
struct mr_error *mr_task__append(struct mr_task *t, int out, const struct mr_row *row,
                                 const struct mr_head *head, struct mr_str map,
                                 struct mr_leave *refused);

/* retry.c: opens what retry topics there are; takes some of their rows; their marks in the commit. */
struct mr_error *mr_task__retry_open(struct mr_task *t);
void mr_task__retry_close(struct mr_task *t);
struct mr_error *mr_task__retry_step(struct mr_task *t, bool *progressed);
void mr_task__retry_save(struct mr_task *t);
void mr_task__retry_committed(struct mr_task *t);
/* How often the row has now been tried at the stage: 1 unless it came by a retry. */
struct mr_error *mr_task__attempt(struct mr_task *t, uint16_t stage, const struct mr_id *id,
                                  uint32_t *attempt);

/* suspects.c */
struct mr_error *mr_worker__suspects_read(struct mr_worker *w);
int mr_worker__begin(void *arg, int stage, const struct mr_row *row, struct mr_str *note);
void mr_worker__end(void *arg);
/* True when this row, or one made from it, must be run alone. */
bool mr_worker__alone(struct mr_worker *w, const struct mr_id *id);
/* A row of the log, or a held one, sets out; true when it must be run alone. */
bool mr_worker__enters(void *arg, const struct mr_id *id);

/* page.c: counters of the last commit to the shared page; how long a commit took. */
void mr_worker__commit_took(struct mr_worker *w, uint64_t ns);
void mr_worker__show(struct mr_worker *w, enum mr_process_state state);

#endif
