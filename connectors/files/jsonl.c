/* JSON Lines: one object a line; blank lines are passed over; a bad line costs itself only. */
#include "connectors/files/files_private.h"

/* Length of the line at the front without its end, *eat with it; false at the end of the file.
 * Stops looking once the line is longer than the limit (*eat 0). */
static bool find_line(struct files_window *w, size_t limit, size_t *len, size_t *eat)
{
    size_t seen = 0;
    for (;;) {
        size_t have = w->end - w->start;
        const char *nl = have > seen ? memchr(w->ptr + w->start + seen, '\n', have - seen) : NULL;
        if (nl) {
            *len = (size_t)(nl - (w->ptr + w->start));
            *eat = *len + 1;
            return true;
        }
        seen = have;
        if (seen > limit) {
            *len = seen;
            *eat = 0;
            return true;
        }
        if (!mr_files__window_more(w) && w->end - w->start == seen) {
            *len = *eat = seen;
            return seen > 0;
        }
    }
}

static void eat_rest_of_line(struct files_reader *r)
{
    struct files_window *w = &r->window;
    for (;;) {
        size_t have = w->end - w->start;
        const char *nl = have ? memchr(w->ptr + w->start, '\n', have) : NULL;
        mr_files__window_eat(w, nl ? (size_t)(nl - (w->ptr + w->start)) + 1 : have);
        if (nl || !mr_files__window_more(w))
            return;
    }
}

static bool reject_long(struct files_reader *r, struct files_record *out)
{
    struct files_window *w = &r->window;
    r->scratch.len = 0;
    mr_buf_add(&r->scratch, w->ptr + w->start, 1024);
    eat_rest_of_line(r);
    return mr_files__reject(
        r, out, mr_error(MR_ROW_TOO_LARGE, "the line is longer than %zu bytes", r->record_limit),
        mr_buf_str(&r->scratch), false);
}

/* The file broke off: the piece of a line that is left goes with the reason. */
static bool reject_end(struct files_reader *r, struct files_record *out, struct mr_str line)
{
    struct mr_error *why = r->window.failed;
    r->window.failed = NULL;
    out->line = r->lines + 1;
    return mr_files__reject(r, out, why, line, true);
}

bool mr_files__jsonl_next(struct files_reader *r, struct files_record *out)
{
    struct files_window *w = &r->window;
    for (;;) {
        size_t len, eat;
        bool found = find_line(w, r->record_limit, &len, &eat);
        struct mr_str line = mr_str_span(w->ptr + w->start, found ? len : 0);
        if (w->failed && eat == len && eat == w->end - w->start)
            return reject_end(r, out, line);
        if (!found)
            return false;
        out->line = ++r->lines;
        if (!eat || len > r->record_limit)
            return reject_long(r, out);
        mr_files__window_eat(w, eat);
        if (!mr_str_trim(line).len)
            continue;
        if (line.ptr[line.len - 1] == '\r')
            line.len--;
        r->map.len = 0;
        struct mr_error *why = mr_json_read_object(
            r->options.json, line, (enum mr_invalid_utf8)r->options.params->invalid_utf8, &r->map);
        if (why)
            return mr_files__reject(r, out, why, line, false);
        out->map = mr_buf_str(&r->map);
        return true;
    }
}
