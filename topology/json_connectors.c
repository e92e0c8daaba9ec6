/* Sources and sinks as JSON Schema: by kind, told by a leading key or by `type`. */
#include "topology/json_private.h"
#include "topology/topology_private.h"

#include <stdio.h>

struct kind {
    const char *name, *aliases, *doc;
    const struct mr_param *params;
};

/* The i-th kind of source or sink; false behind the last. */
static bool kind_at(const struct json_schema *s, bool source, size_t i, struct kind *out)
{
    if (source) {
        const struct mr_source_type *t = s->connectors->sources[i];
        if (t)
            *out = (struct kind){t->name, t->aliases, t->doc, t->params};
        return t != NULL;
    }
    const struct mr_sink_type *t = s->connectors->sinks[i];
    if (t)
        *out = (struct kind){t->name, t->aliases, t->doc, t->params};
    return t != NULL;
}

static const struct mr_param *leading(const struct kind *k)
{
    const struct mr_param *p = k->params;
    while (p && p->name && !mr_json_schema__needed(p))
        p++;
    return p && p->name ? p : NULL;
}

static void kind_names(struct mr_json_out *j, const struct kind *k)
{
    const char *aliases = k->aliases;
    struct mr_str word;
    mr_json_textz(j, k->name);
    while (mr_json_schema__word(&aliases, &word))
        mr_json_text(j, word);
}

static void kind_definition(struct json_schema *s, bool source, const struct kind *k)
{
    const struct mr_param *lead = leading(k);
    const char *aliases = k->aliases;
    struct mr_str word;
    mr_json_begin_object(s->j);
    mr_json_schema__fragment(s->j, "\"type\":\"object\",\"additionalProperties\":false");
    mr_json_schema__textz(s->j, "description", k->doc);
    mr_json_key(s->j, "properties");
    mr_json_begin_object(s->j);
    if (lead && !mr_param_find(k->params, mr_str_of(k->name))) {
        mr_json_key(s->j, k->name);
        mr_json_schema__param(s->j, lead);
    }
    while (lead && mr_json_schema__word(&aliases, &word))
        if (!mr_param_find(k->params, word)) {
            mr_json_key_str(s->j, word);
            mr_json_schema__param(s->j, lead);
        }
    mr_json_schema__params(s->j, k->params);
    mr_json_schema__settings(s, source ? ON_SOURCE : ON_SINK);
    mr_json_end_object(s->j);
    mr_json_end_object(s->j);
}

/* A mapping with the key `files`, or with `type: files`, is of that kind. */
static void kind_choice(struct json_schema *s, bool source, const struct kind *k)
{
    const char *aliases = k->aliases;
    struct mr_str word;
    mr_json_begin_object(s->j);
    mr_json_schema__fragment(s->j,
                             "\"if\":{\"type\":\"object\",\"anyOf\":[{\"required\":[\"type\"],"
                             "\"properties\":{\"type\":{\"enum\":");
    s->j->comma = false;
    mr_json_begin_array(s->j);
    kind_names(s->j, k);
    mr_json_end_array(s->j);
    mr_buf_printf(&s->j->text, "}}},{\"required\":[\"%s\"]}", k->name);
    while (mr_json_schema__word(&aliases, &word))
        mr_buf_printf(&s->j->text, ",{\"required\":[\"%.*s\"]}", MR_FMT(word));
    mr_buf_addz(&s->j->text, "]},\"then\":{");
    s->j->comma = false;
    mr_json_schema__ref(s->j, "#/definitions/%s %s", source ? "source" : "sink", k->name);
    mr_buf_addc(&s->j->text, '}');
    mr_json_end_object(s->j);
}

/* What an editor offers before the kind is told: the leading keys and the settings of all kinds. */
static void connector_properties(struct json_schema *s, bool source)
{
    struct kind k;
    mr_json_key(s->j, "properties");
    mr_json_begin_object(s->j);
    for (size_t i = 0; kind_at(s, source, i, &k); i++) {
        const struct mr_param *lead = leading(&k);
        mr_json_key(s->j, k.name);
        if (lead)
            mr_json_schema__param(s->j, lead);
        else
            mr_json_raw(s->j, MR_STR("{}"));
    }
    mr_json_schema__settings(s, source ? ON_SOURCE : ON_SINK);
    mr_json_end_object(s->j);
}

static void connector_definition(struct json_schema *s, bool source)
{
    struct kind k;
    bool list = kind_at(s, source, 0, &k) && leading(&k) && leading(&k)->type == MR_P_TEXTS;
    mr_json_key(s->j, source ? "source" : "sink");
    mr_json_begin_object(s->j);
    mr_json_schema__fragment(s->j, list ? "\"type\":[\"object\",\"string\",\"array\"],"
                                          "\"items\":{\"type\":\"string\"}"
                                        : "\"type\":[\"object\",\"string\"]");
    connector_properties(s, source);
    mr_json_key(s->j, "allOf");
    mr_json_begin_array(s->j);
    mr_json_begin_object(s->j);
    mr_json_schema__fragment(s->j, "\"if\":{\"type\":\"object\"},\"then\":{\"anyOf\":[");
    s->j->comma = false;
    for (size_t i = 0; kind_at(s, source, i, &k); i++)
        mr_json_schema__one_of(s->j, k.name, k.aliases);
    mr_json_schema__one_of(s->j, "type", NULL);
    mr_buf_addz(&s->j->text, "]}");
    mr_json_end_object(s->j);
    for (size_t i = 0; kind_at(s, source, i, &k); i++)
        kind_choice(s, source, &k);
    mr_json_end_array(s->j);
    mr_json_end_object(s->j);
}

void mr_json_schema__connectors(struct json_schema *s, bool source)
{
    struct kind k;
    char key[256];
    mr_json_key(s->j, source ? "source types" : "sink types");
    mr_json_begin_object(s->j);
    mr_json_key(s->j, "enum");
    mr_json_begin_array(s->j);
    for (size_t i = 0; kind_at(s, source, i, &k); i++)
        kind_names(s->j, &k);
    mr_json_end_array(s->j);
    mr_json_end_object(s->j);
    for (size_t i = 0; kind_at(s, source, i, &k); i++) {
        snprintf(key, sizeof key, "%s %s", source ? "source" : "sink", k.name);
        mr_json_key(s->j, key);
        kind_definition(s, source, &k);
    }
    connector_definition(s, source);
}
