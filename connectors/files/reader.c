/* The records of one file: opening by format, skipping to a place, provenance keys, rejections. */
#include "connectors/files/files_private.h"

#include <stdlib.h>

bool mr_files__reject(struct files_reader *r, struct files_record *out, struct mr_error *why,
                      struct mr_str raw, bool last)
{
    out->why = mr_error_row(why);
    if (raw.len > FILES_RAW_KEPT)
        raw.len = FILES_RAW_KEPT;
    out->raw = raw;
    if (last)
        r->finished = true;
    return true;
}

static void add_replaced(struct mr_buf *out, struct mr_str text)
{
    bool valid;
    for (size_t at = 0, len; at < text.len; at += len) {
        len = mr_utf8_next(text, at, &valid);
        if (valid)
            mr_buf_add(out, text.ptr + at, len);
        else
            mr_buf_addz(out, "\xef\xbf\xbd");
    }
}

struct mr_error *mr_files__utf8(struct files_reader *r, struct mr_str *text)
{
    if (mr_utf8_valid(*text))
        return NULL;
    size_t at = 0;
    bool valid = true;
    if (r->options.params->invalid_utf8 != MR_UTF8_REPLACE) {
        while (at < text->len) {
            size_t len = mr_utf8_next(*text, at, &valid);
            if (!valid)
                break;
            at += len;
        }
        return mr_error(MR_UTF8_INVALID, "invalid UTF-8 at byte %zu of the record", at);
    }
    r->scratch.len = 0;
    add_replaced(&r->scratch, *text);
    *text = mr_buf_str(&r->scratch);
    return NULL;
}

static bool is_provenance(const struct files_params *p, struct mr_str key)
{
    return (p->path_key.len && mr_str_eq(key, p->path_key)) ||
           (p->line_key.len && mr_str_eq(key, p->line_key));
}

/* The map once more with path and line at its end; a key of the same name gives way. */
static void add_provenance(struct files_reader *r, struct files_record *out)
{
    const struct files_params *p = r->options.params;
    struct mr_value map = {(const uint8_t *)out->map.ptr, (uint32_t)out->map.len}, key, value;
    uint32_t count = (p->path_key.len != 0) + (p->line_key.len != 0);
    struct mr_walk w;
    mr_walk_begin(&w, map);
    while (mr_walk_next(&w, &key) && mr_walk_next(&w, &value))
        count += !is_provenance(p, mr_value_text(key));
    r->extra.len = 0;
    mr_pack_map(&r->extra, count);
    mr_walk_begin(&w, map);
    while (mr_walk_next(&w, &key) && mr_walk_next(&w, &value)) {
        if (is_provenance(p, mr_value_text(key)))
            continue;
        mr_buf_add(&r->extra, key.ptr, key.len);
        mr_buf_add(&r->extra, value.ptr, value.len);
    }
    if (p->path_key.len) {
        mr_pack_text(&r->extra, p->path_key);
        mr_pack_text(&r->extra, mr_buf_str(&r->path));
    }
    if (p->line_key.len) {
        mr_pack_text(&r->extra, p->line_key);
        mr_pack_uint(&r->extra, out->line);
    }
    out->map = mr_buf_str(&r->extra);
}

bool mr_files__reader_next(struct files_reader *r, struct files_record *out)
{
    *out = (struct files_record){0};
    if (r->finished || !r->next(r, out)) {
        r->finished = true;
        return false;
    }
    r->records++;
    if (out->why)
        return true;
    const struct files_params *p = r->options.params;
    if (p->path_key.len || p->line_key.len)
        add_provenance(r, out);
    if (out->map.len > r->options.max_row_bytes) {
        out->why =
            mr_error_row(mr_error(MR_ROW_TOO_LARGE, "the row has %zu bytes, the limit is %zu",
                                  out->map.len, r->options.max_row_bytes));
        out->raw = (struct mr_str){0};
    }
    return true;
}

static void choose_format(struct files_reader *r)
{
    switch (r->kind.format) {
    case FORMAT_JSONL:
        r->next = mr_files__jsonl_next;
        break;
    case FORMAT_JSON:
        r->next = mr_files__json_next;
        break;
    case FORMAT_CSV:
    case FORMAT_TSV:
        mr_files__csv_open(r);
        r->next = mr_files__csv_next;
        r->close = mr_files__csv_close;
        break;
    default:
        r->next = mr_files__document_next;
        break;
    }
}

bool mr_files__reader_seeks(const struct files_reader *r)
{
    return r->kind.format == FORMAT_JSONL && mr_files__input_plain(r->window.in);
}

struct files_place mr_files__reader_place(const struct files_reader *r)
{
    uint64_t offset = mr_files__reader_seeks(r) ? r->window.at : 0; /* 0: read again up to it */
    return (struct files_place){offset, r->lines, r->records};
}

int mr_files__reader_fd(const struct files_reader *r)
{
    return mr_files__input_fd(r->window.in);
}

/* Where the format cannot be entered in the middle, it is read again up to the place. */
static void pass_over(struct files_reader *r, uint64_t records)
{
    struct files_record record;
    while (r->records < records && mr_files__reader_next(r, &record))
        mr_error_free(record.why);
}

struct mr_error *mr_files__reader_open(const struct files_read_options *options, const char *path,
                                       struct mr_str id, struct files_kind kind,
                                       const struct files_place *place, struct files_reader **out)
{
    *out = NULL;
    bool seek = place && place->record && place->offset && kind.format == FORMAT_JSONL &&
                kind.codec == CODEC_NONE;
    struct files_input *in;
    MR_TRY(mr_files__input_open(path, kind.codec, options->params->encoding,
                                kind.format != FORMAT_HTML, seek ? place->offset : 0, &in));
    struct files_reader *r = mr_zalloc(sizeof *r);
    r->options = *options;
    r->kind = kind;
    mr_files__window_init(&r->window, in);
    /* JSON may need three bytes or more for what the row holds in one or two. */
    r->record_limit = 3 * options->max_row_bytes + 4096;
    add_replaced(&r->path, id); /* a name need not be UTF-8, a text must be */
    choose_format(r);
    if (seek) {
        r->lines = place->line;
        r->records = place->record;
    } else if (place) {
        pass_over(r, place->record);
    }
    *out = r;
    return NULL;
}

void mr_files__reader_close(struct files_reader *r)
{
    if (!r)
        return;
    if (r->close)
        r->close(r);
    mr_files__window_finish(&r->window);
    mr_buf_finish(&r->map);
    mr_buf_finish(&r->scratch);
    mr_buf_finish(&r->extra);
    mr_buf_finish(&r->path);
    free(r);
}
