/* Topics as users name them: the whole name ("p.dedup.out.e2"), or [PIPELINE.]STAGE[.OUTPUT][@EPOCH];
 * without an epoch, of the current one. A sink stands for the topic it reads. Thread: main. */
#ifndef MR_LOOK_TOPIC_REF_H
#define MR_LOOK_TOPIC_REF_H

#include "stages/look/browse.h"

/* Opens the pipeline meant, with the plan of the epoch meant; *topic: index into it. The caller closes
 * *b when there is no error. */
struct mr_error *mr_topic_open(struct mr_browse *b, struct mr_str state, struct mr_str given,
                               struct mr_arena *arena, int *topic);
/* A pipeline "[NAME][@EPOCH]", or a topology's path, with the plan of that epoch. */
struct mr_error *mr_topic_open_pipeline(struct mr_browse *b, struct mr_str state, struct mr_str given,
                                        struct mr_arena *arena, uint32_t *epoch);
/* Cuts "@EPOCH" off; 0: there is none. */
struct mr_error *mr_topic_epoch(struct mr_str *given, uint32_t *epoch);

#endif
