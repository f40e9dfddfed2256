/*
 * OpenAPI documents for the commands that look at them: loading, and what an operation needs, in words.
 * Single-threaded.
 */
#ifndef CLI_GATE_DOCS_H
#define CLI_GATE_DOCS_H

#include "json/json.h"
#include "openapi/openapi.h"

enum { GATE_DOCS_OUT_MAX = 256 << 20 };

/* prefix, issuer: may be NULL. What is wrong is printed. Exit status; the reference is the caller's. */
int gate_docs_load(const char *const *paths, size_t n, const char *prefix, const char *issuer,
		   struct openapi **ret_set);

/* "public", "nobody", "any token", or scopes: "a b | c". NULL: "-". Appended. */
void gate_docs_needs(const struct openapi_operation *operation, struct buf *out);
/* Members <name> (those words), <name>_access and <name>_scopes (an array of arrays). */
void gate_docs_emit(const struct openapi_operation *operation, const char *name, struct json_out *out);
/* Whether a token with these scopes may call it; NULL: there is no such operation. */
bool gate_docs_admits(const struct openapi_operation *operation, struct str scope);

#endif
