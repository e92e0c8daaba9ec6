/* Counters of the tasks, as of their last commits, onto the process's shared page. */
#include "runtime/base/clock.h"
#include "runtime/flow/task.h"

void mr_worker__commit_took(struct mr_worker *w, uint64_t ns)
{
    int bucket = 0;
    while (bucket < MR_PAGE_COMMIT_BUCKETS - 1 && ns > mr_commit_bucket_us[bucket] * 1000)
        bucket++;
    atomic_fetch_add_explicit(&w->page->commit_bucket[bucket], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&w->page->commit_ns, ns, memory_order_relaxed);
}

static const struct mr_stage_counts *counts_of(const struct mr_task *t, size_t i)
{
    return t->chain ? mr_chain_counts(t->chain, i) : &t->source_counts;
}

static void show_stage(struct mr_worker *w, size_t i, struct mr_page_stage *to)
{
    struct mr_stage_counts sum = {0};
    for (size_t k = 0; k < w->task_count; k++) {
        const struct mr_task *t = w->tasks[k];
        const struct mr_stage_counts *one = counts_of(t, i);
        for (int c = 0; c < MR_COUNTERS; c++)
            sum.counter[c] += one->counter[c];
        for (int c = 0; c < MR_PAGE_OUTCOMES; c++)
            sum.outcome[c] += one->outcome[c];
        for (int c = 0; c < MR_PAGE_BUILTIN; c++)
            sum.builtin[c] += one->builtin[c];
        if (i == 0) {
            struct mr_log_figures figures = {0};
            mr_log_embedded_figures(t->log, &figures);
            sum.counter[MR_C_LAG_BYTES] += figures.lag_bytes;
            sum.counter[MR_C_REPEATS] += figures.repeats;
        }
    }
    for (int c = 0; c < MR_COUNTERS; c++)
        atomic_store_explicit(&to->counter[c], sum.counter[c], memory_order_relaxed);
    for (int c = 0; c < MR_PAGE_OUTCOMES; c++)
        atomic_store_explicit(&to->outcome[c], sum.outcome[c], memory_order_relaxed);
    for (int c = 0; c < MR_PAGE_BUILTIN; c++)
        atomic_store_explicit(&to->builtin[c], sum.builtin[c], memory_order_relaxed);
    atomic_store_explicit(&to->stage, (uint32_t)w->group->stages[i], memory_order_relaxed);
    atomic_store_explicit(&to->used, 1, memory_order_release);
}

/* What a task took and gave, and what waits for it: shows a partition that gets more than others. */
static void show_task(const struct mr_task *t, struct mr_page_task *to)
{
    size_t last = t->worker->group->stage_count - 1;
    const uint64_t *in = counts_of(t, 0)->counter, *out = t->chain ? counts_of(t, last)->counter : in;
    struct mr_log_figures figures = {0};
    mr_log_embedded_figures(t->log, &figures);
    atomic_store_explicit(&to->partition, t->partition, memory_order_relaxed);
    atomic_store_explicit(&to->ended, t->ended, memory_order_relaxed);
    atomic_store_explicit(&to->in, in[MR_C_IN], memory_order_relaxed);
    atomic_store_explicit(&to->out, out[MR_C_FORWARDED] + out[MR_C_EMITTED], memory_order_relaxed);
    atomic_store_explicit(&to->lag_bytes, figures.lag_bytes, memory_order_relaxed);
    atomic_store_explicit(&to->used, 1, memory_order_release);
}

static void show_input(struct mr_worker *w)
{
    uint64_t read = 0, known = 0;
    for (size_t k = 0; k < w->task_count; k++) {
        const struct mr_task *t = w->tasks[k];
        uint64_t one_read = 0, one_known = 0;
        if (t->source && t->head->source->progress)
            t->head->source->progress(t->source, &one_read, &one_known);
        read += one_read;
        known += one_known;
    }
    atomic_store_explicit(&w->page->input_bytes_read, read, memory_order_relaxed);
    atomic_store_explicit(&w->page->input_bytes_total, known, memory_order_relaxed);
}

/* A sink has one task. */
static void show_content(struct mr_worker *w)
{
    if (w->task_count == 0 || !w->tasks[0]->sink)
        return;
    const struct mr_task_content *c = &w->tasks[0]->content;
    atomic_store(&w->page->content_low, c->content.low);
    atomic_store(&w->page->content_high, c->content.high);
    atomic_store(&w->page->content_rows, c->rows);
}

void mr_worker__show(struct mr_worker *w, enum mr_process_state state)
{
    uint32_t ended = 0;
    for (size_t k = 0; k < w->task_count; k++)
        ended += w->tasks[k]->ended;
    for (size_t i = 0; i < w->group->stage_count && i < MR_PAGE_STAGES; i++)
        show_stage(w, i, &w->page->stage[i]);
    for (size_t k = 0; k < w->task_count && k < MR_PAGE_TASKS; k++)
        show_task(w->tasks[k], &w->page->task[k]);
    show_input(w);
    show_content(w);
    atomic_store(&w->page->tasks_ended, ended);
    atomic_store(&w->page->cpu_ns, mr_cpu_ns());
    atomic_store(&w->page->state, state);
    atomic_fetch_add(&w->page->progress, 1);
}
