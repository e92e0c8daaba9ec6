/* Parameters: parsing, range checks, filling a struct, and the way back to text. */
#include "runtime/op/param.h"

#include <math.h>
#include <stdlib.h>

#include "runtime/op/op_private.h"
#include "runtime/row/json.h"

bool mr_op__next_word(const char **list, struct mr_str *word)
{
    const char *at = *list;
    if (!at)
        return false;
    at += strspn(at, " ");
    size_t len = strcspn(at, " ");
    *word = mr_str_span(at, len);
    *list = at + len;
    return len > 0;
}

bool mr_op__has_word(const char *list, struct mr_str word)
{
    struct mr_str w;
    while (mr_op__next_word(&list, &w))
        if (mr_str_eq(w, word))
            return true;
    return false;
}

size_t mr_op__choice_count(const char *choices)
{
    if (!choices || !*choices)
        return 0;
    size_t count = 1;
    for (const char *at = choices; *at; at++)
        count += *at == '|';
    return count;
}

struct mr_str mr_op__choice(const char *choices, size_t i)
{
    const char *at = choices ? choices : "";
    for (; i && *at; i--) {
        at += strcspn(at, "|");
        at += *at == '|';
    }
    return mr_str_span(at, strcspn(at, "|"));
}

const struct mr_param *mr_param_find(const struct mr_param *table, struct mr_str name)
{
    for (const struct mr_param *p = table; p && p->name; p++)
        if (mr_str_is(name, p->name) || mr_op__has_word(p->aliases, name))
            return p;
    return NULL;
}

static void add_range(const struct mr_param *p, const char *one, const char *many,
                      struct mr_buf *out)
{
    mr_buf_addz(out, one);
    if (p->min && p->max)
        mr_buf_printf(out, " from %s to %s%s", p->min, p->max, many);
    else if (p->min)
        mr_buf_printf(out, " of at least %s%s", p->min, many);
    else if (p->max)
        mr_buf_printf(out, " of at most %s%s", p->max, many);
}

void mr_param_expected(const struct mr_param *p, struct mr_buf *out)
{
    size_t choices;
    switch (p->type) {
    case MR_P_BOOL:
        mr_buf_addz(out, "yes or no");
        break;
    case MR_P_INT:
        add_range(p, "an integer", "", out);
        break;
    case MR_P_REAL:
        add_range(p, "a number", "", out);
        break;
    case MR_P_TEXT:
        mr_buf_addz(out, p->expr ? "an expression" : "a text");
        break;
    case MR_P_TEXTS:
        add_range(p, p->expr ? "an expression, or a list of expressions" : "a list of texts",
                  " items", out);
        break;
    case MR_P_CHOICE:
        choices = mr_op__choice_count(p->choices);
        mr_buf_addz(out, choices > 1 ? "one of " : "");
        for (size_t i = 0; i < choices; i++) {
            mr_buf_addz(out, i ? ", " : "");
            mr_buf_adds(out, mr_op__choice(p->choices, i));
        }
        break;
    }
    if (p->nullable)
        mr_buf_addz(out, ", or null");
}

/* Refuses a value, saying what would have been taken. */
static struct mr_error *refuse(const struct mr_param *p, struct mr_str value, bool null)
{
    struct mr_buf expected = {0};
    mr_param_expected(p, &expected);
    struct mr_error *e;
    if (null)
        e = mr_error(MR_PARAM_INVALID, "parameter \"%s\" is null; expected %s", p->name,
                     mr_buf_text(&expected));
    else
        e = mr_error(MR_PARAM_INVALID, "parameter \"%s\" is \"%.*s\"; expected %s", p->name,
                     (int)(value.len < 80 ? value.len : 80), value.ptr ? value.ptr : "",
                     mr_buf_text(&expected));
    mr_buf_finish(&expected);
    return e;
}

static bool within(const struct mr_param *p, double value)
{
    double bound;
    if (p->min && mr_str_to_real(mr_str_of(p->min), &bound) && value < bound)
        return false;
    return !(p->max && mr_str_to_real(mr_str_of(p->max), &bound) && value > bound);
}

static bool int_within(const struct mr_param *p, int64_t value)
{
    int64_t bound;
    if (p->min && mr_str_to_int(mr_str_of(p->min), &bound) && value < bound)
        return false;
    return !(p->max && mr_str_to_int(mr_str_of(p->max), &bound) && value > bound);
}

static bool parse_bool(struct mr_str value, bool *out)
{
    *out = mr_str_is(value, "yes") || mr_str_is(value, "true");
    return *out || mr_str_is(value, "no") || mr_str_is(value, "false");
}

/* A JSON array of texts; a value that does not begin with a bracket is a list of that one text. */
static bool parse_texts(struct mr_str value, struct mr_arena *arena, struct mr_strs *out)
{
    if (!value.len || *value.ptr != '[') {
        struct mr_str *one = mr_arena_alloc(arena, sizeof *one);
        *one = mr_arena_str(arena, value);
        *out = (struct mr_strs){one, 1};
        return true;
    }
    struct mr_json_reader *reader = mr_json_reader_create();
    struct mr_buf packed = {0};
    struct mr_error *e = mr_json_read_value(reader, value, MR_UTF8_REJECT, &packed);
    bool ok = !e;
    mr_error_free(e);
    if (ok) {
        struct mr_value list = {(const uint8_t *)packed.ptr, (uint32_t)packed.len}, item;
        struct mr_str *items = mr_arena_alloc(arena, (mr_value_count(list) + 1) * sizeof *items);
        struct mr_walk walk;
        size_t count = 0;
        mr_walk_begin(&walk, list);
        while (ok && mr_walk_next(&walk, &item)) {
            ok = mr_value_type(item) == MR_TEXT;
            if (ok)
                items[count++] = mr_arena_str(arena, mr_value_text(item));
        }
        *out = (struct mr_strs){items, count};
    }
    mr_buf_finish(&packed);
    mr_json_reader_destroy(reader);
    return ok;
}

static bool parse_choice(const struct mr_param *p, struct mr_str value, int *out)
{
    size_t count = mr_op__choice_count(p->choices);
    for (size_t i = 0; i < count; i++)
        if (mr_str_eq(mr_op__choice(p->choices, i), value)) {
            *out = (int)i;
            return true;
        }
    return false;
}

static void store_null(const struct mr_param *p, void *field)
{
    switch (p->type) {
    case MR_P_BOOL:
        *(bool *)field = false;
        break;
    case MR_P_INT:
        *(int64_t *)field = MR_INT_NONE;
        break;
    case MR_P_REAL:
        *(double *)field = NAN;
        break;
    case MR_P_TEXT:
        *(struct mr_str *)field = (struct mr_str){0};
        break;
    case MR_P_TEXTS:
        *(struct mr_strs *)field = (struct mr_strs){0};
        break;
    case MR_P_CHOICE:
        *(int *)field = -1;
        break;
    }
}

struct mr_error *mr_param_parse(const struct mr_param *p, struct mr_str value, bool null,
                                struct mr_arena *arena, void *target)
{
    void *field = (char *)target + p->offset;
    bool ok = false;
    if (null) {
        if (!p->nullable)
            return refuse(p, value, true);
        store_null(p, field);
        return NULL;
    }
    switch (p->type) {
    case MR_P_BOOL:
        ok = parse_bool(value, field);
        break;
    case MR_P_INT: {
        int64_t *number = field;
        ok = mr_str_to_int(value, number) && *number != MR_INT_NONE && int_within(p, *number);
        break;
    }
    case MR_P_REAL: {
        double *number = field;
        ok = mr_str_to_real(value, number) && isfinite(*number) && within(p, *number);
        break;
    }
    case MR_P_TEXT:
        *(struct mr_str *)field = mr_arena_str(arena, value);
        ok = mr_utf8_valid(value);
        break;
    case MR_P_TEXTS: {
        struct mr_strs *list = field;
        ok = parse_texts(value, arena, list) && int_within(p, (int64_t)list->count);
        break;
    }
    case MR_P_CHOICE:
        ok = parse_choice(p, value, field);
        break;
    }
    return ok ? NULL : refuse(p, value, false);
}

static struct mr_error *unknown(const struct mr_param *table, struct mr_str name)
{
    const char *near = NULL;
    size_t best = 3;
    for (const struct mr_param *p = table; p && p->name; p++) {
        size_t distance = mr_str_distance(name, mr_str_of(p->name), 2);
        if (distance < best) {
            best = distance;
            near = p->name;
        }
    }
    struct mr_error *e = mr_error(MR_PARAM_INVALID, "there is no parameter \"%.*s\"", MR_FMT(name));
    return near ? mr_error_remedy(e, "Did you mean \"%s\"?", near) : e;
}

struct mr_error *mr_params_fill(const struct mr_param *table, const struct mr_setting *settings,
                                size_t count, struct mr_arena *arena, void *target)
{
    for (size_t i = 0; i < count; i++)
        if (!mr_param_find(table, settings[i].name))
            return unknown(table, settings[i].name);
    for (const struct mr_param *p = table; p && p->name; p++) {
        const struct mr_setting *given = NULL;
        for (size_t i = 0; i < count; i++)
            if (mr_param_find(table, settings[i].name) == p) {
                if (given)
                    return mr_error(MR_PARAM_INVALID, "parameter \"%s\" is given twice", p->name);
                given = &settings[i];
            }
        if (given) {
            MR_TRY(mr_param_parse(p, given->value, given->null, arena, target));
        } else if (p->def) {
            bool null = p->nullable && strcmp(p->def, "null") == 0;
            MR_TRY(mr_param_parse(p, mr_str_of(p->def), null, arena, target));
        } else if (p->nullable) {
            store_null(p, (char *)target + p->offset);
        } else {
            struct mr_buf expected = {0};
            mr_param_expected(p, &expected);
            struct mr_error *e =
                mr_error(MR_PARAM_INVALID, "parameter \"%s\" is missing; expected %s", p->name,
                         mr_buf_text(&expected));
            mr_buf_finish(&expected);
            return e;
        }
    }
    return NULL;
}

static void format_texts(const struct mr_strs *list, struct mr_buf *out)
{
    mr_buf_addc(out, '[');
    for (size_t i = 0; i < list->count; i++) {
        mr_buf_addz(out, i ? ", " : "");
        mr_buf_add_json(out, list->items[i]);
    }
    mr_buf_addc(out, ']');
}

void mr_param_format(const struct mr_param *p, const void *target, struct mr_buf *out, bool *null)
{
    const void *field = (const char *)target + p->offset;
    *null = false;
    switch (p->type) {
    case MR_P_BOOL:
        mr_buf_addz(out, *(const bool *)field ? "yes" : "no");
        break;
    case MR_P_INT:
        *null = *(const int64_t *)field == MR_INT_NONE;
        if (!*null)
            mr_buf_printf(out, "%lld", (long long)*(const int64_t *)field);
        break;
    case MR_P_REAL:
        *null = isnan(*(const double *)field);
        if (!*null)
            mr_buf_add_real(out, *(const double *)field);
        break;
    case MR_P_TEXT:
        *null = !((const struct mr_str *)field)->ptr;
        mr_buf_adds(out, *(const struct mr_str *)field);
        break;
    case MR_P_TEXTS:
        *null = !((const struct mr_strs *)field)->items;
        if (!*null)
            format_texts(field, out);
        break;
    case MR_P_CHOICE:
        *null = *(const int *)field < 0;
        if (!*null)
            mr_buf_adds(out, mr_op__choice(p->choices, (size_t) * (const int *)field));
        break;
    }
}
