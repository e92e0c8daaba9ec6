/* Members of a decoded JSON object, by name; what is absent or of another type is zero or empty. */
#ifndef MR_SUPERVISE_MEMBERS_H
#define MR_SUPERVISE_MEMBERS_H

#include "runtime/row/value.h"

/* The value of a name in a map, or len 0. */
static inline struct mr_value member(struct mr_value map, const char *name)
{
    struct mr_walk w;
    struct mr_value key, value;
    if (mr_value_type(map) != MR_MAP)
        return (struct mr_value){0};
    mr_walk_begin(&w, map);
    while (mr_walk_next(&w, &key) && mr_walk_next(&w, &value))
        if (mr_str_is(mr_value_text(key), name))
            return value;
    return (struct mr_value){0};
}

static inline uint64_t member_uint(struct mr_value map, const char *name)
{
    uint64_t out = 0;
    struct mr_value v = member(map, name);
    return mr_value_type(v) == MR_INT && mr_value_uint(v, &out) ? out : 0;
}

static inline struct mr_str member_text(struct mr_value map, const char *name)
{
    struct mr_value v = member(map, name);
    return mr_value_type(v) == MR_TEXT ? mr_value_text(v) : (struct mr_str){0};
}

static inline bool member_bool(struct mr_value map, const char *name)
{
    struct mr_value v = member(map, name);
    return mr_value_type(v) == MR_BOOL && mr_value_bool(v);
}

#endif
