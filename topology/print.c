/* The plan as people read it: stages, processes, tasks, topics, keys on every edge, what was
 * decided and why. */
#include "topology/topology_private.h"

#include "runtime/op/describe.h"

static const struct mr_edge_keys *edge_of(const struct mr_compiled *c, size_t stage)
{
    for (size_t i = 0; i < c->edge_count; i++)
        if (c->edges[i].topic_or_stage == (int)stage)
            return &c->edges[i];
    return NULL;
}

static void plural(struct mr_buf *out, uint64_t count, const char *one, const char *many)
{
    mr_buf_printf(out, "%llu %s", (unsigned long long)count, count == 1 ? one : many);
}

static void print_head(const struct mr_plan *p, struct mr_buf *out)
{
    uint64_t processes = 0, tasks = 0, topics = 0;
    for (size_t i = 0; i < p->group_count; i++) {
        processes += p->groups[i].scale;
        tasks += p->groups[i].partitions;
    }
    for (size_t i = 0; i < p->topic_count; i++)
        topics += !p->topics[i].record;
    mr_buf_printf(out, "pipeline %.*s, epoch %u: ", MR_FMT(p->name), p->epoch);
    plural(out, p->stage_count, "stage", "stages");
    mr_buf_addz(out, " in ");
    plural(out, processes, "process", "processes");
    mr_buf_addz(out, ", ");
    plural(out, tasks, "task", "tasks");
    mr_buf_addz(out, ", ");
    plural(out, topics, "topic", "topics");
    mr_buf_addz(out, p->endless ? "; endless\n" : "; ends with its input\n");
}

static void print_settings(const struct mr_plan_stage *s, struct mr_buf *out)
{
    if (s->setting_count) {
        mr_buf_addz(out, "    with ");
        for (size_t i = 0; i < s->setting_count; i++)
            mr_buf_printf(out, "%s%.*s %.*s", i ? ", " : "", MR_FMT(s->settings[i].name),
                          MR_FMT(s->settings[i].null ? MR_STR("null") : s->settings[i].value));
        mr_buf_addc(out, '\n');
    }
    if (s->bound_count) {
        mr_buf_addz(out, "    keys ");
        for (size_t i = 0; i < s->bound_count; i++) {
            mr_buf_printf(out, "%s%.*s ", i ? ", " : "", MR_FMT(s->bound[i].role));
            for (size_t k = 0; k < s->bound[i].count; k++)
                mr_buf_printf(out, "%s%.*s", k ? " + " : "", MR_FMT(s->bound[i].keys[k]));
            if (!s->bound[i].count)
                mr_buf_addz(out, "none");
        }
        mr_buf_addc(out, '\n');
    }
}

static void print_place(const struct mr_compiled *c, size_t index, struct mr_buf *out)
{
    const struct mr_plan *p = c->plan;
    const struct mr_plan_stage *s = &p->stages[index];
    const struct mr_plan_group *g = &p->groups[s->group];
    mr_buf_printf(out, "    group %d: ", s->group + 1);
    plural(out, g->partitions, "task", "tasks");
    mr_buf_addz(out, " in ");
    plural(out, g->scale, "process", "processes");
    mr_buf_printf(out, " (%.*s)\n", MR_FMT(c->notes[index].fusion));
    if (c->notes[index].order.len)
        mr_buf_printf(out, "    order: %.*s\n", MR_FMT(c->notes[index].order));
    if (s->window_rows || s->window_idle_ms) {
        mr_buf_addz(out, "    window: ");
        if (s->window_rows)
            plural(out, s->window_rows, "row", "rows");
        if (s->window_rows && s->window_idle_ms)
            mr_buf_addz(out, ", or ");
        if (s->window_idle_ms) {
            mr_topology__print_ms(out, s->window_idle_ms);
            mr_buf_addz(out, " without a row");
        }
        mr_buf_addc(out, '\n');
    }
    if (s->op && (s->op->scope == MR_KEYED || s->op->scope == MR_ONE_TASK) &&
        s->kind == MR_STAGE_OPERATOR)
        mr_buf_addz(out, "    state: kept per task, across runs\n");
    if (s->op && s->op->scope == MR_WHOLE_SET)
        mr_buf_addz(out, "    state: the rows of a cut, on disk until it closes\n");
}

static void print_readers(const struct mr_plan *p, int topic, struct mr_buf *out)
{
    bool any = false;
    for (size_t i = 0; i < p->stage_count; i++)
        for (size_t k = 0; k < p->stages[i].input_count; k++)
            if (p->stages[i].inputs[k].topic == topic) {
                mr_buf_printf(out, "%s%.*s", any ? ", " : ", read by ", MR_FMT(p->stages[i].id));
                if (p->stages[i].inputs[k].branch.len)
                    mr_buf_printf(out, " as branch %.*s", MR_FMT(p->stages[i].inputs[k].branch));
                any = true;
            }
    mr_buf_addz(out, any ? "\n" : ", read by nobody\n");
}

static void print_topic(const struct mr_plan *p, const struct mr_plan_output *output,
                        struct mr_buf *out)
{
    int index = output->topic;
    const struct mr_plan_topic *t = &p->topics[index];
    mr_buf_printf(out, "    → %.*s: ", MR_FMT(t->name));
    if (output->route.len)
        mr_buf_printf(out, "rows where %.*s, ", MR_FMT(output->route));
    plural(out, t->partitions, "partition", "partitions");
    if (t->partitions > 1 && !t->key_count)
        mr_buf_addz(out, " by place");
    for (size_t k = 0; k < t->key_count; k++)
        mr_buf_printf(out, "%s%.*s", k ? " + " : " by key ", MR_FMT(t->key[k]));
    mr_buf_addz(out, ", ");
    plural(out, t->lanes, "lane", "lanes");
    print_readers(p, index, out);
}

static void print_keys(const struct mr_compiled *c, size_t index, struct mr_buf *out)
{
    const struct mr_edge_keys *edge = edge_of(c, index);
    if (!edge)
        return;
    const struct mr_schema *s = &edge->schema;
    mr_buf_addz(out, "    rows: ");
    for (size_t i = 0; i < s->count; i++) {
        mr_buf_printf(out, "%s%.*s%s ", i ? ", " : "", MR_FMT(s->keys[i].name),
                      s->keys[i].always ? "" : "?");
        mr_describe_types(s->keys[i].types, out);
    }
    const char *rest = s->unknown && !s->count ? "keys not known"
                       : s->open               ? "others"
                       : s->count              ? ""
                                               : "no keys";
    mr_buf_printf(out, "%s%s", s->count && *rest ? ", " : "", rest);
    if (s->sample_rows)
        mr_buf_printf(out, " (from %zu sampled rows)", s->sample_rows);
    mr_buf_addc(out, '\n');
}

static void print_stage(const struct mr_compiled *c, size_t index, struct mr_buf *out)
{
    static const char *const kinds[] = {"source", "stage", "stage", "sink"};
    const struct mr_plan_stage *s = &c->plan->stages[index];
    mr_buf_printf(out, "\n%s %.*s: %.*s%s%s\n", kinds[s->kind], MR_FMT(s->id), MR_FMT(s->use),
                  s->kind == MR_STAGE_PREPARE ? ", prepare" : "",
                  s->op && s->op->has_modes && s->mode == MR_MODE_COMPAT ? ", compat mode" : "");
    print_settings(s, out);
    print_place(c, index, out);
    for (size_t i = 0; i < s->output_count; i++)
        if (s->outputs[i].topic == MR_PLAN_NONE)
            mr_buf_addz(out, "    → the next stage of the group\n");
        else
            print_topic(c->plan, &s->outputs[i], out);
    print_keys(c, index, out);
}

/* Rows that wait for a cut lie in the states of their stages, beside the topics. */
static void print_held(const struct mr_plan *p, uint64_t input, struct mr_buf *out)
{
    uint64_t stages = 0;
    for (size_t i = 0; i < p->stage_count; i++) {
        const struct mr_plan_stage *s = &p->stages[i];
        bool set = s->kind == MR_STAGE_OPERATOR && s->op && s->op->scope == MR_WHOLE_SET;
        stages += (s->order == MR_ORDER_HOLD) + set;
    }
    if (!stages)
        return;
    mr_buf_addz(out, "; rows that wait for a cut take ");
    if (input) {
        mr_buf_addz(out, "up to about ");
        mr_topology__print_bytes(out, input * stages);
        mr_buf_addz(out, " more");
    } else {
        mr_buf_addz(out, "more");
    }
}

static void print_disk(const struct mr_compiled *c, struct mr_buf *out)
{
    const struct mr_plan *p = c->plan;
    uint64_t input = 0, topics = 0, bound = 0;
    bool whole = true;
    for (size_t i = 0; i < p->stage_count; i++) {
        const struct mr_edge_keys *edge =
            p->stages[i].kind == MR_STAGE_SOURCE ? edge_of(c, i) : NULL;
        if (edge)
            input += edge->schema.bytes;
    }
    for (size_t i = 0; i < p->topic_count; i++)
        if (!p->topics[i].record) {
            topics++;
            bound += p->topics[i].bound_bytes;
            whole = whole && !p->topics[i].keep_bytes;
        }
    mr_buf_addz(out, "\ndisk: ");
    plural(out, topics, "topic keeps", "topics keep");
    mr_buf_addz(out, whole ? " every row" : " what `retention:` says");
    if (p->disk_budget_bytes) {
        mr_buf_addz(out, ", within a budget of ");
        mr_topology__print_bytes(out, p->disk_budget_bytes);
    } else if (input && whole) {
        mr_buf_addz(out, ", up to about ");
        mr_topology__print_bytes(out, input * topics);
        mr_buf_addz(out, " before compression, from ");
        mr_topology__print_bytes(out, input);
        mr_buf_addz(out, " of input");
    }
    mr_buf_addz(out, "; at most ");
    mr_topology__print_bytes(out, bound);
    mr_buf_addz(out, " waits unread");
    print_held(p, input, out);
    mr_buf_addc(out, '\n');
}

void mr_plan_print(const struct mr_compiled *c, struct mr_buf *out)
{
    if (!c->plan)
        return;
    print_head(c->plan, out);
    for (size_t i = 0; i < c->plan->stage_count; i++)
        print_stage(c, i, out);
    print_disk(c, out);
}
