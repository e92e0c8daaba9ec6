/* Numbers: 64-bit integers with and without sign, doubles, and whole numbers beyond both; compared
 * by their exact values. */
#include "runtime/expr/expr_private.h"

#include <math.h>
#include <stdio.h>

bool mr_expr__whole(const struct x_value *v, x_wide *out)
{
    if (v->kind == X_INT)
        *out = v->i;
    else if (v->kind == X_UINT)
        *out = v->u;
    else
        return false;
    return true;
}

double mr_expr__real(const struct x_value *v)
{
    double d = 0;
    switch (v->kind) {
    case X_INT:
        return (double)v->i;
    case X_UINT:
        return (double)v->u;
    case X_REAL:
        return v->d;
    default:
        if (mr_str_to_real(v->s, &d))
            return d;
        return v->s.ptr[0] == '-' ? -HUGE_VAL : HUGE_VAL;
    }
}

bool mr_expr__from_wide(x_wide w, struct x_value *out)
{
    if (w >= INT64_MIN && w <= INT64_MAX)
        *out = (struct x_value){.kind = X_INT, .i = (int64_t)w};
    else if (w > 0 && w <= (x_wide)UINT64_MAX)
        *out = (struct x_value){.kind = X_UINT, .u = (uint64_t)w};
    else
        return false;
    return true;
}

static int sign_of(double d)
{
    return (d > 0) - (d < 0);
}

/* A double against an integer of at most 64 bits. */
static int compare_real_wide(double d, x_wide w)
{
    if (d >= 0x1p64)
        return 1;
    if (d < -0x1p63)
        return -1;
    double whole = trunc(d);
    x_wide t = (x_wide)whole;
    return t != w ? (t > w) - (t < w) : sign_of(d - whole);
}

/* Digits, perhaps after a minus, without zeros in front. */
static int compare_digits(struct mr_str a, struct mr_str b)
{
    bool minus_a = a.ptr[0] == '-', minus_b = b.ptr[0] == '-';
    if (minus_a != minus_b)
        return minus_a ? -1 : 1;
    int order = a.len != b.len ? (a.len > b.len) - (a.len < b.len) : memcmp(a.ptr, b.ptr, a.len);
    return minus_a ? -order : order;
}

static int compare_real_digits(double d, struct mr_str digits)
{
    char text[400]; /* a double has at most 309 digits before the point */
    if (isinf(d))
        return sign_of(d);
    int len = snprintf(text, sizeof text, "%.0f", trunc(d));
    /* Beyond 64 bits a double is whole; below, only the sign of the digits matters. */
    if (fabs(d) < 0x1p63)
        return digits.ptr[0] == '-' ? 1 : -1;
    return compare_digits(mr_str_span(text, (size_t)len), digits);
}

int mr_expr__compare_numbers(const struct x_value *a, const struct x_value *b)
{
    x_wide left, right;
    bool whole_a = mr_expr__whole(a, &left), whole_b = mr_expr__whole(b, &right);
    if (whole_a && whole_b)
        return (left > right) - (left < right);
    if (a->kind == X_REAL && b->kind == X_REAL)
        return (a->d > b->d) - (a->d < b->d);
    if (a->kind == X_REAL && whole_b)
        return compare_real_wide(a->d, right);
    if (a->kind == X_REAL)
        return compare_real_digits(a->d, b->s);
    if (a->kind == X_BIG && b->kind == X_BIG)
        return compare_digits(a->s, b->s);
    if (a->kind == X_BIG && whole_b)
        return a->s.ptr[0] == '-' ? -1 : 1;
    return -mr_expr__compare_numbers(b, a);
}

bool mr_expr__parse_number(struct mr_str text, struct x_value *out)
{
    int64_t i;
    uint64_t u;
    double d;
    if (mr_str_to_int(text, &i)) {
        *out = (struct x_value){.kind = X_INT, .i = i};
        return true;
    }
    if (mr_str_to_uint(text, &u)) {
        *out = (struct x_value){.kind = X_UINT, .u = u};
        return true;
    }
    size_t sign = text.len && text.ptr[0] == '-', digits = sign;
    while (digits < text.len && text.ptr[digits] >= '0' && text.ptr[digits] <= '9')
        digits++;
    if (digits > sign && digits == text.len && text.ptr[sign] != '0') {
        *out = (struct x_value){.kind = X_BIG, .s = text};
        return true;
    }
    if (!mr_str_to_real(text, &d))
        return false;
    *out = (struct x_value){.kind = X_REAL, .d = d};
    return true;
}
