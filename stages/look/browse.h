/* A pipeline opened for looking: its plan, and the rows of its topics read as a passive reader, which
 * holds back neither writers nor retention. Works while it runs and afterwards. Thread: main. */
#ifndef MR_LOOK_BROWSE_H
#define MR_LOOK_BROWSE_H

#include "runtime/log/partition.h"
#include "stages/supervise/home.h"

struct mr_browse {
    struct mr_home home;
    struct mr_plan *plan;
    struct mr_record record;
    struct mr_buf topics; /* folder, zero-terminated */
    bool running;
};

/* wanted: name of the pipeline or its topology file; empty where only one is there. The plan lives
 * in the arena. On an error nothing has to be closed. */
struct mr_error *mr_browse_open(struct mr_browse *b, struct mr_str state, struct mr_str wanted,
                                struct mr_arena *arena);
void mr_browse_close(struct mr_browse *b);

struct mr_browse_row {
    uint32_t partition, lane;
    struct mr_head head;
    struct mr_str map; /* borrowed during the call */
};
/* Every row of a topic, lane after lane, end markers left out, until fn sets *stop. A topic that
 * nobody has written has none. */
typedef struct mr_error *(*mr_browse_fn)(void *arg, const struct mr_browse_row *row, bool *stop);
struct mr_error *mr_browse_scan(const struct mr_browse *b, struct mr_str topic, uint32_t partitions,
                                uint32_t lanes, mr_browse_fn fn, void *arg);
/* The same of a topic of the plan; MR_PLAN_NONE has no rows. */
struct mr_error *mr_browse_topic(const struct mr_browse *b, int topic, mr_browse_fn fn, void *arg);

/* A value of a map by name; len 0: absent. */
struct mr_value mr_browse_field(struct mr_str map, const char *name);
struct mr_str mr_browse_text(struct mr_str map, const char *name);
uint64_t mr_browse_uint(struct mr_str map, const char *name);

/* Hex digits of a row's id as users give them: all 32, or the first ones. */
bool mr_browse_is_prefix(struct mr_str text);
bool mr_browse_has_prefix(const struct mr_id *id, struct mr_str prefix);

#endif
