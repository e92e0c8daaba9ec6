/* Shared by the general_text operators. */
#include "operators/general_text/general_text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

void mr_gt_refine(struct mr_row *row, int key, struct mr_str before, struct mr_str after)
{
    if (!mr_str_eq(before, after))
        mr_row_set_text(row, key, after);
}

double mr_gt_round2(double value)
{
    double scaled = value * 100, fraction = scaled - floor(scaled);
    if (fabs(fraction - 0.5) > 1e-6)
        return rint(scaled) / 100;
    char text[400]; /* the longest double has 309 digits before the point */
    snprintf(text, sizeof text, "%.2f", value);
    return strtod(text, NULL);
}

static bool has_ideograph(struct mr_str text)
{
    const char *at = text.ptr, *end = text.ptr + text.len;
    while (at < end) {
        uint32_t c = mr_char_next(&at, end);
        if (c >= 0x4e00 && c <= 0x9fff)
            return true;
    }
    return false;
}

/* Lowers the text into the buffer, in place without punctuation; white space stays. */
static void clean(struct mr_str text, struct mr_buf *out)
{
    out->len = 0;
    mr_text_lower(text, out);
    const char *at = out->ptr, *end = out->ptr + out->len;
    char *to = out->ptr;
    while (at < end) {
        const char *start = at;
        uint32_t c = mr_char_next(&at, end);
        if (mr_char_is_word(c) || mr_char_is_space(c)) {
            memmove(to, start, (size_t)(at - start));
            to += at - start;
        }
    }
    out->len = (size_t)(to - out->ptr);
}

/* Puts the words behind one another with one blank between; ends[i] is where word i stops and
 * begin[i] where it starts. Returns their number. */
static size_t lay_words(struct mr_buf *text, uint32_t *begin, uint32_t *ends)
{
    struct mr_str word;
    size_t count = 0, to = 0;
    for (size_t at = 0; mr_word_next(mr_buf_str(text), &at, &word);) {
        if (count)
            text->ptr[to++] = ' ';
        memmove(text->ptr + to, word.ptr, word.len);
        begin[count] = (uint32_t)to;
        to += word.len;
        ends[count++] = (uint32_t)to;
    }
    return count;
}

/* The same for code points, white space left out. */
static size_t lay_chars(struct mr_buf *text, uint32_t *begin, uint32_t *ends)
{
    const char *at = text->ptr, *end = text->ptr + text->len;
    size_t count = 0, to = 0;
    while (at < end) {
        const char *start = at;
        if (mr_char_is_space(mr_char_next(&at, end)))
            continue;
        size_t len = (size_t)(at - start);
        memmove(text->ptr + to, start, len);
        begin[count] = (uint32_t)to;
        to += len;
        ends[count++] = (uint32_t)to;
    }
    return count;
}

double mr_gt_ngram_score(struct mr_ctx *ctx, struct mr_str text, int64_t n,
                         enum mr_gt_language language)
{
    if (!text.len)
        return 0;
    if (language == MR_GT_AUTO)
        language = has_ideograph(text) ? MR_GT_ZH : MR_GT_EN;
    struct mr_buf *cleaned = mr_scratch(ctx);
    struct mr_arena *arena = mr_batch_arena(ctx);
    clean(text, cleaned);
    uint32_t *begin = mr_arena_alloc(arena, (cleaned->len + 1) * sizeof *begin);
    uint32_t *ends = mr_arena_alloc(arena, (cleaned->len + 1) * sizeof *ends);
    size_t count = language == MR_GT_ZH ? lay_chars(cleaned, begin, ends)
                                        : lay_words(cleaned, begin, ends);
    if (count < (size_t)n)
        return 0;
    size_t total = count - (size_t)n + 1;
    struct mr_seen seen;
    mr_seen_begin(&seen, arena, total);
    for (size_t i = 0; i < total; i++) {
        uint32_t last = ends[i + (size_t)n - 1];
        mr_seen_add(&seen, mr_hash64(cleaned->ptr + begin[i], last - begin[i], 0));
    }
    return (double)seen.count / (double)total;
}

bool mr_gt_compared_text(struct mr_ctx *ctx, struct mr_row *row, int key, struct mr_str *out)
{
    uint32_t count = mr_row_many(row, key);
    struct mr_buf *text = mr_scratch(ctx);
    if (count == 1) {
        enum mr_type type = mr_row_type(row, key);
        if (type == MR_NONE || type == MR_NULL)
            return false;
        if (type == MR_TEXT) {
            *out = mr_row_text(row, key);
            return true;
        }
        mr_buf_addc(text, '\0'); /* the number 5 is not the text "5" */
        mr_value_print(mr_row_value(row, key), text);
        *out = mr_buf_str(text);
        return true;
    }
    for (uint32_t i = 0; i < count; i++) {
        mr_buf_addz(text, i ? "\n" : "");
        mr_buf_adds(text, mr_row_name_at(row, key, i));
        mr_buf_addz(text, ":\n");
        mr_value_print(mr_row_value_at(row, key, i), text);
    }
    *out = mr_buf_str(text);
    return true;
}

struct mr_error *mr_gt_leave_duplicate(struct mr_row *row, struct mr_str kept_id, bool goes_on,
                                       int outcome, int label_key, int twin_key)
{
    struct mr_id kept = {{0}};
    char hex[MR_ID_HEX_LEN + 1];
    mr_assert(kept_id.len == sizeof kept.b);
    memcpy(kept.b, kept_id.ptr, sizeof kept.b);
    mr_id_hex(&kept, hex);
    mr_row_set_text(row, twin_key, mr_str_of(hex));
    if (goes_on) {
        mr_row_set_int(row, label_key, 0);
        return NULL;
    }
    return mr_row_leave_noted(row, outcome, mr_str_of(hex));
}
