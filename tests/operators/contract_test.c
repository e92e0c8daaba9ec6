/* What holds for every operator of the registry: descriptions, bounds, hostile rows, the catalogue.
 */
#include "tests/operators/harness.h"

#include <stdio.h>
#include <stdlib.h>

#include "runtime/op/describe.h"
#include "runtime/op/work.h"
#include "runtime/row/json.h"

Suite *suite_operators_contract(void);

static struct mr_registry *registry;

static void open_registry(void)
{
    struct mr_error *e = mr_registry_create(mr_operator_table, &registry);
    ck_assert_msg(!e, "%s", mr_error_message(e));
}

static void close_registry(void)
{
    mr_registry_destroy(registry);
}

START_TEST(every_name_leads_to_its_operator)
{
    ck_assert_uint_gt(mr_registry_count(registry), 20);
    for (size_t i = 0; i < mr_registry_count(registry); i++) {
        const struct mr_op *op = mr_registry_at(registry, i);
        ck_assert_ptr_eq(mr_registry_find(registry, mr_str_of(op->name)), op);
        const char *last = strchr(op->name, '.') + 1;
        const struct mr_op *by_last = mr_registry_find(registry, mr_str_of(last));
        ck_assert_msg(by_last == op || by_last == NULL, "%s leads elsewhere", last);
        if (op->aliases)
            ck_assert_ptr_eq(mr_registry_find(registry, mr_str_of(op->aliases)), op);
        ck_assert_msg(!op->may_crash, "%s is for tests only", op->name);
    }
}
END_TEST

static bool parses(const struct mr_param *p, const char *text, void *target)
{
    struct mr_arena *arena = mr_arena_create(0);
    struct mr_error *e = mr_param_parse(p, mr_str_of(text), false, arena, target);
    mr_error_free(e);
    mr_arena_destroy(arena);
    return !e;
}

/* A number just beyond a bound. */
static void beyond(const struct mr_param *p, const char *bound, int step, char out[64])
{
    double value;
    ck_assert(mr_str_to_real(mr_str_of(bound), &value));
    snprintf(out, 64, p->type == MR_P_INT ? "%.0f" : "%.6f",
             value + (p->type == MR_P_INT ? step : step * 0.001));
}

START_TEST(bounds_are_kept)
{
    char text[64];
    for (size_t i = 0; i < mr_registry_count(registry); i++) {
        const struct mr_op *op = mr_registry_at(registry, i);
        void *target = mr_zalloc(op->params_size + 1);
        for (const struct mr_param *p = op->params; p && p->name; p++) {
            if (p->type != MR_P_INT && p->type != MR_P_REAL)
                continue;
            ck_assert_msg(!parses(p, "a lot", target), "%s.%s", op->name, p->name);
            if (p->min) {
                ck_assert_msg(parses(p, p->min, target), "%s.%s", op->name, p->name);
                beyond(p, p->min, -1, text);
                ck_assert_msg(!parses(p, text, target), "%s.%s %s", op->name, p->name, text);
            }
            if (p->max) {
                ck_assert_msg(parses(p, p->max, target), "%s.%s", op->name, p->name);
                beyond(p, p->max, 1, text);
                ck_assert_msg(!parses(p, text, target), "%s.%s %s", op->name, p->name, text);
            }
        }
        free(target);
    }
}
END_TEST

START_TEST(defaults_survive_their_text_form)
{
    for (size_t i = 0; i < mr_registry_count(registry); i++) {
        const struct mr_op *op = mr_registry_at(registry, i);
        struct mr_arena *arena = mr_arena_create(0);
        void *target = mr_zalloc(op->params_size + 1);
        struct mr_buf once = {0}, twice = {0};
        for (const struct mr_param *p = op->params; p && p->name; p++) {
            if (!p->def || strcmp(p->def, "null") == 0)
                continue;
            bool null;
            once.len = twice.len = 0;
            ck_assert_ptr_null(mr_param_parse(p, mr_str_of(p->def), false, arena, target));
            mr_param_format(p, target, &once, &null);
            ck_assert(!null);
            ck_assert_ptr_null(mr_param_parse(p, mr_buf_str(&once), false, arena, target));
            mr_param_format(p, target, &twice, &null);
            ck_assert_msg(mr_str_eq(mr_buf_str(&once), mr_buf_str(&twice)), "%s.%s", op->name,
                          p->name);
        }
        mr_buf_finish(&once);
        mr_buf_finish(&twice);
        free(target);
        mr_arena_destroy(arena);
    }
}
END_TEST

START_TEST(every_printer_names_everything)
{
    struct mr_json_reader *reader = mr_json_reader_create();
    for (size_t i = 0; i < mr_registry_count(registry); i++) {
        const struct mr_op *op = mr_registry_at(registry, i);
        struct mr_buf text = {0}, markdown = {0}, packed = {0};
        struct mr_json_out json = {0};
        mr_describe_text(op, &text);
        mr_describe_markdown(op, &markdown);
        mr_describe_json(op, &json);
        struct mr_error *e =
            mr_json_read_object(reader, mr_buf_str(&json.text), MR_UTF8_REJECT, &packed);
        ck_assert_msg(!e, "%s: %s", op->name, mr_error_message(e));
        for (const struct mr_param *p = op->params; p && p->name; p++) {
            ck_assert_ptr_nonnull(strstr(mr_buf_text(&text), p->name));
            ck_assert_ptr_nonnull(strstr(mr_buf_text(&markdown), p->name));
            ck_assert_ptr_nonnull(strstr(mr_buf_text(&json.text), p->name));
        }
        for (const struct mr_outcome *o = op->outcomes; o && o->name; o++) {
            ck_assert_ptr_nonnull(strstr(mr_buf_text(&text), o->name));
            ck_assert_ptr_nonnull(strstr(mr_buf_text(&markdown), o->name));
            ck_assert_ptr_nonnull(strstr(mr_buf_text(&json.text), o->name));
        }
        ck_assert_msg(op->examples && op->examples->in && op->examples->out, "%s has no example",
                      op->name);
        ck_assert_ptr_nonnull(strstr(mr_buf_text(&text), "\nexample"));
        ck_assert_ptr_nonnull(strstr(mr_buf_text(&markdown), "\nExample"));
        mr_buf_finish(&text);
        mr_buf_finish(&markdown);
        mr_buf_finish(&json.text);
        mr_buf_finish(&packed);
    }
    mr_json_reader_destroy(reader);
}
END_TEST

/* ---- rows that nobody would write on purpose ---- */

/* The keys of an example, as the keys of one row that all have this value. */
static void hostile_row(const char *keys, const char *value, struct mr_buf *out)
{
    mr_buf_printf(out, "{\"text\":%s", value);
    for (const char *at = keys; at && *at;) {
        at += strcspn(at, "=");
        at += *at == '=';
        while (*at && *at != ' ') {
            size_t len = strcspn(at, ", ");
            if (!(len == 4 && memcmp(at, "text", 4) == 0))
                mr_buf_printf(out, ",\"%.*s\":%s", (int)len, at, value);
            at += len + (at[len] == ',');
        }
    }
    mr_buf_addz(out, "}\n");
}

static void repeat(struct mr_buf *out, const char *piece, size_t times)
{
    mr_buf_addc(out, '"');
    for (size_t i = 0; i < times; i++)
        mr_buf_addz(out, piece);
    mr_buf_addc(out, '"');
}

static const char *const odd_values[] = {
    "null",
    "true",
    "0",
    "-9223372036854775808",
    "18446744073709551615",
    "1e308",
    "0.1000",
    "[]",
    "{}",
    "[[[[1]]],{\"a\":\"b\"}]",
    "\"\"",
    "\" \"",
    "\"\\u0000\"",
    "\"\\ufeff\\u200b\\u2028\"",
    "\"\\\"\\\\\"",
    "\"\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb\"",
    "\"e\xcc\x81\xcc\x81\xcc\x81\"",
    "\"<<<<\\n>>>> http://\"",
    "\"&&;;&amp\"",
    "\"\xef\xb7\x90\"",
};
static const char *const pieces[] = {
    "a",        "<",   "&",   "# ", "...", "http://", "\\n", " \xe3\x80\x80", "\xe4\xb8\xad",
    "\xc4\xb0", "a. ", "ab:",
};

static void hostile_rows(const char *keys, struct mr_buf *out)
{
    mr_buf_addz(out, "{}\n");
    for (size_t i = 0; i < sizeof odd_values / sizeof *odd_values; i++)
        hostile_row(keys, odd_values[i], out);
    struct mr_buf value = {0};
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        value.len = 0;
        repeat(&value, pieces[i], 5000);
        hostile_row(keys, mr_buf_text(&value), out);
    }
    mr_buf_finish(&value);
}

static size_t line_count(const struct mr_buf *text)
{
    size_t count = 0;
    for (size_t i = 0; i < text->len; i++)
        count += text->ptr[i] == '\n';
    return count;
}

START_TEST(hostile_rows_are_answered)
{
    const struct mr_op *op = mr_registry_at(registry, (size_t)_i);
    mr_bench_open();
    struct mr_buf in = {0}, out = {0}, again = {0};
    ck_assert_msg(op->examples != NULL, "%s has no example", op->name);
    hostile_rows(op->examples->keys, &in);
    struct mr_run run = {.op = op, .set = op->examples->set, .keys = op->examples->keys};
    struct mr_error *e = mr_run_rows(&run, mr_buf_text(&in), &out);
    ck_assert_msg(!e, "%s: %s", op->name, mr_error_message(e));
    size_t rows = line_count(&out), given = line_count(&in);
    ck_assert_msg(op->expands ? rows >= given : rows == given, "%s: %zu rows in, %zu out", op->name,
                  given, rows);
    run.batch = 1;
    run.apart = true;
    e = mr_run_rows(&run, mr_buf_text(&in), &again);
    ck_assert_msg(!e, "%s: %s", op->name, mr_error_message(e));
    ck_assert_msg(mr_str_eq(mr_buf_str(&out), mr_buf_str(&again)),
                  "%s: other rows with other batches", op->name);
    mr_buf_finish(&in);
    mr_buf_finish(&out);
    mr_buf_finish(&again);
    mr_bench_close();
}
END_TEST

/* domain: empty for the index. */
static void page_is_up_to_date(const char *source, struct mr_str domain)
{
    struct mr_buf path = {0}, wanted = {0}, got = {0};
    mr_buf_printf(&path, "%s/operators/%.*s%sREADME.md", source, MR_FMT(domain),
                  domain.len ? "/" : "");
    FILE *file = fopen(mr_buf_text(&path), "r");
    ck_assert_msg(file != NULL, "%s is missing: millrace ops pages operators", mr_buf_text(&path));
    for (int c; (c = fgetc(file)) != EOF;)
        mr_buf_addc(&got, (char)c);
    fclose(file);
    if (domain.len)
        mr_describe_domain(registry, domain, &wanted);
    else
        mr_describe_catalogue(registry, &wanted);
    ck_assert_msg(mr_str_eq(mr_buf_str(&got), mr_buf_str(&wanted)),
                  "%s is stale: millrace ops pages operators", mr_buf_text(&path));
    mr_buf_finish(&path);
    mr_buf_finish(&wanted);
    mr_buf_finish(&got);
}

START_TEST(the_pages_are_up_to_date)
{
    const char *source = getenv("MR_SOURCE");
    if (!source)
        return; /* run by hand without the sources */
    struct mr_str domain = {0};
    page_is_up_to_date(source, domain);
    for (size_t i = 0; i < mr_registry_count(registry); i++) {
        struct mr_str next = mr_op_domain(mr_registry_at(registry, i));
        if (!mr_str_eq(next, domain))
            page_is_up_to_date(source, next);
        domain = next;
    }
}
END_TEST

Suite *suite_operators_contract(void)
{
    Suite *suite = suite_create("operators.contract");
    TCase *tests = tcase_create("every operator");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, open_registry, close_registry);
    tcase_add_test(tests, every_name_leads_to_its_operator);
    tcase_add_test(tests, bounds_are_kept);
    tcase_add_test(tests, defaults_survive_their_text_form);
    tcase_add_test(tests, every_printer_names_everything);
    tcase_add_test(tests, the_pages_are_up_to_date);
    struct mr_registry *all = NULL;
    mr_error_free(
        mr_registry_create(mr_operator_table, &all)); /* its fault is the fixture's to tell */
    int count = all ? (int)mr_registry_count(all) : 0;
    mr_registry_destroy(all);
    tcase_add_loop_test(tests, hostile_rows_are_answered, 0, count);
    suite_add_tcase(suite, tests);
    return suite;
}
