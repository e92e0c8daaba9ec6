/* `millrace completion bash`: a script for the shell, made from the tables of commands and options.
 */
#include "stages/command/command.h"

#include <stdio.h>

#include "runtime/base/arena.h"
#include "topology/explain.h"

/* Words of the script come from constant tables and the registry: letters, digits, dots, dashes. */
static const char head[] =
    "# Completion of millrace for bash, made by `millrace completion bash`.\n"
    "#   millrace completion bash > ~/.local/share/bash-completion/completions/millrace\n"
    "# What is found on disk is compared and quoted by the shell itself, never evaluated.\n\n"
    "_millrace_offer() { # WORDS: those that begin with what stands there\n"
    "    local word\n"
    "    for word in $1; do\n"
    "        [[ $word == \"$cur\"* ]] && COMPREPLY+=(\"$word\")\n"
    "    done\n"
    "}\n\n"
    "_millrace_files() { # topologies (yaml), any (file) or folders (dir)\n"
    "    local path\n"
    "    compopt -o filenames 2>/dev/null\n"
    "    while IFS= read -r path; do\n"
    "        [[ -d $path || $1 == file || ( $1 == yaml && $path == *.y?(a)ml ) ]] &&\n"
    "            COMPREPLY+=(\"$path\")\n"
    "    done < <(compgen -f -- \"$cur\")\n"
    "}\n\n"
    "_millrace_pipelines() { # those with a state folder\n"
    "    local path name\n"
    "    for path in \"$state\"/*/; do\n"
    "        name=${path%/}\n"
    "        name=${name##*/}\n"
    "        [[ -d $path && $name == \"$cur\"* && $name =~ ^[a-z][a-z0-9-]*$ ]] &&\n"
    "            COMPREPLY+=(\"$name\")\n"
    "    done\n"
    "}\n\n";

static const char walk[] =
    "_millrace() {\n"
    "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
    "    local state=.millrace path= options= valued= subs= kind= choices= i word extglob\n"
    "    COMPREPLY=()\n"
    "    extglob=$(shopt -p extglob)\n"
    "    shopt -s extglob\n"
    "    if [[ $cur == '=' ]]; then # the shell splits --name=value\n"
    "        cur=\n"
    "    elif [[ $prev == '=' ]]; then\n"
    "        prev=${COMP_WORDS[COMP_CWORD-2]}\n"
    "    fi\n"
    "    _millrace_table\n"
    "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
    "        word=${COMP_WORDS[i]}\n"
    "        if [[ \" $valued \" == *\" $word \"* ]]; then\n"
    "            [[ ${COMP_WORDS[i+1]} == '=' ]] && ((i++))\n"
    "            ((i++))\n"
    "            [[ $word == --state && $i -lt COMP_CWORD ]] && state=${COMP_WORDS[i]}\n"
    "        elif [[ $word != -* && \" $subs \" == *\" $word \"* ]]; then\n"
    "            path=\"${path:+$path }$word\"\n"
    "            _millrace_table\n"
    "        fi\n"
    "    done\n"
    "    if [[ \" $valued \" == *\" $prev \"* ]]; then\n"
    "        _millrace_values\n"
    "    elif [[ $cur == -* ]]; then\n"
    "        _millrace_offer \"$options\"\n"
    "    elif [[ $subs ]]; then\n"
    "        _millrace_offer \"$subs\"\n"
    "    fi\n"
    "    if [[ $cur != -* && ! $choices && \" $valued \" != *\" $prev \"* ]]; then\n"
    "        [[ $kind == *topology* ]] && _millrace_files yaml\n"
    "        [[ $kind == *pipeline* ]] && _millrace_pipelines\n"
    "        [[ $kind == *operator* ]] && _millrace_offer \"$_millrace_operators\"\n"
    "        [[ $kind == *code* ]] && _millrace_offer \"$_millrace_codes\"\n"
    "        [[ $kind == *command* ]] && _millrace_offer \"$_millrace_commands\"\n"
    "        [[ $kind == *folder* ]] && _millrace_files dir\n"
    "    fi\n"
    "    eval \"$extglob\"\n"
    "}\n\n"
    "complete -F _millrace millrace\n";

/* Which arguments a command takes, by the word in its help. */
static void kinds(const struct mr_command *command, struct mr_buf *out)
{
    static const char *const rows[][2] = {{"TOPOLOGY", "topology"},
                                          {"PIPELINE", "pipeline"},
                                          {"OPERATOR", "operator"},
                                          {"[COMMAND]", "command"},
                                          {"[CODE]", "code"},
                                          {"DIR", "folder"}};
    const char *blank = "";
    for (size_t i = 0; command->arguments && i < sizeof rows / sizeof *rows; i++)
        if (strstr(command->arguments, rows[i][0])) {
            mr_buf_printf(out, "%s%s", blank, rows[i][1]);
            blank = " ";
        }
}

static void words(const struct mr_command *command, bool only_valued, struct mr_buf *out)
{
    const char *blank = "";
    for (const struct mr_option *o = command->options; o && o->name; o++) {
        if (only_valued && o->type == MR_O_FLAG)
            continue;
        mr_buf_printf(out, "%s--%s", blank, o->name);
        if (o->letter && only_valued)
            mr_buf_printf(out, " -%c", o->letter);
        blank = " ";
    }
    if (!only_valued)
        mr_buf_printf(out, "%s--help", blank);
}

static void names(const struct mr_command *const *list, struct mr_buf *out)
{
    const char *blank = "";
    for (; list && *list; list++)
        if (!(*list)->internal) {
            mr_buf_printf(out, "%s%s", blank, (*list)->name);
            blank = " ";
        }
}

/* One line of the table for a command, and those of its own commands. */
static void table(const char *path, const struct mr_command *command, struct mr_buf *out)
{
    char longer[128];
    mr_buf_printf(out, "    '%s') options='", path);
    words(command, false, out);
    mr_buf_addz(out, "' valued='");
    words(command, true, out);
    mr_buf_addz(out, "' kind='");
    kinds(command, out);
    mr_buf_addz(out, "' subs='");
    names(command->subs, out);
    mr_buf_addz(out, "' ;;\n");
    for (const struct mr_command *const *s = command->subs; s && *s; s++) {
        snprintf(longer, sizeof longer, "%s %s", path, (*s)->name);
        table(longer, *s, out);
    }
}

/* What may stand behind an option: its choices, a folder, a file, an operator, a pipeline. */
static void values(const char *path, const struct mr_command *command, struct mr_buf *out)
{
    char longer[128];
    for (const struct mr_option *o = command->options; o && o->name; o++) {
        mr_buf_printf(out, "    '%s --%s'", path, o->name);
        if (o->letter)
            mr_buf_printf(out, "|'%s -%c'", path, o->letter);
        mr_buf_addz(out, ") ");
        if (o->choices) {
            mr_buf_addz(out, "_millrace_offer '");
            for (const char *c = o->choices; *c; c++)
                mr_buf_addc(out, *c == '|' ? ' ' : *c);
            mr_buf_addz(out, "'");
        } else if (o->value && strcmp(o->value, "DIR") == 0) {
            mr_buf_addz(out, "_millrace_files dir");
        } else if (o->value && strcmp(o->value, "FILE") == 0) {
            mr_buf_addz(out, "_millrace_files file");
        } else if (o->value && strcmp(o->value, "PIPELINE") == 0) {
            mr_buf_addz(out, "_millrace_pipelines");
        } else {
            mr_buf_addz(out, ":");
        }
        mr_buf_addz(out, " ;;\n");
    }
    for (const struct mr_command *const *s = command->subs; s && *s; s++) {
        snprintf(longer, sizeof longer, "%s %s", path, (*s)->name);
        values(longer, *s, out);
    }
}

static void operators(const struct mr_registry *registry, struct mr_buf *out)
{
    mr_buf_addz(out, "_millrace_operators='");
    for (size_t i = 0; i < mr_registry_count(registry); i++) {
        const struct mr_op *op = mr_registry_at(registry, i);
        mr_buf_printf(out, "%s%s%s%s", i ? " " : "", op->name, op->aliases ? " " : "",
                      op->aliases ? op->aliases : "");
    }
    mr_buf_addz(out, "'\n_millrace_codes='");
    struct mr_arena *arena = mr_arena_create(0);
    for (size_t i = 0; i < mr_explain_count(); i++) {
        struct mr_explanation e;
        mr_explain_at(i, arena, &e);
        mr_buf_printf(out, "%sMR%04d", i ? " " : "", (int)e.code);
    }
    mr_arena_destroy(arena);
    mr_buf_addz(out, "'\n_millrace_commands='");
    names(mr_commands, out);
    mr_buf_addz(out, "'\n\n");
}

static void script(const struct mr_registry *registry, struct mr_buf *out)
{
    mr_buf_addz(out, head);
    operators(registry, out);
    mr_buf_addz(out, "_millrace_table() { # what is known of a command\n    case $path in\n"
                     "    '') options='--help --version' valued='' kind='' "
                     "subs=$_millrace_commands ;;\n");
    for (const struct mr_command *const *c = mr_commands; *c; c++)
        if (!(*c)->internal)
            table((*c)->name, *c, out);
    mr_buf_addz(out, "    esac\n}\n\n_millrace_values() { # what may stand behind an option\n"
                     "    case \"$path $prev\" in\n");
    for (const struct mr_command *const *c = mr_commands; *c; c++)
        if (!(*c)->internal)
            values((*c)->name, *c, out);
    mr_buf_printf(out, "    esac\n}\n\n%s", walk);
}

static enum mr_exit bash(const struct mr_call *call)
{
    (void)call;
    const struct mr_registry *registry;
    struct mr_error *e = mr_program_registry(&registry);
    if (e)
        return mr_fail(e);
    struct mr_buf out = {0};
    script(registry, &out);
    mr_print(&out);
    mr_buf_finish(&out);
    return MR_EXIT_OK;
}

static const struct mr_command bash_command = {
    .name = "bash",
    .doc = "Print the script for bash.",
    .notes = "source <(millrace completion bash)\n"
             "or, for all later shells:\n"
             "millrace completion bash > ~/.local/share/bash-completion/completions/millrace",
    .run = bash,
};

static const struct mr_command *const subs[] = {&bash_command, NULL};

const struct mr_command mr_command_completion = {
    .name = "completion",
    .doc = "Print a script by which a shell completes commands, options and names.",
    .subs = subs,
};
