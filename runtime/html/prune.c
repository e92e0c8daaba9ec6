/* Takes boilerplate out: first from the page, so that it cannot win; then from the main text. */
#include "runtime/html/html_private.h"

static int64_t good_in(const struct html_tree *t, const struct html_sums *s, uint32_t i)
{
    return s->good[t->nodes[i].end] - s->good[i];
}

static uint32_t weight_in(const struct html_tree *t, const struct html_sums *s, uint32_t i)
{
    return s->weight[t->nodes[i].end] - s->weight[i];
}

static uint32_t links_in(const struct html_tree *t, const struct html_sums *s, uint32_t i)
{
    return s->link_weight[t->nodes[i].end] - s->link_weight[i];
}

static uint32_t blocks_in(const struct html_tree *t, const struct html_sums *s, uint32_t i)
{
    return s->blocks[t->nodes[i].end] - s->blocks[i];
}

/* Inline words inside a sentence, and colours of code, are never taken out by their names. */
static bool may_drop(const struct html_node *n)
{
    if (n->flags & (HN_TEXT | HN_DROPPED | HN_HIDDEN | HN_CODE) || html_is_heading(n->tag))
        return false;
    return n->flags & HN_BLOCK || !(n->flags & HN_PROSE);
}

/* A box of prose that stands between paragraphs of the same parent, as manuals have them. */
static bool is_prose_box(const struct html_tree *t, const struct html_sums *s, uint32_t i)
{
    uint32_t weight = weight_in(t, s, i);
    if (weight < 120 || links_in(t, s, i) * 5 > weight || good_in(t, s, i) * 2 < weight)
        return false;
    uint32_t up = t->nodes[i].parent;
    int64_t before = s->good[i] - s->good[up];
    int64_t after = s->good[t->nodes[up].end] - s->good[t->nodes[i].end];
    return before + after > 60 && t->nodes[i].tag != GUMBO_TAG_TD &&
           !(t->nodes[up].tag == GUMBO_TAG_BODY && t->nodes[i].hints & HINT_ASIDE);
}

/* What is asked of a part that carries a hint before it is dropped. */
struct rule {
    uint16_t hints;
    int64_t keep;    /* letters of prose that stay on the page in any case */
    int percent;     /* of the prose, the most that one part may hold */
    int all_percent; /* of the prose, the most that all of them may hold; else only boxes of links
                        go */
};

static bool must_go(const struct html_tree *t, const struct html_sums *s, const struct rule *rule,
                    uint32_t i, bool links_only)
{
    const struct html_node *n = &t->nodes[i];
    if (!(n->hints & rule->hints) || !may_drop(n))
        return false;
    if (n->hints & HINT_NOTE && (n->flags & HN_ARTICLE || rule->hints == HINT_ASIDE))
        return false;
    if (rule->hints == HINT_SIDEBAR && is_prose_box(t, s, i))
        return false;
    return !links_only || good_in(t, s, i) == 0 || links_in(t, s, i) * 3 > weight_in(t, s, i);
}

/* Drops all that the rule takes, or (apply false) only counts the prose in it. */
static int64_t drop_by_rule(struct html_tree *t, const struct html_sums *s, const struct rule *rule,
                            bool links_only, bool apply)
{
    int64_t all = s->good[t->count], left = all;
    for (uint32_t i = t->body + 1; i < t->count; i++) {
        if (!must_go(t, s, rule, i, links_only))
            continue;
        int64_t good = good_in(t, s, i);
        if (good && (left - good < rule->keep || good * 100 > all * rule->percent))
            continue;
        left -= good;
        if (apply)
            html_drop(t, i);
        i = t->nodes[i].end - 1;
    }
    return all - left;
}

static void drop_hinted(struct html_tree *t, const struct rule *rule)
{
    struct html_sums s;
    html_tree_blocks(t);
    html_sums_of(t, &s);
    /* A name carried by most of the prose means something else here. */
    int64_t held = drop_by_rule(t, &s, rule, false, false);
    drop_by_rule(t, &s, rule, held * 100 > s.good[t->count] * rule->all_percent, true);
}

/* Letters of a subtree that are no digits. */
static uint32_t letters_in(const struct html_tree *t, uint32_t node)
{
    uint32_t letters = 0;
    for (uint32_t i = node; i < t->nodes[node].end; i++) {
        if (!(t->nodes[i].flags & HN_TEXT))
            continue;
        letters += t->nodes[i].weight;
        for (const char *c = t->nodes[i].g->v.text.text; *c; c++)
            letters -= *c >= '0' && *c <= '9';
    }
    return letters;
}

/* Signs beside headings, line numbers. */
static void drop_signs(struct html_tree *t)
{
    for (uint32_t i = t->body + 1; i < t->count; i++) {
        const struct html_node *n = &t->nodes[i];
        if (!(n->hints & HINT_ANCHOR) || html_is_heading(n->tag) ||
            n->flags & (HN_TEXT | HN_DROPPED))
            continue;
        if (letters_in(t, i) <= (n->tag == GUMBO_TAG_A || n->tag == GUMBO_TAG_SPAN ? 30 : 4))
            html_drop(t, i);
        i = n->flags & HN_DROPPED ? n->end - 1 : i;
    }
}

/* Cookies and scripts, where nothing names the box that tells of them. */
static void drop_notices(struct html_tree *t)
{
    struct mr_buf line = {0};
    html_tree_blocks(t);
    for (uint32_t i = 0; i < t->block_count; i++) {
        const struct html_block *b = &t->blocks[i];
        if (b->weight > 700 || b->flags & (HN_ARTICLE | HN_PRE))
            continue;
        if (html_is_notice(html_block_line(t, b, &line))) {
            for (uint32_t k = b->first; k <= b->last; k++)
                t->nodes[k].flags |= t->nodes[k].flags & HN_TEXT ? HN_DROPPED : 0;
        }
    }
    mr_buf_finish(&line);
}

void html_prune_page(struct html_tree *t)
{
    static const struct rule rules[] = {
        {HINT_FRAME, 100, 90, 100}, {HINT_COMMENT, 200, 100, 100}, {HINT_SIDEBAR, 100, 60, 70},
        {HINT_ASIDE, 1, 50, 60},    {HINT_JUNK, 1, 40, 60},
    };
    drop_signs(t);
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        drop_hinted(t, &rules[i]);
    drop_notices(t);
    html_drop_cards(t);
    html_tree_blocks(t);
}

static bool is_small(const struct html_tree *t, const struct html_sums *s, uint32_t main,
                     uint32_t i)
{
    const struct html_node *n = &t->nodes[i];
    if (!(n->hints & HINT_SMALL) || n->hints & (HINT_BODY | HINT_NOTE) || !may_drop(n))
        return false;
    if (n->tag == GUMBO_TAG_DL || n->tag == GUMBO_TAG_TABLE || n->tag == GUMBO_TAG_TR)
        return false;
    /* Behind the text a box about its author may be longer. */
    bool behind = (s->good[i] - s->good[main]) * 10 > good_in(t, s, main) * 7;
    uint32_t limit = behind ? 600 : 250;
    return weight_in(t, s, i) < limit && good_in(t, s, i) * 5 < limit * 4;
}

/* A byline, a date, tags: what names itself so and is short. If that is a good part of the text,
 * the name means something else. */
static void drop_small(struct html_tree *t, const struct html_sums *s, uint32_t main)
{
    int64_t held = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (uint32_t i = main + 1; i < t->nodes[main].end; i++) {
            if (!is_small(t, s, main, i))
                continue;
            held += pass == 0 ? good_in(t, s, i) : 0;
            if (pass == 1)
                html_drop(t, i);
            i = t->nodes[i].end - 1;
        }
        if (held * 10 > good_in(t, s, main) * 4)
            return;
    }
}

static bool holds_tag(const struct html_tree *t, uint32_t i, GumboTag tag)
{
    for (uint32_t k = i + 1; k < t->nodes[i].end; k++) {
        if (t->nodes[k].tag == tag)
            return true;
    }
    return false;
}

/* A picture's caption tells of the picture, which is not there. Figures also wrap tables, code and
 * quotations: those stay. */
static void drop_captions(struct html_tree *t, uint32_t main)
{
    for (uint32_t i = main + 1; i < t->nodes[main].end; i++) {
        const struct html_node *n = &t->nodes[i];
        if (n->flags & HN_DROPPED)
            continue;
        if (n->tag == GUMBO_TAG_FIGURE) {
            bool wraps = holds_tag(t, i, GUMBO_TAG_PRE) || holds_tag(t, i, GUMBO_TAG_TABLE) ||
                         holds_tag(t, i, GUMBO_TAG_BLOCKQUOTE) || holds_tag(t, i, GUMBO_TAG_P);
            if (!wraps)
                html_drop(t, i);
        } else if (n->tag == GUMBO_TAG_FIGCAPTION) {
            html_drop(t, i);
        }
    }
}

/* A box of a picture and a few words, where no figure says so. */
static void drop_picture_boxes(struct html_tree *t, const struct html_sums *s, uint32_t main)
{
    for (uint32_t i = main + 1; i < t->nodes[main].end; i++) {
        const struct html_node *n = &t->nodes[i];
        if (n->flags & (HN_TEXT | HN_DROPPED) || n->tag != GUMBO_TAG_DIV)
            continue;
        uint32_t weight = weight_in(t, s, i);
        if (weight == 0 || weight > 160 || blocks_in(t, s, i) > 2 || n->end - i > 40)
            continue;
        if (holds_tag(t, i, GUMBO_TAG_IMG) && !holds_tag(t, i, GUMBO_TAG_P) &&
            !holds_tag(t, i, GUMBO_TAG_PRE) && !holds_tag(t, i, GUMBO_TAG_LI))
            html_drop(t, i);
    }
}

/* The header of an article: title, byline, date. A header that is only named so may hold the first
 * lines of the text: its paragraphs stay. */
static void drop_headers(struct html_tree *t, const struct html_sums *s, uint32_t main)
{
    for (uint32_t i = main + 1; i < t->nodes[main].end; i++) {
        const struct html_node *n = &t->nodes[i];
        if (!(n->hints & HINT_HEADER) || !may_drop(n))
            continue;
        if (!holds_tag(t, i, GUMBO_TAG_H1) || good_in(t, s, i) > 600)
            continue;
        bool paragraphs = n->tag != GUMBO_TAG_HEADER && holds_tag(t, i, GUMBO_TAG_P);
        for (uint32_t k = i; paragraphs && k < n->end; k++) {
            if (html_is_heading(t->nodes[k].tag) && t->nodes[k].tag == GUMBO_TAG_H1)
                html_drop(t, k);
        }
        if (!paragraphs)
            html_drop(t, i);
    }
}

bool html_is_announced(const struct html_tree *t, uint32_t node, struct mr_buf *line)
{
    const struct html_block *before = NULL;
    for (uint32_t low = 0, high = t->block_count; low < high;) {
        uint32_t mid = (low + high) / 2;
        if (t->blocks[mid].first < node) {
            before = &t->blocks[mid];
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    if (!before || t->nodes[before->first].flags & HN_DROPPED)
        return false;
    struct mr_str text = html_block_line(t, before, line);
    if (html_is_junk_line(text) || text.len == 0)
        return false;
    if (html_is_heading(before->tag))
        return before->link_weight * 2 < before->weight;
    return text.ptr[text.len - 1] == ':' && before->value > 0;
}

/* A few addresses written out are there to be read. */
static bool shows_addresses(const struct html_tree *t, uint32_t node, uint32_t blocks,
                            struct mr_buf *line)
{
    if (blocks > 8)
        return false;
    line->len = 0;
    html_line(t, node, line);
    return mr_str_find(mr_buf_str(line), MR_STR("://"), 0) != SIZE_MAX;
}

/* Lists, tables and boxes that are mostly links. */
static void drop_link_lists(struct html_tree *t, const struct html_sums *s, uint32_t main)
{
    int64_t all = good_in(t, s, main);
    struct mr_buf line = {0};
    for (uint32_t i = main + 1; i < t->nodes[main].end; i++) {
        const struct html_node *n = &t->nodes[i];
        if (n->flags & (HN_TEXT | HN_DROPPED | HN_HIDDEN) || !(n->flags & HN_BLOCK))
            continue;
        uint32_t weight = weight_in(t, s, i), links = links_in(t, s, i);
        uint32_t blocks = blocks_in(t, s, i);
        if (weight == 0 || good_in(t, s, i) * 4 > all)
            continue;
        bool list = n->tag == GUMBO_TAG_UL || n->tag == GUMBO_TAG_OL;
        bool box =
            n->tag == GUMBO_TAG_DIV || n->tag == GUMBO_TAG_SECTION || n->tag == GUMBO_TAG_TABLE;
        bool dense = (uint64_t)links * 100 > (uint64_t)weight * (list ? 80 : 65);
        if (!(list || box) || !dense || (blocks < 2 && !box))
            continue;
        if (!html_is_announced(t, i, &line) && !shows_addresses(t, i, blocks, &line)) {
            html_drop(t, i);
            i = n->end - 1;
        }
    }
    mr_buf_finish(&line);
}

void html_prune_main(struct html_tree *t, uint32_t main)
{
    struct html_sums s;
    html_sums_of(t, &s);
    drop_captions(t, main);
    drop_picture_boxes(t, &s, main);
    drop_headers(t, &s, main);
    drop_small(t, &s, main);
    drop_link_lists(t, &s, main);
    html_tree_blocks(t);
    html_sums_of(t, &s);
    html_prune_lines(t, &s, main);
}
