/* The figures of a running pipeline in Prometheus' text format, version 0.0.4.
 *
 * Rows and bytes are those of whole stages and of tasks, which processes take over from each other
 * without a step back; what belongs to a process (memory, restarts, commit times) bears its number.
 */
#include <stdio.h>
#include <stdlib.h>

#include "runtime/base/file.h"
#include "stages/supervise/inside.h"

enum { STATUS_MAX_BYTES = 64 << 10 };

static void add_escaped(struct mr_buf *out, struct mr_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '\\' || c == '"')
            mr_buf_addc(out, '\\');
        if (c == '\n')
            mr_buf_addz(out, "\\n");
        else
            mr_buf_addc(out, c);
    }
}

static void add_head(struct mr_buf *out, const char *name, const char *type, const char *doc)
{
    mr_buf_printf(out, "# HELP millrace_%s %s\n# TYPE millrace_%s %s\n", name, doc, name, type);
}

/* Opens a sample: name and the labels that all have; more labels may follow, then close_labels. */
static void open_sample(const struct supervisor *s, struct mr_buf *out, const char *name,
                        struct mr_str stage)
{
    mr_buf_printf(out, "millrace_%s{pipeline=\"", name);
    add_escaped(out, s->plan->name);
    if (stage.len) {
        mr_buf_addz(out, "\",stage=\"");
        add_escaped(out, stage);
    }
    mr_buf_addc(out, '"');
}

static void add_label(struct mr_buf *out, const char *name, struct mr_str value)
{
    mr_buf_printf(out, ",%s=\"", name);
    add_escaped(out, value);
    mr_buf_addc(out, '"');
}

static void close_sample(struct mr_buf *out, uint64_t value)
{
    mr_buf_printf(out, "} %llu\n", (unsigned long long)value);
}

static void close_real(struct mr_buf *out, double value)
{
    mr_buf_printf(out, "} %.9g\n", value);
}

/* ---- of stages ---- */

static void add_counter(const struct supervisor *s, int counter, struct mr_buf *out)
{
    const struct mr_counter_row *row = &mr_counter_table[counter];
    char name[64];
    snprintf(name, sizeof name, "%s%s", row->metric, row->gauge ? "" : "_total");
    add_head(out, name, row->gauge ? "gauge" : "counter", row->doc);
    for (size_t i = 0; i < s->plan->stage_count; i++) {
        open_sample(s, out, name, s->plan->stages[i].id);
        close_sample(out, s->totals->stages[i].counter[counter]);
    }
}

static void add_outcome(const struct supervisor *s, size_t stage, const char *outcome, bool rejects,
                        uint64_t rows, struct mr_buf *out)
{
    open_sample(s, out, "rows_left_total", s->plan->stages[stage].id);
    add_label(out, "outcome", mr_str_of(outcome));
    add_label(out, "kind", rejects ? MR_STR("rejected") : MR_STR("dropped"));
    close_sample(out, rows);
}

/* All of a stage, also those that did not happen yet: a first one is then seen as an increase. */
static void add_outcomes(const struct supervisor *s, struct mr_buf *out)
{
    add_head(out, "rows_left_total", "counter", "Rows that left a stage other than forward.");
    for (size_t i = 0; i < s->plan->stage_count; i++) {
        const struct mr_plan_stage *stage = &s->plan->stages[i];
        const struct mr_stage_total *t = &s->totals->stages[i];
        const struct mr_outcome *o = stage->op ? stage->op->outcomes : NULL;
        for (size_t k = 0; o && o[k].name && k < MR_PAGE_OUTCOMES; k++)
            add_outcome(s, i, o[k].name, o[k].kind == MR_REJECT, t->outcome[k], out);
        for (int k = 0; k < MR_PAGE_BUILTIN; k++)
            add_outcome(s, i, mr_builtin_name((enum mr_builtin)k), true, t->builtin[k], out);
    }
}

static struct mr_str head_of(const struct supervisor *s, int group)
{
    return s->plan->stages[s->plan->groups[group].stages[0]].id;
}

static void add_groups(const struct supervisor *s, struct mr_buf *out)
{
    add_head(out, "stage_processes", "gauge", "Processes that share the tasks of a stage.");
    for (size_t g = 0; g < s->plan->group_count; g++) {
        open_sample(s, out, "stage_processes", head_of(s, (int)g));
        close_sample(out, s->groups[g].scale);
    }
    add_head(out, "stage_partitions", "gauge", "Tasks of a stage.");
    for (size_t g = 0; g < s->plan->group_count; g++) {
        open_sample(s, out, "stage_partitions", head_of(s, (int)g));
        close_sample(out, s->plan->groups[g].partitions);
    }
}

/* ---- of tasks ---- */

typedef uint64_t task_figure(const struct mr_page_task *t);

static uint64_t task_in(const struct mr_page_task *t)
{
    return atomic_load_explicit(&t->in, memory_order_relaxed);
}

static uint64_t task_out(const struct mr_page_task *t)
{
    return atomic_load_explicit(&t->out, memory_order_relaxed);
}

static uint64_t task_lag(const struct mr_page_task *t)
{
    return atomic_load_explicit(&t->lag_bytes, memory_order_relaxed);
}

static void add_task(const struct supervisor *s, const struct mr_page *page, int group,
                     const char *name, task_figure *figure, struct mr_buf *out)
{
    for (int k = 0; page && k < MR_PAGE_TASKS; k++) {
        const struct mr_page_task *t = &page->task[k];
        if (!atomic_load_explicit(&t->used, memory_order_acquire))
            break;
        char partition[16];
        snprintf(partition, sizeof partition, "%u", atomic_load(&t->partition));
        open_sample(s, out, name, head_of(s, group));
        add_label(out, "partition", mr_str_of(partition));
        close_sample(out, figure(t));
    }
}

static void add_tasks(const struct supervisor *s, const char *name, const char *type,
                      const char *doc, task_figure *figure, struct mr_buf *out)
{
    add_head(out, name, type, doc);
    for (size_t g = 0; g < s->plan->group_count; g++)
        for (size_t i = 0; i < s->groups[g].retired_count; i++)
            add_task(s, s->groups[g].retired[i], (int)g, name, figure, out);
    for (size_t i = 0; i < s->child_count; i++) {
        const struct child *c = s->children[i];
        if (s->groups[c->group].retired_count == 0)
            add_task(s, c->page, c->group, name, figure, out);
    }
}

/* ---- of processes ---- */

/* The kernel's count of memory that is the process's alone. */
uint64_t mr_process_memory(long pid)
{
    char path[48];
    struct mr_buf text = {0};
    uint64_t kb = 0;
    snprintf(path, sizeof path, "/proc/%ld/status", pid);
    struct mr_error *e = pid > 0 ? mr_file_read(path, STATUS_MAX_BYTES, &text) : NULL;
    size_t at = e ? SIZE_MAX : mr_str_find(mr_buf_str(&text), MR_STR("RssAnon:"), 0);
    if (at != SIZE_MAX)
        kb = strtoull(mr_buf_text(&text) + at + sizeof "RssAnon:" - 1, NULL, 10);
    mr_error_free(e); /* gone meanwhile */
    mr_buf_finish(&text);
    return kb * 1024;
}

typedef double process_figure(const struct child *c);

static double is_up(const struct child *c)
{
    return c->pid > 0;
}

static double restarts(const struct child *c)
{
    return c->restarts;
}

static double memory(const struct child *c)
{
    return (double)mr_process_memory(c->pid);
}

static double cpu(const struct child *c)
{
    return c->page ? (double)atomic_load(&c->page->cpu_ns) / 1e9 : 0;
}

static void open_process(const struct supervisor *s, const struct child *c, const char *name,
                         struct mr_buf *out)
{
    char process[16];
    snprintf(process, sizeof process, "%u", c->instance);
    open_sample(s, out, name, head_of(s, c->group));
    add_label(out, "process", mr_str_of(process));
}

static void add_processes(const struct supervisor *s, const char *name, const char *type,
                          const char *doc, process_figure *figure, struct mr_buf *out)
{
    add_head(out, name, type, doc);
    for (size_t i = 0; i < s->child_count; i++) {
        open_process(s, s->children[i], name, out);
        close_real(out, figure(s->children[i]));
    }
}

static void add_histogram(const struct supervisor *s, const struct child *c, struct mr_buf *out)
{
    uint64_t sum = 0;
    for (int b = 0; b < MR_PAGE_COMMIT_BUCKETS; b++) {
        char bound[24] = "+Inf";
        if (b < MR_PAGE_COMMIT_BUCKETS - 1)
            snprintf(bound, sizeof bound, "%.4g", (double)mr_commit_bucket_us[b] / 1e6);
        sum += atomic_load_explicit(&c->page->commit_bucket[b], memory_order_relaxed);
        open_process(s, c, "commit_seconds_bucket", out);
        add_label(out, "le", mr_str_of(bound));
        close_sample(out, sum);
    }
    open_process(s, c, "commit_seconds_sum", out);
    close_real(out, (double)atomic_load(&c->page->commit_ns) / 1e9);
    open_process(s, c, "commit_seconds_count", out);
    close_sample(out, sum);
}

static void add_commits(const struct supervisor *s, struct mr_buf *out)
{
    add_head(out, "commit_seconds", "histogram",
             "Time that commits took: writing, syncing and publishing.");
    for (size_t i = 0; i < s->child_count; i++)
        if (s->children[i]->page)
            add_histogram(s, s->children[i], out);
}

static void add_one(const struct supervisor *s, const char *name, const char *type, const char *doc,
                    uint64_t value, struct mr_buf *out)
{
    add_head(out, name, type, doc);
    open_sample(s, out, name, (struct mr_str){0});
    close_sample(out, value);
}

void metrics_text(struct supervisor *s, struct mr_buf *out)
{
    supervisor_totals(s);
    for (int c = 0; c < MR_COUNTERS; c++)
        add_counter(s, c, out);
    add_outcomes(s, out);
    add_groups(s, out);
    add_tasks(s, "task_rows_in_total", "counter", "Rows that a task's first stage took.", task_in,
              out);
    add_tasks(s, "task_rows_out_total", "counter", "Rows that a task's last stage gave.", task_out,
              out);
    add_tasks(s, "task_lag_bytes", "gauge", "Bytes of input that a task has not yet read.",
              task_lag, out);
    add_processes(s, "process_up", "gauge", "1 while the process runs.", is_up, out);
    add_processes(s, "process_restarts_total", "counter", "Times it was started again.", restarts,
                  out);
    add_processes(s, "process_cpu_seconds_total", "counter", "User and system time.", cpu, out);
    add_processes(s, "process_memory_bytes", "gauge", "Anonymous memory.", memory, out);
    add_commits(s, out);
    add_one(s, "run", "gauge", "Number of the run.", s->options->run, out);
    add_one(s, "run_active_seconds", "gauge", "Time at work in this run.",
            s->totals->active_ms / 1000, out);
    add_one(s, "input_bytes", "gauge", "Bytes of all input, 0 if not known.",
            s->totals->input_bytes, out);
    add_one(s, "input_read_bytes_total", "counter", "Bytes of input that sources have read.",
            mr_totals_input_read(s->totals), out);
    add_one(s, "sources_wait", "gauge", "1 while sources wait, since the disk budget is reached.",
            s->over_budget, out);
}
