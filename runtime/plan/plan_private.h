/* What encode.c and decode.c must agree on: magic text and the number of items of each list. */
#ifndef MR_PLAN_PLAN_PRIVATE_H
#define MR_PLAN_PLAN_PRIVATE_H

#include "runtime/plan/plan.h"

#define PLAN_MAGIC "millrace-plan"
enum { PLAN_FIELDS = 15, PLAN_STAGE_FIELDS = 25, PLAN_TOPIC_FIELDS = 9, PLAN_GROUP_FIELDS = 4,
       PLAN_ONLY_FIELDS = 5,
       /* of MR_PLAN_FORMAT_BEFORE, which recorded no cuts */
       PLAN_STAGE_FIELDS_BEFORE = 23, PLAN_TOPIC_FIELDS_BEFORE = 8 };

/* validate.c: every number that points somewhere points inside the plan, every chain is sound, every
 * setting parses. */
struct mr_error *mr_plan__validate(const struct mr_plan *plan, bool settings);
/* seal.c: the groups' shapes, by the fingerprints as they stand. */
void mr_plan__shapes(struct mr_plan *plan);

#endif
