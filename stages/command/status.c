/* `millrace status`: what a pipeline does or did, read from its pages; needs no supervisor. */
#include "runtime/base/clock.h"
#include "stages/command/program.h"
#include "stages/supervise/scales.h"
#include "stages/supervise/summary.h"

struct options {
    struct mr_str state;
    bool json;
};

static const struct mr_option option_table[] = {
    MR_OPTION_STATE(struct options),
    MR_OPTION_JSON(struct options),
    {0},
};

static struct mr_error *print_pages(const struct mr_home *home, bool running, bool json,
                                    struct mr_arena *arena)
{
    const struct mr_registry *registry;
    struct mr_plan *plan;
    struct mr_record record;
    MR_TRY(mr_program_registry(&registry));
    MR_TRY(mr_record_load(home, arena, &record));
    MR_TRY(mr_home_plan(home, registry, mr_program_connectors(), arena, &plan));
    struct mr_totals *totals = mr_totals_create(plan, arena);
    mr_totals_add_folder(totals, &home->layout);
    totals->run = record.run;
    totals->state = running ? MR_STATE_RUNNING : MR_STATE_INTERRUPTED;
    totals->active_ms = record.active_ms;
    if (running && mr_wall_ms() > record.started_ms)
        totals->active_ms = mr_wall_ms() - record.started_ms;
    struct mr_json_out out = {0};
    if (json) {
        mr_table_json(totals, &out);
        mr_print_json(&out);
    } else {
        mr_table_print(totals, &out.text);
        mr_print(&out.text);
    }
    mr_buf_finish(&out.text);
    return NULL;
}

/* What `millrace scale` left for the next run, beside the table of the last one. */
static struct mr_error *print_scales(const struct mr_home *home)
{
    struct mr_scales scales;
    struct mr_buf text = {0};
    MR_TRY(mr_scales_load(home, &scales));
    for (size_t i = 0; i < scales.count; i++)
        if (scales.items[i].processes)
            mr_buf_printf(&text, "stage \"%s\": %u processes by `millrace scale`\n",
                          scales.items[i].stage, scales.items[i].processes);
    mr_print(&text);
    mr_buf_finish(&text);
    mr_scales_finish(&scales);
    return NULL;
}

static struct mr_error *status(const struct mr_home *home, bool json, struct mr_arena *arena)
{
    pid_t supervisor;
    bool running = mr_home_running(home, &supervisor), found = false;
    struct mr_buf text = {0};
    struct mr_error *e = running ? NULL : mr_summary_read(home, json, &text, &found);
    if (!e && found)
        mr_print(&text);
    mr_buf_finish(&text);
    if (!e && !found)
        e = print_pages(home, running, json, arena);
    return e || json ? e : print_scales(home);
}

static enum mr_exit run(const struct mr_call *call)
{
    const struct options *o = call->options;
    struct mr_home home = {0};
    struct mr_str wanted = call->arg_count ? call->args[0] : (struct mr_str){0};
    struct mr_error *e = mr_home_find(&home, o->state, wanted);
    if (e)
        return mr_fail(e);
    e = status(&home, o->json, call->arena);
    mr_home_finish(&home);
    return e ? mr_fail(e) : MR_EXIT_OK;
}

const struct mr_command mr_command_status = {
    .name = "status",
    .arguments = "[PIPELINE|TOPOLOGY]",
    .max_args = 1,
    .doc = "Show what a pipeline does now, or did in its last run.",
    .options_size = sizeof(struct options),
    .options = option_table,
    .run = run,
};
