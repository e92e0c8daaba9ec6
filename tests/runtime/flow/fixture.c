/* The plan of the flow tests, its processes, and what is looked at afterwards. */
#include "tests/runtime/flow/fixture.h"

#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "runtime/base/clock.h"
#include "runtime/base/file.h"
#include "runtime/log/partition.h"
#include "tests/runtime/flow/fixture_parts.h"

enum { DEADLINE_MS = 120000, MAX_STAGES = 8 };

/* ---- the plan ---- */

struct builder {
    struct mr_arena *arena;
    struct mr_plan *plan;
    int last_topic;
    uint32_t last_partitions;
};

static int add_topic(struct builder *b, const char *name, int stage, uint32_t partitions,
                     uint32_t lanes, const char *key, bool record)
{
    struct mr_plan *p = b->plan;
    struct mr_plan_topic *t = &p->topics[p->topic_count];
    t->name = mr_str_of(name);
    t->stage = stage;
    t->partitions = partitions;
    t->lanes = lanes;
    t->record = record;
    t->bound_bytes = record ? 0 : 64 << 20;
    if (key) {
        t->key = mr_arena_alloc(b->arena, sizeof(*t->key));
        t->key[0] = mr_str_of(key);
        t->key_count = 1;
    }
    return (int)p->topic_count++;
}

static struct mr_plan_stage *add_stage(struct builder *b, const char *id, enum mr_stage_kind kind,
                                       uint32_t lanes)
{
    struct mr_plan *p = b->plan;
    int number = (int)p->stage_count++;
    struct mr_plan_stage *s = &p->stages[number];
    s->id = s->use = mr_str_of(id);
    s->kind = kind;
    s->number = (uint16_t)number;
    s->longest_row_ms = 60000;
    s->drops_topic = add_topic(b, mr_arena_printf(b->arena, "t.%s.drops.e1", id).ptr, number, 1,
                               lanes, NULL, true);
    s->dead_topic = add_topic(b, mr_arena_printf(b->arena, "t.%s.dead.e1", id).ptr, number, 1,
                              lanes, NULL, true);
    return s;
}

static void reads(struct builder *b, struct mr_plan_stage *s)
{
    s->inputs = mr_arena_zalloc(b->arena, sizeof(*s->inputs));
    s->inputs[0].topic = b->last_topic;
    s->input_count = 1;
}

static void writes(struct builder *b, struct mr_plan_stage *s, bool topic, uint32_t partitions,
                   uint32_t lanes, const char *key)
{
    s->outputs = mr_arena_zalloc(b->arena, sizeof(*s->outputs));
    s->output_count = 1;
    s->outputs[0].name = MR_STR("out");
    s->outputs[0].outcome = MR_PLAN_NONE;
    s->outputs[0].topic = MR_PLAN_NONE;
    if (!topic)
        return;
    const char *name = mr_arena_printf(b->arena, "t.%.*s.out.e1", MR_FMT(s->id)).ptr;
    b->last_topic = s->outputs[0].topic =
        add_topic(b, name, s->number, partitions, lanes, key, false);
}

static void add_group(struct builder *b, int first, size_t count, uint32_t partitions, uint32_t scale)
{
    struct mr_plan *p = b->plan;
    struct mr_plan_group *g = &p->groups[p->group_count];
    g->stages = mr_arena_alloc(b->arena, count * sizeof(int));
    for (size_t i = 0; i < count; i++) {
        g->stages[i] = first + (int)i;
        p->stages[first + (int)i].group = (int)p->group_count;
    }
    g->stage_count = count;
    g->partitions = partitions;
    g->scale = scale;
    g->first_bell = MR_BELL_FIRST;
    for (size_t i = 0; i < p->group_count; i++)
        g->first_bell += mr_plan_bells(&p->groups[i]);
    p->group_count++;
}

static void set_one(struct builder *b, struct mr_plan_stage *s, const char *name, struct mr_str value)
{
    s->settings = mr_arena_zalloc(b->arena, sizeof(*s->settings));
    s->settings[0] = (struct mr_setting){.name = mr_str_of(name), .value = value};
    s->setting_count = 1;
}

static void build_front(struct builder *b, const struct fixture_options *o)
{
    uint32_t p = o->partitions;
    struct mr_plan_stage *s = add_stage(b, "numbers", MR_STAGE_SOURCE, 1);
    s->source = &fixture_numbers;
    set_one(b, s, "rows", mr_arena_printf(b->arena, "%u", o->rows));
    writes(b, s, true, p, 1, NULL);
    add_group(b, 0, 1, 1, 1);

    s = add_stage(b, "odd-out", MR_STAGE_OPERATOR, p);
    s->op = &fixture_odd_out;
    set_one(b, s, "crash_at", mr_arena_printf(b->arena, "%u", o->crash_at));
    reads(b, s);
    writes(b, s, !o->fused, p, p, NULL);
    if (!o->fused)
        add_group(b, 1, 1, p, o->scale);

    s = add_stage(b, "twice", MR_STAGE_OPERATOR, p);
    s->op = &fixture_twice;
    if (!o->fused)
        reads(b, s);
    writes(b, s, true, p, p, "k");
    add_group(b, o->fused ? 1 : 2, o->fused ? 2 : 1, p, o->scale);
}

static void build_back(struct builder *b, const struct fixture_options *o, const char *dir)
{
    uint32_t p = o->partitions;
    struct mr_plan_stage *s = add_stage(b, "first-of", MR_STAGE_OPERATOR, p);
    s->op = &fixture_first_of;
    s->order = p > 1 ? MR_ORDER_HOLD : MR_ORDER_STREAM;
    reads(b, s);
    writes(b, s, true, 1, p, NULL);
    add_group(b, 3, 1, p, o->scale);

    s = add_stage(b, "index", MR_STAGE_OPERATOR, 1);
    s->op = &fixture_index;
    s->order = p > 1 ? MR_ORDER_HOLD : MR_ORDER_STREAM;
    reads(b, s);
    writes(b, s, true, 1, 1, NULL);
    add_group(b, 4, 1, 1, 1);

    if (o->barrier) {
        s = add_stage(b, "top", MR_STAGE_OPERATOR, 1);
        s->op = &fixture_top;
        reads(b, s);
        writes(b, s, true, 1, 1, NULL);
        add_group(b, 5, 1, 1, 1);
    }
    s = add_stage(b, "collect", MR_STAGE_SINK, 1);
    s->sink = &fixture_collect;
    s->order = MR_ORDER_STREAM;
    set_one(b, s, "path", mr_arena_printf(b->arena, "%s/out.txt", dir));
    reads(b, s);
    add_group(b, o->barrier ? 6 : 5, 1, 1, 1);
}

void fixture_make(struct fixture *f, const struct fixture_options *o)
{
    const char *tmp = getenv("TMPDIR");
    memset(f, 0, sizeof(*f));
    snprintf(f->dir, sizeof(f->dir), "%s/mr-flow-XXXXXX", tmp ? tmp : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(f->dir));
    f->layout.root = mr_str_of(f->dir);
    f->arena = mr_arena_create(0);
    struct builder b = {.arena = f->arena, .plan = mr_arena_zalloc(f->arena, sizeof(struct mr_plan))};
    f->plan = b.plan;
    b.plan->name = MR_STR("t");
    b.plan->epoch = 1;
    b.plan->base_dir = mr_str_of(f->dir);
    b.plan->max_row_bytes = o->max_row_bytes ? o->max_row_bytes : 1 << 20;
    b.plan->lz4 = true;
    b.plan->stages = mr_arena_zalloc(f->arena, MAX_STAGES * sizeof(struct mr_plan_stage));
    b.plan->groups = mr_arena_zalloc(f->arena, MAX_STAGES * sizeof(struct mr_plan_group));
    b.plan->topics = mr_arena_zalloc(f->arena, 3 * MAX_STAGES * sizeof(struct mr_plan_topic));
    build_front(&b, o);
    build_back(&b, o, f->dir);
}

void fixture_remove(struct fixture *f)
{
    mr_error_free(mr_dir_remove(f->dir));
    mr_arena_destroy(f->arena);
}

/* ---- processes ---- */

static volatile sig_atomic_t stop_asked;

static void ask_stop(int signal_number)
{
    (void)signal_number;
    stop_asked = 1;
}

int fixture_start(const struct fixture *f, int group, uint32_t instance, uint32_t run)
{
    int pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid > 0)
        return pid;
    signal(SIGTERM, ask_stop);
    struct mr_worker_options options = {.plan = f->plan, .group = group, .instance = instance,
                                        .run = run, .layout = f->layout, .stop = &stop_asked,
                                        .no_sync = true};
    bool ended = false;
    struct mr_error *e = mr_worker_run(&options, &ended);
    if (e) {
        struct mr_buf text = {0};
        mr_error_print(e, &text);
        fprintf(stderr, "group %d: %s", group, mr_buf_text(&text));
        _exit(1);
    }
    _exit(ended ? 0 : 2);
}

struct slot {
    int group, pid;
    uint32_t instance;
};

static size_t start_all(const struct fixture *f, uint32_t run, struct slot *slots)
{
    size_t n = 0;
    for (size_t g = 0; g < f->plan->group_count; g++)
        for (uint32_t i = 0; i < f->plan->groups[g].scale; i++) {
            slots[n] = (struct slot){.group = (int)g, .instance = i};
            slots[n].pid = fixture_start(f, (int)g, i, run);
            n++;
        }
    return n;
}

static struct slot *slot_of(struct slot *slots, size_t count, int pid)
{
    for (size_t i = 0; i < count; i++)
        if (slots[i].pid == pid)
            return &slots[i];
    return NULL;
}

/* Kills one living process after a random while of waiting for anything to end. */
static void reap(const struct fixture *f, uint32_t run, struct slot *slots, size_t count, size_t *alive)
{
    int status;
    int pid = waitpid(-1, &status, WNOHANG);
    if (pid <= 0)
        return;
    struct slot *s = slot_of(slots, count, pid);
    ck_assert_ptr_nonnull(s);
    if (WIFSIGNALED(status)) {
        s->pid = fixture_start(f, s->group, s->instance, run);
        return;
    }
    ck_assert_msg(WEXITSTATUS(status) == 0, "group %d ended with status %d", s->group,
                  WEXITSTATUS(status));
    s->pid = 0;
    (*alive)--;
}

void fixture_run(const struct fixture *f, uint32_t run, unsigned kills, unsigned seed)
{
    struct slot slots[64];
    sigset_t children, before;
    sigemptyset(&children);
    sigaddset(&children, SIGCHLD);
    sigprocmask(SIG_BLOCK, &children, &before);
    size_t count = start_all(f, run, slots), alive = count;
    uint64_t deadline = mr_now_ms() + DEADLINE_MS, next_kill = mr_now_ms() + 5;
    while (alive > 0) {
        ck_assert_msg(mr_now_ms() < deadline, "the run did not end in time");
        reap(f, run, slots, count, &alive);
        if (kills > 0 && mr_now_ms() >= next_kill) {
            struct slot *s = &slots[(size_t)rand_r(&seed) % count];
            if (s->pid)
                kill(s->pid, SIGKILL);
            kills--;
            next_kill = mr_now_ms() + (uint64_t)(rand_r(&seed) % 25);
        }
        /* Until a child ends, or it is time for the next kill. */
        struct timespec moment = {.tv_nsec = 1000000};
        sigtimedwait(&children, NULL, &moment);
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
}

/* ---- looking at the result ---- */

char *fixture_output(const struct fixture *f)
{
    struct mr_buf path = {0}, text = {0};
    mr_buf_printf(&path, "%s/out.txt", f->dir);
    struct mr_error *e = mr_file_read(mr_buf_text(&path), 0, &text);
    ck_assert_msg(!e, "%s", mr_error_message(e));
    mr_buf_finish(&path);
    mr_buf_addc(&text, 0);
    return text.ptr;
}

uint64_t fixture_counter(const struct fixture *f, const char *stage, enum mr_counter c)
{
    int number = -1;
    uint64_t sum = 0;
    for (size_t i = 0; i < f->plan->stage_count; i++)
        if (mr_str_is(f->plan->stages[i].id, stage))
            number = (int)i;
    ck_assert_int_ge(number, 0);
    const struct mr_plan_group *g = &f->plan->groups[f->plan->stages[number].group];
    for (uint32_t i = 0; i < g->scale; i++) {
        struct mr_buf path = {0};
        struct mr_page *page = NULL;
        mr_layout_page(&f->layout, g->first_bell + i, &path);
        struct mr_error *e = mr_page_open(mr_buf_text(&path), &page);
        ck_assert_msg(!e, "%s", mr_error_message(e));
        for (size_t k = 0; k < g->stage_count; k++)
            if (g->stages[k] == number)
                sum += atomic_load(&page->stage[k].counter[c]);
        mr_page_close(page);
        mr_buf_finish(&path);
    }
    return sum;
}

void fixture_assert_balance(const struct fixture *f)
{
    for (size_t i = 0; i < f->plan->stage_count; i++) {
        const char *id = f->plan->stages[i].id.ptr;
        uint64_t in = fixture_counter(f, id, MR_C_IN);
        uint64_t out = fixture_counter(f, id, MR_C_FORWARDED) +
                       fixture_counter(f, id, MR_C_DROPPED) +
                       fixture_counter(f, id, MR_C_REJECTED) + fixture_counter(f, id, MR_C_ABSORBED);
        ck_assert_msg(in == out, "stage %s: %llu in, %llu accounted for", id,
                      (unsigned long long)in, (unsigned long long)out);
        ck_assert_uint_eq(fixture_counter(f, id, MR_C_HELD), 0);
        ck_assert_uint_eq(fixture_counter(f, id, MR_C_ALARMS), 0);
    }
}

static uint64_t lane_rows(const struct mr_log_place *place)
{
    struct mr_log_reader *r = NULL;
    uint64_t count = 0;
    uint32_t rows = 0;
    struct mr_error *e = mr_log_reader_open(place, 0, 0, (struct mr_mark){0}, &r);
    while (!e) {
        struct mr_head head;
        struct mr_str map;
        bool found = true;
        e = mr_log_reader_next(r, &rows);
        if (rows == 0)
            break;
        while (!e && found) {
            e = mr_log_reader_row(r, &head, &map, &found);
            count += found && head.kind == MR_KIND_ROW;
        }
    }
    ck_assert_msg(!e, "%s", mr_error_message(e));
    mr_log_reader_close(r);
    return count;
}

uint64_t fixture_topic_rows(const struct fixture *f, const char *topic)
{
    struct mr_buf dir = {0};
    uint64_t count = 0;
    mr_layout_topics(&f->layout, &dir);
    for (size_t i = 0; i < f->plan->topic_count; i++) {
        const struct mr_plan_topic *t = &f->plan->topics[i];
        for (uint32_t p = 0; mr_str_is(t->name, topic) && p < t->partitions; p++)
            for (uint32_t lane = 0; lane < t->lanes; lane++) {
                struct mr_log_place place = {mr_buf_text(&dir), t->name, p, lane};
                count += lane_rows(&place);
            }
    }
    mr_buf_finish(&dir);
    return count;
}
