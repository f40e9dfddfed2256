/*
 * What the gate decides by: the operations of its OpenAPI documents, and the metadata made from them. Immutable,
 * reference-counted (atomic), swapped as a whole at SIGHUP. Thread-safe.
 */
#ifndef GATE_RULES_H
#define GATE_RULES_H

#include <stdatomic.h>

#include "base/arena.h"
#include "gate/gate.h"
#include "openapi/openapi.h"

struct rules {
	atomic_uint refs;
	struct openapi *set;
	struct buf metadata; /* RFC 9728 3.2: the document; empty when there is no resource */
};

/* Reads the documents. E_CONFIG: one is refused; ret_why: "file:line:column: ..."; E_NOMEM. The reference is ours. */
must_check int rules_load(const struct gate_options *options, struct str resource, struct rules **ret_rules,
			  struct buf *ret_why);
struct rules *rules_ref(struct rules *rules);
void rules_unref(struct rules *rules); /* NULL is allowed */

#endif
