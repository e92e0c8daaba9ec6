/* Looks at the processes of a run from outside: who they are, how much memory they have. */
#ifndef MR_TESTS_CHAOS_WATCH_H
#define MR_TESTS_CHAOS_WATCH_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { WATCH_CHILDREN = 128, WATCH_GROUPS = 64 };

/* Children of a process, at most WATCH_CHILDREN. */
size_t watch_children(pid_t parent, pid_t *out);
/* Highest anonymous memory of a process of each group of the plan, as far as looked. */
struct watch_memory {
    uint64_t peak_kb[WATCH_GROUPS];
};
void watch_memory(struct watch_memory *w, pid_t supervisor);

#endif
