/* general_text.remove_extra_spaces_refiner - one blank between words, none at the ends. */
#include "operators/general_text/general_text.h"

struct params {
    bool keep_newlines;
};
enum { TEXT };

static const struct mr_param param_table[] = {
    {MR_FIELD(struct params, keep_newlines), .def = "no",
     .doc = "Keep each line by itself: white space collapses within lines, blank lines go."},
    {0}};
static const struct mr_key key_table[] = {
    [TEXT] = {.name = "input_key", .access = MR_CHANGE, .types = MR_TEXT, .nullable = true,
              .doc = "Text to be refined; null stays null."},
    {0}};

static void collapse(struct mr_str text, char between_lines, struct mr_buf *out)
{
    struct mr_str word;
    size_t before = 0;
    mr_buf_reserve(out, text.len);
    for (size_t at = 0; mr_word_next(text, &at, &word);) {
        size_t start = (size_t)(word.ptr - text.ptr);
        bool new_line = between_lines == '\n' && memchr(text.ptr + before, '\n', start - before);
        if (out->len)
            mr_buf_addc(out, new_line ? '\n' : ' ');
        mr_buf_adds(out, word);
        before = at;
    }
}

static struct mr_error *process(struct mr_ctx *ctx, struct mr_row *row)
{
    const struct params *p = mr_params(ctx);
    struct mr_str text = mr_row_text(row, TEXT);
    if (!text.len)
        return NULL;
    struct mr_buf *out = mr_scratch(ctx);
    collapse(text, p->keep_newlines ? '\n' : ' ', out);
    mr_gt_refine(row, TEXT, text, mr_buf_str(out));
    return NULL;
}

static const struct mr_example example_table[] = {
    {.keys = "input_key=text", .in = "{\"text\":\"  a \\t b\\n\\nc \"}", .out = "{\"text\":\"a b c\"}"},
    {.set = "keep_newlines=yes", .keys = "input_key=text",
     .in = "{\"text\":\"  a \\t b\\n\\nc \"}", .out = "{\"text\":\"a b\\nc\"}"},
    {0}};
const struct mr_op mr_op_general_text_remove_extra_spaces_refiner = {
    .name = "general_text.remove_extra_spaces_refiner", .aliases = "RemoveExtraSpacesRefiner",
    .category = MR_CAT_REFINE, .scope = MR_PER_ROW,
    .doc = "Leaves one blank between words and none at the ends.",
    .notes = "Without `keep_newlines` the lines of a text become one line, as in the reference.",
    .params_size = sizeof(struct params), .params = param_table, .keys = key_table,
    .examples = example_table, .process = process,
};
