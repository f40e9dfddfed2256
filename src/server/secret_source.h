/*
 * Secrets of other systems that the configuration names and the server needs: a file, env:NAME, credential:NAME
 * (systemd). Read once, before the sandbox closes. What fails is logged, without the secret.
 */
#ifndef SERVER_SECRET_SOURCE_H
#define SERVER_SECRET_SOURCE_H

#include "base/secret.h"

enum { SECRET_SOURCE_MAX = 512 };

struct secret_source {
	char bytes[SECRET_SOURCE_MAX];
	size_t len; /* 0: none */
};

/* where: the option's value; empty: none. option: its name, for the log. E_CONFIG. The caller wipes. */
must_check int secret_source_read(struct str where, const char *option, struct secret_source *ret_source);

/* The variable that reading it needs, which the supervisor hands down; NULL: none. */
const char *secret_source_env(struct str where);

#endif
