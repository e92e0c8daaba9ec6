/* What a run shows while it works: a table drawn over itself on a terminal, plain lines otherwise. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "runtime/base/clock.h"
#include "stages/supervise/inside.h"

enum { NAME_WIDTH = 24 };

static void measure_stages(struct supervisor *s, double passed_s)
{
    for (size_t i = 0; i < s->plan->stage_count; i++) {
        struct pace *pace = &s->progress.paces[i];
        uint64_t rows = s->totals->stages[i].counter[MR_C_IN];
        double rate = rows > pace->rows ? (double)(rows - pace->rows) / passed_s : 0;
        pace->rate = pace->rate > 0 ? 0.7 * pace->rate + 0.3 * rate : rate;
        pace->rows = rows;
    }
}

/* The busiest stage's: once sources have read all, or while one stage settles a set, others work. */
static double run_rate(const struct supervisor *s)
{
    double most = 0;
    for (size_t i = 0; i < s->plan->stage_count; i++)
        if (s->progress.paces[i].rate > most)
            most = s->progress.paces[i].rate;
    return most;
}

static uint64_t lag_bytes(const struct mr_totals *t)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < t->plan->stage_count; i++)
        bytes += t->stages[i].counter[MR_C_LAG_BYTES];
    return bytes;
}

/* Rates since the last look; returns how long the rest of a known input takes. */
static uint64_t measure(struct supervisor *s)
{
    struct progress *p = &s->progress;
    uint64_t now = mr_now_ms(), read = mr_totals_input_read(s->totals);
    if (p->last_ms && now > p->last_ms)
        measure_stages(s, (double)(now - p->last_ms) / 1000.0);
    p->last_ms = now;
    if (s->totals->input_bytes <= read || read == 0)
        return 0;
    return (uint64_t)((double)s->totals->active_ms * (double)(s->totals->input_bytes - read) /
                      (double)read);
}

static void add_summary(struct supervisor *s, uint64_t eta, struct mr_buf *out)
{
    mr_table_duration(s->totals->active_ms, out);
    mr_buf_addz(out, "  ");
    mr_table_count((uint64_t)run_rate(s), out);
    mr_buf_addz(out, " rows/s  waiting ");
    mr_table_bytes(lag_bytes(s->totals), out);
    if (eta) {
        mr_buf_addz(out, "  about ");
        mr_table_duration(eta, out);
        mr_buf_addz(out, " left");
    }
}

static void terminal_size(size_t *rows, size_t *columns)
{
    struct winsize size;
    bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0;
    *rows = known && size.ws_row > 3 ? size.ws_row - 3u : 20;
    *columns = known && size.ws_col > 20 ? size.ws_col : 80;
}

static void add_stage(const struct supervisor *s, size_t i, struct mr_buf *out)
{
    const struct mr_stage_total *t = &s->totals->stages[i];
    struct mr_str id = s->plan->stages[i].id;
    mr_buf_printf(out, "%-*.*s in %12llu  out %12llu  %9.0f rows/s  left %10llu  held %10llu  lag ",
                  NAME_WIDTH, (int)(id.len < NAME_WIDTH ? id.len : NAME_WIDTH), id.ptr,
                  (unsigned long long)t->counter[MR_C_IN],
                  (unsigned long long)(t->counter[MR_C_FORWARDED] + t->counter[MR_C_EMITTED]),
                  s->progress.paces[i].rate,
                  (unsigned long long)(t->counter[MR_C_DROPPED] + t->counter[MR_C_REJECTED]),
                  (unsigned long long)t->counter[MR_C_HELD]);
    mr_table_bytes(t->counter[MR_C_LAG_BYTES], out);
}

/* Lines are cut at the terminal's edge: one that wraps could not be drawn over. */
static void draw(struct supervisor *s, uint64_t eta, struct mr_buf *out)
{
    size_t lines = 1, rows, columns;
    terminal_size(&rows, &columns);
    for (size_t i = 0; i < s->plan->stage_count && lines < rows; i++, lines++) {
        size_t start = out->len;
        add_stage(s, i, out);
        if (out->len - start >= columns)
            out->len = start + columns - 1;
        mr_buf_addz(out, "\033[K\n");
    }
    add_summary(s, eta, out);
    mr_buf_addz(out, "\033[K\n");
    s->progress.lines = lines;
}

static void add_line(struct supervisor *s, uint64_t eta, struct mr_buf *out)
{
    for (size_t i = 0; i < s->plan->stage_count; i++) {
        const struct mr_stage_total *t = &s->totals->stages[i];
        mr_buf_printf(out, "%.*s %llu>%llu  ", MR_FMT(s->plan->stages[i].id),
                      (unsigned long long)t->counter[MR_C_IN],
                      (unsigned long long)(t->counter[MR_C_FORWARDED] + t->counter[MR_C_EMITTED]));
    }
    add_summary(s, eta, out);
    mr_buf_addc(out, '\n');
}

static void show(struct supervisor *s)
{
    if (s->options->show == MR_SHOW_NOTHING || s->options->show == MR_SHOW_LOG)
        return;
    supervisor_totals(s);
    uint64_t eta = measure(s);
    if (s->options->show == MR_SHOW_JSON) {
        struct mr_json_out j = {0};
        mr_table_json(s->totals, &j);
        mr_buf_addc(&j.text, '\n');
        fwrite(j.text.ptr, 1, j.text.len, stdout);
        fflush(stdout);
        mr_buf_finish(&j.text);
        return;
    }
    struct mr_buf text = {0};
    progress_clear(s);
    if (s->options->show == MR_SHOW_TERMINAL)
        draw(s, eta, &text);
    else
        add_line(s, eta, &text);
    fwrite(text.ptr, 1, text.len, stderr);
    mr_buf_finish(&text);
}

static void on_show(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    (void)loop, (void)events;
    show(timer->data);
}

void progress_begin(struct supervisor *s)
{
    double every = s->options->show == MR_SHOW_TERMINAL ? 0.5 : 10.0;
    ev_timer_init(&s->show, on_show, every, every);
    s->show.data = s;
    s->progress.paces = mr_zalloc((s->plan->stage_count + 1) * sizeof *s->progress.paces);
    ev_timer_start(s->loop, &s->show);
}

void progress_clear(struct supervisor *s)
{
    if (s->progress.lines)
        fprintf(stderr, "\033[%zuA\033[J", s->progress.lines);
    s->progress.lines = 0;
}

void progress_end(struct supervisor *s)
{
    progress_clear(s);
    ev_timer_stop(s->loop, &s->show);
    free(s->progress.paces);
    s->progress.paces = NULL;
}
