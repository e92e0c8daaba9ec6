/* Errors as values, their table of codes, and the end of a process whose invariant broke. */
#include "runtime/base/error.h"

#include "runtime/base/base_private.h"

#include <errno.h>
#include <execinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct mr_error {
    enum mr_code code;
    const char *file;
    int line;
    bool retriable, row;
    struct mr_buf message; /* both zero-terminated by whoever changed them, for the accessors */
    struct mr_buf remedy;  /* empty: the code's own */
};

static const struct {
    enum mr_code code;
    const char *sentence, *remedy;
} code_table[] = {
#define MR_E(symbol, number, sentence, remedy) {MR_##symbol, sentence, remedy},
#include "runtime/base/error_table.h"
#undef MR_E
};

static struct mr_error *make(enum mr_code code, const char *file, int line, const char *format,
                             va_list args)
{
    struct mr_error *e = mr_zalloc(sizeof *e);
    e->code = code;
    e->file = file;
    e->line = line;
    mr_buf__vprintf(&e->message, format, args);
    mr_buf_text(&e->message);
    return e;
}

struct mr_error *mr_error_make(enum mr_code code, const char *file, int line, const char *format,
                               ...)
{
    va_list args;
    va_start(args, format);
    struct mr_error *e = make(code, file, line, format, args);
    va_end(args);
    return e;
}

struct mr_error *mr_error_make_errno(enum mr_code code, const char *file, int line,
                                     const char *format, ...)
{
    int errnum = errno;
    va_list args;
    va_start(args, format);
    struct mr_error *e = make(code, file, line, format, args);
    va_end(args);
    char text[128];
    mr_buf_printf(&e->message, ": %s", strerror_r(errnum, text, sizeof text));
    mr_buf_text(&e->message);
    return e;
}

struct mr_error *mr_error_wrap(struct mr_error *e, const char *format, ...)
{
    if (!e)
        return NULL;
    struct mr_buf whole = {0};
    va_list args;
    va_start(args, format);
    mr_buf__vprintf(&whole, format, args);
    va_end(args);
    mr_buf_addz(&whole, ": ");
    mr_buf_adds(&whole, mr_buf_str(&e->message));
    mr_buf_text(&whole);
    mr_buf_finish(&e->message);
    e->message = whole;
    return e;
}

struct mr_error *mr_error_remedy(struct mr_error *e, const char *format, ...)
{
    if (!e)
        return NULL;
    e->remedy.len = 0;
    va_list args;
    va_start(args, format);
    mr_buf__vprintf(&e->remedy, format, args);
    va_end(args);
    mr_buf_text(&e->remedy);
    return e;
}

struct mr_error *mr_error_retriable(struct mr_error *e)
{
    if (e)
        e->retriable = true;
    return e;
}

struct mr_error *mr_error_row(struct mr_error *e)
{
    if (e)
        e->row = true;
    return e;
}

enum mr_code mr_error_code(const struct mr_error *e)
{
    return e ? e->code : MR_OK;
}

const char *mr_error_message(const struct mr_error *e)
{
    return e ? e->message.ptr : "";
}

const char *mr_error_remedy_text(const struct mr_error *e)
{
    if (!e)
        return "";
    return e->remedy.len ? e->remedy.ptr : mr_code_remedy(e->code);
}

bool mr_error_is_retriable(const struct mr_error *e)
{
    return e && e->retriable;
}

bool mr_error_is_row(const struct mr_error *e)
{
    return e && e->row;
}

void mr_error_free(struct mr_error *e)
{
    if (!e)
        return;
    mr_buf_finish(&e->message);
    mr_buf_finish(&e->remedy);
    free(e);
}

void mr_error_print(const struct mr_error *e, struct mr_buf *out)
{
    if (!e)
        return;
    mr_buf_printf(out, "error MR%04d: %s", (int)e->code, mr_error_message(e));
    if (e->code == MR_BUG)
        mr_buf_printf(out, " (%s:%d)", e->file, e->line);
    mr_buf_addc(out, '\n');
    const char *remedy = mr_error_remedy_text(e);
    if (*remedy)
        mr_buf_printf(out, "  remedy: %s\n", remedy);
}

static size_t code_row(enum mr_code code)
{
    size_t i = 0;
    while (i < sizeof code_table / sizeof *code_table && code_table[i].code != code)
        i++;
    return i;
}

const char *mr_code_sentence(enum mr_code code)
{
    size_t i = code_row(code);
    return i < sizeof code_table / sizeof *code_table ? code_table[i].sentence : "";
}

const char *mr_code_remedy(enum mr_code code)
{
    size_t i = code_row(code);
    return i < sizeof code_table / sizeof *code_table ? code_table[i].remedy : "";
}

/* Writes straight to the descriptor: after a broken invariant neither heap nor stdio is trusted. */
void mr_assert_failed(const char *condition, const char *file, int line)
{
    char text[512];
    int len = snprintf(text, sizeof text,
                       "millrace: broken invariant at %s:%d: %s\n"
                       "  remedy: please report it with these lines\n",
                       file, line, condition);
    if (len > (int)sizeof text - 1)
        len = (int)sizeof text - 1;
    ssize_t unused = write(STDERR_FILENO, text, (size_t)len);
    (void)unused;
    void *frames[64];
    backtrace_symbols_fd(frames, backtrace(frames, 64), STDERR_FILENO);
    abort();
}
