/* `why`: every row that left is explained by stage, value and threshold, and the counts agree. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/e2e/program.h"

static struct program p;

static void setup(void)
{
    program_open(&p);
}

static void teardown(void)
{
    program_close(&p);
}

/* MILLRACE_WHY_ROWS: rows of the test in bulk (default 2,000). */
static unsigned long bulk_rows(void)
{
    const char *text = getenv("MILLRACE_WHY_ROWS");
    return text && *text ? strtoul(text, NULL, 10) : 2000;
}

static void write_topology(const char *fuse, const char *scale)
{
    struct mr_buf text = {0};
    mr_buf_printf(&text,
                  "name: demo\nfuse: %s\n"
                  "sources: { docs: { files: [\"in/*.jsonl\"]%s } }\n"
                  "stages:\n"
                  "  - id: low\n    use: general_text.lowercase_refiner\n"
                  "    keys: { input_key: text }\n"
                  "  - id: words\n    use: general_text.word_number_filter\n"
                  "    with: { min_words: 3 }\n"
                  "    keys: { input_key: text, output_key: words }\n"
                  "  - id: dedup\n    use: general_text.hash_deduplicate_filter\n"
                  "    keys: { input_key: text, output_key: null }\n"
                  "  - id: chunks\n    use: KBCChunkGenerator\n"
                  "    with: { chunk_size: 4, chunk_overlap: 1 }\n"
                  "    keys: { input_key: text, output_key: chunk, number_key: number }\n"
                  "sinks: { out: { file: out/clean.jsonl, id_key: id_ } }\n",
                  fuse, scale);
    program_write(&p, "x.yaml", mr_buf_text(&text));
    mr_buf_finish(&text);
}

/* Of ten rows: three with too few words, one without text, one that is a duplicate of the first. */
static void write_rows(unsigned long count)
{
    struct mr_buf text = {0};
    for (unsigned long i = 0; i < count; i++)
        if (i % 10 < 3)
            mr_buf_printf(&text, "{\"text\":\"Few%lu\",\"n\":%lu}\n", i, i);
        else if (i % 10 == 3)
            mr_buf_printf(&text, "{\"text\":%lu,\"n\":%lu}\n", i, i);
        else
            mr_buf_printf(&text, "{\"text\":\"A b C d E f%lu\",\"n\":%lu}\n", i % 10 == 9 ? i - 1 : i,
                          i);
    program_write(&p, "in/a.jsonl", mr_buf_text(&text));
    mr_buf_finish(&text);
}

static size_t times(const char *text, const char *part)
{
    size_t count = 0;
    for (; (text = strstr(text, part)); text += strlen(part))
        count++;
    return count;
}

/* Ids of what `topics cat --head` printed last, one a line. */
static void add_ids(struct mr_buf *out)
{
    static const char mark[] = "{\"id\":\"";
    for (const char *at = p.out; at && *at; at = strchr(at, '\n'), at += at != NULL) {
        ck_assert(strncmp(at, mark, sizeof mark - 1) == 0);
        mr_buf_add(out, at + sizeof mark - 1, 32);
        mr_buf_addc(out, '\n');
    }
}

static const char *ids_of(const char *const *topics)
{
    struct mr_buf ids = {0};
    for (; *topics; topics++) {
        ck_assert_int_eq(RUN(&p, "topics", "cat", *topics, "--head"), 0);
        add_ids(&ids);
    }
    const char *kept = mr_arena_str(p.arena, mr_str_of(mr_buf_text(&ids))).ptr;
    mr_buf_finish(&ids);
    return kept;
}

START_TEST(test_every_row_that_left)
{
    unsigned long rows = bulk_rows(), tenth = rows / 10;
    write_topology(_i ? "auto" : "off", "");
    write_rows(rows);
    program_write(&p, "in/b.jsonl", "{bad\n");
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--json"), 4);
    ck_assert_uint_eq(program_count(&p, "words", "dropped"), 3 * tenth);
    ck_assert_uint_eq(program_count(&p, "low", "rejected"), tenth);
    ck_assert_uint_eq(program_count(&p, "dedup", "dropped"), tenth);
    p.in = ids_of((const char *const[]){"words.drops", "dedup.drops", "low.dead", "docs.dead", NULL});
    ck_assert_uint_eq(times(p.in, "\n"), 5 * tenth + 1);
    ck_assert_int_eq(RUN(&p, "why", "-", "--json"), 0);
    /* The reason stands before the way, and once for each row. */
    ck_assert_uint_eq(times(p.out, "\n"), 5 * tenth + 1);
    ck_assert_uint_eq(times(p.out, "\"left\":{\"stage\":\"words\",\"verdict\":\"dropped\",\"outcome\":"
                                   "\"too_few_words\",\"value\":1,\"threshold\":3}"),
                      3 * tenth);
    ck_assert_uint_eq(times(p.out, "\"left\":{\"stage\":\"low\",\"verdict\":\"rejected\",\"outcome\":"
                                   "\"bad_input\",\"note\":\"key \\\"text\\\" is integer"),
                      tenth);
    ck_assert_uint_eq(times(p.out, "\"left\":{\"stage\":\"dedup\",\"verdict\":\"dropped\","
                                   "\"outcome\":\"duplicate\",\"note\":\""),
                      tenth);
    ck_assert_uint_eq(times(p.out, "\"left\":{\"stage\":\"docs\",\"verdict\":\"rejected\""), 1);
    ck_assert_uint_eq(times(p.out, "\"path\":\"in/a.jsonl\""), 5 * tenth);
    ck_assert_uint_eq(times(p.out, "\"path\":\"in/b.jsonl\""), 1);
    /* What the stage before changed is there, on a topic or made again. */
    ck_assert_uint_eq(times(p.out, "\"changes\":[{\"key\":\"text\",\"before\":\"Few"), 3 * tenth);
}
END_TEST

static const char *first_id(const char *topic)
{
    ck_assert_int_eq(RUN(&p, "topics", "cat", topic, "--head", "--limit", "1"), 0);
    return mr_arena_str(p.arena, mr_str_span(p.out + 7, 32)).ptr;
}

/* A row that goes all the way: source, changes, children; and a child back to its parent. */
START_TEST(test_the_way)
{
    write_topology(_i ? "auto" : "off", _i ? "" : ", partitions: 2");
    write_rows(20);
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--json"), 4);
    const char *id = first_id("dedup");
    ck_assert_int_eq(RUN(&p, "why", id), 0);
    program_said(&p, "of \"in/a.jsonl\"");
    program_said(&p, "\"A b C d E f");
    program_said(&p, "→ \"a b c d e f");
    program_said(&p, "+ \"words\": 6");
    program_said(&p, "chunks           expanded into 2 rows");
    const char *child = strstr(p.out, "child ");
    ck_assert_ptr_nonnull(child);
    const char *kept = mr_arena_str(p.arena, mr_str_span(child + 6, 32)).ptr;
    ck_assert_int_eq(RUN(&p, "why", "demo", kept), 0);
    program_said(&p, "of \"in/a.jsonl\"");
    program_said(&p, mr_arena_printf(p.arena, "child of %s", id).ptr);
    program_said(&p, "chunks           made here");
    program_said(&p, "out              written");
    ck_assert_int_eq(RUN(&p, "why", mr_arena_str(p.arena, mr_str_span(id, 12)).ptr, "--json"), 0);
    program_said(&p, "\"children\":[\"");
    /* A duplicate names its twin. */
    id = first_id("dedup.drops");
    ck_assert_int_eq(RUN(&p, "why", id), 0);
    program_said(&p, "dropped: duplicate (");
    ck_assert_ptr_null(strstr(p.out, "chunks"));
}
END_TEST

/* What a condition saw, where it compared no numbers; the route that a row took; and of a long text
 * the place where it was changed. */
START_TEST(test_conditions_routes_and_long_texts)
{
    program_write(&p, "x.yaml",
                  "name: demo\n"
                  "source: in/*.jsonl\n"
                  "stages:\n"
                  "  - { id: a-stage-with-a-long-name, use: lowercase_refiner, keys: { input_key: text } }\n"
                  "  - id: sort\n"
                  "    use: rows.filter\n"
                  "    with: { where: [\"lang in ['en', 'de']\", \"n > 3\"] }\n"
                  "    route: { german: \"lang == 'de'\" }\n"
                  "sinks: { out: out.jsonl, de: { file: de.jsonl, from: sort.german } }\n");
    const char *same = "the same words again and again and again and again and again and again and so on";
    program_write(&p, "in/a.jsonl",
                  mr_arena_printf(p.arena,
                                  "{\"n\":4,\"lang\":\"fr\",\"text\":\"a\"}\n"
                                  "{\"n\":5,\"text\":\"a\"}\n"
                                  "{\"n\":2,\"lang\":\"en\",\"text\":\"a\"}\n"
                                  "{\"n\":6,\"lang\":\"de\",\"text\":\"%s HERE %s\"}\n",
                                  same, same)
                      .ptr);
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "-q"), 0);
    ck_assert_int_eq(RUN(&p, "why", "--where", "n == 4"), 0);
    program_said(&p, "dropped: condition (lang in ['en', 'de']; lang is \"fr\")");
    ck_assert_int_eq(RUN(&p, "why", "--where", "n == 4", "--json"), 0);
    program_said(&p, "\"seen\":{\"lang\":\"fr\"}");
    ck_assert_int_eq(RUN(&p, "why", "--where", "n == 5"), 0);
    program_said(&p, "; lang is missing)");
    ck_assert_int_eq(RUN(&p, "why", "--where", "n == 2"), 0);
    program_said(&p, "condition, value 2, threshold 3");
    ck_assert_int_eq(RUN(&p, "why", "--where", "n == 6"), 0);
    program_said(&p, " HERE the ");
    program_said(&p, " here the ");
    program_said(&p, "  sort                     forwarded by route german");
    ck_assert_int_eq(RUN(&p, "why", "--where", "n == 6", "--json"), 0);
    program_said(&p, "\"route\":\"german\"");
}
END_TEST

START_TEST(test_by_content)
{
    write_topology("off", "");
    write_rows(20);
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--json"), 4);
    ck_assert_int_eq(RUN(&p, "why", "--where", "n == 11"), 0);
    program_said(&p, "dropped: too_few_words, value 1, threshold 3");
    ck_assert_uint_eq(times(p.out, "row "), 1);
    ck_assert_int_eq(RUN(&p, "why", "--where", "n < 10", "--in", "words", "--json", "--limit", "3"), 0);
    ck_assert_uint_eq(times(p.out, "\n"), 3);
    ck_assert_int_eq(RUN(&p, "why", "--where", "n ==="), 1);
    ck_assert_int_eq(RUN(&p, "why", "--where", "n == 1", "--in", "nothing"), 8);
    ck_assert_int_eq(RUN(&p, "dlq", "ls", "--where", "n == 13", "--json"), 0);
    ck_assert_uint_eq(times(p.out, "\n"), 1);
}
END_TEST

START_TEST(test_wrong_ids)
{
    write_topology("off", "");
    write_rows(200);
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--json"), 4);
    ck_assert_int_eq(RUN(&p, "why", "00000000000000000000000000000000"), 8);
    program_said(&p, "MR4022");
    ck_assert_int_eq(RUN(&p, "why", "a"), 1);
    program_said(&p, "several rows begin");
    ck_assert_int_eq(RUN(&p, "why", "xyz"), 2);
    ck_assert_int_eq(RUN(&p, "why"), 2);
    p.in = "nonsense\n";
    ck_assert_int_eq(RUN(&p, "why", "-"), 2);
}
END_TEST

static bool is_written(struct program *at)
{
    RUN(at, "why", "--where", "n == 14");
    return strstr(at->out, "out              written") != NULL;
}

static bool has_begun(struct program *at)
{
    return program_read(at, ".millrace/demo/runs.json") && program_read(at, ".millrace/demo/plans/e1");
}

/* The same questions while the pipeline works. */
START_TEST(test_while_it_runs)
{
    program_write(&p, "x.yaml",
                  "name: demo\n"
                  "sources:\n"
                  "  docs: { files: [\"in/*.jsonl\"], watch: yes, settle_ms: 0, poll_ms: 50 }\n"
                  "stages:\n"
                  "  - id: words\n    use: general_text.word_number_filter\n"
                  "    with: { min_words: 3 }\n    keys: { input_key: text }\n"
                  "sinks: { out: { file: out/clean.jsonl } }\n");
    write_rows(20);
    pid_t pid = START(&p, "run", "x.yaml", "--quiet");
    program_until(&p, has_begun, "the run begins");
    program_until(&p, is_written, "a row reaches the sink");
    ck_assert_int_eq(RUN(&p, "why", "--where", "n == 11"), 0);
    program_said(&p, "dropped: too_few_words, value 1, threshold 3");
    ck_assert_int_eq(RUN(&p, "stop", "demo"), 0);
    ck_assert_int_eq(program_wait(&p, pid), 0);
}
END_TEST

/* Same row over two branches: told apart behind the union, found by the id that it had before. */
START_TEST(test_branches)
{
    program_write(&p, "x.yaml",
                  "name: demo\nsources: { docs: { files: [\"in/*.jsonl\"] } }\n"
                  "stages:\n"
                  "  - { id: a, use: general_text.lowercase_refiner, keys: { input_key: text } }\n"
                  "  - { id: b, use: general_text.remove_extra_spaces_refiner,\n"
                  "      keys: { input_key: text }, from: docs }\n"
                  "  - { id: both, use: general_text.word_number_filter, with: { min_words: 9 },\n"
                  "      keys: { input_key: text }, from: [a, b] }\n"
                  "sinks: { out: { file: out/clean.jsonl } }\n");
    program_write(&p, "in/a.jsonl", "{\"text\":\"A  b\"}\n");
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--json"), 0);
    ck_assert_int_eq(RUN(&p, "why", first_id("docs")), 0);
    ck_assert_uint_eq(times(p.out, "both             dropped: too_few_words, value 2, threshold 9"), 2);
    ck_assert_uint_eq(times(p.out, " as "), 2);
}
END_TEST

Suite *suite_e2e_why(void);
Suite *suite_e2e_why(void)
{
    Suite *s = suite_create("e2e.why");
    TCase *c = tcase_create("why");
    tcase_set_timeout(c, 600);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_loop_test(c, test_every_row_that_left, 0, 2);
    tcase_add_loop_test(c, test_the_way, 0, 2);
    tcase_add_test(c, test_conditions_routes_and_long_texts);
    tcase_add_test(c, test_by_content);
    tcase_add_test(c, test_wrong_ids);
    tcase_add_test(c, test_while_it_runs);
    tcase_add_test(c, test_branches);
    suite_add_tcase(s, c);
    return s;
}
