/*
 * Dynamic client registration: RFC 7591 3, and the client configuration endpoint of RFC 7592 2. What may be registered
 * is decided by oauth/registration.h; here are tokens, store, and the wording of answers. Server process, pool threads.
 *
 * Must never: fetch anything that the metadata name; show a secret twice; give a registered program a scope of the
 * management API.
 */
#include "admin/manage_api.h"
#include "crypto/digest.h"
#include "http/request.h"
#include "oauth/id.h"
#include "oauth/registration.h"
#include "oauth/revoked.h"
#include "oauth/scope.h"
#include "oauth/throttle.h"
#include "server/bearer.h"
#include "server/reply.h"
#include "server/route.h"
#include "server/server.h"
#include "server/worker.h"
#include "store/store.h"

#define REGISTER_PATH "/oauth2/register/"

/* What is shown once. Its owner wipes it. */
struct secrets {
	char client_secret[ID_SECRET_LEN + 1]; /* empty: none, or it was shown before */
	struct str access_token;               /* RFC 7592 3 */
	char access_token_mem[ID_SECRET_LEN + 1];
};

static void wipe(struct secrets *secrets) { secret_wipe(secrets, sizeof(*secrets)); }

static const struct config *config_of(struct call *call) { return task_of(call)->snapshot->config; }

static struct audit_note note_of(const struct call *call, const char *action, const struct client *client)
{
	struct audit_note note = {call_now_s(call), STR("system"), str_of(action), client->id, client->name};
	return note;
}

/* --- who may --- */

/* The one-time token of `mintmark client registration-token`; absent where everybody may register. */
static int peek_initial(struct call *call, unsigned char ret_sha256[32])
{
	struct str text;
	struct once once;
	TRY(bearer_read(call, &text));
	if (id_bearer_parse(BEARER_REGISTRATION, text, ret_sha256) < 0)
		return bearer_refuse(call, "no registration token");
	const struct store_once_key key = {ret_sha256, ONCE_REGISTER, call_now_s(call)};
	int rc = store_once_peek(call->env->store, &key, &call->arena, &once);
	return rc == E_ABSENT ? bearer_refuse(call, "registration token unknown, used or expired") : rc;
}

/* Open registration writes for strangers: an address may do it only so often. */
static int check_rate(struct call *call)
{
	int64_t now_s = call_now_s(call);
	TRY(throttle_check(call->env->guesses, STR("register"), call->peer_addr, now_s, &call->retry_after_s));
	(void)throttle_fail(call->env->guesses, STR("register"), call->peer_addr, now_s);
	return 0;
}

int ep_register_authorize(struct call *call)
{
	enum config_registration access = config_of(call)->registration.access;
	if (!call->may_block)
		return E_WOULD_BLOCK;
	if (access == CONFIG_REGISTRATION_OFF)
		return E_NOT_FOUND;
	if (access == CONFIG_REGISTRATION_OPEN)
		return check_rate(call);
	unsigned char *sha256 = arena_alloc(&call->arena, 32);
	if (!sha256)
		return E_NOMEM;
	TRY(peek_initial(call, sha256)); /* RFC 7591 3.1 */
	task_of(call)->own = sha256;
	return 0;
}

/* --- reading --- */

/* Beyond the policy: what it has. An administrator gave it, and reading and replacing (RFC 7592 2.2) takes nothing. */
static int add_own(struct call *call, const struct client *client, struct registration_policy *policy)
{
	size_t most = policy->scopes.n + client->n_grants;
	struct str_list all = {arena_array(&call->arena, most + 1, sizeof(struct str)), 0};
	if (!all.v)
		return E_NOMEM;
	for (size_t i = 0; i < policy->scopes.n; i++)
		all.v[all.n++] = policy->scopes.v[i];
	for (size_t i = 0; i < client->n_grants; i++)
		if (!str_list_has(all, client->grants[i].scope))
			all.v[all.n++] = client->grants[i].scope;
	policy->scopes = all;
	policy->grant_types |= client->app.grant_types;
	return 0;
}

static struct registration_policy policy_of(struct call *call)
{
	const struct str_list *names = &config_of(call)->registration.grant_types;
	struct registration_policy policy = {.scopes = config_of(call)->registration.scopes};
	for (size_t i = 0; i < names->n; i++)
		policy.grant_types |= registration_grant_type(names->v[i]);
	return policy;
}

static int add_grant(struct client *client, struct str api_id, struct str scope)
{
	if (client->n_grants == MODEL_SCOPES_MAX)
		return E_INVALID_METADATA;
	client->grants[client->n_grants++] = (struct scope_grant){api_id, scope};
	return 0;
}

/* A name of the policy means the scope of every API that has it; what no API has (any more) is left out. */
static int resolve(struct call *call, struct str_list scopes, struct client *client)
{
	struct api *apis;
	size_t n;
	TRY(store_api_list(call->env->store, &call->arena, &apis, &n));
	client->grants = arena_array(&call->arena, MODEL_SCOPES_MAX, sizeof(*client->grants));
	if (!client->grants)
		return E_NOMEM;
	client->n_grants = 0;
	for (size_t s = 0; s < scopes.n; s++) {
		if (scope_is_identity(scopes.v[s]))
			TRY(add_grant(client, STR(""), scopes.v[s]));
		for (size_t i = 0; i < n; i++)
			if (model_api_has_scope(&apis[i], scopes.v[s]) &&
			    !str_has_prefix(scopes.v[s], STR(MANAGE_API_PREFIX)))
				TRY(add_grant(client, apis[i].id, scopes.v[s]));
	}
	return 0;
}

/*
 * What an administrator took away from it, a program does not give back to itself; what one gave it beyond the policy,
 * it keeps where it had it.
 */
static void keep_held(struct str_list policy, const struct client *before, struct client *client)
{
	size_t kept = 0;
	bool held = before->held & CLIENT_HELD_SCOPES;
	for (size_t i = 0; i < client->n_grants; i++)
		if ((!held && str_list_has(policy, client->grants[i].scope)) ||
		    model_client_has_grant(before, &client->grants[i]))
			client->grants[kept++] = client->grants[i];
	client->n_grants = kept;
	client->default_api = STR("");
	for (size_t i = 0; i < kept && client->default_api.len == 0; i++)
		client->default_api = client->grants[i].api_id;
}

/* The document stays with the call: strings of the client are cut from it. */
static int read_document(struct call *call, struct json **ret_doc)
{
	struct str type;
	if (http_header_one(call->request, STR("Content-Type"), &type) < 0 || !reply_is_json(type))
		return E_UNSUPPORTED_MEDIA_TYPE; /* RFC 7591 3.1 */
	int rc = json_parse_object(call->request->body, ret_doc);
	if (rc < 0 && rc != E_NOMEM)
		return task_explain(task_of(call), E_INVALID_METADATA, "The body is no valid JSON object.");
	return rc;
}

/* client: that is to be replaced; NULL: a new one. */
static int read_metadata(struct call *call, const struct json *doc, const struct client *client,
			 struct registration *ret_registration)
{
	char why[REGISTRATION_WHY_MAX];
	struct registration_policy policy = policy_of(call);
	if (client)
		TRY(add_own(call, client, &policy));
	int rc = registration_parse(doc, &policy, client != NULL, &call->arena, ret_registration, why);
	if (rc < 0 && rc != E_NOMEM) {
		(void)!task_explain(task_of(call), rc, "%s", why);
		return call_fail(call, rc, "%s", why);
	}
	TRY(rc);
	struct str alg = ret_registration->app.id_token_alg;
	if (alg.len > 0 && call->kids->kid[sig_alg_find(alg)].len == 0)
		return task_explain(task_of(call), E_INVALID_METADATA,
				    "id_token_signed_response_alg is none that this server signs with.");
	return 0;
}

static int apply(struct call *call, const struct registration *registration, struct client *client)
{
	const struct client before = *client;
	client->kind = CLIENT_APP;
	client->auth = registration->auth;
	client->name = registration->name.len > 0 ? registration->name : client->id; /* RFC 7591 2 */
	struct client_app old = client->app;
	client->app = registration->app;
	memcpy(client->app.registration_sha256, old.registration_sha256, sizeof(old.registration_sha256));
	client->app.vouched = old.vouched;
	client->app.unused_since_s = old.unused_since_s;
	TRY(resolve(call, registration->scopes, client));
	client->app.par_required |= old.par_required; /* narrower than it was it may become, not wider */
	keep_held(config_of(call)->registration.scopes, &before, client);
	return 0;
}

/* --- answering --- */

/* RFC 7591 3.2.1: everything that is registered, with what was filled in. RFC 7592 3: where to change it. */
static int answer(struct call *call, int status, const struct client *client, const struct secrets *secrets)
{
	struct task *task = task_of(call);
	struct json_out out;
	struct str issuer = str_trim_end(call->policy->issuer, '/'), url;
	TRY(arena_printf(&call->arena, &url, "%.*s" REGISTER_PATH "%.*s", STR_ARG(issuer), STR_ARG(client->id)));
	buf_reset(&task->body);
	json_out_init(&out, &task->body);
	json_open(&out, NULL, '{');
	TRY(registration_emit(client, &call->arena, &out));
	if (secrets->client_secret[0])
		json_str(&out, "client_secret", str_of(secrets->client_secret));
	if (client->auth != CLIENT_AUTH_NONE)
		json_int(&out, "client_secret_expires_at", 0); /* RFC 7591 3.2.1: never */
	json_str(&out, "registration_access_token", secrets->access_token);
	json_str(&out, "registration_client_uri", url);
	json_close(&out, '}');
	TRY(buf_status(&task->body));
	reply_result(task, status, status == 201 ? url : (struct str){0}); /* no-store: RFC 7591 3.2.1 */
	return 0;
}

static void changed(struct call *call, struct str client_id)
{
	struct server *server = task_of(call)->worker->server;
	pthread_mutex_lock(&server->keys_lock);
	server_changed(server, ADMIN_CHANGE_CLIENT, client_id);
	pthread_mutex_unlock(&server->keys_lock);
}

/* --- RFC 7591 3 --- */

static int make_secret(struct call *call, struct client *client, struct secrets *secrets, char id[ID_LEN + 1])
{
	struct client_secret *row = arena_alloc(&call->arena, sizeof(*row));
	if (!row)
		return E_NOMEM;
	if (client->auth == CLIENT_AUTH_NONE)
		return 0;
	TRY(id_new(ID_SECRET, id));
	TRY(id_secret_new(secrets->client_secret));
	*row = (struct client_secret){.id = str_of(id), .client_id = client->id, .form = SECRET_GENERATED,
				      .created_s = client->created_s};
	row->hint = (struct str){secrets->client_secret + ID_SECRET_LEN - ID_HINT_LEN, ID_HINT_LEN};
	TRY(digest_sha256(str_of(secrets->client_secret), row->sha256));
	client->secrets = row;
	client->n_secrets = 1;
	return 0;
}

/* The token is used up with it, or neither happens. */
static int put(struct call *call, const struct client *client)
{
	const unsigned char *initial = task_of(call)->own;
	const struct audit_note note = note_of(call, "client.register", client);
	if (!initial)
		return store_client_put(call->env->store, client, &note);
	const struct store_once_key key = {initial, ONCE_REGISTER, call_now_s(call)};
	int rc = store_client_register(call->env->store, client, &key, &note);
	return rc == E_REUSED ? bearer_refuse(call, "registration token was used meanwhile") : rc;
}

static int run(struct call *call, const struct json *doc, struct secrets *secrets)
{
	char id[ID_LEN + 1], secret_id[ID_LEN + 1];
	struct registration registration;
	struct client client = {.created_s = call_now_s(call),
				.app = {.vouched = task_of(call)->own != NULL, .unused_since_s = call_now_s(call)}};
	TRY(read_metadata(call, doc, NULL, &registration));
	TRY(id_new(ID_CLIENT, id)); /* ours, so unique and nobody's `sub`: RFC 7591 3.2.1, RFC 9068 5 */
	client.id = str_of(id);
	TRY(apply(call, &registration, &client));
	TRY(make_secret(call, &client, secrets, secret_id));
	TRY(id_bearer_new(BEARER_REGISTRATION, secrets->access_token_mem, client.app.registration_sha256));
	secrets->access_token = str_of(secrets->access_token_mem);
	TRY(answer(call, 201, &client, secrets)); /* before the commit: what can't be told must not happen */
	TRY(put(call, &client));
	changed(call, client.id);
	return 0;
}

int ep_register_create(struct call *call)
{
	_cleanup_(json_freep) struct json *doc = NULL;
	_cleanup_(wipe) struct secrets secrets = {0};
	TRY(read_document(call, &doc));
	return run(call, doc, &secrets);
}

/* --- RFC 7592 2 --- */

/* RFC 7592 2.1: whoever has no token of this very client gets 401, whether there is such a client or not. */
static int find(struct call *call, struct client *ret_client, struct secrets *secrets)
{
	struct str path = call->request->path, token;
	unsigned char sha256[32];
	size_t start = path.len;
	while (start > 0 && path.p[start - 1] != '/')
		start--;
	struct str id = {path.p + start, path.len - start};
	TRY(bearer_read(call, &token));
	if (id_bearer_parse(BEARER_REGISTRATION, token, sha256) < 0 || !id_has_form(ID_CLIENT, id))
		return bearer_refuse(call, "no registration access token, or no client of ours");
	int rc = store_client_get(call->env->store, id, &call->arena, ret_client);
	if (rc == E_ABSENT)
		return bearer_refuse(call, "no such client");
	TRY(rc);
	const struct client_app *app = &ret_client->app;
	if (!app->registered || ret_client->disabled ||
	    !secret_eq(sha256, sizeof(sha256), app->registration_sha256, sizeof(app->registration_sha256)))
		return bearer_refuse(call, "the registration access token of another client, or of a disabled one");
	secrets->access_token = token;
	return 0;
}

static int get(struct call *call, struct client *client, struct secrets *secrets)
{
	return answer(call, 200, client, secrets);
}

/* RFC 7592 2.2: a secret that is sent along must be one of the client's. */
static bool has_secret(const struct client *client, struct str secret)
{
	unsigned char sha256[SHA256_LEN];
	bool found = false;
	if (digest_sha256(secret, sha256) < 0)
		return false;
	for (size_t i = 0; i < client->n_secrets; i++)
		found |= client->secrets[i].revoked_s == 0 &&
			 secret_eq(client->secrets[i].sha256, SHA256_LEN, sha256, SHA256_LEN);
	return found;
}

static int check_update(struct call *call, const struct client *client, const struct registration *registration)
{
	struct task *task = task_of(call);
	if (!str_eq(registration->client_id, client->id))
		return task_explain(task, E_INVALID_METADATA, "client_id is missing or another one.");
	if (registration->client_secret.len > 0 && !has_secret(client, registration->client_secret))
		return task_explain(task, E_INVALID_METADATA, "client_secret is not the present one.");
	if ((registration->auth == CLIENT_AUTH_NONE) != (client->auth == CLIENT_AUTH_NONE))
		return task_explain(task, E_INVALID_METADATA,
				    "token_endpoint_auth_method can not change between none and a secret.");
	return 0;
}

/* RFC 7592 2.2: what is left out is gone, so defaults hold again. */
static int update(struct call *call, struct client *client, struct secrets *secrets)
{
	_cleanup_(json_freep) struct json *doc = NULL;
	struct registration registration;
	TRY(read_document(call, &doc));
	TRY(read_metadata(call, doc, client, &registration));
	TRY(check_update(call, client, &registration));
	TRY(apply(call, &registration, client));
	TRY(answer(call, 200, client, secrets));
	const struct audit_note note = note_of(call, "client.register_update", client);
	TRY(store_client_update(call->env->store, client, true, &note));
	changed(call, client->id);
	return 0;
}

/* RFC 7592 2.3: with it go its secrets and tokens. */
static int drop(struct call *call, struct client *client, struct secrets *secrets)
{
	(void)secrets;
	const struct audit_note note = note_of(call, "client.register_delete", client);
	TRY(store_client_delete(call->env->store, client->id, call_now_s(call) + REVOKED_KEEP_S, &note));
	changed(call, client->id);
	reply_result(task_of(call), 204, (struct str){0});
	return 0;
}

static const struct {
	const char *method;
	int (*run)(struct call *call, struct client *client, struct secrets *secrets);
} verbs[] = {{"GET", get}, {"PUT", update}, {"DELETE", drop}};

int ep_register_manage(struct call *call)
{
	_cleanup_(wipe) struct secrets secrets = {0};
	struct client client;
	if (!call->may_block)
		return E_WOULD_BLOCK;
	if (config_of(call)->registration.access == CONFIG_REGISTRATION_OFF)
		return E_NOT_FOUND;
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (str_eq(call->request->method, str_of(verbs[i].method))) {
			TRY(find(call, &client, &secrets));
			return verbs[i].run(call, &client, &secrets);
		}
	buf_put(&task_of(call)->allow, STR("GET, PUT, DELETE"));
	return E_METHOD_NOT_ALLOWED;
}
