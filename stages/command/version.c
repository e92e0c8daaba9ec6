/* `millrace version` and `millrace help`. */
#include "stages/command/command.h"

struct options {
    bool json;
};

static const struct mr_option option_table[] = {MR_OPTION_JSON(struct options), {0}};

static enum mr_exit version(const struct mr_call *call)
{
    const struct options *o = call->options;
    if (o->json) {
        struct mr_json_out out = {0};
        mr_json_begin_object(&out);
        mr_json_key(&out, "version");
        mr_json_textz(&out, MR_VERSION);
        mr_json_key(&out, "compiler");
        mr_json_textz(&out, __VERSION__);
        mr_json_end_object(&out);
        mr_print_json(&out);
        mr_buf_finish(&out.text);
        return MR_EXIT_OK;
    }
    struct mr_buf out = {0};
    mr_buf_addz(&out, "millrace " MR_VERSION " (compiler " __VERSION__ ")\n");
    mr_print(&out);
    mr_buf_finish(&out);
    return MR_EXIT_OK;
}

const struct mr_command mr_command_version = {
    .name = "version",
    .doc = "Print the version.",
    .options_size = sizeof(struct options),
    .options = option_table,
    .run = version,
};

static enum mr_exit help(const struct mr_call *call)
{
    struct mr_buf out = {0};
    enum mr_exit code = MR_EXIT_OK;
    if (!call->arg_count) {
        mr_help_all(&out);
    } else {
        const struct mr_command *const *c = mr_commands;
        while (*c && !mr_str_is(call->args[0], (*c)->name))
            c++;
        if (*c)
            mr_help_command((*c)->name, *c, &out);
        else
            code = mr_fail(mr_error(MR_USAGE, "there is no command \"%s\"", call->args[0].ptr));
    }
    mr_print(&out);
    mr_buf_finish(&out);
    return code;
}

const struct mr_command mr_command_help = {
    .name = "help",
    .arguments = "[COMMAND]",
    .max_args = 1,
    .doc = "List all commands, or explain one.",
    .run = help,
};
