/* Shared by the files of runtime/log only: frames, header page, segments, sidecars, writer and
 * reader parts that the embedded back end needs. Grouped by file. */
#ifndef MR_LOG_INSIDE_H
#define MR_LOG_INSIDE_H

#include <stdatomic.h>

#include "runtime/log/log.h"

static inline void mr_log__put32(uint8_t *at, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(v >> (8 * i));
}
static inline void mr_log__put64(uint8_t *at, uint64_t v)
{
    for (int i = 0; i < 8; i++)
        at[i] = (uint8_t)(v >> (8 * i));
}
static inline uint32_t mr_log__get32(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}
static inline uint64_t mr_log__get64(const uint8_t *at)
{
    return mr_log__get32(at) | (uint64_t)mr_log__get32(at + 4) << 32;
}

/* ---- frame.c: the unit of writing, checking and compression ---- */

#define MR_FRAME_MAGIC 0x52464d4cu /* "LMFR" as bytes */
enum {
    MR_FRAME_VERSION = 1,
    MR_FRAME_HEAD = 48,
    MR_FRAME_ROW_HEAD = 4 + MR_HEAD_BYTES,
    MR_FRAME_RAW_MAX = 1 << 30,
    MR_FRAME_DEFAULT = 256 * 1024,
};

struct mr_log__frame {
    uint8_t codec;
    uint32_t length, raw_length, rows;
    uint64_t first_n, time_ms, fence;
    const uint8_t *payload; /* borrowed from the bytes it was read from */
    size_t size;            /* on disk: head, payload, padding to 8     */
};

static inline size_t mr_log__frame_size(uint32_t length)
{
    return MR_FRAME_HEAD + (((size_t)length + 7) & ~(size_t)7);
}
/* Writes head, padding and CRC around a payload that already stands at bytes + MR_FRAME_HEAD. */
void mr_log__frame_seal(uint8_t *bytes, const struct mr_log__frame *f);
/* Reads and checks the frame at bytes, which stands at offset of the file path (offset 0: other
 * bytes mean a foreign file). check_crc false: for hops over frames. */
struct mr_error *mr_log__frame_read(const uint8_t *bytes, size_t avail, const char *path,
                                    uint64_t offset, bool check_crc, struct mr_log__frame *out);
/* The frame's rows: the payload itself, or unpacked into scratch. */
struct mr_error *mr_log__frame_unpack(const struct mr_log__frame *f, const char *path,
                                      uint64_t offset, struct mr_buf *scratch,
                                      const uint8_t **rows);
/* Takes one row off *at; false when the bytes are not a row. */
bool mr_log__frame_row(const uint8_t **at, size_t *left, struct mr_head *head, struct mr_str *map);

/* ---- page.c: the shared header page `head` ---- */

enum { MR_PAGE_BYTES = 4096, MR_PAGE_VERSION = 1, MR_PAGE_READERS = 62 };

struct mr_log__page_reader {
    _Atomic uint64_t id; /* 0: free */
    _Atomic uint32_t bell, reserved0;
    _Atomic uint64_t pos, n;
    uint64_t reserved[4];
};

/* The committed end stands in two slots; `commits` says which one holds. A writer that dies between
 * two stores leaves the other slot whole, so readers never wait for it. */
struct mr_log__page {
    _Atomic uint64_t magic;
    _Atomic uint32_t version, reserved0;
    _Atomic uint64_t commits;
    struct {
        _Atomic uint64_t pos, n, hash;
    } end[2];
    _Atomic uint64_t start; /* position of the first byte kept */
    _Atomic uint64_t fence;
    _Atomic uint32_t bell, pid; /* the writer's */
    uint64_t reserved[4];
    struct mr_log__page_reader readers[MR_PAGE_READERS];
};

/* Maps <dir>/head, creating it if create (the folder exists then). Otherwise a missing page gives
 * *out NULL, and a page in a read-only place is mapped for reading. */
struct mr_error *mr_log__page_open(const char *dir, bool create, struct mr_log__page **out);
void mr_log__page_close(struct mr_log__page *p); /* accepts NULL */
struct mr_mark mr_log__page_end(const struct mr_log__page *p);
void mr_log__page_publish(struct mr_log__page *p, struct mr_mark end); /* writer only */
/* Lowest committed position of the registered readers, UINT64_MAX without; *count of them. */
uint64_t mr_log__page_slowest(const struct mr_log__page *p, uint32_t *count);
/* Keeps reader registration and retention apart; held for moments only. */
struct mr_error *mr_log__page_lock(const char *dir, int *fd);
void mr_log__page_unlock(int fd);

/* ---- segment.c: files of a log ---- */

enum {
    MR_SEGMENT_DEFAULT = 128 * 1024 * 1024,
    MR_SEGMENT_ROWS = 512 * 1024, /* bounds the memory that sorting a sidecar takes */
};

struct mr_log__segment {
    uint64_t base, size;
};
struct mr_log__segments {
    struct mr_log__segment *items;
    size_t count;
};

/* Folder of a log, owned by the caller. Refuses topic names that would leave the topics folder. */
struct mr_error *mr_log__dir(const struct mr_log_place *place, char **out);
/* "<dir>/<base, 20 digits><suffix>", owned by the caller. */
char *mr_log__path(const char *dir, uint64_t base, const char *suffix);
/* All segments, ascending; a missing folder has none. */
struct mr_error *mr_log__segments_list(const char *dir, struct mr_log__segments *out);
void mr_log__segments_finish(struct mr_log__segments *s);
/* Index of the segment that holds pos: the last with base ≤ pos; SIZE_MAX when none. */
size_t mr_log__segments_at(const struct mr_log__segments *s, uint64_t pos);
/* Makes room for `need` bytes, in steps up to limit, so that a full disk is met before data is. */
struct mr_error *mr_log__segment_grow(int fd, const char *path, uint64_t need, uint64_t limit,
                                      uint64_t *allocated);
/* Removes a segment and its sidecars. */
struct mr_error *mr_log__segment_remove(const char *dir, uint64_t base);
void mr_log__sidecars_remove(const char *dir, uint64_t base);
/* Row number of the first row of a segment. */
struct mr_error *mr_log__segment_first_n(const char *dir, uint64_t base, uint64_t *n);

/* ---- ids.c: sidecar of a sealed segment, id prefix → n ---- */

/* First 8 bytes of an id as a number. */
uint64_t mr_log__id_prefix(const struct mr_id *id);
/* Sorts the writer's notes (".idw": one prefix a row) into ".ids"; false when they do not hold
 * exactly `rows`. A sidecar is an aid: failures leave none behind. */
bool mr_log__ids_from_notes(const char *dir, uint64_t base, uint64_t first_n, uint64_t rows);
/* The same by reading the segment [base, end). */
struct mr_error *mr_log__ids_from_segment(const char *dir, uint64_t base, uint64_t end);
/* The same of the segment under way, whose committed rows first_n … first_n + rows - 1 stand in the
 * writer's notes. *usable false: the notes do not hold them all (the writer was started again). */
void mr_log__notes_find(const char *dir, uint64_t base, uint64_t first_n, uint64_t rows,
                        uint64_t prefix, bool (*fn)(void *arg, uint64_t n), void *arg, bool *usable);
/* Calls fn for each n that may hold the prefix, ascending, until it returns false. *usable false:
 * no sidecar, or a damaged one. */
void mr_log__ids_find(const char *dir, uint64_t base, uint64_t prefix,
                      bool (*fn)(void *arg, uint64_t n), void *arg, bool *usable);

/* ---- writer.c ---- */

/* Borrowed room to compress in, shared by the writers of one task. */
void mr_log__writer_scratch(struct mr_log_writer *w, struct mr_buf *scratch);
/* First half of sync: frames out, and the disk begins with them. */
struct mr_error *mr_log__writer_start(struct mr_log_writer *w);

/* ---- reader.c ---- */

/* Borrowed room to unpack in, shared by readers of which one at a time holds rows. */
void mr_log__reader_scratch(struct mr_log_reader *r, struct mr_buf *scratch);
/* A reader of bytes [pos, end) of a log folder, without header page, lineage from its first row. */
struct mr_log_reader *mr_log__reader_scan(const char *dir, uint64_t pos, uint64_t end);
/* Lets the loaded frame go: the next call loads it again, and goes on behind the last row given out. */
void mr_log__reader_put_down(struct mr_log_reader *r);
/* Rows of the loaded frame not yet given out, and its unpacked size. */
uint32_t mr_log__reader_left(const struct mr_log_reader *r);
uint64_t mr_log__reader_frame_bytes(const struct mr_log_reader *r);
uint64_t mr_log__reader_pos(const struct mr_log_reader *r);

#endif
