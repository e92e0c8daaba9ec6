/* How many processes a stage has: what was asked for by `millrace scale`, kept beside the state.
 *
 * A run takes, in this order: its own --scale, what is kept here, what the topology declares. A
 * declaration that changes is a newer word than what is kept, which is then forgotten.
 * Thread: main. */
#ifndef MR_SUPERVISE_SCALES_H
#define MR_SUPERVISE_SCALES_H

#include "stages/supervise/home.h"

struct mr_scale {
    char stage[80];     /* any stage of the group */
    uint32_t declared;  /* by the topology of the last run */
    uint32_t processes; /* asked for; 0: as declared */
};

struct mr_scales {
    struct mr_scale *items; /* freed by mr_scales_finish */
    size_t count;
};

void mr_scales_finish(struct mr_scales *s);
struct mr_error *mr_scales_load(const struct mr_home *h, struct mr_scales *out);
struct mr_error *mr_scales_save(const struct mr_home *h, const struct mr_scales *s);
/* Notes a wish for the group of the stage. */
void mr_scales_ask(struct mr_scales *s, const struct mr_plan *plan, int group, uint32_t processes);

/* Brings what is kept and a plan fresh from the compiler together: the plan's groups get their
 * processes, s learns what is declared. given: of the command line, which stands above. notes: a
 * line for each wish that no longer holds. */
void mr_scales_apply(struct mr_scales *s, struct mr_plan *plan, const struct mr_setting *given,
                     size_t given_count, struct mr_buf *notes);

/* The group of a stage, if it can have so many processes. */
struct mr_error *mr_scale_check(const struct mr_plan *plan, struct mr_str stage, uint64_t processes,
                                int *group);

#endif
