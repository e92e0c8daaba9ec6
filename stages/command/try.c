/* `millrace try`: one operator over rows of standard input, without a topology or a log. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "runtime/base/file.h"
#include "runtime/flow/chain.h"
#include "runtime/row/json.h"
#include "runtime/row/row.h"
#include "stages/command/command.h"
#include "stages/command/lines.h"

enum {
    MAX_ROW_BYTES = 8 << 20,
    MAX_LINE_BYTES = 64 << 20,
    COMMIT_ROWS = 512, /* state is put down after this many rows: bounds what is pending */
};

struct options {
    struct mr_pairs set, key;
    int mode;
    bool all;
    uint64_t seed;
};

static const struct mr_option option_table[] = {
    {.name = "set",
     MR_OPTION(struct options, set),
     .value = "PARAM=VALUE",
     .doc = "Set a parameter; may be repeated."},
    {.name = "key",
     MR_OPTION(struct options, key),
     .value = "ROLE=KEY",
     .doc = "Bind a key role; repeat a role to bind several keys, `null` unbinds it."},
    {.name = "mode",
     MR_OPTION(struct options, mode),
     .choices = "unicode|compat",
     .doc = "Right for all languages (default), or as the reference does."},
    {.name = "all",
     MR_OPTION(struct options, all),
     .doc = "Write rows that left, too, with \"_outcome\"."},
    {.name = "seed",
     MR_OPTION(struct options, seed),
     .value = "N",
     .doc = "Seed of random choices."},
    {0},
};

struct trial {
    struct mr_chain *chain;
    struct mr_store *store;
    struct mr_buf store_dir;
    struct mr_buf json;   /* one row on its way out */
    struct mr_buf packed; /* one row on its way in  */
    const struct mr_op *op;
    bool all;
    uint64_t bad; /* lines that were no rows, rows rejected */
};

static void write_row(struct trial *t, const struct mr_row *row)
{
    t->packed.len = 0;
    mr_row_encode(row, &t->packed);
    mr_json_write_value((struct mr_value){(const uint8_t *)t->packed.ptr, (uint32_t)t->packed.len},
                        &t->json);
}

static struct mr_error *flush_row(struct trial *t)
{
    mr_buf_addc(&t->json, '\n');
    mr_print(&t->json);
    t->json.len = 0;
    return NULL;
}

static struct mr_error *forward(void *arg, int stage, struct mr_row *row, struct mr_leave *refused)
{
    (void)stage;
    struct trial *t = arg;
    write_row(t, row);
    if (t->packed.len > MAX_ROW_BYTES) {
        t->json.len = 0;
        refused->outcome = MR_LEFT_TOO_LARGE;
        refused->note = MR_STR("the row is larger than 8 MiB");
        return NULL;
    }
    return flush_row(t);
}

/* {"name":"too_short","value":3,"threshold":5} */
/* Counts look like counts; where an outcome measures nothing, both figures are null. */
static void write_figure(struct mr_json_out *j, const char *name, bool measured, double figure)
{
    mr_json_key(j, name);
    if (!measured)
        mr_json_null(j);
    else if (figure > -1e15 && figure < 1e15 && figure == (double)(int64_t)figure)
        mr_json_int(j, (int64_t)figure);
    else
        mr_json_real(j, figure);
}

static void write_outcome(const struct mr_leave *leave, struct mr_buf *out)
{
    struct mr_json_out j = {0};
    mr_json_begin_object(&j);
    mr_json_key(&j, "name");
    mr_json_textz(&j, leave->name);
    write_figure(&j, "value", leave->measured, leave->value);
    write_figure(&j, "threshold", leave->measured, leave->threshold);
    if (leave->note.len) {
        mr_json_key(&j, "note");
        mr_json_text(&j, leave->note);
    }
    mr_json_end_object(&j);
    mr_buf_adds(out, mr_buf_str(&j.text));
    mr_buf_finish(&j.text);
}

static struct mr_error *left(void *arg, const struct mr_leave *leave, struct mr_row *row)
{
    struct trial *t = arg;
    if (leave->kind == MR_REJECT) {
        t->bad++;
        fprintf(stderr, "line %u: rejected: %s%s%.*s\n", row->head.place.record + 1, leave->name,
                leave->note.len ? ": " : "", MR_FMT(leave->note));
    }
    if (!t->all)
        return NULL;
    write_row(t, row);
    /* The outcome goes in before the closing brace. */
    t->json.len--;
    mr_buf_addz(&t->json, t->json.ptr[t->json.len - 1] == '{' ? "\"_outcome\":" : ",\"_outcome\":");
    write_outcome(leave, &t->json);
    mr_buf_addc(&t->json, '}');
    return flush_row(t);
}

/* `null` means null where the parameter can be null, and the text where it cannot. */
static void settings_of(const struct mr_op *op, const struct mr_pairs *set, struct mr_arena *arena,
                        struct mr_plan_stage *stage)
{
    stage->settings = mr_arena_alloc(arena, (set->count + 1) * sizeof *stage->settings);
    stage->setting_count = set->count;
    for (size_t i = 0; i < set->count; i++) {
        const struct mr_param *p =
            op->params ? mr_param_find(op->params, set->items[i].name) : NULL;
        stage->settings[i] = set->items[i];
        stage->settings[i].null = set->items[i].null && p && p->nullable;
    }
}

/* Equal roles are collected: `--key input_keys=a --key input_keys=b` binds both. */
static void bindings_of(const struct mr_pairs *key, struct mr_arena *arena,
                        struct mr_plan_stage *stage)
{
    stage->bound = mr_arena_zalloc(arena, (key->count + 1) * sizeof *stage->bound);
    for (size_t i = 0; i < key->count; i++) {
        struct mr_str role = key->items[i].name;
        bool seen = false;
        for (size_t k = 0; k < i && !seen; k++)
            seen = mr_str_eq(key->items[k].name, role);
        if (seen)
            continue;
        struct mr_str *keys = mr_arena_alloc(arena, key->count * sizeof *keys);
        size_t count = 0;
        for (size_t k = i; k < key->count; k++)
            if (mr_str_eq(key->items[k].name, role) && !key->items[k].null)
                keys[count++] = key->items[k].value;
        stage->bound[stage->bound_count++] = (struct mr_bound_role){role, keys, count};
    }
}

static struct mr_plan *make_plan(const struct mr_call *call, const struct mr_op *op)
{
    const struct options *o = call->options;
    struct mr_arena *arena = call->arena;
    struct mr_plan *plan = mr_arena_zalloc(arena, sizeof *plan);
    struct mr_plan_stage *stage = mr_arena_zalloc(arena, sizeof *stage);
    struct mr_plan_group *group = mr_arena_zalloc(arena, sizeof *group);
    struct mr_plan_output *output = mr_arena_zalloc(arena, sizeof *output);
    int *stages = mr_arena_zalloc(arena, sizeof *stages);
    *output = (struct mr_plan_output){
        .name = MR_STR("out"), .outcome = MR_PLAN_NONE, .topic = MR_PLAN_NONE};
    *stage = (struct mr_plan_stage){
        .id = MR_STR("try"),
        .kind = MR_STAGE_OPERATOR,
        .use = mr_str_of(op->name),
        .op = op,
        .mode = o->mode == 2 ? MR_MODE_COMPAT : MR_MODE_UNICODE,
        .also_prepares = op->prepare != NULL,
        .outputs = output,
        .output_count = 1,
        .drops_topic = MR_PLAN_NONE,
        .dead_topic = MR_PLAN_NONE,
        .order = op->ordered ? MR_ORDER_STREAM : MR_ORDER_NONE,
    };
    settings_of(op, &o->set, arena, stage);
    bindings_of(&o->key, arena, stage);
    *group = (struct mr_plan_group){.stages = stages,
                                    .stage_count = 1,
                                    .partitions = 1,
                                    .scale = 1,
                                    .first_bell = MR_BELL_FIRST};
    *plan = (struct mr_plan){
        .name = MR_STR("try"),
        .epoch = 1,
        .seed = o->seed,
        .max_row_bytes = MAX_ROW_BYTES,
        .base_dir = MR_STR("."),
        .stages = stage,
        .stage_count = 1,
        .groups = group,
        .group_count = 1,
    };
    return plan;
}

static struct mr_error *open_store(struct trial *t)
{
    const char *tmp = getenv("TMPDIR");
    mr_buf_printf(&t->store_dir, "%s/millrace-try.XXXXXX", tmp && *tmp ? tmp : "/tmp");
    mr_buf_text(&t->store_dir);
    if (!mkdtemp(t->store_dir.ptr)) {
        int errnum = errno;
        struct mr_error *e = mr_file_error(errnum, "make the folder", t->store_dir.ptr);
        mr_buf_finish(&t->store_dir);
        return mr_error_remedy(e, "Point TMPDIR to a writable folder.");
    }
    return mr_store_open(t->store_dir.ptr, &(struct mr_store_options){.no_sync = true}, &t->store);
}

static struct mr_error *open_trial(struct trial *t, const struct mr_plan *plan)
{
    static const int stages[] = {0};
    struct mr_chain_callbacks callbacks = {.arg = t, .forward = forward, .left = left};
    MR_TRY(open_store(t));
    return mr_chain_create(plan, stages, 1, 1, t->store, &callbacks, &t->chain);
}

static struct mr_error *close_trial(struct trial *t)
{
    mr_chain_destroy(t->chain);
    mr_store_close(t->store);
    struct mr_error *e = t->store_dir.len ? mr_dir_remove(mr_buf_text(&t->store_dir)) : NULL;
    mr_buf_finish(&t->store_dir);
    mr_buf_finish(&t->json);
    mr_buf_finish(&t->packed);
    return e;
}

static struct mr_error *push_line(struct trial *t, struct mr_json_reader *reader,
                                  struct mr_str line, uint64_t number)
{
    struct mr_buf map = {0};
    struct mr_error *e = mr_json_read_object(reader, line, MR_UTF8_REJECT, &map);
    if (!e && map.len > MAX_ROW_BYTES)
        e = mr_error_row(mr_error(MR_ROW_TOO_LARGE, "the row has %zu bytes", map.len));
    if (!e) {
        struct mr_head head = {.kind = MR_KIND_ROW, .run = 1, .n = number};
        head.place.record = (uint32_t)(number - 1);
        head.id = mr_id_source(MR_STR("try"), MR_STR("stdin"), number - 1, 0);
        e = mr_chain_push(t->chain, &head, mr_buf_str(&map));
        mr_chain_batch_end(t->chain);
    }
    mr_buf_finish(&map);
    if (!mr_error_is_row(e))
        return e;
    fprintf(stderr, "line %llu: %s\n", (unsigned long long)number, mr_error_message(e));
    t->bad++;
    mr_error_free(e);
    return NULL;
}

static struct mr_error *run_rows(struct trial *t)
{
    struct mr_json_reader *reader = mr_json_reader_create();
    struct mr_lines lines = {.in = stdin, .max_bytes = MAX_LINE_BYTES};
    struct mr_error *e = NULL;
    struct mr_str line;
    bool too_long;
    while (!e && mr_lines_next(&lines, &line, &too_long)) {
        if (too_long) {
            fprintf(stderr, "line %llu: longer than %d bytes\n", (unsigned long long)lines.number,
                    MAX_LINE_BYTES);
            t->bad++;
        } else if (mr_str_trim(line).len) {
            e = push_line(t, reader, line, lines.number);
        }
        if (!e && lines.number % COMMIT_ROWS == 0)
            e = mr_store_commit(t->store);
    }
    bool done = false;
    while (!e && !done) {
        e = mr_chain_cut(t->chain, 1, COMMIT_ROWS, &done);
        mr_chain_batch_end(t->chain);
        if (!e)
            e = mr_store_commit(t->store);
    }
    mr_lines_finish(&lines);
    mr_json_reader_destroy(reader);
    return e;
}

static enum mr_exit run(const struct mr_call *call)
{
    const struct options *o = call->options;
    struct trial t = {.all = o->all};
    struct mr_error *e = mr_program_operator(call->args[0], &t.op);
    if (e)
        return mr_fail(e);
    e = open_trial(&t, make_plan(call, t.op));
    if (!e)
        e = run_rows(&t);
    bool general = mr_error_remedy_text(e) == mr_code_remedy(mr_error_code(e));
    if (mr_error_code(e) == MR_PARAM_INVALID && general)
        e = mr_error_remedy(e, "`millrace ops show %s` lists parameters and key roles.",
                            t.op->name);
    struct mr_error *closing = close_trial(&t);
    if (e) {
        mr_error_free(closing);
        return mr_fail(e);
    }
    if (closing)
        return mr_fail(closing);
    return t.bad ? MR_EXIT_REJECTED : MR_EXIT_OK;
}

const struct mr_command mr_command_try = {
    .name = "try",
    .arguments = "OPERATOR",
    .min_args = 1,
    .max_args = 1,
    .doc = "Run one operator over JSON lines of standard input.",
    .notes =
        "Rows go to standard output, one JSON object a line; lines that are no rows and rows\n"
        "that were rejected are named on standard error (exit code 4). Rows that an operator\n"
        "keeps until the end come out at the end of the input.\n\n"
        "  millrace try general_text.ngram_filter --set ngrams=3 --key input_key=text < rows.jsonl",
    .options_size = sizeof(struct options),
    .options = option_table,
    .run = run,
};
