/*
 * Which series a token may read, and of which time. Two sources, read from a token that was verified already:
 *
 * 1. Scopes `series:read:{domain}/{expression}` permit for all time. What a scope can't carry (RFC 6749 3.3: blanks,
 *    '"', '\', anything but ASCII) and '%' itself is percent-encoded as UTF-8. Decoded once; %2F, %2A and %00 are
 *    refused, so that no sequence can look like a level or a star.
 * 2. The claim `authorization_details` (RFC 9396): objects of type "series" permit for a time:
 *      {"type":"series", "identifier":"raalabs/IMO1234567/ME*", "from":"2024-01-01", "to":"2024-02-01T00:00:00Z"}
 *    `identifier` (or `identifiers`, an array of at most 64) is not percent-encoded. `from` and `to` as in moment.h,
 *    half-open, each may be absent. `locations` (RFC 9396 2.2): if there, it must contain the audience, else the object
 *    is another API's and permits nothing here. `actions`: if there, it must contain "read". Objects of other types are
 *    not ours. Anything else in ours is refused: the whole token, since a limit that isn't understood may not be
 *    dropped.
 *
 * Permissions add up: what any of them permits is permitted. They are decided on the series that a name leads to: a
 * series is permitted when any of its names, or its UUID, matches. When only permissions with a time match, their times
 * are joined and the request's range is cut to them.
 *
 * A permission whose scope token is malformed permits nothing and is counted. Thread-safe; borrowed data.
 */
#ifndef SERIES_PERMIT_H
#define SERIES_PERMIT_H

#include "series/catalog.h"
#include "series/range.h"

enum { PERMIT_MAX = 512, PERMIT_DETAILS_MAX = 32768 };

struct permit {
	struct expression expression;
	struct range when; /* all time: MOMENT_MIN_US to MOMENT_END_US */
};
struct permit_set {
	struct permit *v;
	size_t n;
	unsigned n_malformed; /* scope tokens that begin as ours and can't be read; for the log */
};

/*
 * scope: the token's scope claim, tokens separated by blanks. details: the claim authorization_details as JSON text;
 * p == NULL when there is none. audience: whom `locations` must name. In the arena, which texts are copied to.
 * E_INVALID_TOKEN: details that are no array of objects, or one of ours that is not understood. E_LIMIT: more than
 * PERMIT_MAX. E_NOMEM. Fuzzed with expressions.
 */
must_check int permit_parse(struct str scope, struct str details, struct str audience, struct arena *arena,
			    struct permit_set *ret_permits);
/* One scope token's part behind "series:read:" is well-formed: for who assigns scopes. E_SERIES_EXPRESSION, E_NOMEM. */
must_check int permit_check_scope(struct str token);

/* The times of one series that are permitted: ordered, apart from each other. n == 0: not at all. */
struct permit_times {
	struct range *v;
	size_t n;
};
/* *work as in expression_matches, over a whole request. In the arena. E_SERIES_LIMIT, E_STORE, E_NOMEM. */
must_check int permit_times_of(const struct permit_set *permits, struct db *db, const struct catalog_match *series,
			       struct arena *arena, struct permit_times *ret_times, int64_t *work);

#endif
