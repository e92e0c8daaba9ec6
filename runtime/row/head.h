/* The fixed header of a row: identity, order, lineage. 80 bytes little-endian, the same on every
 * back end, so that a foreign reader can decode it with one format string.
 *
 *   0 version u8 (1)   1 kind u8         2 source u16      4 file u32       8 record u32
 *  12 sub[0] u32      16 sub[1] u32     20 lane u32       24 n u64         32 hash u64
 *  40 id 16           56 parent 16      72 run u32        76 reserved u32 (0)
 *
 * lane: (writer's stage number << 16) | writer's partition. n: 1, 2, 3 … without gaps per lane and
 * output partition, markers included. hash: XXH3-64 of (previous hash, id), so it covers all ids.
 */
#ifndef MR_ROW_HEAD_H
#define MR_ROW_HEAD_H

#include "runtime/base/hash.h"

enum { MR_HEAD_BYTES = 80, MR_HEAD_VERSION = 1 };

enum mr_row_kind {
    MR_KIND_ROW = 0,
    MR_KIND_END = 1, /* end marker of a run: every row of run `run` of this lane stands before it */
    MR_KIND_CUT = 2, /* a window closes here */
};

/* Where a row stands in its source; orders rows. sub: 1 + child index at the first and second 1→N
 * stage, 0 = not expanded; deeper ties fall to the id. */
struct mr_place {
    uint16_t source;
    uint32_t file, record, sub[2];
};

struct mr_head {
    uint8_t kind;
    struct mr_place place;
    uint32_t lane, run;
    uint64_t n, hash;
    struct mr_id id, parent;
};

void mr_head_encode(const struct mr_head *h, uint8_t out[MR_HEAD_BYTES]);
/* False when the version is another one or the kind is unknown. */
bool mr_head_decode(const uint8_t in[MR_HEAD_BYTES], struct mr_head *out);

/* The running hash after a row with this id. */
uint64_t mr_lineage_hash(uint64_t previous, const struct mr_id *id);

/* What a set of rows holds, whatever their order, lanes and number of files: the sum modulo 2^128 of
 * H(id, map bytes). {0}: no rows. */
struct mr_content {
    uint64_t low, high;
};
void mr_content_add(struct mr_content *c, const struct mr_id *id, struct mr_str map);
/* The sum as 32 hexadecimal digits. */
void mr_content_hex(const struct mr_content *c, char out[MR_ID_HEX_LEN + 1]);

/* Big-endian sort key of (place, id): memcmp order = row order. */
enum { MR_ORDER_KEY_BYTES = 2 + 4 * 4 + 16 };
void mr_order_key(const struct mr_head *h, uint8_t out[MR_ORDER_KEY_BYTES]);

/* Identities (architecture: rows). generation counts re-ingestions of one path. */
struct mr_id mr_id_source(struct mr_str source, struct mr_str path, uint64_t record,
                          uint64_t generation);
struct mr_id mr_id_child(const struct mr_id *parent, struct mr_str stage, uint64_t index);
struct mr_id mr_id_aggregate(struct mr_str stage, uint64_t cut, struct mr_str group);
struct mr_id mr_id_generated(struct mr_str stage, uint64_t cut, uint64_t index);
struct mr_id mr_id_branch(const struct mr_id *id, struct mr_str branch);

#endif
