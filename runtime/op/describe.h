/* One walk over a descriptor, printed as text (help), Markdown (docs) or JSON (schema, agents). */
#ifndef MR_OP_DESCRIBE_H
#define MR_OP_DESCRIBE_H

#include "runtime/base/json_out.h"
#include "runtime/op/op.h"
#include "runtime/op/registry.h"

void mr_describe_text(const struct mr_op *op, struct mr_buf *out);
void mr_describe_markdown(const struct mr_op *op, struct mr_buf *out);
void mr_describe_json(const struct mr_op *op, struct mr_json_out *out);
/* operators/README.md: one line for each operator, by domain. */
void mr_describe_catalogue(const struct mr_registry *r, struct mr_buf *out);
/* operators/<domain>/README.md: everything about each operator of a domain. */
void mr_describe_domain(const struct mr_registry *r, struct mr_str domain, struct mr_buf *out);
/* The first part of the name. */
struct mr_str mr_op_domain(const struct mr_op *op);
/* Rows of one parameter table (also connectors' and the runtime's own settings). */
void mr_describe_params_text(const struct mr_param *table, struct mr_buf *out);
void mr_describe_params_json(const struct mr_param *table, struct mr_json_out *out);
/* "text", "text or null", "number", "any" for a type set. */
void mr_describe_types(uint32_t types, struct mr_buf *out);
const char *mr_access_name(enum mr_access a);
const char *mr_scope_name(enum mr_scope s);
const char *mr_category_name(enum mr_category c);
const char *mr_serving_kind_name(enum mr_serving_kind k);

#endif
