/* CSV and TSV: the header's names become keys, every field is text.
 *
 * Where a record ends is decided here, so that a quote that is never closed costs the line it
 * stands in and not the rest of the file; fields are taken apart by libcsv in strict mode. */
#include "connectors/files/files_private.h"

#include <csv.h>
#include <stdlib.h>

enum { COLUMNS_MAX = 4096 };

struct csv {
    struct csv_parser parser;
    bool quotes; /* a quote character exists */
    char delimiter, quote;
    struct mr_buf names, fields; /* bytes of all, back to back */
    size_t *name_ends, *field_ends;
    size_t name_count, field_count, name_room, field_room;
    bool header_done;
};

static int no_space(unsigned char c)
{
    (void)c;
    return 0;
}

void mr_files__csv_open(struct files_reader *r)
{
    const struct files_params *p = r->options.params;
    struct csv *c = mr_zalloc(sizeof *c);
    c->delimiter =
        p->delimiter.len ? *p->delimiter.ptr : (r->kind.format == FORMAT_TSV ? '\t' : ',');
    c->quotes = p->quote.len != 0;
    c->quote = c->quotes ? *p->quote.ptr : 0;
    r->format = c;
}

void mr_files__csv_close(struct files_reader *r)
{
    struct csv *c = r->format;
    mr_buf_finish(&c->names);
    mr_buf_finish(&c->fields);
    free(c->name_ends);
    free(c->field_ends);
    free(c);
}

static void on_field(void *bytes, size_t len, void *arg)
{
    struct csv *c = arg;
    mr_buf_add(&c->fields, bytes, len);
    if (c->field_count == c->field_room) {
        c->field_room = c->field_room ? c->field_room * 2 : 32;
        c->field_ends = mr_realloc(c->field_ends, c->field_room * sizeof *c->field_ends);
    }
    c->field_ends[c->field_count++] = c->fields.len;
}

static void on_record(int c, void *arg)
{
    (void)c;
    (void)arg;
}

/* Without quoting a record is cut at each delimiter. */
static void split_plain(struct csv *c, struct mr_str record)
{
    size_t from = 0;
    for (size_t i = 0; i <= record.len; i++) {
        if (i == record.len || record.ptr[i] == c->delimiter) {
            on_field((char *)record.ptr + from, i - from, c);
            from = i + 1;
        }
    }
}

static struct mr_error *split(struct csv *c, struct mr_str record)
{
    c->fields.len = 0;
    c->field_count = 0;
    if (!c->quotes) {
        split_plain(c, record);
        return NULL;
    }
    if (csv_init(&c->parser, CSV_STRICT | CSV_STRICT_FINI) != 0)
        return mr_error(MR_BUG, "the CSV parser cannot be set up");
    csv_set_delim(&c->parser, (unsigned char)c->delimiter);
    csv_set_quote(&c->parser, (unsigned char)c->quote);
    csv_set_space_func(&c->parser, no_space);
    size_t done = csv_parse(&c->parser, record.ptr, record.len, on_field, on_record, c);
    struct mr_error *e = NULL;
    if (done != record.len || csv_fini(&c->parser, on_field, on_record, c) != 0)
        e = mr_error(MR_CSV_INVALID, "a quote stands where none may stand, near byte %zu", done);
    csv_free(&c->parser);
    return e;
}

static struct mr_str piece(const struct mr_buf *b, const size_t *ends, size_t i)
{
    size_t from = i ? ends[i - 1] : 0;
    return mr_str_span(b->ptr ? b->ptr + from : "", ends[i] - from);
}

/* Where inside a field a byte stands, for finding the end of a record. */
enum inside { FIELD_START, UNQUOTED, QUOTED, QUOTE_SEEN };

static enum inside step(const struct csv *c, enum inside s, char byte)
{
    bool quote = c->quotes && byte == c->quote;
    switch (s) {
    case FIELD_START:
        return quote ? QUOTED : byte == c->delimiter ? FIELD_START : UNQUOTED;
    case UNQUOTED:
        return byte == c->delimiter ? FIELD_START : UNQUOTED;
    case QUOTED:
        return quote ? QUOTE_SEEN : QUOTED;
    default: /* behind a closing quote, or the first of two */
        return quote ? QUOTED : byte == c->delimiter ? FIELD_START : UNQUOTED;
    }
}

enum found { FOUND, NOTHING, UNCLOSED };

/* The record at the front of the window: its length without and with the line end. */
static enum found find_record(struct files_reader *r, size_t *len, size_t *eat)
{
    const struct csv *c = r->format;
    struct files_window *w = &r->window;
    enum inside s = FIELD_START;
    for (size_t at = 0;; at++) {
        if (at == w->end - w->start && !mr_files__window_more(w)) {
            *len = *eat = at;
            return s == QUOTED ? UNCLOSED : at ? FOUND : NOTHING;
        }
        char byte = w->ptr[w->start + at];
        if (s != QUOTED && (byte == '\n' || byte == '\r')) {
            *len = at;
            if (byte == '\r' && at + 1 == w->end - w->start)
                mr_files__window_more(w);
            bool pair =
                byte == '\r' && at + 1 < w->end - w->start && w->ptr[w->start + at + 1] == '\n';
            *eat = at + 1 + pair;
            return FOUND;
        }
        s = step(c, s, byte);
        if (at > r->record_limit) {
            *len = *eat = at;
            return UNCLOSED;
        }
    }
}

static void eat(struct files_reader *r, size_t len)
{
    const char *at = r->window.ptr + r->window.start;
    for (size_t i = 0; i < len; i++)
        r->lines += at[i] == '\n' || (at[i] == '\r' && !(i + 1 < len && at[i + 1] == '\n'));
    mr_files__window_eat(&r->window, len);
}

/* The first line of what cannot be a record: reading goes on behind it. */
static bool reject_line(struct files_reader *r, struct files_record *out, struct mr_error *why)
{
    struct files_window *w = &r->window;
    r->scratch.len = 0;
    for (;;) {
        size_t have = w->end - w->start;
        const char *nl = have ? memchr(w->ptr + w->start, '\n', have) : NULL;
        size_t len = nl ? (size_t)(nl - (w->ptr + w->start)) + 1 : have;
        if (r->scratch.len < FILES_RAW_KEPT)
            mr_buf_add(&r->scratch, w->ptr + w->start, len < FILES_RAW_KEPT ? len : FILES_RAW_KEPT);
        eat(r, len);
        if (nl || !mr_files__window_more(w))
            break;
    }
    return mr_files__reject(r, out, why, mr_buf_str(&r->scratch), false);
}

static void add_name(struct csv *c, struct mr_str name)
{
    if (c->name_count == c->name_room) {
        c->name_room = c->name_room ? c->name_room * 2 : 32;
        c->name_ends = mr_realloc(c->name_ends, c->name_room * sizeof *c->name_ends);
    }
    mr_buf_adds(&c->names, name);
    c->name_ends[c->name_count++] = c->names.len;
}

static struct mr_error *check_names(const struct csv *c)
{
    if (c->name_count > COLUMNS_MAX)
        return mr_error(MR_CSV_INVALID, "the header has %zu columns, the limit is %d",
                        c->name_count, COLUMNS_MAX);
    for (size_t i = 0; i < c->name_count; i++) {
        struct mr_str name = piece(&c->names, c->name_ends, i);
        if (!name.len)
            return mr_error(MR_CSV_INVALID, "column %zu of the header has no name", i + 1);
        if (!mr_utf8_valid(name))
            return mr_error(MR_UTF8_INVALID, "column %zu of the header is not valid UTF-8", i + 1);
        for (size_t k = 0; k < i; k++) {
            if (mr_str_eq(name, piece(&c->names, c->name_ends, k)))
                return mr_error(MR_CSV_INVALID, "the header has the column \"%.*s\" twice",
                                MR_FMT(name));
        }
    }
    return NULL;
}

/* Names from `columns:`, else from the fields of the first record. */
static struct mr_error *take_names(struct files_reader *r)
{
    struct csv *c = r->format;
    const struct files_params *p = r->options.params;
    c->header_done = true;
    for (size_t i = 0; i < p->columns.count; i++)
        add_name(c, p->columns.items[i]);
    for (size_t i = 0; !p->columns.items && i < c->field_count; i++)
        add_name(c, piece(&c->fields, c->field_ends, i));
    return check_names(c);
}

static struct mr_error *pack_record(struct files_reader *r)
{
    struct csv *c = r->format;
    if (c->field_count != c->name_count)
        return mr_error(MR_CSV_INVALID, "the record has %zu fields, the header %zu", c->field_count,
                        c->name_count);
    r->map.len = 0;
    mr_pack_map(&r->map, (uint32_t)c->name_count);
    for (size_t i = 0; i < c->name_count; i++) {
        struct mr_str value = piece(&c->fields, c->field_ends, i);
        MR_TRY(mr_files__utf8(r, &value));
        mr_pack_text(&r->map, piece(&c->names, c->name_ends, i));
        mr_pack_text(&r->map, value);
    }
    return NULL;
}

/* Ends of input: a failed one takes the unfinished record with it. */
static bool reject_end(struct files_reader *r, struct files_record *out, size_t len)
{
    struct mr_error *why = r->window.failed;
    r->window.failed = NULL;
    struct mr_str raw = mr_str_span(r->window.ptr + r->window.start, len);
    return mr_files__reject(r, out, why, raw, true);
}

bool mr_files__csv_next(struct files_reader *r, struct files_record *out)
{
    struct csv *c = r->format;
    const struct files_params *p = r->options.params;
    for (;;) {
        size_t len, used;
        enum found found = find_record(r, &len, &used);
        out->line = r->lines + 1;
        if (r->window.failed && used == r->window.end - r->window.start && len == used)
            return reject_end(r, out, len);
        if (found == NOTHING)
            return false;
        if (found == UNCLOSED && len > r->record_limit)
            return reject_line(r, out,
                               mr_error(MR_ROW_TOO_LARGE,
                                        "the record is longer than %zu bytes, or a quote "
                                        "is not closed",
                                        r->record_limit));
        if (found == UNCLOSED)
            return reject_line(r, out, mr_error(MR_CSV_INVALID, "a quote is not closed"));
        struct mr_str record = mr_str_span(r->window.ptr + r->window.start, len);
        if (!len) {
            eat(r, used);
            continue;
        }
        struct mr_error *why = split(c, record);
        if (why && !c->header_done)
            return mr_files__reject(r, out, why, record, true);
        if (why)
            return reject_line(r, out, why);
        eat(r, used);
        if (!c->header_done) {
            why = take_names(r);
            if (why)
                return mr_files__reject(r, out, why, record, true);
            if (p->header)
                continue;
        }
        why = pack_record(r);
        return why ? mr_files__reject(r, out, why, record, false)
                   : (out->map = mr_buf_str(&r->map), true);
    }
}
