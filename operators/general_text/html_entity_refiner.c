/* general_text.html_entity_refiner - remove named HTML entities from a text. */
#include "operators/general_text/general_text.h"

struct params {
    struct mr_strs html_entities;
};
enum { TEXT };

static const struct mr_param param_table[] = {
    {MR_FIELD(struct params, html_entities),
     .def = "[\"nbsp\", \"lt\", \"gt\", \"amp\", \"quot\", \"apos\", \"hellip\", \"ndash\", "
            "\"mdash\", \"lsquo\", \"rsquo\", \"ldquo\", \"rdquo\"]",
     .doc = "Names of the entities to remove, taken literally."},
    {0}};
static const struct mr_key key_table[] = {
    [TEXT] = {.name = "input_key", .access = MR_CHANGE, .types = MR_TEXT, .nullable = true,
              .doc = "Text to be refined; null stays null."},
    {0}};

/* An ampersand or semicolon, ASCII or full-width (U+FF06, U+FF1B): its length, or 0. */
static size_t sign_at(struct mr_str s, size_t at, char ascii, const char *wide)
{
    if (at < s.len && s.ptr[at] == ascii)
        return 1;
    return s.len - at >= 3 && memcmp(s.ptr + at, wide, 3) == 0 ? 3 : 0;
}

/* Length of the listed entity at this place, or 0. */
static size_t entity_at(const struct mr_strs *names, struct mr_str s, size_t at)
{
    size_t open = sign_at(s, at, '&', "\xef\xbc\x86");
    for (size_t i = 0; open && i < names->count; i++) {
        struct mr_str name = names->items[i];
        size_t after = at + open;
        if (!mr_str_starts(mr_str_span(s.ptr + after, s.len - after), name))
            continue;
        after += name.len;
        size_t close = sign_at(s, after, ';', "\xef\xbc\x9b");
        if (close)
            return after + close - at;
    }
    return 0;
}

static struct mr_error *process(struct mr_ctx *ctx, struct mr_row *row)
{
    const struct params *p = mr_params(ctx);
    struct mr_str text = mr_row_text(row, TEXT);
    struct mr_buf *out = mr_scratch(ctx);
    size_t copied = 0;
    for (size_t at = 0; at < text.len;) {
        char c = text.ptr[at];
        size_t len = c == '&' || c == '\xef' ? entity_at(&p->html_entities, text, at) : 0;
        if (len) {
            mr_buf_add(out, text.ptr + copied, at - copied);
            copied = at + len;
        }
        at += len ? len : 1;
    }
    if (copied) {
        mr_buf_add(out, text.ptr + copied, text.len - copied);
        mr_row_set_text(row, TEXT, mr_buf_str(out));
    }
    return NULL;
}

static const struct mr_example example_table[] = {
    {.keys = "input_key=text", .in = "{\"text\":\"a&nbsp;b &copy; c&amp;lt;\"}",
     .out = "{\"text\":\"ab &copy; clt;\"}"},
    {0}};
const struct mr_op mr_op_general_text_html_entity_refiner = {
    .name = "general_text.html_entity_refiner", .aliases = "HtmlEntityRefiner",
    .category = MR_CAT_REFINE, .scope = MR_PER_ROW,
    .doc = "Removes named HTML entities (nbsp, amp and others) from a text.",
    .notes = "Entities are deleted, not decoded; names are literal text, not patterns.",
    .params_size = sizeof(struct params), .params = param_table, .keys = key_table,
    .examples = example_table, .process = process,
};
