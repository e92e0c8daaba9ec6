/* The log as one task sees it: rows in from its inputs, rows out to its outputs, and one commit
 * that makes outputs, input positions and state one step. Two back ends fit behind it (embedded
 * here; a broker's in connectors/), chosen by the ops table.
 *
 * Order of the embedded commit: write last frames → fdatasync outputs → one synced store write
 * {state, commit record} → publish ends, ring bells. Opening recovers: reads the commit record,
 * truncates outputs to it, resumes inputs from it. Thread: the task's worker. */
#ifndef MR_LOG_LOG_H
#define MR_LOG_LOG_H

#include "runtime/log/partition.h"
#include "runtime/state/store.h"

struct mr_log_in {
    struct mr_str topic;
    uint32_t partition; /* the task's partition of it           */
    uint32_t lanes;     /* number of writers, lanes 0 … lanes-1 */
};

struct mr_log_out {
    struct mr_str topic;
    uint32_t partitions;
    uint64_t bound_bytes; /* unread bytes at which the writer waits; 0: unbounded */
};

struct mr_log_spec {
    const char *topics;       /* folder (embedded) */
    struct mr_str task;       /* "<stage>/<partition>", for messages */
    uint64_t reader;          /* identity of the task as a reader, never 0 */
    uint32_t lane;            /* the task's lane = its partition */
    uint32_t lane_label;      /* (stage number << 16) | partition */
    const struct mr_log_in *ins;
    uint32_t in_count;
    const struct mr_log_out *outs;
    uint32_t out_count;
    struct mr_store *store;   /* borrowed; the commit record lives in MR_SPACE_COMMIT */
    struct mr_bells *bells;   /* borrowed; may be NULL (polling tools, tests) */
    uint32_t bell;
    enum mr_codec codec;
    size_t frame_bytes, segment_bytes; /* 0: defaults */
    bool whole;               /* lanes not begun are read from their first row: MR_LOG_TRIMMED
                                 when it is no longer kept, instead of what is */
    bool no_sync;             /* tests only */
};

struct mr_log;

/* A row on its way in. map borrowed until the next mr_log_next. */
struct mr_log_row {
    struct mr_head head;
    struct mr_str map;
    uint32_t in, lane; /* which input, which lane of it */
    uint64_t time_ms;  /* wall clock, when its frame was written */
};

struct mr_log_ops {
    struct mr_error *(*next)(struct mr_log *log, bool *any);
    struct mr_error *(*row)(struct mr_log *log, struct mr_log_row *out, bool *found);
    void (*back)(struct mr_log *log);
    struct mr_error *(*append)(struct mr_log *log, uint32_t out, uint32_t partition,
                               struct mr_head *head, const void *map, size_t len);
    bool (*full)(struct mr_log *log);
    size_t (*pending)(const struct mr_log *log);
    struct mr_error *(*commit)(struct mr_log *log);
    void (*hold)(struct mr_log *log, uint32_t in, uint32_t lane, bool hold);
    void (*limit)(struct mr_log *log, uint32_t in, uint32_t lane, uint64_t n);
    uint64_t (*taken)(const struct mr_log *log, uint32_t in, uint32_t lane, bool *at_limit);
    void (*close)(struct mr_log *log);
};

/* First member of every back end's log. */
struct mr_log {
    const struct mr_log_ops *ops;
};

/* Opens the embedded back end and recovers. */
struct mr_error *mr_log_open_embedded(const struct mr_log_spec *spec, struct mr_log **out);

/* Loads the next frame from some input lane, fairly (a lane with rows waits at most one frame of
 * each other lane). *any false: nothing now (dry). */
static inline struct mr_error *mr_log_next(struct mr_log *log, bool *any)
{
    return log->ops->next(log, any);
}
/* The loaded frame's rows one by one. A commit covers exactly the rows given out so far. */
static inline struct mr_error *mr_log_row(struct mr_log *log, struct mr_log_row *out, bool *found)
{
    return log->ops->row(log, out, found);
}
/* Puts the row just given out back, so that a commit can fall before it. */
static inline void mr_log_back(struct mr_log *log)
{
    log->ops->back(log);
}
/* Appends to an output's partition; sets lane, n and hash in head. */
static inline struct mr_error *mr_log_append(struct mr_log *log, uint32_t out, uint32_t partition,
                                             struct mr_head *head, const void *map, size_t len)
{
    return log->ops->append(log, out, partition, head, map, len);
}
/* True when an output's unread bytes passed its bound: commit, then wait for the bell. */
static inline bool mr_log_full(struct mr_log *log)
{
    return log->ops->full(log);
}
/* Output bytes since the last commit. */
static inline size_t mr_log_pending(const struct mr_log *log)
{
    return log->ops->pending(log);
}
/* A held lane gives no further frames until it is let go; the frame loaded now is given to its end. */
static inline void mr_log_hold(struct mr_log *log, uint32_t in, uint32_t lane, bool hold)
{
    log->ops->hold(log, in, lane, hold);
}
/* The lane gives no row behind its n-th until the limit is raised, not even of a frame loaded now.
 * UINT64_MAX, as at the start: none. */
static inline void mr_log_limit(struct mr_log *log, uint32_t in, uint32_t lane, uint64_t n)
{
    log->ops->limit(log, in, lane, n);
}
/* Number of the lane's last row given out. *at_limit: its limit allows none of the following. */
static inline uint64_t mr_log_taken(const struct mr_log *log, uint32_t in, uint32_t lane,
                                    bool *at_limit)
{
    return log->ops->taken(log, in, lane, at_limit);
}
/* The commit described above, the store's pending changes included. An error is fatal. */
static inline struct mr_error *mr_log_commit(struct mr_log *log)
{
    return log->ops->commit(log);
}
static inline void mr_log_close(struct mr_log *log)
{
    if (log)
        log->ops->close(log);
}

/* Figures of a log's inputs and outputs, for counters. */
struct mr_log_figures {
    uint64_t lag_bytes, repeats, bytes_in, bytes_out, syncs;
};
void mr_log_embedded_figures(const struct mr_log *log, struct mr_log_figures *out);

/* For estimates, without a log: appends a row as it stands in frames, and says what so many bytes
 * of rows take on disk, sidecars apart. */
void mr_log_raw_row(const struct mr_head *head, struct mr_str map, struct mr_buf *out);
uint64_t mr_log_disk_bytes(struct mr_str raw, bool lz4);
enum { MR_LOG_SIDECAR_BYTES = 12 }; /* of a row, in sealed segments */

#endif
