/* Cases beside a topology (`x.cases.yaml` for `x.yaml`): rows in, rows out, how rows left. What
 * `millrace test` runs; the format is described in topology/README.md. Thread: any. */
#ifndef MR_TOPOLOGY_CASES_H
#define MR_TOPOLOGY_CASES_H

#include "topology/compile.h"

/* Rows of one source or sink; each row is the text of one JSON object. */
struct mr_case_rows {
    struct mr_str name; /* of the source or sink; empty: the only one */
    struct mr_str *rows;
    size_t count;
};

struct mr_case_left {
    struct mr_str stage, outcome;
    uint64_t count;
};

struct mr_case {
    struct mr_str name;
    uint32_t line;
    struct mr_case_rows *in, *out; /* no out: the rows that come out are not looked at */
    size_t in_count, out_count;
    struct mr_case_left *left;
    size_t left_count;
    bool left_given; /* then an outcome that is not listed must not occur */
    bool any_order;  /* rows out in any order */
};

struct mr_cases {
    struct mr_arena *arena; /* owns all below */
    struct mr_case *cases;
    size_t count;
    struct mr_problem *problems; /* by line; with errors the cases are not to be run */
    size_t problem_count, error_count;
};

/* An mr_error only when the file cannot be read. The caller destroys the result in any case. */
struct mr_error *mr_cases_read(const char *path, struct mr_cases *out);
struct mr_error *mr_cases_parse(struct mr_str text, const char *path, struct mr_cases *out);
void mr_cases_destroy(struct mr_cases *cases);
/* The path of a topology's cases: "a/x.yaml" → "a/x.cases.yaml". Appended to out. */
void mr_cases_path(const char *topology, struct mr_buf *out);

#endif
