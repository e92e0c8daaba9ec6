/* What an operator is: one constant descriptor, and the calls its functions may use.
 *
 * An operator file includes this header only (and its family's own). It declares parameters, key
 * roles, outcomes and functions; the compiler, the help, the docs, the schema and the contract
 * tests all read the descriptor. Functions never block, never free, never keep pointers to a row
 * beyond the call (unless said), and hold no mutable file-level variables.
 * Order in a file: purpose, include, parameter struct, enums, tables, functions, descriptor. */
#ifndef MR_OP_OP_H
#define MR_OP_OP_H

#include "runtime/base/arena.h"
#include "runtime/base/buf.h"
#include "runtime/base/error.h"
#include "runtime/base/hash.h"
#include "runtime/base/str.h"
#include "runtime/op/param.h"
#include "runtime/row/value.h"

struct mr_ctx; /* an operator instance of one task: parameters, arenas, state */
struct mr_row; /* the row at work */

enum mr_access {
    MR_READ,      /* must exist; wrong type or missing rejects the row (bad_input)     */
    MR_MAY_READ,  /* may be missing: ask mr_row_has                                    */
    MR_WRITE,     /* always written on rows that go on                                 */
    MR_MAY_WRITE, /* written on some rows                                              */
    MR_CHANGE,    /* read and rewritten in place                                       */
    MR_REMOVE,    /* read (unless optional) and gone afterwards                        */
    MR_PREPARED,  /* written by prepare, read by process, never seen by anyone else    */
};

/* What a text or bytes hold, where an operator takes or makes only that: a picture is bytes, or the
 * text of its path. */
enum mr_media { MR_MEDIA_TEXT, MR_MEDIA_IMAGE, MR_MEDIA_AUDIO, MR_MEDIA_VIDEO };

struct mr_key {
    const char *name;      /* the role: "input_key" */
    enum mr_access access;
    uint32_t types;        /* enum mr_type bits it accepts or writes */
    const char *doc;       /* one sentence with a full stop */
    const char *def;       /* key bound when the topology says nothing; NULL: none */
    bool optional;         /* may stay unbound (`role: null` unbinds a default) */
    bool must_bind;        /* optional as to rows only (MR_REMOVE): the topology must bind it */
    bool nullable;         /* null reaches the operator instead of rejecting the row */
    bool many;             /* binds one or more keys: `role: [a, b]` */
    const char *aliases;   /* other role names, blank-separated, or NULL */
    const char *type_of;   /* written with the type of this other role, or NULL */
    const char *type_param; /* choice parameter whose chosen name is the type (null|bool|int|…), or
                             * expression parameter whose i-th expression is what is written under
                             * the role's i-th key */
    enum mr_media media;   /* what the text or the bytes stand for */
};

enum mr_leaving { MR_DROP, MR_REJECT };

struct mr_outcome {
    const char *name; /* "too_short" */
    enum mr_leaving kind;
    const char *doc;
};

/* What a serving answers with. */
enum mr_serving_kind { MR_SERVE_CHAT, MR_SERVE_COMPLETIONS, MR_SERVE_EMBEDDINGS, MR_SERVE_CLASSIFY,
                       MR_SERVE_RERANK, MR_SERVE_REWARD, MR_SERVE_PERPLEXITY };

/* A question that an operator asks a model (inference stages). */
struct mr_slot {
    const char *name;
    const char *prompt;  /* shipped prompt used by default; NULL: the model takes the rows' own texts */
    const char *doc;
    enum mr_serving_kind serving;
    const char *prompts; /* other shipped prompts that may stand here, blank-separated, or NULL */
};

enum mr_category { MR_CAT_REFINE, MR_CAT_FILTER, MR_CAT_EVALUATE, MR_CAT_GENERATE, MR_CAT_DEDUP,
                   MR_CAT_SHAPE };

enum mr_scope {
    MR_PER_ROW,   /* rows are independent */
    MR_KEYED,     /* rows with equal values of key_role meet in one task */
    MR_ONE_TASK,  /* an index over the whole stream: one task, whatever the scale */
    MR_WHOLE_SET, /* barrier: holds rows, settles them at the cut */
    MR_GENERATE,  /* makes rows from none in finish */
};

enum mr_mode { MR_MODE_UNICODE, MR_MODE_COMPAT };

struct mr_example { /* shown by `ops show`, run as a test */
    const char *set;  /* "min=3 max=5", or NULL */
    const char *keys; /* "input_key=text", or NULL */
    const char *in;   /* JSON lines */
    const char *out;  /* JSON lines; a row that left carries "_outcome":"name" */
};

struct mr_op {
    const char *name;      /* "general_text.ngram_filter" = path of the file */
    const char *aliases;   /* reference class names, blank-separated, or NULL */
    uint32_t version;      /* raise when results change: part of the fingerprint; 0 means 1 */
    enum mr_category category;
    enum mr_scope scope;
    const char *doc;       /* one sentence with a full stop */
    const char *notes;     /* differences from the reference, oddities mended; or NULL */
    size_t params_size;
    const struct mr_param *params;   /* ends with {0}; NULL: none */
    const struct mr_key *keys;       /* ends with {0} */
    const struct mr_slot *slots;     /* ends with {0}; NULL: none */
    const struct mr_outcome *outcomes; /* ends with {0}; NULL: none */
    const struct mr_example *examples; /* ends with {0}; NULL: none */
    int key_role;          /* MR_KEYED: index into keys of the role(s) rows meet by */
    bool ordered;          /* the result depends on row order (first wins) */
    bool expands;          /* 1→N: emits children, the row itself is absorbed */
    bool keeps_only_bound; /* every key that is not bound is gone afterwards (select) */
    bool has_modes;        /* compat and unicode differ */
    bool may_crash;        /* test-only operators */

    /* Cross-parameter check at compile time; MR_PARAM_INVALID. */
    struct mr_error *(*check)(const void *params);
    struct mr_error *(*open)(struct mr_ctx *ctx);   /* once per task */
    void (*close)(struct mr_ctx *ctx);
    struct mr_error *(*prepare)(struct mr_ctx *ctx, struct mr_row *row); /* pure, scalable */
    struct mr_error *(*process)(struct mr_ctx *ctx, struct mr_row *row);
    struct mr_error *(*reply)(struct mr_ctx *ctx, struct mr_row *row, struct mr_str text);
    /* MR_WHOLE_SET: each held row at the cut, by sort key, then place and id. */
    struct mr_error *(*settle)(struct mr_ctx *ctx, struct mr_row *row);
    /* At the cut, after settle: called until *done; a commit may fall between two calls, so the
     * cursor lives in state. Emits with mr_make. */
    struct mr_error *(*finish)(struct mr_ctx *ctx, bool *done);
};

/* ---- reading a row: key = index into the operator's key table ---- */
bool mr_row_bound(const struct mr_row *row, int key);      /* the topology bound this role  */
bool mr_row_has(const struct mr_row *row, int key);        /* present (null counts)         */
bool mr_row_is_null(const struct mr_row *row, int key);    /* absent or null                */
enum mr_type mr_row_type(const struct mr_row *row, int key);
struct mr_str mr_row_text(const struct mr_row *row, int key); /* borrowed; null: ptr NULL   */
int64_t mr_row_int(const struct mr_row *row, int key);
double mr_row_real(const struct mr_row *row, int key);
bool mr_row_bool(const struct mr_row *row, int key);
struct mr_value mr_row_value(const struct mr_row *row, int key); /* borrowed; absent: len 0 */
/* Roles bound to several keys. */
uint32_t mr_row_many(const struct mr_row *row, int key);
struct mr_value mr_row_value_at(const struct mr_row *row, int key, uint32_t i);
struct mr_str mr_row_name_at(const struct mr_row *row, int key, uint32_t i);
/* Appends the value as Python's str() prints it (None, True, 1.5), lists and maps as JSON. Rows that
 * meet by several keys meet by these texts, so that equal texts always reach the same task. */
void mr_value_print(struct mr_value v, struct mr_buf *out);
const struct mr_id *mr_row_id(const struct mr_row *row);
/* Uniform in 64 bits, fixed by (seed, row id): the same on any scale and at any replay. */
uint64_t mr_row_random(const struct mr_row *row, uint64_t seed);

/* ---- writing: values are copied; an unbound optional role is ignored ---- */
void mr_row_set_text(struct mr_row *row, int key, struct mr_str value); /* ptr NULL: empty */
void mr_row_set_bytes(struct mr_row *row, int key, struct mr_str value);
void mr_row_set_int(struct mr_row *row, int key, int64_t value);
void mr_row_set_real(struct mr_row *row, int key, double value); /* not finite: null */
void mr_row_set_bool(struct mr_row *row, int key, bool value);
void mr_row_set_null(struct mr_row *row, int key);
void mr_row_set_value(struct mr_row *row, int key, struct mr_value value);
void mr_row_set_value_at(struct mr_row *row, int key, uint32_t i, struct mr_value value);
void mr_row_remove(struct mr_row *row, int key);                    /* all keys of the role */
/* Keeps the position; roles bound to several keys are renamed pair by pair. */
void mr_row_rename(struct mr_row *row, int from_key, int to_key);
/* Removes every field that no role of this operator binds. */
void mr_row_keep_bound(struct mr_row *row);

/* ---- leaving: outcome = index into the operator's outcome table; returns NULL ---- */
struct mr_error *mr_row_leave(struct mr_row *row, int outcome);
struct mr_error *mr_row_leave_measured(struct mr_row *row, int outcome, double value,
                                       double threshold);
/* With a text instead of figures ("kept twin 5f2c…"); copied. */
struct mr_error *mr_row_leave_noted(struct mr_row *row, int outcome, struct mr_str note);

/* ---- context ---- */
const void *mr_params(const struct mr_ctx *ctx);
enum mr_mode mr_mode_of(const struct mr_ctx *ctx);
struct mr_arena *mr_batch_arena(struct mr_ctx *ctx);    /* until the row has been encoded */
struct mr_arena *mr_instance_arena(struct mr_ctx *ctx); /* open to close */
void *mr_instance(const struct mr_ctx *ctx);            /* what open stored */
void mr_set_instance(struct mr_ctx *ctx, void *instance);
/* A scratch buffer, empty at each call of process, whose memory is reused. */
struct mr_buf *mr_scratch(struct mr_ctx *ctx);
/* Binding known before any row: is the role bound, and to how many keys? */
bool mr_bound(const struct mr_ctx *ctx, int key);

/* 1→N: a child that starts as a copy of row; forwarded when process returns. Borrowed until then. */
struct mr_row *mr_emit(struct mr_ctx *ctx, struct mr_row *row);
/* finish: a row from nothing, identified by the cut and this name. */
struct mr_row *mr_make(struct mr_ctx *ctx, struct mr_str name);
/* Barrier: keeps the row until the cut, ordered by key (memcmp), ties by place and id. */
struct mr_error *mr_hold(struct mr_ctx *ctx, struct mr_row *row, struct mr_str sort_key);
/* Takes the row into state: it does not go on and is counted as absorbed. */
struct mr_error *mr_absorb(struct mr_ctx *ctx, struct mr_row *row);

/* State of this operator in this task: durable with the commit of the rows it came from. */
/* *out borrowed until the next state call; found false when absent. */
struct mr_error *mr_state_get(struct mr_ctx *ctx, struct mr_str key, struct mr_str *out, bool *found);
void mr_state_put(struct mr_ctx *ctx, struct mr_str key, struct mr_str value);
void mr_state_del(struct mr_ctx *ctx, struct mr_str key);
/* Calls fn for every key with the prefix, ascending; fn returns false to stop. */
struct mr_error *mr_state_scan(struct mr_ctx *ctx, struct mr_str prefix,
                               bool (*fn)(void *arg, struct mr_str key, struct mr_str value),
                               void *arg);

#endif
