/* JSON Schema of topologies: walks the tables of the grammar, then every operator and connector. */
#include "topology/json_schema.h"

#include <stdarg.h>
#include <stdio.h>

#include "topology/json_private.h"
#include "topology/shapes.h"
#include "topology/topology_private.h"

/* ---- names ---- */

static struct mr_str last_part(const struct mr_op *op)
{
    const char *dot = strrchr(op->name, '.');
    return mr_str_of(dot ? dot + 1 : op->name);
}

/* Calls fn for every name that leads to the operator; shown: an editor offers it. */
static void each_name(struct json_schema *s, const struct mr_op *op,
                      void (*fn)(struct json_schema *s, const struct mr_op *op, struct mr_str name,
                                 bool shown))
{
    const char *aliases = op->aliases;
    struct mr_str word, last = last_part(op);
    fn(s, op, mr_str_of(op->name), true);
    while (mr_json_schema__word(&aliases, &word))
        fn(s, op, word, true);
    if (!mr_str_is(last, op->name) && mr_registry_find(s->registry, last) == op)
        fn(s, op, last, false);
}

static void name_text(struct json_schema *s, const struct mr_op *op, struct mr_str name, bool shown)
{
    (void)op, (void)shown;
    mr_json_text(s->j, name);
}

static void shown_text(struct json_schema *s, const struct mr_op *op, struct mr_str name,
                       bool shown)
{
    if (shown)
        name_text(s, op, name, shown);
}

static void hidden_text(struct json_schema *s, const struct mr_op *op, struct mr_str name,
                        bool shown)
{
    (void)op;
    if (!shown)
        mr_buf_printf(&s->j->text, "%.*s|", MR_FMT(name));
}

/* Last parts of names are accepted by a pattern: what stands in an enum is offered. */
static void all_names(struct json_schema *s)
{
    mr_json_key(s->j, "anyOf");
    mr_json_begin_array(s->j);
    mr_json_begin_object(s->j);
    mr_json_key(s->j, "enum");
    mr_json_begin_array(s->j);
    for (size_t i = 0; i < mr_registry_count(s->registry); i++)
        each_name(s, mr_registry_at(s->registry, i), shown_text);
    mr_json_end_array(s->j);
    mr_json_end_object(s->j);
    mr_buf_addz(&s->j->text, ",{\"type\":\"string\",\"pattern\":\"^(");
    for (size_t i = 0; i < mr_registry_count(s->registry); i++)
        each_name(s, mr_registry_at(s->registry, i), hidden_text);
    mr_buf_addz(&s->j->text, "[$])$|" SHAPE_VARIABLE_PATTERN "\"}");
    mr_json_end_array(s->j);
}

void mr_json_schema__ref(struct mr_json_out *j, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    mr_json_key(j, "allOf"); /* what stands beside a bare $ref is ignored */
    mr_json_begin_array(j);
    mr_json_begin_object(j);
    mr_json_schema__textz(j, "$ref", text);
    mr_json_end_object(j);
    mr_json_end_array(j);
}

/* ---- parameters and roles of one operator ---- */

void mr_json_schema__params(struct mr_json_out *j, const struct mr_param *table)
{
    for (const struct mr_param *p = table; p && p->name; p++) {
        const char *aliases = p->aliases;
        struct mr_str word;
        mr_json_key(j, p->name);
        mr_json_schema__param(j, p);
        while (mr_json_schema__word(&aliases, &word)) {
            mr_json_key_str(j, word);
            mr_json_schema__param(j, p);
        }
    }
}

static void role_properties(struct mr_json_out *j, const struct mr_op *op)
{
    for (const struct mr_key *k = op->keys; k && k->name; k++) {
        const char *aliases = k->aliases;
        struct mr_str word;
        if (k->access == MR_PREPARED)
            continue;
        mr_json_key(j, k->name);
        mr_json_schema__role(j, k);
        while (mr_json_schema__word(&aliases, &word)) {
            mr_json_key_str(j, word);
            mr_json_schema__role(j, k);
        }
    }
}

void mr_json_schema__one_of(struct mr_json_out *j, const char *name, const char *aliases)
{
    struct mr_str word;
    mr_json_begin_object(j);
    mr_json_key(j, "anyOf");
    mr_json_begin_array(j);
    mr_json_begin_object(j);
    mr_json_key(j, "required");
    mr_json_begin_array(j);
    mr_json_textz(j, name);
    mr_json_end_array(j);
    mr_json_end_object(j);
    while (mr_json_schema__word(&aliases, &word)) {
        mr_json_begin_object(j);
        mr_json_key(j, "required");
        mr_json_begin_array(j);
        mr_json_text(j, word);
        mr_json_end_array(j);
        mr_json_end_object(j);
    }
    mr_json_end_array(j);
    mr_json_end_object(j);
}

bool mr_json_schema__needed(const struct mr_param *p)
{
    return !p->def && !p->nullable;
}

static bool role_needed(const struct mr_key *k)
{
    return k->access != MR_PREPARED && !k->def && !k->optional;
}

/* What must be given: `required`, and one of several names where there are aliases. */
static void required(struct mr_json_out *j, const struct mr_param *params,
                     const struct mr_key *keys)
{
    mr_json_key(j, "required");
    mr_json_begin_array(j);
    for (const struct mr_param *p = params; p && p->name; p++)
        if (mr_json_schema__needed(p) && !p->aliases)
            mr_json_textz(j, p->name);
    for (const struct mr_key *k = keys; k && k->name; k++)
        if (role_needed(k) && !k->aliases)
            mr_json_textz(j, k->name);
    mr_json_end_array(j);
    mr_json_key(j, "allOf");
    mr_json_begin_array(j);
    mr_json_raw(j, MR_STR("{}")); /* an empty list is none */
    for (const struct mr_param *p = params; p && p->name; p++)
        if (mr_json_schema__needed(p) && p->aliases)
            mr_json_schema__one_of(j, p->name, p->aliases);
    for (const struct mr_key *k = keys; k && k->name; k++)
        if (role_needed(k) && k->aliases)
            mr_json_schema__one_of(j, k->name, k->aliases);
    mr_json_end_array(j);
}

/* One of three: `with`, `keys`, or both mixed. NULL tables: not of this form. */
static void settings_of(struct mr_json_out *j, const struct mr_op *op, bool params, bool roles,
                        const char *doc)
{
    bool empty = true;
    for (const struct mr_param *p = params ? op->params : NULL; p && p->name; p++)
        empty = empty && !mr_json_schema__needed(p);
    for (const struct mr_key *k = roles ? op->keys : NULL; k && k->name; k++)
        empty = empty && !role_needed(k);
    mr_json_begin_object(j);
    mr_json_schema__fragment(j, empty ? "\"type\":[\"object\",\"null\"]" : "\"type\":\"object\"");
    mr_json_schema__textz(j, "description", doc);
    mr_json_key(j, "properties");
    mr_json_begin_object(j);
    if (params)
        mr_json_schema__params(j, op->params);
    if (roles)
        role_properties(j, op);
    mr_json_end_object(j);
    mr_json_schema__fragment(j, "\"additionalProperties\":false");
    required(j, params ? op->params : NULL, roles ? op->keys : NULL);
    mr_json_end_object(j);
}

static void operator_definitions(struct json_schema *s)
{
    char key[256];
    for (size_t i = 0; i < mr_registry_count(s->registry); i++) {
        const struct mr_op *op = mr_registry_at(s->registry, i);
        mr_json_key(s->j, op->name);
        settings_of(s->j, op, true, true, op->doc);
        snprintf(key, sizeof key, "%s with", op->name);
        mr_json_key(s->j, key);
        settings_of(s->j, op, true, false, "Parameters.");
        snprintf(key, sizeof key, "%s keys", op->name);
        mr_json_key(s->j, key);
        settings_of(s->j, op, false, true, "Key roles.");
    }
}

/* ---- a stage ---- */

void mr_json_schema__settings(struct json_schema *s, int kind)
{
    struct grammar_row row;
    for (size_t i = 0; mr_topology__setting_row(i, &row); i++) {
        if (!(row.kinds & kind))
            continue;
        mr_json_key(s->j, row.name);
        mr_json_begin_object(s->j);
        mr_json_schema__textz(s->j, "description", row.doc);
        if (row.shape)
            mr_json_schema__fragment(s->j, row.shape);
        else if (strcmp(row.name, "use") == 0)
            all_names(s);
        else if (kind == ON_SOURCE && strcmp(row.name, "keys") == 0)
            mr_json_schema__ref(s->j, "#/definitions/declared keys");
        else if (strcmp(row.name, "type") == 0)
            mr_json_schema__ref(s->j, kind == ON_SOURCE ? "#/definitions/source types"
                                                        : "#/definitions/sink types");
        else
            mr_json_schema__fragment(s->j, "\"type\":[\"object\",\"null\"]");
        mr_json_end_object(s->j);
    }
}

static void short_property(struct json_schema *s, const struct mr_op *op, struct mr_str name,
                           bool shown)
{
    mr_json_key_str(s->j, name);
    mr_json_begin_object(s->j);
    mr_json_schema__ref(s->j, "#/definitions/%s", op->name);
    if (!shown)
        mr_json_schema__fragment(s->j, "\"doNotSuggest\":true");
    mr_json_end_object(s->j);
}

/* `use` decides what may stand under `with` and `keys`. */
static void long_form(struct json_schema *s, const struct mr_op *op)
{
    bool with = false, keys = false;
    for (const struct mr_param *p = op->params; p && p->name; p++)
        with = with || mr_json_schema__needed(p);
    for (const struct mr_key *k = op->keys; k && k->name; k++)
        keys = keys || role_needed(k);
    mr_json_begin_object(s->j);
    mr_json_schema__fragment(s->j, "\"if\":{\"required\":[\"use\"],\"properties\":{\"use\":{");
    s->j->comma = false;
    mr_json_key(s->j, "enum");
    mr_json_begin_array(s->j);
    each_name(s, op, name_text);
    mr_json_end_array(s->j);
    mr_buf_addz(&s->j->text, "}}},\"then\":{\"properties\":{\"with\":{");
    s->j->comma = false;
    mr_json_schema__ref(s->j, "#/definitions/%s with", op->name);
    mr_buf_addz(&s->j->text, "},\"keys\":{");
    s->j->comma = false;
    mr_json_schema__ref(s->j, "#/definitions/%s keys", op->name);
    mr_buf_printf(&s->j->text, "}},\"required\":[%s%s%s]}", with ? "\"with\"" : "",
                  with && keys ? "," : "", keys ? "\"keys\"" : "");
    mr_json_end_object(s->j);
}

static void setting_names(struct json_schema *s, int kind)
{
    struct grammar_row row;
    mr_json_begin_array(s->j);
    for (size_t i = 0; mr_topology__setting_row(i, &row); i++)
        if (row.kinds & kind)
            mr_json_textz(s->j, row.name);
    mr_json_end_array(s->j);
}

/* Settings beside `use` are the long form; otherwise there is one key, an operator. */
static void which_form(struct json_schema *s)
{
    mr_json_begin_object(s->j);
    mr_json_schema__fragment(s->j, "\"if\":{\"type\":\"object\",\"minProperties\":1,"
                                   "\"propertyNames\":{\"enum\":");
    s->j->comma = false;
    setting_names(s, ON_STAGE);
    mr_buf_addz(&s->j->text, "}},\"then\":{\"required\":[\"use\"]},"
                             "\"else\":{\"maxProperties\":1}");
    mr_json_end_object(s->j);
    mr_json_begin_object(s->j);
    mr_json_schema__fragment(s->j, "\"if\":{\"type\":\"string\"},\"then\":{");
    s->j->comma = false;
    all_names(s);
    mr_buf_addc(&s->j->text, '}');
    mr_json_end_object(s->j);
}

static void stage_definition(struct json_schema *s)
{
    mr_json_key(s->j, "stage");
    mr_json_begin_object(s->j);
    mr_json_schema__fragment(s->j, "\"type\":[\"object\",\"string\"],\"minProperties\":1,"
                                   "\"additionalProperties\":false");
    mr_json_key(s->j, "properties");
    mr_json_begin_object(s->j);
    mr_json_schema__settings(s, ON_STAGE);
    for (size_t i = 0; i < mr_registry_count(s->registry); i++)
        each_name(s, mr_registry_at(s->registry, i), short_property);
    mr_json_end_object(s->j);
    mr_json_key(s->j, "allOf");
    mr_json_begin_array(s->j);
    which_form(s);
    for (size_t i = 0; i < mr_registry_count(s->registry); i++)
        long_form(s, mr_registry_at(s->registry, i));
    mr_json_end_array(s->j);
    mr_json_end_object(s->j);
}

/* ---- the whole ---- */

static const struct {
    const char *name, *shape;
} tops[] = {
    {"source", "\"allOf\":[{\"$ref\":\"#/definitions/source\"}]"},
    {"sink", "\"allOf\":[{\"$ref\":\"#/definitions/sink\"}]"},
    {"sources", "\"type\":\"object\",\"propertyNames\":{\"$ref\":\"#/definitions/id\"},"
                "\"additionalProperties\":{\"$ref\":\"#/definitions/source\"}"},
    {"sinks", "\"type\":\"object\",\"propertyNames\":{\"$ref\":\"#/definitions/id\"},"
              "\"additionalProperties\":{\"$ref\":\"#/definitions/sink\"}"},
    {"stages", "\"type\":[\"array\",\"null\"],\"items\":{\"$ref\":\"#/definitions/stage\"}"},
};

static void top_properties(struct json_schema *s)
{
    struct grammar_row row;
    mr_json_key(s->j, "properties");
    mr_json_begin_object(s->j);
    for (size_t i = 0; mr_topology__top_row(i, &row); i++) {
        mr_json_key(s->j, row.name);
        mr_json_begin_object(s->j);
        mr_json_schema__textz(s->j, "description", row.doc);
        if (row.shape)
            mr_json_schema__fragment(s->j, row.shape);
        for (size_t k = 0; k < sizeof tops / sizeof *tops; k++)
            if (strcmp(row.name, tops[k].name) == 0)
                mr_json_schema__fragment(s->j, tops[k].shape);
        mr_json_end_object(s->j);
    }
    mr_json_end_object(s->j);
}

static void type_names(struct json_schema *s)
{
    mr_buf_addc(&s->j->text, '(');
    for (size_t i = 0; mr_schema__type_name(i); i++)
        mr_buf_printf(&s->j->text, "%s%s", i ? "|" : "", mr_schema__type_name(i));
    mr_buf_addc(&s->j->text, ')');
}

/* Keys to types: "text", "number|null". */
static void declared_keys(struct json_schema *s)
{
    mr_json_begin_object(s->j);
    mr_json_schema__fragment(s->j, "\"type\":\"object\",\"additionalProperties\":{\"type\":"
                                   "[\"string\",\"null\"],\"pattern\":\"^ *");
    type_names(s);
    mr_buf_addz(&s->j->text, "( *[|] *");
    type_names(s);
    mr_buf_addz(&s->j->text, ")* *$|" SHAPE_VARIABLE_PATTERN
                             "\"" SHAPE_SAID("types such as text or number|null") "}");
    mr_json_end_object(s->j);
}

static void definitions(struct json_schema *s)
{
    mr_json_key(s->j, "definitions");
    mr_json_begin_object(s->j);
    mr_json_key(s->j, "id");
    mr_json_raw(s->j, MR_STR("{" SHAPE_ID "}"));
    mr_json_key(s->j, "declared keys");
    declared_keys(s);
    stage_definition(s);
    mr_json_schema__connectors(s, true);
    mr_json_schema__connectors(s, false);
    operator_definitions(s);
    mr_json_end_object(s->j);
}

void mr_topology_schema(const struct mr_registry *registry, const struct mr_connectors *connectors,
                        struct mr_json_out *out)
{
    struct json_schema s = {out, registry, connectors};
    mr_json_begin_object(out);
    mr_json_schema__textz(out, "$schema", "http://json-schema.org/draft-07/schema#");
    mr_json_schema__textz(out, "title", "Millrace topology");
    mr_json_schema__fragment(out,
                             "\"type\":\"object\",\"additionalProperties\":false,"
                             "\"patternProperties\":{\"^x-\":{}},\"allOf\":["
                             "{\"anyOf\":[{\"required\":[\"source\"]},"
                             "{\"required\":[\"sources\"]}]},"
                             "{\"anyOf\":[{\"required\":[\"sink\"]},{\"required\":[\"sinks\"]}]}]");
    top_properties(&s);
    definitions(&s);
    mr_json_end_object(out);
}
