/* Deep copies of the model into an arena; see memory.h. */
#include "store/memory.h"

static int copy_str(struct arena *arena, struct str *s) { return arena_str(arena, *s, s); }

int memory_copy_strs(struct arena *arena, struct str_list from, struct str_list *ret_to)
{
	struct str_list to = {arena_array(arena, from.n, sizeof(struct str)), from.n};
	if (!to.v)
		return E_NOMEM;
	for (size_t i = 0; i < from.n; i++)
		TRY(arena_str(arena, from.v[i], &to.v[i]));
	*ret_to = to;
	return 0;
}

int memory_copy_account(struct arena *arena, const struct account *from, struct account *ret_to)
{
	struct account to = *from;
	TRY(copy_str(arena, &to.id));
	TRY(copy_str(arena, &to.email));
	TRY(copy_str(arena, &to.name));
	TRY(memory_copy_strs(arena, from->roles, &to.roles));
	*ret_to = to;
	return 0;
}

int memory_copy_secret(struct arena *arena, const struct client_secret *from, struct client_secret *ret_to)
{
	struct client_secret to = *from;
	TRY(copy_str(arena, &to.id));
	TRY(copy_str(arena, &to.client_id));
	TRY(copy_str(arena, &to.phc));
	TRY(copy_str(arena, &to.hint));
	TRY(copy_str(arena, &to.label));
	TRY(copy_str(arena, &to.last_used_addr));
	*ret_to = to;
	return 0;
}

int memory_copy_grants(struct arena *arena, const struct client *from, struct client *to)
{
	struct scope_grant *grants = arena_array(arena, from->n_grants, sizeof(*grants));
	if (!grants)
		return E_NOMEM;
	for (size_t i = 0; i < from->n_grants; i++) {
		TRY(arena_str(arena, from->grants[i].api_id, &grants[i].api_id));
		TRY(arena_str(arena, from->grants[i].scope, &grants[i].scope));
	}
	to->grants = grants;
	to->n_grants = from->n_grants;
	return 0;
}

int memory_copy_app(struct arena *arena, const struct client_app *from, struct client_app *ret_to)
{
	struct client_app to = *from;
	struct str *const texts[] = {&to.id_token_alg, &to.uri, &to.logo_uri, &to.policy_uri, &to.tos_uri};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		TRY(copy_str(arena, texts[i]));
	TRY(memory_copy_strs(arena, from->redirect_uris, &to.redirect_uris));
	TRY(memory_copy_strs(arena, from->logout_uris, &to.logout_uris));
	*ret_to = to;
	return 0;
}

int memory_copy_client(struct arena *arena, const struct client *from, struct client *ret_to)
{
	struct client to = *from;
	TRY(copy_str(arena, &to.id));
	TRY(copy_str(arena, &to.account_id));
	TRY(copy_str(arena, &to.name));
	TRY(copy_str(arena, &to.default_api));
	TRY(memory_copy_grants(arena, from, &to));
	TRY(memory_copy_strs(arena, from->serves, &to.serves));
	TRY(memory_copy_strs(arena, from->networks, &to.networks));
	TRY(memory_copy_app(arena, &from->app, &to.app));
	to.secrets = arena_array(arena, from->n_secrets, sizeof(*to.secrets));
	if (!to.secrets)
		return E_NOMEM;
	for (size_t i = 0; i < from->n_secrets; i++)
		TRY(memory_copy_secret(arena, &from->secrets[i], &to.secrets[i]));
	*ret_to = to;
	return 0;
}

int memory_copy_api(struct arena *arena, const struct api *from, struct api *ret_to)
{
	struct api to = *from;
	TRY(copy_str(arena, &to.id));
	TRY(copy_str(arena, &to.audience));
	TRY(copy_str(arena, &to.name));
	TRY(copy_str(arena, &to.alg));
	TRY(memory_copy_strs(arena, from->servers, &to.servers));
	to.scopes = arena_array(arena, from->n_scopes, sizeof(*to.scopes));
	if (!to.scopes)
		return E_NOMEM;
	for (size_t i = 0; i < from->n_scopes; i++) {
		TRY(arena_str(arena, from->scopes[i].name, &to.scopes[i].name));
		TRY(arena_str(arena, from->scopes[i].description, &to.scopes[i].description));
	}
	*ret_to = to;
	return 0;
}

int memory_copy_key(struct arena *arena, const struct signing_key *from, struct signing_key *ret_to)
{
	struct signing_key to = *from;
	TRY(copy_str(arena, &to.kid));
	TRY(copy_str(arena, &to.alg));
	TRY(copy_str(arena, &to.sealed));
	TRY(copy_str(arena, &to.public_jwk));
	*ret_to = to;
	return 0;
}

int memory_copy_revocation(struct arena *arena, const struct revocation *from, struct revocation *ret_to)
{
	struct revocation to = *from;
	TRY(copy_str(arena, &to.id));
	TRY(copy_str(arena, &to.owner));
	*ret_to = to;
	return 0;
}

int memory_copy_entry(struct arena *arena, const struct audit_entry *from, struct audit_entry *ret_to)
{
	struct audit_entry to = *from;
	TRY(copy_str(arena, &to.actor));
	TRY(copy_str(arena, &to.action));
	TRY(copy_str(arena, &to.target));
	TRY(copy_str(arena, &to.detail));
	*ret_to = to;
	return 0;
}
