/* Functions of texts. Places and counts are code points. */
#include "runtime/expr/expr_private.h"

#include "runtime/row/json.h"
#include "runtime/text/chars.h"
#include "runtime/text/words.h"

static void set_bool(struct x_value *out, bool b)
{
    *out = (struct x_value){.kind = X_BOOL, .b = b};
}

static void set_text(struct x_value *out, const char *ptr, size_t len)
{
    *out = (struct x_value){.kind = X_TEXT, .s = mr_str_span(ptr, len)};
}

X_FN(starts_with)
{
    (void)run, (void)count;
    set_bool(out, mr_str_starts(a->s, a[1].s));
}

X_FN(ends_with)
{
    (void)run, (void)count;
    set_bool(out, mr_str_ends(a->s, a[1].s));
}

X_FN(trim)
{
    (void)run, (void)count;
    struct mr_str s = mr_text_strip(a->s);
    set_text(out, s.ptr, s.len);
}

X_FN(words)
{
    (void)run, (void)count;
    struct mr_str word;
    int64_t words = 0;
    for (size_t at = 0; mr_word_next(a->s, &at, &word);)
        words++;
    *out = (struct x_value){.kind = X_INT, .i = words};
}

X_FN(lower)
{
    (void)count;
    run->work.len = 0;
    mr_text_lower(a->s, &run->work);
    mr_expr__make_text(run, mr_buf_str(&run->work), out);
}

X_FN(upper)
{
    (void)count;
    run->work.len = 0;
    mr_text_upper(a->s, &run->work);
    mr_expr__make_text(run, mr_buf_str(&run->work), out);
}

X_FN(substr)
{
    if (a[1].kind != X_INT || (count > 2 && a[2].kind != X_INT)) {
        mr_expr__fail(run, MR_EXPR_NUMBER, "the place is out of range");
        return;
    }
    struct mr_str s = a->s;
    int64_t from = a[1].i;
    if (from < 0) {
        int64_t length = (int64_t)mr_text_length(s);
        from = from + length < 0 ? 0 : from + length;
    }
    size_t begin = (size_t)from > s.len ? s.len : mr_text_offset(s, (size_t)from),
           len = s.len - begin;
    if (count > 2) {
        size_t wanted = a[2].i < 0 ? 0 : (size_t)a[2].i;
        if (wanted < len)
            len = mr_text_offset(mr_str_span(s.ptr + begin, len), wanted);
    }
    set_text(out, s.ptr + begin, len);
}

X_FN(replace)
{
    (void)count;
    struct mr_str s = a->s, old = a[1].s, new = a[2].s;
    size_t found = 0, at;
    for (at = 0; old.len && (at = mr_str_find(s, old, at)) != SIZE_MAX; at += old.len)
        found++;
    if (!found) {
        *out = *a;
        return;
    }
    size_t kept = s.len - found * old.len;
    if (new.len && found > MR_EXPR_MADE_MAX / new.len) {
        mr_expr__fail(run, MR_EXPR_TOO_LARGE, "the text would become too long");
        return;
    }
    char *to = mr_expr__make(run, kept + found * new.len), *begin = to;
    if (!to)
        return;
    for (at = 0; found > 0; found--) {
        size_t next = mr_str_find(s, old, at);
        memcpy(to, s.ptr + at, next - at);
        to += next - at;
        if (new.len)
            memcpy(to, new.ptr, new.len);
        to += new.len;
        at = next + old.len;
    }
    memcpy(to, s.ptr + at, s.len - at);
    set_text(out, begin, (size_t)(to - begin) + s.len - at);
}

X_FN(split)
{
    struct mr_str s = a->s, word;
    uint32_t parts = 0;
    size_t at = 0, next;
    struct mr_str sep = count > 1 ? a[1].s : (struct mr_str){0};
    if (count > 1 && !sep.len) {
        mr_expr__fail(run, MR_EXPR_VALUE, "a text cannot be split at nothing");
        return;
    }
    run->work.len = 0;
    if (!sep.len)
        while (mr_word_next(s, &at, &word))
            parts++;
    else
        for (parts = 1; (at = mr_str_find(s, sep, at)) != SIZE_MAX; at += sep.len)
            parts++;
    mr_pack_list(&run->work, parts);
    for (at = 0; parts > 0; parts--) {
        if (!sep.len) {
            mr_word_next(s, &at, &word);
        } else {
            next = parts > 1 ? mr_str_find(s, sep, at) : s.len;
            word = mr_str_span(s.ptr + at, next - at);
            at = next + sep.len;
        }
        mr_pack_text(&run->work, word);
    }
    mr_expr__make_packed(run, mr_buf_str(&run->work), out);
}

/* A text as it is, the rest as JSON. */
static void add_text(const struct x_value *v, struct mr_buf *packed, struct mr_buf *out)
{
    if (v->kind == X_TEXT) {
        mr_buf_adds(out, v->s);
        return;
    }
    packed->len = 0;
    mr_expr__pack(v, packed);
    mr_json_write_value((struct mr_value){(const uint8_t *)packed->ptr, (uint32_t)packed->len},
                        out);
}

X_FN(str)
{
    (void)count;
    if (a->kind == X_TEXT) {
        *out = *a;
        return;
    }
    run->work.len = 0;
    add_text(a, &run->result, &run->work);
    mr_expr__make_text(run, mr_buf_str(&run->work), out);
}

X_FN(to_json)
{
    (void)count;
    run->work.len = run->result.len = 0;
    mr_expr__pack(a, &run->result);
    mr_json_write_value(
        (struct mr_value){(const uint8_t *)run->result.ptr, (uint32_t)run->result.len}, &run->work);
    mr_expr__make_text(run, mr_buf_str(&run->work), out);
}

X_FN(from_json)
{
    if (!run->json)
        run->json = mr_json_reader_create();
    run->work.len = 0;
    struct mr_error *e = mr_json_read_value(run->json, a->s, MR_UTF8_REJECT, &run->work);
    if (!e)
        mr_expr__make_packed(run, mr_buf_str(&run->work), out);
    else if (count > 1)
        *out = a[1];
    else
        mr_expr__fail(run, MR_EXPR_VALUE, "%s", mr_error_message(e));
    mr_error_free(e);
}

X_FN(concat)
{
    run->work.len = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (!X_IS_NULL(&a[i]))
            add_text(&a[i], &run->result, &run->work);
        if (run->work.len > MR_EXPR_MADE_MAX) {
            mr_expr__fail(run, MR_EXPR_TOO_LARGE, "the text would become too long");
            return;
        }
    }
    mr_expr__make_text(run, mr_buf_str(&run->work), out);
}

X_FN(join)
{
    (void)count;
    struct mr_walk walk;
    struct mr_value item;
    bool first = true;
    run->work.len = 0;
    mr_walk_begin(&walk, mr_expr__msgpack(a));
    while (mr_walk_next(&walk, &item)) {
        struct x_value v;
        mr_expr__load(item, &v);
        if (X_IS_NULL(&v))
            continue;
        if (!first)
            mr_buf_adds(&run->work, a[1].s);
        first = false;
        add_text(&v, &run->result, &run->work);
        if (run->work.len > MR_EXPR_MADE_MAX) {
            mr_expr__fail(run, MR_EXPR_TOO_LARGE, "the text would become too long");
            return;
        }
    }
    mr_expr__make_text(run, mr_buf_str(&run->work), out);
}

X_FN(extract)
{
    struct mr_str found = {0};
    const struct mr_pattern *pattern = run->at->pattern;
    int64_t group = count > 2 && a[2].kind == X_INT ? a[2].i : count > 2 ? -1 : 0;
    if (group < 0 || group > mr_pattern_groups(pattern)) {
        mr_expr__fail(run, MR_EXPR_VALUE, "the regular expression has %u groups",
                      mr_pattern_groups(pattern));
        return;
    }
    enum mr_match match = mr_pattern_find(pattern, run->match, a->s, (uint32_t)group, &found);
    if (match == MR_MATCH_GAVE_UP)
        mr_expr__fail(run, MR_EXPR_VALUE,
                      "the regular expression takes too many steps on this text");
    else if (match == MR_MATCH_YES && found.ptr)
        set_text(out, found.ptr, found.len);
}
