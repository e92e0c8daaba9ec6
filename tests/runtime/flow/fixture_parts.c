/* The connectors and operators of the flow tests. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "runtime/base/file.h"
#include "runtime/row/row.h"
#include "tests/runtime/flow/fixture_parts.h"

/* ---- numbers: a source of {n, k, text} ---- */

struct numbers_params {
    int64_t rows;
};
static const struct mr_param numbers_params[] = {
    {MR_FIELD(struct numbers_params, rows), .def = "10", .min = "0", .doc = "Rows made."}, {0}};

struct mr_source {
    struct mr_connector_env env;
    int64_t rows, next;
    struct mr_buf map;
    bool any;
};
static const struct mr_str position_key = MR_STR_INIT("xposition");

static struct mr_error *numbers_open(const struct mr_connector_env *env, const void *params,
                                     struct mr_source **out)
{
    struct mr_source *s = mr_zalloc(sizeof(*s));
    struct mr_buf value = {0};
    bool found = false;
    s->env = *env;
    s->rows = ((const struct numbers_params *)params)->rows;
    MR_TRY(mr_store_get(env->store, position_key, &value, &found));
    if (found)
        memcpy(&s->next, value.ptr, sizeof(s->next));
    mr_buf_finish(&value);
    *out = s;
    return NULL;
}

static struct mr_error *numbers_next(struct mr_source *s, enum mr_source_status *status,
                                     struct mr_source_row *row)
{
    char text[64];
    if (s->next >= s->rows) {
        *status = MR_SOURCE_END;
        return NULL;
    }
    int64_t n = s->next++;
    s->any = true;
    s->map.len = 0;
    row->head.place.source = s->env.number;
    row->head.place.record = (uint32_t)n;
    row->head.id = mr_id_source(s->env.name, MR_STR("numbers"), (uint64_t)n, 0);
    if (n % 97 == 96) {
        *status = MR_SOURCE_REJECTED;
        row->raw = MR_STR("unreadable");
        row->why = mr_error(MR_JSON_INVALID, "numbers:%lld: made unreadable", (long long)n);
        return NULL;
    }
    mr_pack_map(&s->map, 3);
    mr_pack_text(&s->map, MR_STR("n"));
    mr_pack_int(&s->map, n);
    mr_pack_text(&s->map, MR_STR("k"));
    int len = snprintf(text, sizeof(text), "key %lld", (long long)(n * 7919 % (s->rows / 3 + 1)));
    mr_pack_text(&s->map, mr_str_span(text, (size_t)len));
    mr_pack_text(&s->map, MR_STR("text"));
    len = snprintf(text, sizeof(text), "row number %lld with some text behind it", (long long)n);
    mr_pack_text(&s->map, mr_str_span(text, (size_t)len));
    row->map = mr_buf_str(&s->map);
    *status = MR_SOURCE_ROW;
    return NULL;
}

static struct mr_error *numbers_save(struct mr_source *s)
{
    mr_store_put(s->env.store, position_key, mr_str_span((const char *)&s->next, sizeof(s->next)));
    return NULL;
}

static bool numbers_found_new(const struct mr_source *s)
{
    return s->any;
}

static void numbers_close(struct mr_source *s)
{
    mr_buf_finish(&s->map);
    free(s);
}

const struct mr_source_type fixture_numbers = {
    .name = "numbers", .doc = "Numbers.", .params_size = sizeof(struct numbers_params),
    .params = numbers_params, .open = numbers_open, .next = numbers_next, .save = numbers_save,
    .found_new = numbers_found_new, .close = numbers_close};

/* ---- collect: a sink of lines ---- */

struct collect_params {
    struct mr_str path;
};
static const struct mr_param collect_params[] = {
    {MR_FIELD(struct collect_params, path), .doc = "File written."}, {0}};

struct mr_sink {
    struct mr_connector_env env;
    char *path;
    int fd;
    uint64_t saved, size;
    struct mr_buf pending;
};

static struct mr_error *collect_open(const struct mr_connector_env *env, const void *params,
                                     struct mr_sink **out)
{
    struct mr_sink *s = mr_zalloc(sizeof(*s));
    struct mr_buf value = {0};
    bool found = false;
    s->env = *env;
    s->path = mr_strdup(((const struct collect_params *)params)->path.ptr);
    s->fd = open(s->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    mr_assert(s->fd >= 0);
    MR_TRY(mr_store_get(env->store, position_key, &value, &found));
    if (found)
        memcpy(&s->saved, value.ptr, sizeof(s->saved));
    mr_buf_finish(&value);
    s->size = s->saved;
    mr_assert(ftruncate(s->fd, (off_t)s->saved) == 0);
    *out = s;
    return NULL;
}

static int64_t int_of(const struct mr_row *row, const char *name)
{
    int64_t v = -1;
    struct mr_value value = mr_row_find(row, mr_str_of(name));
    if (value.len)
        mr_value_int(value, &v);
    return v;
}

static struct mr_error *collect_write(struct mr_sink *s, const struct mr_head *head, struct mr_str map)
{
    char id[MR_ID_HEX_LEN + 1];
    struct mr_row row;
    struct mr_names *names = mr_names_create();
    struct mr_arena *arena = mr_arena_create(0);
    struct mr_error *e = mr_row_decode(&row, names, arena, head, map.ptr, map.len);
    if (!e) {
        mr_id_hex(&head->id, id);
        struct mr_value k = mr_row_find(&row, MR_STR("k"));
        mr_buf_printf(&s->pending, "%s %lld %.*s %lld\n", id, (long long)int_of(&row, "n"),
                      MR_FMT(k.len ? mr_value_text(k) : MR_STR("-")), (long long)int_of(&row, "seq"));
    }
    mr_arena_destroy(arena);
    mr_names_destroy(names);
    return e;
}

static struct mr_error *collect_save(struct mr_sink *s)
{
    MR_TRY(mr_file_write_at(s->fd, s->path, s->pending.ptr, s->pending.len, s->size));
    s->size += s->pending.len;
    s->pending.len = 0;
    mr_store_put(s->env.store, position_key, mr_str_span((const char *)&s->size, sizeof(s->size)));
    return NULL;
}

static struct mr_error *collect_committed(struct mr_sink *s)
{
    s->saved = s->size;
    return NULL;
}

static struct mr_error *collect_end(struct mr_sink *s, uint32_t run)
{
    (void)s;
    (void)run;
    return NULL;
}

static uint64_t collect_bytes(const struct mr_sink *s)
{
    return s->pending.len;
}

static void collect_close(struct mr_sink *s)
{
    close(s->fd);
    mr_buf_finish(&s->pending);
    free(s->path);
    free(s);
}

const struct mr_sink_type fixture_collect = {
    .name = "collect", .doc = "Lines.", .params_size = sizeof(struct collect_params),
    .params = collect_params, .open = collect_open, .write = collect_write, .save = collect_save,
    .committed = collect_committed, .end_run = collect_end, .bytes = collect_bytes,
    .close = collect_close};

/* ---- operators ---- */

struct odd_params {
    int64_t crash_at;
};
static const struct mr_param odd_params[] = {
    {MR_FIELD(struct odd_params, crash_at), .def = "0", .doc = "Dies on this n."}, {0}};
static const struct mr_key n_keys[] = {{"n", MR_READ, MR_INT, "A number.", .def = "n"}, {0}};
static const struct mr_outcome odd_outcomes[] = {{"odd", MR_DROP, "An odd number."}, {0}};

static struct mr_error *odd_process(struct mr_ctx *ctx, struct mr_row *row)
{
    const struct odd_params *p = mr_params(ctx);
    int64_t n = mr_row_int(row, 0);
    if (p->crash_at && n == p->crash_at)
        raise(SIGSEGV);
    return n % 2 ? mr_row_leave_measured(row, 0, (double)n, 2) : NULL;
}

const struct mr_op fixture_odd_out = {.name = "fixture.odd_out", .scope = MR_PER_ROW,
                                      .doc = "Drops odd rows.",
                                      .params_size = sizeof(struct odd_params),
                                      .params = odd_params, .keys = n_keys,
                                      .outcomes = odd_outcomes, .process = odd_process};

static struct mr_error *twice_process(struct mr_ctx *ctx, struct mr_row *row)
{
    for (int i = 0; i < 2; i++)
        mr_row_set_int(mr_emit(ctx, row), 0, mr_row_int(row, 0) * 10 + i);
    return NULL;
}

static const struct mr_key change_keys[] = {{"n", MR_CHANGE, MR_INT, "A number.", .def = "n"}, {0}};
const struct mr_op fixture_twice = {.name = "fixture.twice", .scope = MR_PER_ROW, .expands = true,
                                    .doc = "Two children.", .keys = change_keys,
                                    .process = twice_process};

static const struct mr_key k_keys[] = {{"k", MR_READ, MR_TEXT, "Key.", .def = "k"}, {0}};
static const struct mr_outcome twin_outcomes[] = {{"twin", MR_DROP, "Met before."}, {0}};

static struct mr_error *first_process(struct mr_ctx *ctx, struct mr_row *row)
{
    struct mr_str twin;
    bool found = false;
    struct mr_str key = mr_row_text(row, 0);
    MR_TRY(mr_state_get(ctx, key, &twin, &found));
    if (found)
        return mr_row_leave_noted(row, 0, twin);
    char id[MR_ID_HEX_LEN + 1];
    mr_id_hex(mr_row_id(row), id);
    mr_state_put(ctx, key, mr_str_of(id));
    return NULL;
}

const struct mr_op fixture_first_of = {.name = "fixture.first_of", .scope = MR_KEYED,
                                       .ordered = true, .doc = "First of each key.",
                                       .keys = k_keys, .outcomes = twin_outcomes,
                                       .process = first_process};

static const struct mr_key seq_keys[] = {
    {"seq", MR_WRITE, MR_INT, "Running number.", .def = "seq"}, {0}};

static struct mr_error *index_process(struct mr_ctx *ctx, struct mr_row *row)
{
    struct mr_str value;
    bool found = false;
    int64_t seq = 0;
    MR_TRY(mr_state_get(ctx, MR_STR("seq"), &value, &found));
    if (found)
        memcpy(&seq, value.ptr, sizeof(seq));
    mr_row_set_int(row, 0, seq++);
    mr_state_put(ctx, MR_STR("seq"), mr_str_span((const char *)&seq, sizeof(seq)));
    return NULL;
}

const struct mr_op fixture_index = {.name = "fixture.index", .scope = MR_ONE_TASK, .ordered = true,
                                    .doc = "Numbers rows in order.", .keys = seq_keys,
                                    .process = index_process};

static const struct mr_outcome top_outcomes[] = {{"below", MR_DROP, "Not among the top."}, {0}};

static struct mr_error *top_process(struct mr_ctx *ctx, struct mr_row *row)
{
    uint64_t inverse = UINT64_MAX - (uint64_t)mr_row_int(row, 0);
    char key[8];
    for (int i = 0; i < 8; i++)
        key[i] = (char)(inverse >> (56 - 8 * i));
    return mr_hold(ctx, row, mr_str_span(key, sizeof(key)));
}

static struct mr_error *top_settle(struct mr_ctx *ctx, struct mr_row *row)
{
    struct mr_str value;
    bool found = false;
    uint32_t rank = 0;
    MR_TRY(mr_state_get(ctx, MR_STR("rank"), &value, &found));
    if (found)
        memcpy(&rank, value.ptr, sizeof(rank));
    rank++;
    mr_state_put(ctx, MR_STR("rank"), mr_str_span((const char *)&rank, sizeof(rank)));
    return rank <= 10 ? NULL : mr_row_leave_measured(row, 0, rank, 10);
}

static struct mr_error *top_finish(struct mr_ctx *ctx, bool *done)
{
    struct mr_row *sum = mr_make(ctx, MR_STR("sum"));
    mr_row_set_int(sum, 0, 4242);
    mr_state_del(ctx, MR_STR("rank"));
    *done = true;
    return NULL;
}

const struct mr_op fixture_top = {.name = "fixture.top", .scope = MR_WHOLE_SET, .doc = "Top ten.",
                                  .keys = change_keys, .outcomes = top_outcomes,
                                  .process = top_process, .settle = top_settle,
                                  .finish = top_finish};
