/* Codes explained: the error table, and the files of topology/explain/, which the build embeds.
 *
 * A file holds a paragraph (the cause), perhaps `with:`, `when:` or `of:` (how the example shows
 * the code), and the blocks `wrong:` and `right:`, indented by four blanks. */
#include "topology/explain.h"

#include <stdlib.h>
#include <string.h>

static const struct row {
    enum mr_code code;
    const char *symbol, *sentence, *remedy;
} rows[] = {
#define MR_E(symbol, code, sentence, remedy) {MR_##symbol, #symbol, sentence, remedy},
#include "runtime/base/error_table.h"
#undef MR_E
};
enum { ROWS = sizeof rows / sizeof *rows };

/* Generated from topology/explain/MR….txt; ends with code 0. */
struct mr_explain_text {
    int code;
    const char *text;
};
extern const struct mr_explain_text mr_explain_texts[];

size_t mr_explain_count(void)
{
    return ROWS - 1; /* without "no error" */
}

static int by_code(const void *a, const void *b)
{
    return (int)(*(const struct row *const *)a)->code - (int)(*(const struct row *const *)b)->code;
}

/* The rows by number, whatever their order in the table. */
static const struct row *row_at(size_t i)
{
    const struct row *sorted[ROWS];
    for (size_t k = 0; k < ROWS; k++)
        sorted[k] = &rows[k];
    qsort(sorted, ROWS, sizeof *sorted, by_code);
    return sorted[i + 1];
}

/* ---- the text of a file ---- */

static struct mr_str line_of(struct mr_str *rest)
{
    size_t end = mr_str_find(*rest, MR_STR("\n"), 0);
    size_t len = end == SIZE_MAX ? rest->len : end;
    struct mr_str line = mr_str_span(rest->ptr, len);
    size_t taken = end == SIZE_MAX ? len : len + 1;
    *rest = mr_str_span(rest->ptr + taken, rest->len - taken);
    return line;
}

static struct mr_str kept(struct mr_arena *arena, struct mr_buf *text)
{
    while (text->len && text->ptr[text->len - 1] == '\n')
        text->len--;
    struct mr_str out = mr_arena_str(arena, mr_buf_str(text));
    mr_buf_finish(text);
    return out;
}

static void take_text(struct mr_str text, struct mr_arena *arena, struct mr_explanation *e)
{
    struct mr_buf parts[3] = {{0}};
    size_t part = 0;
    while (text.len) {
        struct mr_str line = line_of(&text);
        if (mr_str_is(line, "wrong:") || mr_str_is(line, "right:")) {
            part = mr_str_is(line, "wrong:") ? 1 : 2;
        } else if (part) {
            size_t indent = line.len < 4 ? line.len : 4;
            mr_buf_adds(&parts[part], mr_str_span(line.ptr + indent, line.len - indent));
            mr_buf_addc(&parts[part], '\n');
        } else if (mr_str_starts(line, MR_STR("with: ")) || mr_str_starts(line, MR_STR("when: ")) ||
                   mr_str_starts(line, MR_STR("of: "))) {
            e->how = mr_arena_str(arena, line);
        } else {
            mr_buf_adds(&parts[0], line);
            mr_buf_addc(&parts[0], '\n');
        }
    }
    e->cause = kept(arena, &parts[0]);
    e->wrong = kept(arena, &parts[1]);
    e->right = kept(arena, &parts[2]);
}

void mr_explain_at(size_t i, struct mr_arena *arena, struct mr_explanation *out)
{
    const struct row *row = row_at(i);
    *out = (struct mr_explanation){
        .code = row->code, .symbol = row->symbol, .sentence = row->sentence, .remedy = row->remedy};
    for (const struct mr_explain_text *t = mr_explain_texts; t->code; t++)
        if (t->code == (int)row->code)
            take_text(mr_str_of(t->text), arena, out);
}

/* ---- finding ---- */

static int64_t number_of(struct mr_str text)
{
    int64_t number = -1;
    if (text.len > 2 && (text.ptr[0] == 'M' || text.ptr[0] == 'm') &&
        (text.ptr[1] == 'R' || text.ptr[1] == 'r'))
        text = mr_str_span(text.ptr + 2, text.len - 2);
    return mr_str_to_int(text, &number) && number > 0 ? number : -1;
}

size_t mr_explain_find(struct mr_str text)
{
    int64_t number = number_of(text);
    for (size_t i = 0; number > 0 && i < mr_explain_count(); i++)
        if ((int64_t)row_at(i)->code == number)
            return i;
    return SIZE_MAX;
}

size_t mr_explain_near(struct mr_str text, size_t *out, size_t most)
{
    int64_t number = number_of(text), distances[ROWS];
    size_t count = 0;
    for (size_t i = 0; number > 0 && i < mr_explain_count(); i++) {
        int64_t distance = llabs((int64_t)row_at(i)->code - number);
        size_t at = count < most ? count : most;
        if (distance > 50)
            continue;
        while (at > 0 && distance < distances[at - 1])
            at--;
        if (at >= most)
            continue;
        size_t moved = count < most ? count : most - 1;
        memmove(&distances[at + 1], &distances[at], (moved - at) * sizeof *distances);
        memmove(&out[at + 1], &out[at], (moved - at) * sizeof *out);
        distances[at] = distance;
        out[at] = i;
        count += count < most;
    }
    return count;
}

/* ---- printing ---- */

static void indented(struct mr_str text, struct mr_buf *out)
{
    while (text.len) {
        struct mr_str line = line_of(&text); /* MR_FMT names its argument more than once */
        mr_buf_printf(out, line.len ? "    %.*s\n" : "%.*s\n", MR_FMT(line));
    }
}

void mr_explain_print(const struct mr_explanation *e, struct mr_buf *out)
{
    mr_buf_printf(out, "MR%04d: %s\n", (int)e->code, e->sentence);
    if (e->cause.len)
        mr_buf_printf(out, "\n%.*s\n", MR_FMT(e->cause));
    if (e->wrong.len) {
        mr_buf_addz(out, "\nWrong");
        if (mr_str_starts(e->how, MR_STR("with: ")))
            mr_buf_printf(out, ", with --set %.*s", (int)e->how.len - 6, e->how.ptr + 6);
        if (mr_str_starts(e->how, MR_STR("when: ")))
            mr_buf_printf(out, ", seen when %.*s", (int)e->how.len - 6, e->how.ptr + 6);
        mr_buf_addz(out, ":\n\n");
        indented(e->wrong, out);
        mr_buf_addz(out, "\nRight:\n\n");
        indented(e->right, out);
    }
    if (*e->remedy)
        mr_buf_printf(out, "\nRemedy: %s\n", e->remedy);
}

static const char *chapter(int code)
{
    switch (code / 100) {
    case 10:
        return "1000: files and disks";
    case 11:
        return "1100: rows";
    case 12:
        return "1200: log and state";
    case 13:
        return "1300: operators and plans";
    case 20:
        return "2000: topologies";
    case 22:
        return "2200: expressions";
    case 30:
        return "3000: files as sources and sinks";
    case 40:
        return "4000: commands and runs";
    default:
        return NULL;
    }
}

void mr_explain_page(struct mr_buf *out)
{
    struct mr_arena *arena = mr_arena_create(0);
    int before = 0;
    mr_buf_addz(
        out, "# Errors, warnings and hints\n\n"
             "Generated by `millrace explain --markdown`; do not edit. Each message carries one of "
             "these codes; `millrace explain MR2030` prints its part.\n");
    for (size_t i = 0; i < mr_explain_count(); i++) {
        struct mr_explanation e;
        mr_explain_at(i, arena, &e);
        const char *title = chapter((int)e.code);
        if ((int)e.code / 100 != before && title)
            mr_buf_printf(out, "\n## %s\n", title);
        before = (int)e.code / 100;
        mr_buf_printf(out, "\n### MR%04d: %s\n", (int)e.code, e.sentence);
        if (e.cause.len)
            mr_buf_printf(out, "\n%.*s\n", MR_FMT(e.cause));
        if (e.wrong.len) {
            bool with = mr_str_starts(e.how, MR_STR("with: ")),
                 when = mr_str_starts(e.how, MR_STR("when: "));
            mr_buf_printf(out,
                          "\nWrong%s%.*s:\n\n```yaml\n%.*s\n```\n\nRight:\n\n```yaml\n%.*s\n```\n",
                          with   ? ", with --set "
                          : when ? ", seen when "
                                 : "",
                          with || when ? (int)e.how.len - 6 : 0, with || when ? e.how.ptr + 6 : "",
                          MR_FMT(e.wrong), MR_FMT(e.right));
        }
        if (*e.remedy)
            mr_buf_printf(out, "\nRemedy: %s\n", e.remedy);
    }
    mr_arena_destroy(arena);
}
