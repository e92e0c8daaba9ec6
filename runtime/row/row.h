/* A row while a stage works on it: an index of fields over the original bytes, plus edits.
 *
 * Decoded once per stage process; fields nobody wrote are copied out as the same bytes. A field is
 * found by symbol: the group's table of bound key names is built once (mr_names), each decoded
 * field looks itself up in it. Field order is kept; a new field goes to the end; writing an
 * existing one keeps its place. Borrowed data lives until the batch arena is reset.
 * Thread: the owner of the arena. Plain struct inside runtime/, opaque for operators. */
#ifndef MR_ROW_ROW_H
#define MR_ROW_ROW_H

#include "runtime/base/arena.h"
#include "runtime/base/error.h"
#include "runtime/row/head.h"
#include "runtime/row/value.h"

/* The key names a process binds, each with a small number (symbol). Immutable after the last add.
 */
struct mr_names;
enum { MR_NAMES_MAX = 1024 };
struct mr_names *mr_names_create(void);
void mr_names_destroy(struct mr_names *names);
uint16_t mr_names_add(struct mr_names *names, struct mr_str name); /* same name, same symbol */
uint16_t mr_names_count(const struct mr_names *names);
/* Symbol of a name, or UINT16_MAX. */
uint16_t mr_names_find(const struct mr_names *names, struct mr_str name);
struct mr_str mr_names_text(const struct mr_names *names, uint16_t symbol);

struct mr_field {
    struct mr_str name;
    struct mr_value value; /* len 0: removed */
    uint16_t symbol;       /* UINT16_MAX: not bound by anyone */
    uint8_t lead;          /* bytes of the name's msgpack head just before it; 0: none there */
};

struct mr_row {
    struct mr_head head;
    struct mr_arena *arena; /* batch arena: edits and copies */
    const struct mr_names *names;
    struct mr_field *fields; /* in row order, removed ones left in place */
    uint32_t count, capacity;
    uint32_t *slots;    /* symbol → 1 + index in fields, 0 = absent */
    const uint8_t *map; /* the original map's bytes, borrowed */
    uint32_t map_len;
    bool changed; /* false: encode copies map as it is */
    /* The operator at work, set by the chain before each call (op/op.h reads through it). */
    void *work;
};

/* Decodes map bytes (borrowed, must outlive the row) into row. MR_ROW_BROKEN (a row error) when it
 * is not one msgpack map with text keys, each once. Validates all bytes, depth ≤ MR_DEPTH_MAX. */
struct mr_error *mr_row_decode(struct mr_row *row, const struct mr_names *names,
                               struct mr_arena *arena, const struct mr_head *head, const void *map,
                               size_t len);
/* An empty row (for generated and aggregate rows). */
void mr_row_init(struct mr_row *row, const struct mr_names *names, struct mr_arena *arena,
                 const struct mr_head *head);
/* A copy that shares unchanged bytes; head copied too. dst is plain memory. */
void mr_row_copy(struct mr_row *dst, const struct mr_row *src);
/* Appends the map's bytes to out. */
void mr_row_encode(const struct mr_row *row, struct mr_buf *out);
size_t mr_row_encoded_size(const struct mr_row *row);

/* By symbol; absent: len 0. */
struct mr_value mr_row_get(const struct mr_row *row, uint16_t symbol);
void mr_row_put(struct mr_row *row, uint16_t symbol, struct mr_value copied); /* value is copied */
void mr_row_put_text(struct mr_row *row, uint16_t symbol, struct mr_str text);
void mr_row_drop_field(struct mr_row *row, uint16_t symbol);
/* Renames in place (keeps the position); an existing `to` elsewhere is removed. */
void mr_row_rename_field(struct mr_row *row, uint16_t from, uint16_t to);
/* By name, for tools and tests (linear). */
struct mr_value mr_row_find(const struct mr_row *row, struct mr_str name);
void mr_row_put_named(struct mr_row *row, struct mr_str name, struct mr_value copied);
void mr_row_drop_named(struct mr_row *row, struct mr_str name);
/* By place in row->fields; nothing when it is dropped already. */
void mr_row_drop_at(struct mr_row *row, uint32_t index);

/* Partition key of a value: raw UTF-8 for text, canonical msgpack otherwise (smallest integer
 * form, doubles that are whole numbers stay doubles). Appends to out. False for null or absent. */
bool mr_row_partition_key(struct mr_value v, struct mr_buf *out);
/* Bytes of the place without sub: what rows without a key are partitioned by. */
enum { MR_PLACE_KEY_BYTES = 10 };
void mr_place_key(const struct mr_place *p, uint8_t out[MR_PLACE_KEY_BYTES]);

#endif
