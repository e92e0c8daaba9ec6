/* Private to the source: its state, and what listing.c and source.c offer each other.
 *
 * In the store, all below "xs" + name + NUL:
 *   p        position: see struct position
 *   l + id   a file found by the look under way and not read yet: empty
 *   f + id   a file that is done: ordinal, generation, size, mtime
 * A look walks the patterns and spools what is new or changed; then the spool is read in the order
 * of its keys, which gives the ordinals. Nothing is kept in memory per file. */
#ifndef MR_CONNECTORS_FILES_SOURCE_H
#define MR_CONNECTORS_FILES_SOURCE_H

#include "connectors/files/files_private.h"

enum phase { PHASE_LOOK_DUE, PHASE_LOOKING, PHASE_READING, PHASE_OVER };

/* A file that is done, or the one under way. */
struct files_file {
    uint32_t ordinal, generation;
    uint64_t size;
    int64_t mtime_ns;
};

struct position {
    uint32_t run;          /* of which given and rows count */
    uint64_t given, rows;
    uint32_t next_ordinal;
    uint32_t look_run;     /* run of the newest look */
    bool spooled;          /* its spool is whole */
    bool open;             /* a file is under way: the following fields */
    struct files_file file;
    struct files_place place;
    uint64_t head_hash, tail_hash;
    uint64_t found_bytes, done_bytes; /* of this run: sizes of files spooled, and of files read */
};

struct mr_source {
    const struct files_params *params;
    struct mr_connector_env env;
    char *name;
    size_t max_row_bytes;
    struct mr_buf prefix;  /* of all keys */
    struct mr_buf root, key, value, path;
    struct mr_buf cursor;  /* identity of the file under way, or of the last one read */
    struct position pos;
    enum phase phase;
    struct files_walk *walk;
    struct files_watch *watch; /* NULL: none, files settle */
    struct files_reader *reader;
    struct mr_json_reader *json;
    uint64_t looked_at_ms, look_ms; /* when the last look began, and how long it took */
};

/* listing.c */
struct mr_error *mr_files__inputs(const struct mr_connector_env *env,
                                  void (*fn)(void *arg, struct mr_str name, uint64_t bytes),
                                  void *arg);
struct mr_str mr_files__key(struct mr_source *s, char kind, struct mr_str id);
struct mr_error *mr_files__file_get(struct mr_source *s, struct mr_str id, struct files_file *out,
                                    bool *found);
void mr_files__file_put(struct mr_source *s, struct mr_str id, const struct files_file *file);
/* Begins a look, or goes on with it; *done: the spool is whole. Otherwise the caller should let
 * the store be committed, then go on. */
struct mr_error *mr_files__look(struct mr_source *s, bool *done);
/* The first spooled identity above the cursor, into the cursor; *found false: none left. */
struct mr_error *mr_files__spool_next(struct mr_source *s, bool *found);
struct mr_error *mr_files__position_load(struct mr_source *s);
void mr_files__position_save(struct mr_source *s);

/* resume.c: whether the file under way is still what was read before. */
void mr_files__mark(struct mr_source *s);
struct mr_error *mr_files__still_same(struct mr_source *s, const char *path,
                                      struct files_kind kind);

#endif
