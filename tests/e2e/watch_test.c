/* What programs and people see of a run: metrics over HTTP in their exact format, health, top,
 * logs. */
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <regex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/e2e/program.h"

static struct program p, q;

enum { ROWS = 500, CLIENTS = 60, FAMILIES = 64 };

static void setup(void)
{
    program_open(&p);
    program_open(&q);
    p.binary = q.binary = getenv("MILLRACE_TEST");
    ck_assert_ptr_nonnull(p.binary);
    struct mr_buf text = {0};
    mr_buf_printf(&text,
                  "name: demo\n"
                  "sources: { docs: { files: [\"in.jsonl\"] } }\n"
                  "stages:\n"
                  "  - id: short\n"
                  "    use: WordNumberFilter\n"
                  "    with: { min_words: 2 }\n"
                  "    keys: { input_key: text }\n"
                  "    partitions: 3\n"
                  "    scale: 2\n"
                  "  - id: slow\n"
                  "    use: test_only.wait\n"
                  "    with: { text: \"please wait\", file: \"%s/gate\" }\n"
                  "sinks: { out: { file: clean.jsonl } }\n",
                  p.dir);
    program_write(&p, "x.yaml", mr_buf_text(&text));
    text.len = 0;
    for (unsigned i = 0; i < ROWS; i++)
        mr_buf_printf(&text, "{\"text\":\"%s\"}\n",
                      i == 100      ? "please wait"
                      : i % 10 == 3 ? "short"
                                    : "two words");
    program_write(&p, "in.jsonl", mr_buf_text(&text));
    mr_buf_finish(&text);
}

static void teardown(void)
{
    program_close(&p);
    program_close(&q);
}

/* ---- HTTP ---- */

static unsigned port_of(struct program *run)
{
    static const char before[] = "metrics at http://127.0.0.1:";
    const char *said = program_read(run, ".err"), *at = said ? strstr(said, before) : NULL;
    return at ? (unsigned)strtoul(at + sizeof before - 1, NULL, 10) : 0;
}

static bool has_port(struct program *run)
{
    return port_of(run) > 0;
}

static int connect_to(unsigned port)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons((uint16_t)port),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    return fd;
}

/* The whole answer, until the server closes. */
static const char *ask(unsigned port, const char *method, const char *path)
{
    struct mr_buf text = {0};
    char bytes[4096];
    int fd = connect_to(port);
    mr_buf_printf(&text,
                  "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
                  method, path);
    ck_assert_int_eq(send(fd, text.ptr, text.len, MSG_NOSIGNAL), (ssize_t)text.len);
    text.len = 0;
    for (ssize_t got; (got = recv(fd, bytes, sizeof bytes, 0)) > 0;)
        mr_buf_add(&text, bytes, (size_t)got);
    close(fd);
    const char *kept = mr_arena_str(q.arena, mr_str_of(mr_buf_text(&text))).ptr;
    mr_buf_finish(&text);
    return kept;
}

static bool answers(unsigned port, const char *method, const char *path, const char *status,
                    const char *part)
{
    const char *text = ask(port, method, path);
    return strncmp(text, "HTTP/1.1 ", 9) == 0 && strncmp(text + 9, status, 3) == 0 &&
           strstr(text, part);
}

/* ---- the text format, strictly ---- */

struct family {
    char name[96], type[16];
};

static bool matches(const char *pattern, const char *text)
{
    regex_t r;
    ck_assert_int_eq(regcomp(&r, pattern, REG_EXTENDED | REG_NOSUB), 0);
    bool does = regexec(&r, text, 0, NULL, 0) == 0;
    regfree(&r);
    return does;
}

/* A sample belongs to the family announced last; only a histogram has names beside its own. */
static void check_sample(const char *line, const struct family *f, bool *seen_inf)
{
    static const char sample[] =
        "^millrace_[a-z_]+(\\{([a-z]+=\"([^\"\\\\]|\\\\[\\\\\"n])*\",?)*\\})? "
        "[0-9]+(\\.[0-9]+)?(e[-+][0-9]+)?$";
    size_t len = strlen(f->name);
    ck_assert_msg(matches(sample, line), "not a sample: %s", line);
    ck_assert_msg(strncmp(line, f->name, len) == 0, "%s below family %s", line, f->name);
    if (strcmp(f->type, "histogram") == 0)
        ck_assert_msg(matches("^[a-z_]+_(bucket|sum|count)\\{", line), "%s", line);
    else
        ck_assert_msg(line[len] == '{', "%s below family %s", line, f->name);
    if (strcmp(f->type, "counter") == 0)
        ck_assert_msg(strcmp(f->name + len - 6, "_total") == 0, "counter %s", f->name);
    *seen_inf |= strstr(line, "le=\"+Inf\"") != NULL;
}

/* HELP, TYPE and samples of each family stand together, once; no series comes twice. */
static void check_format(const char *body)
{
    static struct family families[FAMILIES];
    size_t count = 0;
    bool seen_inf = false;
    char *text = mr_strdup(body), *rest = text, *line;
    size_t len = strlen(body);
    ck_assert(len > 0 && body[len - 1] == '\n');
    while ((line = strsep(&rest, "\n")) && *line) {
        if (strncmp(line, "# HELP ", 7) == 0) {
            struct family *f = &families[count++];
            ck_assert_uint_lt(count, FAMILIES);
            ck_assert_int_eq(sscanf(line, "# HELP %95s", f->name), 1);
            for (size_t i = 0; i + 1 < count; i++)
                ck_assert_str_ne(families[i].name, f->name);
            f->type[0] = 0;
        } else if (line[0] == '#') {
            char name[96];
            ck_assert_int_eq(sscanf(line, "# TYPE %95s %15s", name, families[count - 1].type), 2);
            ck_assert_str_eq(name, families[count - 1].name);
            ck_assert(matches("^(counter|gauge|histogram)$", families[count - 1].type));
        } else {
            ck_assert_uint_gt(count, 0);
            check_sample(line, &families[count - 1], &seen_inf);
            struct mr_buf series = {0};
            mr_buf_printf(&series, "\n%.*s ", (int)(strrchr(line, ' ') - line), line);
            const char *first = strstr(body, mr_buf_text(&series));
            ck_assert_msg(first && !strstr(first + 1, series.ptr), "twice: %s", line);
            mr_buf_finish(&series);
        }
    }
    ck_assert_msg(!rest || !*rest, "an empty line in the middle");
    ck_assert(seen_inf);
    free(text);
}

static bool slow_waits(struct program *run)
{
    const char *text = ask(port_of(run), "GET", "/metrics");
    return strstr(text, "millrace_rows_in_total{pipeline=\"demo\",stage=\"short\"} 500\n") &&
           strstr(text,
                  "millrace_process_up{pipeline=\"demo\",stage=\"short\",process=\"0\"} 0\n") &&
           strstr(text, "millrace_process_up{pipeline=\"demo\",stage=\"short\",process=\"1\"} 0\n");
}

static bool is_ready(struct program *run)
{
    return answers(port_of(run), "GET", "/readyz", "200", "ready\n");
}

START_TEST(metrics_hold_format_and_counts)
{
    static const char *const wanted[] = {
        "millrace_rows_dropped_total{pipeline=\"demo\",stage=\"short\"} 50\n",
        "millrace_rows_left_total{pipeline=\"demo\",stage=\"short\",outcome=\"too_few_words\","
        "kind=\"dropped\"} 50\n",
        "millrace_rows_left_total{pipeline=\"demo\",stage=\"slow\",outcome=\"stuck\",kind="
        "\"rejected\"} "
        "0\n",
        "millrace_stage_processes{pipeline=\"demo\",stage=\"short\"} 2\n",
        "millrace_stage_partitions{pipeline=\"demo\",stage=\"short\"} 3\n",
        "millrace_task_rows_in_total{pipeline=\"demo\",stage=\"short\",partition=\"2\"} ",
        "millrace_process_restarts_total{pipeline=\"demo\",stage=\"slow\",process=\"0\"} 0\n",
        "millrace_run{pipeline=\"demo\"} 1\n",
    };
    pid_t run = START(&p, "run", "x.yaml", "--metrics=127.0.0.1:0");
    program_until(&p, has_port, "the address is printed");
    unsigned port = port_of(&p);
    program_until(&p, slow_waits, "all rows have gone through the first stage");
    program_until(&p, is_ready, "all processes are at work");
    const char *text = ask(port, "GET", "/metrics"), *body = strstr(text, "\r\n\r\n");
    ck_assert_ptr_nonnull(strstr(text, "Content-Type: text/plain; version=0.0.4"));
    ck_assert_ptr_nonnull(body);
    check_format(body + 4);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        ck_assert_msg(strstr(body, wanted[i]), "no %s in %s", wanted[i], body);
    ck_assert(answers(port, "GET", "/healthz", "200", "ok\n"));
    ck_assert(answers(port, "HEAD", "/metrics", "200", "Content-Length"));
    ck_assert(answers(port, "POST", "/metrics", "405", "Allow: GET, HEAD"));
    ck_assert(answers(port, "GET", "/etc/passwd", "404", "/metrics"));
    program_write(&p, "gate", "");
    ck_assert_int_eq(program_wait(&p, run), 0);
}
END_TEST

/* Connections that say nothing are few and end by themselves; the run does not care. When they have
 * gone, others are answered again. */
START_TEST(silent_clients_do_no_harm)
{
    pid_t run = START(&p, "run", "x.yaml", "--json", "--metrics=127.0.0.1:0");
    int fds[CLIENTS];
    program_until(&p, has_port, "the address is printed");
    for (int i = 0; i < CLIENTS; i++)
        fds[i] = connect_to(port_of(&p));
    for (int i = 0; i < CLIENTS / 2; i++)
        close(fds[i]);
    for (int i = CLIENTS / 2; i < CLIENTS; i++)
        ck_assert_int_eq(shutdown(fds[i], SHUT_RDWR), 0);
    ck_assert(answers(port_of(&p), "GET", "/healthz", "200", "ok"));
    for (int i = CLIENTS / 2; i < CLIENTS; i++)
        close(fds[i]);
    for (int i = 0; i < CLIENTS; i++)
        fds[i] = connect_to(port_of(&p));
    program_write(&p, "gate", "");
    ck_assert_int_eq(program_wait(&p, run), 0);
    ck_assert_uint_eq(program_count(&p, "slow", "in"), ROWS - ROWS / 10);
    for (int i = 0; i < CLIENTS; i++)
        close(fds[i]);
}
END_TEST

START_TEST(addresses_that_cannot_be)
{
    static const char *const bad[] = {"--metrics=nowhere:9", "--metrics=127.0.0.1:70000",
                                      "--metrics=[::1:9", "--metrics=1.2.3.4:"};
    program_write(&p, "gate", "");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ck_assert_int_eq(RUN(&p, "run", "x.yaml", bad[i]), 1);
        program_said(&p, "MR4013");
    }
    ck_assert_int_eq(RUN(&p, "runs", "ls"), 8); /* none was begun for it */
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, len), 0);
    ck_assert_int_eq(listen(fd, 1), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&a, &len), 0);
    const char *taken = mr_arena_printf(p.arena, "--metrics=%u", ntohs(a.sin_port)).ptr;
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", taken), 1);
    program_said(&p, "in use");
    close(fd);
    ck_assert_int_eq(RUN(&p, "run", "x.yaml"), 0);
    ck_assert_ptr_null(strstr(p.err, "metrics at"));
}
END_TEST

/* ---- top and logs ---- */

static bool slow_works(struct program *run)
{
    const char *state = mr_arena_printf(q.arena, "%s/.millrace", run->dir).ptr;
    return RUN(&q, "top", "--once", "--json", "--state", state) == 0 &&
           strstr(q.out, "\"stage\":\"slow\",\"state\":\"working\"");
}

static pid_t child_of_stage(const char *stage)
{
    const char *state = mr_arena_printf(q.arena, "%s/.millrace", p.dir).ptr, *at;
    ck_assert_int_eq(RUN(&q, "logs", "--json", "--stage", stage, "--state", state), 0);
    ck_assert_msg((at = strstr(q.out, "\"pid\":")) != NULL, "%s", q.out);
    return (pid_t)strtol(at + 6, NULL, 10);
}

static bool started_again(struct program *run)
{
    return slow_works(run) && program_count(&q, "slow", "restarts") == 1;
}

START_TEST(top_and_logs_tell_what_happens)
{
    pid_t run = START(&p, "run", "x.yaml");
    program_until(&p, slow_works, "the slow stage has its row");
    ck_assert_uint_eq(program_count(&q, "short", "processes"), 2);
    ck_assert_int_eq(kill(child_of_stage("slow"), SIGKILL), 0);
    program_until(&p, started_again, "it was started again");
    ck_assert_uint_gt(program_count(&q, "slow", "memory_bytes"), 0);
    const char *state = mr_arena_printf(q.arena, "%s/.millrace", p.dir).ptr;
    ck_assert_int_eq(RUN(&q, "top", "--once", "--state", state), 0);
    program_said(&q, "demo, run 1, running");
    program_said(&q, "2/3");
    pid_t follows = START(&q, "logs", "--follow", "--state", state);
    program_write(&p, "gate", "");
    ck_assert_int_eq(program_wait(&p, run), 0);
    program_said(&p, "stage \"slow\": here it waits");
    ck_assert_int_eq(program_wait(&q, follows), 0);
    program_said(&q, "run 1 begins");
    program_said(&q, "run 1 ended");
    ck_assert_int_eq(RUN(&p, "logs", "--level", "warn"), 0);
    program_said(&p, "slow/0 stage \"slow\" was ended by SIGKILL");
    program_said(&p, "slow/0 here it waits");
    ck_assert_ptr_null(strstr(p.out, "info"));
    ck_assert_int_eq(RUN(&p, "logs", "--stage", "short"), 0);
    program_said(&p, "short/1 stage \"short\" (process 1) starts");
    ck_assert_ptr_null(strstr(p.out, "slow"));
    ck_assert_int_eq(RUN(&p, "top"), 0);
    program_said(&p, "not running");
}
END_TEST

START_TEST(the_log_on_standard_error_is_json_only)
{
    program_write(&p, "gate", "");
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--log", "-"), 0);
    ck_assert_ptr_nonnull(strstr(p.err, "\"event\":\"end\""));
    for (const char *line = p.err; *line; line = strchr(line, '\n') + 1)
        ck_assert_msg(*line == '{', "%s", line);
    ck_assert_int_eq(RUN(&p, "run", "x.yaml", "--log", "events.jsonl"), 0);
    ck_assert_ptr_nonnull(strstr(program_read(&p, "events.jsonl"), "found nothing new"));
}
END_TEST

Suite *suite_e2e_watch(void);
Suite *suite_e2e_watch(void)
{
    Suite *s = suite_create("e2e.watch");
    TCase *c = tcase_create("watch");
    tcase_set_timeout(c, 120);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, metrics_hold_format_and_counts);
    tcase_add_test(c, silent_clients_do_no_harm);
    tcase_add_test(c, addresses_that_cannot_be);
    tcase_add_test(c, top_and_logs_tell_what_happens);
    tcase_add_test(c, the_log_on_standard_error_is_json_only);
    suite_add_tcase(s, c);
    return s;
}
