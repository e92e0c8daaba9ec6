/* rows.cast - change the type of values. */
#include "runtime/op/op.h"

#include <math.h>

#include "runtime/row/json.h"

struct params {
    int type;
};
enum { KEYS };
enum { TO_BOOL, TO_INT, TO_REAL, TO_TEXT }; /* order of the choices */
enum { NOT_CASTABLE };

static const struct mr_param param_table[] = {
    {MR_FIELD(struct params, type), .choices = "bool|int|real|text",
     .doc = "Type that the values get."},
    {0}};
static const struct mr_key key_table[] = {
    [KEYS] = {.name = "input_keys", .access = MR_CHANGE, .types = MR_ANY, .nullable = true,
              .many = true, .aliases = "input_key", .type_param = "type",
              .doc = "Keys to be cast; null stays null."},
    {0}};
static const struct mr_outcome outcome_table[] = {
    [NOT_CASTABLE] = {"not_castable", MR_REJECT, "A value has no form in the wanted type."}, {0}};

static bool text_to_bool(struct mr_str text, bool *out)
{
    *out = mr_str_is(text, "true") || mr_str_is(text, "yes") || mr_str_is(text, "1");
    return *out || mr_str_is(text, "false") || mr_str_is(text, "no") || mr_str_is(text, "0");
}

static bool cast_to_bool(struct mr_value v, struct mr_buf *out)
{
    bool b;
    int64_t number;
    switch (mr_value_type(v)) {
    case MR_TEXT:
        if (!text_to_bool(mr_str_trim(mr_value_text(v)), &b))
            return false;
        break;
    case MR_INT:
        if (!mr_value_int(v, &number) || (number != 0 && number != 1))
            return false;
        b = number == 1;
        break;
    default:
        return false;
    }
    mr_pack_bool(out, b);
    return true;
}

static bool cast_to_int(struct mr_value v, struct mr_buf *out)
{
    int64_t number;
    uint64_t big;
    double real;
    switch (mr_value_type(v)) {
    case MR_BOOL:
        mr_pack_int(out, mr_value_bool(v));
        return true;
    case MR_REAL:
        real = mr_value_real(v);
        if (real != floor(real) || fabs(real) >= 9007199254740992.0)
            return false; /* not whole, or beyond what a double holds exactly */
        mr_pack_int(out, (int64_t)real);
        return true;
    case MR_TEXT:
        if (mr_str_to_int(mr_str_trim(mr_value_text(v)), &number))
            mr_pack_int(out, number);
        else if (mr_str_to_uint(mr_str_trim(mr_value_text(v)), &big))
            mr_pack_uint(out, big);
        else
            return false;
        return true;
    default:
        return false;
    }
}

static bool cast_to_real(struct mr_value v, struct mr_buf *out)
{
    double real;
    switch (mr_value_type(v)) {
    case MR_BOOL:
        mr_pack_real(out, mr_value_bool(v));
        return true;
    case MR_INT:
        mr_pack_real(out, mr_value_real(v));
        return true;
    case MR_TEXT:
        if (!mr_str_to_real(mr_str_trim(mr_value_text(v)), &real) || !isfinite(real))
            return false;
        mr_pack_real(out, real);
        return true;
    default:
        return false;
    }
}

/* Numbers, booleans, lists and maps become their JSON text. */
static bool cast_to_text(struct mr_value v, struct mr_buf *out, struct mr_buf *scratch)
{
    if (mr_value_type(v) == MR_BYTES) {
        if (!mr_utf8_valid(mr_value_text(v)))
            return false;
        mr_pack_text(out, mr_value_text(v));
        return true;
    }
    mr_json_write_value(v, scratch);
    mr_pack_text(out, mr_buf_str(scratch));
    return true;
}

/* "KEY is VALUE", of a long value the beginning. */
static struct mr_error *reject(struct mr_row *row, uint32_t i, struct mr_value v)
{
    enum { SHOWN = 80 };
    struct mr_buf note = {0};
    mr_buf_printf(&note, "%.*s is ", MR_FMT(mr_row_name_at(row, KEYS, i)));
    size_t end = note.len + SHOWN;
    mr_json_write_value(v, &note);
    if (note.len > end) {
        while ((note.ptr[end] & 0xc0) == 0x80)
            end--;
        note.len = end;
        mr_buf_addz(&note, "…");
    }
    mr_row_leave_noted(row, NOT_CASTABLE, mr_buf_str(&note));
    mr_buf_finish(&note);
    return NULL;
}

static struct mr_error *process(struct mr_ctx *ctx, struct mr_row *row)
{
    static const enum mr_type wanted[] = {MR_BOOL, MR_INT, MR_REAL, MR_TEXT};
    const struct params *p = mr_params(ctx);
    for (uint32_t i = 0; i < mr_row_many(row, KEYS); i++) {
        struct mr_value v = mr_row_value_at(row, KEYS, i);
        if (!v.len || mr_value_type(v) == MR_NULL || mr_value_type(v) == wanted[p->type])
            continue;
        struct mr_buf packed = {0}, text = {0};
        bool ok = p->type == TO_BOOL   ? cast_to_bool(v, &packed)
                  : p->type == TO_INT  ? cast_to_int(v, &packed)
                  : p->type == TO_REAL ? cast_to_real(v, &packed)
                                       : cast_to_text(v, &packed, &text);
        if (ok)
            mr_row_set_value_at(row, KEYS, i,
                                (struct mr_value){(uint8_t *)packed.ptr, (uint32_t)packed.len});
        mr_buf_finish(&packed);
        mr_buf_finish(&text);
        if (!ok)
            return reject(row, i, v);
    }
    return NULL;
}

static const struct mr_example example_table[] = {
    {.set = "type=int", .keys = "input_keys=n",
     .in = "{\"n\":\"12\"}\n{\"n\":3.0}\n{\"n\":\"x\"}\n{\"n\":null}",
     .out = "{\"n\":12}\n{\"n\":3}\n{\"n\":\"x\",\"_outcome\":\"not_castable\"}\n{\"n\":null}"},
    {0}};
const struct mr_op mr_op_rows_cast = {
    .name = "rows.cast", .category = MR_CAT_SHAPE, .scope = MR_PER_ROW,
    .doc = "Changes the type of values, without losing anything of them.",
    .notes = "A number becomes an integer only when it is whole; texts true, yes, 1, false, no and 0 "
             "become booleans; lists and maps become JSON text.",
    .params_size = sizeof(struct params), .params = param_table, .keys = key_table,
    .outcomes = outcome_table, .examples = example_table, .process = process,
};
