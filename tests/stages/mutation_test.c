/* Every key of every shipped topology renamed and removed, one place at a time: the compiler
 * refuses exactly the mutants that fail when they run unchecked over the rows of the topology's
 * cases.
 *
 * Places: each key bound to a role of a stage, each binding, and each key of the rows of a source
 * (as its `keys:` declaration says, which the test derives from the rows and writes in). */
#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/base/file.h"
#include "runtime/op/describe.h"
#include "runtime/row/json.h"
#include "stages/command/program.h"
#include "stages/rehearse/rehearsal.h"
#include "topology/cases.h"
#include "topology/topology_private.h"

enum { KEYS_MAX = 64, MUTANTS_MAX = 2000 };

struct source_keys {
    struct mr_str source; /* empty: the only one */
    struct mr_str names[KEYS_MAX];
    uint32_t types[KEYS_MAX];
    size_t seen[KEYS_MAX], count, rows;
};

/* One change: text [from, to) of the topology becomes `with`; or a key of a source's rows. */
struct mutant {
    size_t from, to;
    const char *with;
    struct mr_str source_key; /* ptr: of the rows, too */
    bool removed;
    struct mr_str what; /* for the message */
};

struct shipped {
    const char *path;
    struct mr_str text; /* with declared keys */
    struct mr_cases cases;
    struct source_keys sources[4];
    size_t source_count;
    struct mutant *mutants;
    size_t count;
    struct mr_arena *arena;
    struct mr_json_reader *reader;
};

/* ---- what the rows hold ---- */

static struct source_keys *keys_of(struct shipped *s, struct mr_str source)
{
    for (size_t i = 0; i < s->source_count; i++)
        if (mr_str_eq(s->sources[i].source, source))
            return &s->sources[i];
    ck_assert_uint_lt(s->source_count, 4);
    s->sources[s->source_count].source = source;
    return &s->sources[s->source_count++];
}

static void learn_row(struct shipped *s, struct source_keys *keys, struct mr_str json)
{
    struct mr_buf map = {0};
    struct mr_error *e = mr_json_read_object(s->reader, json, MR_UTF8_REJECT, &map);
    ck_assert_msg(!e, "%s", mr_error_message(e));
    struct mr_walk w;
    struct mr_value key, value;
    mr_walk_begin(&w, (struct mr_value){(const uint8_t *)map.ptr, (uint32_t)map.len});
    while (mr_walk_next(&w, &key) && mr_walk_next(&w, &value)) {
        size_t k = 0;
        while (k < keys->count && !mr_str_eq(keys->names[k], mr_value_text(key)))
            k++;
        ck_assert_uint_lt(k, KEYS_MAX);
        if (k == keys->count)
            keys->names[keys->count++] = mr_arena_str(s->arena, mr_value_text(key));
        keys->types[k] |= (uint32_t)mr_value_type(value);
        keys->seen[k]++;
    }
    keys->rows++;
    mr_buf_finish(&map);
}

static void learn(struct shipped *s)
{
    for (size_t i = 0; i < s->cases.count; i++)
        for (size_t k = 0; k < s->cases.cases[i].in_count; k++)
            for (size_t r = 0; r < s->cases.cases[i].in[k].count; r++)
                learn_row(s, keys_of(s, s->cases.cases[i].in[k].name),
                          s->cases.cases[i].in[k].rows[r]);
}

static void declaration(const struct source_keys *keys, struct mr_buf *out)
{
    static const struct {
        uint32_t bit;
        const char *name;
    } names[] = {{MR_TEXT, "text"}, {MR_INT, "int"}, {MR_REAL, "real"}, {MR_BOOL, "bool"},
                 {MR_LIST, "list"}, {MR_MAP, "map"}, {MR_NULL, "null"}};
    mr_buf_addz(out, "keys: {");
    for (size_t k = 0; k < keys->count; k++) {
        const char *bar = "";
        mr_buf_printf(out, "%s\"%.*s%s\": ", k ? ", " : "", MR_FMT(keys->names[k]),
                      keys->seen[k] == keys->rows ? "" : "?");
        for (size_t t = 0; t < sizeof names / sizeof *names; t++)
            if (keys->types[k] & names[t].bit) {
                mr_buf_printf(out, "%s%s", bar, names[t].name);
                bar = "|";
            }
    }
    mr_buf_addc(out, '}');
}

/* ---- the tree of a text ---- */

struct parsed {
    struct compile c;
    struct mr_compiled out;
    struct mr_compile_options options;
    struct node *root;
};

static void parse(struct mr_str text, struct parsed *p)
{
    *p = (struct parsed){.out = {.arena = mr_arena_create(0)}};
    p->c = (struct compile){.arena = p->out.arena,
                            .options = &p->options,
                            .out = &p->out,
                            .file = MR_STR("shipped.yaml"),
                            .text = text,
                            .base_dir = "."};
    p->root = mr_topology__source(&p->c);
    ck_assert_ptr_nonnull(p->root);
}

static char before(struct mr_str text, size_t at, size_t *place)
{
    while (at > 0 && strchr(" \n", text.ptr[at - 1]))
        at--;
    *place = at;
    return at ? text.ptr[at - 1] : '\0';
}

/* Writes the declared keys into each source's mapping. */
static void declare(struct shipped *s, struct mr_str text, struct mr_buf *out)
{
    struct parsed p;
    size_t copied = 0;
    parse(text, &p);
    struct node *one = mr_node__get(p.root, "source"), *several = mr_node__get(p.root, "sources");
    size_t count = one ? 1 : several->count;
    for (size_t i = 0; i < count; i++) {
        struct node *map = one ? one : several->pairs[i].value;
        struct mr_str name = one || count == 1 ? (struct mr_str){0} : several->pairs[i].key->text;
        size_t at = map->pairs[0].key->from, place;
        ck_assert(map->kind == NODE_MAP && map->count);
        bool flow = before(text, at, &place) == '{';
        mr_buf_adds(out, mr_str_span(text.ptr + copied, at - copied));
        declaration(keys_of(s, name), out);
        if (flow)
            mr_buf_addz(out, ", ");
        else
            mr_buf_printf(out, "\n%*s", (int)map->pairs[0].key->at.column - 1, "");
        copied = at;
    }
    mr_buf_adds(out, mr_str_span(text.ptr + copied, text.len - copied));
    mr_compiled_destroy(&p.out);
}

/* ---- mutants ---- */

static struct mutant *mutant_new(struct shipped *s)
{
    ck_assert_uint_lt(s->count, MUTANTS_MAX);
    s->mutants[s->count] = (struct mutant){.with = ""};
    return &s->mutants[s->count++];
}

static size_t end_of(struct mr_str text, const struct node *n)
{
    if (n->kind == NODE_SCALAR)
        return n->to + (n->style == STYLE_SINGLE || n->style == STYLE_DOUBLE);
    /* The bracket that closes the list; shipped topologies hold none inside their bindings. */
    size_t at = n->count ? end_of(text, n->items[n->count - 1]) : n->from;
    ck_assert(n->kind == NODE_LIST && n->count);
    while (text.ptr[at] != ']')
        at++;
    return at + 1;
}

/* [from, to) and the comma that went with it, or the whole line. */
static void cut(struct shipped *s, size_t from, size_t to, struct mr_str what)
{
    struct mutant *m = mutant_new(s);
    size_t at = to, place;
    while (strchr(" \n", s->text.ptr[at]))
        at++;
    char left = before(s->text, from, &place);
    *m = (struct mutant){.from = from, .to = to, .with = "", .removed = true, .what = what};
    if (s->text.ptr[at] == ',') {
        m->to = at + 1;
    } else if (left == ',') {
        m->from = place - 1;
    } else if (left != '{' && left != '[') {
        while (m->from > 0 && s->text.ptr[m->from - 1] == ' ')
            m->from--;
        while (s->text.ptr[m->to] != '\n')
            m->to++;
    }
}

static void rename_scalar(struct shipped *s, const struct node *n, struct mr_str what)
{
    struct mutant *m = mutant_new(s);
    struct mr_str name = mr_arena_printf(s->arena, "%.*s_renamed", MR_FMT(n->text));
    *m = (struct mutant){.from = n->from, .to = n->to, .with = name.ptr, .what = what};
}

static void mutate_binding(struct shipped *s, const struct mr_op *op, const struct pair *pair)
{
    const struct node *v = pair->value;
    struct mr_str what = mr_arena_printf(s->arena, "%s %.*s", op->name, MR_FMT(pair->key->text));
    cut(s, pair->key->from, mr_node__is_null(v) ? v->to : end_of(s->text, v), what);
    if (v->kind == NODE_SCALAR && !mr_node__is_null(v))
        rename_scalar(s, v, what);
    for (size_t i = 0; v->kind == NODE_LIST && i < v->count; i++) {
        rename_scalar(s, v->items[i], what);
        if (v->count > 1)
            cut(s, v->items[i]->from, end_of(s->text, v->items[i]), what);
    }
}

static void mutate_stage(struct shipped *s, const struct mr_registry *registry, struct node *stage)
{
    if (stage->kind != NODE_MAP)
        return;
    struct node *use = mr_node__get(stage, "use"), *keys = mr_node__get(stage, "keys");
    const struct mr_op *op =
        mr_registry_find(registry, use ? use->text : stage->pairs[0].key->text);
    ck_assert_ptr_nonnull(op);
    struct node *map = use ? keys : stage->pairs[0].value;
    for (size_t i = 0; map && map->kind == NODE_MAP && i < map->count; i++)
        if (mr_topology__role_find(op, map->pairs[i].key->text))
            mutate_binding(s, op, &map->pairs[i]);
}

static void mutate_source(struct shipped *s, struct node *source)
{
    struct node *keys = mr_node__get(source, "keys");
    for (size_t i = 0; i < keys->count; i++) {
        struct mr_str name = keys->pairs[i].key->text;
        bool optional = mr_str_ends(name, MR_STR("?"));
        name.len -= optional;
        struct mr_str what = mr_arena_printf(s->arena, "source key %.*s", MR_FMT(name));
        struct mutant *m = mutant_new(s);
        *m = (struct mutant){.from = keys->pairs[i].key->from,
                             .to = keys->pairs[i].key->to,
                             .source_key = mr_arena_str(s->arena, name),
                             .what = what};
        m->with =
            mr_arena_printf(s->arena, "%.*s_renamed%s", MR_FMT(name), optional ? "?" : "").ptr;
        cut(s, keys->pairs[i].key->from - 1, end_of(s->text, keys->pairs[i].value), what);
        s->mutants[s->count - 1].source_key = m->source_key;
    }
}

static void collect(struct shipped *s, const struct mr_registry *registry)
{
    struct parsed p;
    parse(s->text, &p);
    struct node *one = mr_node__get(p.root, "source"), *several = mr_node__get(p.root, "sources");
    struct node *stages = mr_node__get(p.root, "stages");
    if (one)
        mutate_source(s, one);
    for (size_t i = 0; several && i < several->count; i++)
        mutate_source(s, several->pairs[i].value);
    for (size_t i = 0; i < stages->count; i++)
        mutate_stage(s, registry, stages->items[i]);
    mr_compiled_destroy(&p.out);
}

/* ---- compiling and running one ---- */

static struct mr_error *compile(const struct shipped *s, struct mr_str text, bool checked,
                                const struct mr_registry *registry, struct mr_compiled *out)
{
    struct mr_compile_options options = {.registry = registry,
                                         .connectors = mr_program_connectors(),
                                         .fuse = MR_FUSE_OFF,
                                         .no_key_checks = !checked};
    return mr_compile_text(text, s->path, &options, out);
}

/* The row's JSON with a key renamed or left out. */
static struct mr_str changed_row(struct shipped *s, const struct mutant *m, struct mr_str json)
{
    struct mr_buf map = {0}, out = {0};
    struct mr_walk w;
    struct mr_value key, value;
    const char *comma = "";
    struct mr_error *e = mr_json_read_object(s->reader, json, MR_UTF8_REJECT, &map);
    ck_assert_msg(!e, "%s", mr_error_message(e));
    mr_walk_begin(&w, (struct mr_value){(const uint8_t *)map.ptr, (uint32_t)map.len});
    mr_buf_addc(&out, '{');
    while (mr_walk_next(&w, &key) && mr_walk_next(&w, &value)) {
        bool hit = m && m->source_key.ptr && mr_str_eq(mr_value_text(key), m->source_key);
        if (hit && m->removed)
            continue;
        mr_buf_addz(&out, comma);
        mr_buf_add_json(&out, hit ? mr_arena_printf(s->arena, "%.*s_renamed", MR_FMT(m->source_key))
                                  : mr_value_text(key));
        mr_buf_addc(&out, ':');
        mr_json_write_value(value, &out);
        comma = ",";
    }
    mr_buf_addc(&out, '}');
    struct mr_str text = mr_arena_str(s->arena, mr_buf_str(&out));
    mr_buf_finish(&map);
    mr_buf_finish(&out);
    return text;
}

static struct mr_error *feed(struct shipped *s, const struct mr_plan *plan, const struct mutant *m,
                             struct mr_rehearsal *r)
{
    for (size_t i = 0; i < s->cases.count; i++)
        for (size_t k = 0; k < s->cases.cases[i].in_count; k++) {
            const struct mr_case_rows *in = &s->cases.cases[i].in[k];
            int source = 0;
            while (plan->stages[source].kind != MR_STAGE_SOURCE ||
                   (in->name.len && !mr_str_eq(in->name, plan->stages[source].id)))
                source++;
            for (size_t row = 0; row < in->count; row++)
                MR_TRY(mr_rehearsal_feed(r, source, changed_row(s, m, in->rows[row])));
        }
    return mr_rehearsal_run(r);
}

static void count_bad(void *arg, struct mr_str stage, const char *outcome, uint64_t count)
{
    (void)stage;
    if (strcmp(outcome, "bad_input") == 0)
        *(uint64_t *)arg += count;
}

/* Does it fail over the rows of the cases, with nobody checking its keys before? */
static bool fails(struct shipped *s, struct mr_str text, const struct mutant *m,
                  const struct mr_registry *registry)
{
    struct mr_compiled c;
    uint64_t bad = 0;
    struct mr_error *e = compile(s, text, false, registry, &c);
    ck_assert_msg(!e, "%s", mr_error_message(e));
    bool failed = !c.plan;
    if (c.plan) {
        const char *tmp = getenv("TMPDIR");
        char dir[4096];
        snprintf(dir, sizeof dir, "%s/millrace-mutation.XXXXXX", tmp && *tmp ? tmp : "/tmp");
        ck_assert_ptr_nonnull(mkdtemp(dir));
        struct mr_rehearsal *r = mr_rehearsal_create(c.plan, dir);
        e = feed(s, c.plan, m, r);
        failed = e != NULL;
        mr_error_free(e);
        mr_rehearsal_left(r, count_bad, &bad);
        mr_rehearsal_destroy(r);
        e = mr_dir_remove(dir);
        ck_assert_msg(!e, "%s", mr_error_message(e));
    }
    mr_compiled_destroy(&c);
    return failed || bad > 0;
}

static bool refused(struct shipped *s, struct mr_str text, const struct mr_registry *registry)
{
    struct mr_compiled c;
    struct mr_error *e = compile(s, text, true, registry, &c);
    ck_assert_msg(!e, "%s", mr_error_message(e));
    bool no = c.error_count > 0;
    mr_compiled_destroy(&c);
    return no;
}

static void mutate(struct shipped *s, const struct mr_registry *registry, size_t counts[2][2])
{
    struct mr_buf wrong = {0};
    for (size_t i = 0; i < s->count; i++) {
        const struct mutant *m = &s->mutants[i];
        struct mr_buf text = {0};
        mr_buf_adds(&text, mr_str_span(s->text.ptr, m->from));
        mr_buf_addz(&text, m->with);
        mr_buf_adds(&text, mr_str_span(s->text.ptr + m->to, s->text.len - m->to));
        bool no = refused(s, mr_buf_str(&text), registry);
        bool bad = fails(s, mr_buf_str(&text), m, registry);
        counts[no][bad]++;
        if (no != bad)
            mr_buf_printf(&wrong, "%.*s, %s: %s, and it %s\n", MR_FMT(m->what),
                          m->removed ? "removed" : m->with, no ? "refused" : "accepted",
                          bad ? "fails" : "runs");
        mr_buf_finish(&text);
    }
    ck_assert_msg(wrong.len == 0, "%s:\n%s", s->path, mr_buf_text(&wrong));
    mr_buf_finish(&wrong);
}

static void check_topology(const char *path, const struct mr_registry *registry)
{
    struct shipped s = {.path = path, .arena = mr_arena_create(0)};
    struct mr_buf text = {0}, cases = {0}, declared = {0};
    size_t counts[2][2] = {{0}};
    s.reader = mr_json_reader_create();
    s.mutants = mr_arena_zalloc(s.arena, MUTANTS_MAX * sizeof *s.mutants);
    mr_cases_path(path, &cases);
    struct mr_error *e = mr_cases_read(mr_buf_text(&cases), &s.cases);
    if (!e)
        e = mr_file_read(path, 0, &text);
    ck_assert_msg(!e, "%s", mr_error_message(e));
    learn(&s);
    declare(&s, mr_buf_str(&text), &declared);
    s.text = mr_buf_str(&declared);
    ck_assert_msg(!refused(&s, s.text, registry), "%s", path);
    ck_assert_msg(!fails(&s, s.text, NULL, registry), "%s", path);
    collect(&s, registry);
    mutate(&s, registry, counts);
    const char *name = strrchr(path, '/') + 1;
    printf("%s: %zu mutants, %zu refused that fail, %zu accepted that run, %zu refused that run, "
           "%zu accepted that fail\n",
           name, s.count, counts[1][1], counts[0][0], counts[1][0], counts[0][1]);
    ck_assert_uint_gt(counts[1][1], 0);
    ck_assert_uint_gt(counts[0][0], 0);
    mr_cases_destroy(&s.cases);
    mr_json_reader_destroy(s.reader);
    mr_arena_destroy(s.arena);
    mr_buf_finish(&text);
    mr_buf_finish(&cases);
    mr_buf_finish(&declared);
}

static size_t check_folder(const char *name, const struct mr_registry *registry)
{
    const char *root = getenv("MR_SOURCE");
    struct mr_buf path = {0};
    mr_buf_printf(&path, "%s/%s", root ? root : ".", name);
    size_t folder = path.len, count = 0;
    DIR *dir = opendir(mr_buf_text(&path));
    ck_assert_ptr_nonnull(dir);
    struct dirent *entry;
    while ((entry = readdir(dir))) {
        struct mr_str file = mr_str_of(entry->d_name);
        if (!mr_str_ends(file, MR_STR(".yaml")) || mr_str_ends(file, MR_STR(".cases.yaml")))
            continue;
        path.len = folder;
        mr_buf_printf(&path, "/%s", entry->d_name);
        check_topology(mr_buf_text(&path), registry);
        count++;
    }
    closedir(dir);
    mr_buf_finish(&path);
    return count;
}

/* Besides the shipped ones, topologies with renames, drops, unions, routes and barriers. */
START_TEST(exactly_what_would_fail_is_refused)
{
    const struct mr_registry *registry;
    struct mr_error *e = mr_program_registry(&registry);
    ck_assert_msg(!e, "%s", mr_error_message(e));
    ck_assert_uint_ge(check_folder("topology/pipelines", registry), 2);
    ck_assert_uint_ge(check_folder("tests/stages/mutation", registry), 1);
}
END_TEST

Suite *suite_stages_mutation(void);
Suite *suite_stages_mutation(void)
{
    Suite *suite = suite_create("stages.mutation");
    TCase *t = tcase_create("mutation");
    tcase_set_timeout(t, 600);
    tcase_add_test(t, exactly_what_would_fail_is_refused);
    suite_add_tcase(suite, t);
    return suite;
}
