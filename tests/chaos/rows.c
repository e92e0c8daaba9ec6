/* Documents of invented words: frequencies like those of a language, duplicates by construction. */
#include "tests/chaos/rows.h"

#include <stdio.h>

#include "runtime/base/hash.h"

enum { VOCABULARY = 8192, WORD_MAX = 24 };

const struct rows_shape rows_mixed = {.seed = 1,
                                      .exact_permille = 60,
                                      .near_permille = 60,
                                      .short_permille = 40,
                                      .bad_permille = 3,
                                      .long_permille = 10,
                                      .words = 160};
const struct rows_shape rows_plain = {.seed = 1, .words = 138};

struct random {
    uint64_t state;
};

static uint64_t next(struct random *r)
{
    uint64_t z = r->state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static uint64_t below(struct random *r, uint64_t limit)
{
    return (next(r) >> 32) * limit >> 32;
}

/* ---- words ---- */

static char words[VOCABULARY][WORD_MAX];
static unsigned char lengths[VOCABULARY];

/* Syllables as many languages have them; some need more than one byte a letter, some an escape. */
static void make_words(void)
{
    static const char *const starts[] = {"b",  "br", "c",  "d", "f",  "g",   "h",
                                         "l",  "m",  "n",  "p", "pr", "r",   "s",
                                         "st", "t",  "th", "v", "w",  "sch", "\xc3\xb1"};
    static const char *const middles[] = {"a",        "e",        "i",  "o", "u", "ea", "ou",
                                          "\xc3\xa9", "\xc3\xbc", "ai", "e", "a", "i",  "o"};
    static const char *const ends[] = {"", "n", "r", "s", "t", "nd", "l", "m", "", "ck", "ng", ""};
    struct random r = {77};
    for (unsigned i = 0; i < VOCABULARY; i++) {
        unsigned syllables = i < 100 ? 1 : 1 + (unsigned)below(&r, 3);
        unsigned used = 0;
        for (unsigned k = 0; k < syllables; k++)
            used += (unsigned)snprintf(words[i] + used, WORD_MAX - used, "%s%s%s",
                                       starts[below(&r, sizeof starts / sizeof *starts)],
                                       middles[below(&r, sizeof middles / sizeof *middles)],
                                       ends[below(&r, sizeof ends / sizeof *ends)]);
        lengths[i] = (unsigned char)used;
    }
}

/* Few words make most of a text: the index falls off like one over its square root. */
static void add_word(struct random *r, struct mr_buf *out)
{
    uint64_t x = below(r, 1 << 20), i = x * x >> 20;
    i = i * i >> 20;
    i = i * VOCABULARY >> 20;
    mr_buf_add(out, words[i], lengths[i]);
}

static void add_text(struct random *r, uint64_t count, uint64_t changed, struct mr_buf *out)
{
    uint64_t sentence = 0;
    for (uint64_t i = 0; i < count; i++) {
        size_t before = out->len;
        add_word(r, out);
        if (i == changed) {
            out->len = before;
            mr_buf_addz(out, "another");
        }
        if (i + 1 == count)
            break;
        if (sentence++ > 6 && below(r, 8) == 0) {
            mr_buf_addz(out, below(r, 6) ? ". " : ".\\n\\n\\u00a7 \\\"");
            sentence = 0;
        } else {
            mr_buf_addz(out, below(r, 12) ? " " : ", ");
        }
    }
    mr_buf_addc(out, '.');
}

/* ---- rows ---- */

enum kind { ORDINARY, EXACT, NEAR, SHORT, BAD, LONG };

static enum kind kind_of(const struct rows_shape *s, uint64_t i, struct random *r)
{
    r->state = s->seed * 0x9e3779b97f4a7c15u ^ (i + 1) * 0xd6e8feb86659fd93u;
    unsigned x = (unsigned)below(r, 1000);
    if (x < s->exact_permille)
        return i ? EXACT : ORDINARY;
    x -= s->exact_permille;
    if (x < s->near_permille)
        return i ? NEAR : ORDINARY;
    x -= s->near_permille;
    if (x < s->short_permille)
        return SHORT;
    x -= s->short_permille;
    if (x < s->bad_permille)
        return BAD;
    x -= s->bad_permille;
    return x < s->long_permille ? LONG : ORDINARY;
}

static void add_bad(struct random *r, struct mr_buf *out)
{
    static const char *const lines[] = {"{\"text\": \"it ends here",
                                        "{\"text\": \"two\", \"text\": \"the same key\"}",
                                        "[\"no\", \"object\"]",
                                        "{\"text\": \"not UTF-8: \xff\xfe\"}",
                                        "{\"text\": 01}",
                                        "<html>this is not JSON</html>"};
    mr_buf_addz(out, lines[below(r, sizeof lines / sizeof *lines)]);
    mr_buf_addc(out, '\n');
}

void rows_add(const struct rows_shape *s, uint64_t i, struct mr_buf *out)
{
    struct random r;
    uint64_t of = i, changed = UINT64_MAX;
    enum kind kind = kind_of(s, i, &r);
    if (!lengths[0])
        make_words();
    if (kind == BAD) {
        add_bad(&r, out);
        return;
    }
    bool near = kind == NEAR;
    while (kind == EXACT || kind == NEAR || kind == BAD) {
        of = kind == BAD ? of - 1 : below(&r, of); /* an earlier row, down to one of its own text */
        if (of == UINT64_MAX) {
            of = 0;
            break;
        }
        kind = kind_of(s, of, &r);
    }
    uint64_t count = s->words / 2 + below(&r, s->words + 1);
    if (kind == SHORT)
        count = below(&r, 12);
    else if (kind == LONG)
        count = 3000 + below(&r, 9000);
    if (near)
        changed = count / 2;
    mr_buf_printf(out,
                  "{\"id\":%llu,\"url\":\"https://example.org/%llx/page-%llu.html\",\"text\":\"",
                  (unsigned long long)i, (unsigned long long)(i % 997), (unsigned long long)i);
    add_text(&r, count, changed, out);
    mr_buf_printf(out, "\",\"meta\":{\"lang\":null,\"score\":%u.25,\"tags\":[\"a\",\"b%u\"]}}\n",
                  (unsigned)(of % 100), (unsigned)(of % 7));
}

uint64_t rows_file(const struct rows_shape *shape, uint64_t from, uint64_t bytes, const char *path)
{
    struct mr_buf text = {0};
    uint64_t i = from, done = 0;
    FILE *f = fopen(path, "we");
    if (!f)
        return 0;
    bool ok = true;
    while (ok && done < bytes) {
        text.len = 0;
        for (int k = 0; k < 64 && done + text.len < bytes; k++)
            rows_add(shape, i++, &text);
        ok = fwrite(text.ptr, 1, text.len, f) == text.len;
        done += text.len;
    }
    ok = fclose(f) == 0 && ok;
    mr_buf_finish(&text);
    return ok ? i - from : 0;
}
