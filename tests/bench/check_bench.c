/* Times the compiler: a topology of many stages, with branches, routes, unions and a hundred keys.
 *
 * Usage: check_bench [stages [rounds]]. Figures are for people; no test depends on them. */
#include "connectors/files/files.h"
#include "runtime/base/clock.h"
#include "runtime/op/registry.h"
#include "topology/compile.h"

#include <stdio.h>
#include <stdlib.h>

enum { KEYS = 100 };

static void write_topology(int64_t stages, struct mr_buf *out)
{
    mr_buf_addz(out, "name: large\nsource:\n  files: in/*.jsonl\n  keys:\n    text: text\n");
    for (int i = 0; i < KEYS; i++)
        mr_buf_printf(out, "    k%d: %s\n", i, i % 2 ? "text" : "number|null");
    mr_buf_addz(out, "stages:\n");
    for (int64_t i = 0; i < stages; i++) {
        long long n = (long long)i;
        if (i % 10 == 3)
            mr_buf_printf(out,
                          "  - id: s%lld\n    use: WordNumberFilter\n    keys: {input_key: text, "
                          "output_key: words%lld}\n    route: {long: words%lld > 100}\n",
                          n, n, n);
        else if (i % 10 == 4)
            mr_buf_printf(out,
                          "  - {id: s%lld, use: LowercaseRefiner, keys: {input_key: text}, from: "
                          "s%lld.long}\n",
                          n, n - 1);
        else if (i % 10 == 5)
            mr_buf_printf(out,
                          "  - {id: s%lld, use: LowercaseRefiner, keys: {input_key: k1}, from: "
                          "[s%lld, s%lld]}\n",
                          n, n - 1, n - 2);
        else if (i % 10 == 7)
            mr_buf_printf(out,
                          "  - {id: s%lld, use: HashDeduplicateFilter, keys: {input_key: text, "
                          "output_key: null}, order: arrival}\n",
                          n);
        else
            mr_buf_printf(out,
                          "  - {id: s%lld, use: NgramFilter, with: {min_score: 0.3}, keys: "
                          "{input_key: text, output_key: score%lld}}\n",
                          n, n);
    }
    mr_buf_addz(out, "sink: out.jsonl\n");
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
    static const struct mr_source_type *const sources[] = {&mr_source_files, NULL};
    static const struct mr_sink_type *const sinks[] = {&mr_sink_file, NULL};
    static const struct mr_connectors connectors = {sources, sinks};
    int64_t stages = 300, rounds = 21;
    struct mr_registry *registry = NULL;
    struct mr_buf text = {0}, messages = {0};
    if ((argc > 1 && (!mr_str_to_int(mr_str_of(argv[1]), &stages) || stages < 10)) ||
        (argc > 2 && (!mr_str_to_int(mr_str_of(argv[2]), &rounds) || rounds < 1)))
        return 2;
    struct mr_error *e = mr_registry_create(mr_operator_table, &registry);
    if (e)
        return 1;
    write_topology(stages, &text);
    struct mr_compile_options options = {.registry = registry, .connectors = &connectors};
    uint64_t *times = mr_zalloc((size_t)rounds * sizeof *times);
    size_t problems = 0, errors = 0;
    for (int64_t i = 0; i < rounds; i++) {
        struct mr_compiled c;
        uint64_t start = mr_cpu_ns();
        e = mr_compile_text(mr_buf_str(&text), "large.yaml", &options, &c);
        times[i] = mr_cpu_ns() - start;
        problems = c.problem_count;
        errors = c.error_count;
        if (errors && i == 0)
            mr_problem_print(&c.problems[0], &messages);
        mr_compiled_destroy(&c);
        mr_error_free(e);
    }
    qsort(times, (size_t)rounds, sizeof *times, by_value);
    printf("%lld stages, %zu bytes, %zu errors, %zu problems: median %.1f ms, least %.1f ms of "
           "CPU\n%s",
           (long long)stages, text.len, errors, problems, (double)times[rounds / 2] / 1e6,
           (double)times[0] / 1e6, mr_buf_text(&messages));
    free(times);
    mr_buf_finish(&text);
    mr_buf_finish(&messages);
    mr_registry_destroy(registry);
    return 0;
}
