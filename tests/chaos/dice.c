/* Numbers by SplitMix64 (Steele, Lea and Flood, 2014): the same on every machine. */
#include "tests/chaos/dice.h"

#include <check.h>
#include <stdlib.h>

#include "runtime/base/str.h"

static uint64_t state;

void dice_seed(uint64_t seed)
{
    state = seed;
}

uint64_t dice_below(uint64_t limit)
{
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (z ^ z >> 31) % limit;
}

uint64_t dice_setting(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    uint64_t value;
    if (!text || !*text)
        return otherwise;
    ck_assert_msg(mr_str_to_uint(mr_str_of(text), &value), "%s=%s", name, text);
    return value;
}
