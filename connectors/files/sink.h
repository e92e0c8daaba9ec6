/* Private to the sink: output files and how rows become text.
 *
 * A file under way is hidden beside its final name and numbered: ".NAME.SEQ.part". The store says
 * how long it is for certain; what lies behind is cut off at the start. A finished file keeps its
 * number until it has been renamed, so an unfinished successor is never mistaken for it. */
#ifndef MR_CONNECTORS_FILES_SINK_H
#define MR_CONNECTORS_FILES_SINK_H

#include "connectors/files/files_private.h"

struct sink_params {
    struct mr_str file;
    int format, compression;
    int64_t level, shard_bytes;
    struct mr_strs columns;
    int extra_keys; /* enum sink_extra */
    struct mr_str delimiter, quote;
    struct mr_str id_key, parent_key;
};
enum sink_extra { EXTRA_REJECT, EXTRA_DROP };

/* pack.c: compressed output in members that end where asked. */
struct files_packer;
struct files_packer *mr_files__packer_create(enum files_codec codec, int64_t level);
void mr_files__packer_destroy(struct files_packer *p); /* accepts NULL */
/* PACK_END closes the member, so that the output may be cut here; PACK_END_EMPTY does so even when
 * there is nothing in it. */
enum pack_end { PACK_ON, PACK_END, PACK_END_EMPTY };
/* Appends compressed bytes to out. */
struct mr_error *mr_files__pack(struct files_packer *p, struct mr_str bytes, enum pack_end mode,
                                struct mr_buf *out);

/* What the store knows. */
struct sink_state {
    uint32_t seq;         /* number of the file under way, or of the next one */
    uint32_t renamed;     /* files below this number have their final names for certain */
    bool open;            /* file seq is under way */
    uint64_t bytes;       /* of it, for certain (compressed) */
    uint64_t raw_bytes;   /* of it, before compression */
    uint64_t rows;        /* in it */
    uint64_t final_bytes; /* of the finished single file: what a later run appends to */
    uint64_t tail_bytes;  /* of these, the end of a JSON array */
};

/* A column found by its name. */
struct sink_column {
    struct mr_str name;
    size_t at;
};

struct mr_sink {
    const struct sink_params *params;
    struct mr_connector_env env;
    struct files_kind kind;
    char *name, *dir, *base;  /* sink's name; folder and name of the output */
    struct mr_str stem, suffix; /* of base: where a shard's number goes between */
    struct sink_state state;  /* as it will be at the next save */
    struct mr_buf prefix, key, value, path, path2;
    int fd;
    uint64_t written;         /* bytes in the file, those not synced included */
    struct files_packer *packer;
    struct mr_buf raw, packed, cell; /* raw: text that waits for the packer */
    uint64_t unsaved;         /* bytes since the last save */
    uint32_t saved_seq;       /* files below it are known to the store once it is committed */
    struct mr_strs columns;   /* of CSV; from parameters or the first row */
    struct mr_arena *arena;   /* names of columns */
    bool columns_saved;
    struct sink_column *by_name; /* the columns in the order of their names */
    struct mr_value *cells;      /* of the row that fit_columns saw last; by column */
};

/* encode.c. fit_columns, CSV only and before each row: settles the columns; a row error when the row
 * has another key. */
struct mr_error *mr_files__fit_columns(struct mr_sink *s, struct mr_str map);
void mr_files__encode(struct mr_sink *s, const struct mr_head *head, struct mr_str map,
                      struct mr_buf *out);
void mr_files__encode_header(struct mr_sink *s, struct mr_buf *out);
struct mr_str mr_files__tail(const struct mr_sink *s, bool empty);

/* sink.c: format and compression of the output; its folder and name, and those of its shards. */
struct mr_error *mr_files__out_kind(const struct sink_params *p, struct files_kind *kind);
void mr_files__out_names(struct mr_sink *s);
/* exchange.c: outputs of epochs to the target and away. */
struct mr_error *mr_files__exchange(const struct mr_connector_env *env, const void *params,
                                    enum mr_sink_exchange step);

/* outfile.c: the file under way. */
struct mr_error *mr_files__out_folder(char *dir); /* made with all above it, durable */
const char *mr_files__part_path(struct mr_sink *s, uint32_t seq, struct mr_buf *into);
const char *mr_files__final_path(struct mr_sink *s, uint32_t seq, struct mr_buf *into);
/* Begins file seq: empty, or (single file) a copy of what an earlier run finished. */
struct mr_error *mr_files__out_begin(struct mr_sink *s);
/* Opens file seq again at what the store says. */
struct mr_error *mr_files__out_resume(struct mr_sink *s);
/* Text has been added to s->raw: passes it on when there is enough. */
struct mr_error *mr_files__out_spill(struct mr_sink *s);
/* All text to the file, compression ended, durable. */
struct mr_error *mr_files__out_sync(struct mr_sink *s);
/* Ends the file for good: it waits for its name. */
struct mr_error *mr_files__out_finish(struct mr_sink *s);
/* Gives final names to files [renamed, upto). */
struct mr_error *mr_files__out_rename(struct mr_sink *s, uint32_t upto, bool recovering);
/* Removes parts from seq on that no commit knows of. */
struct mr_error *mr_files__out_forget(struct mr_sink *s, uint32_t seq);

#endif
