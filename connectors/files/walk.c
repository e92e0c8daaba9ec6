/* Finds the files that patterns name. Folders are read entry by entry, so memory and descriptors
 * grow with the depth of the tree only, not with its size. */
#include "connectors/files/files_private.h"

#include "runtime/base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { DEPTH_MAX = 96 };

/* One open folder. states: which parts of the pattern may match its entries, as bits. */
struct level {
    DIR *dir;
    uint64_t states;
    size_t path_len; /* of the folder in walk->path, without a slash at its end */
};

struct files_walk {
    struct mr_arena *arena;
    struct files_patterns patterns;
    struct files_watch *watch;
    size_t at; /* pattern under way */
    bool started;
    struct mr_buf root;
    struct mr_buf path;
    size_t id_from; /* where the identity begins in path */
    struct level levels[DEPTH_MAX];
    size_t depth;
    struct mr_error *failed;
};

void mr_files__root(const struct files_params *p, const char *base_dir, struct mr_buf *out)
{
    if (!(p->root.len && *p->root.ptr == '/'))
        mr_buf_addz(out, base_dir && *base_dir ? base_dir : ".");
    if (p->root.len) {
        if (out->len && out->ptr[out->len - 1] != '/')
            mr_buf_addc(out, '/');
        mr_buf_adds(out, p->root);
    }
    while (out->len > 1 && out->ptr[out->len - 1] == '/')
        out->len--;
    mr_buf_text(out);
}

int64_t mr_files__mtime(const struct stat *st)
{
    return (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;
}

struct mr_error *mr_files__walk_open(const struct files_params *p, const char *base_dir,
                                     struct files_watch *watch, struct files_walk **out)
{
    struct files_walk *w = mr_zalloc(sizeof *w);
    w->watch = watch;
    w->arena = mr_arena_create(0);
    mr_files__root(p, base_dir, &w->root);
    struct mr_error *e = mr_files__patterns(&p->files, w->arena, &w->patterns);
    if (e) {
        mr_files__walk_close(w);
        return e;
    }
    *out = w;
    return NULL;
}

void mr_files__walk_close(struct files_walk *w)
{
    if (!w)
        return;
    while (w->depth)
        closedir(w->levels[--w->depth].dir);
    mr_error_free(w->failed);
    mr_arena_destroy(w->arena);
    mr_buf_finish(&w->root);
    mr_buf_finish(&w->path);
    free(w);
}

static void add_part(struct files_walk *w, struct mr_str part)
{
    if (w->path.len && w->path.ptr[w->path.len - 1] != '/')
        mr_buf_addc(&w->path, '/');
    mr_buf_adds(&w->path, part);
    mr_buf_text(&w->path);
}

static bool is_any_depth(struct mr_str part)
{
    return mr_str_is(part, "**");
}

/* "**" also matches no folder at all: the part behind it may match at once. */
static uint64_t close_states(const struct files_pattern *p, uint64_t states)
{
    for (size_t i = 0; i < p->count; i++) {
        if ((states >> i & 1) && is_any_depth(p->parts[i]))
            states |= (uint64_t)1 << (i + 1);
    }
    return states;
}

static void push(struct files_walk *w, uint64_t states)
{
    const char *path = mr_buf_text(&w->path);
    if (w->depth == DEPTH_MAX) {
        w->failed = mr_error(MR_IO, "the folder \"%s\" is nested too deeply", path);
        return;
    }
    if (w->watch)
        mr_files__watch_folder(w->watch, path);
    DIR *dir = opendir(path);
    if (dir)
        w->levels[w->depth++] = (struct level){dir, states, w->path.len};
    else if (errno != ENOENT && errno != ENOTDIR) /* these: gone meanwhile */
        w->failed = mr_error_errno(MR_IO, "cannot read the folder \"%s\"", path);
}

static void found(struct files_walk *w, const struct stat *st, struct files_found *out)
{
    const char *path = mr_buf_text(&w->path);
    *out = (struct files_found){.path = path,
                                .id = mr_str_span(path + w->id_from, w->path.len - w->id_from),
                                .size = (uint64_t)st->st_size,
                                .mtime_ns = mr_files__mtime(st)};
}

/* Sets path to the literal beginning of a pattern. */
static void set_start(struct files_walk *w, const struct files_pattern *p)
{
    w->path.len = 0;
    mr_buf_adds(&w->path, p->absolute ? MR_STR("/") : mr_buf_str(&w->root));
    w->id_from = 0;
    for (size_t i = 0; i < p->literal; i++)
        add_part(w, p->parts[i]);
    struct mr_str whole = mr_buf_str(&w->path), root = mr_buf_str(&w->root);
    bool below =
        mr_str_starts(whole, root) &&
        (whole.len == root.len || root.ptr[root.len - 1] == '/' || whole.ptr[root.len] == '/');
    if (below)
        w->id_from = root.len + (root.ptr[root.len - 1] != '/');
    mr_buf_text(&w->path);
}

/* Begins a pattern: a plain path is a file, or a folder whose files all count. */
static void begin(struct files_walk *w, struct files_pattern *p, struct files_found *out, bool *got)
{
    static const struct mr_str all[] = {MR_STR_INIT("**"), MR_STR_INIT("*")};
    set_start(w, p);
    struct stat st;
    bool exists = stat(mr_buf_text(&w->path), &st) == 0;
    if (p->literal < p->count) {
        if (exists && S_ISDIR(st.st_mode))
            push(w, close_states(p, (uint64_t)1 << p->literal));
        return;
    }
    if (exists && S_ISDIR(st.st_mode) && p->count + 2 <= 60) {
        memcpy(p->parts + p->count, all, sizeof all);
        p->count += 2;
        push(w, close_states(p, (uint64_t)1 << p->literal));
        return;
    }
    if (!exists)
        memset(&st, 0, sizeof st);
    found(w, &st, out);
    out->missing = !exists;
    *got = true;
}

/* Whether an entry may be a folder or a file; DT_UNKNOWN and links are asked further. */
static bool stat_entry(const struct level *l, const struct dirent *entry, struct stat *st,
                       bool *is_link)
{
    *is_link = entry->d_type == DT_LNK;
    if (entry->d_type == DT_UNKNOWN) {
        if (fstatat(dirfd(l->dir), entry->d_name, st, AT_SYMLINK_NOFOLLOW) != 0)
            return false;
        *is_link = S_ISLNK(st->st_mode);
    }
    return fstatat(dirfd(l->dir), entry->d_name, st, 0) == 0;
}

/* One entry of the innermost folder; true: it is a file that the pattern names. */
static bool visit(struct files_walk *w, const struct files_pattern *p, struct level *l,
                  const struct dirent *entry, struct files_found *out)
{
    struct mr_str name = mr_str_of(entry->d_name);
    uint64_t next = 0;
    bool file_hit = false, through_link = false;
    for (size_t i = 0; i < p->count; i++) {
        if (!(l->states >> i & 1))
            continue;
        if (is_any_depth(p->parts[i])) {
            if (*name.ptr == '.')
                continue;
            next |= (uint64_t)1 << i;
            file_hit |= i + 1 == p->count;
        } else if (mr_files__match(p->parts[i], name)) {
            next |= (uint64_t)1 << (i + 1);
            through_link |= i + 1 < p->count;
            file_hit |= i + 1 == p->count;
        }
    }
    struct stat st;
    bool is_link;
    if ((!next && !file_hit) || !stat_entry(l, entry, &st, &is_link))
        return false;
    w->path.len = l->path_len;
    add_part(w, name);
    if (S_ISDIR(st.st_mode)) {
        /* "**" does not go through links: they can lead back up. */
        if ((!is_link || through_link) && (next & (((uint64_t)1 << p->count) - 1)))
            push(w, close_states(p, next) & (((uint64_t)1 << p->count) - 1));
        return false;
    }
    if (!S_ISREG(st.st_mode) || !file_hit)
        return false;
    found(w, &st, out);
    return true;
}

struct mr_error *mr_files__walk_next(struct files_walk *w, struct files_found *out, bool *more)
{
    *more = true;
    for (;;) {
        struct mr_error *e = w->failed;
        w->failed = NULL;
        if (e)
            return e;
        if (!w->depth) {
            if (w->started)
                w->at++;
            w->started = true;
            if (w->at >= w->patterns.count) {
                w->at = w->patterns.count;
                *more = false;
                return NULL;
            }
            bool got = false;
            begin(w, &w->patterns.items[w->at], out, &got);
            if (got)
                return NULL;
            continue;
        }
        struct level *l = &w->levels[w->depth - 1];
        errno = 0;
        const struct dirent *entry = readdir(l->dir);
        if (!entry) {
            int errnum = errno;
            closedir(l->dir);
            w->depth--;
            w->path.len = l->path_len;
            if (errnum)
                return mr_file_error(errnum, "read the folder", mr_buf_text(&w->path));
            continue;
        }
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (visit(w, &w->patterns.items[w->at], l, entry, out))
            return NULL;
    }
}
