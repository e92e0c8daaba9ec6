/* `millrace check`: all problems of a topology, nothing run. */
#include "stages/command/program.h"

struct options {
    struct mr_pairs set;
    bool json;
};

static const struct mr_option option_table[] = {
    {.name = "set", MR_OPTION(struct options, set), .value = "NAME=VALUE",
     .doc = "Give ${NAME} of the topology a value; may be repeated."},
    MR_OPTION_JSON(struct options),
    {0},
};

static enum mr_exit run(const struct mr_call *call)
{
    const struct options *o = call->options;
    struct mr_compile_choice choice = {.sets = o->set, .json = o->json};
    struct mr_compiled compiled;
    enum mr_exit code = mr_program_compile(call->args[0].ptr, &choice, &compiled);
    if (code != MR_EXIT_OK)
        return code;
    if (o->json) {
        struct mr_json_out out = {0};
        mr_problems_json(compiled.problems, compiled.problem_count, compiled.error_count, &out);
        mr_print_json(&out);
        mr_buf_finish(&out.text);
    } else {
        struct mr_buf text = {0};
        mr_buf_printf(&text, "%s: %zu stages, no errors\n", call->args[0].ptr,
                      compiled.plan->stage_count);
        mr_print(&text);
        mr_buf_finish(&text);
    }
    mr_compiled_destroy(&compiled);
    return MR_EXIT_OK;
}

const struct mr_command mr_command_check = {
    .name = "check",
    .arguments = "TOPOLOGY",
    .min_args = 1,
    .max_args = 1,
    .doc = "Check a topology and print all its problems.",
    .options_size = sizeof(struct options),
    .options = option_table,
    .run = run,
};
