/* The loop of a run: starts its processes, looks at them ten times a second, ends with them. */
#include "stages/supervise/inside.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "runtime/base/clock.h"
#include "runtime/base/file.h"

static void add_event(const struct supervisor *s, enum mr_log_level level, const char *name,
                      const struct child *c, const char *message)
{
    struct mr_event event = {
        .level = level, .name = name, .process = -1, .pid = -1, .message = message};
    if (c) {
        event.stage = s->plan->stages[s->plan->groups[c->group].stages[0]].id;
        event.process = c->instance;
        event.pid = c->pid > 0 ? c->pid : -1;
    }
    mr_event_log_add(s->log, &event);
}

void supervisor_note(const struct supervisor *s, enum mr_log_level level, const char *event,
                     const struct child *c, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    add_event(s, level, event, c, text);
}

void supervisor_say(const struct supervisor *s, enum mr_log_level level, const char *event,
                    const struct child *c, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    add_event(s, level, event, c, text);
    if (mr_str_is(s->options->log, "-") ||
        (s->options->show == MR_SHOW_NOTHING && s->phase == PHASE_RUNNING))
        return;
    progress_clear((struct supervisor *)s);
    fprintf(stderr, "millrace: %s\n", text);
}

void supervisor_stop(struct supervisor *s, bool now)
{
    bool ends_already = s->phase == PHASE_CAUGHT_UP;
    if (ends_already)
        s->phase = PHASE_STOPPING; /* so that nobody starts them again */
    if (ends_already && !now)
        return;
    bool again = s->phase != PHASE_RUNNING;
    if (s->phase == PHASE_RUNNING)
        s->phase = PHASE_STOPPING;
    if (now || again) {
        s->killed = true;
        child_signal_all(s, SIGKILL);
    } else {
        supervisor_say(s, MR_LEVEL_INFO, "stop", NULL,
                       "stopping: the stages finish their rows and commit (again: at once)");
        child_signal_all(s, SIGTERM);
    }
}

void supervisor_fail(struct supervisor *s, struct mr_error *e)
{
    if (s->error)
        mr_error_free(e); /* the first one is the cause */
    else
        s->error = e;
    if (s->phase == PHASE_FAILING)
        return;
    supervisor_note(s, MR_LEVEL_ERROR, "failure", NULL, "%s", mr_error_message(s->error));
    s->phase = PHASE_FAILING;
    child_signal_all(s, SIGTERM);
}

void supervisor_totals(struct supervisor *s)
{
    struct mr_totals *t = s->totals;
    mr_totals_clear(t);
    for (size_t i = 0; i < s->child_count; i++)
        if (s->children[i]->page && s->groups[s->children[i]->group].retired_count == 0)
            mr_totals_add_page(t, s->children[i]->page);
    for (size_t g = 0; g < s->plan->group_count; g++) {
        for (size_t i = 0; i < s->groups[g].retired_count; i++)
            mr_totals_add_page(t, s->groups[g].retired[i]);
        mr_totals_set_processes(t, (int)g, s->groups[g].scale);
    }
    t->active_ms = s->options->active_ms + mr_now_ms() - s->began_ms;
}

static bool all_gone(const struct supervisor *s)
{
    for (size_t i = 0; i < s->child_count; i++) {
        const struct child *c = s->children[i];
        bool gone = c->state == CHILD_ENDED || (s->phase != PHASE_RUNNING && c->pid <= 0);
        if (!gone)
            return false;
    }
    return true;
}

static void look(struct supervisor *s)
{
    mr_event_log_tick(s->log);
    for (size_t i = 0; i < s->child_count; i++) {
        child_look(s->children[i]);
        if (s->phase == PHASE_RUNNING)
            child_watchdog(s->children[i]);
    }
    scale_look(s);
    sources_decide(s);
    caught_look(s);
    if (all_gone(s))
        ev_break(s->loop, EVBREAK_ALL);
}

static void on_tick(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    (void)loop, (void)events;
    look(timer->data);
}

static void on_bell(struct ev_loop *loop, struct ev_io *io, int events)
{
    (void)loop, (void)events;
    struct supervisor *s = io->data;
    mr_bells_wait(s->bells, 0);
    mr_bells_arm(s->bells);
    look(s);
}

static void on_child(struct ev_loop *loop, struct ev_signal *signal, int events)
{
    (void)loop, (void)events;
    struct supervisor *s = signal->data;
    child_reap_all(s);
    look(s);
}

static void on_stop(struct ev_loop *loop, struct ev_signal *signal, int events)
{
    (void)loop, (void)events;
    supervisor_stop(signal->data, false);
}

static void on_retention(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    (void)loop, (void)events;
    retention_run(timer->data);
}

static void stop_signals(int how)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigprocmask(how, &set, NULL);
}

void mr_supervise_hold_signals(void)
{
    stop_signals(SIG_BLOCK);
}

static void watch_signal(struct supervisor *s, struct ev_signal *w, int number,
                         void (*fn)(struct ev_loop *, struct ev_signal *, int))
{
    ev_signal_init(w, fn, number);
    w->data = s;
    ev_signal_start(s->loop, w);
}

/* Signals that come between two sessions of a run wait for the next one. */
static void unwatch(struct supervisor *s)
{
    stop_signals(SIG_BLOCK);
    ev_signal_stop(s->loop, &s->on_int);
    ev_signal_stop(s->loop, &s->on_term);
    ev_signal_stop(s->loop, &s->on_hup);
    ev_signal_stop(s->loop, &s->on_child);
}

static void watch(struct supervisor *s)
{
    watch_signal(s, &s->on_int, SIGINT, on_stop);
    watch_signal(s, &s->on_term, SIGTERM, on_stop);
    watch_signal(s, &s->on_hup, SIGHUP, on_stop);
    watch_signal(s, &s->on_child, SIGCHLD, on_child);
    stop_signals(SIG_UNBLOCK);
    ev_timer_init(&s->tick, on_tick, TICK_MS / 1000.0, TICK_MS / 1000.0);
    s->tick.data = s;
    ev_timer_start(s->loop, &s->tick);
    /* Under a budget the disk fills between two looks: look often. */
    double every = s->plan->disk_budget_bytes ? 0.2 : 5.0;
    ev_timer_init(&s->retention, on_retention, every, every);
    s->retention.data = s;
    ev_timer_start(s->loop, &s->retention);
    ev_io_init(&s->on_bell, on_bell, mr_bells_fd(s->bells), EV_READ);
    s->on_bell.data = s;
    ev_io_start(s->loop, &s->on_bell);
    mr_bells_arm(s->bells);
    progress_begin(s);
}

static struct mr_error *prepare(struct supervisor *s)
{
    struct mr_buf dir = {0};
    mr_layout_run(&s->options->home->layout, &dir);
    struct mr_error *e = mr_dir_make(mr_buf_text(&dir));
    if (!e)
        e = mr_bells_open(mr_buf_text(&dir), MR_BELL_SUPERVISOR, &s->bells);
    mr_buf_finish(&dir);
    if (!e)
        e = mr_event_log_open(s->options->home, s->plan->name, s->options->run, s->options->log,
                              &s->log);
    if (!e)
        e = blame_load(s);
    if (!e)
        e = control_open(s);
    if (!e)
        e = metrics_open(s);
    return e;
}

static void run_loop(struct supervisor *s)
{
    s->loop = ev_loop_new(EVFLAG_AUTO);
    if (!s->loop) {
        supervisor_fail(s, mr_error(MR_STAGE_FAILED, "the event loop cannot be made"));
        return;
    }
    struct mr_error *e = prepare(s);
    if (e) {
        s->error = e;
    } else {
        scale_begin(s);
        caught_begin(s);
        watch(s);
        supervisor_note(s, MR_LEVEL_INFO, "run", NULL,
                        s->options->resumed ? "run %u goes on" : "run %u begins", s->options->run);
        for (size_t i = 0; i < s->child_count && s->phase == PHASE_RUNNING; i++)
            child_start(s->children[i]);
        if (!all_gone(s))
            ev_run(s->loop, 0);
        retention_run(s); /* a short run ends between two looks */
        progress_end(s);
        supervisor_totals(s);
        if (s->phase == PHASE_CAUGHT_UP)
            unwatch(s);
        caught_end(s);
    }
    metrics_close(s);
    control_close(s);
    for (size_t i = 0; i < s->child_count; i++)
        said_close(s->children[i]);
    ev_loop_destroy(s->loop);
    s->loop = NULL;
}

static enum mr_run_end end_of(const struct supervisor *s)
{
    if (s->error)
        return MR_RUN_FAILED;
    if (s->phase == PHASE_LEAVING)
        return MR_RUN_NOTHING_NEW;
    if (s->phase == PHASE_CAUGHT_UP)
        return MR_RUN_CAUGHT_UP;
    for (size_t i = 0; i < s->child_count; i++)
        if (s->children[i]->state != CHILD_ENDED)
            return MR_RUN_STOPPED;
    return MR_RUN_ENDED;
}

static void note_end(const struct supervisor *s, enum mr_run_end end)
{
    static const char *const words[] = {[MR_RUN_ENDED] = "ended",
                                        [MR_RUN_NOTHING_NEW] = "found nothing new",
                                        [MR_RUN_STOPPED] = "was stopped",
                                        [MR_RUN_CAUGHT_UP] = "has caught up",
                                        [MR_RUN_FAILED] = "failed"};
    supervisor_note(s, end == MR_RUN_FAILED ? MR_LEVEL_ERROR : MR_LEVEL_INFO, "end", NULL,
                    "run %u %s", s->options->run, words[end]);
}

enum mr_run_end mr_supervise(const struct mr_supervise_options *options, struct mr_totals *totals,
                             struct mr_error **error)
{
    struct supervisor *s = mr_zalloc(sizeof *s);
    s->options = options;
    s->plan = options->plan;
    s->totals = totals;
    s->socket = -1;
    s->began_ms = mr_now_ms();
    if (getrandom(&s->random, sizeof s->random, GRND_NONBLOCK) != sizeof s->random)
        s->random = mr_now_ns();
    run_loop(s);
    enum mr_run_end end = end_of(s);
    *error = s->error;
    note_end(s, end);
    mr_event_log_close(s->log);
    scale_end(s);
    mr_bells_close(s->bells);
    free(s->suspects);
    free(s);
    return end;
}
