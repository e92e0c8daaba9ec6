/* The compiler on any text: it ends, reports within the file, and a plan it makes can be read. */
#include "runtime/plan/plan.h"
#include "topology/cases.h"
#include "topology/compile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct files {
    struct mr_strs files;
    bool watch;
};
static const struct mr_param source_params[] = {
    {MR_FIELD(struct files, files), .min = "1", .doc = "Files."},
    {MR_FIELD(struct files, watch), .def = "no", .doc = "Endless."},
    {0}};
static bool is_endless(const void *params)
{
    return ((const struct files *)params)->watch;
}
struct file {
    struct mr_str file;
};
static const struct mr_param sink_params[] = {{MR_FIELD(struct file, file), .doc = "A file."}, {0}};
static const struct mr_source_type source_type = {.name = "files", .doc = "Files.",
                                                  .params_size = sizeof(struct files),
                                                  .params = source_params,
                                                  .is_endless = is_endless};
static const struct mr_sink_type sink_type = {.name = "file", .doc = "A file.",
                                              .params_size = sizeof(struct file),
                                              .params = sink_params};
static const struct mr_source_type *const sources[] = {&source_type, NULL};
static const struct mr_sink_type *const sinks[] = {&sink_type, NULL};
static const struct mr_connectors connectors = {sources, sinks};

static void check_problems(const struct mr_problem *problems, size_t count, struct mr_str text)
{
    struct mr_buf out = {0};
    uint32_t lines = 1;
    for (size_t i = 0; i < text.len; i++)
        lines += text.ptr[i] == '\n';
    for (size_t i = 0; i < count; i++) {
        mr_assert(problems[i].line <= lines + 1);
        mr_assert(problems[i].fact.len > 0);
        mr_problem_print(&problems[i], &out);
    }
    mr_assert(mr_utf8_valid(mr_buf_str(&out)));
    mr_buf_finish(&out);
}

static void compile(struct mr_str text, const struct mr_registry *registry)
{
    struct mr_setting set = {MR_STR("NAME"), MR_STR("value"), false};
    struct mr_compile_options options = {.registry = registry, .connectors = &connectors,
                                         .sets = &set, .sample = true, .fuse = text.len % 3};
    options.set_count = mr_str_find(text, MR_STR("${NAME"), 0) != SIZE_MAX;
    struct mr_compiled compiled;
    struct mr_error *e = mr_compile_text(text, "fuzz.yaml", &options, &compiled);
    mr_assert(!e);
    mr_assert((compiled.plan != NULL) == (compiled.error_count == 0));
    check_problems(compiled.problems, compiled.problem_count, text);
    if (compiled.plan) {
        struct mr_buf bytes = {0}, shown = {0};
        struct mr_plan *back = NULL;
        mr_plan_encode(compiled.plan, &bytes);
        e = mr_plan_decode(mr_buf_str(&bytes), registry, &connectors, compiled.arena, &back);
        mr_assert(!e);
        mr_plan_print(&compiled, &shown);
        mr_assert(shown.len > 0);
        mr_buf_finish(&bytes);
        mr_buf_finish(&shown);
    }
    mr_compiled_destroy(&compiled);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct mr_registry *registry;
    struct mr_str text = mr_str_span((const char *)data, size);
    if (!registry) {
        struct mr_error *e = mr_registry_create(mr_operator_table, &registry);
        mr_assert(!e);
    }
    compile(text, registry);
    struct mr_cases cases;
    struct mr_error *e = mr_cases_parse(text, "fuzz.cases.yaml", &cases);
    mr_assert(!e);
    check_problems(cases.problems, cases.problem_count, text);
    mr_cases_destroy(&cases);
    return 0;
}
