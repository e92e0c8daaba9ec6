/* The way of a row for people and for programs. */
#include "runtime/expr/expr.h"
#include "runtime/row/json.h"
#include "stages/look/trace_print.h"

enum { VALUE_SHOWN = 60, CHILDREN_SHOWN = 10 };

/* ---- what a stage changed ---- */

enum change { ADDED, REMOVED, CHANGED };
typedef void (*change_fn)(void *arg, enum change change, struct mr_str key, struct mr_value before,
                          struct mr_value after);

/* Keys that the compiler makes are nobody's. */
static bool is_hidden(struct mr_str key)
{
    return (key.len && key.ptr[0] == '\x01') || mr_str_starts(key, MR_STR("_mr."));
}

static struct mr_value get(struct mr_str map, struct mr_str wanted)
{
    struct mr_walk w;
    struct mr_value key, value;
    mr_walk_begin(&w, (struct mr_value){(const uint8_t *)map.ptr, (uint32_t)map.len});
    while (mr_walk_next(&w, &key) && mr_walk_next(&w, &value))
        if (mr_value_type(key) == MR_TEXT && mr_str_eq(mr_value_text(key), wanted))
            return value;
    return (struct mr_value){0};
}

static bool same(struct mr_value a, struct mr_value b)
{
    return a.len == b.len && memcmp(a.ptr, b.ptr, a.len) == 0;
}

static void one_side(struct mr_str from, struct mr_str other, bool is_before, change_fn fn,
                     void *arg)
{
    struct mr_walk w;
    struct mr_value key, value;
    mr_walk_begin(&w, (struct mr_value){(const uint8_t *)from.ptr, (uint32_t)from.len});
    while (mr_walk_next(&w, &key) && mr_walk_next(&w, &value)) {
        struct mr_str name = mr_value_text(key);
        struct mr_value there = get(other, name);
        if (is_hidden(name))
            continue;
        if (is_before && !there.len)
            fn(arg, REMOVED, name, value, there);
        else if (!is_before && !there.len)
            fn(arg, ADDED, name, there, value);
        else if (!is_before && !same(there, value))
            fn(arg, CHANGED, name, there, value);
    }
}

static void each_change(const struct mr_trace_step *s, change_fn fn, void *arg)
{
    if (!s->before.len || !s->after.len)
        return;
    one_side(s->before, s->after, true, fn, arg);
    one_side(s->after, s->before, false, fn, arg);
}

/* ---- what a condition saw ---- */

static bool takes_conditions(const struct mr_op *op)
{
    for (const struct mr_param *p = op ? op->params : NULL; p && p->name; p++)
        if (p->expr)
            return true;
    return false;
}

/* Left by a condition that compared no two numbers (those the record holds). */
static bool is_condition(const struct mr_trace_step *s)
{
    return s->verdict == MR_TRACE_DROPPED && !s->measured && s->note.len && s->before.len &&
           takes_conditions(s->stage->op);
}

/* Calls fn with each key, and its value before the stage (len 0: missing), of the condition that
 * the row did not meet. */
static void each_seen(const struct mr_trace_step *s,
                      void (*fn)(void *arg, struct mr_str key, struct mr_value value), void *arg)
{
    struct mr_expr *expr;
    if (!is_condition(s))
        return;
    struct mr_arena *arena = mr_arena_create(0);
    struct mr_error *e = mr_expr_compile(s->note, NULL, arena, &expr, NULL);
    for (size_t i = 0; !e && i < mr_expr_key_count(expr); i++)
        fn(arg, mr_expr_key(expr, i)->name, get(s->before, mr_expr_key(expr, i)->name));
    mr_error_free(e);
    mr_arena_destroy(arena);
}

/* ---- JSON ---- */

static void add_value(struct mr_json_out *j, struct mr_value v)
{
    struct mr_buf text = {0};
    mr_json_write_value(v, &text);
    mr_json_raw(j, mr_buf_str(&text));
    mr_buf_finish(&text);
}

static void change_json(void *arg, enum change change, struct mr_str key, struct mr_value before,
                        struct mr_value after)
{
    struct mr_json_out *j = arg;
    (void)change;
    mr_json_begin_object(j);
    mr_json_key(j, "key");
    mr_json_text(j, key);
    if (before.len) {
        mr_json_key(j, "before");
        add_value(j, before);
    }
    if (after.len) {
        mr_json_key(j, "after");
        add_value(j, after);
    }
    mr_json_end_object(j);
}

static void add_id(struct mr_json_out *j, const char *name, const struct mr_id *id)
{
    char hex[MR_ID_HEX_LEN + 1];
    mr_id_hex(id, hex);
    if (name)
        mr_json_key(j, name);
    mr_json_textz(j, hex);
}

/* Counts look like counts. */
static void add_figure(struct mr_json_out *j, const char *name, double figure)
{
    mr_json_key(j, name);
    if (figure > -1e15 && figure < 1e15 && figure == (double)(int64_t)figure)
        mr_json_int(j, (int64_t)figure);
    else
        mr_json_real(j, figure);
}

static void seen_json(void *arg, struct mr_str key, struct mr_value value)
{
    struct mr_json_out *j = arg;
    if (!value.len)
        return;
    mr_json_key_str(j, key);
    add_value(j, value);
}

static void reason_json(struct mr_json_out *j, const struct mr_trace_step *s)
{
    if (s->outcome.len) {
        mr_json_key(j, "outcome");
        mr_json_text(j, s->outcome);
    }
    if (s->measured) {
        add_figure(j, "value", s->value);
        add_figure(j, "threshold", s->threshold);
    }
    if (s->note.len) {
        mr_json_key(j, "note");
        mr_json_text(j, s->note);
    }
    if (is_condition(s)) {
        mr_json_key(j, "seen");
        mr_json_begin_object(j);
        each_seen(s, seen_json, j);
        mr_json_end_object(j);
    }
    if (s->attempt) {
        mr_json_key(j, "attempt");
        mr_json_uint(j, s->attempt);
    }
}

static void step_json(struct mr_json_out *j, const struct mr_trace_step *s, const struct mr_id *id)
{
    mr_json_begin_object(j);
    mr_json_key(j, "stage");
    mr_json_text(j, s->stage->id);
    mr_json_key(j, "use");
    mr_json_text(j, s->stage->use);
    if (!mr_id_eq(&s->id, id))
        add_id(j, "id", &s->id);
    mr_json_key(j, "verdict");
    mr_json_textz(j, mr_trace_verdict_name(s->verdict));
    reason_json(j, s);
    if (s->route.len) {
        mr_json_key(j, "route");
        mr_json_text(j, s->route);
    }
    if (s->retried) {
        mr_json_key(j, "retried");
        mr_json_bool(j, true);
    }
    mr_json_key(j, "made_again");
    mr_json_bool(j, s->made_again);
    if (s->before.len && s->after.len) {
        mr_json_key(j, "changes");
        mr_json_begin_array(j);
        each_change(s, change_json, j);
        mr_json_end_array(j);
    }
    if (s->child_count) {
        mr_json_key(j, "children");
        mr_json_begin_array(j);
        for (size_t i = 0; i < s->child_count; i++)
            add_id(j, NULL, &s->children[i]);
        mr_json_end_array(j);
    }
    mr_json_end_object(j);
}

static bool has_parent(const struct mr_trace *t)
{
    static const struct mr_id none;
    return !mr_id_eq(&t->head.parent, &none);
}

/* The stage that let the row go, for programs that ask for nothing else; NULL: none did. */
static const struct mr_trace_step *left_at(const struct mr_trace *t)
{
    for (size_t i = t->count; i > 0; i--) {
        const struct mr_trace_step *s = &t->steps[i - 1];
        if (s->verdict == MR_TRACE_DROPPED || s->verdict == MR_TRACE_REJECTED)
            return s;
    }
    return NULL;
}

void mr_trace_json(const struct mr_trace *t, const struct mr_id *id, struct mr_json_out *j)
{
    const struct mr_place *p = &t->head.place;
    const struct mr_trace_step *left = left_at(t);
    mr_json_begin_object(j);
    add_id(j, "id", id);
    if (has_parent(t))
        add_id(j, "parent", &t->head.parent);
    mr_json_key(j, "place");
    mr_json_begin_object(j);
    add_figure(j, "source", p->source);
    add_figure(j, "file", p->file);
    add_figure(j, "record", p->record);
    mr_json_end_object(j);
    if (t->file.len) {
        mr_json_key(j, "path");
        mr_json_text(j, t->file);
    }
    if (left) {
        mr_json_key(j, "left");
        mr_json_begin_object(j);
        mr_json_key(j, "stage");
        mr_json_text(j, left->stage->id);
        mr_json_key(j, "verdict");
        mr_json_textz(j, mr_trace_verdict_name(left->verdict));
        reason_json(j, left);
        mr_json_end_object(j);
    }
    mr_json_key(j, "way");
    mr_json_begin_array(j);
    for (size_t i = 0; i < t->count; i++)
        step_json(j, &t->steps[i], id);
    mr_json_end_array(j);
    mr_json_end_object(j);
}

/* ---- text ---- */

static size_t at_code_point(const struct mr_buf *text, size_t at)
{
    while (at && at < text->len && ((unsigned char)text->ptr[at] & 0xc0) == 0x80)
        at--;
    return at < text->len ? at : text->len;
}

/* A part of a long value, from a byte on. */
static void add_part(struct mr_buf *out, const struct mr_buf *text, size_t from)
{
    size_t begin = text->len > VALUE_SHOWN ? at_code_point(text, from) : 0;
    size_t end = at_code_point(text, begin + VALUE_SHOWN);
    if (begin)
        mr_buf_addz(out, "…");
    mr_buf_add(out, text->ptr + begin, end - begin);
    if (end < text->len)
        mr_buf_addz(out, "…");
    if (begin || end < text->len)
        mr_buf_printf(out, " (%zu bytes)", text->len);
}

static void add_short(struct mr_buf *out, struct mr_value v)
{
    struct mr_buf text = {0};
    mr_json_write_value(v, &text);
    add_part(out, &text, 0);
    mr_buf_finish(&text);
}

/* Both from a little before the place where they part, so that the change is seen. */
static void add_both(struct mr_buf *out, struct mr_value before, struct mr_value after)
{
    struct mr_buf a = {0}, b = {0};
    size_t same = 0;
    mr_json_write_value(before, &a);
    mr_json_write_value(after, &b);
    while (same < a.len && same < b.len && a.ptr[same] == b.ptr[same])
        same++;
    size_t from = same > VALUE_SHOWN / 2 ? same - VALUE_SHOWN / 3 : 0;
    add_part(out, &a, from);
    mr_buf_addz(out, " → ");
    add_part(out, &b, from);
    mr_buf_finish(&a);
    mr_buf_finish(&b);
}

static void change_text(void *arg, enum change change, struct mr_str key, struct mr_value before,
                        struct mr_value after)
{
    struct mr_buf *out = arg;
    mr_buf_printf(out, "      %c ", "+-~"[change]);
    mr_buf_add_json(out, key);
    mr_buf_addz(out, ": ");
    if (change == CHANGED)
        add_both(out, before, after);
    else
        add_short(out, before.len ? before : after);
    mr_buf_addc(out, '\n');
}

static void add_number(struct mr_buf *out, double figure)
{
    if (figure > -1e15 && figure < 1e15 && figure == (double)(int64_t)figure)
        mr_buf_printf(out, "%lld", (long long)figure);
    else
        mr_buf_add_real(out, figure);
}

static void seen_text(void *arg, struct mr_str key, struct mr_value value)
{
    struct mr_buf *out = arg;
    mr_buf_printf(out, "; %.*s is ", MR_FMT(key));
    if (value.len)
        add_short(out, value);
    else
        mr_buf_addz(out, "missing");
}

static void reason_text(struct mr_buf *out, const struct mr_trace_step *s)
{
    if (s->outcome.len)
        mr_buf_printf(out, ": %.*s", MR_FMT(s->outcome));
    if (s->measured) {
        mr_buf_addz(out, ", value ");
        add_number(out, s->value);
        mr_buf_addz(out, ", threshold ");
        add_number(out, s->threshold);
    }
    if (s->note.len) {
        mr_buf_printf(out, " (%.*s", MR_FMT(s->note));
        each_seen(s, seen_text, out);
        mr_buf_addc(out, ')');
    }
    if (s->route.len)
        mr_buf_printf(out, " by route %.*s", MR_FMT(s->route));
    if (s->attempt > 1)
        mr_buf_printf(out, ", attempt %u", s->attempt);
    if (s->retried)
        mr_buf_addz(out, ", tried again");
}

static void step_text(struct mr_buf *out, const struct mr_trace_step *s, const struct mr_id *id,
                      int width)
{
    static const char *const words[] = {
        "read",
        "made here",
        "forwarded",
        "written",
        "dropped",
        "rejected",
        "expanded",
        "absorbed",
        "not there yet: the run is not over",
        "went on, but what became of it is no longer kept",
    };
    char hex[MR_ID_HEX_LEN + 1];
    mr_buf_printf(out, "  %-*.*s %s", width, MR_FMT(s->stage->id), words[s->verdict]);
    reason_text(out, s);
    if (!mr_id_eq(&s->id, id)) {
        mr_id_hex(&s->id, hex);
        mr_buf_printf(out, " as %s", hex);
    }
    if (s->child_count)
        mr_buf_printf(out, " into %zu row%s", s->child_count, s->child_count == 1 ? "" : "s");
    if (s->made_again)
        mr_buf_addz(out, " [run again]");
    mr_buf_addc(out, '\n');
    each_change(s, change_text, out);
    for (size_t i = 0; i < s->child_count && i < CHILDREN_SHOWN; i++) {
        mr_id_hex(&s->children[i], hex);
        mr_buf_printf(out, "      child %s\n", hex);
    }
    if (s->child_count > CHILDREN_SHOWN)
        mr_buf_printf(out, "      … and %zu more\n", s->child_count - CHILDREN_SHOWN);
}

void mr_trace_text(const struct mr_trace *t, const struct mr_id *id, struct mr_buf *out)
{
    const struct mr_place *p = &t->head.place;
    char hex[MR_ID_HEX_LEN + 1];
    mr_id_hex(id, hex);
    mr_buf_printf(out, "row %s\n", hex);
    if (p->source == UINT16_MAX)
        mr_buf_addz(out, "  made by a stage, of no record of a source\n");
    else if (t->file.len)
        mr_buf_printf(out, "  record %u of \"%.*s\" (records count from 1)\n", p->record + 1,
                      MR_FMT(t->file));
    else
        mr_buf_printf(out,
                      "  record %u of file %u of source %u (records count from 1, files from 0 "
                      "by sorted path; its path is not kept or the file is gone)\n",
                      p->record + 1, p->file, p->source);
    if (has_parent(t)) {
        mr_id_hex(&t->head.parent, hex);
        mr_buf_printf(out, "  child of %s\n", hex);
    }
    int width = 16;
    for (size_t i = 0; i < t->count; i++)
        if ((int)t->steps[i].stage->id.len > width)
            width = (int)t->steps[i].stage->id.len;
    for (size_t i = 0; i < t->count; i++)
        step_text(out, &t->steps[i], id, width);
}
