/* The names a process binds: a small open hash table from key text to symbol. */
#include "runtime/row/row_private.h"

#include <stdlib.h>

enum { TABLE = 4 * MR_NAMES_MAX };

struct name {
    uint64_t sign;
    struct mr_str text; /* owned */
};

struct mr_names {
    struct name items[MR_NAMES_MAX];
    uint16_t count;
    uint16_t mask;         /* size of the used part of table, less one          */
    uint16_t table[TABLE]; /* 1 + symbol, 0 = free; at most a quarter is filled */
};

struct mr_names *mr_names_create(void)
{
    struct mr_names *names = mr_zalloc(sizeof *names);
    names->mask = 31;
    return names;
}

void mr_names_destroy(struct mr_names *names)
{
    if (!names)
        return;
    for (uint16_t i = 0; i < names->count; i++)
        free((char *)names->items[i].text.ptr);
    free(names);
}

static void enter(struct mr_names *names, uint16_t symbol)
{
    size_t at = names->items[symbol].sign & names->mask;
    while (names->table[at])
        at = (at + 1) & names->mask;
    names->table[at] = (uint16_t)(symbol + 1);
}

uint16_t mr_names_add(struct mr_names *names, struct mr_str name)
{
    uint16_t symbol = mr_names_find(names, name);
    if (symbol != UINT16_MAX)
        return symbol;
    mr_assert(names->count < MR_NAMES_MAX);
    symbol = names->count++;
    char *copy = mr_alloc(name.len + 1);
    if (name.len)
        memcpy(copy, name.ptr, name.len);
    copy[name.len] = 0;
    names->items[symbol] = (struct name){.sign = mr_row__sign((const uint8_t *)copy, name.len),
                                         .text = {copy, name.len}};
    if (names->count * 4 <= names->mask + 1) {
        enter(names, symbol);
        return symbol;
    }
    names->mask = (uint16_t)(names->mask * 2 + 1);
    memset(names->table, 0, sizeof names->table);
    for (uint16_t i = 0; i < names->count; i++)
        enter(names, i);
    return symbol;
}

uint16_t mr_names_count(const struct mr_names *names)
{
    return names ? names->count : 0;
}

uint16_t mr_row__name_find(const struct mr_names *names, const uint8_t *p, size_t len,
                           uint64_t sign)
{
    if (!names)
        return UINT16_MAX;
    for (size_t at = sign & names->mask; names->table[at]; at = (at + 1) & names->mask) {
        const struct name *n = &names->items[names->table[at] - 1];
        if (n->sign == sign && n->text.len == len && memcmp(n->text.ptr, p, len) == 0)
            return (uint16_t)(names->table[at] - 1);
    }
    return UINT16_MAX;
}

uint16_t mr_names_find(const struct mr_names *names, struct mr_str name)
{
    const uint8_t *p = (const uint8_t *)(name.ptr ? name.ptr : "");
    return mr_row__name_find(names, p, name.len, mr_row__sign(p, name.len));
}

struct mr_str mr_names_text(const struct mr_names *names, uint16_t symbol)
{
    mr_assert(symbol < names->count);
    return names->items[symbol].text;
}
