/* Ends of runs on the lanes a task reads: when there is one to be ended here, and what waits for
 * it. */
#include "runtime/flow/task.h"

bool mr_task__lanes_ended(const struct mr_task *t)
{
    for (uint32_t i = 0; i < t->lane_count; i++)
        if (t->ends[i] <= t->record.done_run)
            return false;
    return true;
}

void mr_task__lane_ended(struct mr_task *t, const struct mr_log_row *row)
{
    t->ends[t->lane_first[row->in] + row->lane] = row->head.run;
    if (row->head.run > t->record.done_run)
        mr_log_hold(t->log, row->in, row->lane, true);
}

/* What lies behind an end waits until all lanes are there: a task that begins with the rows of
 * several runs cuts where the one before it did. */
void mr_task__hold_lanes(struct mr_task *t)
{
    for (size_t i = 0; i < t->head->input_count; i++)
        for (uint32_t l = 0; l < t->plan->topics[t->head->inputs[i].topic].lanes; l++)
            mr_log_hold(t->log, (uint32_t)i, l, t->ends[t->lane_first[i] + l] > t->record.done_run);
}

uint32_t mr_task__run_to_end(const struct mr_task *t)
{
    uint32_t run = t->lane_count ? t->ends[0] : t->worker->options->run;
    for (uint32_t i = 1; i < t->lane_count; i++)
        run = t->ends[i] < run ? t->ends[i] : run;
    return run;
}
