/* Sets of keys with types, as they stand on an edge of the graph. */
#include "topology/topology_private.h"

struct flow_key *mr_schema__find(const struct flow_schema *s, struct mr_str name)
{
    for (size_t i = 0; i < s->count; i++)
        if (mr_str_eq(s->keys[i].name, name))
            return &s->keys[i];
    return NULL;
}

struct flow_key *mr_schema__put(struct compile *c, struct flow_schema *s, struct flow_key key)
{
    struct flow_key *old = mr_schema__find(s, key.name);
    if (old) {
        *old = key;
        return old;
    }
    if (s->count == s->capacity) {
        size_t capacity = s->capacity ? 2 * s->capacity : 8;
        struct flow_key *more = mr_arena_alloc(c->arena, capacity * sizeof *more);
        if (s->count)
            memcpy(more, s->keys, s->count * sizeof *more);
        s->keys = more;
        s->capacity = capacity;
    }
    s->keys[s->count] = key;
    return &s->keys[s->count++];
}

struct flow_schema *mr_schema__copy(struct compile *c, const struct flow_schema *s)
{
    struct flow_schema *copy = mr_arena_alloc(c->arena, sizeof *copy);
    *copy = *s;
    copy->keys = mr_arena_alloc(c->arena, (s->count + 1) * sizeof *copy->keys);
    copy->capacity = s->count;
    if (s->count)
        memcpy(copy->keys, s->keys, s->count * sizeof *copy->keys);
    return copy;
}

/* What one branch says of a key the other one knows nothing of. */
static void unite_absent(struct flow_key *key, const struct flow_schema *without)
{
    if (key->gone) {
        if (without->open)
            key->gone = false, key->types = MR_ANY | MR_NULL, key->certain = false;
        return;
    }
    key->always = false;
    key->lacking = key->lacking || !without->open;
    if (without->open) {
        key->types = MR_ANY | MR_NULL;
        key->media = MR_MEDIA_TEXT;
        key->certain = false;
    }
}

static void unite_key(struct flow_key *key, const struct flow_key *other)
{
    if (key->gone && other->gone)
        return;
    if (key->gone || other->gone) {
        if (key->gone)
            *key = *other;
        key->always = false;
        key->lacking = true;
        return;
    }
    key->types |= other->types;
    key->lacking = key->lacking || other->lacking;
    if (key->media != other->media)
        key->media = MR_MEDIA_TEXT;
    key->always = key->always && other->always;
    key->certain = key->certain && other->certain;
}

void mr_schema__unite(struct compile *c, struct flow_schema *into, const struct flow_schema *other)
{
    for (size_t i = 0; i < into->count; i++) {
        const struct flow_key *same = mr_schema__find(other, into->keys[i].name);
        if (same)
            unite_key(&into->keys[i], same);
        else
            unite_absent(&into->keys[i], other);
    }
    size_t before = into->count;
    for (size_t i = 0; i < other->count; i++) {
        bool known = false;
        for (size_t k = 0; k < before && !known; k++)
            known = mr_str_eq(into->keys[k].name, other->keys[i].name);
        if (known)
            continue;
        struct flow_key key = other->keys[i];
        unite_absent(&key, into);
        mr_schema__put(c, into, key);
    }
    into->open = into->open || other->open;
    into->unknown = into->unknown || other->unknown;
    into->sample_rows = into->sample_rows + other->sample_rows;
    into->bytes += other->bytes;
}

enum mr_media mr_schema__media(struct mr_str text)
{
    size_t bar = mr_str_find(text, MR_STR("|"), 0);
    struct mr_str word = mr_str_trim(bar == SIZE_MAX ? text : mr_str_span(text.ptr, bar));
    return mr_str_is(word, "image")   ? MR_MEDIA_IMAGE
           : mr_str_is(word, "audio") ? MR_MEDIA_AUDIO
           : mr_str_is(word, "video") ? MR_MEDIA_VIDEO
                                      : MR_MEDIA_TEXT;
}

static const struct {
    const char *name;
    uint32_t types;
} type_rows[] = {{"text", MR_TEXT},     {"int", MR_INT},     {"real", MR_NUMBER},
            {"number", MR_NUMBER}, {"bool", MR_BOOL},   {"list", MR_LIST},
            {"map", MR_MAP},       {"bytes", MR_BYTES}, {"any", MR_ANY | MR_NULL},
            {"null", MR_NULL},
            {"image", MR_TEXT | MR_BYTES}, {"audio", MR_TEXT | MR_BYTES},
            {"video", MR_TEXT | MR_BYTES}};

const char *mr_schema__type_name(size_t i)
{
    return i < sizeof type_rows / sizeof *type_rows ? type_rows[i].name : NULL;
}

bool mr_schema__types(struct mr_str text, uint32_t *out)
{
    *out = 0;
    while (text.len) {
        const char *bar = memchr(text.ptr, '|', text.len);
        size_t len = bar ? (size_t)(bar - text.ptr) : text.len;
        struct mr_str word = mr_str_trim(mr_str_span(text.ptr, len));
        uint32_t types = 0;
        for (size_t i = 0; i < sizeof type_rows / sizeof *type_rows; i++)
            if (mr_str_is(word, type_rows[i].name))
                types = type_rows[i].types;
        if (!types)
            return false;
        *out |= types;
        text = bar ? mr_str_span(bar + 1, text.len - len - 1) : (struct mr_str){0};
    }
    return *out != 0;
}
