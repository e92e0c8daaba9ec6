/* Functions of numbers, and of lists of numbers. */
#include "runtime/expr/expr_private.h"

#include <math.h>
#include <stdio.h>

static void set_real(struct mr_expr_run *run, double d, struct x_value *out)
{
    if (isfinite(d))
        *out = (struct x_value){.kind = X_REAL, .d = d};
    else
        mr_expr__fail(run, MR_EXPR_NUMBER, "the result is beyond what a double holds");
}

/* A whole double as an integer. */
static void set_whole(struct mr_expr_run *run, double d, struct x_value *out)
{
    if (d >= -0x1p63 && d < 0x1p64 && mr_expr__from_wide((x_wide)d, out))
        return;
    mr_expr__fail(run, MR_EXPR_NUMBER, "the number is beyond 64 bits");
}

X_FN(abs)
{
    (void)count;
    x_wide w;
    if (a->kind == X_REAL)
        *out = (struct x_value){.kind = X_REAL, .d = fabs(a->d)};
    else if (mr_expr__whole(a, &w))
        mr_expr__from_wide(w < 0 ? -w : w, out);
    else
        mr_expr__fail(run, MR_EXPR_NUMBER,
                      "a number is beyond 64 bits; such numbers can only be compared");
}

X_FN(floor)
{
    (void)count;
    if (a->kind == X_REAL)
        set_whole(run, floor(a->d), out);
    else
        *out = *a;
}

X_FN(ceil)
{
    (void)count;
    if (a->kind == X_REAL)
        set_whole(run, ceil(a->d), out);
    else
        *out = *a;
}

X_FN(round)
{
    if (a->kind != X_REAL) {
        *out = *a;
        return;
    }
    if (count == 1) {
        set_whole(run, rint(a->d), out);
        return;
    }
    if (a[1].kind != X_INT || a[1].i < 0 || a[1].i > 15) {
        mr_expr__fail(run, MR_EXPR_NUMBER, "digits are from 0 to 15");
        return;
    }
    /* By its decimal digits: scaling by a power of ten would round twice. */
    char text[400];
    double d = 0;
    int len = snprintf(text, sizeof text, "%.*f", (int)a[1].i, a->d);
    if (mr_str_to_real(mr_str_span(text, (size_t)len), &d))
        set_real(run, d, out);
    else
        *out = *a;
}

/* The items that are numbers, one after the other; false at the end or after a failure. */
static bool next_number(struct mr_expr_run *run, struct mr_walk *walk, struct x_value *out)
{
    struct mr_value item;
    while (mr_walk_next(walk, &item)) {
        mr_expr__load(item, out);
        if (X_IS_NUMBER(out))
            return true;
        if (!X_IS_NULL(out)) {
            mr_expr__fail(run, MR_EXPR_VALUE, "an item of the list is %s, not a number",
                          mr_expr__type_name(out));
            return false;
        }
    }
    return false;
}

X_FN(sum)
{
    (void)count;
    struct mr_walk walk;
    struct x_value v;
    x_wide whole = 0, w;
    double real = 0;
    bool is_real = false;
    mr_walk_begin(&walk, mr_expr__msgpack(a));
    while (next_number(run, &walk, &v)) {
        if (v.kind == X_BIG) {
            mr_expr__fail(run, MR_EXPR_NUMBER, "a number is beyond 64 bits");
            return;
        }
        if (mr_expr__whole(&v, &w))
            whole += w; /* 2^32 items of 64 bits fit */
        else
            is_real = true;
        real += mr_expr__real(&v);
    }
    if (is_real)
        set_real(run, real, out);
    else if (!mr_expr__from_wide(whole, out))
        mr_expr__fail(run, MR_EXPR_NUMBER, "the sum is beyond 64 bits");
}

X_FN(mean)
{
    (void)count;
    struct mr_walk walk;
    struct x_value v;
    double sum = 0, numbers = 0;
    mr_walk_begin(&walk, mr_expr__msgpack(a));
    while (next_number(run, &walk, &v)) {
        sum += mr_expr__real(&v);
        numbers++;
    }
    if (numbers > 0)
        set_real(run, sum / numbers, out);
}

static void keep_outer(struct mr_expr_run *run, const struct x_value *v, int sign,
                       struct x_value *out)
{
    if (X_IS_NULL(v))
        return;
    if (!X_IS_NUMBER(v) && v->kind != X_TEXT) {
        mr_expr__fail(run, MR_EXPR_VALUE, "%s is neither a number nor text", mr_expr__type_name(v));
        return;
    }
    enum x_order order = X_IS_NULL(out) ? (enum x_order)sign : mr_expr__compare(v, out);
    if (order == X_INCOMPARABLE)
        mr_expr__fail(run, MR_EXPR_VALUE, "%s is compared with %s", mr_expr__type_name(v),
                      mr_expr__type_name(out));
    else if ((int)order == sign)
        *out = *v;
}

static void outermost(struct mr_expr_run *run, const struct x_value *a, uint32_t count, int sign,
                      struct x_value *out)
{
    struct mr_walk walk;
    struct mr_value item;
    struct x_value v;
    if (count == 1 && a->kind == X_LIST) {
        mr_walk_begin(&walk, mr_expr__msgpack(a));
        while (!run->error && mr_walk_next(&walk, &item)) {
            mr_expr__load(item, &v);
            keep_outer(run, &v, sign, out);
        }
        return;
    }
    for (uint32_t i = 0; i < count && !run->error; i++)
        keep_outer(run, &a[i], sign, out);
}

X_FN(max)
{
    outermost(run, a, count, 1, out);
}

X_FN(min)
{
    outermost(run, a, count, -1, out);
}

/* A text that is no number: the second value, or a failure. */
static void otherwise(struct mr_expr_run *run, const struct x_value *a, uint32_t count,
                      const char *what, struct x_value *out)
{
    if (count > 1)
        *out = a[1];
    else
        mr_expr__fail(run, MR_EXPR_VALUE, "the text is not %s", what);
}

X_FN(int)
{
    switch (a->kind) {
    case X_BOOL:
        *out = (struct x_value){.kind = X_INT, .i = a->b};
        break;
    case X_REAL:
        set_whole(run, trunc(a->d), out);
        break;
    case X_TEXT: {
        struct x_value v;
        if (mr_expr__parse_number(mr_str_trim(a->s), &v) && v.kind != X_REAL)
            *out = v;
        else
            otherwise(run, a, count, "a whole number", out);
        break;
    }
    default:
        *out = *a;
        break;
    }
}

X_FN(float)
{
    double d;
    if (a->kind == X_BOOL)
        *out = (struct x_value){.kind = X_REAL, .d = a->b};
    else if (a->kind != X_TEXT)
        set_real(run, mr_expr__real(a), out);
    else if (mr_str_to_real(mr_str_trim(a->s), &d) && isfinite(d))
        *out = (struct x_value){.kind = X_REAL, .d = d};
    else
        otherwise(run, a, count, "a number", out);
}
