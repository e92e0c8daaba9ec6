/* Shared by the files of connectors/files, grouped by the file that defines it. */
#ifndef MR_CONNECTORS_FILES_PRIVATE_H
#define MR_CONNECTORS_FILES_PRIVATE_H

#include "connectors/files/files.h"
#include "runtime/row/json.h"

#include <sys/stat.h>

/* format.c: what a file holds, told by its suffixes or by parameters. */
enum files_format {
    FORMAT_AUTO, FORMAT_JSONL, FORMAT_JSON, FORMAT_CSV, FORMAT_TSV, FORMAT_TEXT, FORMAT_MARKDOWN,
    FORMAT_HTML, FORMAT_COUNT
};
enum files_codec { CODEC_AUTO, CODEC_NONE, CODEC_GZIP, CODEC_ZSTD };
#define FILES_FORMATS "auto|jsonl|json|csv|tsv|text|markdown|html"
#define FILES_CODECS "auto|none|gzip|zstd"
struct files_kind {
    enum files_format format;
    enum files_codec codec;
};
/* format and codec: as the parameters say, or …_AUTO. MR_FORMAT_UNSUPPORTED, MR_FORMAT_UNKNOWN. */
struct mr_error *mr_files__kind(struct mr_str path, int format, int codec, struct files_kind *out);

/* source.c: parameters of the source. */
struct files_params {
    struct mr_strs files;
    struct mr_str root;
    int format, compression;
    struct mr_str encoding;
    int invalid_utf8; /* enum mr_invalid_utf8 */
    struct mr_str delimiter, quote;
    bool header;
    struct mr_strs columns;
    struct mr_str text_key;
    int html; /* enum files_html */
    bool links;
    struct mr_str path_key, line_key;
    bool watch;
    int64_t settle_ms, poll_ms;
};
enum files_html { HTML_MAIN, HTML_ALL };

enum { FILES_MAX_ROW = 8 << 20, FILES_RAW_KEPT = 64 << 10 };

/* pattern.c: one shell pattern, braces already expanded, cut into components. */
struct files_pattern {
    struct mr_str *parts; /* "**", "*.html", "docs" */
    size_t count;         /* ≤ 60 */
    size_t literal;       /* leading parts without wildcards */
    bool absolute;
};
struct files_patterns {
    struct files_pattern *items;
    size_t count;
};
struct mr_error *mr_files__patterns(const struct mr_strs *texts, struct mr_arena *arena,
                                    struct files_patterns *out);
bool mr_files__match(struct mr_str pattern, struct mr_str name); /* one component */

/* walk.c: files that the patterns name, in no order; descriptors only along one branch. */
struct files_found {
    const char *path; /* to open it; borrowed until the next step */
    struct mr_str id; /* relative to the root where below it */
    uint64_t size;
    int64_t mtime_ns;
    bool missing; /* a plain path that does not exist */
};
struct files_walk;
struct files_watch;
/* watch: is told every folder that is read; may be NULL. */
struct mr_error *mr_files__walk_open(const struct files_params *p, const char *base_dir,
                                     struct files_watch *watch, struct files_walk **out);
/* *more false: there are no further files. */
struct mr_error *mr_files__walk_next(struct files_walk *w, struct files_found *out, bool *more);
void mr_files__walk_close(struct files_walk *w); /* accepts NULL */
/* paths.c: calls fn for each file there is, by the name that ids are made of. */
struct mr_error *mr_files__paths(const void *params, const char *base_dir,
                                 void (*fn)(void *arg, struct mr_str path), void *arg);
/* Root folder of a source: where relative names start. Appended to out. */
void mr_files__root(const struct files_params *p, const char *base_dir, struct mr_buf *out);
int64_t mr_files__mtime(const struct stat *st);

/* watch.c: files renamed into folders. */
struct files_watch *mr_files__watch_create(void); /* NULL: the kernel has no more to give */
void mr_files__watch_destroy(struct files_watch *w);
void mr_files__watch_folder(struct files_watch *w, const char *path);
void mr_files__watch_read(struct files_watch *w); /* what happened so far */
bool mr_files__watch_moved(struct files_watch *w, const char *path); /* w may be NULL */
void mr_files__watch_clear(struct files_watch *w);                   /* w may be NULL */

/* input.c: the bytes of a file, decompressed, in UTF-8 (what does not fit becomes 0xFF, so that the
 * record it stands in is found). */
struct files_input;
struct mr_error *mr_files__input_open(const char *path, enum files_codec codec,
                                      struct mr_str encoding, bool decode, uint64_t offset,
                                      struct files_input **out);
/* At least one byte unless at the end (*got 0). MR_CODEC_BROKEN, MR_IO; final. */
struct mr_error *mr_files__input_read(struct files_input *in, char *to, size_t room, size_t *got);
void mr_files__input_close(struct files_input *in); /* accepts NULL */
uint64_t mr_files__input_start(const struct files_input *in); /* bytes passed over: mark, seek */
int mr_files__input_fd(const struct files_input *in);
bool mr_files__input_plain(const struct files_input *in); /* bytes are the file's own */
/* charset.c: true when `encoding:` can be converted. */
bool mr_files__encoding_known(struct mr_str encoding);
struct files_decoder;
struct files_decoder *mr_files__decoder_create(struct mr_str encoding); /* NULL: unknown */
/* Converts as much as fits; last: no more input comes. */
void mr_files__decode(struct files_decoder *d, const char **from, size_t *from_len, char **to,
                      size_t *room, bool last);
void mr_files__decoder_destroy(struct files_decoder *d);

/* window.c: a growing view of an input's bytes. */
struct files_window {
    struct files_input *in;
    char *ptr;
    size_t cap, start, end;
    uint64_t at;             /* offset of start in the (decoded) input */
    bool ended;
    struct mr_error *failed; /* why it ended */
};
void mr_files__window_init(struct files_window *w, struct files_input *in); /* takes in */
bool mr_files__window_more(struct files_window *w); /* false: nothing follows what is there */
void mr_files__window_eat(struct files_window *w, size_t len);
void mr_files__window_finish(struct files_window *w);

/* reader.c: the records of one file. */
struct files_record {
    struct mr_str map;    /* a row, or … */
    struct mr_str raw;    /* … what is known of a rejected one */
    struct mr_error *why; /* set: rejected; owned by the receiver; without file and line */
    uint64_t line;        /* where it begins, from 1 */
};
struct files_reader;
struct files_read_options {
    const struct files_params *params;
    size_t max_row_bytes;
    struct mr_json_reader *json;
};
struct files_place {
    uint64_t offset, line, record; /* line: lines before; record: records before */
};
/* Opens at a place that mr_files__reader_place gave for the same bytes. */
struct mr_error *mr_files__reader_open(const struct files_read_options *options, const char *path,
                                       struct mr_str id, struct files_kind kind,
                                       const struct files_place *place, struct files_reader **out);
/* False: the file is done. */
bool mr_files__reader_next(struct files_reader *r, struct files_record *out);
struct files_place mr_files__reader_place(const struct files_reader *r);
bool mr_files__reader_seeks(const struct files_reader *r); /* resumes by offset */
int mr_files__reader_fd(const struct files_reader *r);
void mr_files__reader_close(struct files_reader *r); /* accepts NULL */

/* What a format's reader works on; each format fills record and returns false at the end. */
struct files_reader {
    struct files_read_options options;
    struct files_kind kind;
    struct files_window window;
    struct mr_buf map, scratch, extra;
    struct mr_buf path; /* the file's identity as text */
    uint64_t lines;   /* line ends eaten */
    uint64_t records; /* given out */
    bool finished;
    size_t record_limit;
    bool (*next)(struct files_reader *r, struct files_record *out);
    void (*close)(struct files_reader *r);
    void *format; /* the format's own */
};
/* Rejects: the rest of the file is given up when last. Returns true. */
bool mr_files__reject(struct files_reader *r, struct files_record *out, struct mr_error *why,
                      struct mr_str raw, bool last);
/* Text as valid UTF-8, replaced into r->scratch if that is wanted; an error otherwise. */
struct mr_error *mr_files__utf8(struct files_reader *r, struct mr_str *text);
/* jsonl.c, json_array.c, csv.c, document.c */
bool mr_files__jsonl_next(struct files_reader *r, struct files_record *out);
bool mr_files__json_next(struct files_reader *r, struct files_record *out);
void mr_files__csv_open(struct files_reader *r);
bool mr_files__csv_next(struct files_reader *r, struct files_record *out);
void mr_files__csv_close(struct files_reader *r);
bool mr_files__document_next(struct files_reader *r, struct files_record *out);

/* schema.c */
/* overlap.c: does a source's pattern name this path? Where does a sink write? */
bool mr_files__reads(const void *params, const char *base_dir, struct mr_str path);
void mr_files__target(const void *params, const char *base_dir, struct mr_buf *out);

struct mr_error *mr_files__schema(const void *params, const char *base_dir, struct mr_arena *arena,
                                  struct mr_schema *out);

#endif
