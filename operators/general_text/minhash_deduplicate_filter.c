/* general_text.minhash_deduplicate_filter - keep the first of nearly equal texts. */
#include "operators/general_text/general_text.h"
#include "runtime/text/minhash.h"

struct params {
    int64_t num_perm;
    double threshold;
    bool use_n_gram;
    int64_t ngram;
    int hash;
    bool keep_duplicates;
};
enum { TEXT, LABEL, TWIN, BANDS };
enum { DUPLICATE, NO_TEXT };

static const struct mr_param param_table[] = {
    {MR_FIELD(struct params, num_perm), .def = "128", .min = "2", .max = "2048",
     .unit = "permutations", .doc = "Length of a signature."},
    {MR_FIELD(struct params, threshold), .def = "0.9", .min = "0", .max = "1",
     .doc = "Jaccard similarity of n-gram sets from which texts count as duplicates, about."},
    {MR_FIELD(struct params, use_n_gram), .def = "yes",
     .doc = "Compare n-grams of `ngram` characters; no: single characters."},
    {MR_FIELD(struct params, ngram), .def = "5", .min = "1", .max = "1000", .unit = "code points",
     .doc = "Length of an n-gram; a shorter text is one n-gram."},
    {MR_FIELD(struct params, hash), .def = "datasketch-1", .choices = "datasketch-1|datasketch-2",
     .doc = "Whose default signatures to make: datasketch's before or from release 2."},
    {MR_FIELD(struct params, keep_duplicates), .def = "no",
     .doc = "Let duplicates go on with label 0 instead of dropping them."},
    {0}};
static const struct mr_key key_table[] = {
    [TEXT] = {.name = "input_key", .access = MR_READ, .types = MR_ANY, .nullable = true,
              .many = true, .aliases = "input_keys",
              .doc = "Key compared, or several keys compared together."},
    [LABEL] = {.name = "output_key", .access = MR_WRITE, .types = MR_INT, .optional = true,
               .def = "minhash_deduplicated_label", .doc = "1 on the first of similar rows."},
    [TWIN] = {.name = "twin_key", .access = MR_MAY_WRITE, .types = MR_TEXT, .optional = true,
              .doc = "On duplicates, the id of the row that was kept."},
    [BANDS] = {.name = "bands", .access = MR_PREPARED, .types = MR_BYTES,
               .doc = "One hash per band of the signature."},
    {0}};
static const struct mr_outcome outcome_table[] = {
    [DUPLICATE] = {"duplicate", MR_DROP, "A similar text came before; the note is the kept row's id."},
    [NO_TEXT] = {"no_text", MR_REJECT, "The only compared key is null."},
    {0}};

struct instance {
    struct mr_minhash *minhash;
    uint32_t bands, rows;
};
enum { BAND_BYTES = 16, KEY_BYTES = 2 + BAND_BYTES };

static struct mr_error *check(const void *params)
{
    const struct params *p = params;
    uint32_t bands, rows;
    if (!mr_minhash_bands(p->threshold, (uint32_t)p->num_perm, &bands, &rows))
        return mr_error(MR_PARAM_INVALID, "threshold %g leaves a single band of %u rows; lower it, or "
                        "raise num_perm", p->threshold, rows);
    return NULL;
}

static struct mr_error *open(struct mr_ctx *ctx)
{
    const struct params *p = mr_params(ctx);
    struct mr_arena *arena = mr_instance_arena(ctx);
    struct instance *self = mr_arena_zalloc(arena, sizeof *self);
    MR_TRY(check(p));
    mr_minhash_bands(p->threshold, (uint32_t)p->num_perm, &self->bands, &self->rows);
    self->minhash = mr_minhash_create(arena, (enum mr_minhash_kind)p->hash, (uint32_t)p->num_perm);
    mr_set_instance(ctx, self);
    return NULL;
}

/* The signature shrinks to one 128-bit hash per band: all that the index is asked by. */
static struct mr_error *prepare(struct mr_ctx *ctx, struct mr_row *row)
{
    const struct params *p = mr_params(ctx);
    const struct instance *self = mr_instance(ctx);
    struct mr_arena *arena = mr_batch_arena(ctx);
    struct mr_str text;
    if (!mr_gt_compared_text(ctx, row, TEXT, &text)) {
        mr_row_set_bytes(row, BANDS, (struct mr_str){0});
        return NULL;
    }
    uint32_t *signature = mr_arena_alloc(arena, (size_t)p->num_perm * sizeof *signature);
    uint32_t ngram = p->use_n_gram ? (uint32_t)p->ngram : 1;
    mr_minhash_text(self->minhash, text, ngram, arena, signature);
    char *hashes = mr_arena_alloc(arena, (size_t)self->bands * BAND_BYTES);
    for (uint32_t i = 0; i < self->bands; i++) {
        struct mr_hasher hasher;
        mr_hasher_begin(&hasher);
        mr_hasher_part(&hasher, signature + (size_t)i * self->rows, self->rows * sizeof *signature);
        struct mr_id hash = mr_hasher_end(&hasher);
        memcpy(hashes + (size_t)i * BAND_BYTES, hash.b, BAND_BYTES);
    }
    mr_row_set_bytes(row, BANDS, mr_str_span(hashes, (size_t)self->bands * BAND_BYTES));
    return NULL;
}

static void index_key(uint32_t band, const char *hash, char out[KEY_BYTES])
{
    out[0] = (char)(band >> 8);
    out[1] = (char)band;
    memcpy(out + 2, hash, BAND_BYTES);
}

static struct mr_error *process(struct mr_ctx *ctx, struct mr_row *row)
{
    const struct params *p = mr_params(ctx);
    const struct instance *self = mr_instance(ctx);
    struct mr_str bands = mr_row_text(row, BANDS), kept;
    char key[KEY_BYTES];
    if (!bands.len)
        return mr_row_leave(row, NO_TEXT);
    mr_assert(bands.len == (size_t)self->bands * BAND_BYTES);
    for (uint32_t i = 0; i < self->bands; i++) {
        bool found;
        index_key(i, bands.ptr + (size_t)i * BAND_BYTES, key);
        MR_TRY(mr_state_get(ctx, mr_str_span(key, KEY_BYTES), &kept, &found));
        if (found)
            return mr_gt_leave_duplicate(row, kept, p->keep_duplicates, DUPLICATE, LABEL, TWIN);
    }
    const struct mr_id *id = mr_row_id(row);
    for (uint32_t i = 0; i < self->bands; i++) {
        index_key(i, bands.ptr + (size_t)i * BAND_BYTES, key);
        mr_state_put(ctx, mr_str_span(key, KEY_BYTES), mr_str_span((const char *)id->b, 16));
    }
    mr_row_set_int(row, LABEL, 1);
    return NULL;
}

static const struct mr_example example_table[] = {
    {.keys = "input_key=text",
     .in = "{\"text\":\"The stone bridge was built by the monks of the valley in one summer.\"}\n"
           "{\"text\":\"Something else altogether.\"}\n"
           "{\"text\":\"The stone bridge was built by the monks of the valley in one summer.\"}",
     .out = "{\"text\":\"The stone bridge was built by the monks of the valley in one summer.\","
            "\"minhash_deduplicated_label\":1}\n"
            "{\"text\":\"Something else altogether.\",\"minhash_deduplicated_label\":1}\n"
            "{\"text\":\"The stone bridge was built by the monks of the valley in one summer.\","
            "\"_outcome\":\"duplicate\"}"},
    {0}};
const struct mr_op mr_op_general_text_minhash_deduplicate_filter = {
    .name = "general_text.minhash_deduplicate_filter", .aliases = "MinHashDeduplicateFilter",
    .category = MR_CAT_DEDUP, .scope = MR_ONE_TASK, .ordered = true,
    .doc = "Keeps the first of rows with nearly equal texts, by MinHash signatures in bands.",
    .notes = "A text is a duplicate when one band of its signature equals that of a kept text; the "
             "similarity itself is not computed again. Empty texts are equal to each other. A later "
             "run goes on from what earlier runs kept.",
    .params_size = sizeof(struct params), .params = param_table, .keys = key_table,
    .outcomes = outcome_table, .examples = example_table, .check = check, .open = open,
    .prepare = prepare, .process = process,
};
