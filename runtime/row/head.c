/* The fixed header, identities and sort keys as bytes: stored everywhere, so none may change. */
#include "runtime/row/row.h"

static uint8_t *put(uint8_t *at, uint64_t v, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        *at++ = (uint8_t)(v >> (8 * i));
    return at;
}

static uint64_t take(const uint8_t **at, size_t bytes)
{
    uint64_t v = 0;
    for (size_t i = 0; i < bytes; i++)
        v |= (uint64_t) * (*at)++ << (8 * i);
    return v;
}

static uint8_t *put_big(uint8_t *at, uint64_t v, size_t bytes)
{
    for (size_t i = bytes; i-- > 0;)
        *at++ = (uint8_t)(v >> (8 * i));
    return at;
}

void mr_head_encode(const struct mr_head *h, uint8_t out[MR_HEAD_BYTES])
{
    uint8_t *at = out;
    *at++ = MR_HEAD_VERSION;
    *at++ = h->kind;
    at = put(at, h->place.source, 2);
    at = put(at, h->place.file, 4);
    at = put(at, h->place.record, 4);
    at = put(at, h->place.sub[0], 4);
    at = put(at, h->place.sub[1], 4);
    at = put(at, h->lane, 4);
    at = put(at, h->n, 8);
    at = put(at, h->hash, 8);
    memcpy(at, h->id.b, 16);
    memcpy(at + 16, h->parent.b, 16);
    at = put(at + 32, h->run, 4);
    put(at, 0, 4);
}

bool mr_head_decode(const uint8_t in[MR_HEAD_BYTES], struct mr_head *out)
{
    if (in[0] != MR_HEAD_VERSION || in[1] > MR_KIND_CUT)
        return false;
    const uint8_t *at = in + 2;
    out->kind = in[1];
    out->place.source = (uint16_t)take(&at, 2);
    out->place.file = (uint32_t)take(&at, 4);
    out->place.record = (uint32_t)take(&at, 4);
    out->place.sub[0] = (uint32_t)take(&at, 4);
    out->place.sub[1] = (uint32_t)take(&at, 4);
    out->lane = (uint32_t)take(&at, 4);
    out->n = take(&at, 8);
    out->hash = take(&at, 8);
    memcpy(out->id.b, at, 16);
    memcpy(out->parent.b, at + 16, 16);
    at += 32;
    out->run = (uint32_t)take(&at, 4);
    return true;
}

uint64_t mr_lineage_hash(uint64_t previous, const struct mr_id *id)
{
    uint8_t bytes[24];
    memcpy(put(bytes, previous, 8), id->b, 16);
    return mr_hash64(bytes, sizeof bytes, 0);
}

void mr_order_key(const struct mr_head *h, uint8_t out[MR_ORDER_KEY_BYTES])
{
    uint8_t *at = put_big(out, h->place.source, 2);
    at = put_big(at, h->place.file, 4);
    at = put_big(at, h->place.record, 4);
    at = put_big(at, h->place.sub[0], 4);
    at = put_big(at, h->place.sub[1], 4);
    memcpy(at, h->id.b, 16);
}

void mr_place_key(const struct mr_place *p, uint8_t out[MR_PLACE_KEY_BYTES])
{
    uint8_t *at = put(out, p->source, 2); /* the same bytes as in the header */
    at = put(at, p->file, 4);
    put(at, p->record, 4);
}

struct mr_id mr_id_source(struct mr_str source, struct mr_str path, uint64_t record,
                          uint64_t generation)
{
    struct mr_hasher h;
    mr_hasher_begin(&h);
    mr_hasher_text(&h, source);
    mr_hasher_text(&h, path);
    mr_hasher_u64(&h, record);
    mr_hasher_u64(&h, generation);
    return mr_hasher_end(&h);
}

struct mr_id mr_id_child(const struct mr_id *parent, struct mr_str stage, uint64_t index)
{
    struct mr_hasher h;
    mr_hasher_begin(&h);
    mr_hasher_id(&h, parent);
    mr_hasher_text(&h, stage);
    mr_hasher_u64(&h, index);
    return mr_hasher_end(&h);
}

struct mr_id mr_id_aggregate(struct mr_str stage, uint64_t cut, struct mr_str group)
{
    struct mr_hasher h;
    mr_hasher_begin(&h);
    mr_hasher_text(&h, stage);
    mr_hasher_u64(&h, cut);
    mr_hasher_text(&h, group);
    return mr_hasher_end(&h);
}

struct mr_id mr_id_generated(struct mr_str stage, uint64_t cut, uint64_t index)
{
    struct mr_hasher h;
    mr_hasher_begin(&h);
    mr_hasher_text(&h, stage);
    mr_hasher_u64(&h, cut);
    mr_hasher_u64(&h, index);
    return mr_hasher_end(&h);
}

struct mr_id mr_id_branch(const struct mr_id *id, struct mr_str branch)
{
    struct mr_hasher h;
    mr_hasher_begin(&h);
    mr_hasher_id(&h, id);
    mr_hasher_text(&h, branch);
    return mr_hasher_end(&h);
}

static uint64_t little_endian(const uint8_t *at)
{
    uint64_t v = 0;
    for (int i = 7; i >= 0; i--)
        v = v << 8 | at[i];
    return v;
}

void mr_content_add(struct mr_content *c, const struct mr_id *id, struct mr_str map)
{
    struct mr_hasher h;
    mr_hasher_begin(&h);
    mr_hasher_id(&h, id);
    mr_hasher_part(&h, map.ptr, map.len);
    struct mr_id sum = mr_hasher_end(&h);
    uint64_t low = little_endian(sum.b);
    c->low += low;
    c->high += little_endian(sum.b + 8) + (c->low < low);
}

void mr_content_hex(const struct mr_content *c, char out[MR_ID_HEX_LEN + 1])
{
    struct mr_id id;
    for (int i = 0; i < 8; i++) {
        id.b[i] = (uint8_t)(c->high >> (56 - 8 * i));
        id.b[8 + i] = (uint8_t)(c->low >> (56 - 8 * i));
    }
    mr_id_hex(&id, out);
}
