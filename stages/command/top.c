/* `millrace top`: a live view of a running pipeline, read from its pages; needs no supervisor. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "runtime/base/clock.h"
#include "stages/command/program.h"
#include "stages/supervise/totals.h"

struct options {
    struct mr_str state;
    bool once, json;
};

static const struct mr_option option_table[] = {
    {.name = "once", MR_OPTION(struct options, once), .doc = "Print one view and end."},
    MR_OPTION_STATE(struct options),
    MR_OPTION_JSON(struct options),
    {0},
};

enum { EVERY_MS = 1000, NAME_WIDTH = 24 };

/* One stage at one look. */
struct line {
    uint64_t in, out, cpu_ns;            /* so far */
    double in_rate, out_rate, cpu_share; /* since the look before */
    uint64_t memory_bytes, restarts;     /* of its processes; at the first stage of a group */
    const char *state;
};

struct view {
    const struct mr_home *home;
    struct mr_record record;
    struct mr_plan *plan;
    struct mr_totals *totals;
    struct line *lines;
    uint64_t looked_ms; /* 0: not yet */
    bool running;
};

static const char *const states[] = {"starting", "working", "waiting",
                                     "blocked",  "ended",   "failed"};
/* Of several processes the one that says most about the stage. */
static const int weights[] = {4, 2, 1, 3, 0, 5};

static double rate(uint64_t now, uint64_t before, double passed_s)
{
    return passed_s > 0 && now > before ? (double)(now - before) / passed_s : 0;
}

static void take_pages(struct view *v, int group)
{
    struct mr_page *pages[MR_PLAN_PROCESSES_MAX];
    struct line *line = &v->lines[v->plan->groups[group].stages[0]];
    uint32_t scale;
    int weight = -1;
    size_t count = mr_pages_open(&v->home->layout, v->plan, group, pages, &scale);
    line->memory_bytes = line->restarts = 0;
    line->state = v->running ? "starting" : "stopped";
    for (size_t i = 0; i < count; i++) {
        uint32_t state = atomic_load(&pages[i]->state);
        mr_totals_add_page(v->totals, pages[i]);
        line->restarts += atomic_load(&pages[i]->restarts);
        if (v->running && state < MR_PROC_ENDED)
            line->memory_bytes += mr_process_memory((long)atomic_load(&pages[i]->pid));
        if (v->running && state < sizeof weights / sizeof *weights && weights[state] > weight) {
            weight = weights[state];
            line->state = states[state];
        }
        mr_page_close(pages[i]);
    }
    mr_totals_set_processes(v->totals, group, scale);
}

static void take_rates(struct view *v, double passed_s)
{
    for (size_t i = 0; i < v->plan->stage_count; i++) {
        const struct mr_stage_total *t = &v->totals->stages[i];
        struct line *l = &v->lines[i];
        uint64_t out = t->counter[MR_C_FORWARDED] + t->counter[MR_C_EMITTED];
        l->in_rate = rate(t->counter[MR_C_IN], l->in, passed_s);
        l->out_rate = rate(out, l->out, passed_s);
        l->cpu_share = rate(t->cpu_ns, l->cpu_ns, passed_s) / 1e9;
        l->in = t->counter[MR_C_IN];
        l->out = out;
        l->cpu_ns = t->cpu_ns;
    }
}

static void look(struct view *v)
{
    pid_t supervisor;
    uint64_t now = mr_now_ms();
    v->running = mr_home_running(v->home, &supervisor);
    mr_totals_clear(v->totals);
    for (size_t g = 0; g < v->plan->group_count; g++)
        take_pages(v, (int)g);
    /* The first rates are those since the run began. */
    uint64_t wall = mr_wall_ms(), began = v->record.started_ms;
    uint64_t passed = v->looked_ms ? now - v->looked_ms : wall > began ? wall - began : 0;
    take_rates(v, (double)passed / 1000.0);
    v->looked_ms = now;
}

/* ---- showing ---- */

static void json_line(const struct view *v, size_t i, struct mr_json_out *j)
{
    const struct mr_stage_total *t = &v->totals->stages[i];
    const struct mr_plan_group *g = &v->plan->groups[v->plan->stages[i].group];
    const struct line *l = &v->lines[i], *head = &v->lines[g->stages[0]];
    mr_json_begin_object(j);
    mr_json_key(j, "stage");
    mr_json_text(j, v->plan->stages[i].id);
    mr_json_key(j, "state");
    mr_json_textz(j, head->state);
    for (int c = 0; c < MR_COUNTERS; c++) {
        mr_json_key(j, mr_counter_table[c].name);
        mr_json_uint(j, t->counter[c]);
    }
    const struct {
        const char *name;
        double value;
    } figures[] = {{"in_per_s", l->in_rate}, {"out_per_s", l->out_rate}, {"cpu", head->cpu_share}};
    for (size_t k = 0; k < sizeof figures / sizeof *figures; k++) {
        mr_json_key(j, figures[k].name);
        mr_json_real(j, figures[k].value);
    }
    mr_json_key(j, "memory_bytes");
    mr_json_uint(j, head->memory_bytes);
    mr_json_key(j, "restarts");
    mr_json_uint(j, head->restarts);
    mr_json_key(j, "processes");
    mr_json_uint(j, t->processes);
    mr_json_key(j, "partitions");
    mr_json_uint(j, g->partitions);
    mr_json_end_object(j);
}

static void print_json(const struct view *v)
{
    struct mr_json_out j = {0};
    mr_json_begin_object(&j);
    mr_json_key(&j, "pipeline");
    mr_json_text(&j, v->plan->name);
    mr_json_key(&j, "run");
    mr_json_uint(&j, v->record.run);
    mr_json_key(&j, "running");
    mr_json_bool(&j, v->running);
    mr_json_key(&j, "stages");
    mr_json_begin_array(&j);
    for (size_t i = 0; i < v->plan->stage_count; i++)
        json_line(v, i, &j);
    mr_json_end_array(&j);
    mr_json_end_object(&j);
    mr_print_json(&j);
    fflush(stdout);
    mr_buf_finish(&j.text);
}

static void cell_count(struct mr_buf *out, int width, uint64_t value)
{
    struct mr_buf cell = {0};
    mr_table_count(value, &cell);
    mr_buf_printf(out, "  %*s", width, mr_buf_text(&cell));
    mr_buf_finish(&cell);
}

static void cell_bytes(struct mr_buf *out, uint64_t value)
{
    struct mr_buf cell = {0};
    mr_table_bytes(value, &cell);
    mr_buf_printf(out, "  %9s", mr_buf_text(&cell));
    mr_buf_finish(&cell);
}

static void add_stage(const struct view *v, size_t i, struct mr_buf *out)
{
    const struct mr_plan_stage *s = &v->plan->stages[i];
    const struct mr_stage_total *t = &v->totals->stages[i];
    const struct mr_plan_group *g = &v->plan->groups[s->group];
    const struct line *l = &v->lines[i];
    int width = s->id.len < NAME_WIDTH ? (int)s->id.len : NAME_WIDTH;
    mr_buf_printf(out, "%-*.*s", NAME_WIDTH, width, s->id.ptr);
    cell_count(out, 9, (uint64_t)l->in_rate);
    cell_count(out, 9, (uint64_t)l->out_rate);
    cell_bytes(out, t->counter[MR_C_LAG_BYTES]);
    cell_count(out, 11, t->counter[MR_C_DROPPED]);
    cell_count(out, 9, t->counter[MR_C_REJECTED]);
    if (g->stages[0] != (int)i) { /* the process is that of the stage above */
        mr_buf_addz(out, "     \"          \"         \"       \"  \"\n");
        return;
    }
    mr_buf_printf(out, "  %5.0f%%", 100.0 * l->cpu_share);
    cell_bytes(out, l->memory_bytes);
    mr_buf_printf(out, "  %8llu  %3u/%-3u  %s\n", (unsigned long long)l->restarts, t->processes,
                  g->partitions, l->state);
}

static void add_view(const struct view *v, size_t most, struct mr_buf *out)
{
    mr_buf_printf(out, "%.*s, run %u, %s\n", MR_FMT(v->plan->name), v->record.run,
                  v->running ? "running" : "not running");
    mr_buf_printf(out, "%-*s  %9s  %9s  %9s  %11s  %9s  %6s  %9s  %8s  %7s  %s\n", NAME_WIDTH,
                  "stage", "in/s", "out/s", "lag", "dropped", "rejected", "CPU", "memory",
                  "restarts", "scale", "state");
    for (size_t i = 0; i < v->plan->stage_count && i < most; i++)
        add_stage(v, i, out);
    if (v->plan->stage_count > most)
        mr_buf_printf(out, "… and %zu more stages\n", v->plan->stage_count - most);
}

/* ---- the terminal ---- */

static struct termios before;
static volatile sig_atomic_t over;

static void on_signal(int number)
{
    (void)number;
    over = 1;
}

/* The other screen, without a cursor; keys come at once. Left again by every way out. */
static void enter_terminal(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    struct termios raw;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    if (tcgetattr(STDIN_FILENO, &before) == 0) {
        raw = before;
        raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
        tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    }
    fputs("\033[?1049h\033[?25l", stdout);
}

static void leave_terminal(void)
{
    fputs("\033[?25h\033[?1049l", stdout);
    fflush(stdout);
    tcsetattr(STDIN_FILENO, TCSANOW, &before);
}

/* Lines are cut at the edge and each clears what stood there: no flicker. Bytes that continue a
 * character take no column. */
static void draw(const struct mr_buf *text, size_t columns)
{
    struct mr_buf out = {0};
    size_t column = 0;
    mr_buf_addz(&out, "\033[H");
    for (size_t i = 0; i < text->len; i++) {
        char c = text->ptr[i];
        if (c == '\n') {
            mr_buf_addz(&out, "\033[K\r\n");
            column = 0;
            continue;
        }
        column += ((unsigned char)c & 0xc0) != 0x80;
        if (column <= columns)
            mr_buf_addc(&out, c);
    }
    mr_buf_addz(&out, "\033[J");
    fwrite(out.ptr, 1, out.len, stdout);
    fflush(stdout);
    mr_buf_finish(&out);
}

/* True when the user wants to go. */
static bool wait_key(void)
{
    uint64_t until = mr_now_ms() + EVERY_MS;
    for (uint64_t now = mr_now_ms(); now < until && !over; now = mr_now_ms()) {
        struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
        char key;
        if (poll(&in, 1, (int)(until - now)) > 0 &&
            (read(STDIN_FILENO, &key, 1) != 1 || key == 'q' || key == 'Q'))
            return true;
    }
    return over;
}

static void show_live(struct view *v)
{
    enter_terminal();
    do {
        struct winsize size;
        bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 5;
        struct mr_buf text = {0};
        look(v);
        add_view(v, known ? size.ws_row - 5u : 20, &text);
        mr_buf_addz(&text, "\nq: quit\n");
        draw(&text, known && size.ws_col ? size.ws_col : 80);
        mr_buf_finish(&text);
    } while (!wait_key());
    leave_terminal();
}

/* Without a terminal: a view a second until the run is over. */
static void show_lines(struct view *v, const struct options *o)
{
    for (;;) {
        look(v);
        if (o->json) {
            print_json(v);
        } else {
            struct mr_buf text = {0};
            add_view(v, SIZE_MAX, &text);
            mr_print(&text);
            fflush(stdout);
            mr_buf_finish(&text);
        }
        if (o->once || !v->running)
            return;
        poll(NULL, 0, EVERY_MS);
    }
}

static struct mr_error *open_view(struct view *v, struct mr_arena *arena)
{
    const struct mr_registry *registry;
    MR_TRY(mr_program_registry(&registry));
    MR_TRY(mr_record_load(v->home, arena, &v->record));
    MR_TRY(mr_home_plan(v->home, registry, mr_program_connectors(), arena, &v->plan));
    v->totals = mr_totals_create(v->plan, arena);
    v->lines = mr_arena_zalloc(arena, (v->plan->stage_count + 1) * sizeof *v->lines);
    return NULL;
}

static enum mr_exit run(const struct mr_call *call)
{
    const struct options *o = call->options;
    struct mr_home home = {0};
    struct view v = {.home = &home};
    struct mr_str wanted = call->arg_count ? call->args[0] : (struct mr_str){0};
    struct mr_error *e = mr_home_find(&home, o->state, wanted);
    if (e)
        return mr_fail(e);
    e = open_view(&v, call->arena);
    if (!e && !o->once && !o->json && isatty(STDOUT_FILENO) && isatty(STDIN_FILENO))
        show_live(&v);
    else if (!e)
        show_lines(&v, o);
    mr_home_finish(&home);
    return e ? mr_fail(e) : MR_EXIT_OK;
}

const struct mr_command mr_command_top = {
    .name = "top",
    .arguments = "[PIPELINE|TOPOLOGY]",
    .max_args = 1,
    .doc = "Show live what all stages do: rates, lag, CPU, memory, restarts, scale.",
    .notes =
        "Once a second; q ends it. Without a terminal it prints a view a second until the run is\n"
        "over. CPU: 100% is one core. scale: processes and partitions. state: that of the busiest\n"
        "process; blocked is one whose readers are behind.",
    .options_size = sizeof(struct options),
    .options = option_table,
    .run = run,
};
