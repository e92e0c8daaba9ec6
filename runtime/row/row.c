/* Rows: the index of fields over the original bytes, edits, and the way back to bytes. */
#include "runtime/row/row_private.h"

#include <stdlib.h>

enum {
    SPARE_FIELDS = 4, /* room for what an operator adds, before the index must move */
    TRUSTED_FIELDS = 1024,
};

static struct mr_error *broken(const char *what)
{
    return mr_error_row(mr_error(MR_ROW_BROKEN, "%s", what));
}

static void init(struct mr_row *row, const struct mr_names *names, struct mr_arena *arena,
                 const struct mr_head *head, uint32_t capacity)
{
    uint16_t bound = mr_names_count(names);
    row->head = *head;
    row->arena = arena;
    row->names = names;
    row->capacity = capacity;
    row->fields = mr_arena_alloc(arena, capacity * sizeof *row->fields);
    row->slots = mr_arena_zalloc(arena, bound * sizeof *row->slots);
    row->count = 0;
    row->map = NULL;
    row->map_len = 0;
    row->changed = true;
    row->work = NULL;
}

void mr_row_init(struct mr_row *row, const struct mr_names *names, struct mr_arena *arena,
                 const struct mr_head *head)
{
    init(row, names, arena, head, 2 * SPARE_FIELDS);
}

/* Text or a small number needs no walk; everything else goes through the scanner. */
static inline size_t value_length(const uint8_t *p, size_t len)
{
    struct mr_msg m;
    if (len && *p < 0x80)
        return 1;
    if (mr_row__head(p, len, &m) && m.type == MR_TEXT)
        return mr_row__text_ok(p + m.head, m.body) ? (size_t)m.head + m.body : 0;
    return mr_row__scan(p, len, true);
}

static void grow(struct mr_row *row)
{
    uint32_t capacity = row->capacity * 2;
    struct mr_field *fields = mr_arena_alloc(row->arena, capacity * sizeof *fields);
    memcpy(fields, row->fields, row->count * sizeof *fields);
    row->fields = fields;
    row->capacity = capacity;
}

static bool add_original(struct mr_row *row, const uint8_t **at, const uint8_t *end,
                         struct mr_row__key *key)
{
    struct mr_msg m;
    const uint8_t *p = *at;
    if (!mr_row__head(p, (size_t)(end - p), &m) || m.type != MR_TEXT ||
        !mr_row__text_ok(p + m.head, m.body))
        return false;
    const uint8_t *name = p + m.head, *value = name + m.body;
    size_t len = value_length(value, (size_t)(end - value));
    if (len == 0)
        return false;
    if (row->count == row->capacity)
        grow(row);
    uint64_t sign = mr_row__sign(name, m.body);
    uint16_t symbol = mr_row__name_find(row->names, name, m.body, sign);
    row->fields[row->count] = (struct mr_field){
        .name = {(const char *)name, m.body},
        .value = {value, (uint32_t)len},
        .symbol = symbol,
        .lead = (uint8_t)m.head,
    };
    row->count++;
    if (symbol != UINT16_MAX)
        row->slots[symbol] = row->count;
    *key = (struct mr_row__key){name, m.body, sign};
    *at = value + len;
    return true;
}

static bool many_repeat(const struct mr_row *row)
{
    struct mr_row__key *keys = mr_alloc(row->count * sizeof *keys);
    for (uint32_t i = 0; i < row->count; i++) {
        struct mr_str name = row->fields[i].name;
        const uint8_t *p = (const uint8_t *)name.ptr;
        keys[i] = (struct mr_row__key){p, (uint32_t)name.len, mr_row__sign(p, name.len)};
    }
    bool repeat = mr_row__keys_repeat(keys, row->count) != SIZE_MAX;
    free(keys);
    return repeat;
}

static struct mr_error *add_originals(struct mr_row *row, const uint8_t *at, const uint8_t *end,
                                      uint32_t count)
{
    struct mr_row__key keys[MR_ROW__FEW_KEYS];
    uint64_t seen = 0;
    bool few = count <= MR_ROW__FEW_KEYS;
    for (uint32_t i = 0; i < count; i++) {
        if (!add_original(row, &at, end, few ? keys + i : keys))
            return broken("a field of the row is not a text key with a whole value");
        if (few && mr_row__key_repeats(keys, i + 1, &seen))
            return broken("a key stands twice in the row");
    }
    if (!few && many_repeat(row))
        return broken("a key stands twice in the row");
    return at == end ? NULL : broken("bytes follow after the end of the row");
}

struct mr_error *mr_row_decode(struct mr_row *row, const struct mr_names *names,
                               struct mr_arena *arena, const struct mr_head *head, const void *map,
                               size_t len)
{
    struct mr_msg m;
    const uint8_t *p = map;
    if (len > UINT32_MAX || !mr_row__head(p, len, &m) || m.type != MR_MAP)
        return broken("the row is not one map");
    if (m.count > len - m.head)
        return broken("the row ends before its last field");
    uint32_t count = (uint32_t)(m.count / 2);
    /* The head may promise more than the bytes hold: the index grows with what is there. */
    init(row, names, arena, head, (count < TRUSTED_FIELDS ? count : TRUSTED_FIELDS) + SPARE_FIELDS);
    row->map = map;
    row->map_len = (uint32_t)len;
    row->changed = false;
    return add_originals(row, p + m.head, p + len, count);
}

void mr_row_copy(struct mr_row *dst, const struct mr_row *src)
{
    size_t slots = mr_names_count(src->names) * sizeof *src->slots;
    *dst = *src;
    dst->capacity = src->count + SPARE_FIELDS;
    dst->fields = mr_arena_alloc(src->arena, dst->capacity * sizeof *dst->fields);
    if (src->count)
        memcpy(dst->fields, src->fields, src->count * sizeof *dst->fields);
    dst->slots = mr_arena_alloc(src->arena, slots);
    if (slots)
        memcpy(dst->slots, src->slots, slots);
}

/* ---- reading and editing ---- */

struct mr_value mr_row_get(const struct mr_row *row, uint16_t symbol)
{
    mr_assert(symbol < mr_names_count(row->names));
    uint32_t slot = row->slots[symbol];
    return slot ? row->fields[slot - 1].value : (struct mr_value){0};
}

static struct mr_field *find(const struct mr_row *row, struct mr_str name)
{
    uint16_t symbol = row->names ? mr_names_find(row->names, name) : UINT16_MAX;
    if (symbol != UINT16_MAX)
        return row->slots[symbol] ? row->fields + row->slots[symbol] - 1 : NULL;
    for (uint32_t i = 0; i < row->count; i++) {
        struct mr_field *f = row->fields + i;
        if (f->symbol == UINT16_MAX && f->value.len && mr_str_eq(f->name, name))
            return f;
    }
    return NULL;
}

/* A new field at the end. The name's bytes must live as long as the row. */
static struct mr_field *append(struct mr_row *row, struct mr_str name, uint16_t symbol)
{
    if (row->count == row->capacity)
        grow(row);
    struct mr_field *f = row->fields + row->count++;
    *f = (struct mr_field){.name = name, .symbol = symbol};
    if (symbol != UINT16_MAX)
        row->slots[symbol] = row->count;
    return f;
}

static struct mr_field *field_of(struct mr_row *row, uint16_t symbol)
{
    mr_assert(symbol < mr_names_count(row->names));
    row->changed = true;
    if (row->slots[symbol])
        return row->fields + row->slots[symbol] - 1;
    return append(row, mr_names_text(row->names, symbol), symbol);
}

static struct mr_value copy_value(struct mr_row *row, struct mr_value v)
{
    /* A torn or too deep value must not travel on as if it were one. */
    mr_assert(v.len != 0 && mr_value_skip(v.ptr, v.len) == v.len);
    uint8_t *copy = mr_arena_alloc(row->arena, v.len);
    memcpy(copy, v.ptr, v.len);
    return (struct mr_value){copy, v.len};
}

void mr_row_put(struct mr_row *row, uint16_t symbol, struct mr_value copied)
{
    struct mr_value value = copy_value(row, copied);
    field_of(row, symbol)->value = value;
}

void mr_row_put_text(struct mr_row *row, uint16_t symbol, struct mr_str text)
{
    mr_assert(text.len <= UINT32_MAX - 5);
    uint8_t *bytes = mr_arena_alloc(row->arena, text.len + 5);
    uint8_t *body = mr_row__put_text_head(bytes, (uint32_t)text.len);
    if (text.len)
        memcpy(body, text.ptr, text.len);
    field_of(row, symbol)->value =
        (struct mr_value){bytes, (uint32_t)((size_t)(body - bytes) + text.len)};
}

static void drop(struct mr_row *row, struct mr_field *f)
{
    row->changed = true;
    f->value = (struct mr_value){0};
    if (f->symbol != UINT16_MAX)
        row->slots[f->symbol] = 0;
}

void mr_row_drop_field(struct mr_row *row, uint16_t symbol)
{
    mr_assert(symbol < mr_names_count(row->names));
    if (row->slots[symbol])
        drop(row, row->fields + row->slots[symbol] - 1);
}

void mr_row_rename_field(struct mr_row *row, uint16_t from, uint16_t to)
{
    mr_assert(from < mr_names_count(row->names) && to < mr_names_count(row->names));
    uint32_t slot = row->slots[from];
    if (!slot || from == to)
        return;
    mr_row_drop_field(row, to);
    row->changed = true;
    row->slots[from] = 0;
    row->slots[to] = slot;
    struct mr_field *f = row->fields + slot - 1;
    f->name = mr_names_text(row->names, to);
    f->symbol = to;
    f->lead = 0;
}

struct mr_value mr_row_find(const struct mr_row *row, struct mr_str name)
{
    struct mr_field *f = find(row, name);
    return f ? f->value : (struct mr_value){0};
}

void mr_row_put_named(struct mr_row *row, struct mr_str name, struct mr_value copied)
{
    struct mr_value value = copy_value(row, copied);
    struct mr_field *f = find(row, name);
    if (!f) {
        uint16_t symbol = row->names ? mr_names_find(row->names, name) : UINT16_MAX;
        f = append(row, mr_arena_str(row->arena, name), symbol);
    }
    f->value = value;
    row->changed = true;
}

void mr_row_drop_named(struct mr_row *row, struct mr_str name)
{
    struct mr_field *f = find(row, name);
    if (f)
        drop(row, f);
}

void mr_row_drop_at(struct mr_row *row, uint32_t index)
{
    mr_assert(index < row->count);
    if (row->fields[index].value.len)
        drop(row, row->fields + index);
}

/* ---- back to bytes ---- */

static size_t text_head_size(size_t len)
{
    return len < 32 ? 1 : len <= UINT8_MAX ? 2 : len <= UINT16_MAX ? 3 : 5;
}

/* Live fields and the bytes they take without the map's own head. */
static size_t measure(const struct mr_row *row, uint32_t *live)
{
    size_t size = 0;
    *live = 0;
    for (uint32_t i = 0; i < row->count; i++) {
        const struct mr_field *f = row->fields + i;
        if (!f->value.len)
            continue;
        ++*live;
        size += (f->lead ? f->lead : text_head_size(f->name.len)) + f->name.len + f->value.len;
    }
    return size;
}

size_t mr_row_encoded_size(const struct mr_row *row)
{
    if (!row->changed)
        return row->map_len;
    uint32_t live;
    size_t size = measure(row, &live);
    return size + (live < 16 ? 1 : live <= UINT16_MAX ? 3 : 5);
}

static uint8_t *put_span(uint8_t *at, const uint8_t *from, const uint8_t *to)
{
    size_t len = (size_t)(to - from);
    if (len)
        memcpy(at, from, len);
    return at + len;
}

/* Runs of fields that nobody touched lie together in the original and are copied at once. */
void mr_row_encode(const struct mr_row *row, struct mr_buf *out)
{
    if (!row->changed) {
        mr_buf_add(out, row->map, row->map_len);
        return;
    }
    uint32_t live;
    uint8_t *start = mr_row__room(out, measure(row, &live) + 5);
    uint8_t *at = mr_row__put_container(start, true, live);
    const uint8_t *run = NULL, *run_end = NULL;
    for (uint32_t i = 0; i < row->count; i++) {
        const struct mr_field *f = row->fields + i;
        if (!f->value.len)
            continue;
        const uint8_t *name = (const uint8_t *)f->name.ptr;
        const uint8_t *name_end = name + f->name.len;
        if (!f->lead) {
            at = put_span(at, run, run_end);
            at = mr_row__put_text_head(at, (uint32_t)f->name.len);
            at = put_span(at, name, name_end);
            run = f->value.ptr;
        } else if (name - f->lead != run_end) {
            at = put_span(at, run, run_end);
            run = name - f->lead;
        }
        if (f->lead && f->value.ptr != name_end) {
            at = put_span(at, run, name_end);
            run = f->value.ptr;
        }
        run_end = f->value.ptr + f->value.len;
    }
    at = put_span(at, run, run_end);
    out->len += (size_t)(at - start);
}
