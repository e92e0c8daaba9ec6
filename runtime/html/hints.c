/* What an element says about itself: tag, role, microdata, and the words of its class and id. */
#include "runtime/html/html_private.h"

#define WORD_MAX       32
#define NAME_BYTES_MAX 400

static bool alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static bool upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

/* Reads one word of a name: letters and digits, a change from small to capital ends it. */
static size_t read_word(const char *s, size_t at, size_t end, char word[WORD_MAX])
{
    size_t n = 0;
    while (at < end && alnum(s[at])) {
        if (n && upper(s[at]) && !upper(s[at - 1]))
            break;
        if (n < WORD_MAX - 1)
            word[n++] = lower(s[at]);
        at++;
    }
    word[n] = 0;
    return at;
}

static bool is_body_second(const char *w)
{
    return !strcmp(w, "content") || !strcmp(w, "body") || !strcmp(w, "text") ||
           !strcmp(w, "copy") || !strcmp(w, "contents");
}

static bool is_body_first(const char *w)
{
    return !strcmp(w, "article") || !strcmp(w, "entry") || !strcmp(w, "post") ||
           !strcmp(w, "story") || !strcmp(w, "blog") || !strcmp(w, "news");
}

/* A layout's word that only speaks of what the page has elsewhere: "has-sidebar". */
static bool is_qualifier(const char *w)
{
    return !strcmp(w, "has") || !strcmp(w, "no") || !strcmp(w, "with") || !strcmp(w, "without") ||
           !strcmp(w, "is") || !strcmp(w, "not") || !strcmp(w, "show") || !strcmp(w, "hide");
}

/* Words that make a junk word before them mean the layout around: "sidebar-layout". */
static bool is_layout(const char *w)
{
    return !strcmp(w, "layout") || !strcmp(w, "left") || !strcmp(w, "right") ||
           !strcmp(w, "enabled") || !strcmp(w, "open") || !strcmp(w, "visible");
}

/* The hints of one class name or id. */
static uint16_t hints_of_name(const char *s, size_t at, size_t end)
{
    uint16_t hints = 0, last = 0;
    char words[2][WORD_MAX] = {"", ""};
    int turn = 0;
    for (int count = 0; at < end && count < 8;) {
        if (!alnum(s[at])) {
            at++;
            continue;
        }
        char *word = words[turn], *before = words[!turn];
        at = read_word(s, at, end, word);
        if (is_qualifier(word))
            return hints;
        if (count && is_layout(word) &&
            last & (HINT_JUNK | HINT_SIDEBAR | HINT_FRAME | HINT_COMMENT))
            return hints & (uint16_t)~last;
        last = html_hint_of_word(word);
        if (count) {
            uint16_t pair = html_hint_of_pair(before, word);
            if (is_body_first(before) && is_body_second(word))
                pair |= HINT_BODY;
            hints |= pair;
        }
        hints |= last;
        turn = !turn;
        count++;
    }
    return hints;
}

/* Ids of parts of a manual are made of its headings' words and say nothing ("search-options"). */
static bool id_counts(const GumboElement *e, const char *id, const char *class)
{
    switch (e->tag) {
    case GUMBO_TAG_DIV:
    case GUMBO_TAG_UL:
    case GUMBO_TAG_OL:
    case GUMBO_TAG_NAV:
        return HINT_FRAME;
    case GUMBO_TAG_ASIDE:
    case GUMBO_TAG_FORM:
    case GUMBO_TAG_TABLE:
    case GUMBO_TAG_TD:
    case GUMBO_TAG_P:
    case GUMBO_TAG_HEADER:
    case GUMBO_TAG_FOOTER:
    case GUMBO_TAG_MAIN:
    case GUMBO_TAG_ARTICLE:
        break;
    default:
        return false;
    }
    size_t marks = 0;
    for (const char *p = id; *p; p++)
        marks += !alnum(*p);
    return marks <= 3 &&
           !(class && (strncmp(class, "sect", 4) == 0 || strncmp(class, "refsect", 7) == 0 ||
                       strncmp(class, "chapter", 7) == 0));
}

static uint16_t hints_of_names(const char *value)
{
    uint16_t hints = 0;
    size_t len = strnlen(value, NAME_BYTES_MAX), at = 0;
    while (at < len) {
        while (at < len && (value[at] == ' ' || value[at] == '\t' || value[at] == '\n'))
            at++;
        size_t from = at;
        while (at < len && value[at] != ' ' && value[at] != '\t' && value[at] != '\n')
            at++;
        hints |= hints_of_name(value, from, at);
    }
    return hints;
}

static uint16_t hints_of_role(const char *role)
{
    static const struct {
        const char *role;
        uint16_t hints;
    } roles[] = {
        {"main", HINT_MAIN},       {"article", HINT_ARTICLE},    {"navigation", HINT_FRAME},
        {"banner", HINT_FRAME},    {"contentinfo", HINT_FRAME},  {"complementary", HINT_ASIDE},
        {"search", HINT_ASIDE},    {"dialog", HINT_ASIDE},       {"alertdialog", HINT_ASIDE},
        {"menu", HINT_ASIDE},      {"menubar", HINT_ASIDE},      {"toolbar", HINT_ASIDE},
        {"directory", HINT_ASIDE}, {"doc-toc", HINT_ASIDE},      {"tablist", HINT_SMALL},
        {"tooltip", HINT_ASIDE},   {"doc-pagelist", HINT_ASIDE},
    };
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++) {
        if (strcmp(role, roles[i].role) == 0)
            return roles[i].hints;
    }
    return 0;
}

static uint16_t hints_of_tag(GumboTag tag)
{
    switch (tag) {
    case GUMBO_TAG_ARTICLE:
        return HINT_ARTICLE;
    case GUMBO_TAG_MAIN:
        return HINT_MAIN;
    case GUMBO_TAG_NAV:
        return HINT_FRAME;
    case GUMBO_TAG_ASIDE:
    case GUMBO_TAG_FOOTER:
    case GUMBO_TAG_MENU:
    case GUMBO_TAG_MENUITEM:
        return HINT_ASIDE;
    case GUMBO_TAG_HEADER:
    case GUMBO_TAG_HGROUP:
        return HINT_HEADER;
    case GUMBO_TAG_ADDRESS:
        return HINT_SMALL;
    default:
        return 0;
    }
}

/* Microdata that names the body of a text, or a part beside it. */
static uint16_t hints_of_property(const char *value)
{
    if (strcmp(value, "articleBody") == 0 || strcmp(value, "reviewBody") == 0)
        return HINT_BODY;
    if (strcmp(value, "author") == 0 || strcmp(value, "datePublished") == 0 ||
        strcmp(value, "dateModified") == 0 || strcmp(value, "keywords") == 0)
        return HINT_SMALL;
    if (strcmp(value, "comment") == 0)
        return HINT_COMMENT;
    if (strcmp(value, "breadcrumb") == 0 || strcmp(value, "publisher") == 0)
        return HINT_JUNK;
    return 0;
}

uint16_t html_hints_of(const GumboElement *element)
{
    uint16_t hints = hints_of_tag(element->tag);
    /* Names on the outermost elements describe the page, not a part of it. */
    if (element->tag == GUMBO_TAG_BODY || element->tag == GUMBO_TAG_HTML)
        return 0;
    const char *id = NULL, *class = NULL;
    for (unsigned i = 0; i < element->attributes.length; i++) {
        const GumboAttribute *a = element->attributes.data[i];
        if (strcmp(a->name, "class") == 0) {
            class = a->value;
            hints |= hints_of_names(class);
        } else if (strcmp(a->name, "id") == 0) {
            id = a->value;
        } else if (strcmp(a->name, "role") == 0) {
            hints |= hints_of_role(a->value);
        } else if (strcmp(a->name, "itemprop") == 0) {
            hints |= hints_of_property(a->value);
        }
    }
    if (id && id_counts(element, id, class))
        hints |= hints_of_names(id) & (uint16_t)~HINT_SMALL;
    /* A body that names junk as well ("article-content-sidebar") is junk. */
    if (hints & (HINT_JUNK | HINT_COMMENT | HINT_FRAME | HINT_SIDEBAR))
        hints &= (uint16_t)~HINT_BODY;
    return hints;
}

/* True when a style sheet in the element sets a property to a value that hides it. */
static bool style_hides(const char *style)
{
    char flat[256];
    size_t n = 0;
    for (size_t i = 0; style[i] && i < 2048; i++) {
        if (style[i] == ' ' || style[i] == '\t' || style[i] == '\n')
            continue;
        if (n == sizeof flat - 1) {
            memmove(flat, flat + 128, n - 128);
            n -= 128;
        }
        flat[n++] = lower(style[i]);
        flat[n] = 0;
        if (n >= 12 && strcmp(flat + n - 12, "display:none") == 0)
            return true;
        if (n >= 17 && strcmp(flat + n - 17, "visibility:hidden") == 0)
            return true;
    }
    return false;
}

bool html_is_hidden(const GumboElement *element)
{
    /* A dialog is shown when a script opens it; the parser does not know the tag. */
    if (element->tag == GUMBO_TAG_UNKNOWN && element->original_tag.length > 7 &&
        memcmp(element->original_tag.data, "<dialog", 7) == 0)
        return !gumbo_get_attribute(&element->attributes, "open");
    for (unsigned i = 0; i < element->attributes.length; i++) {
        const GumboAttribute *a = element->attributes.data[i];
        if (strcmp(a->name, "hidden") == 0)
            return true;
        if (strcmp(a->name, "aria-hidden") == 0 && strcmp(a->value, "true") == 0)
            return true;
        if (strcmp(a->name, "style") == 0 && style_hides(a->value))
            return true;
    }
    return false;
}
