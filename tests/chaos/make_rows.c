/* Makes rows from a counter and a hash; no state, no clock. */
#include "tests/chaos/make_rows.h"

#include "runtime/base/hash.h"

enum { VOCABULARY = 4000, SHORTEST = 30, SPREAD = 60 };

static uint64_t mix(uint64_t seed, uint64_t a, uint64_t b)
{
    uint64_t parts[] = {seed, a, b};
    return mr_hash64(parts, sizeof parts, 0);
}

static void add_word(struct mr_buf *out, uint64_t number)
{
    static const char *const syllables[] = {"ka", "lo", "mi", "ru", "te", "so", "na", "vi",
                                            "pe", "du", "ga", "fi", "ho", "zu", "be", "ly"};
    for (int i = 0; i < 3; i++, number /= 16)
        mr_buf_addz(out, syllables[number % 16]);
}

/* The text of row `of`, with one word changed when `twist` is not 0. */
static void add_text(struct mr_buf *out, uint64_t seed, unsigned of, unsigned twist)
{
    unsigned words = of % 10 == 9 ? 3 : SHORTEST + (unsigned)(mix(seed, of, 0) % SPREAD);
    for (unsigned w = 0; w < words; w++) {
        uint64_t number = mix(seed, of, w + 1) % VOCABULARY;
        if (w)
            mr_buf_addc(out, w % 12 ? ' ' : '\n');
        add_word(out, twist && w == words / 2 ? twist : number);
    }
}

void make_rows(struct mr_buf *out, uint64_t seed, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        struct mr_buf text = {0};
        unsigned earlier = i ? (unsigned)(mix(seed, i, 7) % i) : 0;
        unsigned role = i % 10;
        add_text(&text, seed, role == 3 || role == 6 ? earlier : i, role == 6 ? i : 0);
        mr_buf_printf(out, "{\"n\":%u,\"text\":", i);
        mr_buf_add_json(out, mr_buf_str(&text));
        mr_buf_addz(out, "}\n");
        mr_buf_finish(&text);
    }
}
