/* general_text.language_filter - keep texts written in allowed languages. */
#include "operators/general_text/general_text.h"
#include "runtime/text/language.h"

struct params {
    struct mr_strs allowed_languages;
    double min_share;
    struct mr_str model_cache_dir;
};
enum { TEXT, LABEL, LANGUAGE };
enum { OTHER_LANGUAGE, NO_LANGUAGE };

static const struct mr_param param_table[] = {
    {MR_FIELD(struct params, allowed_languages), .min = "1",
     .doc = "Languages kept, by label (eng_Latn, with or without __label__), three letters (eng) or "
            "short code (en)."},
    {MR_FIELD(struct params, min_share), .def = "0.5", .min = "0", .max = "1",
     .doc = "Least share of the text that must be in allowed languages."},
    {MR_FIELD(struct params, model_cache_dir), .nullable = true,
     .doc = "Accepted for the reference's topologies; the built-in tables need no model folder."},
    {0}};
static const struct mr_key key_table[] = {
    [TEXT] = {.name = "input_key", .access = MR_READ, .types = MR_TEXT, .nullable = true,
              .doc = "Text to be checked; null and empty are dropped."},
    [LABEL] = {.name = "output_key", .access = MR_WRITE, .types = MR_INT, .optional = true,
               .def = "language_label", .doc = "1 on every row that passes."},
    [LANGUAGE] = {.name = "language_key", .access = MR_MAY_WRITE, .types = MR_TEXT, .optional = true,
                  .doc = "Label of the language that most of the text is in."},
    {0}};
static const struct mr_outcome outcome_table[] = {
    [OTHER_LANGUAGE] = {"other_language", MR_DROP,
                        "Allowed languages make up less than `min_share` of the text."},
    [NO_LANGUAGE] = {"no_language", MR_DROP, "No text, or too little to tell a language."},
    {0}};

static struct mr_error *check(const void *params)
{
    const struct params *p = params;
    for (size_t i = 0; i < p->allowed_languages.count; i++)
        if (!mr_language_known(p->allowed_languages.items[i]))
            return mr_error(MR_PARAM_INVALID, "allowed_languages: \"%.*s\" is not a known language",
                            MR_FMT(p->allowed_languages.items[i]));
    return NULL;
}

static bool allowed(const struct params *p, const struct mr_language *language)
{
    for (size_t i = 0; i < p->allowed_languages.count; i++)
        if (mr_language_is(language, p->allowed_languages.items[i]))
            return true;
    return false;
}

static struct mr_error *process(struct mr_ctx *ctx, struct mr_row *row)
{
    const struct params *p = mr_params(ctx);
    struct mr_language found[MR_LANGUAGES_MAX];
    bool reliable;
    size_t count = mr_language_detect(mr_row_text(row, TEXT), mr_scratch(ctx), found, &reliable);
    if (!count)
        return mr_row_leave(row, NO_LANGUAGE);
    mr_row_set_text(row, LANGUAGE, mr_str_of(found[0].label));
    double share = 0;
    for (size_t i = 0; i < count; i++)
        share += allowed(p, &found[i]) ? found[i].share : 0;
    if (share < p->min_share)
        return mr_row_leave_measured(row, OTHER_LANGUAGE, share, p->min_share);
    mr_row_set_int(row, LABEL, 1);
    return NULL;
}

static const struct mr_example example_table[] = {
    {.set = "allowed_languages=en", .keys = "input_key=text",
     .in = "{\"text\":\"The harbour master walked along the quay before sunrise.\"}\n"
           "{\"text\":\"Der Hafenmeister ging vor Sonnenaufgang den Kai entlang.\"}",
     .out = "{\"text\":\"The harbour master walked along the quay before sunrise.\","
            "\"language_label\":1}\n"
            "{\"text\":\"Der Hafenmeister ging vor Sonnenaufgang den Kai entlang.\","
            "\"_outcome\":\"other_language\"}"},
    {0}};
const struct mr_op mr_op_general_text_language_filter = {
    .name = "general_text.language_filter", .aliases = "LanguageFilter",
    .category = MR_CAT_FILTER, .scope = MR_PER_ROW,
    .doc = "Keeps texts that are mostly written in allowed languages.",
    .notes = "CLD2's built-in tables decide, not the reference's fastText model, which cannot be "
             "shipped; the reference keeps a text when any of its five best guesses is allowed, this "
             "operator when allowed languages make up `min_share` of the text.",
    .params_size = sizeof(struct params), .params = param_table, .keys = key_table,
    .outcomes = outcome_table, .examples = example_table, .check = check, .process = process,
};
