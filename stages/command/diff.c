/* `millrace topics diff A B`: what two topics have in common and what not, row by row by identity.
 */
#include <stdlib.h>

#include "runtime/row/json.h"
#include "stages/command/command.h"
#include "stages/look/sort.h"
#include "stages/look/topic_ref.h"

struct options {
    struct mr_str state;
    uint64_t limit;
    bool json;
};

static const struct mr_option option_table[] = {
    {.name = "limit",
     .letter = 'n',
     MR_OPTION(struct options, limit),
     .value = "N",
     .doc = "Show at most N rows that differ (default 20)."},
    MR_OPTION_STATE(struct options),
    MR_OPTION_JSON(struct options),
    {0},
};

/* Where a row lies in a topic. */
struct spot {
    uint32_t partition, lane;
    uint64_t n;
};

enum { ROWS_SHOWN = 20, AHEAD = 4096, KEYS_NAMED = 1000 };

/* A lane opened for fetching rows; going forward is cheap, so spots are asked in order. */
struct cursor {
    uint32_t partition, lane;
    struct mr_log_reader *reader;
    uint64_t n; /* of the row last given */
};

struct side {
    struct mr_browse browse;
    const struct mr_plan_topic *topic;
    bool open;
    struct mr_sort *rows;
    uint64_t count;
    struct mr_content content;
    struct cursor *cursors;
    size_t cursor_count;
    uint8_t record[MR_SORT_BYTES]; /* the next row, by id */
    bool more;
    struct mr_buf map; /* of the row fetched */
};

struct key_count {
    struct mr_str name;
    uint64_t rows;
};

struct diff {
    const struct options *o;
    struct mr_arena *arena;
    struct side a, b;
    struct mr_sort *changed;
    uint64_t added, removed, changes, same, limit, shown;
    struct key_count *keys;
    size_t key_count;
    bool keys_left_out;
    struct mr_json_out out; /* rows, as JSON or as text */
};

/* ---- records ---- */

static void put(uint8_t *at, uint64_t value, int bytes)
{
    for (int i = bytes - 1; i >= 0; i--, value >>= 8)
        at[i] = (uint8_t)value;
}

static uint64_t get(const uint8_t *at, int bytes)
{
    uint64_t value = 0;
    for (int i = 0; i < bytes; i++)
        value = value << 8 | at[i];
    return value;
}

enum { ID_AT = 0, HASH_AT = 16, SPOT_AT = 24, SPOT_BYTES = 12 };

static void put_spot(uint8_t *at, const struct spot *s)
{
    put(at, s->partition, 2);
    put(at + 2, s->lane, 2);
    put(at + 4, s->n, 8);
}

static struct spot get_spot(const uint8_t *at)
{
    return (struct spot){(uint32_t)get(at, 2), (uint32_t)get(at + 2, 2), get(at + 4, 8)};
}

/* id, hash of the map, spot: so equal rows meet first among those of one id. */
static struct mr_error *take(void *arg, const struct mr_browse_row *row, bool *stop)
{
    struct side *s = arg;
    uint8_t record[MR_SORT_BYTES] = {0};
    struct spot spot = {row->partition, row->lane, row->head.n};
    (void)stop;
    memcpy(record + ID_AT, row->head.id.b, 16);
    put(record + HASH_AT, mr_hash64(row->map.ptr, row->map.len, 0), 8);
    put_spot(record + SPOT_AT, &spot);
    mr_content_add(&s->content, &row->head.id, row->map);
    s->count++;
    return mr_sort_add(s->rows, record);
}

static struct mr_error *advance(struct side *s)
{
    const uint8_t *record;
    MR_TRY(mr_sort_next(s->rows, &record));
    s->more = record != NULL;
    if (record)
        memcpy(s->record, record, MR_SORT_BYTES);
    return NULL;
}

static struct mr_error *open_side(struct diff *d, struct side *s, struct mr_str name)
{
    int topic;
    MR_TRY(mr_topic_open(&s->browse, d->o->state, name, d->arena, &topic));
    s->open = true;
    s->topic = &s->browse.plan->topics[topic];
    s->rows = mr_sort_create();
    MR_TRY(mr_browse_topic(&s->browse, topic, take, s));
    MR_TRY(mr_sort_begin(s->rows));
    return advance(s);
}

static void close_side(struct side *s)
{
    for (size_t i = 0; i < s->cursor_count; i++)
        mr_log_reader_close(s->cursors[i].reader);
    free(s->cursors);
    mr_sort_destroy(s->rows);
    mr_buf_finish(&s->map);
    if (s->open)
        mr_browse_close(&s->browse);
}

/* ---- rows by their spots ---- */

static struct mr_error *cursor_for(struct side *s, const struct spot *spot, struct cursor **out)
{
    for (size_t i = 0; i < s->cursor_count; i++) {
        *out = &s->cursors[i];
        if ((*out)->partition == spot->partition && (*out)->lane == spot->lane)
            return NULL;
    }
    struct mr_log_place place = {s->browse.topics.ptr, s->topic->name, spot->partition, spot->lane};
    struct mr_log_reader *reader;
    MR_TRY(mr_log_reader_open(&place, 0, MR_BELL_NONE, (struct mr_mark){0}, &reader));
    s->cursors = mr_realloc(s->cursors, (s->cursor_count + 1) * sizeof *s->cursors);
    *out = &s->cursors[s->cursor_count++];
    **out = (struct cursor){spot->partition, spot->lane, reader, 0};
    return NULL;
}

/* Copies the map of the row at the spot into s->map. */
static struct mr_error *fetch(struct side *s, const struct spot *spot)
{
    struct cursor *c;
    struct mr_head head = {0};
    struct mr_str map = {0};
    MR_TRY(cursor_for(s, spot, &c));
    if (spot->n <= c->n || spot->n - c->n > AHEAD)
        MR_TRY(mr_log_reader_seek(c->reader, spot->n));
    while (head.n != spot->n) {
        bool found;
        uint32_t rows;
        MR_TRY(mr_log_reader_row(c->reader, &head, &map, &found));
        if (found)
            continue;
        MR_TRY(mr_log_reader_next(c->reader, &rows));
        if (!rows)
            return mr_error(MR_LOG_TRIMMED, "row %llu of \"%.*s\" went while it was read",
                            (unsigned long long)spot->n, MR_FMT(s->topic->name));
    }
    c->n = spot->n;
    s->map.len = 0;
    mr_buf_adds(&s->map, map);
    return NULL;
}

static struct mr_value map_of(const struct side *s)
{
    return (struct mr_value){(const uint8_t *)s->map.ptr, (uint32_t)s->map.len};
}

/* ---- what is shown ---- */

static bool begin_row(struct diff *d, const char *what, const uint8_t id[16])
{
    char hex[MR_ID_HEX_LEN + 1];
    struct mr_id whole;
    if (d->shown++ >= d->limit)
        return false;
    memcpy(whole.b, id, 16);
    mr_id_hex(&whole, hex);
    if (!d->o->json) {
        mr_buf_printf(&d->out.text, "%s %s", what, hex);
        return true;
    }
    mr_json_begin_object(&d->out);
    mr_json_key(&d->out, "what");
    mr_json_textz(&d->out, *what == '+' ? "added" : *what == '-' ? "removed" : "changed");
    mr_json_key(&d->out, "id");
    mr_json_textz(&d->out, hex);
    return true;
}

static void add_value(struct diff *d, const char *name, struct mr_value value)
{
    struct mr_buf text = {0};
    if (value.len)
        mr_json_write_value(value, &text);
    else
        mr_buf_addz(&text, d->o->json ? "null" : "(no such key)");
    if (d->o->json) {
        mr_json_key(&d->out, name);
        mr_json_raw(&d->out, mr_buf_str(&text));
    } else {
        mr_buf_adds(&d->out.text, mr_buf_str(&text));
    }
    mr_buf_finish(&text);
}

static void end_row(struct diff *d)
{
    if (d->o->json)
        mr_json_end_object(&d->out);
    else
        mr_buf_addc(&d->out.text, '\n');
}

static struct mr_error *show_single(struct diff *d, struct side *s, const char *what)
{
    struct spot spot = get_spot(s->record + SPOT_AT);
    if (d->shown >= d->limit) {
        d->shown++;
        return NULL;
    }
    MR_TRY(fetch(s, &spot));
    if (begin_row(d, what, s->record + ID_AT)) {
        if (!d->o->json)
            mr_buf_addz(&d->out.text, "  ");
        add_value(d, "row", map_of(s));
        end_row(d);
    }
    return NULL;
}

static void count_key(struct diff *d, struct mr_str name)
{
    for (size_t i = 0; i < d->key_count; i++)
        if (mr_str_eq(d->keys[i].name, name)) {
            d->keys[i].rows++;
            return;
        }
    if (d->key_count == KEYS_NAMED) {
        d->keys_left_out = true;
        return;
    }
    d->keys = mr_realloc(d->keys, (d->key_count + 1) * sizeof *d->keys);
    d->keys[d->key_count++] = (struct key_count){mr_arena_str(d->arena, name), 1};
}

static void key_changed(struct diff *d, struct mr_str name, struct mr_value before,
                        struct mr_value after, bool shown)
{
    count_key(d, name);
    if (!shown)
        return;
    if (d->o->json) {
        mr_json_begin_object(&d->out);
        mr_json_key(&d->out, "key");
        mr_json_text(&d->out, name);
        if (before.len)
            add_value(d, "before", before);
        if (after.len)
            add_value(d, "after", after);
        mr_json_end_object(&d->out);
        return;
    }
    mr_buf_printf(&d->out.text, "\n    %.*s: ", MR_FMT(name));
    add_value(d, "before", before);
    mr_buf_addz(&d->out.text, " -> ");
    add_value(d, "after", after);
}

static bool same_value(struct mr_value a, struct mr_value b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* Keys of the first row that differ in the second; once more from the other side those that are
 * only there. */
static void compare_keys(struct diff *d, bool shown)
{
    struct mr_walk w;
    struct mr_value key, value;
    mr_walk_begin(&w, map_of(&d->a));
    while (mr_walk_next(&w, &key) && mr_walk_next(&w, &value)) {
        struct mr_str name = mr_value_text(key);
        char *text = mr_alloc(name.len + 1);
        memcpy(text, name.ptr, name.len);
        text[name.len] = 0;
        struct mr_value other = mr_browse_field(mr_buf_str(&d->b.map), text);
        free(text);
        if (!same_value(value, other))
            key_changed(d, name, value, other, shown);
    }
    mr_walk_begin(&w, map_of(&d->b));
    while (mr_walk_next(&w, &key) && mr_walk_next(&w, &value)) {
        struct mr_str name = mr_value_text(key);
        char *text = mr_alloc(name.len + 1);
        memcpy(text, name.ptr, name.len);
        text[name.len] = 0;
        struct mr_value other = mr_browse_field(mr_buf_str(&d->a.map), text);
        free(text);
        if (!other.len)
            key_changed(d, name, (struct mr_value){0}, value, shown);
    }
}

/* Changed rows come in the order of the first topic, which both sides are mostly read forward in.
 */
static struct mr_error *show_changed(struct diff *d)
{
    const uint8_t *record;
    MR_TRY(mr_sort_begin(d->changed));
    for (;;) {
        MR_TRY(mr_sort_next(d->changed, &record));
        if (!record)
            return NULL;
        struct spot a = get_spot(record), b = get_spot(record + SPOT_BYTES);
        MR_TRY(fetch(&d->a, &a));
        MR_TRY(fetch(&d->b, &b));
        bool shown = begin_row(d, "~", record + 2 * SPOT_BYTES);
        if (shown && d->o->json) {
            mr_json_key(&d->out, "keys");
            mr_json_begin_array(&d->out);
        }
        compare_keys(d, shown);
        if (shown && d->o->json)
            mr_json_end_array(&d->out);
        if (shown)
            end_row(d);
    }
}

/* ---- the comparison ---- */

static struct mr_error *one_pair(struct diff *d)
{
    uint8_t record[MR_SORT_BYTES];
    if (memcmp(d->a.record + HASH_AT, d->b.record + HASH_AT, 8) == 0) {
        d->same++;
    } else {
        d->changes++;
        memcpy(record, d->a.record + SPOT_AT, SPOT_BYTES);
        memcpy(record + SPOT_BYTES, d->b.record + SPOT_AT, SPOT_BYTES);
        memcpy(record + 2 * SPOT_BYTES, d->a.record + ID_AT, 16);
        MR_TRY(mr_sort_add(d->changed, record));
    }
    MR_TRY(advance(&d->a));
    return advance(&d->b);
}

static struct mr_error *compare(struct diff *d)
{
    while (d->a.more || d->b.more) {
        int order = !d->a.more ? 1 : !d->b.more ? -1 : memcmp(d->a.record, d->b.record, 16);
        if (order == 0) {
            MR_TRY(one_pair(d));
        } else if (order < 0) {
            d->removed++;
            MR_TRY(show_single(d, &d->a, "-"));
            MR_TRY(advance(&d->a));
        } else {
            d->added++;
            MR_TRY(show_single(d, &d->b, "+"));
            MR_TRY(advance(&d->b));
        }
    }
    return show_changed(d);
}

static void side_json(struct mr_json_out *j, const char *name, const struct side *s)
{
    char hex[MR_ID_HEX_LEN + 1];
    mr_content_hex(&s->content, hex);
    mr_json_key(j, name);
    mr_json_begin_object(j);
    mr_json_key(j, "topic");
    mr_json_text(j, s->topic->name);
    mr_json_key(j, "rows");
    mr_json_uint(j, s->count);
    mr_json_key(j, "content");
    mr_json_textz(j, hex);
    mr_json_end_object(j);
}

static void print_json(struct diff *d)
{
    const struct {
        const char *name;
        uint64_t rows;
    } counts[] = {
        {"same", d->same}, {"changed", d->changes}, {"added", d->added}, {"removed", d->removed}};
    struct mr_json_out j = {0};
    mr_json_begin_object(&j);
    side_json(&j, "a", &d->a);
    side_json(&j, "b", &d->b);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        mr_json_key(&j, counts[i].name);
        mr_json_uint(&j, counts[i].rows);
    }
    mr_json_key(&j, "keys");
    mr_json_begin_object(&j);
    for (size_t i = 0; i < d->key_count; i++) {
        mr_json_key_str(&j, d->keys[i].name);
        mr_json_uint(&j, d->keys[i].rows);
    }
    mr_json_end_object(&j);
    mr_json_key(&j, "rows");
    mr_json_raw(&j, mr_buf_str(&d->out.text));
    mr_json_end_object(&j);
    mr_print_json(&j);
    mr_buf_finish(&j.text);
}

static void print_text(struct diff *d)
{
    struct mr_buf text = {0};
    const struct side *sides[] = {&d->a, &d->b};
    for (int i = 0; i < 2; i++) {
        char hex[MR_ID_HEX_LEN + 1];
        mr_content_hex(&sides[i]->content, hex);
        mr_buf_printf(&text, "%c  %.*s  %llu rows  content %s\n", "AB"[i],
                      MR_FMT(sides[i]->topic->name), (unsigned long long)sides[i] -> count, hex);
    }
    mr_buf_printf(&text, "same %llu, changed %llu, added %llu, removed %llu\n",
                  (unsigned long long)d->same, (unsigned long long)d->changes,
                  (unsigned long long)d->added, (unsigned long long)d->removed);
    for (size_t i = 0; i < d->key_count; i++)
        mr_buf_printf(&text, "%s%.*s in %llu", i ? ", " : "changed keys: ", MR_FMT(d->keys[i].name),
                      (unsigned long long)d->keys[i].rows);
    if (d->key_count)
        mr_buf_addz(&text, d->keys_left_out ? ", and others\n" : "\n");
    mr_buf_adds(&text, mr_buf_str(&d->out.text));
    if (d->shown > d->limit)
        mr_buf_printf(&text, "and %llu more (--limit)\n",
                      (unsigned long long)(d->shown - d->limit));
    mr_print(&text);
    mr_buf_finish(&text);
}

static enum mr_exit run(const struct mr_call *call)
{
    const struct options *o = call->options;
    struct diff d = {.o = o, .arena = call->arena, .limit = o->limit ? o->limit : ROWS_SHOWN};
    d.changed = mr_sort_create();
    if (o->json)
        mr_json_begin_array(&d.out);
    struct mr_error *e = open_side(&d, &d.a, call->args[0]);
    if (!e)
        e = open_side(&d, &d.b, call->args[1]);
    if (!e)
        e = compare(&d);
    if (!e && o->json) {
        mr_json_end_array(&d.out);
        print_json(&d);
    } else if (!e) {
        print_text(&d);
    }
    close_side(&d.a);
    close_side(&d.b);
    mr_sort_destroy(d.changed);
    mr_buf_finish(&d.out.text);
    free(d.keys);
    return e ? mr_fail(e) : MR_EXIT_OK;
}

const struct mr_command mr_command_topics_diff = {
    .name = "diff",
    .arguments = "A B",
    .min_args = 2,
    .max_args = 2,
    .doc = "Compare two topics row by row, by identity: added, removed, changed keys.",
    .notes =
        "A and B are topics as for `topics cat`: STAGE.OUTPUT@EPOCH, or whole names; a sink "
        "stands\n"
        "for what it reads (out@1 out@2). Memory is bounded: what must be sorted goes to TMPDIR.",
    .options_size = sizeof(struct options),
    .options = option_table,
    .run = run,
};
