/* Looks at the folders, spools what is new into the store, and keeps the source's position there.
 */
#include "connectors/files/source.h"

#include "runtime/base/clock.h"

#include <inttypes.h>
#include <stdio.h>

enum { LOOK_PENDING_BYTES = 1 << 20, LOOK_STEP = 20000 };

struct mr_str mr_files__key(struct mr_source *s, char kind, struct mr_str id)
{
    s->key.len = 0;
    mr_buf_adds(&s->key, mr_buf_str(&s->prefix));
    mr_buf_addc(&s->key, kind);
    mr_buf_adds(&s->key, id);
    return mr_buf_str(&s->key);
}

/* Numbers as text: short, readable in a dump, and the same on any machine. */
struct mr_error *mr_files__file_get(struct mr_source *s, struct mr_str id, struct files_file *out,
                                    bool *found)
{
    s->value.len = 0;
    MR_TRY(mr_store_get(s->env.store, mr_files__key(s, 'f', id), &s->value, found));
    if (!*found)
        return NULL;
    if (sscanf(mr_buf_text(&s->value), "%" SCNu32 " %" SCNu32 " %" SCNu64 " %" SCNd64,
               &out->ordinal, &out->generation, &out->size, &out->mtime_ns) != 4)
        return mr_error(MR_STORE_VERSION, "the state of the file \"%.*s\" is not readable",
                        MR_FMT(id));
    return NULL;
}

void mr_files__file_put(struct mr_source *s, struct mr_str id, const struct files_file *file)
{
    s->value.len = 0;
    mr_buf_printf(&s->value, "%" PRIu32 " %" PRIu32 " %" PRIu64 " %" PRId64, file->ordinal,
                  file->generation, file->size, file->mtime_ns);
    mr_store_put(s->env.store, mr_files__key(s, 'f', id), mr_buf_str(&s->value));
}

/* A watched file counts once nobody wrote it for the declared time. A time in the future (another
 * machine's clock) cannot be waited for. */
static bool is_settled(struct mr_source *s, const struct files_found *f)
{
    if (!s->params->watch || !s->params->settle_ms || mr_files__watch_moved(s->watch, f->path))
        return true;
    int64_t age_ms = (int64_t)mr_wall_ms() - f->mtime_ns / 1000000;
    return age_ms < 0 || age_ms >= s->params->settle_ms;
}

static struct mr_error *spool(struct mr_source *s, const struct files_found *f)
{
    struct files_file known;
    bool found;
    MR_TRY(mr_files__file_get(s, f->id, &known, &found));
    if (f->missing) {
        if (found || s->params->watch)
            return NULL;
        return mr_error(MR_FILE_MISSING, "source \"%s\": there is no file \"%s\"", s->name,
                        f->path);
    }
    if (found && known.size == f->size && known.mtime_ns == f->mtime_ns)
        return NULL;
    if (!is_settled(s, f))
        return NULL;
    mr_store_put(s->env.store, mr_files__key(s, 'l', f->id), MR_STR(""));
    s->pos.found_bytes += f->size;
    return NULL;
}

struct mr_error *mr_files__look(struct mr_source *s, bool *done)
{
    *done = false;
    if (!s->walk) {
        MR_TRY(mr_store_del_prefix(s->env.store, mr_files__key(s, 'l', MR_STR(""))));
        MR_TRY(mr_files__walk_open(s->params, s->env.base_dir, s->watch, &s->walk));
        if (s->watch)
            mr_files__watch_read(s->watch);
        s->looked_at_ms = mr_now_ms();
        s->pos.spooled = false;
        s->pos.found_bytes = s->pos.done_bytes; /* a look that was cut short begins again */
    }
    for (int i = 0; i < LOOK_STEP; i++) {
        if (mr_store_pending_bytes(s->env.store) > LOOK_PENDING_BYTES && i)
            return NULL;
        struct files_found f;
        bool more;
        MR_TRY(mr_files__walk_next(s->walk, &f, &more));
        if (!more) {
            mr_files__walk_close(s->walk);
            mr_files__watch_clear(s->watch);
            s->walk = NULL;
            s->look_ms = mr_now_ms() - s->looked_at_ms;
            s->pos.spooled = true;
            s->pos.look_run = s->env.run;
            s->cursor.len = 0;
            *done = true;
            return NULL;
        }
        MR_TRY(spool(s, &f));
    }
    return NULL;
}

struct mr_error *mr_files__spool_next(struct mr_source *s, bool *found)
{
    size_t skip = s->prefix.len + 1;
    /* The first key above the cursor is the cursor and a NUL: paths hold none. */
    if (s->cursor.len)
        mr_buf_addc(&s->cursor, 0);
    struct mr_str from = mr_files__key(s, 'l', mr_buf_str(&s->cursor));
    struct mr_store_iter *i = mr_store_iter_open(s->env.store, mr_str_span(from.ptr, skip), from);
    *found = mr_store_iter_valid(i);
    if (!*found && s->cursor.len) {
        s->cursor.len--; /* it stays: what is spooled has been read */
    } else if (*found) {
        s->cursor.len = 0;
        struct mr_str key = mr_store_iter_key(i);
        mr_buf_add(&s->cursor, key.ptr + skip, key.len - skip);
    }
    return mr_store_iter_close(i);
}

#define POSITION_OUT                                                                               \
    "%" PRIu32 " %" PRIu64 " %" PRIu64 " %" PRIu32 " %" PRIu32 " %d %d %" PRIu32 " %" PRIu32       \
    " %" PRIu64 " %" PRId64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64           \
    " %" PRIu64 " %" PRIu64 "\n"
#define POSITION_IN                                                                                \
    "%" SCNu32 " %" SCNu64 " %" SCNu64 " %" SCNu32 " %" SCNu32 " %d %d %" SCNu32 " %" SCNu32       \
    " %" SCNu64 " %" SCNd64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64           \
    " %" SCNu64 " %" SCNu64 "%n"

void mr_files__position_save(struct mr_source *s)
{
    const struct position *p = &s->pos;
    s->value.len = 0;
    mr_buf_printf(&s->value, POSITION_OUT, p->run, p->given, p->rows, p->next_ordinal, p->look_run,
                  p->spooled, p->open, p->file.ordinal, p->file.generation, p->file.size,
                  p->file.mtime_ns, p->place.offset, p->place.line, p->place.record, p->head_hash,
                  p->tail_hash, p->found_bytes, p->done_bytes);
    mr_buf_adds(&s->value, mr_buf_str(&s->cursor));
    mr_store_put(s->env.store, mr_files__key(s, 'p', MR_STR("")), mr_buf_str(&s->value));
}

struct mr_error *mr_files__position_load(struct mr_source *s)
{
    struct position *p = &s->pos;
    bool found;
    s->value.len = 0;
    MR_TRY(mr_store_get(s->env.store, mr_files__key(s, 'p', MR_STR("")), &s->value, &found));
    if (!found)
        return NULL;
    int spooled, open, end = 0;
    const char *text = mr_buf_text(&s->value);
    int read = sscanf(text, POSITION_IN, &p->run, &p->given, &p->rows, &p->next_ordinal,
                      &p->look_run, &spooled, &open, &p->file.ordinal, &p->file.generation,
                      &p->file.size, &p->file.mtime_ns, &p->place.offset, &p->place.line,
                      &p->place.record, &p->head_hash, &p->tail_hash,
                      &p->found_bytes, &p->done_bytes, &end);
    if (read != 18 || end <= 0 || (size_t)end >= s->value.len)
        return mr_error(MR_STORE_VERSION, "the position of source \"%s\" is not readable", s->name);
    p->spooled = spooled;
    p->open = open;
    mr_buf_add(&s->cursor, s->value.ptr + end + 1, s->value.len - (size_t)end - 1);
    return NULL;
}

struct mr_error *mr_files__inputs(const struct mr_connector_env *env,
                                  void (*fn)(void *arg, struct mr_str name, uint64_t bytes), void *arg)
{
    struct mr_buf prefix = {0}, text = {0};
    mr_buf_printf(&prefix, "xs%.*s%cf", MR_FMT(env->name), 0);
    struct mr_store_iter *i = mr_store_iter_open(env->store, mr_buf_str(&prefix), (struct mr_str){0});
    for (; mr_store_iter_valid(i); mr_store_iter_next(i)) {
        struct mr_str key = mr_store_iter_key(i);
        struct files_file f = {0};
        text.len = 0;
        mr_buf_adds(&text, mr_store_iter_value(i));
        if (sscanf(mr_buf_text(&text), "%" SCNu32 " %" SCNu32 " %" SCNu64, &f.ordinal, &f.generation,
                   &f.size) == 3)
            fn(arg, mr_str_span(key.ptr + prefix.len, key.len - prefix.len), f.size);
    }
    mr_buf_finish(&prefix);
    mr_buf_finish(&text);
    return mr_store_iter_close(i);
}
