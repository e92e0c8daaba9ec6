/* Orders to a running pipeline through its supervisor's socket. Thread: main. */
#ifndef MR_SUPERVISE_CONTROL_H
#define MR_SUPERVISE_CONTROL_H

#include "runtime/plan/plan.h"

/* order: "stop" (finish, commit, exit), "kill" (at once) or "scale STAGE N" (then a line "done"
 * follows). *fd: for the functions below. */
struct mr_error *mr_control_send(const struct mr_layout *layout, const char *order, int *fd);
/* The next line of an answer, without its end; false when the supervisor is gone. */
bool mr_control_line(int fd, struct mr_buf *out);
void mr_control_leave(int fd); /* the run goes on without us */
/* Returns when the supervisor is gone; closes fd. */
void mr_control_wait(int fd);

#endif
