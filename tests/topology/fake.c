/* Operators and connectors that exist for the compiler's tests only: one of each kind. */
#include "tests/topology/fake.h"

#include <check.h>

static struct mr_error *go_on(struct mr_ctx *ctx, struct mr_row *row)
{
    (void)ctx, (void)row;
    return NULL;
}

static const struct mr_outcome leaves[] = {{"too_short", MR_DROP, "The text is too short."},
                                           {"broken", MR_REJECT, "The text is broken."},
                                           {0}};
static const struct mr_outcome duplicate[] = {{"duplicate", MR_DROP, "Seen before."}, {0}};

/* ---- per row ---- */

static const struct mr_key clean_keys[] = {
    {"input_key", MR_CHANGE, MR_TEXT, "Text cleaned in place.", .def = NULL}, {0}};
static const struct mr_op op_clean = {.name = "tests.clean", .doc = "Cleans a text.",
                                      .keys = clean_keys, .process = go_on};

struct length {
    int64_t min, max, bytes;
};
static const struct mr_param length_params[] = {
    {MR_FIELD(struct length, min), .def = "10", .min = "0", .max = "1000", .doc = "Fewest."},
    {MR_FIELD(struct length, max), .def = "null", .nullable = true, .min = "1", .doc = "Most.",
     .aliases = "most"},
    {MR_FIELD(struct length, bytes), .def = "0", .min = "0", .unit = "bytes", .doc = "A size."},
    {0}};
static const struct mr_key text_keys[] = {
    {"input_key", MR_READ, MR_TEXT, "Text looked at.", .def = "text", .aliases = "text_key"}, {0}};
static struct mr_error *check_length(const void *params)
{
    const struct length *p = params;
    if (p->max != MR_INT_NONE && p->max < p->min)
        return mr_error(MR_PARAM_INVALID, "\"max\" is less than \"min\"");
    return NULL;
}
static const struct mr_op op_long = {
    .name = "tests.keep_long", .aliases = "LengthFilter KeepLong", .doc = "Keeps long texts.",
    .params_size = sizeof(struct length), .params = length_params, .keys = text_keys,
    .outcomes = leaves, .check = check_length, .process = go_on};

struct score {
    double weight;
    bool strict;
    int model;
    struct mr_strs words;
    struct mr_str label;
};
static const struct mr_param score_params[] = {
    {MR_FIELD(struct score, weight), .def = "0.5", .min = "0", .max = "1", .doc = "A weight."},
    {MR_FIELD(struct score, strict), .def = "no", .doc = "Whether to be strict."},
    {MR_FIELD(struct score, model), .def = "small", .choices = "small|large", .doc = "Which."},
    {MR_FIELD(struct score, words), .def = "[]", .max = "3", .doc = "Words counted."},
    {MR_FIELD(struct score, label), .def = "x", .doc = "A label."},
    {0}};
static const struct mr_key score_keys[] = {
    {"input_key", MR_READ, MR_TEXT, "Text scored.", .def = "text", .nullable = true},
    {"output_key", MR_WRITE, MR_REAL, "The score.", .def = "score"},
    {"note_key", MR_MAY_WRITE, MR_TEXT, "Why.", .optional = true},
    {"hint_key", MR_MAY_READ, MR_TEXT, "A hint.", .optional = true},
    {0}};
static const struct mr_op op_score = {
    .name = "tests.score", .doc = "Scores a text.", .params_size = sizeof(struct score),
    .params = score_params, .keys = score_keys, .process = go_on, .has_modes = true};

static const struct mr_key number_keys[] = {
    {"input_key", MR_READ, MR_NUMBER, "Number looked at.", .def = NULL}, {0}};
struct need {
    int64_t limit;
};
static const struct mr_param need_params[] = {
    {MR_FIELD(struct need, limit), .doc = "The limit."}, {0}};
static const struct mr_op op_need = {
    .name = "tests.keep_high", .doc = "Keeps high numbers.", .params_size = sizeof(struct need),
    .params = need_params, .keys = number_keys, .outcomes = leaves, .process = go_on};

static const struct mr_op op_chunk = {.name = "tests.chunk", .doc = "Cuts a text into pieces.",
                                      .keys = clean_keys, .expands = true, .process = go_on};

/* ---- shape ---- */

static const struct mr_key rename_keys[] = {
    {"from", MR_REMOVE, MR_ANY, "Old names.", .many = true, .nullable = true},
    {"to", MR_WRITE, MR_ANY, "New names.", .many = true, .type_of = "from"},
    {0}};
static const struct mr_op op_rename = {.name = "shape.rename", .doc = "Renames keys.",
                                       .keys = rename_keys, .process = go_on};
static const struct mr_key only_keys[] = {
    {"keys", MR_MAY_READ, MR_ANY, "Keys kept.", .many = true, .nullable = true}, {0}};
static const struct mr_op op_only = {.name = "shape.only", .doc = "Keeps some keys.",
                                     .keys = only_keys, .keeps_only_bound = true,
                                     .process = go_on};
struct cast {
    int type;
};
static const struct mr_param cast_params[] = {
    {MR_FIELD(struct cast, type), .choices = "text|int|real|bool", .doc = "The new type."}, {0}};
static const struct mr_key cast_keys[] = {
    {"input_key", MR_CHANGE, MR_ANY, "Key cast.", .type_param = "type"}, {0}};
static const struct mr_op op_cast = {.name = "shape.cast", .doc = "Changes a type.",
                                     .params_size = sizeof(struct cast), .params = cast_params,
                                     .keys = cast_keys, .process = go_on};

/* ---- expressions ---- */

struct where {
    struct mr_strs where;
};
static const struct mr_param where_params[] = {
    {MR_FIELD(struct where, where), .expr = MR_BOOL, .doc = "Conditions."}, {0}};
static const struct mr_key where_keys[] = {{0}};
static const struct mr_op op_where = {.name = "shape.where", .doc = "Keeps some rows.",
                                      .params_size = sizeof(struct where),
                                      .params = where_params, .keys = where_keys,
                                      .process = go_on};
static const struct mr_param derive_params[] = {
    {MR_FIELD(struct where, where), .expr = MR_ANY | MR_NULL, .doc = "Values."}, {0}};
static const struct mr_key derive_keys[] = {
    {"output_key", MR_WRITE, MR_ANY | MR_NULL, "Keys written.", .many = true,
     .type_param = "where"},
    {0}};
static const struct mr_op op_derive = {.name = "shape.derive", .doc = "Writes values.",
                                       .params_size = sizeof(struct where),
                                       .params = derive_params, .keys = derive_keys,
                                       .process = go_on};

/* ---- other scopes ---- */

static const struct mr_key first_keys[] = {
    {"input_key", MR_READ, MR_ANY, "Key compared.", .def = "text", .many = true}, {0}};
static const struct mr_op op_first = {.name = "tests.first", .doc = "Keeps first ones.",
                                      .scope = MR_KEYED, .keys = first_keys, .ordered = true,
                                      .outcomes = duplicate, .process = go_on};
static const struct mr_key near_keys[] = {
    {"input_key", MR_READ, MR_TEXT, "Key compared.", .def = "text"},
    {"twin_key", MR_MAY_WRITE, MR_TEXT, "Id of the twin.", .optional = true},
    {"bands", MR_PREPARED, MR_BYTES, "Hashes.", .def = NULL},
    {0}};
static const struct mr_op op_near = {
    .name = "tests.near", .aliases = "NearFilter", .doc = "Keeps first near ones.",
    .scope = MR_ONE_TASK, .keys = near_keys, .ordered = true, .outcomes = duplicate,
    .prepare = go_on, .process = go_on};
static const struct mr_op op_top = {.name = "tests.top", .doc = "Keeps the best.",
                                    .scope = MR_WHOLE_SET, .keys = number_keys,
                                    .process = go_on, .settle = go_on};
static struct mr_error *done(struct mr_ctx *ctx, bool *is_done)
{
    (void)ctx;
    *is_done = true;
    return NULL;
}
static const struct mr_key made_keys[] = {
    {"output_key", MR_WRITE, MR_TEXT, "Text made.", .def = "text"}, {0}};
static const struct mr_op op_make = {.name = "tests.make", .doc = "Makes rows.",
                                     .scope = MR_GENERATE, .keys = made_keys, .finish = done};
static const struct mr_slot slots[] = {
    {.name = "judge", .prompt = "tests/judge", .doc = "A question.",
     .prompts = "tests/judge_short tests/judge_zh"},
    {0}};
static struct mr_error *reply(struct mr_ctx *ctx, struct mr_row *row, struct mr_str text)
{
    (void)text;
    return go_on(ctx, row);
}
static const struct mr_slot pair_slots[] = {
    {.name = "draft", .prompt = "tests/draft", .doc = "The first question."},
    {.name = "near", .doc = "Vectors of both.", .serving = MR_SERVE_EMBEDDINGS},
    {0}};
static const struct mr_op op_pair = {.name = "tests.pair", .doc = "Asks two models.",
                                     .keys = text_keys, .slots = pair_slots, .process = go_on,
                                     .reply = reply};
static const struct mr_key see_keys[] = {
    {"input_key", MR_READ, MR_TEXT | MR_BYTES, "Picture looked at.", .def = "image",
     .media = MR_MEDIA_IMAGE},
    {"output_key", MR_WRITE, MR_TEXT, "Smaller picture.", .optional = true, .media = MR_MEDIA_IMAGE},
    {0}};
static const struct mr_op op_see = {.name = "tests.see", .doc = "Looks at pictures.",
                                    .keys = see_keys, .process = go_on};
static const struct mr_op op_ask = {.name = "tests.ask", .doc = "Asks a model.", .keys = text_keys,
                                    .slots = slots, .process = go_on, .reply = reply};

struct mr_registry *fake_registry(void)
{
    static const struct mr_op *const ops[] = {&op_clean, &op_long,  &op_score, &op_need, &op_chunk,
                                              &op_rename, &op_only, &op_cast, &op_where, &op_derive,  &op_first, &op_near,
                                              &op_top,   &op_make,  &op_ask, &op_pair, &op_see};
    static struct mr_registry_row rows[sizeof ops / sizeof *ops + 1];
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        rows[i] = (struct mr_registry_row){ops[i]->name, ops[i]};
    struct mr_registry *r = NULL;
    struct mr_error *e = mr_registry_create(rows, &r);
    ck_assert_msg(!e, "%s", mr_error_message(e));
    return r;
}

/* ---- connectors ---- */

/* `rows: "text:text score?:number|null"` is what a look at the files would show. */
struct files {
    struct mr_strs files;
    struct mr_str rows;
    bool open, watch;
    int64_t sampled;
};
static const struct mr_param files_params[] = {
    {MR_FIELD(struct files, files), .min = "1", .doc = "Files read."},
    {MR_FIELD(struct files, rows), .def = "", .doc = "Keys the sample shows."},
    {MR_FIELD(struct files, open), .def = "yes", .doc = "Whether other keys may occur."},
    {MR_FIELD(struct files, watch), .def = "no", .doc = "Endless."},
    {MR_FIELD(struct files, sampled), .def = "100", .doc = "Rows looked at."},
    {0}};

static uint32_t type_named(struct mr_str text)
{
    static const struct {
        const char *name;
        uint32_t types;
    } names[] = {{"text", MR_TEXT}, {"int", MR_INT}, {"number", MR_NUMBER}, {"list", MR_LIST},
                 {"null", MR_NULL}, {"bool", MR_BOOL}};
    uint32_t types = 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (mr_str_find(text, mr_str_of(names[i].name), 0) != SIZE_MAX)
            types |= names[i].types;
    return types;
}

static struct mr_error *files_schema(const void *params, const char *base_dir,
                                     struct mr_arena *arena, struct mr_schema *out)
{
    const struct files *p = params;
    (void)base_dir;
    if (mr_str_ends(p->files.items[0], MR_STR(".parquet")))
        return mr_error(MR_IO, "Parquet files cannot be read");
    if (mr_str_ends(p->files.items[0], MR_STR("/nothing"))) {
        *out = (struct mr_schema){.open = true, .unknown = true, .none = true};
        return NULL;
    }
    *out = (struct mr_schema){.open = p->open, .unknown = p->rows.len == 0,
                              .sample_rows = (size_t)p->sampled, .bytes = 5000000};
    out->keys = mr_arena_zalloc(arena, (p->rows.len + 1) * sizeof *out->keys);
    for (size_t at = 0; at < p->rows.len;) {
        size_t end = mr_str_find(p->rows, MR_STR(" "), at);
        end = end == SIZE_MAX ? p->rows.len : end;
        size_t colon = mr_str_find(p->rows, MR_STR(":"), at);
        struct mr_str name = mr_str_span(p->rows.ptr + at, colon - at);
        bool always = !mr_str_ends(name, MR_STR("?"));
        name.len -= !always;
        out->keys[out->count++] = (struct mr_schema_key){
            mr_arena_str(arena, name), type_named(mr_str_span(p->rows.ptr + colon, end - colon)),
            always};
        at = end + 1;
    }
    return NULL;
}

static bool files_endless(const void *params)
{
    return ((const struct files *)params)->watch;
}

/* Exact names, and `folder/…` for all of a folder. */
static bool files_reads(const void *params, const char *base_dir, struct mr_str path)
{
    const struct files *p = params;
    (void)base_dir;
    for (size_t i = 0; i < p->files.count; i++) {
        struct mr_str f = p->files.items[i];
        if (mr_str_eq(f, path) || (mr_str_ends(f, MR_STR("/*")) && path.len > f.len &&
                                   memcmp(path.ptr, f.ptr, f.len - 1) == 0))
            return true;
    }
    return false;
}

static const struct mr_source_type files_type = {
    .name = "files", .doc = "Files.", .params_size = sizeof(struct files), .params = files_params,
    .schema = files_schema, .is_endless = files_endless, .reads = files_reads};

struct file {
    struct mr_str file;
    int64_t shard_bytes;
};
static const struct mr_param file_params[] = {
    {MR_FIELD(struct file, file), .doc = "File written."},
    {MR_FIELD(struct file, shard_bytes), .def = "0", .unit = "bytes", .doc = "Size of a shard."},
    {0}};
static void file_target(const void *params, const char *base_dir, struct mr_buf *out)
{
    (void)base_dir;
    mr_buf_adds(out, ((const struct file *)params)->file);
}
static const struct mr_sink_type file_type = {
    .name = "file", .doc = "A file.", .params_size = sizeof(struct file), .params = file_params,
    .target = file_target};

static const struct mr_source_type *const sources[] = {&files_type, NULL};
static const struct mr_sink_type *const sinks[] = {&file_type, NULL};
const struct mr_connectors fake_connectors = {sources, sinks};
