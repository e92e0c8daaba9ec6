/* Regular expressions (PCRE2, UTF-8, Unicode classes), with limits against patterns that would take
 * for ever.
 *
 * A pattern is immutable and shared; a run holds what one thread needs to match and is reused.
 * Thread: pattern any; run its owner. */
#ifndef MR_TEXT_PATTERN_H
#define MR_TEXT_PATTERN_H

#include "runtime/base/arena.h"
#include "runtime/base/error.h"

struct mr_pattern;
struct mr_pattern_run;

enum { MR_PATTERN_GROUPS_MAX = 32 };

/* Freed with the arena. MR_EXPR_PATTERN: *at (may be NULL) is the byte where it goes wrong. */
struct mr_error *mr_pattern_compile(struct mr_str text, struct mr_arena *arena,
                                    struct mr_pattern **out, size_t *at);
uint32_t mr_pattern_groups(const struct mr_pattern *pattern); /* without the whole, 0 */

struct mr_pattern_run *mr_pattern_run_create(void);
void mr_pattern_run_destroy(struct mr_pattern_run *run); /* accepts NULL */

enum mr_match { MR_MATCH_NO, MR_MATCH_YES, MR_MATCH_GAVE_UP /* a limit was reached */ };
/* Looks for the pattern anywhere in valid UTF-8. group: its number, 0 the whole; *found (may be
 * NULL): borrowed from text, ptr NULL where the group took no part. */
enum mr_match mr_pattern_find(const struct mr_pattern *pattern, struct mr_pattern_run *run,
                              struct mr_str text, uint32_t group, struct mr_str *found);

#endif
