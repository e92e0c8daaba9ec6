/* Every error code of the system, once. Included several times with another MR_E; no guard.
 *
 * MR_E(symbol, number, sentence, remedy): printed as MR<number>. 1xxx runtime, 2xxx topology,
 * 3xxx connectors, 4xxx commands and supervision. Numbers are stable: add, never renumber. */
MR_E(OK, 0, "No error.", "")
/* 10xx base and files */
MR_E(BUG, 1000, "Something that must not happen happened.", "Please report it with the message.")
MR_E(IO, 1001, "A file operation failed.", "Check that the path exists and may be read or written.")
MR_E(DISK_FULL, 1002, "The disk is full.",
     "Free space there, or use another disk; the run resumes where it stopped.")
MR_E(READ_ONLY, 1003, "The place is read-only.",
     "Give a place that may be written: --state for the state, the sink's `file:` for output.")
MR_E(SYNC_FAILED, 1004, "The disk did not confirm a write.",
     "Check the disk; nothing uncommitted is used. Run again to resume.")
/* 11xx rows */
MR_E(ROW_BROKEN, 1100, "The bytes are not a row.",
     "The input was not written by Millrace or is damaged.")
MR_E(ROW_TOO_LARGE, 1101, "A row is larger than the limit.", "Raise `max_row_bytes` or split it.")
MR_E(JSON_INVALID, 1110, "The text is not valid JSON.", "Correct the line, or leave it rejected.")
MR_E(JSON_DUPLICATE_KEY, 1111, "An object has the same key twice.", "Keep one of them.")
MR_E(JSON_NOT_OBJECT, 1112, "A row must be a JSON object.",
     "Wrap the value, for instance {\"text\": ...}.")
MR_E(UTF8_INVALID, 1113, "The text is not valid UTF-8.",
     "Declare `encoding:` at the source, or `invalid_utf8: replace`.")
/* 12xx log and state */
MR_E(LOG_CORRUPT, 1200, "A frame of the log is damaged.",
     "Restore the file or replay the topic from an earlier stage.")
MR_E(LOG_VERSION, 1201, "A file was written by another version.",
     "Open it with the version that wrote it, or replay into a new state folder.")
MR_E(LOG_FOREIGN, 1202, "A file in the log folder is not a Millrace log.",
     "Move it away; the state folder belongs to Millrace alone.")
MR_E(LOG_TWO_WRITERS, 1203, "Another process writes this log.",
     "Stop the other run first (`millrace stop`).")
MR_E(LOG_TRIMMED, 1204, "The wanted rows are no longer kept.",
     "Replay from an earlier stage, or keep more with `retention:`.")
MR_E(LOG_READERS_FULL, 1205, "Too many readers of one topic.", "Read it through fewer stages.")
MR_E(LOG_FENCED, 1206, "The state is older than the log it writes.",
     "The state folder was lost or restored from a copy: `millrace clean`, then run again.")
MR_E(LINEAGE_GAP, 1210, "Rows of a lane are missing or were changed.",
     "The upstream log lost rows; replay from the stage named.")
MR_E(STORE_FAILED, 1220, "The state store failed.",
     "Check disk and permissions; committed state is intact.")
MR_E(STORE_LOCKED, 1221, "The state store is open in another process.",
     "Stop the other run first (`millrace stop`).")
MR_E(STORE_VERSION, 1222, "The state was written by another version.",
     "Use that version, or `millrace clean` and run again.")
/* 13xx operators, parameters, plan */
MR_E(PARAM_INVALID, 1300, "A parameter's value is not acceptable.",
     "See `millrace ops show OPERATOR` for type and range.")
MR_E(OP_DESCRIPTOR, 1301, "An operator's description is inconsistent.", "Correct the operator.")
MR_E(PLAN_INVALID, 1310, "The compiled plan cannot be used.",
     "Run the topology again to compile it anew.")
MR_E(PLAN_VERSION, 1311, "The plan was compiled by another version.",
     "Run the topology again to compile it anew.")
/* 20xx topology */
MR_E(YAML_SYNTAX, 2001, "The file is not valid YAML.", "Correct the line; indent with spaces.")
MR_E(YAML_LIMIT, 2002, "The topology is too large.", "Split it into several topologies.")
MR_E(YAML_SHAPE, 2003, "YAML is used in a way that topologies do not.", "See topology/README.md.")
MR_E(YAML_TWICE, 2004, "A name stands twice in one mapping.", "Remove or rename one of them.")
MR_E(TOPOLOGY_SHAPE, 2005, "Something of another shape is expected.", "See topology/README.md.")
MR_E(TOPOLOGY_KEY, 2006, "A setting is unknown.", "See topology/README.md for the settings.")
MR_E(TOPOLOGY_VALUE, 2007, "A setting's value is not acceptable.", "See topology/README.md.")
MR_E(TOPOLOGY_VARIABLE, 2008, "A variable has no value.",
     "Give it with --set NAME=VALUE, or write ${NAME:-default}.")
MR_E(TOPOLOGY_SET, 2009, "A --set changes nothing.",
     "Use --set NAME=VALUE for ${NAME}, or --set STAGE.PARAMETER=VALUE.")
MR_E(OP_UNKNOWN, 2010, "An operator is unknown.", "See `millrace ops list`.")
MR_E(OP_NAME_UNKNOWN, 2011, "A parameter or key role is unknown.", "See `millrace ops show OPERATOR`.")
MR_E(OP_PARAM_VALUE, 2012, "A parameter's value is not acceptable in a topology.",
     "See `millrace ops show OPERATOR` for type and range.")
MR_E(OP_PARAM_MISSING, 2013, "A required parameter is missing.", "Add it.")
MR_E(OP_ROLE_MISSING, 2014, "A required key role is not bound.", "Add `role: KEY`.")
MR_E(OP_ROLE_VALUE, 2015, "A key role is bound in a way it cannot be.",
     "Write `role: KEY`, or `role: [KEY, KEY]` where it takes several.")
MR_E(CONNECTOR_UNKNOWN, 2016, "A kind of source or sink is unknown.", "Write `files:` or `file:`.")
MR_E(PROMPT_INVALID, 2017, "A prompt cannot stand where it was put.",
     "See `millrace ops show OPERATOR` for its prompt slots; a text of your own may stand in each.")
MR_E(PROMPT_KEY, 2018, "A prompt asks for a key that is not there.",
     "Name a key of the rows that reach the stage; `{{` is a plain brace.")
MR_E(TOPOLOGY_EMPTY, 2019, "Something every topology needs is not there.",
     "A topology has a source, stages and a sink.")
MR_E(TOPOLOGY_ID, 2020, "A name does not fit.",
     "Use small letters, digits and dashes, a letter first, at most 63.")
MR_E(TOPOLOGY_ID_TWICE, 2021, "Two stages, sources or sinks have one name.", "Rename one of them.")
MR_E(TOPOLOGY_FROM, 2022, "A `from` names nothing that can be read.",
     "Name a source, a stage, or `stage.outcome`.")
MR_E(TOPOLOGY_CYCLE, 2023, "Stages read each other in a circle.", "Change one `from:`.")
MR_E(TOPOLOGY_UNUSED, 2024, "Nothing reads what a stage writes.",
     "Read it with `from:`, or remove it.")
MR_E(TOPOLOGY_ROUTE, 2025, "A route cannot be.",
     "Write `route: {NAME: EXPRESSION}`; names of small letters, digits and underscores.")
MR_E(TOPOLOGY_UNREACHABLE, 2026, "No row can get there.", "Remove it, or change what comes before.")
MR_E(TOPOLOGY_FEEDBACK, 2027, "Rows that left come back into the input they left.",
     "Write them to another place, and mend and return them by hand, or with `millrace dlq retry`.")
MR_E(TOPOLOGY_ORDER_LOST, 2028, "A stage that depends on order gets its rows out of order.",
     "`order: place` waits for the end of the input, `order: arrival` takes rows as they come.")
MR_E(TOPOLOGY_TARGET, 2029, "Two sinks write to one place.",
     "Give each a place of its own, or let one sink read both: `from: [A, B]`.")
MR_E(KEY_MISSING, 2030, "A key that is read is not there.", "Bind the role to a key that is there.")
MR_E(KEY_TYPE, 2031, "A key has another type than the role takes.",
     "Bind the role to another key, or cast it before.")
MR_E(KEY_OVERWRITTEN, 2032, "A key is overwritten.", "Bind the role to another key to keep both.")
MR_E(KEY_RESERVED, 2033, "The name of a key is reserved.", "Choose a name that does not begin with `_mr.`.")
MR_E(SOURCE_EMPTY, 2034, "A source finds nothing to read.",
     "Correct the pattern; if files come later, all is well.")
MR_E(KEY_MEDIA, 2035, "A key holds another kind of content than the role takes.",
     "Bind the role to a key of that kind, or use an operator for this one.")
MR_E(KEY_UNUSED, 2036, "A key is written and never used.",
     "Leave the role unbound, or keep the key to the end.")
MR_E(KEY_REPARTITION, 2037, "Rows that met by one key meet by another one.",
     "There is nothing to mend where both are meant.")
MR_E(TOPOLOGY_SCALE, 2040, "A scale or partition count cannot be.", "Change `scale:` or `partitions:`.")
MR_E(TOPOLOGY_WINDOW, 2041, "A window stands where none can be.", "Remove `window:`.")
MR_E(TOPOLOGY_ENDLESS, 2042, "An endless source feeds what needs an end.",
     "Declare a `window: {rows: N}` or `{idle: 10s}`, or make the source finite.")
MR_E(TOPOLOGY_HORIZON, 2043, "Less is kept than is to be replayed.",
     "Raise `retention:` or `disk_budget:`, or lower `replay_horizon:`.")
MR_E(TOPOLOGY_NOT_AVAILABLE, 2050, "This version cannot do it.", "Leave it out.")
MR_E(SERVING_MISSING, 2051, "A stage asks a model, and no serving is there for it.",
     "Declare `servings: {NAME: {kind: ..., endpoints: ..., model: ...}}` and name it with `serving:`.")
MR_E(SERVING_KIND, 2052, "A serving is of another kind than the stage needs.",
     "Name a serving of the kind that the operator asks for.")
MR_E(SERVING_INVALID, 2053, "A serving is not well described.",
     "A serving has `kind`, `endpoints` and `model`.")
MR_E(MODEL_STAGE, 2054, "Stages that ask a model cannot be run by this build.",
     "Everything else of the stage has been checked; take it out to run the others.")
MR_E(CASES_INVALID, 2060, "The cases beside a topology are not well written.",
     "See \"Cases\" in topology/README.md.")
/* 22xx expressions */
MR_E(EXPR_SYNTAX, 2200, "An expression is not well formed.", "See runtime/expr/README.md.")
MR_E(EXPR_TYPE, 2201, "Values of these types do not go together in an expression.",
     "Bring one side to the other's type: int(), float(), str().")
MR_E(EXPR_FUNCTION, 2202, "An expression calls a function that does not exist.",
     "See runtime/expr/functions.md.")
MR_E(EXPR_ARGUMENTS, 2203, "A function is called with too few or too many values.",
     "See runtime/expr/functions.md.")
MR_E(EXPR_KEY, 2204, "An expression reads a key that is not there.",
     "Write texts in quotes; has(KEY) asks for a key that may be missing.")
MR_E(EXPR_LIMIT, 2205, "An expression is too large.", "Split it into several stages.")
MR_E(EXPR_PATTERN, 2206, "A regular expression cannot be used.",
     "Correct it; in \"...\" a backslash is written twice, in '...' once.")
MR_E(EXPR_RESULT, 2207, "An expression gives another type than is wanted here.",
     "A condition is a comparison, or a key that is true or false.")
MR_E(EXPR_PYTHON, 2208, "A Python function cannot be run.", "Write it as an expression.")
MR_E(EXPR_VALUE, 2210, "A value of the row has another type than the expression takes.",
     "Cast it before, or test it with type().")
MR_E(EXPR_NUMBER, 2211, "A number is out of range, or a division is by zero.",
     "Guard it: if(n == 0, null, x / n).")
MR_E(EXPR_TOO_LARGE, 2212, "An expression makes too much text from one row.",
     "Cut it: substr(text, 0, 1000).")
/* 30xx files as sources and sinks */
MR_E(FORMAT_UNSUPPORTED, 3001, "Files of this format cannot be read.",
     "Convert them first; the message names a command.")
MR_E(FORMAT_UNKNOWN, 3002, "The format of a file cannot be told from its name.",
     "Give `format:`, one of jsonl, json, csv, tsv, text, markdown, html.")
MR_E(FILE_MISSING, 3003, "A file that a source names does not exist.",
     "Correct the path; a pattern with `*` may match nothing.")
MR_E(FILE_CHANGED, 3004, "A file changed after a part of it had been read.",
     "The next run reads the changed file as new; keep input files as they are during a run.")
MR_E(CODEC_BROKEN, 3005, "Compressed data is damaged or ends too early.",
     "Fetch or compress the file again.")
MR_E(CSV_INVALID, 3006, "A CSV record is malformed.",
     "Correct the record, or set `delimiter:` and `quote:` to what the file uses.")
MR_E(PATTERN_INVALID, 3007, "A file pattern is malformed.",
     "Use *, ?, [...], {a,b} and ** as a shell does.")
MR_E(SINK_LOST, 3010, "The unfinished output of an earlier run is gone or too short.",
     "Put the file back, or `millrace clean` and run again.")
MR_E(SINK_CHANGED, 3011, "The finished output was changed since it was written.",
     "Move it away to start a new file, or put the original back.")
MR_E(SINK_BUSY, 3012, "Another process writes this output.",
     "Stop the other run first (`millrace stop`), or give another path.")
MR_E(SINK_COLUMNS, 3013, "A row has a key that is not a column of the output.",
     "List all keys in `columns:`, or set `extra_keys: drop`.")
/* 40xx commands and supervision */
MR_E(USAGE, 4000, "The command line is wrong.", "`millrace help` lists commands and options.")
MR_E(NAME_UNKNOWN, 4001, "There is nothing of that name.", "Check the name.")
MR_E(RUN_UNKNOWN, 4002, "There is no such pipeline here.",
     "Give the topology file, or the folder of the state with --state.")
MR_E(RUN_BUSY, 4003, "Another run has the pipeline.", "Wait for it, or `millrace stop` it.")
MR_E(RUN_CHANGED, 4004, "The pipeline's definition changed.",
     "`millrace clean` forgets the old state; --state keeps both.")
MR_E(RUN_RECORD, 4005, "The record of the pipeline's runs cannot be read.",
     "`millrace clean` starts anew; the record is `runs.json` in the state folder.")
MR_E(EPOCH_STATE, 4006, "An epoch is not in a state for this.", "`millrace epochs` shows them.")
MR_E(STAGE_FAILED, 4010, "A stage process failed.",
     "The same command resumes once that is mended.")
MR_E(CONTROL, 4011, "The running pipeline did not answer.", "Look with `millrace status`.")
MR_E(SCALE, 4012, "A stage cannot have so many processes.", "Declare more `partitions:` at the stage.")
MR_E(METRICS, 4013, "The address for metrics cannot be used.",
     "Give a free one: `--metrics=127.0.0.1:0` takes any port and prints it.")
MR_E(LETTER_FINAL, 4020, "A dead letter cannot be tried again.",
     "Mend the input, or the topology, and run again.")
MR_E(ROW_UNKNOWN, 4022, "No row of that id is kept.",
     "`millrace topics cat STAGE --head` prints ids; rows that retention removed are gone.")
MR_E(ROW_AMBIGUOUS, 4023, "Several rows begin with these digits.", "Give more digits of the id.")
