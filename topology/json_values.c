/* Values of parameters and key roles as JSON Schema. */
#include "topology/shapes.h"
#include "topology/topology_private.h"

#include "runtime/op/describe.h"
#include "topology/json_private.h"

void mr_json_schema__fragment(struct mr_json_out *j, const char *fragment)
{
    mr_buf_addz(&j->text, j->comma ? "," : "");
    mr_buf_addz(&j->text, fragment);
    j->comma = true;
}

void mr_json_schema__textz(struct mr_json_out *j, const char *key, const char *value)
{
    mr_json_key(j, key);
    mr_json_textz(j, value);
}

bool mr_json_schema__word(const char **list, struct mr_str *word)
{
    if (!*list)
        return false;
    *list += strspn(*list, " |");
    size_t len = strcspn(*list, " |");
    *word = mr_str_span(*list, len);
    *list += len;
    return len > 0;
}

static void types(struct mr_json_out *j, bool null, const char *names)
{
    struct mr_str word;
    mr_json_key(j, "type");
    mr_json_begin_array(j);
    while (mr_json_schema__word(&names, &word))
        mr_json_text(j, word);
    if (null)
        mr_json_textz(j, "null");
    mr_json_end_array(j);
}

/* A bound is text in the table; it is a number here. */
static void bound(struct mr_json_out *j, const char *key, const char *value)
{
    if (!value)
        return;
    mr_json_key(j, key);
    mr_json_raw(j, mr_str_of(value));
}

static void expected(struct mr_json_out *j, const struct mr_param *p)
{
    struct mr_buf text = {0};
    mr_buf_addz(&text, "Expected ");
    mr_param_expected(p, &text);
    mr_buf_addc(&text, '.');
    mr_json_schema__textz(j, "patternErrorMessage", mr_buf_text(&text));
    mr_buf_finish(&text);
}

static bool unit_is(const struct mr_param *p, const char *a, const char *b)
{
    return p->unit && (strcmp(p->unit, a) == 0 || strcmp(p->unit, b) == 0);
}

/* Numbers in quotes and with units are texts to YAML. */
static void number(struct mr_json_out *j, const struct mr_param *p)
{
    const char *pattern = "^ *[-+]?[0-9]+ *$|[$][{]";
    if (p->type == MR_P_REAL)
        pattern = "^ *[-+]?[0-9.]+([eE][-+]?[0-9]+)? *$|[$][{]";
    else if (unit_is(p, "bytes", "bytes"))
        pattern = "^ *[0-9.]+ *([kKmMgGtT]([iI]?[bB])?|[bB])? *$|[$][{]";
    else if (unit_is(p, "ms", "milliseconds") || unit_is(p, "s", "seconds"))
        pattern = "^ *[0-9.]+ *(ms|s|sec|m|min|h|d)? *$|[$][{]";
    types(j, p->nullable, p->type == MR_P_REAL ? "number string" : "integer string");
    bound(j, "minimum", p->min);
    bound(j, "maximum", p->max);
    mr_json_schema__textz(j, "pattern", pattern);
    expected(j, p);
}

static void choice(struct mr_json_out *j, const struct mr_param *p)
{
    const char *list = p->choices;
    struct mr_str word;
    mr_json_key(j, "anyOf");
    mr_json_begin_array(j);
    mr_json_begin_object(j);
    mr_json_key(j, "enum");
    mr_json_begin_array(j);
    while (mr_json_schema__word(&list, &word))
        mr_json_text(j, word);
    if (p->nullable)
        mr_json_null(j);
    mr_json_end_array(j);
    mr_json_end_object(j);
    mr_json_schema__variable(j);
    mr_json_end_array(j);
}

void mr_json_schema__variable(struct mr_json_out *j)
{
    mr_json_raw(j, MR_STR("{\"type\":\"string\",\"pattern\":\"" SHAPE_VARIABLE_PATTERN "\"}"));
}

/* The default as the JSON value it is; texts that look like numbers stay texts. */
static void fallback(struct mr_json_out *j, const struct mr_param *p)
{
    if (!p->def)
        return;
    mr_json_key(j, "default");
    if (p->nullable && strcmp(p->def, "null") == 0)
        mr_json_null(j);
    else if (p->type == MR_P_BOOL)
        mr_json_bool(j, strcmp(p->def, "yes") == 0 || strcmp(p->def, "true") == 0);
    else if (p->type == MR_P_TEXT || p->type == MR_P_CHOICE)
        mr_json_textz(j, p->def);
    else
        mr_json_raw(j, mr_str_of(p->def));
}

static void param_doc(struct mr_json_out *j, const struct mr_param *p)
{
    struct mr_buf text = {0};
    mr_buf_addz(&text, p->doc ? p->doc : "");
    mr_buf_addz(&text, " (");
    mr_param_expected(p, &text);
    if (p->unit)
        mr_buf_printf(&text, ", %s", p->unit);
    mr_buf_printf(&text, "; %s%s)",
                  p->def        ? "default "
                  : p->nullable ? "default null"
                                : "required",
                  p->def ? p->def : "");
    mr_json_schema__textz(j, "description", mr_buf_text(&text));
    mr_buf_finish(&text);
}

void mr_json_schema__param(struct mr_json_out *j, const struct mr_param *p)
{
    mr_json_begin_object(j);
    switch (p->type) {
    case MR_P_BOOL:
        types(j, p->nullable, "boolean string");
        mr_json_schema__textz(j, "pattern", "^(yes|no|true|false)$|[$][{]");
        expected(j, p);
        break;
    case MR_P_INT:
    case MR_P_REAL:
        number(j, p);
        break;
    case MR_P_TEXT:
        types(j, p->nullable, "string number boolean");
        break;
    case MR_P_TEXTS: /* a bare value is a list of one */
        types(j, p->nullable, "array string number boolean");
        mr_json_schema__fragment(j, "\"items\":{" SHAPE_TEXT "}");
        bound(j, "minItems", p->min);
        bound(j, "maxItems", p->max);
        break;
    case MR_P_CHOICE:
        choice(j, p);
        break;
    }
    param_doc(j, p);
    fallback(j, p);
    mr_json_end_object(j);
}

void mr_json_schema__role(struct mr_json_out *j, const struct mr_key *k)
{
    struct mr_buf text = {0};
    mr_json_begin_object(j);
    types(j, k->optional, "string number boolean array");
    mr_json_schema__fragment(j, "\"items\":{" SHAPE_TEXT "}");
    if (!k->optional)
        bound(j, "minItems", "1");
    if (!k->many)
        bound(j, "maxItems", "1");
    mr_buf_printf(&text, "%s (key role: %s ", k->doc, mr_access_name(k->access));
    mr_describe_types(k->types | (k->nullable ? MR_NULL : 0), &text);
    mr_buf_printf(&text, "; %s%s%s)",
                  k->def        ? "default key "
                  : k->optional ? "not bound by default"
                                : "required",
                  k->def ? k->def : "", k->many ? "; one or more keys" : "");
    mr_json_schema__textz(j, "description", mr_buf_text(&text));
    if (k->def)
        mr_json_schema__textz(j, "default", k->def);
    mr_json_end_object(j);
    mr_buf_finish(&text);
}
