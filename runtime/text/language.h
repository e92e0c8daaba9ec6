/* Which language a text is written in, by CLD2's built-in tables (about 150 languages, no model
 * file). Thread: any; scratch is the caller's. */
#ifndef MR_TEXT_LANGUAGE_H
#define MR_TEXT_LANGUAGE_H

#include "runtime/base/buf.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { MR_LANGUAGES_MAX = 3 };

struct mr_language {
    const char *label;  /* ISO 639-3 and script, as fastText's models name it: "eng_Latn" */
    const char *code;   /* short: "en", "zh-Hant" */
    double share;       /* part of the text in it, 0 to 1 */
};

/* The languages found, greatest share first; returns how many (0: too little text, or none known).
 * *reliable: the first one is clearly ahead. */
size_t mr_language_detect(struct mr_str text, struct mr_buf *scratch,
                          struct mr_language out[MR_LANGUAGES_MAX], bool *reliable);

/* True when a user's name means this language: its label with or without "__label__", the three
 * letters alone, or the short code. */
bool mr_language_is(const struct mr_language *language, struct mr_str name);
/* True when some language that can be found has this name. */
bool mr_language_known(struct mr_str name);

#ifdef __cplusplus
}
#endif

#endif
