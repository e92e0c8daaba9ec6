/* Rows as JSON or CSV text. */
#include "connectors/files/sink.h"

#include <stdlib.h>

static bool is_added(const struct sink_params *p, struct mr_str key)
{
    return (p->id_key.len && mr_str_eq(key, p->id_key)) ||
           (p->parent_key.len && mr_str_eq(key, p->parent_key));
}

/* Identity as hexadecimal text; a row without a parent has none. */
static bool id_text(const struct sink_params *p, const struct mr_head *head, struct mr_str key,
                    char hex[MR_ID_HEX_LEN + 1])
{
    static const struct mr_id none;
    bool parent = p->parent_key.len && mr_str_eq(key, p->parent_key);
    if (parent && mr_id_eq(&head->parent, &none))
        return false;
    mr_id_hex(parent ? &head->parent : &head->id, hex);
    return true;
}

static void add_id_pair(struct mr_sink *s, const struct mr_head *head, struct mr_str key,
                        struct mr_buf *out)
{
    char hex[MR_ID_HEX_LEN + 1];
    if (!key.len)
        return;
    if (out->ptr[out->len - 1] != '{')
        mr_buf_addc(out, ',');
    mr_buf_add_json(out, key);
    mr_buf_addc(out, ':');
    if (id_text(s->params, head, key, hex))
        mr_buf_printf(out, "\"%s\"", hex);
    else
        mr_buf_addz(out, "null");
}

static void encode_json(struct mr_sink *s, const struct mr_head *head, struct mr_str map,
                        struct mr_buf *out)
{
    struct mr_value value = {(const uint8_t *)map.ptr, (uint32_t)map.len}, k, v;
    if (!s->params->id_key.len && !s->params->parent_key.len) {
        mr_json_write_value(value, out);
        return;
    }
    mr_buf_addc(out, '{');
    add_id_pair(s, head, s->params->id_key, out);
    add_id_pair(s, head, s->params->parent_key, out);
    struct mr_walk w;
    mr_walk_begin(&w, value);
    while (mr_walk_next(&w, &k) && mr_walk_next(&w, &v)) {
        if (is_added(s->params, mr_value_text(k)))
            continue;
        if (out->ptr[out->len - 1] != '{')
            mr_buf_addc(out, ',');
        mr_json_write_value(k, out);
        mr_buf_addc(out, ':');
        mr_json_write_value(v, out);
    }
    mr_buf_addc(out, '}');
}

static char delimiter_of(const struct mr_sink *s)
{
    if (s->params->delimiter.len)
        return *s->params->delimiter.ptr;
    return s->kind.format == FORMAT_TSV ? '\t' : ',';
}

/* Quoted where a reader needs it; an empty text is quoted to differ from a null. */
static void add_field(const struct mr_sink *s, struct mr_str text, struct mr_buf *out)
{
    char quote = s->params->quote.len ? *s->params->quote.ptr : '"', delimiter = delimiter_of(s);
    bool needed = !text.len;
    for (size_t i = 0; i < text.len && !needed; i++) {
        char c = text.ptr[i];
        needed = c == quote || c == delimiter || c == '\n' || c == '\r';
    }
    needed |= text.len && (text.ptr[0] == ' ' || text.ptr[text.len - 1] == ' ');
    if (!needed) {
        mr_buf_adds(out, text);
        return;
    }
    mr_buf_addc(out, quote);
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == quote)
            mr_buf_addc(out, quote);
        mr_buf_addc(out, text.ptr[i]);
    }
    mr_buf_addc(out, quote);
}

static void add_value(struct mr_sink *s, struct mr_value v, struct mr_buf *out)
{
    enum mr_type type = mr_value_type(v);
    if (type == MR_NULL)
        return;
    if (type == MR_TEXT) {
        add_field(s, mr_value_text(v), out);
        return;
    }
    s->cell.len = 0;
    mr_json_write_value(v, &s->cell);
    add_field(s, mr_buf_str(&s->cell), out);
}

/* The columns of a file whose parameters name none: the keys of its first row. */
static void take_columns(struct mr_sink *s, struct mr_value map)
{
    const struct sink_params *p = s->params;
    struct mr_str *items = mr_arena_alloc(s->arena, (mr_value_count(map) + 3) * sizeof *items);
    size_t count = 0;
    if (p->id_key.len)
        items[count++] = p->id_key;
    if (p->parent_key.len)
        items[count++] = p->parent_key;
    struct mr_value k, v;
    struct mr_walk w;
    mr_walk_begin(&w, map);
    while (mr_walk_next(&w, &k) && mr_walk_next(&w, &v)) {
        if (!is_added(p, mr_value_text(k)))
            items[count++] = mr_arena_str(s->arena, mr_value_text(k));
    }
    s->columns = (struct mr_strs){items, count};
}

void mr_files__encode_header(struct mr_sink *s, struct mr_buf *out)
{
    char delimiter = delimiter_of(s);
    for (size_t i = 0; i < s->columns.count; i++) {
        if (i)
            mr_buf_addc(out, delimiter);
        add_field(s, s->columns.items[i], out);
    }
    mr_buf_addc(out, '\n');
}

static int compare_names(const void *a, const void *b)
{
    return mr_str_cmp(((const struct sink_column *)a)->name, ((const struct sink_column *)b)->name);
}

static void index_columns(struct mr_sink *s)
{
    size_t count = s->columns.count;
    s->cells = mr_arena_alloc(s->arena, (count + 1) * sizeof *s->cells);
    s->by_name = mr_arena_alloc(s->arena, (count + 1) * sizeof *s->by_name);
    for (size_t i = 0; i < count; i++)
        s->by_name[i] = (struct sink_column){s->columns.items[i], i};
    qsort(s->by_name, count, sizeof *s->by_name, compare_names);
}

/* The column of a key; columns.count when it has none. Keys mostly come in the order of columns. */
static size_t column_of(const struct mr_sink *s, struct mr_str key, size_t likely)
{
    if (likely < s->columns.count && mr_str_eq(s->columns.items[likely], key))
        return likely;
    struct sink_column wanted = {key, 0};
    const struct sink_column *found =
        bsearch(&wanted, s->by_name, s->columns.count, sizeof wanted, compare_names);
    return found ? found->at : s->columns.count;
}

struct mr_error *mr_files__fit_columns(struct mr_sink *s, struct mr_str bytes)
{
    struct mr_value map = {(const uint8_t *)bytes.ptr, (uint32_t)bytes.len}, k, v;
    if (!s->columns.items)
        take_columns(s, map);
    if (!s->by_name)
        index_columns(s);
    for (size_t i = 0; i < s->columns.count; i++)
        s->cells[i] = (struct mr_value){0};
    struct mr_walk w;
    mr_walk_begin(&w, map);
    for (size_t at = 0; mr_walk_next(&w, &k) && mr_walk_next(&w, &v);) {
        struct mr_str key = mr_value_text(k);
        size_t column = column_of(s, key, at);
        if (column < s->columns.count) {
            s->cells[column] = v;
            at = column + 1;
        } else if (s->params->extra_keys != EXTRA_DROP && !is_added(s->params, key)) {
            return mr_error_row(mr_error(MR_SINK_COLUMNS,
                                         "the key \"%.*s\" is not a column of \"%s\"", MR_FMT(key),
                                         s->base));
        }
    }
    return NULL;
}

static void encode_csv(struct mr_sink *s, const struct mr_head *head, struct mr_buf *out)
{
    char hex[MR_ID_HEX_LEN + 1], delimiter = delimiter_of(s);
    size_t before = out->len;
    for (size_t i = 0; i < s->columns.count; i++) {
        struct mr_str column = s->columns.items[i];
        if (i)
            mr_buf_addc(out, delimiter);
        if (is_added(s->params, column)) {
            if (id_text(s->params, head, column, hex))
                mr_buf_addz(out, hex);
            continue;
        }
        if (s->cells[i].len)
            add_value(s, s->cells[i], out);
    }
    if (out->len == before) /* a blank line is no record for most readers */
        add_field(s, MR_STR(""), out);
}

void mr_files__encode(struct mr_sink *s, const struct mr_head *head, struct mr_str map,
                      struct mr_buf *out)
{
    if (s->kind.format == FORMAT_CSV || s->kind.format == FORMAT_TSV)
        encode_csv(s, head, out);
    else
        encode_json(s, head, map, out);
}

struct mr_str mr_files__tail(const struct mr_sink *s, bool empty)
{
    if (s->kind.format != FORMAT_JSON)
        return MR_STR("");
    return empty ? MR_STR("[]\n") : MR_STR("\n]\n");
}
