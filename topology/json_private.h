/* Shared by the json_*.c files that make the JSON Schema. */
#ifndef MR_TOPOLOGY_JSON_PRIVATE_H
#define MR_TOPOLOGY_JSON_PRIVATE_H

#include "runtime/base/json_out.h"
#include "runtime/op/connector.h"
#include "runtime/op/op.h"
#include "runtime/op/registry.h"

struct json_schema {
    struct mr_json_out *j;
    const struct mr_registry *registry;
    const struct mr_connectors *connectors;
};

/* Members written out by hand: "\"type\":\"string\"". */
void mr_json_schema__fragment(struct mr_json_out *j, const char *fragment);
void mr_json_schema__textz(struct mr_json_out *j, const char *key, const char *value);
/* The next word of a list with blanks or bars between. */
bool mr_json_schema__word(const char **list, struct mr_str *word);
/* Any text with ${NAME} in it. */
void mr_json_schema__variable(struct mr_json_out *j);
/* The schema of one value, as an object. */
void mr_json_schema__param(struct mr_json_out *j, const struct mr_param *p);
void mr_json_schema__role(struct mr_json_out *j, const struct mr_key *k);
/* json_schema.c: "allOf":[{"$ref":…}], one property per parameter and alias, per setting of the
 * kind (ON_…); a schema that wants one of several names; whether a parameter has to be given. */
void mr_json_schema__ref(struct mr_json_out *j, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void mr_json_schema__params(struct mr_json_out *j, const struct mr_param *table);
void mr_json_schema__settings(struct json_schema *s, int kind);
void mr_json_schema__one_of(struct mr_json_out *j, const char *name, const char *aliases);
bool mr_json_schema__needed(const struct mr_param *p);
/* json_connectors.c: the definitions of all kinds of sources, or of sinks. */
void mr_json_schema__connectors(struct json_schema *s, bool source);

#endif
