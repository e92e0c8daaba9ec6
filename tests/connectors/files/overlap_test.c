/* Would a source read what a sink writes? By names alone. */
#include <check.h>

#include "connectors/files/sink.h"

static bool reads(const char *pattern, const char *root, const char *path)
{
    struct mr_str text = mr_str_of(pattern);
    struct files_params p = {.files = {&text, 1}, .root = mr_str_of(root)};
    return mr_files__reads(&p, "/base", mr_str_of(path));
}

START_TEST(patterns_name_paths)
{
    static const struct {
        const char *pattern, *root, *path;
        bool yes;
    } rows[] = {
        {"in/*.jsonl", "", "/base/in/a.jsonl", true},
        {"in/*.jsonl", "", "/base/in/sub/a.jsonl", false},
        {"in/**/*.jsonl", "", "/base/in/sub/deep/a.jsonl", true},
        {"in/**/*.jsonl", "", "/base/in/a.jsonl", true},
        {"in/*.jsonl", "", "/base/out/../in/./a.jsonl", true},
        {"in/*.jsonl", "", "/other/in/a.jsonl", false},
        {"in/*.jsonl", "", "/base/in/.hidden.jsonl", false},
        {"../data/*.jsonl", "", "/data/a.jsonl", true},
        {"/abs/*.jsonl", "", "/abs/a.jsonl", true},
        {"*.jsonl", "sub", "/base/sub/a.jsonl", true},
        {"*.jsonl", "/top", "/top/a.jsonl", true},
        {"a.jsonl", "", "/base/a.jsonl", true},
        {"a.jsonl", "", "/base/b.jsonl", false},
        {"in", "", "/base/in/deep/a.jsonl", true},
        {"in", "", "/base/inner/a.jsonl", false},
        {"{a,b}.jsonl", "", "/base/b.jsonl", true},
        {"{a,b}.jsonl", "", "/base/c.jsonl", false},
        {"**", "", "/base/x/y", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        ck_assert_msg(reads(rows[i].pattern, rows[i].root, rows[i].path) == rows[i].yes,
                      "\"%s\" under \"%s\": %s", rows[i].pattern, rows[i].root, rows[i].path);
}
END_TEST

START_TEST(sinks_say_where_they_write)
{
    static const struct {
        const char *file;
        int64_t shard_bytes;
        const char *path;
    } rows[] = {
        {"out/a.jsonl.zst", 0, "/base/out/a.jsonl.zst"},
        {"/abs/a.jsonl", 0, "/abs/a.jsonl"},
        {"out/a.jsonl.zst", 1000, "/base/out/a-00000.jsonl.zst"},
        {"a.b/c", 1000, "/base/a.b/c-00000"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sink_params p = {.file = mr_str_of(rows[i].file),
                                .shard_bytes = rows[i].shard_bytes};
        struct mr_buf path = {0};
        mr_files__target(&p, "/base", &path);
        ck_assert_str_eq(mr_buf_text(&path), rows[i].path);
        mr_buf_finish(&path);
    }
}
END_TEST

Suite *suite_connectors_files_overlap(void);
Suite *suite_connectors_files_overlap(void)
{
    Suite *suite = suite_create("connectors.files.overlap");
    TCase *t = tcase_create("overlap");
    tcase_add_test(t, patterns_name_paths);
    tcase_add_test(t, sinks_say_where_they_write);
    suite_add_tcase(suite, t);
    return suite;
}
