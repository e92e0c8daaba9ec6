/* What every run of a pipeline was: one small file each, the last thousand kept.
 *
 * `<state>/<pipeline>/runs/<number>.json`: {run, epoch, state, started_ms, ended_ms, active_ms,
 * rows_in, rows_out, dropped, rejected, table: text, summary: {…}}. Written when a session of the run
 * ends; a resumed run writes its file anew. Thread: main. */
#ifndef MR_SUPERVISE_HISTORY_H
#define MR_SUPERVISE_HISTORY_H

#include "stages/supervise/home.h"
#include "stages/supervise/totals.h"

enum { MR_HISTORY_KEPT = 1000 };

struct mr_error *mr_history_save(const struct mr_home *h, const struct mr_record *record,
                                 const struct mr_totals *totals);

/* Numbers of the runs kept, ascending, in the arena. */
struct mr_error *mr_history_list(const struct mr_home *h, struct mr_arena *arena, uint32_t **runs,
                                 size_t *count);
/* Appends the file's text; *found false when there is none. */
struct mr_error *mr_history_read(const struct mr_home *h, uint32_t run, struct mr_buf *out,
                                 bool *found);

#endif
