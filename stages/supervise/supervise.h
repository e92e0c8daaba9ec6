/* Keeps the processes of a run alive until it ends: start, watch, restart, isolate, stop.
 *
 * One process, one libev loop, no threads. A stage process dies with its supervisor. */
#ifndef MR_SUPERVISE_SUPERVISE_H
#define MR_SUPERVISE_SUPERVISE_H

#include "stages/supervise/home.h"
#include "stages/supervise/totals.h"

enum mr_run_end {
    MR_RUN_ENDED,       /* every process ended its part */
    MR_RUN_NOTHING_NEW, /* the sources had nothing that earlier runs had not seen */
    MR_RUN_STOPPED,     /* by a signal or `stop`; resumes */
    MR_RUN_CAUGHT_UP,   /* the epoch named by catch_up has all rows that were there at the start */
    MR_RUN_FAILED,      /* *error says why; resumes when that is mended */
};

struct mr_supervise_options {
    const struct mr_plan *plan;
    struct mr_home *home;      /* locked */
    uint32_t run;
    bool resumed;              /* an earlier session began this run */
    bool after_complete;       /* an earlier run is complete: "nothing new" is possible */
    bool forced;               /* there is work besides the sources: they end the run even without news */
    const bool *idle;          /* groups without processes in this session; NULL: none */
    uint32_t catch_up;         /* ends when the stages of this epoch have caught up; 0: does not */
    uint64_t active_ms;        /* of earlier sessions of this run */
    /* MR_SHOW_LOG: lines of the log only. */
    enum { MR_SHOW_NOTHING, MR_SHOW_LINES, MR_SHOW_JSON, MR_SHOW_TERMINAL, MR_SHOW_LOG } show;
    struct mr_str log;         /* another file for the log, "-" for standard error, or empty */
    struct mr_str metrics;     /* ADDRESS:PORT for HTTP, or empty */
};

/* Holds back SIGINT, SIGTERM and SIGHUP until mr_supervise can take them: a run that was begun is
 * stopped in good order from its first moment. */
void mr_supervise_hold_signals(void);

/* MR_METRICS for what is no ADDRESS:PORT, before a run is begun for it; empty is fine. */
struct mr_error *mr_metrics_check(struct mr_str address);

/* totals: made by the caller; holds the last figures afterwards. */
enum mr_run_end mr_supervise(const struct mr_supervise_options *options, struct mr_totals *totals,
                             struct mr_error **error);

#endif
