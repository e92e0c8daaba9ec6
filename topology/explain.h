/* What a code of the error table means: cause, an example with its mended twin, remedy. */
#ifndef MR_TOPOLOGY_EXPLAIN_H
#define MR_TOPOLOGY_EXPLAIN_H

#include "runtime/base/arena.h"
#include "runtime/base/buf.h"
#include "runtime/base/error.h"

/* Texts are constant or in the arena that was given; empty where there is none. */
struct mr_explanation {
    enum mr_code code;
    const char *symbol;            /* "TOPOLOGY_WINDOW" */
    const char *sentence, *remedy; /* from the error table */
    struct mr_str cause;           /* a paragraph */
    struct mr_str how;             /* of the example: "with: NAME=VALUE", "when: a row is read" */
    struct mr_str wrong, right;    /* YAML */
};

/* All codes, ascending; code 0 is none. */
size_t mr_explain_count(void);
/* The i-th code with all that is known of it. */
void mr_explain_at(size_t i, struct mr_arena *arena, struct mr_explanation *out);
/* "MR2041", "mr2041" or "2041": its index, or SIZE_MAX. */
size_t mr_explain_find(struct mr_str text);
/* Indexes of codes near an unknown one, nearest first. */
size_t mr_explain_near(struct mr_str text, size_t *out, size_t most);

void mr_explain_print(const struct mr_explanation *e, struct mr_buf *out);
/* topology/ERRORS.md. */
void mr_explain_page(struct mr_buf *out);

#endif
