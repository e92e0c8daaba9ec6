/* Words and tokens of a text, one after the other over the original bytes: nothing is allocated.
 *
 * ws-word: a maximal run without white space (Python's split without argument).
 * token:   a maximal run of word characters, or of other characters that are not white space (the
 *          separators U+001C-001F count as such other characters).
 * Thread: any. */
#ifndef MR_TEXT_WORDS_H
#define MR_TEXT_WORDS_H

#include "runtime/base/arena.h"
#include "runtime/base/buf.h"

/* The next ws-word at or after *at; *at moves behind it. False at the end. Start with *at = 0. */
bool mr_word_next(struct mr_str text, size_t *at, struct mr_str *word);
/* The next token. */
bool mr_token_next(struct mr_str text, size_t *at, struct mr_str *token);

struct mr_word_counts {
    size_t words, chars; /* ws-words; code points inside of them */
};
struct mr_word_counts mr_words_count(struct mr_str text);

/* Appends the text in lower case: full Unicode mapping (one code point may become two, final sigma
 * by its context), no language's special rules. */
void mr_text_lower(struct mr_str text, struct mr_buf *out);
/* The same for upper case (one code point may become three). */
void mr_text_upper(struct mr_str text, struct mr_buf *out);

/* A set of 64-bit hashes for counting distinct things of one row. Two different things collide with
 * probability 2^-64, so 10^5 of them are miscounted once in 10^9 rows. */
struct mr_seen {
    uint64_t *slots;
    size_t mask, count;
    bool zero;
};
/* Room for that many, from the arena. */
void mr_seen_begin(struct mr_seen *seen, struct mr_arena *arena, size_t most);
/* True when it was not there yet. */
bool mr_seen_add(struct mr_seen *seen, uint64_t hash);

#endif
