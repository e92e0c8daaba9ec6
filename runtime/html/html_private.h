/* What the files of this folder share: the flat tree of a page and the passes over it.
 *
 * The page is an array of nodes in document order; the subtree of node i is [i, node[i].end), so
 * every pass is a loop and no depth of nesting can exhaust a stack. */
#ifndef MR_HTML_HTML_PRIVATE_H
#define MR_HTML_HTML_PRIVATE_H

#include <gumbo.h>

#include "runtime/html/html.h"

/* Node flags. */
enum {
    HN_TEXT = 1 << 0,     /* a text node                                         */
    HN_BLOCK = 1 << 1,    /* starts and ends a line                              */
    HN_LINK = 1 << 2,     /* inside a link                                       */
    HN_PRE = 1 << 3,      /* white space counts                                  */
    HN_CODE = 1 << 4,     /* inside pre or code: names of classes mean colours   */
    HN_HIDDEN = 1 << 5,   /* not shown by a browser                              */
    HN_DROPPED = 1 << 6,  /* judged boilerplate; whole subtrees are marked       */
    HN_PROSE = 1 << 7,    /* inside p, li, td, dd, heading: part of a sentence   */
    HN_FIGURE = 1 << 8,   /* inside a figure                                     */
    HN_SPACE = 1 << 9,    /* a text node of white space only                     */
    HN_ARTICLE = 1 << 10, /* inside an element that says it is an article's body */
    HN_TABLE = 1 << 11,   /* inside a table                                      */
    HN_LIST = 1 << 12,    /* inside a list                                       */
    HN_QUOTE = 1 << 13,   /* inside a blockquote                                 */
};

/* What tag, class, id and role say about an element. */
enum {
    HINT_BODY = 1 << 0,     /* names itself the article's body                     */
    HINT_CONTENT = 1 << 1,  /* some word for content                               */
    HINT_JUNK = 1 << 2,     /* navigation, sharing, comments, related, adverts     */
    HINT_SMALL = 1 << 3,    /* byline, date, tags: boilerplate when short          */
    HINT_MAIN = 1 << 4,     /* main, role=main                                     */
    HINT_ARTICLE = 1 << 5,  /* article                                             */
    HINT_ASIDE = 1 << 6,    /* nav, aside, footer and the like, by tag or role     */
    HINT_NOTE = 1 << 7,     /* an admonition of a manual: kept whatever the tag    */
    HINT_COMMENT = 1 << 8,  /* readers' comments                                   */
    HINT_HEADER = 1 << 9,   /* header tag or a word for it                         */
    HINT_FRAME = 1 << 11,   /* navigation, contents, page footer: never text */
    HINT_SIDEBAR = 1 << 12, /* a column beside the text, or a box of prose in it */
    HINT_LEAD = 1 << 13,    /* first lines, set apart from the body */
    HINT_ANCHOR = 1 << 10,  /* sign beside a heading that links to it, line number */
};

struct html_node {
    const GumboNode *g;
    uint32_t parent, end;
    uint32_t owner; /* nearest block, itself included */
    uint16_t tag;   /* GumboTag */
    uint16_t flags;
    uint16_t hints;
    uint32_t weight;        /* of a text node: letters, ideographs counting as several */
    uint32_t commas, stops; /* of a text node */
    bool ends_sentence;
};

/* A run of inline content: a paragraph, heading, item, cell or loose text. */
struct html_block {
    uint32_t first, last; /* text nodes */
    uint32_t owner;
    uint32_t weight, link_weight, commas, stops;
    uint16_t tag; /* the nearest of p, li, td, dd, dt, pre, heading, figcaption, else the owner's */
    uint16_t flags;
    bool ends_sentence;
    int32_t value; /* positive: prose; negative: boilerplate */
};

/* Sums over document order: the sum of a subtree is s[end] - s[start]. */
struct html_sums {
    uint32_t *weight, *link_weight, *blocks;
    int64_t *value, *good;
};

struct html_tree {
    struct html_node *nodes;
    uint32_t count;
    struct html_block *blocks;
    uint32_t block_count;
    uint32_t body; /* index of body, or 0 */
    struct mr_str title;
    struct mr_arena *scratch;
    struct html_sums sums; /* the memory of html_sums_of, used again by each pass */
};

/* parse.c */
struct html_slab {
    char *start;
    size_t bytes;
};

struct html_parse {
    GumboOptions options;
    GumboOutput *output;
    struct mr_arena *arena;
    char *input; /* UTF-8, a copy in arena: the parser's nodes point into it */
    size_t input_len;
    void *free_lists[64];
    const GumboNode *recent[4];
    struct html_slab slabs[32]; /* doubling: memory ends before they do */
    size_t slab_count, slab_left;
    size_t idle; /* allocations since the last node */
    size_t allocated, limit;
    uint32_t node_count;
    bool stopped, flattened;
};
/* Parses; a page that nests too deep or grows too large is parsed again as text without tags. */
void html_parse_page(struct html_parse *p, struct mr_str utf8, struct mr_arena *scratch);
/* flatten.c: the page without tags, comments, scripts; blocks divided by U+2029. */
void html_flatten(struct mr_str utf8, struct mr_buf *out);

/* tree.c */
void html_tree_build(struct html_tree *t, const GumboOutput *output, struct mr_arena *scratch);
void html_tree_blocks(struct html_tree *t);
void html_drop(struct html_tree *t, uint32_t node);
struct mr_str html_attr(const struct html_node *n, const char *name);
bool html_is_heading(uint16_t tag);
static inline bool html_within(const struct html_tree *t, uint32_t node, uint32_t ancestor)
{
    return node >= ancestor && node < t->nodes[ancestor].end;
}

/* hint_words.c: hints of a word, or of two in a row, in small letters. */
uint16_t html_hint_of_word(const char *word);
uint16_t html_hint_of_pair(const char *first, const char *second);

/* hints.c */
uint16_t html_hints_of(const GumboElement *element);
bool html_is_hidden(const GumboElement *element);

/* score.c */
/* The sums of the blocks as they are now; valid until the next call. */
void html_sums_of(struct html_tree *t, struct html_sums *s);
/* Marks what is boilerplate wherever it stands, then finds the subtree that holds the main text. */
uint32_t html_find_main(struct html_tree *t);

/* prune.c */
void html_prune_page(struct html_tree *t);
void html_prune_main(struct html_tree *t, uint32_t main);

/* True when the block before says that what follows belongs to the text: a heading, or a colon. */
bool html_is_announced(const struct html_tree *t, uint32_t node, struct mr_buf *line);

/* cards.c */
void html_drop_cards(struct html_tree *t);

/* prune_lines.c */
void html_prune_lines(struct html_tree *t, const struct html_sums *s, uint32_t main);

/* phrases.c: short lines that say they are no prose ("Share this", "Advertisement"). */
bool html_is_junk_line(struct mr_str line);
/* A line that tells when, by whom or how long, as they stand around a text. */
bool html_is_meta_line(struct mr_str line);
/* What a site says to every visitor: cookies, scripts, advertisements blocked. */
bool html_is_notice(struct mr_str line);
/* A last paragraph about the author, the agency, the newsletter or the rights. */
bool html_is_closing_remark(struct mr_str line);

/* render.c */
void html_render(const struct html_tree *t, uint32_t node, struct mr_buf *out);
/* The text of a subtree on one line. */
void html_line(const struct html_tree *t, uint32_t node, struct mr_buf *out);
struct mr_str html_block_line(const struct html_tree *t, const struct html_block *b,
                              struct mr_buf *out);

/* meta.c */
void html_read_meta(const struct html_tree *t, const GumboOutput *output,
                    const struct mr_html_options *options, struct mr_arena *arena,
                    struct mr_html_page *out);

#endif
