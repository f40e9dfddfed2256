/*
 * snapshot.c: the key set and the metadata. RFC 7517 5, RFC 8414 2 and 3.3, OpenID Connect Discovery 3. CC-39, CC-43.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "base/fault.h"
#include "json/json.h"
#include "keys/keyring.h"
#include "server/route.h"
#include "server/snapshot.h"

enum { KEYS = 7, DOCUMENT_MAX = 1 << 20 };

/* Keys as keyd makes them; the private halves stay sealed. */
struct world {
	struct buf jwks[KEYS], sealed[KEYS];
	struct signing_key keys[KEYS];
	char kids[KEYS][8];
};

static const struct {
	enum sig_alg alg;
	enum key_state state;
} planned[KEYS] = {
	{SIG_ES256, KEY_RETIRING}, {SIG_ES256, KEY_ACTIVE}, {SIG_ES256, KEY_NEXT}, {SIG_RS256, KEY_ACTIVE},
	{SIG_EDDSA, KEY_ACTIVE},   {SIG_ES384, KEY_NEXT},   {SIG_PS256, KEY_RETIRING},
};

static int set_up(void **state)
{
	static struct world world;
	unsigned char master[SEAL_MASTER_LEN] = {7};
	for (size_t i = 0; i < KEYS; i++) {
		buf_init(&world.jwks[i], MODEL_JWK_MAX);
		buf_init(&world.sealed[i], MODEL_SEALED_MAX);
		assert_int_equal(keyring_generate(master, planned[i].alg, &world.jwks[i], &world.sealed[i]), 0);
		snprintf(world.kids[i], sizeof(world.kids[i]), "kid-%zu", i);
		world.keys[i] = (struct signing_key){.kid = str_of(world.kids[i]),
						     .alg = str_of(sig_alg_row(planned[i].alg)->name),
						     .state = planned[i].state,
						     .sealed = buf_str(&world.sealed[i]),
						     .public_jwk = buf_str(&world.jwks[i])};
	}
	*state = &world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;
	for (size_t i = 0; i < KEYS; i++) {
		buf_done(&world->jwks[i]);
		buf_done(&world->sealed[i]);
	}
	return 0;
}

static struct config *load(const char *issuer, const char *more)
{
	char text[2048], why_mem[CONFIG_WHY_MAX];
	struct buf why;
	struct config *config = NULL;
	snprintf(text, sizeof(text), "issuer: %s\nbehind_proxy: true\n%s", issuer, more);
	buf_init_fixed(&why, why_mem, sizeof(why_mem));
	if (config_parse("/etc/mintmark/test.yaml", str_of(text), &config, &why) < 0)
		fail_msg("%.*s", STR_ARG(buf_str(&why)));
	return config;
}

static struct api_scope scopes[] = {
	{STR("orders:read"), STR("")}, {STR("orders:write"), STR("")}, {STR("openid"), STR("")},
};
static struct api_scope more_scopes[] = {{STR("orders:read"), STR("")}, {STR("ships"), STR("")}};
static const struct api apis[] = {
	{.id = STR("mmr_one"), .alg = STR("ES256"), .scopes = scopes, .n_scopes = 3},
	{.id = STR("mmr_two"), .alg = STR("EdDSA"), .scopes = more_scopes, .n_scopes = 2},
};

static struct snapshot *make(const struct world *world, struct config *config, size_t n_keys, size_t n_apis)
{
	struct snapshot_source source = {config, world->keys, n_keys, apis, n_apis};
	struct snapshot *snapshot = NULL;
	assert_int_equal(snapshot_new(&source, &snapshot), 0);
	return snapshot;
}

static struct json *parse(struct str text)
{
	struct json *doc = NULL;
	assert_int_equal(json_parse_object_max(text, DOCUMENT_MAX, &doc), 0);
	return doc;
}

static bool is_among(const char *const *names, struct str name)
{
	for (; *names; names++)
		if (str_eq(str_of(*names), name))
			return true;
	return false;
}

/* RFC 7518 6.2.2, 6.3.2, 6.4, RFC 8037 2: what a private or symmetric key has. */
static const char *const private_names[] = {"d", "p", "q", "dp", "dq", "qi", "oth", "k", "r", "t", NULL};
static const char *const public_names[] = {"kty", "kid", "use", "alg", "crv", "x", "y", "n", "e", NULL};

/* Ledger 7517-1, 7517-3: and each key says what it is for. */
static void jwks_has_public_members_only(void **state)
{
	const struct world *world = *state;
	struct config *config = load("https://as.example", "");
	struct snapshot *snapshot = make(world, config, KEYS, 2);
	struct json *doc = parse(snapshot->jwks);
	const struct json *list = NULL, *key = NULL, *value = NULL;
	struct str name, use;
	void *iter = NULL;
	assert_true(json_each(doc, &iter, &name, &value) && str_eq(name, STR("keys")));
	assert_false(json_each(doc, &iter, &name, &value));
	assert_int_equal(json_get_array(doc, "keys", &list), 0);
	assert_int_equal(json_array_len(list), KEYS); /* next and retiring ones too */
	for (size_t i = 0; i < KEYS; i++) {
		assert_int_equal(json_at_object(list, i, &key), 0);
		for (iter = NULL; json_each(key, &iter, &name, &value);)
			if (is_among(private_names, name) || !is_among(public_names, name))
				fail_msg("key %zu has %.*s", i, STR_ARG(name));
		assert_int_equal(json_get_str(key, "use", &use), 0);
		assert_true(str_eq(use, STR("sig")));
		assert_true(json_has(key, "kid") && json_has(key, "alg") && json_has(key, "kty"));
	}
	for (size_t i = 0; i < KEYS; i++)
		assert_null(memmem(snapshot->jwks.p, snapshot->jwks.len, world->sealed[i].p, world->sealed[i].len));
	json_free(doc);
	snapshot_unref(snapshot);
	config_unref(config);
}

static const struct {
	const char *issuer, *base, *path; /* what endpoint URLs begin with; the path part of it */
} issuers[] = {
	{"https://as.example", "https://as.example", ""},
	{"https://as.example/", "https://as.example", ""},
	{"https://as.example:8443", "https://as.example:8443", ""},
	{"https://as.example/t/one", "https://as.example/t/one", "/t/one"},
	{"https://as.example/t/one/", "https://as.example/t/one", "/t/one"},
	{"https://as.example/T%20x", "https://as.example/T%20x", "/T%20x"},
};

/* The URL is below the issuer, and its path is the route that answers it. */
static void check_url(const struct json *doc, const char *member, size_t row, const struct routes *routes,
		      enum route_id id)
{
	struct str url, base = str_of(issuers[row].base);
	assert_int_equal(json_get_str(doc, member, &url), 0);
	if (!str_has_prefix(url, base) || url.p[base.len] != '/')
		fail_msg("%s of %s: %.*s", member, issuers[row].issuer, STR_ARG(url));
	size_t at = base.len - strlen(issuers[row].path);
	const struct route *route = route_find(routes, (struct str){url.p + at, url.len - at});
	assert_non_null(route);
	assert_int_equal(route->id, id);
}

/* RFC 8414 3.3: the issuer is the configured one, byte for byte. */
static void metadata_names_issuer_and_endpoints(void **state)
{
	static const char *const families[] = {"", "discovery:\n  family: connect\n"};
	for (size_t i = 0; i < 2 * sizeof(issuers) / sizeof(issuers[0]); i++) {
		size_t row = i / 2;
		struct config *config = load(issuers[row].issuer, families[i % 2]);
		struct snapshot *snapshot = make(*state, config, KEYS, 2);
		struct json *doc = parse(snapshot->metadata);
		struct routes *routes;
		struct str issuer;
		char raw[256];
		int len = snprintf(raw, sizeof(raw), "{\"issuer\":\"%s\",", issuers[row].issuer);
		assert_int_equal(route_table_new(config->issuer, &routes), 0);
		assert_int_equal(json_get_str(doc, "issuer", &issuer), 0);
		assert_true(str_eq(issuer, str_of(issuers[row].issuer)));
		assert_true(str_eq(snapshot->policy.issuer, issuer)); /* the same in tokens */
		assert_true(str_has_prefix(snapshot->metadata, (struct str){raw, (size_t)len}));
		check_url(doc, "token_endpoint", row, routes, ROUTE_TOKEN);
		check_url(doc, "jwks_uri", row, routes, ROUTE_JWKS);
		check_url(doc, "revocation_endpoint", row, routes, ROUTE_REVOKE);
		check_url(doc, "introspection_endpoint", row, routes, ROUTE_INTROSPECT);
		check_url(doc, "authorization_endpoint", row, routes, ROUTE_AUTHORIZE);
		check_url(doc, "userinfo_endpoint", row, routes, ROUTE_USERINFO);
		check_url(doc, "end_session_endpoint", row, routes, ROUTE_LOGOUT);
		check_url(doc, "pushed_authorization_request_endpoint", row, routes, ROUTE_PUSHED);
		check_url(doc, "device_authorization_endpoint", row, routes, ROUTE_DEVICE);
		route_table_free(routes);
		json_free(doc);
		snapshot_unref(snapshot);
		config_unref(config);
	}
}

static const struct {
	const char *member, *values;
} lists[] = {
	{"grant_types_supported",
	 "client_credentials authorization_code urn:ietf:params:oauth:grant-type:device_code refresh_token"},
	{"token_endpoint_auth_methods_supported", "client_secret_basic client_secret_post none"},
	{"revocation_endpoint_auth_methods_supported", "client_secret_basic client_secret_post none"}, /* RFC 8414 2 */
	{"introspection_endpoint_auth_methods_supported", "client_secret_basic client_secret_post"},
	{"id_token_signing_alg_values_supported", "ES256 RS256 EdDSA"},
	{"response_types_supported", "code"},
	{"response_modes_supported", "query form_post"},
	{"code_challenge_methods_supported", "S256"}, /* 9700-3 */
	{"prompt_values_supported", "none login consent select_account"},
	{"subject_types_supported", "public"},
	/* each once, although two APIs and the identity scopes share names */
	{"scopes_supported", "openid profile email roles offline_access orders:read orders:write ships"},
};

static void check_list(const struct json *doc, const char *member, const char *values)
{
	const struct json *list = NULL;
	struct str value;
	char joined[256];
	struct buf out;
	buf_init_fixed(&out, joined, sizeof(joined));
	assert_int_equal(json_get_array(doc, member, &list), 0);
	for (size_t i = 0; i < json_array_len(list); i++) {
		assert_int_equal(json_at_str(list, i, &value), 0);
		if (i > 0)
			buf_put_char(&out, ' ');
		buf_put(&out, value);
	}
	if (!str_eq(buf_str(&out), str_of(values)))
		fail_msg("%s: %.*s", member, STR_ARG(buf_str(&out)));
}

static void metadata_lists_what_works(void **state)
{
	struct config *config = load("https://as.example", "");
	struct snapshot *snapshot = make(*state, config, KEYS, 2);
	struct json *doc = parse(snapshot->metadata);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		check_list(doc, lists[i].member, lists[i].values);
	/* OpenID Connect Discovery 3: true where it is missing, and there are no request objects */
	bool value = true;
	assert_int_equal(json_get_bool(doc, "request_uri_parameter_supported", &value), 0);
	assert_false(value);
	assert_int_equal(json_get_bool(doc, "authorization_response_iss_parameter_supported", &value), 0); /* 9207-3 */
	assert_true(value);
	json_free(doc);
	snapshot_unref(snapshot);
	config_unref(config);
}

static bool is_tag(struct str tag)
{
	return tag.len > 2 && tag.p[0] == '"' && tag.p[tag.len - 1] == '"' && !memchr(tag.p + 1, '"', tag.len - 2);
}

/* RFC 9110 8.8.3: equal content has an equal tag, other content another one. */
static void etags_follow_the_content(void **state)
{
	struct config *config = load("https://as.example", "");
	struct snapshot *one = make(*state, config, KEYS, 2), *same = make(*state, config, KEYS, 2);
	struct snapshot *fewer_keys = make(*state, config, KEYS - 1, 2), *fewer_apis = make(*state, config, KEYS, 1);
	assert_true(is_tag(one->jwks_etag) && is_tag(one->metadata_etag));
	assert_true(str_eq(one->jwks_etag, same->jwks_etag));
	assert_true(str_eq(one->metadata_etag, same->metadata_etag));
	assert_false(str_eq(one->jwks_etag, fewer_keys->jwks_etag));
	assert_true(str_eq(one->metadata_etag, fewer_keys->metadata_etag)); /* the last key is not active */
	assert_true(str_eq(one->jwks_etag, fewer_apis->jwks_etag));
	assert_false(str_eq(one->metadata_etag, fewer_apis->metadata_etag));
	assert_false(str_eq(one->jwks_etag, one->metadata_etag));
	snapshot_unref(one);
	snapshot_unref(same);
	snapshot_unref(fewer_keys);
	snapshot_unref(fewer_apis);
	config_unref(config);
}

static void active_keys_sign(void **state)
{
	static const char *const kids[SIG_ALGS] = {[SIG_ES256] = "kid-1", [SIG_RS256] = "kid-3", [SIG_EDDSA] = "kid-4"};
	struct config *config = load("https://as.example", "");
	struct snapshot *snapshot = make(*state, config, KEYS, 2);
	for (enum sig_alg alg = SIG_ES256; alg < SIG_ALGS; alg++)
		if (!str_eq(snapshot->kids.kid[alg], str_of(kids[alg])))
			fail_msg("%s: %.*s", sig_alg_row(alg)->name, STR_ARG(snapshot->kids.kid[alg]));
	assert_int_equal(snapshot->key_counts[SIG_ES256][KEY_NEXT], 1);
	assert_int_equal(snapshot->key_counts[SIG_ES256][KEY_ACTIVE], 1);
	assert_int_equal(snapshot->key_counts[SIG_ES256][KEY_RETIRING], 1);
	assert_int_equal(snapshot->key_counts[SIG_ES384][KEY_ACTIVE], 0);
	snapshot_unref(snapshot);
	config_unref(config);
}

static void lack_of_memory(void **state)
{
#ifdef MINTMARK_FAULTS
	struct world *world = *state;
	struct config *config = load("https://as.example", "");
	struct snapshot_source source = {config, world->keys, KEYS, apis, 2};
	struct snapshot *snapshot = NULL;
	long n = 1;
	for (int rc = E_NOMEM; rc < 0; n++) {
		fault_arm(FAULT_ALLOC, n);
		rc = snapshot_new(&source, &snapshot);
		assert_int_equal(rc, fault_reached(FAULT_ALLOC) ? E_NOMEM : 0);
	}
	fault_arm(FAULT_ALLOC, 0);
	assert_true(n > 4);
	snapshot_unref(snapshot);
	snapshot_unref(NULL);
	config_unref(config);
#else
	(void)state;
	skip();
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(jwks_has_public_members_only),
		cmocka_unit_test(metadata_names_issuer_and_endpoints),
		cmocka_unit_test(metadata_lists_what_works),
		cmocka_unit_test(etags_follow_the_content),
		cmocka_unit_test(active_keys_sign),
		cmocka_unit_test(lack_of_memory),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
