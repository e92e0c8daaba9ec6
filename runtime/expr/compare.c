/* Order and equality of values, and the patterns of `like`. */
#include "runtime/expr/expr_private.h"

#include "runtime/text/chars.h"

static enum x_order order_of(int sign)
{
    return sign < 0 ? X_LESS : sign > 0 ? X_GREATER : X_EQUAL;
}

/* Lists are equal when their values, one after the other, are: heads before items, so that no
 * stack is needed. Values are walked as they lie in the bytes. */
static enum x_order compare_lists(struct mr_value a, struct mr_value b)
{
    const uint8_t *at[2] = {a.ptr, b.ptr}, *end[2] = {a.ptr + a.len, b.ptr + b.len};
    while (at[0] < end[0] && at[1] < end[1]) {
        struct x_value v[2];
        for (int k = 0; k < 2; k++) {
            size_t left = (size_t)(end[k] - at[k]);
            struct mr_value one = {at[k], (uint32_t)left};
            if (mr_value_type(one) != MR_LIST)
                one.len = (uint32_t)mr_value_skip(at[k], left);
            mr_expr__load(one, &v[k]);
            if (v[k].kind == X_MAP)
                return X_INCOMPARABLE;
        }
        if (v[0].kind == X_LIST && v[1].kind == X_LIST) {
            struct mr_walk walk;
            if (mr_value_count(mr_expr__msgpack(&v[0])) != mr_value_count(mr_expr__msgpack(&v[1])))
                return X_UNEQUAL;
            for (int k = 0; k < 2; k++) {
                mr_walk_begin(&walk, mr_expr__msgpack(&v[k]));
                at[k] = walk.at;
            }
            continue;
        }
        if (mr_expr__compare(&v[0], &v[1]) != X_EQUAL)
            return X_UNEQUAL;
        for (int k = 0; k < 2; k++)
            at[k] += v[k].raw_len;
    }
    return at[0] == end[0] && at[1] == end[1] ? X_EQUAL : X_UNEQUAL;
}

enum x_order mr_expr__compare(const struct x_value *a, const struct x_value *b)
{
    if (X_IS_NULL(a) || X_IS_NULL(b))
        return X_IS_NULL(a) && X_IS_NULL(b) ? X_EQUAL : X_UNEQUAL;
    if (X_IS_NUMBER(a) && X_IS_NUMBER(b))
        return order_of(mr_expr__compare_numbers(a, b));
    if (a->kind != b->kind)
        return X_INCOMPARABLE;
    switch (a->kind) {
    case X_TEXT:
    case X_BYTES:
        return order_of(mr_str_cmp(a->s, b->s));
    case X_BOOL:
        return order_of(a->b - b->b);
    case X_LIST:
        return compare_lists(mr_expr__msgpack(a), mr_expr__msgpack(b));
    default:
        return X_INCOMPARABLE;
    }
}

/* % any run, _ one code point, \ takes the next sign as it is. Goes back to the last % only, so the
 * cost is at most text times pattern. */
bool mr_expr__like(struct mr_str text, struct mr_str pattern)
{
    const char *t = text.ptr, *t_end = text.ptr + text.len;
    const char *p = pattern.ptr, *p_end = pattern.ptr + pattern.len;
    const char *star = NULL, *star_t = NULL;
    while (t < t_end) {
        const char *next_p = p, *next_t = t;
        uint32_t want = p < p_end ? mr_char_next(&next_p, p_end) : 0;
        if (p < p_end && want == '%') {
            star = p = next_p;
            star_t = t;
            continue;
        }
        bool any = want == '_';
        if (want == '\\' && next_p < p_end)
            want = mr_char_next(&next_p, p_end);
        uint32_t c = mr_char_next(&next_t, t_end);
        if (p < p_end && (any || want == c)) {
            p = next_p;
            t = next_t;
        } else if (star) {
            mr_char_next(&star_t, t_end);
            t = star_t;
            p = star;
        } else {
            return false;
        }
    }
    while (p < p_end && *p == '%')
        p++;
    return p == p_end;
}
