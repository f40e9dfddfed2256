/*
 * Who the client is: the first place of mintmark/client.h's list that has credentials, read anew each time. Blocks for
 * files only. Thread-safe as long as one thread uses an arena.
 */
#ifndef CLIENT_SOURCE_H
#define CLIENT_SOURCE_H

#include "client/settings.h"
#include "client/storage.h"
#include "client/trouble.h"

enum source_kind {
	SOURCE_PAIR,       /* id and secret, given by options or environment */
	SOURCE_STORED,     /* id and secret of credentials.json */
	SOURCE_TOKEN_FILE, /* path */
	SOURCE_LOGIN,      /* a person's login: the public client's id and where its refresh token is */
};

struct source {
	enum source_kind kind;
	struct str issuer; /* the settings', or that of the place */
	struct str id, secret, path; /* a login's secret: login_keep_read() */
	enum storage_place storage;  /* of a login */
	const char *place; /* for people; in the arena */
};

/*
 * MINTMARK_ERROR_NO_CREDENTIALS: nowhere, and the trouble names all places; MINTMARK_ERROR_FILE,
 * MINTMARK_ERROR_SYNTAX: a place that is there can't be used. Everything is in the arena, whose owner wipes it.
 */
must_check int source_find(const struct settings *settings, struct arena *arena, struct source *ret_source,
			   struct trouble *trouble);
/* Where the credentials come from, for people, appended. The codes of source_find(). */
must_check int source_describe(const struct settings *settings, struct buf *out, struct trouble *trouble);
/* Where a login is kept, for people: "the kernel's keyring", of the file its whole path. Appended. */
void source_put_storage(const struct settings *settings, enum storage_place storage, struct buf *out);
/* A whole file of others, links allowed, up to its last line end. MINTMARK_ERROR_FILE, MINTMARK_ERROR_MEMORY. */
must_check int source_read_file(const char *path, struct arena *arena, struct str *ret_text, struct trouble *trouble);

#endif
