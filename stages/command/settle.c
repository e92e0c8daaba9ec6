/* Settles dead letters: a writer of its own with a store of its own, so that each letter is settled
 * once, also when the command is killed at any moment.
 *
 * Rows and the note that a letter is settled become true in one commit of the store; an opened log
 * first finishes what the store had decided. */
#include <stdlib.h>

#include "runtime/base/file.h"
#include "runtime/flow/retry.h"
#include "runtime/log/log.h"
#include "runtime/watch/counters.h"
#include "stages/look/letters.h"

enum { OUT_SETTLED, OUT_RETRY, KEY_BYTES = 1 + 4 + 8 };

struct mr_settle {
    const struct mr_browse *browse;
    const struct mr_plan_stage *stage;
    const struct mr_plan_group *group;
    struct mr_store *store;
    struct mr_log *log;
    struct mr_bells *bells;
    struct mr_buf record, value;
};

static struct mr_error *open_store(struct mr_settle *s, const char *topic)
{
    struct mr_buf dir = {0};
    mr_buf_printf(&dir, "%.*s/dlq/%s", MR_FMT(s->browse->home.layout.root), topic);
    struct mr_error *e = mr_dir_make(mr_buf_text(&dir));
    if (!e)
        e = mr_store_open(mr_buf_text(&dir), &(struct mr_store_options){0}, &s->store);
    mr_buf_finish(&dir);
    if (mr_error_code(e) == MR_STORE_LOCKED)
        e = mr_error_remedy(e, "Another `millrace dlq` is at work: wait for it.");
    return e;
}

static struct mr_error *open_log(struct mr_settle *s, struct mr_str retry, struct mr_str settled)
{
    struct mr_log_out outs[] = {
        [OUT_SETTLED] = {settled, 1, 0}, [OUT_RETRY] = {retry, s->group->partitions, 0}};
    struct mr_log_spec spec = {
        .topics = s->browse->topics.ptr,
        .task = MR_STR("dlq"),
        .reader = 1,
        .lane_label = (uint32_t)s->stage->number << 16,
        .outs = outs,
        .out_count = retry.len ? 2 : 1,
        .store = s->store,
        .bells = s->bells,
        .codec = s->browse->plan->lz4 ? MR_CODEC_LZ4 : MR_CODEC_NONE,
    };
    return mr_log_open_embedded(&spec, &s->log);
}

struct mr_error *mr_settle_open(const struct mr_browse *b, const struct mr_plan_stage *stage,
                                struct mr_settle **out)
{
    struct mr_buf retry = {0}, settled = {0}, run = {0};
    struct mr_error *e = NULL;
    mr_retry_topic(b->plan, stage, "retry", &retry);
    if (!mr_retry_topic(b->plan, stage, "settled", &settled))
        return mr_error(MR_LETTER_FINAL, "\"%.*s\" has no dead letters", MR_FMT(stage->id));
    struct mr_settle *s = mr_zalloc(sizeof *s);
    s->browse = b;
    s->stage = stage;
    s->group = &b->plan->groups[stage->group];
    mr_layout_run(&b->home.layout, &run);
    e = mr_dir_make(mr_buf_text(&run));
    if (!e)
        e = mr_bells_open(mr_buf_text(&run), MR_BELL_NONE, &s->bells);
    if (!e)
        e = open_store(s, mr_buf_text(&settled));
    if (!e)
        e = open_log(s, mr_buf_str(&retry), mr_buf_str(&settled));
    mr_buf_finish(&run);
    mr_buf_finish(&retry);
    mr_buf_finish(&settled);
    if (e) {
        mr_settle_close(s);
        return mr_error_wrap(e, "settling dead letters of \"%.*s\"", MR_FMT(stage->id));
    }
    *out = s;
    return NULL;
}

void mr_settle_close(struct mr_settle *s)
{
    if (!s)
        return;
    mr_log_close(s->log);
    mr_store_close(s->store);
    mr_bells_close(s->bells);
    mr_buf_finish(&s->record);
    mr_buf_finish(&s->value);
    free(s);
}

static struct mr_str key_of(const struct mr_letter *l, char key[KEY_BYTES])
{
    key[0] = MR_SPACE_OP;
    for (int i = 0; i < 4; i++)
        key[1 + i] = (char)(l->lane >> (24 - 8 * i));
    for (int i = 0; i < 8; i++)
        key[5 + i] = (char)(l->head.n >> (56 - 8 * i));
    return mr_str_span(key, KEY_BYTES);
}

struct mr_error *mr_settle_add(struct mr_settle *s, const struct mr_letter *letter, bool again,
                               bool *fresh)
{
    char key[KEY_BYTES];
    bool before = false;
    struct mr_retry retry = {letter->lane, letter->head.n, letter->attempt,
                             again ? letter->row : (struct mr_str){0}};
    struct mr_head head = letter->head;
    s->value.len = s->record.len = 0;
    MR_TRY(mr_store_get(s->store, key_of(letter, key), &s->value, &before));
    *fresh = !before;
    if (before)
        return NULL;
    mr_retry_pack(&retry, &s->record);
    /* Back to the task that rejected it: its lane in the dead letters is its partition. */
    uint32_t out = again ? OUT_RETRY : OUT_SETTLED;
    uint32_t partition = again && letter->lane < s->group->partitions ? letter->lane : 0;
    MR_TRY(mr_log_append(s->log, out, partition, &head, s->record.ptr, s->record.len));
    mr_store_put(s->store, key_of(letter, key), again ? MR_STR("r") : MR_STR("d"));
    enum { COMMIT_BYTES = 16 << 20, COMMIT_ENTRIES = 32 * 1024 };
    if (mr_log_pending(s->log) > COMMIT_BYTES ||
        mr_store_pending_entries(s->store) > COMMIT_ENTRIES)
        return mr_settle_commit(s);
    return NULL;
}

/* A process that has no retry lane yet looks for one when its page says so. */
static void wake(const struct mr_settle *s)
{
    struct mr_buf path = {0};
    for (uint32_t i = 0; i < s->group->partitions; i++) {
        struct mr_page *page = NULL;
        mr_layout_page(&s->browse->home.layout, s->group->first_bell + i, &path);
        if (!mr_file_exists(mr_buf_text(&path)))
            continue;
        mr_error_free(mr_page_open(path.ptr, &page)); /* being made anew: it looks by itself */
        if (page)
            atomic_fetch_add(&page->retries, 1);
        mr_page_close(page);
        mr_bells_ring(s->bells, s->group->first_bell + i);
    }
    mr_buf_finish(&path);
}

struct mr_error *mr_settle_commit(struct mr_settle *s)
{
    struct mr_error *e = mr_log_commit(s->log);
    wake(s); /* also of what an earlier command had decided */
    return e;
}
