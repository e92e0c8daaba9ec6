/* A web page as data: main text, title, links and metadata, by gumbo and a boilerplate rule.
 *
 * Hostile input: size, depth and node count are limited; the parser never runs scripts or fetches.
 * Output texts are UTF-8 in the caller's arena. Thread: any (no shared state). */
#ifndef MR_HTML_HTML_H
#define MR_HTML_HTML_H

#include "runtime/base/arena.h"
#include "runtime/base/error.h"

struct mr_html_options {
    struct mr_str charset; /* forced ("latin1"), or empty: BOM, then declared, then UTF-8, then
                              windows-1252 */
    bool main_text;        /* true: boilerplate removed; false: all visible text */
    bool links;            /* collect links */
    bool replace_invalid;  /* what does not fit the charset becomes U+FFFD instead of an error */
    size_t max_bytes;      /* 0: 32 MiB */
};

struct mr_html_link {
    struct mr_str href, text;
};

struct mr_html_meta {
    struct mr_str name, content; /* "description", "author", "og:title" … */
};

struct mr_html_page {
    struct mr_str
        text; /* paragraphs separated by a blank line; list items and table rows by lines */
    struct mr_str title, lang, canonical;
    struct mr_str charset; /* used */
    const struct mr_html_link *links;
    size_t link_count;
    const struct mr_html_meta *metas;
    size_t meta_count;
};

/* MR_UTF8_INVALID (a row error) when the declared charset does not fit, MR_ROW_TOO_LARGE, or MR_IO.
 */
struct mr_error *mr_html_read(struct mr_str bytes, const struct mr_html_options *options,
                              struct mr_arena *arena, struct mr_html_page *out);

#endif
