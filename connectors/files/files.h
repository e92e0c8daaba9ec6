/* Files as source and sink: JSON Lines, JSON, CSV, TSV, text, Markdown, HTML, plain or compressed. */
#ifndef MR_CONNECTORS_FILES_FILES_H
#define MR_CONNECTORS_FILES_FILES_H

#include "runtime/op/connector.h"

extern const struct mr_source_type mr_source_files; /* `files:` */
extern const struct mr_sink_type mr_sink_file;      /* `file:`  */

#endif
