/* Private to runtime/flow: the insides of a chain, and what its files share.
 *
 * A link is one stage of the chain: descriptor, parameters, binding, instance, counters. A context
 * (what operators see) is the link itself. */
#ifndef MR_FLOW_FLOW_H
#define MR_FLOW_FLOW_H

#include "runtime/flow/chain.h"
#include "runtime/row/row.h"

enum mr_flow_phase { PHASE_RELEASE, PHASE_SETTLE, PHASE_FINISH, PHASES };

/* What separates the two kinds of held rows of a stage in the store. */
enum mr_hold_kind { HOLD_ORDER = 0, HOLD_BARRIER = 1 };

/* An operator instance: the struct behind mr_ctx. */
struct mr_ctx {
    struct mr_chain *chain;
    size_t index;                      /* in the chain */
    const struct mr_plan_stage *stage;
    const struct mr_op *op;            /* NULL: a sink's pass-through */
    void *params;
    struct mr_binding binding;
    struct mr_arena *arena;            /* instance arena */
    void *instance;
    bool writes;                       /* may change rows: keep a copy for dead letters */
    struct mr_stage_counts counts;
    struct mr_row **children;          /* emitted by the call under way */
    size_t child_count, child_capacity;
    struct mr_buf scratch, state_key, state_value;
};

/* How far the cut under way has come; stored with each commit. Plain memory, no padding. */
struct mr_cut_progress {
    uint64_t cut;   /* number of the cut */
    uint64_t made;  /* rows made by the link's finish so far */
    uint32_t link, phase, cutting, unused;
};

struct mr_chain {
    const struct mr_plan *plan;
    struct mr_ctx *links;
    size_t count;
    uint32_t run;
    struct mr_store *store;
    struct mr_chain_callbacks callbacks;
    struct mr_names *names;
    struct mr_arena *program;          /* parameters, bindings */
    struct mr_arena *batch;
    struct mr_cut_progress progress;
    struct mr_buf held, held_key;      /* encoding of a row to hold */
    struct mr_buf released;            /* first key behind the last row released in this phase:
                                          spares walking over all the deleted ones again */
};

/* chain.c: a row enters link i. again: it was counted as in before and comes from being held. */
struct mr_error *mr_flow__enter(struct mr_chain *c, size_t i, struct mr_row *row, bool again);
/* What becomes of a row after an operator's call (children, outcome, next link). */
struct mr_error *mr_flow__settle_row(struct mr_chain *c, size_t i, struct mr_row *row,
                                     struct mr_work *work, struct mr_row *original,
                                     struct mr_error *failed);
/* A row made by finish goes on from link i. */
struct mr_error *mr_flow__pass_children(struct mr_chain *c, size_t i);

/* hold.c: keeps a row in the store until the cut. */
struct mr_error *mr_flow__hold(struct mr_chain *c, size_t i, enum mr_hold_kind kind,
                               const struct mr_row *row, struct mr_str sort_key);
/* Takes up to `rows` held rows in order and runs them; *left tells whether more may be there. */
struct mr_error *mr_flow__release(struct mr_chain *c, size_t i, enum mr_hold_kind kind, size_t rows,
                                  bool *left);

/* Key prefix of a stage in the store: space byte + stage number, big-endian. */
static inline void mr_flow__prefix(struct mr_buf *key, char space, uint16_t stage)
{
    key->len = 0;
    mr_buf_addc(key, space);
    mr_buf_addc(key, (char)(stage >> 8));
    mr_buf_addc(key, (char)stage);
}

#endif
