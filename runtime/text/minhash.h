/* MinHash signatures of a text's character n-grams, equal to those of the datasketch library, and
 * the bands an LSH index is asked by.
 *
 * Each shingle gives hv = the first four bytes of its SHA-1, little-endian. Position i of the
 * signature is the least value over all shingles of
 *   datasketch 1:  low 32 bits of ((a_i*hv + b_i) mod 2^64) mod (2^61 - 1)
 *   datasketch 2:  (a_i*mix(hv) + b_i) mod 2^32, a_i odd, mix = MurmurHash3's 32-bit finaliser
 * with a, b drawn from MT19937 seeded with 1. Vector code runs where the processor has it; every path
 * gives the same figures. Thread: any. */
#ifndef MR_TEXT_MINHASH_H
#define MR_TEXT_MINHASH_H

#include "runtime/base/arena.h"

enum mr_minhash_kind { MR_MINHASH_DATASKETCH_1, MR_MINHASH_DATASKETCH_2 };

struct mr_minhash; /* the parameters of a family of permutations */

/* In the arena. perms: 2 to 4096. */
struct mr_minhash *mr_minhash_create(struct mr_arena *arena, enum mr_minhash_kind kind,
                                     uint32_t perms);
uint32_t mr_minhash_perms(const struct mr_minhash *m);
/* Signature of all substrings of `ngram` code points (the whole text when it is shorter; none when
 * it is empty: all positions UINT32_MAX). scratch: an arena of the row's. */
void mr_minhash_text(const struct mr_minhash *m, struct mr_str text, uint32_t ngram,
                     struct mr_arena *scratch, uint32_t *signature);

/* Bands and rows that minimise 0.5 * (false positives + false negatives) at the threshold; false
 * when fewer than two bands would result. */
bool mr_minhash_bands(double threshold, uint32_t perms, uint32_t *bands, uint32_t *rows);

#endif
