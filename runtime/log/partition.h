/* One log of the embedded back end: the rows that one writer (lane) wrote into one partition of one
 * topic. Folder: <topics>/<topic>/<partition>/<lane>/ with a shared header page `head`, segments
 * `<first byte position, 20 digits>.seg`, and per sealed segment a sidecar `.ids` (id → n).
 *
 * Byte positions are logical: they grow for ever across segments. n of a row is its offset + 1.
 * Writer: one process, by lock and fence. Readers: any number of processes, mmap, below the
 * committed end only. Format and recovery: runtime/log/README.md. Thread: the owner of the handle. */
#ifndef MR_LOG_PARTITION_H
#define MR_LOG_PARTITION_H

#include "runtime/log/bell.h"
#include "runtime/row/head.h"

/* A place in a log: after row n, whose lineage hash is hash; pos = start of the frame to read on. */
struct mr_mark {
    uint64_t pos, n, hash;
};

struct mr_log_place {
    const char *topics;   /* folder of all topics, borrowed during the call */
    struct mr_str topic;
    uint32_t partition, lane;
};

enum mr_codec { MR_CODEC_NONE = 0, MR_CODEC_LZ4 = 1 };

/* ---- writer ---- */
struct mr_log_writer;
struct mr_log_writer_options {
    enum mr_codec codec;
    size_t frame_bytes;     /* 0: 256 KiB of raw rows  */
    size_t segment_bytes;   /* 0: 128 MiB              */
    uint32_t lane_label;    /* head.lane of every row  */
    uint64_t fence;         /* higher than any earlier writer's */
    struct mr_bells *bells; /* rung at publish; may be NULL */
    uint32_t bell;          /* this writer's own bell, rung by readers that make room */
    bool no_sync;           /* tests only: nothing survives a power loss */
};
/* Takes the writer's lock (MR_LOG_TWO_WRITERS) and truncates everything behind `end`, the last
 * committed end ({0} for a new log). MR_LOG_FENCED when the fence is not higher than the last
 * writer's, or readers were already shown more than `end`: the state is older than the log. */
struct mr_error *mr_log_writer_open(const struct mr_log_place *place, struct mr_mark end,
                                    const struct mr_log_writer_options *options,
                                    struct mr_log_writer **out);
/* Appends a row; sets head->lane, n and hash. Buffered until a frame is full. */
struct mr_error *mr_log_writer_append(struct mr_log_writer *w, struct mr_head *head, const void *map,
                                      size_t len);
bool mr_log_writer_dirty(const struct mr_log_writer *w);           /* rows since the last publish */
struct mr_error *mr_log_writer_sync(struct mr_log_writer *w);      /* frames out, then fdatasync  */
struct mr_mark mr_log_writer_end(const struct mr_log_writer *w);   /* valid after sync            */
void mr_log_writer_publish(struct mr_log_writer *w);               /* readers may see it; rings   */
/* Bytes that the slowest registered reader has not yet committed (uncommitted output included);
 * 0 while no reader is registered. */
uint64_t mr_log_writer_unread(const struct mr_log_writer *w);
void mr_log_writer_close(struct mr_log_writer *w); /* accepts NULL; unpublished rows are dropped */

/* ---- reader ---- */
struct mr_log_reader;
/* reader: identity of the reading task (0: passive, not in the reader table: never holds back a
 * writer or retention). bell: rung when rows arrive. Creates the log's folder if the writer has
 * not yet. MR_LOG_TRIMMED when `from` is no longer kept, except for {0}: starts at what there is. */
struct mr_error *mr_log_reader_open(const struct mr_log_place *place, uint64_t reader,
                                    uint32_t bell, struct mr_mark from, struct mr_log_reader **out);
/* Next frame's rows below the committed end. *rows 0 when there is none now. Rows are borrowed until
 * the next call; while some of a frame are left, the call stays at it. CRC checked (MR_LOG_CORRUPT
 * names file and position). */
struct mr_error *mr_log_reader_next(struct mr_log_reader *r, uint32_t *rows);
/* The frame's rows one by one; false at its end. Rows with n ≤ mark.n are skipped (a resume in the
 * middle of a frame; counted as repeats otherwise); a gap or another hash is MR_LINEAGE_GAP. */
struct mr_error *mr_log_reader_row(struct mr_log_reader *r, struct mr_head *head, struct mr_str *map,
                                   bool *found);
/* Puts the last row back: the mark is again the one before it, and the next call gives it once more.
 * Once per row, before the next frame is loaded. */
void mr_log_reader_back(struct mr_log_reader *r);
struct mr_mark mr_log_reader_mark(const struct mr_log_reader *r);  /* after the last row given out */
/* When the loaded frame was written: wall clock, milliseconds. */
uint64_t mr_log_reader_time(const struct mr_log_reader *r);
/* Committed bytes that this reader has not yet given out. */
uint64_t mr_log_reader_lag_bytes(const struct mr_log_reader *r);
uint64_t mr_log_reader_repeats(const struct mr_log_reader *r);
/* Bells through which mr_log_reader_commit rings the writer; borrowed. Without: no ring. */
void mr_log_reader_bells(struct mr_log_reader *r, struct mr_bells *bells);
/* Tells the writer and retention how far this reader is committed; rings the writer. */
void mr_log_reader_commit(struct mr_log_reader *r, struct mr_mark committed);
/* Seeks to the frame that holds row n (passive readers: topics cat, why). */
struct mr_error *mr_log_reader_seek(struct mr_log_reader *r, uint64_t n);
void mr_log_reader_close(struct mr_log_reader *r); /* accepts NULL; keeps the table entry */

/* ---- tools ---- */
struct mr_log_stat {
    uint64_t rows, first_n, bytes_on_disk, start_pos, end_pos, segments;
    uint64_t slowest_reader_pos; /* UINT64_MAX without readers */
    uint32_t readers;
};
struct mr_error *mr_log_stat(const struct mr_log_place *place, struct mr_log_stat *out);
/* Number of the last committed row of the log, and of the last one that the reader has committed
 * (0: not in the table). A log that nobody has opened yet has neither. */
struct mr_error *mr_log_progress(const struct mr_log_place *place, uint64_t reader, uint64_t *end_n,
                                 uint64_t *read_n);
/* Whether the reader is in the table: it has come, and what it has not consumed is kept. */
struct mr_error *mr_log_registered(const struct mr_log_place *place, uint64_t reader, bool *out);
/* Row number of an id; 0 when absent. Uses sidecars of sealed segments, scans the active one. */
struct mr_error *mr_log_find(const struct mr_log_place *place, const struct mr_id *id, uint64_t *n);
/* Takes every reader out of the table that is none of keep: they hold back neither writers nor
 * retention any longer. Nobody may have the log open as a registered reader. */
struct mr_error *mr_log_release(const struct mr_log_place *place, const uint64_t *keep,
                                size_t keep_count);
/* Retention: unlinks whole sealed segments that end at or below upto (and no reader still needs). */
struct mr_error *mr_log_trim(const struct mr_log_place *place, uint64_t upto, uint64_t *freed_bytes);

#endif
