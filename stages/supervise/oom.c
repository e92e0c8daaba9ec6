/* Whether the kernel has killed for want of memory: what tells such a SIGKILL from anybody else's.
 *
 * The count of our control group's memory.events where there is one, else the whole machine's in
 * /proc/vmstat: a process of ours that ends by SIGKILL while the count grows was ended by that. */
#include "runtime/base/file.h"
#include "stages/supervise/inside.h"

enum { FILE_MAX_BYTES = 1 << 20 };

bool oom_parse(struct mr_str text, uint64_t *count)
{
    for (size_t at = 0, end; at < text.len; at = end + 1) {
        end = mr_str_find(text, MR_STR("\n"), at);
        end = end == SIZE_MAX ? text.len : end;
        struct mr_str line = mr_str_span(text.ptr + at, end - at), name = MR_STR("oom_kill ");
        if (mr_str_starts(line, name))
            return mr_str_to_uint(mr_str_trim(mr_str_span(line.ptr + name.len, line.len - name.len)),
                                  count);
    }
    return false;
}

static bool count_in(const char *path, uint64_t *count)
{
    struct mr_buf text = {0};
    struct mr_error *e = mr_file_read(path, FILE_MAX_BYTES, &text);
    bool found = !e && oom_parse(mr_buf_str(&text), count);
    mr_error_free(e);
    mr_buf_finish(&text);
    return found;
}

/* "0::/path" in /proc/self/cgroup names the folder of our control group. */
static bool count_of_group(uint64_t *count)
{
    struct mr_buf text = {0}, path = {0};
    struct mr_error *e = mr_file_read("/proc/self/cgroup", FILE_MAX_BYTES, &text);
    struct mr_str line = mr_str_trim(mr_buf_str(&text)), prefix = MR_STR("0::/");
    bool found = false;
    if (!e && mr_str_starts(line, prefix) && mr_str_find(line, MR_STR("\n"), 0) == SIZE_MAX) {
        mr_buf_printf(&path, "/sys/fs/cgroup/%.*s/memory.events", (int)(line.len - prefix.len),
                      line.ptr + prefix.len);
        found = count_in(mr_buf_text(&path), count);
    }
    mr_error_free(e);
    mr_buf_finish(&text);
    mr_buf_finish(&path);
    return found;
}

uint64_t oom_kills(void)
{
    uint64_t count = 0;
    if (!count_of_group(&count) && !count_in("/proc/vmstat", &count))
        return 0; /* never grows: a SIGKILL blames nobody then */
    return count;
}
