/*
 * Getting an issuer's documents from the network once: metadata, key set, revocations, and every reason to distrust
 * them. OpenID Connect Discovery 4, RFC 8414 3, RFC 7517 5. Blocks: CLI and the threads of key sets and feeds only.
 * Where may be fetched from: mintmark/keyset.h. Thread-safe.
 */
#ifndef VERIFY_FETCH_H
#define VERIFY_FETCH_H

#include <pthread.h>
#include <stdatomic.h>

#include "crypto/digest.h"
#include "jose/jwk.h"

enum { FETCH_DOCUMENT_MAX = 262144 };

enum fetch_cause {
	FETCH_NOTHING, /* nothing was fetched yet */
	FETCH_DONE,
	FETCH_STATUS,
	FETCH_TIMEOUT,
	FETCH_NETWORK,
	FETCH_LIMIT,
	FETCH_REFUSED,
	FETCH_URL,
	FETCH_TYPE,
	FETCH_SYNTAX,
	FETCH_ISSUER,
	FETCH_EMPTY,
	FETCH_TWINS,
	FETCH_MEMORY,
	FETCH_JWT,     /* feeds only, from here */
	FETCH_NO_KEYS,
	FETCH_UNTRUSTED,
	FETCH_OLD,
	FETCH_ORDER,
	FETCH_ENTRIES,
	FETCH_CAUSES
};

struct fetch_source {
	struct str issuer;         /* for discovery */
	struct str url;            /* of the key set itself; then no discovery */
	const char *ca_file;       /* NULL: the system's certificates */
	uint32_t timeout_ms;       /* for each document */
	bool plain_http;           /* http from other addresses than loopback too */
	const atomic_bool *cancel; /* may be NULL */
	char *why;                 /* as in struct http_out_limits; may be NULL */
};

struct fetch_result {
	struct jwks *jwks; /* at least one key; the caller's */
	unsigned char digest[SHA256_LEN]; /* of the document: tells whether it changed */
	int64_t max_age_s; /* -1: the answer didn't say */
};

/* FETCH_DONE and ret_result, or the cause. *ret_what is set always: "metadata" or "key set", constant. */
must_check enum fetch_cause fetch_keys(const struct fetch_source *source, struct fetch_result *ret_result,
				       const char **ret_what);

/* A signed document (application/jwt) from an address that the operator named, appended: FETCH_DONE, or the cause. */
must_check enum fetch_cause fetch_jwt(const struct fetch_source *source, struct str url, struct buf *out);

/*
 * The issuer's metadata as text, appended, once it was seen that they name this very issuer (RFC 8414 3.3): FETCH_DONE,
 * or the cause; then ret_text is as before.
 */
must_check enum fetch_cause fetch_metadata(const struct fetch_source *source, struct buf *ret_text);

/*
 * The key set's URL in an issuer's metadata, appended: FETCH_DONE, FETCH_SYNTAX, FETCH_ISSUER (RFC 8414 3.3), FETCH_URL
 * (too long), FETCH_MEMORY.
 */
must_check enum fetch_cause fetch_read_metadata(struct str issuer, struct str text, struct buf *ret_url);

/*
 * The thread that fetches for a feed or key set, until it returns by itself. It takes no signals: those belong to the
 * program's own threads. E_INTERNAL.
 */
must_check int fetch_thread_new(void *(*run)(void *arg), void *arg, pthread_t *ret_thread);

/* The end of a sentence that begins with the document: "was not answered with 200". Constant. */
const char *fetch_text(enum fetch_cause cause);
/* The enum mintmark_error of a cause. */
int fetch_error(enum fetch_cause cause);

#endif
