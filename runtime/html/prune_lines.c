/* Takes single lines out of the main text: titles, bylines, promotions, and what trails behind. */
#include "runtime/html/html_private.h"

#define TRAILING_WEIGHT 300 /* a closing remark about the author or the paper is not longer */

/* Not an item, a cell or code, whose short lines mean something where they stand. */
static bool is_loose(const struct html_block *b)
{
    return !(b->flags & (HN_LIST | HN_TABLE | HN_PRE)) && b->tag != GUMBO_TAG_LI &&
           b->tag != GUMBO_TAG_TD && b->tag != GUMBO_TAG_TH;
}

static bool is_dropped(const struct html_tree *t, const struct html_block *b)
{
    return t->nodes[b->first].flags & HN_DROPPED;
}

static bool in_main(const struct html_tree *t, const struct html_block *b, uint32_t main)
{
    return html_within(t, b->first, main) && !is_dropped(t, b);
}

static void drop_block(struct html_tree *t, const struct html_block *b)
{
    for (uint32_t i = b->first; i <= b->last; i++) {
        if (t->nodes[i].flags & HN_TEXT)
            t->nodes[i].flags |= HN_DROPPED;
    }
}

/* The box that a heading such as "Related articles" opens: the outermost ancestor that begins with
 * it and holds no large part of the prose. Just the heading itself if it stands among the text. */
static void drop_section(struct html_tree *t, const struct html_sums *s, const struct html_block *b,
                         uint32_t main)
{
    int64_t all = s->good[t->nodes[main].end] - s->good[main];
    uint32_t box = 0;
    for (uint32_t i = b->owner; i > main; i = t->nodes[i].parent) {
        int64_t good = s->good[t->nodes[i].end] - s->good[i];
        if (s->blocks[b->first] != s->blocks[i] || good * 4 > all)
            break;
        box = i;
    }
    if (box && !html_is_heading(t->nodes[box].tag))
        html_drop(t, box);
    else
        drop_block(t, b);
}

static size_t count_h1(const struct html_tree *t, uint32_t main)
{
    size_t count = 0;
    for (uint32_t i = main; i < t->nodes[main].end; i++)
        count += t->nodes[i].tag == GUMBO_TAG_H1 && !(t->nodes[i].flags & HN_DROPPED);
    return count;
}

/* A paragraph that is one link, unless it was announced or is an address to be read. */
static bool is_link_line(const struct html_tree *t, const struct html_block *b, struct mr_str text,
                         struct mr_buf *scratch)
{
    return is_loose(b) && !html_is_heading(b->tag) && b->weight >= 12 &&
           b->link_weight * 10 >= b->weight * 9 && !b->ends_sentence &&
           mr_str_find(text, MR_STR("://"), 0) == SIZE_MAX &&
           !html_is_announced(t, b->first, scratch);
}

/* Lines that say they are not prose, and the page's title where it stands above the text. */
static void drop_lines(struct html_tree *t, const struct html_sums *s, uint32_t main)
{
    struct mr_buf line = {0}, before = {0};
    bool prose_seen = false, single_h1 = count_h1(t, main) == 1;
    for (uint32_t i = 0; i < t->block_count; i++) {
        struct html_block *b = &t->blocks[i];
        if (!in_main(t, b, main) || b->flags & HN_PRE)
            continue;
        if (b->weight < 130 && b->value < 130) {
            struct mr_str text = html_block_line(t, b, &line);
            bool heading = html_is_heading(b->tag);
            bool headline = heading && !prose_seen && text.len >= 3 &&
                            ((b->tag == GUMBO_TAG_H1 && single_h1) ||
                             mr_str_find(t->title, text, 0) != SIZE_MAX);
            bool junk = is_loose(b) && html_is_junk_line(text);
            if (junk && (heading || b->value <= 0) && !headline)
                drop_section(t, s, b, main);
            else if (headline || junk || is_link_line(t, b, text, &before))
                drop_block(t, b);
        }
        prose_seen = prose_seen || b->value >= 40;
    }
    mr_buf_finish(&line);
    mr_buf_finish(&before);
}

/* Before the first prose, short loose lines are dates, names, buttons; behind a heading they may be
 * the text of a short section. */
static void trim_start(struct html_tree *t, uint32_t main)
{
    struct mr_buf line = {0};
    bool headed = false;
    for (uint32_t i = 0; i < t->block_count; i++) {
        const struct html_block *b = &t->blocks[i];
        if (!in_main(t, b, main))
            continue;
        bool heading = html_is_heading(b->tag);
        bool meta = b->weight < 110 && is_loose(b) && !heading &&
                    html_is_meta_line(html_block_line(t, b, &line));
        if (!meta && (b->value >= 20 || !is_loose(b)))
            break;
        headed = headed || heading;
        if (!headed && (meta || (b->weight < 40 && !b->ends_sentence)))
            drop_block(t, b);
    }
    mr_buf_finish(&line);
}

/* Behind the last prose: headings of nothing, dates, remarks about the author or the paper. */
static void trim_end(struct html_tree *t, uint32_t main)
{
    struct mr_buf line = {0}, before = {0};
    for (uint32_t i = t->block_count; i-- > 0;) {
        const struct html_block *b = &t->blocks[i];
        if (!in_main(t, b, main))
            continue;
        if (!is_loose(b))
            break;
        struct mr_str text = html_block_line(t, b, &line);
        bool headed =
            b->tag == GUMBO_TAG_P && b->weight >= 12 && html_is_announced(t, b->first, &before);
        bool short_line = b->weight < 40 && !b->ends_sentence && !headed;
        bool meta = b->weight < 70 && html_is_meta_line(text) && b->stops < 2;
        bool remark = b->weight < TRAILING_WEIGHT && html_is_closing_remark(text);
        if (!html_is_heading(b->tag) && !short_line && !meta && !remark)
            break;
        drop_block(t, b);
    }
    mr_buf_finish(&line);
    mr_buf_finish(&before);
}

static bool any_prose(const struct html_tree *t, uint32_t main)
{
    for (uint32_t i = 0; i < t->block_count; i++) {
        if (in_main(t, &t->blocks[i], main) && t->blocks[i].value >= 20)
            return true;
    }
    return false;
}

void html_prune_lines(struct html_tree *t, const struct html_sums *s, uint32_t main)
{
    drop_lines(t, s, main);
    if (!any_prose(t, main))
        return;
    trim_start(t, main);
    trim_end(t, main);
}
