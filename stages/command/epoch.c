/* `millrace epochs | promote | drop-epoch`: the generations of a pipeline's dataset. */
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "stages/command/program.h"
#include "stages/supervise/epochs.h"

struct options {
    struct mr_str state;
    bool json, yes;
};

static const struct mr_option look_options[] = {
    MR_OPTION_STATE(struct options),
    MR_OPTION_JSON(struct options),
    {0},
};

static const struct mr_option drop_options[] = {
    {.name = "yes", .letter = 'y', MR_OPTION(struct options, yes), .doc = "Do not ask."},
    MR_OPTION_STATE(struct options),
    MR_OPTION_JSON(struct options),
    {0},
};

/* A pipeline whose epochs are meant. */
struct view {
    struct mr_home home;
    struct mr_record record;
    struct mr_epochs epochs;
};

static struct mr_error *open_view(struct view *v, const struct mr_call *call, bool lock)
{
    const struct options *o = call->options;
    struct mr_str wanted = call->arg_count ? call->args[0] : (struct mr_str){0};
    MR_TRY(mr_home_find(&v->home, o->state, wanted));
    if (lock)
        MR_TRY(mr_home_lock(&v->home));
    v->epochs = (struct mr_epochs){.home = &v->home,
                                   .connectors = mr_program_connectors(),
                                   .arena = call->arena,
                                   .record = &v->record};
    MR_TRY(mr_program_registry(&v->epochs.registry));
    MR_TRY(mr_record_load(&v->home, call->arena, &v->record));
    if (lock && v->record.stage_count)
        return mr_error_remedy(mr_error(MR_EPOCH_STATE,
                                        "the state of \"%.*s\" is of an earlier "
                                        "version, which had no epochs",
                                        MR_FMT(v->record.pipeline)),
                               "`millrace run` it once with the same definition.");
    return lock ? mr_epochs_recover(&v->epochs) : NULL;
}

/* ---- epochs ---- */

static void add_time(struct mr_buf *out, uint64_t ms)
{
    time_t t = (time_t)(ms / 1000);
    struct tm tm;
    char text[24];
    gmtime_r(&t, &tm);
    strftime(text, sizeof text, "%Y-%m-%d %H:%M:%SZ", &tm);
    mr_buf_addz(out, text);
}

static void add_origin(struct mr_buf *out, const struct mr_recorded_epoch *e)
{
    const struct {
        const char *name;
        struct mr_str value;
    } parts[] = {{"from", e->from},
                 {"to", e->to},
                 {"where", e->where},
                 {"since", e->since},
                 {"until", e->until}};
    mr_buf_addz(out, e->replayed ? "replay" : "run");
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (parts[i].value.len)
            mr_buf_printf(out, " --%s %.*s", parts[i].name, MR_FMT(parts[i].value));
}

static void print_epochs(const struct mr_record *record, struct mr_buf *out)
{
    mr_buf_printf(out, "%5s  %-9s  %6s  %4s  %-20s  %s\n", "epoch", "state", "parent", "runs",
                  "opened", "made by");
    for (size_t i = 0; i < record->epoch_count; i++) {
        const struct mr_recorded_epoch *e = &record->epochs[i];
        mr_buf_printf(
            out, "%5u  %-9s  ", e->number,
            mr_epoch_partial(e) && e->state == MR_EPOCH_READY ? "part" : mr_epoch_states[e->state]);
        mr_buf_printf(out, e->parent ? "%6u  %4u  " : "%6.0u  %4u  ", e->parent, e->run);
        add_time(out, e->opened_ms);
        mr_buf_addz(out, "  ");
        add_origin(out, e);
        mr_buf_addc(out, '\n');
        for (size_t k = 0; k < e->sink_count; k++) {
            char hex[MR_ID_HEX_LEN + 1];
            mr_content_hex(&e->sinks[k].content, hex);
            mr_buf_printf(out, "       %.*s.%.*s@%u  %llu rows  content %s\n",
                          MR_FMT(record->pipeline), MR_FMT(e->sinks[k].id), e->number,
                          (unsigned long long)e->sinks[k].rows, hex);
        }
    }
}

static void add_member(struct mr_json_out *j, const char *name, struct mr_str text)
{
    if (!text.len)
        return;
    mr_json_key(j, name);
    mr_json_text(j, text);
}

static void add_number(struct mr_json_out *j, const char *name, uint64_t value)
{
    mr_json_key(j, name);
    mr_json_uint(j, value);
}

static void json_epochs(const struct mr_record *record, struct mr_json_out *j)
{
    mr_json_begin_array(j);
    for (size_t i = 0; i < record->epoch_count; i++) {
        const struct mr_recorded_epoch *e = &record->epochs[i];
        mr_json_begin_object(j);
        add_number(j, "epoch", e->number);
        add_member(j, "state", mr_str_of(mr_epoch_states[e->state]));
        add_number(j, "parent", e->parent);
        add_number(j, "runs", e->run);
        add_number(j, "opened_ms", e->opened_ms);
        add_member(j, "by", e->replayed ? MR_STR("replay") : MR_STR("run"));
        add_member(j, "from", e->from);
        add_member(j, "to", e->to);
        add_member(j, "where", e->where);
        add_member(j, "since", e->since);
        add_member(j, "until", e->until);
        mr_json_key(j, "partial");
        mr_json_bool(j, mr_epoch_partial(e));
        mr_json_key(j, "sinks");
        mr_json_begin_array(j);
        for (size_t k = 0; k < e->sink_count; k++) {
            char hex[MR_ID_HEX_LEN + 1];
            mr_content_hex(&e->sinks[k].content, hex);
            mr_json_begin_object(j);
            add_member(j, "sink", e->sinks[k].id);
            add_number(j, "rows", e->sinks[k].rows);
            add_member(j, "content", mr_str_of(hex));
            mr_json_end_object(j);
        }
        mr_json_end_array(j);
        mr_json_end_object(j);
    }
    mr_json_end_array(j);
}

static enum mr_exit run_epochs(const struct mr_call *call)
{
    const struct options *o = call->options;
    struct view v = {.home = {.lock = -1}};
    struct mr_json_out j = {0};
    struct mr_error *e = open_view(&v, call, false);
    if (!e && o->json) {
        json_epochs(&v.record, &j);
        mr_print_json(&j);
    } else if (!e) {
        print_epochs(&v.record, &j.text);
        mr_print(&j.text);
    }
    mr_buf_finish(&j.text);
    mr_home_finish(&v.home);
    return e ? mr_fail(e) : MR_EXIT_OK;
}

/* ---- promote and drop ---- */

static struct mr_error *find_epoch(const struct view *v, struct mr_str text,
                                   struct mr_recorded_epoch **out)
{
    uint64_t number;
    if (text.len && *text.ptr == 'e')
        text = mr_str_span(text.ptr + 1, text.len - 1);
    if (!mr_str_to_uint(text, &number) || number > UINT32_MAX)
        return mr_error_remedy(
            mr_error(MR_USAGE, "\"%.*s\" is not the number of an epoch", MR_FMT(text)),
            "`millrace epochs` lists them.");
    *out = mr_record_epoch(&v->record, (uint32_t)number);
    if (*out)
        return NULL;
    return mr_error_remedy(mr_error(MR_NAME_UNKNOWN, "pipeline \"%.*s\" has no epoch %llu",
                                    MR_FMT(v->record.pipeline), (unsigned long long)number),
                           "`millrace epochs %.*s` lists them.", MR_FMT(v->record.pipeline));
}

static void print_done(const struct view *v, const struct options *o, const char *did,
                       uint32_t epoch)
{
    struct mr_json_out j = {0};
    if (o->json) {
        mr_json_begin_object(&j);
        add_member(&j, "did", mr_str_of(did));
        add_number(&j, "epoch", epoch);
        add_member(&j, "pipeline", v->record.pipeline);
        mr_json_end_object(&j);
    } else {
        mr_buf_printf(&j.text, "%s epoch %u of \"%.*s\"", did, epoch, MR_FMT(v->record.pipeline));
    }
    mr_print_json(&j);
    mr_buf_finish(&j.text);
}

static struct mr_error *may_promote(const struct view *v, const struct mr_recorded_epoch *e)
{
    if (e->state == MR_EPOCH_BUILDING)
        return mr_error_remedy(mr_error(MR_EPOCH_STATE, "epoch %u is not whole", e->number),
                               "The command that began it goes on with it: `millrace %s`.",
                               e->replayed ? "replay" : "run");
    if (mr_epoch_partial(e))
        return mr_error_remedy(mr_error(MR_EPOCH_STATE,
                                        "epoch %u holds only a part of the dataset, by "
                                        "--to, --where, --since or --until",
                                        e->number),
                               "Replay without them to get one that can be promoted.");
    if (v->record.complete)
        return NULL;
    struct mr_plan *plan;
    MR_TRY(mr_epochs_plan(&v->epochs, e->number, &plan));
    if (!plan->endless) /* such a run has no end to wait for */
        return mr_error_remedy(mr_error(MR_EPOCH_STATE,
                                        "run %u of \"%.*s\" has not come to its end", v->record.run,
                                        MR_FMT(v->record.pipeline)),
                               "`millrace run` it to its end first.");
    return NULL;
}

static struct mr_error *promote(struct view *v, const struct mr_call *call)
{
    struct mr_recorded_epoch *e;
    MR_TRY(open_view(v, call, true));
    MR_TRY(find_epoch(v, call->args[1], &e));
    if (e->number != v->record.current) {
        MR_TRY(may_promote(v, e));
        MR_TRY(mr_epochs_promote(&v->epochs, e->number));
    }
    print_done(v, call->options, "promoted", e->number);
    return NULL;
}

static enum mr_exit run_promote(const struct mr_call *call)
{
    struct view v = {.home = {.lock = -1}};
    struct mr_error *e = promote(&v, call);
    mr_home_finish(&v.home);
    return e ? mr_fail(e) : MR_EXIT_OK;
}

/* Scripts are not asked: only a person at a terminal can answer. */
static bool confirmed(const struct view *v, uint32_t epoch, bool yes)
{
    if (yes || !isatty(STDIN_FILENO))
        return true;
    fprintf(stderr, "remove epoch %u of \"%.*s\": its topics, state and output? [y/N] ", epoch,
            MR_FMT(v->record.pipeline));
    int answer = getchar();
    return answer == 'y' || answer == 'Y';
}

static struct mr_error *drop(struct view *v, const struct mr_call *call, enum mr_exit *code)
{
    const struct options *o = call->options;
    struct mr_recorded_epoch *e;
    MR_TRY(open_view(v, call, true));
    MR_TRY(find_epoch(v, call->args[1], &e));
    uint32_t number = e->number;
    if (number == v->record.current)
        return mr_error_remedy(mr_error(MR_EPOCH_STATE, "epoch %u is the current one", number),
                               "Promote another one first; `millrace clean` removes everything.");
    *code = MR_EXIT_INTERRUPTED;
    if (!confirmed(v, number, o->yes))
        return NULL;
    *code = MR_EXIT_OK;
    MR_TRY(mr_epochs_drop(&v->epochs, number));
    print_done(v, o, "dropped", number);
    return NULL;
}

static enum mr_exit run_drop(const struct mr_call *call)
{
    struct view v = {.home = {.lock = -1}};
    enum mr_exit code = MR_EXIT_OK;
    struct mr_error *e = drop(&v, call, &code);
    mr_home_finish(&v.home);
    return e ? mr_fail(e) : code;
}

const struct mr_command mr_command_epochs = {
    .name = "epochs",
    .arguments = "[PIPELINE|TOPOLOGY]",
    .max_args = 1,
    .doc = "List the epochs of a pipeline's dataset.",
    .notes =
        "current: what the topology's outputs hold. ready: whole, waits for `promote`. kept: was\n"
        "current, and can be promoted again. building: goes on with the command that began it.",
    .options_size = sizeof(struct options),
    .options = look_options,
    .run = run_epochs,
};

const struct mr_command mr_command_promote = {
    .name = "promote",
    .arguments = "PIPELINE EPOCH",
    .min_args = 2,
    .max_args = 2,
    .doc = "Make an epoch the current one: its outputs take their places.",
    .notes =
        "The outputs of the epoch before go to NAME.eN beside them, and can be promoted again. A\n"
        "switch that was interrupted is finished by the next command that changes the pipeline.",
    .options_size = sizeof(struct options),
    .options = look_options,
    .run = run_promote,
};

const struct mr_command mr_command_drop_epoch = {
    .name = "drop-epoch",
    .arguments = "PIPELINE EPOCH",
    .min_args = 2,
    .max_args = 2,
    .doc = "Remove an epoch that is not current: its topics, state and outputs.",
    .notes = "What other epochs share with it stays.",
    .options_size = sizeof(struct options),
    .options = drop_options,
    .run = run_drop,
};
