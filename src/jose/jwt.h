/*
 * JSON Web Token claims (RFC 7519 4.1) and their checks for access tokens (RFC 9068 4) and everything else that is a
 * JWT. Time is handed in. Pure functions, thread-safe.
 */
#ifndef JOSE_JWT_H
#define JOSE_JWT_H

#include "base/arena.h"
#include "jose/jws.h"
#include "jose/verdict.h"

enum { JWT_AUD_MAX = 32, JWT_SKEW_MAX_S = 60 };
#define JWT_TIME_MAX_S 253402300799 /* 9999-12-31T23:59:59Z */

/* Strings are in the arena; p is NULL when the claim is absent. Times in seconds since 1970; -1 when absent. */
struct jwt_claims {
	struct str iss, sub, client_id, scope, jti;
	struct str_list aud; /* n is 0 when absent */
	int64_t exp_s, nbf_s, iat_s;
	int64_t epoch, account_epoch; /* private claims of ours; 0 when absent, -1 when no whole number from 0 on */
	bool is_bound;                /* cnf is there (RFC 7800 3.1): it is no bearer token */
};

/*
 * The payload of a verified JWS. Other claims are ignored (RFC 7519 4). CLAIMS: no JSON object, a duplicate name, a
 * claim of another type, aud an empty or too long array; TIME: a time that is no whole number in 0 .. JWT_TIME_MAX_S;
 * INTERNAL.
 */
must_check enum verdict jwt_parse(struct str payload, struct arena *arena, struct jwt_claims *ret_claims);

enum jwt_require { JWT_SUB = 1, JWT_CLIENT_ID = 2, JWT_JTI = 4, JWT_IAT = 8 };

/* What RFC 9068 4 (with 2.2) demands of an access token, beside iss, aud and exp, which jwt_check demands by itself. */
#define JWT_ACCESS_TOKEN (JWT_SUB | JWT_CLIENT_ID | JWT_JTI | JWT_IAT)

/*
 * What somebody switched off by name: iss or aud may be anything or absent; exp may be absent (one that is there still
 * counts).
 */
enum jwt_waive { JWT_ANY_ISSUER = 1, JWT_ANY_AUDIENCE = 2, JWT_NO_EXP = 4 };

struct jwt_policy {
	struct str typ;      /* media type without "application/": "at+jwt" (RFC 8725 3.11); empty: any */
	struct str issuer;   /* required unless waived; compared byte by byte */
	struct str audience; /* required unless waived; one of aud */
	unsigned require;    /* a sum of enum jwt_require */
	int64_t skew_s;      /* 0 .. JWT_SKEW_MAX_S, for the clocks */
	unsigned waive;      /* a sum of enum jwt_waive */
};

/*
 * In this order: POLICY, TYPE, CLAIM_MISSING, ISSUER, AUDIENCE, EXPIRED, NOT_YET, FUTURE, or VALID. now_s: 0 ..
 * JWT_TIME_MAX_S.
 */
must_check enum verdict jwt_check(const struct jws *jws, const struct jwt_claims *claims,
				  const struct jwt_policy *policy, int64_t now_s);

/* Whether a space-delimited scope string (RFC 6749 3.3) holds exactly this token. */
bool jwt_has_scope(struct str scope, struct str wanted);

#endif
