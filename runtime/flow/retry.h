/* Dead letters on their way back: what `millrace dlq` writes and the stage that rejected them reads.
 *
 * Topic "<pipeline>.<stage>.retry.e<epoch>": made by the first retry of the stage's rows, one lane,
 * as many partitions as the stage's group has tasks (a row returns to the task that rejected it), no
 * end markers. It stands in no plan: whether anything was ever retried changes no hash. */
#ifndef MR_FLOW_RETRY_H
#define MR_FLOW_RETRY_H

#include "runtime/plan/plan.h"

struct mr_retry {
    uint32_t lane;     /* where the dead letter stands in its topic: which one this answers … */
    uint64_t n;
    uint32_t attempt;  /* … and its attempt; rejected again, the row is attempt + 1 */
    struct mr_str row; /* the map to work on; borrowed. Empty: none (a letter settled by `drop`) */
};

/* Appends the record's map. */
void mr_retry_pack(const struct mr_retry *r, struct mr_buf *out);
/* False when the map is not such a record. */
bool mr_retry_parse(struct mr_str map, struct mr_retry *out);

/* Name of a topic beside the stage's dead letters, zero-terminated: "retry" for rows that enter it
 * again, "settled" (one partition, one lane) for letters put aside. False when there is none: sources
 * take no rows again, since what they reject is no row. */
bool mr_retry_topic(const struct mr_plan *plan, const struct mr_plan_stage *stage,
                    const char *output, struct mr_buf *out);

#endif
