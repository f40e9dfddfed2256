/* Building snapshots and the documents in them; see snapshot.h. RFC 8414 2, OpenID Connect Discovery 3, RFC 7517 5. */
#include "server/snapshot.h"

#include <stdlib.h>

#include "admin/management.h"
#include "base/enc.h"
#include "base/fault.h"
#include "crypto/digest.h"
#include "jose/jwk.h"
#include "json/json.h"
#include "oauth/grant.h"

enum { DOCUMENT_MAX = 1048576, SCOPES_LISTED_MAX = 256 };

struct snapshot *snapshot_ref(struct snapshot *snapshot)
{
	atomic_fetch_add_explicit(&snapshot->refs, 1, memory_order_relaxed);
	return snapshot;
}

void snapshot_unref(struct snapshot *snapshot)
{
	if (!snapshot || atomic_fetch_sub_explicit(&snapshot->refs, 1, memory_order_acq_rel) > 1)
		return;
	jwks_free(snapshot->keys);
	config_unref(snapshot->config);
	arena_done(&snapshot->arena);
	free(snapshot);
}

/* Move a finished document into the arena, with an entity tag over its bytes (RFC 9110 8.8.3). */
static int keep_document(struct snapshot *snapshot, const struct buf *text, struct str *ret_text, struct str *ret_etag)
{
	unsigned char digest[SHA256_LEN];
	char tag_mem[64];
	struct buf tag;
	TRY(buf_status(text));
	TRY(digest_sha256(buf_str(text), digest));
	buf_init_fixed(&tag, tag_mem, sizeof(tag_mem));
	buf_put_char(&tag, '"');
	enc_b64url(&tag, str_mem(digest, 16));
	buf_put_char(&tag, '"');
	TRY(arena_str(&snapshot->arena, buf_str(text), ret_text));
	return arena_str(&snapshot->arena, buf_str(&tag), ret_etag);
}

static void put_jwks(const struct snapshot_source *source, struct json_out *out)
{
	json_open(out, NULL, '{');
	json_open(out, "keys", '[');
	for (size_t i = 0; i < source->n_keys; i++)
		json_raw(out, NULL, source->keys[i].public_jwk); /* public members only: keyd made it so */
	json_close(out, ']');
	json_close(out, '}');
}

static void put_url(struct json_out *out, const char *name, struct str base, const char *path)
{
	char mem[2200];
	struct buf url;
	buf_init_fixed(&url, mem, sizeof(mem));
	buf_put(&url, base);
	buf_put(&url, str_of(path));
	json_str(out, name, buf_str(&url));
}

static void put_array(struct json_out *out, const char *name, const char *const *values, size_t n)
{
	json_open(out, name, '[');
	for (size_t i = 0; i < n; i++)
		json_str(out, NULL, str_of(values[i]));
	json_close(out, ']');
}

struct scope_set {
	struct json_out *out;
	struct str listed[SCOPES_LISTED_MAX];
	size_t n;
};

/* Once, however many APIs have a scope of this name. */
static void put_scope(struct scope_set *set, struct str scope)
{
	for (size_t i = 0; i < set->n; i++)
		if (str_eq(set->listed[i], scope))
			return;
	if (set->n == SCOPES_LISTED_MAX)
		return;
	set->listed[set->n++] = scope;
	json_str(set->out, NULL, scope);
}

static void put_scopes(struct json_out *out, const struct snapshot_source *source)
{
	static const char *const identity[] = {"openid", "profile", "email", "roles", "offline_access"};
	struct scope_set set = {.out = out};
	json_open(out, "scopes_supported", '[');
	for (size_t i = 0; i < sizeof(identity) / sizeof(identity[0]); i++)
		put_scope(&set, str_of(identity[i]));
	for (size_t a = 0; a < source->n_apis; a++)
		for (size_t s = 0; s < source->apis[a].n_scopes; s++)
			put_scope(&set, source->apis[a].scopes[s].name);
	json_close(out, ']');
}

/* Every algorithm that has an active key, in the order of the table. */
static void put_algs(struct json_out *out, const struct snapshot *snapshot)
{
	json_open(out, "id_token_signing_alg_values_supported", '[');
	for (enum sig_alg alg = SIG_ES256; alg < SIG_ALGS; alg++)
		if (snapshot->kids.kid[alg].len > 0)
			json_str(out, NULL, str_of(sig_alg_row(alg)->name));
	json_close(out, ']');
}

/* Who adds an endpoint adds it here. */
static void put_endpoints(struct json_out *out, struct str base, bool connect)
{
	static const struct {
		const char *name, *oauth2, *connect;
	} rows[] = {
		{"authorization_endpoint", "/oauth2/authorize", "/connect/authorize"},
		{"token_endpoint", "/oauth2/token", "/connect/token"},
		{"userinfo_endpoint", "/oauth2/userinfo", "/connect/userinfo"},
		{"end_session_endpoint", "/oauth2/logout", "/connect/logout"},
		{"pushed_authorization_request_endpoint", "/oauth2/par", "/connect/par"}, /* RFC 9126 5 */
		{"revocation_endpoint", "/oauth2/revoke", "/connect/revocation"},
		{"introspection_endpoint", "/oauth2/introspect", "/connect/introspect"},
		/* RFC 8628 4 */
		{"device_authorization_endpoint", "/oauth2/device_authorization", "/connect/deviceauthorization"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		put_url(out, rows[i].name, base, connect ? rows[i].connect : rows[i].oauth2);
}

/* Of the authorization endpoint: RFC 8414 2, OpenID Connect Discovery 3, RFC 7636, RFC 9126 5, RFC 9207 3. */
static void put_authorization(struct json_out *out, const struct config *config)
{
	static const char *const types[] = {"code"}, *const modes[] = {"query", "form_post"};
	static const char *const prompts[] = {"none", "login", "consent", "select_account"};
	static const char *const claims[] = {"sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "at_hash", "amr",
					     "email", "email_verified", "name", "role", "roles"};
	static const char *const challenges[] = {"S256"};
	put_array(out, "response_types_supported", types, 1);
	put_array(out, "response_modes_supported", modes, 2);
	put_array(out, "code_challenge_methods_supported", challenges, 1);
	put_array(out, "prompt_values_supported", prompts, 4);
	put_array(out, "claims_supported", claims, sizeof(claims) / sizeof(claims[0]));
	json_bool(out, "claims_parameter_supported", false);
	json_bool(out, "request_parameter_supported", false);
	json_bool(out, "request_uri_parameter_supported", false); /* Discovery 3: true where it is missing */
	json_bool(out, "require_pushed_authorization_requests", config->provider.require_pushed);
	json_bool(out, "authorization_response_iss_parameter_supported", true);
}

static void put_metadata(const struct snapshot *snapshot, const struct snapshot_source *source, struct json_out *out)
{
	static const char *const methods[] = {"client_secret_basic", "client_secret_post", "none"};
	static const char *const subjects[] = {"public"};
	bool rapidata = source->config->compat.rapidata;
	bool connect = snapshot->policy.connect_family;
	struct str base = str_trim_end(source->config->issuer, '/');
	json_open(out, NULL, '{');
	json_str(out, "issuer", source->config->issuer); /* RFC 8414 3.3: byte for byte */
	put_endpoints(out, base, connect);
	if (source->config->registration.access != CONFIG_REGISTRATION_OFF)
		put_url(out, "registration_endpoint", base,
			rapidata ? "/client/register" : connect ? "/connect/register" : "/oauth2/register");
	put_url(out, "jwks_uri", base, connect ? "/.well-known/jwks" : "/.well-known/jwks.json");
	put_scopes(out, source);
	put_authorization(out, source->config);
	json_open(out, "grant_types_supported", '['); /* RFC 8414 2: without it code and implicit would be meant */
	for (size_t i = 0; grant_type_at(i); i++)
		json_str(out, NULL, str_of(grant_type_at(i)));
	json_close(out, ']');
	put_array(out, "token_endpoint_auth_methods_supported", methods, 3);
	put_array(out, "revocation_endpoint_auth_methods_supported", methods, 3); /* RFC 8414 2 */
	put_array(out, "introspection_endpoint_auth_methods_supported", methods, 2);
	/* OpenID Connect Discovery 3 requires these two of every provider document. */
	put_array(out, "subject_types_supported", subjects, 1);
	put_algs(out, snapshot);
	json_close(out, '}');
}

static int collect_keys(struct snapshot *snapshot, const struct snapshot_source *source)
{
	for (size_t i = 0; i < source->n_keys; i++) {
		const struct signing_key *key = &source->keys[i];
		enum sig_alg alg = sig_alg_find(key->alg);
		if (key->state < KEY_GONE)
			snapshot->key_counts[alg][key->state]++;
		if (key->state == KEY_ACTIVE)
			TRY(arena_str(&snapshot->arena, key->kid, &snapshot->kids.kid[alg]));
	}
	return 0;
}

static int make_documents(struct snapshot *snapshot, const struct snapshot_source *source)
{
	_cleanup_(buf_done) struct buf text;
	struct json_out out;
	buf_init(&text, DOCUMENT_MAX);
	json_out_init(&out, &text);
	put_jwks(source, &out);
	TRY(keep_document(snapshot, &text, &snapshot->jwks, &snapshot->jwks_etag));
	TRY(jwks_parse(snapshot->jwks, DOCUMENT_MAX, &snapshot->keys));
	buf_reset(&text);
	json_out_init(&out, &text);
	put_metadata(snapshot, source, &out);
	TRY(keep_document(snapshot, &text, &snapshot->metadata, &snapshot->metadata_etag));
	buf_reset(&text);
	management_put(source->config->issuer, &text);
	return keep_document(snapshot, &text, &snapshot->openapi, &snapshot->openapi_etag);
}

static struct people_policy people_policy(const struct config *config)
{
	static const enum people_signup signup[] = {
		[CONFIG_SIGNUP_INVITE] = SIGNUP_INVITE,
		[CONFIG_SIGNUP_OPEN] = SIGNUP_OPEN,
		[CONFIG_SIGNUP_OFF] = SIGNUP_OFF,
	};
	return (struct people_policy){
		.signup = signup[config->accounts.signup],
		.password_min = config->accounts.password_min,
		.password_score = config->accounts.password_score,
		.session_idle_s = config->accounts.session_idle_s,
		.session_max_s = config->accounts.session_max_s,
		.invite_s = config->accounts.invite_s,
		.link_s = config->accounts.link_s,
	};
}

int snapshot_new(const struct snapshot_source *source, struct snapshot **ret_snapshot)
{
	struct snapshot *snapshot = fault_hit(FAULT_ALLOC) ? NULL : calloc(1, sizeof(*snapshot));
	if (!snapshot)
		return E_NOMEM;
	atomic_init(&snapshot->refs, 1);
	arena_init(&snapshot->arena, 4 * DOCUMENT_MAX);
	snapshot->config = config_ref(source->config);
	snapshot->policy = (struct oauth_policy){
		.issuer = source->config->issuer,
		.connect_family = source->config->compat.rapidata ||
				  source->config->discovery.family == CONFIG_FAMILY_CONNECT,
		.default_alg = sig_alg_find(source->config->tokens.default_alg),
		.lifetime_s = source->config->tokens.access_lifetime_s,
		.lifetime_max_s = source->config->tokens.lifetime_max_s,
		.device_lifetime_s = source->config->device.lifetime_s,
		.device_interval_s = source->config->device.interval_s,
		.people = people_policy(source->config),
		.code_s = source->config->provider.code_lifetime_s,
		.id_token_s = source->config->provider.id_token_lifetime_s,
		.refresh_s = source->config->provider.refresh_lifetime_s,
		.family_s = source->config->provider.refresh_max_s,
		.refresh_grace_s = source->config->provider.refresh_grace_s,
		.pushed_s = source->config->provider.pushed_lifetime_s,
		.par_required = source->config->provider.require_pushed,
		.self_service = source->config->accounts.self_service_scopes,
	};
	int rc = collect_keys(snapshot, source);
	if (rc == 0)
		rc = make_documents(snapshot, source);
	if (rc < 0) {
		snapshot_unref(snapshot);
		return rc;
	}
	*ret_snapshot = snapshot;
	return 0;
}
