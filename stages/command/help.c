/* The help of every command, printed from the tables; and `millrace help`. */
#include "stages/command/command.h"

#include <stdio.h>

enum { INDENT = 26 };

static const struct {
    int code;
    const char *sentence;
} exits[] = {
#define MR_EXIT(symbol, code, sentence) {code, sentence},
#include "stages/command/exit_table.h"
#undef MR_EXIT
};

void mr_near_name(struct mr_str given, const char *const *names, const char *prefix,
                  struct mr_buf *out)
{
    size_t limit = given.len < 4 ? 1 : given.len < 8 ? 2 : 3, best = limit + 1;
    const char *near = NULL;
    for (; *names; names++) {
        struct mr_str name = mr_str_of(*names);
        size_t distance = given.len >= 3 && mr_str_starts(name, given)
                              ? 1
                              : mr_str_distance(given, name, limit);
        if (distance < best) {
            best = distance;
            near = *names;
        }
    }
    if (near)
        mr_buf_printf(out, " (did you mean \"%s%s\"?)", prefix, near);
}

/* Two columns; a long left side gets a line of its own. */
static void add_pair(struct mr_buf *out, struct mr_str left, const char *right)
{
    mr_buf_printf(out, "  %-*.*s", INDENT - 2, MR_FMT(left));
    if (left.len >= INDENT - 2)
        mr_buf_printf(out, "\n%*s", INDENT, "");
    mr_buf_printf(out, "%s\n", right);
}

static void add_option(struct mr_buf *out, const struct mr_option *o)
{
    struct mr_buf left = {0};
    if (o->letter)
        mr_buf_printf(&left, "-%c, ", o->letter);
    mr_buf_printf(&left, "--%s", o->name);
    if (o->value)
        mr_buf_printf(&left, o->bare ? "[=%s]" : " %s", o->value);
    else if (o->choices)
        mr_buf_printf(&left, " %s", o->choices);
    add_pair(out, mr_buf_str(&left), o->doc);
    mr_buf_finish(&left);
}

void mr_help_command(const char *path, const struct mr_command *command, struct mr_buf *out)
{
    mr_buf_printf(out, "Usage: millrace %s", path);
    if (command->subs)
        mr_buf_addz(out, " COMMAND");
    if (command->options && command->options->name)
        mr_buf_addz(out, " [OPTION]...");
    if (command->arguments)
        mr_buf_printf(out, " %s", command->arguments);
    mr_buf_printf(out, "\n\n%s\n", command->doc);
    if (command->subs) {
        mr_buf_addz(out, "\nCommands:\n");
        for (const struct mr_command *const *s = command->subs; *s; s++)
            add_pair(out, mr_str_of((*s)->name), (*s)->doc);
    } else {
        mr_buf_addz(out, "\nOptions:\n");
        for (const struct mr_option *o = command->options; o && o->name; o++)
            add_option(out, o);
        add_pair(out, MR_STR("-h, --help"), "Print this help.");
    }
    if (command->notes)
        mr_buf_printf(out, "\n%s\n", command->notes);
}

void mr_help_all(struct mr_buf *out)
{
    mr_buf_addz(out, "Usage: millrace COMMAND [OPTION]... [ARGUMENT]...\n\n"
                     "Prepares data for language models as a stream of rows.\n\nCommands:\n");
    for (const struct mr_command *const *c = mr_commands; *c; c++)
        if (!(*c)->internal)
            add_pair(out, mr_str_of((*c)->name), (*c)->doc);
    mr_buf_addz(out, "\n`millrace COMMAND --help` says more about each.\n\nExit codes:\n");
    for (size_t i = 0; i < sizeof exits / sizeof *exits; i++)
        mr_buf_printf(out, "  %d  %s\n", exits[i].code, exits[i].sentence);
}
