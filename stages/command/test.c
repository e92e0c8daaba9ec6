/* `millrace test`: the cases beside a topology; rows in, rows out, how rows left. */
#include <errno.h>
#include <stdlib.h>

#include "runtime/base/file.h"
#include "runtime/row/json.h"
#include "stages/command/program.h"
#include "stages/rehearse/rehearsal.h"
#include "topology/cases.h"

struct options {
    struct mr_pairs set;
    bool json;
};

static const struct mr_option option_table[] = {
    {.name = "set", MR_OPTION(struct options, set), .value = "NAME=VALUE",
     .doc = "Give ${NAME} of the topology a value; may be repeated."},
    MR_OPTION_JSON(struct options),
    {0},
};

/* One case at work. */
struct trial {
    const struct mr_plan *plan;
    const struct mr_case *of;
    struct mr_rehearsal *rehearsal;
    struct mr_json_reader *reader;
    struct mr_arena *arena;
    struct mr_buf faults; /* what does not hold, a line each */
};

/* ---- comparing rows: equal values, whatever the order of keys ---- */

struct pair {
    struct mr_str key, value;
};

static int by_key(const void *a, const void *b)
{
    return mr_str_cmp(((const struct pair *)a)->key, ((const struct pair *)b)->key);
}

static void canonical(struct mr_value v, struct mr_arena *arena, struct mr_buf *out);

static void canonical_map(struct mr_value v, struct mr_arena *arena, struct mr_buf *out)
{
    struct mr_walk w;
    struct mr_value key, value;
    size_t count = 0;
    struct pair *pairs = mr_arena_alloc(arena, (mr_value_count(v) + 1) * sizeof *pairs);
    mr_walk_begin(&w, v);
    while (mr_walk_next(&w, &key) && mr_walk_next(&w, &value)) {
        struct mr_buf text = {0};
        canonical(value, arena, &text);
        pairs[count++] = (struct pair){mr_value_text(key), mr_arena_str(arena, mr_buf_str(&text))};
        mr_buf_finish(&text);
    }
    qsort(pairs, count, sizeof *pairs, by_key);
    mr_buf_addc(out, '{');
    for (size_t i = 0; i < count; i++) {
        mr_buf_addz(out, i ? "," : "");
        mr_buf_add_json(out, pairs[i].key);
        mr_buf_addc(out, ':');
        mr_buf_adds(out, pairs[i].value);
    }
    mr_buf_addc(out, '}');
}

/* The value as JSON with sorted keys. Recursion is bounded: rows are at most MR_DEPTH_MAX deep. */
static void canonical(struct mr_value v, struct mr_arena *arena, struct mr_buf *out)
{
    struct mr_walk w;
    struct mr_value item;
    if (mr_value_type(v) == MR_MAP) {
        canonical_map(v, arena, out);
    } else if (mr_value_type(v) == MR_LIST) {
        const char *comma = "";
        mr_buf_addc(out, '[');
        mr_walk_begin(&w, v);
        for (; mr_walk_next(&w, &item); comma = ",") {
            mr_buf_addz(out, comma);
            canonical(item, arena, out);
        }
        mr_buf_addc(out, ']');
    } else {
        mr_json_write_value(v, out);
    }
}

static struct mr_str row_text(struct trial *t, struct mr_str map)
{
    struct mr_buf text = {0};
    canonical((struct mr_value){(const uint8_t *)map.ptr, (uint32_t)map.len}, t->arena, &text);
    struct mr_str kept = mr_arena_str(t->arena, mr_buf_str(&text));
    mr_buf_finish(&text);
    return kept;
}

static struct mr_error *wanted_text(struct trial *t, struct mr_str json, struct mr_str *out)
{
    struct mr_buf packed = {0};
    struct mr_error *e = mr_json_read_object(t->reader, json, MR_UTF8_REJECT, &packed);
    if (!e)
        *out = row_text(t, mr_buf_str(&packed));
    mr_buf_finish(&packed);
    return e;
}

static int by_text(const void *a, const void *b)
{
    return mr_str_cmp(*(const struct mr_str *)a, *(const struct mr_str *)b);
}

/* ---- a case ---- */

/* The stage of a kind by name; without a name, the only one. */
static struct mr_error *stage_of(const struct mr_plan *plan, enum mr_stage_kind kind,
                                 struct mr_str name, int *out)
{
    const char *what = kind == MR_STAGE_SOURCE ? "source" : "sink";
    *out = MR_PLAN_NONE;
    for (size_t i = 0; i < plan->stage_count; i++) {
        if (plan->stages[i].kind != kind || (name.len && !mr_str_eq(plan->stages[i].id, name)))
            continue;
        if (*out != MR_PLAN_NONE)
            return mr_error(MR_NAME_UNKNOWN, "the topology has several %ss: the case must name one",
                            what);
        *out = (int)i;
    }
    if (*out == MR_PLAN_NONE)
        return mr_error(MR_NAME_UNKNOWN, "the topology has no %s \"%.*s\"", what, MR_FMT(name));
    return NULL;
}

static struct mr_error *compare_rows(struct trial *t, const struct mr_case_rows *wanted)
{
    int sink;
    MR_TRY(stage_of(t->plan, MR_STAGE_SINK, wanted->name, &sink));
    size_t got = mr_rehearsal_count(t->rehearsal, sink);
    struct mr_str *is = mr_arena_alloc(t->arena, (got + 1) * sizeof *is);
    struct mr_str *should = mr_arena_alloc(t->arena, (wanted->count + 1) * sizeof *should);
    for (size_t i = 0; i < got; i++)
        is[i] = row_text(t, mr_rehearsal_row(t->rehearsal, sink, i));
    for (size_t i = 0; i < wanted->count; i++)
        MR_TRY(wanted_text(t, wanted->rows[i], &should[i]));
    if (t->of->any_order) {
        qsort(is, got, sizeof *is, by_text);
        qsort(should, wanted->count, sizeof *should, by_text);
    }
    for (size_t i = 0; i < got || i < wanted->count; i++) {
        struct mr_str a = i < wanted->count ? should[i] : MR_STR("(no row)");
        struct mr_str b = i < got ? is[i] : MR_STR("(no row)");
        if (!mr_str_eq(a, b))
            mr_buf_printf(&t->faults, "row %zu of sink \"%.*s\"\n    wanted %.*s\n    got    %.*s\n",
                          i + 1, MR_FMT(t->plan->stages[sink].id), MR_FMT(a), MR_FMT(b));
    }
    return NULL;
}

static bool names(const struct mr_case_left *wanted, struct mr_str stage, const char *outcome)
{
    return mr_str_eq(wanted->stage, stage) && mr_str_is(wanted->outcome, outcome);
}

/* What happened must be listed, with its number, where the case lists outcomes at all. */
static void check_listed(void *arg, struct mr_str stage, const char *outcome, uint64_t count)
{
    struct trial *t = arg;
    const struct mr_case_left *wanted = NULL;
    for (size_t i = 0; i < t->of->left_count; i++)
        if (names(&t->of->left[i], stage, outcome))
            wanted = &t->of->left[i];
    if ((!wanted && t->of->left_given) || (wanted && wanted->count != count))
        mr_buf_printf(&t->faults, "%llu rows left \"%.*s\" as %s, wanted %llu\n",
                      (unsigned long long)count, MR_FMT(stage), outcome,
                      (unsigned long long)(wanted ? wanted->count : 0));
}

struct search {
    const struct mr_case_left *wanted;
    bool found;
};

static void search_listed(void *arg, struct mr_str stage, const char *outcome, uint64_t count)
{
    struct search *s = arg;
    (void)count;
    s->found |= names(s->wanted, stage, outcome);
}

static void compare_left(struct trial *t)
{
    mr_rehearsal_left(t->rehearsal, check_listed, t);
    for (size_t i = 0; i < t->of->left_count; i++) {
        struct search s = {&t->of->left[i], false};
        mr_rehearsal_left(t->rehearsal, search_listed, &s);
        if (!s.found && s.wanted->count)
            mr_buf_printf(&t->faults, "no row left \"%.*s\" as %.*s, wanted %llu\n",
                          MR_FMT(s.wanted->stage), MR_FMT(s.wanted->outcome),
                          (unsigned long long)s.wanted->count);
    }
}

static struct mr_error *play(struct trial *t)
{
    for (size_t k = 0; k < t->of->in_count; k++) {
        int source;
        MR_TRY(stage_of(t->plan, MR_STAGE_SOURCE, t->of->in[k].name, &source));
        for (size_t i = 0; i < t->of->in[k].count; i++)
            MR_TRY(mr_rehearsal_feed(t->rehearsal, source, t->of->in[k].rows[i]));
    }
    MR_TRY(mr_rehearsal_run(t->rehearsal));
    for (size_t k = 0; k < t->of->out_count; k++)
        MR_TRY(compare_rows(t, &t->of->out[k]));
    compare_left(t);
    return NULL;
}

static struct mr_error *play_in_folder(struct trial *t)
{
    struct mr_buf dir = {0};
    const char *tmp = getenv("TMPDIR");
    mr_buf_printf(&dir, "%s/millrace-test.XXXXXX", tmp && *tmp ? tmp : "/tmp");
    mr_buf_text(&dir);
    struct mr_error *e = NULL;
    if (!mkdtemp(dir.ptr)) {
        e = mr_file_error(errno, "make the folder", dir.ptr);
        mr_buf_finish(&dir);
        return e;
    }
    t->rehearsal = mr_rehearsal_create(t->plan, dir.ptr);
    e = play(t);
    mr_rehearsal_destroy(t->rehearsal);
    struct mr_error *removing = mr_dir_remove(dir.ptr);
    mr_buf_finish(&dir);
    if (e)
        mr_error_free(removing);
    return e ? e : removing;
}

/* ---- all cases ---- */

struct tally {
    size_t good, bad;
    struct mr_json_out json;
    struct mr_buf text;
};

static void report(struct tally *all, const struct trial *t, const char *path)
{
    bool good = t->faults.len == 0;
    *(good ? &all->good : &all->bad) += 1;
    mr_buf_printf(&all->text, "%s %s:%u %.*s\n%.*s", good ? "ok  " : "FAIL", path, t->of->line,
                  MR_FMT(t->of->name), MR_FMT(t->faults));
    mr_json_begin_object(&all->json);
    mr_json_key(&all->json, "case");
    mr_json_text(&all->json, t->of->name);
    mr_json_key(&all->json, "line");
    mr_json_uint(&all->json, t->of->line);
    mr_json_key(&all->json, "holds");
    mr_json_bool(&all->json, good);
    if (!good) {
        mr_json_key(&all->json, "faults");
        mr_json_text(&all->json, mr_buf_str(&t->faults));
    }
    mr_json_end_object(&all->json);
}

static struct mr_error *run_cases(const struct mr_plan *plan, const struct mr_cases *cases,
                                  const char *path, struct tally *all)
{
    struct mr_error *e = NULL;
    mr_json_begin_array(&all->json);
    for (size_t i = 0; i < cases->count && !e; i++) {
        struct trial t = {.plan = plan, .of = &cases->cases[i]};
        t.arena = mr_arena_create(0);
        t.reader = mr_json_reader_create();
        e = mr_error_wrap(play_in_folder(&t), "%s:%u", path, t.of->line);
        if (!e)
            report(all, &t, path);
        mr_json_reader_destroy(t.reader);
        mr_arena_destroy(t.arena);
        mr_buf_finish(&t.faults);
    }
    mr_json_end_array(&all->json);
    mr_buf_printf(&all->text, "%zu cases hold, %zu do not\n", all->good, all->bad);
    return e;
}

static void print_problems(const struct mr_cases *cases, bool json)
{
    struct mr_json_out out = {0};
    if (json) {
        mr_problems_json(cases->problems, cases->problem_count, cases->error_count, &out);
        mr_print_json(&out);
    } else {
        for (size_t i = 0; i < cases->problem_count; i++)
            mr_problem_print(&cases->problems[i], &out.text);
        fwrite(out.text.ptr, 1, out.text.len, stderr);
    }
    mr_buf_finish(&out.text);
}

static enum mr_exit test_plan(const struct mr_plan *plan, const char *topology, bool json)
{
    struct mr_buf path = {0};
    struct mr_cases cases = {0};
    struct tally all = {0};
    mr_cases_path(topology, &path);
    struct mr_error *e = mr_cases_read(mr_buf_text(&path), &cases);
    if (e && !mr_file_exists(path.ptr))
        e = mr_error_remedy(e, "Write cases there: \"Cases\" in topology/README.md shows how.");
    enum mr_exit code = MR_EXIT_TOPOLOGY;
    if (!e && cases.error_count) {
        print_problems(&cases, json);
    } else if (!e) {
        e = run_cases(plan, &cases, path.ptr, &all);
        code = all.bad ? MR_EXIT_CASES : MR_EXIT_OK;
        if (!e && json)
            mr_print_json(&all.json);
        else
            mr_print(&all.text);
    }
    mr_cases_destroy(&cases);
    mr_buf_finish(&path);
    mr_buf_finish(&all.text);
    mr_buf_finish(&all.json.text);
    return e ? mr_fail(e) : code;
}

static enum mr_exit run(const struct mr_call *call)
{
    enum { FUSE_OFF = 2 }; /* as parsed from "auto|off": every stage by itself */
    const struct options *o = call->options;
    struct mr_compile_choice choice = {.sets = o->set, .fuse = FUSE_OFF, .json = o->json};
    struct mr_compiled compiled;
    enum mr_exit code = mr_program_compile(call->args[0].ptr, &choice, &compiled);
    if (code != MR_EXIT_OK)
        return code;
    code = test_plan(compiled.plan, call->args[0].ptr, o->json);
    mr_compiled_destroy(&compiled);
    return code;
}

const struct mr_command mr_command_test = {
    .name = "test",
    .arguments = "TOPOLOGY",
    .min_args = 1,
    .max_args = 1,
    .doc = "Run the cases written beside a topology (x.cases.yaml for x.yaml).",
    .notes = "A case gives rows to sources and says which rows reach the sinks and how others leave.\n"
             "Nothing is read or written but the two files.",
    .options_size = sizeof(struct options),
    .options = option_table,
    .run = run,
};
