/* `millrace check`: all problems of one or more topologies, nothing run. */
#include "stages/command/program.h"

struct options {
    struct mr_pairs set;
    bool json;
};

static const struct mr_option option_table[] = {
    {.name = "set",
     MR_OPTION(struct options, set),
     .value = "NAME=VALUE",
     .doc = "Give ${NAME} of the topology a value; may be repeated."},
    MR_OPTION_JSON(struct options),
    {0},
};

/* What was found in all files so far. */
struct findings {
    struct mr_buf text;          /* problems for people */
    struct mr_buf summary;       /* a line per file */
    struct mr_json_out problems; /* the same for programs */
    size_t count[3];             /* by severity */
    enum mr_exit code;
};

static void take_problem(struct findings *f, const struct mr_problem *p)
{
    f->count[p->severity]++;
    mr_problem_print(p, &f->text);
    mr_problem_json(p, &f->problems);
}

/* A file that cannot be read is a problem of that file, and the others are still looked at. */
static void unreadable(struct findings *f, const char *path, struct mr_error *e)
{
    struct mr_problem p = {
        .severity = MR_PROBLEM_ERROR,
        .code = mr_error_code(e),
        .file = mr_str_of(path),
        .fact = mr_str_of(mr_error_message(e)),
        .remedy = mr_str_of(mr_error_remedy_text(e)),
    };
    take_problem(f, &p);
    mr_error_free(e);
    f->code = MR_EXIT_FAILED;
}

static void check_one(struct findings *f, const char *path, const struct options *o)
{
    struct mr_compile_choice choice = {.sets = o->set};
    struct mr_compiled compiled;
    struct mr_error *e = mr_program_check(path, &choice, &compiled);
    if (e) {
        unreadable(f, path, e);
        return;
    }
    for (size_t i = 0; i < compiled.problem_count; i++)
        take_problem(f, &compiled.problems[i]);
    if (compiled.error_count)
        mr_buf_printf(&f->summary, "%s: %zu error%s\n", path, compiled.error_count,
                      compiled.error_count == 1 ? "" : "s");
    else
        mr_buf_printf(&f->summary, "%s: %zu stages, no errors\n", path, compiled.plan->stage_count);
    if (compiled.error_count && f->code == MR_EXIT_OK)
        f->code = MR_EXIT_TOPOLOGY;
    mr_compiled_destroy(&compiled);
}

static void print_json(const struct findings *f)
{
    static const char *const names[] = {"errors", "warnings", "hints"};
    struct mr_json_out out = {0};
    mr_json_begin_object(&out);
    for (int i = 0; i < 3; i++) {
        mr_json_key(&out, names[i]);
        mr_json_uint(&out, f->count[i]);
    }
    mr_json_key(&out, "problems");
    mr_json_raw(&out, mr_buf_str(&f->problems.text));
    mr_json_end_object(&out);
    mr_print_json(&out);
    mr_buf_finish(&out.text);
}

static enum mr_exit run(const struct mr_call *call)
{
    const struct options *o = call->options;
    struct findings f = {.code = MR_EXIT_OK};
    mr_json_begin_array(&f.problems);
    for (size_t i = 0; i < call->arg_count; i++)
        check_one(&f, call->args[i].ptr, o);
    mr_json_end_array(&f.problems);
    if (o->json) {
        print_json(&f);
    } else {
        if (f.text.len)
            fwrite(f.text.ptr, 1, f.text.len, stderr);
        mr_print(&f.summary);
    }
    mr_buf_finish(&f.text);
    mr_buf_finish(&f.summary);
    mr_buf_finish(&f.problems.text);
    return f.code;
}

const struct mr_command mr_command_check = {
    .name = "check",
    .arguments = "TOPOLOGY...",
    .min_args = 1,
    .max_args = 1000,
    .doc = "Check topologies and print all their problems.",
    .notes =
        "Exit code 0: no errors (warnings and hints do not count); 3: errors; 1: a file could not\n"
        "be read. With --json one object on standard output holds the problems of all files,\n"
        "warnings and hints included.",
    .options_size = sizeof(struct options),
    .options = option_table,
    .run = run,
};
