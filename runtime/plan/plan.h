/* The compiled plan: everything a process needs to know of a topology, already resolved and
 * checked. Read-only after it was made; the compiler writes it, every stage process reads it.
 *
 * Words: a stage is one operator, source or sink; a group is the linear run of stages that one
 * process carries (one stage unless fused); a task is group × partition. Topics are numbered; a
 * stage's outputs name the topic they write. Texts live in the plan's arena. */
#ifndef MR_PLAN_PLAN_H
#define MR_PLAN_PLAN_H

#include "runtime/op/connector.h"
#include "runtime/op/registry.h"
#include "runtime/op/work.h"

enum { MR_PLAN_FORMAT = 2, MR_PLAN_NONE = -1 };

enum mr_stage_kind {
    MR_STAGE_SOURCE,
    MR_STAGE_OPERATOR,
    MR_STAGE_PREPARE, /* the scalable first half of an operator: runs op->prepare */
    MR_STAGE_SINK,
};

enum mr_order {
    MR_ORDER_NONE,    /* the stage does not care                                        */
    MR_ORDER_STREAM,  /* cares, and its input is one lane in order                      */
    MR_ORDER_HOLD,    /* cares: holds its rows until the cut, takes them by (place, id) */
    MR_ORDER_ARRIVAL, /* cares, but takes them as they come (endless run, or declared)  */
};

struct mr_plan_output {
    struct mr_str name; /* "out", or the outcome whose rows it carries */
    int outcome;        /* index into the operator's outcomes; MR_PLAN_NONE for "out" */
    int topic;          /* MR_PLAN_NONE: handed to the next stage of the group */
};

struct mr_plan_input {
    int topic;
    struct mr_str branch; /* not empty: ids become H(id, branch) on entry (union of one row) */
};

struct mr_plan_stage {
    struct mr_str id;
    enum mr_stage_kind kind;
    enum mr_source_part part;              /* sources: the whole, or one of its two steps */
    struct mr_str use;  /* canonical operator name or connector type */
    const struct mr_op *op;                /* resolved; NULL for sources and sinks */
    const struct mr_source_type *source;   /* resolved, for sources                */
    const struct mr_sink_type *sink;       /* resolved, for sinks                  */
    enum mr_mode mode;
    struct mr_setting *settings;           /* only those given; defaults come from the table */
    size_t setting_count;
    struct mr_bound_role *bound;           /* only those given */
    size_t bound_count;
    int group;
    uint16_t number;                       /* = index in the plan; lane labels, state keys */
    bool also_prepares;                    /* operator with prepare run in the same stage */
    struct mr_plan_input *inputs;          /* head of a group only; sources: MR_SOURCE_READ's entries */
    size_t input_count;
    /* "out" first; sinks: none. Outputs of equal `outcome` carry the same rows, each partitioned as
     * its readers need; those with keys stand first. */
    struct mr_plan_output *outputs;
    size_t output_count;
    int drops_topic, dead_topic;           /* MR_PLAN_NONE where rows cannot leave */
    bool keep_dropped;                     /* drop records carry the whole row, always */
    enum mr_order order;
    uint64_t window_rows, window_idle_ms;  /* 0: cut at the end of a run only */
    uint32_t longest_row_ms;               /* a row may take this long (watchdog) */
    struct mr_id fingerprint;
};

struct mr_plan_topic {
    struct mr_str name;     /* "<pipeline>.<stage>.<output>.e<epoch>" */
    int stage;              /* writer */
    uint32_t partitions;
    uint32_t lanes;         /* number of writing tasks */
    struct mr_str *key;     /* key names that choose the partition; none: by place */
    size_t key_count;
    uint64_t bound_bytes;   /* unread bytes at which the writer waits; 0: unbounded */
    uint64_t keep_bytes;    /* retention; 0: keep everything within the run's disk budget */
    bool record;            /* drop records or dead letters: nobody in the plan reads it */
};

struct mr_plan_group {
    int *stages;            /* in order of the chain */
    size_t stage_count;
    uint32_t partitions;    /* = tasks */
    uint32_t scale;         /* processes; task p belongs to process p % scale */
    uint32_t first_bell;    /* bell of process i = first_bell + i */
};

struct mr_plan {
    struct mr_str name;
    uint32_t epoch;
    uint64_t seed;
    bool endless;
    uint64_t row_limit;             /* run --limit N per source; 0: none */
    size_t max_row_bytes;
    struct mr_str base_dir;         /* absolute folder of the topology file */
    uint64_t disk_budget_bytes;     /* 0: none declared */
    bool lz4;                       /* codec of topics */
    struct mr_plan_stage *stages;
    size_t stage_count;
    struct mr_plan_topic *topics;
    size_t topic_count;
    struct mr_plan_group *groups;
    size_t group_count;
    struct mr_id hash;              /* fingerprints, grouping, partitions, topic names */
};

enum { MR_BELL_SUPERVISOR = 1, MR_BELL_FIRST = 2, MR_PLAN_PROCESSES_MAX = 1000 };

/* Fills stage fingerprints (in topological order: stages stand in that order) and the plan's hash. */
void mr_plan_seal(struct mr_plan *plan);
/* Stored form: versioned msgpack. */
void mr_plan_encode(const struct mr_plan *plan, struct mr_buf *out);
/* MR_PLAN_VERSION of another version, MR_PLAN_INVALID for anything else wrong (unknown operator…). */
struct mr_error *mr_plan_decode(struct mr_str bytes, const struct mr_registry *registry,
                                const struct mr_connectors *connectors, struct mr_arena *arena,
                                struct mr_plan **out);
/* Index of a stage by id, or MR_PLAN_NONE. */
int mr_plan_stage_find(const struct mr_plan *plan, struct mr_str id);
int mr_plan_topic_find(const struct mr_plan *plan, struct mr_str name);

/* Where things lie under the state folder of a pipeline ("<state>/<pipeline>"): one declaration. */
struct mr_layout {
    struct mr_str root;
};
/* Each writes a zero-terminated path into out (cleared first). */
void mr_layout_topics(const struct mr_layout *l, struct mr_buf *out);            /* topics/           */
void mr_layout_task(const struct mr_layout *l, struct mr_str stage, uint32_t partition,
                    struct mr_buf *out);                                         /* state/<stage>/<p>/ */
void mr_layout_run(const struct mr_layout *l, struct mr_buf *out);               /* run/              */
void mr_layout_plan(const struct mr_layout *l, struct mr_buf *out);              /* plan              */
void mr_layout_lock(const struct mr_layout *l, struct mr_buf *out);              /* lock              */
void mr_layout_meta(const struct mr_layout *l, struct mr_buf *out);              /* runs.json         */
void mr_layout_page(const struct mr_layout *l, uint32_t bell, struct mr_buf *out); /* run/page.<bell> */
void mr_layout_socket(const struct mr_layout *l, struct mr_buf *out);            /* run/control       */
void mr_layout_suspects(const struct mr_layout *l, struct mr_buf *out);          /* run/suspects      */

#endif
