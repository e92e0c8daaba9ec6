/* One stage process: start, death, restart with backoff, watchdog. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/base/clock.h"
#include "runtime/base/file.h"
#include "stages/supervise/inside.h"

static void restart(struct ev_loop *loop, struct ev_timer *timer, int events);

struct child *child_create(struct supervisor *s, int group, uint32_t instance)
{
    struct child *c = mr_zalloc(sizeof *c);
    *c = (struct child){.of = s, .group = group, .instance = instance,
                        .bell = s->plan->groups[group].first_bell + instance,
                        .state = CHILD_WAITING};
    ev_init(&c->restart, restart);
    return c;
}

void child_destroy(struct child *c)
{
    if (c->of->loop) {
        ev_timer_stop(c->of->loop, &c->restart);
        said_close(c);
    }
    mr_page_close(c->page);
    free(c);
}

const char *child_name(const struct child *c)
{
    static char name[96];
    const struct mr_plan *plan = c->of->plan;
    const struct mr_plan_group *g = &plan->groups[c->group];
    struct mr_str id = plan->stages[g->stages[0]].id;
    if (c->of->groups[c->group].scale > 1)
        snprintf(name, sizeof name, "stage \"%.*s\" (process %u)", MR_FMT(id), c->instance);
    else
        snprintf(name, sizeof name, "stage \"%.*s\"", MR_FMT(id));
    return name;
}

/* In the child, between fork and exec: only calls that are safe there. Its own process group keeps
 * the terminal's Ctrl-C away: stopping is the supervisor's decision. */
static _Noreturn void become_stage(pid_t supervisor, int lock, int said, char *const argv[])
{
    sigset_t none;
    sigemptyset(&none);
    setpgid(0, 0);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != supervisor)
        _exit(MR_STAGE_EXIT_RETRY);
    signal(SIGINT, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    signal(SIGTERM, SIG_DFL);
    signal(SIGCHLD, SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
    /* The lock goes on into the stage: the pipeline is free only when its last process is gone. */
    fcntl(lock, F_SETFD, 0);
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null >= 0)
        dup2(null, STDIN_FILENO);
    if (said >= 0)
        dup2(said, STDERR_FILENO);
    dup2(STDERR_FILENO, STDOUT_FILENO);
    execv("/proc/self/exe", argv);
    _exit(MR_STAGE_EXIT_RETRY);
}

static void remove_page(struct child *c)
{
    struct mr_buf path = {0};
    mr_layout_page(&c->of->options->home->layout, c->bell, &path);
    unlink(mr_buf_text(&path));
    mr_buf_finish(&path);
    c->page_stale = true;
}

void child_start(struct child *c)
{
    struct supervisor *s = c->of;
    struct mr_buf plan = {0};
    char group[16], instance[16], scale[16], run[16], hash[MR_ID_HEX_LEN + 1];
    mr_layout_plan(&s->options->home->layout, &plan);
    snprintf(group, sizeof group, "%d", c->group);
    snprintf(instance, sizeof instance, "%u", c->instance);
    snprintf(scale, sizeof scale, "%u", s->groups[c->group].scale);
    snprintf(run, sizeof run, "%u", s->options->run);
    mr_id_hex(&s->plan->hash, hash);
    mr_buf_text(&plan);
    char program[] = "millrace", command[] = "stage";
    char *argv[] = {program, command, plan.ptr, group, instance, scale, run, hash, NULL};
    remove_page(c);
    int said = said_open(c);
    pid_t self = getpid();
    /* Until the child has handlers of its own no signal may reach it: ours would swallow it. */
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    c->pid = fork();
    if (c->pid == 0)
        become_stage(self, s->options->home->lock, said, argv);
    sigprocmask(SIG_SETMASK, &before, NULL);
    mr_buf_finish(&plan);
    if (said >= 0)
        close(said);
    if (c->pid < 0) {
        supervisor_fail(s, mr_error_errno(MR_STAGE_FAILED, "cannot start %s", child_name(c)));
        return;
    }
    c->state = CHILD_RUNNING;
    supervisor_note(s, MR_LEVEL_INFO, "start", c, "%s starts", child_name(c));
    c->hung = false;
    c->progress = 0;
    c->progress_ms = mr_now_ms();
}

void child_look(struct child *c)
{
    if (!c->page_stale)
        return;
    struct mr_buf path = {0};
    struct mr_page *page = NULL;
    mr_layout_page(&c->of->options->home->layout, c->bell, &path);
    struct mr_error *e = mr_page_open(mr_buf_text(&path), &page);
    mr_buf_finish(&path);
    if (e) {
        mr_error_free(e); /* not there yet */
        return;
    }
    /* Until it has read its state, the figures of the process before are the true ones. */
    if (atomic_load(&page->state) == MR_PROC_STARTING) {
        mr_page_close(page);
        return;
    }
    atomic_store(&page->restarts, c->restarts);
    mr_page_close(c->page);
    c->page = page;
    c->page_stale = false;
}

static uint64_t rows_of(const struct mr_page *page)
{
    uint64_t rows = 0;
    for (int i = 0; page && i < MR_PAGE_STAGES; i++)
        rows += atomic_load(&page->stage[i].counter[MR_C_IN]) +
                atomic_load(&page->stage[i].counter[MR_C_FORWARDED]) +
                atomic_load(&page->stage[i].counter[MR_C_EMITTED]);
    return rows;
}

static void restart(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    (void)loop, (void)events;
    struct child *c = timer->data;
    if (c->of->phase != PHASE_RUNNING)
        return;
    c->restarts++;
    child_start(c);
}

static uint64_t next_random(struct supervisor *s)
{
    s->random += 0x9e3779b97f4a7c15u;
    return mr_hash64(&s->random, sizeof s->random, 0);
}

/* Full jitter: anywhere between nothing and the doubled wait, so that many processes that died
 * together do not come back together. */
static void restart_later(struct child *c, bool backoff)
{
    uint64_t longest = BACKOFF_FIRST_MS;
    for (unsigned i = 1; i < c->failures && longest < BACKOFF_LONGEST_MS; i++)
        longest *= 2;
    longest = longest < BACKOFF_LONGEST_MS ? longest : BACKOFF_LONGEST_MS;
    uint64_t wait = backoff ? next_random(c->of) % longest + 1 : 1;
    c->state = CHILD_WAITING;
    ev_timer_init(&c->restart, restart, (double)wait / 1000.0, 0);
    c->restart.data = c;
    ev_timer_start(c->of->loop, &c->restart);
}

static struct mr_str message_of(const struct child *c)
{
    if (!c->page || c->page_stale)
        return (struct mr_str){0};
    const char *text = c->page->message;
    return mr_str_trim(mr_str_span(text, strnlen(text, sizeof c->page->message)));
}

static struct mr_error *death_error(const struct child *c, const char *how)
{
    struct mr_str message = message_of(c);
    if (message.len)
        return mr_error(MR_STAGE_FAILED, "%s %s\n  %.*s", child_name(c), how, MR_FMT(message));
    return mr_error_remedy(mr_error(MR_STAGE_FAILED, "%s %s", child_name(c), how),
                           "Run again: it resumes. `millrace doctor` looks at the machine.");
}

static void died_by_signal(struct child *c, int signal)
{
    struct supervisor *s = c->of;
    char how[96];
    snprintf(how, sizeof how, "was ended by SIG%s", sigabbrev_np(signal));
    if (blame_crash(s, c, signal)) {
        restart_later(c, false);
        return;
    }
    if (c->failures >= FAILURES_MAX) {
        snprintf(how, sizeof how, "was ended by SIG%s %u times without progress",
                 sigabbrev_np(signal), c->failures);
        supervisor_fail(s, death_error(c, how));
        return;
    }
    supervisor_say(s, MR_LEVEL_WARN, "restart", c, "%s %s; starting it again", child_name(c), how);
    restart_later(c, true);
}

static void exited(struct child *c, int code)
{
    struct supervisor *s = c->of;
    if (code == MR_STAGE_EXIT_ENDED) {
        c->state = CHILD_ENDED;
        return;
    }
    if (code == MR_STAGE_EXIT_STOPPED || (code == MR_STAGE_EXIT_RETRY && c->failures < FAILURES_MAX)) {
        supervisor_say(s, MR_LEVEL_WARN, "restart", c, "%s %s; starting it again", child_name(c),
                       code == MR_STAGE_EXIT_STOPPED ? "was stopped from outside" : "failed for now");
        restart_later(c, true);
        return;
    }
    char how[64];
    snprintf(how, sizeof how, code == MR_STAGE_EXIT_FATAL ? "failed" : "failed (exit code %d)", code);
    supervisor_fail(s, death_error(c, how));
}

/* Whoever ends a process that only waits does not show that it cannot go on. */
static bool was_idle(const struct child *c)
{
    if (!c->page || c->page_stale)
        return false;
    uint32_t state = atomic_load(&c->page->state);
    return state == MR_PROC_WAITING || state == MR_PROC_BLOCKED;
}

static void note_exit(const struct child *c, int status)
{
    enum mr_log_level level = MR_LEVEL_INFO;
    if (WIFSIGNALED(status))
        supervisor_note(c->of, MR_LEVEL_WARN, "exit", c, "%s was ended by SIG%s", child_name(c),
                        sigabbrev_np(WTERMSIG(status)));
    else if (WEXITSTATUS(status) == MR_STAGE_EXIT_FATAL)
        level = MR_LEVEL_ERROR;
    if (WIFEXITED(status))
        supervisor_note(c->of, level, "exit", c, "%s %s", child_name(c),
                        WEXITSTATUS(status) == MR_STAGE_EXIT_ENDED     ? "ended its part of the run"
                        : WEXITSTATUS(status) == MR_STAGE_EXIT_STOPPED ? "committed and stopped"
                        : WEXITSTATUS(status) == MR_STAGE_EXIT_RETRY   ? "failed for now"
                                                                       : "failed");
}

static void reaped(struct child *c, int status)
{
    struct supervisor *s = c->of;
    child_look(c);
    said_drain(c);
    c->pid = 0;
    c->state = CHILD_STOPPED;
    uint64_t rows = c->page_stale ? 0 : rows_of(c->page);
    if (rows > c->best_rows) {
        c->best_rows = rows;
        c->failures = 0;
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == MR_STAGE_EXIT_ENDED)
        c->state = CHILD_ENDED;
    note_exit(c, status);
    if (s->phase != PHASE_RUNNING)
        return;
    if (s->groups[c->group].step == GROUP_DRAINING) {
        if (WIFSIGNALED(status))
            blame_crash(s, c, WTERMSIG(status));
        return;
    }
    c->failures += !was_idle(c);
    if (WIFSIGNALED(status))
        died_by_signal(c, WTERMSIG(status));
    else
        exited(c, WEXITSTATUS(status));
}

void child_reap_all(struct supervisor *s)
{
    for (size_t i = 0; i < s->child_count; i++) {
        struct child *c = s->children[i];
        int status;
        if (c->pid > 0 && waitpid(c->pid, &status, WNOHANG) == c->pid)
            reaped(c, status);
    }
}

void child_signal_all(struct supervisor *s, int signal)
{
    for (size_t i = 0; i < s->child_count; i++) {
        struct child *c = s->children[i];
        ev_timer_stop(s->loop, &c->restart);
        if (c->pid > 0)
            kill(c->pid, signal);
        else if (c->state == CHILD_WAITING)
            c->state = CHILD_STOPPED;
    }
}

/* How long the stage of the row at work may take for it; between rows, the slowest stage. */
static uint64_t longest_row_ms(const struct child *c)
{
    const struct mr_plan *plan = c->of->plan;
    const struct mr_plan_group *g = &plan->groups[c->group];
    uint32_t stage = atomic_load(&c->page->note_stage);
    uint64_t longest = 0;
    if (atomic_load(&c->page->noted) && stage < plan->stage_count)
        return plan->stages[stage].longest_row_ms;
    for (size_t i = 0; i < g->stage_count; i++)
        if (plan->stages[g->stages[i]].longest_row_ms > longest)
            longest = plan->stages[g->stages[i]].longest_row_ms;
    return longest;
}

/* A process that works without getting on is taken to hang. */
void child_watchdog(struct child *c)
{
    if (c->pid <= 0 || !c->page || c->page_stale)
        return;
    uint64_t longest = longest_row_ms(c), now = mr_now_ms();
    uint64_t progress = atomic_load(&c->page->progress);
    bool working = atomic_load(&c->page->noted) ||
                   atomic_load(&c->page->state) == MR_PROC_WORKING;
    if (progress != c->progress || !working) {
        c->progress = progress;
        c->progress_ms = now;
    } else if (longest && now - c->progress_ms > longest) {
        supervisor_say(c->of, MR_LEVEL_WARN, "stuck", c,
                       "%s made no progress for %llu ms and is ended", child_name(c),
                       (unsigned long long)(now - c->progress_ms));
        c->progress_ms = now;
        c->hung = true;
        kill(c->pid, SIGKILL);
    }
}
