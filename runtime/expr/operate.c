/* Operators: comparisons, and/or/not with null, arithmetic. Operands a, a + 1, ... on the stack,
 * the result in a. */
#include "runtime/expr/expr_private.h"

#include <math.h>

static void set_bool(struct x_value *v, bool b)
{
    *v = (struct x_value){.kind = X_BOOL, .b = b};
}

static void set_null(struct x_value *v)
{
    *v = (struct x_value){.kind = X_NULL};
}

bool mr_expr__condition(struct mr_expr_run *run, const struct x_value *v)
{
    if (v->kind == X_BOOL || X_IS_NULL(v))
        return true;
    mr_expr__fail(run, MR_EXPR_VALUE, "%s is not true or false", mr_expr__type_name(v));
    return false;
}

/* false and null is false, true or null is true; else null stays null. */
static void both(struct mr_expr_run *run, enum x_op op, struct x_value *a, const struct x_value *b)
{
    if (!mr_expr__condition(run, b))
        return;
    if (b->kind == X_BOOL && b->b == (op == OP_OR))
        set_bool(a, b->b);
    else if (X_IS_NULL(a) || X_IS_NULL(b))
        set_null(a);
    else
        set_bool(a, b->b);
}

static void note(struct mr_expr_run *run, const struct x_value *a, const struct x_value *b)
{
    if (!run->at->decides)
        return;
    run->reason.measured = X_IS_NUMBER(a) && X_IS_NUMBER(b);
    if (run->reason.measured) {
        run->reason.value = mr_expr__real(a);
        run->reason.threshold = mr_expr__real(b);
    }
}

static void incomparable(struct mr_expr_run *run, const struct x_value *a, const struct x_value *b)
{
    mr_expr__fail(run, MR_EXPR_VALUE, "%s is compared with %s", mr_expr__type_name(a),
                  mr_expr__type_name(b));
}

static void equal(struct mr_expr_run *run, bool negated, struct x_value *a, const struct x_value *b)
{
    enum x_order order = mr_expr__compare(a, b);
    if (order == X_INCOMPARABLE) {
        incomparable(run, a, b);
        return;
    }
    bool result = (order == X_EQUAL) != negated;
    if (!result)
        note(run, a, b);
    set_bool(a, result);
}

/* Three ways: 1 holds, 0 does not, -1 null. */
static int holds(struct mr_expr_run *run, enum x_op op, const struct x_value *a,
                 const struct x_value *b)
{
    if (X_IS_NULL(a) || X_IS_NULL(b))
        return -1;
    enum x_order order = mr_expr__compare(a, b);
    if (order > X_GREATER || a->kind == X_LIST) {
        incomparable(run, a, b);
        return -1;
    }
    return op == OP_LT   ? order < 0
           : op == OP_LE ? order <= 0
           : op == OP_GT ? order > 0
                         : order >= 0;
}

static void ordered(struct mr_expr_run *run, enum x_op op, struct x_value *a,
                    const struct x_value *b)
{
    int result = holds(run, op, a, b);
    if (result != 1)
        note(run, a, b);
    if (result < 0)
        set_null(a);
    else
        set_bool(a, result);
}

static void between(struct mr_expr_run *run, bool negated, struct x_value *a)
{
    int low = holds(run, OP_GE, a, a + 1), high = holds(run, OP_LE, a, a + 2);
    int result = low == 0 || high == 0 ? 0 : low < 0 || high < 0 ? -1 : 1;
    if (result >= 0 && negated)
        result = !result;
    if (result != 1)
        note(run, a, low == 0 ? a + 1 : high == 0 ? a + 2 : a + 1);
    if (result < 0)
        set_null(a);
    else
        set_bool(a, result);
}

/* An item of another type is not equal; but where no item could be, that is an error. */
static int in_list(struct mr_expr_run *run, const struct x_value *a, const struct x_value *list)
{
    struct mr_walk walk;
    struct mr_value item;
    struct x_value other = {.kind = X_NULL};
    bool comparable = X_IS_NULL(a);
    mr_walk_begin(&walk, mr_expr__msgpack(list));
    while (mr_walk_next(&walk, &item)) {
        struct x_value v;
        mr_expr__load(item, &v);
        enum x_order order = mr_expr__compare(a, &v);
        if (order == X_EQUAL)
            return 1;
        comparable = comparable || (order != X_INCOMPARABLE && !X_IS_NULL(&v));
        if (order == X_INCOMPARABLE)
            other = v;
    }
    if (!comparable && other.kind != X_NULL)
        incomparable(run, a, &other);
    return 0;
}

static void in(struct mr_expr_run *run, bool negated, struct x_value *a, const struct x_value *b)
{
    int result = 0;
    if (X_IS_NULL(b)) {
        set_null(a);
        return;
    }
    if (b->kind == X_LIST) {
        result = in_list(run, a, b);
    } else if (b->kind == X_TEXT && a->kind == X_TEXT) {
        result = mr_str_find(b->s, a->s, 0) != SIZE_MAX;
    } else if (b->kind == X_MAP && a->kind == X_TEXT) {
        struct x_value found;
        mr_expr__field(b, a->s, &found);
        result = found.kind != X_MISSING;
    } else if (!X_IS_NULL(a) || (b->kind != X_TEXT && b->kind != X_MAP)) {
        mr_expr__fail(run, MR_EXPR_VALUE, "%s is looked for in %s", mr_expr__type_name(a),
                      mr_expr__type_name(b));
    }
    set_bool(a, result != negated);
}

static void like(struct mr_expr_run *run, enum x_op op, struct x_value *a, const struct x_value *b)
{
    bool negated = op == OP_NOT_LIKE || op == OP_NOT_MATCHES, result = false;
    if (X_IS_NULL(a) || X_IS_NULL(b)) {
        set_null(a);
        return;
    }
    if (a->kind != X_TEXT || b->kind != X_TEXT) {
        mr_expr__fail(run, MR_EXPR_VALUE, "%s is not text",
                      mr_expr__type_name(a->kind != X_TEXT ? a : b));
        return;
    }
    if (op == OP_LIKE || op == OP_NOT_LIKE) {
        result = mr_expr__like(a->s, b->s);
    } else {
        enum mr_match match = mr_pattern_find(run->at->pattern, run->match, a->s, 0, NULL);
        if (match == MR_MATCH_GAVE_UP)
            mr_expr__fail(run, MR_EXPR_VALUE,
                          "the regular expression takes too many steps on this text");
        result = match == MR_MATCH_YES;
    }
    set_bool(a, result != negated);
}

/* ---- arithmetic ---- */

static void whole_arithmetic(struct mr_expr_run *run, enum x_op op, struct x_value *a, x_wide x,
                             x_wide y)
{
    x_wide r = 0;
    if ((op == OP_FLOOR || op == OP_REMAINDER) && y == 0) {
        mr_expr__fail(run, MR_EXPR_NUMBER, "division by zero");
        return;
    }
    switch (op) {
    case OP_ADD:
        r = x + y;
        break;
    case OP_SUBTRACT:
        r = x - y;
        break;
    case OP_MULTIPLY:
        /* Two factors of at most 64 bits stay below 2^128, but not below 2^127. */
        if (__builtin_mul_overflow(x, y, &r))
            r = (x_wide)UINT64_MAX + 1;
        break;
    default: {
        x_wide quotient = x / y, rest = x % y;
        if (rest != 0 && (rest < 0) != (y < 0)) {
            quotient--;
            rest += y;
        }
        r = op == OP_FLOOR ? quotient : rest;
        break;
    }
    }
    if (!mr_expr__from_wide(r, a))
        mr_expr__fail(run, MR_EXPR_NUMBER, "the result is beyond 64 bits");
}

static void real_arithmetic(struct mr_expr_run *run, enum x_op op, struct x_value *a, double x,
                            double y)
{
    double r = 0;
    if ((op == OP_DIVIDE || op == OP_FLOOR || op == OP_REMAINDER) && y == 0) {
        mr_expr__fail(run, MR_EXPR_NUMBER, "division by zero");
        return;
    }
    switch (op) {
    case OP_ADD:
        r = x + y;
        break;
    case OP_SUBTRACT:
        r = x - y;
        break;
    case OP_MULTIPLY:
        r = x * y;
        break;
    case OP_DIVIDE:
        r = x / y;
        break;
    case OP_FLOOR:
        r = floor(x / y);
        break;
    default:
        r = fmod(x, y);
        if (r != 0 && (r < 0) != (y < 0))
            r += y;
        break;
    }
    if (!isfinite(r))
        mr_expr__fail(run, MR_EXPR_NUMBER, "the result is beyond what a double holds");
    else
        *a = (struct x_value){.kind = X_REAL, .d = r};
}

static void add_texts(struct mr_expr_run *run, struct x_value *a, const struct x_value *b)
{
    char *to = mr_expr__make(run, a->s.len + b->s.len);
    if (!to)
        return;
    if (a->s.len)
        memcpy(to, a->s.ptr, a->s.len);
    if (b->s.len)
        memcpy(to + a->s.len, b->s.ptr, b->s.len);
    *a = (struct x_value){.kind = X_TEXT, .s = mr_str_span(to, a->s.len + b->s.len)};
}

static void arithmetic(struct mr_expr_run *run, enum x_op op, struct x_value *a,
                       const struct x_value *b)
{
    x_wide x, y;
    if (X_IS_NULL(a) || X_IS_NULL(b)) {
        set_null(a);
    } else if (op == OP_ADD && a->kind == X_TEXT && b->kind == X_TEXT) {
        add_texts(run, a, b);
    } else if (!X_IS_NUMBER(a) || !X_IS_NUMBER(b)) {
        mr_expr__fail(run, MR_EXPR_VALUE, "%s and %s cannot be computed with",
                      mr_expr__type_name(a), mr_expr__type_name(b));
    } else if (a->kind == X_BIG || b->kind == X_BIG) {
        mr_expr__fail(run, MR_EXPR_NUMBER,
                      "a number is beyond 64 bits; such numbers can only be compared");
    } else if (op != OP_DIVIDE && mr_expr__whole(a, &x) && mr_expr__whole(b, &y)) {
        whole_arithmetic(run, op, a, x, y);
    } else {
        real_arithmetic(run, op, a, mr_expr__real(a), mr_expr__real(b));
    }
}

static void negate(struct mr_expr_run *run, struct x_value *a)
{
    struct x_value value = *a;
    if (X_IS_NULL(a)) {
        set_null(a);
        return;
    }
    *a = (struct x_value){.kind = X_INT, .i = 0};
    if (value.kind == X_REAL)
        *a = (struct x_value){.kind = X_REAL, .d = -value.d};
    else
        arithmetic(run, OP_SUBTRACT, a, &value);
}

void mr_expr__operate(struct mr_expr_run *run, enum x_op op, struct x_value *a)
{
    switch (op) {
    case OP_AND:
    case OP_OR:
        both(run, op, a, a + 1);
        break;
    case OP_NOT:
        if (!mr_expr__condition(run, a))
            break;
        if (X_IS_NULL(a))
            set_null(a);
        else
            set_bool(a, !a->b);
        break;
    case OP_EQ:
    case OP_NE:
        equal(run, op == OP_NE, a, a + 1);
        break;
    case OP_LT:
    case OP_LE:
    case OP_GT:
    case OP_GE:
        ordered(run, op, a, a + 1);
        break;
    case OP_IN:
    case OP_NOT_IN:
        in(run, op == OP_NOT_IN, a, a + 1);
        break;
    case OP_BETWEEN:
    case OP_NOT_BETWEEN:
        between(run, op == OP_NOT_BETWEEN, a);
        break;
    case OP_LIKE:
    case OP_NOT_LIKE:
    case OP_MATCHES:
    case OP_NOT_MATCHES:
        like(run, op, a, a + 1);
        break;
    case OP_IS_NULL:
    case OP_IS_NOT_NULL:
        set_bool(a, X_IS_NULL(a) == (op == OP_IS_NULL));
        break;
    case OP_NEGATE:
        negate(run, a);
        break;
    default:
        arithmetic(run, op, a, a + 1);
        break;
    }
}
