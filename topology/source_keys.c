/* Which keys the rows of a source hold: declared, known by the format, or seen in a sample. */
#include "topology/topology_private.h"

struct flow_schema *mr_schema__unknown(struct compile *c)
{
    struct flow_schema *s = mr_arena_zalloc(c->arena, sizeof *s);
    s->open = s->unknown = true;
    return s;
}

/* `keys: {text: text, "score?": number|null, "*": any}` */
static struct flow_schema *declared(struct compile *c, struct item *item, int index)
{
    struct flow_schema *s = mr_arena_zalloc(c->arena, sizeof *s);
    if (item->key_count > MR_NAMES_MAX)
        TOPO_ERROR(c, MR_YAML_LIMIT, &item->at, NULL, "more than 1024 keys are declared");
    for (size_t i = 0; i < item->key_count && i < MR_NAMES_MAX; i++) {
        const struct node *key = item->keys[i].key, *value = item->keys[i].value;
        struct mr_str name = key->text;
        uint32_t types = 0;
        bool always = !mr_str_ends(name, MR_STR("?"));
        if (mr_str_is(name, "*")) {
            s->open = true;
            continue;
        }
        name.len -= !always;
        if (!name.len || mr_str_starts(name, MR_STR("_mr.")) || name.ptr[0] == '\x01')
            TOPO_ERROR(c, MR_KEY_RESERVED, &key->at, NULL, "\"%.*s\" cannot be the name of a key",
                       MR_FMT(key->text));
        /* A plain `null` is the type, not a missing value. */
        if (value->kind != NODE_SCALAR || !mr_schema__types(value->text, &types))
            TOPO_ERROR(c, MR_TOPOLOGY_VALUE, &value->at,
                       "Types: text, int, number, bool, list, map, image, audio, video, any, null, "
                       "joined with |.",
                       "the type of key \"%.*s\" is not one", MR_FMT(name));
        mr_schema__put(c, s,
                       (struct flow_key){.name = name,
                                         .types = types,
                                         .always = always,
                                         .certain = true,
                                         .who = index,
                                         .media = value->kind == NODE_SCALAR
                                                      ? mr_schema__media(value->text)
                                                      : MR_MEDIA_TEXT});
    }
    return s;
}

static struct flow_schema *sampled(struct compile *c, struct item *item, int index)
{
    struct mr_schema seen = {0};
    struct mr_error *e = item->source->schema(item->params, c->base_dir, c->arena, &seen);
    if (e) {
        const char *remedy = mr_error_remedy_text(e);
        struct place at = item->setting_count ? item->settings_at[0] : item->at;
        TOPO_ERROR(c, mr_error_code(e), &at, *remedy ? remedy : NULL, "%s", mr_error_message(e));
        mr_error_free(e);
        return mr_schema__unknown(c);
    }
    struct flow_schema *s = mr_schema__unknown(c);
    s->bytes = seen.bytes;
    if (seen.none) {
        struct place at = item->setting_count ? item->settings_at[0] : item->at;
        TOPO_WARNING(c, MR_SOURCE_EMPTY, &at, NULL, "source \"%.*s\" finds nothing to read",
                     MR_FMT(item->id));
    }
    if (seen.unknown)
        return s;
    s->unknown = false;
    s->open = seen.open;
    s->sample_rows = seen.sample_rows;
    for (size_t i = 0; i < seen.count; i++)
        mr_schema__put(c, s,
                       (struct flow_key){.name = seen.keys[i].name,
                                         .types = seen.keys[i].types,
                                         .always = seen.keys[i].always,
                                         .certain = !seen.open,
                                         .who = index});
    return s;
}

struct flow_schema *mr_topology__source_schema(struct compile *c, struct item *item, int index)
{
    if (item->keys_given)
        return declared(c, item, index);
    if (item->sound && c->options->sample && item->source->schema)
        return sampled(c, item, index);
    return mr_schema__unknown(c);
}
