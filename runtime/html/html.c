/* Reads a page: charset, parse, main text with its fallbacks, metadata. */
#include "runtime/html/html_private.h"
#include "runtime/html/charset.h"

#define DEFAULT_MAX_BYTES ((size_t)32 << 20)
#define SCRATCH_CHUNK     ((size_t)256 << 10)
#define INDEX_PROSE       120 /* worth of prose below which a page may be a list of links */
#define ENOUGH_WEIGHT     25  /* letters below which a result is no text */

static uint64_t weight_of(const struct html_tree *t, uint32_t node, uint16_t without)
{
    uint64_t w = 0;
    for (uint32_t i = node; i < t->nodes[node].end; i++) {
        if (!(t->nodes[i].flags & without))
            w += t->nodes[i].weight;
    }
    return w;
}

/* Pages that show their text by script hold it hidden until then: all of it is taken. */
static void unhide_if_all(struct html_tree *t)
{
    uint64_t shown = weight_of(t, t->body, HN_HIDDEN), all = weight_of(t, t->body, 0);
    if (all < 200 || shown * 5 >= all)
        return;
    for (uint32_t i = 0; i < t->count; i++)
        t->nodes[i].flags &= (uint16_t)~HN_HIDDEN;
}

static void undrop(struct html_tree *t)
{
    for (uint32_t i = 0; i < t->count; i++)
        t->nodes[i].flags &= (uint16_t)~HN_DROPPED;
}

/* A page of links has no prose to find: what little was kept says so when most was thrown away. */
static bool is_index(const struct html_tree *t, uint32_t main, uint64_t page_weight)
{
    uint64_t prose = 0;
    for (uint32_t i = 0; i < t->block_count; i++) {
        const struct html_block *b = &t->blocks[i];
        bool kept = html_within(t, b->first, main) && !(t->nodes[b->first].flags & HN_DROPPED);
        prose += kept && b->value > 0 ? (uint64_t)b->value : 0;
    }
    return prose < INDEX_PROSE && weight_of(t, main, HN_DROPPED | HN_HIDDEN) * 4 < page_weight;
}

/* The main text; if nothing is left of it, the page without boilerplate; else the whole page. */
static uint32_t choose_text(struct html_tree *t)
{
    html_prune_page(t);
    uint64_t page_weight = weight_of(t, t->body, HN_DROPPED | HN_HIDDEN);
    uint32_t main = html_find_main(t);
    html_prune_main(t, main);
    if (weight_of(t, main, HN_DROPPED | HN_HIDDEN) >= ENOUGH_WEIGHT &&
        !is_index(t, main, page_weight))
        return main;
    undrop(t);
    html_prune_page(t);
    if (weight_of(t, t->body, HN_DROPPED | HN_HIDDEN) >= ENOUGH_WEIGHT)
        return t->body;
    undrop(t);
    return t->body;
}

static void read_text(struct html_tree *t, const struct mr_html_options *options,
                      struct mr_arena *arena, struct mr_html_page *out)
{
    out->text = (struct mr_str){"", 0};
    if (t->count == 0)
        return;
    unhide_if_all(t);
    t->title = out->title;
    uint32_t root = options->main_text ? choose_text(t) : t->body;
    struct mr_buf text = {0};
    html_render(t, root, &text);
    out->text = mr_arena_str(arena, mr_buf_str(&text));
    mr_buf_finish(&text);
}

static struct mr_error *decode(struct mr_str bytes, const struct mr_html_options *options,
                               struct mr_arena *arena, struct mr_html_page *out,
                               struct mr_str *utf8)
{
    struct mr_str label = options->charset.len ? options->charset : mr_charset_detect_html(bytes);
    out->charset = mr_arena_str(arena, label);
    if (options->replace_invalid)
        return mr_charset_convert_lossy(bytes, label, arena, utf8);
    return mr_charset_convert(bytes, label, arena, utf8);
}

struct mr_error *mr_html_read(struct mr_str bytes, const struct mr_html_options *options,
                              struct mr_arena *arena, struct mr_html_page *out)
{
    *out = (struct mr_html_page){0};
    size_t limit = options->max_bytes ? options->max_bytes : DEFAULT_MAX_BYTES;
    if (bytes.len > limit)
        return mr_error_row(mr_error(MR_ROW_TOO_LARGE, "the page has %zu bytes, the limit is %zu",
                                     bytes.len, limit));
    struct mr_str utf8;
    struct mr_arena *converted = mr_arena_create(SCRATCH_CHUNK);
    struct mr_error *e = decode(bytes, options, converted, out, &utf8);
    out->charset = mr_arena_str(arena, out->charset);
    if (!e && utf8.len > limit)
        e = mr_error_row(mr_error(MR_ROW_TOO_LARGE,
                                  "the page has %zu bytes as UTF-8, the limit is %zu", utf8.len,
                                  limit));
    if (!e) {
        struct mr_arena *scratch = mr_arena_create(SCRATCH_CHUNK);
        struct html_parse parse;
        struct html_tree tree;
        html_parse_page(&parse, utf8, scratch);
        html_tree_build(&tree, parse.output, scratch);
        html_read_meta(&tree, parse.output, options, arena, out);
        read_text(&tree, options, arena, out);
        mr_arena_destroy(scratch);
    }
    mr_arena_destroy(converted);
    return e;
}
