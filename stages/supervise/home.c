/* Finds and locks the state folder of a pipeline. */
#include "stages/supervise/home.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/base/clock.h"
#include "runtime/base/file.h"

enum { ORPHANS_MS = 10000, PLAN_MAX_BYTES = 64 << 20 };

static struct mr_str state_of(struct mr_str state)
{
    return state.len ? state : MR_STR(MR_STATE_DEFAULT);
}

void mr_home_init(struct mr_home *h, struct mr_str state, struct mr_str pipeline)
{
    *h = (struct mr_home){.lock = -1};
    state = state_of(state);
    mr_buf_printf(&h->root, "%.*s/%.*s", MR_FMT(state), MR_FMT(pipeline));
    mr_buf_text(&h->root);
    h->layout.root = mr_buf_str(&h->root);
}

void mr_home_finish(struct mr_home *h)
{
    if (h->root.ptr && h->lock >= 0)
        close(h->lock);
    h->lock = -1;
    mr_buf_finish(&h->root);
}

static bool has_record(const struct mr_home *h)
{
    struct mr_buf path = {0};
    mr_layout_meta(&h->layout, &path);
    bool there = mr_file_exists(mr_buf_text(&path));
    mr_buf_finish(&path);
    return there;
}

/* Whether the pipeline in this home was last run from the topology file of that path. */
static bool is_of(const struct mr_home *h, const char *topology)
{
    struct mr_arena *arena = mr_arena_create(0);
    struct mr_record record;
    struct mr_error *e = mr_record_load(h, arena, &record);
    bool same = !e && mr_str_is(record.topology, topology);
    mr_error_free(e);
    mr_arena_destroy(arena);
    return same;
}

/* Looks through all pipelines of a state folder; topology NULL takes any. Returns how many match,
 * the first one in *out. */
static size_t scan(struct mr_str state, const char *topology, struct mr_home *out,
                   struct mr_buf *names)
{
    struct mr_buf path = {0};
    mr_buf_adds(&path, state_of(state));
    DIR *dir = opendir(mr_buf_text(&path));
    mr_buf_finish(&path);
    size_t found = 0;
    for (struct dirent *d; dir && (d = readdir(dir));) {
        if (d->d_name[0] == '.')
            continue;
        struct mr_home h;
        mr_home_init(&h, state, mr_str_of(d->d_name));
        if (!has_record(&h) || (topology && !is_of(&h, topology))) {
            mr_home_finish(&h);
            continue;
        }
        mr_buf_printf(names, "%s\"%s\"", found ? ", " : "", d->d_name);
        if (found++ == 0)
            *out = h;
        else
            mr_home_finish(&h);
    }
    if (dir)
        closedir(dir);
    return found;
}

struct mr_error *mr_home_find(struct mr_home *h, struct mr_str state, struct mr_str wanted)
{
    if (wanted.len) {
        mr_home_init(h, state, wanted);
        if (mr_str_find(wanted, MR_STR("/"), 0) == SIZE_MAX && has_record(h))
            return NULL;
        mr_home_finish(h);
    }
    struct mr_buf names = {0};
    struct mr_str folder = state_of(state);
    char *topology = wanted.len ? realpath(wanted.ptr, NULL) : NULL;
    size_t found = !wanted.len || topology ? scan(state, topology, h, &names) : 0;
    free(topology);
    struct mr_error *e = NULL;
    if (found > 1) {
        mr_home_finish(h);
        e = mr_error_remedy(mr_error(MR_RUN_UNKNOWN, "several pipelines are meant: %s",
                                     mr_buf_text(&names)),
                            "Give the name of one; for a topic, PIPELINE.STAGE.");
    } else if (!found && wanted.len) {
        e = mr_error(MR_RUN_UNKNOWN, "there is no pipeline \"%.*s\" in \"%.*s\"", MR_FMT(wanted),
                     MR_FMT(folder));
    } else if (!found) {
        e = mr_error(MR_RUN_UNKNOWN, "there is no pipeline in \"%.*s\"", MR_FMT(folder));
    }
    mr_buf_finish(&names);
    return e;
}

/* Open file description locks: shared with the children that inherit the descriptor, and looked at
 * without taking them. */
static bool try_lock(int fd, int command, short *type)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int rc = fcntl(fd, command, &lock);
    *type = lock.l_type;
    return rc == 0;
}

static pid_t read_pid(int fd)
{
    char text[24] = {0};
    int64_t pid;
    ssize_t len = pread(fd, text, sizeof text - 1, 0);
    if (len <= 0 || !mr_str_to_int(mr_str_trim(mr_str_span(text, (size_t)len)), &pid) || pid <= 0)
        return 0;
    return (pid_t)pid;
}

static bool alive(pid_t pid)
{
    return pid > 0 && (kill(pid, 0) == 0 || errno == EPERM);
}

static struct mr_error *open_lock(const struct mr_home *h, int flags, int *fd)
{
    struct mr_buf path = {0};
    mr_layout_lock(&h->layout, &path);
    *fd = open(mr_buf_text(&path), flags | O_CLOEXEC, 0600);
    struct mr_error *e = *fd < 0 ? mr_file_error(errno, "open", mr_buf_text(&path)) : NULL;
    mr_buf_finish(&path);
    return e;
}

struct mr_error *mr_home_lock(struct mr_home *h)
{
    int fd;
    short type;
    MR_TRY(mr_dir_make(mr_buf_text(&h->root)));
    MR_TRY(open_lock(h, O_RDWR | O_CREAT, &fd));
    uint64_t deadline = mr_now_ms() + ORPHANS_MS;
    while (!try_lock(fd, F_OFD_SETLK, &type)) {
        pid_t pid = read_pid(fd);
        if (errno != EAGAIN && errno != EACCES) {
            close(fd);
            return mr_error_errno(MR_IO, "cannot lock \"%s\"", h->root.ptr);
        }
        if (alive(pid) || mr_now_ms() > deadline) {
            close(fd);
            return mr_error(MR_RUN_BUSY, "process %ld runs the pipeline in \"%s\"", (long)pid,
                            h->root.ptr);
        }
        poll(NULL, 0, 20);
    }
    char text[24];
    int len = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)len, 0) != len) {
        struct mr_error *e = mr_file_error(errno, "write the lock in", h->root.ptr);
        close(fd);
        return e;
    }
    h->lock = fd;
    return NULL;
}

bool mr_home_running(const struct mr_home *h, pid_t *supervisor)
{
    int fd;
    short type = F_UNLCK;
    *supervisor = 0;
    struct mr_error *e = open_lock(h, O_RDWR, &fd);
    if (e) {
        mr_error_free(e);
        return false;
    }
    bool running = try_lock(fd, F_OFD_GETLK, &type) && type != F_UNLCK;
    pid_t pid = read_pid(fd);
    if (running && alive(pid))
        *supervisor = pid;
    close(fd);
    return running;
}

static struct mr_error *load_plan(struct mr_buf *path, const struct mr_registry *registry,
                                  const struct mr_connectors *connectors, struct mr_arena *arena,
                                  bool kept_only, struct mr_plan **out)
{
    struct mr_buf bytes = {0};
    struct mr_error *e = mr_file_read(mr_buf_text(path), PLAN_MAX_BYTES, &bytes);
    if (!e) {
        struct mr_str kept = mr_arena_str(arena, mr_buf_str(&bytes));
        e = (kept_only ? mr_plan_decode_kept : mr_plan_decode)(kept, registry, connectors, arena, out);
    }
    mr_buf_finish(&bytes);
    return e;
}

struct mr_error *mr_home_plan(const struct mr_home *h, const struct mr_registry *registry,
                              const struct mr_connectors *connectors, struct mr_arena *arena,
                              struct mr_plan **out)
{
    struct mr_buf path = {0};
    mr_layout_plan(&h->layout, &path);
    struct mr_error *e = load_plan(&path, registry, connectors, arena, false, out);
    mr_buf_finish(&path);
    return e;
}

struct mr_error *mr_home_epoch_plan(const struct mr_home *h, uint32_t epoch,
                                    const struct mr_registry *registry,
                                    const struct mr_connectors *connectors, struct mr_arena *arena,
                                    struct mr_plan **out)
{
    struct mr_record record;
    MR_TRY(mr_record_load(h, arena, &record));
    const struct mr_recorded_epoch *known = mr_record_epoch(&record, epoch ? epoch : record.current);
    if (!known)
        return mr_error_remedy(mr_error(MR_NAME_UNKNOWN, "pipeline \"%.*s\" has no epoch %u",
                                        MR_FMT(record.pipeline), epoch),
                               "`millrace epochs %.*s` lists them.", MR_FMT(record.pipeline));
    struct mr_buf path = {0};
    mr_layout_epoch(&h->layout, known->number, &path);
    struct mr_error *e = load_plan(&path, registry, connectors, arena, true, out);
    mr_buf_finish(&path);
    return e;
}

struct mr_error *mr_home_save_plan(const struct mr_home *h, const struct mr_plan *plan, bool running)
{
    struct mr_buf path = {0}, bytes = {0};
    struct mr_error *e = NULL;
    if (running) {
        mr_layout_plan(&h->layout, &path);
    } else {
        mr_layout_epochs(&h->layout, &path);
        e = mr_dir_make(mr_buf_text(&path));
        mr_layout_epoch(&h->layout, plan->epoch, &path);
    }
    mr_plan_encode(plan, &bytes);
    if (!e)
        e = mr_file_replace(mr_buf_text(&path), mr_buf_str(&bytes), 0600);
    mr_buf_finish(&path);
    mr_buf_finish(&bytes);
    return e;
}
