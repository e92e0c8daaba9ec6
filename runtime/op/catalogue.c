/* The catalogue of a program's operators as Markdown: operators/README.md. */
#include "runtime/op/describe.h"
#include "runtime/op/registry.h"

static const char intro[] =
    "# operators\n\n"
    "One file per operator, `<domain>/<name>.c`: parameters, key roles, outcomes, functions and, last, "
    "the descriptor that names\n"
    "them. The file named like its folder holds what a family shares. Nothing is registered by hand: "
    "the build finds the files.\n\n"
    "To add one: write `operators/<domain>/<name>.c` and `tests/operators/<domain>/<name>_test.c`, "
    "build, and print this page\n"
    "again with `millrace ops list --markdown`. `millrace ops show NAME` tells everything about one; "
    "the names of the reference\n"
    "catalogue work too.\n\n"
    "- A function never blocks, never frees, keeps no pointer to a row beyond the call, and uses no "
    "mutable file-level variable.\n"
    "- A row that must go leaves by an outcome, with the measured value and the threshold where there "
    "are some.\n"
    "- The compiler has checked what it can: roles that are read are there, with the declared type.\n"
    "- Only `runtime/` is included: no other domain, no library.\n";

static struct mr_str domain_of(const struct mr_op *op)
{
    return mr_str_span(op->name, strcspn(op->name, "."));
}

void mr_describe_catalogue(const struct mr_registry *r, struct mr_buf *out)
{
    struct mr_str domain = {0};
    mr_buf_addz(out, intro);
    for (size_t i = 0; i < mr_registry_count(r); i++) {
        const struct mr_op *op = mr_registry_at(r, i);
        if (!mr_str_eq(domain, domain_of(op))) {
            domain = domain_of(op);
            mr_buf_printf(out,
                          "\n## %.*s\n\n| operator | kind | works | what it does |\n"
                          "| --- | --- | --- | --- |\n",
                          MR_FMT(domain));
        }
        mr_buf_printf(out, "| `%s` | %s | %s | %s |\n", op->name + domain.len + 1,
                      mr_category_name(op->category), mr_scope_name(op->scope), op->doc);
    }
}
