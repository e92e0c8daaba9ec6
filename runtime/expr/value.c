/* Values at work: read from msgpack, written as msgpack, fields and items of maps and lists. */
#include "runtime/expr/expr_private.h"

#include <math.h>

/* Number texts: whole numbers keep every digit, others become the nearest double. */
static void load_number(struct mr_value v, struct x_value *out)
{
    if (v.ptr[0] != 0xca && v.ptr[0] != 0xcb && mr_expr__parse_number(mr_value_text(v), out))
        return;
    out->d = mr_value_real(v);
    out->kind = isnan(out->d) ? X_NULL : X_REAL;
}

static void load_integer(struct mr_value v, struct x_value *out)
{
    out->kind = X_INT;
    if (!mr_value_int(v, &out->i)) {
        out->kind = X_UINT;
        mr_value_uint(v, &out->u);
    }
}

void mr_expr__load(struct mr_value v, struct x_value *out)
{
    *out = (struct x_value){.kind = X_MISSING};
    switch (mr_value_type(v)) {
    case MR_NONE:
        return;
    case MR_NULL:
        out->kind = X_NULL;
        break;
    case MR_BOOL:
        out->kind = X_BOOL;
        out->b = mr_value_bool(v);
        break;
    case MR_INT:
        load_integer(v, out);
        break;
    case MR_REAL:
        load_number(v, out);
        break;
    case MR_TEXT:
        out->kind = X_TEXT;
        out->s = mr_value_text(v);
        break;
    case MR_BYTES:
        out->kind = X_BYTES;
        out->s = mr_value_text(v);
        break;
    case MR_LIST:
    case MR_MAP:
        out->kind = mr_value_type(v) == MR_LIST ? X_LIST : X_MAP;
        out->s = mr_str_span((const char *)v.ptr, v.len);
        break;
    default:
        out->kind = X_OTHER;
        out->s = mr_str_span((const char *)v.ptr, v.len);
        break;
    }
    out->raw = v.ptr;
    out->raw_len = v.len;
}

void mr_expr__pack(const struct x_value *v, struct mr_buf *out)
{
    if (v->raw) {
        mr_buf_add(out, v->raw, v->raw_len);
        return;
    }
    switch (v->kind) {
    case X_MISSING:
    case X_NULL:
        mr_pack_null(out);
        break;
    case X_BOOL:
        mr_pack_bool(out, v->b);
        break;
    case X_INT:
        mr_pack_int(out, v->i);
        break;
    case X_UINT:
        mr_pack_uint(out, v->u);
        break;
    case X_REAL:
        mr_pack_real(out, v->d);
        break;
    case X_BIG:
        mr_pack_number_text(out, v->s);
        break;
    case X_TEXT:
        mr_pack_text(out, v->s);
        break;
    case X_BYTES:
        mr_pack_bytes(out, v->s);
        break;
    default:
        mr_buf_adds(out, v->s);
        break;
    }
}

uint32_t mr_expr__type(const struct x_value *v)
{
    static const uint32_t types[] = {
        [X_MISSING] = MR_NULL, [X_NULL] = MR_NULL, [X_BOOL] = MR_BOOL, [X_INT] = MR_INT,
        [X_UINT] = MR_INT,     [X_REAL] = MR_REAL, [X_BIG] = MR_INT,   [X_TEXT] = MR_TEXT,
        [X_BYTES] = MR_BYTES,  [X_LIST] = MR_LIST, [X_MAP] = MR_MAP,   [X_OTHER] = MR_OTHER,
    };
    return types[v->kind];
}

const char *mr_expr__type_name(const struct x_value *v)
{
    static const char *const names[] = {
        [X_MISSING] = "missing", [X_NULL] = "null",     [X_BOOL] = "a boolean",
        [X_INT] = "a number",    [X_UINT] = "a number", [X_REAL] = "a number",
        [X_BIG] = "a number",    [X_TEXT] = "text",     [X_BYTES] = "bytes",
        [X_LIST] = "a list",     [X_MAP] = "a map",     [X_OTHER] = "a foreign value",
    };
    return names[v->kind];
}

struct mr_value mr_expr__msgpack(const struct x_value *v)
{
    return (struct mr_value){(const uint8_t *)v->s.ptr, (uint32_t)v->s.len};
}

void mr_expr__field(const struct x_value *map, struct mr_str name, struct x_value *out)
{
    struct mr_walk walk;
    struct mr_value key, value;
    mr_walk_begin(&walk, mr_expr__msgpack(map));
    while (mr_walk_next(&walk, &key) && mr_walk_next(&walk, &value)) {
        if (mr_value_type(key) == MR_TEXT && mr_str_eq(mr_value_text(key), name)) {
            mr_expr__load(value, out);
            return;
        }
    }
    *out = (struct x_value){.kind = X_MISSING};
}

void mr_expr__item(const struct x_value *list, int64_t index, struct x_value *out)
{
    struct mr_walk walk;
    struct mr_value item;
    int64_t count = mr_value_count(mr_expr__msgpack(list));
    *out = (struct x_value){.kind = X_MISSING};
    if (index < 0)
        index += count;
    if (index < 0 || index >= count)
        return;
    mr_walk_begin(&walk, mr_expr__msgpack(list));
    while (mr_walk_next(&walk, &item))
        if (index-- == 0) {
            mr_expr__load(item, out);
            return;
        }
}
