/* The connectors and operators of the flow tests (see fixture.h). */
#ifndef MR_TESTS_FLOW_FIXTURE_PARTS_H
#define MR_TESTS_FLOW_FIXTURE_PARTS_H

#include "runtime/op/connector.h"
#include "runtime/op/op.h"

extern const struct mr_source_type fixture_numbers;
extern const struct mr_sink_type fixture_collect;
extern const struct mr_op fixture_odd_out, fixture_twice, fixture_first_of, fixture_index, fixture_top;

#endif
