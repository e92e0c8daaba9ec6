/* The harness: a plan of one operator made by hand, rows through the chain in memory. */
#include "tests/operators/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "runtime/base/file.h"
#include "runtime/flow/chain.h"
#include "runtime/row/json.h"

enum { SETTINGS_MAX = 32 };

/* What one test program shares: the JSON reader and a store that is never committed. */
struct bench {
    char dir[64];
    struct mr_store *store;
    struct mr_json_reader *reader;
};
static struct bench bench;

struct outcome_seen {
    char name[64];
};
static struct outcome_seen seen[64];
static size_t seen_count;

void mr_bench_open(void)
{
    const char *tmp = getenv("TMPDIR");
    snprintf(bench.dir, sizeof bench.dir, "%.30s/millrace-op-XXXXXX", tmp ? tmp : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(bench.dir));
    struct mr_store_options options = {.no_sync = true};
    struct mr_error *e = mr_store_open(bench.dir, &options, &bench.store);
    ck_assert_msg(!e, "%s", mr_error_message(e));
    bench.reader = mr_json_reader_create();
    seen_count = 0;
}

void mr_bench_close(void)
{
    mr_store_close(bench.store);
    mr_json_reader_destroy(bench.reader);
    mr_error_free(mr_dir_remove(bench.dir));
    memset(&bench, 0, sizeof bench);
}

/* ---- parameters and keys from text ---- */

/* Takes "name=value" off a blank-separated list. */
static bool next_pair(const char **list, struct mr_str *name, struct mr_str *value)
{
    const char *at = *list + strspn(*list, " ");
    size_t len = strcspn(at, " "), eq = strcspn(at, "=");
    *list = at + len;
    if (!len)
        return false;
    ck_assert_msg(eq < len, "not name=value: %s", at);
    *name = mr_str_span(at, eq);
    *value = mr_str_span(at + eq + 1, len - eq - 1);
    return true;
}

static void settings_of(struct mr_plan_stage *stage, const char *list, struct mr_arena *arena)
{
    stage->settings = mr_arena_zalloc(arena, SETTINGS_MAX * sizeof *stage->settings);
    struct mr_str name, value;
    while (list && next_pair(&list, &name, &value)) {
        bool null = mr_str_is(value, "null");
        stage->settings[stage->setting_count++] = (struct mr_setting){name, value, null};
    }
}

static void bindings_of(struct mr_plan_stage *stage, const char *list, struct mr_arena *arena)
{
    stage->bound = mr_arena_zalloc(arena, SETTINGS_MAX * sizeof *stage->bound);
    struct mr_str role, value;
    while (list && next_pair(&list, &role, &value)) {
        struct mr_str *keys = mr_arena_zalloc(arena, SETTINGS_MAX * sizeof *keys);
        size_t count = 0;
        if (!mr_str_is(value, "null"))
            for (size_t from = 0; from <= value.len;) {
                size_t to = mr_str_find(value, MR_STR(","), from);
                to = to == SIZE_MAX ? value.len : to;
                keys[count++] = mr_str_span(value.ptr + from, to - from);
                from = to + 1;
            }
        stage->bound[stage->bound_count++] = (struct mr_bound_role){role, keys, count};
    }
}

/* ---- rows out ---- */

struct sink {
    struct mr_buf *out;
    bool figures;
};

static void write_row(struct sink *sink, const struct mr_row *row, const struct mr_leave *leave)
{
    struct mr_buf map = {0};
    mr_row_encode(row, &map);
    mr_json_write_value((struct mr_value){(uint8_t *)map.ptr, (uint32_t)map.len}, sink->out);
    mr_buf_finish(&map);
    if (leave) {
        bool empty = sink->out->ptr[sink->out->len - 2] == '{';
        sink->out->len--;
        mr_buf_printf(sink->out, "%s\"_outcome\":\"%s\"", empty ? "" : ",", leave->name);
        if (sink->figures && leave->measured) {
            mr_buf_addz(sink->out, ",\"_value\":");
            mr_buf_add_real(sink->out, leave->value);
            mr_buf_addz(sink->out, ",\"_threshold\":");
            mr_buf_add_real(sink->out, leave->threshold);
        }
        if (sink->figures && leave->note.len) {
            mr_buf_addz(sink->out, ",\"_note\":");
            mr_buf_add_json(sink->out, leave->note);
        }
        mr_buf_addc(sink->out, '}');
    }
    mr_buf_addc(sink->out, '\n');
}

static struct mr_error *forward(void *arg, int stage, struct mr_row *row, struct mr_leave *refused)
{
    (void)stage;
    (void)refused;
    write_row(arg, row, NULL);
    return NULL;
}

static struct mr_error *left(void *arg, const struct mr_leave *leave, struct mr_row *row)
{
    write_row(arg, row, leave);
    bool known = false;
    for (size_t i = 0; i < seen_count; i++)
        known |= strcmp(seen[i].name, leave->name) == 0;
    if (!known && seen_count < sizeof seen / sizeof *seen)
        snprintf(seen[seen_count++].name, sizeof seen->name, "%s", leave->name);
    return NULL;
}

/* ---- running ---- */

static struct mr_id row_id(uint32_t record)
{
    return mr_id_source(MR_STR("cases"), MR_STR("rows"), record, 0);
}

static struct mr_error *push_lines(struct mr_chain *chain, const char *in, size_t batch,
                                   struct mr_arena *arena)
{
    struct mr_buf map = {0};
    struct mr_error *e = NULL;
    uint32_t record = 0;
    for (const char *at = in; !e && *at; record++) {
        struct mr_str line = mr_str_span(at, strcspn(at, "\n"));
        at += line.len + (at[line.len] == '\n');
        map.len = 0;
        e = mr_json_read_object(bench.reader, line, MR_UTF8_REJECT, &map);
        ck_assert_msg(!e, "the case's row does not parse: %.*s: %s", MR_FMT(line),
                      mr_error_message(e));
        struct mr_head head = {.kind = MR_KIND_ROW, .place = {.record = record}, .run = 1};
        head.id = row_id(record);
        e = mr_chain_push(chain, &head, mr_arena_str(arena, mr_buf_str(&map)));
        if (batch && (record + 1) % batch == 0)
            mr_chain_batch_end(chain);
    }
    bool done = false;
    while (!e && !done) {
        e = mr_chain_cut(chain, 1, 2, &done);
        mr_chain_batch_end(chain);
    }
    mr_buf_finish(&map);
    return e;
}

/* The operator's own check of its parameters, which the compiler does before anything runs. */
static struct mr_error *check_params(const struct mr_plan_stage *stage, struct mr_arena *arena)
{
    void *params = mr_arena_zalloc(arena, stage->op->params_size + 1);
    MR_TRY(mr_params_fill(stage->op->params, stage->settings, stage->setting_count, arena, params));
    return stage->op->check ? stage->op->check(params) : NULL;
}

struct mr_error *mr_run_rows(const struct mr_run *run, const char *in, struct mr_buf *out)
{
    struct mr_arena *arena = mr_arena_create(0);
    struct mr_plan_stage stages[2];
    memset(stages, 0, sizeof stages);
    bool apart = run->apart && run->op->prepare;
    for (int i = 0; i < 2; i++) {
        stages[i].id = MR_STR("stage");
        stages[i].kind = MR_STAGE_OPERATOR;
        stages[i].use = mr_str_of(run->op->name);
        stages[i].op = run->op;
        stages[i].mode = run->mode;
        stages[i].number = (uint16_t)i;
        stages[i].also_prepares = run->op->prepare && !apart;
        settings_of(&stages[i], run->set, arena);
        bindings_of(&stages[i], run->keys, arena);
    }
    if (apart) {
        stages[0].id = MR_STR("stage.prepare");
        stages[0].kind = MR_STAGE_PREPARE;
    }
    struct mr_plan plan = {.name = MR_STR("test"), .stages = stages, .stage_count = 2,
                           .max_row_bytes = 8u << 20};
    struct sink sink = {out, run->figures};
    struct mr_chain_callbacks callbacks = {.arg = &sink, .forward = forward, .left = left};
    static const int order[] = {0, 1};
    struct mr_chain *chain = NULL;
    struct mr_error *e = check_params(&stages[0], arena);
    if (!e)
        e = mr_chain_create(&plan, order, apart ? 2 : 1, 1, bench.store, &callbacks, &chain);
    if (!e)
        e = push_lines(chain, in, run->batch, arena);
    mr_chain_destroy(chain);
    if (!run->keep)
        mr_store_rollback(bench.store);
    mr_arena_destroy(arena);
    return e;
}

/* ---- comparing ---- */

/* The line with each "@id:N" replaced by the id of input row N. */
static struct mr_str with_ids(struct mr_str line, struct mr_buf *out)
{
    const struct mr_str mark = MR_STR("@id:");
    size_t from = 0;
    out->len = 0;
    for (size_t at; (at = mr_str_find(line, mark, from)) != SIZE_MAX;) {
        char hex[MR_ID_HEX_LEN + 1];
        struct mr_id id = row_id((uint32_t)(line.ptr[at + mark.len] - '0'));
        mr_id_hex(&id, hex);
        mr_buf_add(out, line.ptr + from, at - from);
        mr_buf_addz(out, hex);
        from = at + mark.len + 1;
    }
    mr_buf_add(out, line.ptr + from, line.len - from);
    return mr_buf_str(out);
}

/* Expected lines in the form in which outputs are printed. */
static void normalise(const char *lines, struct mr_buf *out)
{
    struct mr_buf map = {0}, own = {0};
    for (const char *at = lines; *at;) {
        struct mr_str line = mr_str_span(at, strcspn(at, "\n"));
        at += line.len + (at[line.len] == '\n');
        line = with_ids(line, &own);
        map.len = 0;
        struct mr_error *e = mr_json_read_object(bench.reader, line, MR_UTF8_REJECT, &map);
        ck_assert_msg(!e, "the expected row does not parse: %.*s: %s", MR_FMT(line),
                      mr_error_message(e));
        mr_json_write_value((struct mr_value){(uint8_t *)map.ptr, (uint32_t)map.len}, out);
        mr_buf_addc(out, '\n');
    }
    mr_buf_finish(&map);
    mr_buf_finish(&own);
}

static void expect(const struct mr_run *run, const char *name, const char *in, const char *out)
{
    struct mr_buf got = {0}, wanted = {0};
    struct mr_error *e = mr_run_rows(run, in, &got);
    ck_assert_msg(!e, "%s: %s", name, mr_error_message(e));
    normalise(out, &wanted);
    ck_assert_msg(mr_str_eq(mr_buf_str(&got), mr_buf_str(&wanted)),
                  "case \"%s\" (batch %zu%s)\n--- expected\n%s--- got\n%s", name, run->batch,
                  run->apart ? ", prepare apart" : "", mr_buf_text(&wanted), mr_buf_text(&got));
    mr_buf_finish(&got);
    mr_buf_finish(&wanted);
}

static void expect_error(const struct mr_run *run, const struct mr_case *c)
{
    struct mr_buf got = {0};
    struct mr_error *e = mr_run_rows(run, c->in ? c->in : "", &got);
    ck_assert_msg(e != NULL, "case \"%s\" should be refused", c->name);
    ck_assert_msg(strstr(mr_error_message(e), c->error) != NULL, "case \"%s\": %s", c->name,
                  mr_error_message(e));
    mr_error_free(e);
    mr_buf_finish(&got);
}

static bool has_figures(const char *out)
{
    return strstr(out, "\"_value\"") || strstr(out, "\"_note\"");
}

/* ---- the tests of one operator ---- */

/* Check gives a test function only an index, so the operator under test is kept here; each test runs
 * in a process of its own. */
static struct {
    const struct mr_op *op;
    const struct mr_case *cases;
} operators[128];
static int operator_count;

static void run_case(const struct mr_op *op, const struct mr_case *c, size_t batch, bool apart)
{
    struct mr_run run = {.op = op, .set = c->set, .keys = c->keys, .mode = c->mode, .batch = batch,
                         .apart = apart, .figures = c->out && has_figures(c->out)};
    if (c->error)
        expect_error(&run, c);
    else
        expect(&run, c->name, c->in, c->out);
}

static void run_examples(const struct mr_op *op, size_t batch)
{
    for (const struct mr_example *x = op->examples; x && x->in; x++) {
        struct mr_run run = {.op = op, .set = x->set, .keys = x->keys, .batch = batch};
        expect(&run, "example", x->in, x->out);
    }
}

START_TEST(cases_and_outcomes)
{
    const struct mr_op *op = operators[_i].op;
    mr_bench_open();
    for (const struct mr_case *c = operators[_i].cases; c->name; c++)
        run_case(op, c, 0, false);
    run_examples(op, 0);
    for (const struct mr_outcome *o = op->outcomes; o && o->name; o++) {
        bool reached = false;
        for (size_t i = 0; i < seen_count; i++)
            reached |= strcmp(seen[i].name, o->name) == 0;
        ck_assert_msg(reached, "no case reaches outcome \"%s\" of %s", o->name, op->name);
    }
    ck_assert_msg(op->examples && op->examples[0].in, "%s has no example", op->name);
    mr_bench_close();
}
END_TEST

START_TEST(batches_and_prepare_apart)
{
    const struct mr_op *op = operators[_i].op;
    mr_bench_open();
    for (const struct mr_case *c = operators[_i].cases; c->name; c++) {
        run_case(op, c, 1, false);
        run_case(op, c, 3, op->prepare != NULL);
    }
    run_examples(op, 1);
    mr_bench_close();
}
END_TEST

/* The same line with a foreign key in front of the others. */
static void with_foreign(const char *lines, struct mr_buf *out)
{
    for (const char *at = lines; *at;) {
        struct mr_str line = mr_str_span(at, strcspn(at, "\n"));
        at += line.len + (at[line.len] == '\n');
        mr_buf_addz(out, "{\"foreign key\":{\"deep\":[1,2.50,null]}");
        bool empty = mr_str_is(mr_str_trim(mr_str_span(line.ptr + 1, line.len - 1)), "}");
        mr_buf_addz(out, empty ? "" : ",");
        mr_buf_add(out, line.ptr + 1, line.len - 1);
        mr_buf_addc(out, '\n');
    }
}

START_TEST(foreign_keys_survive)
{
    const struct mr_op *op = operators[_i].op;
    struct mr_buf in = {0}, out = {0};
    mr_bench_open();
    size_t tried = 0;
    for (const struct mr_case *c = operators[_i].cases; c->name; c++) {
        if (c->error || op->keeps_only_bound)
            continue;
        in.len = out.len = 0;
        with_foreign(c->in, &in);
        with_foreign(c->out, &out);
        struct mr_case with = *c;
        with.in = mr_buf_text(&in);
        with.out = mr_buf_text(&out);
        run_case(op, &with, 0, false);
        tried++;
    }
    ck_assert(tried > 0 || op->keeps_only_bound);
    mr_buf_finish(&in);
    mr_buf_finish(&out);
    mr_bench_close();
}
END_TEST

Suite *mr_operator_suite(const struct mr_op *op, const char *name, const struct mr_case *cases)
{
    Suite *suite = suite_create(name);
    TCase *tests = tcase_create("operator");
    int i = operator_count++;
    mr_assert(i < (int)(sizeof operators / sizeof *operators));
    operators[i].op = op;
    operators[i].cases = cases;
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, cases_and_outcomes, i, i + 1);
    tcase_add_loop_test(tests, batches_and_prepare_apart, i, i + 1);
    tcase_add_loop_test(tests, foreign_keys_survive, i, i + 1);
    suite_add_tcase(suite, tests);
    return suite;
}
