/* general_text.lowercase_refiner - put a text into lower case. */
#include "operators/general_text/general_text.h"

enum { TEXT };

static const struct mr_key key_table[] = {
    [TEXT] = {.name = "input_key", .access = MR_CHANGE, .types = MR_TEXT, .nullable = true,
              .doc = "Text to be refined; null stays null."},
    {0}};

static struct mr_error *process(struct mr_ctx *ctx, struct mr_row *row)
{
    struct mr_str text = mr_row_text(row, TEXT);
    if (!text.len)
        return NULL;
    struct mr_buf *out = mr_scratch(ctx);
    mr_text_lower(text, out);
    mr_gt_refine(row, TEXT, text, mr_buf_str(out));
    return NULL;
}

static const struct mr_example example_table[] = {
    {.keys = "input_key=text", .in = "{\"text\":\"ÄPFEL und ΟΔΟΣ\"}",
     .out = "{\"text\":\"äpfel und οδος\"}"},
    {0}};
const struct mr_op mr_op_general_text_lowercase_refiner = {
    .name = "general_text.lowercase_refiner", .aliases = "LowercaseRefiner",
    .category = MR_CAT_REFINE, .scope = MR_PER_ROW,
    .doc = "Puts a text into lower case, by Unicode's full mapping.",
    .keys = key_table, .examples = example_table, .process = process,
};
