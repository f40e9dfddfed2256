/* The daemon `mintmark series`: database, verifier and HTTP put together. */
#ifndef SERIES_SERIES_MAIN_H
#define SERIES_SERIES_MAIN_H

#include "daemon/daemon.h"

/* What to do while the issuer's revocation feed can't be had: refuse; accept; it is never asked. */
enum series_main_revocation { SERIES_MAIN_CLOSED, SERIES_MAIN_OPEN, SERIES_MAIN_OFF };

struct series_main_options {
	const struct daemon_listen *listen;
	size_t n_listen;
	const char *db;          /* made when there is none */
	const char *issuer, *audience;
	const char *environment; /* NULL: none */
	const char *ca_file;     /* NULL: the system's */
	bool plain_http;         /* from the issuer, from any address */
	enum series_main_revocation revocation;
};

/*
 * Runs until SIGTERM or SIGINT. 0, or a code with a sentence in why: E_CONFIG, E_STORE, E_SYNTAX (the database is none
 * of ours), E_NOMEM, E_IO, E_INTERNAL. E_TIMEOUT: requests did not end in time; the process must end at once.
 */
must_check int series_main(const struct series_main_options *options, struct buf *why);

#endif
