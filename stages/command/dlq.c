/* `millrace dlq ls|show|retry|drop`: rows that stages rejected, and what is to become of them. */
#include <stdio.h>
#include <unistd.h>

#include "runtime/row/json.h"
#include "stages/command/command.h"
#include "stages/look/letters.h"

enum { LIST_DEFAULT = 1000, MESSAGE_SHOWN = 80 };

struct options {
    struct mr_str stage, outcome, where, id, state;
    struct mr_pairs set;
    uint64_t limit;
    int status;
    bool json, all, run, dry_run;
};

struct view {
    const struct options *o;
    const struct mr_call *call;
    struct mr_browse browse;
    struct mr_letter_filter filter;
    struct mr_json_out json;
    struct mr_buf text;
    uint64_t shown;
    /* retry, drop */
    bool again;
    struct mr_settle *settle; /* of `stage` */
    const struct mr_plan_stage *stage;
    uint64_t done, passed, last_source, last_cut, last_crash;
};

static struct mr_error *open_view(struct view *v, const struct mr_call *call)
{
    struct mr_str wanted = call->arg_count ? call->args[0] : (struct mr_str){0};
    v->o = call->options;
    v->call = call;
    v->filter = (struct mr_letter_filter){.stage = v->o->stage, .outcome = v->o->outcome,
                                          .id = v->o->id, .status = v->o->status,
                                          .limit = v->o->limit};
    MR_TRY(mr_where_open(v->o->where, &v->filter.where));
    struct mr_error *e = mr_browse_open(&v->browse, v->o->state, wanted, call->arena);
    if (mr_error_code(e) == MR_RUN_UNKNOWN && mr_browse_is_prefix(wanted))
        e = mr_error_remedy(e, "If it is a row's: --id %.*s.", MR_FMT(wanted));
    return e;
}

static void close_view(struct view *v)
{
    mr_settle_close(v->settle);
    mr_where_close(v->filter.where);
    mr_browse_close(&v->browse);
    mr_buf_finish(&v->json.text);
    mr_buf_finish(&v->text);
}

/* ---- ls, show ---- */

static void letter_json(struct mr_json_out *j, const struct mr_letter *l, bool whole)
{
    char hex[MR_ID_HEX_LEN + 1];
    mr_json_begin_object(j);
    mr_id_hex(&l->head.id, hex);
    mr_json_key(j, "id");
    mr_json_textz(j, hex);
    mr_json_key(j, "stage");
    mr_json_text(j, l->stage->id);
    mr_json_key(j, "outcome");
    mr_json_text(j, l->outcome);
    mr_json_key(j, "message");
    mr_json_text(j, l->message);
    mr_json_key(j, "attempt");
    mr_json_uint(j, l->attempt);
    mr_json_key(j, "status");
    mr_json_textz(j, mr_letter_status_name(l->status));
    mr_json_key(j, "run");
    mr_json_uint(j, l->head.run);
    static const char *const bodies[] = {"row", "row_start", "raw", "raw_bytes"};
    for (size_t i = 0; whole && i < sizeof bodies / sizeof *bodies; i++) {
        struct mr_value body = mr_browse_field(l->map, bodies[i]);
        struct mr_buf text = {0};
        if (!body.len)
            continue;
        mr_json_write_value(body, &text);
        mr_json_key(j, bodies[i]);
        mr_json_raw(j, mr_buf_str(&text));
        mr_buf_finish(&text);
    }
    mr_json_end_object(j);
}

static struct mr_error *show_letter(void *arg, const struct mr_letter *l)
{
    struct view *v = arg;
    v->shown++;
    letter_json(&v->json, l, true);
    mr_print_json(&v->json);
    return NULL;
}

static struct mr_error *list_letter(void *arg, const struct mr_letter *l)
{
    struct view *v = arg;
    v->shown++;
    if (v->o->json) {
        letter_json(&v->json, l, false);
        mr_print_json(&v->json);
        return NULL;
    }
    char hex[MR_ID_HEX_LEN + 1];
    mr_id_hex(&l->head.id, hex);
    struct mr_str message = l->message;
    bool cut = message.len > MESSAGE_SHOWN;
    if (cut)
        for (message.len = MESSAGE_SHOWN; message.len && (message.ptr[message.len] & 0xc0) == 0x80;)
            message.len--;
    mr_buf_printf(&v->text, "%s  %-16.*s %-14.*s %7u  %-8s ", hex, MR_FMT(l->stage->id),
                  MR_FMT(l->outcome), l->attempt, mr_letter_status_name(l->status));
    for (size_t i = 0; i < message.len; i++) /* one line each, whatever the message holds */
        mr_buf_addc(&v->text, (unsigned char)message.ptr[i] < 0x20 ? ' ' : message.ptr[i]);
    mr_buf_addz(&v->text, cut ? "…\n" : "\n");
    mr_print(&v->text);
    v->text.len = 0;
    return NULL;
}

static enum mr_exit look(const struct mr_call *call, mr_letter_fn fn, uint64_t limit)
{
    struct view v = {0};
    struct mr_error *e = open_view(&v, call);
    if (!e && !v.filter.limit)
        v.filter.limit = limit;
    if (!e && fn == list_letter && !v.o->json) {
        mr_buf_printf(&v.text, "%-32s  %-16s %-14s %7s  %-8s %s\n", "id", "stage", "outcome",
                      "attempt", "status", "message");
        mr_print(&v.text);
        v.text.len = 0;
    }
    if (!e)
        e = mr_letters_each(&v.browse, &v.filter, fn, &v);
    if (!e && limit && !v.o->limit && v.shown == limit)
        fprintf(stderr, "millrace: the first %llu; --limit N shows more\n",
                (unsigned long long)limit);
    close_view(&v);
    return e ? mr_fail(e) : MR_EXIT_OK;
}

static enum mr_exit run_list(const struct mr_call *call)
{
    return look(call, list_letter, LIST_DEFAULT);
}

static enum mr_exit run_show(const struct mr_call *call)
{
    return look(call, show_letter, 0);
}

/* ---- retry, drop ---- */

static struct mr_error *end_stage(struct view *v)
{
    struct mr_error *e = v->settle ? mr_settle_commit(v->settle) : NULL;
    mr_settle_close(v->settle);
    v->settle = NULL;
    return e;
}

/* Letters whose row cannot enter again are passed over and told about once, at the end. */
static bool can_retry(struct view *v, const struct mr_letter *l)
{
    uint64_t *reason = l->stage->kind == MR_STAGE_SOURCE ? &v->last_source
                       : !l->row.len                     ? &v->last_cut
                       : mr_str_is(l->outcome, "crash") && !v->browse.record.complete
                           ? &v->last_crash
                           : NULL;
    if (reason)
        ++*reason;
    return !reason;
}

static struct mr_error *settle_letter(void *arg, const struct mr_letter *l)
{
    struct view *v = arg;
    bool fresh = true;
    if (v->again && !can_retry(v, l))
        return NULL;
    if (!v->o->dry_run) {
        if (v->stage != l->stage) {
            MR_TRY(end_stage(v));
            v->stage = l->stage;
            MR_TRY(mr_settle_open(&v->browse, l->stage, &v->settle));
        }
        MR_TRY(mr_settle_add(v->settle, l, v->again, &fresh));
    }
    v->done += fresh;
    v->passed += !fresh;
    return NULL;
}

static void say_left_out(const struct view *v)
{
    if (v->last_source)
        fprintf(stderr, "millrace: %llu records that a source could not read cannot enter again: mend "
                        "the file, and the next run reads it as new\n",
                (unsigned long long)v->last_source);
    if (v->last_cut)
        fprintf(stderr, "millrace: %llu letters hold the beginning of a row only, which was too large: "
                        "raise `max_row_bytes`, or split the row in the input\n",
                (unsigned long long)v->last_cut);
    if (v->last_crash)
        fprintf(stderr, "millrace: %llu rows ended their process and are left out until the run is "
                        "over: retry them then\n",
                (unsigned long long)v->last_crash);
}

static void say_done(struct view *v)
{
    const char *verb = v->again ? "retried" : "dropped";
    if (v->o->json) {
        struct mr_json_out *j = &v->json;
        mr_json_begin_object(j);
        mr_json_key(j, v->o->dry_run ? "would" : "did");
        mr_json_textz(j, verb);
        mr_json_key(j, "letters");
        mr_json_uint(j, v->done);
        mr_json_key(j, "left_out");
        mr_json_uint(j, v->last_source + v->last_cut + v->last_crash);
        mr_json_key(j, "taken_by");
        mr_json_textz(j, !v->again ? NULL : v->browse.running ? "this run" : "the next run");
        mr_json_end_object(j);
        mr_print_json(j);
        return;
    }
    mr_buf_printf(&v->text, "%s%s %llu dead letter%s%s\n", v->o->dry_run ? "would have " : "", verb,
                  (unsigned long long)v->done, v->done == 1 ? "" : "s",
                  v->done ? "" : ": none that waits was chosen");
    if (v->again && v->done && !v->o->dry_run && !v->o->run)
        mr_buf_printf(&v->text,
                      v->browse.running
                          ? "the running pipeline takes them at once; a stage that has ended, in the "
                            "next run\n"
                          : "`millrace run %.*s` takes them\n",
                      MR_FMT(v->browse.record.topology));
    mr_print(&v->text);
    v->text.len = 0;
}

/* The same program as `run`, with this command's state folder and --set. */
static enum mr_exit start_run(const struct view *v)
{
    struct mr_arena *arena = v->call->arena;
    size_t count = 0;
    char **words = mr_arena_zalloc(arena, (2 * v->o->set.count + 8) * sizeof *words);
    words[count++] = (char *)(uintptr_t)"millrace";
    words[count++] = (char *)(uintptr_t)"run";
    words[count++] = (char *)(uintptr_t)v->browse.record.topology.ptr;
    if (v->o->state.len) {
        words[count++] = (char *)(uintptr_t)"--state";
        words[count++] = (char *)(uintptr_t)v->o->state.ptr;
    }
    if (v->o->json)
        words[count++] = (char *)(uintptr_t)"--json";
    for (size_t i = 0; i < v->o->set.count; i++) {
        const struct mr_setting *s = &v->o->set.items[i];
        words[count++] = (char *)(uintptr_t)"--set";
        words[count++] =
            (char *)(uintptr_t)mr_arena_printf(arena, "%.*s=%.*s", MR_FMT(s->name), MR_FMT(s->value))
                .ptr;
    }
    fflush(stdout);
    execv("/proc/self/exe", words);
    return mr_fail(mr_error_errno(MR_IO, "cannot start the run"));
}

static enum mr_exit settle(const struct mr_call *call, bool again)
{
    struct view v = {.again = again};
    const struct options *o = call->options;
    bool chosen = o->all || o->stage.len || o->outcome.len || o->where.len || o->id.len;
    struct mr_error *e =
        chosen ? open_view(&v, call)
               : mr_error_remedy(mr_error(MR_USAGE, "`dlq %s` without a choice of letters",
                                          again ? "retry" : "drop"),
                                 "Choose them with --stage, --outcome, --id or --where, or take --all.");
    v.filter.status = 1 + MR_LETTER_WAITING;
    if (!e)
        e = mr_letters_each(&v.browse, &v.filter, settle_letter, &v);
    struct mr_error *closing = chosen ? end_stage(&v) : NULL;
    if (!e)
        e = closing;
    else
        mr_error_free(closing);
    if (!e) {
        say_done(&v);
        say_left_out(&v);
    }
    bool run = !e && again && o->run && !o->dry_run && v.done && !v.browse.running;
    enum mr_exit code = e ? mr_fail(e) : run ? start_run(&v) : MR_EXIT_OK;
    if (chosen)
        close_view(&v);
    return code;
}

static enum mr_exit run_retry(const struct mr_call *call)
{
    return settle(call, true);
}

static enum mr_exit run_drop(const struct mr_call *call)
{
    return settle(call, false);
}

/* ---- tables ---- */

#define FILTERS                                                                                   \
    {.name = "stage", MR_OPTION(struct options, stage), .value = "STAGE",                         \
     .doc = "Only rows that this stage rejected."},                                               \
    {.name = "outcome", MR_OPTION(struct options, outcome), .value = "NAME",                      \
     .doc = "Only rows rejected with this outcome."},                                             \
    {.name = "where", MR_OPTION(struct options, where), .value = "EXPR",                          \
     .doc = "Only rows for which the expression is true."},                                       \
    {.name = "id", MR_OPTION(struct options, id), .value = "ID",                                  \
     .doc = "Only the row of this id; its first digits are enough."},                             \
    {.name = "limit", .letter = 'n', MR_OPTION(struct options, limit), .value = "N", .least = 1,  \
     .doc = "At most N letters."}

static const struct mr_option look_options[] = {
    FILTERS,
    {.name = "status", MR_OPTION(struct options, status), .choices = "waiting|retried|dropped",
     .doc = "Only letters in this state."},
    MR_OPTION_STATE(struct options),
    MR_OPTION_JSON(struct options),
    {0},
};

static const struct mr_option retry_options[] = {
    FILTERS,
    {.name = "all", MR_OPTION(struct options, all), .doc = "All letters that wait."},
    {.name = "run", MR_OPTION(struct options, run),
     .doc = "Then run the topology, so that they are taken now."},
    {.name = "set", MR_OPTION(struct options, set), .value = "NAME=VALUE",
     .doc = "For --run: give ${NAME} of the topology a value; may be repeated."},
    {.name = "dry-run", MR_OPTION(struct options, dry_run), .doc = "Say how many, and end."},
    MR_OPTION_STATE(struct options),
    MR_OPTION_JSON(struct options),
    {0},
};

static const struct mr_option drop_options[] = {
    FILTERS,
    {.name = "all", MR_OPTION(struct options, all), .doc = "All letters that wait."},
    {.name = "dry-run", MR_OPTION(struct options, dry_run), .doc = "Say how many, and end."},
    MR_OPTION_STATE(struct options),
    MR_OPTION_JSON(struct options),
    {0},
};

static const struct mr_command list_command = {
    .name = "ls",
    .arguments = "[PIPELINE|TOPOLOGY]",
    .max_args = 1,
    .doc = "List dead letters: row, stage, outcome, attempt, and what became of them.",
    .notes = "  millrace dlq ls --stage words --status waiting",
    .options_size = sizeof(struct options),
    .options = look_options,
    .run = run_list,
};

static const struct mr_command show_command = {
    .name = "show",
    .arguments = "[PIPELINE|TOPOLOGY]",
    .max_args = 1,
    .doc = "Print whole dead letters as JSON lines, the row included.",
    .notes = "  millrace dlq show --id 5f2c01",
    .options_size = sizeof(struct options),
    .options = look_options,
    .run = run_show,
};

static const struct mr_command retry_command = {
    .name = "retry",
    .arguments = "[PIPELINE|TOPOLOGY]",
    .max_args = 1,
    .doc = "Let rejected rows enter their stage once more, each letter once.",
    .notes = "A running pipeline takes them at once; a finished one with its next run, which then has\n"
             "work though its sources find nothing new. A row that is rejected again is a new letter\n"
             "with the next attempt. Killed at any moment, the command can be given again: no row\n"
             "enters twice for one letter.\n\n"
             "  millrace dlq retry --stage score --outcome error --run\n"
             "  millrace dlq retry --where 'lang == \"en\"' --dry-run",
    .options_size = sizeof(struct options),
    .options = retry_options,
    .run = run_retry,
};

static const struct mr_command drop_command = {
    .name = "drop",
    .arguments = "[PIPELINE|TOPOLOGY]",
    .max_args = 1,
    .doc = "Settle dead letters without trying their rows again; the letters stay readable.",
    .notes = "  millrace dlq drop --outcome bad_input",
    .options_size = sizeof(struct options),
    .options = drop_options,
    .run = run_drop,
};

static const struct mr_command *const subs[] = {&list_command, &show_command, &retry_command,
                                                &drop_command, NULL};

const struct mr_command mr_command_dlq = {
    .name = "dlq",
    .doc = "Look at rows that stages rejected; try them again or settle them.",
    .subs = subs,
};
