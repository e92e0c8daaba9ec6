/* Operators and connectors that exist for the compiler's tests only: one of each kind. */
#ifndef MR_TESTS_TOPOLOGY_FAKE_H
#define MR_TESTS_TOPOLOGY_FAKE_H

#include "topology/compile.h"

struct mr_registry *fake_registry(void);
extern const struct mr_connectors fake_connectors;

#endif
