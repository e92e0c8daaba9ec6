/* Starts the program, collects its output, reads its JSON. */
#include "tests/e2e/program.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/base/clock.h"
#include "runtime/base/file.h"
#include "runtime/row/json.h"

enum { MAX_WORDS = 32, DEADLINE_MS = 60000 };

void program_open(struct program *p)
{
    const char *tmp = getenv("TMPDIR");
    *p = (struct program){.arena = mr_arena_create(0), .binary = getenv("MILLRACE")};
    ck_assert_msg(p->binary != NULL, "MILLRACE names the program");
    snprintf(p->dir, sizeof p->dir - 64, "%s/millrace-e2e.XXXXXX", tmp && *tmp ? tmp : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(p->dir));
}

void program_close(struct program *p)
{
    ck_assert_ptr_null(mr_dir_remove(p->dir));
    mr_arena_destroy(p->arena);
}

static const char *path_of(struct program *p, const char *name)
{
    return mr_arena_printf(p->arena, "%s/%s", p->dir, name).ptr;
}

void program_write(struct program *p, const char *name, const char *text)
{
    char *path = mr_strdup(path_of(p, name)), *slash = strrchr(path, '/');
    *slash = 0;
    ck_assert_ptr_null(mr_dir_make(path));
    *slash = '/';
    FILE *f = fopen(path, "we");
    ck_assert_msg(f != NULL, "cannot write %s", path);
    ck_assert(fputs(text, f) >= 0);
    ck_assert_int_eq(fclose(f), 0);
    free(path);
}

const char *program_read(struct program *p, const char *name)
{
    struct mr_buf text = {0};
    const char *path = path_of(p, name);
    if (!mr_file_exists(path))
        return NULL;
    ck_assert_ptr_null(mr_file_read(path, 0, &text));
    const char *kept = mr_arena_str(p->arena, mr_buf_str(&text)).ptr;
    mr_buf_finish(&text);
    return kept;
}

size_t program_lines(struct program *p, const char *name)
{
    const char *text = program_read(p, name);
    size_t lines = 0;
    for (; text && *text; text++)
        lines += *text == '\n';
    return lines;
}

static void redirect(const char *path, int flags, int to)
{
    int fd = open(path, flags, 0600);
    if (fd < 0 || dup2(fd, to) < 0)
        _exit(126);
    close(fd);
}

pid_t program_start(struct program *p, const char *const *words)
{
    char *argv[MAX_WORDS + 2] = {(char *)(uintptr_t)p->binary};
    for (size_t i = 0; words[i]; i++) {
        ck_assert_uint_lt(i, MAX_WORDS);
        argv[i + 1] = (char *)(uintptr_t)words[i];
    }
    program_write(p, ".in", p->in ? p->in : "");
    const char *in = path_of(p, ".in"), *out = path_of(p, ".out"), *err = path_of(p, ".err");
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        redirect(in, O_RDONLY, STDIN_FILENO);
        redirect(out, O_WRONLY | O_CREAT | O_TRUNC, STDOUT_FILENO);
        redirect(err, O_WRONLY | O_CREAT | O_TRUNC, STDERR_FILENO);
        if (chdir(p->dir) == 0)
            execv(p->binary, argv);
        _exit(127);
    }
    p->in = NULL;
    return pid;
}

int program_wait(struct program *p, pid_t pid)
{
    int status;
    while (waitpid(pid, &status, 0) < 0)
        ck_assert_int_eq(errno, EINTR);
    p->out = program_read(p, ".out");
    p->err = program_read(p, ".err");
    ck_assert_msg(!strstr(p->err, "Sanitizer") && !strstr(p->err, "runtime error:"), "%s", p->err);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int program_run(struct program *p, const char *const *words)
{
    return program_wait(p, program_start(p, words));
}

/* ---- JSON ---- */

static struct mr_value member(struct mr_value map, const char *name)
{
    struct mr_walk w;
    struct mr_value key, value;
    if (mr_value_type(map) != MR_MAP)
        return (struct mr_value){0};
    mr_walk_begin(&w, map);
    while (mr_walk_next(&w, &key) && mr_walk_next(&w, &value))
        if (mr_str_is(mr_value_text(key), name))
            return value;
    return (struct mr_value){0};
}

static struct mr_value last_line(struct program *p)
{
    struct mr_str text = mr_str_trim(mr_str_of(p->out));
    for (size_t i = text.len; i > 0; i--)
        if (text.ptr[i - 1] == '\n') {
            text = mr_str_span(text.ptr + i, text.len - i);
            break;
        }
    struct mr_buf packed = {0};
    struct mr_json_reader *reader = mr_json_reader_create();
    struct mr_error *e = mr_json_read_object(reader, text, MR_UTF8_REJECT, &packed);
    ck_assert_msg(!e, "not JSON: %s\n%s", p->out, p->err);
    struct mr_str kept = mr_arena_str(p->arena, mr_buf_str(&packed));
    mr_json_reader_destroy(reader);
    mr_buf_finish(&packed);
    return (struct mr_value){(const uint8_t *)kept.ptr, (uint32_t)kept.len};
}

static struct mr_value stage_of(struct program *p, const char *stage)
{
    struct mr_walk w;
    struct mr_value one, stages = member(last_line(p), "stages");
    if (mr_value_type(stages) != MR_LIST)
        return (struct mr_value){0};
    mr_walk_begin(&w, stages);
    while (mr_walk_next(&w, &one))
        if (mr_str_is(mr_value_text(member(one, "stage")), stage))
            return one;
    return (struct mr_value){0};
}

static uint64_t number(struct mr_value v)
{
    uint64_t out;
    return mr_value_type(v) == MR_INT && mr_value_uint(v, &out) ? out : UINT64_MAX;
}

uint64_t program_count(struct program *p, const char *stage, const char *counter)
{
    return number(member(stage_of(p, stage), counter));
}

uint64_t program_reason(struct program *p, const char *stage, const char *reason)
{
    return number(member(member(stage_of(p, stage), "left"), reason));
}

const char *program_field(struct program *p, const char *name)
{
    struct mr_value v = member(last_line(p), name);
    return mr_value_type(v) == MR_TEXT ? mr_arena_str(p->arena, mr_value_text(v)).ptr : NULL;
}

void program_said(const struct program *p, const char *part)
{
    ck_assert_msg(strstr(p->out, part) || strstr(p->err, part), "nothing says \"%s\":\n%s%s", part,
                  p->out, p->err);
}

void program_until(struct program *p, bool (*condition)(struct program *p), const char *what)
{
    uint64_t deadline = mr_now_ms() + DEADLINE_MS;
    while (!condition(p)) {
        ck_assert_msg(mr_now_ms() < deadline, "did not happen: %s", what);
        poll(NULL, 0, 5);
    }
}

static int by_text(const void *a, const void *b)
{
    return mr_str_cmp(*(const struct mr_str *)a, *(const struct mr_str *)b);
}

const char *program_sorted(struct program *p, const char *text)
{
    size_t count = 0, capacity = 1;
    for (const char *at = text; *at; at++)
        capacity += *at == '\n';
    struct mr_str *lines = mr_alloc(capacity * sizeof *lines);
    for (const char *at = text, *end; (end = strchr(at, '\n')); at = end + 1)
        lines[count++] = mr_str_span(at, (size_t)(end - at));
    qsort(lines, count, sizeof *lines, by_text);
    struct mr_buf out = {0};
    for (size_t i = 0; i < count; i++) {
        mr_buf_adds(&out, lines[i]);
        mr_buf_addc(&out, '\n');
    }
    const char *kept = mr_arena_str(p->arena, mr_str_of(mr_buf_text(&out))).ptr;
    mr_buf_finish(&out);
    free(lines);
    return kept;
}
