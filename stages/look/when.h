/* Points in a topic as users give them: a time, an age, or an offset. Thread: any. */
#ifndef MR_LOOK_WHEN_H
#define MR_LOOK_WHEN_H

#include "runtime/base/error.h"

/* "2026-11-21", "2026-11-21T12:30", "2026-11-21T12:30:05Z" (all UTC), "90s", "30m", "2h", "7d" (ago),
 * or a number: an offset, from 1. Empty: both 0. option names it in errors (MR_USAGE). */
struct mr_error *mr_when_parse(const char *option, struct mr_str text, uint64_t *time_ms,
                               uint64_t *offset);

#endif
