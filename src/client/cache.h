/*
 * What this host's processes know of one client together: the present token, or why there is none and when to ask
 * again. One file per client, issuer, scope, audience and secret under $XDG_CACHE_HOME/app; its name is a hash of all
 * of that. A file that is no record, or of another client, counts as none; who may read and replace it is decided by
 * client/private_folder.h. One owner.
 */
#ifndef CLIENT_CACHE_H
#define CLIENT_CACHE_H

#include "client/grant.h"
#include "client/moment.h"
#include "client/private_folder.h"

/* The kind of a login's tokens. */
#define CACHE_KIND_LOGIN "login"

enum { CACHE_NAME_MAX = 80, CACHE_REST_MAX_S = 3600 };

/* What a record is about. Borrowed. */
struct cache_key {
	struct str issuer;    /* or the token endpoint, where that is given */
	struct str client_id; /* or the file's path */
	struct str secret;    /* not kept in it */
	struct str scope, audience;
	const char *kind;     /* a literal */
};

/* The last attempt failed; count: in a row. */
struct cache_failure {
	int code; /* enum mintmark_error; 0: none */
	bool is_passing;
	int64_t count;
	int64_t rest_s; /* nobody asks for so long, from the moment */
	char text[TROUBLE_MAX];
};

struct cache_record {
	struct grant grant;  /* an empty token: there is none */
	struct moment moment; /* when the token was asked for */
	struct cache_failure failure;
	struct moment failed; /* when */
};

void cache_init(struct cache_record *record);
void cache_done(struct cache_record *record);

/* The record's file name without suffix, NUL behind it. E_NOMEM. */
must_check int cache_name(const struct cache_key *key, char ret_name[CACHE_NAME_MAX]);

/* Text to record, ages by now. E_SYNTAX: no record of this key, or from the future. E_NOMEM. */
must_check int cache_parse(struct str text, const struct cache_key *key, const struct moment *now,
			   struct cache_record *ret_record);
void cache_emit(const struct cache_record *record, const struct cache_key *key, struct buf *out);

/*
 * The file; whatever is wrong with its content, there is none then (a token of 0 bytes, no failure).
 * MINTMARK_ERROR_FILE: it may not be used. MINTMARK_ERROR_MEMORY.
 */
must_check int cache_load(const struct private_folder *folder, const char *name, const struct cache_key *key,
			  const struct moment *now, struct cache_record *ret_record, struct trouble *trouble);
/* MINTMARK_ERROR_FILE, MINTMARK_ERROR_MEMORY. The caller holds its lock. */
must_check int cache_store(const struct private_folder *folder, const char *name, const struct cache_key *key,
			   const struct cache_record *record, struct trouble *trouble);

/*
 * Remove the records of all tokens of a login, whatever their scope and audience, and count them. fd -1: there are
 * none. MINTMARK_ERROR_FILE: the folder can't be read, or a record not be removed; MINTMARK_ERROR_MEMORY. The caller
 * holds the lock of the logins, without which no such record is written.
 */
must_check int cache_forget_login(const struct private_folder *folder, struct str issuer, struct str client_id,
				  unsigned *ret_n, struct trouble *trouble);

/* Seconds until somebody may ask again after the failure; 0: now. */
int64_t cache_rest_s(const struct cache_record *record, const struct moment *now);

#endif
