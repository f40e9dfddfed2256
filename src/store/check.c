/* Argument checks of the verbs; see check.h. */
#include "store/check.h"

enum { LIST_MAX = 1000 };

struct text_rule {
	struct str value;
	size_t max;
	bool needed;
};

static bool has_control(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (c < 0x20 || c == 0x7f)
			return true;
	}
	return false;
}

static int check_text(struct str value, size_t max, bool needed)
{
	if (value.len > max)
		return E_LIMIT;
	if ((needed && value.len == 0) || has_control(value) || !str_is_utf8(value))
		return E_SYNTAX;
	return 0;
}

static int check_texts(const struct text_rule *rules, size_t n)
{
	for (size_t i = 0; i < n; i++)
		TRY(check_text(rules[i].value, rules[i].max, rules[i].needed));
	return 0;
}

#define CHECK_TEXTS(rules) check_texts(rules, sizeof(rules) / sizeof((rules)[0]))

static int check_times(const int64_t *times, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (times[i] < 0)
			return E_SYNTAX;
	}
	return 0;
}

int check_id(struct str id) { return check_text(id, MODEL_ID_MAX, true); }

int check_key(struct str key, size_t max) { return check_text(key, max, true) < 0 ? E_ABSENT : 0; }

int check_key_bytes(struct str key, size_t max) { return key.len >= 1 && key.len <= max ? 0 : E_ABSENT; }

int check_limit(unsigned limit) { return limit >= 1 && limit <= LIST_MAX ? 0 : E_LIMIT; }

int check_now(int64_t now_s) { return now_s > 0 ? 0 : E_SYNTAX; }

int check_end(int64_t until_s, bool needed) { return until_s > 0 || (until_s == 0 && !needed) ? 0 : E_SYNTAX; }

int check_note(const struct audit_note *note)
{
	if (!note || note->now_s < 0)
		return E_SYNTAX;
	const struct text_rule rules[] = {
		{note->actor, MODEL_ACTOR_MAX, true},
		{note->action, MODEL_ACTION_MAX, true},
		{note->target, MODEL_TARGET_MAX, false},
		{note->detail, MODEL_DETAIL_MAX, false},
	};
	return CHECK_TEXTS(rules);
}

int check_id_note(struct str id, const struct audit_note *note)
{
	TRY(check_id(id));
	return check_note(note);
}

static int check_list(struct str_list list, size_t max, size_t max_len)
{
	if (list.n > max)
		return E_LIMIT;
	for (size_t i = 0; i < list.n; i++)
		TRY(check_text(list.v[i], max_len, true));
	return 0;
}

int check_roles(struct str_list roles) { return check_list(roles, MODEL_ROLES_MAX, MODEL_NAME_MAX); }

int check_account(const struct account *account)
{
	const struct text_rule rules[] = {
		{account->id, MODEL_ID_MAX, true},
		{account->email, MODEL_EMAIL_MAX, true},
		{account->name, MODEL_NAME_MAX, false},
	};
	TRY(CHECK_TEXTS(rules));
	TRY(check_times((const int64_t[]){account->epoch, account->created_s}, 2));
	return check_roles(account->roles);
}

int check_secret(const struct client_secret *secret)
{
	const struct text_rule rules[] = {
		{secret->id, MODEL_ID_MAX, true},
		{secret->phc, MODEL_PHC_MAX, secret->form == SECRET_CHOSEN},
		{secret->hint, MODEL_HINT_MAX, false},
		{secret->label, MODEL_LABEL_MAX, false},
		{secret->last_used_addr, MODEL_ADDR_MAX, false},
	};
	const int64_t times[] = {secret->created_s, secret->expires_s, secret->revoked_s, secret->last_used_s,
				 secret->use_count};
	if (secret->form != SECRET_GENERATED && secret->form != SECRET_CHOSEN)
		return E_SYNTAX;
	if (secret->form == SECRET_GENERATED && secret->phc.len > 0)
		return E_SYNTAX;
	TRY(CHECK_TEXTS(rules));
	return check_times(times, sizeof(times) / sizeof(times[0]));
}

static int check_grants(const struct scope_grant *grants, size_t n)
{
	if (n > MODEL_SCOPES_MAX)
		return E_LIMIT;
	for (size_t i = 0; i < n; i++) {
		TRY(check_text(grants[i].api_id, MODEL_ID_MAX, false));
		TRY(check_text(grants[i].scope, MODEL_SCOPE_MAX, true));
	}
	return 0;
}

static int check_secrets(const struct client_secret *secrets, size_t n)
{
	if (n > MODEL_SECRETS_MAX)
		return E_LIMIT;
	for (size_t i = 0; i < n; i++)
		TRY(check_secret(&secrets[i]));
	return 0;
}

static int check_app(const struct client_app *app)
{
	const struct text_rule rules[] = {
		{app->id_token_alg, MODEL_ALG_MAX, false}, {app->uri, MODEL_URI_MAX, false},
		{app->logo_uri, MODEL_URI_MAX, false},     {app->policy_uri, MODEL_URI_MAX, false},
		{app->tos_uri, MODEL_URI_MAX, false},
	};
	if (app->grant_types >= 2 * CLIENT_GRANT_SELF || app->unused_since_s < 0)
		return E_SYNTAX;
	TRY(CHECK_TEXTS(rules));
	TRY(check_list(app->redirect_uris, MODEL_URIS_MAX, MODEL_URI_MAX));
	return check_list(app->logout_uris, MODEL_URIS_MAX, MODEL_URI_MAX);
}

int check_client(const struct client *client)
{
	const struct text_rule rules[] = {
		{client->id, MODEL_ID_MAX, true},
		{client->account_id, MODEL_ID_MAX, client->kind == CLIENT_ACCOUNT},
		{client->name, MODEL_NAME_MAX, false},
		{client->default_api, MODEL_ID_MAX, false},
	};
	if ((int)client->kind < CLIENT_SERVICE || client->kind > CLIENT_APP)
		return E_SYNTAX;
	if (client->kind != CLIENT_ACCOUNT && client->account_id.len > 0)
		return E_SYNTAX;
	if ((int)client->auth < CLIENT_AUTH_ANY || client->auth > CLIENT_AUTH_PRIVATE_KEY_JWT)
		return E_SYNTAX;
	if (client->held & ~(unsigned)CLIENT_HELD_ALL)
		return E_SYNTAX;
	TRY(CHECK_TEXTS(rules));
	TRY(check_times((const int64_t[]){client->expires_s, client->lifetime_s, client->epoch, client->created_s}, 4));
	TRY(check_grants(client->grants, client->n_grants));
	TRY(check_list(client->networks, MODEL_NETWORKS_MAX, MODEL_ADDR_MAX));
	TRY(check_app(&client->app));
	return check_secrets(client->secrets, client->n_secrets);
}

int check_usage(const struct usage_row *row)
{
	TRY(check_id(row->secret_id));
	TRY(check_text(row->addr, MODEL_ADDR_MAX, false));
	return check_times((const int64_t[]){row->last_used_s, row->count}, 2);
}

int check_api(const struct api *api)
{
	const struct text_rule rules[] = {
		{api->id, MODEL_ID_MAX, true},
		{api->audience, MODEL_AUDIENCE_MAX, true},
		{api->name, MODEL_NAME_MAX, false},
		{api->alg, MODEL_ALG_MAX, true},
	};
	TRY(CHECK_TEXTS(rules));
	TRY(check_times((const int64_t[]){api->lifetime_s, api->created_s}, 2));
	TRY(check_list(api->servers, MODEL_SERVERS_MAX, MODEL_ID_MAX));
	if (api->n_scopes > MODEL_SCOPES_MAX)
		return E_LIMIT;
	for (size_t i = 0; i < api->n_scopes; i++) {
		TRY(check_text(api->scopes[i].name, MODEL_SCOPE_MAX, true));
		TRY(check_text(api->scopes[i].description, MODEL_NAME_MAX, false));
	}
	return 0;
}

int check_signing_key(const struct signing_key *key)
{
	const struct text_rule rules[] = {
		{key->kid, MODEL_ID_MAX, true},
		{key->alg, MODEL_ALG_MAX, true},
		{key->public_jwk, MODEL_JWK_MAX, true},
	};
	if ((int)key->state < KEY_NEXT || key->state > KEY_GONE || (key->sealed.len == 0) != (key->state == KEY_GONE))
		return E_SYNTAX;
	if (key->sealed.len > MODEL_SEALED_MAX)
		return E_LIMIT;
	TRY(CHECK_TEXTS(rules));
	return check_times((const int64_t[]){key->created_s, key->active_s, key->retiring_s, key->gone_s}, 4);
}

int check_move(const struct key_move *move)
{
	TRY(check_id(move->kid));
	return (int)move->from >= KEY_NEXT && move->to > move->from && move->to <= KEY_GONE ? 0 : E_SYNTAX;
}

int check_hash(const unsigned char *sha256) { return sha256 ? 0 : E_SYNTAX; }

int check_addr(struct str addr) { return check_text(addr, MODEL_ADDR_MAX, false); }

int check_phc(struct str phc) { return check_text(phc, MODEL_PHC_MAX, false); }

static int check_methods(unsigned methods) { return methods < 2 * AUTH_UNDATED ? 0 : E_SYNTAX; }

int check_session(const struct session *session)
{
	const struct text_rule rules[] = {
		{session->id, MODEL_ID_MAX, true},
		{session->account_id, MODEL_ID_MAX, true},
		{session->addr, MODEL_ADDR_MAX, false},
		{session->agent, MODEL_AGENT_MAX, false},
	};
	const int64_t times[] = {session->account_epoch, session->auth_s, session->created_s, session->expires_s,
				 session->seen_s};
	TRY(CHECK_TEXTS(rules));
	TRY(check_methods(session->methods));
	return check_times(times, sizeof(times) / sizeof(times[0]));
}

int check_totp(const struct login_totp *totp)
{
	if (totp->sealed.len > MODEL_SEALED_MAX || totp->n_recovery > MODEL_RECOVERY_MAX)
		return E_LIMIT;
	if (totp->sealed.len == 0 && (totp->on || totp->n_recovery > 0))
		return E_SYNTAX;
	return check_times(&totp->step, 1);
}

int check_passkey_name(struct str name) { return check_text(name, MODEL_NAME_MAX, false); }

int check_passkey(const struct passkey *passkey)
{
	if (passkey->id.len > MODEL_PASSKEY_ID_MAX || passkey->key.len > MODEL_PASSKEY_KEY_MAX)
		return E_LIMIT;
	if (passkey->id.len == 0 || passkey->key.len == 0)
		return E_SYNTAX;
	TRY(check_id(passkey->account_id));
	TRY(check_passkey_name(passkey->name));
	return check_times((const int64_t[]){passkey->counter, passkey->created_s, passkey->last_used_s}, 3);
}

int check_upstream(const struct upstream_link *link)
{
	const struct text_rule rules[] = {
		{link->issuer, MODEL_AUDIENCE_MAX, true},
		{link->subject, MODEL_AUDIENCE_MAX, true},
		{link->account_id, MODEL_ID_MAX, true},
		{link->email, MODEL_EMAIL_MAX, false},
	};
	TRY(CHECK_TEXTS(rules));
	return check_times(&link->created_s, 1);
}

int check_once_kind(enum once_kind kind) { return (int)kind >= 0 && kind < ONCE_KINDS ? 0 : E_SYNTAX; }

/* data is the owner's own form: line feeds and the like may separate its parts. */
int check_once(const struct once *once)
{
	TRY(check_once_kind(once->kind));
	TRY(check_text(once->account_id, MODEL_ID_MAX, false));
	if (once->data.len > MODEL_ONCE_MAX)
		return E_LIMIT;
	if (!str_is_utf8(once->data) || str_find(once->data, '\0') < once->data.len)
		return E_SYNTAX;
	return check_times((const int64_t[]){once->created_s, once->expires_s}, 2);
}

int check_code(const struct code *code)
{
	const struct text_rule rules[] = {
		{code->client_id, MODEL_ID_MAX, true},       {code->account_id, MODEL_ID_MAX, true},
		{code->session_id, MODEL_ID_MAX, false},     {code->redirect_uri, MODEL_URI_MAX, false},
		{code->scope, MODEL_SCOPE_TEXT_MAX, false},  {code->api_id, MODEL_ID_MAX, false},
		{code->nonce, MODEL_NONCE_MAX, false},       {code->challenge, MODEL_LABEL_MAX, false},
	};
	TRY(CHECK_TEXTS(rules));
	TRY(check_methods(code->methods));
	return check_times((const int64_t[]){code->auth_s, code->created_s, code->expires_s}, 3);
}

static int check_family(const struct family *family)
{
	const struct text_rule rules[] = {
		{family->id, MODEL_ID_MAX, true},          {family->client_id, MODEL_ID_MAX, true},
		{family->account_id, MODEL_ID_MAX, true},  {family->session_id, MODEL_ID_MAX, false},
		{family->scope, MODEL_SCOPE_TEXT_MAX, false}, {family->api_id, MODEL_ID_MAX, false},
		{family->nonce, MODEL_NONCE_MAX, false},
	};
	const int64_t times[] = {family->epoch,     family->account_epoch, family->auth_s, family->created_s,
				 family->expires_s, family->ended_s,       family->used_s};
	TRY(CHECK_TEXTS(rules));
	TRY(check_methods(family->methods));
	return check_times(times, sizeof(times) / sizeof(times[0]));
}

int check_issue(const struct issue *issue, bool first)
{
	if (!issue || !issue->access || (issue->family != NULL) != first)
		return E_SYNTAX;
	TRY(check_now(issue->now_s));
	TRY(check_id(issue->access->jti));
	TRY(check_end(issue->access->until_s, true));
	if (issue->refresh)
		TRY(check_times((const int64_t[]){issue->refresh->created_s, issue->refresh->expires_s}, 2));
	return first ? check_family(issue->family) : 0;
}

int check_redeem(const unsigned char sha256[32], const struct issue *issue, const struct audit_note *note)
{
	TRY(check_hash(sha256));
	TRY(check_issue(issue, true));
	return check_note(note);
}

int check_device(const struct device *device)
{
	const struct text_rule rules[] = {
		{device->user_code, MODEL_USER_CODE_MAX, true}, {device->client_id, MODEL_ID_MAX, true},
		{device->scope, MODEL_SCOPE_TEXT_MAX, false},   {device->api_id, MODEL_ID_MAX, false},
		{device->addr, MODEL_ADDR_MAX, false},          {device->agent, MODEL_AGENT_MAX, false},
		{device->note, MODEL_TARGET_MAX, false},
	};
	const int64_t times[] = {device->interval_s, device->polled_s, device->created_s, device->expires_s};
	if ((device->kind != DEVICE_CODE && device->kind != DEVICE_BRIDGE) || device->state != DEVICE_PENDING)
		return E_SYNTAX;
	TRY(CHECK_TEXTS(rules));
	return check_times(times, sizeof(times) / sizeof(times[0]));
}

int check_decision(const struct device *decision)
{
	const struct text_rule rules[] = {
		{decision->account_id, MODEL_ID_MAX, decision->state == DEVICE_APPROVED},
		{decision->session_id, MODEL_ID_MAX, false},
		{decision->scope, MODEL_SCOPE_TEXT_MAX, false},
	};
	if (decision->state != DEVICE_APPROVED && decision->state != DEVICE_DENIED)
		return E_SYNTAX;
	TRY(CHECK_TEXTS(rules));
	TRY(check_methods(decision->methods));
	return check_times(&decision->auth_s, 1);
}

int check_consent(const struct consent *consent)
{
	const struct text_rule rules[] = {
		{consent->account_id, MODEL_ID_MAX, true},
		{consent->client_id, MODEL_ID_MAX, true},
		{consent->scope, MODEL_SCOPE_TEXT_MAX, false},
	};
	TRY(CHECK_TEXTS(rules));
	return check_times((const int64_t[]){consent->created_s, consent->changed_s}, 2);
}
