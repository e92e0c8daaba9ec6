/* The bytes by which a value chooses its partition: one spelling for one value. */
#include "runtime/row/row_private.h"

#include <stdlib.h>

static void canonical(struct mr_value v, struct mr_buf *out);

struct pair {
    struct mr_value value;
    size_t key_at, key_len; /* canonical key within the scratch buffer */
    const char *base;       /* filled in once the scratch buffer stands still */
};

static int compare_pairs(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    return mr_str_cmp(mr_str_span(x->base + x->key_at, x->key_len),
                      mr_str_span(y->base + y->key_at, y->key_len));
}

/* Maps that hold the same pairs are the same key, whatever their order. */
static void canonical_map(struct mr_value v, struct mr_buf *out)
{
    uint32_t count = mr_value_count(v);
    struct pair *pairs = mr_alloc(count * sizeof *pairs);
    struct mr_buf keys = {0};
    struct mr_walk walk;
    struct mr_value key;
    mr_walk_begin(&walk, v);
    for (uint32_t i = 0; i < count; i++) {
        mr_assert(mr_walk_next(&walk, &key) && mr_walk_next(&walk, &pairs[i].value));
        pairs[i].key_at = keys.len;
        canonical(key, &keys);
        pairs[i].key_len = keys.len - pairs[i].key_at;
    }
    for (uint32_t i = 0; i < count; i++)
        pairs[i].base = keys.ptr;
    qsort(pairs, count, sizeof *pairs, compare_pairs);
    mr_pack_map(out, count);
    for (uint32_t i = 0; i < count; i++) {
        mr_buf_add(out, keys.ptr + pairs[i].key_at, pairs[i].key_len);
        canonical(pairs[i].value, out);
    }
    mr_buf_finish(&keys);
    free(pairs);
}

static void canonical_list(struct mr_value v, struct mr_buf *out)
{
    struct mr_walk walk;
    struct mr_value item;
    mr_pack_list(out, mr_value_count(v));
    mr_walk_begin(&walk, v);
    while (mr_walk_next(&walk, &item))
        canonical(item, out);
}

static void canonical_real(struct mr_value v, struct mr_buf *out)
{
    if (v.ptr[0] != 0xca && v.ptr[0] != 0xcb) {
        mr_pack_number_text(out, mr_value_text(v));
        return;
    }
    double d = mr_value_real(v);
    mr_pack_real(out, d != d ? __builtin_nan("") : d);
}

static void canonical_other(struct mr_value v, struct mr_buf *out)
{
    struct mr_msg m;
    mr_assert(mr_row__head(v.ptr, v.len, &m));
    uint8_t head[6];
    uint8_t *end = mr_row__put_ext_head(head, (int8_t)v.ptr[m.head - 1], m.body);
    mr_buf_add(out, head, (size_t)(end - head));
    mr_buf_add(out, v.ptr + m.head, m.body);
}

/* Recurses as deep as a value may be: MR_DEPTH_MAX. */
static void canonical(struct mr_value v, struct mr_buf *out)
{
    int64_t i;
    uint64_t u;
    switch (mr_value_type(v)) {
    case MR_INT:
        if (mr_value_uint(v, &u))
            mr_pack_uint(out, u);
        else if (mr_value_int(v, &i))
            mr_pack_int(out, i);
        break;
    case MR_REAL:
        canonical_real(v, out);
        break;
    case MR_TEXT:
        mr_pack_text(out, mr_value_text(v));
        break;
    case MR_BYTES:
        mr_pack_bytes(out, mr_value_text(v));
        break;
    case MR_LIST:
        canonical_list(v, out);
        break;
    case MR_MAP:
        canonical_map(v, out);
        break;
    case MR_OTHER:
        canonical_other(v, out);
        break;
    default:
        mr_buf_add(out, v.ptr, v.len);
        break; /* null, true, false have one form */
    }
}

bool mr_row_partition_key(struct mr_value v, struct mr_buf *out)
{
    enum mr_type type = mr_value_type(v);
    if (type == MR_NONE || type == MR_NULL)
        return false;
    if (type == MR_TEXT)
        mr_buf_adds(out, mr_value_text(v));
    else
        canonical(v, out);
    return true;
}
