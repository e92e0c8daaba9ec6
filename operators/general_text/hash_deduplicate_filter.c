/* general_text.hash_deduplicate_filter - keep the first of equal texts. */
#include "operators/general_text/general_text.h"
#include "runtime/text/digest.h"

struct params {
    int hash_func;
    bool keep_duplicates;
};
enum { TEXT, LABEL, TWIN };
enum { DUPLICATE, NO_TEXT };

static const struct mr_param param_table[] = {
    {MR_FIELD(struct params, hash_func), .def = "md5", .choices = "md5|sha256|xxh3",
     .doc = "Digest that texts are compared by; xxh3 is the fastest, sha256 fit for hostile texts."},
    {MR_FIELD(struct params, keep_duplicates), .def = "no",
     .doc = "Let duplicates go on with label 0 instead of dropping them."},
    {0}};
static const struct mr_key key_table[] = {
    [TEXT] = {.name = "input_key", .access = MR_READ, .types = MR_ANY, .nullable = true,
              .many = true, .aliases = "input_keys",
              .doc = "Key compared, or several keys compared together."},
    [LABEL] = {.name = "output_key", .access = MR_WRITE, .types = MR_INT, .optional = true,
               .def = "minhash_deduplicated_label", .doc = "1 on the first of equal rows."},
    [TWIN] = {.name = "twin_key", .access = MR_MAY_WRITE, .types = MR_TEXT, .optional = true,
              .doc = "On duplicates, the id of the row that was kept."},
    {0}};
static const struct mr_outcome outcome_table[] = {
    [DUPLICATE] = {"duplicate", MR_DROP, "An equal text came before; the note is the kept row's id."},
    [NO_TEXT] = {"no_text", MR_REJECT, "The only compared key is null."},
    {0}};

static struct mr_error *process(struct mr_ctx *ctx, struct mr_row *row)
{
    const struct params *p = mr_params(ctx);
    struct mr_str text, kept;
    if (!mr_gt_compared_text(ctx, row, TEXT, &text))
        return mr_row_leave(row, NO_TEXT);
    uint8_t digest[MR_DIGEST_MAX];
    size_t len = mr_digest_text((enum mr_digest)p->hash_func, text, digest);
    struct mr_str key = mr_str_span((const char *)digest, len);
    const struct mr_id *id = mr_row_id(row);
    bool found;
    MR_TRY(mr_state_get(ctx, key, &kept, &found));
    if (!found) {
        mr_state_put(ctx, key, mr_str_span((const char *)id->b, sizeof id->b));
        mr_row_set_int(row, LABEL, 1);
        return NULL;
    }
    return mr_gt_leave_duplicate(row, kept, p->keep_duplicates, DUPLICATE, LABEL, TWIN);
}

static const struct mr_example example_table[] = {
    {.keys = "input_key=text",
     .in = "{\"text\":\"a\"}\n{\"text\":\"b\"}\n{\"text\":\"a\"}",
     .out = "{\"text\":\"a\",\"minhash_deduplicated_label\":1}\n"
            "{\"text\":\"b\",\"minhash_deduplicated_label\":1}\n"
            "{\"text\":\"a\",\"_outcome\":\"duplicate\"}"},
    {0}};
const struct mr_op mr_op_general_text_hash_deduplicate_filter = {
    .name = "general_text.hash_deduplicate_filter", .aliases = "HashDeduplicateFilter",
    .category = MR_CAT_DEDUP, .scope = MR_KEYED, .key_role = TEXT, .ordered = true,
    .doc = "Keeps the first of rows with equal texts.",
    .notes = "Texts are compared as they are, without normalisation. A later run goes on from what "
             "earlier runs kept.",
    .params_size = sizeof(struct params), .params = param_table, .keys = key_table,
    .outcomes = outcome_table, .examples = example_table, .process = process,
};
