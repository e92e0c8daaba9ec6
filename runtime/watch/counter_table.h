/* Every counter of a stage, once. MR_COUNTER(symbol, name, metric, kind, unit, sentence); no guard.
 * name: in tables and JSON; metric: for Prometheus, which adds `millrace_` and, where it only GROWS,
 * `_total`; kind: GROWS within a run, or a GAUGE. */
MR_COUNTER(IN, "in", "rows_in", GROWS, "rows", "Rows that entered the stage.")
MR_COUNTER(FORWARDED, "out", "rows_out", GROWS, "rows", "Rows that went on.")
MR_COUNTER(DROPPED, "dropped", "rows_dropped", GROWS, "rows", "Rows that left on purpose.")
MR_COUNTER(REJECTED, "rejected", "rows_rejected", GROWS, "rows", "Rows that could not be processed.")
MR_COUNTER(ABSORBED, "absorbed", "rows_absorbed", GROWS, "rows",
           "Rows taken into children, aggregates or state.")
MR_COUNTER(HELD, "held", "rows_held", GAUGE, "rows", "Rows waiting for a cut.")
MR_COUNTER(EMITTED, "emitted", "rows_emitted", GROWS, "rows",
           "Rows made by the stage (children, aggregates).")
MR_COUNTER(REFUSED, "refused_children", "children_refused", GROWS, "rows",
           "Rows made by the stage that could not go on.")
MR_COUNTER(BYTES_IN, "bytes_in", "in_bytes", GROWS, "bytes", "Bytes of rows that entered.")
MR_COUNTER(BYTES_OUT, "bytes_out", "out_bytes", GROWS, "bytes", "Bytes of rows that went on.")
MR_COUNTER(REPEATS, "repeats", "row_repeats", GROWS, "rows", "Rows met again and skipped.")
MR_COUNTER(ALARMS, "alarms", "lineage_alarms", GROWS, "alarms", "Lineage alarms.")
MR_COUNTER(COMMITS, "commits", "commits", GROWS, "commits", "Commits.")
MR_COUNTER(LAG_BYTES, "lag", "lag_bytes", GAUGE, "bytes", "Bytes of input not yet read.")
