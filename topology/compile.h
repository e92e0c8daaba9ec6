/* From the text of a topology to a checked, compiled plan; all problems of the file in one run.
 *
 * Knows operators and connectors by their descriptors only. Never reads the whole input. */
#ifndef MR_TOPOLOGY_COMPILE_H
#define MR_TOPOLOGY_COMPILE_H

#include "runtime/base/json_out.h"
#include "runtime/plan/plan.h"

enum mr_severity { MR_PROBLEM_ERROR, MR_PROBLEM_WARNING, MR_PROBLEM_HINT };

/* One problem, with everything needed to show and to mend it. Texts live in the result's arena. */
struct mr_problem {
    enum mr_severity severity;
    enum mr_code code;
    struct mr_str file;
    uint32_t line, column, width; /* 1-based; width of the marker in columns; line 0: no place */
    struct mr_str source_line;
    struct mr_str fact, remedy;   /* remedy includes near names ("did you mean ...?") */
};

/* Keys that flow on one edge, for `plan`. */
struct mr_edge_keys {
    int topic_or_stage;            /* stage whose "out" this is */
    struct mr_schema schema;
};

/* What was decided for a stage and why, for `plan`. */
struct mr_stage_note {
    struct mr_str fusion, order; /* order: empty where it does not care */
    double price; /* of a million tokens, each sent in every question of the stage; 0: not told */
};

enum mr_fuse { MR_FUSE_DECLARED, MR_FUSE_OFF, MR_FUSE_AUTO };

struct mr_compile_options {
    const struct mr_registry *registry;
    const struct mr_connectors *connectors;
    const struct mr_setting *sets; /* --set name=value: replaces ${name} */
    size_t set_count;
    bool use_environment;          /* ${NAME} from the environment too */
    uint64_t row_limit;            /* run --limit */
    enum mr_fuse fuse;             /* run --fuse: replaces the topology's own `fuse:` */
    bool no_key_checks;            /* tests: what is wrong with keys and their types is passed over */
    bool sample;                   /* look at the sources' first rows for keys and types */
};

struct mr_compiled {
    struct mr_arena *arena;        /* owns all below */
    struct mr_plan *plan;          /* NULL when there are errors */
    struct mr_problem *problems;   /* by line */
    size_t problem_count, error_count;
    struct mr_edge_keys *edges;    /* one per stage with an output, when it got that far */
    size_t edge_count;
    struct mr_stage_note *notes;   /* one per stage of the plan */
};

/* path: the topology file. An mr_error only when the file cannot be read; problems of the text are
 * in the result. The caller destroys the result in any case. */
struct mr_error *mr_compile_file(const char *path, const struct mr_compile_options *options,
                                 struct mr_compiled *out);
/* text: as if read from `path` (which gives names and the base folder). */
struct mr_error *mr_compile_text(struct mr_str text, const char *path,
                                 const struct mr_compile_options *options, struct mr_compiled *out);
void mr_compiled_destroy(struct mr_compiled *c);

/* "file:line:col: error MR2001: fact\n  <line>\n  ^~~~\n  remedy\n" */
void mr_problem_print(const struct mr_problem *p, struct mr_buf *out);
/* The plan as people read it: stages, processes, tasks, topics, keys on every edge, fusion and why. */
void mr_plan_print(const struct mr_compiled *c, struct mr_buf *out);
void mr_plan_json(const struct mr_compiled *c, struct mr_json_out *out);
/* Its members alone, into an object that the caller begins and ends; c->plan must be there. */
void mr_plan_json_members(const struct mr_compiled *c, struct mr_json_out *out);

#endif
