/* `millrace why`: what became of a row, stage by stage, and the numbers behind it. */
#include <stdio.h>
#include <stdlib.h>

#include "stages/command/command.h"
#include "stages/command/lines.h"
#include "stages/look/trace_print.h"
#include "stages/look/where.h"

enum { FOUND_DEFAULT = 10, BATCH = 20000, CANDIDATES = 8, MAX_LINE = 4096 };

struct options {
    struct mr_str where, in, state;
    uint64_t limit, epoch;
    bool json;
};

struct view {
    const struct options *o;
    struct mr_browse browse;
    struct mr_tracer *tracer;
    struct mr_where *where;
    struct mr_str prefix;
    struct mr_id *ids;
    size_t count, capacity, most;
    bool distinct;
    struct mr_json_out json;
    struct mr_buf text;
};

static void close_view(struct view *v)
{
    mr_tracer_destroy(v->tracer);
    mr_where_close(v->where);
    mr_browse_close(&v->browse);
    free(v->ids);
    mr_buf_finish(&v->json.text);
    mr_buf_finish(&v->text);
}

static bool is_known(const struct view *v, const struct mr_id *id)
{
    for (size_t i = 0; v->distinct && i < v->count; i++)
        if (mr_id_eq(&v->ids[i], id))
            return true;
    return false;
}

static void add_id(struct view *v, const struct mr_id *id)
{
    if (v->count == v->capacity) {
        v->capacity = v->capacity ? 2 * v->capacity : 64;
        v->ids = mr_realloc(v->ids, v->capacity * sizeof *v->ids);
    }
    v->ids[v->count++] = *id;
}

static struct mr_error *explain(struct view *v, const struct mr_id *id)
{
    struct mr_trace *trace;
    MR_TRY(mr_tracer_find(v->tracer, id, &trace));
    if (v->o->json) {
        mr_trace_json(trace, id, &v->json);
        mr_print_json(&v->json);
    } else {
        mr_trace_text(trace, id, &v->text);
        mr_print(&v->text);
        v->text.len = 0;
    }
    return NULL;
}

/* ---- one row, by its id or the first digits of it ---- */

static struct mr_error *match_prefix(void *arg, const struct mr_browse_row *row, bool *stop)
{
    struct view *v = arg;
    if (mr_browse_has_prefix(&row->head.id, v->prefix) && !is_known(v, &row->head.id))
        add_id(v, &row->head.id);
    *stop = v->count >= CANDIDATES;
    return NULL;
}

static struct mr_error *ambiguous(const struct view *v)
{
    struct mr_buf list = {0};
    for (size_t i = 0; i < v->count; i++) {
        char hex[MR_ID_HEX_LEN + 1];
        mr_id_hex(&v->ids[i], hex);
        mr_buf_printf(&list, "%s%s", i ? ", " : "", hex);
    }
    struct mr_error *e =
        mr_error(MR_ROW_AMBIGUOUS, "several rows begin with \"%.*s\": %s%s", MR_FMT(v->prefix),
                 mr_buf_text(&list), v->count >= CANDIDATES ? " …" : "");
    mr_buf_finish(&list);
    return e;
}

static struct mr_error *by_id(struct view *v, struct mr_str text)
{
    struct mr_id id;
    if (mr_id_parse(text, &id))
        return explain(v, &id);
    if (!mr_browse_is_prefix(text))
        return mr_error(MR_USAGE, "\"%.*s\" is not the id of a row: up to %d hex digits, small letters",
                        MR_FMT(text), MR_ID_HEX_LEN);
    v->prefix = text;
    v->distinct = true;
    for (size_t i = 0; i < v->browse.plan->topic_count && v->count < CANDIDATES; i++)
        MR_TRY(mr_browse_topic(&v->browse, (int)i, match_prefix, v));
    if (v->count == 0)
        return mr_error(MR_ROW_UNKNOWN, "pipeline \"%.*s\" keeps no row that begins with \"%.*s\"",
                        MR_FMT(v->browse.plan->name), MR_FMT(text));
    return v->count > 1 ? ambiguous(v) : explain(v, &v->ids[0]);
}

/* ---- many rows ---- */

static struct mr_error *explain_all(struct view *v)
{
    if (v->count > 1)
        MR_TRY(mr_tracer_prepare(v->tracer, v->ids, v->count));
    for (size_t i = 0; i < v->count; i++)
        MR_TRY(explain(v, &v->ids[i]));
    v->count = 0;
    return NULL;
}

/* Ids from standard input, one a line. */
static struct mr_error *from_input(struct view *v)
{
    struct mr_lines lines = {.in = stdin, .max_bytes = MAX_LINE};
    struct mr_str line;
    struct mr_error *e = NULL;
    bool too_long;
    while (!e && mr_lines_next(&lines, &line, &too_long)) {
        struct mr_id id;
        line = mr_str_trim(line);
        if (!line.len)
            continue;
        if (mr_id_parse(line, &id))
            add_id(v, &id);
        else
            e = mr_error(MR_USAGE, "line %llu is not the id of a row",
                         (unsigned long long)lines.number);
        if (!e && v->count == BATCH)
            e = explain_all(v);
    }
    mr_lines_finish(&lines);
    return e ? e : explain_all(v);
}

static struct mr_error *match_where(void *arg, const struct mr_browse_row *row, bool *stop)
{
    struct view *v = arg;
    if (mr_where_meets(v->where, row->map) && !is_known(v, &row->head.id))
        add_id(v, &row->head.id);
    *stop = v->count >= v->most;
    return NULL;
}

/* Whole name of a topic, or STAGE.OUTPUT, or STAGE. */
static bool is_meant(const struct mr_browse *b, size_t topic, struct mr_str given)
{
    const struct mr_plan_topic *t = &b->plan->topics[topic];
    struct mr_str stage = b->plan->stages[t->stage].id;
    size_t prefix = b->plan->name.len + 1;
    if (mr_str_eq(t->name, given))
        return true;
    struct mr_str rest = mr_str_span(t->name.ptr + prefix, t->name.len - prefix);
    bool out = mr_str_starts(mr_str_span(rest.ptr + stage.len, rest.len - stage.len),
                             MR_STR(".out."));
    if (mr_str_eq(stage, given))
        return out;
    return mr_str_starts(rest, given) && mr_str_starts(mr_str_span(rest.ptr + given.len,
                                                                   rest.len - given.len),
                                                       MR_STR(".e"));
}

/* In what sources gave out, unless a topic is named. */
static bool is_searched(const struct view *v, size_t topic)
{
    const struct mr_plan_topic *t = &v->browse.plan->topics[topic];
    const struct mr_plan_stage *writer = &v->browse.plan->stages[t->stage];
    if (v->o->in.len)
        return is_meant(&v->browse, topic, v->o->in);
    return writer->kind == MR_STAGE_SOURCE && writer->part != MR_SOURCE_LIST && !t->record;
}

static struct mr_error *by_content(struct view *v)
{
    bool any = false;
    v->most = v->o->limit ? (size_t)v->o->limit : FOUND_DEFAULT;
    v->distinct = v->most <= 1000;
    for (size_t i = 0; i < v->browse.plan->topic_count && v->count < v->most; i++)
        if (is_searched(v, i)) {
            any = true;
            MR_TRY(mr_browse_topic(&v->browse, (int)i, match_where, v));
        }
    if (!any)
        return mr_error_remedy(mr_error(MR_NAME_UNKNOWN, "pipeline \"%.*s\" has no topic \"%.*s\"",
                                        MR_FMT(v->browse.plan->name), MR_FMT(v->o->in)),
                               "`millrace topics ls` lists them.");
    if (!v->count)
        return mr_error(MR_ROW_UNKNOWN, "no row meets \"%.*s\"", MR_FMT(v->o->where));
    if (!v->o->limit && v->count == v->most)
        fprintf(stderr, "millrace: the first %zu rows; --limit N shows more\n", v->count);
    return explain_all(v);
}

/* The current epoch, or another one that is kept. */
static struct mr_error *open_browse(struct view *v, const struct mr_call *call, struct mr_str wanted)
{
    const struct mr_registry *registry;
    if (v->o->epoch > UINT32_MAX)
        return mr_error(MR_USAGE, "--epoch wants the number of an epoch");
    MR_TRY(mr_browse_open(&v->browse, v->o->state, wanted, call->arena));
    if (!v->o->epoch)
        return NULL;
    struct mr_error *e = mr_program_registry(&registry);
    if (!e)
        e = mr_home_epoch_plan(&v->browse.home, (uint32_t)v->o->epoch, registry,
                               mr_program_connectors(), call->arena, &v->browse.plan);
    if (e)
        mr_browse_close(&v->browse);
    return e;
}

static struct mr_error *usage(const char *fact)
{
    return mr_error_remedy(mr_error(MR_USAGE, "%s", fact),
                           "`millrace topics cat STAGE --head` prints ids; `millrace why --help` "
                           "shows more.");
}

static enum mr_exit run(const struct mr_call *call)
{
    struct view v = {.o = call->options};
    bool where = v.o->where.len > 0;
    size_t names = call->arg_count - !where;
    if (!where && call->arg_count == 0)
        return mr_fail(usage("`why` wants the id of a row, `-`, or --where"));
    if (where && call->arg_count > 1)
        return mr_fail(usage("`why --where` wants no id"));
    struct mr_str wanted = names ? call->args[0] : (struct mr_str){0};
    struct mr_error *e = mr_where_open(v.o->where, &v.where);
    if (!e)
        e = open_browse(&v, call, wanted);
    if (e) {
        mr_where_close(v.where);
        return mr_fail(e);
    }
    v.tracer = mr_tracer_create(&v.browse);
    if (where)
        e = by_content(&v);
    else if (mr_str_is(call->args[names], "-"))
        e = from_input(&v);
    else
        e = by_id(&v, call->args[names]);
    close_view(&v);
    return e ? mr_fail(e) : MR_EXIT_OK;
}

static const struct mr_option option_table[] = {
    {.name = "where", MR_OPTION(struct options, where), .value = "EXPR",
     .doc = "Find rows by their content instead of an id."},
    {.name = "in", MR_OPTION(struct options, in), .value = "TOPIC",
     .doc = "With --where: look in this topic (default: what the sources gave out)."},
    {.name = "limit", .letter = 'n', MR_OPTION(struct options, limit), .value = "N", .least = 1,
     .doc = "With --where: at most N rows (default: 10)."},
    {.name = "epoch", MR_OPTION(struct options, epoch), .value = "N", .least = 1,
     .doc = "In this epoch of the pipeline (default: the current one)."},
    MR_OPTION_STATE(struct options),
    MR_OPTION_JSON(struct options),
    {0},
};

const struct mr_command mr_command_why = {
    .name = "why",
    .arguments = "[PIPELINE] ROW_ID|-",
    .max_args = 2,
    .doc = "Show the way of a row: what each stage made of it, and why it left.",
    .notes = "The first digits of an id are enough where no other row has them; `-` reads ids from\n"
             "standard input, one a line. Works while the pipeline runs and afterwards, within what\n"
             "retention keeps. Rows between fused stages are made again by running them through the\n"
             "stages that keep nothing (\"run again\").\n\n"
             "  millrace why 5f2c01\n"
             "  millrace why --where 'url == \"https://example.org/\"'\n"
             "  millrace topics cat words.drops --head | jq -r .id | millrace why - --json",
    .options_size = sizeof(struct options),
    .options = option_table,
    .run = run,
};
