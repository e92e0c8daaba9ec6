/* How a command of the program describes itself, and what all commands share.
 *
 * One constant struct mr_command per file: its option table gives parsing, --help and the errors
 * for unknown options. Results go to standard output, everything else to standard error.
 * Thread: main. */
#ifndef MR_COMMAND_COMMAND_H
#define MR_COMMAND_COMMAND_H

#include "runtime/base/json_out.h"
#include "runtime/op/connector.h"
#include "runtime/op/registry.h"

enum mr_exit {
#define MR_EXIT(symbol, code, sentence) MR_EXIT_##symbol = code,
#include "stages/command/exit_table.h"
#undef MR_EXIT
};

/* NAME=VALUE options, in the order given. */
struct mr_pairs {
    struct mr_setting *items;
    size_t count;
};

enum mr_option_type { MR_O_FLAG, MR_O_COUNT, MR_O_TEXT, MR_O_PAIRS, MR_O_CHOICE };

struct mr_option {
    const char *name;   /* without dashes */
    char letter;        /* short form, or 0 */
    enum mr_option_type type;
    size_t offset;      /* into the command's option struct */
    const char *value;  /* what the value is called in the help; NULL for flags */
    const char *choices; /* "auto|off"; stored as 1 + index, 0 = not given */
    const char *doc;    /* one sentence with a full stop */
    uint64_t least;     /* of a count */
    const char *bare;   /* of a text: what it is when given without a value, which then stands only
                           behind `=` */
};

/* Name, type and offset from the struct field itself, so that table and struct cannot disagree.
 * Fields: bool, uint64_t, struct mr_str, struct mr_pairs, int (choice). */
#define MR_OPTION(struct_type, field)                                                     \
    .type = _Generic(((struct_type *)0)->field, bool: MR_O_FLAG, uint64_t: MR_O_COUNT,    \
                     struct mr_str: MR_O_TEXT, struct mr_pairs: MR_O_PAIRS, int: MR_O_CHOICE), \
    .offset = offsetof(struct_type, field)
#define MR_OPTION_JSON(struct_type)                                              \
    {.name = "json", MR_OPTION(struct_type, json), .doc = "Print JSON for programs."}
#define MR_OPTION_STATE(struct_type)                                             \
    {.name = "state", MR_OPTION(struct_type, state), .value = "DIR",             \
     .doc = "Folder of all pipelines' state (default: .millrace here)."}

/* A command line, parsed. */
struct mr_call {
    const struct mr_command *command;
    const void *options;          /* the command's option struct */
    const struct mr_str *args;    /* zero-terminated texts */
    size_t arg_count;
    struct mr_arena *arena;       /* until the command returns */
};

struct mr_command {
    const char *name;
    const char *arguments;        /* "TOPOLOGY", "[PIPELINE]"; NULL: none */
    unsigned min_args, max_args;
    const char *doc;              /* one sentence with a full stop */
    const char *notes;            /* further help, or NULL */
    size_t options_size;
    const struct mr_option *options; /* ends with {0}; NULL: none */
    const struct mr_command *const *subs; /* `ops list`; ends with NULL; then run is NULL */
    bool internal;                /* not shown in the help */
    enum mr_exit (*run)(const struct mr_call *call);
};

/* All commands; ends with NULL. */
extern const struct mr_command *const mr_commands[];

/* The whole program. Returns the exit code. */
int mr_command_main(int argc, char **argv);

/* options.c: parses argv (after the command's words). NULL or a MR_USAGE error. *help: was asked. */
struct mr_error *mr_options_parse(const struct mr_command *command, char **argv, int argc,
                                  struct mr_arena *arena, struct mr_call *out, bool *help);
/* help.c */
void mr_help_command(const char *path, const struct mr_command *command, struct mr_buf *out);
void mr_help_all(struct mr_buf *out);
/* ` (did you mean "<prefix>x"?)`, or nothing. names ends with NULL. */
void mr_near_name(struct mr_str given, const char *const *names, const char *prefix,
                  struct mr_buf *out);

/* program.c: what the binary knows. Made once, at the first use. */
const struct mr_connectors *mr_program_connectors(void);
struct mr_error *mr_program_registry(const struct mr_registry **out);
/* ops.c: an operator by any of its names, or an error with near names. */
struct mr_error *mr_program_operator(struct mr_str name, const struct mr_op **out);

/* Prints the error to standard error and frees it. Returns the exit code for it. */
enum mr_exit mr_fail(struct mr_error *e);
/* Writes to standard output; a closed pipe ends the program quietly. */
void mr_print(const struct mr_buf *text);
void mr_print_json(struct mr_json_out *json); /* with a line end; empties it */
/* What was done to a pipeline's state folder: `removed ".millrace/x"`, {"did":…,"state":…}. */
void mr_print_done(bool json, const char *did, struct mr_str folder);

#endif
