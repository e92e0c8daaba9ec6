/* The parser's tree as a flat array in document order, and its text as blocks. */
#include "runtime/html/html_private.h"

/* A letter of a script without blanks between words says about as much as three Latin letters. */
#define IDEOGRAPH_WEIGHT 3

bool html_is_heading(uint16_t tag)
{
    return tag >= GUMBO_TAG_H1 && tag <= GUMBO_TAG_H6;
}

struct mr_str html_attr(const struct html_node *n, const char *name)
{
    if (n->g->type != GUMBO_NODE_ELEMENT && n->g->type != GUMBO_NODE_TEMPLATE)
        return (struct mr_str){0};
    const GumboAttribute *a = gumbo_get_attribute(&n->g->v.element.attributes, name);
    return a ? mr_str_of(a->value) : (struct mr_str){0};
}

/* Elements that carry no text of the page. */
static bool is_skipped(const GumboElement *e)
{
    if (e->tag_namespace == GUMBO_NAMESPACE_SVG)
        return true;
    switch (e->tag) {
    case GUMBO_TAG_SCRIPT:
    case GUMBO_TAG_STYLE:
    case GUMBO_TAG_TEMPLATE:
    case GUMBO_TAG_NOSCRIPT:
    case GUMBO_TAG_IFRAME:
    case GUMBO_TAG_OBJECT:
    case GUMBO_TAG_EMBED:
    case GUMBO_TAG_APPLET:
    case GUMBO_TAG_AUDIO:
    case GUMBO_TAG_VIDEO:
    case GUMBO_TAG_CANVAS:
    case GUMBO_TAG_MAP:
    case GUMBO_TAG_SELECT:
    case GUMBO_TAG_DATALIST:
    case GUMBO_TAG_TEXTAREA:
    case GUMBO_TAG_BUTTON:
    case GUMBO_TAG_INPUT:
    case GUMBO_TAG_PROGRESS:
    case GUMBO_TAG_METER:
    case GUMBO_TAG_HEAD:
    case GUMBO_TAG_TITLE:
    case GUMBO_TAG_NOFRAMES:
    case GUMBO_TAG_RP:
    case GUMBO_TAG_ANNOTATION_XML:
        return true;
    case GUMBO_TAG_UNKNOWN:
        /* MathML's source notation stands beside the formula it repeats. */
        return e->tag_namespace == GUMBO_NAMESPACE_MATHML && e->original_tag.length > 11 &&
               memcmp(e->original_tag.data + 1, "annotation", 10) == 0;
    default:
        return false;
    }
}

static bool is_block(const GumboElement *e)
{
    switch (e->tag) {
    case GUMBO_TAG_A:
    case GUMBO_TAG_ABBR:
    case GUMBO_TAG_ACRONYM:
    case GUMBO_TAG_B:
    case GUMBO_TAG_BDI:
    case GUMBO_TAG_BDO:
    case GUMBO_TAG_BIG:
    case GUMBO_TAG_BLINK:
    case GUMBO_TAG_BR:
    case GUMBO_TAG_CITE:
    case GUMBO_TAG_CODE:
    case GUMBO_TAG_DATA:
    case GUMBO_TAG_DEL:
    case GUMBO_TAG_DFN:
    case GUMBO_TAG_EM:
    case GUMBO_TAG_FONT:
    case GUMBO_TAG_I:
    case GUMBO_TAG_IMG:
    case GUMBO_TAG_INS:
    case GUMBO_TAG_KBD:
    case GUMBO_TAG_LABEL:
    case GUMBO_TAG_MARK:
    case GUMBO_TAG_MARQUEE:
    case GUMBO_TAG_NOBR:
    case GUMBO_TAG_OUTPUT:
    case GUMBO_TAG_Q:
    case GUMBO_TAG_RB:
    case GUMBO_TAG_RT:
    case GUMBO_TAG_RTC:
    case GUMBO_TAG_RUBY:
    case GUMBO_TAG_S:
    case GUMBO_TAG_SAMP:
    case GUMBO_TAG_SMALL:
    case GUMBO_TAG_SPAN:
    case GUMBO_TAG_STRIKE:
    case GUMBO_TAG_STRONG:
    case GUMBO_TAG_SUB:
    case GUMBO_TAG_SUP:
    case GUMBO_TAG_TIME:
    case GUMBO_TAG_TT:
    case GUMBO_TAG_U:
    case GUMBO_TAG_VAR:
    case GUMBO_TAG_WBR:
        return false;
    case GUMBO_TAG_UNKNOWN:
        return false; /* custom elements are inline until their content says otherwise */
    default:
        return e->tag_namespace == GUMBO_NAMESPACE_HTML;
    }
}

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f';
}

/* Letters and digits count, white space and marks do not; ideographs and kana count more. */
static uint32_t weigh(const char *s, uint16_t *flags)
{
    uint32_t w = 0;
    bool space = true;
    for (const unsigned char *p = (const unsigned char *)s; *p; p++) {
        unsigned char c = *p;
        if (is_space((char)c))
            continue;
        space = false;
        if (c < 0x80) {
            w++;
        } else if (c >= 0xc0) {
            if (c == 0xc2 && p[1] == 0xa0)
                p++; /* no-break space */
            else if ((c == 0xe3 && p[1] >= 0x81) || (c >= 0xe4 && c <= 0xe9))
                w += IDEOGRAPH_WEIGHT;
            else
                w++;
        }
    }
    if (space)
        *flags |= HN_SPACE;
    return w;
}

/* Flags that an element gives to all below it. */
static uint16_t inherited(uint16_t from, const GumboElement *e, uint16_t hints)
{
    uint16_t f = from & (uint16_t) ~(HN_BLOCK | HN_SPACE | HN_TEXT | HN_DROPPED);
    switch (e->tag) {
    case GUMBO_TAG_A:
        return f | (gumbo_get_attribute(&e->attributes, "href") ? HN_LINK : 0);
    case GUMBO_TAG_PRE:
    case GUMBO_TAG_LISTING:
    case GUMBO_TAG_XMP:
    case GUMBO_TAG_PLAINTEXT:
        return f | HN_PRE | HN_CODE;
    case GUMBO_TAG_CODE:
    case GUMBO_TAG_SAMP:
    case GUMBO_TAG_KBD:
        return f | HN_CODE | HN_PROSE;
    case GUMBO_TAG_P:
    case GUMBO_TAG_LI:
    case GUMBO_TAG_DD:
    case GUMBO_TAG_DT:
    case GUMBO_TAG_H1:
    case GUMBO_TAG_H2:
    case GUMBO_TAG_H3:
    case GUMBO_TAG_H4:
    case GUMBO_TAG_H5:
    case GUMBO_TAG_H6:
        f |= HN_PROSE;
        break;
    case GUMBO_TAG_TD:
    case GUMBO_TAG_TH:
        return f & (uint16_t)~HN_PROSE;
    case GUMBO_TAG_UL:
    case GUMBO_TAG_OL:
    case GUMBO_TAG_DL:
        return (f | HN_LIST) & (uint16_t)~HN_PROSE;
    case GUMBO_TAG_BLOCKQUOTE:
        return f | HN_QUOTE;
    case GUMBO_TAG_FIGURE:
        return f | HN_FIGURE;
    case GUMBO_TAG_DIV:
    case GUMBO_TAG_SECTION:
        f &= (uint16_t)~HN_PROSE;
        break;
    default:
        break;
    }
    return hints & (HINT_BODY | HINT_ARTICLE) ? f | HN_ARTICLE : f;
}

static bool shown_text(const GumboNode *g)
{
    return g->type == GUMBO_NODE_TEXT || g->type == GUMBO_NODE_WHITESPACE ||
           g->type == GUMBO_NODE_CDATA;
}

static bool is_element(const GumboNode *g)
{
    return g->type == GUMBO_NODE_ELEMENT && !is_skipped(&g->v.element);
}

static bool is_closing_mark(const char *s, size_t len)
{
    if (len >= 1 && strchr(".!?:;\"')", s[len - 1]))
        return true;
    static const char *const wide[] = {"。", "！", "？", "…", "”",  "’",
                                       "»",  "।",  "؟",  "۔", "：", "」"};
    for (size_t i = 0; i < sizeof wide / sizeof *wide; i++) {
        size_t n = strlen(wide[i]);
        if (len >= n && memcmp(s + len - n, wide[i], n) == 0)
            return true;
    }
    return false;
}

/* Commas and full stops of the scripts that have them; whether the text ends as a sentence does. */
static void count_marks(struct html_node *b, const char *s)
{
    size_t len = strlen(s);
    while (len && is_space(s[len - 1]))
        len--;
    b->ends_sentence = is_closing_mark(s, len);
    for (size_t i = 0; i < len; i++) {
        char c = s[i];
        if (c == ',' || c == ';')
            b->commas++;
        else if ((c == '.' || c == '!' || c == '?') && (i + 1 == len || is_space(s[i + 1])))
            b->stops++;
        else if ((unsigned char)c == 0xe3 && (unsigned char)s[i + 1] == 0x80) {
            b->commas += (unsigned char)s[i + 2] == 0x81;
            b->stops += (unsigned char)s[i + 2] == 0x82;
        } else if ((unsigned char)c == 0xef && (unsigned char)s[i + 1] == 0xbc &&
                   (unsigned char)s[i + 2] == 0x8c)
            b->commas++;
        else if ((unsigned char)c == 0xd8 && (unsigned char)s[i + 1] == 0x8c)
            b->commas++; /* Arabic */
    }
}

static void add_text(struct html_tree *t, const GumboNode *g, uint32_t parent)
{
    struct html_node *n = &t->nodes[t->count];
    const struct html_node *up = &t->nodes[parent];
    *n = (struct html_node){.g = g, .parent = parent, .end = t->count + 1, .tag = GUMBO_TAG_LAST};
    n->owner = up->owner;
    n->flags = (up->flags & (uint16_t)~HN_BLOCK) | HN_TEXT;
    n->weight = weigh(g->v.text.text, &n->flags);
    if (!(n->flags & HN_SPACE))
        count_marks(n, g->v.text.text);
    t->count++;
}

static void add_element(struct html_tree *t, const GumboNode *g, uint32_t parent)
{
    uint32_t at = t->count++;
    struct html_node *n = &t->nodes[at];
    const GumboElement *e = &g->v.element;
    *n = (struct html_node){.g = g, .parent = parent, .tag = (uint16_t)e->tag};
    uint16_t up = at ? t->nodes[parent].flags : 0;
    n->hints = html_hints_of(e);
    n->flags = inherited(up, e, n->hints);
    if (html_is_hidden(e) && e->tag != GUMBO_TAG_BODY && e->tag != GUMBO_TAG_HTML)
        n->flags |= HN_HIDDEN;
    if (is_block(e))
        n->flags |= HN_BLOCK;
    n->owner = n->flags & HN_BLOCK ? at : at ? t->nodes[parent].owner : 0;
    if (e->tag == GUMBO_TAG_BODY && t->body == 0)
        t->body = at;
}

static bool is_cell(uint16_t tag)
{
    return tag == GUMBO_TAG_TD || tag == GUMBO_TAG_TH;
}

/* Marks what stands in tables of data. A table that holds another one, or a cell with several
 * paragraphs, is layout: its cells are parts of a page. */
static void mark_tables(struct html_tree *t)
{
    uint32_t *table = mr_arena_zalloc(t->scratch, t->count * sizeof *table);
    uint32_t *cell = mr_arena_zalloc(t->scratch, t->count * sizeof *cell);
    uint8_t *parts = mr_arena_zalloc(t->scratch, t->count);
    for (uint32_t i = 1; i < t->count; i++) {
        const struct html_node *n = &t->nodes[i];
        uint32_t up = n->parent;
        table[i] = t->nodes[up].tag == GUMBO_TAG_TABLE ? up : table[up];
        cell[i] = is_cell(t->nodes[up].tag) ? up : cell[up];
        if (n->tag == GUMBO_TAG_TABLE && table[i])
            parts[table[i]] = 3;
        bool part = n->tag == GUMBO_TAG_P || html_is_heading(n->tag) || n->tag == GUMBO_TAG_UL ||
                    n->tag == GUMBO_TAG_PRE || n->tag == GUMBO_TAG_BLOCKQUOTE;
        if (part && cell[i] && parts[cell[i]] < 3 && ++parts[cell[i]] == 3 && table[i])
            parts[table[i]] = 3;
    }
    for (uint32_t i = 1; i < t->count; i++) {
        struct html_node *n = &t->nodes[i];
        bool data = table[i] && parts[table[i]] < 3;
        if (data && (is_cell(n->tag) || t->nodes[n->parent].flags & HN_TABLE || cell[i]))
            n->flags |= HN_TABLE;
    }
}

/* The next node in document order below root, entering g only when enter is set. */
static const GumboNode *next_node(const GumboNode *g, const GumboNode *root, bool enter)
{
    if (enter && g->v.element.children.length)
        return g->v.element.children.data[0];
    for (; g != root; g = g->parent) {
        const GumboVector *siblings = &g->parent->v.element.children;
        if (g->index_within_parent + 1 < siblings->length)
            return siblings->data[g->index_within_parent + 1];
    }
    return NULL;
}

static uint32_t count_nodes(const GumboNode *root)
{
    uint32_t n = 0;
    for (const GumboNode *g = root; g; g = next_node(g, root, is_element(g)))
        n++;
    return n;
}

void html_tree_build(struct html_tree *t, const GumboOutput *output, struct mr_arena *scratch)
{
    *t = (struct html_tree){.scratch = scratch};
    const GumboNode *root = output->root;
    if (!root || root->type != GUMBO_NODE_ELEMENT)
        return;
    t->nodes = mr_arena_alloc(scratch, count_nodes(root) * sizeof *t->nodes);
    uint32_t parent = 0;
    for (const GumboNode *g = root; g; g = next_node(g, root, is_element(g))) {
        /* Leaves what ended: g's parent is on the way up from the last element. */
        while (t->count && t->nodes[parent].g != g->parent) {
            t->nodes[parent].end = t->count;
            parent = t->nodes[parent].parent;
        }
        if (shown_text(g)) {
            add_text(t, g, parent);
        } else if (is_element(g)) {
            uint32_t at = t->count;
            add_element(t, g, parent);
            parent = at;
        }
    }
    for (; t->count; parent = t->nodes[parent].parent) {
        t->nodes[parent].end = t->count;
        if (parent == 0)
            break;
    }
    mark_tables(t);
}

void html_drop(struct html_tree *t, uint32_t node)
{
    for (uint32_t i = node; i < t->nodes[node].end; i++)
        t->nodes[i].flags |= HN_DROPPED;
}

/* The tag that says what kind of text a block is. */
static uint16_t kind_of(const struct html_tree *t, uint32_t owner)
{
    uint32_t at = owner;
    for (int up = 0; up < 4; up++) {
        uint16_t tag = t->nodes[at].tag;
        if (html_is_heading(tag))
            return tag;
        switch (tag) {
        case GUMBO_TAG_P:
        case GUMBO_TAG_LI:
        case GUMBO_TAG_DD:
        case GUMBO_TAG_DT:
        case GUMBO_TAG_PRE:
        case GUMBO_TAG_TD:
        case GUMBO_TAG_TH:
        case GUMBO_TAG_FIGCAPTION:
            return tag;
        default:
            break;
        }
        if (at == 0 || tag == GUMBO_TAG_UL || tag == GUMBO_TAG_OL || tag == GUMBO_TAG_SECTION)
            break;
        at = t->nodes[at].parent;
    }
    return t->nodes[owner].tag;
}

void html_tree_blocks(struct html_tree *t)
{
    if (!t->blocks)
        t->blocks = mr_arena_alloc(t->scratch, (t->count + 1) * sizeof *t->blocks);
    t->block_count = 0;
    struct html_block *b = NULL;
    uint32_t brs = 0, owner = 0;
    bool boundary = true;
    for (uint32_t i = 0; i < t->count; i++) {
        const struct html_node *n = &t->nodes[i];
        if (n->flags & (HN_DROPPED | HN_HIDDEN)) {
            if (!(n->flags & HN_TEXT) && n->flags & HN_BLOCK)
                boundary = true;
            continue;
        }
        if (!(n->flags & HN_TEXT)) {
            if (n->flags & HN_BLOCK)
                boundary = true;
            if (n->tag == GUMBO_TAG_BR && ++brs >= 2)
                boundary = true;
            continue;
        }
        if (n->flags & HN_SPACE)
            continue;
        brs = 0;
        if (boundary || !b || n->owner != owner) {
            b = &t->blocks[t->block_count++];
            *b = (struct html_block){.first = i, .owner = n->owner, .flags = n->flags};
            b->tag = kind_of(t, n->owner);
            owner = n->owner;
            boundary = false;
        }
        b->last = i;
        b->weight += n->weight;
        if (n->flags & HN_LINK)
            b->link_weight += n->weight;
        b->commas += n->commas;
        b->stops += n->stops;
        b->ends_sentence = n->ends_sentence;
    }
}
