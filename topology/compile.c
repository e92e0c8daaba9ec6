/* The compiler from outside: text in, checked plan and problems out; one pass per concern. */
#include "topology/topology_private.h"

#include "runtime/base/file.h"

#include <stdlib.h>
#include <string.h>

/* The absolute folder of a file; as written when it does not exist. */
static const char *folder_of(struct mr_arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');
    struct mr_str dir =
        slash ? mr_str_span(path, slash == path ? 1 : (size_t)(slash - path)) : MR_STR(".");
    dir = mr_arena_str(arena, dir);
    char *real = realpath(dir.ptr, NULL);
    if (!real)
        return dir.ptr;
    const char *copy = mr_arena_str(arena, mr_str_of(real)).ptr;
    free(real);
    return copy;
}

static void compile(struct compile *c)
{
    struct node *root = mr_topology__source(c);
    if (!root)
        return;
    mr_topology__expand(c, root);
    mr_topology__tree(c, root);
    mr_topology__resolve(c);
    mr_topology__unused_sets(c);
    bool whole = mr_topology__check_graph(c);
    mr_topology__check_place(c);
    mr_topology__check_keys(c);
    mr_topology__unused_servings(c);
    if (whole)
        mr_topology__check_use(c);
    if (!c->out->error_count)
        mr_topology__make(c);
}

struct mr_error *mr_compile_text(struct mr_str text, const char *path,
                                 const struct mr_compile_options *options, struct mr_compiled *out)
{
    struct mr_arena *arena = mr_arena_create(0);
    *out = (struct mr_compiled){.arena = arena};
    struct topo topo = {0};
    struct compile c = {
        .arena = arena,
        .options = options,
        .out = out,
        .file = mr_arena_str(arena, mr_str_of(path)),
        .text = mr_arena_str(arena, text),
        .base_dir = folder_of(arena, path),
        .set_used = mr_arena_zalloc(arena, options->set_count + 1),
        .topo = &topo,
    };
    compile(&c);
    mr_topology__problems_sort(out);
    return NULL;
}

struct mr_error *mr_compile_file(const char *path, const struct mr_compile_options *options,
                                 struct mr_compiled *out)
{
    struct mr_buf text = {0};
    *out = (struct mr_compiled){0};
    struct mr_error *e = mr_file_read(path, SOURCE_MAX_BYTES + 1, &text);
    if (!e)
        e = mr_compile_text(mr_buf_str(&text), path, options, out);
    mr_buf_finish(&text);
    return e;
}

void mr_compiled_destroy(struct mr_compiled *c)
{
    if (!c)
        return;
    mr_arena_destroy(c->arena);
    *c = (struct mr_compiled){0};
}
