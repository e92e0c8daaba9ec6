/* Rows that killed a process: noted while they are worked on, run alone or rejected afterwards.
 *
 * The supervisor reads the note from the page of a dead process and writes the suspects file, one
 * line each: "<stage number> <row id> alone|reject <signal name> <id of the row it came from>". */
#include <stdio.h>
#include <stdlib.h>

#include "runtime/base/file.h"
#include "runtime/flow/task.h"

static bool parse_line(struct mr_str line, struct mr_suspect *out)
{
    char id[MR_ID_HEX_LEN + 1], entry[MR_ID_HEX_LEN + 1], action[8];
    char text[192];
    if (line.len == 0 || line.len >= sizeof(text))
        return false;
    memcpy(text, line.ptr, line.len);
    text[line.len] = 0;
    memset(out, 0, sizeof(*out));
    int fields = sscanf(text, "%u %32s %7s %15s %32s", &out->stage, id, action, out->signal, entry);
    if (fields < 4 || !mr_id_parse(mr_str_of(id), &out->id))
        return false;
    out->entry = out->id;
    out->reject = strcmp(action, "reject") == 0;
    return fields == 4 || mr_id_parse(mr_str_of(entry), &out->entry);
}

/* Rows that died in other processes are no danger here. */
static bool is_ours(const struct mr_worker *w, uint32_t stage)
{
    for (size_t i = 0; i < w->group->stage_count; i++)
        if ((uint32_t)w->group->stages[i] == stage)
            return true;
    return false;
}

struct mr_error *mr_worker__suspects_read(struct mr_worker *w)
{
    struct mr_buf path = {0}, text = {0};
    struct mr_error *e = NULL;
    mr_layout_suspects(&w->options->layout, &path);
    if (mr_file_exists(mr_buf_text(&path)))
        e = mr_file_read(mr_buf_text(&path), 1 << 20, &text);
    size_t at = 0;
    while (!e && at < text.len) {
        size_t end = mr_str_find(mr_buf_str(&text), MR_STR("\n"), at);
        if (end == SIZE_MAX)
            end = text.len;
        struct mr_suspect s;
        if (parse_line(mr_str_span(text.ptr + at, end - at), &s) && is_ours(w, s.stage)) {
            w->suspects = mr_realloc(w->suspects, (w->suspect_count + 1) * sizeof(s));
            w->suspects[w->suspect_count++] = s;
            w->alone_count += !s.reject;
        }
        at = end + 1;
    }
    mr_buf_finish(&path);
    mr_buf_finish(&text);
    return e;
}

int mr_worker__begin(void *arg, int stage, const struct mr_row *row, struct mr_str *note)
{
    struct mr_task *t = arg;
    struct mr_worker *w = t->worker;
    for (size_t i = 0; i < w->suspect_count; i++) {
        const struct mr_suspect *s = &w->suspects[i];
        if (s->reject && s->stage == (uint32_t)stage && mr_id_eq(&s->id, &row->head.id)) {
            bool stuck = strcmp(s->signal, MR_SUSPECT_STUCK) == 0;
            *note = stuck ? mr_arena_printf(row->arena, "no end within `longest_row`, three times")
                          : mr_arena_printf(row->arena, "the operator died of %s on this row",
                                            s->signal);
            return stuck ? MR_LEFT_STUCK : MR_LEFT_CRASH;
        }
    }
    struct mr_page *page = w->page;
    memcpy(page->note_id, row->head.id.b, sizeof(page->note_id));
    memcpy(page->note_entry, t->entry.b, sizeof(page->note_entry));
    atomic_store_explicit(&page->note_stage, (uint32_t)stage, memory_order_relaxed);
    atomic_store_explicit(&page->note_partition, t->partition, memory_order_relaxed);
    atomic_store_explicit(&page->noted, 1, memory_order_release);
    return MR_GOES_ON;
}

/* The noted row came through its stage: whatever it was, it was not this. */
static void clear_suspect(struct mr_worker *w)
{
    uint32_t stage = atomic_load_explicit(&w->page->note_stage, memory_order_relaxed);
    for (size_t i = 0; i < w->suspect_count; i++) {
        struct mr_suspect *s = &w->suspects[i];
        if (s->reject || s->done || s->stage != stage ||
            memcmp(s->id.b, w->page->note_id, sizeof(s->id.b)) != 0)
            continue;
        s->done = true;
        w->alone_count--;
    }
}

void mr_worker__end(void *arg)
{
    struct mr_task *t = arg;
    if (t->worker->alone_count > 0)
        clear_suspect(t->worker);
    atomic_store_explicit(&t->worker->page->noted, 0, memory_order_release);
    uint64_t progress = atomic_load_explicit(&t->worker->page->progress, memory_order_relaxed);
    atomic_store_explicit(&t->worker->page->progress, progress + 1, memory_order_relaxed);
}

bool mr_worker__alone(struct mr_worker *w, const struct mr_id *id)
{
    for (size_t i = 0; w->alone_count > 0 && i < w->suspect_count; i++) {
        const struct mr_suspect *s = &w->suspects[i];
        if (!s->reject && !s->done && (mr_id_eq(&s->entry, id) || mr_id_eq(&s->id, id)))
            return true;
    }
    return false;
}

bool mr_worker__enters(void *arg, const struct mr_id *id)
{
    struct mr_task *t = arg;
    t->entry = *id;
    return mr_worker__alone(t->worker, id);
}
