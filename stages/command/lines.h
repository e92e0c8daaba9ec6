/* Lines of a stream, one by one, with bounded memory. Thread: the owner. */
#ifndef MR_COMMAND_LINES_H
#define MR_COMMAND_LINES_H

#include <stdio.h>

#include "runtime/base/buf.h"

struct mr_lines {
    FILE *in;
    size_t max_bytes;   /* of one line */
    uint64_t number;    /* of the line last given, from 1 */
    struct mr_buf line;
};

/* The next line without its end, borrowed until the next call; false at the end. *too_long: only the
 * beginning is given, the rest was skipped. */
bool mr_lines_next(struct mr_lines *l, struct mr_str *line, bool *too_long);
void mr_lines_finish(struct mr_lines *l);

#endif
