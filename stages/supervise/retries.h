/* Whether retried rows wait that no task has taken: work for a run whose sources find nothing new. */
#ifndef MR_SUPERVISE_RETRIES_H
#define MR_SUPERVISE_RETRIES_H

#include "stages/supervise/home.h"

/* Looks from outside, at the pages of the retry topics. Thread: any. */
bool mr_retries_wait(const struct mr_home *h, const struct mr_plan *plan);

#endif
