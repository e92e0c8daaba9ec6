/* `millrace ops list|show|pages`: the operators, from their own descriptions. */
#include "runtime/base/file.h"
#include "runtime/op/describe.h"
#include "stages/command/command.h"

struct list_options {
    bool json, markdown;
};

static const struct mr_option list_options[] = {
    MR_OPTION_JSON(struct list_options),
    {.name = "markdown",
     MR_OPTION(struct list_options, markdown),
     .doc = "Print the catalogue as Markdown (operators/README.md)."},
    {0},
};

static void list_text(const struct mr_registry *registry, struct mr_buf *out)
{
    size_t width = 0, count = mr_registry_count(registry);
    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(mr_registry_at(registry, i)->name);
        width = len > width ? len : width;
    }
    for (size_t i = 0; i < count; i++) {
        const struct mr_op *op = mr_registry_at(registry, i);
        mr_buf_printf(out, "%-*s  %-9s %-10s %s\n", (int)width, op->name,
                      mr_category_name(op->category), mr_scope_name(op->scope), op->doc);
    }
}

static enum mr_exit list(const struct mr_call *call)
{
    const struct list_options *o = call->options;
    const struct mr_registry *registry;
    struct mr_error *e = mr_program_registry(&registry);
    if (e)
        return mr_fail(e);
    size_t count = mr_registry_count(registry);
    if (o->json) {
        struct mr_json_out out = {0};
        mr_json_begin_array(&out);
        for (size_t i = 0; i < count; i++)
            mr_describe_json(mr_registry_at(registry, i), &out);
        mr_json_end_array(&out);
        mr_print_json(&out);
        mr_buf_finish(&out.text);
        return MR_EXIT_OK;
    }
    struct mr_buf out = {0};
    if (o->markdown)
        mr_describe_catalogue(registry, &out);
    else
        list_text(registry, &out);
    mr_print(&out);
    mr_buf_finish(&out);
    return MR_EXIT_OK;
}

static const struct mr_command list_command = {
    .name = "list",
    .doc = "List all operators with a sentence each.",
    .options_size = sizeof(struct list_options),
    .options = list_options,
    .run = list,
};

struct show_options {
    bool json, markdown;
};

static const struct mr_option show_options[] = {
    MR_OPTION_JSON(struct show_options),
    {.name = "markdown", MR_OPTION(struct show_options, markdown), .doc = "Print it as Markdown."},
    {0},
};

struct mr_error *mr_program_operator(struct mr_str name, const struct mr_op **out)
{
    const struct mr_registry *registry;
    MR_TRY(mr_program_registry(&registry));
    *out = mr_registry_find(registry, name);
    if (*out)
        return NULL;
    struct mr_str near[3];
    size_t count = mr_registry_near(registry, name, near, 3);
    struct mr_buf text = {0};
    for (size_t i = 0; i < count; i++)
        mr_buf_printf(&text, "%s\"%.*s\"", i ? ", " : "", MR_FMT(near[i]));
    struct mr_error *e = mr_error(MR_NAME_UNKNOWN, "there is no operator \"%.*s\"", MR_FMT(name));
    if (count)
        e = mr_error_remedy(e, "Did you mean %s?", mr_buf_text(&text));
    else
        e = mr_error_remedy(e, "`millrace ops list` shows all.");
    mr_buf_finish(&text);
    return e;
}

static enum mr_exit show(const struct mr_call *call)
{
    const struct show_options *o = call->options;
    const struct mr_op *op;
    struct mr_error *e = mr_program_operator(call->args[0], &op);
    if (e)
        return mr_fail(e);
    if (o->json) {
        struct mr_json_out out = {0};
        mr_describe_json(op, &out);
        mr_print_json(&out);
        mr_buf_finish(&out.text);
    } else {
        struct mr_buf out = {0};
        if (o->markdown)
            mr_describe_markdown(op, &out);
        else
            mr_describe_text(op, &out);
        mr_print(&out);
        mr_buf_finish(&out);
    }
    return MR_EXIT_OK;
}

static const struct mr_command show_command = {
    .name = "show",
    .arguments = "OPERATOR",
    .min_args = 1,
    .max_args = 1,
    .doc = "Show one operator: parameters, keys, outcomes, examples.",
    .options_size = sizeof(struct show_options),
    .options = show_options,
    .run = show,
};

/* One page, in its folder. */
static struct mr_error *write_page(struct mr_str root, struct mr_str domain,
                                   const struct mr_registry *registry)
{
    struct mr_buf path = {0}, page = {0};
    mr_buf_printf(&path, "%.*s%s%.*s", MR_FMT(root), domain.len ? "/" : "", MR_FMT(domain));
    struct mr_error *e = mr_dir_make(mr_buf_text(&path));
    if (domain.len)
        mr_describe_domain(registry, domain, &page);
    else
        mr_describe_catalogue(registry, &page);
    mr_buf_addz(&path, "/README.md");
    if (!e)
        e = mr_file_replace(mr_buf_text(&path), mr_buf_str(&page), 0644);
    mr_buf_finish(&path);
    mr_buf_finish(&page);
    return e;
}

static enum mr_exit pages(const struct mr_call *call)
{
    const struct mr_registry *registry;
    struct mr_str root = call->args[0], domain = {0};
    struct mr_error *e = mr_program_registry(&registry);
    if (!e)
        e = write_page(root, domain, registry);
    for (size_t i = 0; !e && i < mr_registry_count(registry); i++) {
        struct mr_str next = mr_op_domain(mr_registry_at(registry, i));
        if (!mr_str_eq(next, domain))
            e = write_page(root, next, registry);
        domain = next;
    }
    return e ? mr_fail(e) : MR_EXIT_OK;
}

static const struct mr_command pages_command = {
    .name = "pages",
    .arguments = "DIR",
    .min_args = 1,
    .max_args = 1,
    .doc = "Write the reference pages: DIR/README.md and DIR/DOMAIN/README.md.",
    .run = pages,
};

extern const struct mr_command mr_command_ops_search;
static const struct mr_command *const subs[] = {&list_command, &show_command,
                                                &mr_command_ops_search, &pages_command, NULL};

const struct mr_command mr_command_ops = {
    .name = "ops",
    .doc = "List, search and show operators.",
    .subs = subs,
};
