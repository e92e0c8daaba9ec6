/* Functions of lists, maps, any value, and of the row as a whole. */
#include "runtime/expr/expr_private.h"

#include "runtime/text/chars.h"

static void set_bool(struct x_value *out, bool b)
{
    *out = (struct x_value){.kind = X_BOOL, .b = b};
}

/* any: wanted true. all: wanted false. Null items count as not true. */
static void search(struct mr_expr_run *run, const struct x_value *a, bool wanted,
                   struct x_value *out)
{
    struct mr_walk walk;
    struct mr_value item;
    bool found = false;
    mr_walk_begin(&walk, mr_expr__msgpack(a));
    while (mr_walk_next(&walk, &item)) {
        struct x_value v;
        mr_expr__load(item, &v);
        if (!X_IS_NULL(&v) && v.kind != X_BOOL) {
            mr_expr__fail(run, MR_EXPR_VALUE, "an item of the list is %s, not true or false",
                          mr_expr__type_name(&v));
            return;
        }
        found = found || (v.kind == X_BOOL && v.b) == wanted;
    }
    set_bool(out, found == wanted);
}

X_FN(any)
{
    (void)count;
    search(run, a, true, out);
}

X_FN(all)
{
    (void)count;
    search(run, a, false, out);
}

X_FN(len)
{
    (void)run, (void)count;
    size_t len = a->kind == X_TEXT    ? mr_text_length(a->s)
                 : a->kind == X_BYTES ? a->s.len
                                      : mr_value_count(mr_expr__msgpack(a));
    *out = (struct x_value){.kind = X_INT, .i = (int64_t)len};
}

X_FN(first)
{
    (void)run, (void)count;
    mr_expr__item(a, 0, out);
}

X_FN(last)
{
    (void)run, (void)count;
    mr_expr__item(a, -1, out);
}

X_FN(contains)
{
    (void)count;
    struct mr_walk walk;
    struct mr_value item;
    if (a->kind == X_TEXT) {
        if (a[1].kind != X_TEXT)
            mr_expr__fail(run, MR_EXPR_VALUE, "%s is looked for in text",
                          mr_expr__type_name(&a[1]));
        set_bool(out, a[1].kind == X_TEXT && mr_str_find(a->s, a[1].s, 0) != SIZE_MAX);
        return;
    }
    bool found = false;
    mr_walk_begin(&walk, mr_expr__msgpack(a));
    while (!found && mr_walk_next(&walk, &item)) {
        struct x_value v;
        mr_expr__load(item, &v);
        found = mr_expr__compare(&a[1], &v) == X_EQUAL;
    }
    set_bool(out, found);
}

X_FN(keys)
{
    (void)count;
    struct mr_walk walk;
    struct mr_value key, value;
    uint32_t texts = 0;
    mr_walk_begin(&walk, mr_expr__msgpack(a));
    while (mr_walk_next(&walk, &key) && mr_walk_next(&walk, &value))
        texts += mr_value_type(key) == MR_TEXT;
    run->work.len = 0;
    mr_pack_list(&run->work, texts);
    mr_walk_begin(&walk, mr_expr__msgpack(a));
    while (mr_walk_next(&walk, &key) && mr_walk_next(&walk, &value))
        if (mr_value_type(key) == MR_TEXT)
            mr_buf_add(&run->work, key.ptr, key.len);
    mr_expr__make_packed(run, mr_buf_str(&run->work), out);
}

X_FN(has)
{
    (void)run, (void)count;
    set_bool(out, a->kind != X_MISSING);
}

X_FN(type)
{
    static const char *const names[] = {
        [X_MISSING] = "missing", [X_NULL] = "null", [X_BOOL] = "bool", [X_INT] = "int",
        [X_UINT] = "int",        [X_REAL] = "real", [X_BIG] = "int",   [X_TEXT] = "text",
        [X_BYTES] = "bytes",     [X_LIST] = "list", [X_MAP] = "map",   [X_OTHER] = "other",
    };
    (void)run, (void)count;
    *out = (struct x_value){.kind = X_TEXT, .s = mr_str_of(names[a->kind])};
}

/* Over what rows are partitioned by: text as it is, everything else as canonical msgpack. */
X_FN(hash)
{
    (void)count;
    run->result.len = run->work.len = 0;
    mr_expr__pack(a, &run->result);
    struct mr_value v = {(const uint8_t *)run->result.ptr, (uint32_t)run->result.len};
    if (!mr_row_partition_key(v, &run->work))
        mr_buf_adds(&run->work, mr_buf_str(&run->result));
    uint64_t hash = mr_hash64(run->work.ptr, run->work.len, 0);
    mr_expr__from_wide(hash, out);
}

X_FN(row_id)
{
    (void)a, (void)count;
    char hex[MR_ID_HEX_LEN + 1];
    mr_id_hex(&run->row->head.id, hex);
    mr_expr__make_text(run, mr_str_span(hex, MR_ID_HEX_LEN), out);
}

/* The same draw as rows.sample: H(seed, row id). */
X_FN(sample)
{
    const struct mr_id *id = &run->row->head.id;
    uint64_t seed = 0;
    if (count > 1)
        seed = a[1].kind == X_INT ? (uint64_t)a[1].i : a[1].u;
    double drawn = (double)(mr_hash64(id->b, sizeof id->b, seed) >> 11) * 0x1p-53;
    set_bool(out, drawn < mr_expr__real(a));
}
