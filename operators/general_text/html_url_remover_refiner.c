/* general_text.html_url_remover_refiner - remove web addresses and HTML tags from a text. */
#include "operators/general_text/general_text.h"

enum { TEXT };

static const struct mr_key key_table[] = {
    [TEXT] = {.name = "input_key", .access = MR_CHANGE, .types = MR_TEXT, .nullable = true,
              .doc = "Text to be refined; null stays null."},
    {0}};

/* Length of http:// or https:// and at least one more character that is not white space, with the
 * line ends behind it; 0 when there is none here. */
static size_t url_at(struct mr_str s, size_t at)
{
    struct mr_str rest = mr_str_span(s.ptr + at, s.len - at);
    size_t scheme = mr_str_starts(rest, MR_STR("http://"))    ? 7
                    : mr_str_starts(rest, MR_STR("https://")) ? 8
                                                              : 0;
    if (!scheme)
        return 0;
    const char *p = rest.ptr + scheme, *end = rest.ptr + rest.len;
    while (p < end) {
        const char *next = p;
        if (mr_char_is_space(mr_char_next(&next, end)))
            break;
        p = next;
    }
    if (p == rest.ptr + scheme)
        return 0;
    while (p < end && (*p == '\r' || *p == '\n'))
        p++;
    return (size_t)(p - rest.ptr);
}

static void remove_urls(struct mr_str text, struct mr_buf *out)
{
    size_t copied = 0;
    for (size_t at = 0; at < text.len;) {
        size_t len = text.ptr[at] == 'h' ? url_at(text, at) : 0;
        if (len) {
            mr_buf_add(out, text.ptr + copied, at - copied);
            copied = at + len;
        }
        at += len ? len : 1;
    }
    mr_buf_add(out, text.ptr + copied, text.len - copied);
}

/* In place. A < without > on the rest of its line stays, and so does every other < of that rest. */
static void remove_tags(struct mr_buf *text)
{
    char *at = text->ptr, *end = text->ptr + text->len, *to = text->ptr;
    while (at < end) {
        if (*at != '<') {
            *to++ = *at++;
            continue;
        }
        char *stop = at;
        while (stop < end && *stop != '>' && *stop != '\n')
            stop++;
        if (stop < end && *stop == '>') {
            at = stop + 1;
            continue;
        }
        memmove(to, at, (size_t)(stop - at));
        to += stop - at;
        at = stop;
    }
    text->len = (size_t)(to - text->ptr);
}

static struct mr_error *process(struct mr_ctx *ctx, struct mr_row *row)
{
    struct mr_str text = mr_row_text(row, TEXT);
    if (!text.len)
        return NULL;
    struct mr_buf *out = mr_scratch(ctx);
    remove_urls(text, out);
    if (out->len)
        remove_tags(out);
    mr_gt_refine(row, TEXT, text, mr_buf_str(out));
    return NULL;
}

static const struct mr_example example_table[] = {
    {.keys = "input_key=text", .in = "{\"text\":\"see https://example.org/a <b>now</b>\"}",
     .out = "{\"text\":\"see  now\"}"},
    {0}};
const struct mr_op mr_op_general_text_html_url_remover_refiner = {
    .name = "general_text.html_url_remover_refiner", .aliases = "HtmlUrlRemoverRefiner",
    .category = MR_CAT_REFINE, .scope = MR_PER_ROW,
    .doc = "Removes http and https addresses and HTML tags from a text.",
    .notes = "An address ends at white space and takes the line ends behind it along; a tag lies on "
             "one line.",
    .keys = key_table, .examples = example_table, .process = process,
};
