/*
 * credentials.json: the id-and-secret pairs of a person, by issuer. The format is that of other SDKs, which read and
 * write the same file: { "ENDPOINT": [ {display_name, client_id, client_secret, endpoint, created_at, last_used} ] },
 * times as ISO 8601. The endpoint is the issuer without a last slash. Of one endpoint's pairs the one that was used
 * last counts. Pure functions but for the arena; the caller does the files (client/private_folder.h) and wipes.
 */
#ifndef CLIENT_CREDENTIALS_H
#define CLIENT_CREDENTIALS_H

#include "base/arena.h"
#include "base/buf.h"

enum { CREDENTIALS_MAX = 128, CREDENTIALS_ARENA = 262144 };
#define CREDENTIALS_FILE "credentials.json"
#define CREDENTIALS_LOCK "credentials.json.lock"

struct credential {
	struct str endpoint, display_name, client_id, client_secret, created_at, last_used;
	int64_t last_used_us; /* since 1970; INT64_MIN: it is no time */
};

struct credentials {
	struct credential v[CREDENTIALS_MAX];
	size_t n;
};

/* Copies into the arena. E_SYNTAX: not the format. E_LIMIT: too many pairs. E_NOMEM. */
must_check int credentials_parse(struct str text, struct arena *arena, struct credentials *ret_list);
/* The whole file, appended. */
void credentials_emit(const struct credentials *list, struct buf *out);

/* The pair of an issuer that counts; an empty issuer: of the only endpoint that there is. NULL: none. */
struct credential *credentials_newest(struct credentials *list, struct str issuer);
/* The pair with this id, of this issuer where one is given. NULL: none. */
struct credential *credentials_find(struct credentials *list, struct str issuer, struct str client_id);
/* Put a pair in; one with its endpoint and id is replaced. E_LIMIT. Borrows. */
must_check int credentials_put(struct credentials *list, const struct credential *pair);
void credentials_remove(struct credentials *list, const struct credential *pair);

/* ISO 8601 with microseconds and Z, appended. */
void credentials_put_time(struct buf *out, int64_t now_us);
/* Microseconds since 1970. A time without zone counts as UTC. E_SYNTAX. */
must_check int credentials_read_time(struct str text, int64_t *ret_us);

#endif
