/* Looks whether retried rows wait for their stage. */
#include "stages/supervise/retries.h"

#include "runtime/base/file.h"
#include "runtime/flow/retry.h"
#include "runtime/log/partition.h"

static bool lane_waits(const char *topics, struct mr_str topic, uint32_t partition)
{
    struct mr_log_place place = {topics, topic, partition, 0};
    struct mr_log_stat stat = {0};
    struct mr_error *e = mr_log_stat(&place, &stat);
    bool read = !e && stat.readers > 0 && stat.slowest_reader_pos >= stat.end_pos;
    bool waits = !e && stat.end_pos > stat.start_pos && !read;
    mr_error_free(e); /* an unreadable lane is the stage's to tell */
    return waits;
}

bool mr_retries_wait(const struct mr_home *h, const struct mr_plan *plan)
{
    struct mr_buf topics = {0}, topic = {0}, path = {0};
    bool waits = false;
    mr_layout_topics(&h->layout, &topics);
    for (size_t i = 0; i < plan->stage_count && !waits; i++) {
        const struct mr_plan_stage *s = &plan->stages[i];
        if (!mr_retry_topic(plan, s, "retry", &topic))
            continue;
        path.len = 0;
        mr_buf_printf(&path, "%s/%s", mr_buf_text(&topics), mr_buf_text(&topic));
        if (!mr_file_exists(mr_buf_text(&path)))
            continue;
        for (uint32_t p = 0; p < plan->groups[s->group].partitions && !waits; p++)
            waits = lane_waits(topics.ptr, mr_buf_str(&topic), p);
    }
    mr_buf_finish(&topics);
    mr_buf_finish(&topic);
    mr_buf_finish(&path);
    return waits;
}
