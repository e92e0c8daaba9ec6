/* What the log's tests share: a temporary folder, rows that can be told from their number, and
 * checks that a log holds exactly rows 1 … n. */
#ifndef TESTS_RUNTIME_LOG_RIG_H
#define TESTS_RUNTIME_LOG_RIG_H

#include <check.h>

#include "runtime/log/inside.h"

struct rig {
    char dir[256]; /* removed by rig_finish */
    struct mr_log_place place;
    struct mr_log_writer_options options;
};

/* Fails the test with the error's text. */
void rig_ok(struct mr_error *e);
/* Fails unless the error has this code; frees it. */
void rig_fails(struct mr_error *e, enum mr_code code);

void rig_init(struct rig *rig);
void rig_finish(struct rig *rig);

/* Row k's id and bytes; len SIZE_MAX: a length that varies with k. */
struct mr_id rig_id(uint64_t k);
size_t rig_bytes(uint64_t k, size_t len, char *out);

/* Each open takes the next fence. */
struct mr_log_writer *rig_writer(struct rig *rig, struct mr_mark end);
void rig_append(struct mr_log_writer *w, uint64_t from, uint64_t to, size_t len);
struct mr_mark rig_commit(struct mr_log_writer *w);
struct mr_log_reader *rig_reader(struct rig *rig, uint64_t id, struct mr_mark from);
/* Reads on until nothing is left; every row must be the next one. Returns the last n. */
uint64_t rig_read(struct mr_log_reader *r, size_t len);
/* The same, at most to the end of the frame with row upto: beside a writer that writes on and on,
 * "until nothing is left" may never come. */
uint64_t rig_read_to(struct mr_log_reader *r, size_t len, uint64_t upto);
/* The same, stopping at the first error. */
struct mr_error *rig_try_read(struct mr_log_reader *r, size_t len, uint64_t *n);
/* Path of a file of the log; the buffer is overwritten by the next call. */
const char *rig_path(const struct rig *rig, const char *file);
/* Path of the segment that begins at base. */
const char *rig_segment(const struct rig *rig, uint64_t base);
void rig_flip(const char *path, uint64_t offset, unsigned bit);
uint64_t rig_size(const char *path);

#endif
