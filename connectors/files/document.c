/* One row a file: plain text, Markdown, HTML. */
#include "connectors/files/files_private.h"
#include "runtime/html/html.h"

enum { HTML_BYTES_MAX = 32 << 20, METAS_MAX = 64 };

/* The whole file in the window; false: longer than the limit. */
static bool read_whole(struct files_window *w, size_t limit)
{
    while (w->end - w->start <= limit) {
        if (!mr_files__window_more(w))
            return true;
    }
    return false;
}

static void pack_optional(struct mr_buf *map, const char *key, struct mr_str value)
{
    mr_pack_text(map, mr_str_of(key));
    if (value.len)
        mr_pack_text(map, value);
    else
        mr_pack_null(map);
}

static bool is_repeated(const struct mr_html_page *page, size_t i)
{
    for (size_t k = 0; k < i; k++) {
        if (mr_str_eq(page->metas[k].name, page->metas[i].name))
            return true;
    }
    return false;
}

static void pack_metas(struct mr_buf *map, const struct mr_html_page *page)
{
    size_t limit = page->meta_count < METAS_MAX ? page->meta_count : METAS_MAX;
    uint32_t count = 0;
    for (size_t i = 0; i < limit; i++)
        count += !is_repeated(page, i);
    mr_pack_text(map, MR_STR("meta"));
    mr_pack_map(map, count);
    for (size_t i = 0; i < limit; i++) {
        if (is_repeated(page, i))
            continue;
        mr_pack_text(map, page->metas[i].name);
        mr_pack_text(map, page->metas[i].content);
    }
}

static void pack_links(struct mr_buf *map, const struct mr_html_page *page)
{
    mr_pack_text(map, MR_STR("links"));
    mr_pack_list(map, (uint32_t)page->link_count);
    for (size_t i = 0; i < page->link_count; i++) {
        mr_pack_map(map, 2);
        mr_pack_text(map, MR_STR("href"));
        mr_pack_text(map, page->links[i].href);
        mr_pack_text(map, MR_STR("text"));
        mr_pack_text(map, page->links[i].text);
    }
}

static struct mr_error *html_row(struct files_reader *r, struct mr_str bytes)
{
    const struct files_params *p = r->options.params;
    struct mr_html_options options = {.charset = p->encoding,
                                      .main_text = p->html == HTML_MAIN,
                                      .links = p->links,
                                      .replace_invalid = p->invalid_utf8 == MR_UTF8_REPLACE,
                                      .max_bytes = HTML_BYTES_MAX};
    struct mr_arena *arena = mr_arena_create(0);
    struct mr_html_page page = {0};
    struct mr_error *e = mr_html_read(bytes, &options, arena, &page);
    if (!e) {
        mr_pack_map(&r->map, p->links ? 6 : 5);
        mr_pack_text(&r->map, p->text_key);
        mr_pack_text(&r->map, page.text);
        pack_optional(&r->map, "title", page.title);
        pack_optional(&r->map, "url", page.canonical);
        pack_optional(&r->map, "lang", page.lang);
        pack_metas(&r->map, &page);
        if (p->links)
            pack_links(&r->map, &page);
    }
    mr_arena_destroy(arena);
    return e;
}

/* The first heading of level one outside of fenced code. */
static struct mr_str markdown_title(struct mr_str text)
{
    bool fenced = false;
    while (text.len) {
        const char *nl = memchr(text.ptr, '\n', text.len);
        size_t len = nl ? (size_t)(nl - text.ptr) : text.len;
        struct mr_str line = mr_str_span(text.ptr, len);
        if (mr_str_starts(line, MR_STR("```")) || mr_str_starts(line, MR_STR("~~~")))
            fenced = !fenced;
        if (!fenced && mr_str_starts(line, MR_STR("# "))) {
            line = mr_str_trim(mr_str_span(line.ptr + 2, line.len - 2));
            while (line.len && line.ptr[line.len - 1] == '#')
                line.len--;
            return mr_str_trim(line);
        }
        text = mr_str_span(text.ptr + len + (nl != NULL), text.len - len - (nl != NULL));
    }
    return (struct mr_str){0};
}

static struct mr_error *text_row(struct files_reader *r, struct mr_str text)
{
    bool markdown = r->kind.format == FORMAT_MARKDOWN;
    MR_TRY(mr_files__utf8(r, &text));
    mr_pack_map(&r->map, markdown ? 2 : 1);
    mr_pack_text(&r->map, r->options.params->text_key);
    mr_pack_text(&r->map, text);
    if (markdown)
        pack_optional(&r->map, "title", markdown_title(text));
    return NULL;
}

bool mr_files__document_next(struct files_reader *r, struct files_record *out)
{
    struct files_window *w = &r->window;
    bool html = r->kind.format == FORMAT_HTML;
    size_t limit = html ? HTML_BYTES_MAX : r->record_limit;
    out->line = 1;
    bool whole = read_whole(w, limit);
    struct mr_str bytes = mr_str_span(w->ptr + w->start, w->end - w->start);
    if (w->failed) {
        struct mr_error *why = w->failed;
        w->failed = NULL;
        return mr_files__reject(r, out, why, bytes, true);
    }
    if (!bytes.len)
        return false;
    mr_files__window_eat(w, bytes.len);
    if (!whole)
        return mr_files__reject(
            r, out, mr_error(MR_ROW_TOO_LARGE, "the file is longer than %zu bytes", limit), bytes,
            true);
    r->map.len = 0;
    struct mr_error *why = html ? html_row(r, bytes) : text_row(r, bytes);
    if (why)
        return mr_files__reject(r, out, why, bytes, true);
    out->map = mr_buf_str(&r->map);
    r->finished = true;
    return true;
}
