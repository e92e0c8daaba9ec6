/* `millrace plan`: what a run would do, printed. */
#include "stages/command/program.h"

struct options {
    struct mr_pairs set, scale;
    struct mr_str state;
    int fuse;
    bool json;
};

static const struct mr_option option_table[] = {
    {.name = "set", MR_OPTION(struct options, set), .value = "NAME=VALUE",
     .doc = "Give ${NAME} of the topology a value; may be repeated."},
    {.name = "fuse", MR_OPTION(struct options, fuse), .choices = "auto|off",
     .doc = "Several stages in one process, or one each (default: as the topology says)."},
    {.name = "scale", MR_OPTION(struct options, scale), .value = "STAGE=N",
     .doc = "Processes of a stage; may be repeated."},
    MR_OPTION_STATE(struct options),
    MR_OPTION_JSON(struct options),
    {0},
};

static enum mr_exit run(const struct mr_call *call)
{
    const struct options *o = call->options;
    struct mr_compile_choice choice = {
        .sets = o->set, .scale = o->scale, .fuse = o->fuse, .json = o->json};
    struct mr_compiled compiled;
    enum mr_exit code = mr_program_compile(call->args[0].ptr, &choice, &compiled);
    if (code != MR_EXIT_OK)
        return code;
    struct mr_home home;
    mr_home_init(&home, o->state, compiled.plan->name);
    struct mr_error *e = mr_scale_kept(&home, compiled.plan, &o->scale, false);
    mr_home_finish(&home);
    if (e) {
        mr_compiled_destroy(&compiled);
        return mr_fail(e);
    }
    if (o->json) {
        struct mr_json_out out = {0};
        mr_plan_json(&compiled, &out);
        mr_print_json(&out);
        mr_buf_finish(&out.text);
    } else {
        struct mr_buf text = {0};
        mr_plan_print(&compiled, &text);
        mr_print(&text);
        mr_buf_finish(&text);
    }
    mr_compiled_destroy(&compiled);
    return MR_EXIT_OK;
}

const struct mr_command mr_command_plan = {
    .name = "plan",
    .arguments = "TOPOLOGY",
    .min_args = 1,
    .max_args = 1,
    .doc = "Print stages, processes, topics and keys of a topology.",
    .options_size = sizeof(struct options),
    .options = option_table,
    .run = run,
};
