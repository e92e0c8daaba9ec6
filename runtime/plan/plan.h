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

enum { MR_PLAN_FORMAT = 4, MR_PLAN_FORMAT_BEFORE = 3, MR_PLAN_NONE = -1, MR_PLAN_ROUTE = -2 };

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
    struct mr_str name; /* "out", or the route or outcome whose rows it carries */
    /* Index into the operator's outcomes; MR_PLAN_NONE for rows that go on and take no route;
     * MR_PLAN_ROUTE - i for those that take the stage's i-th route. */
    int outcome;
    int topic;          /* MR_PLAN_NONE: handed to the next stage of the group */
    struct mr_str route; /* of a route: its expression; rows take the first that is true */
};

struct mr_plan_input {
    int topic;
    struct mr_str branch; /* not empty: ids become H(id, branch) on entry (union of one row) */
};

/* Which rows of its inputs a replayed stage takes; {0}: all. */
struct mr_plan_only {
    struct mr_str where;          /* expression over the row, or empty */
    uint64_t since_ms, until_ms;  /* time of writing: since ≤ t < until; 0: open */
    uint64_t since_n, until_n;    /* offset in each lane, from 1: since ≤ n < until; 0: open */
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
    /* Head of a group, in a new epoch: its windows are cut where that epoch cut them, as far as it
     * recorded cuts; 0: where they fall. */
    uint32_t cuts_epoch;
    bool keeps_open;                       /* a replay: no idle time closes a window */
    uint32_t longest_row_ms;               /* a row may take this long (watchdog) */
    /* Topics and state carry it; equal within a group, never falling along an edge. 0 until sealed:
     * then the plan's. */
    uint32_t epoch;
    bool aside;                            /* sinks: beside the target, until the epoch is promoted */
    struct mr_plan_only only;              /* head of a group, in a partial replay */
    struct mr_id fingerprint;
};

struct mr_plan_topic {
    struct mr_str name;     /* "<pipeline>.<stage>.<output>.e<epoch of the stage>" */
    int stage;              /* writer */
    uint32_t partitions;
    uint32_t lanes;         /* number of writing tasks */
    struct mr_str *key;     /* key names that choose the partition; none: by place */
    size_t key_count;
    uint64_t bound_bytes;   /* unread bytes at which the writer waits; 0: unbounded */
    uint64_t keep_bytes;    /* retention; 0: keep everything within the run's disk budget */
    bool record;            /* records of rows or cuts: nobody in the plan reads it */
    bool cuts;              /* where the windows of its group were cut */
};

struct mr_plan_group {
    int *stages;            /* in order of the chain */
    size_t stage_count;
    uint32_t partitions;    /* = tasks */
    uint32_t scale;         /* processes, unless a run is told otherwise; task p belongs to process
                               p % scale */
    uint32_t first_bell;    /* bell of process i = first_bell + i; mr_plan_bells of them */
    /* Equal where topics and state can go on: fingerprints and numbers of its stages, partitions,
     * outputs with partitions and keys. Neither epochs nor scale. Filled by sealing. */
    struct mr_id shape;
};

struct mr_plan {
    struct mr_str name;
    uint32_t epoch;                 /* highest of its stages: what a run of it builds or continues */
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

enum {
    MR_BELL_SUPERVISOR = 1,
    MR_BELL_FIRST = 2,
    MR_PLAN_PROCESSES_MAX = 1000,
    MR_PLAN_BELLS_MAX = 65000,
};

/* The topic in which a group records its window cuts; MR_PLAN_NONE: it has no window. */
int mr_plan_cuts_topic(const struct mr_plan *plan, const struct mr_plan_group *g);
/* "a.b.out.e1" with another epoch. */
struct mr_str mr_plan_topic_renamed(struct mr_str name, uint32_t epoch, struct mr_arena *arena);

/* Every process that a group may ever be scaled to has a bell of its own. */
static inline uint32_t mr_plan_bells(const struct mr_plan_group *g)
{
    return g->partitions < MR_PLAN_PROCESSES_MAX ? g->partitions : MR_PLAN_PROCESSES_MAX;
}

/* Fills stage fingerprints (in topological order: stages stand in that order), groups' shapes and
 * the plan's hash. */
void mr_plan_seal(struct mr_plan *plan);
/* What the dataset is made by: all fingerprints, whatever the epochs and the grouping. */
struct mr_id mr_plan_definition(const struct mr_plan *plan);

/* epoch.c. Gives each group the epoch that the group of the same head and shape has in `base` (sealed;
 * NULL: none has); the others, the group of stage `from` (MR_PLAN_NONE: no such wish) and all that
 * read from these get `fresh`. Names topics by it and seals again. Returns how many groups are fresh.
 * names: where the topics' names are made. */
size_t mr_plan_continue(struct mr_plan *plan, const struct mr_plan *base, uint32_t fresh, int from,
                        struct mr_arena *names);
/* Says line by line which stages of the fresh epoch are new, changed, or only downstream of such. */
void mr_plan_changes(const struct mr_plan *plan, const struct mr_plan *base, uint32_t fresh,
                     struct mr_buf *out);
/* Stored form: versioned msgpack. */
void mr_plan_encode(const struct mr_plan *plan, struct mr_buf *out);
/* MR_PLAN_VERSION of another version, MR_PLAN_INVALID for anything else wrong (unknown operator…). */
struct mr_error *mr_plan_decode(struct mr_str bytes, const struct mr_registry *registry,
                                const struct mr_connectors *connectors, struct mr_arena *arena,
                                struct mr_plan **out);
/* A plan that nobody runs any more, perhaps of a program with other operators: fingerprints are those of
 * then, and settings need not parse. To be compared with, and for finding topics. */
struct mr_error *mr_plan_decode_kept(struct mr_str bytes, const struct mr_registry *registry,
                                     const struct mr_connectors *connectors,
                                     struct mr_arena *arena, struct mr_plan **out);
/* Index of a stage by id, or MR_PLAN_NONE. */
int mr_plan_stage_find(const struct mr_plan *plan, struct mr_str id);
/* Who a task is to the logs it reads: never 0. */
uint64_t mr_plan_reader(const struct mr_plan_stage *head, uint32_t partition);
int mr_plan_topic_find(const struct mr_plan *plan, struct mr_str name);

/* Where things lie under the state folder of a pipeline ("<state>/<pipeline>"): one declaration. */
struct mr_layout {
    struct mr_str root;
};
/* Each writes a zero-terminated path into out (cleared first). */
void mr_layout_topics(const struct mr_layout *l, struct mr_buf *out);            /* topics/           */
void mr_layout_state(const struct mr_layout *l, struct mr_str stage, uint32_t epoch,
                     struct mr_buf *out);                           /* state/<stage>.e<epoch>/     */
void mr_layout_task(const struct mr_layout *l, struct mr_str stage, uint32_t epoch,
                    uint32_t partition, struct mr_buf *out);        /* state/<stage>.e<epoch>/<p>/ */
void mr_layout_epochs(const struct mr_layout *l, struct mr_buf *out);                /* plans/    */
void mr_layout_epoch(const struct mr_layout *l, uint32_t epoch, struct mr_buf *out); /* plans/e<N> */
void mr_layout_run(const struct mr_layout *l, struct mr_buf *out);               /* run/              */
void mr_layout_plan(const struct mr_layout *l, struct mr_buf *out);              /* plan              */
void mr_layout_lock(const struct mr_layout *l, struct mr_buf *out);              /* lock              */
void mr_layout_meta(const struct mr_layout *l, struct mr_buf *out);              /* runs.json         */
void mr_layout_page(const struct mr_layout *l, uint32_t bell, struct mr_buf *out); /* run/page.<bell> */
void mr_layout_socket(const struct mr_layout *l, struct mr_buf *out);            /* run/control       */
void mr_layout_suspects(const struct mr_layout *l, struct mr_buf *out);          /* run/suspects      */

#endif
