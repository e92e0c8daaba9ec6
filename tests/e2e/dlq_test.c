/* Dead letters: listed, tried again once each, settled; and what the runs were. */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/e2e/program.h"

static struct program p;

static void setup(void)
{
    program_open(&p);
    p.binary = getenv("MILLRACE_TEST");
    ck_assert_ptr_nonnull(p.binary);
}

static void teardown(void)
{
    program_close(&p);
}

/* A gate between two stages that do nothing, so that a fused group is entered in its middle. */
static void write_topology(const char *fuse, const char *source, const char *gate)
{
    struct mr_buf text = {0};
    mr_buf_printf(&text,
                  "name: demo\n"
                  "fuse: %s\n"
                  "sources: { docs: { files: [\"in/*.jsonl\"]%s } }\n"
                  "stages:\n"
                  "  - id: first\n"
                  "    use: general_text.lowercase_refiner\n"
                  "    keys: { input_key: text }\n"
                  "  - id: gate\n"
                  "    use: test_only.gate\n"
                  "    with: { file: \"%s/gate.open\" }\n"
                  "%s"
                  "  - id: last\n"
                  "    use: general_text.remove_extra_spaces_refiner\n"
                  "    keys: { input_key: text }\n"
                  "sinks: { out: { file: out/clean.jsonl, id_key: id_ } }\n",
                  fuse, source, p.dir, gate);
    program_write(&p, "x.yaml", mr_buf_text(&text));
    mr_buf_finish(&text);
}

/* Of ten rows, seven pass. */
static void write_rows(unsigned from, unsigned count)
{
    struct mr_buf text = {0};
    for (unsigned i = from; i < from + count; i++)
        mr_buf_printf(&text, "{\"text\":\"%s\",\"n\":%u}\n", i % 10 < 7 ? "PASS" : "WAIT", i);
    char name[32];
    snprintf(name, sizeof name, "in/%u.jsonl", from);
    program_write(&p, name, mr_buf_text(&text));
    mr_buf_finish(&text);
}

static size_t lines(const char *text)
{
    size_t count = 0;
    for (; *text; text++)
        count += *text == '\n';
    return count;
}

static size_t letters(const char *status)
{
    ck_assert_int_eq(RUN(&p, "dlq", "ls", "--json", "--limit", "100000", "--status", status), 0);
    return lines(p.out);
}

/* Every row of the output has another id. */
static void expect_rows(size_t count)
{
    const char *sorted = program_sorted(&p, program_read(&p, "out/clean.jsonl"));
    ck_assert_uint_eq(lines(sorted), count);
    for (const char *at = sorted, *next; (next = strchr(at, '\n')) && next[1]; at = next + 1) {
        size_t len = (size_t)(next - at) + 1;
        ck_assert_msg(strncmp(at, next + 1, len) != 0, "a row came twice: %.*s", (int)len, at);
    }
}

static void check_retry(const char *fuse, const char *gate)
{
    write_topology(fuse, "", gate);
    write_rows(0, 200);
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--json"), 4);
    ck_assert_uint_eq(program_reason(&p, "gate", "closed"), 60);
    expect_rows(140);
    ck_assert_uint_eq(letters("waiting"), 60);
    /* Still closed: every row is a letter again, with the next attempt. */
    ck_assert_int_eq(RUN(&p, "dlq", "retry", "--outcome", "closed", "--json"), 0);
    program_said(&p, "\"letters\":60");
    program_said(&p, "the next run");
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--json"), 4);
    ck_assert_uint_eq(program_count(&p, "gate", "in"), 60);
    ck_assert_uint_eq(program_count(&p, "gate", "rejected"), 60);
    ck_assert_uint_eq(letters("retried"), 60);
    ck_assert_uint_eq(letters("waiting"), 60);
    ck_assert_ptr_nonnull(strstr(p.out, "\"attempt\":2"));
    /* Open: they go on, each once, and the same letters are not taken again. */
    program_write(&p, "gate.open", "");
    ck_assert_int_eq(RUN(&p, "dlq", "retry", "--all", "--run", "--json"), 0);
    ck_assert_uint_eq(program_count(&p, "gate", "in"), 60);
    ck_assert_uint_eq(program_count(&p, "gate", "out"), 60);
    ck_assert_uint_eq(program_count(&p, "last", "in"), 60);
    expect_rows(200);
    ck_assert_int_eq(RUN(&p, "dlq", "retry", "--all", "--run", "--json"), 0);
    program_said(&p, "\"letters\":0");
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--json"), 0);
    ck_assert_str_eq(program_field(&p, "state"), "nothing_new");
    expect_rows(200);
}

START_TEST(test_retry)
{
    check_retry(_i ? "auto" : "off", "");
}
END_TEST

/* Rows go back to the task that rejected them. */
START_TEST(test_retry_of_a_scaled_stage)
{
    check_retry("off", "    partitions: 3\n    scale: 2\n");
}
END_TEST

START_TEST(test_drop_and_filters)
{
    write_topology("off", "", "");
    write_rows(0, 20);
    program_write(&p, "in/bad.jsonl", "{bad\n");
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--json"), 4);
    ck_assert_int_eq(RUN(&p, "dlq", "ls", "--stage", "gate"), 0);
    program_said(&p, "come back later");
    ck_assert_uint_eq(lines(p.out), 7);
    ck_assert_int_eq(RUN(&p, "dlq", "ls", "--stage", "gat"), 8);
    program_said(&p, "first, gate, last");
    ck_assert_int_eq(RUN(&p, "dlq", "show", "--outcome", "closed", "--limit", "1"), 0);
    program_said(&p, "\"row\":{\"text\":\"wait\",\"n\":7}");
    char id[40];
    ck_assert_int_eq(sscanf(p.out, "{\"id\":\"%32[0-9a-f]\"", id), 1);
    id[12] = 0;
    ck_assert_int_eq(RUN(&p, "dlq", "drop", "--id", id), 0);
    program_said(&p, "dropped 1 ");
    ck_assert_uint_eq(letters("dropped"), 1);
    /* What a source could not read is no row. */
    ck_assert_int_eq(RUN(&p, "dlq", "retry", "--stage", "docs"), 0);
    program_said(&p, "retried 0 ");
    program_said(&p, "mend the file");
    ck_assert_int_eq(RUN(&p, "dlq", "retry", "--all", "--dry-run"), 0);
    program_said(&p, "would have retried 5 ");
    ck_assert_int_eq(RUN(&p, "dlq", "retry"), 2);
    program_said(&p, "--all");
    ck_assert_int_eq(RUN(&p, "dlq", "drop", "--all"), 0);
    ck_assert_uint_eq(letters("waiting"), 0);
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--json"), 0);
    ck_assert_str_eq(program_field(&p, "state"), "nothing_new");
}
END_TEST

static bool has_letters(struct program *at)
{
    (void)at;
    return letters("waiting") == 6;
}

static bool has_all_out(struct program *at)
{
    ck_assert_int_eq(RUN(at, "status", "--json"), 0);
    return program_count(at, "out", "in") == 20;
}

static bool has_begun(struct program *at)
{
    return program_read(at, ".millrace/demo/runs.json") && program_read(at, ".millrace/demo/plan");
}

/* A stage that is asleep is woken by its doorbell, and takes the row at once. */
START_TEST(test_retry_while_it_runs)
{
    write_topology("off", ", watch: yes, settle_ms: 0, poll_ms: 50", "");
    write_rows(0, 20);
    pid_t pid = START(&p, "run", "x.yaml", "--quiet");
    program_until(&p, has_begun, "the run begins");
    program_until(&p, has_letters, "the gate rejects");
    program_write(&p, "gate.open", "");
    ck_assert_int_eq(RUN(&p, "dlq", "retry", "--all"), 0);
    program_said(&p, "at once");
    program_until(&p, has_all_out, "retried rows arrive");
    ck_assert_int_eq(RUN(&p, "stop", "demo"), 0);
    ck_assert_int_eq(program_wait(&p, pid), 0);
    ck_assert_int_eq(RUN(&p, "topics", "cat", "last"), 0);
    ck_assert_uint_eq(lines(p.out), 20);
    ck_assert_uint_eq(letters("retried"), 6);
}
END_TEST

/* A row that kills its process is tried again by a later run, which starts without suspicion. */
START_TEST(test_retry_of_a_crash)
{
    program_write(&p, "x.yaml",
                  "name: demo\nsources: { docs: { files: [\"in/*.jsonl\"] } }\n"
                  "stages: [{ id: crash, use: test_only.crash, with: { text: die } }]\n"
                  "sinks: { out: { file: out/clean.jsonl } }\n");
    program_write(&p, "in/a.jsonl", "{\"text\":\"live\"}\n{\"text\":\"die\"}\n");
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--json"), 4);
    ck_assert_uint_eq(program_reason(&p, "crash", "crash"), 1);
    ck_assert_int_eq(RUN(&p, "dlq", "retry", "--all", "--run", "--json"), 4);
    ck_assert_uint_eq(program_reason(&p, "crash", "crash"), 1);
    ck_assert_uint_eq(letters("waiting"), 1);
    program_said(&p, "\"attempt\":2");
    ck_assert_uint_eq(program_lines(&p, "out/clean.jsonl"), 1);
}
END_TEST

START_TEST(test_runs)
{
    write_topology("off", "", "");
    write_rows(0, 20);
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--quiet"), 4);
    write_rows(20, 30);
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--quiet"), 4);
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--quiet"), 0); /* leaves no trace */
    ck_assert_int_eq(RUN(&p, "runs", "ls", "--json"), 0);
    ck_assert_uint_eq(lines(p.out), 2);
    ck_assert_ptr_nonnull(strstr(p.out, "\"run\":1,\"epoch\":1,\"state\":\"ended\""));
    ck_assert_ptr_nonnull(
        strstr(p.out, "\"rows_in\":30,\"rows_out\":21,\"dropped\":0,\"rejected\":9"));
    ck_assert_int_eq(RUN(&p, "runs", "ls"), 0);
    ck_assert_uint_eq(lines(p.out), 3);
    ck_assert_int_eq(RUN(&p, "runs", "show", "1"), 0);
    program_said(&p, "closed 6");
    program_said(&p, "run 1 ended");
    ck_assert_int_eq(RUN(&p, "runs", "show", "--json"), 0);
    program_said(&p, "\"run\":2,");
    program_said(&p, "\"closed\":9");
    ck_assert_int_eq(RUN(&p, "runs", "show", "3"), 8);
    ck_assert_int_eq(RUN(&p, "runs", "show", "x"), 2);
}
END_TEST

Suite *suite_e2e_dlq(void);
Suite *suite_e2e_dlq(void)
{
    Suite *s = suite_create("e2e.dlq");
    TCase *c = tcase_create("dlq");
    tcase_set_timeout(c, 120);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_loop_test(c, test_retry, 0, 2);
    tcase_add_test(c, test_retry_of_a_scaled_stage);
    tcase_add_test(c, test_drop_and_filters);
    tcase_add_test(c, test_retry_while_it_runs);
    tcase_add_test(c, test_retry_of_a_crash);
    tcase_add_test(c, test_runs);
    suite_add_tcase(s, c);
    return s;
}
