/* A growing byte buffer: appends never fail (memory exhaustion ends the process with a message).
 *
 * Owned by whoever initialised it; {0} is a valid empty buffer. */
#ifndef MR_BASE_BUF_H
#define MR_BASE_BUF_H

#include "runtime/base/str.h"

struct mr_buf {
    char *ptr;
    size_t len, cap;
};

void mr_buf_finish(struct mr_buf *b);                 /* frees; b is empty and usable again */
void mr_buf_reserve(struct mr_buf *b, size_t extra);  /* room for extra more bytes          */
void mr_buf_add(struct mr_buf *b, const void *bytes, size_t len);
void mr_buf_adds(struct mr_buf *b, struct mr_str s);
void mr_buf_addc(struct mr_buf *b, char c);
void mr_buf_addz(struct mr_buf *b, const char *text);
void mr_buf_printf(struct mr_buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The text as a JSON string, quotes included; invalid UTF-8 becomes U+FFFD. */
void mr_buf_add_json(struct mr_buf *b, struct mr_str s);
/* The shortest decimal text that reads back as the same double: "0.1", "3.0", "-0.0"; with an
 * exponent of at least two digits below 1e-04 and from 1e+16 on ("1e-05", "1.5e+22"); "inf", "nan".
 * The same text as Python's repr. */
void mr_buf_add_real(struct mr_buf *b, double value);
/* Zero-terminated view; borrowed until the next change. */
const char *mr_buf_text(struct mr_buf *b);

static inline struct mr_str mr_buf_str(const struct mr_buf *b)
{
    return (struct mr_str){b->ptr, b->len};
}

/* malloc family that never returns NULL: on exhaustion the process ends with a message. */
void *mr_alloc(size_t size);
void *mr_zalloc(size_t size);
void *mr_realloc(void *ptr, size_t size);
char *mr_strdup(const char *text);

#endif
