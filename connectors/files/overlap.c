/* Would a source read what a sink writes? Told by names alone, before anything exists. */
#include "connectors/files/sink.h"

enum { PATH_PARTS_MAX = 128 };

struct parts {
    struct mr_str items[PATH_PARTS_MAX];
    size_t count;
};

/* "." and empty parts say nothing, ".." takes one back. False: too deep to tell. */
static bool add_part(struct parts *p, struct mr_str part)
{
    if (!part.len || mr_str_is(part, "."))
        return true;
    if (mr_str_is(part, "..")) {
        p->count -= p->count > 0;
        return true;
    }
    if (p->count == PATH_PARTS_MAX)
        return false;
    p->items[p->count++] = part;
    return true;
}

static bool add_path(struct parts *p, struct mr_str path)
{
    for (size_t at = 0; at < path.len;) {
        size_t end = mr_str_find(path, MR_STR("/"), at);
        end = end == SIZE_MAX ? path.len : end;
        if (!add_part(p, mr_str_span(path.ptr + at, end - at)))
            return false;
        at = end + 1;
    }
    return true;
}

/* `**` stands for any number of folders. Depth of the recursion: parts of the pattern. */
static bool matches(const struct parts *pattern, size_t i, const struct parts *path, size_t k)
{
    for (; i < pattern->count; i++, k++) {
        if (mr_str_is(pattern->items[i], "**")) {
            for (size_t skip = k; skip <= path->count; skip++)
                if (matches(pattern, i + 1, path, skip))
                    return true;
            return false;
        }
        if (k >= path->count || !mr_files__match(pattern->items[i], path->items[k]))
            return false;
    }
    return k == path->count;
}

/* A path without wildcards may be a folder, of which everything is read. */
static bool below(const struct parts *folder, const struct parts *path)
{
    for (size_t i = 0; i < folder->count; i++)
        if (i >= path->count || !mr_str_eq(folder->items[i], path->items[i]))
            return false;
    return true;
}

bool mr_files__reads(const void *given, const char *base_dir, struct mr_str path)
{
    const struct files_params *p = given;
    struct mr_arena *arena = mr_arena_create(0);
    struct files_patterns patterns = {0};
    struct mr_buf root = {0};
    struct parts file = {.count = 0};
    bool found = false;
    struct mr_error *e = mr_files__patterns(&p->files, arena, &patterns);
    mr_files__root(p, base_dir, &root);
    for (size_t i = 0; !e && add_path(&file, path) && i < patterns.count && !found; i++) {
        const struct files_pattern *one = &patterns.items[i];
        struct parts pattern = {.count = 0};
        bool whole = one->absolute || add_path(&pattern, mr_buf_str(&root));
        for (size_t k = 0; whole && k < one->count; k++)
            whole = add_part(&pattern, one->parts[k]);
        if (whole)
            found = one->literal == one->count ? below(&pattern, &file)
                                               : matches(&pattern, 0, &file, 0);
        file.count = 0;
    }
    mr_error_free(e);
    mr_buf_finish(&root);
    mr_arena_destroy(arena);
    return found;
}

void mr_files__target(const void *given, const char *base_dir, struct mr_buf *out)
{
    const struct sink_params *p = given;
    if (!p->file.len || *p->file.ptr != '/')
        mr_buf_printf(out, "%s/", base_dir && *base_dir ? base_dir : ".");
    size_t base = p->file.len;
    while (base && p->file.ptr[base - 1] != '/')
        base--;
    size_t dot = base + 1;
    while (dot < p->file.len && p->file.ptr[dot] != '.')
        dot++;
    if (!p->shard_bytes || dot > p->file.len)
        dot = p->file.len;
    mr_buf_adds(out, mr_str_span(p->file.ptr, dot));
    if (p->shard_bytes) /* the first shard stands for all */
        mr_buf_printf(out, "-00000%.*s", (int)(p->file.len - dot), p->file.ptr + dot);
}
