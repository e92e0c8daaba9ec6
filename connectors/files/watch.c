/* Tells files that were renamed into a watched folder: they are whole at once, and need not settle.
 *
 * Best effort: where the kernel cannot say, or more folders than the limit are watched, a file
 * counts when it has settled. Read once per look, so nothing that comes during a look is missed. */
#include "connectors/files/files_private.h"

#include <stdlib.h>
#include <sys/inotify.h>
#include <unistd.h>

enum { FOLDERS_MAX = 8192, MOVED_MAX = 8192 };

struct files_watch {
    int fd;
    char **folders; /* by watch descriptor */
    size_t folder_room;
    char **moved; /* sorted when asked */
    size_t moved_count, moved_room;
    bool sorted;
};

struct files_watch *mr_files__watch_create(void)
{
    int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (fd < 0)
        return NULL;
    struct files_watch *w = mr_zalloc(sizeof *w);
    w->fd = fd;
    return w;
}

void mr_files__watch_clear(struct files_watch *w)
{
    for (size_t i = 0; w && i < w->moved_count; i++)
        free(w->moved[i]);
    if (w)
        w->moved_count = 0;
}

void mr_files__watch_destroy(struct files_watch *w)
{
    if (!w)
        return;
    mr_files__watch_clear(w);
    for (size_t i = 0; i < w->folder_room; i++)
        free(w->folders[i]);
    free(w->folders);
    free(w->moved);
    close(w->fd);
    free(w);
}

void mr_files__watch_folder(struct files_watch *w, const char *path)
{
    int wd = inotify_add_watch(w->fd, path, IN_MOVED_TO | IN_ONLYDIR);
    if (wd < 0)
        return;
    if (wd >= FOLDERS_MAX) {
        inotify_rm_watch(w->fd, wd);
        return;
    }
    if ((size_t)wd >= w->folder_room) {
        size_t room = (size_t)wd * 2 + 16;
        w->folders = mr_realloc(w->folders, room * sizeof *w->folders);
        memset(w->folders + w->folder_room, 0, (room - w->folder_room) * sizeof *w->folders);
        w->folder_room = room;
    }
    if (w->folders[wd] && strcmp(w->folders[wd], path) == 0)
        return;
    free(w->folders[wd]);
    w->folders[wd] = mr_strdup(path);
}

static void add_moved(struct files_watch *w, const char *folder, const char *name)
{
    if (w->moved_count == MOVED_MAX)
        return;
    if (w->moved_count == w->moved_room) {
        w->moved_room = w->moved_room ? w->moved_room * 2 : 64;
        w->moved = mr_realloc(w->moved, w->moved_room * sizeof *w->moved);
    }
    struct mr_buf path = {0};
    mr_buf_printf(&path, "%s%s%s", folder, folder[strlen(folder) - 1] == '/' ? "" : "/", name);
    mr_buf_text(&path);
    w->moved[w->moved_count++] = path.ptr;
    w->sorted = false;
}

static void take(struct files_watch *w, const struct inotify_event *event)
{
    if (event->wd < 0 || (size_t)event->wd >= w->folder_room || !w->folders[event->wd])
        return;
    if (event->mask & IN_IGNORED) {
        free(w->folders[event->wd]);
        w->folders[event->wd] = NULL;
    } else if ((event->mask & IN_MOVED_TO) && !(event->mask & IN_ISDIR) && event->len) {
        add_moved(w, w->folders[event->wd], event->name);
    }
}

void mr_files__watch_read(struct files_watch *w)
{
    _Alignas(struct inotify_event) char bytes[16384];
    ssize_t got;
    while ((got = read(w->fd, bytes, sizeof bytes)) > 0) {
        for (char *at = bytes; at < bytes + got;) {
            const struct inotify_event *event = (const struct inotify_event *)at;
            take(w, event);
            at += sizeof *event + event->len;
        }
    }
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

bool mr_files__watch_moved(struct files_watch *w, const char *path)
{
    if (!w || !w->moved_count)
        return false;
    if (!w->sorted)
        qsort(w->moved, w->moved_count, sizeof *w->moved, by_text);
    w->sorted = true;
    return bsearch(&path, w->moved, w->moved_count, sizeof *w->moved, by_text) != NULL;
}
