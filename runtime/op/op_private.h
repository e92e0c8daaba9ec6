/* Shared inside runtime/op only: blank-separated name lists of the constant tables. */
#ifndef MR_OP_OP_PRIVATE_H
#define MR_OP_OP_PRIVATE_H

#include "runtime/op/op.h"

/* Takes the next word off a blank-separated list; false at its end. NULL lists are empty. */
bool mr_op__next_word(const char **list, struct mr_str *word);
bool mr_op__has_word(const char *list, struct mr_str word);
/* Number of "a|b|c" entries, and the i-th (empty text when there is none). */
size_t mr_op__choice_count(const char *choices);
struct mr_str mr_op__choice(const char *choices, size_t i);

#endif
