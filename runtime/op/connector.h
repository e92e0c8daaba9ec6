/* What a source or sink is: described like an operator, driven by the flow inside a task, its
 * position kept in the task's store, so that it resumes exactly. Thread: the task's worker. */
#ifndef MR_OP_CONNECTOR_H
#define MR_OP_CONNECTOR_H

#include "runtime/op/param.h"
#include "runtime/row/head.h"
#include "runtime/state/store.h"

struct mr_schema_key {
    struct mr_str name;
    uint32_t types;  /* enum mr_type bits seen or declared, MR_NULL among them where it occurs */
    bool always;     /* on every row (of the sample) */
};

struct mr_schema {
    struct mr_schema_key *keys; /* in the caller's arena */
    size_t count;
    size_t sample_rows;  /* 0: declared or known from the format */
    bool open;           /* other keys may occur */
    bool unknown;        /* nothing could be sampled, or too many keys: check nothing by it */
    bool none;           /* there is no input now, and none is waited for */
    uint64_t bytes;      /* total size of the input where known, else 0 */
    uint64_t files;      /* files seen (0: unknown) */
};

/* A source may run as two steps: one task lists (finds files, gives ordinals, keeps them in its
 * state) and writes entries to a topic; as many tasks as wished read entries into rows. */
enum mr_source_part {
    MR_SOURCE_WHOLE, /* both steps in one task */
    MR_SOURCE_LIST,  /* its rows are entries */
    MR_SOURCE_READ,  /* takes entries, gives rows */
};

struct mr_connector_env {
    struct mr_str name;     /* source or sink name in the topology */
    const char *base_dir;   /* relative paths are relative to this (the topology's folder) */
    uint16_t number;        /* place.source of its rows: its ordinal among the sources */
    enum mr_source_part part;
    uint32_t run;           /* number of this run */
    uint32_t epoch;         /* of the stage */
    bool aside;             /* sinks: write beside the target, see mr_sink_exchange */
    bool endless;
    struct mr_store *store; /* its own keys start with MR_SPACE_SOURCE */
    uint64_t row_limit;     /* `run --limit N`: stop after N rows; 0: none */
    size_t max_row_bytes;
    uint64_t seed;
};

enum mr_source_status {
    MR_SOURCE_ROW,      /* *row is a row */
    MR_SOURCE_REJECTED, /* *row is an unreadable record: raw, reason */
    MR_SOURCE_IDLE,     /* nothing now (watched folder): ask again in wait_ms */
    MR_SOURCE_END,      /* the input of this run is exhausted */
    MR_SOURCE_WANT,     /* MR_SOURCE_READ: the entry is read; take the next one */
};

struct mr_source_row {
    struct mr_head head;   /* kind, place, id set; parent zero */
    struct mr_str map;     /* msgpack map; borrowed until the next call */
    struct mr_str raw;     /* rejected: the record's bytes as far as known (may be cut) */
    struct mr_error *why;  /* rejected: owned by the receiver; message names file and line */
    uint32_t wait_ms;      /* idle */
};

struct mr_source; /* a connector's own */
struct mr_sink;

struct mr_source_type {
    const char *name, *aliases, *doc;
    size_t params_size;
    const struct mr_param *params;
    struct mr_error *(*check)(const void *params); /* compile time; may be NULL */
    /* Compile time: keys and types by declaration, format or a bounded sample. */
    struct mr_error *(*schema)(const void *params, const char *base_dir, struct mr_arena *arena,
                               struct mr_schema *out);
    bool (*is_endless)(const void *params);
    /* For looking from outside, whatever runs: calls fn for each path that ids of rows may be made of
     * (mr_id_source), as the input lies there now. NULL where that cannot be said. */
    struct mr_error *(*paths)(const void *params, const char *base_dir,
                              void (*fn)(void *arg, struct mr_str path), void *arg);
    /* Compile time: would it read this path, as a sink's target gave it? May be NULL. */
    bool (*reads)(const void *params, const char *base_dir, struct mr_str path);
    struct mr_error *(*open)(const struct mr_connector_env *env, const void *params,
                             struct mr_source **out);
    struct mr_error *(*next)(struct mr_source *s, enum mr_source_status *status,
                             struct mr_source_row *row);
    /* MR_SOURCE_READ: the next entry, a row that the list step gave (borrowed during the call). NULL
     * where a source cannot be split. */
    struct mr_error *(*take)(struct mr_source *s, const struct mr_head *head, struct mr_str entry);
    /* Puts the position after the last row given out into the store (pending). */
    struct mr_error *(*save)(struct mr_source *s);
    /* Bytes of the input as it lies there, for rates and the time left: read by this run, and known of
     * so far. NULL where that cannot be said. */
    void (*progress)(const struct mr_source *s, uint64_t *read, uint64_t *known);
    /* What the source has taken so far, each with its size, in the order of names; of a task that is not
     * at work: the source is not open, env->store is. NULL where that cannot be told. */
    struct mr_error *(*inputs)(const struct mr_connector_env *env,
                               void (*fn)(void *arg, struct mr_str name, uint64_t bytes), void *arg);
    /* True when this run found anything that earlier runs had not seen. */
    bool (*found_new)(const struct mr_source *s);
    void (*close)(struct mr_source *s);
};

/* Outputs of an epoch that is not the current one lie in a folder of their own beside the target. To
 * make an epoch current, for all sinks: PUT_AWAY of the one before, BRING of the new one, CLEAR of the
 * one before. Each may be repeated after a crash; the target is never without an output. */
enum mr_sink_exchange {
    MR_SINK_PUT_AWAY, /* what lies at the target is (also) in the epoch's folder */
    MR_SINK_BRING,    /* what lies in the epoch's folder takes its place at the target */
    MR_SINK_CLEAR,    /* what is still at the target and was put away goes from there */
    MR_SINK_DROP,     /* the epoch's folder goes */
    MR_SINK_LOOK,     /* nothing is done: an error when the epoch's folder holds no output */
};

struct mr_sink_type {
    const char *name, *aliases, *doc;
    size_t params_size;
    const struct mr_param *params;
    struct mr_error *(*check)(const void *params);
    /* Compile time: where its rows will lie, appended to out. May be NULL. */
    void (*target)(const void *params, const char *base_dir, struct mr_buf *out);
    struct mr_error *(*open)(const struct mr_connector_env *env, const void *params,
                             struct mr_sink **out);   /* recovers: truncates to the saved position */
    struct mr_error *(*write)(struct mr_sink *s, const struct mr_head *head, struct mr_str map);
    /* Everything written so far becomes durable (not final); position into the store (pending). */
    struct mr_error *(*save)(struct mr_sink *s);
    /* After the commit was decided: what may only happen then (renames). Idempotent. */
    struct mr_error *(*committed)(struct mr_sink *s);
    /* The run's last row has been written: the next save + committed make the output final. */
    struct mr_error *(*end_run)(struct mr_sink *s, uint32_t run);
    /* On files only: the sink is not open, env->store is NULL. */
    struct mr_error *(*exchange)(const struct mr_connector_env *env, const void *params,
                                 enum mr_sink_exchange step);
    uint64_t (*bytes)(const struct mr_sink *s); /* written since the last save: bounds a commit */
    void (*close)(struct mr_sink *s);
};

/* All kinds a program knows; both lists end with NULL. */
struct mr_connectors {
    const struct mr_source_type *const *sources;
    const struct mr_sink_type *const *sinks;
};
const struct mr_source_type *mr_source_find(const struct mr_connectors *c, struct mr_str name);
const struct mr_sink_type *mr_sink_find(const struct mr_connectors *c, struct mr_str name);

#endif
