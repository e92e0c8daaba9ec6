/* The log of a pipeline: one JSON object a line, in `log.jsonl` of its state folder, for programs
 * and `millrace logs`; older lines in `log.1.jsonl`.
 *
 * time (UTC), level, pipeline, run, event, stage, process, pid, message. Of equal lines within ten
 * seconds the first is written at once; the others become one line with count, first and last. No
 * row's content, no setting's value is ever in it. Thread: main. */
#ifndef MR_SUPERVISE_LOG_H
#define MR_SUPERVISE_LOG_H

#include "stages/supervise/home.h"

enum mr_log_level { MR_LEVEL_INFO, MR_LEVEL_WARN, MR_LEVEL_ERROR };
const char *mr_level_name(enum mr_log_level level);

enum {
    MR_EVENT_LOG_BYTES = 8 << 20
}; /* then the file is set aside, and what was there is removed */

struct mr_event {
    enum mr_log_level level;
    const char *name;     /* "start", "exit" …: a fixed word */
    struct mr_str stage;  /* empty: the whole pipeline */
    int64_t process, pid; /* -1: none */
    const char *message;
};

struct mr_event_log;

/* extra: another file to be appended to, "-" for standard error, or empty. */
struct mr_error *mr_event_log_open(const struct mr_home *h, struct mr_str pipeline, uint32_t run,
                                   struct mr_str extra, struct mr_event_log **out);
void mr_event_log_close(struct mr_event_log *l); /* writes what is folded; accepts NULL */
/* Accepts NULL. A log that cannot be written is no reason to stop a run. */
void mr_event_log_add(struct mr_event_log *l, const struct mr_event *event);
void mr_event_log_tick(struct mr_event_log *l); /* folded lines whose time has come */

/* log.jsonl (old false) or log.1.jsonl. */
void mr_event_log_path(const struct mr_home *h, bool old, struct mr_buf *out);

#endif
