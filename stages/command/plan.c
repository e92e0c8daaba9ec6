/* `millrace plan`: what a run would do and amount to, printed. */
#include "stages/rehearse/estimate.h"
#include "stages/command/program.h"

enum { SAMPLE_ROWS = 1000 };

struct options {
    struct mr_pairs set, scale;
    struct mr_str state;
    uint64_t sample;
    int fuse;
    bool no_sample, json;
};

static const struct mr_option option_table[] = {
    {.name = "set",
     MR_OPTION(struct options, set),
     .value = "NAME=VALUE",
     .doc = "Give ${NAME} of the topology a value; may be repeated."},
    {.name = "fuse",
     MR_OPTION(struct options, fuse),
     .choices = "auto|off",
     .doc = "Several stages in one process, or one each (default: as the topology says)."},
    {.name = "scale",
     MR_OPTION(struct options, scale),
     .value = "STAGE=N",
     .doc = "Processes of a stage; may be repeated."},
    MR_OPTION_STATE(struct options),
    {.name = "sample",
     MR_OPTION(struct options, sample),
     .value = "ROWS",
     .least = 1,
     .doc = "Rows of each source that the estimate is made from (default: 1000, at most 8 MiB)."},
    {.name = "no-sample", MR_OPTION(struct options, no_sample), .doc = "Print no estimate."},
    MR_OPTION_JSON(struct options),
    {0},
};

/* The sample runs stage by stage, so the plan for it has every stage by itself. */
static struct mr_error *estimate(const struct mr_call *call, const struct mr_plan *shown,
                                 struct mr_estimate *out)
{
    enum { FUSE_OFF = 2 };
    const struct options *o = call->options;
    struct mr_compile_choice choice = {.sets = o->set, .scale = o->scale, .fuse = FUSE_OFF};
    struct mr_compiled apart;
    MR_TRY(mr_program_check(call->args[0].ptr, &choice, &apart));
    struct mr_error *e = NULL;
    if (apart.plan)
        e = mr_estimate(&apart, shown, o->sample ? o->sample : SAMPLE_ROWS, call->arena, out);
    mr_compiled_destroy(&apart);
    return e;
}

static void print(const struct mr_compiled *compiled, const struct mr_estimate *e, bool json)
{
    struct mr_json_out out = {0};
    if (json) {
        mr_json_begin_object(&out);
        mr_plan_json_members(compiled, &out);
        if (e) {
            mr_json_key(&out, "estimate");
            mr_estimate_json(e, &out);
        }
        mr_json_end_object(&out);
        mr_print_json(&out);
    } else {
        mr_plan_print(compiled, &out.text);
        if (e)
            mr_estimate_print(e, &out.text);
        mr_print(&out.text);
    }
    mr_buf_finish(&out.text);
}

static enum mr_exit run(const struct mr_call *call)
{
    const struct options *o = call->options;
    struct mr_compile_choice choice = {
        .sets = o->set, .scale = o->scale, .fuse = o->fuse, .json = o->json};
    struct mr_compiled compiled;
    enum mr_exit code = mr_program_compile(call->args[0].ptr, &choice, &compiled);
    if (code != MR_EXIT_OK)
        return code;
    struct mr_home home;
    mr_home_init(&home, o->state, compiled.plan->name);
    struct mr_error *e = mr_scale_kept(&home, compiled.plan, &o->scale, false);
    mr_home_finish(&home);
    struct mr_estimate guess;
    if (!e && !o->no_sample)
        e = estimate(call, compiled.plan, &guess);
    if (!e)
        print(&compiled, o->no_sample ? NULL : &guess, o->json);
    mr_compiled_destroy(&compiled);
    return e ? mr_fail(e) : MR_EXIT_OK;
}

const struct mr_command mr_command_plan = {
    .name = "plan",
    .arguments = "TOPOLOGY",
    .min_args = 1,
    .max_args = 1,
    .doc = "Print stages, processes, topics and keys of a topology, and what a run amounts to.",
    .notes =
        "The estimate takes the first rows of each source through the real operators in memory "
        "and\n"
        "scales what becomes of them to the size of the input. Nothing is written but a folder "
        "for\n"
        "temporary files, removed at the end. It is as good as the first rows stand for the rest.",
    .options_size = sizeof(struct options),
    .options = option_table,
    .run = run,
};
