/* What the files of runtime/base share among themselves. */
#ifndef MR_BASE_PRIVATE_H
#define MR_BASE_PRIVATE_H

#include "runtime/base/buf.h"

#include <stdarg.h>

/* buf.c */
void mr_buf__vprintf(struct mr_buf *b, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

/* crc32c.c: the path without special instructions, so that a test can compare the two. */
uint32_t mr_crc32c__table(uint32_t crc, const void *bytes, size_t len);
bool mr_crc32c__uses_instruction(void);

#endif
