/* Times one row through three idle stage processes against the time that the disk's syncs alone
 * take.
 *
 * Usage: latency_bench FOLDER [ROWS]. The bench writes a row into the first topic as a source
 * would, sleeps on its doorbell, and takes the time until the row stands committed in the last
 * topic. Each of the three processes syncs its output and its state: six syncs one after the other.
 * Figures are for people; no test depends on them. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/base/clock.h"
#include "runtime/base/file.h"
#include "runtime/flow/worker.h"
#include "runtime/log/partition.h"
#include "runtime/row/row.h"

enum { HOPS = 3, SYNCS = 2 * HOPS, BELL = MR_BELL_FIRST + HOPS, WAIT_MS = 10000 };

static struct mr_error *process(struct mr_ctx *ctx, struct mr_row *row)
{
    (void)ctx, (void)row;
    return NULL;
}

static const struct mr_key keys[] = {{.name = "input_key",
                                      .access = MR_MAY_READ,
                                      .types = MR_TEXT,
                                      .def = "text",
                                      .doc = "Any text."},
                                     {0}};
static const struct mr_op pass = {.name = "bench.pass",
                                  .category = MR_CAT_FILTER,
                                  .scope = MR_PER_ROW,
                                  .doc = "Passes every row.",
                                  .keys = keys,
                                  .process = process};

static volatile sig_atomic_t stop;

static void ask_stop(int number)
{
    (void)number;
    stop = 1;
}

static void check(struct mr_error *e)
{
    struct mr_buf out = {0};
    if (!e)
        return;
    mr_error_print(e, &out);
    fputs(mr_buf_text(&out), stderr);
    exit(EXIT_FAILURE);
}

/* ---- the plan: topic 0 → hop-1 → topic 1 → hop-2 → topic 2 → hop-3 → topic 3 ---- */

static struct mr_plan_topic topics[HOPS + 1];
static struct mr_plan_stage stages[HOPS];
static struct mr_plan_group groups[HOPS];
static struct mr_plan_input inputs[HOPS];
static struct mr_plan_output outputs[HOPS];
static int members[HOPS];
static struct mr_plan plan = {.name = MR_STR_INIT("b"),
                              .epoch = 1,
                              .base_dir = MR_STR_INIT("."),
                              .endless = true,
                              .max_row_bytes = 1 << 20,
                              .lz4 = true,
                              .stages = stages,
                              .stage_count = HOPS,
                              .topics = topics,
                              .topic_count = HOPS + 1,
                              .groups = groups,
                              .group_count = HOPS};

static void make_plan(void)
{
    static char names[HOPS + 1][16], ids[HOPS][16];
    for (int i = 0; i <= HOPS; i++) {
        int len = snprintf(names[i], sizeof names[i], "b.t%d.out.e1", i);
        topics[i] = (struct mr_plan_topic){
            .name = mr_str_span(names[i], (size_t)len), .stage = i, .partitions = 1, .lanes = 1};
    }
    for (int i = 0; i < HOPS; i++) {
        int len = snprintf(ids[i], sizeof ids[i], "hop-%d", i + 1);
        inputs[i] = (struct mr_plan_input){.topic = i};
        outputs[i] =
            (struct mr_plan_output){.name = MR_STR("out"), .outcome = MR_PLAN_NONE, .topic = i + 1};
        stages[i] = (struct mr_plan_stage){.id = mr_str_span(ids[i], (size_t)len),
                                           .kind = MR_STAGE_OPERATOR,
                                           .use = MR_STR("bench.pass"),
                                           .op = &pass,
                                           .group = i,
                                           .number = (uint16_t)i,
                                           .inputs = &inputs[i],
                                           .input_count = 1,
                                           .outputs = &outputs[i],
                                           .output_count = 1,
                                           .drops_topic = MR_PLAN_NONE,
                                           .dead_topic = MR_PLAN_NONE,
                                           .longest_row_ms = 60000};
        members[i] = i;
        groups[i] = (struct mr_plan_group){.stages = &members[i],
                                           .stage_count = 1,
                                           .partitions = 1,
                                           .scale = 1,
                                           .first_bell = MR_BELL_FIRST + (uint32_t)i};
    }
}

static pid_t start(const struct mr_layout *layout, int group)
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    struct mr_worker_options o = {
        .plan = &plan, .group = group, .run = 1, .layout = *layout, .stop = &stop};
    struct sigaction action = {.sa_handler = ask_stop};
    bool ended;
    sigaction(SIGTERM, &action, NULL);
    check(mr_worker_run(&o, &ended));
    _exit(0);
}

/* ---- one row ---- */

struct ends {
    struct mr_bells *bells;
    struct mr_log_writer *writer;
    struct mr_log_reader *reader;
    struct mr_buf map;
};

static void open_ends(struct ends *x, const struct mr_layout *layout)
{
    struct mr_buf path = {0};
    mr_layout_run(layout, &path);
    check(mr_dir_make(mr_buf_text(&path)));
    check(mr_bells_open(mr_buf_text(&path), BELL, &x->bells));
    mr_layout_topics(layout, &path);
    const char *folder = mr_buf_text(&path);
    struct mr_log_place first = {folder, topics[0].name, 0, 0};
    struct mr_log_place last = {folder, topics[HOPS].name, 0, 0};
    struct mr_log_writer_options o = {
        .codec = MR_CODEC_LZ4, .fence = 1, .bells = x->bells, .bell = BELL};
    check(mr_log_writer_open(&first, (struct mr_mark){0}, &o, &x->writer));
    check(mr_log_reader_open(&last, 1, BELL, (struct mr_mark){0}, &x->reader));
    mr_log_reader_bells(x->reader, x->bells);
    mr_pack_map(&x->map, 1);
    mr_pack_text(&x->map, MR_STR("text"));
    char text[1000];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)('a' + i * i % 23);
    mr_pack_text(&x->map, mr_str_span(text, sizeof text));
    mr_buf_finish(&path);
}

static uint64_t one_row(struct ends *x, uint64_t i)
{
    struct mr_head head = {.run = 1, .place = {.record = (uint32_t)i}};
    uint32_t rows = 0;
    bool found = true;
    head.id = mr_id_source(MR_STR("bench"), MR_STR("row"), i, 0);
    check(mr_log_writer_append(x->writer, &head, x->map.ptr, x->map.len));
    check(mr_log_writer_sync(x->writer));
    uint64_t began = mr_now_ns();
    mr_log_writer_publish(x->writer);
    while (rows == 0) {
        mr_bells_arm(x->bells);
        check(mr_log_reader_next(x->reader, &rows));
        if (rows) {
            mr_bells_disarm(x->bells);
        } else if (!mr_bells_wait(x->bells, WAIT_MS)) {
            fputs("the row did not come through\n", stderr);
            exit(EXIT_FAILURE);
        }
    }
    uint64_t took = mr_now_ns() - began;
    while (found) {
        struct mr_str map;
        check(mr_log_reader_row(x->reader, &head, &map, &found));
    }
    mr_log_reader_commit(x->reader, mr_log_reader_mark(x->reader));
    return took;
}

/* ---- the disk alone: as many small appends, each synced, as the processes do ---- */

static uint64_t syncs_alone(const int *fds, uint64_t i)
{
    static const char bytes[1100];
    uint64_t began = mr_now_ns();
    for (int k = 0; k < SYNCS; k++) {
        size_t len = k % 2 ? 300 : sizeof bytes; /* state, output */
        if (pwrite(fds[k], bytes, len, (off_t)(i * len)) != (ssize_t)len ||
            fdatasync(fds[k]) != 0) {
            perror("sync");
            exit(EXIT_FAILURE);
        }
    }
    return mr_now_ns() - began;
}

static int by_size(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static double quantile_ms(const uint64_t *sorted, uint64_t count, unsigned percent)
{
    return (double)sorted[(count - 1) * percent / 100] / 1e6;
}

int main(int argc, char **argv)
{
    uint64_t rows = 300;
    if (argc < 2 || (argc > 2 && (!mr_str_to_uint(mr_str_of(argv[2]), &rows) || rows == 0)) ||
        mkdir(argv[1], 0700) != 0) {
        fputs("Usage: latency_bench FOLDER [ROWS]; the folder is made and removed\n", stderr);
        return 2;
    }
    struct mr_layout layout = {mr_str_of(argv[1])};
    struct ends x = {0};
    pid_t pids[HOPS];
    int fds[SYNCS];
    uint64_t *took = mr_alloc(rows * sizeof *took), *alone = mr_alloc(rows * sizeof *alone);
    make_plan();
    for (int i = 0; i < HOPS; i++)
        pids[i] = start(&layout, i);
    open_ends(&x, &layout);
    for (int k = 0; k < SYNCS; k++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/alone.%d", argv[1], k);
        fds[k] = open(path, O_WRONLY | O_CREAT, 0600);
        if (fds[k] < 0 || posix_fallocate(fds[k], 0, (off_t)(rows + 1) * 1100) != 0) {
            perror(path);
            return 1;
        }
    }
    one_row(&x, rows); /* all have started when it has come through */
    for (uint64_t i = 0; i < rows; i++) {
        took[i] = one_row(&x, i);
        alone[i] = syncs_alone(fds, i);
    }
    qsort(took, rows, sizeof *took, by_size);
    qsort(alone, rows, sizeof *alone, by_size);
    double row = quantile_ms(took, rows, 50), syncs = quantile_ms(alone, rows, 50);
    printf("a row through %d processes: median %.2f ms, 90 %% %.2f ms, 99 %% %.2f ms\n", HOPS, row,
           quantile_ms(took, rows, 90), quantile_ms(took, rows, 99));
    printf("its %d syncs alone:         median %.2f ms, 90 %% %.2f ms, 99 %% %.2f ms\n", SYNCS,
           syncs, quantile_ms(alone, rows, 90), quantile_ms(alone, rows, 99));
    printf("aim: 1.5 times the syncs and 1 ms = %.2f ms; %s\n", 1.5 * syncs + 1,
           row <= 1.5 * syncs + 1 ? "reached" : "missed");
    for (int i = 0; i < HOPS; i++) {
        kill(pids[i], SIGTERM);
        waitpid(pids[i], NULL, 0);
    }
    mr_log_reader_close(x.reader);
    mr_log_writer_close(x.writer);
    mr_bells_close(x.bells);
    mr_buf_finish(&x.map);
    free(took);
    free(alone);
    check(mr_dir_remove(argv[1]));
    return 0;
}
