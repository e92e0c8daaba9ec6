/* `millrace scale`: how many processes share a stage's tasks, on a running or a stopped pipeline.
 */
#include "stages/command/program.h"
#include "stages/supervise/control.h"
#include "stages/supervise/scales.h"
#include "stages/supervise/totals.h"

struct options {
    struct mr_str state, pipeline;
    bool json;
};

static const struct mr_option option_table[] = {
    {.name = "pipeline",
     .letter = 'p',
     MR_OPTION(struct options, pipeline),
     .value = "NAME",
     .doc = "The pipeline, by name or topology file, where there are several."},
    MR_OPTION_STATE(struct options),
    MR_OPTION_JSON(struct options),
    {0},
};

/* One change, from its check to its end. */
struct change {
    const struct options *o;
    struct mr_home home;
    struct mr_plan *plan;
    struct mr_str stage;
    uint32_t before, processes;
    int group;
    bool running, done;
};

static struct mr_error *load_plan(struct change *c, struct mr_arena *arena)
{
    const struct mr_registry *registry;
    pid_t supervisor;
    MR_TRY(mr_program_registry(&registry));
    MR_TRY(mr_home_plan(&c->home, registry, mr_program_connectors(), arena, &c->plan));
    c->running = mr_home_running(&c->home, &supervisor);
    for (size_t g = 0; c->running && g < c->plan->group_count; g++) {
        struct mr_page *pages[MR_PLAN_PROCESSES_MAX];
        size_t count =
            mr_pages_open(&c->home.layout, c->plan, (int)g, pages, &c->plan->groups[g].scale);
        for (size_t i = 0; i < count; i++)
            mr_page_close(pages[i]);
    }
    return NULL;
}

/* What the next run would begin with. */
static struct mr_error *kept(struct change *c)
{
    struct mr_scales scales;
    MR_TRY(mr_scales_load(&c->home, &scales));
    for (size_t i = 0; i < scales.count; i++) {
        int stage = mr_plan_stage_find(c->plan, mr_str_of(scales.items[i].stage));
        uint32_t wanted =
            scales.items[i].processes ? scales.items[i].processes : scales.items[i].declared;
        if (stage != MR_PLAN_NONE && wanted)
            c->plan->groups[c->plan->stages[stage].group].scale = wanted;
    }
    mr_scales_finish(&scales);
    return NULL;
}

static struct mr_error *change_stopped(struct change *c)
{
    struct mr_scales scales;
    MR_TRY(mr_home_lock(&c->home));
    MR_TRY(mr_scales_load(&c->home, &scales));
    mr_scales_ask(&scales, c->plan, c->group, c->processes);
    struct mr_error *e = mr_scales_save(&c->home, &scales);
    mr_scales_finish(&scales);
    c->done = !e;
    return e;
}

/* Returns when the new processes are at work, or the run is over. */
static struct mr_error *change_running(struct change *c)
{
    struct mr_buf order = {0}, line = {0};
    int fd;
    mr_buf_printf(&order, "scale %.*s %u", MR_FMT(c->stage), c->processes);
    struct mr_error *e = mr_control_send(&c->home.layout, mr_buf_text(&order), &fd);
    if (!e) {
        while (!c->done && mr_control_line(fd, &line))
            c->done = mr_str_is(mr_buf_str(&line), "done");
        mr_control_leave(fd);
    }
    mr_buf_finish(&order);
    mr_buf_finish(&line);
    return e;
}

static void print_change(const struct change *c)
{
    struct mr_json_out out = {0};
    if (c->o->json) {
        mr_json_begin_object(&out);
        mr_json_key(&out, "stage");
        mr_json_text(&out, c->stage);
        mr_json_key(&out, "processes");
        mr_json_uint(&out, c->processes);
        mr_json_key(&out, "before");
        mr_json_uint(&out, c->before);
        mr_json_key(&out, "running");
        mr_json_bool(&out, c->running && c->done);
        mr_json_end_object(&out);
    } else {
        mr_buf_printf(&out.text, "stage \"%.*s\": %u process%s, before %u%s", MR_FMT(c->stage),
                      c->processes, c->processes == 1 ? "" : "es", c->before,
                      !c->running ? "; from the next run on"
                      : c->done   ? ""
                                  : "; the run ended meanwhile, so from the next one on");
    }
    mr_print_json(&out);
    mr_buf_finish(&out.text);
}

static void print_all(const struct change *c)
{
    struct mr_json_out out = {0};
    if (c->o->json)
        mr_json_begin_array(&out);
    else
        mr_buf_printf(&out.text, "%-28s  %9s  %10s\n", "stage", "processes", "partitions");
    for (size_t i = 0; i < c->plan->stage_count; i++) {
        const struct mr_plan_stage *s = &c->plan->stages[i];
        const struct mr_plan_group *g = &c->plan->groups[s->group];
        if (!c->o->json) {
            mr_buf_printf(&out.text, "%-28.*s  %9u  %10u\n", MR_FMT(s->id), g->scale,
                          g->partitions);
            continue;
        }
        mr_json_begin_object(&out);
        mr_json_key(&out, "stage");
        mr_json_text(&out, s->id);
        mr_json_key(&out, "processes");
        mr_json_uint(&out, g->scale);
        mr_json_key(&out, "partitions");
        mr_json_uint(&out, g->partitions);
        mr_json_end_object(&out);
    }
    if (c->o->json) {
        mr_json_end_array(&out);
        mr_print_json(&out);
    } else {
        mr_print(&out.text);
    }
    mr_buf_finish(&out.text);
}

static struct mr_error *change(struct change *c, struct mr_str number)
{
    uint64_t processes;
    if (!mr_str_to_uint(number, &processes))
        return mr_error_remedy(
            mr_error(MR_USAGE, "\"%.*s\" is not a number of processes", MR_FMT(number)),
            "Write `millrace scale STAGE N`.");
    MR_TRY(mr_scale_check(c->plan, c->stage, processes, &c->group));
    c->processes = (uint32_t)processes;
    c->before = c->plan->groups[c->group].scale;
    return c->running ? change_running(c) : change_stopped(c);
}

static struct mr_error *act(struct change *c, const struct mr_str *words, size_t count)
{
    if (!c->running)
        MR_TRY(kept(c));
    if (count == 0) {
        print_all(c);
        return NULL;
    }
    c->stage = words[0];
    MR_TRY(change(c, words[1]));
    print_change(c);
    return NULL;
}

static enum mr_exit run(const struct mr_call *call)
{
    const struct options *o = call->options;
    struct change c = {.o = o};
    bool named = call->arg_count % 2; /* PIPELINE stands first, as with other commands */
    if (named && o->pipeline.len)
        return mr_fail(mr_error_remedy(mr_error(MR_USAGE, "`scale` wants STAGE and N"),
                                       "`millrace scale --help` shows how."));
    struct mr_error *e = mr_home_find(&c.home, o->state, named ? call->args[0] : o->pipeline);
    if (named && call->arg_count == 1 && mr_error_code(e) == MR_RUN_UNKNOWN) {
        mr_error_free(e);
        e = mr_error_remedy(mr_error(MR_USAGE,
                                     "\"%.*s\" is no pipeline, and to change a stage "
                                     "`scale` wants STAGE and N",
                                     MR_FMT(call->args[0])),
                            "Write `millrace scale STAGE N`, or nothing to show all.");
    }
    if (e)
        return mr_fail(e);
    e = load_plan(&c, call->arena);
    if (!e)
        e = act(&c, call->args + named, call->arg_count - named);
    mr_home_finish(&c.home);
    return e ? mr_fail(e) : MR_EXIT_OK;
}

const struct mr_command mr_command_scale = {
    .name = "scale",
    .arguments = "[PIPELINE] [STAGE N]",
    .max_args = 3,
    .doc = "Show, or change, how many processes share a stage's tasks.",
    .notes =
        "On a running pipeline the stage's processes finish their row, commit and end; then N\n"
        "start, each with its part of the tasks and their state; other stages go on. The number "
        "is\n"
        "kept for later runs, until the topology declares another one. There are at most as many\n"
        "processes as `partitions:`; changing those opens a new epoch.",
    .options_size = sizeof(struct options),
    .options = option_table,
    .run = run,
};
