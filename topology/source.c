/* The text of a topology as a tree of nodes with places; libfyaml stays in this file.
 *
 * The parser's events are taken one by one, so that depth and size are bounded while reading and
 * an alias counts with everything it stands for. */
#include "topology/topology_private.h"

#include <libfyaml.h>

struct anchor {
    struct mr_str name;
    struct node *node;
};

struct builder {
    struct compile *c;
    struct fy_parser *parser;
    struct anchor *anchors;
    size_t anchor_count, anchor_capacity;
    size_t nodes;
    bool failed, said; /* said: we reported why, else the parser has the reason */
};

bool mr_node__is_null(const struct node *n)
{
    return n->kind == NODE_SCALAR && n->plain &&
           (n->text.len == 0 || mr_str_is(n->text, "~") || mr_str_is(n->text, "null"));
}

struct node *mr_node__get(const struct node *map, const char *key)
{
    for (size_t i = 0; map && map->kind == NODE_MAP && i < map->count; i++)
        if (mr_str_is(map->pairs[i].key->text, key))
            return map->pairs[i].value;
    return NULL;
}

static void fail(struct builder *b, enum mr_code code, const struct place *at, const char *remedy,
                 const char *fact)
{
    if (!b->failed)
        b->said = !TOPO_ERROR(b->c, code, at, remedy, "%s", fact);
    b->failed = true;
}

static struct place token_place(struct fy_token *token)
{
    struct place at = {0};
    const struct fy_mark *start = token ? fy_token_start_mark(token) : NULL;
    const struct fy_mark *end = token ? fy_token_end_mark(token) : NULL;
    if (start && start->line >= 0 && start->column >= 0) {
        at.line = (uint32_t)start->line + 1;
        at.column = (uint32_t)start->column + 1;
        at.width = 1;
        if (end && end->line == start->line && end->column > start->column)
            at.width = (uint32_t)(end->column - start->column);
    }
    return at;
}

static struct node *node_new(struct builder *b, enum node_kind kind, struct fy_token *token)
{
    struct node *n = mr_arena_zalloc(b->c->arena, sizeof *n);
    n->kind = kind;
    n->at = token_place(token);
    n->weight = 1;
    return n;
}

static bool count_nodes(struct builder *b, size_t more, const struct place *at)
{
    b->nodes += more;
    if (b->nodes <= SOURCE_MAX_NODES)
        return true;
    fail(b, MR_YAML_LIMIT, at, NULL, "the file stands for more than 200000 values");
    return false;
}

static struct mr_str token_text(struct builder *b, struct fy_token *token)
{
    size_t len = 0;
    const char *text = token ? fy_token_get_text(token, &len) : NULL;
    return mr_arena_str(b->c->arena, mr_str_span(text ? text : "", text ? len : 0));
}

static void remember(struct builder *b, struct fy_token *token, struct node *node)
{
    if (!token)
        return;
    if (b->anchor_count == b->anchor_capacity) {
        size_t capacity = b->anchor_capacity ? 2 * b->anchor_capacity : 16;
        struct anchor *more = mr_arena_alloc(b->c->arena, capacity * sizeof *more);
        if (b->anchor_count)
            memcpy(more, b->anchors, b->anchor_count * sizeof *more);
        b->anchors = more;
        b->anchor_capacity = capacity;
    }
    b->anchors[b->anchor_count++] = (struct anchor){token_text(b, token), node};
}

static struct node *recall(struct builder *b, struct fy_token *token)
{
    struct mr_str name = token_text(b, token);
    struct place at = token_place(token);
    for (size_t i = b->anchor_count; i > 0; i--)
        if (mr_str_eq(b->anchors[i - 1].name, name)) {
            struct node *copy = mr_arena_alloc(b->c->arena, sizeof *copy);
            *copy = *b->anchors[i - 1].node;
            return count_nodes(b, copy->weight, &at) ? copy : NULL;
        }
    b->said = b->said || !b->failed;
    if (!b->failed)
        TOPO_ERROR(b->c, MR_YAML_SYNTAX, &at, "Define it before with `&name`.",
                   "there is no anchor \"%.*s\" before this place", MR_FMT(name));
    b->failed = true;
    return NULL;
}

static void *grown(struct builder *b, void *items, size_t count, size_t size)
{
    if (count & (count - 1)) /* room doubles at the powers of two */
        return items;
    void *more = mr_arena_alloc(b->c->arena, (count ? 2 * count : 1) * size);
    if (count)
        memcpy(more, items, count * size);
    return more;
}

static struct node *take_event(struct builder *b, struct fy_event *e, unsigned depth, bool *end);

/* The next node, or NULL at the end of the container (*end) and after an error. */
static struct node *take_node(struct builder *b, unsigned depth, bool *end)
{
    *end = false;
    if (b->failed)
        return NULL;
    struct fy_event *e = fy_parser_parse(b->parser);
    if (!e) {
        b->failed = true; /* the parser has said why */
        return NULL;
    }
    struct node *n = take_event(b, e, depth, end);
    fy_parser_event_free(b->parser, e);
    return b->failed ? NULL : n;
}

static void take_list(struct builder *b, struct node *list, unsigned depth)
{
    bool end;
    struct node *item;
    while ((item = take_node(b, depth + 1, &end))) {
        if (!item->at.line) /* nothing written */
            item->at = list->at;
        list->items = grown(b, list->items, list->count, sizeof(struct node *));
        list->items[list->count++] = item;
        list->weight += item->weight;
    }
}

static void take_pair(struct builder *b, struct node *map, struct node *key, unsigned depth)
{
    bool end;
    if (key->kind != NODE_SCALAR) {
        fail(b, MR_YAML_SHAPE, &key->at, NULL, "a name is expected here, not a list or a mapping");
        return;
    }
    bool twice = false;
    if (map->count >= SOURCE_MAX_PAIRS) {
        fail(b, MR_YAML_LIMIT, &key->at, NULL, "a mapping has more than 10000 names");
        return;
    }
    for (size_t i = 0; i < map->count && !twice; i++)
        if (mr_str_eq(map->pairs[i].key->text, key->text))
            twice = !TOPO_ERROR(b->c, MR_YAML_TWICE, &key->at, NULL,
                                "\"%.*s\" stands here twice; first in line %u", MR_FMT(key->text),
                                map->pairs[i].key->at.line);
    struct node *value = take_node(b, depth + 1, &end);
    if (!value || twice)
        return;
    if (!value->at.line) /* nothing written: its name is the best place */
        value->at = key->at;
    map->pairs = grown(b, map->pairs, map->count, sizeof(struct pair));
    map->pairs[map->count++] = (struct pair){key, value};
    map->weight += key->weight + value->weight;
}

static void take_map(struct builder *b, struct node *map, unsigned depth)
{
    bool end;
    struct node *key;
    while ((key = take_node(b, depth + 1, &end)))
        take_pair(b, map, key, depth);
}

static void refuse_tag(struct builder *b, struct fy_token *tag)
{
    struct place at = token_place(tag);
    if (tag)
        fail(b, MR_YAML_SHAPE, &at, "Remove the tag; quote a value to make it a text.",
             "tags have no meaning here");
}

static struct node *take_container(struct builder *b, struct fy_event *e, unsigned depth)
{
    bool list = e->type == FYET_SEQUENCE_START;
    struct fy_token *start =
        list ? e->sequence_start.sequence_start : e->mapping_start.mapping_start;
    struct fy_token *anchor = list ? e->sequence_start.anchor : e->mapping_start.anchor;
    struct node *n = node_new(b, list ? NODE_LIST : NODE_MAP, start);
    refuse_tag(b, list ? e->sequence_start.tag : e->mapping_start.tag);
    if (depth >= SOURCE_MAX_DEPTH)
        fail(b, MR_YAML_LIMIT, &n->at, NULL, "the file is nested deeper than 32 levels");
    if (b->failed || !count_nodes(b, 1, &n->at))
        return NULL;
    if (list)
        take_list(b, n, depth);
    else
        take_map(b, n, depth);
    if (!b->failed)
        remember(b, anchor, n);
    return n;
}

/* Where the text stands between its quotes; a block begins at its first word. */
static void scalar_place(struct builder *b, struct fy_token *token, struct node *n)
{
    static const enum node_style styles[] = {
        [FYSS_PLAIN] = STYLE_PLAIN,     [FYSS_SINGLE_QUOTED] = STYLE_SINGLE,
        [FYSS_DOUBLE_QUOTED] = STYLE_DOUBLE, [FYSS_LITERAL] = STYLE_LITERAL,
        [FYSS_FOLDED] = STYLE_FOLDED,
    };
    const struct fy_mark *start = fy_token_start_mark(token), *end = fy_token_end_mark(token);
    enum fy_scalar_style style = fy_token_scalar_style(token);
    n->style = (int)style >= 0 && style <= FYSS_FOLDED ? styles[style] : STYLE_PLAIN;
    n->plain = style == FYSS_PLAIN;
    n->from = start ? start->input_pos : 0;
    n->to = end ? end->input_pos : 0;
    if (n->style != STYLE_LITERAL && n->style != STYLE_FOLDED)
        return;
    struct mr_str line = mr_topology__line(b->c, n->at.line);
    while (n->at.column <= line.len && line.ptr[n->at.column - 1] == ' ')
        n->at.column++;
    n->at.width = 1;
}

static struct node *take_event(struct builder *b, struct fy_event *e, unsigned depth, bool *end)
{
    switch (e->type) {
    case FYET_SEQUENCE_START:
    case FYET_MAPPING_START:
        return take_container(b, e, depth);
    case FYET_SCALAR: {
        struct node *n = node_new(b, NODE_SCALAR, e->scalar.value);
        refuse_tag(b, e->scalar.tag);
        if (!count_nodes(b, 1, &n->at))
            return NULL;
        n->text = token_text(b, e->scalar.value);
        scalar_place(b, e->scalar.value, n);
        remember(b, e->scalar.anchor, n);
        return n;
    }
    case FYET_ALIAS:
        return recall(b, e->alias.anchor);
    default:
        *end = true;
        return NULL;
    }
}

/* Refuses what no topology holds and what the parser would silently stop at. */
static bool text_is_clean(struct compile *c)
{
    uint32_t line = 1, column = 1;
    for (size_t at = 0; at < c->text.len;) {
        unsigned char byte = (unsigned char)c->text.ptr[at];
        bool valid = true;
        size_t len = mr_utf8_next(c->text, at, &valid);
        struct place place = {.line = line, .column = column, .width = 1};
        if (!valid)
            return TOPO_ERROR(c, MR_YAML_SYNTAX, &place, "Save the file as UTF-8.",
                              "the file is not valid UTF-8 from here");
        /* A line ends with \n or \r\n: a lone \r would make the parser count other lines than we.
         */
        bool lone = byte == '\r' && (at + 1 == c->text.len || c->text.ptr[at + 1] != '\n');
        if (lone || (byte < 0x20 && byte != '\n' && byte != '\r' && byte != '\t') || byte == 0x7f)
            return TOPO_ERROR(c, MR_YAML_SYNTAX, &place,
                              "Remove it, or write it as an escape in double quotes.",
                              "a control character (0x%02x) may not stand here", byte);
        at += len;
        column++;
        if (byte == '\n') {
            line++;
            column = 1;
        }
    }
    return true;
}

/* The commonest trap: braces of ${NAME} mean a mapping inside { } and [ ] unless quoted. */
static const char *syntax_remedy(struct compile *c, uint32_t line)
{
    struct mr_str text = mr_topology__line(c, line);
    return mr_str_find(text, MR_STR("${"), 0) != SIZE_MAX
               ? "Inside { } and [ ] a value with ${...} must stand in quotes."
               : NULL;
}

static void report_syntax(struct builder *b, struct fy_diag *diag)
{
    void *at = NULL;
    size_t before = b->c->out->problem_count;
    struct fy_diag_error *error;
    while ((error = fy_diag_errors_iterate(diag, &at))) {
        if (error->type < FYET_ERROR)
            continue;
        struct place place = {.line = error->line > 0 ? (uint32_t)error->line : 1,
                              .column = error->column > 0 ? (uint32_t)error->column : 1,
                              .width = 1};
        TOPO_ERROR(b->c, MR_YAML_SYNTAX, &place, syntax_remedy(b->c, place.line), "%s",
                   error->msg ? error->msg : "this is not YAML");
    }
    if (b->c->out->problem_count == before)
        TOPO_ERROR(b->c, MR_YAML_SYNTAX, NULL, NULL, "the file is not YAML");
}

static void ignore_output(struct fy_diag *diag, void *user, const char *text, size_t len)
{
    (void)diag, (void)user, (void)text, (void)len; /* collected instead */
}

/* Stream start, one document, stream end. */
static struct node *take_document(struct builder *b)
{
    struct node *root = NULL;
    bool end = false, in_document = false;
    while (!b->failed) {
        struct fy_event *e = fy_parser_parse(b->parser);
        if (!e) {
            b->failed = true;
            break;
        }
        enum fy_event_type type = e->type;
        if (type == FYET_DOCUMENT_START) {
            struct place at = token_place(e->document_start.document_start);
            if (root)
                fail(b, MR_YAML_SHAPE, &at, "Put the other one into a file of its own.",
                     "a second document begins here");
            in_document = true;
        } else if (type == FYET_DOCUMENT_END) {
            in_document = false;
        } else if (in_document && !root) {
            root = take_event(b, e, 0, &end);
        }
        fy_parser_event_free(b->parser, e);
        if (type == FYET_STREAM_END)
            break;
    }
    return b->failed ? NULL : root;
}

struct node *mr_topology__source(struct compile *c)
{
    static const struct mr_str bom = MR_STR_INIT("\xef\xbb\xbf");
    if (c->text.len > SOURCE_MAX_BYTES) {
        TOPO_ERROR(c, MR_YAML_LIMIT, NULL, NULL, "the file is larger than 4 MiB");
        return NULL;
    }
    if (mr_str_starts(c->text, bom))
        c->text = mr_str_span(c->text.ptr + bom.len, c->text.len - bom.len);
    if (!text_is_clean(c))
        return NULL;
    struct fy_diag_cfg diag_cfg;
    fy_diag_cfg_default(&diag_cfg);
    diag_cfg.fp = NULL;
    diag_cfg.output_fn = ignore_output;
    diag_cfg.colorize = false;
    struct fy_diag *diag = fy_diag_create(&diag_cfg);
    mr_assert(diag);
    fy_diag_set_collect_errors(diag, true);
    struct fy_parse_cfg cfg = {.flags = FYPCF_DEFAULT_VERSION_1_2 | FYPCF_JSON_NONE, .diag = diag};
    struct builder b = {.c = c, .parser = fy_parser_create(&cfg)};
    mr_assert(b.parser);
    struct node *root = NULL;
    if (fy_parser_set_string(b.parser, c->text.ptr ? c->text.ptr : "", c->text.len) == 0)
        root = take_document(&b);
    if (b.failed && !b.said)
        report_syntax(&b, diag);
    else if (!root && !b.failed)
        TOPO_ERROR(c, MR_TOPOLOGY_EMPTY, NULL, NULL, "the file is empty");
    fy_parser_destroy(b.parser);
    fy_diag_destroy(diag);
    return root;
}
