/* Adds up the pages of a run's processes. */
#include "stages/supervise/totals.h"

struct mr_totals *mr_totals_create(const struct mr_plan *plan, struct mr_arena *arena)
{
    struct mr_totals *t = mr_arena_zalloc(arena, sizeof *t);
    t->plan = plan;
    t->stages = mr_arena_zalloc(arena, (plan->stage_count + 1) * sizeof *t->stages);
    return t;
}

void mr_totals_clear(struct mr_totals *t)
{
    memset(t->stages, 0, t->plan->stage_count * sizeof *t->stages);
    t->input_bytes = 0;
}

static void add_stage(struct mr_stage_total *total, const struct mr_page_stage *from)
{
    for (int i = 0; i < MR_COUNTERS; i++)
        total->counter[i] += atomic_load_explicit(&from->counter[i], memory_order_relaxed);
    for (int i = 0; i < MR_PAGE_OUTCOMES; i++)
        total->outcome[i] += atomic_load_explicit(&from->outcome[i], memory_order_relaxed);
    for (int i = 0; i < MR_PAGE_BUILTIN; i++)
        total->builtin[i] += atomic_load_explicit(&from->builtin[i], memory_order_relaxed);
}

void mr_totals_add_page(struct mr_totals *t, const struct mr_page *page)
{
    for (int i = 0; i < MR_PAGE_STAGES; i++) {
        const struct mr_page_stage *from = &page->stage[i];
        uint32_t number = atomic_load_explicit(&from->stage, memory_order_relaxed);
        if (atomic_load_explicit(&from->used, memory_order_acquire) && number < t->plan->stage_count)
            add_stage(&t->stages[number], from);
    }
    uint32_t group = atomic_load_explicit(&page->group, memory_order_relaxed);
    if (group < t->plan->group_count && t->plan->groups[group].stage_count) {
        struct mr_stage_total *head = &t->stages[t->plan->groups[group].stages[0]];
        head->seen++;
        head->cpu_ns += atomic_load_explicit(&page->cpu_ns, memory_order_relaxed);
        head->content.low += atomic_load_explicit(&page->content_low, memory_order_relaxed);
        head->content.high += atomic_load_explicit(&page->content_high, memory_order_relaxed);
        head->content_rows += atomic_load_explicit(&page->content_rows, memory_order_relaxed);
    }
    t->input_bytes += atomic_load_explicit(&page->input_bytes_total, memory_order_relaxed);
    t->input_read += atomic_load_explicit(&page->input_bytes_read, memory_order_relaxed);
}

void mr_totals_set_processes(struct mr_totals *t, int group, uint32_t processes)
{
    const struct mr_plan_group *g = &t->plan->groups[group];
    for (size_t i = 0; i < g->stage_count; i++)
        t->stages[g->stages[i]].processes = processes;
}

static struct mr_page *open_page(const struct mr_layout *layout, uint32_t bell)
{
    struct mr_buf path = {0};
    struct mr_page *page = NULL;
    mr_layout_page(layout, bell, &path);
    mr_error_free(mr_page_open(mr_buf_text(&path), &page)); /* that process has not begun */
    mr_buf_finish(&path);
    return page;
}

size_t mr_pages_open(const struct mr_layout *layout, const struct mr_plan *plan, int group,
                     struct mr_page **out, uint32_t *scale)
{
    const struct mr_plan_group *g = &plan->groups[group];
    size_t count = 0, kept = 0;
    uint64_t newest = 0;
    *scale = g->scale;
    for (uint32_t i = 0; i < mr_plan_bells(g); i++) {
        struct mr_page *page = open_page(layout, g->first_bell + i);
        if (!page)
            continue;
        out[count++] = page;
        if (atomic_load(&page->state) != MR_PROC_STARTING &&
            atomic_load(&page->started_ms) >= newest) {
            newest = atomic_load(&page->started_ms);
            *scale = atomic_load(&page->scale);
        }
    }
    for (size_t i = 0; i < count; i++)
        if (atomic_load(&out[i]->scale) == *scale)
            out[kept++] = out[i];
        else
            mr_page_close(out[i]); /* of another division of the tasks */
    return kept;
}

static void add_group(struct mr_totals *t, const struct mr_layout *layout, int group)
{
    struct mr_page *pages[MR_PLAN_PROCESSES_MAX];
    uint32_t scale;
    size_t count = mr_pages_open(layout, t->plan, group, pages, &scale);
    for (size_t i = 0; i < count; i++) {
        mr_totals_add_page(t, pages[i]);
        mr_page_close(pages[i]);
    }
    mr_totals_set_processes(t, group, scale);
}

void mr_totals_add_folder(struct mr_totals *t, const struct mr_layout *layout)
{
    for (size_t g = 0; g < t->plan->group_count; g++)
        add_group(t, layout, (int)g);
}

uint64_t mr_totals_rejected(const struct mr_totals *t)
{
    uint64_t rejected = 0;
    for (size_t i = 0; i < t->plan->stage_count; i++)
        rejected += t->stages[i].counter[MR_C_REJECTED] + t->stages[i].counter[MR_C_REFUSED];
    return rejected;
}

uint64_t mr_totals_input_read(const struct mr_totals *t)
{
    return t->input_read;
}
