/* `millrace stop`: lets a running pipeline finish its rows, commit and end. */
#include "stages/command/command.h"
#include "stages/supervise/control.h"
#include "stages/supervise/home.h"

struct options {
    struct mr_str state;
    bool now, json;
};

static const struct mr_option option_table[] = {
    MR_OPTION_STATE(struct options),
    {.name = "now", MR_OPTION(struct options, now),
     .doc = "End at once, without finishing the rows at work; nothing is lost."},
    MR_OPTION_JSON(struct options),
    {0},
};

static enum mr_exit run(const struct mr_call *call)
{
    const struct options *o = call->options;
    struct mr_home home = {0};
    struct mr_str wanted = call->arg_count ? call->args[0] : (struct mr_str){0};
    struct mr_error *e = mr_home_find(&home, o->state, wanted);
    if (e)
        return mr_fail(e);
    pid_t supervisor;
    bool running = mr_home_running(&home, &supervisor);
    if (running) {
        int fd;
        e = mr_control_send(&home.layout, o->now ? "kill" : "stop", &fd);
        if (!e)
            mr_control_wait(fd);
    }
    if (!e)
        mr_print_done(o->json, running ? "stopped" : "not running", mr_buf_str(&home.root));
    mr_home_finish(&home);
    return e ? mr_fail(e) : MR_EXIT_OK;
}

const struct mr_command mr_command_stop = {
    .name = "stop",
    .arguments = "[PIPELINE|TOPOLOGY]",
    .max_args = 1,
    .doc = "Stop a running pipeline and wait for its end; `run` resumes it.",
    .options_size = sizeof(struct options),
    .options = option_table,
    .run = run,
};
