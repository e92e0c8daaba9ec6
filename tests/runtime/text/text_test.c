/* Tests of code points, words, tokens, lower case, distinct counting, chunks. */
#include <check.h>

#include "runtime/text/chars.h"
#include "runtime/text/chunks.h"
#include "runtime/text/words.h"

Suite *suite_runtime_text_text(void);

START_TEST(code_points_round_trip)
{
    static const uint32_t points[] = {0, 0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xffff, 0x10000, 0x10ffff};
    for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
        char bytes[4];
        size_t len = mr_char_put(points[i], bytes);
        const char *at = bytes;
        ck_assert_uint_eq(mr_char_next(&at, bytes + len), points[i]);
        ck_assert_ptr_eq(at, bytes + len);
        ck_assert_uint_eq(mr_text_length(mr_str_span(bytes, len)), 1);
    }
}
END_TEST

START_TEST(broken_bytes_read_as_replacement)
{
    static const char *const broken[] = {"\xff", "\xc3", "\xe2\x82", "\xf0\x9f\x98", "\xc0\x80",
                                         "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\x80"};
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        const char *at = broken[i], *end = at + strlen(at);
        while (at < end) {
            const char *before = at;
            ck_assert_uint_eq(mr_char_next(&at, end), 0xfffd);
            ck_assert_ptr_eq(at, before + 1);
        }
    }
}
END_TEST

START_TEST(white_space_is_these_29)
{
    static const uint32_t spaces[] = {
        0x9, 0xa, 0xb, 0xc, 0xd, 0x1c, 0x1d, 0x1e, 0x1f, 0x20, 0x85, 0xa0, 0x1680, 0x2000, 0x2001,
        0x2002, 0x2003, 0x2004, 0x2005, 0x2006, 0x2007, 0x2008, 0x2009, 0x200a, 0x2028, 0x2029,
        0x202f, 0x205f, 0x3000};
    size_t next = 0;
    for (uint32_t c = 0; c < 0x110000; c++) {
        bool wanted = next < sizeof spaces / sizeof *spaces && spaces[next] == c;
        next += wanted;
        ck_assert_msg(mr_char_is_space(c) == wanted, "U+%04X", c);
    }
    ck_assert_uint_eq(next, 29);
}
END_TEST

START_TEST(word_characters)
{
    static const uint32_t word[] = {'a', 'Z', '0', '_', 0xe9, 0x4e2d, 0x0966, 0xbd, 0x2167, 0x1d7d8};
    static const uint32_t other[] = {' ', '-', '.', 0x301, 0x2014, 0x1f600, 0x20ac, 0x200b, 0x3002};
    for (size_t i = 0; i < sizeof word / sizeof *word; i++)
        ck_assert_msg(mr_char_is_word(word[i]), "U+%04X", word[i]);
    for (size_t i = 0; i < sizeof other / sizeof *other; i++)
        ck_assert_msg(!mr_char_is_word(other[i]), "U+%04X", other[i]);
    ck_assert(mr_char_ends_sentence('.') && mr_char_ends_sentence(0x3002) && !mr_char_ends_sentence(','));
}
END_TEST

static void strips_to(const char *text, const char *wanted)
{
    struct mr_str got = mr_text_strip(mr_str_of(text));
    ck_assert_msg(mr_str_is(got, wanted), "\"%s\": \"%.*s\"", text, MR_FMT(got));
    ck_assert(mr_text_is_blank(mr_str_of(text)) == (*wanted == 0));
}

START_TEST(strip)
{
    strips_to("", "");
    strips_to(" \t\n", "");
    strips_to("\xe3\x80\x80", "");
    strips_to("\xe3\x80\x80 a b\xc2\xa0", "a b");
    strips_to("\xe2\x80\x8b x", "\xe2\x80\x8b x");
    strips_to("a", "a");
    strips_to(" \xe4\xb8\xad", "\xe4\xb8\xad");
    ck_assert_uint_eq(mr_text_strip((struct mr_str){0}).len, 0);
    ck_assert_uint_eq(mr_text_strip(mr_str_of("\x80\x80\x80\x80\x80")).len, 5);
    ck_assert_uint_eq(mr_text_offset(MR_STR("a\xc3\xa4""b"), 2), 3);
    ck_assert_uint_eq(mr_text_offset(MR_STR("ab"), 9), 2);
}
END_TEST

/* Items joined by a bar. */
static void joined(bool (*next)(struct mr_str, size_t *, struct mr_str *), const char *text,
                   const char *wanted)
{
    struct mr_buf got = {0};
    struct mr_str item;
    for (size_t at = 0; next(mr_str_of(text), &at, &item);) {
        mr_buf_addz(&got, got.len ? "|" : "");
        mr_buf_adds(&got, item);
    }
    ck_assert_str_eq(mr_buf_text(&got), wanted);
    mr_buf_finish(&got);
}

START_TEST(words_and_tokens)
{
    joined(mr_word_next, "", "");
    joined(mr_word_next, "  a bc\n\xe3\x80\x80""d\xc2\xa0", "a|bc|d");
    joined(mr_word_next, "\xe2\x80\x8b \xc2\xa9", "\xe2\x80\x8b|\xc2\xa9");
    joined(mr_word_next, "a\xe2\x80\xa8""b\x1c""c", "a|b|c");
    joined(mr_token_next, "it's 5% (a_b)!", "it|'|s|5|%|(|a_b|)!");
    joined(mr_token_next, " \xe4\xb8\xad\xe3\x80\x82x ", "\xe4\xb8\xad|\xe3\x80\x82|x");
    joined(mr_token_next, "", "");
    joined(mr_token_next, "a \x1c b", "a|\x1c|b");
    struct mr_word_counts counts = mr_words_count(MR_STR("\xc3\xa4\xc3\xb6 x  yz"));
    ck_assert_uint_eq(counts.words, 3);
    ck_assert_uint_eq(counts.chars, 5);
}
END_TEST

START_TEST(lower_case)
{
    static const char *const rows[][2] = {
        {"ABC xyz", "abc xyz"},
        {"\xc3\x84\xe1\xba\x9e", "\xc3\xa4\xc3\x9f"},
        {"\xce\x9f\xce\x94\xce\x9f\xce\xa3", "\xce\xbf\xce\xb4\xce\xbf\xcf\x82"},
        {"\xc4\xb0", "i\xcc\x87"},
        {"\xc4\xb0\xc4\xb0\xc4\xb0", "i\xcc\x87i\xcc\x87i\xcc\x87"},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct mr_buf out = {0};
        mr_buf_addz(&out, "before ");
        mr_text_lower(mr_str_of(rows[i][0]), &out);
        ck_assert_str_eq(mr_buf_text(&out) + 7, rows[i][1]);
        mr_buf_finish(&out);
    }
}
END_TEST

START_TEST(distinct)
{
    struct mr_arena *arena = mr_arena_create(0);
    struct mr_seen seen;
    mr_seen_begin(&seen, arena, 1000);
    for (int round = 0; round < 2; round++)
        for (uint64_t i = 0; i < 1000; i++)
            ck_assert(mr_seen_add(&seen, i << 20) == (round == 0));
    ck_assert_uint_eq(seen.count, 1000);
    mr_arena_destroy(arena);
}
END_TEST

static void chunks_are(enum mr_chunk_method method, enum mr_chunk_token token, size_t size,
                       size_t overlap, const char *text, const char *wanted)
{
    struct mr_arena *arena = mr_arena_create(0);
    struct mr_buf got = {0};
    struct mr_chunks chunks;
    struct mr_str chunk;
    mr_chunks_begin(&chunks, arena, mr_str_of(text), method, token, size, overlap);
    while (mr_chunks_next(&chunks, &chunk)) {
        mr_buf_addz(&got, got.len ? "|" : "");
        mr_buf_adds(&got, chunk);
    }
    ck_assert_str_eq(mr_buf_text(&got), wanted);
    mr_buf_finish(&got);
    mr_arena_destroy(arena);
}

START_TEST(chunks)
{
    chunks_are(MR_CHUNK_TOKEN, MR_TOKEN_WORDS, 2, 1, "a, b", "a,|, b");
    chunks_are(MR_CHUNK_TOKEN, MR_TOKEN_WORDS, 2, 0, " a b c ", "a b|c");
    chunks_are(MR_CHUNK_TOKEN, MR_TOKEN_BYTES, 1, 0, "\xc3\xa4""b", "\xc3\xa4|b");
    chunks_are(MR_CHUNK_TOKEN, MR_TOKEN_BYTES, 3, 2, "abcde", "abc|bcd|cde");
    chunks_are(MR_CHUNK_TOKEN, MR_TOKEN_CHARACTERS, 9, 0, "abc", "abc");
    chunks_are(MR_CHUNK_TOKEN, MR_TOKEN_WORDS, 9, 0, " ", "");
    chunks_are(MR_CHUNK_SENTENCE, MR_TOKEN_WORDS, 5, 0, "A long sentence here. Another one there.",
               "A long sentence here. |Another one there.");
    chunks_are(MR_CHUNK_SENTENCE, MR_TOKEN_WORDS, 100, 0, "x", "x");
}
END_TEST

Suite *suite_runtime_text_text(void)
{
    Suite *suite = suite_create("runtime.text.text");
    TCase *tests = tcase_create("text");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, code_points_round_trip);
    tcase_add_test(tests, broken_bytes_read_as_replacement);
    tcase_add_test(tests, white_space_is_these_29);
    tcase_add_test(tests, word_characters);
    tcase_add_test(tests, strip);
    tcase_add_test(tests, words_and_tokens);
    tcase_add_test(tests, lower_case);
    tcase_add_test(tests, distinct);
    tcase_add_test(tests, chunks);
    suite_add_tcase(suite, tests);
    return suite;
}
