/* Which subtree holds the main text: blocks are worth something or cost something, and the subtree
 * with the largest sum wins.
 *
 * Prose is worth its letters, links and fragments cost. A wrapper that adds more prose than debris
 * has the larger sum, so the climb from paragraph to article to column ends by itself where
 * navigation begins. What an element calls itself decides only between subtrees that hold nearly
 * the same prose. */
#include "runtime/html/html_private.h"

#define PROSE_WEIGHT    60  /* letters that make a block prose without a full stop */
#define SENTENCE_WEIGHT 30  /* with one */
#define CODE_CAP        600 /* a listing's share does not grow beyond this */

static int32_t value_of_links(const struct html_block *b)
{
    /* One link alone in a line costs a little; a long run of links costs by length. */
    return -(int32_t)(6 + b->link_weight / 4);
}

static int32_t value_of(const struct html_block *b)
{
    uint32_t plain = b->weight - b->link_weight;
    bool linked = b->link_weight * 2 > b->weight;
    if (b->flags & HN_PRE)
        return (int32_t)(b->weight < CODE_CAP ? b->weight : CODE_CAP) / 2;
    if (html_is_heading(b->tag))
        return b->link_weight * 10 > b->weight * 8 ? -8 : 4;
    if (b->tag == GUMBO_TAG_FIGCAPTION)
        return 0;
    if (linked && !(plain > PROSE_WEIGHT * 2 && b->commas > 2))
        return value_of_links(b);
    bool prose = b->weight >= PROSE_WEIGHT || (b->ends_sentence && b->weight >= SENTENCE_WEIGHT);
    bool in_item = b->tag == GUMBO_TAG_LI || b->tag == GUMBO_TAG_TD || b->tag == GUMBO_TAG_DD ||
                   b->tag == GUMBO_TAG_DT || b->tag == GUMBO_TAG_TH;
    if (!prose) {
        if (b->tag == GUMBO_TAG_P)
            return b->ends_sentence ? (int32_t)plain / 2 : 0;
        return in_item ? 0 : -2;
    }
    /* Long runs without any mark of a sentence are tables of data, tag clouds, lists of names. */
    if (b->commas + b->stops == 0 && !b->ends_sentence && b->tag != GUMBO_TAG_P)
        return (int32_t)plain / 8;
    int32_t value = (int32_t)(plain + 8 * (b->commas < 20 ? b->commas : 20));
    return b->tag == GUMBO_TAG_P ? value : in_item ? value * 3 / 4 : value * 9 / 10;
}

static void clear_sums(struct html_tree *t, size_t n)
{
    struct html_sums *s = &t->sums;
    if (!s->weight) {
        s->weight = mr_arena_alloc(t->scratch, n * sizeof *s->weight);
        s->link_weight = mr_arena_alloc(t->scratch, n * sizeof *s->link_weight);
        s->blocks = mr_arena_alloc(t->scratch, n * sizeof *s->blocks);
        s->value = mr_arena_alloc(t->scratch, n * sizeof *s->value);
        s->good = mr_arena_alloc(t->scratch, n * sizeof *s->good);
    }
    memset(s->weight, 0, n * sizeof *s->weight);
    memset(s->link_weight, 0, n * sizeof *s->link_weight);
    memset(s->blocks, 0, n * sizeof *s->blocks);
    memset(s->value, 0, n * sizeof *s->value);
    memset(s->good, 0, n * sizeof *s->good);
}

void html_sums_of(struct html_tree *t, struct html_sums *s)
{
    size_t n = (size_t)t->count + 1;
    clear_sums(t, n);
    *s = t->sums;
    for (uint32_t i = 0; i < t->block_count; i++) {
        struct html_block *b = &t->blocks[i];
        b->value = value_of(b);
        /* A block belongs to the subtrees that hold its first text. */
        uint32_t at = b->first + 1;
        s->weight[at] = b->weight;
        s->link_weight[at] = b->link_weight;
        s->blocks[at] = 1;
        s->value[at] = b->value;
        s->good[at] = b->value > 0 ? b->value : 0;
    }
    for (size_t i = 1; i < n; i++) {
        s->weight[i] += s->weight[i - 1];
        s->link_weight[i] += s->link_weight[i - 1];
        s->blocks[i] += s->blocks[i - 1];
        s->value[i] += s->value[i - 1];
        s->good[i] += s->good[i - 1];
    }
}

static int64_t sum(const struct html_tree *t, const int64_t *s, uint32_t node)
{
    return s[t->nodes[node].end] - s[node];
}

/* The largest sum, the deepest on a tie. */
static uint32_t largest(const struct html_tree *t, const struct html_sums *s)
{
    uint32_t best = t->body;
    for (uint32_t i = t->body; i < t->nodes[t->body].end; i++) {
        const struct html_node *n = &t->nodes[i];
        if (n->flags & (HN_TEXT | HN_DROPPED | HN_HIDDEN))
            continue;
        int64_t here = sum(t, s->value, i), there = sum(t, s->value, best);
        if (here > there || (here == there && html_within(t, i, best)))
            best = i;
    }
    return best;
}

/* Below node, the element with one of the hints that holds at least percent of its prose; the one
 * that holds most, the deepest on a tie. */
static uint32_t named(const struct html_tree *t, const struct html_sums *s, uint32_t node,
                      uint16_t hints, int percent)
{
    uint32_t best = node;
    int64_t all = sum(t, s->good, node), most = 0;
    for (uint32_t i = node + 1; i < t->nodes[node].end; i++) {
        const struct html_node *n = &t->nodes[i];
        if (!(n->hints & hints) || n->flags & (HN_TEXT | HN_DROPPED | HN_HIDDEN))
            continue;
        int64_t good = sum(t, s->good, i);
        if (good >= most && good * 100 >= all * percent) {
            most = good;
            best = i;
        }
    }
    return best;
}

static uint32_t plain(const struct html_tree *t, const struct html_sums *s, uint32_t node)
{
    uint32_t end = t->nodes[node].end;
    return s->weight[end] - s->weight[node] - (s->link_weight[end] - s->link_weight[node]);
}

/* Paragraphs, lists and code are text where they stand, boxes are so only by what they hold. */
static bool is_flow(const struct html_tree *t, const struct html_sums *s, uint32_t i)
{
    switch (t->nodes[i].tag) {
    case GUMBO_TAG_P:
    case GUMBO_TAG_UL:
    case GUMBO_TAG_OL:
    case GUMBO_TAG_DL:
    case GUMBO_TAG_PRE:
    case GUMBO_TAG_BLOCKQUOTE:
    case GUMBO_TAG_TABLE:
        return sum(t, s->good, i) >= 20 || plain(t, s, i) >= 40;
    default:
        return t->nodes[i].flags & HN_TEXT && sum(t, s->good, i) >= 20;
    }
}

/* The tag of the heading a box begins with, or 0. */
static uint16_t first_heading(const struct html_tree *t, uint32_t node)
{
    for (uint32_t i = node + 1; i < t->nodes[node].end; i++) {
        if (html_is_heading(t->nodes[i].tag))
            return t->nodes[i].tag;
        if (t->nodes[i].flags & HN_TEXT && !(t->nodes[i].flags & (HN_SPACE | HN_DROPPED)))
            return 0;
    }
    return 0;
}

/* Sections of one text: of the same name, or headed alike. */
static bool same_kind(const struct html_tree *t, uint32_t a, uint32_t b)
{
    uint16_t heading = first_heading(t, a);
    if (heading && heading == first_heading(t, b))
        return true;
    const struct html_node *x = &t->nodes[a], *y = &t->nodes[b];
    if (x->tag == GUMBO_TAG_TD)
        return false;
    struct mr_str class = html_attr(x, "class");
    if (x->tag != y->tag || !mr_str_eq(class, html_attr(y, "class")))
        return false;
    return class.len || (html_attr(x, "id").len == 0 && html_attr(y, "id").len == 0);
}

/* A box of nothing but paragraphs: at least two, no heading, hardly a link. */
static bool is_paragraphs(const struct html_tree *t, const struct html_sums *s, uint32_t node)
{
    uint32_t from = s->blocks[node], to = s->blocks[t->nodes[node].end], prose = 0;
    if (to - from < 2 || t->nodes[node].hints & (HINT_SMALL | HINT_NOTE))
        return false;
    for (uint32_t k = from; k < to; k++) {
        const struct html_block *b = &t->blocks[k];
        if (b->tag != GUMBO_TAG_P || b->link_weight * 5 > b->weight)
            return false;
        prose += b->value >= 60;
    }
    return prose >= 2;
}

/* True when what stands beside the heavy box is a part of the same text. */
static bool goes_with(const struct html_tree *t, const struct html_sums *s, uint32_t i,
                      uint32_t heavy)
{
    if (is_flow(t, s, i))
        return true;
    int64_t good = sum(t, s->good, i), most = sum(t, s->good, heavy);
    if (t->nodes[i].tag == GUMBO_TAG_TD)
        return good * 5 > most;
    if (!same_kind(t, i, heavy))
        return is_paragraphs(t, s, i);
    bool named = html_attr(&t->nodes[i], "class").len || first_heading(t, i);
    return named ? plain(t, s, i) >= 10 : good * 25 > most;
}

/* Where one box holds most of the prose and what else there is stands in boxes of other kinds, the
 * boxes behind it belong to the page, not to the text. Boxes before it may be its first lines. */
static uint32_t leave_boxes(struct html_tree *t, const struct html_sums *s, uint32_t node)
{
    for (;;) {
        int64_t all = sum(t, s->good, node), lead = 0;
        uint32_t heavy = 0;
        bool flow = all == 0;
        for (uint32_t i = node + 1; i < t->nodes[node].end; i = t->nodes[i].end) {
            if (!(t->nodes[i].flags & HN_TEXT) && sum(t, s->good, i) * 100 >= all * 65)
                heavy = i;
        }
        if (!heavy || is_flow(t, s, heavy))
            return node;
        for (uint32_t i = node + 1; i < t->nodes[node].end; i = t->nodes[i].end) {
            if (i == heavy)
                continue;
            if (goes_with(t, s, i, heavy))
                flow = true;
            else if (i < heavy)
                lead += sum(t, s->good, i);
        }
        if (flow)
            return node;
        if (lead * 100 > all * 3) {
            for (uint32_t i = t->nodes[heavy].end; i < t->nodes[node].end; i = t->nodes[i].end)
                html_drop(t, i);
            return node;
        }
        node = heavy;
    }
}

/* First lines of the text that stand in a box of their own before the body: the smallest subtree
 * that holds both becomes the text, and all else in it is dropped. */
static uint32_t with_lead(struct html_tree *t, const struct html_sums *s, uint32_t body)
{
    uint32_t lead = 0, up = body;
    for (uint32_t i = t->body; i < body && !lead; i++) {
        const struct html_node *n = &t->nodes[i];
        if (n->hints & HINT_LEAD && n->end <= body && !(n->flags & (HN_TEXT | HN_DROPPED)) &&
            sum(t, s->good, i) >= 50 && sum(t, s->good, i) * 2 < sum(t, s->good, body))
            lead = i;
    }
    if (!lead)
        return body;
    for (uint32_t i = lead; i != t->body; i = t->nodes[i].parent) {
        /* What stands in a page's header, or in another article, is another's lead. */
        if (t->nodes[i].tag == GUMBO_TAG_HEADER || t->nodes[i].tag == GUMBO_TAG_LI)
            return body;
    }
    while (!html_within(t, lead, up))
        up = t->nodes[up].parent;
    for (uint32_t i = up + 1; i < t->nodes[up].end; i++) {
        bool wraps = html_within(t, lead, i) || html_within(t, body, i);
        bool inside = html_within(t, i, lead) || html_within(t, i, body);
        if (!wraps && !inside)
            t->nodes[i].flags |= HN_DROPPED;
    }
    return up;
}

uint32_t html_find_main(struct html_tree *t)
{
    struct html_sums s;
    html_sums_of(t, &s);
    uint32_t main = largest(t, &s);
    if (sum(t, s.good, main) == 0)
        return t->body;
    uint32_t body = named(t, &s, main, HINT_BODY, 60);
    if (body != main)
        return with_lead(t, &s, body);
    uint32_t article = named(t, &s, main, HINT_ARTICLE, 70);
    if (article != main)
        return leave_boxes(t, &s, article);
    return leave_boxes(t, &s, main);
}
