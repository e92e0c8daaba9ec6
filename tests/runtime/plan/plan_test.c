/* The compiled plan: round trip, fingerprints, and bytes that must not be believed. */
#include <check.h>
#include <stdlib.h>

#include "runtime/plan/plan.h"

struct params {
    int64_t floor;
    struct mr_str label;
};
static const struct mr_param param_table[] = {
    {MR_FIELD(struct params, floor), .def = "3", .min = "0", .max = "9", .doc = "Lowest value."},
    {MR_FIELD(struct params, label), .def = "null", .nullable = true, .doc = "A label."},
    {0}};
static const struct mr_key key_table[] = {
    {"input_key", MR_READ, MR_TEXT, "Text looked at.", .def = "text"}, {0}};
static const struct mr_outcome outcome_table[] = {{"too_low", MR_DROP, "Under the floor."}, {0}};
static struct mr_error *process(struct mr_ctx *ctx, struct mr_row *row)
{
    (void)ctx, (void)row;
    return NULL;
}
static const struct mr_op op = {.name = "tests.keep",
                                .scope = MR_PER_ROW,
                                .doc = "Keeps rows.",
                                .params_size = sizeof(struct params),
                                .params = param_table,
                                .keys = key_table,
                                .outcomes = outcome_table,
                                .process = process};
static const struct mr_registry_row op_rows[] = {{"tests.keep", &op}, {0}};

struct file_params {
    struct mr_str path;
};
static const struct mr_param file_table[] = {{MR_FIELD(struct file_params, path), .doc = "A path."},
                                             {0}};
static const struct mr_source_type source_type = {
    .name = "list", .params_size = sizeof(struct file_params), .params = file_table};
static const struct mr_sink_type sink_type = {
    .name = "file", .params_size = sizeof(struct file_params), .params = file_table};
static const struct mr_source_type *const sources[] = {&source_type, NULL};
static const struct mr_sink_type *const sinks[] = {&sink_type, NULL};
static const struct mr_connectors connectors = {sources, sinks};

/* in (1 task) → keep (8 tasks on 3 processes) → out. */
struct sample {
    struct mr_plan plan;
    struct mr_plan_stage stages[3];
    struct mr_plan_topic topics[4];
    struct mr_plan_group groups[3];
    struct mr_setting settings[3];
    struct mr_str keys[1];
    struct mr_bound_role bound[1];
    struct mr_plan_input inputs[2];
    struct mr_plan_output outputs[2];
    int group_stages[3];
};

static void topic(struct mr_plan_topic *t, const char *name, int stage, uint32_t partitions,
                  uint32_t lanes, bool record)
{
    *t = (struct mr_plan_topic){.name = mr_str_of(name),
                                .stage = stage,
                                .partitions = partitions,
                                .lanes = lanes,
                                .record = record,
                                .bound_bytes = 1 << 20};
}

static void sample_init(struct sample *s)
{
    memset(s, 0, sizeof *s);
    s->settings[0] = (struct mr_setting){MR_STR("path"), MR_STR("a/*.jsonl"), false};
    s->settings[1] = (struct mr_setting){MR_STR("floor"), MR_STR("4"), false};
    s->settings[2] = (struct mr_setting){MR_STR("path"), MR_STR("out.jsonl"), false};
    s->keys[0] = MR_STR("body");
    s->bound[0] = (struct mr_bound_role){MR_STR("input_key"), s->keys, 1};
    for (int i = 0; i < 3; i++) {
        s->stages[i] = (struct mr_plan_stage){.number = (uint16_t)i,
                                              .group = i,
                                              .settings = &s->settings[i],
                                              .setting_count = 1,
                                              .drops_topic = MR_PLAN_NONE,
                                              .dead_topic = MR_PLAN_NONE,
                                              .longest_row_ms = 300000};
        s->group_stages[i] = i;
        s->groups[i] = (struct mr_plan_group){
            &s->group_stages[i], 1, i == 1 ? 8 : 1, i == 1 ? 3 : 1, (uint32_t)(2 + 4 * i), {{0}}};
    }
    topic(&s->topics[0], "p.in.out.e1", 0, 8, 1, false);
    topic(&s->topics[1], "p.keep.out.e1", 1, 1, 8, false);
    topic(&s->topics[2], "p.keep.drops.e1", 1, 1, 8, true);
    topic(&s->topics[3], "p.keep.dead.e1", 1, 1, 8, true);
    s->outputs[0] =
        (struct mr_plan_output){.name = MR_STR("out"), .outcome = MR_PLAN_NONE, .topic = 0};
    s->outputs[1] =
        (struct mr_plan_output){.name = MR_STR("out"), .outcome = MR_PLAN_NONE, .topic = 1};
    s->inputs[0] = (struct mr_plan_input){0, {0}};
    s->inputs[1] = (struct mr_plan_input){1, {0}};
    s->stages[0].id = MR_STR("in"), s->stages[0].kind = MR_STAGE_SOURCE;
    s->stages[0].use = MR_STR("list"), s->stages[0].source = &source_type;
    s->stages[0].outputs = &s->outputs[0], s->stages[0].output_count = 1;
    s->stages[1].id = MR_STR("keep"), s->stages[1].kind = MR_STAGE_OPERATOR;
    s->stages[1].use = MR_STR("tests.keep"), s->stages[1].op = &op;
    s->stages[1].bound = s->bound, s->stages[1].bound_count = 1;
    s->stages[1].inputs = &s->inputs[0], s->stages[1].input_count = 1;
    s->stages[1].outputs = &s->outputs[1], s->stages[1].output_count = 1;
    s->stages[1].drops_topic = 2, s->stages[1].dead_topic = 3, s->stages[1].window_rows = 7;
    s->stages[2].id = MR_STR("out"), s->stages[2].kind = MR_STAGE_SINK;
    s->stages[2].use = MR_STR("file"), s->stages[2].sink = &sink_type;
    s->stages[2].order = MR_ORDER_HOLD;
    s->stages[2].inputs = &s->inputs[1], s->stages[2].input_count = 1;
    s->plan = (struct mr_plan){.name = MR_STR("p"),
                               .epoch = 1,
                               .seed = UINT64_MAX,
                               .max_row_bytes = 8 << 20,
                               .base_dir = MR_STR("/data"),
                               .lz4 = true,
                               .stages = s->stages,
                               .stage_count = 3,
                               .topics = s->topics,
                               .topic_count = 4,
                               .groups = s->groups,
                               .group_count = 3};
    mr_plan_seal(&s->plan);
}

static struct mr_registry *registry(void)
{
    struct mr_registry *r = NULL;
    struct mr_error *e = mr_registry_create(op_rows, &r);
    ck_assert_msg(!e, "%s", mr_error_message(e));
    return r;
}

/* Decodes; returns the error's code and keeps nothing. */
static enum mr_code decode_code(struct mr_str bytes, const struct mr_registry *r)
{
    struct mr_arena *arena = mr_arena_create(0);
    struct mr_plan *plan = NULL;
    struct mr_error *e = mr_plan_decode(bytes, r, &connectors, arena, &plan);
    enum mr_code code = mr_error_code(e);
    ck_assert_int_eq(code == MR_OK, plan != NULL);
    mr_error_free(e);
    mr_arena_destroy(arena);
    return code;
}

START_TEST(round_trip_keeps_everything)
{
    struct sample s;
    sample_init(&s);
    struct mr_registry *r = registry();
    struct mr_arena *arena = mr_arena_create(0);
    struct mr_buf first = {0}, second = {0};
    mr_plan_encode(&s.plan, &first);
    struct mr_plan *back = NULL;
    struct mr_error *e = mr_plan_decode(mr_buf_str(&first), r, &connectors, arena, &back);
    ck_assert_msg(!e, "%s", mr_error_message(e));
    mr_plan_encode(back, &second);
    ck_assert(mr_str_eq(mr_buf_str(&first), mr_buf_str(&second)));
    ck_assert_ptr_eq(back->stages[1].op, &op);
    ck_assert_ptr_eq(back->stages[0].source, &source_type);
    ck_assert_ptr_eq(back->stages[2].sink, &sink_type);
    ck_assert_uint_eq(back->seed, UINT64_MAX);
    ck_assert_uint_eq(back->groups[1].scale, 3);
    ck_assert_int_eq(mr_plan_stage_find(back, MR_STR("keep")), 1);
    ck_assert_int_eq(mr_plan_stage_find(back, MR_STR("kept")), MR_PLAN_NONE);
    ck_assert_int_eq(mr_plan_topic_find(back, MR_STR("p.keep.dead.e1")), 3);
    ck_assert_int_eq(mr_plan_topic_find(back, MR_STR("p.keep.dead")), MR_PLAN_NONE);
    mr_buf_finish(&first);
    mr_buf_finish(&second);
    mr_arena_destroy(arena);
    mr_registry_destroy(r);
}
END_TEST

START_TEST(fingerprints_cover_results_only)
{
    struct sample a, b;
    sample_init(&a);
    sample_init(&b);
    ck_assert(mr_id_eq(&a.plan.hash, &b.plan.hash));
    b.groups[1].scale = 5; /* scale, folder, bounds: the same work */
    b.plan.base_dir = MR_STR("/elsewhere");
    b.topics[0].bound_bytes = 1;
    b.stages[2].order = MR_ORDER_STREAM;
    mr_plan_seal(&b.plan);
    ck_assert(mr_id_eq(&a.plan.hash, &b.plan.hash));

    b.settings[1].value = MR_STR("5"); /* a parameter: this stage and all below, none above */
    mr_plan_seal(&b.plan);
    ck_assert(mr_id_eq(&a.stages[0].fingerprint, &b.stages[0].fingerprint));
    ck_assert(!mr_id_eq(&a.stages[1].fingerprint, &b.stages[1].fingerprint));
    ck_assert(!mr_id_eq(&a.stages[2].fingerprint, &b.stages[2].fingerprint));
    b.settings[1].value = MR_STR("4");

    b.stages[1].setting_count = 0; /* the default is 3, not 4 */
    mr_plan_seal(&b.plan);
    ck_assert(!mr_id_eq(&a.stages[1].fingerprint, &b.stages[1].fingerprint));
    b.settings[1].value = MR_STR("3"); /* a default written out is the default */
    struct mr_id left_out = b.stages[1].fingerprint;
    b.stages[1].setting_count = 1;
    mr_plan_seal(&b.plan);
    ck_assert(mr_id_eq(&left_out, &b.stages[1].fingerprint));

    sample_init(&b);
    b.keys[0] = MR_STR("text"); /* written out or by default: the same binding */
    mr_plan_seal(&b.plan);
    struct mr_id bound = b.stages[1].fingerprint;
    b.stages[1].bound_count = 0;
    mr_plan_seal(&b.plan);
    ck_assert(mr_id_eq(&bound, &b.stages[1].fingerprint));
    ck_assert(!mr_id_eq(&a.stages[1].fingerprint, &b.stages[1].fingerprint));

    sample_init(&b);
    b.groups[1].partitions = 4; /* partitions: the plan, no stage */
    mr_plan_seal(&b.plan);
    ck_assert(mr_id_eq(&a.stages[2].fingerprint, &b.stages[2].fingerprint));
    ck_assert(!mr_id_eq(&a.plan.hash, &b.plan.hash));
}
END_TEST

START_TEST(damaged_bytes_are_refused)
{
    struct sample s;
    sample_init(&s);
    struct mr_registry *r = registry();
    struct mr_buf bytes = {0};
    mr_plan_encode(&s.plan, &bytes);
    ck_assert_int_eq(decode_code(mr_buf_str(&bytes), r), MR_OK);
    for (size_t cut = 0; cut < bytes.len; cut++)
        ck_assert_int_eq(decode_code(mr_str_span(bytes.ptr, cut), r), MR_PLAN_INVALID);
    /* Every bit flipped: refused, or a change of something the hash leaves out on purpose. */
    size_t refused = 0;
    for (size_t i = 0; i < bytes.len * 8; i++) {
        bytes.ptr[i / 8] ^= (char)(1 << (i % 8));
        enum mr_code code = decode_code(mr_buf_str(&bytes), r);
        ck_assert(code == MR_OK || code == MR_PLAN_INVALID || code == MR_PLAN_VERSION);
        refused += code != MR_OK;
        bytes.ptr[i / 8] ^= (char)(1 << (i % 8));
    }
    ck_assert_uint_gt(refused, bytes.len * 4);
    mr_buf_addc(&bytes, 0);
    ck_assert_int_eq(decode_code(mr_buf_str(&bytes), r), MR_PLAN_INVALID);
    mr_buf_finish(&bytes);
    mr_registry_destroy(r);
}
END_TEST

START_TEST(another_version_and_unknown_operators_say_so)
{
    struct sample s;
    sample_init(&s);
    struct mr_registry *r = registry(), *empty = NULL;
    static const struct mr_registry_row none[] = {{0}};
    ck_assert_ptr_null(mr_registry_create(none, &empty));
    struct mr_buf bytes = {0};
    mr_plan_encode(&s.plan, &bytes);
    ck_assert_int_eq(decode_code(mr_buf_str(&bytes), empty), MR_PLAN_INVALID);
    size_t at = mr_str_find(mr_buf_str(&bytes), MR_STR("millrace-plan"), 0) + 13;
    ck_assert_int_eq(bytes.ptr[at], MR_PLAN_FORMAT);
    bytes.ptr[at] = 99;
    ck_assert_int_eq(decode_code(mr_buf_str(&bytes), r), MR_PLAN_VERSION);
    mr_buf_finish(&bytes);
    mr_registry_destroy(r);
    mr_registry_destroy(empty);
}
END_TEST

/* Copies a list without the items from `first` to `last`. */
static void copy_without(struct mr_value list, int first, int last, struct mr_buf *out)
{
    struct mr_walk w;
    struct mr_value v;
    mr_pack_list(out, mr_value_count(list) - (uint32_t)(last - first + 1));
    mr_walk_begin(&w, list);
    for (int i = 0; mr_walk_next(&w, &v); i++)
        if (i < first || i > last)
            mr_buf_add(out, v.ptr, v.len);
}

/* The plan as it was stored before cuts were recorded: it had fewer fields. */
static void as_before(struct mr_str bytes, struct mr_buf *out)
{
    enum { FORMAT = 1, STAGES = 11, TOPICS = 12 };
    struct mr_walk w, items;
    struct mr_value v, item;
    mr_walk_begin(&w, (struct mr_value){(const uint8_t *)bytes.ptr, (uint32_t)bytes.len});
    mr_pack_list(out, 15);
    for (int i = 0; mr_walk_next(&w, &v); i++) {
        if (i == FORMAT) {
            mr_pack_uint(out, MR_PLAN_FORMAT_BEFORE);
        } else if (i == STAGES || i == TOPICS) {
            mr_pack_list(out, mr_value_count(v));
            mr_walk_begin(&items, v);
            while (mr_walk_next(&items, &item))
                copy_without(item, i == STAGES ? 18 : 8, i == STAGES ? 19 : 8, out);
        } else {
            mr_buf_add(out, v.ptr, v.len);
        }
    }
}

START_TEST(the_format_before_can_be_read)
{
    struct sample s;
    sample_init(&s);
    struct mr_registry *r = registry();
    struct mr_buf bytes = {0}, before = {0};
    struct mr_arena *arena = mr_arena_create(0);
    struct mr_plan *plan;
    mr_plan_encode(&s.plan, &bytes);
    as_before(mr_buf_str(&bytes), &before);
    ck_assert_uint_lt(before.len, bytes.len);
    struct mr_error *e = mr_plan_decode(mr_buf_str(&before), r, &connectors, arena, &plan);
    ck_assert_msg(!e, "%s", e ? mr_error_message(e) : "");
    ck_assert_uint_eq(plan->stages[1].window_rows, 7);
    ck_assert_int_eq(mr_plan_cuts_topic(plan, &plan->groups[1]), MR_PLAN_NONE);
    mr_arena_destroy(arena);
    mr_buf_finish(&bytes);
    mr_buf_finish(&before);
    mr_registry_destroy(r);
}
END_TEST

static enum mr_code changed_code(struct sample *s, const struct mr_registry *r)
{
    struct mr_buf bytes = {0};
    mr_plan_encode(&s->plan, &bytes);
    enum mr_code code = decode_code(mr_buf_str(&bytes), r);
    mr_buf_finish(&bytes);
    return code;
}

START_TEST(unsound_plans_are_refused)
{
    struct mr_registry *r = registry();
    struct sample s;
    sample_init(&s);
    ck_assert_int_eq(changed_code(&s, r), MR_OK);
#define REFUSED(change)                                                                            \
    sample_init(&s);                                                                               \
    change;                                                                                        \
    ck_assert_msg(changed_code(&s, r) == MR_PLAN_INVALID, #change)
    REFUSED(s.inputs[1].topic = 77);
    REFUSED(s.inputs[0].topic = 1);
    REFUSED(s.outputs[1].topic = 9);
    REFUSED(s.outputs[1].outcome = 1);
    REFUSED(s.stages[1].group = 2);
    REFUSED(s.stages[1].number = 0);
    REFUSED(s.stages[1].also_prepares = true);
    REFUSED(s.stages[1].drops_topic = 4);
    REFUSED(s.stages[1].id = MR_STR("../../etc"));
    REFUSED(s.stages[1].id = MR_STR(".."));
    REFUSED(s.topics[2].name = MR_STR("a/b"));
    REFUSED(s.topics[1].cuts = true);
    REFUSED(s.stages[1].cuts_epoch = 1);
    REFUSED(s.topics[1].lanes = 7);
    REFUSED(s.topics[0].partitions = 7);
    REFUSED(s.topics[0].stage = 3);
    REFUSED(s.groups[1].scale = 9);
    REFUSED(s.groups[1].scale = 0);
    REFUSED(s.groups[2].first_bell = 1);
    REFUSED(s.groups[2].first_bell = UINT32_MAX);
    REFUSED(s.group_stages[1] = 2);
    REFUSED(s.settings[1].value = MR_STR("10"));
    REFUSED(s.settings[1].name = MR_STR("flour"));
    REFUSED(s.plan.hash.b[3] ^= 1);
    REFUSED(s.plan.name = MR_STR(""));
    mr_registry_destroy(r);
}
END_TEST

START_TEST(layout_is_declared_once)
{
    struct mr_layout l = {MR_STR("s/p")};
    struct mr_buf out = {0};
    mr_layout_topics(&l, &out);
    ck_assert_str_eq(mr_buf_text(&out), "s/p/topics");
    mr_layout_task(&l, MR_STR("dedup"), 3, 7, &out);
    ck_assert_str_eq(mr_buf_text(&out), "s/p/state/dedup.e3/7");
    mr_layout_page(&l, 12, &out);
    ck_assert_str_eq(mr_buf_text(&out), "s/p/run/page.12");
    mr_layout_meta(&l, &out);
    ck_assert_str_eq(mr_buf_text(&out), "s/p/runs.json");
    mr_buf_finish(&out);
}
END_TEST

/* What did not change goes on; what did, and all below it, begins anew; topics are named by it. */
START_TEST(unchanged_stages_keep_their_epoch)
{
    struct sample now, base;
    struct mr_arena *arena = mr_arena_create(0);
    struct mr_buf text = {0};
    sample_init(&base);
    sample_init(&now);
    ck_assert_uint_eq(mr_plan_continue(&now.plan, &base.plan, 2, MR_PLAN_NONE, arena), 0);
    ck_assert(mr_id_eq(&now.plan.hash, &base.plan.hash));
    now.groups[1].scale = 2; /* no part of it */
    now.settings[1].value = MR_STR("5");
    mr_plan_seal(&now.plan);
    ck_assert_uint_eq(mr_plan_continue(&now.plan, &base.plan, 2, MR_PLAN_NONE, arena), 2);
    ck_assert_uint_eq(now.plan.epoch, 2);
    ck_assert_uint_eq(now.stages[0].epoch, 1);
    ck_assert_uint_eq(now.stages[1].epoch, 2);
    ck_assert_uint_eq(now.stages[2].epoch, 2);
    ck_assert(mr_str_is(now.topics[0].name, "p.in.out.e1"));
    ck_assert(mr_str_is(now.topics[1].name, "p.keep.out.e2"));
    ck_assert(mr_str_is(now.topics[2].name, "p.keep.drops.e2"));
    mr_plan_changes(&now.plan, &base.plan, 2, &text);
    ck_assert_ptr_null(strstr(mr_buf_text(&text), "\"in\""));
    ck_assert_ptr_nonnull(strstr(mr_buf_text(&text), "stage \"keep\": its parameters changed\n"));
    ck_assert_ptr_nonnull(strstr(mr_buf_text(&text), ": what it reads"));
    sample_init(&base);
    sample_init(&now);
    base.outputs[1] =
        (struct mr_plan_output){MR_STR("de"), MR_PLAN_ROUTE, 1, MR_STR("lang == 'de'")};
    now.outputs[1] = base.outputs[1];
    now.outputs[1].route = MR_STR("lang == 'fr'");
    mr_plan_seal(&base.plan);
    mr_plan_seal(&now.plan);
    ck_assert_uint_eq(mr_plan_continue(&now.plan, &base.plan, 2, MR_PLAN_NONE, arena), 2);
    text.len = 0;
    mr_plan_changes(&now.plan, &base.plan, 2, &text);
    ck_assert_ptr_nonnull(strstr(mr_buf_text(&text), "stage \"keep\": its routes changed\n"));
    sample_init(&now);
    now.settings[1].value = MR_STR("5");
    mr_plan_seal(&now.plan);
    mr_plan_continue(&now.plan, &base.plan, 2, MR_PLAN_NONE, arena);
    /* The same again goes on with the new one; back to the old one is a change of its own. */
    sample_init(&base);
    ck_assert_uint_eq(mr_plan_continue(&base.plan, &now.plan, 3, MR_PLAN_NONE, arena), 2);
    ck_assert_uint_eq(base.stages[1].epoch, 3);
    /* A wish: from the last stage on, though nothing changed. */
    sample_init(&base);
    sample_init(&now);
    ck_assert_uint_eq(mr_plan_continue(&now.plan, &base.plan, 2, 2, arena), 1);
    ck_assert_uint_eq(now.stages[1].epoch, 1);
    ck_assert_uint_eq(now.stages[2].epoch, 2);
    /* Other partitions: the writer's topic is another one, so the writer begins anew, too. */
    sample_init(&now);
    now.groups[1].partitions = now.topics[0].partitions = 4;
    mr_plan_seal(&now.plan);
    ck_assert_uint_eq(mr_plan_continue(&now.plan, &base.plan, 2, MR_PLAN_NONE, arena), 3);
    mr_buf_finish(&text);
    mr_arena_destroy(arena);
}
END_TEST

/* A plan of a program whose operators were others can be compared with, not run. */
START_TEST(kept_plans_are_not_sealed_again)
{
    struct sample s;
    struct mr_registry *r = registry();
    struct mr_arena *arena = mr_arena_create(0);
    struct mr_buf bytes = {0};
    struct mr_plan *kept = NULL;
    sample_init(&s);
    struct mr_id shape = s.groups[1].shape;
    s.stages[1].fingerprint.b[0] ^= 1;
    s.stages[1].only = (struct mr_plan_only){MR_STR("n > 1"), 1, 2, 3, 4};
    s.stages[2].aside = true;
    mr_plan_encode(&s.plan, &bytes);
    ck_assert_int_eq(decode_code(mr_buf_str(&bytes), r), MR_OK); /* sealing corrects it */
    ck_assert_ptr_null(mr_plan_decode_kept(mr_buf_str(&bytes), r, &connectors, arena, &kept));
    ck_assert(mr_id_eq(&kept->stages[1].fingerprint, &s.stages[1].fingerprint));
    ck_assert(!mr_id_eq(&kept->groups[1].shape, &shape));
    ck_assert(mr_str_is(kept->stages[1].only.where, "n > 1"));
    ck_assert_uint_eq(kept->stages[1].only.until_n, 4);
    ck_assert(kept->stages[2].aside && !kept->stages[1].aside);
    bytes.len = 0;
    s.plan.hash.b[0] ^= 1;
    mr_plan_encode(&s.plan, &bytes);
    ck_assert_int_eq(decode_code(mr_buf_str(&bytes), r), MR_PLAN_INVALID);
    ck_assert_ptr_null(mr_plan_decode_kept(mr_buf_str(&bytes), r, &connectors, arena, &kept));
    mr_buf_finish(&bytes);
    mr_arena_destroy(arena);
    mr_registry_destroy(r);
}
END_TEST

Suite *suite_runtime_plan_plan(void);
Suite *suite_runtime_plan_plan(void)
{
    Suite *suite = suite_create("runtime.plan.plan");
    TCase *t = tcase_create("plan");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, round_trip_keeps_everything);
    tcase_add_test(t, fingerprints_cover_results_only);
    tcase_add_test(t, damaged_bytes_are_refused);
    tcase_add_test(t, another_version_and_unknown_operators_say_so);
    tcase_add_test(t, the_format_before_can_be_read);
    tcase_add_test(t, unsound_plans_are_refused);
    tcase_add_test(t, layout_is_declared_once);
    tcase_add_test(t, unchanged_stages_keep_their_epoch);
    tcase_add_test(t, kept_plans_are_not_sealed_again);
    suite_add_tcase(suite, t);
    return suite;
}
