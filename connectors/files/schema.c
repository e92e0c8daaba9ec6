/* Keys and types of a source before anything runs: from the format where it says, else from a
 * bounded sample of the first files. */
#include "connectors/files/files_private.h"

#include "runtime/base/error.h"

#include <stdlib.h>

enum {
    SAMPLE_FILES = 4,
    SAMPLE_ROWS = 100,
    SAMPLE_BYTES = 1 << 20,
    SAMPLE_KEYS = 1000, /* keys are looked for one by one: more would make hostile rows costly */
    COUNT_MAX = 200000,
};

/* The smallest paths of one format. */
struct picks {
    char *path[SAMPLE_FILES], *id[SAMPLE_FILES];
    size_t count;
};

struct schema {
    const struct files_params *params;
    struct mr_arena *arena;
    struct mr_schema *out;
    struct picks picks[FORMAT_COUNT];
    struct mr_json_reader *json;
    size_t room;
    uint64_t sampled; /* rows looked at, of all formats */
    bool too_many_keys;
};

static void pick(struct picks *p, const struct files_found *f)
{
    size_t at = p->count;
    while (at && mr_str_cmp(f->id, mr_str_of(p->id[at - 1])) < 0)
        at--;
    if (at && mr_str_eq(f->id, mr_str_of(p->id[at - 1])))
        return; /* two patterns name it */
    if (at == SAMPLE_FILES)
        return;
    if (p->count == SAMPLE_FILES) {
        p->count--;
        free(p->path[p->count]);
        free(p->id[p->count]);
    }
    memmove(p->path + at + 1, p->path + at, (p->count - at) * sizeof *p->path);
    memmove(p->id + at + 1, p->id + at, (p->count - at) * sizeof *p->id);
    p->path[at] = mr_strdup(f->path);
    p->id[at] = mr_alloc(f->id.len + 1);
    memcpy(p->id[at], f->id.ptr, f->id.len);
    p->id[at][f->id.len] = 0;
    p->count++;
}

/* Counts files and bytes, and keeps the first few of each format. */
static struct mr_error *walk(struct schema *s, struct files_walk *w)
{
    for (;;) {
        struct files_found f;
        bool more;
        MR_TRY(mr_files__walk_next(w, &f, &more));
        if (!more) {
            s->out->none = s->out->files == 0 && !s->params->watch;
            return NULL;
        }
        if (f.missing && s->params->watch)
            continue;
        if (f.missing)
            return mr_error(MR_FILE_MISSING, "there is no file \"%s\"", f.path);
        struct files_kind kind;
        struct mr_error *e = mr_files__kind(f.id, s->params->format, s->params->compression, &kind);
        if (!e)
            pick(&s->picks[kind.format], &f);
        mr_error_free(e); /* such a file is rejected when its turn comes */
        s->out->files++;
        s->out->bytes += f.size;
        if (s->out->files == COUNT_MAX) {
            s->out->files = s->out->bytes = 0; /* too many to count: unknown */
            return NULL;
        }
    }
}

/* NULL for a further key where there are too many already. */
static struct mr_schema_key *key_of(struct schema *s, struct mr_str name)
{
    struct mr_schema *out = s->out;
    for (size_t i = 0; i < out->count; i++) {
        if (mr_str_eq(out->keys[i].name, name))
            return &out->keys[i];
    }
    if (out->count == SAMPLE_KEYS) {
        s->too_many_keys = true;
        return NULL;
    }
    if (out->count == s->room) {
        s->room = s->room ? s->room * 2 : 32;
        struct mr_schema_key *keys = mr_arena_zalloc(s->arena, s->room * sizeof *keys);
        if (out->count)
            memcpy(keys, out->keys, out->count * sizeof *keys);
        out->keys = keys;
    }
    struct mr_schema_key *key = &out->keys[out->count++];
    *key = (struct mr_schema_key){.name = mr_arena_str(s->arena, name), .always = s->sampled == 0};
    return key;
}

/* One row more: keys that it lacks are not on every row. */
static void add_row(struct schema *s, struct mr_str map)
{
    struct mr_value value = {(const uint8_t *)map.ptr, (uint32_t)map.len}, k, v;
    size_t before = s->out->count;
    bool *seen = mr_zalloc(before + 1);
    struct mr_walk w;
    mr_walk_begin(&w, value);
    while (mr_walk_next(&w, &k) && mr_walk_next(&w, &v)) {
        struct mr_schema_key *key = key_of(s, mr_value_text(k));
        if (!key)
            break;
        key->types |= mr_value_type(v);
        size_t index = (size_t)(key - s->out->keys);
        if (index < before)
            seen[index] = true;
    }
    for (size_t i = 0; i < before; i++)
        s->out->keys[i].always &= seen[i];
    free(seen);
    s->sampled++;
}

static void sample_file(struct schema *s, struct files_kind kind, const char *path, const char *id)
{
    struct files_read_options options = {s->params, FILES_MAX_ROW, s->json};
    struct files_reader *r;
    struct mr_error *e = mr_files__reader_open(&options, path, mr_str_of(id), kind, NULL, &r);
    if (e) {
        mr_error_free(e);
        return;
    }
    struct files_record record;
    size_t rows = 0;
    while (rows < SAMPLE_ROWS && !s->too_many_keys && r->window.at < SAMPLE_BYTES &&
           mr_files__reader_next(r, &record)) {
        rows++;
        if (!record.why) {
            add_row(s, record.map);
            s->out->sample_rows++;
        }
        mr_error_free(record.why);
    }
    mr_files__reader_close(r);
}

static void pack_declared(struct mr_buf *b, const char *key, bool text)
{
    mr_pack_text(b, mr_str_of(key));
    if (text)
        mr_pack_text(b, MR_STR("x"));
    else
        mr_pack_null(b);
}

/* Documents always have the same keys: rows of the right shape stand for them. */
static void declare_document(struct schema *s, enum files_format format)
{
    const struct files_params *p = s->params;
    struct mr_buf b = {0};
    for (int full = 0; full < 2; full++) {
        bool html = format == FORMAT_HTML;
        uint32_t count = html ? 5 + p->links : format == FORMAT_MARKDOWN ? 2 : 1;
        b.len = 0;
        mr_pack_map(&b, count + (p->path_key.len != 0) + (p->line_key.len != 0));
        mr_pack_text(&b, p->text_key);
        mr_pack_text(&b, MR_STR(""));
        if (count > 1)
            pack_declared(&b, "title", full);
        if (html) {
            pack_declared(&b, "url", full);
            pack_declared(&b, "lang", full);
            mr_pack_text(&b, MR_STR("meta"));
            mr_pack_map(&b, 0);
        }
        if (html && p->links) {
            mr_pack_text(&b, MR_STR("links"));
            mr_pack_list(&b, 0);
        }
        if (p->path_key.len) {
            mr_pack_text(&b, p->path_key);
            mr_pack_text(&b, MR_STR(""));
        }
        if (p->line_key.len) {
            mr_pack_text(&b, p->line_key);
            mr_pack_uint(&b, 1);
        }
        add_row(s, mr_buf_str(&b));
    }
    mr_buf_finish(&b);
}

static void sample_all(struct schema *s)
{
    for (int format = FORMAT_AUTO + 1; format < FORMAT_COUNT; format++) {
        struct picks *p = &s->picks[format];
        if (p->count && format >= FORMAT_TEXT) {
            declare_document(s, (enum files_format)format);
            continue;
        }
        s->out->open |= p->count > 0;
        for (size_t i = 0; i < p->count; i++) {
            struct files_kind kind;
            mr_error_free(mr_files__kind(mr_str_of(p->id[i]), s->params->format,
                                         s->params->compression, &kind));
            sample_file(s, kind, p->path[i], p->id[i]);
        }
    }
    s->out->unknown = s->sampled == 0 || s->too_many_keys;
}

struct mr_error *mr_files__schema(const void *params, const char *base_dir, struct mr_arena *arena,
                                  struct mr_schema *out)
{
    *out = (struct mr_schema){0};
    struct schema s = {.params = params, .arena = arena, .out = out};
    struct files_walk *w;
    MR_TRY(mr_files__walk_open(params, base_dir, NULL, &w));
    struct mr_error *e = walk(&s, w);
    mr_files__walk_close(w);
    if (!e) {
        s.json = mr_json_reader_create();
        sample_all(&s);
        mr_json_reader_destroy(s.json);
    }
    for (int format = 0; format < FORMAT_COUNT; format++) {
        for (size_t i = 0; i < s.picks[format].count; i++) {
            free(s.picks[format].path[i]);
            free(s.picks[format].id[i]);
        }
    }
    return e;
}
