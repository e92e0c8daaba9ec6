/* `millrace runs ls|show`: what every run of a pipeline was. */
#include <stdlib.h>
#include <time.h>

#include "runtime/row/json.h"
#include "stages/look/browse.h"
#include "stages/command/command.h"
#include "stages/supervise/history.h"

struct options {
    struct mr_str state, pipeline;
    uint64_t limit;
    bool json;
};

/* A run's file, as a map. */
struct entry {
    struct mr_buf text, packed;
};

static void entry_finish(struct entry *e)
{
    mr_buf_finish(&e->text);
    mr_buf_finish(&e->packed);
}

static struct mr_error *entry_read(const struct mr_home *h, uint32_t run, struct entry *out,
                                   bool *found)
{
    *out = (struct entry){0};
    MR_TRY(mr_history_read(h, run, &out->text, found));
    if (!*found)
        return NULL;
    struct mr_json_reader *reader = mr_json_reader_create();
    struct mr_error *e =
        mr_json_read_object(reader, mr_buf_str(&out->text), MR_UTF8_REJECT, &out->packed);
    mr_json_reader_destroy(reader);
    return mr_error_wrap(e, "reading the file of run %u", run);
}

static void add_time(uint64_t ms, struct mr_buf *out)
{
    struct tm parts;
    char text[32];
    time_t seconds = (time_t)(ms / 1000);
    if (!ms || !localtime_r(&seconds, &parts) ||
        !strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts))
        text[0] = '-', text[1] = 0;
    mr_buf_printf(out, "%-19s", text);
}

static void list_line(struct mr_str map, struct mr_buf *out)
{
    static const char *const counts[] = {"rows_in", "rows_out", "dropped", "rejected"};
    struct mr_buf took = {0};
    mr_buf_printf(out, "%5llu %5llu  ", (unsigned long long)mr_browse_uint(map, "run"),
                  (unsigned long long)mr_browse_uint(map, "epoch"));
    add_time(mr_browse_uint(map, "started_ms"), out);
    mr_buf_addz(out, "  ");
    add_time(mr_browse_uint(map, "ended_ms"), out);
    mr_table_duration(mr_browse_uint(map, "active_ms"), &took);
    mr_buf_printf(out, "  %8s  %-11.*s", mr_buf_text(&took), MR_FMT(mr_browse_text(map, "state")));
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        struct mr_buf number = {0};
        mr_table_count(mr_browse_uint(map, counts[i]), &number);
        mr_buf_printf(out, " %13s", mr_buf_text(&number));
        mr_buf_finish(&number);
    }
    mr_buf_addc(out, '\n');
    mr_buf_finish(&took);
}

/* Without table and summary. */
static void list_json(struct mr_str map, struct mr_json_out *j)
{
    struct mr_walk w;
    struct mr_value key, value;
    mr_json_begin_object(j);
    mr_walk_begin(&w, (struct mr_value){(const uint8_t *)map.ptr, (uint32_t)map.len});
    while (mr_walk_next(&w, &key) && mr_walk_next(&w, &value)) {
        struct mr_buf text = {0};
        if (mr_value_type(value) == MR_MAP || mr_str_is(mr_value_text(key), "table"))
            continue;
        mr_json_write_value(value, &text);
        mr_json_key_str(j, mr_value_text(key));
        mr_json_raw(j, mr_buf_str(&text));
        mr_buf_finish(&text);
    }
    mr_json_end_object(j);
    mr_print_json(j);
}

/* A run at work, or one whose supervisor was killed, has no file of its last session. */
static void unwritten(const struct mr_home *h, const struct mr_record *record, struct mr_buf *map)
{
    pid_t supervisor;
    mr_pack_map(map, 3);
    mr_pack_text(map, MR_STR("run"));
    mr_pack_uint(map, record->run);
    mr_pack_text(map, MR_STR("state"));
    mr_pack_text(map, mr_home_running(h, &supervisor) ? MR_STR("running") : MR_STR("interrupted"));
    mr_pack_text(map, MR_STR("started_ms"));
    mr_pack_uint(map, record->started_ms);
}

static void print_entry(const struct options *o, struct mr_str map, struct mr_buf *text,
                        struct mr_json_out *j)
{
    if (o->json) {
        list_json(map, j);
        return;
    }
    list_line(map, text);
}

static struct mr_error *list(const struct options *o, const struct mr_home *h,
                             struct mr_arena *arena, struct mr_buf *text, struct mr_json_out *j)
{
    struct mr_record record;
    uint32_t *runs;
    size_t count, first = 0;
    pid_t supervisor;
    MR_TRY(mr_record_load(h, arena, &record));
    MR_TRY(mr_history_list(h, arena, &runs, &count));
    bool last = count && runs[count - 1] == record.run;
    bool open = record.run && !record.complete && (!last || mr_home_running(h, &supervisor));
    count -= open && last; /* of an earlier session */
    if (o->limit && count > o->limit)
        first = count - o->limit;
    if (!o->json)
        mr_buf_printf(text, "%5s %5s  %-19s  %-19s  %8s  %-11s %13s %13s %13s %13s\n", "run", "epoch",
                      "started", "ended", "at work", "state", "rows in", "rows out", "dropped",
                      "rejected");
    for (size_t i = first; i < count; i++) {
        struct entry entry;
        bool found;
        struct mr_error *e = entry_read(h, runs[i], &entry, &found);
        if (!e && found)
            print_entry(o, mr_buf_str(&entry.packed), text, j);
        entry_finish(&entry);
        if (e)
            return e;
    }
    if (open) {
        struct mr_buf map = {0};
        unwritten(h, &record, &map);
        print_entry(o, mr_buf_str(&map), text, j);
        mr_buf_finish(&map);
    }
    mr_print(text);
    return NULL;
}

static enum mr_exit run_list(const struct mr_call *call)
{
    const struct options *o = call->options;
    struct mr_home home = {0};
    struct mr_buf text = {0};
    struct mr_json_out j = {0};
    struct mr_str wanted = call->arg_count ? call->args[0] : (struct mr_str){0};
    struct mr_error *e = mr_home_find(&home, o->state, wanted);
    if (!e) {
        e = list(o, &home, call->arena, &text, &j);
        mr_home_finish(&home);
    }
    mr_buf_finish(&text);
    mr_buf_finish(&j.text);
    return e ? mr_fail(e) : MR_EXIT_OK;
}

static struct mr_error *show(const struct options *o, const struct mr_home *h, uint32_t run)
{
    struct entry entry;
    bool found;
    struct mr_error *e = entry_read(h, run, &entry, &found);
    if (!e && !found)
        e = mr_error_remedy(mr_error(MR_NAME_UNKNOWN, "there is no record of run %u", run),
                            "`millrace runs ls` lists the runs kept, %d at most; `millrace status` "
                            "shows one at work.",
                            MR_HISTORY_KEPT);
    if (!e && o->json) {
        mr_print(&entry.text);
    } else if (!e) {
        struct mr_str map = mr_buf_str(&entry.packed);
        struct mr_buf text = {0};
        mr_buf_printf(&text, "run %llu, epoch %llu: started ",
                      (unsigned long long)mr_browse_uint(map, "run"),
                      (unsigned long long)mr_browse_uint(map, "epoch"));
        add_time(mr_browse_uint(map, "started_ms"), &text);
        mr_buf_addz(&text, ", ended ");
        add_time(mr_browse_uint(map, "ended_ms"), &text);
        mr_buf_printf(&text, "\n\n%.*s", MR_FMT(mr_browse_text(map, "table")));
        mr_print(&text);
        mr_buf_finish(&text);
    }
    entry_finish(&entry);
    return e;
}

static enum mr_exit run_show(const struct mr_call *call)
{
    const struct options *o = call->options;
    struct mr_home home = {0};
    struct mr_record record;
    uint64_t run = 0;
    struct mr_error *e = NULL;
    if (call->arg_count && (!mr_str_to_uint(call->args[0], &run) || !run || run > UINT32_MAX))
        return mr_fail(mr_error(MR_USAGE, "\"%.*s\" is not the number of a run",
                                MR_FMT(call->args[0])));
    e = mr_home_find(&home, o->state, o->pipeline);
    if (e)
        return mr_fail(e);
    e = mr_record_load(&home, call->arena, &record);
    if (!e)
        e = show(o, &home, run ? (uint32_t)run : record.run);
    mr_home_finish(&home);
    return e ? mr_fail(e) : MR_EXIT_OK;
}

static const struct mr_option list_options[] = {
    {.name = "limit", .letter = 'n', MR_OPTION(struct options, limit), .value = "N", .least = 1,
     .doc = "Only the last N runs."},
    MR_OPTION_STATE(struct options),
    MR_OPTION_JSON(struct options),
    {0},
};

static const struct mr_option show_options[] = {
    {.name = "pipeline", MR_OPTION(struct options, pipeline), .value = "PIPELINE",
     .doc = "Which pipeline, where several are in the state folder."},
    MR_OPTION_STATE(struct options),
    MR_OPTION_JSON(struct options),
    {0},
};

static const struct mr_command list_command = {
    .name = "ls",
    .arguments = "[PIPELINE|TOPOLOGY]",
    .max_args = 1,
    .doc = "List the runs of a pipeline: when, how they ended, rows in and out.",
    .notes = "The last 1,000 runs are kept.",
    .options_size = sizeof(struct options),
    .options = list_options,
    .run = run_list,
};

static const struct mr_command show_command = {
    .name = "show",
    .arguments = "[RUN]",
    .max_args = 1,
    .doc = "Show the table of a run, the last one by default.",
    .notes = "  millrace runs show 12\n  millrace runs show --json --pipeline web-clean",
    .options_size = sizeof(struct options),
    .options = show_options,
    .run = run_show,
};

static const struct mr_command *const subs[] = {&list_command, &show_command, NULL};

const struct mr_command mr_command_runs = {
    .name = "runs",
    .doc = "Look at what earlier runs did.",
    .subs = subs,
};
