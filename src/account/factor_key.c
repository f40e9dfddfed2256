/* See factor_key.h. Must never log a key. */
#include "account/factor_key.h"

#include "base/log.h"
#include "base/enc.h"
#include "base/rand.h"
#include "oauth/throttle.h"

enum { PLAIN_MAX = MODEL_ID_MAX + 1 + TOTP_KEY_LEN, SEALED_MAX = 1024 };

/* What is sealed: the account's id, a NUL, the key. */
static void put_plain(struct buf *out, struct str account_id, const unsigned char key[TOTP_KEY_LEN])
{
	buf_put(out, account_id);
	buf_put_char(out, '\0');
	buf_put_mem(out, key, TOTP_KEY_LEN);
}

int factor_key_new(struct call *call, struct str account_id, struct str *ret_sealed)
{
	_cleanup_(buf_done) struct buf plain, sealed;
	unsigned char key[TOTP_KEY_LEN];
	buf_init(&plain, PLAIN_MAX);
	buf_init(&sealed, SEALED_MAX);
	TRY(rand_bytes(key, sizeof(key)));
	put_plain(&plain, account_id, key);
	secret_wipe(key, sizeof(key));
	TRY(buf_status(&plain));
	TRY(call->env->seal(call, STR("totp"), secret_of(buf_str(&plain)), &sealed));
	/* The store keeps text. */
	_cleanup_(buf_done) struct buf text;
	buf_init(&text, ENC_B64URL_LEN(SEALED_MAX));
	enc_b64url(&text, buf_str(&sealed));
	TRY(buf_status(&text));
	return arena_str(&call->arena, buf_str(&text), ret_sealed);
}

int factor_key_open(struct call *call, struct str account_id, struct str sealed, unsigned char ret_key[TOTP_KEY_LEN])
{
	_cleanup_(buf_done) struct buf plain;
	unsigned char bytes[SEALED_MAX];
	size_t len = 0;
	buf_init(&plain, PLAIN_MAX);
	if (enc_b64url_decode(sealed, bytes, sizeof(bytes), &len) < 0)
		return E_SIGNER;
	TRY(call->env->open(call, STR("totp"), str_mem(bytes, len), &plain));
	bool own = plain.len == account_id.len + 1 + TOTP_KEY_LEN && str_has_prefix(buf_str(&plain), account_id) &&
		   plain.p[account_id.len] == '\0';
	if (!own) /* somebody moved it in the database */
		return E_SIGNER;
	memcpy(ret_key, plain.p + account_id.len + 1, TOTP_KEY_LEN);
	return 0;
}

/* Beside the e-mail addresses that wrong passwords are counted by. */
static int throttle_name(struct call *call, struct str account_id, struct str *ret_name)
{
	return arena_printf(&call->arena, ret_name, "factor %.*s", STR_ARG(account_id));
}

int factor_key_guess(struct call *call, struct str account_id)
{
	struct str name;
	TRY(throttle_name(call, account_id, &name));
	if (throttle_check(call->env->people, name, call->peer_addr, call_now_s(call), &call->retry_after_s) == 0)
		return 0;
	FAIL(call, THROTTLED, "too many wrong codes");
}

static void audit_burst(struct call *call, struct str account_id)
{
	struct audit_note note = {call_now_s(call), STR("system"), STR("throttle"), account_id, call->peer_addr};
	LOG(LOG_WARN, "throttle", F("what", "factor"), F("account", account_id), F("peer", call->peer_addr));
	int rc = store_audit_append(call->env->store, &note);
	if (rc < 0)
		LOG(LOG_WARN, "audit_failed", F("error", err_row(rc)->symbol), F("action", "throttle"));
}

int factor_key_guessed(struct call *call, struct str account_id, int rc)
{
	struct str name;
	if (rc < 0 && rc != E_ACCESS_DENIED)
		return rc;
	TRY(throttle_name(call, account_id, &name));
	if (rc == 0) {
		throttle_success(call->env->people, name, call->peer_addr, call_now_s(call));
		return 0;
	}
	if (throttle_fail(call->env->people, name, call->peer_addr, call_now_s(call)))
		audit_burst(call, account_id);
	FAIL(call, ACCESS_DENIED, "wrong code, or one that was used before");
}

int factor_key_guess_code(struct call *call, struct str account_id)
{
	if (throttle_check_pair(call->env->codes, STR("code"), account_id, call_now_s(call), &call->retry_after_s) == 0)
		return 0;
	FAIL(call, THROTTLED, "too many wrong codes, from wherever");
}

void factor_key_wrong_code(struct call *call, struct str account_id)
{
	if (throttle_fail(call->env->codes, STR("code"), account_id, call_now_s(call)) & THROTTLE_CROSSED_PAIR)
		audit_burst(call, account_id);
}

int factor_key_note(struct call *call, struct str account_id, const char *action, struct audit_note *ret_note)
{
	struct audit_note note = {.now_s = call_now_s(call), .action = str_of(action), .target = account_id,
				  .detail = call->peer_addr};
	TRY(arena_printf(&call->arena, &note.actor, "account:%.*s", STR_ARG(account_id)));
	*ret_note = note;
	return 0;
}
