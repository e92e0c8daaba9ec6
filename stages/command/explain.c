/* `millrace explain`: what a code in a message means, with an example and the remedy. */
#include "topology/explain.h"

#include "runtime/base/arena.h"
#include "stages/command/command.h"

struct options {
    bool all, json, markdown;
};

static const struct mr_option option_table[] = {
    {.name = "all", MR_OPTION(struct options, all), .doc = "List all codes with a sentence each."},
    MR_OPTION_JSON(struct options),
    {.name = "markdown",
     MR_OPTION(struct options, markdown),
     .doc = "Print the reference page (topology/ERRORS.md)."},
    {0},
};

static void print_object(const struct mr_explanation *e, struct mr_json_out *out)
{
    struct mr_buf code = {0};
    mr_buf_printf(&code, "MR%04d", (int)e->code);
    mr_json_begin_object(out);
    mr_json_key(out, "code");
    mr_json_text(out, mr_buf_str(&code));
    mr_json_key(out, "sentence");
    mr_json_textz(out, e->sentence);
    mr_json_key(out, "cause");
    mr_json_text(out, e->cause);
    mr_json_key(out, "wrong");
    mr_json_text(out, e->wrong);
    mr_json_key(out, "right");
    mr_json_text(out, e->right);
    mr_json_key(out, "remedy");
    mr_json_textz(out, e->remedy);
    mr_json_end_object(out);
    mr_buf_finish(&code);
}

static void print_all(bool json, struct mr_arena *arena)
{
    struct mr_json_out out = {0};
    if (json)
        mr_json_begin_array(&out);
    for (size_t i = 0; i < mr_explain_count(); i++) {
        struct mr_explanation e;
        mr_explain_at(i, arena, &e);
        if (json)
            print_object(&e, &out);
        else
            mr_buf_printf(&out.text, "MR%04d  %s\n", (int)e.code, e.sentence);
    }
    if (json) {
        mr_json_end_array(&out);
        mr_print_json(&out);
    } else {
        mr_print(&out.text);
    }
    mr_buf_finish(&out.text);
}

static struct mr_error *unknown(struct mr_str text, struct mr_arena *arena)
{
    size_t near[3], count = mr_explain_near(text, near, 3);
    struct mr_buf list = {0};
    for (size_t i = 0; i < count; i++) {
        struct mr_explanation e;
        mr_explain_at(near[i], arena, &e);
        mr_buf_printf(&list, "%sMR%04d (%s)", i ? ", " : "", (int)e.code, e.sentence);
    }
    struct mr_error *e = mr_error(MR_NAME_UNKNOWN, "there is no code \"%.*s\"", MR_FMT(text));
    if (count)
        e = mr_error_remedy(e, "Near ones: %s", mr_buf_text(&list));
    else
        e = mr_error_remedy(e, "`millrace explain --all` lists them.");
    mr_buf_finish(&list);
    return e;
}

static void print_one(size_t index, bool json, struct mr_arena *arena)
{
    struct mr_json_out out = {0};
    struct mr_explanation e;
    mr_explain_at(index, arena, &e);
    if (json) {
        print_object(&e, &out);
        mr_print_json(&out);
    } else {
        mr_explain_print(&e, &out.text);
        mr_print(&out.text);
    }
    mr_buf_finish(&out.text);
}

static enum mr_exit run(const struct mr_call *call)
{
    const struct options *o = call->options;
    if (o->markdown) {
        struct mr_buf page = {0};
        mr_explain_page(&page);
        mr_print(&page);
        mr_buf_finish(&page);
        return MR_EXIT_OK;
    }
    if (o->all || !call->arg_count) {
        print_all(o->json, call->arena);
        return MR_EXIT_OK;
    }
    size_t index = mr_explain_find(call->args[0]);
    if (index == SIZE_MAX)
        return mr_fail(unknown(call->args[0], call->arena));
    print_one(index, o->json, call->arena);
    return MR_EXIT_OK;
}

const struct mr_command mr_command_explain = {
    .name = "explain",
    .arguments = "[CODE]",
    .max_args = 1,
    .doc = "Say what a code such as MR2030 means, with an example and the remedy.",
    .notes = "  millrace explain MR2030",
    .options_size = sizeof(struct options),
    .options = option_table,
    .run = run,
};
