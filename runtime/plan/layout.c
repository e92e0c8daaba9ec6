/* Where the files of a pipeline lie, and how stages and topics are found in a plan by name. */
#include "runtime/plan/plan.h"

static void join(const struct mr_layout *l, const char *tail, struct mr_buf *out)
{
    out->len = 0;
    mr_buf_adds(out, l->root);
    if (out->len == 0 || out->ptr[out->len - 1] != '/')
        mr_buf_addc(out, '/');
    mr_buf_addz(out, tail);
    mr_buf_text(out);
}

void mr_layout_topics(const struct mr_layout *l, struct mr_buf *out)
{
    join(l, "topics", out);
}

void mr_layout_state(const struct mr_layout *l, struct mr_str stage, uint32_t epoch,
                     struct mr_buf *out)
{
    join(l, "state/", out);
    mr_buf_printf(out, "%.*s.e%u", MR_FMT(stage), (unsigned)epoch);
    mr_buf_text(out);
}

void mr_layout_task(const struct mr_layout *l, struct mr_str stage, uint32_t epoch,
                    uint32_t partition, struct mr_buf *out)
{
    mr_layout_state(l, stage, epoch, out);
    mr_buf_printf(out, "/%u", (unsigned)partition);
    mr_buf_text(out);
}

void mr_layout_epochs(const struct mr_layout *l, struct mr_buf *out)
{
    join(l, "plans", out);
}

void mr_layout_epoch(const struct mr_layout *l, uint32_t epoch, struct mr_buf *out)
{
    join(l, "plans/e", out);
    mr_buf_printf(out, "%u", (unsigned)epoch);
    mr_buf_text(out);
}

void mr_layout_run(const struct mr_layout *l, struct mr_buf *out)
{
    join(l, "run", out);
}

void mr_layout_plan(const struct mr_layout *l, struct mr_buf *out)
{
    join(l, "plan", out);
}

void mr_layout_lock(const struct mr_layout *l, struct mr_buf *out)
{
    join(l, "lock", out);
}

void mr_layout_meta(const struct mr_layout *l, struct mr_buf *out)
{
    join(l, "runs.json", out);
}

void mr_layout_page(const struct mr_layout *l, uint32_t bell, struct mr_buf *out)
{
    join(l, "run/page.", out);
    mr_buf_printf(out, "%u", (unsigned)bell);
    mr_buf_text(out);
}

void mr_layout_socket(const struct mr_layout *l, struct mr_buf *out)
{
    join(l, "run/control", out);
}

void mr_layout_suspects(const struct mr_layout *l, struct mr_buf *out)
{
    join(l, "run/suspects", out);
}

int mr_plan_stage_find(const struct mr_plan *plan, struct mr_str id)
{
    for (size_t i = 0; i < plan->stage_count; i++)
        if (mr_str_eq(plan->stages[i].id, id))
            return (int)i;
    return MR_PLAN_NONE;
}

uint64_t mr_plan_reader(const struct mr_plan_stage *head, uint32_t partition)
{
    struct mr_buf name = {0};
    mr_buf_printf(&name, "%.*s/%u", MR_FMT(head->id), (unsigned)partition);
    uint64_t reader = mr_hash64(name.ptr, name.len, head->epoch) | 1;
    mr_buf_finish(&name);
    return reader;
}

int mr_plan_topic_find(const struct mr_plan *plan, struct mr_str name)
{
    for (size_t i = 0; i < plan->topic_count; i++)
        if (mr_str_eq(plan->topics[i].name, name))
            return (int)i;
    return MR_PLAN_NONE;
}
