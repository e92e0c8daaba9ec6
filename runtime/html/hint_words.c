/* The words that classes and ids of pages are made of, and what they tell. */
#include "runtime/html/html_private.h"

#include <stdlib.h>

struct word {
    const char *text;
    uint16_t hints;
};

/* Whole words, sorted by bytes for the binary search. */
static const struct word words[] = {
    {"actions", HINT_SMALL},
    {"ad", HINT_JUNK},
    {"addthis", HINT_JUNK},
    {"addtoany", HINT_JUNK},
    {"admonition", HINT_NOTE},
    {"ads", HINT_JUNK},
    {"adsbygoogle", HINT_JUNK},
    {"adslot", HINT_JUNK},
    {"alert", HINT_NOTE},
    {"article", HINT_CONTENT},
    {"articlebody", HINT_BODY},
    {"articlecontent", HINT_BODY},
    {"articlecopy", HINT_BODY},
    {"articletext", HINT_BODY},
    {"attribution", HINT_SMALL},
    {"author", HINT_SMALL},
    {"authors", HINT_SMALL},
    {"avatar", HINT_SMALL},
    {"backlink", HINT_ANCHOR},
    {"badge", HINT_SMALL},
    {"badges", HINT_SMALL},
    {"banner", HINT_JUNK},
    {"bio", HINT_SMALL},
    {"blog", HINT_CONTENT},
    {"blogpost", HINT_CONTENT},
    {"body", HINT_CONTENT},
    {"bodytext", HINT_BODY},
    {"breadcrumb", HINT_JUNK},
    {"breadcrumbs", HINT_JUNK},
    {"btn", HINT_SMALL},
    {"button", HINT_SMALL},
    {"buttons", HINT_SMALL},
    {"byline", HINT_SMALL},
    {"callout", HINT_NOTE},
    {"caption", HINT_SMALL},
    {"categories", HINT_SMALL},
    {"category", HINT_SMALL},
    {"caution", HINT_NOTE},
    {"colophon", HINT_JUNK},
    {"comment", HINT_COMMENT},
    {"commentlist", HINT_COMMENT},
    {"comments", HINT_COMMENT},
    {"consent", HINT_JUNK},
    {"content", HINT_CONTENT},
    {"contentinfo", HINT_JUNK},
    {"cookie", HINT_JUNK},
    {"cookies", HINT_JUNK},
    {"copyright", HINT_JUNK},
    {"crumbs", HINT_JUNK},
    {"cta", HINT_JUNK},
    {"danger", HINT_NOTE},
    {"date", HINT_SMALL},
    {"dateline", HINT_SMALL},
    {"datetime", HINT_SMALL},
    {"disclaimer", HINT_JUNK},
    {"disqus", HINT_COMMENT},
    {"donate", HINT_JUNK},
    {"dropdown", HINT_JUNK},
    {"editsection", HINT_ANCHOR},
    {"entry", HINT_CONTENT},
    {"entrycontent", HINT_BODY},
    {"errata", HINT_SMALL},
    {"eyebrow", HINT_SMALL},
    {"facebook", HINT_JUNK},
    {"fb", HINT_JUNK},
    {"feedback", HINT_JUNK},
    {"filed", HINT_SMALL},
    {"follow", HINT_SMALL},
    {"foot", HINT_JUNK},
    {"footer", HINT_JUNK},
    {"gdpr", HINT_JUNK},
    {"gutter", HINT_ANCHOR},
    {"hatnote", HINT_SMALL},
    {"header", HINT_HEADER},
    {"headerlink", HINT_ANCHOR},
    {"hentry", HINT_CONTENT},
    {"hidden", HINT_SMALL},
    {"infobox", HINT_SMALL},
    {"interlanguage", HINT_JUNK},
    {"keywords", HINT_SMALL},
    {"kicker", HINT_SMALL},
    {"latest", HINT_JUNK},
    {"likes", HINT_SMALL},
    {"lineno", HINT_ANCHOR},
    {"linenodiv", HINT_ANCHOR},
    {"linenos", HINT_ANCHOR},
    {"linenumbers", HINT_ANCHOR},
    {"linkedin", HINT_JUNK},
    {"livefyre", HINT_COMMENT},
    {"login", HINT_JUNK},
    {"mailchimp", HINT_JUNK},
    {"mailinglist", HINT_JUNK},
    {"main", HINT_CONTENT},
    {"maincontent", HINT_CONTENT},
    {"mainmenu", HINT_JUNK},
    {"masthead", HINT_JUNK},
    {"menu", HINT_JUNK},
    {"menubar", HINT_JUNK},
    {"menus", HINT_JUNK},
    {"meta", HINT_SMALL},
    {"metabar", HINT_SMALL},
    {"metadata", HINT_SMALL},
    {"metainfo", HINT_SMALL},
    {"modal", HINT_JUNK},
    {"nav", HINT_JUNK},
    {"navbar", HINT_JUNK},
    {"navbox", HINT_JUNK},
    {"navfooter", HINT_JUNK},
    {"navheader", HINT_JUNK},
    {"navigation", HINT_JUNK},
    {"navlinks", HINT_JUNK},
    {"newsletter", HINT_JUNK},
    {"noprint", HINT_SMALL},
    {"note", HINT_NOTE},
    {"outbrain", HINT_JUNK},
    {"pager", HINT_JUNK},
    {"pagination", HINT_JUNK},
    {"paging", HINT_JUNK},
    {"permalink", HINT_SMALL},
    {"pinterest", HINT_JUNK},
    {"popular", HINT_JUNK},
    {"popup", HINT_JUNK},
    {"post", HINT_CONTENT},
    {"postbody", HINT_BODY},
    {"postcontent", HINT_BODY},
    {"postmeta", HINT_SMALL},
    {"postmetadata", HINT_SMALL},
    {"posttext", HINT_BODY},
    {"print", HINT_SMALL},
    {"printfooter", HINT_JUNK},
    {"profile", HINT_SMALL},
    {"promo", HINT_JUNK},
    {"promos", HINT_JUNK},
    {"promotion", HINT_JUNK},
    {"prose", HINT_BODY},
    {"pubdate", HINT_SMALL},
    {"published", HINT_SMALL},
    {"rating", HINT_SMALL},
    {"ratings", HINT_SMALL},
    {"reactions", HINT_JUNK},
    {"recirc", HINT_JUNK},
    {"recirculation", HINT_JUNK},
    {"reddit", HINT_JUNK},
    {"related", HINT_JUNK},
    {"relatedposts", HINT_JUNK},
    {"replies", HINT_COMMENT},
    {"respond", HINT_COMMENT},
    {"rss", HINT_SMALL},
    {"search", HINT_JUNK},
    {"searchbox", HINT_JUNK},
    {"seealso", HINT_NOTE},
    {"share", HINT_JUNK},
    {"sharebar", HINT_JUNK},
    {"sharedaddy", HINT_JUNK},
    {"sharing", HINT_JUNK},
    {"sidebar", HINT_JUNK},
    {"sidenav", HINT_JUNK},
    {"signup", HINT_JUNK},
    {"sitemap", HINT_JUNK},
    {"skip", HINT_SMALL},
    {"skiplink", HINT_JUNK},
    {"social", HINT_JUNK},
    {"socials", HINT_JUNK},
    {"sphinxsidebar", HINT_JUNK},
    {"sponsor", HINT_JUNK},
    {"sponsored", HINT_JUNK},
    {"story", HINT_CONTENT},
    {"storybody", HINT_BODY},
    {"storytext", HINT_BODY},
    {"subnav", HINT_JUNK},
    {"subscribe", HINT_JUNK},
    {"subscription", HINT_JUNK},
    {"survey", HINT_JUNK},
    {"taboola", HINT_JUNK},
    {"tag", HINT_SMALL},
    {"tagcloud", HINT_JUNK},
    {"taglist", HINT_SMALL},
    {"tags", HINT_SMALL},
    {"teaser", HINT_SMALL},
    {"teasers", HINT_JUNK},
    {"text", HINT_CONTENT},
    {"timestamp", HINT_SMALL},
    {"tip", HINT_NOTE},
    {"toc", HINT_JUNK},
    {"toolbar", HINT_JUNK},
    {"tools", HINT_SMALL},
    {"tooltip", HINT_SMALL},
    {"topics", HINT_SMALL},
    {"trackback", HINT_COMMENT},
    {"trackbacks", HINT_COMMENT},
    {"trending", HINT_JUNK},
    {"twitter", HINT_SMALL},
    {"views", HINT_SMALL},
    {"votes", HINT_SMALL},
    {"warning", HINT_NOTE},
    {"whatsapp", HINT_JUNK},
    {"widget", HINT_SMALL},
    {"widgets", HINT_JUNK},
};

/* Beginnings of words, sorted. */
static const struct word stems[] = {
    {"advert", HINT_JUNK},       {"articlemeta", HINT_SMALL},    {"authorbio", HINT_SMALL},
    {"authorbox", HINT_SMALL},   {"bookmark", HINT_SMALL},       {"breadcrumb", HINT_JUNK},
    {"comments", HINT_COMMENT},  {"cookie", HINT_JUNK},          {"footer", HINT_JUNK},
    {"mostpopular", HINT_JUNK},  {"mostread", HINT_JUNK},        {"navigat", HINT_JUNK},
    {"newsletter", HINT_JUNK},   {"pagination", HINT_JUNK},      {"readmore", HINT_JUNK},
    {"recommend", HINT_JUNK},    {"relatedart", HINT_JUNK},      {"relatedcont", HINT_JUNK},
    {"relatedlinks", HINT_JUNK}, {"relatednews", HINT_JUNK},     {"relatedstor", HINT_JUNK},
    {"sharebutton", HINT_JUNK},  {"sharetools", HINT_JUNK},      {"sidebar", HINT_JUNK},
    {"socialshare", HINT_JUNK},  {"sponsor", HINT_JUNK},         {"subscri", HINT_JUNK},
    {"syndicat", HINT_JUNK},     {"tableofcontents", HINT_JUNK},
};

/* Two words in a row, sorted by the first and then the second. */
static const struct {
    const char *first, *second;
    uint16_t hints;
} pairs[] = {
    {"about", "author", HINT_JUNK},     {"also", "like", HINT_JUNK},
    {"also", "read", HINT_JUNK},        {"anchor", "link", HINT_ANCHOR},
    {"article", "footer", HINT_JUNK},   {"article", "page", HINT_CONTENT},
    {"author", "bio", HINT_JUNK},       {"author", "box", HINT_JUNK},
    {"author", "card", HINT_JUNK},      {"author", "description", HINT_JUNK},
    {"author", "info", HINT_JUNK},      {"back", "top", HINT_JUNK},
    {"body", "copy", HINT_BODY},        {"body", "text", HINT_BODY},
    {"call", "action", HINT_JUNK},      {"cat", "links", HINT_SMALL},
    {"content", "body", HINT_BODY},     {"edit", "link", HINT_SMALL},
    {"edit", "page", HINT_SMALL},       {"entry", "footer", HINT_JUNK},
    {"field", "body", HINT_BODY},       {"hash", "link", HINT_ANCHOR},
    {"header", "anchor", HINT_ANCHOR},  {"heading", "anchor", HINT_ANCHOR},
    {"hljs", "ln", HINT_ANCHOR},        {"jump", "link", HINT_JUNK},
    {"lang", "switcher", HINT_JUNK},    {"language", "selector", HINT_JUNK},
    {"latest", "news", HINT_JUNK},      {"line", "number", HINT_ANCHOR},
    {"line", "numbers", HINT_ANCHOR},   {"log", "in", HINT_JUNK},
    {"main", "content", HINT_CONTENT},  {"markdown", "body", HINT_BODY},
    {"md", "content", HINT_CONTENT},    {"more", "articles", HINT_JUNK},
    {"more", "from", HINT_JUNK},        {"more", "news", HINT_JUNK},
    {"more", "on", HINT_JUNK},          {"more", "posts", HINT_JUNK},
    {"more", "stories", HINT_JUNK},     {"most", "popular", HINT_JUNK},
    {"most", "read", HINT_JUNK},        {"news", "text", HINT_BODY},
    {"next", "article", HINT_JUNK},     {"next", "post", HINT_JUNK},
    {"on", "page", HINT_JUNK},          {"page", "content", HINT_CONTENT},
    {"parser", "output", HINT_BODY},    {"post", "footer", HINT_JUNK},
    {"post", "nav", HINT_JUNK},         {"post", "text", HINT_BODY},
    {"posted", "by", HINT_SMALL},       {"posted", "on", HINT_SMALL},
    {"prev", "next", HINT_JUNK},        {"previous", "post", HINT_JUNK},
    {"pull", "quote", HINT_SMALL},      {"read", "also", HINT_JUNK},
    {"read", "more", HINT_JUNK},        {"read", "next", HINT_JUNK},
    {"read", "time", HINT_SMALL},       {"reading", "time", HINT_SMALL},
    {"recent", "articles", HINT_JUNK},  {"recent", "posts", HINT_JUNK},
    {"rich", "text", HINT_BODY},        {"rst", "content", HINT_BODY},
    {"screen", "reader", HINT_SMALL},   {"see", "also", HINT_JUNK},
    {"sign", "up", HINT_JUNK},          {"single", "content", HINT_BODY},
    {"skip", "link", HINT_JUNK},        {"skip", "to", HINT_JUNK},
    {"sr", "only", HINT_SMALL},         {"story", "text", HINT_BODY},
    {"table", "contents", HINT_JUNK},   {"tag", "cloud", HINT_JUNK},
    {"tag", "links", HINT_SMALL},       {"tag", "list", HINT_SMALL},
    {"theme", "markdown", HINT_BODY},   {"to", "top", HINT_JUNK},
    {"top", "stories", HINT_JUNK},      {"up", "next", HINT_JUNK},
    {"visually", "hidden", HINT_SMALL},
};

static int compare_word(const void *key, const void *item)
{
    return strcmp(key, ((const struct word *)item)->text);
}

static int compare_stem(const void *key, const void *item)
{
    const char *stem = ((const struct word *)item)->text;
    return strncmp(key, stem, strlen(stem));
}

uint16_t html_hint_of_word(const char *word)
{
    const struct word *w =
        bsearch(word, words, sizeof words / sizeof *words, sizeof *words, compare_word);
    if (!w)
        w = bsearch(word, stems, sizeof stems / sizeof *stems, sizeof *stems, compare_stem);
    return w ? w->hints : 0;
}

uint16_t html_hint_of_pair(const char *first, const char *second)
{
    size_t low = 0, high = sizeof pairs / sizeof *pairs;
    while (low < high) {
        size_t mid = (low + high) / 2;
        int order = strcmp(first, pairs[mid].first);
        if (order == 0)
            order = strcmp(second, pairs[mid].second);
        if (order == 0)
            return pairs[mid].hints;
        if (order < 0)
            high = mid;
        else
            low = mid + 1;
    }
    return 0;
}
