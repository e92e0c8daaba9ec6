/* The doorbell of a process: how one process wakes another that waits for rows or room.
 *
 * A FIFO per process in the run folder (non-blocking, fit for any event loop) and one shared page
 * of `waiting` flags. Sleeper: mr_bells_arm (sets waiting), look at the ends again, then poll
 * mr_bells_fd. Ringer: publish, then mr_bells_ring (writes one byte only if waiting). All of these
 * are sequentially consistent, so a wake is never lost, and costs no system call when nobody
 * sleeps. */
#ifndef MR_LOG_BELL_H
#define MR_LOG_BELL_H

#include "runtime/base/error.h"

enum { MR_BELLS_MAX = 1 << 16, MR_BELL_NONE = 0 }; /* bell numbers 1 … MR_BELLS_MAX-1 */

struct mr_bells;

/* dir: the run folder (created). mine: this process's number, or MR_BELL_NONE to ring only. */
struct mr_error *mr_bells_open(const char *dir, uint32_t mine, struct mr_bells **out);
void mr_bells_close(struct mr_bells *b); /* accepts NULL */
int mr_bells_fd(const struct mr_bells *b);
void mr_bells_arm(struct mr_bells *b);
/* Waits up to timeout_ms (-1: for ever) for a ring, disarms and empties the FIFO. True if rung;
 * a signal ends the wait early. */
bool mr_bells_wait(struct mr_bells *b, int timeout_ms);
void mr_bells_disarm(struct mr_bells *b); /* after arm, when there was work after all */
void mr_bells_ring(struct mr_bells *b, uint32_t number); /* MR_BELL_NONE: nothing */

#endif
