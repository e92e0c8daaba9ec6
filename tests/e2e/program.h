/* Runs the real program in a folder of its own, as a user would, and keeps what it said. */
#ifndef MR_TESTS_E2E_PROGRAM_H
#define MR_TESTS_E2E_PROGRAM_H

#include <sys/types.h>

#include "runtime/base/arena.h"
#include "runtime/base/buf.h"

struct program {
    char dir[4096];          /* the current folder of every call */
    struct mr_arena *arena;  /* what read and found texts live in */
    const char *binary;      /* $MILLRACE, or another one */
    const char *in;          /* standard input of the next call; NULL: empty */
    const char *out, *err;   /* of the last call; borrowed until the next */
};

void program_open(struct program *p);
void program_close(struct program *p);

/* A file below the folder, its folders made. */
void program_write(struct program *p, const char *name, const char *text);
/* Its content; NULL when there is none. */
const char *program_read(struct program *p, const char *name);
size_t program_lines(struct program *p, const char *name);

/* Runs `millrace words…` (ends with NULL) to its end. The exit code, or 128 + signal. */
int program_run(struct program *p, const char *const *words);
#define RUN(p, ...) program_run((p), (const char *const[]){__VA_ARGS__, NULL})
/* Starts it and returns; program_wait gives the exit code. */
pid_t program_start(struct program *p, const char *const *words);
#define START(p, ...) program_start((p), (const char *const[]){__VA_ARGS__, NULL})
int program_wait(struct program *p, pid_t pid);

/* A counter of a stage in the last JSON line of the last call (run --json, status --json);
 * UINT64_MAX when there is no such stage or counter. reason: a name below "left". */
uint64_t program_count(struct program *p, const char *stage, const char *counter);
uint64_t program_reason(struct program *p, const char *stage, const char *reason);
/* A top-level text of that line ("state"); NULL when absent. */
const char *program_field(struct program *p, const char *name);

/* Fails the test unless the last call's output holds the part. */
void program_said(const struct program *p, const char *part);

/* Waits for a condition, looking often, at most a minute: fails the test when it does not come. */
void program_until(struct program *p, bool (*condition)(struct program *p), const char *what);

/* Lines of a text in a fixed order, for comparing outputs as multisets. */
const char *program_sorted(struct program *p, const char *text);

#endif
