/* `files:` as a source: looks, reads one file after the other, resumes, watches. */
#include "connectors/files/source.h"

#include "runtime/base/clock.h"

#include <stdlib.h>
#include <unistd.h>

#define F(field) MR_FIELD(struct files_params, field)

static const struct mr_param params[] = {
    {F(files), .min = "1",
     .doc = "Files, folders and patterns (*, ?, [...], {a,b}, ** for any number of folders)."},
    {F(root), .def = "null", .nullable = true,
     .doc = "Folder that `files` are relative to; null: the folder of the topology."},
    {F(format), .def = "auto", .choices = FILES_FORMATS,
     .doc = "What the files hold; auto: told by the suffix of each."},
    {F(compression), .def = "auto", .choices = FILES_CODECS,
     .doc = "How the files are compressed; auto: told by the suffix of each."},
    {F(encoding), .def = "null", .nullable = true,
     .doc = "Character encoding; null: UTF-8, a byte order mark, or what an HTML page declares."},
    {F(invalid_utf8), .def = "reject", .choices = "reject|replace",
     .doc = "What becomes of a record that is not valid UTF-8."},
    {F(delimiter), .def = "null", .nullable = true,
     .doc = "One character between the fields of CSV; null: a comma, for TSV a tab."},
    {F(quote), .def = "\"", .nullable = true,
     .doc = "One character around CSV fields; null: fields are never quoted."},
    {F(header), .def = "yes", .doc = "Whether the first record of CSV is a header."},
    {F(columns), .def = "null", .nullable = true,
     .doc = "Keys for the columns of CSV; null: the names in the header."},
    {F(text_key), .def = "text", .doc = "Key for the text of text, Markdown and HTML files."},
    {F(html), .def = "main", .choices = "main|all",
     .doc = "Which text of a page: the main text, or everything visible."},
    {F(links), .def = "no", .doc = "Whether HTML rows get a key `links` with href and text."},
    {F(path_key), .def = "null", .nullable = true,
     .doc = "Key that gets the path of the file; null: none."},
    {F(line_key), .def = "null", .nullable = true,
     .doc = "Key that gets the line the record begins in; null: none."},
    {F(watch), .def = "no", .doc = "Go on looking for new and changed files without end."},
    {F(settle_ms), .def = "2000", .min = "0", .max = "86400000", .unit = "milliseconds",
     .doc = "How long a watched file must be unchanged before it is read."},
    {F(poll_ms), .def = "1000", .min = "1", .max = "86400000", .unit = "milliseconds",
     .doc = "How long to wait between two looks at watched folders."},
    {0},
};

static bool is_one_byte(struct mr_str s)
{
    return !s.ptr || (s.len == 1 && *s.ptr != '\n' && *s.ptr != '\r' && *s.ptr);
}

static struct mr_error *check_csv(const struct files_params *p)
{
    if (!is_one_byte(p->delimiter))
        return mr_error(MR_PARAM_INVALID, "parameter \"delimiter\" is \"%.*s\"; expected one byte",
                        MR_FMT(p->delimiter));
    if (!is_one_byte(p->quote))
        return mr_error(MR_PARAM_INVALID, "parameter \"quote\" is \"%.*s\"; expected one byte",
                        MR_FMT(p->quote));
    if (p->quote.len && p->delimiter.len && *p->quote.ptr == *p->delimiter.ptr)
        return mr_error(MR_PARAM_INVALID, "parameters \"quote\" and \"delimiter\" are the same");
    if (!p->header && !p->columns.items)
        return mr_error_remedy(
            mr_error(MR_PARAM_INVALID, "CSV without a header needs the names of its columns"),
            "Give `columns: [a, b, c]`.");
    return NULL;
}

/* The literal end of an item tells whether its files can be read at all. */
static struct mr_error *check_item(const struct files_params *p, const struct files_pattern *item)
{
    if (!item->count)
        return NULL;
    struct mr_str last = item->parts[item->count - 1];
    size_t literal = last.len;
    while (literal && !strchr("*?]", last.ptr[literal - 1]))
        literal--;
    struct mr_str tail = mr_str_span(last.ptr + literal, last.len - literal);
    bool plain = item->literal == item->count;
    if (!tail.len || (plain && !memchr(last.ptr, '.', last.len)))
        return NULL; /* anything, or a folder, or a file whose format is seen when it is read */
    struct files_kind kind;
    struct mr_error *e = mr_files__kind(plain ? last : tail, p->format, p->compression, &kind);
    if (mr_error_code(e) == MR_FORMAT_UNKNOWN) {
        mr_error_free(e); /* may be a folder, or a name that only looks like a suffix */
        return NULL;
    }
    return e;
}

static struct mr_error *check(const void *given)
{
    const struct files_params *p = given;
    MR_TRY(check_csv(p));
    if (p->encoding.len && !mr_files__encoding_known(p->encoding))
        return mr_error(MR_PARAM_INVALID, "the encoding \"%.*s\" is not known",
                        MR_FMT(p->encoding));
    static const char *const taken[] = {"", "title", "url", "lang", "meta", "links"};
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++) {
        if (mr_str_is(p->text_key, taken[i]))
            return mr_error(MR_PARAM_INVALID, "parameter \"text_key\" may not be \"%s\"", taken[i]);
    }
    if (p->path_key.len && mr_str_eq(p->path_key, p->line_key))
        return mr_error(MR_PARAM_INVALID, "parameters \"path_key\" and \"line_key\" are the same");
    struct mr_arena *arena = mr_arena_create(0);
    struct files_patterns patterns;
    struct mr_error *e = mr_files__patterns(&p->files, arena, &patterns);
    for (size_t i = 0; !e && i < patterns.count; i++)
        e = check_item(p, &patterns.items[i]);
    mr_arena_destroy(arena);
    return e;
}

static bool is_endless(const void *given)
{
    return ((const struct files_params *)given)->watch;
}

static void close_source(struct mr_source *s)
{
    if (!s)
        return;
    mr_files__walk_close(s->walk);
    mr_files__watch_destroy(s->watch);
    mr_files__reader_close(s->reader);
    mr_json_reader_destroy(s->json);
    mr_buf_finish(&s->prefix);
    mr_buf_finish(&s->root);
    mr_buf_finish(&s->key);
    mr_buf_finish(&s->value);
    mr_buf_finish(&s->path);
    mr_buf_finish(&s->cursor);
    free(s->name);
    free(s);
}

static struct mr_error *open_source(const struct mr_connector_env *env, const void *given,
                                    struct mr_source **out)
{
    struct mr_source *s = mr_zalloc(sizeof *s);
    s->params = given;
    s->env = *env;
    mr_buf_printf(&s->root, "%.*s", MR_FMT(env->name));
    s->name = mr_strdup(mr_buf_text(&s->root));
    s->env.name = mr_str_of(s->name);
    s->root.len = 0;
    mr_files__root(given, env->base_dir, &s->root);
    s->max_row_bytes = env->max_row_bytes ? env->max_row_bytes : FILES_MAX_ROW;
    s->json = mr_json_reader_create();
    if (s->params->watch && s->params->settle_ms)
        s->watch = mr_files__watch_create();
    mr_buf_addz(&s->prefix, "xs");
    mr_buf_adds(&s->prefix, env->name);
    mr_buf_addc(&s->prefix, 0);
    struct mr_error *e = mr_files__position_load(s);
    if (e) {
        close_source(s);
        return e;
    }
    if (s->pos.run != env->run) {
        s->pos.run = env->run;
        s->pos.given = s->pos.rows = 0;
        s->pos.found_bytes = s->pos.done_bytes = 0;
    }
    s->phase = s->pos.spooled || env->part == MR_SOURCE_READ ? PHASE_READING : PHASE_LOOK_DUE;
    *out = s;
    return NULL;
}

static void set_path(struct mr_source *s)
{
    struct mr_str id = mr_buf_str(&s->cursor);
    s->path.len = 0;
    if (!(id.len && *id.ptr == '/')) {
        mr_buf_adds(&s->path, mr_buf_str(&s->root));
        if (s->path.ptr[s->path.len - 1] != '/')
            mr_buf_addc(&s->path, '/');
    }
    mr_buf_adds(&s->path, id);
    mr_buf_text(&s->path);
}

static void finish_file(struct mr_source *s)
{
    mr_files__reader_close(s->reader);
    s->reader = NULL;
    s->pos.open = false;
    s->pos.done_bytes += s->pos.file.size;
    if (s->env.part != MR_SOURCE_READ) /* what is done is the list's to know */
        mr_files__file_put(s, mr_buf_str(&s->cursor), &s->pos.file);
}

/* Size and time are taken before reading: what is written later counts as a change. */
static struct mr_error *begin_file(struct mr_source *s)
{
    struct mr_str id = mr_buf_str(&s->cursor);
    struct stat st;
    if (stat(s->path.ptr, &st) != 0)
        memset(&st, 0, sizeof st);
    struct files_file known;
    bool found;
    MR_TRY(mr_files__file_get(s, id, &known, &found));
    s->pos.file = (struct files_file){.ordinal = s->pos.next_ordinal++,
                                      .generation = found ? known.generation + 1 : 0,
                                      .size = (uint64_t)st.st_size,
                                      .mtime_ns = mr_files__mtime(&st)};
    s->pos.place = (struct files_place){0};
    s->pos.open = true;
    return NULL;
}

/* Opens the file under the cursor; *why: it cannot be read, which is a rejected record. */
static struct mr_error *open_file(struct mr_source *s, struct mr_error **why)
{
    struct files_kind kind;
    bool resumed = s->pos.open;
    set_path(s);
    if (!resumed)
        MR_TRY(begin_file(s));
    *why = mr_files__kind(mr_buf_str(&s->cursor), s->params->format, s->params->compression, &kind);
    if (!*why && resumed && s->pos.place.record)
        *why = mr_files__still_same(s, s->path.ptr, kind);
    struct files_read_options options = {s->params, s->max_row_bytes, s->json};
    if (!*why)
        *why = mr_files__reader_open(&options, s->path.ptr, mr_buf_str(&s->cursor), kind,
                                     &s->pos.place, &s->reader);
    return NULL;
}

static void set_head(const struct mr_source *s, uint64_t record, struct mr_head *head)
{
    *head = (struct mr_head){.kind = MR_KIND_ROW, .run = s->env.run};
    head->place.source = s->env.number;
    head->place.file = s->pos.file.ordinal;
    head->place.record = record < UINT32_MAX ? (uint32_t)record : UINT32_MAX;
    head->id = mr_id_source(s->env.name, mr_buf_str(&s->cursor), record, s->pos.file.generation);
}

static void give(struct mr_source *s, struct files_record *record, uint64_t number,
                 enum mr_source_status *status, struct mr_source_row *row)
{
    set_head(s, number, &row->head);
    s->pos.given++;
    row->raw = record->raw;
    if (record->why) {
        row->why = mr_error_wrap(mr_error_row(record->why), "%.*s:%llu", (int)s->cursor.len,
                                 s->cursor.ptr, (unsigned long long)record->line);
        *status = MR_SOURCE_REJECTED;
        return;
    }
    row->map = record->map;
    s->pos.rows++;
    *status = MR_SOURCE_ROW;
}

/* A file as a whole that cannot be read, or not any more: one rejected record. What the system
 * refused is tried again in the next run. */
static void give_file(struct mr_source *s, struct mr_error *why, enum mr_source_status *status,
                      struct mr_source_row *row)
{
    struct files_record record = {.why = why, .line = s->pos.place.line + 1};
    if (mr_error_code(why) == MR_IO)
        s->pos.file.mtime_ns = -1;
    give(s, &record, s->pos.place.record, status, row);
    finish_file(s);
}

/* ---- the list step: each spooled file is one entry ---- */

static void pack_entry(struct mr_source *s)
{
    struct mr_buf *b = &s->value;
    b->len = 0;
    mr_pack_map(b, 5);
    mr_pack_text(b, MR_STR("path"));
    mr_pack_bytes(b, mr_buf_str(&s->cursor)); /* a name need not be UTF-8 */
    mr_pack_text(b, MR_STR("ordinal"));
    mr_pack_uint(b, s->pos.file.ordinal);
    mr_pack_text(b, MR_STR("generation"));
    mr_pack_uint(b, s->pos.file.generation);
    mr_pack_text(b, MR_STR("size"));
    mr_pack_uint(b, s->pos.file.size);
    mr_pack_text(b, MR_STR("mtime_ns"));
    mr_pack_int(b, s->pos.file.mtime_ns);
}

static struct mr_error *give_entry(struct mr_source *s, enum mr_source_status *status,
                                   struct mr_source_row *row, bool *got)
{
    MR_TRY(mr_files__spool_next(s, got));
    if (!*got)
        return NULL;
    set_path(s);
    MR_TRY(begin_file(s));
    finish_file(s);
    s->pos.given++;
    set_head(s, 0, &row->head);
    row->head.id =
        mr_id_source(s->env.name, mr_buf_str(&s->cursor), UINT64_MAX, s->pos.file.generation);
    pack_entry(s);
    row->map = mr_buf_str(&s->value);
    *status = MR_SOURCE_ROW;
    return NULL;
}

/* ---- the read step: entries from the list ---- */

static bool entry_field(const struct mr_walk *from, const char *name, struct mr_value *out)
{
    struct mr_walk walk = *from;
    struct mr_value key;
    while (mr_walk_next(&walk, &key) && mr_walk_next(&walk, out))
        if (mr_value_type(key) == MR_TEXT && mr_str_is(mr_value_text(key), name))
            return true;
    return false;
}

static bool entry_uint(const struct mr_walk *walk, const char *name, uint64_t *out)
{
    struct mr_value v;
    return entry_field(walk, name, &v) && mr_value_uint(v, out);
}

static struct mr_error *take_entry(struct mr_source *s, const struct mr_head *head,
                                   struct mr_str entry)
{
    struct mr_walk walk;
    struct mr_value path, mtime;
    uint64_t ordinal, generation, size;
    struct files_file file;
    (void)head;
    mr_walk_begin(&walk, (struct mr_value){(const uint8_t *)entry.ptr, (uint32_t)entry.len});
    if (!entry_field(&walk, "path", &path) || mr_value_type(path) != MR_BYTES ||
        !entry_uint(&walk, "ordinal", &ordinal) || !entry_uint(&walk, "generation", &generation) ||
        !entry_uint(&walk, "size", &size) || !entry_field(&walk, "mtime_ns", &mtime) ||
        !mr_value_int(mtime, &file.mtime_ns))
        return mr_error(MR_ROW_BROKEN, "source \"%s\": a listed file's entry cannot be read",
                        s->name);
    file.ordinal = (uint32_t)ordinal;
    file.generation = (uint32_t)generation;
    file.size = size;
    s->cursor.len = 0;
    mr_buf_adds(&s->cursor, mr_value_text(path));
    s->pos.file = file;
    s->pos.place = (struct files_place){0};
    s->pos.open = true;
    return NULL;
}

/* The next file: spooled by this very task, or taken from the list step before. */
static struct mr_error *next_file(struct mr_source *s, bool *got)
{
    if (s->pos.open)
        return NULL;
    if (s->env.part != MR_SOURCE_READ)
        return mr_files__spool_next(s, got);
    *got = false;
    return NULL;
}

/* The next record of the file under way, or of the next one; *got false: there is none. */
static struct mr_error *read_on(struct mr_source *s, enum mr_source_status *status,
                                struct mr_source_row *row, bool *got)
{
    *got = true;
    for (;;) {
        if (!s->reader) {
            MR_TRY(next_file(s, got));
            if (!*got)
                return NULL;
            struct mr_error *why = NULL;
            MR_TRY(open_file(s, &why));
            if (why) {
                give_file(s, why, status, row);
                return NULL;
            }
        }
        struct files_record record;
        uint64_t number = mr_files__reader_place(s->reader).record;
        if (mr_files__reader_next(s->reader, &record)) {
            give(s, &record, number, status, row);
            return NULL;
        }
        finish_file(s);
    }
}

/* A look costs the more the larger the folders are: at most a tenth of the time goes into it. */
static uint64_t wait_after_look(const struct mr_source *s)
{
    uint64_t wait = (uint64_t)s->params->poll_ms;
    return wait > 10 * s->look_ms ? wait : 10 * s->look_ms;
}

static struct mr_error *look(struct mr_source *s, enum mr_source_status *status,
                             struct mr_source_row *row)
{
    uint64_t due = s->looked_at_ms + s->look_ms + wait_after_look(s), now = mr_now_ms();
    if (!s->walk && s->params->watch && s->looked_at_ms && now < due) {
        *status = MR_SOURCE_IDLE;
        row->wait_ms = (uint32_t)(due - now);
        return NULL;
    }
    bool done;
    MR_TRY(mr_files__look(s, &done));
    if (done)
        s->phase = PHASE_READING;
    *status = MR_SOURCE_IDLE; /* the store fills up: time for a commit */
    row->wait_ms = 0;
    return NULL;
}

static struct mr_error *next(struct mr_source *s, enum mr_source_status *status,
                             struct mr_source_row *row)
{
    *row = (struct mr_source_row){0};
    *status = MR_SOURCE_END;
    if (s->env.row_limit && s->pos.rows >= s->env.row_limit)
        return NULL;
    while (s->phase != PHASE_OVER) {
        if (s->phase == PHASE_READING) {
            bool got = true;
            MR_TRY(s->env.part == MR_SOURCE_LIST ? give_entry(s, status, row, &got)
                                                 : read_on(s, status, row, &got));
            if (got)
                return NULL;
            if (s->env.part == MR_SOURCE_READ) {
                *status = MR_SOURCE_WANT;
                return NULL;
            }
            *status = MR_SOURCE_END;
            bool again = s->params->watch || s->pos.look_run != s->env.run;
            s->phase = again ? PHASE_LOOK_DUE : PHASE_OVER;
            continue;
        }
        s->phase = PHASE_LOOKING;
        MR_TRY(look(s, status, row));
        if (s->phase != PHASE_READING)
            return NULL;
    }
    return NULL;
}

static struct mr_error *save(struct mr_source *s)
{
    if (s->reader)
        mr_files__mark(s);
    mr_files__position_save(s);
    return NULL;
}

static void progress(const struct mr_source *s, uint64_t *read, uint64_t *known)
{
    *read = s->pos.done_bytes;
    *known = s->pos.found_bytes;
    if (s->reader) {
        off_t at = lseek(mr_files__reader_fd(s->reader), 0, SEEK_CUR); /* of compressed bytes too */
        *read += at > 0 ? (uint64_t)at : 0;
    }
}

static bool found_new(const struct mr_source *s)
{
    return s->pos.given > 0;
}

const struct mr_source_type mr_source_files = {
    .name = "files",
    .doc =
        "Rows from files: JSON Lines, JSON, CSV, TSV, text, Markdown, HTML, plain, gzip or zstd.",
    .params_size = sizeof(struct files_params),
    .params = params,
    .check = check,
    .schema = mr_files__schema,
    .is_endless = is_endless,
    .paths = mr_files__paths,
    .reads = mr_files__reads,
    .open = open_source,
    .next = next,
    .take = take_entry,
    .save = save,
    .progress = progress,
    .found_new = found_new,
    .inputs = mr_files__inputs,
    .close = close_source,
};
