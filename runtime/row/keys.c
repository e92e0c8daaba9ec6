/* Finds a key that stands twice among many, in time that hostile keys cannot make quadratic. */
#include "runtime/row/row_private.h"

#include <stdlib.h>

static int compare(const void *a, const void *b)
{
    const struct mr_row__key *x = *(const struct mr_row__key *const *)a;
    const struct mr_row__key *y = *(const struct mr_row__key *const *)b;
    if (x->len != y->len)
        return x->len < y->len ? -1 : 1;
    return memcmp(x->ptr, y->ptr, x->len);
}

static size_t repeat_by_sorting(const struct mr_row__key *keys, size_t count)
{
    const struct mr_row__key **order = mr_alloc(count * sizeof *order);
    for (size_t i = 0; i < count; i++)
        order[i] = keys + i;
    qsort(order, count, sizeof *order, compare);
    size_t found = SIZE_MAX;
    for (size_t i = 1; i < count && found == SIZE_MAX; i++)
        if (compare(order + i - 1, order + i) == 0)
            found = (size_t)(order[i] - keys);
    free(order);
    return found;
}

static size_t repeat_among_few(const struct mr_row__key *keys, size_t count)
{
    uint64_t seen = 0;
    for (size_t i = 1; i <= count; i++)
        if (mr_row__key_repeats(keys, i, &seen))
            return i - 1;
    return SIZE_MAX;
}

size_t mr_row__keys_repeat(const struct mr_row__key *keys, size_t count)
{
    if (count <= MR_ROW__FEW_KEYS)
        return repeat_among_few(keys, count);
    size_t size = 64;
    while (size < count * 2)
        size *= 2;
    uint32_t *table = mr_zalloc(size * sizeof *table); /* 1 + index of a key */
    /* Keys made to collide would cost the square; past this many steps sorting is cheaper. */
    size_t steps = count * 8 + 1024, found = SIZE_MAX;
    for (size_t i = 0; i < count && found == SIZE_MAX && steps; i++) {
        size_t at = mr_hash64(keys[i].ptr, keys[i].len, 0) & (size - 1);
        while (table[at] && steps && found == SIZE_MAX) {
            steps--;
            if (mr_row__key_eq(keys + table[at] - 1, keys + i))
                found = i;
            at = (at + 1) & (size - 1);
        }
        if (!table[at])
            table[at] = (uint32_t)(i + 1);
    }
    free(table);
    return found == SIZE_MAX && !steps ? repeat_by_sorting(keys, count) : found;
}
