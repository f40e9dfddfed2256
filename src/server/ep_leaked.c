/*
 * Reports of leaked secrets: POST token=… ends whatever it opens, durably, before the answer. Who holds a secret could
 * use it, so holding it is proof enough to end it. Client secrets end with the tokens of their client, refresh tokens
 * with their family (used ones too, as when they come twice: RFC 9700 4.14.2), sessions, registration access tokens
 * (RFC 7592) and initial ones, links of mails, access tokens. Codes and the like are over by themselves.
 *
 * The answer is the same whatever was reported and whatever came of it: nobody learns here what a text is good for.
 * What has the form of none of ours, check digits included, costs no look into the store; the rest is counted by
 * source address. Must never log the secret. Pool thread.
 */
#include "account/mailer.h"
#include "crypto/digest.h"
#include "json/json.h"
#include "oauth/id.h"
#include "oauth/revoked.h"
#include "server/own.h"
#include "server/reply.h"
#include "server/route.h"
#include "server/server.h"
#include "server/worker.h"
#include "store/store.h"

enum { FULL_RETRY_S = 60 };

static struct server *server_of(struct call *call) { return task_of(call)->worker->server; }

static struct audit_note note_of(struct call *call, const char *action, struct str target, struct str detail)
{
	struct str actor;
	if (arena_printf(&call->arena, &actor, "leak-report:%.*s", STR_ARG(call->peer_addr)) < 0)
		actor = STR("leak-report");
	struct audit_note note = {call_now_s(call), actor, str_of(action), target, detail};
	return note;
}

/* One mail to whom it belongs, if it is a person's; the mailer sees to it that many reports are one mail. */
static void tell(struct call *call, struct str account_id)
{
	struct account account;
	struct str url, issuer = str_trim_end(call->policy->issuer, '/');
	if (!call->env->mailer || account_id.len == 0 ||
	    store_account_get(call->env->store, account_id, false, &call->arena, &account) < 0 || account.disabled)
		return;
	if (arena_printf(&call->arena, &url, "%.*s/signin", STR_ARG(issuer)) < 0)
		return;
	const struct mailer_order order = {.kind = MAIL_LEAKED, .to = account.email, .url = url};
	if (mailer_send(call->env->mailer, &order) < 0)
		LOG(LOG_WARN, "mail_not_queued", F("request_id", call->request_id));
}

static void client_changed(struct call *call, struct str client_id)
{
	struct server *server = server_of(call);
	pthread_mutex_lock(&server->keys_lock);
	server_changed(server, ADMIN_CHANGE_CLIENT, client_id);
	pthread_mutex_unlock(&server->keys_lock);
}

/* --- client secrets --- */

/* One that is dead already: its tokens are, too, or were let live by who ended it. */
static int end_secret(struct call *call, const unsigned char sha256[32])
{
	struct client_secret secret;
	struct client client = {.account_id = {0}};
	TRY(store_secret_find(call->env->store, sha256, &call->arena, &secret));
	if (secret.revoked_s > 0)
		return 0;
	const struct audit_note note = note_of(call, "secret.leaked", secret.client_id, secret.id);
	int64_t now_s = call_now_s(call);
	TRY(store_secret_revoke(call->env->store, secret.client_id, secret.id, now_s, now_s + REVOKED_KEEP_S, &note));
	client_changed(call, secret.client_id);
	if (store_client_get(call->env->store, secret.client_id, &call->arena, &client) == 0)
		tell(call, client.account_id);
	return 0;
}

/* --- refresh tokens --- */

static int end_refresh(struct call *call, const unsigned char sha256[32])
{
	struct refresh refresh;
	struct family family;
	TRY(store_refresh_peek(call->env->store, sha256, &call->arena, &refresh, &family));
	if (family.ended_s > 0)
		return 0;
	const struct audit_note note = note_of(call, "refresh.leaked", family.account_id, family.id);
	TRY(store_family_end(call->env->store, family.id, &note));
	int rc = server_revoked(server_of(call));
	tell(call, family.account_id);
	return rc;
}

/* --- sessions --- */

static int end_session(struct call *call, const unsigned char sha256[32])
{
	struct session session;
	struct account account;
	TRY(store_session_get(call->env->store, sha256, call_now_s(call), &call->arena, &session, &account));
	const struct audit_note note = note_of(call, "session.leaked", session.account_id, session.id);
	TRY(store_session_end(call->env->store, session.account_id, session.id, NULL, &note));
	tell(call, session.account_id);
	return 0;
}

/* --- registration --- */

/* Read and written under the lock of all that changes clients, so that no other change is lost. */
static int forget_registration(struct call *call, const unsigned char sha256[32])
{
	struct str id;
	struct client client;
	TRY(store_client_find_registered(call->env->store, sha256, &call->arena, &id));
	TRY(store_client_get(call->env->store, id, &call->arena, &client));
	memset(client.app.registration_sha256, 0, sizeof(client.app.registration_sha256)); /* no token has this hash */
	const struct audit_note note = note_of(call, "registration.leaked", id, client.name);
	TRY(store_client_update(call->env->store, &client, false, &note));
	server_changed(server_of(call), ADMIN_CHANGE_CLIENT, id);
	return 0;
}

static int take_once(struct call *call, const unsigned char sha256[32], enum once_kind kind, const char *action)
{
	struct once once;
	const struct store_once_key key = {sha256, kind, call_now_s(call)};
	TRY(store_once_peek(call->env->store, &key, &call->arena, &once));
	struct str target = once.account_id.len > 0 ? once.account_id : STR("nobody");
	const struct audit_note note = note_of(call, action, target, STR(""));
	TRY(store_once_take(call->env->store, &key, &call->arena, &once, &note));
	tell(call, once.account_id);
	return 0;
}

static int end_registration(struct call *call, const unsigned char sha256[32])
{
	pthread_mutex_t *lock = &server_of(call)->keys_lock;
	pthread_mutex_lock(lock);
	int rc = forget_registration(call, sha256);
	pthread_mutex_unlock(lock);
	return rc == E_ABSENT ? take_once(call, sha256, ONCE_REGISTER, "registration.leaked") : rc;
}

/* --- links --- */

static int end_link(struct call *call, const unsigned char sha256[32])
{
	static const enum once_kind links[] = {ONCE_INVITE, ONCE_ADMIN, ONCE_VERIFY,
					       ONCE_RESET,  ONCE_FACTOR, ONCE_OTHER};
	int rc = E_ABSENT;
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]) && rc == E_ABSENT; i++)
		rc = take_once(call, sha256, links[i], "link.leaked");
	return rc;
}

/* --- access tokens --- */

static int end_token(struct call *call, const struct own_token *token)
{
	const struct audit_note note = note_of(call, "token.leaked", token->client_id, token->jti);
	const struct revocation revocation = {
		.id = token->jti, .owner = token->client_id, .until_s = token->exp_s + REVOKED_SKEW_S};
	int rc = store_revocation_put_jti(call->env->store, &revocation, &note);
	if (rc == E_LIMIT) { /* as RFC 7009 2.2.1 */
		call->retry_after_s = FULL_RETRY_S;
		FAIL(call, UNAVAILABLE, "the client has %d revoked tokens that live", MODEL_REVOKED_MAX);
	}
	TRY(rc);
	rc = server_revoked(server_of(call));
	tell(call, token->account.id);
	return rc;
}

/* Whose signature it is says that it is one. */
static int end_access(struct call *call, struct str text)
{
	struct own_token token;
	int rc = own_check(call, text, &token, NULL);
	if (rc == E_INVALID_TOKEN)
		return E_ABSENT;
	TRY(rc);
	rc = end_token(call, &token);
	directory_view_unref(token.client);
	return rc;
}

/* --- any of them --- */

/* E_ABSENT: it is not known, or over. */
static const struct {
	enum id_bearer bearer;
	int (*end)(struct call *call, const unsigned char sha256[32]);
} kinds[] = {
	{BEARER_REFRESH, end_refresh},
	{BEARER_SESSION, end_session},
	{BEARER_REGISTRATION, end_registration},
	{BEARER_LINK, end_link},
};

/* What it is by its form, and its hash. E_SYNTAX: nothing that is kept as a hash. E_CRYPTO. */
static int find_end(struct str text, unsigned char ret_sha256[32],
		    int (**ret_end)(struct call *call, const unsigned char sha256[32]))
{
	if (id_secret_looks_generated(text)) {
		*ret_end = end_secret;
		return digest_sha256(text, ret_sha256);
	}
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		int rc = id_bearer_parse(kinds[i].bearer, text, ret_sha256);
		if (rc == E_SYNTAX)
			continue;
		*ret_end = kinds[i].end;
		return rc;
	}
	return E_SYNTAX;
}

static int find_and_end(struct call *call, struct str text)
{
	unsigned char sha256[SHA256_LEN];
	int (*end)(struct call *call, const unsigned char sha256[32]) = NULL;
	int rc = find_end(text, sha256, &end);
	if (rc == E_SYNTAX && !str_has_prefix(text, STR("eyJ"))) /* of a JWT's header: "{" and a quote */
		return 0;
	if (rc != E_SYNTAX)
		TRY(rc);
	TRY(call_to_store_lane(call));
	TRY(call_count_stranger(call, STR("leaked")));
	rc = end ? end(call, sha256) : end_access(call, text);
	return rc == E_ABSENT ? 0 : rc;
}

int ep_leaked_end(struct call *call)
{
	struct task *task = task_of(call);
	struct json_out out;
	TRY(find_and_end(call, call_param(call, PARAM_TOKEN)->value));
	json_out_init(&out, &task->body);
	json_open(&out, NULL, '{');
	json_bool(&out, "received", true);
	json_close(&out, '}');
	reply_result(task, 200, (struct str){0});
	return 0;
}
