/* Iterators of a store: uncommitted changes and the disk merged in key order. */
#include "runtime/state/store_private.h"

#include <stdlib.h>

struct mr_store_iter {
    struct mr_store *store;
    struct mr_store_iter *next_open;
    struct mr_buf prefix, end; /* end: empty when nothing is above the prefix */
    rocksdb_readoptions_t *read;
    rocksdb_iterator_t *disk;         /* NULL: detached, to be placed after `key` */
    struct mr_pending_entry *pending; /* next of the map not below the disk's position, or NULL */
    bool valid, from_pending;
    struct mr_str key, value; /* shown; borrowed from disk or map, or in the copies */
    struct mr_buf key_copy, value_copy;
    struct mr_error *failed;
};

static bool within(const struct mr_store_iter *i, const struct mr_pending_entry *p)
{
    return p && mr_str_starts(p->key, mr_buf_str(&i->prefix));
}

static struct mr_str disk_key(const struct mr_store_iter *i)
{
    struct mr_str key;
    key.ptr = rocksdb_iter_key(i->disk, &key.len);
    return key;
}

/* Past keys that a hidden prefix covers: one seek each, however many keys it holds. */
static void skip_hidden(struct mr_store_iter *i)
{
    struct mr_buf end = {0};
    while (rocksdb_iter_valid(i->disk)) {
        const struct mr_str *hidden = mr_pending__hidden(&i->store->pending, disk_key(i));
        if (!hidden)
            break;
        end.len = 0;
        if (!mr_prefix__end(*hidden, &end)) {
            rocksdb_iter_seek_to_last(i->disk);
            if (rocksdb_iter_valid(i->disk))
                rocksdb_iter_next(i->disk);
            break;
        }
        rocksdb_iter_seek(i->disk, end.ptr, end.len);
    }
    mr_buf_finish(&end);
}

static void note_failure(struct mr_store_iter *i)
{
    char *text = NULL;
    rocksdb_iter_get_error(i->disk, &text);
    if (text && !i->failed)
        i->failed = mr_store__error(i->store, "read the state in", text);
    else if (text)
        rocksdb_free(text);
}

/* Shows the smaller of both sides; the map wins a tie, and its deletions hide the disk's entry. */
static void settle(struct mr_store_iter *i)
{
    for (;;) {
        skip_hidden(i);
        bool on_disk = rocksdb_iter_valid(i->disk);
        bool in_map = within(i, i->pending);
        if (!on_disk && !in_map) {
            i->valid = false;
            note_failure(i);
            return;
        }
        int order = !on_disk ? -1 : !in_map ? 1 : mr_str_cmp(i->pending->key, disk_key(i));
        if (order > 0) {
            i->from_pending = false;
            i->key = disk_key(i);
            i->value.ptr = rocksdb_iter_value(i->disk, &i->value.len);
            break;
        }
        if (order == 0)
            rocksdb_iter_next(i->disk);
        if (!i->pending->deleted) {
            i->from_pending = true;
            i->key = i->pending->key;
            i->value = i->pending->value;
            break;
        }
        i->pending = i->pending->next[0];
    }
    i->valid = true;
}

/* Places both sides at the first key ≥ key (> key when after). */
static void place(struct mr_store_iter *i, struct mr_str key, bool after)
{
    i->disk = rocksdb_create_iterator(i->store->db, i->read);
    rocksdb_iter_seek(i->disk, key.ptr ? key.ptr : "", key.len);
    if (after && rocksdb_iter_valid(i->disk) && mr_str_eq(disk_key(i), key))
        rocksdb_iter_next(i->disk);
    i->pending = mr_pending__seek(&i->store->pending, key, after);
    settle(i);
}

struct mr_store_iter *mr_store_iter_open(struct mr_store *s, struct mr_str prefix,
                                         struct mr_str from)
{
    struct mr_store_iter *i = mr_zalloc(sizeof *i);
    i->store = s;
    i->next_open = s->iterators;
    s->iterators = i;
    mr_buf_adds(&i->prefix, prefix);
    i->read = rocksdb_readoptions_create();
    if (mr_prefix__end(prefix, &i->end))
        rocksdb_readoptions_set_iterate_upper_bound(i->read, i->end.ptr, i->end.len);
    place(i, mr_str_cmp(from, prefix) > 0 ? from : prefix, false);
    return i;
}

bool mr_store_iter_valid(const struct mr_store_iter *i)
{
    return i->valid;
}

struct mr_str mr_store_iter_key(const struct mr_store_iter *i)
{
    mr_assert(i->valid);
    return i->key;
}

struct mr_str mr_store_iter_value(const struct mr_store_iter *i)
{
    mr_assert(i->valid);
    return i->value;
}

void mr_store_iter_next(struct mr_store_iter *i)
{
    mr_assert(i->valid);
    if (!i->disk) {
        place(i, i->key, true);
        return;
    }
    if (i->from_pending)
        i->pending = i->pending->next[0];
    else
        rocksdb_iter_next(i->disk);
    settle(i);
}

struct mr_error *mr_store_iter_close(struct mr_store_iter *i)
{
    if (!i)
        return NULL;
    struct mr_store_iter **link = &i->store->iterators;
    while (*link != i)
        link = &(*link)->next_open;
    *link = i->next_open;
    if (i->disk) {
        note_failure(i); /* whoever stops early has not met it */
        rocksdb_iter_destroy(i->disk);
    }
    rocksdb_readoptions_destroy(i->read);
    mr_buf_finish(&i->prefix);
    mr_buf_finish(&i->end);
    mr_buf_finish(&i->key_copy);
    mr_buf_finish(&i->value_copy);
    struct mr_error *e = i->failed;
    free(i);
    return e;
}

static void detach(struct mr_store_iter *i)
{
    if (!i->disk)
        return;
    if (i->valid) {
        i->key_copy.len = i->value_copy.len = 0;
        mr_buf_adds(&i->key_copy, i->key);
        mr_buf_adds(&i->value_copy, i->value);
        i->key = mr_buf_str(&i->key_copy);
        i->value = mr_buf_str(&i->value_copy);
        rocksdb_iter_destroy(i->disk);
        i->disk = NULL;
    }
    i->pending = NULL;
}

void mr_store__detach_iterators(struct mr_store *s)
{
    for (struct mr_store_iter *i = s->iterators; i; i = i->next_open)
        detach(i);
}
