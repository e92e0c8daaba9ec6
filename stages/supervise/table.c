/* The figures of a run as a table for people and as JSON for programs. */
#include <stdio.h>

#include "runtime/flow/route.h"
#include "stages/supervise/totals.h"

enum { MAX_NAME = 28, MAX_REASONS = MR_PAGE_OUTCOMES + MR_PAGE_BUILTIN };

/* A way in which rows left a stage, and how many did. */
struct reason {
    const char *name;
    uint64_t rows;
    bool rejects;
};

/* A run's state as people read it, and as programs do: the latter never changes. */
static const struct {
    const char *words, *token;
} states[] = {
    [MR_STATE_RUNNING] = {"is running", "running"},
    [MR_STATE_ENDED] = {"ended", "ended"},
    [MR_STATE_NOTHING_NEW] = {"found nothing new", "nothing_new"},
    [MR_STATE_INTERRUPTED] = {"was interrupted", "interrupted"},
    [MR_STATE_FAILED] = {"failed", "failed"},
};

static const char *const kinds[] = {"source", "operator", "prepare", "sink"};

static size_t reasons_of(const struct mr_plan_stage *stage, const struct mr_stage_total *total,
                         struct reason out[MAX_REASONS])
{
    size_t count = 0;
    const struct mr_outcome *outcomes = stage->op ? stage->op->outcomes : NULL;
    for (size_t i = 0; outcomes && outcomes[i].name && i < MR_PAGE_OUTCOMES; i++)
        if (total->outcome[i])
            out[count++] = (struct reason){outcomes[i].name, total->outcome[i],
                                           outcomes[i].kind == MR_REJECT};
    for (int i = 0; i < MR_PAGE_BUILTIN; i++)
        if (total->builtin[i])
            out[count++] = (struct reason){mr_builtin_name((enum mr_builtin)i), total->builtin[i],
                                           true};
    return count;
}

/* Rows of the i-th route of a stage, and its name; false behind the last. */
static bool route_of(const struct mr_plan_stage *stage, const struct mr_stage_total *total, int i,
                     struct mr_str *name, uint64_t *rows)
{
    for (size_t k = 0; k < stage->output_count; k++)
        if (stage->outputs[k].outcome == MR_PLAN_ROUTE - i) {
            int slot = mr_route_slot(stage, MR_PLAN_ROUTE - i);
            *name = stage->outputs[k].name;
            *rows = slot < 0 ? 0 : total->outcome[slot];
            return slot >= 0;
        }
    return false;
}

static void add_routes(const struct mr_plan_stage *stage, const struct mr_stage_total *total,
                       struct mr_buf *out)
{
    struct mr_str name;
    uint64_t rows;
    for (int i = 0; route_of(stage, total, i, &name, &rows); i++) {
        mr_buf_printf(out, "%s%.*s ", i ? ", " : "  by route: ", MR_FMT(name));
        mr_table_count(rows, out);
    }
}

/* Rows that went through, whichever end of the pipeline the stage is. */
static uint64_t rows_of(const struct mr_plan_stage *stage, const struct mr_stage_total *total)
{
    return stage->kind == MR_STAGE_SOURCE ? total->counter[MR_C_FORWARDED]
                                          : total->counter[MR_C_IN];
}

static uint64_t bytes_of(const struct mr_plan_stage *stage, const struct mr_stage_total *total)
{
    return stage->kind == MR_STAGE_SOURCE ? total->counter[MR_C_BYTES_OUT]
                                          : total->counter[MR_C_BYTES_IN];
}

static double per_second(uint64_t value, uint64_t ms)
{
    return ms ? (double)value * 1000.0 / (double)ms : 0.0;
}

void mr_table_count(uint64_t value, struct mr_buf *out)
{
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%llu", (unsigned long long)value);
    for (int i = 0; i < len; i++) {
        if (i && (len - i) % 3 == 0)
            mr_buf_addc(out, ',');
        mr_buf_addc(out, digits[i]);
    }
}

void mr_table_bytes(uint64_t value, struct mr_buf *out)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB"};
    double scaled = (double)value;
    size_t unit = 0;
    while (scaled >= 1000.0 && unit + 1 < sizeof units / sizeof *units) {
        scaled /= 1000.0;
        unit++;
    }
    mr_buf_printf(out, unit ? "%.1f %s" : "%.0f %s", scaled, units[unit]);
}

void mr_table_duration(uint64_t ms, struct mr_buf *out)
{
    uint64_t s = ms / 1000;
    if (s < 60)
        mr_buf_printf(out, "%.1f s", (double)ms / 1000.0);
    else if (s < 3600)
        mr_buf_printf(out, "%um%02us", (unsigned)(s / 60), (unsigned)(s % 60));
    else
        mr_buf_printf(out, "%lluh%02um", (unsigned long long)(s / 3600), (unsigned)(s / 60 % 60));
}

static void add_cell(struct mr_buf *out, int width, struct mr_buf *cell)
{
    mr_buf_printf(out, "  %*s", width, mr_buf_text(cell));
    cell->len = 0;
}

static void add_count(struct mr_buf *out, struct mr_buf *cell, uint64_t value)
{
    mr_table_count(value, cell);
    add_cell(out, 12, cell);
}

static void add_reasons(struct mr_buf *out, const struct reason *reasons, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        mr_buf_printf(out, "%s%s ", i ? ", " : "  ", reasons[i].name);
        mr_table_count(reasons[i].rows, out);
    }
}

static void add_row(const struct mr_totals *t, size_t i, int width, struct mr_buf *out)
{
    const struct mr_plan_stage *stage = &t->plan->stages[i];
    const struct mr_stage_total *total = &t->stages[i];
    struct mr_buf cell = {0};
    mr_buf_printf(out, "%-*.*s", width, MR_FMT(stage->id));
    if (t->plan->groups[stage->group].stages[0] == (int)i)
        mr_buf_printf(out, "  %5u", total->processes);
    else
        mr_buf_printf(out, "  %5s", "\"");
    add_count(out, &cell, total->counter[MR_C_IN]);
    add_count(out, &cell, total->counter[MR_C_FORWARDED] + total->counter[MR_C_EMITTED]);
    add_count(out, &cell, total->counter[MR_C_DROPPED]);
    add_count(out, &cell, total->counter[MR_C_REJECTED]);
    mr_table_count((uint64_t)per_second(rows_of(stage, total), t->active_ms), &cell);
    add_cell(out, 10, &cell);
    /* Inside a group bytes are not measured, and the process is that of the stage above. */
    bool first = t->plan->groups[stage->group].stages[0] == (int)i;
    if (first)
        mr_buf_printf(&cell, "%.1f", per_second(bytes_of(stage, total), t->active_ms) / 1e6);
    else
        mr_buf_addz(&cell, "\"");
    add_cell(out, 8, &cell);
    if (first)
        mr_buf_printf(&cell, "%.1f s", (double)total->cpu_ns / 1e9);
    else
        mr_buf_addz(&cell, "\"");
    add_cell(out, 8, &cell);
    struct reason reasons[MAX_REASONS];
    add_reasons(out, reasons, reasons_of(stage, total, reasons));
    add_routes(stage, total, out);
    mr_buf_addc(out, '\n');
    mr_buf_finish(&cell);
}

void mr_table_print(const struct mr_totals *t, struct mr_buf *out)
{
    int width = 5;
    for (size_t i = 0; i < t->plan->stage_count; i++)
        if ((int)t->plan->stages[i].id.len > width)
            width = (int)t->plan->stages[i].id.len;
    width = width < MAX_NAME ? width : MAX_NAME;
    mr_buf_printf(out, "%-*s  %5s  %12s  %12s  %12s  %12s  %10s  %8s  %8s  %s\n", width, "stage",
                  "procs", "in",
                  "out", "dropped", "rejected", "rows/s", "MB/s", "CPU", "left because");
    for (size_t i = 0; i < t->plan->stage_count; i++)
        add_row(t, i, width, out);
    mr_buf_printf(out, "run %u %s after ", t->run, states[t->state].words);
    mr_table_duration(t->active_ms, out);
    if (t->message.len)
        mr_buf_printf(out, ": %.*s", MR_FMT(t->message));
    mr_buf_addc(out, '\n');
    uint64_t alarms = 0;
    for (size_t i = 0; i < t->plan->stage_count; i++)
        alarms += t->stages[i].counter[MR_C_ALARMS];
    if (alarms)
        mr_buf_printf(out, "lineage alarms: %llu\n", (unsigned long long)alarms);
}

static void json_stage(const struct mr_totals *t, size_t i, struct mr_json_out *out)
{
    const struct mr_plan_stage *stage = &t->plan->stages[i];
    const struct mr_stage_total *total = &t->stages[i];
    mr_json_begin_object(out);
    mr_json_key(out, "stage");
    mr_json_text(out, stage->id);
    mr_json_key(out, "kind");
    mr_json_textz(out, kinds[stage->kind]);
    mr_json_key(out, "use");
    mr_json_text(out, stage->use);
    mr_json_key(out, "group");
    mr_json_int(out, stage->group);
    mr_json_key(out, "processes");
    mr_json_uint(out, total->processes);
    mr_json_key(out, "partitions");
    mr_json_uint(out, t->plan->groups[stage->group].partitions);
    for (int c = 0; c < MR_COUNTERS; c++) {
        mr_json_key(out, mr_counter_table[c].name);
        mr_json_uint(out, total->counter[c]);
    }
    mr_json_key(out, "left");
    mr_json_begin_object(out);
    struct reason reasons[MAX_REASONS];
    size_t count = reasons_of(stage, total, reasons);
    for (size_t r = 0; r < count; r++) {
        mr_json_key(out, reasons[r].name);
        mr_json_uint(out, reasons[r].rows);
    }
    mr_json_end_object(out);
    struct mr_str route;
    uint64_t rows;
    for (int r = 0; route_of(stage, total, r, &route, &rows); r++) {
        if (r == 0) {
            mr_json_key(out, "routes");
            mr_json_begin_object(out);
        }
        mr_json_key_str(out, route);
        mr_json_uint(out, rows);
    }
    if (route_of(stage, total, 0, &route, &rows))
        mr_json_end_object(out);
    mr_json_key(out, "rows_per_s");
    mr_json_real(out, per_second(rows_of(stage, total), t->active_ms));
    mr_json_key(out, "mb_per_s");
    mr_json_real(out, per_second(bytes_of(stage, total), t->active_ms) / 1e6);
    mr_json_key(out, "cpu_s");
    mr_json_real(out, (double)total->cpu_ns / 1e9);
    mr_json_end_object(out);
}

void mr_table_json(const struct mr_totals *t, struct mr_json_out *out)
{
    mr_json_begin_object(out);
    mr_json_key(out, "pipeline");
    mr_json_text(out, t->plan->name);
    mr_json_key(out, "run");
    mr_json_uint(out, t->run);
    mr_json_key(out, "state");
    mr_json_textz(out, states[t->state].token);
    if (t->message.len) {
        mr_json_key(out, "message");
        mr_json_text(out, t->message);
    }
    mr_json_key(out, "active_ms");
    mr_json_uint(out, t->active_ms);
    mr_json_key(out, "input_bytes");
    mr_json_uint(out, t->input_bytes);
    mr_json_key(out, "rejected");
    mr_json_uint(out, mr_totals_rejected(t));
    mr_json_key(out, "stages");
    mr_json_begin_array(out);
    for (size_t i = 0; i < t->plan->stage_count; i++)
        json_stage(t, i, out);
    mr_json_end_array(out);
    mr_json_end_object(out);
}
