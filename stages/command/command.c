/* Finds the command of a command line and runs it. */
#include "stages/command/command.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

extern const struct mr_command mr_command_schema, mr_command_graph, mr_command_explain,
    mr_command_completion;
extern const struct mr_command mr_command_check, mr_command_plan, mr_command_run,
    mr_command_status, mr_command_stop, mr_command_clean, mr_command_try, mr_command_test,
    mr_command_ops, mr_command_topics, mr_command_doctor, mr_command_version, mr_command_help,
    mr_command_stage;
extern const struct mr_command mr_command_replay, mr_command_epochs, mr_command_promote,
    mr_command_drop_epoch, mr_command_dataset;
extern const struct mr_command mr_command_scale, mr_command_top, mr_command_logs;
extern const struct mr_command mr_command_dlq, mr_command_runs, mr_command_why;

/* In the order of the help. */
const struct mr_command *const mr_commands[] = {
    &mr_command_check, &mr_command_plan,    &mr_command_run,    &mr_command_status,
    &mr_command_stop,  &mr_command_scale,   &mr_command_top,    &mr_command_logs,
    &mr_command_clean, &mr_command_try,     &mr_command_test,
    &mr_command_why,   &mr_command_dlq,    &mr_command_runs,
    &mr_command_replay, &mr_command_epochs, &mr_command_promote, &mr_command_drop_epoch, &mr_command_dataset,
    &mr_command_ops,   &mr_command_topics,  &mr_command_doctor, &mr_command_version,
    &mr_command_schema, &mr_command_graph,  &mr_command_explain, &mr_command_completion,
    &mr_command_help,  &mr_command_stage,   NULL,
};

void mr_print(const struct mr_buf *text)
{
    if (text->len == 0 || fwrite(text->ptr, 1, text->len, stdout) == text->len)
        return;
    if (errno != EPIPE)
        perror("millrace: cannot write to standard output");
    exit(MR_EXIT_FAILED);
}

void mr_print_json(struct mr_json_out *json)
{
    mr_buf_addc(&json->text, '\n');
    mr_print(&json->text);
    json->text.len = 0;
    json->comma = false;
}

void mr_print_done(bool json, const char *did, struct mr_str folder)
{
    struct mr_json_out out = {0};
    if (json) {
        mr_json_begin_object(&out);
        mr_json_key(&out, "did");
        mr_json_textz(&out, did);
        mr_json_key(&out, "state");
        mr_json_text(&out, folder);
        mr_json_end_object(&out);
    } else {
        mr_buf_printf(&out.text, "%s \"%.*s\"", did, MR_FMT(folder));
    }
    mr_print_json(&out);
    mr_buf_finish(&out.text);
}

static enum mr_exit exit_of(enum mr_code code)
{
    switch (code) {
    case MR_USAGE:
    case MR_SCALE:
        return MR_EXIT_USAGE;
    case MR_RUN_CHANGED:
        return MR_EXIT_CHANGED;
    case MR_RUN_BUSY:
        return MR_EXIT_BUSY;
    case MR_RUN_UNKNOWN:
    case MR_NAME_UNKNOWN:
    case MR_ROW_UNKNOWN:
        return MR_EXIT_NOT_FOUND;
    default:
        return MR_EXIT_FAILED;
    }
}

/* Whether --json is among the words: errors are for a program then, too. Set once, by main. */
static bool json_wanted;

static void error_json(const struct mr_error *e, struct mr_buf *out)
{
    struct mr_json_out json = {0};
    char code[16];
    snprintf(code, sizeof code, "MR%04d", (int)mr_error_code(e));
    mr_json_begin_object(&json);
    mr_json_key(&json, "severity");
    mr_json_textz(&json, "error");
    mr_json_key(&json, "code");
    mr_json_textz(&json, code);
    mr_json_key(&json, "fact");
    mr_json_textz(&json, mr_error_message(e));
    mr_json_key(&json, "remedy");
    mr_json_textz(&json, mr_error_remedy_text(e));
    mr_json_end_object(&json);
    mr_buf_adds(out, mr_buf_str(&json.text));
    mr_buf_addc(out, '\n');
    mr_buf_finish(&json.text);
}

enum mr_exit mr_fail(struct mr_error *e)
{
    enum mr_exit code = exit_of(mr_error_code(e));
    struct mr_buf text = {0};
    if (json_wanted)
        error_json(e, &text);
    else
        mr_error_print(e, &text);
    fflush(stdout);
    fwrite(text.ptr, 1, text.len, stderr);
    mr_buf_finish(&text);
    mr_error_free(e);
    return code;
}

static const struct mr_command *find(const struct mr_command *const *list, struct mr_str name)
{
    for (; *list; list++)
        if (mr_str_is(name, (*list)->name))
            return *list;
    return NULL;
}

static enum mr_exit unknown_command(const char *path, const struct mr_command *const *list,
                                    struct mr_str given)
{
    const char *names[64] = {NULL};
    for (size_t count = 0; *list && count < 63; list++)
        if (!(*list)->internal)
            names[count++] = (*list)->name;
    struct mr_buf text = {0};
    mr_buf_printf(&text, "there is no command \"%s%.*s\"", path, MR_FMT(given));
    mr_near_name(given, names, "", &text);
    struct mr_error *e = mr_error(MR_USAGE, "%s", mr_buf_text(&text));
    mr_buf_finish(&text);
    return mr_fail(mr_error_remedy(e, "`millrace help` lists all commands."));
}

static void print_help(const char *path, const struct mr_command *command)
{
    struct mr_buf text = {0};
    mr_help_command(path, command, &text);
    mr_print(&text);
    mr_buf_finish(&text);
}

static enum mr_exit run(const char *path, const struct mr_command *command, char **argv, int argc)
{
    struct mr_arena *arena = mr_arena_create(0);
    struct mr_call call;
    bool help;
    enum mr_exit code = MR_EXIT_OK;
    struct mr_error *e = mr_options_parse(command, argv, argc, arena, &call, &help);
    if (e)
        code = mr_fail(mr_error_remedy(e, "`millrace %s --help` shows how.", path));
    else if (help)
        print_help(path, command);
    else
        code = command->run(&call);
    mr_arena_destroy(arena);
    return code;
}

static bool is_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

/* A command with sub-commands: the next word names one. */
static enum mr_exit run_sub(const struct mr_command *command, char **argv, int argc)
{
    if (argc < 1 || is_help(argv[0])) {
        print_help(command->name, command);
        return argc < 1 ? MR_EXIT_USAGE : MR_EXIT_OK;
    }
    struct mr_buf path = {0};
    mr_buf_printf(&path, "%s ", command->name);
    const struct mr_command *sub = find(command->subs, mr_str_of(argv[0]));
    enum mr_exit code;
    if (!sub) {
        code = unknown_command(mr_buf_text(&path), command->subs, mr_str_of(argv[0]));
    } else {
        mr_buf_addz(&path, sub->name);
        code = run(mr_buf_text(&path), sub, argv + 1, argc - 1);
    }
    mr_buf_finish(&path);
    return code;
}

int mr_command_main(int argc, char **argv)
{
    /* A reader that leaves (`| head`) is seen as EPIPE where we write. */
    signal(SIGPIPE, SIG_IGN);
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        json_wanted |= strcmp(argv[i], "--json") == 0;
    const char *word = argc > 1 ? argv[1] : "help";
    if (is_help(word))
        word = "help";
    else if (strcmp(word, "--version") == 0)
        word = "version";
    const struct mr_command *command = find(mr_commands, mr_str_of(word));
    enum mr_exit code;
    if (!command)
        code = unknown_command("", mr_commands, mr_str_of(word));
    else if (command->subs)
        code = run_sub(command, argv + 2, argc - 2);
    else
        code = run(command->name, command, argv + (argc > 1 ? 2 : 1), argc > 1 ? argc - 2 : 0);
    if (fflush(stdout) != 0 && errno != EPIPE && code == MR_EXIT_OK) {
        perror("millrace: cannot write to standard output");
        code = MR_EXIT_FAILED;
    }
    return code;
}
