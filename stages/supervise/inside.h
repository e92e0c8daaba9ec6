/* What the files of stages/supervise share among themselves. Thread: main. */
#ifndef MR_SUPERVISE_INSIDE_H
#define MR_SUPERVISE_INSIDE_H

#include <ev.h>

#include "runtime/log/partition.h"
#include "stages/supervise/scales.h"
#include "stages/supervise/exits.h"
#include "stages/supervise/log.h"
#include "stages/supervise/supervise.h"

enum {
    TICK_MS = 100,
    BACKOFF_FIRST_MS = 100,
    BACKOFF_LONGEST_MS = 10000,
    FAILURES_MAX = 8,     /* without progress in between: then the run gives up */
    CLIENTS_MAX = 16,
};

enum child_state { CHILD_WAITING, CHILD_RUNNING, CHILD_ENDED, CHILD_STOPPED };

struct child {
    struct supervisor *of;
    int group;
    uint32_t instance, bell;
    enum child_state state;
    pid_t pid;
    struct mr_page *page;  /* of the process running or, until it has made its own, the one before */
    bool page_stale;
    struct ev_timer restart;
    unsigned failures;     /* in a row, without progress */
    uint64_t best_rows;    /* most rows ever committed: progress means more than this */
    uint64_t progress;     /* the page's counter when it last moved */
    uint64_t progress_ms;
    bool hung;             /* ended by us: no progress in the longest row time */
    unsigned restarts;     /* in this session */
    struct {               /* its standard error */
        bool open;
        int fd;
        struct ev_io io;
        char line[800];
        size_t len;
    } said;
};

/* The processes that share a group's tasks, and a change of their number: the old ones finish their
 * row, commit and end; then as many as wanted start, each with its part of the tasks. */
struct group {
    enum { GROUP_STEADY, GROUP_DRAINING, GROUP_STARTING } step;
    uint32_t scale, wanted;
    struct mr_page **retired; /* figures of the old processes until the new ones show theirs */
    size_t retired_count;
};

/* A row that killed its process. */
struct suspect {
    uint32_t stage;
    struct mr_id id, entry; /* entry: the row of its process's input that it came from */
    unsigned deaths;
    enum { SUSPECT_ONCE, SUSPECT_ALONE, SUSPECT_REJECT } step;
    char signal[16];
};

enum phase { PHASE_RUNNING, PHASE_STOPPING, PHASE_LEAVING, PHASE_CAUGHT_UP, PHASE_FAILING };

struct client {
    struct supervisor *of;
    struct ev_io io;
    int fd; /* -1: free */
    char line[160];
    size_t len;
    int awaits; /* group whose change of scale it waits for, or -1 */
};

struct supervisor {
    const struct mr_supervise_options *options;
    const struct mr_plan *plan;
    struct ev_loop *loop;
    struct child **children;
    size_t child_count;
    struct group *groups;           /* as in the plan */
    struct mr_event_log *log;
    struct metrics *metrics;        /* NULL: not asked for */
    struct mr_bells *bells;
    enum phase phase;
    bool killed;                    /* second signal: at once */
    struct mr_error *error;
    struct suspect *suspects;
    size_t suspect_count;
    uint64_t oom_kills;             /* as last looked at */
    struct caught *caught;          /* NULL: nothing to catch up with */
    struct mr_totals *totals;
    uint64_t began_ms;
    uint64_t random;
    bool over_budget;               /* the topics take more than they may */
    bool beyond_budget;             /* that sources go on beyond it has been said */
    uint32_t source_order;          /* enum mr_source_order, decided once */
    struct ev_timer tick, show, retention;
    struct ev_signal on_int, on_term, on_hup, on_child;
    struct ev_io on_bell, on_connect;
    int socket;
    struct client clients[CLIENTS_MAX];
    struct progress {
        size_t lines;               /* on the terminal, to be drawn over */
        uint64_t last_ms;
        struct pace {
            uint64_t rows;          /* taken, at the last look */
            double rate;            /* rows a second, smoothed */
        } *paces;                   /* by stage */
    } progress;
};

/* child.c */
struct child *child_create(struct supervisor *s, int group, uint32_t instance);
void child_destroy(struct child *c);   /* not running */
void child_start(struct child *c);
void child_reap_all(struct supervisor *s);
void child_signal_all(struct supervisor *s, int signal);
void child_look(struct child *c);      /* opens the page once it is there */
void child_watchdog(struct child *c);
const char *child_name(const struct child *c); /* of its first stage; borrowed until the next call */

/* supervise.c */
void supervisor_stop(struct supervisor *s, bool now);
void supervisor_fail(struct supervisor *s, struct mr_error *e); /* takes e */
/* Both go into the log; `say` is for people, too. event: a fixed word; c: whom it is about, or NULL. */
void supervisor_say(const struct supervisor *s, enum mr_log_level level, const char *event,
                    const struct child *c, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
void supervisor_note(const struct supervisor *s, enum mr_log_level level, const char *event,
                     const struct child *c, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
void supervisor_totals(struct supervisor *s);

/* said.c: open gives the end for the process to write to, or -1; drain takes what is left. */
int said_open(struct child *c);
void said_drain(struct child *c);
void said_close(struct child *c);

/* scale.c */
void scale_begin(struct supervisor *s);  /* the children of all groups */
void scale_end(struct supervisor *s);
/* Records the wish and begins the change. *done: nothing has to be waited for. */
struct mr_error *scale_order(struct supervisor *s, int group, uint32_t processes, bool *done);
void scale_look(struct supervisor *s);   /* goes on with the changes under way */

/* blame.c: true when the death was a crash on a known row (the caller restarts without counting). */
bool blame_crash(struct supervisor *s, const struct child *c, int signal);
struct mr_error *blame_load(struct supervisor *s);

/* oom.c: kills for want of memory so far; parse reads the count out of a file's text. */
uint64_t oom_kills(void);
bool oom_parse(struct mr_str text, uint64_t *count);

/* sources.c: whether this run has anything to do, decided over all sources. */
void sources_decide(struct supervisor *s);

/* caught.c: whether the epoch under way has all that was there at its start; then all processes end. */
void caught_begin(struct supervisor *s); /* before they start */
void caught_look(struct supervisor *s);
void caught_end(struct supervisor *s);

/* control.c */
struct mr_error *control_open(struct supervisor *s);
void control_scaled(struct supervisor *s, int group); /* tells who waits for it */
void control_close(struct supervisor *s);

/* progress.c */
void progress_begin(struct supervisor *s);
void progress_end(struct supervisor *s);
void progress_clear(struct supervisor *s); /* before another message on a terminal */

/* metrics.c: the HTTP endpoints, where options->metrics asks for them. */
struct mr_error *metrics_open(struct supervisor *s);
void metrics_close(struct supervisor *s);
/* metrics_text.c: what /metrics answers. */
void metrics_text(struct supervisor *s, struct mr_buf *out);

/* retention.c */
void retention_run(struct supervisor *s);

#endif
