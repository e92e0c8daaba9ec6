/* The loop of a stage process: its tasks in turn, commits when the input runs dry, sleep by bell. */
#include "runtime/flow/worker.h"

#include <stdlib.h>
#include <unistd.h>

#include "runtime/base/clock.h"
#include "runtime/base/file.h"
#include "runtime/flow/task.h"

enum { LONGEST_SLEEP_MS = 500 };

static struct mr_error *open_page(struct mr_worker *w)
{
    struct mr_buf path = {0};
    mr_layout_page(&w->options->layout, w->bell, &path);
    struct mr_error *e = mr_page_create(mr_buf_text(&path), &w->page);
    mr_buf_finish(&path);
    if (e)
        return e;
    atomic_store(&w->page->pid, (uint32_t)getpid());
    atomic_store(&w->page->group, (uint32_t)w->options->group);
    atomic_store(&w->page->instance, w->options->instance);
    atomic_store(&w->page->scale, w->scale);
    atomic_store(&w->page->run, w->options->run);
    atomic_store(&w->page->started_ms, mr_wall_ms());
    atomic_store(&w->page->state, MR_PROC_STARTING);
    return NULL;
}

static struct mr_error *open_worker(struct mr_worker *w)
{
    struct mr_buf dir = {0};
    mr_layout_run(&w->options->layout, &dir);
    struct mr_error *e = mr_dir_make(mr_buf_text(&dir));
    if (!e)
        e = open_page(w);
    if (!e)
        e = mr_bells_open(mr_buf_text(&dir), w->bell, &w->bells);
    mr_buf_finish(&dir);
    if (e)
        return e;
    MR_TRY(mr_worker__suspects_read(w));
    w->tasks = mr_zalloc(w->group->partitions * sizeof(*w->tasks));
    for (uint32_t p = w->options->instance; p < w->group->partitions; p += w->scale) {
        MR_TRY(mr_task__open(w, p, &w->tasks[w->task_count]));
        w->task_count++;
    }
    atomic_store(&w->page->tasks, (uint32_t)w->task_count);
    return NULL;
}

static void close_worker(struct mr_worker *w)
{
    for (size_t i = 0; i < w->task_count; i++)
        mr_task__close(w->tasks[i]);
    free(w->tasks);
    free(w->suspects);
    mr_bells_close(w->bells);
    mr_page_close(w->page);
}

static bool all_ended(const struct mr_worker *w)
{
    for (size_t i = 0; i < w->task_count; i++)
        if (!w->tasks[i]->ended)
            return false;
    return true;
}

static struct mr_error *step_all(struct mr_worker *w, bool *progressed)
{
    for (size_t i = 0; i < w->task_count; i++) {
        bool one = false;
        MR_TRY(mr_task__step(w->tasks[i], &one));
        *progressed |= one;
    }
    return NULL;
}

static struct mr_error *commit_all(struct mr_worker *w)
{
    for (size_t i = 0; i < w->task_count; i++)
        MR_TRY(mr_task__commit(w->tasks[i]));
    return NULL;
}

/* How long to sleep without a ring, and what to say meanwhile. */
static int sleep_ms(const struct mr_worker *w, enum mr_process_state *state)
{
    uint64_t now = mr_now_ms(), wake = now + LONGEST_SLEEP_MS;
    *state = MR_PROC_WAITING;
    for (size_t i = 0; i < w->task_count; i++) {
        const struct mr_task *t = w->tasks[i];
        if (t->blocked)
            *state = MR_PROC_BLOCKED;
        if (t->wake_ms > now && t->wake_ms < wake)
            wake = t->wake_ms;
    }
    return (int)(wake - now);
}

/* Dry: commit what there is, then sleep. Looks once more after arming the bell, so that rows
 * published in between are not slept over. */
static struct mr_error *wait_for_work(struct mr_worker *w)
{
    enum mr_process_state state;
    bool progressed = false;
    MR_TRY(commit_all(w));
    mr_bells_arm(w->bells);
    uint32_t asked = atomic_load(&w->page->asked);
    struct mr_error *e = step_all(w, &progressed);
    if (e || progressed || *w->options->stop || all_ended(w)) {
        mr_bells_disarm(w->bells);
        return e;
    }
    int timeout = sleep_ms(w, &state);
    mr_worker__show(w, state);
    if (state == MR_PROC_WAITING)
        atomic_store(&w->page->dry, asked);
    mr_bells_wait(w->bells, timeout);
    atomic_store(&w->page->state, MR_PROC_WORKING);
    return NULL;
}

static struct mr_error *work(struct mr_worker *w)
{
    mr_worker__show(w, MR_PROC_WORKING);
    while (!all_ended(w) && !*w->options->stop) {
        bool progressed = false;
        MR_TRY(step_all(w, &progressed));
        if (!progressed)
            MR_TRY(wait_for_work(w));
    }
    return commit_all(w);
}

static void show_failure(struct mr_worker *w, const struct mr_error *e)
{
    if (!w->page)
        return;
    struct mr_buf text = {0};
    mr_error_print(e, &text);
    size_t len = text.len < sizeof(w->page->message) - 1 ? text.len : sizeof(w->page->message) - 1;
    memcpy(w->page->message, text.ptr, len);
    w->page->message[len] = 0;
    if (mr_error_code(e) == MR_LINEAGE_GAP && w->task_count) {
        struct mr_page_stage *s = &w->page->stage[0];
        atomic_fetch_add(&s->counter[MR_C_ALARMS], 1);
    }
    atomic_store(&w->page->state, MR_PROC_FAILED);
    mr_buf_finish(&text);
}

struct mr_error *mr_worker_run(const struct mr_worker_options *options, bool *ended)
{
    struct mr_worker w = {.options = options, .group = &options->plan->groups[options->group]};
    w.bell = w.group->first_bell + options->instance;
    w.scale = options->scale ? options->scale : w.group->scale;
    *ended = false;
    struct mr_error *e = open_worker(&w);
    if (!e)
        e = work(&w);
    if (e) {
        show_failure(&w, e);
    } else {
        *ended = all_ended(&w);
        mr_worker__show(&w, *ended ? MR_PROC_ENDED : MR_PROC_WAITING);
    }
    close_worker(&w);
    return e;
}
