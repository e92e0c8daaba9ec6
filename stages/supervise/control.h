/* Orders to a running pipeline through its supervisor's socket. Thread: main. */
#ifndef MR_SUPERVISE_CONTROL_H
#define MR_SUPERVISE_CONTROL_H

#include "runtime/plan/plan.h"

/* order: "stop" (finish, commit, exit) or "kill" (at once). *fd: for mr_control_wait. */
struct mr_error *mr_control_send(const struct mr_layout *layout, const char *order, int *fd);
/* Returns when the supervisor is gone; closes fd. */
void mr_control_wait(int fd);

#endif
