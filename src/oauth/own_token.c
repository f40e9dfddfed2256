/*
 * The server's check of its own tokens; see own_token.h. RFC 7662 4: signature, issuer, times, revocation; RFC 9068 4.
 * Reads strangers' bytes. Must never let a token pass whose state it does not know.
 */
#include "oauth/own_token.h"

#include "jose/jws.h"
#include "jose/jwt.h"
#include "keys/signer.h"
#include "oauth/scope.h"
#include "store/store.h"

static int refuse(const char **ret_why, const char *why)
{
	if (ret_why)
		*ret_why = why;
	return E_INVALID_TOKEN;
}

/* Of our process what is out of memory says nothing about the token. */
static int from_verdict(enum verdict verdict, const char **ret_why)
{
	if (verdict == VERDICT_VALID)
		return 0;
	return verdict == VERDICT_INTERNAL ? E_NOMEM : refuse(ret_why, verdict_name(verdict));
}

/* RFC 7662 4: signed by a key of ours, an access token, not expired, already valid. */
static int check_token(const struct own_token_env *env, struct str token, struct arena *arena,
		       struct jwt_claims *ret_claims, const char **ret_why)
{
	struct jws jws;
	const struct jwt_policy policy = {
		.typ = STR("at+jwt"),
		.issuer = env->issuer,
		.require = JWT_SUB | JWT_CLIENT_ID | JWT_JTI | JWT_IAT,
		.waive = JWT_ANY_AUDIENCE, /* who may see it is the caller's question */
	};
	if (token.len > SIGNER_TOKEN_MAX)
		return refuse(ret_why, "larger than any of ours");
	TRY(from_verdict(jws_parse(token, arena, &jws), ret_why));
	TRY(from_verdict(jws_verify(&jws, env->keys, JWK_ALGS_ALL), ret_why));
	TRY(from_verdict(jwt_parse(jws.payload, arena, ret_claims), ret_why));
	TRY(from_verdict(jwt_check(&jws, ret_claims, &policy, env->now_s), ret_why));
	if (ret_claims->is_bound) /* RFC 7800 3: nobody here checks its proof */
		return refuse(ret_why, "bound to a key, so no bearer token");
	return ret_claims->aud.n == 1 ? 0 : refuse(ret_why, "not one audience");
}

static int check_account(const struct account *account, const struct jwt_claims *claims, const char **ret_why)
{
	if (!str_eq(claims->sub, account->id))
		return refuse(ret_why, "its subject is another's");
	if (account->disabled)
		return refuse(ret_why, "its account is disabled");
	return claims->account_epoch < account->epoch ? refuse(ret_why, "revoked with all tokens of its account") : 0;
}

/* An app's token acts for whoever signed in: that account's row, read now. */
static int find_account(const struct own_token_env *env, const struct jwt_claims *claims, struct arena *arena,
			struct account *ret_account, const char **ret_why)
{
	if (!env->may_block)
		return E_WOULD_BLOCK;
	int rc = store_account_get(env->store, claims->sub, false, arena, ret_account);
	return rc == E_ABSENT || rc == E_SYNTAX || rc == E_LIMIT ? refuse(ret_why, "its account is gone") : rc;
}

/* The epochs of now: a view is never older than the last acknowledged change (directory.h). */
static int check_holder(const struct own_token_env *env, struct own_token *own, const struct jwt_claims *claims,
			struct arena *arena, const char **ret_why)
{
	const struct client *client = &own->client->client;
	if (client->disabled)
		return refuse(ret_why, "its client is disabled");
	if (claims->epoch < client->epoch)
		return refuse(ret_why, "revoked with all tokens of its client");
	if (client->kind != CLIENT_ACCOUNT && str_eq(claims->sub, client->id))
		return 0; /* RFC 9068 2.2: the client stands for itself */
	if (client->kind == CLIENT_SERVICE)
		return refuse(ret_why, "its subject is another's");
	own->account = own->client->account;
	if (client->kind == CLIENT_APP)
		TRY(find_account(env, claims, arena, &own->account, ret_why));
	return check_account(&own->account, claims, ret_why);
}

static int check_state(const struct own_token_env *env, struct own_token *own, const struct jwt_claims *claims,
		       struct arena *arena, const char **ret_why)
{
	bool is_revoked = true;
	const struct client *client = &own->client->client;
	TRY(check_holder(env, own, claims, arena, ret_why));
	if (client->expires_s != 0 && env->now_s >= client->expires_s)
		return refuse(ret_why, "its client has expired");
	TRY(revoked_jti(env->revoked, claims->jti, &is_revoked));
	return is_revoked ? refuse(ret_why, "revoked") : 0;
}

static int fill(const struct jwt_claims *claims, struct arena *arena, struct own_token *token)
{
	token->sub = claims->sub;
	token->client_id = claims->client_id;
	token->audience = claims->aud.v[0];
	token->scope = claims->scope;
	token->jti = claims->jti;
	token->iat_s = claims->iat_s;
	token->exp_s = claims->exp_s;
	if (claims->scope.len == 0)
		return 0;
	int rc = scope_parse(claims->scope, arena, &token->scopes);
	return rc == E_NOMEM ? rc : 0;
}

int own_token_check(const struct own_token_env *env, struct str token, struct arena *arena, struct own_token *ret_token,
		    const char **ret_why)
{
	struct jwt_claims claims;
	struct own_token own = {0};
	TRY(check_token(env, token, arena, &claims, ret_why));
	TRY(fill(&claims, arena, &own));
	int rc = directory_client(env->directory, claims.client_id, env->may_block, &own.client);
	if (rc == E_ABSENT)
		return refuse(ret_why, "its client is gone");
	TRY(rc);
	rc = check_state(env, &own, &claims, arena, ret_why);
	if (rc < 0) {
		directory_view_unref(own.client);
		return rc;
	}
	*ret_token = own;
	return 0;
}
