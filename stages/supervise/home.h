/* The state folder of one pipeline: where it is, who has it, what its runs were.
 *
 * The lock is held by the supervisor and inherited by its stage processes, so it is free only when
 * the last of them is gone. Thread: main. */
#ifndef MR_SUPERVISE_HOME_H
#define MR_SUPERVISE_HOME_H

#include <sys/types.h>

#include "runtime/plan/plan.h"
#include "runtime/row/head.h"

#define MR_STATE_DEFAULT ".millrace"

struct mr_home {
    struct mr_buf root;       /* zero-terminated; <state>/<pipeline> */
    struct mr_layout layout;  /* of root */
    int lock;                 /* descriptor while held, else -1 */
};

/* state: --state, or empty for the default (.millrace in the current folder). */
void mr_home_init(struct mr_home *h, struct mr_str state, struct mr_str pipeline);
void mr_home_finish(struct mr_home *h); /* releases the lock; {0} is fine */

/* The pipeline that a user means: its name, its topology file, or nothing where only one is there.
 * MR_RUN_UNKNOWN when there is none. */
struct mr_error *mr_home_find(struct mr_home *h, struct mr_str state, struct mr_str wanted);

/* Takes the pipeline (makes its folder): MR_RUN_BUSY when another run has it. Processes of a dead
 * supervisor get a moment to go. */
struct mr_error *mr_home_lock(struct mr_home *h);
/* True while some process has the pipeline; *supervisor: its number, 0 unknown. */
bool mr_home_running(const struct mr_home *h, pid_t *supervisor);

/* The plan that runs, or ran last: what the pages in the run folder belong to. */
struct mr_error *mr_home_plan(const struct mr_home *h, const struct mr_registry *registry,
                              const struct mr_connectors *connectors, struct mr_arena *arena,
                              struct mr_plan **out);
/* The plan of an epoch; 0: of the current one, which is what readers of topics mean. */
struct mr_error *mr_home_epoch_plan(const struct mr_home *h, uint32_t epoch,
                                    const struct mr_registry *registry,
                                    const struct mr_connectors *connectors, struct mr_arena *arena,
                                    struct mr_plan **out);
/* Stores it as the plan of its epoch, or (running) as the one that runs. */
struct mr_error *mr_home_save_plan(const struct mr_home *h, const struct mr_plan *plan, bool running);

/* What is known of the runs so far: `runs.json`. Texts live in the arena given at load. */

enum mr_epoch_state {
    MR_EPOCH_BUILDING,  /* not all of it is there */
    MR_EPOCH_READY,     /* whole; waits for `promote` */
    MR_EPOCH_PROMOTING, /* decided: outputs are being exchanged, which recovery finishes */
    MR_EPOCH_CURRENT,
    MR_EPOCH_KEPT,      /* was current */
    MR_EPOCH_DROPPING,  /* being removed, which recovery finishes */
};
extern const char *const mr_epoch_states[]; /* as stored and printed */

/* What a sink holds in an epoch, all runs together. */
struct mr_recorded_sink {
    struct mr_str id;
    struct mr_content content;
    uint64_t rows;
};

struct mr_recorded_epoch {
    uint32_t number;
    uint32_t parent;       /* the current one when it was opened; 0: none */
    enum mr_epoch_state state;
    bool put_away;         /* promoting: the outputs of the epoch before lie in their own folders */
    bool replayed;         /* opened by `replay`, else by `run` */
    uint32_t run;          /* last run that it holds whole; 0: none */
    uint64_t opened_ms, ended_ms;
    struct mr_str from, to, where, since, until; /* of a replay */
    struct mr_id definition;
    struct mr_recorded_sink *sinks;
    size_t sink_count;
};

/* Of format 1, which had no epochs: what its definition was. */
struct mr_recorded_stage {
    struct mr_str id;
    struct mr_id fingerprint;
    int group;
    uint32_t partitions;
};

struct mr_record {
    uint32_t run;            /* 0: never run */
    bool complete;
    struct mr_id plan_hash;
    struct mr_str pipeline, topology; /* topology: absolute path */
    uint64_t started_ms, ended_ms, active_ms; /* active: time at work in this run, all sessions */
    uint32_t current;        /* epoch */
    uint32_t last_epoch;     /* highest ever given: a dropped one's number does not come back */
    struct mr_recorded_epoch *epochs; /* by number */
    size_t epoch_count;
    struct mr_recorded_stage *stages;
    size_t stage_count;
};

/* No file: run 0. A record of format 1 comes back with epoch 1 and its stages. */
struct mr_error *mr_record_load(const struct mr_home *h, struct mr_arena *arena,
                                struct mr_record *out);
struct mr_error *mr_record_save(const struct mr_home *h, const struct mr_record *record);
/* An epoch by its number, or NULL; borrowed until one is opened. */
struct mr_recorded_epoch *mr_record_epoch(const struct mr_record *record, uint32_t number);
/* A new epoch behind the others: the one numbered after the highest ever given. */
struct mr_recorded_epoch *mr_record_open(struct mr_record *record, uint32_t number,
                                         struct mr_arena *arena);
uint32_t mr_record_next_epoch(const struct mr_record *record);
/* True for what `promote` refuses: some rows or stages were left out. */
bool mr_epoch_partial(const struct mr_recorded_epoch *e);

#endif
