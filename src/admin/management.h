/*
 * The description of the management API, embedded at build time from openapi/management.yaml by tools/embed-openapi:
 * its JSON form with MANAGEMENT_ISSUER in the issuer's place, and its operations as a table. Constant data.
 */
#ifndef ADMIN_MANAGEMENT_H
#define ADMIN_MANAGEMENT_H

#include "base/buf.h"

#define MANAGEMENT_ISSUER "https://issuer.example"

struct management_row {
	const char *op;       /* of admin/admin.c, and the operationId */
	const char *method;   /* "PATCH" */
	const char *path;     /* "/clients/{client_id}", behind MANAGE_API_PATH */
	const char *scopes;   /* what a token must carry, separated by blanks */
	const char *location; /* 201: where the new object is, filled from the result; else "" */
	const char *list;     /* what the command line calls "items"; "": no list */
	int status;           /* 200, 201, 204 */
};

extern const char management_text[];
extern const size_t management_text_len;
extern const struct management_row management_rows[];
extern const size_t management_n_rows;

/* NULL: there is none. */
const struct management_row *management_find(struct str op);
/* Append the JSON form for this issuer. */
void management_put(struct str issuer, struct buf *out);

#endif
