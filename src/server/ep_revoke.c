/*
 * Token revocation, RFC 7009. Authentication as at the token endpoint. A client can end its own tokens only; of all
 * others it learns nothing: whatever it names, the answer is 200. The write is durable, and introspection and the feed
 * know of it, before the answer. Pool thread for what writes.
 */
#include "oauth/id.h"
#include "oauth/person.h"
#include "server/own.h"
#include "server/reply.h"
#include "server/route.h"
#include "server/server.h"
#include "server/worker.h"
#include "store/store.h"

enum { FULL_RETRY_S = 60 };

/* RFC 7009 2.1, RFC 7662 2.1: token is required. token_type_hint decides nothing: what it is shows in its form. */
int ep_revoke_present(struct call *call)
{
	if (!call_param(call, PARAM_TOKEN))
		FAIL(call, INVALID_REQUEST, "no token");
	return 0;
}

static int revoke(struct call *call, const struct own_token *token)
{
	struct server *server = task_of(call)->worker->server;
	char actor_mem[MODEL_ACTOR_MAX];
	struct buf actor;
	buf_init_fixed(&actor, actor_mem, sizeof(actor_mem));
	buf_printf(&actor, "client:%.*s", STR_ARG(token->client_id));
	const struct audit_note note = {call_now_s(call), buf_str(&actor), STR("token.revoke"), token->client_id,
					token->jti};
	const struct revocation revocation = {
		.id = token->jti, .owner = token->client_id, .until_s = token->exp_s + REVOKED_SKEW_S};
	int rc = store_revocation_put_jti(call->env->store, &revocation, &note);
	if (rc == E_LIMIT) { /* RFC 7009 2.2.1: 503, the token still exists */
		call->retry_after_s = FULL_RETRY_S;
		FAIL(call, UNAVAILABLE, "the client has %d revoked tokens that live", MODEL_REVOKED_MAX);
	}
	TRY(rc);
	return server_revoked(server);
}

/* RFC 7009 2.1: a refresh token takes its family with it, access tokens too. Another client's stays (2.1). */
static int revoke_refresh(struct call *call, const unsigned char sha256[32])
{
	struct refresh refresh;
	struct family family;
	int rc = store_refresh_peek(call->env->store, sha256, &call->arena, &refresh, &family);
	if (rc == E_ABSENT || (rc == 0 && !str_eq(family.client_id, call->client->client.id)))
		return 0;
	TRY(rc);
	const struct audit_note note = {call_now_s(call), person_actor(call), STR("refresh.revoke"), family.account_id,
					family.id};
	rc = store_family_end(call->env->store, family.id, &note);
	return rc == 0 ? server_revoked(task_of(call)->worker->server) : rc;
}

static int commit_refresh(struct call *call, const unsigned char sha256[32])
{
	TRY(call_to_store_lane(call));
	TRY(revoke_refresh(call, sha256));
	reply_revoked(task_of(call));
	return 0;
}

int ep_revoke_commit(struct call *call)
{
	unsigned char sha256[32];
	if (id_bearer_parse(BEARER_REFRESH, call_param(call, PARAM_TOKEN)->value, sha256) == 0)
		return commit_refresh(call, sha256);
	struct own_token token;
	const char *why = "";
	int rc = own_check(call, call_param(call, PARAM_TOKEN)->value, &token, &why);
	if (rc == E_INVALID_TOKEN) { /* RFC 7009 2.2: an invalid token is no error */
		reply_revoked(task_of(call));
		return 0;
	}
	TRY(rc);
	/* RFC 7009 2.1: issued to the client that asks; another's stays valid. */
	bool is_own = str_eq(token.client_id, call->client->client.id);
	if (is_own && call->may_block)
		rc = revoke(call, &token);
	else if (is_own)
		rc = E_WOULD_BLOCK;
	directory_view_unref(token.client);
	TRY(rc);
	reply_revoked(task_of(call));
	return 0;
}
