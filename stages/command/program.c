/* What this binary knows: the operators and connectors linked into it. */
#include "stages/command/program.h"

#include "connectors/files/files.h"
#include "stages/supervise/scales.h"

static const struct mr_source_type *const sources[] = {&mr_source_files, NULL};
static const struct mr_sink_type *const sinks[] = {&mr_sink_file, NULL};
static const struct mr_connectors connectors = {sources, sinks};

const struct mr_connectors *mr_program_connectors(void)
{
    return &connectors;
}

struct mr_error *mr_program_registry(const struct mr_registry **out)
{
    static struct mr_registry *registry; /* lives as long as the program */
    if (!registry)
        MR_TRY(mr_registry_create(mr_operator_table, &registry));
    *out = registry;
    return NULL;
}

static struct mr_error *compile(const char *path, const struct mr_pairs *sets, enum mr_fuse fuse,
                                uint64_t limit, struct mr_compiled *out)
{
    struct mr_compile_options options = {
        .connectors = mr_program_connectors(),
        .sets = sets->items,
        .set_count = sets->count,
        .use_environment = true,
        .row_limit = limit,
        .fuse = fuse,
        .sample = true,
    };
    MR_TRY(mr_program_registry(&options.registry));
    return mr_compile_file(path, &options, out);
}

static void print_problems(const struct mr_compiled *c, bool json)
{
    if (json) {
        struct mr_json_out out = {0};
        mr_problems_json(c->problems, c->problem_count, c->error_count, &out);
        mr_print_json(&out);
        mr_buf_finish(&out.text);
        return;
    }
    struct mr_buf text = {0};
    for (size_t i = 0; i < c->problem_count; i++)
        mr_problem_print(&c->problems[i], &text);
    if (text.len)
        fwrite(text.ptr, 1, text.len, stderr);
    mr_buf_finish(&text);
}

struct mr_error *mr_program_check(const char *path, const struct mr_compile_choice *choice,
                                  struct mr_compiled *out)
{
    static const enum mr_fuse fuses[] = {MR_FUSE_DECLARED, MR_FUSE_AUTO, MR_FUSE_OFF};
    *out = (struct mr_compiled){0};
    struct mr_error *e = compile(path, &choice->sets, fuses[choice->fuse], choice->limit, out);
    if (!e && out->error_count == 0)
        e = mr_scale_set(out->plan, &choice->scale);
    if (e)
        mr_compiled_destroy(out);
    return e;
}

enum mr_exit mr_program_compile(const char *path, const struct mr_compile_choice *choice,
                                struct mr_compiled *out)
{
    struct mr_error *e = mr_program_check(path, choice, out);
    if (e)
        return mr_fail(e);
    if (out->error_count || !(choice->json || choice->quiet))
        print_problems(out, choice->json);
    if (!out->error_count)
        return MR_EXIT_OK;
    mr_compiled_destroy(out);
    return MR_EXIT_TOPOLOGY;
}

void mr_problem_json(const struct mr_problem *p, struct mr_json_out *out)
{
    static const char *const severities[] = {"error", "warning", "hint"};
    char code[16];
    snprintf(code, sizeof code, "MR%04d", (int)p->code);
    mr_json_begin_object(out);
    mr_json_key(out, "severity");
    mr_json_textz(out, severities[p->severity]);
    mr_json_key(out, "code");
    mr_json_textz(out, code);
    mr_json_key(out, "file");
    mr_json_text(out, p->file);
    mr_json_key(out, "line");
    mr_json_uint(out, p->line);
    mr_json_key(out, "column");
    mr_json_uint(out, p->column);
    mr_json_key(out, "end_column");
    mr_json_uint(out, p->column + p->width);
    mr_json_key(out, "width");
    mr_json_uint(out, p->width);
    mr_json_key(out, "fact");
    mr_json_text(out, p->fact);
    mr_json_key(out, "remedy");
    mr_json_text(out, p->remedy);
    mr_json_end_object(out);
}

void mr_problems_json(const struct mr_problem *problems, size_t count, size_t errors,
                      struct mr_json_out *out)
{
    mr_json_begin_object(out);
    mr_json_key(out, "errors");
    mr_json_uint(out, errors);
    mr_json_key(out, "problems");
    mr_json_begin_array(out);
    for (size_t i = 0; i < count; i++)
        mr_problem_json(&problems[i], out);
    mr_json_end_array(out);
    mr_json_end_object(out);
}

struct mr_error *mr_scale_set(struct mr_plan *plan, const struct mr_pairs *scales)
{
    for (size_t i = 0; i < scales->count; i++) {
        const struct mr_setting *s = &scales->items[i];
        uint64_t scale;
        int group;
        if (!mr_str_to_uint(s->value, &scale))
            return mr_error(MR_USAGE, "--scale %.*s: \"%.*s\" is not a number of processes",
                            MR_FMT(s->name), MR_FMT(s->value));
        struct mr_error *e = mr_scale_check(plan, s->name, scale, &group);
        if (e)
            return mr_error_wrap(e, "--scale");
        plan->groups[group].scale = (uint32_t)scale;
    }
    return NULL;
}

struct mr_error *mr_scale_kept(const struct mr_home *home, struct mr_plan *plan,
                               const struct mr_pairs *given, bool keep)
{
    struct mr_scales scales;
    struct mr_buf notes = {0};
    MR_TRY(mr_scales_load(home, &scales));
    mr_scales_apply(&scales, plan, given->items, given->count, &notes);
    struct mr_error *e = keep ? mr_scales_save(home, &scales) : NULL;
    if (!e && notes.len)
        fwrite(notes.ptr, 1, notes.len, stderr);
    mr_buf_finish(&notes);
    mr_scales_finish(&scales);
    return e;
}
