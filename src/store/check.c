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

int check_limit(unsigned limit) { return limit >= 1 && limit <= LIST_MAX ? 0 : E_LIMIT; }

int check_now(int64_t now_s) { return now_s > 0 ? 0 : E_SYNTAX; }

int check_end(int64_t until_s, bool needed) { return until_s > 0 || (until_s == 0 && !needed) ? 0 : E_SYNTAX; }

static int check_servers(struct str_list clients)
{
	if (clients.n > MODEL_SERVERS_MAX)
		return E_LIMIT;
	for (size_t i = 0; i < clients.n; i++)
		TRY(check_id(clients.v[i]));
	return 0;
}

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

int check_roles(struct str_list roles)
{
	if (roles.n > MODEL_ROLES_MAX)
		return E_LIMIT;
	for (size_t i = 0; i < roles.n; i++)
		TRY(check_text(roles.v[i], MODEL_NAME_MAX, true));
	return 0;
}

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

int check_client(const struct client *client)
{
	const struct text_rule rules[] = {
		{client->id, MODEL_ID_MAX, true},
		{client->account_id, MODEL_ID_MAX, client->kind == CLIENT_ACCOUNT},
		{client->name, MODEL_NAME_MAX, false},
		{client->default_api, MODEL_ID_MAX, false},
	};
	if (client->kind != CLIENT_ACCOUNT && (client->kind != CLIENT_SERVICE || client->account_id.len > 0))
		return E_SYNTAX;
	if ((int)client->auth < CLIENT_AUTH_ANY || client->auth > CLIENT_AUTH_PRIVATE_KEY_JWT)
		return E_SYNTAX;
	TRY(CHECK_TEXTS(rules));
	TRY(check_times((const int64_t[]){client->expires_s, client->lifetime_s, client->epoch, client->created_s}, 4));
	TRY(check_grants(client->grants, client->n_grants));
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
	TRY(check_servers(api->servers));
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
