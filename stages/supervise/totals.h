/* The figures of a run, added up over the pages of its processes, and how they are shown.
 * Thread: main. */
#ifndef MR_SUPERVISE_TOTALS_H
#define MR_SUPERVISE_TOTALS_H

#include "runtime/base/json_out.h"
#include "runtime/plan/plan.h"
#include "runtime/row/head.h"
#include "runtime/watch/counters.h"

enum mr_run_state { MR_STATE_RUNNING, MR_STATE_ENDED, MR_STATE_NOTHING_NEW, MR_STATE_INTERRUPTED,
                    MR_STATE_FAILED };

struct mr_stage_total {
    uint64_t counter[MR_COUNTERS];
    uint64_t outcome[MR_PAGE_OUTCOMES];
    uint64_t builtin[MR_PAGE_BUILTIN];
    struct mr_content content; /* sinks: of all they ever took, with how many these are */
    uint64_t content_rows;
    uint32_t processes; /* that share the stage's tasks */
    uint32_t seen;      /* of them, whose pages were added; at the first stage of a group only */
    uint64_t cpu_ns; /* of the whole process; at the first stage of a group only */
};

struct mr_totals {
    const struct mr_plan *plan;
    struct mr_stage_total *stages; /* one per stage of the plan */
    uint64_t input_bytes;          /* size of all input; 0: unknown */
    uint64_t input_read;     /* of it, read so far */
    uint32_t run;
    uint64_t active_ms;            /* time at work in this run */
    enum mr_run_state state;
    struct mr_str message;         /* why it failed, or empty */
};

struct mr_totals *mr_totals_create(const struct mr_plan *plan, struct mr_arena *arena);
void mr_totals_clear(struct mr_totals *t);
/* How many processes the stages of a group have now. */
void mr_totals_set_processes(struct mr_totals *t, int group, uint32_t processes);
void mr_totals_add_page(struct mr_totals *t, const struct mr_page *page);
/* The pages of a group's processes, as they now share its tasks; out: room for mr_plan_bells. The
 * caller closes them. */
size_t mr_pages_open(const struct mr_layout *layout, const struct mr_plan *plan, int group,
                     struct mr_page **out, uint32_t *scale);
/* Opens every page that the plan's processes left in the run folder. */
void mr_totals_add_folder(struct mr_totals *t, const struct mr_layout *layout);
/* Anonymous memory of a process in bytes; 0 when it is gone. */
uint64_t mr_process_memory(long pid);
uint64_t mr_totals_rejected(const struct mr_totals *t);
/* Bytes of input that the sources have read. */
uint64_t mr_totals_input_read(const struct mr_totals *t);

/* The table at the end: stage, in, out, dropped by reason, rejected, rows/s, MB/s, CPU. */
void mr_table_print(const struct mr_totals *t, struct mr_buf *out);
void mr_table_json(const struct mr_totals *t, struct mr_json_out *out);
/* 1234567 → "1,234,567"; 1.2 GB; 1h02m. */
void mr_table_count(uint64_t value, struct mr_buf *out);
void mr_table_bytes(uint64_t value, struct mr_buf *out);
void mr_table_duration(uint64_t ms, struct mr_buf *out);

#endif
