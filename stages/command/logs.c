/* `millrace logs`: the log of a pipeline, for people; --json gives its lines as they are. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "runtime/row/json.h"
#include "stages/command/lines.h"
#include "stages/command/program.h"
#include "stages/supervise/log.h"

struct options {
    struct mr_str state, stage;
    int level;
    bool follow, json;
};

static const struct mr_option option_table[] = {
    {.name = "follow",
     .letter = 'f',
     MR_OPTION(struct options, follow),
     .doc = "Go on with new lines until the run is over."},
    {.name = "stage",
     MR_OPTION(struct options, stage),
     .value = "STAGE",
     .doc = "Only what is about this stage."},
    {.name = "level",
     MR_OPTION(struct options, level),
     .choices = "info|warn|error",
     .doc = "Only lines of this level and above."},
    MR_OPTION_STATE(struct options),
    MR_OPTION_JSON(struct options),
    {0},
};

enum { LINE_MAX_BYTES = 64 << 10, LOOK_MS = 200 };

struct reading {
    const struct options *o;
    const struct mr_home *home;
    struct mr_json_reader *reader;
    struct mr_buf packed;
};

static struct mr_value member(struct mr_value map, const char *name)
{
    struct mr_walk w;
    struct mr_value key, value;
    mr_walk_begin(&w, map);
    while (mr_walk_next(&w, &key) && mr_walk_next(&w, &value))
        if (mr_str_is(mr_value_text(key), name))
            return value;
    return (struct mr_value){0};
}

static struct mr_str text_of(struct mr_value map, const char *name)
{
    struct mr_value v = member(map, name);
    return mr_value_type(v) == MR_TEXT ? mr_value_text(v) : (struct mr_str){0};
}

static bool number_of(struct mr_value map, const char *name, uint64_t *out)
{
    struct mr_value v = member(map, name);
    return mr_value_type(v) == MR_INT && mr_value_uint(v, out);
}

static bool is_wanted(const struct options *o, struct mr_value line)
{
    struct mr_str level = text_of(line, "level");
    int rank = MR_LEVEL_INFO;
    for (int i = MR_LEVEL_INFO; i <= MR_LEVEL_ERROR; i++)
        if (mr_str_is(level, mr_level_name((enum mr_log_level)i)))
            rank = i;
    return (!o->level || rank >= o->level - 1) &&
           (!o->stage.len || mr_str_eq(o->stage, text_of(line, "stage")));
}

static void add_human(struct mr_value line, struct mr_buf *out)
{
    struct mr_str stage = text_of(line, "stage");
    uint64_t process, count;
    mr_buf_printf(out, "%.*s %-5.*s ", MR_FMT(text_of(line, "time")),
                  MR_FMT(text_of(line, "level")));
    if (stage.len && number_of(line, "process", &process))
        mr_buf_printf(out, "%.*s/%llu ", MR_FMT(stage), (unsigned long long)process);
    mr_buf_adds(out, text_of(line, "message"));
    if (number_of(line, "count", &count))
        mr_buf_printf(out, " (%llu more times since %.*s)", (unsigned long long)count,
                      MR_FMT(text_of(line, "first")));
    mr_buf_addc(out, '\n');
}

/* A line that is not JSON is one that a full disk cut: left out. */
static void print_line(struct reading *r, struct mr_str line)
{
    struct mr_buf out = {0};
    r->packed.len = 0;
    struct mr_error *e = mr_json_read_object(r->reader, line, MR_UTF8_REPLACE, &r->packed);
    struct mr_value map = {(const uint8_t *)r->packed.ptr, (uint32_t)r->packed.len};
    if (!e && is_wanted(r->o, map)) {
        if (r->o->json) {
            mr_buf_adds(&out, line);
            mr_buf_addc(&out, '\n');
        } else {
            add_human(map, &out);
        }
        mr_print(&out);
    }
    mr_error_free(e);
    mr_buf_finish(&out);
}

static void print_rest(struct reading *r, FILE *f)
{
    struct mr_lines lines = {.in = f, .max_bytes = LINE_MAX_BYTES};
    struct mr_str line;
    bool too_long;
    clearerr(f);
    while (mr_lines_next(&lines, &line, &too_long))
        if (!too_long && line.len)
            print_line(r, line);
    mr_lines_finish(&lines);
    fflush(stdout);
}

static FILE *open_log(const struct mr_home *home, bool old)
{
    struct mr_buf path = {0};
    mr_event_log_path(home, old, &path);
    FILE *f = fopen(path.ptr, "re");
    mr_buf_finish(&path);
    return f;
}

/* Whether the file was set aside and another one stands in its place. */
static bool was_rotated(const struct mr_home *home, FILE *f)
{
    struct stat mine, there;
    struct mr_buf path = {0};
    mr_event_log_path(home, false, &path);
    bool other =
        fstat(fileno(f), &mine) == 0 && stat(path.ptr, &there) == 0 && mine.st_ino != there.st_ino;
    mr_buf_finish(&path);
    return other;
}

/* Looks once more after the run is over: its last lines are written before its lock is free. */
static void follow(struct reading *r, FILE **f)
{
    pid_t supervisor;
    for (bool running = true; running;) {
        running = mr_home_running(r->home, &supervisor);
        if (*f)
            print_rest(r, *f);
        if (*f && was_rotated(r->home, *f)) {
            print_rest(r, *f);
            fclose(*f);
            *f = NULL;
        }
        if (!*f && (*f = open_log(r->home, false)))
            print_rest(r, *f);
        if (running)
            poll(NULL, 0, LOOK_MS);
    }
}

static void print_all(struct reading *r)
{
    FILE *old = open_log(r->home, true), *f = open_log(r->home, false);
    if (old) {
        print_rest(r, old);
        fclose(old);
    }
    if (f)
        print_rest(r, f);
    if (r->o->follow)
        follow(r, &f);
    if (f)
        fclose(f);
}

static enum mr_exit run(const struct mr_call *call)
{
    const struct options *o = call->options;
    struct mr_home home = {0};
    struct mr_str wanted = call->arg_count ? call->args[0] : (struct mr_str){0};
    struct mr_error *e = mr_home_find(&home, o->state, wanted);
    if (e)
        return mr_fail(e);
    struct reading r = {.o = o, .home = &home, .reader = mr_json_reader_create()};
    print_all(&r);
    mr_json_reader_destroy(r.reader);
    mr_buf_finish(&r.packed);
    mr_home_finish(&home);
    return MR_EXIT_OK;
}

const struct mr_command mr_command_logs = {
    .name = "logs",
    .arguments = "[PIPELINE|TOPOLOGY]",
    .max_args = 1,
    .doc = "Print what happened to a pipeline's processes: starts, ends, restarts, blame, scale.",
    .notes =
        "The log lies in `log.jsonl` of the pipeline's state folder, older lines in `log.1.jsonl`.",
    .options_size = sizeof(struct options),
    .options = option_table,
    .run = run,
};
