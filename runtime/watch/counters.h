/* What a process shows while it works: one mmap page per process in the run folder, written by the
 * worker, read by the supervisor and by `status`, surviving the process.
 *
 * Row counts are those of the last commit (they come from the task's store), so they balance:
 * in = forwarded + dropped + rejected + absorbed + held. Children are counted apart (emitted).
 * All fields are written by one thread with relaxed stores; a reader may see a commit half. */
#ifndef MR_WATCH_COUNTERS_H
#define MR_WATCH_COUNTERS_H

#include <stdatomic.h>
#include <stdbool.h>

#include "runtime/base/error.h"
#include "runtime/base/hash.h"

enum mr_counter {
#define MR_COUNTER(symbol, name, metric, kind, unit, sentence) MR_C_##symbol,
#include "runtime/watch/counter_table.h"
#undef MR_COUNTER
    MR_COUNTERS
};

struct mr_counter_row {
    const char *name, *unit, *doc;
    const char *metric; /* its name for Prometheus, without prefix and `_total` */
    bool gauge;         /* goes up and down; else it only grows within a run */
};
extern const struct mr_counter_row mr_counter_table[MR_COUNTERS];

enum {
    MR_PAGE_STAGES = 48,
    MR_PAGE_OUTCOMES = 16,
    MR_PAGE_BUILTIN = 5,
    MR_PAGE_TASKS = 64,          /* of a process; further ones are in the sums only */
    MR_PAGE_COMMIT_BUCKETS = 13, /* the last one holds what took longer than all bounds */
    MR_PAGE_VERSION = 8,
};
/* Upper bounds of the buckets of commit times, in microseconds; of the last one there is none. */
extern const uint64_t mr_commit_bucket_us[MR_PAGE_COMMIT_BUCKETS - 1];

/* Ways every stage may lose a row, beside the operator's own outcomes. */
enum mr_builtin { MR_B_BAD_INPUT, MR_B_TOO_LARGE, MR_B_CRASH, MR_B_ERROR, MR_B_STUCK };
const char *mr_builtin_name(enum mr_builtin b);   /* "bad_input", "too_large", "crash" … */

struct mr_page_stage {
    _Atomic uint32_t stage; /* number in the plan */
    _Atomic uint32_t used;
    _Atomic uint64_t counter[MR_COUNTERS];
    _Atomic uint64_t outcome[MR_PAGE_OUTCOMES]; /* rows per outcome of the operator */
    _Atomic uint64_t builtin[MR_PAGE_BUILTIN];
};

/* A task of the process: what its first stage took, what its last one gave, what waits for it. */
struct mr_page_task {
    _Atomic uint32_t used, partition, ended, reserved;
    _Atomic uint64_t in, out, lag_bytes;
};

enum mr_process_state {
    MR_PROC_STARTING, MR_PROC_WORKING, MR_PROC_WAITING, /* for rows */
    MR_PROC_BLOCKED,  /* output edge is full */
    MR_PROC_ENDED,    /* its part of the run is done */
    MR_PROC_FAILED,   /* message says why */
};

/* What a source that found nothing new may do: decided by the supervisor for all sources together. */
enum mr_source_order { MR_SOURCE_UNDECIDED, MR_SOURCE_WRITE_END, MR_SOURCE_LEAVE };

struct mr_page {
    char magic[8]; /* "MRPAGE1" */
    _Atomic uint32_t version, pid, group, instance, state, run;
    _Atomic uint32_t tasks, tasks_ended;
    _Atomic uint32_t scale;            /* processes that share the group's tasks */
    _Atomic uint32_t restarts;         /* of this process in this session; written by the supervisor */
    _Atomic uint64_t started_ms;       /* wall clock */
    _Atomic uint64_t progress;         /* grows with every row and commit: watchdog */
    _Atomic uint64_t cpu_ns;
    _Atomic uint64_t input_bytes_total; /* sources: size of this run's input as far as known, 0 unknown */
    _Atomic uint64_t input_bytes_read;  /* sources: of it, read so far */
    _Atomic uint32_t found_new;        /* sources: 0 not known yet, 1 yes, 2 nothing new */
    _Atomic uint32_t source_order;     /* enum mr_source_order, written by the supervisor */
    _Atomic uint32_t hold;             /* sources: give out no rows for now (disk budget reached) */
    _Atomic uint32_t retries;          /* counted up by whoever wrote retried rows: look for them */
    /* The supervisor counts `asked` up and rings; the process answers with the same number in `dry`
     * once it has found nothing to do after that. */
    _Atomic uint32_t asked, dry;
    _Atomic uint32_t cuts_over;        /* no more rows come: recorded cuts not reached do not fit */
    _Atomic uint64_t content_low, content_high; /* sinks: of all rows ever taken (row/head.h) */
    _Atomic uint64_t content_rows;     /* how many these are */
    /* The row at work, for crash isolation: valid while noted is 1. */
    _Atomic uint32_t noted, note_stage, note_partition;
    unsigned char note_id[16];
    unsigned char note_entry[16];      /* the row of the log, or held, that it came from */
    char message[512];                 /* last failure, zero-terminated */
    _Atomic uint64_t commit_bucket[MR_PAGE_COMMIT_BUCKETS]; /* commits of this process by time taken */
    _Atomic uint64_t commit_ns;        /* all of them together */
    struct mr_page_task task[MR_PAGE_TASKS];
    struct mr_page_stage stage[MR_PAGE_STAGES];
};

/* Creates (truncating) or opens the page file; unmapped by mr_page_close. */
struct mr_error *mr_page_create(const char *path, struct mr_page **out);
struct mr_error *mr_page_open(const char *path, struct mr_page **out);
void mr_page_close(struct mr_page *p); /* accepts NULL */

#endif
