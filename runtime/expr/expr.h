/* Expressions over the keys of a row: `score >= 3 and lang == "en"`.
 *
 * Compiled and type-checked once, immutable afterwards and shared by any number of runs. A run
 * (stack and text buffers) belongs to one thread and evaluates row after row without allocating
 * once it has seen its largest row. No loops, no I/O, no recursion on values. The language, its
 * rules for null and numbers and the table of functions are in README.md and functions.md. */
#ifndef MR_EXPR_EXPR_H
#define MR_EXPR_EXPR_H

#include "runtime/base/arena.h"
#include "runtime/base/error.h"
#include "runtime/row/value.h"

struct mr_row;
struct mr_expr;
struct mr_expr_run;

enum {
    MR_EXPR_TEXT_MAX = 64 << 10, /* bytes */
    MR_EXPR_DEPTH_MAX = 64,
    MR_EXPR_NODES_MAX = 4096,
    MR_EXPR_PROBLEMS_MAX = 16,
    MR_EXPR_MADE_MAX = 64 << 20, /* bytes of text and lists that one evaluation may make */
};

/* enum mr_type bits of a key of which nothing is known: checked on each row. */
#define MR_EXPR_UNKNOWN ((uint32_t)MR_ANY | (uint32_t)MR_NULL)

/* What is known of the keys. NULL instead of a table: nothing is. */
struct mr_expr_keys {
    /* enum mr_type bits of a key, MR_NULL among them when it may be null or missing;
     * MR_EXPR_UNKNOWN: not known; 0: there is no such key, which is a problem unless the
     * expression asks whether it is there (optional below). */
    uint32_t (*types)(void *arg, struct mr_str key);
    /* The i-th key that is there, ptr NULL behind the last: for "did you mean". May be NULL. */
    struct mr_str (*name)(void *arg, size_t i);
    void *arg;
};

/* Offsets and lengths count code points of the expression's text, from 0. */
struct mr_expr_problem {
    enum mr_code code;
    uint32_t at, length;       /* length 0: at the end of the text */
    const char *fact, *remedy; /* in the arena; remedy with near names, NULL: the code's own */
};
struct mr_expr_problems {
    struct mr_expr_problem list[MR_EXPR_PROBLEMS_MAX]; /* in order of the text */
    size_t count;
};

/* Parses and checks. Everything made lives in the arena. With problems the first one comes back as
 * an error that names its column, *out is NULL and *where (may be NULL) holds them all. */
struct mr_error *mr_expr_compile(struct mr_str text, const struct mr_expr_keys *keys,
                                 struct mr_arena *arena, struct mr_expr **out,
                                 struct mr_expr_problems *where);

struct mr_str mr_expr_text(const struct mr_expr *expr);
/* enum mr_type bits that the result can have; MR_NULL where it may be null or missing. */
uint32_t mr_expr_types(const struct mr_expr *expr);
/* The keys of the row that it reads (the first names of its paths), each once, with the place
 * where it stands first. optional: only has, coalesce, `is null` and comparisons with null ask for
 * it, which is how one asks for a key that may not be there. */
struct mr_expr_key {
    struct mr_str name;
    uint32_t at, length;
    bool optional;
};
size_t mr_expr_key_count(const struct mr_expr *expr);
const struct mr_expr_key *mr_expr_key(const struct mr_expr *expr, size_t i);
/* The same on all rows: no key is read, and no function of the row's identity is called. */
bool mr_expr_constant(const struct mr_expr *expr);

/* Thread: one at a time. The expression must outlive the run. */
struct mr_expr_run *mr_expr_run_create(const struct mr_expr *expr);
void mr_expr_run_destroy(struct mr_expr_run *run); /* accepts NULL */

/* The value on this row. *out: borrowed until the next evaluation or the end of the row; len 0:
 * missing. Errors are row errors (mr_error_is_row): wrong types, overflow, division by zero. */
struct mr_error *mr_expr_eval(struct mr_expr_run *run, const struct mr_row *row,
                              struct mr_value *out);

enum mr_expr_verdict { MR_EXPR_FALSE, MR_EXPR_TRUE, MR_EXPR_NULL /* null or missing */ };

/* Why a test was not true: the comparison that decided, where one did alone (the whole, or a part
 * of a chain of `and`). */
struct mr_expr_reason {
    struct mr_str part; /* its text in the expression; ptr NULL: none */
    bool measured;      /* both sides were numbers: value is the left one, threshold the right */
    double value, threshold;
};

/* As a condition. reason may be NULL. A result that is neither boolean nor null is a row error. */
struct mr_error *mr_expr_test(struct mr_expr_run *run, const struct mr_row *row,
                              enum mr_expr_verdict *verdict, struct mr_expr_reason *reason);

/* The table of functions, by name. */
size_t mr_expr_function_count(void);
/* name, doc: static; example: an expression without keys, value: its result as JSON. Examples are
 * run as tests. */
struct mr_expr_function {
    const char *name, *doc, *example, *value;
};
struct mr_expr_function mr_expr_function(size_t i);
/* "substr(text: text, from: int, count?: int): text" */
void mr_expr_function_signature(size_t i, struct mr_buf *out);
/* functions.md, from the table. */
void mr_expr_functions_print(struct mr_buf *out);

#endif
