/* The operators of a group over one row at a time: process, outcomes, children, held rows, cuts.
 *
 * The chain knows nothing of logs: rows come in by mr_chain_push, go out through the callbacks, and
 * state lives in the store that is given. A task drives it from the log; `try` and the operator
 * tests drive it from memory. Thread: the owner. */
#ifndef MR_FLOW_CHAIN_H
#define MR_FLOW_CHAIN_H

#include "runtime/op/work.h"
#include "runtime/plan/plan.h"
#include "runtime/state/store.h"
#include "runtime/watch/counters.h"

struct mr_chain;

/* How a row left stage `stage` (index into the plan's stages). */
struct mr_leave {
    int stage;
    int outcome;            /* ≥ 0: the operator's; else MR_LEFT_… */
    const char *name;       /* "too_short", "bad_input" … */
    enum mr_leaving kind;
    bool measured;
    double value, threshold;
    struct mr_str note;     /* message, or empty */
};

struct mr_chain_callbacks {
    void *arg;
    /* A row leaves the last stage of the chain. Borrowed during the call. May refuse it by setting
     * refused->outcome to MR_LEFT_TOO_LARGE or MR_LEFT_BAD_INPUT and a note: it is then rejected. */
    struct mr_error *(*forward)(void *arg, int stage, struct mr_row *row, struct mr_leave *refused);
    /* A row left on the way; row is as it entered that stage where the stage rejects it. */
    struct mr_error *(*left)(void *arg, const struct mr_leave *leave, struct mr_row *row);
    /* A row is about to be worked on by an operator (crash isolation). May be NULL.
     * Returns MR_GOES_ON, or MR_LEFT_CRASH or MR_LEFT_STUCK when the row must be rejected as what
     * ended its process before; *note says why. */
    int (*begin)(void *arg, int stage, const struct mr_row *row, struct mr_str *note);
    void (*end)(void *arg);
    /* A held row sets out again. Returns true when it must be alone in its commit: the piece of the
     * cut then ends before it, or with it. May be NULL. */
    bool (*enters)(void *arg, const struct mr_id *id);
};

struct mr_stage_counts {
    uint64_t counter[MR_COUNTERS];
    uint64_t outcome[MR_PAGE_OUTCOMES];
    uint64_t builtin[MR_PAGE_BUILTIN];
};

/* stages: indexes into plan->stages in order: operators and prepares, or one sink (which only holds
 * and forwards). store: borrowed; NULL only for stages that keep nothing (per row).
 * run: number of the run, whose counters go on. */
struct mr_error *mr_chain_create(const struct mr_plan *plan, const int *stages, size_t count,
                                 uint32_t run, struct mr_store *store,
                                 const struct mr_chain_callbacks *callbacks, struct mr_chain **out);
void mr_chain_destroy(struct mr_chain *c); /* accepts NULL */

/* Key names bound in the chain: what rows are decoded with. More may be added before the first row. */
struct mr_names *mr_chain_names(struct mr_chain *c);
struct mr_arena *mr_chain_arena(struct mr_chain *c); /* batch arena: reset by mr_chain_batch_end */

/* One row (map borrowed until mr_chain_batch_end) through all stages. The first stage of the chain
 * sees place order when its plan says MR_ORDER_HOLD: then the row is held until mr_chain_cut. */
struct mr_error *mr_chain_push(struct mr_chain *c, const struct mr_head *head, struct mr_str map);
/* The same from stage `index` of the chain on: a row that left there is tried again. */
struct mr_error *mr_chain_push_at(struct mr_chain *c, size_t index, const struct mr_head *head,
                                  struct mr_str map);
/* Frees what the rows of the batch used. Call between rows, at least per frame. */
void mr_chain_batch_end(struct mr_chain *c);

/* The cut of number `cut` (run number, or window): releases held rows in order, settles barriers,
 * finishes aggregates, stage by stage. Does a bounded piece of work per call; *done when nothing is
 * left. Between calls the caller may commit: progress lives in the store, so after a crash the same
 * cut is begun again and goes on. rows: most rows to take in this call. */
struct mr_error *mr_chain_cut(struct mr_chain *c, uint64_t cut, size_t rows, bool *done);
/* True when a barrier with `window: {rows: N}` holds that many rows: time for a cut. */
bool mr_chain_window_full(const struct mr_chain *c);
/* True when some barrier holds rows; *idle_ms is the shortest declared idle window (0: none). */
bool mr_chain_window_open(const struct mr_chain *c, uint64_t *idle_ms);

/* The counters of a stage as an earlier version stored them: ways to be lost were added at the end. */
enum { MR_STAGE_COUNTS_LEAST = sizeof(struct mr_stage_counts) - sizeof(uint64_t) };

struct mr_stage_counts *mr_chain_counts(struct mr_chain *c, size_t index);
/* Puts counters into the store (pending); create reads them back. A new run starts from zero. */
void mr_chain_save(struct mr_chain *c);

#endif
