/* Bodies in append-only files beside the store, and the records that say which bytes count. */
#include "runtime/state/spill.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/base/file.h"
#include "runtime/base/hash.h"

enum {
    FILE_BYTES = 64 << 20,
    WAITING_BYTES = 128 << 10, /* gathered before they are written */
    OPEN_FILES = 16,
    HASH_SEED = 0x5b1,
};

/* Stored as they are: no padding. */
struct ref {
    uint32_t file, len;
    uint64_t offset, hash;
};
struct record {
    uint64_t end;  /* bytes of the file that count */
    uint64_t live; /* bodies in it that are wanted */
};
_Static_assert(sizeof(struct ref) == MR_BODY_REF_BYTES, "a reference is stored as it is");

struct file {
    struct record now, decided;
    uint32_t number;
    int fd;        /* -1: not open */
    bool recorded; /* the store has a record of it */
    bool changed;  /* now differs from what is recorded */
    bool unsynced;
};

struct mr_spill {
    struct mr_store *store;
    char *dir, *parent;
    struct file *files; /* numbers ascending; the last one is written to */
    size_t count, room;
    struct mr_buf waiting; /* the end of the last file, not yet written */
    uint64_t unsynced;
    size_t file_bytes, open, turn;
    bool sync, new_names, new_dir;
};

/* ---- files ---- */

static const char *path_of(const struct mr_spill *p, uint32_t number, char path[4200])
{
    snprintf(path, 4200, "%s/%08x", p->dir, number);
    return path;
}

static void close_file(struct mr_spill *p, struct file *f)
{
    if (f->fd >= 0) {
        close(f->fd);
        f->fd = -1;
        p->open--;
    }
}

/* Opens at most OPEN_FILES at a time: another one goes by turns, never one with unsynced bytes. */
static struct mr_error *open_file(struct mr_spill *p, struct file *f, int flags)
{
    char path[4200];
    if (f->fd >= 0)
        return NULL;
    for (size_t k = 0; p->open >= OPEN_FILES && k < p->count; k++) {
        struct file *other = &p->files[p->turn++ % p->count];
        if (!other->unsynced)
            close_file(p, other);
    }
    f->fd = open(path_of(p, f->number, path), O_RDWR | O_CLOEXEC | flags, 0600);
    if (f->fd < 0)
        return mr_file_error(errno, "open", path);
    p->open++;
    return NULL;
}

static struct file *file_of(struct mr_spill *p, uint32_t number)
{
    size_t low = 0, high = p->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (p->files[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low < p->count && p->files[low].number == number ? &p->files[low] : NULL;
}

static struct file *add_file(struct mr_spill *p, uint32_t number)
{
    if (p->count == p->room) {
        p->room = p->room ? p->room * 2 : 8;
        p->files = mr_realloc(p->files, p->room * sizeof(*p->files));
    }
    struct file *f = &p->files[p->count++];
    *f = (struct file){.number = number, .fd = -1};
    return f;
}

/* Takes the file away; one that cannot be removed is removed when the store opens again. */
static void remove_file(struct mr_spill *p, size_t i)
{
    char path[4200];
    close_file(p, &p->files[i]);
    unlink(path_of(p, p->files[i].number, path));
    memmove(p->files + i, p->files + i + 1, (p->count - i - 1) * sizeof(*p->files));
    p->count--;
}

/* ---- records ---- */

enum { RECORD_KEY_BYTES = 6 };

static struct mr_str record_prefix(void)
{
    return mr_str_span("\0b", 2); /* a key of the store's own, as the format's */
}

static struct mr_str record_key(uint32_t number, char key[RECORD_KEY_BYTES])
{
    memcpy(key, "\0b", 2);
    for (int i = 0; i < 4; i++)
        key[2 + i] = (char)(number >> (24 - 8 * i));
    return mr_str_span(key, RECORD_KEY_BYTES);
}

static struct mr_error *read_record(struct mr_spill *p, struct mr_str key, struct mr_str value)
{
    uint32_t number = 0;
    for (int i = 0; i < 4 && key.len == RECORD_KEY_BYTES; i++)
        number = number << 8 | (unsigned char)key.ptr[2 + i];
    if (key.len != RECORD_KEY_BYTES || value.len != sizeof(struct record) || number == UINT32_MAX)
        return mr_error(MR_STORE_VERSION, "a record of \"%s\" cannot be read", p->dir);
    struct file *f = add_file(p, number);
    memcpy(&f->now, value.ptr, sizeof(f->now));
    f->decided = f->now;
    f->recorded = true;
    return NULL;
}

static struct mr_error *read_records(struct mr_spill *p)
{
    struct mr_error *e = NULL;
    struct mr_store_iter *i = mr_store_iter_open(p->store, record_prefix(), (struct mr_str){0});
    for (; !e && mr_store_iter_valid(i); mr_store_iter_next(i))
        e = read_record(p, mr_store_iter_key(i), mr_store_iter_value(i));
    struct mr_error *failed = mr_store_iter_close(i);
    if (!e)
        return failed;
    mr_error_free(failed);
    return e;
}

/* ---- opening ---- */

/* Bytes behind the recorded end were never decided; missing ones were, and are lost. */
static struct mr_error *fit_file(struct mr_spill *p, struct file *f)
{
    char path[4200];
    struct stat st;
    MR_TRY(open_file(p, f, 0));
    if (fstat(f->fd, &st) != 0)
        return mr_file_error(errno, "look at", path_of(p, f->number, path));
    if ((uint64_t)st.st_size < f->now.end)
        return mr_error(MR_STORE_FAILED, "\"%s\" has %llu bytes of %llu: held rows are lost",
                        path_of(p, f->number, path), (unsigned long long)st.st_size,
                        (unsigned long long)f->now.end);
    if ((uint64_t)st.st_size > f->now.end && ftruncate(f->fd, (off_t)f->now.end) != 0)
        return mr_file_error(errno, "shorten", path_of(p, f->number, path));
    return NULL;
}

/* Files without a record: begun and never decided, or no longer wanted. */
static struct mr_error *remove_strangers(struct mr_spill *p)
{
    DIR *dir = opendir(p->dir);
    if (!dir)
        return errno == ENOENT ? NULL : mr_file_error(errno, "open", p->dir);
    for (struct dirent *d; (d = readdir(dir));) {
        char *end;
        unsigned long number = strtoul(d->d_name, &end, 16);
        char path[4200];
        if (d->d_name[0] != '.' && !*end && number <= UINT32_MAX && !file_of(p, (uint32_t)number))
            unlink(path_of(p, (uint32_t)number, path));
    }
    closedir(dir);
    return NULL;
}

struct mr_error *mr_spill__open(struct mr_store *store, const char *dir, size_t file_bytes,
                                bool sync, struct mr_spill **out)
{
    struct mr_spill *p = *out = mr_zalloc(sizeof(*p));
    struct mr_buf path = {0};
    mr_buf_printf(&path, "%s/bodies", dir);
    p->store = store;
    p->parent = mr_strdup(dir);
    p->dir = mr_strdup(mr_buf_text(&path));
    mr_buf_finish(&path);
    p->file_bytes = file_bytes ? file_bytes : FILE_BYTES;
    p->sync = sync;
    MR_TRY(read_records(p));
    MR_TRY(remove_strangers(p));
    for (size_t i = 0; i < p->count; i++)
        MR_TRY(fit_file(p, &p->files[i]));
    return NULL;
}

void mr_spill__close(struct mr_spill *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->count; i++)
        close_file(p, &p->files[i]);
    mr_buf_finish(&p->waiting);
    free(p->files);
    free(p->dir);
    free(p->parent);
    free(p);
}

/* ---- bodies ---- */

static struct mr_error *flush(struct mr_spill *p)
{
    char path[4200];
    if (!p->waiting.len)
        return NULL;
    struct file *f = &p->files[p->count - 1];
    MR_TRY(open_file(p, f, 0));
    f->unsynced = true;
    MR_TRY(mr_file_write_at(f->fd, path_of(p, f->number, path), p->waiting.ptr, p->waiting.len,
                            f->now.end - p->waiting.len));
    p->waiting.len = 0;
    if (p->waiting.cap > 2 * WAITING_BYTES) /* a body of many megabytes was the exception */
        mr_buf_finish(&p->waiting);
    return NULL;
}

/* The file that takes len more bytes. */
static struct mr_error *writable(struct mr_spill *p, size_t len, struct file **out)
{
    struct file *last = p->count ? &p->files[p->count - 1] : NULL;
    if (!last || (last->now.end && last->now.end + len > p->file_bytes)) {
        uint32_t number = last ? last->number + 1 : 1;
        MR_TRY(flush(p));
        if (!last) {
            MR_TRY(mr_dir_make(p->dir));
            p->new_dir = true; /* or left by a process that died before it was synced */
        }
        last = add_file(p, number);
        p->new_names = true;
        struct mr_error *e = open_file(p, last, O_CREAT | O_TRUNC);
        if (e) {
            p->count--;
            return e;
        }
    }
    *out = last;
    return NULL;
}

struct mr_error *mr_spill__put(struct mr_spill *p, struct mr_str body,
                               uint8_t ref[MR_BODY_REF_BYTES])
{
    struct file *f;
    mr_assert(body.len <= UINT32_MAX);
    MR_TRY(writable(p, body.len, &f));
    struct ref r = {.file = f->number,
                    .len = (uint32_t)body.len,
                    .offset = f->now.end,
                    .hash = mr_hash64(body.ptr, body.len, HASH_SEED)};
    memcpy(ref, &r, sizeof(r));
    mr_buf_adds(&p->waiting, body);
    f->now.end += body.len;
    f->now.live++;
    f->changed = true;
    p->unsynced += body.len;
    return p->waiting.len >= WAITING_BYTES ? flush(p) : NULL;
}

/* The file of a reference, which comes from the disk and may say anything. */
static struct mr_error *resolve(struct mr_spill *p, struct mr_str bytes, struct ref *r,
                                struct file **f)
{
    *f = NULL;
    if (bytes.len == sizeof(*r)) {
        memcpy(r, bytes.ptr, sizeof(*r));
        *f = file_of(p, r->file);
    }
    if (!*f || r->offset > (*f)->now.end || r->len > (*f)->now.end - r->offset || !(*f)->now.live)
        return mr_error(MR_STORE_VERSION, "the state in \"%s\" names a row that is not held",
                        p->parent);
    return NULL;
}

struct mr_error *mr_spill__get(struct mr_spill *p, struct mr_str ref, struct mr_arena *arena,
                               struct mr_str *body)
{
    struct ref r;
    struct file *f;
    char path[4200];
    MR_TRY(resolve(p, ref, &r, &f));
    if (f == &p->files[p->count - 1] && r.offset + r.len > f->now.end - p->waiting.len)
        MR_TRY(flush(p));
    MR_TRY(open_file(p, f, 0));
    char *into = mr_arena_alloc(arena, r.len);
    for (size_t done = 0; done < r.len;) {
        ssize_t got = pread(f->fd, into + done, r.len - done, (off_t)(r.offset + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return mr_file_error(got ? errno : EIO, "read", path_of(p, f->number, path));
        done += (size_t)got;
    }
    if (mr_hash64(into, r.len, HASH_SEED) != r.hash)
        return mr_error(MR_STORE_FAILED, "a held row at byte %llu of \"%s\" is damaged",
                        (unsigned long long)r.offset, path_of(p, f->number, path));
    *body = mr_str_span(into, r.len);
    return NULL;
}

struct mr_error *mr_spill__drop(struct mr_spill *p, struct mr_str ref)
{
    struct ref r;
    struct file *f;
    MR_TRY(resolve(p, ref, &r, &f));
    f->now.live--;
    f->changed = true;
    return NULL;
}

uint64_t mr_spill__unsynced(const struct mr_spill *p)
{
    return p->unsynced;
}

/* ---- commit ---- */

static struct mr_error *sync_bodies(struct mr_spill *p)
{
    char path[4200];
    MR_TRY(flush(p));
    for (size_t i = 0; i < p->count; i++) {
        struct file *f = &p->files[i];
        /* What nobody wants any more need not last. */
        if (f->unsynced && f->now.live && p->sync)
            MR_TRY(mr_file_sync(f->fd, path_of(p, f->number, path)));
        f->unsynced = false;
    }
    if (p->new_names && p->sync)
        MR_TRY(mr_dir_sync(p->dir));
    if (p->new_dir && p->sync)
        MR_TRY(mr_dir_sync(p->parent));
    p->new_names = p->new_dir = false;
    return NULL;
}

struct mr_error *mr_spill__save(struct mr_spill *p)
{
    char key[RECORD_KEY_BYTES];
    MR_TRY(sync_bodies(p));
    for (size_t i = 0; i < p->count; i++) {
        struct file *f = &p->files[i];
        if (!f->changed)
            continue;
        if (!f->now.live) /* the last file is used again, from its beginning */
            f->now.end = 0;
        if (f->now.live || i + 1 == p->count)
            mr_store_put(p->store, record_key(f->number, key),
                         mr_str_span((const char *)&f->now, sizeof(f->now)));
        else
            mr_store_del(p->store, record_key(f->number, key));
    }
    return NULL;
}

void mr_spill__saved(struct mr_spill *p)
{
    p->unsynced = 0;
    for (size_t i = p->count; i-- > 0;) {
        struct file *f = &p->files[i];
        if (!f->changed)
            continue;
        f->changed = false;
        f->recorded = true;
        f->decided = f->now;
        if (!f->now.live && i + 1 < p->count)
            remove_file(p, i);
        else if (!f->now.live && f->fd >= 0 && ftruncate(f->fd, 0) != 0)
            continue; /* its bytes are written over, or cut off when the store opens */
    }
}

void mr_spill__rollback(struct mr_spill *p)
{
    p->waiting.len = 0;
    p->unsynced = 0;
    for (size_t i = p->count; i-- > 0;) {
        struct file *f = &p->files[i];
        f->now = f->decided;
        f->changed = f->unsynced = false;
        if (!f->recorded)
            remove_file(p, i);
    }
}
