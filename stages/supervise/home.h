/* The state folder of one pipeline: where it is, who has it, what its runs were.
 *
 * The lock is held by the supervisor and inherited by its stage processes, so it is free only when
 * the last of them is gone. Thread: main. */
#ifndef MR_SUPERVISE_HOME_H
#define MR_SUPERVISE_HOME_H

#include <sys/types.h>

#include "runtime/plan/plan.h"

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

/* The plan of the last run. */
struct mr_error *mr_home_plan(const struct mr_home *h, const struct mr_registry *registry,
                              const struct mr_connectors *connectors, struct mr_arena *arena,
                              struct mr_plan **out);

/* What is known of the runs so far: `runs.json`. Texts live in the arena given at load. */
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
    struct mr_recorded_stage *stages;
    size_t stage_count;
};

struct mr_error *mr_record_load(const struct mr_home *h, struct mr_arena *arena,
                                struct mr_record *out); /* no file: run 0 */
struct mr_error *mr_record_save(const struct mr_home *h, const struct mr_record *record);
/* The stages of the plan become the record's. */
void mr_record_take_plan(struct mr_record *record, const struct mr_plan *plan,
                         struct mr_arena *arena);
/* Names what differs between record and plan, one line each; empty when they agree. */
void mr_record_changes(const struct mr_record *record, const struct mr_plan *plan,
                       struct mr_buf *out);

#endif
