/* What a run would amount to, from a sample: the first rows of the sources go through the real
 * operators in memory, and what they become is scaled to the size of the input. Thread: main. */
#ifndef MR_REHEARSE_ESTIMATE_H
#define MR_REHEARSE_ESTIMATE_H

#include "runtime/base/json_out.h"
#include "topology/compile.h"

struct mr_estimate_source {
    struct mr_str name;
    uint64_t sample_rows, rejected;
    uint64_t read_bytes;  /* of the input as it lies there; 0: not known */
    uint64_t input_bytes; /* all of it; 0: not known */
    double rows;          /* of the whole input */
    bool all;             /* the sample is the whole input */
    bool known;           /* its size is known, so that rows means something */
    double cpu_s;
};

struct mr_estimate_stage {
    struct mr_str id;
    double in, out, bytes_out, cpu_s;
    double disk_bytes;    /* of the topics it writes */
    double calls, tokens; /* of a model; 0 where none is asked */
    double cost;          /* of those tokens, in the currency of the servings' prices */
    bool at_most;         /* a sample holds fewer twins than the whole, here or before */
    bool unseen;          /* no row of the sample came here */
};

struct mr_estimate_topic {
    struct mr_str name;
    double rows, bytes, disk_bytes;
};

struct mr_estimate {
    struct mr_estimate_source *sources;
    struct mr_estimate_stage *stages;
    struct mr_estimate_topic *topics;
    size_t source_count, stage_count, topic_count;
    double disk_bytes, cpu_s, calls, tokens, cost;
    bool asks;          /* some stage asks a model */
    bool priced;        /* some serving tells its price */
    bool trimmed;       /* retention or a disk budget may keep less than all rows */
    bool biased;        /* some stage is at_most by itself */
    struct mr_str none; /* why there is no estimate, or empty */
};

/* apart: not fused. shown: the plan whose topics are counted (the one to be run). rows: most of
 * each source. What goes wrong with the input is *out's `none`; an error is ours. Texts in the
 * arena. */
struct mr_error *mr_estimate(const struct mr_compiled *apart, const struct mr_plan *shown,
                             uint64_t rows, struct mr_arena *arena, struct mr_estimate *out);

void mr_estimate_print(const struct mr_estimate *e, struct mr_buf *out);
void mr_estimate_json(const struct mr_estimate *e, struct mr_json_out *out);

#endif
