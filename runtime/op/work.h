/* What a row carries while an operator works on it: the binding of roles to symbols, and how the
 * row leaves. Written by the flow before each call, read by access.c. Not for operators. */
#ifndef MR_OP_WORK_H
#define MR_OP_WORK_H

#include "runtime/op/op.h"
#include "runtime/row/row.h"

/* Symbols of one role: symbols[first … first+count). */
struct mr_role {
    uint16_t first, count;
};

struct mr_binding {
    const struct mr_op *op;
    const struct mr_role *roles; /* one per key row of op */
    const uint16_t *symbols;
    uint32_t role_count;
};

enum { MR_GOES_ON = -1, MR_ABSORBED = -2, MR_HELD = -3, /* ≥ 0: the operator's own outcome */
       MR_LEFT_BAD_INPUT = -10, MR_LEFT_TOO_LARGE = -11, MR_LEFT_CRASH = -12, MR_LEFT_ERROR = -13,
       MR_LEFT_STUCK = -14 };

struct mr_work {
    const struct mr_binding *binding;
    struct mr_ctx *ctx;
    int outcome;          /* one of the above */
    bool measured;
    double value, threshold;
    struct mr_str note;   /* in the batch arena */
};

/* Builds the binding of one operator: for each role the given keys (or the default). Adds names to
 * `names`. keys_of(role) → list of key names, count 0 = unbound. Reserved keys for MR_PREPARED are
 * "\x01" + stage + "." + role. */
struct mr_bound_role {
    struct mr_str role;
    const struct mr_str *keys;
    size_t count; /* 0: unbound on purpose */
};
struct mr_error *mr_binding_make(const struct mr_op *op, struct mr_str stage,
                                 const struct mr_bound_role *bound, size_t bound_count,
                                 struct mr_names *names, struct mr_arena *arena,
                                 struct mr_binding *out);
/* Checks presence and type of every role read. False: *why (in the row's arena) says what is wrong
 * ("key \"text\" is missing", "key \"n\" is text, not a number"). */
bool mr_binding_accepts(const struct mr_binding *b, const struct mr_row *row, struct mr_str *why);
/* The key table's length. */
uint32_t mr_op_key_count(const struct mr_op *op);

#endif
