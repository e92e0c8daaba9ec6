/* What an operator does to a row: roles to symbols to fields, and the ways to leave. */
#include "runtime/op/work.h"

static const struct mr_work *work_of(const struct mr_row *row)
{
    mr_assert(row->work != NULL);
    return row->work;
}

static const struct mr_role *role_of(const struct mr_row *row, int key)
{
    const struct mr_binding *b = work_of(row)->binding;
    mr_assert(key >= 0 && (uint32_t)key < b->role_count);
    return &b->roles[key];
}

static uint16_t symbol_at(const struct mr_row *row, int key, uint32_t i)
{
    const struct mr_role *role = role_of(row, key);
    mr_assert(i < role->count);
    return work_of(row)->binding->symbols[role->first + i];
}

bool mr_row_bound(const struct mr_row *row, int key)
{
    return role_of(row, key)->count > 0;
}

struct mr_value mr_row_value(const struct mr_row *row, int key)
{
    if (!role_of(row, key)->count)
        return (struct mr_value){0};
    return mr_row_get(row, symbol_at(row, key, 0));
}

bool mr_row_has(const struct mr_row *row, int key)
{
    return mr_row_value(row, key).len > 0;
}

enum mr_type mr_row_type(const struct mr_row *row, int key)
{
    struct mr_value v = mr_row_value(row, key);
    return v.len ? mr_value_type(v) : MR_NONE;
}

bool mr_row_is_null(const struct mr_row *row, int key)
{
    enum mr_type type = mr_row_type(row, key);
    return type == MR_NONE || type == MR_NULL;
}

struct mr_str mr_row_text(const struct mr_row *row, int key)
{
    struct mr_value v = mr_row_value(row, key);
    if (!v.len || mr_value_type(v) == MR_NULL)
        return (struct mr_str){0};
    struct mr_str text = mr_value_text(v);
    if (!text.ptr)
        text.ptr = "";
    return text;
}

int64_t mr_row_int(const struct mr_row *row, int key)
{
    struct mr_value v = mr_row_value(row, key);
    int64_t number = 0;
    if (v.len && mr_value_type(v) != MR_NULL && !mr_value_int(v, &number))
        number = INT64_MAX; /* only unsigned integers do not fit */
    return number;
}

double mr_row_real(const struct mr_row *row, int key)
{
    struct mr_value v = mr_row_value(row, key);
    return v.len && mr_value_type(v) != MR_NULL ? mr_value_real(v) : 0;
}

bool mr_row_bool(const struct mr_row *row, int key)
{
    struct mr_value v = mr_row_value(row, key);
    return v.len && mr_value_type(v) != MR_NULL && mr_value_bool(v);
}

uint32_t mr_row_many(const struct mr_row *row, int key)
{
    return role_of(row, key)->count;
}

struct mr_value mr_row_value_at(const struct mr_row *row, int key, uint32_t i)
{
    return mr_row_get(row, symbol_at(row, key, i));
}

struct mr_str mr_row_name_at(const struct mr_row *row, int key, uint32_t i)
{
    return mr_names_text(row->names, symbol_at(row, key, i));
}

const struct mr_id *mr_row_id(const struct mr_row *row)
{
    return &row->head.id;
}

uint64_t mr_row_random(const struct mr_row *row, uint64_t seed)
{
    return mr_hash64(row->head.id.b, sizeof row->head.id.b, seed);
}

static bool may_write(const struct mr_row *row, int key)
{
    switch (work_of(row)->binding->op->keys[key].access) {
    case MR_WRITE:
    case MR_MAY_WRITE:
    case MR_CHANGE:
    case MR_PREPARED:
        return true;
    default:
        return false;
    }
}

void mr_row_set_value_at(struct mr_row *row, int key, uint32_t i, struct mr_value value)
{
    uint16_t symbol = symbol_at(row, key, i);
    mr_assert(may_write(row, key));
    mr_row_put(row, symbol, value);
}

void mr_row_set_value(struct mr_row *row, int key, struct mr_value value)
{
    if (role_of(row, key)->count)
        mr_row_set_value_at(row, key, 0, value);
}

void mr_row_set_text(struct mr_row *row, int key, struct mr_str value)
{
    if (!role_of(row, key)->count)
        return;
    mr_assert(may_write(row, key));
    if (!value.ptr)
        value = MR_STR("");
    mr_row_put_text(row, symbol_at(row, key, 0), value);
}

void mr_row_set_bytes(struct mr_row *row, int key, struct mr_str value)
{
    struct mr_buf packed = {mr_arena_alloc(row->arena, value.len + 16), 0, value.len + 16};
    const char *own = packed.ptr;
    mr_pack_bytes(&packed, value);
    mr_assert(packed.ptr == own);
    mr_row_set_value(row, key, (struct mr_value){(uint8_t *)packed.ptr, (uint32_t)packed.len});
}

/* Small values are packed on the stack: a scalar takes at most 9 bytes, so the buffer never grows. */
#define SET_PACKED(row, key, pack)                                                             \
    do {                                                                                       \
        char bytes[64];                                                                        \
        struct mr_buf packed = {bytes, 0, sizeof bytes};                                       \
        pack;                                                                                  \
        mr_assert(packed.ptr == bytes);                                                        \
        mr_row_set_value(row, key, (struct mr_value){(uint8_t *)bytes, (uint32_t)packed.len}); \
    } while (0)

void mr_row_set_int(struct mr_row *row, int key, int64_t value)
{
    SET_PACKED(row, key, mr_pack_int(&packed, value));
}

void mr_row_set_real(struct mr_row *row, int key, double value)
{
    if (__builtin_isfinite(value))
        SET_PACKED(row, key, mr_pack_real(&packed, value));
    else
        mr_row_set_null(row, key);
}

void mr_row_set_bool(struct mr_row *row, int key, bool value)
{
    SET_PACKED(row, key, mr_pack_bool(&packed, value));
}

void mr_row_set_null(struct mr_row *row, int key)
{
    SET_PACKED(row, key, mr_pack_null(&packed));
}

void mr_row_remove(struct mr_row *row, int key)
{
    enum mr_access access = work_of(row)->binding->op->keys[key].access;
    mr_assert(access == MR_REMOVE || may_write(row, key));
    for (uint32_t i = 0; i < role_of(row, key)->count; i++)
        mr_row_drop_field(row, symbol_at(row, key, i));
}

void mr_row_rename(struct mr_row *row, int from_key, int to_key)
{
    mr_assert(work_of(row)->binding->op->keys[from_key].access == MR_REMOVE);
    mr_assert(may_write(row, to_key));
    uint32_t from = role_of(row, from_key)->count, to = role_of(row, to_key)->count;
    for (uint32_t i = 0; i < from && i < to; i++) {
        uint16_t old = symbol_at(row, from_key, i);
        if (mr_row_get(row, old).len)
            mr_row_rename_field(row, old, symbol_at(row, to_key, i));
    }
}

void mr_row_keep_bound(struct mr_row *row)
{
    const struct mr_binding *b = work_of(row)->binding;
    uint32_t total = 0;
    for (uint32_t k = 0; k < b->role_count; k++)
        total += b->roles[k].count;
    for (uint32_t f = 0; f < row->count; f++) {
        const struct mr_field *field = &row->fields[f];
        if (!field->value.len)
            continue;
        bool bound = false;
        for (uint32_t i = 0; !bound && i < total; i++)
            bound = field->symbol != UINT16_MAX && b->symbols[i] == field->symbol;
        if (!bound)
            mr_row_drop_at(row, f);
    }
}

struct mr_error *mr_row_leave(struct mr_row *row, int outcome)
{
    struct mr_work *w = row->work;
    mr_assert(w != NULL && outcome >= 0);
    w->outcome = outcome;
    w->measured = false;
    w->note = (struct mr_str){0};
    return NULL;
}

struct mr_error *mr_row_leave_measured(struct mr_row *row, int outcome, double value,
                                       double threshold)
{
    struct mr_work *w = row->work;
    mr_row_leave(row, outcome);
    w->measured = true;
    w->value = value;
    w->threshold = threshold;
    return NULL;
}

struct mr_error *mr_row_leave_noted(struct mr_row *row, int outcome, struct mr_str note)
{
    struct mr_work *w = row->work;
    mr_row_leave(row, outcome);
    w->note = mr_arena_str(row->arena, note);
    return NULL;
}
