/* The store of one task: RocksDB below, uncommitted changes in front of it, one synced write batch
 * at commit. */
#include "runtime/state/store_private.h"

#include "runtime/base/file.h"

#include <stdlib.h>

/* A key of the store's own: its first byte belongs to no name space. */
static const struct mr_str format_key = MR_STR_INIT("\0millrace");
static const struct mr_str format_value = MR_STR_INIT("2") /* 2: bodies beside the keys */;

struct mr_error *mr_store__error(const struct mr_store *s, const char *what, char *text)
{
    enum mr_code code = MR_STORE_FAILED;
    if (strstr(text, "No space left") || strstr(text, "quota exceeded"))
        code = MR_DISK_FULL;
    else if (strstr(text, "Read-only file system") || strstr(text, "Permission denied"))
        code = MR_READ_ONLY;
    else if (strstr(text, "lock file") || strstr(text, "lock hold by"))
        code = MR_STORE_LOCKED;
    else if (strstr(text, "fdatasync") || strstr(text, "fsync"))
        code = MR_SYNC_FAILED;
    struct mr_error *e = mr_error(code, "cannot %s \"%s\": %s", what, s->dir, text);
    rocksdb_free(text);
    return e;
}

/* A new store gets the format key; one with other content but no key is not ours. */
static struct mr_error *check_format(struct mr_store *s)
{
    struct mr_buf found = {0};
    bool present = false;
    struct mr_error *e = mr_store_get(s, format_key, &found, &present);
    if (!e && present && !mr_str_eq(mr_buf_str(&found), format_value))
        e = mr_error(MR_STORE_VERSION, "the state in \"%s\" has format \"%.*s\", not \"%.*s\"",
                     s->dir, MR_FMT(mr_buf_str(&found)), MR_FMT(format_value));
    mr_buf_finish(&found);
    if (e || present)
        return e;
    struct mr_store_iter *any = mr_store_iter_open(s, MR_STR(""), MR_STR(""));
    bool foreign = mr_store_iter_valid(any);
    MR_TRY(mr_store_iter_close(any));
    if (foreign)
        return mr_error(MR_STORE_VERSION, "\"%s\" is a database that Millrace did not make",
                        s->dir);
    mr_store_put(s, format_key, format_value);
    return mr_store_commit(s);
}

struct mr_error *mr_store_open(const char *dir, const struct mr_store_options *options,
                               struct mr_store **out)
{
    *out = NULL;
    MR_TRY(mr_dir_make(dir));
    struct mr_store *s = mr_zalloc(sizeof *s);
    s->dir = mr_strdup(dir);
    mr_pending__init(&s->pending);
    s->options = mr_store__options(options);
    s->read = rocksdb_readoptions_create();
    s->write = rocksdb_writeoptions_create();
    rocksdb_writeoptions_set_sync(s->write, !(options && options->no_sync));
    char *text = NULL;
    s->db = rocksdb_open(s->options, dir, &text);
    struct mr_error *e = text ? mr_store__error(s, "open the state in", text) : check_format(s);
    if (!e)
        e = mr_spill__open(s, dir, options ? options->body_file_bytes : 0,
                           !(options && options->no_sync), &s->spill);
    if (e) {
        mr_store_close(s);
        return e;
    }
    *out = s;
    return NULL;
}

void mr_store_close(struct mr_store *s)
{
    if (!s)
        return;
    mr_assert(!s->iterators);
    mr_spill__close(s->spill);
    if (s->db)
        rocksdb_close(s->db);
    rocksdb_options_destroy(s->options);
    rocksdb_readoptions_destroy(s->read);
    rocksdb_writeoptions_destroy(s->write);
    mr_pending__finish(&s->pending);
    free(s->dir);
    free(s);
}

struct mr_error *mr_store_get(struct mr_store *s, struct mr_str key, struct mr_buf *out,
                              bool *found)
{
    *found = false;
    const struct mr_pending_entry *p = mr_pending__seek(&s->pending, key, false);
    if (p && mr_str_eq(p->key, key)) {
        *found = !p->deleted;
        if (*found)
            mr_buf_adds(out, p->value);
        return NULL;
    }
    if (mr_pending__hidden(&s->pending, key))
        return NULL;
    char *text = NULL;
    rocksdb_pinnableslice_t *slice = rocksdb_get_pinned(s->db, s->read, key.ptr, key.len, &text);
    if (text)
        return mr_store__error(s, "read the state in", text);
    if (!slice)
        return NULL;
    size_t len;
    const char *value = rocksdb_pinnableslice_value(slice, &len);
    mr_buf_add(out, value, len);
    rocksdb_pinnableslice_destroy(slice);
    *found = true;
    return NULL;
}

void mr_store_put(struct mr_store *s, struct mr_str key, struct mr_str value)
{
    mr_pending__set(&s->pending, key, value, false, !s->iterators);
}

void mr_store_del(struct mr_store *s, struct mr_str key)
{
    mr_pending__set(&s->pending, key, MR_STR(""), true, !s->iterators);
}

/* Few keys are deleted one by one: each range deletion slows every later scan down until a
 * compaction has passed, so it must pay. Collects at most `limit` keys; false: there are more. */
static bool collect_few(struct mr_store_iter *i, size_t limit, struct mr_str *keys, size_t *count,
                        struct mr_arena *arena)
{
    for (*count = 0; mr_store_iter_valid(i); mr_store_iter_next(i)) {
        if (*count == limit)
            return false;
        keys[(*count)++] = mr_arena_str(arena, mr_store_iter_key(i));
    }
    return true;
}

struct mr_error *mr_store_del_prefix(struct mr_store *s, struct mr_str prefix)
{
    enum { FEW = 64 };
    mr_assert(prefix.len); /* the format key must stay */
    struct mr_str keys[FEW];
    size_t count;
    struct mr_arena *arena = mr_arena_create(4096);
    struct mr_store_iter *i = mr_store_iter_open(s, prefix, MR_STR(""));
    bool few = collect_few(i, FEW, keys, &count, arena);
    struct mr_error *e = mr_store_iter_close(i);
    if (!e && few) {
        for (size_t k = 0; k < count; k++)
            mr_store_del(s, keys[k]);
    } else if (!e) {
        mr_pending__hide(&s->pending, prefix);
    }
    mr_arena_destroy(arena);
    return e;
}

struct mr_error *mr_store_put_body(struct mr_store *s, struct mr_str key, struct mr_str body)
{
    uint8_t ref[MR_BODY_REF_BYTES];
    MR_TRY(mr_spill__put(s->spill, body, ref));
    mr_store_put(s, key, mr_str_span((const char *)ref, sizeof ref));
    return NULL;
}

struct mr_error *mr_store_body(struct mr_store *s, struct mr_str ref, struct mr_arena *arena,
                               struct mr_str *body)
{
    return mr_spill__get(s->spill, ref, arena, body);
}

struct mr_error *mr_store_del_body(struct mr_store *s, struct mr_str key, struct mr_str ref)
{
    MR_TRY(mr_spill__drop(s->spill, ref));
    mr_store_del(s, key);
    return NULL;
}

size_t mr_store_pending_bytes(const struct mr_store *s)
{
    return mr_pending__bytes(&s->pending);
}

size_t mr_store_pending_entries(const struct mr_store *s)
{
    return s->pending.entries + s->pending.hidden_count;
}

uint64_t mr_store_pending_bodies(const struct mr_store *s)
{
    return mr_spill__unsynced(s->spill);
}

/* Range deletions first: inside one batch, later entries win. */
static void fill_batch(struct mr_store *s, rocksdb_writebatch_t *batch)
{
    struct mr_buf end = {0};
    for (size_t i = 0; i < s->pending.hidden_count; i++) {
        struct mr_str prefix = s->pending.hidden[i];
        end.len = 0;
        if (!mr_prefix__end(prefix, &end)) /* nothing is above: name spaces are ASCII letters */
            mr_buf_adds(&end, MR_STR("\xff\xff\xff\xff"));
        rocksdb_writebatch_delete_range(batch, prefix.ptr, prefix.len, end.ptr, end.len);
    }
    mr_buf_finish(&end);
    for (struct mr_pending_entry *e = s->pending.head->next[0]; e; e = e->next[0]) {
        if (e->deleted)
            rocksdb_writebatch_delete(batch, e->key.ptr, e->key.len);
        else
            rocksdb_writebatch_put(batch, e->key.ptr, e->key.len, e->value.ptr, e->value.len);
    }
}

static void forget_pending(struct mr_store *s)
{
    mr_store__detach_iterators(s);
    mr_pending__clear(&s->pending);
}

struct mr_error *mr_store_commit(struct mr_store *s)
{
    if (s->failed)
        return mr_error(MR_STORE_FAILED, "a commit of the state in \"%s\" failed before", s->dir);
    if (!mr_store_pending_entries(s))
        return NULL;
    struct mr_error *e = s->spill ? mr_spill__save(s->spill) : NULL;
    if (e) {
        s->failed = true;
        return e;
    }
    rocksdb_writebatch_t *batch = rocksdb_writebatch_create();
    fill_batch(s, batch);
    char *text = NULL;
    rocksdb_write(s->db, s->write, batch, &text);
    rocksdb_writebatch_destroy(batch);
    if (text) {
        s->failed = true; /* a failed sync must not be tried again: the pages may be lost */
        return mr_store__error(s, "commit the state in", text);
    }
    forget_pending(s);
    if (s->spill)
        mr_spill__saved(s->spill);
    return NULL;
}

void mr_store_rollback(struct mr_store *s)
{
    forget_pending(s);
    /* A failed commit may be found decided by who opens next: its bodies stay until then. */
    if (!s->failed)
        mr_spill__rollback(s->spill);
}
