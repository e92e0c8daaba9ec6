/* Outputs of epochs: from the target into an epoch's folder, and back.
 *
 * What is put away is linked first and leaves the target only when its successor is there, so that
 * somebody who opens the output by its name always finds one. Finished files are never changed in
 * place, so a second name does no harm. */
#include "connectors/files/sink.h"
#include "runtime/base/file.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* The target and the epoch's folder, with the names that both use. */
struct exchange {
    struct mr_sink names; /* of the target; only its names are used */
    char *away;
};

typedef struct mr_error *(*move_fn)(const struct exchange *x, const char *name);

static size_t digits_at(struct mr_str s, size_t at)
{
    size_t n = 0;
    while (at + n < s.len && s.ptr[at + n] >= '0' && s.ptr[at + n] <= '9')
        n++;
    return n;
}

/* ".NAME.SEQ.part", or the output itself: NAME, or STEM-NNNNNSUFFIX. */
static bool is_ours(const struct mr_sink *s, struct mr_str name)
{
    struct mr_str base = mr_str_of(s->base);
    size_t shard = s->stem.len + 1;
    if (name.len > base.len + 2 && name.ptr[0] == '.' &&
        mr_str_starts(mr_str_span(name.ptr + 1, name.len - 1), base) &&
        name.ptr[base.len + 1] == '.') {
        size_t at = base.len + 2, n = digits_at(name, at);
        return n > 0 && mr_str_is(mr_str_span(name.ptr + at + n, name.len - at - n), ".part");
    }
    if (!s->params->shard_bytes)
        return mr_str_eq(name, base);
    if (!mr_str_starts(name, s->stem) || name.len <= shard || name.ptr[s->stem.len] != '-')
        return false;
    size_t n = digits_at(name, shard);
    return n >= 5 && mr_str_eq(mr_str_span(name.ptr + shard + n, name.len - shard - n), s->suffix);
}

/* All names of the output in a folder, taken down before any is moved; a missing folder has none.
 */
static struct mr_error *for_each(const struct exchange *x, const char *folder, move_fn move,
                                 size_t *count)
{
    DIR *dir = opendir(folder);
    struct mr_arena *arena = mr_arena_create(4096);
    struct mr_error *e = NULL;
    struct one {
        struct one *next;
        const char *name;
    } *list = NULL;
    *count = 0;
    if (!dir && errno != ENOENT && errno != ENOTDIR)
        e = mr_file_error(errno, "list", folder);
    for (struct dirent *d; dir && (d = readdir(dir));)
        if (is_ours(&x->names, mr_str_of(d->d_name))) {
            struct one *one = mr_arena_alloc(arena, sizeof *one);
            *one = (struct one){list, mr_arena_str(arena, mr_str_of(d->d_name)).ptr};
            list = one;
            ++*count;
        }
    if (dir)
        closedir(dir);
    for (; list && !e; list = list->next)
        e = move(x, list->name);
    mr_arena_destroy(arena);
    return e;
}

static char *joined(const char *folder, const char *name)
{
    size_t size = strlen(folder) + strlen(name) + 2;
    char *path = mr_alloc(size);
    snprintf(path, size, "%s/%s", folder, name);
    return path;
}

static bool same_file(const char *a, const char *b)
{
    struct stat x, y;
    return lstat(a, &x) == 0 && lstat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static struct mr_error *put_away(const struct exchange *x, const char *name)
{
    char *from = joined(x->names.dir, name), *to = joined(x->away, name);
    struct mr_error *e = NULL;
    if (!same_file(from, to)) {
        unlink(to); /* of an exchange that was given up before anything was cleared */
        /* File systems without links: the output is away for a moment. */
        if (link(from, to) != 0 && rename(from, to) != 0)
            e = mr_file_error(errno, "put away", from);
    }
    free(from);
    free(to);
    return e;
}

static struct mr_error *bring(const struct exchange *x, const char *name)
{
    char *from = joined(x->away, name), *to = joined(x->names.dir, name);
    struct mr_error *e = NULL;
    if (rename(from, to) != 0)
        e = mr_file_error(errno, "give the final name to", to);
    free(from);
    free(to);
    return e;
}

static struct mr_error *clear(const struct exchange *x, const char *name)
{
    char *kept = joined(x->away, name), *at = joined(x->names.dir, name);
    struct mr_error *e = NULL;
    if (same_file(kept, at) && unlink(at) != 0)
        e = mr_file_error(errno, "remove", at);
    free(kept);
    free(at);
    return e;
}

static struct mr_error *keep(const struct exchange *x, const char *name)
{
    (void)x, (void)name;
    return NULL;
}

/* Before anything is exchanged: what somebody took away cannot be brought. */
static struct mr_error *look(const struct exchange *x)
{
    size_t count;
    MR_TRY(for_each(x, x->away, keep, &count));
    return count ? NULL
                 : mr_error_remedy(
                       mr_error(MR_SINK_LOST, "the output of epoch %u is gone from \"%s\"",
                                (unsigned)x->names.env.epoch, x->away),
                       "Put it back there; or `millrace replay` makes the epoch's rows anew.");
}

static struct mr_error *sync_if_there(const char *folder)
{
    return mr_file_exists(folder) ? mr_dir_sync(folder) : NULL;
}

static struct mr_error *exchange(struct exchange *x, enum mr_sink_exchange step)
{
    struct mr_error *e = NULL;
    size_t count;
    switch (step) {
    case MR_SINK_PUT_AWAY:
        if (!mr_file_exists(x->names.dir))
            return NULL; /* moved away, folder and all */
        e = mr_files__out_folder(x->away);
        if (!e)
            e = for_each(x, x->names.dir, put_away, &count);
        break;
    case MR_SINK_BRING:
        if (!mr_file_exists(x->away))
            return NULL; /* was brought before, or has no rows and no file */
        e = mr_files__out_folder(x->names.dir);
        if (!e)
            e = for_each(x, x->away, bring, &count);
        if (!e)
            rmdir(x->away); /* what else lies there is somebody's */
        break;
    case MR_SINK_CLEAR:
        e = for_each(x, x->away, clear, &count);
        break;
    case MR_SINK_DROP:
        return mr_dir_remove(x->away);
    case MR_SINK_LOOK:
        return look(x);
    }
    if (!e)
        e = sync_if_there(x->away);
    return e ? e : sync_if_there(x->names.dir);
}

struct mr_error *mr_files__exchange(const struct mr_connector_env *env, const void *params,
                                    enum mr_sink_exchange step)
{
    struct exchange x = {.names = {.params = params, .env = *env}};
    MR_TRY(mr_files__out_kind(params, &x.names.kind));
    struct mr_sink away = x.names;
    x.names.env.aside = false;
    away.env.aside = true;
    mr_files__out_names(&x.names);
    mr_files__out_names(&away);
    x.away = away.dir;
    struct mr_error *e = exchange(&x, step);
    free(x.names.dir);
    free(x.names.base);
    mr_buf_finish(&x.names.path);
    free(away.dir);
    free(away.base);
    mr_buf_finish(&away.path);
    return mr_error_wrap(e, "sink \"%.*s\"", MR_FMT(env->name));
}
