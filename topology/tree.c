/* The grammar of a topology file: its top level, from nodes to items. */
#include "topology/shapes.h"
#include "topology/topology_private.h"

enum { DEFAULT_MAX_ROW = 8 << 20 };

/* "my pipeline.yaml" → "my-pipeline". */
static struct mr_str default_name(struct compile *c)
{
    struct mr_str file = c->file;
    for (size_t i = file.len; i > 0; i--)
        if (file.ptr[i - 1] == '/') {
            file = mr_str_span(file.ptr + i, file.len - i);
            break;
        }
    for (size_t i = file.len; i > 1; i--)
        if (file.ptr[i - 1] == '.') {
            file.len = i - 1;
            break;
        }
    char *name = mr_arena_alloc(c->arena, NAME_MAX_BYTES + 2);
    size_t len = 0;
    for (size_t i = 0; i < file.len && len < NAME_MAX_BYTES; i++) {
        char b = file.ptr[i];
        b = b >= 'A' && b <= 'Z' ? (char)(b + 32) : b;
        bool good = (b >= 'a' && b <= 'z') || (len > 0 && b >= '0' && b <= '9');
        if (good)
            name[len++] = b;
        else if (len > 0 && name[len - 1] != '-')
            name[len++] = '-';
    }
    while (len > 0 && name[len - 1] == '-')
        len--;
    name[len] = '\0';
    return len ? mr_str_span(name, len) : MR_STR("pipeline");
}

static void set_name(struct compile *c, struct node *n)
{
    struct mr_str name;
    if (!mr_topology__scalar(c, n, "a name", &name))
        return;
    if (mr_topology__id_ok(name))
        c->topo->name = name;
    else
        TOPO_ERROR(c, MR_TOPOLOGY_ID, &n->at, NULL, "\"%.*s\" cannot name a pipeline",
                   MR_FMT(name));
}

static void set_mode(struct compile *c, struct node *n)
{
    int word = 0;
    mr_topology__take_word(c, n, "unicode|compat", &word);
    c->topo->mode = word ? MR_MODE_COMPAT : MR_MODE_UNICODE;
}

static void set_seed(struct compile *c, struct node *n)
{
    mr_topology__take_uint(c, n, 0, UINT64_MAX, &c->topo->seed);
}

static void set_fuse(struct compile *c, struct node *n)
{
    int word = 0;
    mr_topology__take_word(c, n, "off|auto", &word);
    c->topo->fuse_auto = word == 1;
}

static void set_max_row(struct compile *c, struct node *n)
{
    uint64_t bytes = 0;
    if (!mr_topology__take_bytes(c, n, &bytes))
        return;
    if (bytes < 1024 || bytes > 1ull << 30)
        TOPO_ERROR(c, MR_TOPOLOGY_VALUE, &n->at, NULL, "\"%.*s\" is not a size from 1 KiB to 1 GiB",
                   MR_FMT(n->text));
    else
        c->topo->max_row_bytes = bytes;
}

static void set_replay_horizon(struct compile *c, struct node *n)
{
    c->topo->horizon_at = n->at;
    mr_topology__take_bytes(c, n, &c->topo->replay_horizon);
}

static void set_disk_budget(struct compile *c, struct node *n)
{
    c->topo->budget_at = n->at;
    mr_topology__take_bytes(c, n, &c->topo->disk_budget);
}

static void set_compression(struct compile *c, struct node *n)
{
    int word = 0;
    mr_topology__take_word(c, n, "lz4|none", &word);
    c->topo->lz4 = word == 0;
}

static void set_doc(struct compile *c, struct node *n)
{
    struct mr_str ignored;
    mr_topology__scalar(c, n, "a text", &ignored);
}

static void named_items(struct compile *c, struct node *n, const char *what, const char *example,
                        void (*add)(struct compile *, struct node *, struct node *))
{
    if (n->kind != NODE_MAP) {
        TOPO_ERROR(c, MR_TOPOLOGY_SHAPE, &n->at, NULL, "%s are expected here by name: %s", what,
                   example);
        return;
    }
    for (size_t i = 0; i < n->count; i++)
        add(c, n->pairs[i].key, n->pairs[i].value);
}

/* A single `source:` or `sink:` is named so. */
static void single(struct compile *c, struct node *root, const char *key,
                   void (*add)(struct compile *, struct node *, struct node *))
{
    struct node *name = NULL, *value = mr_node__get(root, key);
    for (size_t i = 0; i < root->count; i++)
        if (mr_str_is(root->pairs[i].key->text, key))
            name = root->pairs[i].key;
    if (value)
        add(c, name, value);
}

static void stage_list(struct compile *c, struct node *n)
{
    if (mr_node__is_null(n))
        return;
    if (n->kind != NODE_LIST) {
        TOPO_ERROR(c, MR_TOPOLOGY_SHAPE, &n->at, "Begin each stage with `- `.",
                   "a list of stages is expected here");
        return;
    }
    for (size_t i = 0; i < n->count; i++)
        mr_topology__stage(c, n->items[i]);
}

static const struct top {
    const char *name;
    void (*set)(struct compile *c, struct node *n); /* NULL: read in the order of the plan */
    const char *shape, *doc;                        /* as of settings.c */
} tops[] = {
    {"name", set_name, SHAPE_ID,
     "First part of the names of topics; default: the name of the file."},
    {"doc", set_doc, SHAPE_TEXT, "A text for people."},
    {"mode", set_mode, SHAPE_WORDS("\"unicode\",\"compat\""),
     "Right for all languages (unicode, the default), or exactly as the reference does (compat)."},
    {"seed", set_seed, SHAPE_UINT(0, 18446744073709551615),
     "Number that random choices start from."},
    {"fuse", set_fuse, SHAPE_WORDS("\"off\",\"auto\""),
     "One process for each stage (off, the default), or one for runs of stages that can share it "
     "(auto)."},
    {"max_row_bytes", set_max_row, SHAPE_SIZE,
     "Longest row; longer ones are rejected. Default 8 MiB."},
    {"disk_budget", set_disk_budget, SHAPE_SIZE, "How much disk all topics together may take."},
    {"replay_horizon", set_replay_horizon, SHAPE_SIZE,
     "How much of what each topic carried must stay for replays."},
    {"servings", mr_topology__servings,
     "\"type\":\"object\",\"additionalProperties\":{\"type\":\"object\","
     "\"required\":[\"endpoints\",\"model\"],\"additionalProperties\":false,\"properties\":{"
     "\"kind\":{" SHAPE_WORDS("\"chat\",\"completions\",\"embeddings\",\"classify\",\"rerank\","
                             "\"reward\",\"perplexity\"") "},"
     "\"endpoints\":{\"type\":[\"string\",\"array\"],\"minItems\":1,"
     "\"items\":{\"type\":\"string\"}},\"model\":{" SHAPE_TEXT "},"
     "\"price\":{\"type\":[\"number\",\"string\"]},\"doc\":{" SHAPE_TEXT "}}}",
     "Models that stages ask, by name."},
    {"compression", set_compression, SHAPE_WORDS("\"lz4\",\"none\""), "Of topics on disk."},
    {"sources", NULL, NULL, "Several sources by name."},
    {"source", NULL, NULL, "The one source; a bare text or list names files."},
    {"stages", NULL, NULL,
     "What is done to the rows, one after the other unless `from` says otherwise."},
    {"sinks", NULL, NULL, "Several sinks by name."},
    {"sink", NULL, NULL, "The one sink; a bare text names a file."},
};

static void top_settings(struct compile *c, struct node *root)
{
    for (size_t i = 0; i < root->count; i++) {
        struct node *key = root->pairs[i].key;
        const struct top *top = NULL;
        for (size_t k = 0; k < sizeof tops / sizeof *tops && !top; k++)
            if (mr_str_is(key->text, tops[k].name))
                top = &tops[k];
        if (top && top->set)
            top->set(c, root->pairs[i].value);
        if (top || mr_str_starts(key->text, MR_STR("x-"))) /* x-…: a place for anchors */
            continue;
        struct near near;
        mr_near__begin(&near, key->text);
        for (size_t k = 0; k < sizeof tops / sizeof *tops; k++)
            mr_near__try(&near, mr_str_of(tops[k].name));
        TOPO_ERROR(c, MR_TOPOLOGY_KEY, &key->at, mr_near__text(&near, c->arena),
                   "a topology has no setting \"%.*s\"", MR_FMT(key->text));
    }
}

void mr_topology__tree(struct compile *c, struct node *root)
{
    struct topo *t = c->topo;
    *t = (struct topo){.name = default_name(c), .max_row_bytes = DEFAULT_MAX_ROW, .lz4 = true};
    if (root->kind != NODE_MAP) {
        TOPO_ERROR(c, MR_TOPOLOGY_SHAPE, &root->at, "Begin with `source:`, `stages:` and `sink:`.",
                   "a topology is a mapping of settings");
        return;
    }
    top_settings(c, root);
    struct node *n;
    if ((n = mr_node__get(root, "sources")))
        named_items(c, n, "sources", "{docs: {files: ...}}", mr_topology__source_item);
    single(c, root, "source", mr_topology__source_item);
    t->source_count = t->count;
    if ((n = mr_node__get(root, "stages")))
        stage_list(c, n);
    if ((n = mr_node__get(root, "sinks")))
        named_items(c, n, "sinks", "{out: {file: ...}}", mr_topology__sink_item);
    single(c, root, "sink", mr_topology__sink_item);
    if (c->options->fuse != MR_FUSE_DECLARED)
        t->fuse_auto = c->options->fuse == MR_FUSE_AUTO;
}

bool mr_topology__top_row(size_t i, struct grammar_row *out)
{
    if (i >= sizeof tops / sizeof *tops)
        return false;
    *out = (struct grammar_row){tops[i].name, tops[i].shape, tops[i].doc, 0};
    return true;
}
