/* `millrace run`: compiles a topology and runs it to its end; running again resumes. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "runtime/base/clock.h"
#include "runtime/base/file.h"
#include "stages/command/program.h"
#include "stages/supervise/epochs.h"
#include "stages/supervise/history.h"
#include "stages/supervise/retries.h"
#include "stages/supervise/summary.h"
#include "stages/supervise/supervise.h"

struct options {
    struct mr_pairs set, scale;
    struct mr_str state;
    uint64_t limit;
    int fuse;
    bool json, quiet, dry_run;
    struct mr_str log, metrics;
};

static const struct mr_option option_table[] = {
    {.name = "set",
     MR_OPTION(struct options, set),
     .value = "NAME=VALUE",
     .doc = "Give ${NAME} of the topology a value; may be repeated."},
    {.name = "limit",
     MR_OPTION(struct options, limit),
     .value = "N",
     .least = 1,
     .doc = "Read at most N rows from each source."},
    MR_OPTION_STATE(struct options),
    {.name = "fuse",
     MR_OPTION(struct options, fuse),
     .choices = "auto|off",
     .doc = "Several stages in one process, or one each (default: as the topology says)."},
    {.name = "scale",
     MR_OPTION(struct options, scale),
     .value = "STAGE=N",
     .doc = "Processes of a stage, for this run; may be repeated."},
    {.name = "dry-run",
     MR_OPTION(struct options, dry_run),
     .doc = "Say what would be done, and end."},
    {.name = "metrics",
     MR_OPTION(struct options, metrics),
     .value = "ADDRESS:PORT",
     .bare = "127.0.0.1:9464",
     .doc = "Serve /metrics, /healthz, /readyz over HTTP (bare: 127.0.0.1:9464; port 0: any)."},
    {.name = "log",
     MR_OPTION(struct options, log),
     .value = "FILE",
     .doc =
         "Append the log as JSON lines there, too; `-`: standard error, and nothing else there."},
    MR_OPTION_JSON(struct options),
    {.name = "quiet",
     .letter = 'q',
     MR_OPTION(struct options, quiet),
     .doc = "Print nothing but errors."},
    {0},
};

/* A run between its compilation and its end. */
struct run {
    const struct options *o;
    struct mr_plan *plan;
    struct mr_arena *arena;
    struct mr_home home;
    struct mr_record record;
    struct mr_epochs epochs;
    struct mr_recorded_epoch *epoch; /* that this run continues or builds */
    struct mr_buf changes;           /* since the current epoch, where it builds another one */
    bool resumed, after_complete;
};

static struct mr_error *prepare(struct run *r)
{
    r->epochs = (struct mr_epochs){.home = &r->home,
                                   .connectors = mr_program_connectors(),
                                   .arena = r->arena,
                                   .record = &r->record};
    MR_TRY(mr_program_registry(&r->epochs.registry));
    return mr_record_load(&r->home, r->arena, &r->record);
}

/* An epoch of the same definition that an earlier run did not bring to its end. */
static struct mr_error *find_begun(struct run *r, uint32_t fresh)
{
    for (size_t i = r->record.epoch_count; i > 0 && !r->epoch; i--) {
        struct mr_recorded_epoch *e = &r->record.epochs[i - 1];
        struct mr_plan *base;
        if (e->state != MR_EPOCH_BUILDING || e->replayed)
            continue;
        MR_TRY(mr_epochs_plan(&r->epochs, e->number, &base));
        if (mr_plan_continue(r->plan, base, fresh, MR_PLAN_NONE, r->arena) == 0)
            r->epoch = e;
    }
    return NULL;
}

/* A kept epoch that was made by this very definition need not be made again. */
static void point_to_same(struct run *r)
{
    struct mr_id wanted = mr_plan_definition(r->plan);
    for (size_t i = 0; i < r->record.epoch_count; i++) {
        const struct mr_recorded_epoch *e = &r->record.epochs[i];
        bool part = e->to.len || e->where.len || e->since.len || e->until.len;
        if (e->number != r->epoch->number && !part && mr_id_eq(&e->definition, &wanted) &&
            (e->state == MR_EPOCH_KEPT || e->state == MR_EPOCH_READY))
            mr_buf_printf(&r->changes,
                          "  epoch %u has this definition: `millrace promote %.*s %u` takes it "
                          "instead\n",
                          e->number, MR_FMT(r->plan->name), e->number);
    }
}

/* The plan takes its place among the epochs: it goes on with one, or opens the next one. */
static struct mr_error *choose_epoch(struct run *r)
{
    struct mr_record *record = &r->record;
    struct mr_plan *current;
    uint32_t fresh = mr_record_next_epoch(record);
    MR_TRY(mr_epochs_plan(&r->epochs, record->current, &current));
    MR_TRY(find_begun(r, fresh));
    if (!r->epoch) {
        if (mr_plan_continue(r->plan, current, fresh, MR_PLAN_NONE, r->arena) == 0) {
            r->epoch = mr_record_epoch(record, record->current);
            return NULL;
        }
        MR_TRY(mr_epochs_kept(&r->epochs, r->plan, fresh));
        r->epoch = mr_record_open(record, fresh, r->arena);
        r->epoch->opened_ms = mr_wall_ms();
        r->epoch->definition = mr_plan_definition(r->plan);
    }
    mr_epochs_aside(r->plan, r->epoch->number);
    mr_plan_changes(r->plan, current, r->epoch->number, &r->changes);
    point_to_same(r);
    return NULL;
}

static void first_epoch(struct run *r)
{
    r->record.current = 1;
    r->epoch = mr_record_open(&r->record, 1, r->arena);
    r->epoch->parent = 0;
    r->epoch->state = MR_EPOCH_CURRENT;
    r->epoch->opened_ms = mr_wall_ms();
}

/* Which run this is: an unfinished one goes on under its number. */
static struct mr_error *number_run(struct run *r, const char *topology)
{
    MR_TRY(prepare(r));
    if (r->record.run) {
        MR_TRY(mr_epochs_upgrade(&r->epochs, r->plan));
        MR_TRY(mr_epochs_recover(&r->epochs));
        MR_TRY(choose_epoch(r));
    } else {
        first_epoch(r);
    }
    r->resumed = r->record.run > 0 && !r->record.complete;
    r->after_complete = r->record.run > 0 && r->record.complete;
    MR_TRY(mr_epochs_follow_cuts(&r->epochs, r->plan, false));
    if (!r->resumed) {
        r->record.run++;
        r->record.started_ms = mr_wall_ms();
        r->record.active_ms = 0;
    }
    r->record.complete = false;
    r->record.pipeline = r->plan->name;
    char *path = realpath(topology, NULL);
    r->record.topology = mr_arena_str(r->arena, mr_str_of(path ? path : topology));
    free(path);
    r->record.plan_hash = r->plan->hash;
    r->epoch->definition = mr_plan_definition(r->plan);
    return NULL;
}

/* An epoch that lacks a run has work to do, whatever the sources find. */
static bool has_own_work(const struct run *r)
{
    return r->epoch->state == MR_EPOCH_BUILDING || r->epoch->run + 1 < r->record.run ||
           mr_retries_wait(&r->home, r->plan);
}

static void say_opened(const struct run *r)
{
    if (r->epoch->state != MR_EPOCH_BUILDING || r->o->quiet || r->o->json)
        return;
    fprintf(stderr, "millrace: the definition changed: epoch %u is made beside epoch %u\n%.*s",
            r->epoch->number, r->record.current, (int)r->changes.len, r->changes.ptr);
}

/* Nothing is unread. A process that was stopped before it could say how far it is is not known to
 * have read all. */
static bool read_up(const struct mr_totals *totals)
{
    const struct mr_plan *plan = totals->plan;
    for (size_t i = 0; i < plan->stage_count; i++) {
        const struct mr_stage_total *s = &totals->stages[i];
        bool head = plan->groups[plan->stages[i].group].stages[0] == (int)i;
        if (s->counter[MR_C_LAG_BYTES] || (head && s->seen < s->processes))
            return false;
    }
    return true;
}

/* A run that opened an epoch itself makes it current when it is whole: at its end, or, without one,
 * when it has caught up, or was stopped with nothing unread. */
static struct mr_error *end_epoch(struct run *r, enum mr_run_end end,
                                  const struct mr_totals *totals)
{
    bool whole = end == MR_RUN_ENDED || end == MR_RUN_CAUGHT_UP ||
                 (end == MR_RUN_STOPPED && r->plan->endless && read_up(totals));
    if (end == MR_RUN_ENDED)
        r->epoch->run = r->record.run;
    if (!whole)
        return NULL;
    r->epoch->ended_ms = mr_wall_ms();
    MR_TRY(mr_epochs_note(&r->epochs, r->epoch, totals, NULL));
    if (r->epoch->state == MR_EPOCH_BUILDING)
        r->epoch->state = MR_EPOCH_PROMOTING; /* recorded together with the run's end */
    return NULL;
}

static struct mr_error *record_end(struct run *r, enum mr_run_end end, struct mr_totals *totals)
{
    r->record.active_ms = totals->active_ms;
    r->record.ended_ms = mr_wall_ms();
    r->record.complete = end == MR_RUN_ENDED || end == MR_RUN_NOTHING_NEW;
    if (end == MR_RUN_NOTHING_NEW) {
        r->record.run--; /* the run left no trace: the one before is the last */
        mr_summary_restore(&r->home);
    } else {
        MR_TRY(mr_summary_save(&r->home, totals));
        MR_TRY(mr_history_save(&r->home, &r->record, totals));
    }
    MR_TRY(end_epoch(r, end, totals));
    MR_TRY(mr_record_save(&r->home, &r->record));
    return mr_epochs_recover(&r->epochs);
}

static void print_end(const struct run *r, enum mr_run_end end, const struct mr_totals *totals)
{
    if (r->o->json) {
        struct mr_json_out out = {0};
        mr_table_json(totals, &out);
        mr_print_json(&out);
        mr_buf_finish(&out.text);
        return;
    }
    struct mr_buf out = {0};
    if (end == MR_RUN_NOTHING_NEW)
        mr_buf_printf(&out, "nothing new since run %u\n", r->record.run);
    else
        mr_table_print(totals, &out);
    if (end == MR_RUN_STOPPED && !r->plan->endless)
        mr_buf_addz(&out, "the same command resumes\n");
    if (!r->o->quiet)
        mr_print(&out);
    mr_buf_finish(&out);
}

static enum mr_exit exit_code(const struct run *r, enum mr_run_end end,
                              const struct mr_totals *totals)
{
    switch (end) {
    case MR_RUN_ENDED:
        return mr_totals_rejected(totals) ? MR_EXIT_REJECTED : MR_EXIT_OK;
    case MR_RUN_NOTHING_NEW:
    case MR_RUN_CAUGHT_UP:
        return MR_EXIT_OK;
    case MR_RUN_STOPPED: /* an endless pipeline ends in no other way */
        return r->plan->endless ? MR_EXIT_OK : MR_EXIT_INTERRUPTED;
    case MR_RUN_FAILED:
        break;
    }
    return MR_EXIT_FAILED;
}

/* The epoch that this run builds has caught up with its endless input: its sinks, which all have
 * ended, go on at their targets. */
static struct mr_error *promote_underway(struct run *r, const struct mr_totals *totals)
{
    r->record.active_ms = totals->active_ms;
    MR_TRY(end_epoch(r, MR_RUN_CAUGHT_UP, totals));
    MR_TRY(mr_record_save(&r->home, &r->record));
    MR_TRY(mr_epochs_recover(&r->epochs));
    for (size_t i = 0; i < r->plan->stage_count; i++)
        r->plan->stages[i].aside = false;
    MR_TRY(mr_home_save_plan(&r->home, r->plan, false));
    MR_TRY(mr_home_save_plan(&r->home, r->plan, true));
    if (!r->o->quiet && !r->o->json)
        fprintf(stderr, "millrace: epoch %u has caught up, and is the current one now\n",
                r->epoch->number);
    return NULL;
}

/* As one session, but where an epoch is promoted on the way. */
static enum mr_run_end supervise_all(struct run *r, struct mr_supervise_options *options,
                                     struct mr_totals *totals, struct mr_error **failure)
{
    enum mr_run_end end = mr_supervise(options, totals, failure);
    if (end != MR_RUN_CAUGHT_UP)
        return end;
    *failure = promote_underway(r, totals);
    if (*failure)
        return MR_RUN_FAILED;
    options->catch_up = 0;
    options->forced = false;
    options->resumed = true;
    options->active_ms = r->record.active_ms;
    return mr_supervise(options, totals, failure);
}

static enum mr_exit supervise(struct run *r)
{
    static const enum mr_run_state states[] = {
        [MR_RUN_ENDED] = MR_STATE_ENDED,         [MR_RUN_NOTHING_NEW] = MR_STATE_NOTHING_NEW,
        [MR_RUN_STOPPED] = MR_STATE_INTERRUPTED, [MR_RUN_CAUGHT_UP] = MR_STATE_INTERRUPTED,
        [MR_RUN_FAILED] = MR_STATE_FAILED,
    };
    const struct options *o = r->o;
    struct mr_supervise_options options = {
        .plan = r->plan,
        .home = &r->home,
        .run = r->record.run,
        .resumed = r->resumed,
        .after_complete = r->after_complete,
        .forced = has_own_work(r),
        .catch_up = r->plan->endless && r->epoch->state == MR_EPOCH_BUILDING ? r->epoch->number : 0,
        .active_ms = r->record.active_ms,
        .log = o->log,
        .metrics = o->metrics,
        .show = o->quiet                 ? MR_SHOW_NOTHING
                : o->json                ? MR_SHOW_JSON
                : mr_str_is(o->log, "-") ? MR_SHOW_LOG
                : isatty(STDERR_FILENO)  ? MR_SHOW_TERMINAL
                                         : MR_SHOW_LINES,
    };
    struct mr_totals *totals = mr_totals_create(r->plan, r->arena);
    struct mr_error *failure;
    totals->run = r->record.run;
    enum mr_run_end end = supervise_all(r, &options, totals, &failure);
    totals->state = states[end];
    if (failure)
        totals->message = mr_arena_str(r->arena, mr_str_of(mr_error_message(failure)));
    struct mr_error *e = record_end(r, end, totals);
    if (e && !failure)
        return mr_fail(e);
    mr_error_free(e);
    if (!o->json)
        totals->message = (struct mr_str){0}; /* printed below, as an error */
    print_end(r, end, totals);
    return failure ? mr_fail(failure) : exit_code(r, end, totals);
}

static enum mr_exit start(struct run *r, const char *topology)
{
    mr_supervise_hold_signals();
    struct mr_error *e = mr_home_lock(&r->home);
    if (!e)
        e = number_run(r, topology);
    if (!e)
        e = mr_scale_kept(&r->home, r->plan, &r->o->scale, true);
    if (!e)
        e = mr_home_save_plan(&r->home, r->plan, false);
    if (!e)
        e = mr_home_save_plan(&r->home, r->plan, true);
    if (!e)
        e = mr_epochs_release(&r->epochs, r->plan);
    if (!e)
        e = mr_summary_set_aside(&r->home);
    if (!e)
        e = mr_record_save(&r->home, &r->record);
    if (e)
        return mr_fail(e);
    say_opened(r);
    return supervise(r);
}

static void foretell_json(const struct run *r, const struct mr_compiled *compiled, bool resumes)
{
    struct mr_json_out out = {0};
    mr_json_begin_object(&out);
    mr_json_key(&out, "run");
    mr_json_uint(&out, r->record.run + !resumes);
    mr_json_key(&out, "resumes");
    mr_json_bool(&out, resumes);
    mr_json_key(&out, "epoch");
    mr_json_uint(&out, r->plan->epoch);
    mr_json_key(&out, "current_epoch");
    mr_json_uint(&out, r->record.run ? r->record.current : r->plan->epoch);
    mr_json_key(&out, "anew"); /* stages that begin with empty state */
    mr_json_begin_array(&out);
    for (size_t i = 0; r->changes.len && i < r->plan->stage_count; i++)
        if (r->plan->stages[i].epoch == r->plan->epoch)
            mr_json_text(&out, r->plan->stages[i].id);
    mr_json_end_array(&out);
    mr_json_key(&out, "plan");
    mr_plan_json(compiled, &out);
    mr_json_end_object(&out);
    mr_print_json(&out);
    mr_buf_finish(&out.text);
}

/* What `run` would do, for --dry-run: nothing is written. */
static enum mr_exit foretell(struct run *r, const struct mr_compiled *compiled)
{
    struct mr_error *e = prepare(r);
    /* A state of the first format is of this definition, or `run` refuses it. */
    if (!e && r->record.run && !r->record.stage_count)
        e = choose_epoch(r);
    if (e)
        return mr_fail(e);
    bool resumes = r->record.run && !r->record.complete;
    if (r->o->json) {
        foretell_json(r, compiled, resumes);
        return MR_EXIT_OK;
    }
    struct mr_buf text = {0};
    mr_plan_print(compiled, &text);
    mr_buf_printf(&text, "\nwould %s run %u in \"%s\"\n", resumes ? "resume" : "start",
                  r->record.run + !resumes, mr_buf_text(&r->home.root));
    if (r->changes.len)
        mr_buf_printf(&text,
                      "the definition changed: epoch %u would be made beside epoch %u\n%.*s"
                      "everything above goes on in its epoch: nothing of it is made again\n",
                      r->plan->epoch, r->record.current, (int)r->changes.len, r->changes.ptr);
    mr_print(&text);
    mr_buf_finish(&text);
    return MR_EXIT_OK;
}

static enum mr_exit run(const struct mr_call *call)
{
    const struct options *o = call->options;
    struct mr_compile_choice choice = {.sets = o->set,
                                       .scale = o->scale,
                                       .fuse = o->fuse,
                                       .limit = o->limit,
                                       .quiet = o->quiet,
                                       .json = o->json};
    struct mr_compiled compiled;
    const char *topology = call->args[0].ptr;
    struct mr_error *e = mr_metrics_check(o->metrics);
    if (e)
        return mr_fail(e);
    enum mr_exit code = mr_program_compile(topology, &choice, &compiled);
    if (code != MR_EXIT_OK)
        return code;
    struct run r = {.o = o, .plan = compiled.plan, .arena = call->arena};
    mr_home_init(&r.home, o->state, r.plan->name);
    code = o->dry_run ? foretell(&r, &compiled) : start(&r, topology);
    mr_buf_finish(&r.changes);
    mr_home_finish(&r.home);
    mr_compiled_destroy(&compiled);
    return code;
}

const struct mr_command mr_command_run = {
    .name = "run",
    .arguments = "TOPOLOGY",
    .min_args = 1,
    .max_args = 1,
    .doc = "Run a topology to its end; running again resumes, or takes what is new.",
    .notes =
        "State lies in .millrace/<pipeline>/ of the current folder, or DIR/<pipeline>/ with\n"
        "--state DIR. Ctrl-C finishes the rows at work, commits and ends (exit code 5); a\n"
        "second one ends at once. Either way the same command resumes.\n"
        "A changed definition opens a new epoch from the first stage that changed: what comes\n"
        "before goes on, and is not made again. The new dataset takes the place of the old one\n"
        "when it is whole (`millrace epochs`, `millrace promote`).",
    .options_size = sizeof(struct options),
    .options = option_table,
    .run = run,
};
