/* A stage process at work: its tasks, one thread, until the run's end, a stop or a failure. */
#ifndef MR_FLOW_WORKER_H
#define MR_FLOW_WORKER_H

#include <signal.h>

#include "runtime/plan/plan.h"

struct mr_worker_options {
    const struct mr_plan *plan;
    int group;              /* which group of the plan */
    uint32_t instance;      /* which of its processes */
    uint32_t scale;         /* how many share the group's tasks; 0: as the plan says */
    uint32_t run;           /* run number */
    struct mr_layout layout;
    volatile sig_atomic_t *stop; /* set by a signal handler: finish, commit, return; borrowed */
    bool no_sync;           /* tests only */
};

/* In the suspects file in the place of a signal: the row did not end in its stage's longest row time. */
#define MR_SUSPECT_STUCK "stuck"

/* Runs until every task has ended its run, or *stop. *ended tells which. An error is fatal for the
 * process (also written to its page); running again resumes. Thread: main. */
struct mr_error *mr_worker_run(const struct mr_worker_options *options, bool *ended);

#endif
