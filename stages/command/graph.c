/* `millrace graph`: a topology drawn, with the counts of its last run. */
#include "runtime/base/file.h"
#include "runtime/row/json.h"
#include "stages/command/program.h"
#include "stages/supervise/summary.h"
#include "topology/graph.h"

struct options {
    struct mr_pairs set;
    struct mr_str state, output;
    int format, fuse;
};

static const struct mr_option option_table[] = {
    {.name = "format",
     MR_OPTION(struct options, format),
     .choices = "text|mermaid|dot|html",
     .doc = "How to draw it (default: as the suffix of --output says, else text)."},
    {.name = "output",
     .letter = 'o',
     MR_OPTION(struct options, output),
     .value = "FILE",
     .doc = "Write to a file instead of standard output."},
    {.name = "fuse",
     MR_OPTION(struct options, fuse),
     .choices = "auto|off",
     .doc = "Several stages in one process, or one each (default: as the topology says)."},
    {.name = "set",
     MR_OPTION(struct options, set),
     .value = "NAME=VALUE",
     .doc = "Give ${NAME} of the topology a value; may be repeated."},
    MR_OPTION_STATE(struct options),
    {0},
};

/* ---- the last run, from its summary ---- */

static struct mr_value member(struct mr_value map, const char *name)
{
    struct mr_walk w;
    struct mr_value key, value;
    if (map.len && mr_value_type(map) == MR_MAP) {
        mr_walk_begin(&w, map);
        while (mr_walk_next(&w, &key) && mr_walk_next(&w, &value))
            if (mr_str_is(mr_value_text(key), name))
                return value;
    }
    return (struct mr_value){0};
}

static uint64_t count_of(struct mr_value v)
{
    uint64_t value = 0;
    return v.len && mr_value_uint(v, &value) ? value : 0;
}

static uint64_t number(struct mr_value map, const char *name)
{
    return count_of(member(map, name));
}

static struct mr_str text(struct mr_value map, const char *name)
{
    struct mr_value v = member(map, name);
    return v.len && mr_value_type(v) == MR_TEXT ? mr_value_text(v) : MR_STR("");
}

/* A mapping of names to numbers of rows. */
static void take_rows(struct mr_value map, struct mr_graph_left **out, size_t *count,
                      struct mr_arena *arena)
{
    struct mr_walk w;
    struct mr_value key, value;
    if (!map.len || mr_value_type(map) != MR_MAP)
        return;
    *out = mr_arena_zalloc(arena, (mr_value_count(map) + 1) * sizeof **out);
    mr_walk_begin(&w, map);
    while (mr_walk_next(&w, &key) && mr_walk_next(&w, &value))
        (*out)[(*count)++] = (struct mr_graph_left){mr_value_text(key), count_of(value)};
}

static void take_summary(struct mr_value summary, struct mr_arena *arena, struct mr_graph_run *out)
{
    struct mr_value stages = member(summary, "stages"), stage;
    struct mr_walk w;
    struct mr_str state = text(summary, "state");
    out->title = mr_arena_printf(arena, "run %llu, %.*s",
                                 (unsigned long long)number(summary, "run"), MR_FMT(state));
    if (!stages.len || mr_value_type(stages) != MR_LIST)
        return;
    out->counts = mr_arena_zalloc(arena, (mr_value_count(stages) + 1) * sizeof *out->counts);
    mr_walk_begin(&w, stages);
    while (mr_walk_next(&w, &stage)) {
        struct mr_graph_count *count = &out->counts[out->count++];
        *count = (struct mr_graph_count){
            .stage = text(stage, "stage"),
            .in = number(stage, "in"),
            .out = number(stage, "out") + number(stage, "emitted"),
            .dropped = number(stage, "dropped"),
            .rejected = number(stage, "rejected"),
        };
        take_rows(member(stage, "left"), &count->left, &count->left_count, arena);
        take_rows(member(stage, "routes"), &count->routes, &count->route_count, arena);
    }
}

/* A pipeline that never ran, or runs right now, has no summary: *found stays false. */
static struct mr_error *last_run(const struct mr_plan *plan, struct mr_str state,
                                 struct mr_arena *arena, struct mr_graph_run *out, bool *found)
{
    struct mr_home home = {0};
    struct mr_buf json = {0}, packed = {0};
    mr_home_init(&home, state, plan->name);
    struct mr_error *e = mr_summary_read(&home, true, &json, found);
    if (!e && *found) {
        struct mr_json_reader *reader = mr_json_reader_create();
        e = mr_json_read_object(reader, mr_str_trim(mr_buf_str(&json)), MR_UTF8_REPLACE, &packed);
        mr_json_reader_destroy(reader);
    }
    if (!e && *found) {
        struct mr_str kept = mr_arena_str(arena, mr_buf_str(&packed));
        take_summary((struct mr_value){(const uint8_t *)kept.ptr, (uint32_t)kept.len}, arena, out);
    }
    mr_buf_finish(&json);
    mr_buf_finish(&packed);
    mr_home_finish(&home);
    return e;
}

/* ---- the command ---- */

static enum mr_graph_format format_of(const struct options *o)
{
    static const struct {
        struct mr_str suffix;
        enum mr_graph_format format;
    } suffixes[] = {
        {MR_STR_INIT(".html"), MR_GRAPH_HTML},   {MR_STR_INIT(".htm"), MR_GRAPH_HTML},
        {MR_STR_INIT(".dot"), MR_GRAPH_DOT},     {MR_STR_INIT(".gv"), MR_GRAPH_DOT},
        {MR_STR_INIT(".mmd"), MR_GRAPH_MERMAID}, {MR_STR_INIT(".mermaid"), MR_GRAPH_MERMAID}};
    if (o->format)
        return (enum mr_graph_format)(o->format - 1);
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
        if (mr_str_ends(o->output, suffixes[i].suffix))
            return suffixes[i].format;
    return MR_GRAPH_TEXT;
}

static struct mr_error *draw(const struct mr_call *call, const struct mr_compiled *compiled)
{
    const struct options *o = call->options;
    struct mr_graph_run last = {0};
    struct mr_buf out = {0};
    bool found = false;
    struct mr_error *e = last_run(compiled->plan, o->state, call->arena, &last, &found);
    if (!e) {
        mr_graph_print(compiled, found ? &last : NULL, format_of(o), &out);
        if (o->output.len)
            e = mr_file_replace(o->output.ptr, mr_buf_str(&out), 0644);
        else
            mr_print(&out);
    }
    mr_buf_finish(&out);
    return e;
}

static enum mr_exit run(const struct mr_call *call)
{
    const struct options *o = call->options;
    struct mr_compile_choice choice = {.sets = o->set, .fuse = o->fuse, .quiet = true};
    struct mr_compiled compiled;
    enum mr_exit code = mr_program_compile(call->args[0].ptr, &choice, &compiled);
    if (code != MR_EXIT_OK)
        return code;
    struct mr_error *e = draw(call, &compiled);
    mr_compiled_destroy(&compiled);
    return e ? mr_fail(e) : MR_EXIT_OK;
}

const struct mr_command mr_command_graph = {
    .name = "graph",
    .arguments = "TOPOLOGY",
    .min_args = 1,
    .max_args = 1,
    .doc = "Draw a topology: stages, keys added and removed, rows of the last run.",
    .notes = "html is one page that needs nothing else; mermaid goes into Markdown; dot is for "
             "Graphviz\n"
             "(millrace graph x.yaml --format dot | dot -Tsvg).",
    .options_size = sizeof(struct options),
    .options = option_table,
    .run = run,
};
