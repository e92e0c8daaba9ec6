/* Tests of operators as tables: parameters, keys, rows in, rows out.
 *
 * Rows are JSON lines. A row that left stands in the expected output with "_outcome":"name" behind
 * its own keys, and, where the expectation has them, "_value" and "_threshold", or "_note". Outputs
 * are expected in the order in which the operator gives them, rows held until the cut last. */
#ifndef MR_TESTS_OPERATORS_HARNESS_H
#define MR_TESTS_OPERATORS_HARNESS_H

#include <check.h>

#include "runtime/op/op.h"

struct mr_case {
    const char *name;
    const char *set;   /* "min=3 names=[\"a\",\"b\"]": blank-separated, values without blanks */
    const char *keys;  /* "input_key=text output_key=null input_keys=a,b" */
    enum mr_mode mode;
    const char *in, *out;
    const char *error; /* instead of out: the stage refuses to open, with this in the message */
};

/* Everything that is tested of one operator: its cases, its examples, every outcome reached, the
 * same result for other batch sizes and for prepare in a stage of its own, foreign keys untouched.
 * The table ends with {0}. */
Suite *mr_operator_suite(const struct mr_op *op, const char *name, const struct mr_case *cases);

/* One way of running: batch: rows between batch ends (0: one batch); apart: prepare as a stage of
 * its own. */
struct mr_run {
    const struct mr_op *op;
    const char *set, *keys;
    enum mr_mode mode;
    size_t batch;
    bool apart;
    bool keep;    /* leave the state for the next call, as a later run finds it */
    bool figures; /* print "_value", "_threshold" and "_note" of every row that left */
};
/* Runs rows through an operator; appends its output lines to out. The error of opening or running is
 * returned. Between mr_bench_open and mr_bench_close, which hold the store and the JSON reader. */
void mr_bench_open(void);
void mr_bench_close(void);
struct mr_error *mr_run_rows(const struct mr_run *run, const char *in, struct mr_buf *out);

/* Defines the suite of tests/operators/<domain>/<name>_test.c. */
#define MR_OPERATOR_SUITE(domain, op_name, cases)                                      \
    extern const struct mr_op mr_op_##domain##_##op_name;                              \
    Suite *suite_operators_##domain##_##op_name(void);                                 \
    Suite *suite_operators_##domain##_##op_name(void)                                  \
    {                                                                                  \
        return mr_operator_suite(&mr_op_##domain##_##op_name,                          \
                                 "operators." #domain "." #op_name, cases);            \
    }

#endif
