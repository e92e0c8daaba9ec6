/* Pages imitating the generators and layouts of the web, with bodies labelled by hand: the main
 * text is compared by word 4-grams. pages/<name>.html has its body in pages/<name>.txt. */
#include <check.h>
#include <dirent.h>
#include <stdlib.h>

#include "runtime/base/file.h"
#include "runtime/base/hash.h"
#include "runtime/html/html.h"

#define GRAM      4
#define MEAN_MIN  0.95
#define PAGE_MIN  0.80
#define PAGES_MIN 30

struct grams {
    uint64_t *items;
    size_t count;
};

static bool is_word(unsigned char c)
{
    return c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* A word is a run of letters and digits; an ideograph or kana is a word of its own. */
static size_t next_word(struct mr_str s, size_t *at)
{
    while (*at < s.len && !is_word((unsigned char)s.ptr[*at]))
        (*at)++;
    size_t from = *at;
    if (from < s.len && (unsigned char)s.ptr[from] >= 0xe3) {
        *at = from + 3 < s.len ? from + 3 : s.len;
        return from;
    }
    while (*at < s.len && is_word((unsigned char)s.ptr[*at]) && (unsigned char)s.ptr[*at] < 0xe3)
        (*at)++;
    return from;
}

/* Hashes of all runs of four words, sorted; a shorter text is one run. */
static struct grams grams_of(struct mr_str s)
{
    struct grams g = {mr_alloc((s.len + 1) * sizeof *g.items), 0};
    uint64_t words[GRAM] = {0};
    size_t at = 0, count = 0;
    for (;;) {
        size_t from = next_word(s, &at);
        if (from >= s.len)
            break;
        memmove(words, words + 1, (GRAM - 1) * sizeof *words);
        words[GRAM - 1] = mr_hash64(s.ptr + from, at - from, 0);
        if (++count >= GRAM)
            g.items[g.count++] = mr_hash64(words, sizeof words, 0);
    }
    if (g.count == 0 && count)
        g.items[g.count++] = mr_hash64(words, sizeof words, 0);
    qsort(g.items, g.count, sizeof *g.items, by_value);
    return g;
}

static double f1(struct mr_str expected, struct mr_str found)
{
    struct grams a = grams_of(expected), b = grams_of(found);
    size_t both = 0;
    for (size_t i = 0, k = 0; i < a.count && k < b.count;) {
        if (a.items[i] == b.items[k]) {
            both++;
            i++;
            k++;
        } else if (a.items[i] < b.items[k]) {
            i++;
        } else {
            k++;
        }
    }
    double result = a.count + b.count ? 2.0 * (double)both / (double)(a.count + b.count) : 1;
    free(a.items);
    free(b.items);
    return result;
}

static double score_page(const char *folder, const char *name, struct mr_arena *arena)
{
    struct mr_buf path = {0}, html = {0}, body = {0};
    mr_buf_printf(&path, "%s/%s", folder, name);
    ck_assert_ptr_null(mr_file_read(mr_buf_text(&path), 0, &html));
    path.len -= strlen("html");
    mr_buf_addz(&path, "txt");
    ck_assert_msg(mr_file_read(mr_buf_text(&path), 0, &body) == NULL, "no body for %s", name);
    struct mr_html_options options = {.main_text = true};
    struct mr_html_page page;
    ck_assert_ptr_null(mr_html_read(mr_buf_str(&html), &options, arena, &page));
    double score = f1(mr_buf_str(&body), page.text);
    ck_assert_msg(score >= PAGE_MIN, "%s: F1 %.3f, text:\n%s", name, score, page.text.ptr);
    mr_buf_finish(&path);
    mr_buf_finish(&html);
    mr_buf_finish(&body);
    mr_arena_reset(arena);
    return score;
}

START_TEST(bodies_are_found)
{
    const char *source = getenv("MR_SOURCE");
    struct mr_buf folder = {0};
    mr_buf_printf(&folder, "%s/tests/runtime/html/pages", source ? source : ".");
    DIR *dir = opendir(mr_buf_text(&folder));
    ck_assert_msg(dir != NULL, "no folder %s", mr_buf_text(&folder));
    struct mr_arena *arena = mr_arena_create(0);
    double sum = 0;
    size_t count = 0;
    for (struct dirent *d; (d = readdir(dir));) {
        if (mr_str_ends(mr_str_of(d->d_name), MR_STR(".html"))) {
            sum += score_page(mr_buf_text(&folder), d->d_name, arena);
            count++;
        }
    }
    closedir(dir);
    ck_assert_uint_ge(count, PAGES_MIN);
    ck_assert_msg(sum / (double)count >= MEAN_MIN, "mean F1 %.4f", sum / (double)count);
    mr_arena_destroy(arena);
    mr_buf_finish(&folder);
}
END_TEST

Suite *suite_runtime_html_pages(void);

Suite *suite_runtime_html_pages(void)
{
    Suite *s = suite_create("runtime.html.pages");
    TCase *t = tcase_create("pages");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, bodies_are_found);
    suite_add_tcase(s, t);
    return s;
}
