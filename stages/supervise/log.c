/* Writes the log of a pipeline: lines of JSON, equal ones folded, files of bounded size. */
#include "stages/supervise/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "runtime/base/clock.h"
#include "runtime/base/file.h"
#include "runtime/base/hash.h"
#include "runtime/base/json_out.h"

enum { FOLDS = 64, FOLD_MS = 10000 };

/* A line written lately, and how often it came again. */
struct fold {
    bool used;
    uint64_t hash, since_ms;           /* monotonic */
    uint64_t count, first_ms, last_ms; /* of those not written; wall clock */
    enum mr_log_level level;
    char *name, *stage, *message;
    int64_t process, pid;
};

struct mr_event_log {
    const struct mr_home *home;
    char *pipeline;
    uint32_t run;
    int file, extra; /* -1: none */
    uint64_t bytes;
    struct fold folds[FOLDS];
};

const char *mr_level_name(enum mr_log_level level)
{
    static const char *const names[] = {"info", "warn", "error"};
    return names[level];
}

void mr_event_log_path(const struct mr_home *h, bool old, struct mr_buf *out)
{
    out->len = 0;
    mr_buf_printf(out, "%.*s/%s", MR_FMT(h->layout.root), old ? "log.1.jsonl" : "log.jsonl");
    mr_buf_text(out);
}

static int open_file(const char *path)
{
    return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static void open_own(struct mr_event_log *l)
{
    struct mr_buf path = {0};
    struct stat st;
    mr_event_log_path(l->home, false, &path);
    l->file = open_file(path.ptr);
    l->bytes = l->file >= 0 && fstat(l->file, &st) == 0 ? (uint64_t)st.st_size : 0;
    mr_buf_finish(&path);
}

static void rotate(struct mr_event_log *l)
{
    struct mr_buf path = {0}, old = {0};
    mr_event_log_path(l->home, false, &path);
    mr_event_log_path(l->home, true, &old);
    if (rename(path.ptr, old.ptr) == 0) {
        close(l->file);
        open_own(l);
    }
    mr_buf_finish(&path);
    mr_buf_finish(&old);
}

struct mr_error *mr_event_log_open(const struct mr_home *h, struct mr_str pipeline, uint32_t run,
                                   struct mr_str extra, struct mr_event_log **out)
{
    struct mr_event_log *l = mr_zalloc(sizeof *l);
    struct mr_buf name = {0};
    *l = (struct mr_event_log){.home = h, .run = run, .extra = -1};
    mr_buf_adds(&name, pipeline);
    l->pipeline = mr_strdup(mr_buf_text(&name));
    mr_buf_finish(&name);
    open_own(l);
    if (mr_str_is(extra, "-")) {
        l->extra = STDERR_FILENO;
    } else if (extra.len) {
        l->extra = open_file(extra.ptr);
        if (l->extra < 0) {
            struct mr_error *e = mr_file_error(errno, "open the log", extra.ptr);
            mr_event_log_close(l);
            return e;
        }
    }
    *out = l;
    return NULL;
}

static void add_time(struct mr_json_out *j, const char *key, uint64_t wall_ms)
{
    char text[32], all[48];
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(all, sizeof all, "%s.%03uZ", text, (unsigned)(wall_ms % 1000));
    mr_json_key(j, key);
    mr_json_textz(j, all);
}

static void add_text(struct mr_json_out *j, const char *key, const char *value)
{
    mr_json_key(j, key);
    mr_json_textz(j, value);
}

static void add_number(struct mr_json_out *j, const char *key, int64_t value)
{
    if (value < 0)
        return;
    mr_json_key(j, key);
    mr_json_int(j, value);
}

/* One write per line: lines of several processes do not mix. What cannot be written is given up. */
static void put(int fd, const struct mr_buf *line)
{
    if (fd >= 0 && write(fd, line->ptr, line->len) < 0)
        return;
}

static void write_line(struct mr_event_log *l, const struct fold *f, uint64_t now_ms, bool folded)
{
    struct mr_json_out j = {0};
    mr_json_begin_object(&j);
    add_time(&j, "time", now_ms);
    add_text(&j, "level", mr_level_name(f->level));
    add_text(&j, "pipeline", l->pipeline);
    add_number(&j, "run", l->run);
    add_text(&j, "event", f->name);
    if (f->stage[0])
        add_text(&j, "stage", f->stage);
    add_number(&j, "process", f->process);
    add_number(&j, "pid", folded ? -1 : f->pid);
    add_text(&j, "message", f->message);
    if (folded) {
        add_number(&j, "count", (int64_t)f->count);
        add_time(&j, "first", f->first_ms);
        add_time(&j, "last", f->last_ms);
    }
    mr_json_end_object(&j);
    mr_buf_addc(&j.text, '\n');
    put(l->file, &j.text);
    put(l->extra, &j.text);
    l->bytes += j.text.len;
    if (l->file >= 0 && l->bytes > MR_EVENT_LOG_BYTES)
        rotate(l);
    mr_buf_finish(&j.text);
}

static void unfold(struct mr_event_log *l, struct fold *f)
{
    if (f->used && f->count)
        write_line(l, f, mr_wall_ms(), true);
    free(f->name);
    free(f->stage);
    free(f->message);
    *f = (struct fold){0};
}

void mr_event_log_close(struct mr_event_log *l)
{
    if (!l)
        return;
    for (int i = 0; i < FOLDS; i++)
        unfold(l, &l->folds[i]);
    if (l->file >= 0)
        close(l->file);
    if (l->extra > STDERR_FILENO)
        close(l->extra);
    free(l->pipeline);
    free(l);
}

void mr_event_log_tick(struct mr_event_log *l)
{
    uint64_t now = mr_now_ms();
    for (int i = 0; l && i < FOLDS; i++)
        if (l->folds[i].used && now - l->folds[i].since_ms >= FOLD_MS)
            unfold(l, &l->folds[i]);
}

static uint64_t hash_of(const struct mr_event *e)
{
    uint64_t hash = mr_hash64(e->message, strlen(e->message), (uint64_t)e->level);
    hash = mr_hash64(e->stage.ptr, e->stage.len, hash);
    hash = mr_hash64(&e->process, sizeof e->process, hash);
    if (e->level == MR_LEVEL_INFO) /* two processes that start are two facts */
        hash = mr_hash64(&e->pid, sizeof e->pid, hash);
    return mr_hash64(e->name, strlen(e->name), hash);
}

/* The place of an equal line, or a free one: the oldest gives way. */
static struct fold *place_of(struct mr_event_log *l, uint64_t hash)
{
    struct fold *oldest = &l->folds[0];
    for (int i = 0; i < FOLDS; i++) {
        struct fold *f = &l->folds[i];
        if (f->used && f->hash == hash)
            return f;
        if (!f->used || (oldest->used && f->since_ms < oldest->since_ms))
            oldest = f;
    }
    unfold(l, oldest);
    return oldest;
}

void mr_event_log_add(struct mr_event_log *l, const struct mr_event *e)
{
    if (!l)
        return;
    mr_event_log_tick(l);
    uint64_t hash = hash_of(e), wall = mr_wall_ms();
    struct fold *f = place_of(l, hash);
    if (f->used) {
        if (f->count++ == 0)
            f->first_ms = wall;
        f->last_ms = wall;
        return;
    }
    struct mr_buf stage = {0};
    mr_buf_adds(&stage, e->stage);
    *f = (struct fold){.used = true,
                       .hash = hash,
                       .since_ms = mr_now_ms(),
                       .level = e->level,
                       .name = mr_strdup(e->name),
                       .stage = mr_strdup(mr_buf_text(&stage)),
                       .message = mr_strdup(e->message),
                       .process = e->process,
                       .pid = e->pid};
    mr_buf_finish(&stage);
    write_line(l, f, wall, false);
}
