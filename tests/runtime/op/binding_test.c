/* Tests of bindings and of what operators do to a row through them. */
#include <check.h>

#include "runtime/op/work.h"
#include "runtime/row/json.h"

Suite *suite_runtime_op_binding(void);

enum { TEXT, NUMBER, EXTRA, LABEL, GONE, FROM, TO, SECRET };
enum { SHORT };

static const struct mr_key keys[] = {
    [TEXT] = {.name = "input_key", .access = MR_CHANGE, .types = MR_TEXT, .nullable = true,
              .aliases = "text_key", .doc = "Text."},
    [NUMBER] = {.name = "number_key", .access = MR_READ, .types = MR_NUMBER, .def = "n", .doc = "Number."},
    [EXTRA] = {.name = "extra_key", .access = MR_MAY_READ, .types = MR_TEXT, .def = "extra",
               .optional = true, .doc = "Extra."},
    [LABEL] = {.name = "output_key", .access = MR_WRITE, .types = MR_INT, .def = "label",
               .optional = true, .doc = "Label."},
    [GONE] = {.name = "gone", .access = MR_REMOVE, .types = MR_ANY, .nullable = true, .many = true,
              .optional = true, .doc = "Gone."},
    [FROM] = {.name = "from_keys", .access = MR_REMOVE, .types = MR_ANY, .nullable = true, .many = true,
              .optional = true, .doc = "Old."},
    [TO] = {.name = "to_keys", .access = MR_WRITE, .types = MR_ANY, .many = true, .optional = true,
            .type_of = "from_keys", .doc = "New."},
    [SECRET] = {.name = "secret", .access = MR_PREPARED, .types = MR_BYTES, .doc = "Secret."},
    {0}};
static const struct mr_outcome outcomes[] = {[SHORT] = {"short", MR_DROP, "Short."}, {0}};
static const struct mr_op op = {.name = "test.op", .keys = keys, .outcomes = outcomes};

static struct mr_arena *arena;
static struct mr_names *names;
static struct mr_binding binding;
static struct mr_json_reader *reader;

static void open_all(void)
{
    arena = mr_arena_create(0);
    names = mr_names_create();
    reader = mr_json_reader_create();
}

static void close_all(void)
{
    mr_json_reader_destroy(reader);
    mr_names_destroy(names);
    mr_arena_destroy(arena);
}

#define KEYS(...) (const struct mr_str[]){__VA_ARGS__}, \
    sizeof((struct mr_str[]){__VA_ARGS__}) / sizeof(struct mr_str)
#define ROLE(name, ...) {MR_STR_INIT(name), KEYS(__VA_ARGS__)}

static struct mr_error *bind(const struct mr_bound_role *bound, size_t count)
{
    return mr_binding_make(&op, MR_STR("stage"), bound, count, names, arena, &binding);
}

static void refused(const struct mr_bound_role *bound, size_t count, const char *message)
{
    struct mr_error *e = bind(bound, count);
    ck_assert_msg(e && strstr(mr_error_message(e), message), "%s", mr_error_message(e));
    mr_error_free(e);
}

static struct mr_row *row_of(const char *json, struct mr_work *work)
{
    struct mr_buf map = {0};
    struct mr_row *row = mr_arena_zalloc(arena, sizeof *row);
    struct mr_head head = {.kind = MR_KIND_ROW};
    ck_assert_ptr_null(mr_json_read_object(reader, mr_str_of(json), MR_UTF8_REJECT, &map));
    struct mr_str bytes = mr_arena_str(arena, mr_buf_str(&map));
    mr_buf_finish(&map);
    ck_assert_ptr_null(mr_row_decode(row, names, arena, &head, bytes.ptr, bytes.len));
    *work = (struct mr_work){.binding = &binding, .outcome = MR_GOES_ON};
    row->work = work;
    return row;
}

static void is(struct mr_row *row, const char *json)
{
    struct mr_buf map = {0}, text = {0};
    mr_row_encode(row, &map);
    mr_json_write_value((struct mr_value){(uint8_t *)map.ptr, (uint32_t)map.len}, &text);
    ck_assert_str_eq(mr_buf_text(&text), json);
    mr_buf_finish(&map);
    mr_buf_finish(&text);
}

START_TEST(what_does_not_bind)
{
    refused(NULL, 0, "role \"input_key\" of \"test.op\" is not bound");
    const struct mr_bound_role unknown[] = {ROLE("nope", MR_STR_INIT("x"))};
    refused(unknown, 1, "has no key role \"nope\"");
    const struct mr_bound_role twice[] = {ROLE("input_key", MR_STR_INIT("x")),
                                          ROLE("text_key", MR_STR_INIT("y"))};
    refused(twice, 2, "bound twice");
    const struct mr_bound_role two[] = {ROLE("input_key", MR_STR_INIT("x"), MR_STR_INIT("y"))};
    refused(two, 1, "takes one key, not 2");
    const struct mr_bound_role secret[] = {ROLE("input_key", MR_STR_INIT("x")),
                                           ROLE("secret", MR_STR_INIT("y"))};
    refused(secret, 2, "is internal");
    const struct mr_bound_role reserved[] = {ROLE("input_key", MR_STR_INIT("\x01stage.secret"))};
    refused(reserved, 1, "reserved key");
    const struct mr_bound_role pairs[] = {ROLE("input_key", MR_STR_INIT("x")),
                                          ROLE("from_keys", MR_STR_INIT("a"), MR_STR_INIT("b")),
                                          ROLE("to_keys", MR_STR_INIT("c"))};
    refused(pairs, 3, "names 1 keys, role \"from_keys\" 2");
}
END_TEST

START_TEST(presence_and_type)
{
    static const struct {
        const char *json, *why;
    } rows[] = {
        {"{\"t\":\"x\",\"n\":1}", NULL},
        {"{\"t\":null,\"n\":1.50}", NULL},
        {"{\"t\":\"x\",\"n\":1,\"extra\":\"e\"}", NULL},
        {"{\"n\":1}", "key \"t\" is missing"},
        {"{\"t\":\"x\"}", "key \"n\" is missing"},
        {"{\"t\":5,\"n\":1}", "key \"t\" is integer, not text or null"},
        {"{\"t\":\"x\",\"n\":null}", "key \"n\" is null, not number"},
        {"{\"t\":\"x\",\"n\":\"1\"}", "key \"n\" is text, not number"},
        {"{\"t\":\"x\",\"n\":1,\"extra\":[]}", "key \"extra\" is list, not text"},
    };
    const struct mr_bound_role bound[] = {ROLE("text_key", MR_STR_INIT("t"))};
    ck_assert_ptr_null(bind(bound, 1));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct mr_work work;
        struct mr_str why = {0};
        bool ok = mr_binding_accepts(&binding, row_of(rows[i].json, &work), &why);
        ck_assert_msg(ok == !rows[i].why, "%s: %.*s", rows[i].json, MR_FMT(why));
        if (!ok)
            ck_assert_msg(mr_str_is(why, rows[i].why), "%.*s", MR_FMT(why));
    }
}
END_TEST

START_TEST(reading)
{
    const struct mr_bound_role bound[] = {ROLE("input_key", MR_STR_INIT("t")),
                                          {MR_STR_INIT("output_key"), NULL, 0}};
    ck_assert_ptr_null(bind(bound, 2));
    struct mr_work work;
    struct mr_row *row = row_of("{\"t\":\"\",\"n\":2.50}", &work);
    ck_assert_ptr_nonnull(mr_row_text(row, TEXT).ptr);
    ck_assert_uint_eq(mr_row_text(row, TEXT).len, 0);
    ck_assert(mr_row_real(row, NUMBER) == 2.5);
    ck_assert(!mr_row_has(row, EXTRA) && mr_row_is_null(row, EXTRA) && mr_row_bound(row, EXTRA));
    ck_assert(!mr_row_bound(row, LABEL) && mr_row_many(row, GONE) == 0);
    row = row_of("{\"t\":null,\"n\":18446744073709551615}", &work);
    ck_assert_ptr_null(mr_row_text(row, TEXT).ptr);
    ck_assert(mr_row_has(row, TEXT) && mr_row_is_null(row, TEXT));
    ck_assert_int_eq(mr_row_int(row, NUMBER), INT64_MAX);
}
END_TEST

START_TEST(writing)
{
    const struct mr_bound_role bound[] = {
        ROLE("input_key", MR_STR_INIT("t")), ROLE("gone", MR_STR_INIT("g"), MR_STR_INIT("h")),
        ROLE("from_keys", MR_STR_INIT("a"), MR_STR_INIT("b")),
        ROLE("to_keys", MR_STR_INIT("c"), MR_STR_INIT("d"))};
    ck_assert_ptr_null(bind(bound, 4));
    struct mr_work work;
    struct mr_row *row = row_of("{\"a\":1,\"t\":\"x\",\"g\":2,\"z\":1.50,\"b\":null}", &work);
    mr_row_set_text(row, TEXT, (struct mr_str){0});
    mr_row_set_int(row, LABEL, -3);
    mr_row_remove(row, GONE);
    mr_row_rename(row, FROM, TO);
    is(row, "{\"c\":1,\"t\":\"\",\"z\":1.50,\"d\":null,\"label\":-3}");
    mr_row_set_bytes(row, SECRET, MR_STR("\x00\xff"));
    ck_assert_int_eq(mr_row_type(row, SECRET), MR_BYTES);
    mr_row_remove(row, SECRET);
    mr_row_keep_bound(row);
    is(row, "{\"c\":1,\"t\":\"\",\"d\":null,\"label\":-3}");
    mr_row_set_real(row, LABEL, 1.0 / 0.0);
    is(row, "{\"c\":1,\"t\":\"\",\"d\":null,\"label\":null}");
}
END_TEST

START_TEST(unbound_roles_are_ignored)
{
    const struct mr_bound_role bound[] = {ROLE("input_key", MR_STR_INIT("t")),
                                          {MR_STR_INIT("output_key"), NULL, 0}};
    ck_assert_ptr_null(bind(bound, 2));
    struct mr_work work;
    struct mr_row *row = row_of("{\"t\":\"x\",\"label\":9}", &work);
    mr_row_set_int(row, LABEL, 1);
    mr_row_set_text(row, LABEL, MR_STR("y"));
    is(row, "{\"t\":\"x\",\"label\":9}");
}
END_TEST

START_TEST(leaving)
{
    const struct mr_bound_role bound[] = {ROLE("input_key", MR_STR_INIT("t"))};
    ck_assert_ptr_null(bind(bound, 1));
    struct mr_work work;
    struct mr_row *row = row_of("{\"t\":\"x\"}", &work);
    ck_assert_ptr_null(mr_row_leave_measured(row, SHORT, 1, 2));
    ck_assert(work.outcome == SHORT && work.measured && work.value == 1 && work.threshold == 2);
    ck_assert_ptr_null(mr_row_leave_noted(row, SHORT, MR_STR("why")));
    ck_assert(!work.measured && mr_str_is(work.note, "why"));
}
END_TEST

START_TEST(chance_is_fixed_by_row_and_seed)
{
    const struct mr_bound_role bound[] = {ROLE("input_key", MR_STR_INIT("t"))};
    ck_assert_ptr_null(bind(bound, 1));
    struct mr_work work;
    struct mr_row *row = row_of("{}", &work);
    uint64_t first = mr_row_random(row, 1);
    ck_assert(first == mr_row_random(row, 1));
    ck_assert(first != mr_row_random(row, 2));
    row->head.id.b[0] ^= 1;
    ck_assert(first != mr_row_random(row, 1));
}
END_TEST

START_TEST(writing_what_is_read_only_aborts)
{
    const struct mr_bound_role bound[] = {ROLE("input_key", MR_STR_INIT("t"))};
    ck_assert_ptr_null(bind(bound, 1));
    struct mr_work work;
    mr_row_set_int(row_of("{\"n\":1}", &work), NUMBER, 2);
}
END_TEST

Suite *suite_runtime_op_binding(void)
{
    Suite *suite = suite_create("runtime.op.binding");
    TCase *tests = tcase_create("binding");
    tcase_add_checked_fixture(tests, open_all, close_all);
    tcase_add_test(tests, what_does_not_bind);
    tcase_add_test(tests, presence_and_type);
    tcase_add_test(tests, reading);
    tcase_add_test(tests, writing);
    tcase_add_test(tests, unbound_roles_are_ignored);
    tcase_add_test(tests, leaving);
    tcase_add_test(tests, chance_is_fixed_by_row_and_seed);
    tcase_add_test_raise_signal(tests, writing_what_is_read_only_aborts, 6);
    suite_add_tcase(suite, tests);
    return suite;
}
