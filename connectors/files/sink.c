/* `file:` as a sink: rows to one file or to shards, exactly once, whole at any time. */
#include "connectors/files/sink.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define F(field) MR_FIELD(struct sink_params, field)

static const struct mr_param params[] = {
    {F(file), .aliases = "path",
     .doc = "Output file; its suffixes choose format and compression (out.jsonl.zst)."},
    {F(format), .def = "auto", .choices = "auto|jsonl|json|csv|tsv",
     .doc = "What is written; auto: told by the suffix."},
    {F(compression), .def = "auto", .choices = FILES_CODECS,
     .doc = "How it is compressed; auto: told by the suffix."},
    {F(level), .def = "null", .min = "1", .max = "22", .nullable = true,
     .doc = "Compression level; null: 6 for gzip, 3 for zstd."},
    {F(shard_bytes), .def = "0", .min = "0", .unit = "bytes",
     .doc = "Begin a new file (out-00001.jsonl) after so many bytes before compression; 0: one "
            "file."},
    {F(columns), .def = "null", .nullable = true,
     .doc = "Columns of CSV in their order; null: the keys of the first row."},
    {F(extra_keys), .def = "reject", .choices = "reject|drop",
     .doc = "What happens in CSV when a row has a key that is no column: the row is rejected, or "
            "the key is dropped."},
    {F(delimiter), .def = "null", .nullable = true,
     .doc = "One character between the fields of CSV; null: a comma, for TSV a tab."},
    {F(quote), .def = "\"", .doc = "One character around CSV fields that need it."},
    {F(id_key), .def = "null", .nullable = true, .doc = "Key that gets the row's identity."},
    {F(parent_key), .def = "null", .nullable = true,
     .doc = "Key that gets the identity of the row it was made from, or null."},
    {0},
};

struct mr_error *mr_files__out_kind(const struct sink_params *p, struct files_kind *kind)
{
    struct mr_error *e = mr_files__kind(p->file, p->format, p->compression, kind);
    if (!e && kind->format >= FORMAT_JSONL && kind->format <= FORMAT_TSV)
        return NULL;
    mr_error_free(e);
    return mr_error_remedy(
        mr_error(MR_FORMAT_UNKNOWN, "\"%.*s\" does not name a format to write", MR_FMT(p->file)),
        "End the name in .jsonl, .json, .csv or .tsv, with .gz or .zst behind, "
        "or give `format:`.");
}

static bool is_one_byte(struct mr_str s)
{
    return s.len == 1 && *s.ptr != '\n' && *s.ptr != '\r' && *s.ptr;
}

static struct mr_error *check(const void *given)
{
    const struct sink_params *p = given;
    struct files_kind kind;
    if (!p->file.len || p->file.ptr[p->file.len - 1] == '/' || p->file.len > 3000 ||
        memchr(p->file.ptr, 0, p->file.len))
        return mr_error(MR_PARAM_INVALID, "parameter \"file\" is \"%.*s\"; expected a file's path",
                        MR_FMT(p->file));
    MR_TRY(mr_files__out_kind(p, &kind));
    if ((p->delimiter.ptr && !is_one_byte(p->delimiter)) || !is_one_byte(p->quote))
        return mr_error(MR_PARAM_INVALID, "\"delimiter\" and \"quote\" must be one byte each");
    if (p->id_key.len && mr_str_eq(p->id_key, p->parent_key))
        return mr_error(MR_PARAM_INVALID, "parameters \"id_key\" and \"parent_key\" are the same");
    for (size_t i = 0; i < p->columns.count; i++)
        for (size_t k = 0; k < i; k++) {
            if (mr_str_eq(p->columns.items[i], p->columns.items[k]))
                return mr_error(MR_PARAM_INVALID, "parameter \"columns\" has \"%.*s\" twice",
                                MR_FMT(p->columns.items[i]));
        }
    return NULL;
}

static struct mr_str key_of(struct mr_sink *s, char kind)
{
    s->key.len = 0;
    mr_buf_adds(&s->key, mr_buf_str(&s->prefix));
    mr_buf_addc(&s->key, kind);
    return mr_buf_str(&s->key);
}

static struct mr_error *load_columns(struct mr_sink *s)
{
    bool found;
    s->value.len = 0;
    MR_TRY(mr_store_get(s->env.store, key_of(s, 'c'), &s->value, &found));
    if (!found)
        return NULL;
    size_t count = 0;
    uint32_t len;
    struct mr_str *items = mr_arena_alloc(s->arena, (s->value.len / sizeof len + 1) * sizeof *items);
    for (size_t at = 0; s->value.len - at >= sizeof len; at += len) {
        memcpy(&len, s->value.ptr + at, sizeof len);
        at += sizeof len;
        if (len > s->value.len - at)
            return mr_error(MR_STORE_VERSION, "the columns of \"%s\" cannot be read", s->base);
        items[count++] = mr_arena_str(s->arena, mr_str_span(s->value.ptr + at, len));
    }
    s->columns = (struct mr_strs){items, count};
    s->columns_saved = true;
    return NULL;
}

/* Each name stands behind its length: a name may hold any byte. */
static void save_columns(struct mr_sink *s)
{
    if (s->columns_saved || !s->columns.items || s->params->columns.items)
        return;
    s->value.len = 0;
    for (size_t i = 0; i < s->columns.count; i++) {
        uint32_t len = (uint32_t)s->columns.items[i].len;
        mr_buf_add(&s->value, &len, sizeof len);
        mr_buf_adds(&s->value, s->columns.items[i]);
    }
    mr_store_put(s->env.store, key_of(s, 'c'), mr_buf_str(&s->value));
    s->columns_saved = true;
}

static struct mr_error *load_state(struct mr_sink *s)
{
    struct sink_state *t = &s->state;
    bool found;
    int open_file;
    s->value.len = 0;
    MR_TRY(mr_store_get(s->env.store, key_of(s, 's'), &s->value, &found));
    if (!found)
        return NULL;
    if (sscanf(mr_buf_text(&s->value),
               "%" SCNu32 " %" SCNu32 " %d %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
               " %" SCNu64,
               &t->seq, &t->renamed, &open_file, &t->bytes, &t->raw_bytes, &t->rows,
               &t->final_bytes, &t->tail_bytes) != 8 ||
        t->tail_bytes > t->final_bytes)
        return mr_error(MR_STORE_VERSION, "the state of sink \"%s\" is not readable", s->name);
    t->open = open_file;
    return load_columns(s);
}

static void save_state(struct mr_sink *s)
{
    const struct sink_state *t = &s->state;
    s->value.len = 0;
    mr_buf_printf(&s->value,
                  "%" PRIu32 " %" PRIu32 " %d %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64
                  " %" PRIu64,
                  t->seq, t->renamed, t->open, t->bytes, t->raw_bytes, t->rows, t->final_bytes,
                  t->tail_bytes);
    mr_store_put(s->env.store, key_of(s, 's'), mr_buf_str(&s->value));
}

static void close_sink(struct mr_sink *s)
{
    if (!s)
        return;
    if (s->fd >= 0)
        close(s->fd);
    mr_files__packer_destroy(s->packer);
    mr_arena_destroy(s->arena);
    mr_buf_finish(&s->prefix);
    mr_buf_finish(&s->key);
    mr_buf_finish(&s->value);
    mr_buf_finish(&s->path);
    mr_buf_finish(&s->path2);
    mr_buf_finish(&s->raw);
    mr_buf_finish(&s->packed);
    mr_buf_finish(&s->cell);
    free(s->name);
    free(s->dir);
    free(s->base);
    free(s);
}

/* Folder, name, and where a shard's number goes: before the last suffix that tells the format. */
void mr_files__out_names(struct mr_sink *s)
{
    struct mr_buf whole = {0};
    struct mr_str file = s->params->file;
    if (*file.ptr != '/')
        mr_buf_printf(&whole, "%s/", s->env.base_dir && *s->env.base_dir ? s->env.base_dir : ".");
    mr_buf_adds(&whole, file);
    char *slash = strrchr(mr_buf_text(&whole), '/');
    s->base = mr_strdup(slash + 1);
    slash[slash == whole.ptr] = 0; /* "/name" lies in "/" */
    mr_buf_finish(&s->path);
    if (s->env.aside)
        mr_buf_printf(&s->path, "%s/%s.e%u", whole.ptr, s->base, (unsigned)s->env.epoch);
    else
        mr_buf_addz(&s->path, whole.ptr);
    s->dir = mr_strdup(mr_buf_text(&s->path));
    mr_buf_finish(&whole);
    struct mr_str base = mr_str_of(s->base);
    size_t dot = base.len;
    for (int suffixes = s->kind.codec == CODEC_NONE ? 1 : 2; suffixes && dot; suffixes--) {
        size_t at = dot - 1;
        while (at && base.ptr[at] != '.')
            at--;
        if (!at)
            break;
        dot = at;
    }
    s->stem = mr_str_span(base.ptr, dot);
    s->suffix = mr_str_span(base.ptr + dot, base.len - dot);
}

static struct mr_error *recover(struct mr_sink *s)
{
    MR_TRY(load_state(s));
    s->saved_seq = s->state.seq;
    MR_TRY(mr_files__out_rename(s, s->state.seq, true));
    MR_TRY(mr_files__out_forget(s, s->state.seq + s->state.open));
    return s->state.open ? mr_files__out_resume(s) : NULL;
}

static struct mr_error *open_sink(const struct mr_connector_env *env, const void *given,
                                  struct mr_sink **out)
{
    const struct sink_params *p = given;
    MR_TRY(check(p));
    struct mr_sink *s = mr_zalloc(sizeof *s);
    s->params = p;
    s->env = *env;
    s->fd = -1;
    s->arena = mr_arena_create(4096);
    s->columns = p->columns;
    mr_buf_printf(&s->path, "%.*s", MR_FMT(env->name));
    s->name = mr_strdup(mr_buf_text(&s->path));
    mr_buf_addz(&s->prefix, "xk");
    mr_buf_adds(&s->prefix, env->name);
    mr_buf_addc(&s->prefix, 0);
    struct mr_error *e = mr_files__out_kind(p, &s->kind);
    if (!e) {
        mr_files__out_names(s);
        s->packer = mr_files__packer_create(s->kind.codec, p->level);
        e = recover(s);
    }
    if (e) {
        close_sink(s);
        return mr_error_wrap(e, "sink \"%.*s\"", MR_FMT(env->name));
    }
    *out = s;
    return NULL;
}

static bool is_csv(const struct mr_sink *s)
{
    return s->kind.format == FORMAT_CSV || s->kind.format == FORMAT_TSV;
}

static struct mr_error *write_row(struct mr_sink *s, const struct mr_head *head, struct mr_str map)
{
    if (is_csv(s))
        MR_TRY(mr_files__fit_columns(s, map));
    if (!s->state.open)
        MR_TRY(mr_files__out_begin(s));
    size_t before = s->raw.len;
    if (is_csv(s) && s->state.raw_bytes == 0)
        mr_files__encode_header(s, &s->raw);
    if (s->kind.format == FORMAT_JSON)
        mr_buf_addz(&s->raw, s->state.rows ? ",\n" : "[\n");
    mr_files__encode(s, head, map, &s->raw);
    if (s->kind.format != FORMAT_JSON)
        mr_buf_addc(&s->raw, '\n');
    s->state.raw_bytes += s->raw.len - before;
    s->unsaved += s->raw.len - before;
    s->state.rows++;
    MR_TRY(mr_files__out_spill(s));
    if (s->params->shard_bytes && s->state.raw_bytes >= (uint64_t)s->params->shard_bytes)
        return mr_files__out_finish(s);
    return NULL;
}

static struct mr_error *save(struct mr_sink *s)
{
    if (s->state.open)
        MR_TRY(mr_files__out_sync(s));
    save_state(s);
    save_columns(s);
    s->saved_seq = s->state.seq;
    s->unsaved = 0;
    return NULL;
}

static struct mr_error *committed(struct mr_sink *s)
{
    return mr_files__out_rename(s, s->saved_seq, false);
}

/* The first run leaves a file even when it has no rows; a later one without rows changes nothing.
 */
static struct mr_error *end_run(struct mr_sink *s, uint32_t run)
{
    (void)run;
    if (!s->state.open) {
        if (s->state.seq > 0)
            return NULL;
        MR_TRY(mr_files__out_begin(s));
    }
    if (is_csv(s) && s->state.raw_bytes == 0 && s->columns.items) {
        mr_files__encode_header(s, &s->raw);
        s->state.raw_bytes += s->raw.len;
    }
    return mr_files__out_finish(s);
}

static uint64_t bytes(const struct mr_sink *s)
{
    return s->unsaved;
}

const struct mr_sink_type mr_sink_file = {
    .name = "file",
    .doc = "Rows to a file or to shards: JSON Lines, JSON, CSV or TSV, plain, gzip or zstd.",
    .params_size = sizeof(struct sink_params),
    .params = params,
    .check = check,
    .target = mr_files__target,
    .open = open_sink,
    .write = write_row,
    .save = save,
    .committed = committed,
    .end_run = end_run,
    .exchange = mr_files__exchange,
    .bytes = bytes,
    .close = close_sink,
};
