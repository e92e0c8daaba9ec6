/* Problems: collected with their place, sorted by line, printed with the line and a marker. */
#include "topology/topology_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { SHOWN_BEFORE = 60, SHOWN_AFTER = 60 }; /* code points of a long line around the marker */

static struct mr_str vformat(struct mr_arena *arena, const char *format, va_list args)
{
    char small[512];
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(small, sizeof small, format, args);
    struct mr_str text = {"", 0};
    if (len >= 0 && (size_t)len < sizeof small) {
        text = mr_arena_str(arena, mr_str_span(small, (size_t)len));
    } else if (len >= 0) {
        char *room = mr_arena_alloc(arena, (size_t)len + 1);
        vsnprintf(room, (size_t)len + 1, format, again);
        text = mr_str_span(room, (size_t)len);
    }
    va_end(again);
    return text;
}

const char *mr_topology__text(struct compile *c, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct mr_str text = vformat(c->arena, format, args);
    va_end(args);
    return text.ptr;
}

struct mr_str mr_topology__line(const struct compile *c, uint32_t line)
{
    size_t from = 0;
    for (uint32_t i = 1; i < line && from < c->text.len; i++) {
        const char *end = memchr(c->text.ptr + from, '\n', c->text.len - from);
        from = end ? (size_t)(end - c->text.ptr) + 1 : c->text.len;
    }
    if (line == 0 || from >= c->text.len)
        return (struct mr_str){"", 0};
    const char *end = memchr(c->text.ptr + from, '\n', c->text.len - from);
    size_t len = end ? (size_t)(end - c->text.ptr) - from : c->text.len - from;
    while (len && c->text.ptr[from + len - 1] == '\r')
        len--;
    return mr_str_span(c->text.ptr + from, len);
}

static struct mr_problem *room(struct compile *c)
{
    struct mr_compiled *out = c->out;
    if (out->problem_count == c->problem_capacity) {
        size_t capacity = c->problem_capacity ? 2 * c->problem_capacity : 16;
        struct mr_problem *more = mr_arena_alloc(c->arena, capacity * sizeof *more);
        if (out->problem_count)
            memcpy(more, out->problems, out->problem_count * sizeof *more);
        out->problems = more;
        c->problem_capacity = capacity;
    }
    return &out->problems[out->problem_count++];
}

/* What a row with other keys would tell at run time: see mr_compile_options.no_key_checks. */
static bool about_keys(enum mr_code code)
{
    return code == MR_OP_ROLE_MISSING || code == MR_KEY_MISSING || code == MR_KEY_TYPE ||
           code == MR_KEY_MEDIA || code == MR_PROMPT_KEY || code == MR_EXPR_KEY ||
           code == MR_EXPR_TYPE;
}

bool mr_topology__problem(struct compile *c, enum mr_severity severity, enum mr_code code,
                          const struct place *at, const char *remedy, const char *format, ...)
{
    static const struct place nowhere;
    at = at ? at : &nowhere;
    if (c->options->no_key_checks && about_keys(code))
        return false;
    if (severity == MR_PROBLEM_ERROR)
        c->out->error_count++;
    if (c->out->problem_count >= PROBLEMS_MAX)
        return false;
    va_list args;
    va_start(args, format);
    struct mr_str fact = vformat(c->arena, format, args);
    va_end(args);
    *room(c) = (struct mr_problem){
        .severity = severity,
        .code = code,
        .file = at->line || !at->from.len ? c->file : at->from,
        .line = at->line,
        .column = at->column,
        .width = at->width,
        .source_line = mr_topology__line(c, at->line),
        .fact = fact,
        .remedy = mr_arena_str(c->arena, mr_str_of(remedy ? remedy : mr_code_remedy(code))),
    };
    return false;
}

/* By place, then by order of discovery (the sort must not shuffle equal ones). */
static int by_place(const void *a, const void *b)
{
    const struct mr_problem *const *pa = a, *const *pb = b;
    if ((*pa)->line != (*pb)->line)
        return (*pa)->line < (*pb)->line ? -1 : 1;
    if ((*pa)->column != (*pb)->column)
        return (*pa)->column < (*pb)->column ? -1 : 1;
    return *pa < *pb ? -1 : *pa > *pb;
}

static bool same_problem(const struct mr_problem *a, const struct mr_problem *b)
{
    return a->line == b->line && a->column == b->column && a->code == b->code &&
           a->severity == b->severity && mr_str_eq(a->fact, b->fact);
}

void mr_topology__problems_sort(struct mr_compiled *out)
{
    size_t count = out->problem_count, kept = 0;
    if (!count)
        return;
    const struct mr_problem **order = mr_arena_alloc(out->arena, count * sizeof *order);
    for (size_t i = 0; i < count; i++)
        order[i] = &out->problems[i];
    qsort(order, count, sizeof *order, by_place);
    struct mr_problem *sorted = mr_arena_alloc(out->arena, count * sizeof *sorted);
    for (size_t i = 0; i < count; i++) {
        bool repeated = false; /* a shared anchor is looked at once per alias */
        for (size_t k = kept; k > 0 && sorted[k - 1].line == order[i]->line && !repeated; k--)
            repeated = same_problem(&sorted[k - 1], order[i]);
        if (!repeated)
            sorted[kept++] = *order[i];
        else if (order[i]->severity == MR_PROBLEM_ERROR)
            out->error_count--;
    }
    out->problems = sorted;
    out->problem_count = kept;
}

/* ---- printing ---- */

/* Offset of a code point; the text's end when it is shorter. */
static size_t offset_of(struct mr_str s, uint32_t point)
{
    size_t at = 0;
    bool valid;
    for (uint32_t i = 0; i < point && at < s.len; i++)
        at += mr_utf8_next(s, at, &valid);
    return at;
}

/* Bytes that could steer a terminal are shown as `?`. */
static void add_visible(struct mr_buf *out, struct mr_str s)
{
    for (size_t at = 0; at < s.len;) {
        bool valid = true;
        size_t len = mr_utf8_next(s, at, &valid);
        unsigned char c = (unsigned char)s.ptr[at];
        bool c1 = valid && len == 2 && c == 0xc2 && (unsigned char)s.ptr[at + 1] < 0xa0;
        if (!valid || c1 || (c < 0x20 && c != '\t') || c == 0x7f)
            mr_buf_addc(out, '?');
        else
            mr_buf_add(out, s.ptr + at, len);
        at += len;
    }
}

/* Terminals show East Asian characters and pictures two columns wide. */
static bool is_wide(struct mr_str s, size_t at, size_t len)
{
    const unsigned char *c = (const unsigned char *)s.ptr + at;
    if (len == 4)
        return (c[0] == 0xf0 && (c[1] == 0x9f || c[1] >= 0xa0));
    if (len != 3)
        return false;
    uint32_t point = (uint32_t)(c[0] & 0x0f) << 12 | (uint32_t)(c[1] & 0x3f) << 6 | (c[2] & 0x3f);
    return (point >= 0x1100 && point < 0x1160) || (point >= 0x2e80 && point < 0xa4d0) ||
           (point >= 0xac00 && point < 0xd7a4) || (point >= 0xf900 && point < 0xfb00) ||
           (point >= 0xfe30 && point < 0xfe70) || (point >= 0xff00 && point < 0xff61);
}

static void print_line(const struct mr_problem *p, struct mr_buf *out)
{
    uint32_t skip = p->column > SHOWN_BEFORE + 1 ? p->column - 1 - SHOWN_BEFORE : 0;
    size_t from = offset_of(p->source_line, skip);
    size_t mark = offset_of(p->source_line, p->column - 1);
    struct mr_str rest = mr_str_span(p->source_line.ptr + mark, p->source_line.len - mark);
    size_t to = mark + offset_of(rest, SHOWN_AFTER);
    mr_buf_addz(out, skip ? "  ..." : "  ");
    add_visible(out, mr_str_span(p->source_line.ptr + from, to - from));
    mr_buf_addz(out, to < p->source_line.len ? "...\n" : "\n");
    mr_buf_addz(out, skip ? "     " : "  ");
    for (size_t at = from; at < mark;) {
        bool valid;
        size_t len = mr_utf8_next(p->source_line, at, &valid);
        mr_buf_addc(out, p->source_line.ptr[at] == '\t' ? '\t' : ' ');
        if (valid && is_wide(p->source_line, at, len))
            mr_buf_addc(out, ' ');
        at += len;
    }
    uint32_t width = p->width > SHOWN_AFTER ? SHOWN_AFTER : p->width;
    mr_buf_addc(out, '^');
    for (uint32_t i = 1; i < width; i++)
        mr_buf_addc(out, '~');
    mr_buf_addc(out, '\n');
}

void mr_problem_print(const struct mr_problem *p, struct mr_buf *out)
{
    static const char *const names[] = {"error", "warning", "hint"};
    add_visible(out, p->file);
    if (p->line)
        mr_buf_printf(out, ":%u:%u", p->line, p->column);
    mr_buf_printf(out, ": %s MR%d: ", names[p->severity], (int)p->code);
    add_visible(out, p->fact);
    mr_buf_addc(out, '\n');
    if (p->line)
        print_line(p, out);
    if (p->remedy.len) {
        mr_buf_addz(out, "  ");
        add_visible(out, p->remedy);
        mr_buf_addc(out, '\n');
    }
}

/* ---- near names ---- */

void mr_near__begin(struct near *n, struct mr_str name)
{
    *n = (struct near){.name = name};
}

void mr_near__try(struct near *n, struct mr_str candidate)
{
    size_t limit = n->name.len / 3 < 2 ? 2 : n->name.len / 3;
    if (n->name.len > 256 || candidate.len > 256)
        return;
    size_t distance = mr_str_distance(n->name, candidate, limit);
    if (distance > limit || distance >= n->name.len)
        return;
    size_t at = n->count < 3 ? n->count : 3;
    while (at > 0 && distance < n->distance[at - 1])
        at--;
    if (at >= 3)
        return;
    for (size_t i = n->count < 2 ? n->count : 2; i > at; i--) {
        n->found[i] = n->found[i - 1];
        n->distance[i] = n->distance[i - 1];
    }
    n->found[at] = candidate;
    n->distance[at] = distance;
    if (n->count < 3)
        n->count++;
}

void mr_near__words(struct near *n, const char *list)
{
    while (list && *list) {
        size_t len = strcspn(list, " |");
        if (len)
            mr_near__try(n, mr_str_span(list, len));
        list += len + strspn(list + len, " |");
    }
}

const char *mr_near__text(const struct near *n, struct mr_arena *arena)
{
    if (!n->count)
        return NULL;
    struct mr_buf text = {0};
    mr_buf_addz(&text, "Did you mean ");
    for (size_t i = 0; i < n->count; i++) {
        mr_buf_addz(&text, i == 0 ? "" : i + 1 == n->count ? " or " : ", ");
        mr_buf_printf(&text, "\"%.*s\"", MR_FMT(n->found[i]));
    }
    mr_buf_addc(&text, '?');
    const char *out = mr_arena_str(arena, mr_buf_str(&text)).ptr;
    mr_buf_finish(&text);
    return out;
}
