/*
 * Handing one mail to a relay by SMTP (RFC 5321), by libcurl. Blocks: a thread of its own. The relay is the operator's:
 * its address may be private. Without TLS nothing leaves the machine: smtp:// demands STARTTLS (RFC 3207) unless the
 * relay is at a loopback address, which is judged when the socket is opened. Thread-safe.
 */
#ifndef HTTP_HTTP_OUT_MAIL_H
#define HTTP_HTTP_OUT_MAIL_H

#include <pthread.h>

#include "base/secret.h"
#include "http/http_out.h"

/* The connection that is open, so that another thread can end it at once: libcurl looks only once a second. */
struct http_out_wire {
	pthread_mutex_t lock;
	int fd;   /* -1: none */
	bool cut; /* none is opened any more */
};
#define HTTP_OUT_WIRE_INIT {PTHREAD_MUTEX_INITIALIZER, -1, false}
/* Ends the mail that is under way, and those to come. Any thread. */
void http_out_mail_cut(struct http_out_wire *wire);

struct http_out_mail {
	struct http_out_wire *wire;
	struct str relay;           /* "smtp://host[:port]", "smtps://host[:port]" */
	struct str user;            /* empty: no authentication */
	struct secret password;
	struct str from, to;        /* addresses; must be plain, see account/address.h */
	struct str text;            /* headers, empty line, body; lines end in CRLF */
};

/*
 * Of the limits timeout_ms, ca_file and cancel count. 0: the relay has taken it. E_SYNTAX: no such relay, or an address
 * holds what must not be there. E_NOT_FOUND: refused for good (5yz). E_UNAVAILABLE: refused for now (4yz).
 * E_SIGNATURE: the certificate is not good. E_INVALID_REQUEST: no TLS although it is demanded. E_TIMEOUT. E_IO: no
 * connection. E_NOMEM.
 */
must_check int http_out_mail(const struct http_out_mail *mail, const struct http_out_limits *limits);

/* Loads libcurl now: before a sandbox closes. False: it is not there. */
bool http_out_mail_prepare(void);

#endif
