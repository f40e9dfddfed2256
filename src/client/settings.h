/*
 * What a client was told: by its program (struct mintmark_client_options), by the environment under the provider's
 * prefix, and where the person's files are. Read once, when the client is made; constant afterwards, thread-safe.
 */
#ifndef CLIENT_SETTINGS_H
#define CLIENT_SETTINGS_H

#include <stdatomic.h>

#include "base/arena.h"
#include "client/storage.h"
#include "mintmark/client.h"

#define SETTINGS_PREFIX "MINTMARK"
#define SETTINGS_APP "mintmark"

/* Credentials of one place: the program's options, or the environment. Empty: not given. */
struct settings_identity {
	struct str id, secret, secret_file, token_file;
};

struct settings {
	struct arena strings;
	struct str prefix, app;
	struct str issuer;         /* "": the only one of the credentials file */
	struct str token_endpoint; /* given: no discovery */
	struct settings_identity options, environment;
	struct str scope, audience;
	struct str login_client;   /* the public client that people log in to */
	enum storage_place login_storage; /* of new logins */
	const char *ca_file;       /* NULL: the system's */
	struct str config_dir, cache_dir; /* "": this person has none */
	unsigned flags;            /* enum mintmark_client_flag */
	uint32_t timeout_ms;
	const atomic_bool *cancel;
};

/* MINTMARK_ERROR_ARGUMENT, MINTMARK_ERROR_MEMORY. settings_done() in any case. */
must_check int settings_read(const mintmark_client_options *options, struct settings *ret_settings);
/* Whether the provider's names have their form. */
bool settings_is_prefix(struct str s);
bool settings_is_app(struct str s);
void settings_done(struct settings *settings);

#endif
