/* The tools around a topology: check of several files, ops search and pages. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/e2e/program.h"

static struct program p;

static const char good[] =
    "name: demo\n"
    "source: in/*.jsonl\n"
    "stages:\n"
    "  - word_number_filter: {input_key: text, min_words: 2, output_key: null}\n"
    "  - LowercaseRefiner: {input_key: text}\n"
    "sink: out.jsonl\n";
static const char bad[] = "source: in/*.jsonl\n"
                          "stages:\n"
                          "  - NgramFiltr: {input_key: text}\n"
                          "  - NgramFilter: {input_key: txt, min_scor: 0.3}\n"
                          "sink: out.jsonl\n";

static void setup(void)
{
    program_open(&p);
    program_write(&p, "good.yaml", good);
    program_write(&p, "bad.yaml", bad);
    program_write(&p, "in/a.jsonl", "{\"text\":\"One Two\"}\n{\"text\":\"Three\"}\n");
}

static void teardown(void)
{
    program_close(&p);
}

START_TEST(test_check_several)
{
    ck_assert_int_eq(RUN(&p, "check", "good.yaml", "bad.yaml"), 3);
    ck_assert_str_eq(p.out, "good.yaml: 4 stages, no errors\nbad.yaml: 2 errors\n");
    ck_assert_ptr_nonnull(strstr(p.err, "bad.yaml:3:5: error MR2010"));
    ck_assert_ptr_nonnull(strstr(p.err, "bad.yaml:4:35: error MR2011"));
    ck_assert_int_eq(RUN(&p, "check", "good.yaml", "good.yaml"), 0);
    ck_assert_int_eq(RUN(&p, "check", "none.yaml", "good.yaml"), 1);
    ck_assert_ptr_nonnull(strstr(p.err, "none.yaml: error MR1001"));
    program_said(&p, "good.yaml: 4 stages, no errors");
}
END_TEST

START_TEST(test_check_json)
{
    ck_assert_int_eq(RUN(&p, "check", "bad.yaml", "good.yaml", "none.yaml", "--json"), 1);
    ck_assert_str_eq(p.err, "");
    program_said(&p,
                 "{\"errors\":3,\"warnings\":0,\"hints\":0,\"problems\":[{\"severity\":\"error\","
                 "\"code\":\"MR2010\",\"file\":\"bad.yaml\",\"line\":3,\"column\":5,"
                 "\"end_column\":15,\"width\":10,\"fact\":\"there is no operator");
    program_said(&p, "\"file\":\"none.yaml\",\"line\":0,\"column\":0");
    ck_assert_int_eq(RUN(&p, "check", "good.yaml", "--json"), 0);
    ck_assert_str_eq(p.out, "{\"errors\":0,\"warnings\":0,\"hints\":0,\"problems\":[]}\n");
}
END_TEST

START_TEST(test_ops_search)
{
    ck_assert_int_eq(RUN(&p, "ops", "search", "Near", "duplicates"), 0);
    ck_assert(mr_str_starts(mr_str_of(p.out), MR_STR("general_text.minhash_deduplicate_filter")));
    ck_assert_int_eq(RUN(&p, "ops", "search", "near duplicates"), 0);
    ck_assert(mr_str_starts(mr_str_of(p.out), MR_STR("general_text.minhash_deduplicate_filter")));
    ck_assert_int_eq(RUN(&p, "ops", "search", "dedup"), 0);
    program_said(&p, "general_text.hash_deduplicate_filter");
    ck_assert_ptr_null(strstr(p.out, "rows.cast"));
    ck_assert_int_eq(RUN(&p, "ops", "search", "not_castable", "--json"), 0);
    ck_assert(mr_str_starts(mr_str_of(p.out), MR_STR("[{\"name\":\"rows.cast\",\"score\":")));
    ck_assert_int_eq(RUN(&p, "ops", "search", "xylophone"), 8);
    program_said(&p, "no operator has to do with \"xylophone\"");
    ck_assert_int_eq(RUN(&p, "ops", "search", "xylophone", "--json"), 8);
    ck_assert_str_eq(p.out, "[]\n");
}
END_TEST

START_TEST(test_ops_pages)
{
    ck_assert_int_eq(RUN(&p, "ops", "pages", "pages"), 0);
    const char *index = program_read(&p, "pages/README.md");
    ck_assert_ptr_nonnull(strstr(index, "[`cast`](rows/README.md#rowscast)"));
    ck_assert_ptr_nonnull(strstr(program_read(&p, "pages/rows/README.md"), "## rows.cast\n"));
}
END_TEST

/* Graphviz reads what is written, in all its forms; the last run's counts stand in each. */
START_TEST(test_graph)
{
    ck_assert_int_eq(RUN(&p, "graph", "good.yaml"), 0);
    program_said(&p, "demo\nsource source (files)\n  \xe2\x86\x92 word-number-filter\n");
    ck_assert_int_eq(RUN(&p, "run", "good.yaml", "-q"), 0);
    ck_assert_int_eq(RUN(&p, "graph", "good.yaml"), 0);
    program_said(&p, "demo: run 1, ended\n");
    program_said(
        &p, "stage word-number-filter (general_text.word_number_filter): in 2, out 1, dropped 1\n");
    ck_assert_int_eq(RUN(&p, "graph", "good.yaml", "-o", "x.html"), 0);
    ck_assert_str_eq(p.out, "");
    ck_assert_ptr_nonnull(strstr(program_read(&p, "x.html"), "in 2, out 1, dropped 1"));
    ck_assert_int_eq(RUN(&p, "graph", "good.yaml", "-o", "x.mmd"), 0);
    ck_assert(mr_str_starts(mr_str_of(program_read(&p, "x.mmd")), MR_STR("flowchart TD\n")));
    ck_assert_int_eq(RUN(&p, "graph", "good.yaml", "-o", "x.dot"), 0);
    struct mr_buf command = {0};
    mr_buf_printf(&command, "dot -Tsvg '%s/x.dot' -o '%s/x.svg' >&2", p.dir, p.dir);
    ck_assert_int_eq(system(mr_buf_text(&command)), 0);
    ck_assert_ptr_nonnull(strstr(program_read(&p, "x.svg"), "word&#45;number&#45;filter"));
    mr_buf_finish(&command);
    ck_assert_int_eq(RUN(&p, "graph", "bad.yaml"), 3);
}
END_TEST

START_TEST(test_graph_of_routes)
{
    program_write(&p, "routes.yaml",
                  "source: in/*.jsonl\n"
                  "stages:\n"
                  "  - {id: low, use: LowercaseRefiner, keys: {input_key: text}, route: {few: "
                  "\"text == 'three'\"}}\n"
                  "  - {id: rest, use: LowercaseRefiner, keys: {input_key: text}, from: low}\n"
                  "sinks: {a: {file: a.jsonl, from: low.few}, b: {file: b.jsonl, from: rest}}\n");
    ck_assert_int_eq(RUN(&p, "run", "routes.yaml", "-q"), 0);
    ck_assert_int_eq(RUN(&p, "graph", "routes.yaml"), 0);
    program_said(&p, "\xe2\x86\x92 a  few, 1 row\n");
    program_said(&p, "\xe2\x86\x92 rest  1 row\n");
}
END_TEST

START_TEST(test_plan_estimates)
{
    ck_assert_int_eq(RUN(&p, "plan", "good.yaml"), 0);
    program_said(&p, "estimate from all 2 rows of source");
    ck_assert_int_eq(RUN(&p, "plan", "good.yaml", "--sample", "1", "--json"), 0);
    program_said(&p, "\"estimate\":{\"sources\":[{\"name\":\"source\",\"sample_rows\":1,");
    program_said(&p, "\"stage\":\"word-number-filter\",\"rows_in\":2,\"rows_out\":2,");
    ck_assert_int_eq(RUN(&p, "plan", "good.yaml", "--no-sample"), 0);
    ck_assert_ptr_null(strstr(p.out, "estimate"));
    ck_assert_int_eq(RUN(&p, "plan", "good.yaml", "--sample", "0"), 2);
    ck_assert_ptr_null(program_read(&p, "out.jsonl"));
    ck_assert_ptr_null(program_read(&p, ".millrace/demo/runs.json"));
    ck_assert_int_eq(RUN(&p, "plan", "good.yaml"), 0);
    ck_assert_ptr_null(strstr(p.out, "Were all rows kept"));
    program_write(
        &p, "small.yaml",
        mr_arena_printf(p.arena, "disk_budget: 1GB\n%s", program_read(&p, "good.yaml")).ptr);
    ck_assert_int_eq(RUN(&p, "plan", "small.yaml"), 0);
    program_said(&p, "Were all rows kept");
}
END_TEST

/* The size of compressed input is that of its bytes on disk, and so is what the sample used of it.
 */
START_TEST(test_plan_estimates_compressed_input)
{
    struct mr_buf rows = {0}, command = {0};
    for (unsigned i = 0; i < 30000; i++)
        mr_buf_printf(&rows, "{\"text\":\"%08x %08x %08x\",\"n\":%u}\n", i * 2654435761u,
                      i * 40503u * 2246822519u, i * 3266489917u, i);
    program_write(&p, "in/a.jsonl", mr_buf_text(&rows));
    mr_buf_printf(&command, "gzip '%s/in/a.jsonl'", p.dir);
    ck_assert_int_eq(system(mr_buf_text(&command)), 0);
    program_write(&p, "gz.yaml", "source: in/*.gz\nsink: out.jsonl\n");
    ck_assert_int_eq(RUN(&p, "plan", "gz.yaml", "--json", "--sample", "200"), 0);
    const char *at = strstr(p.out, "\"estimate\":");
    ck_assert_ptr_nonnull(at);
    unsigned long sampled = 0, found = 0;
    ck_assert_ptr_nonnull(at = strstr(at, "\"sample_rows\":"));
    ck_assert_int_eq(sscanf(at, "\"sample_rows\":%lu", &sampled), 1);
    ck_assert_ptr_nonnull(at = strstr(at, "\"rows\":"));
    ck_assert_int_eq(sscanf(at, "\"rows\":%lu", &found), 1);
    ck_assert_uint_eq(sampled, 200);
    ck_assert_uint_ge(found, 24000);
    ck_assert_uint_le(found, 36000);
    mr_buf_finish(&rows);
    mr_buf_finish(&command);
}
END_TEST

/* What bash offers for a line, its last word unfinished, blank-separated and sorted. */
static const char *offered(const char *line)
{
    struct mr_buf command = {0};
    static char got[65536];
    mr_buf_printf(&command,
                  "cd '%s' && bash --norc -c 'set -u; source ./millrace.bash; COMP_WORDS=(%s); "
                  "COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _millrace; "
                  "printf \"%%s\\n\" \"${COMPREPLY[@]}\" | sort | tr \"\\n\" \" \"'",
                  p.dir, line);
    FILE *pipe = popen(mr_buf_text(&command), "r");
    ck_assert_ptr_nonnull(pipe);
    got[fread(got, 1, sizeof got - 1, pipe)] = 0;
    ck_assert_int_eq(pclose(pipe), 0);
    mr_buf_finish(&command);
    return got;
}

static void offers(const char *line, const char *part)
{
    const char *got = offered(line);
    ck_assert_msg(strstr(got, part) != NULL, "%s: wanted \"%s\", got \"%s\"", line, part, got);
}

START_TEST(test_bash_completion)
{
    ck_assert_int_eq(RUN(&p, "completion", "bash"), 0);
    program_write(&p, "millrace.bash", p.out);
    program_write(&p, ".millrace/demo/runs.json", "{}");
    program_write(&p, ".millrace/$(touch evil)/runs.json", "{}");
    program_write(&p, "other/far/runs.json", "{}");
    program_write(&p, "notes.txt", "");
    ck_assert_str_eq(offered("millrace che"), "check ");
    offers("millrace \"\"", " schema ");
    ck_assert_str_eq(offered("millrace plan --no"), "--no-sample ");
    ck_assert_str_eq(offered("millrace graph --format h"), "html ");
    ck_assert_str_eq(offered("millrace graph --format = m"), "mermaid ");
    ck_assert_str_eq(offered("millrace graph --format html g"), "good.yaml ");
    offers("millrace run \"\"", "bad.yaml good.yaml ");
    ck_assert_ptr_null(strstr(offered("millrace run \"\""), "notes.txt"));
    ck_assert_str_eq(offered("millrace status d"), "demo ");
    ck_assert_str_eq(offered("millrace status --state other f"), "far ");
    offers("millrace graph x.yaml -o n", "notes.txt ");
    ck_assert_str_eq(offered("millrace ops s"), "search show ");
    ck_assert_str_eq(offered("millrace ops show rows.ca"), "rows.cast ");
    ck_assert_str_eq(offered("millrace ops show NgramF"), "NgramFilter ");
    ck_assert_str_eq(offered("millrace completion b"), "bash ");
    ck_assert_str_eq(offered("millrace explain MR2030"), "MR2030 ");
    ck_assert_ptr_null(program_read(&p, "evil"));
}
END_TEST

Suite *suite_e2e_tools(void);
Suite *suite_e2e_tools(void)
{
    Suite *s = suite_create("e2e.tools");
    TCase *c = tcase_create("tools");
    tcase_set_timeout(c, 60);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, test_check_several);
    tcase_add_test(c, test_check_json);
    tcase_add_test(c, test_ops_search);
    tcase_add_test(c, test_ops_pages);
    tcase_add_test(c, test_graph);
    tcase_add_test(c, test_graph_of_routes);
    tcase_add_test(c, test_plan_estimates);
    tcase_add_test(c, test_plan_estimates_compressed_input);
    tcase_add_test(c, test_bash_completion);
    suite_add_tcase(s, c);
    return s;
}
