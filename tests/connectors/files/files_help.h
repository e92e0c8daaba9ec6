/* For the tests of files: a folder of their own, files in it, sources and sinks run from text. */
#ifndef MR_TESTS_CONNECTORS_FILES_HELP_H
#define MR_TESTS_CONNECTORS_FILES_HELP_H

#include "connectors/files/files.h"

extern char help_dir[512]; /* the folder of the test */
extern struct mr_store *help_store;

void help_set_up(void); /* Check fixtures: folder and store */
void help_tear_down(void);
void help_ok(struct mr_error *e);
void help_reopen_store(void);

/* Writes a file below the folder, folders in between made. */
void help_file(const char *name, const void *bytes, size_t len);
void help_text(const char *name, const char *text);
/* Content of a file below the folder; owned by the caller; NULL when there is none. */
char *help_read(const char *name);
/* Decompressed (.gz, .zst) by an independent path: the command line tools' libraries in one go. */
struct mr_buf help_gzip(const char *text);
struct mr_buf help_zstd(const char *text);

/* Parameters of a source or sink as "name=value" texts, ended by NULL; in a static arena. */
void *help_params(const struct mr_param *table, size_t size, const char *const *settings);
/* Expects MR_OK or the code from the type's check; returns the message (static). */
const char *help_source_check(enum mr_code code, const char *const *settings);
const char *help_sink_check(enum mr_code code, const char *const *settings);

struct mr_source *help_source(uint32_t run, const char *const *settings);
struct mr_sink *help_sink(uint32_t run, const char *const *settings);
struct mr_connector_env help_env(uint32_t run);

/* Up to limit records as text, one a line: JSON of a row, "! message" of a rejected one; "idle" when
 * the source waits. Ends at the end, at idle, or at the limit. Static. */
const char *help_drain(struct mr_source *s, size_t limit);
/* A whole run in one go, committed at its end. */
const char *help_run(uint32_t run, const char *const *settings);
/* Saves and commits. */
void help_commit(struct mr_source *s);

/* Writes a JSON object to a sink. */
void help_write(struct mr_sink *s, const char *json);
void help_commit_sink(struct mr_sink *s);
void help_end_sink(struct mr_sink *s, uint32_t run);

#define SET(...) ((const char *const[]){__VA_ARGS__, NULL})

#endif
