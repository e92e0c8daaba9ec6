/* `millrace schema`: the JSON Schema of topologies, for editors. */
#include "stages/command/program.h"
#include "topology/json_schema.h"

static enum mr_exit run(const struct mr_call *call)
{
    (void)call;
    const struct mr_registry *registry;
    struct mr_error *e = mr_program_registry(&registry);
    if (e)
        return mr_fail(e);
    struct mr_json_out out = {0};
    mr_topology_schema(registry, mr_program_connectors(), &out);
    mr_print_json(&out);
    mr_buf_finish(&out.text);
    return MR_EXIT_OK;
}

const struct mr_command mr_command_schema = {
    .name = "schema",
    .doc = "Print the JSON Schema of topologies, by which editors complete and check.",
    .notes = "millrace schema > topology.schema.json\n"
             "An editor with a YAML language server uses it where a topology begins with\n"
             "    # yaml-language-server: $schema=topology.schema.json",
    .run = run,
};
