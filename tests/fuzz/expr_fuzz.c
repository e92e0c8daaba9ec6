/* Fuzz target: an expression, up to the first zero byte, on the row behind it (JSON, or the bytes
 * of a row). What compiles gives a whole value or a row error, the same one each time; problems lie
 * inside the text. */
#include "runtime/expr/expr.h"
#include "runtime/row/json.h"
#include "runtime/row/row.h"
#include "runtime/text/chars.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char fallback[] =
    "{\"a\":1,\"b\":\"T\xc3\xa9xt a\",\"c\":[1,-2.5,\"x\",null,[true]],\"d\":{\"a\":{\"b\":0}},"
    "\"e\":null,\"f\":false,\"g\":18446744073709551615,\"h\":-99999999999999999999,\"i\":1e400}";

static void check_problems(struct mr_str text, struct mr_error *e,
                           const struct mr_expr_problems *found)
{
    mr_assert(found->count > 0 && mr_error_code(e) == found->list[0].code);
    size_t length = mr_text_length(text);
    for (size_t i = 0; i < found->count; i++) {
        const struct mr_expr_problem *p = &found->list[i];
        mr_assert((size_t)p->at + p->length <= length || length > MR_EXPR_TEXT_MAX ||
                  !mr_utf8_valid(text));
        mr_assert(i == 0 || found->list[i - 1].at <= p->at);
        mr_assert(mr_utf8_valid(mr_str_of(p->fact)) || !mr_utf8_valid(text));
    }
}

static void evaluate(const struct mr_expr *expr, const struct mr_row *row, struct mr_buf *out)
{
    struct mr_expr_run *run = mr_expr_run_create(expr);
    struct mr_value value;
    enum mr_expr_verdict verdict;
    struct mr_expr_reason reason;
    for (int turn = 0; turn < 2; turn++) {
        struct mr_buf now = {0};
        struct mr_error *e = mr_expr_eval(run, row, &value);
        if (e) {
            mr_assert(mr_error_is_row(e) && !value.len);
            mr_buf_addz(&now, mr_error_message(e));
        } else {
            mr_assert(!value.len || mr_value_skip(value.ptr, value.len) == value.len);
            mr_buf_add(&now, value.ptr, value.len);
        }
        mr_error_free(e);
        mr_assert(!turn || mr_str_eq(mr_buf_str(&now), mr_buf_str(out)));
        mr_buf_finish(out);
        *out = now;
    }
    struct mr_error *e = mr_expr_test(run, row, &verdict, &reason);
    mr_assert(!e || mr_error_is_row(e));
    mr_assert(e || (verdict == MR_EXPR_TRUE) == !reason.part.ptr);
    mr_error_free(e);
    mr_expr_run_destroy(run);
}

static void read_row(struct mr_str bytes, struct mr_buf *packed)
{
    static struct mr_json_reader *reader;
    if (!reader)
        reader = mr_json_reader_create();
    struct mr_error *e = mr_json_read_object(reader, bytes, MR_UTF8_REJECT, packed);
    if (e)
        mr_buf_adds(packed, bytes);
    mr_error_free(e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *zero = size ? memchr(data, 0, size) : NULL;
    size_t len = zero ? (size_t)(zero - data) : size;
    struct mr_str text = {(const char *)data, len};
    struct mr_str rest = mr_str_of(fallback);
    if (zero && size > len + 1)
        rest = mr_str_span((const char *)data + len + 1, size - len - 1);
    struct mr_arena *arena = mr_arena_create(0);
    struct mr_names *names = mr_names_create();
    struct mr_expr_problems found;
    struct mr_expr *expr;
    struct mr_buf packed = {0}, out = {0};
    struct mr_row row;
    struct mr_head head = {0};
    struct mr_error *e = mr_expr_compile(text, NULL, arena, &expr, &found);
    if (e) {
        check_problems(text, e, &found);
    } else {
        read_row(rest, &packed);
        struct mr_error *broken = mr_row_decode(&row, names, arena, &head, packed.ptr, packed.len);
        if (!broken)
            evaluate(expr, &row, &out);
        mr_error_free(broken);
    }
    mr_error_free(e);
    mr_buf_finish(&packed);
    mr_buf_finish(&out);
    mr_names_destroy(names);
    mr_arena_destroy(arena);
    return 0;
}
