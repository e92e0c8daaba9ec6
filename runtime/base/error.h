/* A failure of the system, as a value: NULL means success.
 *
 * The caller owns a returned error and frees it (or passes it up); accessors accept NULL. A row
 * that must leave is not an error (see op.h), a broken invariant is mr_assert. Every code has one
 * row in error_table.h: stable name, sentence, remedy. Thread: any. */
#ifndef MR_BASE_ERROR_H
#define MR_BASE_ERROR_H

#include "runtime/base/buf.h"

enum mr_code {
#define MR_E(symbol, code, sentence, remedy) MR_##symbol = code,
#include "runtime/base/error_table.h"
#undef MR_E
};

struct mr_error;

/* New error; message: lower case, no full stop, the fact with values in quotes. */
#define mr_error(code, ...) mr_error_make((code), __FILE__, __LINE__, __VA_ARGS__)
struct mr_error *mr_error_make(enum mr_code code, const char *file, int line, const char *format,
                               ...) __attribute__((format(printf, 4, 5)));

/* As mr_error, with ": " and the text of errno appended. */
#define mr_error_errno(code, ...) mr_error_make_errno((code), __FILE__, __LINE__, __VA_ARGS__)
struct mr_error *mr_error_make_errno(enum mr_code code, const char *file, int line,
                                     const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Puts context before the message: "while opening state: <message>". NULL stays NULL. Returns e. */
struct mr_error *mr_error_wrap(struct mr_error *e, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* A remedy for this very case; replaces the code's own. Returns e. */
struct mr_error *mr_error_remedy(struct mr_error *e, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Back off and run again instead of giving up. Returns e. */
struct mr_error *mr_error_retriable(struct mr_error *e);
/* This row only: the stage goes on, the row is rejected with the message. Returns e. */
struct mr_error *mr_error_row(struct mr_error *e);

enum mr_code mr_error_code(const struct mr_error *e);        /* MR_OK for NULL          */
const char *mr_error_message(const struct mr_error *e);      /* borrowed; "" for NULL   */
const char *mr_error_remedy_text(const struct mr_error *e);  /* borrowed; may be ""     */
bool mr_error_is_retriable(const struct mr_error *e);
bool mr_error_is_row(const struct mr_error *e);
void mr_error_free(struct mr_error *e);                      /* accepts NULL            */
/* "error MR1003: message\n  remedy: ...\n" appended to out. */
void mr_error_print(const struct mr_error *e, struct mr_buf *out);

/* Name ("MR1003"), sentence and remedy of a code. */
const char *mr_code_sentence(enum mr_code code);
const char *mr_code_remedy(enum mr_code code);

/* Kept in release builds: prints place and backtrace, aborts. */
#define mr_assert(condition)                                              \
    ((condition) ? (void)0 : mr_assert_failed(#condition, __FILE__, __LINE__))
_Noreturn void mr_assert_failed(const char *condition, const char *file, int line);

/* Returns up when a call failed. */
#define MR_TRY(call)                        \
    do {                                    \
        struct mr_error *mr_try_e = (call); \
        if (mr_try_e)                       \
            return mr_try_e;                \
    } while (0)

#endif
