/*
 * Client authentication; see clientauth.h. RFC 6749 2.3.1, 3.2.1, 5.2; RFC 7617 2.
 *
 * Cost and timing. A generated secret costs one SHA-256, right or wrong, however many secrets live. A chosen secret
 * exists only for imported ids, so whether a password hash runs follows from the shape of id and secret alone, never
 * from whether the client exists. A right generated secret is accepted before the throttle is asked: nobody can lock
 * the owner out. Must never write the presented secret anywhere.
 */
#include "oauth/clientauth.h"

#include "base/addr.h"
#include "base/enc.h"
#include "crypto/digest.h"
#include "crypto/password.h"
#include "oauth/id.h"
#include "oauth/throttle.h"

enum { BASIC_MAX = 2048, PRESENTED_SECRET_MAX = 1024 };

int clientauth_basic(struct secret header, struct arena *arena, struct clientauth_presented *ret_presented)
{
	struct str value = str_mem(header.p, header.len);
	struct str scheme, token;
	struct str id, secret;
	/* RFC 9110 11.1, 11.4: the scheme is case-insensitive, at least one space behind it, nothing else. */
	if (!str_cut(value, ' ', &scheme, &token) || !str_eq_ci(scheme, STR("Basic")))
		return E_INVALID_CLIENT;
	while (token.len > 0 && token.p[0] == ' ')
		token = (struct str){token.p + 1, token.len - 1};
	if (token.len > BASIC_MAX)
		return E_INVALID_CLIENT;
	size_t len;
	char *plain = arena_alloc(arena, token.len);
	if (!plain)
		return E_NOMEM;
	if (enc_b64_decode(token, plain, token.len, &len) < 0)
		return E_INVALID_CLIENT;
	/* RFC 7617 2: the first colon ends the user id. */
	if (!str_cut((struct str){plain, len}, ':', &id, &secret))
		return E_INVALID_CLIENT;
	/* RFC 6749 2.3.1: both halves are form-encoded before they are joined. */
	struct clientauth_presented presented = {.basic = true};
	struct str decoded;
	int rc = enc_form_decode(id, arena, &presented.id);
	if (rc == 0)
		rc = enc_form_decode(secret, arena, &decoded);
	if (rc < 0)
		return rc == E_NOMEM ? E_NOMEM : E_INVALID_CLIENT;
	if (presented.id.len == 0)
		return E_INVALID_CLIENT;
	presented.secret = secret_of(decoded);
	*ret_presented = presented;
	return 0;
}

static int fail(struct call *call, int code, enum auth_reason reason)
{
	static const char *const texts[] = {
#define TEXT(name, text) [AUTH_##name] = text,
		AUTH_REASONS(TEXT)
#undef TEXT
	};
	call->auth_failed = true;
	call->auth_reason = reason;
	return call_fail(call, code, "%s", texts[reason]);
}

/* RFC 6749 2.3: a client must not use more than one method; equal ids beside Basic are no second method. */
static int check_single_method(struct call *call, const struct clientauth_presented *presented)
{
	const struct form_value *body_id = call_param(call, PARAM_CLIENT_ID);
	if (call_param(call, PARAM_CLIENT_SECRET))
		FAIL(call, INVALID_REQUEST, "secret in header and body");
	if (call_param(call, PARAM_CLIENT_ASSERTION) || call_param(call, PARAM_CLIENT_ASSERTION_TYPE))
		FAIL(call, INVALID_REQUEST, "header and assertion");
	if (body_id && !str_eq(body_id->value, presented->id))
		FAIL(call, INVALID_REQUEST, "client_id differs between header and body");
	return 0;
}

static int present_header(struct call *call, struct clientauth_presented *ret_presented)
{
	call->via_basic = true;
	int rc = clientauth_basic(call->authorization, &call->arena, ret_presented);
	if (rc < 0) {
		/* Two methods are a malformed request whatever the header holds. */
		if (call_param(call, PARAM_CLIENT_SECRET) || call_param(call, PARAM_CLIENT_ASSERTION))
			FAIL(call, INVALID_REQUEST, "header and another method");
		return rc == E_INVALID_CLIENT ? fail(call, rc, AUTH_MALFORMED) : rc;
	}
	return check_single_method(call, ret_presented);
}

static int present_body(struct call *call, struct clientauth_presented *ret_presented)
{
	const struct form_value *id = call_param(call, PARAM_CLIENT_ID);
	const struct form_value *secret = call_param(call, PARAM_CLIENT_SECRET);
	bool assertion = call_param(call, PARAM_CLIENT_ASSERTION) || call_param(call, PARAM_CLIENT_ASSERTION_TYPE);
	if (assertion && secret)
		FAIL(call, INVALID_REQUEST, "assertion and secret");
	if (assertion)
		return fail(call, E_INVALID_CLIENT, AUTH_METHOD);
	if (!id)
		return fail(call, E_INVALID_CLIENT, AUTH_MISSING);
	ret_presented->id = id->value;
	if (secret)
		ret_presented->secret = secret_of(secret->value);
	return 0;
}

static int present(struct call *call, struct clientauth_presented *ret_presented)
{
	if (call->n_authorization > 1)
		FAIL(call, INVALID_REQUEST, "two Authorization headers");
	if (call->n_authorization == 1)
		return present_header(call, ret_presented);
	return present_body(call, ret_presented);
}

/* Compare with every generated secret, found or not: the time depends on how many there are, not on which fits. */
static const struct client_secret *find_generated(const struct client *client, const unsigned char digest[SHA256_LEN])
{
	const struct client_secret *found = NULL;
	for (size_t i = 0; i < client->n_secrets; i++) {
		const struct client_secret *secret = &client->secrets[i];
		bool same = secret_eq(secret->sha256, SHA256_LEN, digest, SHA256_LEN);
		if (secret->form == SECRET_GENERATED && same)
			found = secret;
	}
	return found;
}

static const struct client_secret *find_chosen(const struct client *client, int64_t now_s)
{
	for (size_t i = 0; client && i < client->n_secrets; i++)
		if (client->secrets[i].form == SECRET_CHOSEN && model_secret_is_live(&client->secrets[i], now_s))
			return &client->secrets[i];
	return NULL;
}

/* What is wrong with a client whose secret fits, or AUTH_NONE. Each is invalid_client to the peer: CC-20, CC-21, CC-25.
 */
static enum auth_reason find_obstacle(const struct call *call, const struct clientauth_presented *presented)
{
	const struct client *client = &call->client->client;
	if (client->disabled)
		return AUTH_CLIENT_DISABLED;
	if (client->expires_s != 0 && call_now_s(call) >= client->expires_s)
		return AUTH_CLIENT_EXPIRED;
	if (client->kind == CLIENT_ACCOUNT && call->client->account.disabled)
		return AUTH_ACCOUNT_DISABLED;
	if (client->auth == CLIENT_AUTH_NONE || client->auth == CLIENT_AUTH_PRIVATE_KEY_JWT)
		return AUTH_METHOD;
	if (client->auth == CLIENT_AUTH_BASIC && !presented->basic)
		return AUTH_METHOD;
	if (client->auth == CLIENT_AUTH_POST && presented->basic)
		return AUTH_METHOD;
	return AUTH_NONE;
}

static void count(struct call *call)
{
	call->throttle_began = throttle_fail(call->env->throttle, call->presented_id, call->peer_addr,
					     call_now_s(call)) != 0;
}

static int check_throttle(struct call *call)
{
	return throttle_check(call->env->throttle, call->presented_id, call->peer_addr, call_now_s(call),
			      &call->retry_after_s);
}

/* A wrong attempt: count it, and say so or say that there were too many. */
static int refuse(struct call *call, enum auth_reason reason)
{
	if (check_throttle(call) < 0)
		return fail(call, E_THROTTLED, AUTH_THROTTLED);
	count(call);
	return fail(call, E_INVALID_CLIENT, reason);
}

/*
 * The same of a chosen secret that was compared. It counts even where the address alone has failed too often: else
 * whoever fills that measure first could guess on without ever filling the pair's, which alone holds such guesses.
 */
static int refuse_guess(struct call *call)
{
	int rc = check_throttle(call);
	count(call);
	if (rc < 0)
		return fail(call, E_THROTTLED, AUTH_THROTTLED);
	return fail(call, E_INVALID_CLIENT, call->client ? AUTH_WRONG_SECRET : AUTH_UNKNOWN_CLIENT);
}

/* Whatever can't be read as an address (a Unix socket's peer) is in no network. */
static bool is_network_allowed(const struct client *client, struct str peer_addr)
{
	unsigned char addr[16];
	struct addr_network network;
	if (client->networks.n == 0)
		return true;
	if (addr_parse(peer_addr, addr) < 0)
		return false;
	for (size_t i = 0; i < client->networks.n; i++)
		if (addr_parse_network(client->networks.v[i], &network) == 0 && addr_is_inside(&network, addr))
			return true;
	return false;
}

static int admit(struct call *call, const struct clientauth_presented *presented, const struct client_secret *secret)
{
	enum auth_reason obstacle = find_obstacle(call, presented);
	if (secret->revoked_s != 0)
		obstacle = AUTH_SECRET_REVOKED;
	else if (!model_secret_is_live(secret, call_now_s(call)))
		obstacle = AUTH_SECRET_EXPIRED;
	if (obstacle != AUTH_NONE)
		return refuse(call, obstacle);
	if (!is_network_allowed(&call->client->client, call->peer_addr))
		return fail(call, E_FOREIGN_NETWORK, AUTH_NETWORK);
	call->secret = secret;
	return 0;
}

static int verify_chosen(struct call *call, const struct clientauth_presented *presented)
{
	int64_t now_s = call_now_s(call);
	struct throttle *throttle = call->env->throttle;
	/* Asked first: hashing for a throttled address would be a gift to whoever floods us. */
	if (throttle_check_pair(throttle, presented->id, call->peer_addr, now_s, &call->retry_after_s) < 0)
		return fail(call, E_THROTTLED, AUTH_THROTTLED);
	if (!call->may_block || call->lane != LANE_HASH) {
		call->lane = LANE_HASH;
		return E_WOULD_BLOCK;
	}
	const struct client_secret *chosen = find_chosen(call->client ? &call->client->client : NULL, now_s);
	int rc = chosen ? password_check(presented->secret, chosen->phc) : password_check_nothing(presented->secret);
	if (rc == 0 && chosen) {
		throttle_success(throttle, presented->id, call->peer_addr, now_s);
		return admit(call, presented, chosen);
	}
	if (rc < 0 && rc != E_SIGNATURE)
		return call_fail(call, rc, "password hash failed");
	return refuse_guess(call);
}

static int load_client(struct call *call, struct str id)
{
	if (call->client)
		return 0; /* this step runs again on another thread */
	int rc = directory_client(call->env->directory, id, call->may_block, &call->client);
	return rc == E_ABSENT ? 0 : rc;
}

/* RFC 6749 2.1, 3.2.1: an app that can keep no secret says who it is, no more. */
static bool is_public(const struct call *call, const struct clientauth_presented *presented)
{
	const struct client *client = call->client ? &call->client->client : NULL;
	if (!client || client->kind != CLIENT_APP || client->auth != CLIENT_AUTH_NONE)
		return false;
	return presented->secret.len == 0 && !presented->basic;
}

static int admit_public(struct call *call)
{
	const struct client *client = &call->client->client;
	if (client->disabled)
		return refuse(call, AUTH_CLIENT_DISABLED);
	if (client->expires_s != 0 && call_now_s(call) >= client->expires_s)
		return refuse(call, AUTH_CLIENT_EXPIRED);
	if (!is_network_allowed(client, call->peer_addr))
		return fail(call, E_FOREIGN_NETWORK, AUTH_NETWORK);
	call->is_public = true;
	return 0;
}

int clientauth_step_secret(struct call *call)
{
	TRY(clientauth_step(call));
	return call->is_public ? refuse(call, AUTH_METHOD) : 0;
}

int clientauth_step(struct call *call)
{
	struct clientauth_presented presented = {0};
	TRY(present(call, &presented));
	call->presented_id = presented.id;
	if (presented.id.len > MODEL_ID_MAX || presented.secret.len > PRESENTED_SECRET_MAX)
		return refuse(call, AUTH_MALFORMED);
	TRY(load_client(call, presented.id));
	if (is_public(call, &presented))
		return admit_public(call);
	if (presented.secret.len == 0)
		return refuse(call, AUTH_MISSING);
	struct str text = str_mem(presented.secret.p, presented.secret.len);
	/* The check digits last: for ids of ours they say nothing that is needed here. */
	if (!str_has_prefix(presented.id, STR("mmc_")) && directory_has_imported(call->env->directory) &&
	    !id_secret_looks_generated(text))
		return verify_chosen(call, &presented);
	unsigned char digest[SHA256_LEN];
	TRY(digest_sha256(text, digest));
	const struct client_secret *secret = call->client ? find_generated(&call->client->client, digest) : NULL;
	if (!secret)
		return refuse(call, call->client ? AUTH_WRONG_SECRET : AUTH_UNKNOWN_CLIENT);
	return admit(call, &presented, secret);
}
