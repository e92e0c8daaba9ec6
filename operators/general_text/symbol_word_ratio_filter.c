/* general_text.symbol_word_ratio_filter - drop texts with many hash signs and ellipses. */
#include "operators/general_text/general_text.h"

struct params {
    double threshold;
};
enum { TEXT, LABEL };
enum { TOO_MANY_SYMBOLS, NO_WORDS };

static const struct mr_param param_table[] = {
    {MR_FIELD(struct params, threshold), .def = "0.4", .min = "0",
     .doc = "Symbols by tokens must be below this."},
    {0}};
static const struct mr_key key_table[] = {
    [TEXT] = {.name = "input_key", .access = MR_READ, .types = MR_TEXT, .nullable = true,
              .doc = "Text to be checked; null and empty are dropped."},
    [LABEL] = {.name = "output_key", .access = MR_WRITE, .types = MR_INT, .optional = true,
               .def = "symbol_word_ratio_filter_label", .doc = "1 on every row that passes."},
    {0}};
static const struct mr_outcome outcome_table[] = {
    [TOO_MANY_SYMBOLS] = {"too_many_symbols", MR_DROP, "The ratio is not below `threshold`."},
    [NO_WORDS] = {"no_words", MR_DROP, "The text is null, empty or white space only."},
    {0}};

/* Hash signs, three dots in a row, and the ellipsis U+2026; counted without overlap. */
static size_t symbols_of(struct mr_str text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++) {
        struct mr_str rest = mr_str_span(text.ptr + i, text.len - i);
        if (*rest.ptr == '#') {
            count++;
        } else if ((*rest.ptr == '.' && mr_str_starts(rest, MR_STR("..."))) ||
                   (*rest.ptr == '\xe2' && mr_str_starts(rest, MR_STR("\xe2\x80\xa6")))) {
            count++;
            i += 2; /* both are three bytes long */
        }
    }
    return count;
}

static struct mr_error *process(struct mr_ctx *ctx, struct mr_row *row)
{
    const struct params *p = mr_params(ctx);
    struct mr_str text = mr_row_text(row, TEXT), token;
    size_t tokens = 0;
    for (size_t at = 0; mr_token_next(text, &at, &token);)
        tokens++;
    if (!tokens)
        return mr_row_leave(row, NO_WORDS);
    double ratio = (double)symbols_of(text) / (double)tokens;
    if (!(ratio < p->threshold))
        return mr_row_leave_measured(row, TOO_MANY_SYMBOLS, ratio, p->threshold);
    mr_row_set_int(row, LABEL, 1);
    return NULL;
}

static const struct mr_example example_table[] = {
    {.keys = "input_key=text", .in = "{\"text\":\"# # no\"}\n{\"text\":\"and so on...\"}",
     .out = "{\"text\":\"# # no\",\"_outcome\":\"too_many_symbols\"}\n"
            "{\"text\":\"and so on...\",\"symbol_word_ratio_filter_label\":1}"},
    {0}};
const struct mr_op mr_op_general_text_symbol_word_ratio_filter = {
    .name = "general_text.symbol_word_ratio_filter", .aliases = "SymbolWordRatioFilter",
    .category = MR_CAT_FILTER, .scope = MR_PER_ROW,
    .doc = "Drops texts with too many hash signs and ellipses by token.",
    .notes = "A token is a run of word characters or a run of other characters, so punctuation counts "
             "in the denominator.",
    .params_size = sizeof(struct params), .params = param_table, .keys = key_table,
    .outcomes = outcome_table, .examples = example_table, .process = process,
};
