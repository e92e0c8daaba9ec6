/* `millrace dataset show|ls`: what a sink holds in an epoch, and how it came about. */
#include <stdio.h>

#include "runtime/row/json.h"
#include "stages/command/command.h"
#include "stages/look/topic_ref.h"
#include "stages/supervise/epochs.h"
#include "stages/supervise/members.h"

struct options {
    struct mr_str state;
    bool json;
};

static const struct mr_option option_table[] = {
    MR_OPTION_STATE(struct options),
    MR_OPTION_JSON(struct options),
    {0},
};

enum { FILES_SHOWN = 5 };

/* One dataset: a sink of an epoch. */
struct dataset {
    const struct mr_browse *browse;
    const struct mr_recorded_epoch *epoch;
    const struct mr_plan *plan; /* of the epoch */
    int sink;                   /* stage */
    struct mr_value card;
    bool *above; /* stages whose rows reach the sink */
};

static const struct mr_recorded_sink *recorded(const struct dataset *d)
{
    for (size_t i = 0; i < d->epoch->sink_count; i++)
        if (mr_str_eq(d->epoch->sinks[i].id, d->plan->stages[d->sink].id))
            return &d->epoch->sinks[i];
    return NULL;
}

/* The sink's stages upstream, itself included: what the definition hash covers. */
static void mark_above(struct dataset *d, struct mr_arena *arena)
{
    const struct mr_plan *plan = d->plan;
    d->above = mr_arena_zalloc(arena, plan->stage_count + 1);
    d->above[d->sink] = true;
    for (size_t i = plan->stage_count; i > 0; i--) {
        const struct mr_plan_stage *s = &plan->stages[i - 1];
        const struct mr_plan_group *g = &plan->groups[s->group];
        if (!d->above[i - 1])
            continue;
        for (size_t k = 0; k < s->input_count; k++)
            d->above[plan->topics[s->inputs[k].topic].stage] = true;
        for (size_t k = 1; k < g->stage_count; k++)
            if (g->stages[k] == (int)i - 1)
                d->above[g->stages[k - 1]] = true;
    }
}

static struct mr_value counts_of(const struct dataset *d, struct mr_str stage)
{
    struct mr_value list = member(d->card, "stages"), v;
    struct mr_walk w;
    if (mr_value_type(list) != MR_LIST)
        return (struct mr_value){0};
    mr_walk_begin(&w, list);
    while (mr_walk_next(&w, &v))
        if (mr_str_eq(member_text(v, "stage"), stage))
            return v;
    return (struct mr_value){0};
}

/* ---- address ---- */

static void add_address(const struct dataset *d, struct mr_buf *out)
{
    mr_buf_printf(out, "%.*s.%.*s@%u", MR_FMT(d->plan->name), MR_FMT(d->plan->stages[d->sink].id),
                  d->epoch->number);
}

static void add_text(struct mr_json_out *j, const char *name, struct mr_str text)
{
    mr_json_key(j, name);
    if (text.len)
        mr_json_text(j, text);
    else
        mr_json_null(j);
}

static void add_uint(struct mr_json_out *j, const char *name, uint64_t value)
{
    mr_json_key(j, name);
    mr_json_uint(j, value);
}

static void address_json(const struct dataset *d, struct mr_json_out *j)
{
    const struct mr_recorded_sink *r = recorded(d);
    struct mr_buf address = {0};
    char hex[MR_ID_HEX_LEN + 1];
    add_address(d, &address);
    add_text(j, "dataset", mr_buf_str(&address));
    mr_buf_finish(&address);
    add_text(j, "pipeline", d->plan->name);
    add_text(j, "sink", d->plan->stages[d->sink].id);
    add_uint(j, "epoch", d->epoch->number);
    add_text(j, "state", mr_str_of(mr_epoch_states[d->epoch->state]));
    mr_json_key(j, "partial");
    mr_json_bool(j, mr_epoch_partial(d->epoch));
    mr_json_key(j, "rows");
    if (r)
        mr_json_uint(j, r->rows);
    else
        mr_json_null(j);
    if (r)
        mr_content_hex(&r->content, hex);
    mr_json_key(j, "content");
    mr_json_textz(j, r ? hex : NULL);
    mr_id_hex(&d->plan->stages[d->sink].fingerprint, hex);
    mr_json_key(j, "definition");
    mr_json_textz(j, hex);
}

/* ---- card ---- */

static void settings_json(const struct mr_plan_stage *s, struct mr_json_out *j)
{
    const struct mr_param *table = s->op       ? s->op->params
                                   : s->source ? s->source->params
                                               : s->sink->params;
    size_t size = s->op       ? s->op->params_size
                  : s->source ? s->source->params_size
                              : s->sink->params_size;
    struct mr_arena *arena = mr_arena_create(0);
    void *filled = mr_arena_zalloc(arena, size + 1);
    struct mr_buf text = {0};
    mr_json_begin_object(j);
    struct mr_error *e = mr_params_fill(table, s->settings, s->setting_count, arena, filled);
    for (const struct mr_param *p = table; !e && p && p->name; p++) {
        bool null = false;
        text.len = 0;
        mr_param_format(p, filled, &text, &null);
        mr_json_key(j, p->name);
        if (null)
            mr_json_null(j);
        else
            mr_json_text(j, mr_buf_str(&text));
    }
    mr_json_end_object(j);
    mr_error_free(e); /* a decoded plan's settings parse */
    mr_buf_finish(&text);
    mr_arena_destroy(arena);
}

static void left_json(struct mr_value counts, struct mr_json_out *j)
{
    struct mr_value left = member(counts, "left"), key, value;
    struct mr_walk w;
    mr_json_begin_object(j);
    if (mr_value_type(left) == MR_MAP) {
        mr_walk_begin(&w, left);
        while (mr_walk_next(&w, &key) && mr_walk_next(&w, &value)) {
            uint64_t rows = 0;
            mr_value_uint(value, &rows);
            mr_json_key_str(j, mr_value_text(key));
            mr_json_uint(j, rows);
        }
    }
    mr_json_end_object(j);
}

static void stage_json(const struct dataset *d, const struct mr_plan_stage *s,
                       struct mr_json_out *j)
{
    static const char *const kinds[] = {"source", "operator", "prepare", "sink"};
    static const char *const counted[] = {"in",       "out",      "dropped",
                                          "rejected", "absorbed", "emitted"};
    struct mr_value counts = counts_of(d, s->id);
    mr_json_begin_object(j);
    add_text(j, "stage", s->id);
    add_text(j, "kind", mr_str_of(kinds[s->kind]));
    add_text(j, "use", s->use);
    if (s->op)
        add_uint(j, "version", s->op->version ? s->op->version : 1);
    add_uint(j, "epoch", s->epoch);
    mr_json_key(j, "parameters");
    settings_json(s, j);
    mr_json_key(j, "keys");
    mr_json_begin_object(j);
    for (size_t i = 0; i < s->bound_count; i++) {
        mr_json_key_str(j, s->bound[i].role);
        mr_json_begin_array(j);
        for (size_t k = 0; k < s->bound[i].count; k++)
            mr_json_text(j, s->bound[i].keys[k]);
        mr_json_end_array(j);
    }
    mr_json_end_object(j);
    for (size_t i = 0; counts.len && i < sizeof counted / sizeof *counted; i++)
        add_uint(j, counted[i], member_uint(counts, counted[i]));
    mr_json_key(j, "left");
    left_json(counts, j);
    mr_json_end_object(j);
}

static void origin_json(const struct dataset *d, struct mr_json_out *j)
{
    const struct mr_recorded_epoch *e = d->epoch;
    mr_json_key(j, "made");
    mr_json_begin_object(j);
    add_text(j, "by", e->replayed ? MR_STR("replay") : MR_STR("run"));
    add_uint(j, "runs", e->run);
    add_uint(j, "opened_ms", e->opened_ms);
    add_uint(j, "ended_ms", e->ended_ms);
    add_text(j, "from", e->from);
    add_text(j, "to", e->to);
    add_text(j, "where", e->where);
    add_text(j, "since", e->since);
    add_text(j, "until", e->until);
    mr_json_key(j, "parent_epoch");
    if (e->parent)
        mr_json_uint(j, e->parent);
    else
        mr_json_null(j);
    mr_json_end_object(j);
}

static void show_json(const struct dataset *d, struct mr_json_out *j)
{
    struct mr_value sources = member(d->card, "sources");
    struct mr_buf text = {0};
    mr_json_begin_object(j);
    address_json(d, j);
    origin_json(d, j);
    mr_json_key(j, "sources"); /* what was read: how much, and the first names */
    if (sources.len)
        mr_json_write_value(sources, &text);
    mr_json_raw(j, sources.len ? mr_buf_str(&text) : MR_STR("{}"));
    mr_buf_finish(&text);
    mr_json_key(j, "stages");
    mr_json_begin_array(j);
    for (size_t i = 0; i < d->plan->stage_count; i++)
        if (d->above[i])
            stage_json(d, &d->plan->stages[i], j);
    mr_json_end_array(j);
    mr_json_end_object(j);
}

static void show_settings(const struct mr_plan_stage *s, struct mr_buf *out)
{
    for (size_t i = 0; i < s->setting_count; i++)
        mr_buf_printf(out, "%s%.*s=%.*s", i ? ", " : "  ", MR_FMT(s->settings[i].name),
                      MR_FMT(s->settings[i].null ? MR_STR("null") : s->settings[i].value));
    for (size_t i = 0; i < s->bound_count; i++) {
        mr_buf_printf(out, "%s%.*s: ", i || s->setting_count ? ", " : "  ",
                      MR_FMT(s->bound[i].role));
        for (size_t k = 0; k < s->bound[i].count; k++)
            mr_buf_printf(out, "%s%.*s", k ? "," : "", MR_FMT(s->bound[i].keys[k]));
        if (!s->bound[i].count)
            mr_buf_addz(out, "(none)");
    }
}

static void show_stage(const struct dataset *d, const struct mr_plan_stage *s, struct mr_buf *out)
{
    struct mr_value counts = counts_of(d, s->id), left = member(counts, "left"), key, value;
    struct mr_walk w;
    mr_buf_printf(out, "  %.*s  %.*s", MR_FMT(s->id), MR_FMT(s->use));
    if (s->op)
        mr_buf_printf(out, " v%u", s->op->version ? (unsigned)s->op->version : 1u);
    show_settings(s, out);
    mr_buf_addc(out, '\n');
    if (!counts.len)
        return;
    mr_buf_printf(out, "      in %llu, out %llu, dropped %llu, rejected %llu",
                  (unsigned long long)member_uint(counts, "in"),
                  (unsigned long long)(member_uint(counts, "out") + member_uint(counts, "emitted")),
                  (unsigned long long)member_uint(counts, "dropped"),
                  (unsigned long long)member_uint(counts, "rejected"));
    mr_walk_begin(&w, left);
    bool first = true;
    while (left.len && mr_walk_next(&w, &key) && mr_walk_next(&w, &value)) {
        uint64_t rows = 0;
        mr_value_uint(value, &rows);
        mr_buf_printf(out, "%s%.*s %llu", first ? "  because " : ", ", MR_FMT(mr_value_text(key)),
                      (unsigned long long)rows);
        first = false;
    }
    mr_buf_addc(out, '\n');
}

static void show_sources(const struct dataset *d, struct mr_buf *out)
{
    struct mr_value sources = member(d->card, "sources"), key, value, name;
    struct mr_walk w, names;
    if (mr_value_type(sources) != MR_MAP)
        return;
    mr_walk_begin(&w, sources);
    while (mr_walk_next(&w, &key) && mr_walk_next(&w, &value)) {
        struct mr_value list = member(value, "names");
        uint64_t count = member_uint(value, "count"), shown = 0;
        mr_buf_printf(out, "source      %.*s: %llu file%s, ", MR_FMT(mr_value_text(key)),
                      (unsigned long long)count, count == 1 ? "" : "s");
        mr_table_bytes(member_uint(value, "bytes"), out);
        if (mr_value_type(list) == MR_LIST) {
            mr_walk_begin(&names, list);
            while (shown < FILES_SHOWN && mr_walk_next(&names, &name))
                mr_buf_printf(out, "%s%.*s", shown++ ? ", " : ": ", MR_FMT(mr_value_text(name)));
        }
        mr_buf_addz(out, shown < count ? ", ...\n" : "\n");
    }
}

static void show_text(const struct dataset *d, struct mr_buf *out)
{
    const struct mr_recorded_sink *r = recorded(d);
    const struct mr_recorded_epoch *e = d->epoch;
    char hex[MR_ID_HEX_LEN + 1];
    mr_buf_addz(out, "dataset     ");
    add_address(d, out);
    mr_buf_printf(out, "  (%s%s)\n", mr_epoch_states[e->state],
                  mr_epoch_partial(e) ? ", a part" : "");
    if (r) {
        mr_content_hex(&r->content, hex);
        mr_buf_printf(out, "content     %s  %llu rows\n", hex, (unsigned long long)r->rows);
    } else {
        mr_buf_addz(out, "content     not known before a run of it has ended\n");
    }
    mr_id_hex(&d->plan->stages[d->sink].fingerprint, hex);
    mr_buf_printf(out, "definition  %s\n", hex);
    mr_buf_printf(out, "made        by %s, of the rows of %u run%s", e->replayed ? "replay" : "run",
                  e->run, e->run == 1 ? "" : "s");
    if (e->parent)
        mr_buf_printf(out, ", beside epoch %u", e->parent);
    mr_buf_addc(out, '\n');
    show_sources(d, out);
    mr_buf_addz(out, "stages\n");
    for (size_t i = 0; i < d->plan->stage_count; i++)
        if (d->above[i])
            show_stage(d, &d->plan->stages[i], out);
}

/* ---- commands ---- */

/* SINK[@EPOCH], where only one pipeline is there; `unknown` is what it was as a pipeline's name. */
static struct mr_error *open_sink(struct mr_browse *b, const struct mr_call *call, uint32_t *epoch,
                                  struct mr_str *sink, struct mr_error *unknown)
{
    const struct options *o = call->options;
    struct mr_str given = call->args[0];
    size_t at = mr_str_find(given, MR_STR("@"), 0), end = at == SIZE_MAX ? given.len : at;
    struct mr_str rest = mr_str_span(given.ptr + end, given.len - end);
    struct mr_error *e = mr_topic_open_pipeline(b, o->state, rest, call->arena, epoch);
    if (e) {
        mr_error_free(e);
        return unknown;
    }
    mr_error_free(unknown);
    *sink = mr_str_span(given.ptr, end);
    return NULL;
}

/* PIPELINE[.SINK][@EPOCH]: *sink empty where none is named. */
static struct mr_error *open_named(struct mr_browse *b, const struct mr_call *call, uint32_t *epoch,
                                   struct mr_str *sink)
{
    const struct options *o = call->options;
    struct mr_str given = call->arg_count ? call->args[0] : (struct mr_str){0};
    *sink = (struct mr_str){0};
    struct mr_error *e = mr_topic_open_pipeline(b, o->state, given, call->arena, epoch);
    size_t dot = mr_str_find(given, MR_STR("."), 0);
    if (!e || mr_error_code(e) != MR_RUN_UNKNOWN)
        return e;
    if (dot == SIZE_MAX)
        return call->arg_count ? open_sink(b, call, epoch, sink, e) : e;
    mr_error_free(e);
    size_t at = mr_str_find(given, MR_STR("@"), 0), end = at == SIZE_MAX ? given.len : at;
    *sink = mr_str_span(given.ptr + dot + 1, end - dot - 1);
    struct mr_str pipeline = mr_arena_printf(call->arena, "%.*s%.*s", (int)dot, given.ptr,
                                             (int)(given.len - end), given.ptr + end);
    return mr_topic_open_pipeline(b, o->state, pipeline, call->arena, epoch);
}

static struct mr_error *choose_sink(struct dataset *d, struct mr_str wanted)
{
    struct mr_buf names = {0};
    size_t count = 0;
    d->sink = MR_PLAN_NONE;
    for (size_t i = 0; i < d->plan->stage_count; i++) {
        const struct mr_plan_stage *s = &d->plan->stages[i];
        if (s->kind != MR_STAGE_SINK || (wanted.len && !mr_str_eq(s->id, wanted)))
            continue;
        d->sink = (int)i;
        mr_buf_printf(&names, "%s%.*s.%.*s", count++ ? ", " : "", MR_FMT(d->plan->name),
                      MR_FMT(s->id));
    }
    struct mr_error *e = NULL;
    if (count == 0)
        e = mr_error_remedy(mr_error(MR_NAME_UNKNOWN, "pipeline \"%.*s\" has no sink \"%.*s\"",
                                     MR_FMT(d->plan->name), MR_FMT(wanted)),
                            "`millrace dataset ls %.*s` lists them.", MR_FMT(d->plan->name));
    else if (count > 1)
        e = mr_error_remedy(
            mr_error(MR_USAGE, "\"%.*s\" has several datasets", MR_FMT(d->plan->name)),
            "Name one of them: %s.", mr_buf_text(&names));
    mr_buf_finish(&names);
    return e;
}

static struct mr_error *show(struct mr_browse *b, const struct mr_call *call, uint32_t number,
                             struct mr_str sink)
{
    const struct options *o = call->options;
    struct dataset d = {.browse = b, .plan = b->plan, .epoch = mr_record_epoch(&b->record, number)};
    MR_TRY(choose_sink(&d, sink));
    MR_TRY(mr_epochs_card(&b->home, number, call->arena, &d.card));
    mark_above(&d, call->arena);
    struct mr_json_out j = {0};
    if (o->json) {
        show_json(&d, &j);
        mr_print_json(&j);
    } else {
        show_text(&d, &j.text);
        mr_print(&j.text);
    }
    mr_buf_finish(&j.text);
    return NULL;
}

static enum mr_exit run_show(const struct mr_call *call)
{
    struct mr_browse b;
    struct mr_str sink;
    uint32_t epoch;
    struct mr_error *e = open_named(&b, call, &epoch, &sink);
    if (e)
        return mr_fail(e);
    e = show(&b, call, epoch, sink);
    mr_browse_close(&b);
    return e ? mr_fail(e) : MR_EXIT_OK;
}

static void list_one(const struct options *o, const struct dataset *d, struct mr_json_out *j)
{
    if (o->json) {
        mr_json_begin_object(j);
        address_json(d, j);
        mr_json_end_object(j);
        return;
    }
    const struct mr_recorded_sink *r = recorded(d);
    struct mr_buf address = {0};
    char hex[MR_ID_HEX_LEN + 1] = "not known yet";
    add_address(d, &address);
    if (r)
        mr_content_hex(&r->content, hex);
    mr_buf_printf(&j->text, "%-36.*s  %-9s  %12llu rows  %s%s\n", MR_FMT(mr_buf_str(&address)),
                  mr_epoch_states[d->epoch->state], r ? (unsigned long long)r->rows : 0ull, hex,
                  mr_epoch_partial(d->epoch) ? "  (a part)" : "");
    mr_buf_finish(&address);
}

static struct mr_error *list(struct mr_browse *b, const struct mr_call *call, struct mr_json_out *j)
{
    const struct mr_registry *registry;
    MR_TRY(mr_program_registry(&registry));
    for (size_t i = 0; i < b->record.epoch_count; i++) {
        struct mr_plan *plan;
        struct dataset d = {.browse = b, .epoch = &b->record.epochs[i]};
        MR_TRY(mr_home_epoch_plan(&b->home, d.epoch->number, registry, mr_program_connectors(),
                                  call->arena, &plan));
        d.plan = plan;
        for (size_t s = 0; s < plan->stage_count; s++) {
            d.sink = (int)s;
            if (plan->stages[s].kind == MR_STAGE_SINK)
                list_one(call->options, &d, j);
        }
    }
    return NULL;
}

static enum mr_exit run_list(const struct mr_call *call)
{
    const struct options *o = call->options;
    struct mr_browse b;
    struct mr_json_out j = {0};
    struct mr_str wanted = call->arg_count ? call->args[0] : (struct mr_str){0};
    struct mr_error *e = mr_browse_open(&b, o->state, wanted, call->arena);
    if (e)
        return mr_fail(e);
    if (o->json)
        mr_json_begin_array(&j);
    e = list(&b, call, &j);
    if (!e && o->json) {
        mr_json_end_array(&j);
        mr_print_json(&j);
    } else if (!e) {
        mr_print(&j.text);
    }
    mr_buf_finish(&j.text);
    mr_browse_close(&b);
    return e ? mr_fail(e) : MR_EXIT_OK;
}

static const struct mr_command show_command = {
    .name = "show",
    .arguments = "[[PIPELINE.]SINK[@EPOCH]|PIPELINE[@EPOCH]]",
    .max_args = 1,
    .doc = "Print a dataset's card: address, content, definition, stages, counts.",
    .notes =
        "The content hash is the sum over all rows of a hash of identity and content: equal for "
        "the\n"
        "same rows in any order and any number of files. The definition hash covers every stage\n"
        "above the sink with operators, versions, parameters and keys. Counts are of all runs.",
    .options_size = sizeof(struct options),
    .options = option_table,
    .run = run_show,
};

static const struct mr_command list_command = {
    .name = "ls",
    .arguments = "[PIPELINE|TOPOLOGY]",
    .max_args = 1,
    .doc = "List the datasets of a pipeline: each sink in each epoch.",
    .options_size = sizeof(struct options),
    .options = option_table,
    .run = run_list,
};

static const struct mr_command *const subs[] = {&show_command, &list_command, NULL};

const struct mr_command mr_command_dataset = {
    .name = "dataset",
    .doc = "Show what a sink holds and how it came about.",
    .subs = subs,
};
