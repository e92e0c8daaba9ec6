/* Growing buffers, and the allocator that never fails: exhaustion ends the process. */
#include "runtime/base/buf.h"

#include "runtime/base/base_private.h"
#include "runtime/base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

_Noreturn static void out_of_memory(size_t size)
{
    char text[160];
    int len = snprintf(text, sizeof text,
                       "millrace: out of memory (%zu bytes wanted)\n"
                       "  remedy: give the machine more memory, or lower the batch sizes\n",
                       size);
    ssize_t unused = write(STDERR_FILENO, text, (size_t)len);
    (void)unused;
    abort();
}

void *mr_alloc(size_t size)
{
    void *ptr = malloc(size ? size : 1);
    if (!ptr)
        out_of_memory(size);
    return ptr;
}

void *mr_zalloc(size_t size)
{
    void *ptr = calloc(1, size ? size : 1);
    if (!ptr)
        out_of_memory(size);
    return ptr;
}

void *mr_realloc(void *ptr, size_t size)
{
    ptr = realloc(ptr, size ? size : 1);
    if (!ptr)
        out_of_memory(size);
    return ptr;
}

char *mr_strdup(const char *text)
{
    size_t size = strlen(text) + 1;
    return memcpy(mr_alloc(size), text, size);
}

void mr_buf_finish(struct mr_buf *b)
{
    free(b->ptr);
    *b = (struct mr_buf){0};
}

void mr_buf_reserve(struct mr_buf *b, size_t extra)
{
    if (extra <= b->cap - b->len)
        return;
    size_t want;
    if (__builtin_add_overflow(b->len, extra, &want))
        out_of_memory(extra);
    size_t cap = b->cap < 64 ? 64 : b->cap;
    while (cap < want)
        cap = cap > SIZE_MAX / 2 ? want : cap * 2;
    b->ptr = mr_realloc(b->ptr, cap);
    b->cap = cap;
}

void mr_buf_add(struct mr_buf *b, const void *bytes, size_t len)
{
    if (!len)
        return;
    mr_buf_reserve(b, len);
    memcpy(b->ptr + b->len, bytes, len);
    b->len += len;
}

void mr_buf_adds(struct mr_buf *b, struct mr_str s)
{
    mr_buf_add(b, s.ptr, s.len);
}

void mr_buf_addc(struct mr_buf *b, char c)
{
    mr_buf_reserve(b, 1);
    b->ptr[b->len++] = c;
}

void mr_buf_addz(struct mr_buf *b, const char *text)
{
    mr_buf_add(b, text, strlen(text));
}

void mr_buf__vprintf(struct mr_buf *b, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    mr_buf_reserve(b, 128);
    int len = vsnprintf(b->ptr + b->len, b->cap - b->len, format, args);
    mr_assert(len >= 0);
    if ((size_t)len >= b->cap - b->len) {
        mr_buf_reserve(b, (size_t)len + 1);
        vsnprintf(b->ptr + b->len, b->cap - b->len, format, again);
    }
    b->len += (size_t)len;
    va_end(again);
}

void mr_buf_printf(struct mr_buf *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    mr_buf__vprintf(b, format, args);
    va_end(args);
}

const char *mr_buf_text(struct mr_buf *b)
{
    mr_buf_reserve(b, 1);
    b->ptr[b->len] = 0;
    return b->ptr;
}

static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

static void add_escaped(struct mr_buf *b, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    const char *shorthand = NULL;
    switch (c) {
    case '"':
        shorthand = "\\\"";
        break;
    case '\\':
        shorthand = "\\\\";
        break;
    case '\b':
        shorthand = "\\b";
        break;
    case '\f':
        shorthand = "\\f";
        break;
    case '\n':
        shorthand = "\\n";
        break;
    case '\r':
        shorthand = "\\r";
        break;
    case '\t':
        shorthand = "\\t";
        break;
    default:
        break;
    }
    char text[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
    if (shorthand)
        mr_buf_add(b, shorthand, 2);
    else
        mr_buf_add(b, text, sizeof text);
}

void mr_buf_add_json(struct mr_buf *b, struct mr_str s)
{
    mr_buf_reserve(b, s.len + 2);
    mr_buf_addc(b, '"');
    size_t done = 0, i = 0;
    while (i < s.len) {
        unsigned char c = (unsigned char)s.ptr[i];
        bool valid = true;
        size_t len = 1;
        if (is_plain(c)) {
            i++;
            continue;
        }
        if (c >= 0x80) {
            len = mr_utf8_next(s, i, &valid);
            if (valid) {
                i += len;
                continue;
            }
        }
        mr_buf_add(b, s.ptr + done, i - done);
        if (valid)
            add_escaped(b, c);
        else
            mr_buf_addz(b, "\xef\xbf\xbd");
        i += len;
        done = i;
    }
    if (done < i)
        mr_buf_add(b, s.ptr + done, i - done);
    mr_buf_addc(b, '"');
}
