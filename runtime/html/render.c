/* A subtree as text: one line per block, a blank line between paragraphs, code as it stands. */
#include "runtime/html/html_private.h"

struct writer {
    struct mr_buf *out;
    size_t start;     /* of the text within out */
    bool space;       /* a blank is due before the next word */
    uint8_t newlines; /* line ends due before the next word: 1 line, 2 paragraph */
    bool tab;         /* a cell began */
};

static void want(struct writer *w, uint8_t newlines)
{
    if (w->newlines < newlines)
        w->newlines = newlines;
}

/* Writes what is due before text. */
static void settle(struct writer *w)
{
    if (w->out->len > w->start) {
        if (w->newlines)
            mr_buf_add(w->out, "\n\n", w->newlines);
        else if (w->tab)
            mr_buf_addc(w->out, '\t');
        else if (w->space)
            mr_buf_addc(w->out, ' ');
    }
    w->newlines = 0;
    w->space = w->tab = false;
}

/* Bytes of a white space or unwanted code point at p, or 0; paragraph: it ends one. */
static size_t blank_at(const unsigned char *p, bool *paragraph, bool *nothing)
{
    *paragraph = *nothing = false;
    if (*p == ' ' || (*p >= '\t' && *p <= '\r'))
        return 1;
    if (*p < 0x20 || *p == 0x7f) {
        *nothing = true;
        return 1;
    }
    if (p[0] == 0xc2) {
        *nothing = p[1] == 0xad; /* soft hyphen */
        return p[1] == 0xa0 || p[1] == 0x85 || p[1] == 0xad ? 2 : 0;
    }
    if (p[0] == 0xe2 && p[1] == 0x80) {
        if (p[2] == 0xa9 || p[2] == 0xa8) {
            *paragraph = p[2] == 0xa9;
            return 3;
        }
        *nothing = p[2] == 0x8b || p[2] == 0x8e || p[2] == 0x8f; /* no width */
        return (p[2] >= 0x80 && p[2] <= 0x8a) || p[2] == 0xaf || *nothing ? 3 : 0;
    }
    if (p[0] == 0xe3 && p[1] == 0x80 && p[2] == 0x80)
        return 3;
    if (p[0] == 0xef && p[1] == 0xbb && p[2] == 0xbf) {
        *nothing = true;
        return 3;
    }
    return 0;
}

static void add_text(struct writer *w, const char *text)
{
    const unsigned char *p = (const unsigned char *)text, *run = p;
    while (*p) {
        bool paragraph, nothing;
        size_t blank = *p > ' ' && *p < 0x7f ? 0 : blank_at(p, &paragraph, &nothing);
        if (blank == 0) {
            p++;
            continue;
        }
        if (p > run) {
            settle(w);
            mr_buf_add(w->out, run, (size_t)(p - run));
        }
        p += blank;
        run = p;
        if (paragraph)
            want(w, 2);
        else if (!nothing)
            w->space = true;
    }
    if (p > run) {
        settle(w);
        mr_buf_add(w->out, run, (size_t)(p - run));
    }
}

/* Code: every blank counts, only line ends are made the same. */
static void add_code(struct writer *w, const char *text)
{
    size_t len = strlen(text), at = 0;
    if (w->newlines || w->out->len == w->start) {
        while (at < len && (text[at] == '\n' || text[at] == '\r'))
            at++;
        if (at == len)
            return;
        settle(w);
    }
    for (; at < len; at++) {
        if (text[at] == '\r')
            continue;
        if (text[at] == '\n' || text[at] == '\t' || (unsigned char)text[at] >= 0x20)
            mr_buf_addc(w->out, text[at]);
    }
}

static void trim_code(struct writer *w)
{
    struct mr_buf *out = w->out;
    while (out->len > w->start && (out->ptr[out->len - 1] == '\n' || out->ptr[out->len - 1] == ' '))
        out->len--;
}

/* Line ends that an element asks for at its edges. */
static uint8_t edge_of(const struct html_tree *t, const struct html_node *n)
{
    if (!(n->flags & HN_BLOCK))
        return 0;
    uint16_t around = n == t->nodes ? 0 : t->nodes[n->parent].flags;
    switch (n->tag) {
    case GUMBO_TAG_LI:
    case GUMBO_TAG_TR:
    case GUMBO_TAG_DT:
    case GUMBO_TAG_DD:
        return 1;
    case GUMBO_TAG_TD:
    case GUMBO_TAG_TH:
        return n->flags & HN_TABLE ? 0 : 2;
    case GUMBO_TAG_PRE:
        return around & HN_TABLE ? 1 : 2;
    default:
        /* What wraps a line of an item or a cell does not make it a paragraph. */
        return around & (HN_LIST | HN_TABLE) ? 1 : 2;
    }
}

static bool is_cell(const struct html_node *n)
{
    return (n->tag == GUMBO_TAG_TD || n->tag == GUMBO_TAG_TH) && n->flags & HN_TABLE;
}

static void enter(struct writer *w, const struct html_tree *t, const struct html_node *n)
{
    if (is_cell(n)) {
        w->tab = true;
        return;
    }
    if (n->tag == GUMBO_TAG_BR) {
        /* A second one in a row ends the paragraph. */
        w->newlines = w->newlines ? 2 : 1;
        return;
    }
    uint8_t edge = edge_of(t, n);
    /* A cell's first paragraph stays on the row's line. */
    if (edge && !(w->tab && w->newlines == 0 && n->flags & HN_TABLE))
        want(w, edge);
}

static void leave(struct writer *w, const struct html_tree *t, const struct html_node *n)
{
    if (n->tag == GUMBO_TAG_PRE || n->tag == GUMBO_TAG_LISTING)
        trim_code(w);
    if (is_cell(n)) {
        w->newlines = 0;
        return;
    }
    want(w, edge_of(t, n));
}

void html_render(const struct html_tree *t, uint32_t node, struct mr_buf *out)
{
    struct writer w = {.out = out, .start = out->len};
    uint32_t open = node;
    for (uint32_t i = node; i < t->nodes[node].end; i++) {
        const struct html_node *n = &t->nodes[i];
        if (i > node) {
            for (; open != n->parent; open = t->nodes[open].parent)
                leave(&w, t, &t->nodes[open]);
        }
        if (n->flags & (HN_DROPPED | HN_HIDDEN)) {
            if (n->flags & HN_BLOCK)
                want(&w, edge_of(t, n));
            i = n->end - 1;
            continue;
        }
        if (!(n->flags & HN_TEXT)) {
            enter(&w, t, n);
            open = i;
        } else if (n->flags & HN_PRE) {
            add_code(&w, n->g->v.text.text);
        } else {
            add_text(&w, n->g->v.text.text);
        }
    }
    trim_code(&w);
}

void html_line(const struct html_tree *t, uint32_t node, struct mr_buf *out)
{
    struct writer w = {.out = out, .start = out->len};
    for (uint32_t i = node; i < t->nodes[node].end; i++) {
        const struct html_node *n = &t->nodes[i];
        if (n->flags & HN_HIDDEN)
            continue;
        if (n->flags & HN_TEXT)
            add_text(&w, n->g->v.text.text);
        else if (n->flags & HN_BLOCK || n->tag == GUMBO_TAG_BR)
            w.space = true;
    }
}

struct mr_str html_block_line(const struct html_tree *t, const struct html_block *b,
                              struct mr_buf *out)
{
    out->len = 0;
    struct writer w = {.out = out};
    for (uint32_t i = b->first; i <= b->last; i++) {
        const struct html_node *n = &t->nodes[i];
        if (n->flags & HN_TEXT && !(n->flags & (HN_DROPPED | HN_HIDDEN)))
            add_text(&w, n->g->v.text.text);
        else if (n->tag == GUMBO_TAG_BR)
            w.space = true;
    }
    return mr_buf_str(out);
}
