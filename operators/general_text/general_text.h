/* What the operators of this family share: writing a refined text, rounding, distinct n-grams, and
 * the text that duplicates are compared by. */
#ifndef MR_OPERATORS_GENERAL_TEXT_H
#define MR_OPERATORS_GENERAL_TEXT_H

#include "runtime/op/op.h"
#include "runtime/text/chars.h"
#include "runtime/text/words.h"

/* Writes the text of a refiner back, unless it is what was there. */
void mr_gt_refine(struct mr_row *row, int key, struct mr_str before, struct mr_str after);

/* Two decimals, half to even on the exact binary value, as Python's round(x, 2). */
double mr_gt_round2(double value);

enum mr_gt_language { MR_GT_EN, MR_GT_ZH, MR_GT_AUTO }; /* choices "en|zh|auto" */
/* Distinct n-grams by all n-grams of the lowered text without punctuation, 0 when it has fewer
 * tokens than n. en: tokens are ws-words; zh: code points; auto: zh when an ideograph occurs. */
double mr_gt_ngram_score(struct mr_ctx *ctx, struct mr_str text, int64_t n,
                         enum mr_gt_language language);

/* The text that a row is compared by: the one key's value as it is (what is not text never equals a
 * text), or for several keys "name:", line end, printed value, joined by line ends. Borrowed until the row's call returns. False: the only key
 * is null. */
bool mr_gt_compared_text(struct mr_ctx *ctx, struct mr_row *row, int key, struct mr_str *out);

/* A duplicate of the row with the given id (16 bytes): twin and label are written, and it leaves by
 * the outcome unless duplicates go on. Returns NULL. */
struct mr_error *mr_gt_leave_duplicate(struct mr_row *row, struct mr_str kept_id, bool goes_on,
                                       int outcome, int label_key, int twin_key);

#endif
