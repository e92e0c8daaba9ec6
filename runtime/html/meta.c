/* What a page says about itself: title, language, canonical address, meta elements; and its links.
 */
#include "runtime/html/html_private.h"

#define META_MAX  512
#define LINKS_MAX 65536

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static bool has_word(const char *list, const char *word)
{
    size_t n = strlen(word);
    for (const char *p = list; *p;) {
        p += strspn(p, " \t\r\n");
        size_t len = strcspn(p, " \t\r\n");
        size_t k = 0;
        while (k < len && k < n && lower(p[k]) == word[k])
            k++;
        if (len == n && k == n)
            return true;
        p += len;
    }
    return false;
}

/* White space folded to single blanks, trimmed, copied. */
static struct mr_str folded(struct mr_arena *arena, const char *text)
{
    size_t len = strlen(text), n = 0;
    char *out = mr_arena_alloc(arena, len + 1);
    for (size_t i = 0; i < len; i++) {
        bool nbsp = text[i] == '\xc2' && text[i + 1] == '\xa0';
        bool blank = nbsp || strchr(" \t\r\n\f", text[i]) != NULL;
        i += nbsp;
        if (blank && (n == 0 || out[n - 1] == ' '))
            continue;
        out[n++] = blank ? ' ' : text[i];
    }
    if (n && out[n - 1] == ' ')
        n--;
    out[n] = 0;
    return mr_str_span(out, n);
}

static const char *attribute(const GumboNode *g, const char *name)
{
    const GumboAttribute *a = gumbo_get_attribute(&g->v.element.attributes, name);
    return a ? a->value : NULL;
}

static void read_title(const GumboNode *g, struct mr_arena *arena, struct mr_html_page *out)
{
    struct mr_buf text = {0};
    for (unsigned i = 0; i < g->v.element.children.length; i++) {
        const GumboNode *c = g->v.element.children.data[i];
        if (c->type == GUMBO_NODE_TEXT || c->type == GUMBO_NODE_WHITESPACE)
            mr_buf_addz(&text, c->v.text.text);
    }
    out->title = folded(arena, mr_buf_text(&text));
    mr_buf_finish(&text);
}

static void read_head_element(const GumboNode *g, struct mr_arena *arena,
                              struct mr_html_meta *metas, struct mr_html_page *out)
{
    const GumboElement *e = &g->v.element;
    if (e->tag == GUMBO_TAG_TITLE && out->title.len == 0 &&
        e->tag_namespace == GUMBO_NAMESPACE_HTML) {
        read_title(g, arena, out);
    } else if (e->tag == GUMBO_TAG_LINK && out->canonical.len == 0) {
        const char *rel = attribute(g, "rel"), *href = attribute(g, "href");
        if (rel && href && has_word(rel, "canonical"))
            out->canonical = folded(arena, href);
    } else if (e->tag == GUMBO_TAG_META && out->meta_count < META_MAX) {
        const char *name = attribute(g, "name"), *content = attribute(g, "content");
        if (!name)
            name = attribute(g, "property");
        if (!name || !content || !*name)
            return;
        struct mr_html_meta *m = &metas[out->meta_count++];
        m->name = folded(arena, name);
        m->content = folded(arena, content);
    }
}

/* Meta elements may stand anywhere, the flat tree leaves the head out: walks the parser's tree. */
static void read_elements(const GumboNode *root, struct mr_arena *arena, struct mr_html_meta *metas,
                          struct mr_html_page *out)
{
    const GumboNode *g = root;
    while (g) {
        bool element = g->type == GUMBO_NODE_ELEMENT;
        if (element)
            read_head_element(g, arena, metas, out);
        if (element && g->v.element.children.length) {
            g = g->v.element.children.data[0];
            continue;
        }
        while (g != root && g->index_within_parent + 1 >= g->parent->v.element.children.length)
            g = g->parent;
        g = g == root ? NULL : g->parent->v.element.children.data[g->index_within_parent + 1];
    }
}

static void read_links(const struct html_tree *t, struct mr_arena *arena, struct mr_html_page *out)
{
    size_t count = 0;
    for (uint32_t i = 0; i < t->count; i++)
        count += t->nodes[i].tag == GUMBO_TAG_A && t->nodes[i].flags & HN_LINK;
    if (count > LINKS_MAX)
        count = LINKS_MAX;
    struct mr_html_link *links = mr_arena_alloc(arena, (count + 1) * sizeof *links);
    struct mr_buf text = {0};
    for (uint32_t i = 0; i < t->count && out->link_count < count; i++) {
        if (t->nodes[i].tag != GUMBO_TAG_A || !(t->nodes[i].flags & HN_LINK))
            continue;
        struct mr_str href = html_attr(&t->nodes[i], "href");
        if (href.len == 0)
            continue;
        text.len = 0;
        html_line(t, i, &text);
        struct mr_html_link *link = &links[out->link_count++];
        link->href = folded(arena, href.ptr);
        link->text = mr_arena_str(arena, mr_buf_str(&text));
    }
    mr_buf_finish(&text);
    out->links = links;
}

void html_read_meta(const struct html_tree *t, const GumboOutput *output,
                    const struct mr_html_options *options, struct mr_arena *arena,
                    struct mr_html_page *out)
{
    const GumboNode *root = output->root;
    if (!root || root->type != GUMBO_NODE_ELEMENT)
        return;
    struct mr_html_meta *metas = mr_arena_alloc(t->scratch, META_MAX * sizeof *metas);
    const char *lang = attribute(root, "lang");
    if (!lang)
        lang = attribute(root, "xml:lang");
    if (lang)
        out->lang = folded(arena, lang);
    read_elements(root, arena, metas, out);
    struct mr_html_meta *kept = mr_arena_alloc(arena, (out->meta_count + 1) * sizeof *kept);
    memcpy(kept, metas, out->meta_count * sizeof *kept);
    out->metas = kept;
    for (size_t i = 0; i < out->meta_count && out->title.len == 0; i++) {
        if (mr_str_is(kept[i].name, "og:title"))
            out->title = kept[i].content;
    }
    if (options->links)
        read_links(t, arena, out);
}
