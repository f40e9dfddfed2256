/* A document read as YAML or JSON, written as JSON: for services that serve their own OpenAPI document. */
#ifndef OPENAPI_TREE_EMIT_H
#define OPENAPI_TREE_EMIT_H

#include "base/buf.h"

/*
 * name and text as in tree_parse. Members come out sorted by name. Appended to out, whose status tells whether there
 * was room. E_CONFIG: the document is refused, why says where. E_NOMEM.
 */
must_check int tree_emit_json(const char *name, struct str text, struct buf *out, struct buf *why);

#endif
