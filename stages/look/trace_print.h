/* How the way of a row is shown. Thread: main. */
#ifndef MR_LOOK_TRACE_PRINT_H
#define MR_LOOK_TRACE_PRINT_H

#include "runtime/base/json_out.h"
#include "stages/look/trace.h"

void mr_trace_json(const struct mr_trace *t, const struct mr_id *id, struct mr_json_out *j);
void mr_trace_text(const struct mr_trace *t, const struct mr_id *id, struct mr_buf *out);

#endif
