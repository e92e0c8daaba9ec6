/* The file `scale` of a state folder: processes asked for by `millrace scale`.
 *
 * A first line with the format, then "<stage> <declared> <asked for, or 0>" a line. */
#include "stages/supervise/scales.h"

#include <stdio.h>
#include <stdlib.h>

#include "runtime/base/file.h"

#define FIRST_LINE "millrace-scale 1"
enum { MAX_BYTES = 1 << 20 };

void mr_scales_finish(struct mr_scales *s)
{
    free(s->items);
    *s = (struct mr_scales){0};
}

static void path_of(const struct mr_home *h, struct mr_buf *out)
{
    mr_buf_printf(out, "%.*s/scale", MR_FMT(h->layout.root));
    mr_buf_text(out);
}

static struct mr_scale *add(struct mr_scales *s, struct mr_str stage)
{
    s->items = mr_realloc(s->items, (s->count + 1) * sizeof *s->items);
    struct mr_scale *one = &s->items[s->count++];
    *one = (struct mr_scale){0};
    size_t len = stage.len < sizeof one->stage - 1 ? stage.len : sizeof one->stage - 1;
    memcpy(one->stage, stage.ptr, len);
    return one;
}

static bool parse_line(struct mr_scales *s, struct mr_str line)
{
    char text[160], stage[80];
    unsigned declared, processes;
    if (line.len >= sizeof text)
        return false;
    memcpy(text, line.ptr, line.len);
    text[line.len] = 0;
    if (sscanf(text, "%79s %u %u", stage, &declared, &processes) != 3)
        return false;
    struct mr_scale *one = add(s, mr_str_of(stage));
    one->declared = declared;
    one->processes = processes;
    return true;
}

static bool parse(struct mr_scales *s, struct mr_str text)
{
    bool first = true;
    for (size_t at = 0, end; at < text.len; at = end + 1) {
        end = mr_str_find(text, MR_STR("\n"), at);
        end = end == SIZE_MAX ? text.len : end;
        struct mr_str line = mr_str_span(text.ptr + at, end - at);
        if (first ? !mr_str_is(line, FIRST_LINE) : !parse_line(s, line))
            return false;
        first = false;
    }
    return !first;
}

struct mr_error *mr_scales_load(const struct mr_home *h, struct mr_scales *out)
{
    struct mr_buf path = {0}, text = {0};
    struct mr_error *e = NULL;
    *out = (struct mr_scales){0};
    path_of(h, &path);
    if (mr_file_exists(path.ptr)) {
        e = mr_file_read(path.ptr, MAX_BYTES, &text);
        if (!e && !parse(out, mr_buf_str(&text)))
            e = mr_error_remedy(mr_error(MR_RUN_RECORD, "\"%s\" is not of this version", path.ptr),
                                "Remove it: stages have the processes that the topology declares.");
    }
    if (e)
        mr_scales_finish(out);
    mr_buf_finish(&path);
    mr_buf_finish(&text);
    return e;
}

struct mr_error *mr_scales_save(const struct mr_home *h, const struct mr_scales *s)
{
    struct mr_buf path = {0}, text = {0};
    path_of(h, &path);
    mr_buf_addz(&text, FIRST_LINE "\n");
    for (size_t i = 0; i < s->count; i++)
        mr_buf_printf(&text, "%s %u %u\n", s->items[i].stage, s->items[i].declared,
                      s->items[i].processes);
    struct mr_error *e = mr_file_replace(path.ptr, mr_buf_str(&text), 0600);
    mr_buf_finish(&path);
    mr_buf_finish(&text);
    return e;
}

static int group_of(const struct mr_plan *plan, const char *stage)
{
    int index = mr_plan_stage_find(plan, mr_str_of(stage));
    return index == MR_PLAN_NONE ? MR_PLAN_NONE : plan->stages[index].group;
}

/* Fused differently than before, several entries may be of one group: one is enough. */
static struct mr_scale *item_of(struct mr_scales *s, const struct mr_plan *plan, int group)
{
    struct mr_scale *found = NULL;
    for (size_t i = 0; i < s->count;) {
        struct mr_scale *one = &s->items[i];
        if (group_of(plan, one->stage) != group) {
            i++;
        } else if (!found) {
            found = one;
            i++;
        } else {
            if (!found->processes)
                found->processes = one->processes;
            *one = s->items[--s->count];
        }
    }
    return found;
}

static struct mr_scale *item_made(struct mr_scales *s, const struct mr_plan *plan, int group)
{
    struct mr_scale *one = item_of(s, plan, group);
    if (!one) {
        one = add(s, plan->stages[plan->groups[group].stages[0]].id);
        one->declared = plan->groups[group].scale;
    }
    return one;
}

void mr_scales_ask(struct mr_scales *s, const struct mr_plan *plan, int group, uint32_t processes)
{
    item_made(s, plan, group)->processes = processes;
}

static bool is_given(const struct mr_plan *plan, int group, const struct mr_setting *given,
                     size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int stage = mr_plan_stage_find(plan, given[i].name);
        if (stage != MR_PLAN_NONE && plan->stages[stage].group == group)
            return true;
    }
    return false;
}

static void apply_one(struct mr_scale *one, struct mr_plan_group *g, struct mr_buf *notes)
{
    if (one->declared != g->scale) {
        if (one->processes && one->processes != g->scale)
            mr_buf_printf(notes,
                          "stage \"%s\": the topology now declares scale %u, which replaces the "
                          "%u of `millrace scale`\n",
                          one->stage, g->scale, one->processes);
        one->declared = g->scale;
        one->processes = 0;
    }
    if (one->processes > g->partitions) {
        mr_buf_printf(notes,
                      "stage \"%s\": %u of the %u processes asked for, one for each partition\n",
                      one->stage, g->partitions, one->processes);
        one->processes = g->partitions;
    }
    if (one->processes)
        g->scale = one->processes;
}

void mr_scales_apply(struct mr_scales *s, struct mr_plan *plan, const struct mr_setting *given,
                     size_t given_count, struct mr_buf *notes)
{
    for (size_t g = 0; g < plan->group_count; g++)
        if (!is_given(plan, (int)g, given, given_count))
            apply_one(item_made(s, plan, (int)g), &plan->groups[g], notes);
}

static struct mr_error *too_many(const struct mr_plan_group *g, struct mr_str stage,
                                 uint64_t processes)
{
    return mr_error_remedy(
        mr_error(MR_SCALE, "stage \"%.*s\" has %u partition%s, so at most as many processes",
                 MR_FMT(stage), g->partitions, g->partitions == 1 ? "" : "s"),
        "Declare `partitions: %llu` at the stage (this opens a new epoch).",
        (unsigned long long)processes);
}

struct mr_error *mr_scale_check(const struct mr_plan *plan, struct mr_str stage, uint64_t processes,
                                int *group)
{
    int index = mr_plan_stage_find(plan, stage);
    if (index == MR_PLAN_NONE)
        return mr_error_remedy(
            mr_error(MR_NAME_UNKNOWN, "there is no stage \"%.*s\"", MR_FMT(stage)),
            "`millrace scale` lists the stages.");
    *group = plan->stages[index].group;
    const struct mr_plan_group *g = &plan->groups[*group];
    if (processes == 0)
        return mr_error_remedy(
            mr_error(MR_SCALE, "stage \"%.*s\" cannot do without a process", MR_FMT(stage)),
            "`millrace stop` stops the whole pipeline.");
    if (processes > g->partitions)
        return too_many(g, stage, processes);
    uint64_t all = processes;
    for (size_t i = 0; i < plan->group_count; i++)
        all += (int)i == *group ? 0 : plan->groups[i].scale;
    if (all > MR_PLAN_PROCESSES_MAX)
        return mr_error_remedy(mr_error(MR_SCALE,
                                        "the pipeline would have %llu processes; %d is the "
                                        "most",
                                        (unsigned long long)all, MR_PLAN_PROCESSES_MAX),
                               "Scale less, or fuse stages.");
    return NULL;
}
