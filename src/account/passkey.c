/* See passkey.h. The checks' numbers are the steps of WebAuthn Level 3, 7.1 and 7.2. */
#include "account/passkey.h"

#include "account/factor_key.h"
#include "account/passkey_json.h"
#include "base/log.h"
#include "base/rand.h"
#include "crypto/webauthn.h"
#include "store/store.h"

_Static_assert((int)WEBAUTHN_ID_MAX <= (int)MODEL_PASSKEY_ID_MAX, "the store takes any id");
_Static_assert((int)WEBAUTHN_KEY_MAX <= (int)MODEL_PASSKEY_KEY_MAX, "the store takes any key");

static const char create_kind[] = "webauthn.create", get_kind[] = "webauthn.get";

static int hash_text(struct str bytes, struct arena *arena, struct str *ret_text)
{
	unsigned char digest[SHA256_LEN];
	TRY(digest_sha256(bytes, digest));
	return passkey_json_b64url(str_mem(digest, sizeof(digest)), arena, ret_text);
}

/* What the row says, beside whose it is: for what, and in which browser. */
static int describe(struct call *call, const char *kind, struct str browser, struct str *ret_data)
{
	struct str hash;
	TRY(hash_text(browser, &call->arena, &hash));
	return arena_printf(&call->arena, ret_data, "%s %.*s", kind, STR_ARG(hash));
}

static int new_challenge(struct call *call, const char *kind, struct str account_id, struct str browser,
			 struct str *ret_text)
{
	unsigned char challenge[PASSKEY_CHALLENGE_LEN];
	struct once once = {
		.kind = ONCE_PASSKEY,
		.account_id = account_id,
		.created_s = call_now_s(call),
		.expires_s = call_now_s(call) + PASSKEY_CHALLENGE_S,
	};
	struct str text;
	TRY(rand_bytes(challenge, sizeof(challenge)));
	TRY(digest_sha256(str_mem(challenge, sizeof(challenge)), once.sha256));
	TRY(describe(call, kind, browser, &once.data));
	TRY(passkey_json_b64url(str_mem(challenge, sizeof(challenge)), &call->arena, &text));
	TRY(store_once_put(call->env->store, &once, NULL));
	*ret_text = text;
	return 0;
}

/* 7.1 step 8, 7.2 step 12: the challenge is the one that was given to this browser, for this; it is used up. */
static int take_challenge(struct call *call, const char *kind, struct str account_id, struct str browser,
			  const unsigned char challenge[PASSKEY_CHALLENGE_LEN])
{
	unsigned char sha256[SHA256_LEN];
	const struct store_once_key key = {sha256, ONCE_PASSKEY, call_now_s(call)};
	struct once once;
	struct str expected;
	TRY(digest_sha256(str_mem(challenge, PASSKEY_CHALLENGE_LEN), sha256));
	TRY(describe(call, kind, browser, &expected));
	int rc = store_once_take(call->env->store, &key, &call->arena, &once, NULL);
	if (rc == E_ABSENT)
		FAIL(call, ACCESS_DENIED, "challenge unknown, used or expired");
	TRY(rc);
	if (!str_eq(once.account_id, account_id) ||
	    !secret_eq(once.data.p, once.data.len, expected.p, expected.len))
		FAIL(call, ACCESS_DENIED, "challenge of another browser, account or purpose");
	return 0;
}

/* Client data first, then its challenge: the order of the standard, and nothing is computed for what is not due. */
static int check_client(struct call *call, const char *kind, struct str account_id, struct str browser,
			const struct passkey_json *json)
{
	unsigned char challenge[PASSKEY_CHALLENGE_LEN];
	if (passkey_client_data(json->client_data, kind, call->policy->issuer, challenge) < 0)
		FAIL(call, ACCESS_DENIED, "client data don't fit");
	return take_challenge(call, kind, account_id, browser, challenge);
}

int passkey_create_options(struct call *call, const struct account *account, struct str browser, struct buf *out)
{
	struct passkey *passkeys;
	struct str challenge;
	size_t n;
	TRY(store_passkey_list(call->env->store, account->id, &call->arena, &passkeys, &n));
	TRY(new_challenge(call, create_kind, account->id, browser, &challenge));
	const struct passkey_json_create options = {call->policy->issuer, challenge, account, passkeys, n};
	passkey_json_put_create(&options, out);
	return buf_status(out);
}

static int keep(struct call *call, const struct account *account, const struct webauthn_created *created,
		struct str name)
{
	const struct passkey passkey = {
		.id = str_mem(created->id, created->id_len),
		.account_id = account->id,
		.name = name,
		.key = str_mem(created->key, created->key_len),
		.counter = created->counter,
		.created_s = call_now_s(call),
	};
	struct audit_note note;
	TRY(factor_key_note(call, account->id, "passkey.add", &note));
	note.detail = name;
	return store_passkey_put(call->env->store, &passkey, &note);
}

int passkey_create(struct call *call, const struct account *account, struct str browser, struct str credential,
		   struct str name)
{
	struct passkey_json json;
	struct webauthn_created created;
	if (name.len == 0 || name.len > MODEL_LABEL_MAX)
		FAIL(call, SYNTAX, "no name, or too long a one");
	TRY(passkey_json_parse(credential, &call->arena, &json));
	TRY(check_client(call, create_kind, account->id, browser, &json));
	int rc = webauthn_create(json.object, passkey_json_host(call->policy->issuer), &created);
	if (rc == E_SYNTAX || rc == E_ACCESS_DENIED)
		FAIL(call, ACCESS_DENIED, "attestation object refused");
	TRY(rc);
	/* 7.1 step 25: what the browser calls it is what it is */
	if (!str_eq(json.id, str_mem(created.id, created.id_len)))
		FAIL(call, ACCESS_DENIED, "two ids of one credential");
	return keep(call, account, &created, name);
}

int passkey_get_options(struct call *call, struct str browser, struct buf *out)
{
	struct str challenge;
	TRY(call_count_stranger(call, STR("passkey")));
	TRY(new_challenge(call, get_kind, (struct str){0}, browser, &challenge));
	passkey_json_put_get(call->policy->issuer, challenge, out);
	return buf_status(out);
}

static int verify(struct call *call, const struct passkey_json *json, const struct passkey *passkey,
		  uint32_t *ret_counter)
{
	struct webauthn_assertion assertion = {.data = json->data, .sig = json->sig, .key = passkey->key};
	TRY(digest_sha256(json->client_data, assertion.client_sha256));
	int rc = webauthn_check(&assertion, passkey_json_host(call->policy->issuer), ret_counter);
	if (rc == E_SYNTAX || rc == E_ACCESS_DENIED)
		FAIL(call, ACCESS_DENIED, "assertion refused");
	return rc;
}

/* 7.2 step 22: a counter that stands still or goes back. */
static int refuse_copy(struct call *call, const struct passkey *passkey)
{
	struct audit_note note;
	TRY(factor_key_note(call, passkey->account_id, "passkey.copied", &note));
	note.actor = STR("system");
	LOG(LOG_WARN, "passkey_copied", F("account", passkey->account_id), F("peer", call->peer_addr));
	int rc = store_audit_append(call->env->store, &note);
	if (rc < 0)
		LOG(LOG_WARN, "audit_failed", F("error", err_row(rc)->symbol), F("action", "passkey.copied"));
	FAIL(call, ACCESS_DENIED, "the counter did not rise: somebody has a copy of this authenticator");
}

static int note_use(struct call *call, const struct passkey *passkey, uint32_t counter)
{
	int rc = store_passkey_use(call->env->store, passkey->id, counter, call_now_s(call));
	if (rc == E_CONFLICT)
		return refuse_copy(call, passkey);
	if (rc == E_ABSENT)
		FAIL(call, ACCESS_DENIED, "deleted meanwhile");
	return rc;
}

int passkey_get(struct call *call, struct str browser, struct str credential, struct account *ret_account)
{
	struct passkey_json json;
	struct passkey passkey;
	struct account account;
	uint32_t counter;
	TRY(passkey_json_parse(credential, &call->arena, &json));
	TRY(check_client(call, get_kind, (struct str){0}, browser, &json));
	int rc = json.id.len > 0 ? store_passkey_get(call->env->store, json.id, &call->arena, &passkey) : E_ABSENT;
	if (rc == E_ABSENT || rc == E_LIMIT)
		FAIL(call, ACCESS_DENIED, "unknown credential");
	TRY(rc);
	/* 7.2 step 6: the account is the one that the authenticator names, and it owns the credential */
	if (!str_eq(json.user, passkey.account_id))
		FAIL(call, ACCESS_DENIED, "credential of another account");
	TRY(verify(call, &json, &passkey, &counter));
	TRY(store_account_get(call->env->store, passkey.account_id, false, &call->arena, &account));
	if (account.disabled)
		FAIL(call, ACCESS_DENIED, "the account is disabled");
	TRY(note_use(call, &passkey, counter));
	*ret_account = account;
	return 0;
}
