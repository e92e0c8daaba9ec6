/* Shell patterns for paths: * ? [a-z] [!x] {a,b} and ** for any number of folders. */
#include "connectors/files/files_private.h"

enum { PARTS_MAX = 60, PATTERNS_MAX = 1000 };

static bool match_class(const char **pattern, const char *end, unsigned char c, bool *hit)
{
    const char *p = *pattern + 1;
    bool negated = p < end && (*p == '!' || *p == '^');
    p += negated;
    *hit = false;
    for (const char *first = p; p < end && (*p != ']' || p == first); p++) {
        unsigned char low = (unsigned char)*p, high = low;
        if (p + 2 < end && p[1] == '-' && p[2] != ']') {
            high = (unsigned char)p[2];
            p += 2;
        }
        *hit |= low <= c && c <= high;
    }
    if (p >= end)
        return false; /* no closing bracket: an ordinary character */
    *hit ^= negated;
    *pattern = p + 1;
    return true;
}

/* One step of the pattern against one byte of the name; a star is not a step. */
static bool match_one(const char **pattern, const char *end, unsigned char c)
{
    bool hit;
    if (**pattern == '[' && match_class(pattern, end, c, &hit))
        return hit;
    if (**pattern == '?') {
        ++*pattern;
        return true;
    }
    if (**pattern == '\\' && *pattern + 1 < end)
        ++*pattern;
    return (unsigned char)*(*pattern)++ == c;
}

/* Linear but for the last star, which is tried again one byte further on. */
bool mr_files__match(struct mr_str pattern, struct mr_str name)
{
    const char *p = pattern.ptr, *p_end = p + pattern.len, *star = NULL;
    const char *n = name.ptr, *n_end = n + name.len, *retry = NULL;
    if (name.len && *n == '.' && !(pattern.len && *p == '.'))
        return false; /* hidden files must be named */
    while (n < n_end) {
        if (p < p_end && *p == '*') {
            star = ++p;
            retry = n;
            continue;
        }
        const char *before = p;
        if (p < p_end && match_one(&p, p_end, (unsigned char)*n)) {
            /* "?" must not take a piece of a letter: it takes the following bytes too. */
            bool letter = *before == '?' || *before == '[';
            for (n++; letter && n < n_end && ((unsigned char)*n & 0xc0) == 0x80; n++)
                ;
            continue;
        }
        if (!star)
            return false;
        p = star;
        n = ++retry;
    }
    while (p < p_end && *p == '*')
        p++;
    return p == p_end;
}

static bool has_wildcard(struct mr_str part)
{
    for (size_t i = 0; i < part.len; i++) {
        if (strchr("*?[\\", part.ptr[i]) && part.ptr[i])
            return true;
    }
    return false;
}

struct list {
    struct mr_arena *arena;
    struct files_pattern *items;
    size_t count, room;
    struct mr_str whole; /* for messages */
};

static struct mr_error *add(struct list *l, struct mr_str text)
{
    struct files_pattern pattern = {.absolute = text.len && *text.ptr == '/'};
    pattern.parts = mr_arena_alloc(l->arena, PARTS_MAX * sizeof *pattern.parts);
    bool literal = true;
    for (size_t i = 0; i < text.len;) {
        size_t end = i;
        while (end < text.len && text.ptr[end] != '/')
            end++;
        struct mr_str part = mr_str_span(text.ptr + i, end - i);
        i = end + 1;
        if (!part.len || mr_str_is(part, "."))
            continue;
        if (pattern.count == PARTS_MAX)
            return mr_error(MR_PATTERN_INVALID, "the pattern \"%.*s\" has more than %d parts",
                            MR_FMT(l->whole), PARTS_MAX);
        literal = literal && !has_wildcard(part);
        pattern.literal += literal;
        pattern.parts[pattern.count++] = part;
    }
    if (l->count == PATTERNS_MAX)
        return mr_error(MR_PATTERN_INVALID, "the patterns expand to more than %d", PATTERNS_MAX);
    if (l->count == l->room) {
        size_t room = l->room ? l->room * 2 : 16;
        struct files_pattern *items = mr_arena_alloc(l->arena, room * sizeof *items);
        if (l->count)
            memcpy(items, l->items, l->count * sizeof *items);
        l->items = items;
        l->room = room;
    }
    l->items[l->count++] = pattern;
    return NULL;
}

/* The end of a brace group and its commas at the same depth; false: no group begins here. */
static bool find_group(struct mr_str text, size_t open, size_t *close)
{
    int depth = 0;
    bool comma = false;
    for (size_t i = open; i < text.len; i++) {
        char c = text.ptr[i];
        depth += c == '{';
        comma |= c == ',' && depth == 1;
        if (c == '}' && --depth == 0) {
            *close = i;
            return comma;
        }
    }
    return false;
}

static struct mr_error *expand(struct list *l, struct mr_str text, int depth)
{
    size_t open, close = 0;
    for (open = 0; open < text.len; open++) {
        if (text.ptr[open] == '{' && find_group(text, open, &close))
            break;
    }
    if (open == text.len)
        return add(l, text);
    if (depth > 8)
        return mr_error(MR_PATTERN_INVALID, "the braces of \"%.*s\" are too many",
                        MR_FMT(l->whole));
    int level = 0;
    size_t from = open + 1;
    for (size_t i = open; i <= close; i++) {
        char c = text.ptr[i];
        level += c == '{';
        level -= c == '}';
        if ((c == ',' && level == 1) || i == close) {
            struct mr_str one =
                mr_arena_printf(l->arena, "%.*s%.*s%.*s", (int)open, text.ptr, (int)(i - from),
                                text.ptr + from, (int)(text.len - close - 1), text.ptr + close + 1);
            MR_TRY(expand(l, one, depth + 1));
            from = i + 1;
        }
    }
    return NULL;
}

struct mr_error *mr_files__patterns(const struct mr_strs *texts, struct mr_arena *arena,
                                    struct files_patterns *out)
{
    struct list l = {.arena = arena};
    for (size_t i = 0; i < texts->count; i++) {
        l.whole = texts->items[i];
        if (!l.whole.len || l.whole.len > 4096 || memchr(l.whole.ptr, 0, l.whole.len))
            return mr_error(MR_PATTERN_INVALID, "a pattern of `files` is empty or too long");
        MR_TRY(expand(&l, l.whole, 0));
    }
    *out = (struct files_patterns){l.items, l.count};
    return NULL;
}
