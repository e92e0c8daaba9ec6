/* An estimate as people and programs read it. */
#include "stages/rehearse/estimate.h"

#include <math.h>

#include "stages/supervise/totals.h"

/* A guess has no more than three digits worth reading; the rows of a whole sample are counted. */
static uint64_t rounded(double value)
{
    double step = 1;
    if (!(value > 0))
        return 0;
    while (value / step >= 10000)
        step *= 10;
    return value < 9e18 ? (uint64_t)(round(value / step) * step) : UINT64_MAX;
}

static void cell(struct mr_buf *out, struct mr_buf *text, int width)
{
    int points = 0;
    for (size_t i = 0; i < text->len; i++)
        points += ((unsigned char)text->ptr[i] & 0xc0) != 0x80;
    mr_buf_printf(out, "%*s%.*s", width > points ? width - points : 1, "",
                  MR_FMT(mr_buf_str(text)));
    text->len = 0;
}

static void count_cell(struct mr_buf *out, struct mr_buf *text, double value, bool at_most)
{
    mr_buf_addz(text, at_most ? "\xe2\x89\xa4 " : "");
    mr_table_count(rounded(value), text);
    cell(out, text, 16);
}

static void print_sources(const struct mr_estimate *e, struct mr_buf *out)
{
    mr_buf_addz(out, "\nestimate from ");
    for (size_t i = 0; i < e->source_count; i++) {
        const struct mr_estimate_source *s = &e->sources[i];
        mr_buf_printf(out, "%s%s", i ? ", " : "", s->all ? "all " : "the first ");
        mr_table_count(s->sample_rows, out);
        mr_buf_printf(out, " rows of %.*s", MR_FMT(s->name));
        if (!s->all && s->read_bytes) {
            mr_buf_addz(out, " (");
            mr_table_bytes(s->read_bytes, out);
            mr_buf_addz(out, " of ");
            mr_table_bytes(s->input_bytes, out);
            mr_buf_addc(out, ')');
        }
        if (s->rejected)
            mr_buf_printf(out, ", %llu unreadable", (unsigned long long)s->rejected);
    }
    mr_buf_addc(out, '\n');
}

static void print_stage(const struct mr_estimate *e, const struct mr_estimate_stage *s, int width,
                        struct mr_buf *out)
{
    struct mr_buf text = {0};
    mr_buf_printf(out, "%-*.*s", width, MR_FMT(s->id));
    if (s->unseen) {
        mr_buf_addz(out, "  no row of the sample came here\n");
        return;
    }
    count_cell(out, &text, s->in, false);
    count_cell(out, &text, s->out, s->at_most);
    mr_table_bytes(rounded(s->bytes_out), &text);
    cell(out, &text, 12);
    mr_table_bytes(rounded(s->disk_bytes), &text);
    cell(out, &text, 12);
    mr_table_duration((uint64_t)(s->cpu_s * 1000), &text);
    cell(out, &text, 10);
    if (e->asks) {
        count_cell(out, &text, s->calls, false);
        count_cell(out, &text, s->tokens, false);
    }
    if (e->priced)
        mr_buf_printf(out, "%12.2f", s->cost);
    mr_buf_addc(out, '\n');
    mr_buf_finish(&text);
}

static void print_sum(const struct mr_estimate *e, struct mr_buf *out)
{
    mr_buf_addz(out, "on disk about ");
    mr_table_bytes(rounded(e->disk_bytes), out);
    mr_buf_printf(out, " in %zu topic%s; processor about ", e->topic_count,
                  e->topic_count == 1 ? "" : "s");
    mr_table_duration((uint64_t)(e->cpu_s * 1000), out);
    mr_buf_addz(out, ", topics and state not counted\n");
    if (e->trimmed)
        mr_buf_addz(out, "Were all rows kept: what has been read goes by `retention` and "
                         "`disk_budget`, above.\n");
    if (e->biased)
        mr_buf_addz(out,
                    "\xe2\x89\xa4: at most. Stages that compare rows drop the more the more they "
                    "see; what they drop of a sample is a lower bound.\n");
    if (e->asks)
        mr_buf_addz(out,
                    "No model was asked: rows pass such stages unchanged here; tokens are those "
                    "of the rows, at four bytes each.\n");
    if (e->priced)
        mr_buf_printf(out, "cost about %.2f for what is sent; prompts and answers come on top\n",
                      e->cost);
}

void mr_estimate_print(const struct mr_estimate *e, struct mr_buf *out)
{
    if (e->none.len) {
        mr_buf_printf(out, "\nno estimate: %.*s\n", MR_FMT(e->none));
        return;
    }
    int width = 5;
    for (size_t i = 0; i < e->stage_count; i++)
        width = (int)e->stages[i].id.len > width ? (int)e->stages[i].id.len : width;
    print_sources(e, out);
    mr_buf_printf(out, "%-*s%16s%16s%12s%12s%10s", width, "stage", "rows in", "rows out",
                  "bytes out", "on disk", "CPU");
    if (e->asks)
        mr_buf_printf(out, "%16s%16s", "calls", "tokens");
    if (e->priced)
        mr_buf_printf(out, "%12s", "cost");
    mr_buf_addc(out, '\n');
    for (size_t i = 0; i < e->stage_count; i++)
        print_stage(e, &e->stages[i], width, out);
    print_sum(e, out);
}

/* ---- JSON ---- */

static void number(struct mr_json_out *j, const char *key, double value)
{
    mr_json_key(j, key);
    mr_json_uint(j, value > 0 && value < 1.8e19 ? (uint64_t)(value + 0.5) : 0);
}

static void flag(struct mr_json_out *j, const char *key, bool value)
{
    mr_json_key(j, key);
    mr_json_bool(j, value);
}

static void source_json(const struct mr_estimate_source *s, struct mr_json_out *j)
{
    mr_json_begin_object(j);
    mr_json_key(j, "name");
    mr_json_text(j, s->name);
    number(j, "sample_rows", (double)s->sample_rows);
    number(j, "unreadable", (double)s->rejected);
    number(j, "sample_bytes", (double)s->read_bytes);
    number(j, "input_bytes", (double)s->input_bytes);
    number(j, "rows", s->rows);
    flag(j, "all", s->all);
    mr_json_end_object(j);
}

static void stage_json(const struct mr_estimate *e, const struct mr_estimate_stage *s,
                       struct mr_json_out *j)
{
    mr_json_begin_object(j);
    mr_json_key(j, "stage");
    mr_json_text(j, s->id);
    number(j, "rows_in", s->in);
    number(j, "rows_out", s->out);
    number(j, "bytes_out", s->bytes_out);
    number(j, "disk_bytes", s->disk_bytes);
    mr_json_key(j, "cpu_s");
    mr_json_real(j, s->cpu_s);
    flag(j, "at_most", s->at_most);
    flag(j, "sampled", !s->unseen);
    if (e->asks) {
        number(j, "calls", s->calls);
        number(j, "tokens", s->tokens);
    }
    if (e->priced) {
        mr_json_key(j, "cost");
        mr_json_real(j, s->cost);
    }
    mr_json_end_object(j);
}

static void topic_json(const struct mr_estimate_topic *t, struct mr_json_out *j)
{
    mr_json_begin_object(j);
    mr_json_key(j, "topic");
    mr_json_text(j, t->name);
    number(j, "rows", t->rows);
    number(j, "bytes", t->bytes);
    number(j, "disk_bytes", t->disk_bytes);
    mr_json_end_object(j);
}

void mr_estimate_json(const struct mr_estimate *e, struct mr_json_out *j)
{
    mr_json_begin_object(j);
    if (e->none.len) {
        mr_json_key(j, "none");
        mr_json_text(j, e->none);
        mr_json_end_object(j);
        return;
    }
    mr_json_key(j, "sources");
    mr_json_begin_array(j);
    for (size_t i = 0; i < e->source_count; i++)
        source_json(&e->sources[i], j);
    mr_json_end_array(j);
    mr_json_key(j, "stages");
    mr_json_begin_array(j);
    for (size_t i = 0; i < e->stage_count; i++)
        stage_json(e, &e->stages[i], j);
    mr_json_end_array(j);
    mr_json_key(j, "topics");
    mr_json_begin_array(j);
    for (size_t i = 0; i < e->topic_count; i++)
        topic_json(&e->topics[i], j);
    mr_json_end_array(j);
    number(j, "disk_bytes", e->disk_bytes);
    mr_json_key(j, "cpu_s");
    mr_json_real(j, e->cpu_s);
    if (e->asks) {
        number(j, "calls", e->calls);
        number(j, "tokens", e->tokens);
    }
    if (e->priced) {
        mr_json_key(j, "cost");
        mr_json_real(j, e->cost);
    }
    mr_json_end_object(j);
}
