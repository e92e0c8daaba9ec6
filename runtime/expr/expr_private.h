/* Shared inside runtime/expr/ only, grouped by the file that defines it. */
#ifndef MR_EXPR_PRIVATE_H
#define MR_EXPR_PRIVATE_H

#include "runtime/expr/expr.h"
#include "runtime/row/row.h"
#include "runtime/text/pattern.h"

/* ---- values at work ---- */
enum x_kind {
    X_MISSING, /* no such key, field or item */
    X_NULL,
    X_BOOL,
    X_INT,
    X_UINT, /* above INT64_MAX only */
    X_REAL, /* never NaN */
    X_BIG,  /* whole number beyond both: its digits in s */
    X_TEXT,
    X_BYTES,
    X_LIST, /* msgpack in s */
    X_MAP,
    X_OTHER,
};
struct x_value {
    enum x_kind kind;
    uint32_t raw_len; /* the bytes it was read from, when it is still the same */
    const uint8_t *raw;
    union {
        bool b;
        int64_t i;
        uint64_t u;
        double d;
        struct mr_str s;
    };
};
#define X_IS_NULL(v)   ((v)->kind <= X_NULL)
#define X_IS_NUMBER(v) ((v)->kind >= X_INT && (v)->kind <= X_BIG)

/* value.c: to and from msgpack. */
void mr_expr__load(struct mr_value v, struct x_value *out);
void mr_expr__pack(const struct x_value *v, struct mr_buf *out); /* missing as null */
/* enum mr_type bit; missing: MR_NULL */
uint32_t mr_expr__type(const struct x_value *v);
const char *mr_expr__type_name(const struct x_value *v);          /* "a number", for messages */
struct mr_value mr_expr__msgpack(const struct x_value *v);        /* of a list or map */
void mr_expr__field(const struct x_value *map, struct mr_str name, struct x_value *out);
void mr_expr__item(const struct x_value *list, int64_t index, struct x_value *out);

/* number.c */
__extension__ typedef __int128 x_wide;
bool mr_expr__whole(const struct x_value *v, x_wide *out); /* X_INT, X_UINT */
double mr_expr__real(const struct x_value *v);             /* nearest */
bool mr_expr__from_wide(x_wide w, struct x_value *out);    /* false: beyond 64 bits */
int mr_expr__compare_numbers(const struct x_value *a, const struct x_value *b);
bool mr_expr__parse_number(struct mr_str text, struct x_value *out); /* JSON's grammar, or digits */

/* compare.c */
enum x_order { X_LESS = -1, X_EQUAL = 0, X_GREATER = 1, X_UNEQUAL = 2, X_INCOMPARABLE = 3 };
enum x_order mr_expr__compare(const struct x_value *a, const struct x_value *b);
bool mr_expr__like(struct mr_str text, struct mr_str pattern);

/* ---- lex.c ---- */
enum token {
    T_END, T_NUMBER, T_TEXT, T_NAME, T_KEY, T_LPAREN, T_RPAREN, T_LBRACKET, T_RBRACKET, T_COMMA,
    T_DOT, T_EQ, T_NE, T_LT, T_LE, T_GT, T_GE, T_PLUS, T_MINUS, T_TIMES, T_SLASH, T_FLOOR,
    T_PERCENT,
    T_AND, T_OR, T_NOT, T_IN, T_IS, T_NULL, T_TRUE, T_FALSE, T_BETWEEN, T_LIKE, T_MATCHES, T_BAD,
};
struct lexer {
    struct mr_str text;
    size_t at; /* bytes */
    struct compiler *c;
    enum token token;
    size_t begin, end;   /* of the token, in bytes */
    struct mr_str value; /* text or key: without quotes and escapes; name: itself */
};
void mr_expr__lex(struct lexer *l); /* the next token; T_BAD: a problem was noted */

/* ---- parse.c ---- */
enum node_kind { N_CONST, N_KEY, N_FIELD, N_INDEX, N_LIST, N_CALL, N_OP };
enum x_op { /* N_OP, and what the machine does */
    OP_AND, OP_OR, OP_NOT, OP_NEGATE, OP_ADD, OP_SUBTRACT, OP_MULTIPLY, OP_DIVIDE, OP_FLOOR,
    OP_REMAINDER, OP_EQ, OP_NE, OP_LT, OP_LE, OP_GT, OP_GE, OP_IN, OP_NOT_IN, OP_BETWEEN,
    OP_NOT_BETWEEN, OP_LIKE, OP_NOT_LIKE, OP_MATCHES, OP_NOT_MATCHES, OP_IS_NULL, OP_IS_NOT_NULL,
    /* only in code */
    OP_CONST, OP_KEY, OP_FIELD, OP_INDEX, OP_LIST, OP_CALL, OP_JUMP, OP_JUMP_FALSE, OP_JUMP_TRUE,
    OP_JUMP_UNLESS, OP_JUMP_THERE,
};
struct node {
    enum node_kind kind;
    enum x_op op;
    uint32_t begin, end; /* bytes of the text */
    struct node **child;
    uint32_t count;
    struct x_value value; /* N_CONST */
    struct mr_str name;   /* N_KEY, N_FIELD, N_CALL */
    bool quoted;          /* N_KEY: in backticks */
    const struct function *function;
    struct mr_pattern *pattern; /* OP_MATCHES */
    /* check.c */
    uint32_t types, items; /* of the value, and of a list's items */
    bool wrong;            /* a problem was noted here: say nothing above */
    uint32_t key;          /* N_KEY: index in expr->keys */
};
struct compiler {
    struct mr_str text;
    struct mr_arena *arena;
    const struct mr_expr_keys *keys;
    struct mr_expr_problems *problems;
    struct mr_expr *expr;
    size_t nodes, depth;
};
struct node *mr_expr__parse(struct compiler *c); /* NULL: a problem was noted */
/* begin, end: bytes. remedy NULL: the code's own. */
void mr_expr__problem(struct compiler *c, enum mr_code code, size_t begin, size_t end,
                      const char *remedy, const char *format, ...)
    __attribute__((format(printf, 6, 7)));

/* ---- function_table.c, functions.c ---- */
enum { ARGUMENTS_MAX = 3, MR_EXPR__ANY_COUNT = 255 };
struct argument {
    const char *name;
    uint32_t types; /* MR_NULL among them: null is given to the function */
};
enum result_rule {
    RESULT_FIXED,
    RESULT_UNION,  /* of all arguments but the first `skip` ones */
    RESULT_NUMBER, /* int for int, else number */
    RESULT_ITEM,   /* an item of the list, or one of the arguments */
};
struct function {
    const char *name;
    struct argument argument[ARGUMENTS_MAX];
    uint8_t min, max; /* max MR_EXPR__ANY_COUNT: the one argument is repeated */
    uint32_t result;  /* enum mr_type bits */
    enum result_rule rule;
    uint8_t skip;
    uint32_t items; /* of a resulting list */
    bool of_row;    /* asks the row's identity */
    void (*call)(struct mr_expr_run *run, struct x_value *a, uint32_t count, struct x_value *out);
    const char *doc, *example, *value;
};
extern const struct function mr_expr__functions[]; /* ends with {0} */
const struct function *mr_expr__function(struct mr_str name);
void mr_expr__types_print(uint32_t types, struct mr_buf *out); /* "int|text" */

/* ---- check.c ---- */
void mr_expr__check(struct compiler *c, struct node *root);
/* near.c: `Did you mean "a"?`, or NULL. */
const char *mr_expr__near_function(struct compiler *c, struct mr_str name);
const char *mr_expr__near_key(struct compiler *c, struct mr_str name);
/* python.c: the remedy for a Python function, with the same as an expression where that is easy. */
const char *mr_expr__python_remedy(struct compiler *c);

/* ---- code.c ---- */
struct instruction {
    uint8_t op; /* enum x_op */
    bool decides; /* a comparison that alone makes the whole untrue */
    uint32_t n;   /* constant, key, jump target, count of items or arguments */
    uint32_t begin, end;
    struct mr_str name;
    const struct function *function;
    const struct mr_pattern *pattern;
};
struct mr_expr {
    struct mr_str text;
    struct instruction *code;
    uint32_t code_count, stack_size;
    struct x_value *constants;
    uint32_t constant_count;
    struct mr_expr_key *keys;
    uint32_t key_count, key_capacity;
    uint32_t types;
};
void mr_expr__generate(struct compiler *c, const struct node *root);

/* ---- eval.c ---- */
struct made_block {
    struct made_block *next;
    size_t size, used;
    char bytes[];
};
struct mr_expr_run {
    const struct mr_expr *expr;
    struct x_value *stack;
    uint32_t *hints; /* per key: where in the row it was last */
    const struct mr_row *row;
    struct made_block *made;
    size_t made_bytes;
    struct mr_buf work, result; /* reused; work is a function's */
    struct mr_json_reader *json;
    struct mr_pattern_run *match;
    struct mr_error *error;
    const struct instruction *at;
    struct mr_expr_reason reason;
};
/* made.c: memory until the next evaluation. NULL: too much, and run->error says so. */
char *mr_expr__make(struct mr_expr_run *run, size_t size);
/* copied */
bool mr_expr__make_text(struct mr_expr_run *run, struct mr_str text, struct x_value *out);
/* A whole msgpack value, copied. */
bool mr_expr__make_packed(struct mr_expr_run *run, struct mr_str bytes, struct x_value *out);
void mr_expr__made_reset(struct mr_expr_run *run);
void mr_expr__made_free(struct mr_expr_run *run);
/* Notes a row error at the instruction at work; the first one counts. */
void mr_expr__fail(struct mr_expr_run *run, enum mr_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* operate.c: operands a, a + 1 ...; the result in a. */
void mr_expr__operate(struct mr_expr_run *run, enum x_op op, struct x_value *a);
bool mr_expr__condition(struct mr_expr_run *run, const struct x_value *v); /* boolean or null */

/* functions by kind: fn_text.c, fn_list.c, fn_number.c, fn_row.c */
#define X_FN(name)                                                                          \
    void mr_expr__fn_##name(struct mr_expr_run *run, struct x_value *a, uint32_t count,     \
                            struct x_value *out)
X_FN(abs); X_FN(all); X_FN(any); X_FN(ceil); X_FN(concat); X_FN(contains); X_FN(ends_with);
X_FN(first); X_FN(float); X_FN(floor); X_FN(from_json); X_FN(has); X_FN(hash); X_FN(int);
X_FN(join); X_FN(keys); X_FN(last); X_FN(len); X_FN(lower); X_FN(max); X_FN(mean); X_FN(min);
X_FN(replace); X_FN(round); X_FN(row_id); X_FN(sample); X_FN(split); X_FN(starts_with); X_FN(str);
X_FN(substr); X_FN(sum); X_FN(to_json); X_FN(trim); X_FN(type); X_FN(upper); X_FN(words);
X_FN(extract);

#endif
