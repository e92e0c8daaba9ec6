/* The reference pages of a program's operators as Markdown: an index, and a page per domain. */
#include "runtime/op/describe.h"
#include "runtime/op/registry.h"

static const char intro[] =
    "# operators\n\n"
    "One file per operator, `<domain>/<name>.c`: parameters, key roles, outcomes, functions and, "
    "last, "
    "the descriptor that names\n"
    "them. The file named like its folder holds what a family shares. Nothing is registered by "
    "hand: "
    "the build finds the files.\n\n"
    "To add one: write `operators/<domain>/<name>.c` and `tests/operators/<domain>/<name>_test.c`, "
    "build, and write the pages\n"
    "anew with `millrace ops pages operators`. `millrace ops show NAME` tells everything about "
    "one, "
    "`millrace ops search WORDS`\n"
    "finds some; the names of the reference catalogue work too.\n\n"
    "- A function never blocks, never frees, keeps no pointer to a row beyond the call, and uses "
    "no "
    "mutable file-level variable.\n"
    "- A row that must go leaves by an outcome, with the measured value and the threshold where "
    "there "
    "are some.\n"
    "- The compiler has checked what it can: roles that are read are there, with the declared "
    "type.\n"
    "- Only `runtime/` is included: no other domain, no library.\n";

struct mr_str mr_op_domain(const struct mr_op *op)
{
    return mr_str_span(op->name, strcspn(op->name, "."));
}

void mr_describe_catalogue(const struct mr_registry *r, struct mr_buf *out)
{
    struct mr_str domain = {0};
    mr_buf_addz(out, intro);
    for (size_t i = 0; i < mr_registry_count(r); i++) {
        const struct mr_op *op = mr_registry_at(r, i);
        if (!mr_str_eq(domain, mr_op_domain(op))) {
            domain = mr_op_domain(op);
            mr_buf_printf(
                out,
                "\n## [%.*s](%.*s/README.md)\n\n| operator | kind | works | what it does |\n"
                "| --- | --- | --- | --- |\n",
                MR_FMT(domain), MR_FMT(domain));
        }
        struct mr_buf anchor = {0};
        for (const char *c = op->name; *c; c++) /* headings lose their dots */
            if (*c != '.')
                mr_buf_addc(&anchor, *c);
        mr_buf_printf(out, "| [`%s`](%.*s/README.md#%s) | %s | %s | %s |\n",
                      op->name + domain.len + 1, MR_FMT(domain), mr_buf_text(&anchor),
                      mr_category_name(op->category), mr_scope_name(op->scope), op->doc);
        mr_buf_finish(&anchor);
    }
}

void mr_describe_domain(const struct mr_registry *r, struct mr_str domain, struct mr_buf *out)
{
    mr_buf_printf(out,
                  "# operators/%.*s\n\nMade from the descriptions in this folder by `millrace ops "
                  "pages operators`; the examples are tests.\n\n",
                  MR_FMT(domain));
    for (size_t i = 0; i < mr_registry_count(r); i++)
        if (mr_str_eq(mr_op_domain(mr_registry_at(r, i)), domain))
            mr_describe_markdown(mr_registry_at(r, i), out);
    while (out->len > 1 && out->ptr[out->len - 1] == '\n' && out->ptr[out->len - 2] == '\n')
        out->len--;
}
