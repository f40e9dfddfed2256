/*
 * mintmark gate: a forward-auth daemon. A proxy in front of an API asks it for every request; it answers 200 with the
 * caller's identity in headers, or the refusal that the caller gets. Which operation needs which scopes say OpenAPI
 * documents (openapi/openapi.h); tokens are checked by libmintmark's verifier. RFC 6750, RFC 9728.
 *
 * A process of its own (daemon/daemon.h); holds no key that signs. It must never believe a header that the caller can
 * write: where method and path of the caller's request stand is one option (gate_mode).
 */
#ifndef GATE_GATE_H
#define GATE_GATE_H

#include "daemon/daemon.h"

/* Where the request that is to be judged stands in the question. */
enum gate_mode {
	GATE_ENVOY,     /* the question's own method and path are judged (Envoy ext_authz, direct calls) */
	GATE_NGINX,     /* X-Original-Method and X-Original-URI (nginx auth_request, our HAProxy sample) */
	GATE_FORWARDED, /* X-Forwarded-Method and X-Forwarded-Uri (Traefik, Caddy) */
};

enum gate_revocation { GATE_REVOCATION_CLOSED, GATE_REVOCATION_OPEN, GATE_REVOCATION_OFF };

struct gate_options {
	const struct daemon_listen *listen;
	size_t n_listen;
	unsigned loops;                /* 0: by the number of cores */
	const char *const *documents;  /* files, read anew at SIGHUP */
	size_t n_documents;
	const char *base_path;         /* before all paths of the documents; NULL: as their servers say */
	const char *issuer, *audience;
	const char *resource;          /* RFC 9728 2: the API's URL; NULL: the audience when it is a URL, else none */
	const char *realm;             /* of challenges; NULL: "mintmark" */
	const char *jwks_file;         /* NULL: the keys are fetched by discovery */
	const char *ca_file;           /* NULL: the system's certificates */
	const char *algorithms;        /* separated by blanks; NULL: all we know */
	unsigned skew_s;
	bool plain_http;               /* the issuer may be fetched by http from anywhere */
	enum gate_revocation revocation;
	unsigned revocation_age_s;     /* how old the last answer of the feed may get; 0: 60 */
	enum gate_mode mode;
	const char *path_prefix;       /* of questions; NULL: "" for GATE_ENVOY, else "/check" */
	const struct addr_network *peers; /* who may ask; unix-domain sockets are ruled by their mode */
	size_t n_peers;                /* 0: everybody */
};

/*
 * Runs until SIGTERM or SIGINT, see daemon_run(). ret_why (the caller's) gets a text for the operator. E_CONFIG: an
 * option, a document, the key set's file or an address is unusable. E_NOMEM, E_IO, E_INTERNAL.
 */
must_check int gate_run(const struct gate_options *options, struct buf *ret_why);

#endif
