/* A stage process: takes the compiled plan, works off its group's tasks, says by its exit code how
 * it ended. Started by the supervisor only. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "runtime/base/file.h"
#include "runtime/flow/worker.h"
#include "runtime/watch/counters.h"
#include "stages/command/command.h"
#include "stages/supervise/exits.h"

enum { PLAN_MAX_BYTES = 64 << 20 };

static volatile sig_atomic_t stop;

static void on_term(int signal)
{
    (void)signal;
    stop = 1;
}

/* No SA_RESTART: a wait for rows ends at once. */
static void catch_term(void)
{
    struct sigaction action = {.sa_handler = on_term};
    sigemptyset(&action.sa_mask);
    sigaction(SIGTERM, &action, NULL);
}

/* A task holds a lock for each partition it writes, and its store's files: many partitions in one
 * process are more than the usual 1024. What the system allows is taken; less is no error yet. */
static void allow_files(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
}

static struct mr_error *read_number(struct mr_str text, uint64_t most, uint64_t *out)
{
    if (mr_str_to_uint(text, out) && *out <= most)
        return NULL;
    return mr_error(MR_USAGE, "\"%.*s\" is not a number up to %llu", MR_FMT(text),
                    (unsigned long long)most);
}

/* A process with another plan than its supervisor's must not join. */
static struct mr_error *read_plan(const struct mr_call *call, struct mr_buf *bytes,
                                  struct mr_plan **out)
{
    const struct mr_registry *registry;
    struct mr_id wanted;
    MR_TRY(mr_program_registry(&registry));
    MR_TRY(mr_file_read(call->args[0].ptr, PLAN_MAX_BYTES, bytes));
    MR_TRY(mr_plan_decode(mr_buf_str(bytes), registry, mr_program_connectors(), call->arena, out));
    if (!mr_id_parse(call->args[5], &wanted) || !mr_id_eq(&wanted, &(*out)->hash))
        return mr_error(MR_PLAN_INVALID, "\"%s\" is not the plan of this run", call->args[0].ptr);
    return NULL;
}

static struct mr_error *read_options(const struct mr_call *call, struct mr_buf *bytes,
                                     struct mr_worker_options *out)
{
    struct mr_plan *plan;
    uint64_t group, instance, scale, run;
    MR_TRY(read_plan(call, bytes, &plan));
    MR_TRY(read_number(call->args[1], plan->group_count - 1, &group));
    MR_TRY(read_number(call->args[3], mr_plan_bells(&plan->groups[group]), &scale));
    MR_TRY(read_number(call->args[2], scale ? scale - 1 : 0, &instance));
    MR_TRY(read_number(call->args[4], UINT32_MAX, &run));
    const char *slash = strrchr(call->args[0].ptr, '/');
    size_t len = slash ? (size_t)(slash - call->args[0].ptr) : 0;
    *out = (struct mr_worker_options){
        .plan = plan,
        .group = (int)group,
        .instance = (uint32_t)instance,
        .scale = (uint32_t)scale,
        .run = (uint32_t)run,
        .layout = {len ? mr_str_span(call->args[0].ptr, len) : MR_STR(".")},
        .stop = &stop,
    };
    return NULL;
}

/* The supervisor prints what is on the page; without a page the error goes out here. */
static bool is_on_page(const struct mr_worker_options *options)
{
    struct mr_buf path = {0};
    struct mr_page *page = NULL;
    uint32_t bell = options->plan->groups[options->group].first_bell + options->instance;
    mr_layout_page(&options->layout, bell, &path);
    struct mr_error *e = mr_page_open(mr_buf_text(&path), &page);
    bool there = !e && page->message[0];
    mr_page_close(page);
    mr_error_free(e);
    mr_buf_finish(&path);
    return there;
}

static enum mr_exit run(const struct mr_call *call)
{
    struct mr_worker_options options;
    struct mr_buf bytes = {0};
    bool ended = false;
    catch_term();
    allow_files();
    struct mr_error *e = read_options(call, &bytes, &options);
    if (e) {
        mr_fail(e);
        mr_buf_finish(&bytes);
        return (enum mr_exit)MR_STAGE_EXIT_FATAL;
    }
    e = mr_worker_run(&options, &ended);
    int code = ended ? MR_STAGE_EXIT_ENDED : MR_STAGE_EXIT_STOPPED;
    if (e) {
        /* The family lock excludes a second run, so a held store is a process still going. */
        bool again = mr_error_is_retriable(e) || mr_error_code(e) == MR_STORE_LOCKED ||
                     mr_error_code(e) == MR_LOG_TWO_WRITERS;
        code = again ? MR_STAGE_EXIT_RETRY : MR_STAGE_EXIT_FATAL;
        if (is_on_page(&options))
            mr_error_free(e);
        else
            mr_fail(e);
    }
    mr_buf_finish(&bytes);
    return (enum mr_exit)code;
}

const struct mr_command mr_command_stage = {
    .name = "stage",
    .arguments = "PLAN GROUP INSTANCE SCALE RUN HASH",
    .min_args = 6,
    .max_args = 6,
    .doc = "One process of a running pipeline.",
    .internal = true,
    .run = run,
};
