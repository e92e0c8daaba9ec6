/* The grammar of topologies as JSON Schema (draft-07), made from the tables of the grammar and the
 * descriptors of operators and connectors: an editor completes and checks with it. Thread: any. */
#ifndef MR_TOPOLOGY_JSON_SCHEMA_H
#define MR_TOPOLOGY_JSON_SCHEMA_H

#include "runtime/base/json_out.h"
#include "runtime/op/connector.h"
#include "runtime/op/registry.h"

/* It refuses no topology that compiles; what needs the whole graph or the rows is the compiler's.
 */
void mr_topology_schema(const struct mr_registry *registry, const struct mr_connectors *connectors,
                        struct mr_json_out *out);

#endif
