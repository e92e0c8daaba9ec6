/* The commands beside `run`: try, test, ops, topics, doctor, and what a wrong command line says. */
#include <check.h>
#include <stdio.h>

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

START_TEST(test_unknown_names)
{
    ck_assert_int_eq(RUN(&p, "chekc"), 2);
    program_said(&p, "did you mean \"check\"?");
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--limt", "3"), 2);
    program_said(&p, "did you mean \"--limit\"?");
    ck_assert_int_eq(RUN(&p, "ops", "shwo"), 2);
    program_said(&p, "did you mean \"show\"?");
    ck_assert_int_eq(RUN(&p, "run"), 2);
    program_said(&p, "wants TOPOLOGY");
    ck_assert_int_eq(RUN(&p, "ops", "show", "ngramfilter"), 8);
    program_said(&p, "general_text.ngram_filter");
    ck_assert_int_eq(RUN(&p, "status", "nothing"), 8);
    ck_assert_int_eq(RUN(&p, "topics", "cat", "nothing"), 8);
}
END_TEST

START_TEST(test_help_of_everything)
{
    static const char *const commands[] = {"check", "plan", "run", "status", "stop", "clean", "try",
                                           "test", "ops", "topics", "doctor", "version", "help"};
    ck_assert_int_eq(RUN(&p, "help"), 0);
    const char *all = p.out;
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        ck_assert_ptr_nonnull(strstr(all, commands[i]));
        ck_assert_int_eq(RUN(&p, commands[i], "--help"), 0);
        ck_assert_ptr_nonnull(strstr(p.out, "Usage: millrace "));
        ck_assert_str_eq(p.err, "");
    }
    ck_assert_ptr_nonnull(strstr(all, "  5  Interrupted"));
    ck_assert_ptr_null(strstr(all, "\n  stage "));
}
END_TEST

START_TEST(test_version_and_ops)
{
    ck_assert_int_eq(RUN(&p, "version"), 0);
    program_said(&p, "millrace ");
    ck_assert_int_eq(RUN(&p, "ops", "list"), 0);
    program_said(&p, "general_text.minhash_deduplicate_filter");
    ck_assert_int_eq(RUN(&p, "ops", "list", "--json"), 0);
    ck_assert_int_eq(p.out[0], '[');
    ck_assert_int_eq(RUN(&p, "ops", "show", "MinHashDeduplicateFilter"), 0);
    program_said(&p, "threshold");
    ck_assert_int_eq(RUN(&p, "doctor", "--json"), 0);
    program_said(&p, "\"check\":\"durable write\"");
}
END_TEST

START_TEST(test_try_a_filter)
{
    p.in = "{\"text\":\"one two three\",\"n\":12345678901234567890}\n\n{\"text\":\"a\"}\n"
           "bad\n{\"x\":1}\n{\"text\":\"four five\"}";
    ck_assert_int_eq(RUN(&p, "try", "word_number_filter", "--set", "min_words=2", "--key",
                         "input_key=text", "--key", "output_key=null"), 4);
    ck_assert_str_eq(p.out, "{\"text\":\"one two three\",\"n\":12345678901234567890}\n"
                            "{\"text\":\"four five\"}\n");
    ck_assert_ptr_nonnull(strstr(p.err, "line 4: "));
    ck_assert_ptr_nonnull(strstr(p.err, "line 5: rejected: bad_input: key \"text\" is missing"));
}
END_TEST

START_TEST(test_try_all)
{
    p.in = "{\"text\":\"one two three\"}\n{\"text\":\"a\"}\n";
    ck_assert_int_eq(RUN(&p, "try", "word_number_filter", "--set", "min_words=2", "--key",
                         "input_key=text", "--key", "output_key=null", "--all"), 0);
    ck_assert_str_eq(p.out, "{\"text\":\"one two three\"}\n{\"text\":\"a\",\"_outcome\":"
                            "{\"name\":\"too_few_words\",\"value\":1,\"threshold\":2}}\n");
    ck_assert_str_eq(p.err, "");
}
END_TEST

/* Keyed, one-task and whole-set operators need nothing but their rows. */
START_TEST(test_try_every_scope)
{
    p.in = "{\"text\":\"same\",\"n\":1}\n{\"text\":\"same\",\"n\":2}\n{\"text\":\"other\",\"n\":3}\n";
    ck_assert_int_eq(RUN(&p, "try", "hash_deduplicate_filter", "--key", "input_key=text"), 0);
    ck_assert_ptr_nonnull(strstr(p.out, "\"n\":1"));
    ck_assert_ptr_null(strstr(p.out, "\"n\":2"));
    ck_assert_ptr_nonnull(strstr(p.out, "\"n\":3"));
    p.in = "{\"n\":3}\n{\"n\":9}\n{\"n\":5}\n";
    ck_assert_int_eq(RUN(&p, "try", "top_k", "--set", "k=2", "--key", "input_key=n"), 0);
    ck_assert_str_eq(program_sorted(&p, p.out), "{\"n\":5}\n{\"n\":9}\n");
}
END_TEST

START_TEST(test_try_errors)
{
    ck_assert_int_eq(RUN(&p, "try", "word_number_filter"), 1);
    program_said(&p, "input_key");
    ck_assert_int_eq(RUN(&p, "try", "word_number_filter", "--key", "input_key=text", "--set",
                         "min_word=2"), 1);
    program_said(&p, "min_words");
    ck_assert_int_eq(RUN(&p, "try", "word_number_filter", "--key", "input_key=text", "--set",
                         "min_words=many"), 1);
    program_said(&p, "an integer");
}
END_TEST

static const char topology[] =
    "name: demo\n"
    "sources: { docs: { files: [\"in/*.jsonl\"] } }\n"
    "stages:\n"
    "  - id: words\n"
    "    use: general_text.word_number_filter\n"
    "    with: { min_words: 2 }\n"
    "    keys: { input_key: text, output_key: null }\n"
    "sinks: { out: { file: out/clean.jsonl } }\n";

START_TEST(test_topics)
{
    program_write(&p, "x.yaml", topology);
    program_write(&p, "in/a.jsonl", "{\"text\":\"a b\"}\n{\"text\":\"c\"}\n{\"text\":\"d e\"}\n");
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "-q"), 0);
    ck_assert_int_eq(RUN(&p, "topics", "ls"), 0);
    program_said(&p, "demo.words.out.e1");
    ck_assert_int_eq(RUN(&p, "topics", "cat", "demo.words.out.e1"), 0);
    ck_assert_str_eq(p.out, "{\"text\":\"a b\"}\n{\"text\":\"d e\"}\n");
    ck_assert_int_eq(RUN(&p, "topics", "cat", "docs", "--from", "2", "--limit", "1"), 0);
    ck_assert_str_eq(p.out, "{\"text\":\"c\"}\n");
    ck_assert_int_eq(RUN(&p, "topics", "cat", "words", "--head", "-n1"), 0);
    program_said(&p, "\"row\":{\"text\":\"a b\"}}");
    program_said(&p, "{\"id\":\"");
    ck_assert_int_eq(RUN(&p, "topics", "stat", "words", "--json"), 0);
    program_said(&p, "\"partition\":0,\"lane\":0");
    ck_assert_int_eq(RUN(&p, "topics", "cat", "words", "--partition", "9"), 2);
    ck_assert_int_eq(RUN(&p, "topics", "cat", "wrds"), 8);
}
END_TEST

START_TEST(test_cases)
{
    program_write(&p, "x.yaml", topology);
    program_write(&p, "x.cases.yaml",
                  "- name: short texts leave\n"
                  "  in: [{ text: a b c }, { text: d }]\n"
                  "  out: [{ text: a b c }]\n"
                  "  outcomes: { words.too_few_words: 1 }\n");
    ck_assert_int_eq(RUN(&p, "test", "x.yaml"), 0);
    program_said(&p, "1 cases hold, 0 do not");
    program_write(&p, "x.cases.yaml",
                  "- name: wrong\n"
                  "  in: [{ text: a b c }, { text: d }]\n"
                  "  out: [{ text: d }]\n"
                  "  outcomes: {}\n");
    ck_assert_int_eq(RUN(&p, "test", "x.yaml"), 9);
    program_said(&p, "wanted {\"text\":\"d\"}");
    program_said(&p, "got    {\"text\":\"a b c\"}");
    program_said(&p, "too_few_words");
    ck_assert_ptr_null(program_read(&p, ".millrace/demo/runs.json"));
}
END_TEST

/* --json is for programs, also when a command fails and when it has only done something. */
START_TEST(test_json_of_everything)
{
    ck_assert_int_eq(RUN(&p, "status", "nothing", "--json"), 8);
    ck_assert_str_eq(p.out, "");
    ck_assert_int_eq(p.err[0], '{');
    ck_assert_ptr_nonnull(strstr(p.err, "\"code\":\"MR4002\",\"fact\":\"there is no pipeline"));
    program_write(&p, "in.jsonl", "{\"text\":\"a b\"}\n");
    program_write(&p, "x.yaml", "source: in.jsonl\nsink: out.jsonl\n");
    program_write(&p, "x.cases.yaml", "- name: no rows\n");
    ck_assert_int_eq(RUN(&p, "test", "x.yaml", "--json"), 3);
    program_said(&p, "{\"errors\":");
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--json"), 0);
    ck_assert_int_eq(RUN(&p, "stop", "--json"), 0);
    ck_assert_str_eq(p.out, "{\"did\":\"not running\",\"state\":\".millrace/x\"}\n");
    ck_assert_int_eq(RUN(&p, "clean", "x", "--json"), 0);
    ck_assert_str_eq(p.out, "{\"did\":\"removed\",\"state\":\".millrace/x\"}\n");
}
END_TEST

START_TEST(test_topics_of_several_pipelines)
{
    program_write(&p, "in.jsonl", "{\"text\":\"a b\"}\n");
    program_write(&p, "x.yaml", "source: in.jsonl\nsink: out-x.jsonl\n");
    program_write(&p, "y.yaml", "source: in.jsonl\nsink: out-y.jsonl\n");
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "-q"), 0);
    ck_assert_int_eq(RUN(&p, "run", "y.yaml", "-q"), 0);
    ck_assert_int_eq(RUN(&p, "topics", "cat", "source"), 8);
    ck_assert_ptr_nonnull(strstr(p.err, "PIPELINE.STAGE"));
    ck_assert_int_eq(RUN(&p, "topics", "cat", "x.source"), 0);
    ck_assert_str_eq(p.out, "{\"text\":\"a b\"}\n");
    ck_assert_int_eq(RUN(&p, "topics", "cat", "y.source.out"), 0);
    ck_assert_str_eq(p.out, "{\"text\":\"a b\"}\n");
}
END_TEST

/* No step may look at all keys for each key: such a row would hold its stage for hours. */
START_TEST(test_row_of_very_many_keys)
{
    struct mr_buf row = {0};
    mr_buf_addz(&row, "{\"text\":\"x\"");
    for (int i = 0; i < 300000; i++)
        mr_buf_printf(&row, ",\"k%d\":0", i);
    mr_buf_addz(&row, "}\n");
    p.in = mr_buf_text(&row);
    ck_assert_int_eq(RUN(&p, "try", "rows.select", "--key", "input_keys=text"), 0);
    ck_assert_str_eq(p.out, "{\"text\":\"x\"}\n");
    p.in = mr_buf_text(&row);
    ck_assert_int_eq(RUN(&p, "try", "rows.drop", "--key", "input_keys=text"), 0);
    ck_assert_ptr_nonnull(strstr(p.out, "\"k299999\":0}"));
    mr_buf_finish(&row);
}
END_TEST

/* What a wrong pattern, a wrong place and a quiet run say. */
START_TEST(test_what_a_beginner_meets)
{
    program_write(&p, "x.yaml", "source: no/*.jsonl\nsink: out.jsonl\n");
    ck_assert_int_eq(RUN(&p, "run", "x.yaml"), 0);
    ck_assert_ptr_nonnull(strstr(p.err, "finds nothing to read"));
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--quiet"), 0);
    ck_assert_str_eq(p.err, "");
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--limit", "0"), 2);
    ck_assert_int_eq(RUN(&p, "doctor", "--state", "/proc/none/there"), 1);
    ck_assert_ptr_nonnull(strstr(p.out, "durable write    "));
    program_write(&p, "y.yaml", "source: ${INPUT_NOBODY_GIVES}\nsink: out.jsonl\n");
    ck_assert_int_eq(RUN(&p, "check", "y.yaml", "--json"), 3);
    program_said(&p, "{\"errors\":1,");
    ck_assert_int_eq(RUN(&p, "test", "x.yaml"), 1);
    ck_assert_ptr_nonnull(strstr(p.err, "Write cases"));
}
END_TEST

Suite *suite_e2e_commands(void);
Suite *suite_e2e_commands(void)
{
    Suite *s = suite_create("e2e.commands");
    TCase *c = tcase_create("commands");
    tcase_set_timeout(c, 60);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, test_unknown_names);
    tcase_add_test(c, test_help_of_everything);
    tcase_add_test(c, test_version_and_ops);
    tcase_add_test(c, test_try_a_filter);
    tcase_add_test(c, test_try_all);
    tcase_add_test(c, test_try_every_scope);
    tcase_add_test(c, test_try_errors);
    tcase_add_test(c, test_topics);
    tcase_add_test(c, test_cases);
    tcase_add_test(c, test_json_of_everything);
    tcase_add_test(c, test_topics_of_several_pipelines);
    tcase_add_test(c, test_what_a_beginner_meets);
    tcase_add_test(c, test_row_of_very_many_keys);
    suite_add_tcase(s, c);
    return s;
}
