/*
 * What a person allowed a client, on its way to tokens: what the grants have in common that begin with somebody in a
 * browser (authorization code, device code) or go on from there (refresh token). A grant's check() finds out what was
 * allowed and calls person_begin or person_continue; mint is person_mint and person_mint_id; its commit() calls
 * person_issue, then its one store verb, then person_settle. Pool threads of the server process.
 */
#ifndef OAUTH_PERSON_H
#define OAUTH_PERSON_H

#include "oauth/call.h"
#include "oauth/id.h"
#include "store/store.h"

/* Scopes that begin so are the management API's, and only people with this role can let an app have them. */
#define PERSON_ADMIN_PREFIX "mintmark:"
#define PERSON_ADMIN_ROLE "Admin"

struct person {
	unsigned char sha256[32];    /* of the code or token that is redeemed; the grant's own */
	struct account account;
	struct family family;        /* that begins, or goes on */
	bool begins;
	struct str nonce;            /* for the id token */
	struct family_token access;  /* the access token, for the family's list */
	struct refresh refresh;
	char refresh_text[ID_SECRET_LEN + 1]; /* "": no refresh token goes with it */
	struct buf id_token;         /* empty: none */
};

/* What somebody allowed. */
struct person_source {
	struct str account_id, session_id;
	struct str scope, api_id;    /* granted */
	struct str nonce;
	unsigned methods;            /* enum auth_method */
	int64_t auth_s;
};

/* A scope as detail of an audit entry, which must be shorter than a scope may be: cut. */
struct str person_detail(struct str scope);
/* Where the commits write about it: from the arena of the call. */
struct str person_actor(struct call *call);

/* call->person, empty. May be called twice. E_NOMEM. */
must_check int person_new(struct call *call);
/*
 * A new family with the epochs of now; call->api, scope, audience, lifetime_s set. What the client may not have any
 * more is left out. E_INVALID_GRANT: the account is gone or disabled, the API is gone, or no scope is left.
 */
must_check int person_begin(struct call *call, const struct person_source *source);
/*
 * The family goes on, with `scope` of it (empty: all). E_INVALID_GRANT: as above; or it ended, or epochs have been
 * raised since. E_INVALID_SCOPE: more than was granted.
 */
must_check int person_continue(struct call *call, const struct family *family, struct str scope);
/* RFC 8707 2.2: `resource`, where it is repeated, names what was authorized. E_INVALID_TARGET. */
must_check int person_check_resource(struct call *call);
/* The access token: as mint_access. */
must_check int person_mint(struct call *call);
/* After the access token is signed: the id token, where `openid` was granted (CALL_SIGN), or 0. E_SIGNER, E_NOMEM. */
must_check int person_mint_id(struct call *call);
/*
 * What the store verb needs: with a new refresh token where offline_access was granted and the client may refresh.
 * E_SIGNER: a signature is missing. E_RANDOM, E_CRYPTO, E_NOMEM. Borrows from call->person.
 */
must_check int person_issue(struct call *call, struct issue *ret_issue);
/* What the store verb's outcome means: E_REUSED and E_ABSENT become E_INVALID_GRANT; after E_REUSED everybody who asks
 * knows that the family's tokens ended. */
must_check int person_settle(struct call *call, int rc);

#endif
