/* Chance that can be repeated: numbers from a seed, and the settings of a chaos test. */
#ifndef MR_TESTS_CHAOS_DICE_H
#define MR_TESTS_CHAOS_DICE_H

#include <stdint.h>

void dice_seed(uint64_t seed);
/* The next number, from 0 up to but without limit. */
uint64_t dice_below(uint64_t limit);
/* A number of the environment, or `otherwise`; anything else there fails the test. */
uint64_t dice_setting(const char *name, uint64_t otherwise);

#endif
