/* Dead letters of a pipeline, with what became of them. Thread: main. */
#ifndef MR_LOOK_LETTERS_H
#define MR_LOOK_LETTERS_H

#include "stages/look/browse.h"
#include "stages/look/where.h"

enum mr_letter_status { MR_LETTER_WAITING, MR_LETTER_RETRIED, MR_LETTER_DROPPED, MR_LETTER_STATES };
const char *mr_letter_status_name(enum mr_letter_status s);

struct mr_letter {
    const struct mr_plan_stage *stage; /* where it was rejected */
    uint32_t lane;                     /* with head.n: which letter of the stage's topic it is */
    struct mr_head head;               /* the row's identity and place; n: the letter's */
    struct mr_str map;                 /* the whole record; borrowed during the call */
    struct mr_str outcome, message, row; /* row: the map, empty where only its beginning is kept */
    uint32_t attempt;
    enum mr_letter_status status;
};

/* Which letters are meant; empty texts mean all. */
struct mr_letter_filter {
    struct mr_str stage, outcome, id; /* id: first digits */
    int status;                       /* 1 + enum mr_letter_status, 0: all */
    struct mr_where *where;
    uint64_t limit;                   /* 0: none */
};

typedef struct mr_error *(*mr_letter_fn)(void *arg, const struct mr_letter *letter);
/* In order of the stages, then as they were written. MR_NAME_UNKNOWN for a stage that is not there. */
struct mr_error *mr_letters_each(const struct mr_browse *b, const struct mr_letter_filter *filter,
                                 mr_letter_fn fn, void *arg);

/* ---- settling: each letter at most once, whatever happens on the way ---- */

struct mr_settle;
/* For the letters of one stage. Finishes what an earlier command that was killed had decided. */
struct mr_error *mr_settle_open(const struct mr_browse *b, const struct mr_plan_stage *stage,
                                struct mr_settle **out);
void mr_settle_close(struct mr_settle *s); /* accepts NULL; what is not committed did not happen */
/* again: the row enters its stage once more; otherwise the letter is put aside for good. *fresh
 * false: it was settled before. */
struct mr_error *mr_settle_add(struct mr_settle *s, const struct mr_letter *letter, bool again,
                               bool *fresh);
/* Decides what was added, and wakes the stage's processes. */
struct mr_error *mr_settle_commit(struct mr_settle *s);

#endif
