/*
 * OpenAPI documents (3.0.x and 3.1.x, JSON or YAML) as the authorization model: which operation is a request, and what
 * must a token carry for it. One immutable set is made from one or more documents; whoever changes the documents makes
 * a new set and drops the old one.
 *
 * The `security` requirements count exactly as the specification says (OpenAPI 3.1.0 4.8.30, Security Requirement
 * Object): the operation's own replace the document's; the entries of the array are alternatives; inside one entry all
 * schemes must be satisfied; an empty array and an empty entry ask for nothing. Schemes that mean "a bearer token of
 * our issuer" can be honoured: openIdConnect with our issuer's discovery document, oauth2 with our issuer's token
 * endpoint, http bearer. All of those are satisfied by one token, so an alternative is the union of its scopes. An
 * alternative with any other scheme (apiKey, http basic, mutualTLS, another issuer) can't be satisfied; an operation
 * that has only such ones is refused for everybody.
 *
 * Paths and methods that no document declares do not exist here: HEAD is not GET, and OPTIONS must be declared.
 *
 * Loading runs wherever it likes and may take long for large documents; documents are the operator's, yet every limit
 * below holds. It never follows a reference out of a document and opens no file. Finding and judging allocate nothing,
 * take no lock and use no regular expression. A set may be used by all threads at once.
 */
#ifndef OPENAPI_OPENAPI_H
#define OPENAPI_OPENAPI_H

#include "base/buf.h"
#include "base/str.h"
#include "openapi/path.h"

enum {
	OPENAPI_TEXT_MAX = 8 << 20,     /* bytes of one document */
	OPENAPI_DOCUMENTS_MAX = 64,
	OPENAPI_OPERATIONS_MAX = 65536, /* of a set */
	OPENAPI_PARAMS_MAX = 16,        /* in one path template */
	OPENAPI_ALTERNATIVES_MAX = 32,  /* of one operation */
	OPENAPI_SCOPES_MAX = 64,        /* of one alternative */
	OPENAPI_SCOPE_MAX = 128,        /* bytes of one scope */
	OPENAPI_WHY_MAX = 8192,         /* room for ret_why, with long file names */
};

/* A document that was read already. All of it is borrowed for the time of loading only. */
struct openapi_source {
	const char *name;   /* a file name, for messages; ".json" or ".yaml" decides the syntax, else a first "{" */
	struct str text;
	const char *prefix; /* what stands before every path ("/v1"; "" for nothing); NULL: the path of servers[].url */
};

enum openapi_access {
	OPENAPI_ACCESS_REFUSED, /* only alternatives that nobody can satisfy */
	OPENAPI_ACCESS_TOKEN,   /* one of the alternatives */
	OPENAPI_ACCESS_PUBLIC,  /* anybody, with or without a token */
};

struct openapi_operation {
	size_t index;           /* 0 .. openapi_count() - 1: for tables of the caller's own */
	struct str method;      /* "GET" */
	struct str path;        /* the template, with prefix: "/v1/pets/{petId}" */
	struct str shape;       /* the template without names: "/v1/pets/{}", "{+}" for a rest parameter */
	struct str id;          /* operationId; empty when there is none */
	struct str document;    /* openapi_source.name */
	unsigned line;          /* where it stands there, from 1 */
	enum openapi_access access;
	bool declared;          /* a `security` was given, by the operation or for the document; else it is public */
	struct str_list params; /* names of the template's parameters, in order */
	struct str_list *alternatives; /* the satisfiable ones: scopes, sorted, each once; none: any valid token */
	size_t n_alternatives;
	struct str_list undeclared; /* scopes that no oauth2 scheme of the document declares, while some are declared */
	struct str_list notes;  /* why further alternatives can't be satisfied, one sentence each */
};

struct openapi; /* a set */

/*
 * issuer: whose schemes count, byte for byte the `iss` of its tokens; empty: every openIdConnect and oauth2 scheme
 * counts (documents that ship with the program; looking at files without a server). ret_why: text is appended on
 * failure, "name:line:column: what is wrong", one line without a line feed, safe to print. The set is the
 * caller's.
 * E_CONFIG: a document is refused. E_NOMEM.
 */
must_check int openapi_load(const struct openapi_source *sources, size_t n, struct str issuer,
			    struct openapi **ret_set, struct buf *ret_why);
void openapi_free(struct openapi *set); /* NULL: nothing */
void openapi_freep(struct openapi **set); /* for _cleanup_ */

/* Operations by shape, then method. */
size_t openapi_count(const struct openapi *set);
/* index < openapi_count(). Lives as long as the set, like all that hangs on it. */
const struct openapi_operation *openapi_at(const struct openapi *set, size_t index);

struct openapi_match {
	const struct openapi_operation *operation;
	struct str values[OPENAPI_PARAMS_MAX]; /* of operation->params; decoded, borrowed from the path */
};

/*
 * The operation that a request is. Literal segments win over parameters, from the left; a parameter matches one
 * segment that is not empty. The last parameter of a template with `x-mintmark-rest: true` matches all that is left:
 * one or more segments, empty ones and a slash at the end included, but not nothing at all.
 * E_NOT_FOUND: no document declares the path. E_METHOD_NOT_ALLOWED: none declares this method for it.
 */
must_check int openapi_find(const struct openapi *set, struct str method, const struct path *path,
			    struct openapi_match *ret_match);
/* The methods that are declared for the path, "GET, POST", appended (RFC 9110 10.2.1); nothing for unknown paths. */
void openapi_allow(const struct openapi *set, const struct path *path, struct buf *out);

enum openapi_verdict {
	OPENAPI_REFUSED,     /* for everybody: 403 */
	OPENAPI_NEEDS_TOKEN, /* 401; *ret_needed: the scopes to ask for */
	OPENAPI_NEEDS_SCOPE, /* 403 insufficient_scope; *ret_needed: the scopes that would do */
	OPENAPI_ALLOWED,     /* by the token */
	OPENAPI_PUBLIC,      /* whatever the token */
};

/*
 * scope: the `scope` claim of a token that was verified, names separated by single spaces; NULL: there is no token.
 * ret_needed: of the alternatives the one that lacks least (the first of several); empty where no scope is needed.
 * RFC 6750 3.1.
 */
enum openapi_verdict openapi_judge(const struct openapi_operation *operation, const struct str *scope,
				   struct str_list *ret_needed);

#endif
