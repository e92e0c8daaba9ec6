/* The last run's figures as files of the state folder: `summary.txt` and `summary.json`, there only
 * while the pipeline's last session ended in good order. Thread: main. */
#ifndef MR_SUPERVISE_SUMMARY_H
#define MR_SUPERVISE_SUMMARY_H

#include "stages/supervise/home.h"
#include "stages/supervise/totals.h"

struct mr_error *mr_summary_save(const struct mr_home *h, const struct mr_totals *totals);
/* Before a session: the old summary is no longer the last word; restored if the session leaves no
 * trace. */
struct mr_error *mr_summary_set_aside(const struct mr_home *h);
void mr_summary_restore(const struct mr_home *h);
/* *found false when there is none. */
struct mr_error *mr_summary_read(const struct mr_home *h, bool json, struct mr_buf *out,
                                 bool *found);

#endif
