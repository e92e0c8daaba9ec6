/* A small pipeline of test connectors and operators, run as real processes over the embedded log:
 *
 *   numbers → [odd-out, twice] → first-of → index → collect
 *
 * numbers makes rows {n, k, text}; odd-out drops odd n; twice emits two children; first-of keeps the
 * first row of each k (keyed, ordered); index counts in order (one task); collect is the sink. */
#ifndef MR_TESTS_FLOW_FIXTURE_H
#define MR_TESTS_FLOW_FIXTURE_H

#include "runtime/flow/worker.h"
#include "runtime/watch/counters.h"

struct fixture_options {
    uint32_t rows;       /* rows of the source                       */
    uint32_t partitions; /* of every stage that can be scaled        */
    uint32_t scale;      /* processes of every stage that can be scaled */
    bool fused;          /* one group for odd-out and twice, or two  */
    bool barrier;        /* a top-10 barrier before the sink         */
    uint32_t crash_at;   /* n of the row that kills odd-out; 0: none */
    size_t max_row_bytes; /* 0: 1 MiB */
};

struct fixture {
    struct mr_arena *arena;
    struct mr_plan *plan;
    char dir[64];
    struct mr_layout layout;
};

void fixture_make(struct fixture *f, const struct fixture_options *o);
void fixture_remove(struct fixture *f);

/* Starts one process; returns its pid. The child never returns. */
int fixture_start(const struct fixture *f, int group, uint32_t instance, uint32_t run);

/* Runs all processes to the end. kills: how many random SIGKILLs to spread over the run. Restarts
 * whatever died. Fails the test when it takes longer than the deadline. */
void fixture_run(const struct fixture *f, uint32_t run, unsigned kills, unsigned seed);

/* The sink's file as text: one line "<id> <n> <k> <seq>" per row. Owned by the caller. */
char *fixture_output(const struct fixture *f);
/* Counter of a stage, summed over the processes of its group. */
uint64_t fixture_counter(const struct fixture *f, const char *stage, enum mr_counter c);
/* in = out + dropped + rejected + absorbed + held, for every stage; held = 0; no alarm. */
void fixture_assert_balance(const struct fixture *f);
/* Rows of a topic, all partitions and lanes; counts only rows, not markers. */
uint64_t fixture_topic_rows(const struct fixture *f, const char *topic);

#endif
