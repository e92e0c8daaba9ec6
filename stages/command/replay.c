/* `millrace replay`: makes a new epoch of the dataset from one stage on, out of the rows that the
 * topics before it keep; nothing before it is made again, and the current epoch stays what it is.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "runtime/base/clock.h"
#include "stages/command/edge_keys.h"
#include "stages/command/program.h"
#include "stages/look/when.h"
#include "stages/supervise/epochs.h"
#include "stages/supervise/supervise.h"

struct options {
    struct mr_pairs set, scale;
    struct mr_str state, from, to, where, since, until;
    int fuse;
    bool json, quiet, dry_run;
};

static const struct mr_option option_table[] = {
    {.name = "from",
     MR_OPTION(struct options, from),
     .value = "STAGE",
     .doc = "First stage that is made anew, with empty state."},
    {.name = "to",
     MR_OPTION(struct options, to),
     .value = "STAGE",
     .doc = "Last stage that is made anew (default: to the sinks)."},
    {.name = "where",
     MR_OPTION(struct options, where),
     .value = "EXPR",
     .doc = "Take only rows for which this is true: `lang == \"en\" and score > 3`."},
    {.name = "since",
     MR_OPTION(struct options, since),
     .value = "WHEN",
     .doc = "Take only rows written since then: a time, an age (2h, 7d), or an offset (a number)."},
    {.name = "until",
     MR_OPTION(struct options, until),
     .value = "WHEN",
     .doc = "Take only rows written before then."},
    {.name = "set",
     MR_OPTION(struct options, set),
     .value = "NAME=VALUE",
     .doc = "Give ${NAME} of the topology a value; may be repeated."},
    MR_OPTION_STATE(struct options),
    {.name = "fuse",
     MR_OPTION(struct options, fuse),
     .choices = "auto|off",
     .doc = "Several stages in one process, or one each (default: as the topology says)."},
    {.name = "scale",
     MR_OPTION(struct options, scale),
     .value = "STAGE=N",
     .doc = "Processes of a stage, for this replay; may be repeated."},
    {.name = "dry-run",
     MR_OPTION(struct options, dry_run),
     .doc = "Say what would be done, and end."},
    MR_OPTION_JSON(struct options),
    {.name = "quiet",
     .letter = 'q',
     MR_OPTION(struct options, quiet),
     .doc = "Print nothing but errors."},
    {0},
};

struct replay {
    const struct options *o;
    const struct mr_compiled *compiled;
    struct mr_plan *plan;
    struct mr_plan *current; /* of the current epoch */
    struct mr_arena *arena;
    struct mr_home home;
    struct mr_record record;
    struct mr_epochs epochs;
    struct mr_recorded_epoch *epoch;
    struct mr_plan_only only;
    int from, to; /* stages; to may be MR_PLAN_NONE */
    uint32_t run; /* last run that the replayed topics hold whole */
    bool *idle;   /* groups that do not run */
    bool resumed;
};

/* ---- what the user wants ---- */

static struct mr_error *find_stage(const struct replay *r, const char *option, struct mr_str id,
                                   int *out)
{
    *out = mr_plan_stage_find(r->plan, id);
    if (*out == MR_PLAN_NONE)
        return mr_error_remedy(
            mr_error(MR_USAGE, "--%s: there is no stage \"%.*s\"", option, MR_FMT(id)),
            "`millrace plan TOPOLOGY` lists the stages.");
    /* A source that runs as two steps begins with the one that looks for files. */
    if (r->plan->stages[*out].part == MR_SOURCE_READ)
        *out = r->plan->topics[r->plan->stages[*out].inputs[0].topic].stage;
    return NULL;
}

static struct mr_error *check_where(struct replay *r)
{
    struct mr_expr *expr;
    if (!r->o->where.len)
        return NULL;
    r->only.where = r->o->where;
    int head = r->plan->groups[r->plan->stages[r->from].group].stages[0];
    struct mr_edge_known known = {r->compiled, &r->plan->stages[head]};
    struct mr_expr_keys keys = mr_edge_keys_of(&known);
    MR_TRY(mr_error_wrap(mr_expr_compile(r->o->where, &keys, r->arena, &expr, NULL), "--where"));
    if (!(mr_expr_types(expr) & MR_BOOL))
        return mr_error_remedy(
            mr_error(MR_EXPR_RESULT, "--where: \"%.*s\" is no condition", MR_FMT(r->o->where)),
            "Write a comparison, such as `score > 3`.");
    return NULL;
}

static struct mr_error *read_options(struct replay *r)
{
    const struct options *o = r->o;
    if (!o->from.len)
        return mr_error_remedy(mr_error(MR_USAGE, "`replay` wants --from STAGE"),
                               "`millrace plan TOPOLOGY` lists the stages.");
    MR_TRY(find_stage(r, "from", o->from, &r->from));
    r->to = MR_PLAN_NONE;
    if (o->to.len)
        MR_TRY(find_stage(r, "to", o->to, &r->to));
    MR_TRY(mr_when_parse("since", o->since, &r->only.since_ms, &r->only.since_n));
    MR_TRY(mr_when_parse("until", o->until, &r->only.until_ms, &r->only.until_n));
    bool chooses = o->where.len || o->since.len || o->until.len;
    if (chooses && r->plan->stages[r->from].kind == MR_STAGE_SOURCE)
        return mr_error_remedy(mr_error(MR_USAGE,
                                        "a source reads no topic, so there are no rows to "
                                        "choose from with --where, --since or --until"),
                               "Name the stage after it with --from.");
    return check_where(r);
}

/* ---- which groups ---- */

/* Marks the groups at the end of an edge from a marked one; groups stand in topological order. */
static void mark_downstream(const struct mr_plan *plan, bool *marked)
{
    for (size_t g = 0; g < plan->group_count; g++) {
        const struct mr_plan_stage *head = &plan->stages[plan->groups[g].stages[0]];
        for (size_t i = 0; i < head->input_count; i++)
            marked[g] |= marked[plan->stages[plan->topics[head->inputs[i].topic].stage].group];
    }
}

static void mark_upstream(const struct mr_plan *plan, bool *marked)
{
    for (size_t g = plan->group_count; g > 0; g--) {
        const struct mr_plan_stage *head = &plan->stages[plan->groups[g - 1].stages[0]];
        for (size_t i = 0; marked[g - 1] && i < head->input_count; i++)
            marked[plan->stages[plan->topics[head->inputs[i].topic].stage].group] = true;
    }
}

static struct mr_error *choose_groups(struct replay *r, uint32_t fresh)
{
    const struct mr_plan *plan = r->plan;
    size_t bytes = plan->group_count + 1;
    bool *down = mr_arena_zalloc(r->arena, bytes), *up = mr_arena_zalloc(r->arena, bytes);
    r->idle = mr_arena_zalloc(r->arena, bytes);
    down[plan->stages[r->from].group] = true;
    mark_downstream(plan, down);
    if (r->to == MR_PLAN_NONE) {
        memset(up, true, bytes);
    } else {
        if (!down[plan->stages[r->to].group])
            return mr_error_remedy(
                mr_error(MR_USAGE, "stage \"%.*s\" is not downstream of stage \"%.*s\"",
                         MR_FMT(plan->stages[r->to].id), MR_FMT(plan->stages[r->from].id)),
                "--to names a stage that gets rows from that of --from; `millrace graph TOPOLOGY` "
                "shows the edges.");
        up[plan->stages[r->to].group] = true;
        mark_upstream(plan, up);
    }
    for (size_t g = 0; g < plan->group_count; g++) {
        const struct mr_plan_stage *head = &plan->stages[plan->groups[g].stages[0]];
        if (head->epoch == fresh && !down[g])
            return mr_error_remedy(
                mr_error(MR_RUN_CHANGED,
                         "stage \"%.*s\" changed too, and does not come after stage \"%.*s\"",
                         MR_FMT(head->id), MR_FMT(plan->stages[r->from].id)),
                "Replay from a stage before both, or `millrace run` the changed definition.");
        r->idle[g] = head->epoch != fresh || !up[g];
    }
    return NULL;
}

/* ---- the epoch ---- */

static bool wants_the_same(const struct replay *r, const struct mr_recorded_epoch *e)
{
    const struct options *o = r->o;
    return mr_str_eq(e->from, o->from) && mr_str_eq(e->to, o->to) &&
           mr_str_eq(e->where, o->where) && mr_str_eq(e->since, o->since) &&
           mr_str_eq(e->until, o->until);
}

/* One that an earlier replay of the same words and the same definition did not bring to its end.
 * What an age means was decided when it began. */
static struct mr_error *find_begun(struct replay *r)
{
    for (size_t i = r->record.epoch_count; i > 0 && !r->epoch; i--) {
        struct mr_recorded_epoch *e = &r->record.epochs[i - 1];
        struct mr_plan *base;
        if (e->state != MR_EPOCH_BUILDING || !e->replayed || !wants_the_same(r, e) ||
            !mr_record_epoch(&r->record, e->parent))
            continue;
        MR_TRY(mr_epochs_plan(&r->epochs, e->number, &base));
        if (mr_plan_continue(r->plan, base, e->number + 1, MR_PLAN_NONE, r->arena) != 0)
            continue;
        int head = r->plan->groups[r->plan->stages[r->from].group].stages[0];
        r->only = base->stages[head].only;
        r->epoch = e;
        r->resumed = true;
    }
    return NULL;
}

static struct mr_error *open_epoch(struct replay *r)
{
    uint32_t fresh = mr_record_next_epoch(&r->record);
    MR_TRY(find_begun(r));
    if (!r->epoch) {
        mr_plan_continue(r->plan, r->current, fresh, r->from, r->arena);
    }
    uint32_t number = r->epoch ? r->epoch->number : fresh;
    int head = r->plan->groups[r->plan->stages[r->from].group].stages[0];
    r->plan->stages[head].only = r->only;
    MR_TRY(choose_groups(r, number));
    if (r->epoch) {
        mr_epochs_aside(r->plan, number);
        return NULL;
    }
    MR_TRY(mr_epochs_kept(&r->epochs, r->plan, fresh));
    struct mr_recorded_epoch *e = mr_record_open(&r->record, fresh, r->arena);
    e->replayed = true;
    e->opened_ms = mr_wall_ms();
    e->definition = mr_plan_definition(r->plan);
    e->from = r->o->from;
    e->to = r->o->to;
    e->where = r->o->where;
    e->since = r->o->since;
    e->until = r->o->until;
    r->epoch = e;
    mr_epochs_aside(r->plan, fresh);
    return NULL;
}

/* The topics that are replayed are those of the epoch beside which it was opened, which may lack
 * the last runs: their ends would never come. */
static void choose_run(struct replay *r)
{
    const struct mr_recorded_epoch *from = mr_record_epoch(&r->record, r->epoch->parent);
    r->run = r->record.complete || r->plan->endless ? r->record.run : r->record.run - 1;
    if (from && !r->plan->endless && from->run < r->run)
        r->run = from->run;
}

static struct mr_error *nothing_whole(const struct replay *r)
{
    return mr_error_remedy(
        mr_error(MR_RUN_UNKNOWN,
                 "no run of \"%.*s\" has come to its end, so there is nothing to "
                 "replay",
                 MR_FMT(r->plan->name)),
        "`millrace run` makes the first epoch.");
}

static struct mr_error *prepare(struct replay *r)
{
    r->epochs = (struct mr_epochs){.home = &r->home,
                                   .connectors = mr_program_connectors(),
                                   .arena = r->arena,
                                   .record = &r->record};
    MR_TRY(mr_program_registry(&r->epochs.registry));
    MR_TRY(mr_record_load(&r->home, r->arena, &r->record));
    if (!r->record.run)
        return nothing_whole(r);
    if (!r->o->dry_run) {
        MR_TRY(mr_epochs_upgrade(&r->epochs, r->plan));
        MR_TRY(mr_epochs_recover(&r->epochs));
    }
    MR_TRY(mr_epochs_plan(&r->epochs, r->record.current, &r->current));
    MR_TRY(open_epoch(r));
    choose_run(r);
    if (!r->run)
        return nothing_whole(r);
    return mr_epochs_follow_cuts(&r->epochs, r->plan, true);
}

/* ---- the run of it ---- */

/* Endless input has no end to come to: a replay goes as far as the rows do that were there. */
static bool is_whole(enum mr_run_end end)
{
    return end == MR_RUN_ENDED || end == MR_RUN_CAUGHT_UP;
}

/* Rows in windows that have not been closed. */
static uint64_t held(const struct replay *r, const struct mr_totals *totals)
{
    uint64_t rows = 0;
    for (size_t i = 0; i < r->plan->stage_count; i++)
        if (!r->idle[r->plan->stages[i].group])
            rows += totals->stages[i].counter[MR_C_HELD];
    return rows;
}

static struct mr_error *finish(struct replay *r, enum mr_run_end end,
                               const struct mr_totals *totals)
{
    if (is_whole(end)) {
        MR_TRY(mr_epochs_note(&r->epochs, r->epoch, totals, r->idle));
        r->epoch->run = r->run - r->plan->endless; /* whose run never ends */
        r->epoch->ended_ms = mr_wall_ms();
        r->epoch->state = MR_EPOCH_READY;
        MR_TRY(mr_record_save(&r->home, &r->record));
    }
    return mr_home_save_plan(&r->home, r->current, true);
}

static void print_end(const struct replay *r, enum mr_run_end end, const struct mr_totals *totals)
{
    struct mr_buf out = {0};
    if (r->o->json) {
        struct mr_json_out json = {0};
        mr_table_json(totals, &json);
        mr_print_json(&json);
        mr_buf_finish(&json.text);
        return;
    }
    mr_table_print(totals, &out);
    if (is_whole(end) && held(r, totals))
        mr_buf_printf(
            &out, "%llu rows are held in open windows, which close in the next run of the epoch\n",
            (unsigned long long)held(r, totals));
    if (is_whole(end) && mr_epoch_partial(r->epoch))
        mr_buf_printf(&out,
                      "epoch %u is there, and is only a part of the dataset: it can be looked at, "
                      "not promoted\n",
                      r->epoch->number);
    else if (is_whole(end))
        mr_buf_printf(&out,
                      "epoch %u is whole: `millrace promote %.*s %u` makes it the current one\n",
                      r->epoch->number, MR_FMT(r->plan->name), r->epoch->number);
    else if (end == MR_RUN_STOPPED)
        mr_buf_addz(&out, "the same command resumes\n");
    if (!r->o->quiet)
        mr_print(&out);
    mr_buf_finish(&out);
}

static enum mr_exit supervise(struct replay *r)
{
    const struct options *o = r->o;
    struct mr_supervise_options options = {
        .plan = r->plan,
        .home = &r->home,
        .run = r->run,
        .resumed = r->resumed,
        .forced = true,
        .idle = r->idle,
        .catch_up = r->plan->endless ? r->epoch->number : 0,
        .show = o->quiet                ? MR_SHOW_NOTHING
                : o->json               ? MR_SHOW_JSON
                : isatty(STDERR_FILENO) ? MR_SHOW_TERMINAL
                                        : MR_SHOW_LINES,
    };
    struct mr_totals *totals = mr_totals_create(r->plan, r->arena);
    struct mr_error *failure;
    totals->run = r->run;
    enum mr_run_end end = mr_supervise(&options, totals, &failure);
    totals->state = is_whole(end)          ? MR_STATE_ENDED
                    : end == MR_RUN_FAILED ? MR_STATE_FAILED
                                           : MR_STATE_INTERRUPTED;
    struct mr_error *e = finish(r, end, totals);
    if (e && !failure)
        return mr_fail(e);
    mr_error_free(e);
    print_end(r, end, totals);
    if (failure)
        return mr_fail(failure);
    if (!is_whole(end))
        return MR_EXIT_INTERRUPTED;
    return mr_totals_rejected(totals) ? MR_EXIT_REJECTED : MR_EXIT_OK;
}

static enum mr_exit start(struct replay *r)
{
    mr_supervise_hold_signals();
    struct mr_error *e = mr_home_lock(&r->home);
    if (mr_error_code(e) == MR_RUN_BUSY)
        e = mr_error_remedy(
            e, "A replay takes the pipeline for itself: `millrace stop` the run first; "
               "it resumes afterwards.");
    if (!e)
        e = prepare(r);
    if (!e)
        e = mr_scale_kept(&r->home, r->plan, &r->o->scale, false);
    if (!e)
        e = mr_home_save_plan(&r->home, r->plan, false);
    if (!e)
        e = mr_home_save_plan(&r->home, r->plan, true);
    if (!e)
        e = mr_record_save(&r->home, &r->record);
    return e ? mr_fail(e) : supervise(r);
}

static void list_stages(const struct replay *r, struct mr_buf *out)
{
    for (size_t i = 0; i < r->plan->stage_count; i++)
        if (!r->idle[r->plan->stages[i].group])
            mr_buf_printf(out, "  %.*s\n", MR_FMT(r->plan->stages[i].id));
}

static enum mr_exit foretell(struct replay *r)
{
    struct mr_error *e = prepare(r);
    if (e)
        return mr_fail(e);
    struct mr_json_out j = {0};
    if (r->o->json) {
        mr_json_begin_object(&j);
        mr_json_key(&j, "epoch");
        mr_json_uint(&j, r->epoch->number);
        mr_json_key(&j, "current_epoch");
        mr_json_uint(&j, r->record.current);
        mr_json_key(&j, "resumes");
        mr_json_bool(&j, r->resumed);
        mr_json_key(&j, "runs");
        mr_json_uint(&j, r->run);
        mr_json_key(&j, "anew");
        mr_json_begin_array(&j);
        for (size_t i = 0; i < r->plan->stage_count; i++)
            if (!r->idle[r->plan->stages[i].group])
                mr_json_text(&j, r->plan->stages[i].id);
        mr_json_end_array(&j);
        mr_json_end_object(&j);
    } else {
        mr_buf_printf(&j.text, "would %s epoch %u beside epoch %u, of the rows of %u run%s, in\n",
                      r->resumed ? "go on with" : "make", r->epoch->number, r->record.current,
                      r->run, r->run == 1 ? "" : "s");
        list_stages(r, &j.text);
        j.text.len--; /* the last line end comes with printing */
    }
    mr_print_json(&j);
    mr_buf_finish(&j.text);
    return MR_EXIT_OK;
}

static enum mr_exit run(const struct mr_call *call)
{
    const struct options *o = call->options;
    struct mr_compile_choice choice = {
        .sets = o->set, .scale = o->scale, .fuse = o->fuse, .quiet = o->quiet, .json = o->json};
    struct mr_compiled compiled;
    enum mr_exit code = mr_program_compile(call->args[0].ptr, &choice, &compiled);
    if (code != MR_EXIT_OK)
        return code;
    struct replay r = {.o = o, .compiled = &compiled, .plan = compiled.plan, .arena = call->arena};
    mr_home_init(&r.home, o->state, r.plan->name);
    struct mr_error *e = read_options(&r);
    if (e)
        code = mr_fail(e);
    else
        code = o->dry_run ? foretell(&r) : start(&r);
    mr_home_finish(&r.home);
    mr_compiled_destroy(&compiled);
    return code;
}

const struct mr_command mr_command_replay = {
    .name = "replay",
    .arguments = "TOPOLOGY",
    .min_args = 1,
    .max_args = 1,
    .doc = "Make the dataset again from --from on: a new epoch, out of what the topics keep.",
    .notes =
        "Nothing before the stage is made again, and the current epoch stays as it is: the new "
        "one\n"
        "lies beside it (sinks write into NAME.eN) until `millrace promote`. Cuts fall where they\n"
        "fell before. With --to, --where, --since or --until the epoch is a part, which can be\n"
        "looked at and compared, but not promoted. A replay takes the pipeline for itself: a run\n"
        "that is at work has to be stopped first. Interrupted, the same command resumes.",
    .options_size = sizeof(struct options),
    .options = option_table,
    .run = run,
};
