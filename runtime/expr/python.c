/* Conditions written as Python functions (`lambda df: df["score"] > 3`), as the reference's
 * filters take them: they cannot be run, but the simple ones can be shown as expressions. */
#include "runtime/expr/expr_private.h"

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* Moves over `lambda NAME:`; the name. */
static bool take_head(struct mr_str *text, struct mr_str *name)
{
    *text = mr_str_trim(*text);
    if (!mr_str_starts(*text, MR_STR("lambda ")))
        return false;
    size_t colon = mr_str_find(*text, MR_STR(":"), 0);
    if (colon == SIZE_MAX)
        return false;
    *name = mr_str_trim(mr_str_span(text->ptr + 7, colon - 7));
    text->ptr += colon + 1;
    text->len -= colon + 1;
    for (size_t i = 0; i < name->len; i++)
        if (!is_name_char(name->ptr[i]))
            return false;
    return name->len > 0;
}

/* NAME["key"], NAME['key'], NAME.get("key") at the front: the bytes it takes, 0 for none. */
static size_t key_at(struct mr_str text, struct mr_str name, struct mr_str *key)
{
    static const char *const opens[] = {"[\"", "['", ".get(\"", ".get('"};
    if (!mr_str_starts(text, name))
        return 0;
    for (size_t i = 0; i < 4; i++) {
        struct mr_str rest = mr_str_span(text.ptr + name.len, text.len - name.len);
        struct mr_str open = mr_str_of(opens[i]);
        if (!mr_str_starts(rest, open))
            continue;
        char close[3] = {open.ptr[open.len - 1], i < 2 ? ']' : ')', 0};
        size_t end = mr_str_find(rest, mr_str_of(close), open.len);
        if (end == SIZE_MAX)
            return 0;
        *key = mr_str_span(rest.ptr + open.len, end - open.len);
        return name.len + end + 2;
    }
    return 0;
}

static void add_key(struct mr_buf *out, struct mr_str key)
{
    bool plain = key.len && !(key.ptr[0] >= '0' && key.ptr[0] <= '9');
    for (size_t i = 0; i < key.len; i++)
        plain = plain && is_name_char(key.ptr[i]);
    mr_buf_printf(out, plain ? "%.*s" : "`%.*s`", MR_FMT(key));
}

/* Methods of columns that come after a key; the word put behind or around it. */
static size_t method_at(struct mr_str text, struct mr_buf *out, size_t key_start)
{
    static const struct {
        const char *method, *before, *after;
    } table[] = {
        {".notna()", "", " is not null"},
        {".notnull()", "", " is not null"},
        {".isna()", "", " is null"},
        {".isnull()", "", " is null"},
        {".str.len()", "len(", ")"},
        {".str.strip()", "trim(", ")"},
        {".str.lower()", "lower(", ")"},
        {".isin(", "", " in ("},
        {".str.startswith(", "starts_with(", ", "},
        {".str.endswith(", "ends_with(", ", "},
        {".str.contains(", "contains(", ", "},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (!mr_str_starts(text, mr_str_of(table[i].method)))
            continue;
        struct mr_buf key = {0};
        mr_buf_add(&key, out->ptr + key_start, out->len - key_start);
        out->len = key_start;
        mr_buf_printf(out, "%s%.*s%s", table[i].before, MR_FMT(mr_buf_str(&key)), table[i].after);
        mr_buf_finish(&key);
        return strlen(table[i].method);
    }
    return 0;
}

static size_t sign_at(struct mr_str text, struct mr_buf *out)
{
    static const char *const signs[][2] = {{" & ", " and "}, {" | ", " or "},    {"~", "not "},
                                           {"True", "true"}, {"False", "false"}, {"None", "null"}};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (mr_str_starts(text, mr_str_of(signs[i][0]))) {
            mr_buf_addz(out, signs[i][1]);
            return strlen(signs[i][0]);
        }
    return 0;
}

static void translate(struct mr_str text, struct mr_str name, struct mr_buf *out)
{
    while (text.len) {
        struct mr_str key;
        size_t start = out->len, taken = key_at(text, name, &key);
        if (taken) {
            add_key(out, key);
            text = mr_str_span(text.ptr + taken, text.len - taken);
            while ((taken = method_at(text, out, start)))
                text = mr_str_span(text.ptr + taken, text.len - taken);
            continue;
        }
        taken = sign_at(text, out);
        if (!taken) {
            mr_buf_addc(out, *text.ptr);
            taken = 1;
        }
        text = mr_str_span(text.ptr + taken, text.len - taken);
    }
}

/* `NAME.assign(KEY=VALUE)`: what is left of text is VALUE. */
static bool take_assign(struct mr_str *text, struct mr_str name, struct mr_str *key)
{
    struct mr_str rest = mr_str_span(text->ptr + name.len, text->len - name.len);
    size_t equals = mr_str_find(rest, MR_STR("="), 0);
    if (!mr_str_starts(rest, MR_STR(".assign(")) || !mr_str_ends(rest, MR_STR(")")) ||
        equals == SIZE_MAX)
        return false;
    *key = mr_str_trim(mr_str_span(rest.ptr + 8, equals - 8));
    for (size_t i = 0; i < key->len; i++)
        if (!is_name_char(key->ptr[i]))
            return false;
    *text = mr_str_trim(mr_str_span(rest.ptr + equals + 1, rest.len - equals - 2));
    return true;
}

const char *mr_expr__python_remedy(struct compiler *c)
{
    struct mr_str text = c->text, name, key = {0};
    const char *remedy = "Write it as an expression, such as `score > 3 and lang == \"en\"`; "
                         "what changes the table as a whole has operators of its own.";
    if (!take_head(&text, &name))
        return remedy;
    struct mr_buf same = {0};
    struct mr_expr *expr;
    text = mr_str_trim(text);
    if (mr_str_starts(text, name))
        take_assign(&text, name, &key);
    translate(text, name, &same);
    /* Shown only if it is an expression; what it means is for the author to check. */
    struct mr_error *e = mr_expr_compile(mr_buf_str(&same), NULL, c->arena, &expr, NULL);
    if (!e)
        remedy = mr_arena_printf(c->arena, "Write it as an expression%s%.*s, perhaps: %s",
                                 key.len ? " for key " : "", MR_FMT(key), mr_buf_text(&same))
                     .ptr;
    mr_error_free(e);
    mr_buf_finish(&same);
    return remedy;
}
