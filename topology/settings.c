/* The settings of the grammar that stages, sources and sinks have: one table, one reader each. */
#include "topology/shapes.h"
#include "topology/topology_private.h"

bool mr_topology__id_ok(struct mr_str id)
{
    if (id.len == 0 || id.len > NAME_MAX_BYTES || id.ptr[0] < 'a' || id.ptr[0] > 'z')
        return false;
    for (size_t i = 0; i < id.len; i++) {
        char c = id.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'))
            return false;
    }
    return true;
}

bool mr_topology__scalar(struct compile *c, const struct node *n, const char *what,
                         struct mr_str *out)
{
    if (n->kind != NODE_SCALAR || mr_node__is_null(n))
        return TOPO_ERROR(c, MR_TOPOLOGY_VALUE, &n->at, NULL, "%s is expected here, not %s", what,
                          n->kind == NODE_LIST  ? "a list"
                          : n->kind == NODE_MAP ? "a mapping"
                                                : "nothing");
    *out = n->text;
    return true;
}

static bool wrong(struct compile *c, const struct node *n, const char *expected)
{
    return TOPO_ERROR(c, MR_TOPOLOGY_VALUE, &n->at, NULL, "\"%.*s\" is not %s", MR_FMT(n->text),
                      expected);
}

bool mr_topology__take_bool(struct compile *c, const struct node *n, bool *out)
{
    struct mr_str text;
    if (!mr_topology__scalar(c, n, "yes or no", &text))
        return false;
    *out = mr_str_is(text, "yes") || mr_str_is(text, "true");
    return *out || mr_str_is(text, "no") || mr_str_is(text, "false") || wrong(c, n, "yes or no");
}

bool mr_topology__take_uint(struct compile *c, const struct node *n, uint64_t min, uint64_t max,
                            uint64_t *out)
{
    struct mr_str text;
    uint64_t value;
    const char *expected = mr_topology__text(c, "a whole number from %llu to %llu",
                                             (unsigned long long)min, (unsigned long long)max);
    if (!mr_topology__scalar(c, n, expected, &text))
        return false;
    if (!mr_str_to_uint(text, &value) || value < min || value > max)
        return wrong(c, n, expected);
    *out = value;
    return true;
}

bool mr_topology__take_real(struct compile *c, const struct node *n, double min, double *out)
{
    struct mr_str text;
    double value;
    const char *expected = mr_topology__text(c, "a number of %g or more", min);
    if (!mr_topology__scalar(c, n, expected, &text))
        return false;
    if (!mr_str_to_real(text, &value) || !(value >= min) || value > 1e15)
        return wrong(c, n, expected);
    *out = value;
    return true;
}

bool mr_topology__take_bytes(struct compile *c, const struct node *n, uint64_t *out)
{
    struct mr_str text;
    if (!mr_topology__scalar(c, n, "a size", &text))
        return false;
    return (mr_topology__bytes(text, out) && *out > 0) ||
           wrong(c, n, "a size such as 64MB or 8 GiB");
}

static bool take_duration(struct compile *c, const struct node *n, uint64_t max, uint64_t *out)
{
    struct mr_str text;
    if (!mr_topology__scalar(c, n, "a time", &text))
        return false;
    return (mr_topology__duration_ms(text, out) && *out > 0 && *out <= max) ||
           wrong(c, n, "a time such as 500ms, 10s or 2h");
}

bool mr_topology__take_word(struct compile *c, const struct node *n, const char *words, int *out)
{
    struct mr_str text;
    if (!mr_topology__scalar(c, n, mr_topology__text(c, "one of %s", words), &text))
        return false;
    int index = 0;
    for (const char *word = words; *word; index++) {
        size_t len = strcspn(word, "|");
        if (mr_str_eq(text, mr_str_span(word, len))) {
            *out = index;
            return true;
        }
        word += len + (word[len] == '|');
    }
    struct near near;
    mr_near__begin(&near, text);
    mr_near__words(&near, words);
    return TOPO_ERROR(c, MR_TOPOLOGY_VALUE, &n->at, mr_near__text(&near, c->arena),
                      "\"%.*s\" is not one of %s", MR_FMT(text), words);
}

/* ---- one function per setting ---- */

static bool set_id(struct compile *c, struct item *item, struct node *n)
{
    item->at = n->at;
    if (n->kind == NODE_SCALAR && !n->plain && !n->text.len)
        return TOPO_ERROR(c, MR_TOPOLOGY_ID, &n->at, NULL, "the id is empty");
    return mr_topology__scalar(c, n, "an id", &item->id);
}

static bool set_use(struct compile *c, struct item *item, struct node *n)
{
    item->use_at = n->at;
    return mr_topology__scalar(c, n, "the name of an operator or connector", &item->use);
}

static bool set_given(struct compile *c, struct node *n, const char *what, struct given **out,
                      size_t *count)
{
    if (mr_node__is_null(n))
        return true;
    if (n->kind != NODE_MAP)
        return TOPO_ERROR(c, MR_TOPOLOGY_SHAPE, &n->at, NULL, "%s is expected here: {name: value}",
                          what);
    *out = mr_arena_zalloc(c->arena, (n->count + 1) * sizeof(struct given));
    for (size_t i = 0; i < n->count; i++)
        (*out)[(*count)++] = (struct given){.key = n->pairs[i].key, .value = n->pairs[i].value};
    return true;
}

static bool set_with(struct compile *c, struct item *item, struct node *n)
{
    return set_given(c, n, "a mapping of parameters", &item->givens, &item->given_count);
}

static bool set_keys(struct compile *c, struct item *item, struct node *n)
{
    item->keys_given = true;
    return set_given(c, n,
                     item->kind == MR_STAGE_SOURCE ? "a mapping of keys to types"
                                                   : "a mapping of roles to keys",
                     &item->keys, &item->key_count);
}

static bool set_from(struct compile *c, struct item *item, struct node *n)
{
    size_t count = n->kind == NODE_LIST ? n->count : 1;
    item->from_given = true;
    item->from = mr_arena_zalloc(c->arena, (count + 1) * sizeof *item->from);
    if (n->kind == NODE_LIST && !count)
        return TOPO_ERROR(c, MR_TOPOLOGY_VALUE, &n->at, NULL, "`from` names nothing");
    for (size_t i = 0; i < count; i++) {
        struct node *one = n->kind == NODE_LIST ? n->items[i] : n;
        struct ref *ref = &item->from[item->from_count];
        *ref = (struct ref){.at = one->at, .item = -1, .outcome = MR_PLAN_NONE};
        if (mr_topology__scalar(c, one, "the id of a stage or source", &ref->text))
            item->from_count++;
    }
    return true;
}

static bool set_window(struct compile *c, struct item *item, struct node *n)
{
    item->window_at = n->at;
    if (n->kind != NODE_MAP || !n->count)
        return TOPO_ERROR(c, MR_TOPOLOGY_SHAPE, &n->at, NULL,
                          "a window is expected here: {rows: 100000} or {idle: 10s}");
    for (size_t i = 0; i < n->count; i++) {
        struct node *key = n->pairs[i].key, *value = n->pairs[i].value;
        item->window_at = key->at;
        if (mr_str_is(key->text, "rows"))
            mr_topology__take_uint(c, value, 1, INT64_MAX, &item->window_rows);
        else if (mr_str_is(key->text, "idle"))
            take_duration(c, value, 30ull * 86400000, &item->window_idle_ms);
        else
            TOPO_ERROR(c, MR_TOPOLOGY_KEY, &key->at, "A window has `rows` and `idle`.",
                       "a window has no setting \"%.*s\"", MR_FMT(key->text));
    }
    return true;
}

static bool set_scale(struct compile *c, struct item *item, struct node *n)
{
    uint64_t value = 0;
    item->scale_at = n->at;
    mr_topology__take_uint(c, n, 1, MR_PLAN_PROCESSES_MAX, &value);
    item->scale = (uint32_t)value;
    return true;
}

static bool set_partitions(struct compile *c, struct item *item, struct node *n)
{
    uint64_t value = 0;
    item->partitions_at = n->at;
    mr_topology__take_uint(c, n, 1, 1024, &value);
    item->partitions = (uint32_t)value;
    return true;
}

static bool set_order(struct compile *c, struct item *item, struct node *n)
{
    int word = -1;
    item->order_at = n->at;
    mr_topology__take_word(c, n, "place|arrival", &word);
    item->place_order = word == 0;
    item->arrival = word == 1;
    return true;
}

static bool set_mode(struct compile *c, struct item *item, struct node *n)
{
    int word = 0;
    item->mode_given = mr_topology__take_word(c, n, "unicode|compat", &word);
    item->mode = word ? MR_MODE_COMPAT : MR_MODE_UNICODE;
    return true;
}

static bool set_retention(struct compile *c, struct item *item, struct node *n)
{
    item->retention_at = n->at;
    return mr_topology__take_bytes(c, n, &item->retention);
}

static bool set_bound(struct compile *c, struct item *item, struct node *n)
{
    return mr_topology__take_bytes(c, n, &item->bound);
}

static bool set_isolate(struct compile *c, struct item *item, struct node *n)
{
    return mr_topology__take_bool(c, n, &item->isolate);
}

static bool set_replay_point(struct compile *c, struct item *item, struct node *n)
{
    return mr_topology__take_bool(c, n, &item->replay_point);
}

static bool set_keep_dropped(struct compile *c, struct item *item, struct node *n)
{
    return mr_topology__take_bool(c, n, &item->keep_dropped);
}

static bool set_longest_row(struct compile *c, struct item *item, struct node *n)
{
    return take_duration(c, n, 86400000, &item->longest_row_ms);
}

static bool set_serving(struct compile *c, struct item *item, struct node *n)
{
    if (n->kind == NODE_LIST || mr_node__is_null(n))
        return TOPO_ERROR(c, MR_TOPOLOGY_SHAPE, &n->at, NULL,
                          "the name of a serving is expected here, or {QUESTION: NAME}");
    item->serving = n;
    return true;
}

static bool set_prompts(struct compile *c, struct item *item, struct node *n)
{
    (void)c;
    item->prompts = n;
    return true;
}

static bool set_doc(struct compile *c, struct item *item, struct node *n)
{
    (void)item;
    struct mr_str ignored;
    return mr_topology__scalar(c, n, "a text", &ignored);
}

static const struct setting {
    const char *name;
    int kinds;
    bool (*set)(struct compile *c, struct item *item, struct node *n);
    const char *shape; /* JSON Schema of its value, without braces; NULL: made from descriptors */
    const char *doc;
} settings[] = {
    {"id", ON_STAGE, set_id, SHAPE_ID,
     "Name of the stage in topics, tables and `from`; default: the last part of the operator's "
     "name."},
    {"use", ON_STAGE, set_use, NULL,
     "Operator: its path, the last part of it, or the class name of the reference."},
    {"type", ON_SOURCE | ON_SINK, set_use, NULL,
     "Kind of source or sink, where no leading key tells it."},
    {"with", ON_STAGE, set_with, NULL, "Parameters of the operator."},
    {"keys", ON_STAGE | ON_SOURCE, set_keys, NULL,
     "Which keys of the row the operator works on (stages), or what the rows hold (sources)."},
    {"from", ON_STAGE | ON_SINK, set_from, SHAPE_REFS,
     "What it reads: a source, a stage, `stage.outcome`, or a list of these. Default: the stage "
     "before."},
    {"window", ON_STAGE, set_window,
     "\"type\":\"object\",\"minProperties\":1,\"additionalProperties\":false,"
     "\"properties\":{\"rows\":{" SHAPE_UINT(1, 9223372036854775807) "},\"idle\":{" SHAPE_TIME "}}",
     "When a whole-set operator closes a set before the end of the run: after so many rows, or so "
     "long without one."},
    {"scale", ON_STAGE | ON_SOURCE | ON_SINK, set_scale, SHAPE_UINT(1, 1000),
     "Processes that share its tasks; not above its partitions."},
    {"partitions", ON_STAGE | ON_SOURCE | ON_SINK, set_partitions, SHAPE_UINT(1, 1024),
     "Tasks, which are the partitions of its input; another number is another epoch."},
    {"retention", ON_STAGE | ON_SOURCE, set_retention, SHAPE_SIZE,
     "How much of what it wrote is kept."},
    {"bound", ON_STAGE | ON_SOURCE, set_bound, SHAPE_SIZE,
     "How much of what it wrote may wait unread."},
    {"order", ON_STAGE | ON_SINK, set_order, SHAPE_WORDS("\"place\",\"arrival\""),
     "Whether rows are taken by their place in the input or as they arrive."},
    {"route", ON_STAGE, mr_topology__set_route,
     "\"type\":\"object\",\"minProperties\":1,\"additionalProperties\":false,"
     "\"patternProperties\":{\"^[a-z][a-z0-9_]{0,62}$\":{" SHAPE_TEXT "}}",
     "Rows that go on leave by the first route whose expression is true (`from: stage.ROUTE`); the "
     "others go to the next stage."},
    {"serving", ON_STAGE, set_serving, "\"type\":[\"string\",\"object\"]",
     "Which serving its questions go to; needed where several are of the kind."},
    {"prompts", ON_STAGE, set_prompts, "\"type\":\"object\"",
     "Prompt by question: the name of a shipped one, {text: ...} or {file: ...}."},
    {"isolate", ON_STAGE, set_isolate, SHAPE_BOOL, "Never in one process with other stages."},
    {"replay_point", ON_STAGE, set_replay_point, SHAPE_BOOL,
     "Its output is kept as a topic: never in one process with the next stage."},
    {"mode", ON_STAGE, set_mode, SHAPE_WORDS("\"unicode\",\"compat\""),
     "Right for all languages, or exactly as the reference does."},
    {"keep_dropped", ON_STAGE, set_keep_dropped, SHAPE_BOOL,
     "Drop records carry the whole row, always."},
    {"longest_row", ON_STAGE, set_longest_row, SHAPE_TIME,
     "How long one row may take before the process is started again."},
    {"doc", ON_STAGE | ON_SOURCE | ON_SINK, set_doc, SHAPE_TEXT, "A text for people."},
};

static const struct setting *find(int kind, struct mr_str name)
{
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        if ((settings[i].kinds & kind) && mr_str_is(name, settings[i].name))
            return &settings[i];
    return NULL;
}

bool mr_topology__is_setting(int kind, struct mr_str name)
{
    return find(kind, name) != NULL;
}

bool mr_topology__setting(struct compile *c, struct item *item, int kind, struct pair *pair)
{
    const struct setting *s = find(kind, pair->key->text);
    if (!s)
        return false;
    s->set(c, item, pair->value);
    return true;
}

void mr_topology__near_settings(struct near *n, int kind)
{
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        if (settings[i].kinds & kind)
            mr_near__try(n, mr_str_of(settings[i].name));
}

bool mr_topology__setting_row(size_t i, struct grammar_row *out)
{
    if (i >= sizeof settings / sizeof *settings)
        return false;
    *out = (struct grammar_row){settings[i].name, settings[i].shape, settings[i].doc,
                                settings[i].kinds};
    return true;
}
