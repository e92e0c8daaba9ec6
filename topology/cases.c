/* Reads the cases written beside a topology. */
#include "topology/cases.h"

#include "runtime/base/file.h"
#include "runtime/row/json.h"
#include "topology/topology_private.h"

/* ---- YAML values as JSON ---- */

static bool is_number(struct mr_str text)
{
    struct mr_buf ignored = {0};
    bool number = mr_pack_number(&ignored, text);
    mr_buf_finish(&ignored);
    return number;
}

static void add_json(const struct node *n, struct mr_buf *out)
{
    switch (n->kind) {
    case NODE_SCALAR:
        if (mr_node__is_null(n))
            mr_buf_addz(out, "null");
        else if (n->plain &&
                 (mr_str_is(n->text, "true") || mr_str_is(n->text, "false") || is_number(n->text)))
            mr_buf_adds(out, n->text);
        else
            mr_buf_add_json(out, n->text);
        break;
    case NODE_LIST:
        mr_buf_addc(out, '[');
        for (size_t i = 0; i < n->count; i++) {
            mr_buf_addz(out, i ? "," : "");
            add_json(n->items[i], out);
        }
        mr_buf_addc(out, ']');
        break;
    case NODE_MAP:
        mr_buf_addc(out, '{');
        for (size_t i = 0; i < n->count; i++) {
            mr_buf_addz(out, i ? "," : "");
            mr_buf_add_json(out, n->pairs[i].key->text);
            mr_buf_addc(out, ':');
            add_json(n->pairs[i].value, out);
        }
        mr_buf_addc(out, '}');
        break;
    }
}

/* ---- rows ---- */

static void rows_of_list(struct compile *c, const struct node *n, struct mr_case_rows *rows)
{
    struct mr_buf json = {0};
    rows->rows = mr_arena_zalloc(c->arena, (n->count + 1) * sizeof *rows->rows);
    for (size_t i = 0; i < n->count; i++) {
        if (n->items[i]->kind != NODE_MAP) {
            TOPO_ERROR(c, MR_CASES_INVALID, &n->items[i]->at, NULL,
                       "a row is expected here: {key: value}");
            continue;
        }
        json.len = 0;
        add_json(n->items[i], &json);
        rows->rows[rows->count++] = mr_arena_str(c->arena, mr_buf_str(&json));
    }
    mr_buf_finish(&json);
}

/* JSON lines in a text block. */
static void rows_of_text(struct compile *c, const struct node *n, struct mr_case_rows *rows)
{
    struct mr_json_reader *reader = mr_json_reader_create();
    struct mr_buf ignored = {0};
    size_t lines = 1;
    for (size_t i = 0; i < n->text.len; i++)
        lines += n->text.ptr[i] == '\n';
    rows->rows = mr_arena_zalloc(c->arena, lines * sizeof *rows->rows);
    for (size_t at = 0; at < n->text.len;) {
        size_t end = mr_str_find(n->text, MR_STR("\n"), at);
        end = end == SIZE_MAX ? n->text.len : end;
        struct mr_str line = mr_str_trim(mr_str_span(n->text.ptr + at, end - at));
        at = end + 1;
        if (!line.len)
            continue;
        ignored.len = 0;
        struct mr_error *e = mr_json_read_object(reader, line, MR_UTF8_REJECT, &ignored);
        if (e)
            TOPO_ERROR(c, MR_CASES_INVALID, &n->at, NULL, "row %zu: %s", rows->count + 1,
                       mr_error_message(e));
        mr_error_free(e);
        rows->rows[rows->count++] = line;
    }
    mr_buf_finish(&ignored);
    mr_json_reader_destroy(reader);
}

static bool take_rows(struct compile *c, const struct node *n, struct mr_case_rows *rows)
{
    if (n->kind == NODE_LIST)
        rows_of_list(c, n, rows);
    else if (n->kind == NODE_SCALAR && !mr_node__is_null(n))
        rows_of_text(c, n, rows);
    else
        return TOPO_ERROR(c, MR_CASES_INVALID, &n->at, NULL,
                          "rows are expected here: a list of mappings, or JSON lines");
    return true;
}

/* `[rows]`, JSON lines, or `{name: rows, …}`. */
static void take_sets(struct compile *c, const struct node *n, struct mr_case_rows **out,
                      size_t *count)
{
    size_t names = n->kind == NODE_MAP ? n->count : 1;
    *out = mr_arena_zalloc(c->arena, (names + 1) * sizeof **out);
    for (size_t i = 0; i < names; i++) {
        struct mr_case_rows *rows = &(*out)[*count];
        if (n->kind == NODE_MAP)
            rows->name = n->pairs[i].key->text;
        *count += take_rows(c, n->kind == NODE_MAP ? n->pairs[i].value : n, rows);
    }
}

/* `{stage.outcome: count}` */
static void take_left(struct compile *c, const struct node *n, struct mr_case *one)
{
    one->left_given = true;
    if (mr_node__is_null(n))
        return;
    if (n->kind != NODE_MAP) {
        TOPO_ERROR(c, MR_CASES_INVALID, &n->at, NULL,
                   "outcomes are expected here: {stage.outcome: 1}");
        return;
    }
    one->left = mr_arena_zalloc(c->arena, (n->count + 1) * sizeof *one->left);
    for (size_t i = 0; i < n->count; i++) {
        struct mr_str name = n->pairs[i].key->text;
        const char *dot = name.len ? memchr(name.ptr, '.', name.len) : NULL;
        struct mr_case_left *left = &one->left[one->left_count];
        if (!dot || dot == name.ptr || dot + 1 == name.ptr + name.len) {
            TOPO_ERROR(c, MR_CASES_INVALID, &n->pairs[i].key->at, NULL,
                       "\"%.*s\" is not written as stage.outcome", MR_FMT(name));
            continue;
        }
        size_t len = (size_t)(dot - name.ptr);
        left->stage = mr_str_span(name.ptr, len);
        left->outcome = mr_str_span(dot + 1, name.len - len - 1);
        one->left_count += mr_topology__take_uint(c, n->pairs[i].value, 0, INT64_MAX, &left->count);
    }
}

static void take_case(struct compile *c, const struct node *n, struct mr_case *one)
{
    int word = 0;
    one->line = n->at.line;
    if (n->kind != NODE_MAP) {
        TOPO_ERROR(c, MR_CASES_INVALID, &n->at, NULL,
                   "a case is expected here: {name, in, out, outcomes}");
        return;
    }
    for (size_t i = 0; i < n->count; i++) {
        struct node *key = n->pairs[i].key, *value = n->pairs[i].value;
        if (mr_str_is(key->text, "name")) {
            mr_topology__scalar(c, value, "a name", &one->name);
        } else if (mr_str_is(key->text, "in") || mr_str_is(key->text, "rows")) {
            take_sets(c, value, &one->in, &one->in_count);
        } else if (mr_str_is(key->text, "out")) {
            take_sets(c, value, &one->out, &one->out_count);
        } else if (mr_str_is(key->text, "outcomes")) {
            take_left(c, value, one);
        } else if (mr_str_is(key->text, "order")) {
            mr_topology__take_word(c, value, "same|any", &word);
        } else {
            struct near near;
            mr_near__begin(&near, key->text);
            mr_near__words(&near, "name in out outcomes order");
            TOPO_ERROR(c, MR_CASES_INVALID, &key->at, mr_near__text(&near, c->arena),
                       "a case has no setting \"%.*s\"", MR_FMT(key->text));
        }
    }
    one->any_order = word == 1;
    if (!one->name.len)
        TOPO_ERROR(c, MR_CASES_INVALID, &n->at, "Add `name:`.", "the case has no name");
    if (!one->in)
        TOPO_ERROR(c, MR_CASES_INVALID, &n->at, "Add `in:`.", "the case has no rows");
    if (!one->out && !one->left_given)
        TOPO_ERROR(c, MR_CASES_INVALID, &n->at, "Add `out:` or `outcomes:`.",
                   "the case does not say what is expected");
}

struct mr_error *mr_cases_parse(struct mr_str text, const char *path, struct mr_cases *out)
{
    struct mr_arena *arena = mr_arena_create(0);
    static const struct mr_compile_options none;
    struct mr_compiled problems = {.arena = arena};
    struct compile c = {.arena = arena,
                        .options = &none,
                        .out = &problems,
                        .file = mr_arena_str(arena, mr_str_of(path)),
                        .text = mr_arena_str(arena, text)};
    *out = (struct mr_cases){.arena = arena};
    struct node *root = mr_topology__source(&c);
    if (root && root->kind != NODE_LIST)
        TOPO_ERROR(&c, MR_CASES_INVALID, &root->at, "Begin each case with `- name:`.",
                   "a list of cases is expected here");
    else if (root) {
        out->cases = mr_arena_zalloc(arena, (root->count + 1) * sizeof *out->cases);
        for (size_t i = 0; i < root->count; i++)
            take_case(&c, root->items[i], &out->cases[out->count++]);
    }
    mr_topology__problems_sort(&problems);
    out->problems = problems.problems;
    out->problem_count = problems.problem_count;
    out->error_count = problems.error_count;
    return NULL;
}

struct mr_error *mr_cases_read(const char *path, struct mr_cases *out)
{
    struct mr_buf text = {0};
    *out = (struct mr_cases){0};
    struct mr_error *e = mr_file_read(path, SOURCE_MAX_BYTES + 1, &text);
    if (!e)
        e = mr_cases_parse(mr_buf_str(&text), path, out);
    mr_buf_finish(&text);
    return e;
}

void mr_cases_destroy(struct mr_cases *cases)
{
    if (!cases)
        return;
    mr_arena_destroy(cases->arena);
    *cases = (struct mr_cases){0};
}

void mr_cases_path(const char *topology, struct mr_buf *out)
{
    struct mr_str path = mr_str_of(topology);
    size_t len = path.len;
    while (len > 0 && path.ptr[len - 1] != '.' && path.ptr[len - 1] != '/')
        len--;
    bool suffix = len > 1 && path.ptr[len - 1] == '.' && path.ptr[len - 2] != '/';
    mr_buf_adds(out, suffix ? mr_str_span(path.ptr, len - 1) : path);
    mr_buf_addz(out, ".cases.yaml");
}
