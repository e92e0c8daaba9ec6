/* Memory that one evaluation makes: a few blocks that become one, so that after the largest row
 * nothing is allocated any more. */
#include "runtime/expr/expr_private.h"

#include <stdlib.h>

enum { FIRST_BLOCK = 4 << 10 };

static struct made_block *add_block(struct mr_expr_run *run, size_t size)
{
    struct made_block *b = mr_alloc(sizeof *b + size);
    *b = (struct made_block){.next = run->made, .size = size};
    run->made = b;
    return b;
}

char *mr_expr__make(struct mr_expr_run *run, size_t size)
{
    if (size > MR_EXPR_MADE_MAX - run->made_bytes) {
        mr_expr__fail(run, MR_EXPR_TOO_LARGE, "more than %d MiB would be made from one row",
                      MR_EXPR_MADE_MAX >> 20);
        return NULL;
    }
    run->made_bytes += size;
    struct made_block *b = run->made;
    if (!b || size > b->size - b->used) {
        size_t next = b ? 2 * b->size : FIRST_BLOCK;
        b = add_block(run, next > size ? next : size);
    }
    char *out = b->bytes + b->used;
    b->used += size;
    return out;
}

bool mr_expr__make_text(struct mr_expr_run *run, struct mr_str text, struct x_value *out)
{
    char *to = mr_expr__make(run, text.len);
    if (!to)
        return false;
    if (text.len)
        memcpy(to, text.ptr, text.len);
    *out = (struct x_value){.kind = X_TEXT, .s = mr_str_span(to, text.len)};
    return true;
}

bool mr_expr__make_packed(struct mr_expr_run *run, struct mr_str bytes, struct x_value *out)
{
    struct x_value copy;
    if (!mr_expr__make_text(run, bytes, &copy))
        return false;
    mr_expr__load((struct mr_value){(const uint8_t *)copy.s.ptr, (uint32_t)copy.s.len}, out);
    return true;
}

void mr_expr__made_free(struct mr_expr_run *run)
{
    while (run->made) {
        struct made_block *next = run->made->next;
        free(run->made);
        run->made = next;
    }
}

void mr_expr__made_reset(struct mr_expr_run *run)
{
    run->made_bytes = 0;
    if (!run->made)
        return;
    if (run->made->next) {
        size_t all = 0;
        for (const struct made_block *b = run->made; b; b = b->next)
            all += b->size;
        mr_expr__made_free(run);
        add_block(run, all);
    }
    run->made->used = 0;
}
