/* Epochs: a changed definition makes again only what changed; replay makes the same dataset;
 * promote switches it and back; what is partial or shared is told apart. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/base/file.h"
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

/* Row i has i % 10 words; one text in fourteen is that of ten rows before. */
static const char *make_rows(unsigned from, unsigned count)
{
    struct mr_buf text = {0};
    for (unsigned i = from; i < from + count; i++) {
        unsigned seed = i % 14 == 13 ? i - 10 : i;
        mr_buf_addz(&text, "{\"text\":\"");
        for (unsigned w = 0; w < seed % 10; w++)
            mr_buf_printf(&text, "%sword%u", w ? " " : "", seed + w);
        mr_buf_printf(&text, "\",\"n\":%u}\n", i);
    }
    const char *kept = mr_arena_str(p.arena, mr_str_of(mr_buf_text(&text))).ptr;
    mr_buf_finish(&text);
    return kept;
}

/* Ten stages, the last with a parameter from outside. */
static void write_ten(void)
{
    struct mr_buf text = {0};
    mr_buf_addz(&text, "name: ten\nsources: { docs: { files: [\"in/*.jsonl\"] } }\nstages:\n");
    for (int i = 1; i <= 9; i++)
        mr_buf_printf(
            &text,
            "  - { id: s%d, use: general_text.word_number_filter, keys: { input_key: text, "
            "output_key: null }, with: { min_words: 1 } }\n",
            i);
    mr_buf_addz(&text, "  - id: s10\n    use: general_text.word_number_filter\n"
                       "    keys: { input_key: text, output_key: null }\n"
                       "    with: { min_words: \"${min}\" }\n"
                       "sinks: { out: { file: \"${OUT:-out}/clean.jsonl\" } }\n");
    program_write(&p, "x.yaml", mr_buf_text(&text));
    mr_buf_finish(&text);
}

START_TEST(test_last_of_ten_stages)
{
    write_ten();
    program_write(&p, "in/a.jsonl", make_rows(0, 500));
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--fuse", "off", "--set", "min=3", "--json"), 0);
    const char *first = program_read(&p, "out/clean.jsonl");
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--fuse", "off", "--set", "min=5", "--dry-run"), 0);
    program_said(&p, "epoch 2 would be made beside epoch 1");
    program_said(&p, "stage \"s10\"");
    ck_assert_ptr_null(strstr(p.out, "stage \"s9\":"));
    ck_assert_str_eq(program_read(&p, "out/clean.jsonl"), first);
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--fuse", "off", "--set", "min=5", "--json"), 0);
    ck_assert_uint_eq(program_count(&p, "docs", "in"), 0);
    for (int i = 1; i <= 9; i++)
        ck_assert_uint_eq(program_count(&p, mr_arena_printf(p.arena, "s%d", i).ptr, "in"), 0);
    ck_assert_uint_eq(program_count(&p, "s10", "in"), 450);
    ck_assert_str_eq(program_read(&p, "out/clean.jsonl.e1/clean.jsonl"), first);
    const char *second = program_read(&p, "out/clean.jsonl");
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--fuse", "off", "--set", "min=5", "--set",
                         "OUT=fresh", "--state", "other"),
                     0);
    ck_assert_str_eq(second, program_read(&p, "fresh/clean.jsonl"));
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--fuse", "off", "--set", "min=5"), 0);
    program_said(&p, "nothing new");
}
END_TEST

/* Rows of later runs go on in the new epoch, through stages that were never made again. */
START_TEST(test_new_rows_with_a_change)
{
    write_ten();
    program_write(&p, "in/a.jsonl", make_rows(0, 100));
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--set", "min=3", "-q"), 0);
    program_write(&p, "in/b.jsonl", make_rows(100, 50));
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--set", "min=5", "--json"), 0);
    ck_assert_uint_eq(program_count(&p, "s9", "in"), 45);
    ck_assert_uint_eq(program_count(&p, "s10", "in"), 135);
    program_write(&p, "in/c.jsonl", make_rows(150, 10));
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--set", "min=5", "--json"), 0);
    ck_assert_uint_eq(program_count(&p, "s10", "in"), 9);
    ck_assert_int_eq(RUN(&p, "epochs"), 0);
    program_said(&p, "    2  current");
    ck_assert_ptr_null(strstr(p.out, "\n    3  "));
}
END_TEST

static const char cuts[] = "name: cuts\n"
                           "sources: { docs: { files: [\"in/*.jsonl\"] } }\n"
                           "stages:\n"
                           "  - id: first\n"
                           "    use: general_text.word_number_filter\n"
                           "    keys: { input_key: text, output_key: words }\n"
                           "    with: { min_words: 1 }\n"
                           "  - id: exact\n"
                           "    use: HashDeduplicateFilter\n"
                           "    keys: { input_key: text, output_key: null }\n"
                           "    partitions: 4\n"
                           "  - id: best\n"
                           "    use: rows.top_k\n"
                           "    with: { k: 20 }\n"
                           "    keys: { input_key: words, rank_key: rank }\n"
                           "sinks: { out: { file: out/best.jsonl, id_key: id_ } }\n";

static const char *content(const char *sink)
{
    const char *at = strstr(p.out, sink);
    ck_assert_msg(at != NULL, "no %s in %s", sink, p.out);
    at = strstr(at, "content ");
    return mr_arena_str(p.arena, mr_str_span(at, sizeof "content " - 1 + 32)).ptr;
}

/* Three runs, so three cuts of the best twenty: the replay cuts at the same places. */
START_TEST(test_replay_is_the_same)
{
    static const char *const from[] = {"first", "exact", "best", "docs"};
    program_write(&p, "x.yaml", cuts);
    for (int i = 0; i < 3; i++) {
        program_write(&p, mr_arena_printf(p.arena, "in/%d.jsonl", i).ptr,
                      make_rows((unsigned)i * 100, 100));
        ck_assert_int_eq(RUN(&p, "run", "x.yaml", "-q"), 0);
    }
    const char *output = program_read(&p, "out/best.jsonl");
    ck_assert_uint_eq(program_lines(&p, "out/best.jsonl"), 60);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(RUN(&p, "replay", "x.yaml", "--from", from[i]), 0);
        program_said(&p, "millrace promote cuts");
        ck_assert_str_eq(program_read(&p, "out/best.jsonl"), output);
        const char *mine = mr_arena_printf(p.arena, "out/best.jsonl.e%d/best.jsonl", i + 2).ptr;
        ck_assert_str_eq(program_read(&p, mine), output);
    }
    ck_assert_int_eq(RUN(&p, "epochs"), 0);
    for (int i = 2; i <= 4; i++)
        ck_assert_str_eq(content("cuts.out@1"),
                         content(mr_arena_printf(p.arena, "cuts.out@%d", i).ptr));
    /* From the source on all rows are there, in one run. */
    ck_assert_int_eq(RUN(&p, "replay", "x.yaml", "--from", from[3], "--json"), 0);
    ck_assert_uint_eq(program_count(&p, "first", "in"), 300);
    ck_assert_uint_eq(program_count(&p, "out", "in"), 20);
}
END_TEST

START_TEST(test_promote_there_and_back)
{
    write_ten();
    program_write(&p, "in/a.jsonl", make_rows(0, 100));
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--set", "min=3", "-q"), 0);
    const char *first = program_read(&p, "out/clean.jsonl");
    ck_assert_int_eq(RUN(&p, "replay", "x.yaml", "--set", "min=5", "--from", "s10", "-q"), 0);
    ck_assert_str_eq(program_read(&p, "out/clean.jsonl"), first);
    const char *second = program_read(&p, "out/clean.jsonl.e2/clean.jsonl");
    ck_assert_ptr_nonnull(second);
    ck_assert_int_eq(RUN(&p, "promote", "ten", "2"), 0);
    ck_assert_str_eq(program_read(&p, "out/clean.jsonl"), second);
    ck_assert_str_eq(program_read(&p, "out/clean.jsonl.e1/clean.jsonl"), first);
    ck_assert_ptr_null(program_read(&p, "out/clean.jsonl.e2/clean.jsonl"));
    ck_assert_int_eq(RUN(&p, "promote", "ten", "2"), 0); /* again: nothing to do */
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--set", "min=5"), 0);
    program_said(&p, "nothing new");
    program_write(&p, "in/b.jsonl", make_rows(100, 100));
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--set", "min=5", "-q"), 0);
    ck_assert_int_eq(RUN(&p, "promote", "ten", "1"), 0);
    ck_assert_str_eq(program_read(&p, "out/clean.jsonl"), first);
    /* The old one lacks a run: it takes it from the topics. */
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--set", "min=3", "--json"), 0);
    ck_assert_uint_eq(program_count(&p, "s9", "in"), 0);
    ck_assert_uint_eq(program_count(&p, "s10", "in"), 90);
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--set", "min=5", "--dry-run"), 0);
    program_said(&p, "epoch 2 has this definition: `millrace promote ten 2`");
    ck_assert_int_eq(RUN(&p, "drop-epoch", "ten", "1"), 1);
    ck_assert_int_eq(RUN(&p, "topics", "cat", "s10@2", "-n", "1"), 0);
    ck_assert_int_eq(RUN(&p, "drop-epoch", "ten", "2"), 0);
    ck_assert_int_eq(RUN(&p, "topics", "cat", "s10@2"), 8);
    ck_assert_ptr_null(program_read(&p, "out/clean.jsonl.e2/clean.jsonl"));
    ck_assert_int_eq(RUN(&p, "topics", "cat", "s10", "-n", "1"), 0);
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--set", "min=3"), 0);
    program_said(&p, "nothing new");
}
END_TEST

/* The first run came to no end before the definition changed: what it left cannot take the place of
 * a whole dataset, and the definition edited back goes on with it. */
START_TEST(test_a_first_run_without_end)
{
    write_ten();
    program_write(&p, "in/a.jsonl", make_rows(0, 100));
    program_write(&p, ".millrace/ten/state/s10.e1", "in the way");
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--set", "min=3", "-q"), 1);
    ck_assert_int_eq(remove(mr_arena_printf(p.arena, "%s/.millrace/ten/state/s10.e1", p.dir).ptr), 0);
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--set", "min=5", "-q"), 0);
    const char *output = program_read(&p, "out/clean.jsonl");
    ck_assert_int_eq(RUN(&p, "promote", "ten", "1"), 1);
    program_said(&p, "epoch 1 is not whole");
    ck_assert_str_eq(program_read(&p, "out/clean.jsonl"), output);
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--set", "min=3", "--json"), 0);
    ck_assert_uint_eq(program_count(&p, "s9", "in"), 0);
    ck_assert_uint_eq(program_lines(&p, "out/clean.jsonl"), 70);
    ck_assert_str_eq(program_read(&p, "out/clean.jsonl.e2/clean.jsonl"), output);
    ck_assert_int_eq(RUN(&p, "promote", "ten", "2"), 0);
    ck_assert_int_eq(RUN(&p, "promote", "ten", "1"), 0);
    ck_assert_uint_eq(program_lines(&p, "out/clean.jsonl"), 70);
}
END_TEST

/* What somebody took away cannot take the place of what is there. */
START_TEST(test_promote_without_output)
{
    write_ten();
    program_write(&p, "in/a.jsonl", make_rows(0, 100));
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--set", "min=3", "-q"), 0);
    const char *first = program_read(&p, "out/clean.jsonl");
    ck_assert_int_eq(RUN(&p, "replay", "x.yaml", "--set", "min=5", "--from", "s10", "-q"), 0);
    const char *second = program_read(&p, "out/clean.jsonl.e2/clean.jsonl");
    ck_assert_ptr_null(
        mr_dir_remove(mr_arena_printf(p.arena, "%s/out/clean.jsonl.e2", p.dir).ptr));
    ck_assert_int_eq(RUN(&p, "promote", "ten", "2"), 1);
    program_said(&p, "the output of epoch 2 is gone");
    ck_assert_str_eq(program_read(&p, "out/clean.jsonl"), first);
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--set", "min=3"), 0);
    program_said(&p, "nothing new");
    program_write(&p, "out/clean.jsonl.e2/clean.jsonl", second);
    ck_assert_int_eq(RUN(&p, "promote", "ten", "2"), 0);
    ck_assert_str_eq(program_read(&p, "out/clean.jsonl"), second);
}
END_TEST

/* An epoch that was made current again lacks the runs of the other one: a replay of it ends where it
 * does, and does not wait for the end of a run that it never had. */
START_TEST(test_replay_of_an_epoch_that_lacks_a_run)
{
    write_ten();
    program_write(&p, "in/a.jsonl", make_rows(0, 100));
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--set", "min=3", "-q"), 0);
    ck_assert_int_eq(RUN(&p, "replay", "x.yaml", "--set", "min=3", "--from", "docs", "-q"), 0);
    program_write(&p, "in/b.jsonl", make_rows(100, 100));
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--set", "min=3", "-q"), 0);
    ck_assert_int_eq(RUN(&p, "promote", "ten", "2"), 0);
    ck_assert_int_eq(RUN(&p, "replay", "x.yaml", "--set", "min=3", "--from", "s10", "--json"), 0);
    ck_assert_uint_eq(program_count(&p, "s10", "in"), 90);
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--set", "min=3", "-q"), 0);
    ck_assert_uint_eq(program_lines(&p, "out/clean.jsonl"), 140);
    ck_assert_int_eq(RUN(&p, "replay", "x.yaml", "--set", "min=3", "--from", "s10", "--json"), 0);
    ck_assert_uint_eq(program_count(&p, "s10", "in"), 180);
}
END_TEST

START_TEST(test_partial_replay)
{
    write_ten();
    program_write(&p, "in/a.jsonl", make_rows(0, 100));
    ck_assert_int_eq(RUN(&p, "replay", "x.yaml", "--set", "min=1", "--from", "s10"), 8);
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--set", "min=1", "-q"), 0);
    ck_assert_int_eq(RUN(&p, "replay", "x.yaml", "--set", "min=1", "--from", "s5", "--where",
                         "n < 50", "--json"),
                     0);
    ck_assert_uint_eq(program_count(&p, "s5", "in"), 45);
    ck_assert_uint_eq(program_lines(&p, "out/clean.jsonl.e2/clean.jsonl"), 45);
    ck_assert_int_eq(RUN(&p, "promote", "ten", "2"), 1);
    program_said(&p, "only a part");
    ck_assert_int_eq(RUN(&p, "replay", "x.yaml", "--set", "min=1", "--from", "s5", "--since", "11",
                         "--until", "31", "--json"),
                     0);
    ck_assert_uint_eq(program_count(&p, "s5", "in"), 20);
    ck_assert_int_eq(
        RUN(&p, "replay", "x.yaml", "--set", "min=1", "--from", "s5", "--until", "1d", "--json"),
        0);
    ck_assert_uint_eq(program_count(&p, "s5", "in"), 0);
    ck_assert_int_eq(RUN(&p, "replay", "x.yaml", "--set", "min=1", "--from", "s5", "--since", "1d",
                         "--to", "s7", "--json"),
                     0);
    ck_assert_uint_eq(program_count(&p, "s7", "in"), 90);
    ck_assert_uint_eq(program_count(&p, "s8", "in"), 0);
    ck_assert_ptr_null(program_read(&p, "out/clean.jsonl.e5/clean.jsonl"));
    ck_assert_int_eq(RUN(&p, "topics", "stat", "s7@5", "--hash"), 0);
    const char *part = content("ten.s7.out.e5");
    ck_assert_int_eq(RUN(&p, "topics", "stat", "s7", "--hash"), 0);
    ck_assert_str_eq(content("ten.s7.out.e1"), part);
    ck_assert_int_eq(RUN(&p, "replay", "x.yaml", "--set", "min=1", "--from", "nothing"), 2);
    ck_assert_int_eq(
        RUN(&p, "replay", "x.yaml", "--set", "min=1", "--from", "s5", "--where", "n <"), 1);
    ck_assert_int_eq(
        RUN(&p, "replay", "x.yaml", "--set", "min=1", "--from", "s5", "--since", "soon"), 2);
    ck_assert_int_eq(RUN(&p, "replay", "x.yaml", "--set", "min=1", "--from", "s5", "--to", "s4"),
                     2);
}
END_TEST

START_TEST(test_where_is_checked_against_the_keys)
{
    program_write(
        &p, "x.yaml",
        "name: w\n"
        "source: { files: [\"in/*.jsonl\"], keys: {n: int, text: text} }\n"
        "stages:\n"
        "  - { id: a, use: rows.derive, with: { expr: \"n + 1\" }, keys: { output_key: m } }\n"
        "  - { id: b, use: rows.filter, with: { where: \"n >= 0\" } }\n"
        "sink: { file: out.jsonl }\n");
    program_write(&p, "in/a.jsonl", make_rows(0, 100));
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "-q"), 0);
    static const char *const wrong[] = {"nn > 3", "text > 3", "n + 1"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        ck_assert_int_eq(RUN(&p, "replay", "x.yaml", "--from", "b", "--where", wrong[i]), 1);
    ck_assert_int_eq(RUN(&p, "replay", "x.yaml", "--from", "b", "--where", "nn > 3"), 1);
    program_said(&p, "there is no key");
    ck_assert_int_eq(RUN(&p, "replay", "x.yaml", "--from", "b", "--where", "m > 90", "--json"), 0);
    ck_assert_uint_eq(program_count(&p, "b", "in"), 10);
}
END_TEST

START_TEST(test_diff)
{
    program_write(&p, "x.yaml",
                  "name: d\n"
                  "sources: { docs: { files: [\"in/*.jsonl\"] } }\n"
                  "stages:\n"
                  "  - id: low\n"
                  "    use: rows.derive\n"
                  "    with: { expr: \"n * ${by}\" }\n"
                  "    keys: { output_key: m }\n"
                  "  - id: keep\n"
                  "    use: rows.filter\n"
                  "    with: { where: \"n ${op} 10\" }\n"
                  "sinks: { out: { file: out/a.jsonl } }\n");
    program_write(&p, "in/a.jsonl", make_rows(0, 100));
    if (RUN(&p, "run", "x.yaml", "--set", "by=1", "--set", "op=>=", "-q") != 0)
        ck_abort_msg("%s", p.err);
    ck_assert_int_eq(RUN(&p, "topics", "diff", "out", "d.keep.out.e1", "--json"), 0);
    ck_assert_ptr_nonnull(strstr(p.out, "\"same\":90,\"changed\":0,\"added\":0,\"removed\":0"));
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--set", "by=2", "--set", "op=<=", "-q"), 0);
    ck_assert_int_eq(RUN(&p, "topics", "diff", "low@1", "low@2", "--json"), 0);
    ck_assert_ptr_nonnull(strstr(p.out, "\"same\":1,\"changed\":99,\"added\":0,\"removed\":0"));
    ck_assert_ptr_nonnull(strstr(p.out, "\"keys\":{\"m\":99}"));
    ck_assert_int_eq(RUN(&p, "topics", "diff", "d.keep@1", "d.keep@2", "-n", "200"), 0);
    program_said(&p, "same 0, changed 1, added 10, removed 89");
    program_said(&p, "m: 10 -> 20");
    ck_assert_int_eq(RUN(&p, "topics", "diff", "keep@1", "keep@7"), 8);
}
END_TEST

/* Texts that do not compress away, about 800 bytes a row. */
static void write_random_rows(const char *name, unsigned rows)
{
    struct mr_buf text = {0};
    unsigned seed = rows;
    for (unsigned i = 0; i < rows; i++) {
        mr_buf_printf(&text, "{\"n\":%u,\"text\":\"", i);
        for (int w = 0; w < 100; w++)
            mr_buf_printf(&text, "%07x ", (unsigned)rand_r(&seed));
        mr_buf_addz(&text, "\"}\n");
    }
    program_write(&p, name, mr_buf_text(&text));
    mr_buf_finish(&text);
}

/* Far more than the topics may keep. */
START_TEST(test_start_is_gone)
{
    write_random_rows("in.jsonl", 20000);
    program_write(&p, "x.yaml",
                  "name: tight\n"
                  "disk_budget: 6000000\n"
                  "sources: { docs: { files: [\"in.jsonl\"] } }\n"
                  "stages:\n"
                  "  - id: one\n"
                  "    use: general_text.char_number_filter\n"
                  "    keys: { input_key: text, output_key: null }\n"
                  "    with: { threshold: \"${one}\" }\n"
                  "  - id: two\n"
                  "    use: general_text.char_number_filter\n"
                  "    keys: { input_key: text, output_key: null }\n"
                  "    with: { threshold: \"${two}\" }\n"
                  "sinks: { out: { file: out.jsonl } }\n");
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--set", "one=9", "--set", "two=9", "-q"), 0);
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--set", "one=9", "--set", "two=8", "-q"), 6);
    program_said(&p, "stage \"two\" has to read topic \"tight.one.out.e1\" from its start");
    program_said(&p, "millrace replay TOPOLOGY --from docs");
    ck_assert_int_eq(
        RUN(&p, "replay", "x.yaml", "--set", "one=9", "--set", "two=8", "--from", "one"), 6);
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--set", "one=9", "--set", "two=9"), 0);
    program_said(&p, "nothing new"); /* what was refused left no trace */
    ck_assert_int_eq(
        RUN(&p, "replay", "x.yaml", "--set", "one=9", "--set", "two=8", "--from", "docs", "-q"), 0);
    ck_assert_uint_eq(program_lines(&p, "out.jsonl.e2/out.jsonl"), 20000);
}
END_TEST

/* A replay that came to nothing, and runs after it that trimmed what it has to read: it cannot go on
 * with the rest as if that were all. */
START_TEST(test_start_went_meanwhile)
{
    write_random_rows("in/a.jsonl", 500);
    program_write(&p, "x.yaml",
                  "name: tight\n"
                  "disk_budget: 6000000\n"
                  "sources: { docs: { files: [\"in/*.jsonl\"] } }\n"
                  "stages:\n"
                  "  - id: one\n"
                  "    use: general_text.char_number_filter\n"
                  "    keys: { input_key: text, output_key: null }\n"
                  "  - id: two\n"
                  "    use: general_text.char_number_filter\n"
                  "    keys: { input_key: text, output_key: null }\n"
                  "sinks: { out: { file: out.jsonl } }\n");
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--fuse", "off", "-q"), 0);
    program_write(&p, ".millrace/tight/state/two.e2", "in the way");
    ck_assert_int_eq(RUN(&p, "replay", "x.yaml", "--fuse", "off", "--from", "two", "-q"), 1);
    ck_assert_int_eq(remove(mr_arena_printf(p.arena, "%s/.millrace/tight/state/two.e2", p.dir).ptr),
                     0);
    write_random_rows("in/b.jsonl", 20000);
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--fuse", "off", "-q"), 0);
    ck_assert_uint_eq(program_lines(&p, "out.jsonl"), 20500);
    ck_assert_int_eq(RUN(&p, "replay", "x.yaml", "--fuse", "off", "--from", "two", "-q"), 1);
    program_said(&p, "no longer kept");
    ck_assert_int_eq(RUN(&p, "promote", "tight", "2"), 1);
    ck_assert_int_eq(RUN(&p, "drop-epoch", "tight", "2"), 0);
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--fuse", "off"), 0);
    program_said(&p, "nothing new");
}
END_TEST

START_TEST(test_dataset)
{
    write_ten();
    program_write(&p, "in/a.jsonl", make_rows(0, 100));
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--set", "min=3", "-q"), 0);
    program_write(&p, "in/b.jsonl", make_rows(100, 100));
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--set", "min=3", "-q"), 0);
    ck_assert_int_eq(RUN(&p, "topics", "stat", "out", "--hash"), 0);
    const char *sum = content("ten.s10.out.e1") + sizeof "content " - 1;
    ck_assert_int_eq(RUN(&p, "dataset", "show", "ten.out@1"), 0);
    program_said(&p, sum);
    program_said(&p, "2 files");
    program_said(&p, "in/a.jsonl, in/b.jsonl");
    program_said(&p, "in 200, out 180, dropped 20, rejected 0  because too_few_words 20");
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--set", "min=5", "-q"), 0);
    ck_assert_int_eq(RUN(&p, "dataset", "show", "--json"), 0);
    ck_assert_str_eq(program_field(&p, "dataset"), "ten.out@2");
    ck_assert_str_ne(program_field(&p, "content"), sum);
    ck_assert_uint_eq(program_count(&p, "s9", "in"), 180);
    ck_assert_uint_eq(program_count(&p, "s10", "dropped"), 80);
    ck_assert_int_eq(RUN(&p, "dataset", "ls", "ten"), 0);
    program_said(&p, "ten.out@1");
    program_said(&p, sum);
    ck_assert_int_eq(RUN(&p, "dataset", "show", "ten.nothing"), 8);
    ck_assert_int_eq(RUN(&p, "dataset", "show", "ten@9"), 8);
    /* Forgotten, its numbers are given again: nothing of other epochs may be left. */
    ck_assert_ptr_nonnull(program_read(&p, "out/clean.jsonl.e1/clean.jsonl"));
    ck_assert_int_eq(RUN(&p, "clean", "ten"), 0);
    ck_assert_ptr_nonnull(program_read(&p, "out/clean.jsonl"));
    ck_assert_ptr_null(program_read(&p, "out/clean.jsonl.e1/clean.jsonl"));
}
END_TEST

Suite *suite_e2e_epochs(void);
Suite *suite_e2e_epochs(void)
{
    Suite *s = suite_create("e2e.epochs");
    TCase *c = tcase_create("epochs");
    tcase_set_timeout(c, 300);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, test_last_of_ten_stages);
    tcase_add_test(c, test_new_rows_with_a_change);
    tcase_add_test(c, test_replay_is_the_same);
    tcase_add_test(c, test_promote_there_and_back);
    tcase_add_test(c, test_a_first_run_without_end);
    tcase_add_test(c, test_promote_without_output);
    tcase_add_test(c, test_replay_of_an_epoch_that_lacks_a_run);
    tcase_add_test(c, test_partial_replay);
    tcase_add_test(c, test_start_is_gone);
    tcase_add_test(c, test_start_went_meanwhile);
    tcase_add_test(c, test_where_is_checked_against_the_keys);
    tcase_add_test(c, test_diff);
    tcase_add_test(c, test_dataset);
    suite_add_tcase(s, c);
    return s;
}
