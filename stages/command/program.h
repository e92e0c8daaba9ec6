/* What all commands that compile a topology share. Thread: main. */
#ifndef MR_COMMAND_PROGRAM_H
#define MR_COMMAND_PROGRAM_H

#include <stdio.h>

#include "stages/command/command.h"
#include "stages/supervise/home.h"
#include "topology/compile.h"

/* What the command line may choose of a compilation. */
struct mr_compile_choice {
    struct mr_pairs sets, scale;
    int fuse;        /* as parsed from "auto|off": 0 = as the topology says */
    uint64_t limit;  /* rows per source; 0: all */
    bool quiet;      /* only errors are printed */
    bool json;       /* problems as JSON on standard output, and only when there are errors */
};

/* Compiles and prints problems. MR_EXIT_OK: the caller destroys *out; otherwise it is empty. */
enum mr_exit mr_program_compile(const char *path, const struct mr_compile_choice *choice,
                                struct mr_compiled *out);
/* Compiles and prints nothing: problems are in *out. An error (file not readable, --scale) leaves it
 * empty; otherwise the caller destroys it. */
struct mr_error *mr_program_check(const char *path, const struct mr_compile_choice *choice,
                                  struct mr_compiled *out);
/* One problem as an object; the form is described in stages/README.md. */
void mr_problem_json(const struct mr_problem *p, struct mr_json_out *out);
/* {"errors":N,"problems":[…]} */
void mr_problems_json(const struct mr_problem *problems, size_t count, size_t errors,
                      struct mr_json_out *out);

/* `--scale stage=N`: processes of the stage's group. Refused above its partitions. */
struct mr_error *mr_scale_set(struct mr_plan *plan, const struct mr_pairs *scales);
/* Puts what `millrace scale` left in the state folder into a plan fresh from the compiler; what was
 * given on the command line stands above it. keep: the home is locked, note what is declared now. */
struct mr_error *mr_scale_kept(const struct mr_home *home, struct mr_plan *plan,
                               const struct mr_pairs *given, bool keep);

#endif
