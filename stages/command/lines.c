/* Reads lines of any length; what is beyond the limit is skipped, never stored. */
#include "stages/command/lines.h"

bool mr_lines_next(struct mr_lines *l, struct mr_str *line, bool *too_long)
{
    l->line.len = 0;
    *too_long = false;
    int c = getc_unlocked(l->in);
    if (c == EOF)
        return false;
    for (; c != EOF && c != '\n'; c = getc_unlocked(l->in)) {
        if (l->line.len < l->max_bytes)
            mr_buf_addc(&l->line, (char)c);
        else
            *too_long = true;
    }
    if (l->line.len && l->line.ptr[l->line.len - 1] == '\r' && !*too_long)
        l->line.len--;
    l->number++;
    *line = mr_buf_str(&l->line);
    return true;
}

void mr_lines_finish(struct mr_lines *l)
{
    mr_buf_finish(&l->line);
}
