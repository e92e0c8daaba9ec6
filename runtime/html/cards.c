/* Teasers of other pages: a linked headline and a few words, several in a row. Together they can
 * hold more prose than the article they stand under, so they go before the main text is looked for.
 */
#include "runtime/html/html_private.h"

#define CARD_MIN     40 /* letters */
#define CARD_MAX     450
#define CARDS_IN_ROW 3
#define ARTICLE_MIN  350 /* prose outside of cards that makes the page more than a list of them */

static bool is_box(const struct html_node *n)
{
    if (n->flags & (HN_TEXT | HN_DROPPED | HN_HIDDEN | HN_CODE | HN_TABLE))
        return false;
    return n->tag == GUMBO_TAG_LI || n->tag == GUMBO_TAG_ARTICLE || n->tag == GUMBO_TAG_DIV ||
           n->tag == GUMBO_TAG_SECTION;
}

/* Index of the first block of a subtree. */
static uint32_t first_block(const struct html_sums *s, uint32_t node)
{
    return s->blocks[node];
}

static bool is_card(const struct html_tree *t, const struct html_sums *s, uint32_t i)
{
    uint32_t end = t->nodes[i].end;
    uint32_t weight = s->weight[end] - s->weight[i], blocks = s->blocks[end] - s->blocks[i];
    if (!is_box(&t->nodes[i]) || blocks < 2 || blocks > 5 || weight < CARD_MIN || weight > CARD_MAX)
        return false;
    uint32_t first = first_block(s, i);
    /* A kicker or a date may stand above the headline. */
    for (uint32_t k = first; k < first + 3 && k < first + blocks; k++) {
        const struct html_block *b = &t->blocks[k];
        if (b->weight >= 12 && b->link_weight * 10 >= b->weight * 8)
            return true;
        if (b->weight > 30)
            return false;
    }
    return false;
}

static bool in_body(const struct html_tree *t, uint32_t i)
{
    for (; i > t->body; i = t->nodes[i].parent) {
        if (t->nodes[i].hints & HINT_BODY)
            return true;
    }
    return false;
}

/* Marks rows of cards in marks; returns the prose they hold. */
static int64_t mark_rows(const struct html_tree *t, const struct html_sums *s, uint8_t *marks)
{
    uint16_t *rows = mr_arena_zalloc(t->scratch, t->count * sizeof *rows);
    int64_t held = 0;
    for (uint32_t i = t->body + 1; i < t->count; i++) {
        if (is_card(t, s, i)) {
            marks[i] = 1;
            if (rows[t->nodes[i].parent] < UINT16_MAX)
                rows[t->nodes[i].parent]++;
        }
    }
    for (uint32_t i = t->body + 1; i < t->count; i++) {
        if (marks[i] && (rows[t->nodes[i].parent] < CARDS_IN_ROW || in_body(t, i)))
            marks[i] = 0;
        if (marks[i]) {
            held += s->good[t->nodes[i].end] - s->good[i];
            i = t->nodes[i].end - 1;
        }
    }
    return held;
}

void html_drop_cards(struct html_tree *t)
{
    struct html_sums s;
    html_tree_blocks(t);
    html_sums_of(t, &s);
    uint8_t *marks = mr_arena_zalloc(t->scratch, t->count);
    int64_t held = mark_rows(t, &s, marks);
    if (held == 0 || s.good[t->count] - held < ARTICLE_MIN)
        return;
    for (uint32_t i = t->body + 1; i < t->count; i++) {
        if (marks[i] && !(t->nodes[i].flags & HN_DROPPED))
            html_drop(t, i);
    }
}
