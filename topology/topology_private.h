/* Shared inside topology/ only, grouped by the file that defines it. Everything lives in the arena
 * of the compilation; nothing here is freed alone. */
#ifndef MR_TOPOLOGY_PRIVATE_H
#define MR_TOPOLOGY_PRIVATE_H

#include "runtime/expr/expr.h"
#include "runtime/row/row.h"
#include "topology/compile.h"

/* source.c: the text as a tree; every node knows its place. */
enum node_kind { NODE_SCALAR, NODE_LIST, NODE_MAP };

struct place {
    uint32_t line, column, width; /* 1-based, in code points; line 0: not in the file */
    struct mr_str from; /* line 0: where it comes from instead ("--set dedup.threshold") */
};

enum node_style { STYLE_PLAIN, STYLE_SINGLE, STYLE_DOUBLE, STYLE_LITERAL, STYLE_FOLDED };

struct node;
struct pair {
    struct node *key, *value; /* key: always a scalar */
};
struct node {
    enum node_kind kind;
    struct place at;
    struct mr_str text;  /* scalar */
    bool expanded;       /* ${...} has been replaced */
    bool unresolved;     /* it could not be, and that was said */
    bool plain;          /* scalar without quotes: null, true, 12 are not texts */
    enum node_style style;
    size_t from, to;     /* scalar: bytes of the file between its quotes */
    struct mr_str written; /* scalar with ${...}: its text before they were replaced … */
    uint32_t *origin;    /* … and the byte of it behind each byte of the text */
    struct node **items; /* list */
    struct pair *pairs;  /* map */
    size_t count;
    size_t weight; /* nodes below and itself, aliases counted in full */
};

enum {
    SOURCE_MAX_BYTES = 4 << 20,
    SOURCE_MAX_DEPTH = 32,
    SOURCE_MAX_NODES = 200000,
    SOURCE_MAX_PAIRS = 10000, /* of one mapping */
    NAME_MAX_BYTES = 63,
    PROBLEMS_MAX = 1000,
    ITEMS_MAX = 2000,
    ROUTES_MAX = 64, /* of one stage */
};

/* One compilation. */
struct compile {
    struct mr_arena *arena;
    const struct mr_compile_options *options;
    struct mr_compiled *out;
    struct mr_str file, text; /* name for messages, whole text */
    const char *base_dir;
    size_t problem_capacity;
    bool *set_used; /* one per --set */
    struct topo *topo;
};

/* NULL after a syntax error or when the text is empty; then problems say so. */
struct node *mr_topology__source(struct compile *c);
bool mr_node__is_null(const struct node *n); /* plain and empty, ~ or null */
struct node *mr_node__get(const struct node *map, const char *key);

/* problem.c: at: NULL or line 0 for no place. remedy: NULL takes the code's own. Returns false so
 * that a check can end with it. */
bool mr_topology__problem(struct compile *c, enum mr_severity severity, enum mr_code code,
                          const struct place *at, const char *remedy, const char *format, ...)
    __attribute__((format(printf, 6, 7)));
#define TOPO_ERROR(c, code, at, remedy, ...)                                                       \
    mr_topology__problem(c, MR_PROBLEM_ERROR, code, at, remedy, __VA_ARGS__)
#define TOPO_WARNING(c, code, at, remedy, ...)                                                     \
    mr_topology__problem(c, MR_PROBLEM_WARNING, code, at, remedy, __VA_ARGS__)
#define TOPO_HINT(c, code, at, remedy, ...)                                                        \
    mr_topology__problem(c, MR_PROBLEM_HINT, code, at, remedy, __VA_ARGS__)
/* The n-th line of the file, without its end. */
struct mr_str mr_topology__line(const struct compile *c, uint32_t line);
void mr_topology__problems_sort(struct mr_compiled *out);
/* `did you mean "a" or "b"?`, or NULL when no candidate is near. In the arena. */
struct near {
    struct mr_str name, found[3];
    size_t distance[3], count;
};
void mr_near__begin(struct near *n, struct mr_str name);
void mr_near__try(struct near *n, struct mr_str candidate);
void mr_near__words(struct near *n, const char *list); /* blank-separated */
const char *mr_near__text(const struct near *n, struct mr_arena *arena);
/* Texts for messages: zero-terminated, in the arena. */
const char *mr_topology__text(struct compile *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* place.c: the place of some code points of a scalar's text, wherever they stand in the file. */
struct place mr_topology__inside(struct compile *c, const struct node *n, size_t point,
                                 size_t length);

/* expand.c: ${NAME} in all scalar values, from --set and the environment. */
void mr_topology__expand(struct compile *c, struct node *root);
/* --set names that replaced nothing. */
void mr_topology__unused_sets(struct compile *c);

/* units.c: "64MB", "1.5 GiB", "10s"; false when the text is none. */
bool mr_topology__bytes(struct mr_str text, uint64_t *out);
bool mr_topology__duration_ms(struct mr_str text, uint64_t *out);
/* A count of bytes or milliseconds as people write it. */
void mr_topology__print_bytes(struct mr_buf *out, uint64_t bytes);
void mr_topology__print_ms(struct mr_buf *out, uint64_t ms);

/* tree.c: the grammar. */
struct given { /* a parameter or role as written */
    struct node *key, *value;
    bool taken;
};
struct ref {
    struct place at;
    struct mr_str text;
    int item;    /* index of the item read; -1 unresolved */
    int outcome; /* as in the plan: MR_PLAN_NONE: its rows that go on */
    bool branch; /* may bring rows that another reference brings too */
};
struct topo_route {
    struct mr_str name, text; /* text: ptr NULL when there is none */
    struct place at;
    struct node *node;
    struct mr_expr *expr; /* NULL when it has problems */
    uint32_t readers;
};
struct flow_schema;
struct topo_expr { /* a parameter's index-th expression; NULL when it has problems */
    const struct mr_param *param;
    size_t index;
    struct mr_expr *expr;
};
struct topo_serving {
    struct mr_str name;
    struct place at, kind_at;
    enum mr_serving_kind kind;
    double price; /* of a million tokens sent; 0: not told */
    bool sound;
    uint32_t users;
};
struct topo_role {
    const struct mr_key *key;
    struct place at; /* of the role's name, or of the stage when by default */
    struct mr_str *names;
    struct place *names_at;
    size_t count;
    bool given;
};
struct item {
    enum mr_stage_kind kind;
    struct mr_str id;
    struct place at, use_at; /* where it begins; where its operator or connector is named */
    struct mr_str use;
    const struct mr_op *op;
    const struct mr_source_type *source;
    const struct mr_sink_type *sink;
    struct given *givens; /* everything not of the grammar: parameters and roles */
    size_t given_count;
    struct given *keys; /* long form `keys:`; sources: the declared keys */
    size_t key_count;
    bool mixed; /* short form: givens hold parameters and roles */
    bool keys_given;
    struct ref *from;
    size_t from_count;
    bool from_given;
    struct place window_at, scale_at, partitions_at, order_at;
    struct place retention_at;
    struct topo_route *routes;
    size_t route_count;
    struct node *serving, *prompts; /* as written */
    double price; /* of a million tokens, each sent in every question of the stage; 0: not told */
    struct topo_expr *exprs;        /* of its parameters */
    size_t expr_count;
    struct mr_str *extra_reads;     /* keys that its prompts and expressions ask for */
    size_t extra_count;
    uint64_t window_rows, window_idle_ms;
    uint32_t scale, partitions; /* 0: not declared */
    uint64_t retention, bound;
    uint64_t longest_row_ms;
    bool arrival, place_order; /* as declared by `order:` */
    bool isolate, replay_point, keep_dropped, mode_given;
    enum mr_mode mode;
    /* resolve.c */
    struct mr_setting *settings;
    struct place *settings_at;
    size_t setting_count;
    struct topo_role *roles; /* one per row of op->keys */
    size_t role_count;
    void *params; /* filled; NULL when there are errors in them */
    bool sound;   /* operator known, parameters and roles without error */
    bool in_circle;
    bool endless; /* its rows never end */
    uint32_t readers, out_readers; /* of anything; of the rows that go on by no route */
    struct flow_schema *schema_in;
    struct flow_schema *schema; /* keys of the rows that go on; check_keys.c */
    bool joins, renames;        /* fused with its writer; tells branches of one row apart */
    const char *cut;            /* why it is not fused with its writer */
    int stage, prepare_stage;   /* numbers in the plan; MR_PLAN_NONE */
};
struct topo {
    struct mr_str name;
    enum mr_mode mode;
    uint64_t seed, max_row_bytes, disk_budget;
    uint64_t replay_horizon; /* 0: none declared */
    struct place horizon_at, budget_at;
    struct topo_serving *servings;
    size_t serving_count;
    bool fuse_auto, lz4;
    struct item *items; /* sources, stages, sinks, as written */
    size_t count, capacity;
    size_t source_count; /* the first ones */
    int *order;          /* indexes of items so that readers come after writers */
    size_t order_count;
};
void mr_topology__tree(struct compile *c, struct node *root);
/* A setting's node as text, a list as its texts; false and a problem otherwise. */
bool mr_topology__scalar(struct compile *c, const struct node *n, const char *what,
                         struct mr_str *out);
/* items.c: what stands in one stage, source or sink. */
void mr_topology__stage(struct compile *c, struct node *n);
void mr_topology__source_item(struct compile *c, struct node *name, struct node *n);
void mr_topology__sink_item(struct compile *c, struct node *name, struct node *n);
/* settings.c: one setting of the grammar. False: not a setting of this kind of item. */
enum { ON_STAGE = 1, ON_SOURCE = 2, ON_SINK = 4 };
bool mr_topology__setting(struct compile *c, struct item *item, int kind, struct pair *pair);
bool mr_topology__is_setting(int kind, struct mr_str name);
void mr_topology__near_settings(struct near *n, int kind);
/* The tables of the grammar, row by row, for json_schema.c. False behind the last. */
struct grammar_row {
    const char *name, *shape, *doc; /* shape: JSON Schema without braces, or NULL */
    int kinds;
};
bool mr_topology__setting_row(size_t i, struct grammar_row *out);
bool mr_topology__top_row(size_t i, struct grammar_row *out);
bool mr_topology__take_bool(struct compile *c, const struct node *n, bool *out);
bool mr_topology__take_uint(struct compile *c, const struct node *n, uint64_t min, uint64_t max,
                            uint64_t *out);
bool mr_topology__take_bytes(struct compile *c, const struct node *n, uint64_t *out);
bool mr_topology__take_real(struct compile *c, const struct node *n, double min, double *out);
bool mr_topology__take_word(struct compile *c, const struct node *n, const char *words, int *out);
bool mr_topology__id_ok(struct mr_str id);

/* routes.c: `route:`, its names, and its expressions once the keys are known. */
bool mr_topology__set_route(struct compile *c, struct item *item, struct node *n);
void mr_topology__route_names(struct compile *c, const struct item *item);
int mr_topology__route_find(const struct item *item, struct mr_str name); /* -1: none */
void mr_topology__check_routes(struct compile *c, struct item *item);
/* expressions.c: problems are told inside of n; label says where it stands. NULL: it has some. */
struct mr_expr *mr_topology__expr(struct compile *c, const struct flow_schema *in,
                                  const struct node *n, struct mr_str text, uint32_t wanted,
                                  const char *label);
/* Parameters that are expressions, over item->schema_in. */
void mr_topology__check_exprs(struct compile *c, struct item *item);
/* What the i-th expression of a parameter gives; 0: there is none. */
uint32_t mr_topology__expr_types(const struct item *item, const char *param, size_t i);
/* servings.c: the section, and what a stage that asks a model needs of it. */
void mr_topology__servings(struct compile *c, struct node *n);
void mr_topology__check_model(struct compile *c, struct item *item);
void mr_topology__unused_servings(struct compile *c);

/* resolve.c: operators and connectors by name, parameters and roles to their tables. */
void mr_topology__resolve(struct compile *c);
/* values.c: a node as the text form of a parameter. */
bool mr_topology__param_text(struct compile *c, const struct mr_param *p, const struct node *n,
                             struct mr_str *text, bool *null);
/* roles.c */
bool mr_topology__roles(struct compile *c, struct item *item);
const struct mr_key *mr_topology__role_find(const struct mr_op *op, struct mr_str name);

/* check_graph.c: ids, `from`, cycles, order of items, what nobody reads. False: the graph cannot
 * be used by further checks. */
bool mr_topology__check_graph(struct compile *c);
/* check_place.c: scale, partitions, windows, endless sources. */
void mr_topology__check_place(struct compile *c);
/* check_keys.c: keys and types along the graph. schema.c: sets of keys. */
struct flow_key {
    struct mr_str name;
    uint32_t types; /* enum mr_type bits, null among them */
    bool always;    /* on every row */
    bool certain;   /* declared or written, not just seen in a sample */
    bool gone;      /* removed upstream */
    bool lacking;   /* certainly on no row of some branch that nothing has sorted out since */
    bool assumed;   /* missed by an earlier stage, which was said: no more of it */
    int who;        /* item that wrote or removed it */
    enum mr_media media; /* what the text stands for; MR_MEDIA_TEXT: a text, or not known */
};
struct flow_schema {
    struct flow_key *keys;
    size_t count, capacity;
    bool open, unknown;
    size_t sample_rows;
    uint64_t bytes;
};
struct flow_key *mr_schema__find(const struct flow_schema *s, struct mr_str name);
struct flow_key *mr_schema__put(struct compile *c, struct flow_schema *s, struct flow_key key);
struct flow_schema *mr_schema__copy(struct compile *c, const struct flow_schema *s);
void mr_schema__unite(struct compile *c, struct flow_schema *into, const struct flow_schema *other);
/* "text", "number|null": a declared type. False when it is none. */
bool mr_schema__types(struct mr_str text, uint32_t *out);
const char *mr_schema__type_name(size_t i); /* NULL behind the last */
enum mr_media mr_schema__media(struct mr_str text); /* of such a type */
void mr_topology__check_keys(struct compile *c);
/* source_keys.c */
struct flow_schema *mr_schema__unknown(struct compile *c);
/* What one branch brings, for the caller to change; NULL: an error was found there. */
struct flow_schema *mr_topology__branch_schema(struct compile *c, const struct ref *ref);
/* roles.c: what a key that the stage removed is called behind it; len 0: it has no other name. */
struct mr_str mr_topology__new_name(const struct item *item, struct mr_str name);
struct flow_schema *mr_topology__source_schema(struct compile *c, struct item *item, int index);
/* `Did you mean "a"? Keys there: a, b.` */
const char *mr_topology__keys_there(struct compile *c, const struct flow_schema *s,
                                    struct mr_str name);
/* check_use.c: keys written in vain; what is read beside the roles. */
void mr_topology__check_use(struct compile *c);
void mr_topology__note_read(struct compile *c, struct item *item, struct mr_str name);

/* make.c: the plan. fuse.c: which stages share a process (item.joins, item.cut). order.c: in which
 * order rows come (stage.order, notes), and which branches bring the same row (ref.branch). */
struct maker {
    struct compile *c;
    struct mr_plan *plan;
    int *item_of; /* stage number → item */
    size_t topic_capacity;
};
void mr_topology__make(struct compile *c);
void mr_topology__fuse(struct compile *c);
void mr_topology__branches(struct compile *c);
void mr_topology__order(struct maker *m);

#endif
