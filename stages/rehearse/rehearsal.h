/* A whole topology run in memory over a few rows: no log, no processes, one task per stage.
 *
 * Stages stand in the plan's order, so each finds its inputs complete. Thread: main. */
#ifndef MR_REHEARSE_REHEARSAL_H
#define MR_REHEARSE_REHEARSAL_H

#include "runtime/plan/plan.h"

struct mr_rehearsal;

/* dir: an empty folder for state, the caller's to remove. The plan must not be fused. */
struct mr_rehearsal *mr_rehearsal_create(const struct mr_plan *plan, const char *dir);
void mr_rehearsal_destroy(struct mr_rehearsal *r); /* accepts NULL */

/* One row (JSON object) into a source. */
struct mr_error *mr_rehearsal_feed(struct mr_rehearsal *r, int source, struct mr_str json);
/* The same with the row a real source gave. */
void mr_rehearsal_feed_row(struct mr_rehearsal *r, int source, const struct mr_head *head,
                           struct mr_str map);
/* Everything fed goes through all stages; the run ends. */
struct mr_error *mr_rehearsal_run(struct mr_rehearsal *r);

/* The rows that reached a sink, msgpack maps in order; borrowed. */
size_t mr_rehearsal_count(const struct mr_rehearsal *r, int sink);
struct mr_str mr_rehearsal_row(const struct mr_rehearsal *r, int sink, size_t i);
/* The rows of a topic, borrowed; how many there are. */
size_t mr_rehearsal_topic_rows(const struct mr_rehearsal *r, int topic);
struct mr_str mr_rehearsal_topic_row(const struct mr_rehearsal *r, int topic, size_t i,
                                     struct mr_head *head);
/* Processor time that a stage took for all its rows. */
uint64_t mr_rehearsal_cpu_ns(const struct mr_rehearsal *r, int stage);
/* True where a stage asks a model: its rows pass it as they are. */
bool mr_rehearsal_asks(const struct mr_plan_stage *stage);
/* Calls fn for each (stage, outcome) by which rows left. */
void mr_rehearsal_left(const struct mr_rehearsal *r,
                       void (*fn)(void *arg, struct mr_str stage, const char *outcome,
                                  uint64_t count),
                       void *arg);

#endif
