/* Evaluates a condition on encoded rows. */
#include "stages/look/where.h"

#include <stdlib.h>

#include "runtime/expr/expr.h"
#include "runtime/row/row.h"

struct mr_where {
    struct mr_arena *arena, *batch;
    struct mr_names *names;
    struct mr_expr *expr;
    struct mr_expr_run *run;
};

struct mr_error *mr_where_open(struct mr_str text, struct mr_where **out)
{
    *out = NULL;
    if (!text.len)
        return NULL;
    struct mr_where *w = mr_zalloc(sizeof *w);
    w->arena = mr_arena_create(0);
    w->batch = mr_arena_create(64 * 1024);
    w->names = mr_names_create();
    struct mr_error *e = mr_expr_compile(text, NULL, w->arena, &w->expr, NULL);
    if (e) {
        mr_where_close(w);
        return mr_error_wrap(e, "--where \"%.*s\"", MR_FMT(text));
    }
    for (size_t i = 0; i < mr_expr_key_count(w->expr); i++)
        mr_names_add(w->names, mr_expr_key(w->expr, i)->name);
    w->run = mr_expr_run_create(w->expr);
    *out = w;
    return NULL;
}

void mr_where_close(struct mr_where *w)
{
    if (!w)
        return;
    mr_expr_run_destroy(w->run);
    mr_names_destroy(w->names);
    mr_arena_destroy(w->batch);
    mr_arena_destroy(w->arena);
    free(w);
}

bool mr_where_meets(struct mr_where *w, struct mr_str map)
{
    if (!w)
        return true;
    struct mr_head head = {.kind = MR_KIND_ROW};
    struct mr_row row;
    enum mr_expr_verdict verdict = MR_EXPR_FALSE;
    if (!map.len)
        return false;
    struct mr_error *e = mr_row_decode(&row, w->names, w->batch, &head, map.ptr, map.len);
    if (!e)
        e = mr_expr_test(w->run, &row, &verdict, NULL);
    mr_arena_reset(w->batch);
    bool meets = !e && verdict == MR_EXPR_TRUE;
    mr_error_free(e);
    return meets;
}
