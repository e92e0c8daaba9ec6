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
    if (group < t->plan->group_count && t->plan->groups[group].stage_count)
        t->stages[t->plan->groups[group].stages[0]].cpu_ns +=
            atomic_load_explicit(&page->cpu_ns, memory_order_relaxed);
    t->input_bytes += atomic_load_explicit(&page->input_bytes_total, memory_order_relaxed);
    t->input_read += atomic_load_explicit(&page->input_bytes_read, memory_order_relaxed);
}

void mr_totals_add_folder(struct mr_totals *t, const struct mr_layout *layout)
{
    for (size_t g = 0; g < t->plan->group_count; g++)
        for (uint32_t i = 0; i < t->plan->groups[g].scale; i++) {
            struct mr_buf path = {0};
            struct mr_page *page;
            mr_layout_page(layout, t->plan->groups[g].first_bell + i, &path);
            struct mr_error *e = mr_page_open(mr_buf_text(&path), &page);
            mr_buf_finish(&path);
            if (e) {
                mr_error_free(e); /* that process has not begun */
                continue;
            }
            mr_totals_add_page(t, page);
            mr_page_close(page);
        }
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
