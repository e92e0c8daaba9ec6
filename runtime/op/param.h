/* Parameters: one row per field of a parameter struct; help, schema, parsing and range checks all
 * come from these rows. Defaults and bounds are text and go through the same parser as user input.
 *
 * Text forms: bool yes|no|true|false; integers and reals as in JSON; text as it is; lists as a JSON
 * array of texts; a choice by its name; `null` where nullable (text: ptr NULL, list: items NULL,
 * int: MR_INT_NONE, real: NaN). Thread: any (tables are const). */
#ifndef MR_OP_PARAM_H
#define MR_OP_PARAM_H

#include <stddef.h>

#include "runtime/base/arena.h"
#include "runtime/base/error.h"

enum mr_param_type {
    MR_P_BOOL = 1,
    MR_P_INT,
    MR_P_REAL,
    MR_P_TEXT,
    MR_P_TEXTS,
    MR_P_CHOICE, /* an int: index into .choices */
};

#define MR_INT_NONE INT64_MIN

struct mr_param {
    const char *name;
    enum mr_param_type type;
    size_t offset;
    const char *def;      /* NULL: required */
    const char *min, *max; /* inclusive, for numbers; for texts: number of items */
    const char *choices;  /* "a|b|c" for MR_P_CHOICE */
    const char *unit;     /* "code points", "rows", "bytes" … or NULL */
    const char *doc;      /* one sentence with a full stop */
    const char *aliases;  /* other accepted names, blank-separated, or NULL */
    bool nullable;
    /* A text, or a list of texts, that are expressions over the keys of the rows that come in: the
     * enum mr_type bits of which each must be able to give one. 0: no expression. */
    uint32_t expr;
};

/* Name, type and offset from the struct field itself, so that table and struct cannot disagree. */
#define MR_FIELD(struct_type, field)                                              \
    .name = #field,                                                               \
    .type = _Generic(((struct_type *)0)->field, bool: MR_P_BOOL, int64_t: MR_P_INT, \
                     double: MR_P_REAL, struct mr_str: MR_P_TEXT,                 \
                     struct mr_strs: MR_P_TEXTS, int: MR_P_CHOICE),               \
    .offset = offsetof(struct_type, field)

/* A given parameter, from a topology or a command line. */
struct mr_setting {
    struct mr_str name, value; /* value: text form as above */
    bool null;                 /* value was null */
};

/* The row of a name or alias, or NULL. */
const struct mr_param *mr_param_find(const struct mr_param *table, struct mr_str name);
/* Parses one value into the struct at target; texts are copied into arena. MR_PARAM_INVALID says
 * what was expected ("an integer from 0 to 100"). */
struct mr_error *mr_param_parse(const struct mr_param *p, struct mr_str value, bool null,
                                struct mr_arena *arena, void *target);
/* Fills the whole struct: defaults, then settings. Unknown names, missing required ones and bad
 * values are errors (the first one). */
struct mr_error *mr_params_fill(const struct mr_param *table, const struct mr_setting *settings,
                                size_t count, struct mr_arena *arena, void *target);
/* Canonical text form of a value held in the struct (round-trips through mr_param_parse). */
void mr_param_format(const struct mr_param *p, const void *target, struct mr_buf *out, bool *null);
/* "an integer from 0 to 100", "one of a, b, c", for messages and help. */
void mr_param_expected(const struct mr_param *p, struct mr_buf *out);

#endif
