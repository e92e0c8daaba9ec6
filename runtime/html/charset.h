/* Bytes of a declared or guessed charset to UTF-8, by ICU; labels as browsers understand them.
 *
 * A label is any name the web or ICU knows ("latin1", "Shift_JIS", "gbk"), in any case. As in
 * browsers, "latin1" and "ascii" mean windows-1252, "gbk" means GB18030. Thread: any. */
#ifndef MR_HTML_CHARSET_H
#define MR_HTML_CHARSET_H

#include "runtime/base/arena.h"
#include "runtime/base/error.h"

/* True when mr_charset_convert can read this label. */
bool mr_charset_known(struct mr_str charset);

/* The bytes as valid UTF-8 without a byte order mark. The result is borrowed from bytes where they
 * are UTF-8 already, else a copy in arena. An empty label means: BOM, then UTF-8 if valid, then
 * windows-1252. Errors: MR_PARAM_INVALID (unknown label), MR_UTF8_INVALID (row error: a sequence
 * that the charset does not have; the message gives its offset). */
struct mr_error *mr_charset_convert(struct mr_str bytes, struct mr_str charset,
                                    struct mr_arena *arena, struct mr_str *out);
/* The same, but what does not fit becomes U+FFFD. */
struct mr_error *mr_charset_convert_lossy(struct mr_str bytes, struct mr_str charset,
                                          struct mr_arena *arena, struct mr_str *out);

/* The charset of a page's bytes: BOM, then what a <meta> in the first 4 KiB declares, then UTF-8 if
 * valid, then windows-1252. A declared single-byte western charset gives way to UTF-8 when the
 * bytes hold multi-byte sequences and are valid UTF-8. Never empty; a constant or a part of bytes.
 */
struct mr_str mr_charset_detect_html(struct mr_str bytes);

#endif
