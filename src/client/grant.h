/*
 * What a token endpoint, a token file or the cache gave: a token and for how long. RFC 6749 5.1. One owner.
 */
#ifndef CLIENT_GRANT_H
#define CLIENT_GRANT_H

#include "base/buf.h"
#include "client/trouble.h"

enum {
	GRANT_TOKEN_MAX = 16383,
	GRANT_SCOPE_MAX = 4096,
	GRANT_LIFE_S = 300,          /* of a token whose answer doesn't say (RFC 6749 5.1 leaves it open) */
	GRANT_LIFE_MAX_S = 2592000,  /* no token is kept for longer */
};

struct grant {
	struct buf token, refresh, scope; /* refresh: a refresh token; empty: none */
	int64_t life_s;     /* from obtained */
	int64_t obtained_s; /* wall clock, when it was asked for */
	int64_t age_s;      /* how old it is now */
	bool is_renewed;    /* it was made because an API refused the one before */
};

void grant_init(struct grant *grant);
/* Wipes. It may be used again after grant_init. */
void grant_done(struct grant *grant);

/*
 * An answer with status 200 of a token endpoint (RFC 6749 5.1), asked at now_s. MINTMARK_ERROR_SYNTAX,
 * MINTMARK_ERROR_LIMIT, MINTMARK_ERROR_MEMORY.
 */
must_check int grant_read_answer(struct str text, int64_t now_s, struct grant *ret_grant, struct trouble *trouble);
/* A token file: access_token, and expires_at in seconds since 1970. As above. */
must_check int grant_read_file(struct str text, const char *path, int64_t now_s, struct grant *ret_grant,
			       struct trouble *trouble);
/* The text of a token file, appended. */
void grant_emit_file(const struct grant *grant, struct buf *out);
/* How many seconds of its life are left; 0: none. */
int64_t grant_left_s(const struct grant *grant);

#endif
