/* Keeps a file for each run of a pipeline. */
#include "stages/supervise/history.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "runtime/base/file.h"

enum { MAX_BYTES = 16 << 20 };

static void path_of(const struct mr_home *h, uint32_t run, struct mr_buf *out)
{
    out->len = 0;
    mr_buf_printf(out, "%.*s/runs", MR_FMT(h->layout.root));
    if (run)
        mr_buf_printf(out, "/%u.json", run);
    mr_buf_text(out);
}

static void add_uint(struct mr_json_out *j, const char *name, uint64_t value)
{
    mr_json_key(j, name);
    mr_json_uint(j, value);
}

/* Rows of the outside that came in, rows that reached a sink, rows that left on the way. */
static void add_rows(struct mr_json_out *j, const struct mr_totals *t)
{
    uint64_t in = 0, out = 0, dropped = 0;
    for (size_t i = 0; i < t->plan->stage_count; i++) {
        const struct mr_plan_stage *s = &t->plan->stages[i];
        const uint64_t *counter = t->stages[i].counter;
        in += s->kind == MR_STAGE_SOURCE && s->part != MR_SOURCE_LIST ? counter[MR_C_IN] : 0;
        out += s->kind == MR_STAGE_SINK ? counter[MR_C_FORWARDED] : 0;
        dropped += counter[MR_C_DROPPED];
    }
    add_uint(j, "rows_in", in);
    add_uint(j, "rows_out", out);
    add_uint(j, "dropped", dropped);
    add_uint(j, "rejected", mr_totals_rejected(t));
}

static void build(const struct mr_record *record, const struct mr_totals *totals,
                  struct mr_json_out *j)
{
    static const char *const states[] = {
        [MR_STATE_RUNNING] = "running",         [MR_STATE_ENDED] = "ended",
        [MR_STATE_NOTHING_NEW] = "nothing_new", [MR_STATE_INTERRUPTED] = "interrupted",
        [MR_STATE_FAILED] = "failed",
    };
    struct mr_buf table = {0};
    struct mr_json_out summary = {0};
    mr_table_print(totals, &table);
    mr_table_json(totals, &summary);
    mr_json_begin_object(j);
    add_uint(j, "run", totals->run);
    add_uint(j, "epoch", totals->plan->epoch);
    mr_json_key(j, "state");
    mr_json_textz(j, states[totals->state]);
    add_uint(j, "started_ms", record->started_ms);
    add_uint(j, "ended_ms", record->ended_ms);
    add_uint(j, "active_ms", totals->active_ms);
    add_rows(j, totals);
    mr_json_key(j, "table");
    mr_json_text(j, mr_buf_str(&table));
    mr_json_key(j, "summary");
    mr_json_raw(j, mr_buf_str(&summary.text));
    mr_json_end_object(j);
    mr_buf_addc(&j->text, '\n');
    mr_buf_finish(&table);
    mr_buf_finish(&summary.text);
}

/* Whatever is older than the runs kept; one more or less after a crash is no harm. */
static void prune(const struct mr_home *h, uint32_t newest)
{
    struct mr_arena *arena = mr_arena_create(0);
    struct mr_buf path = {0};
    uint32_t *runs;
    size_t count = 0;
    mr_error_free(mr_history_list(h, arena, &runs, &count));
    for (size_t i = 0; i < count; i++)
        if (newest >= MR_HISTORY_KEPT && runs[i] <= newest - MR_HISTORY_KEPT) {
            path_of(h, runs[i], &path);
            unlink(path.ptr);
        }
    mr_buf_finish(&path);
    mr_arena_destroy(arena);
}

struct mr_error *mr_history_save(const struct mr_home *h, const struct mr_record *record,
                                 const struct mr_totals *totals)
{
    struct mr_buf path = {0};
    struct mr_json_out j = {0};
    path_of(h, 0, &path);
    struct mr_error *e = mr_dir_make(path.ptr);
    if (!e) {
        build(record, totals, &j);
        path_of(h, totals->run, &path);
        e = mr_file_replace(path.ptr, mr_buf_str(&j.text), 0600);
    }
    if (!e)
        prune(h, totals->run);
    mr_buf_finish(&path);
    mr_buf_finish(&j.text);
    return e;
}

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static bool number_of(const char *name, uint32_t *run)
{
    struct mr_str text = mr_str_of(name), tail = MR_STR(".json");
    uint64_t number;
    if (text.len <= tail.len ||
        !mr_str_eq(mr_str_span(text.ptr + text.len - tail.len, tail.len), tail) ||
        !mr_str_to_uint(mr_str_span(text.ptr, text.len - tail.len), &number) || number == 0 ||
        number > UINT32_MAX)
        return false;
    *run = (uint32_t)number;
    return true;
}

struct mr_error *mr_history_list(const struct mr_home *h, struct mr_arena *arena, uint32_t **runs,
                                 size_t *count)
{
    struct mr_buf path = {0};
    size_t capacity = 2 * MR_HISTORY_KEPT;
    *count = 0;
    *runs = mr_arena_alloc(arena, capacity * sizeof **runs);
    path_of(h, 0, &path);
    DIR *dir = opendir(path.ptr);
    struct mr_error *e =
        !dir && errno != ENOENT ? mr_file_error(errno, "read the folder", path.ptr) : NULL;
    for (struct dirent *d; dir && *count < capacity && (d = readdir(dir));)
        *count += number_of(d->d_name, &(*runs)[*count]);
    if (dir)
        closedir(dir);
    qsort(*runs, *count, sizeof **runs, by_number);
    mr_buf_finish(&path);
    return e;
}

struct mr_error *mr_history_read(const struct mr_home *h, uint32_t run, struct mr_buf *out,
                                 bool *found)
{
    struct mr_buf path = {0};
    path_of(h, run, &path);
    *found = mr_file_exists(path.ptr);
    struct mr_error *e = *found ? mr_file_read(path.ptr, MAX_BYTES, out) : NULL;
    mr_buf_finish(&path);
    return e;
}
