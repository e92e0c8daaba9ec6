/* Finding a kind of source or sink by name or alias. */
#include "runtime/op/connector.h"

#include "runtime/op/op_private.h"

const struct mr_source_type *mr_source_find(const struct mr_connectors *c, struct mr_str name)
{
    for (size_t i = 0; c && c->sources && c->sources[i]; i++)
        if (mr_str_is(name, c->sources[i]->name) || mr_op__has_word(c->sources[i]->aliases, name))
            return c->sources[i];
    return NULL;
}

const struct mr_sink_type *mr_sink_find(const struct mr_connectors *c, struct mr_str name)
{
    for (size_t i = 0; c && c->sinks && c->sinks[i]; i++)
        if (mr_str_is(name, c->sinks[i]->name) || mr_op__has_word(c->sinks[i]->aliases, name))
            return c->sinks[i];
    return NULL;
}
