/* The world of the rules' tests; see fixture.h. The store is the real one, in memory. */
#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define OK(expr) assert_int_equal((expr), 0)

static const struct audit_note note = {FIXTURE_NOW_S, STR("test"), STR("test"), STR("test"), STR("")};

static void put_apis(struct store *store)
{
	static struct api_scope orders[] = {
		{STR("orders:read"), STR("")}, {STR("orders:write"), STR("")}, {STR("shared"), STR("")}};
	static struct api_scope ships[] = {{STR("ships:read"), STR("")}, {STR("shared"), STR("")}};
	struct api api = {.id = STR("mmr_orders"), .audience = STR("https://orders.example/"), .name = STR("Orders"),
			  .alg = STR("ES256"), .lifetime_s = 3600, .created_s = 1, .scopes = orders, .n_scopes = 3};
	OK(store_api_put(store, &api, &note));
	api = (struct api){.id = STR("mmr_ships"), .audience = STR("https://ships.example/"), .name = STR("Ships"),
			   .alg = STR("EdDSA"), .lifetime_s = 600, .created_s = 2, .scopes = ships, .n_scopes = 2};
	OK(store_api_put(store, &api, &note));
}

static void put_account(struct store *store)
{
	struct str roles[] = {STR("Admin"), STR("Pilot")};
	struct account account = {.id = STR("mma_ada"), .email = STR("ada@example.com"), .email_verified = true,
				  .name = STR("Ada"), .roles = {roles, 2}, .created_s = 1};
	OK(store_account_put(store, &account, &note));
}

static struct client_secret a_secret(const char *id, const char *secret)
{
	struct client_secret row = {.id = str_of(id), .hint = STR("abcd"), .created_s = 1};
	OK(digest_sha256(str_of(secret), row.sha256));
	return row;
}

static void put_clients(struct fixture *fixture)
{
	struct store *store = fixture->env.store;
	static struct scope_grant both[] = {{STR("mmr_orders"), STR("orders:read")}, {STR("mmr_orders"), STR("shared")},
					    {STR("mmr_ships"), STR("ships:read")}, {STR("mmr_ships"), STR("shared")}};
	static struct scope_grant person[] = {{STR(""), STR("openid")},
					      {STR(""), STR("email")},
					      {STR(""), STR("roles")},
					      {STR(""), STR("offline_access")},
					      {STR("mmr_orders"), STR("orders:read")}};
	static struct scope_grant identity[] = {{STR(""), STR("openid")}};
	static struct scope_grant offline[] = {{STR(""), STR("offline_access")}};
	struct client_secret secret = a_secret("mmk_one", fixture->service_secret);
	struct client client = {.id = STR("mmc_both"),
				.name = STR("both"),
				.default_api = STR("mmr_orders"),
				.created_s = 1,
				.grants = both,
				.n_grants = 4,
				.secrets = &secret,
				.n_secrets = 1};
	OK(store_client_put(store, &client, &note));
	client = (struct client){
		.id = STR("mmc_nodefault"), .name = STR("n"), .created_s = 1, .grants = both, .n_grants = 4};
	OK(store_client_put(store, &client, &note));
	client = (struct client){.id = STR("mmc_ada"),
				 .kind = CLIENT_ACCOUNT,
				 .account_id = STR("mma_ada"),
				 .name = STR("a"),
				 .default_api = STR("mmr_orders"),
				 .created_s = 1,
				 .lifetime_s = 120,
				 .grants = person,
				 .n_grants = 5};
	OK(store_client_put(store, &client, &note));
	client = (struct client){
		.id = STR("mmc_identity"), .name = STR("i"), .created_s = 1, .grants = identity, .n_grants = 1};
	OK(store_client_put(store, &client, &note));
	client = (struct client){
		.id = STR("mmc_offline"), .name = STR("o"), .created_s = 1, .grants = offline, .n_grants = 1};
	OK(store_client_put(store, &client, &note));
	client = (struct client){.id = STR("mmc_moved"),
				 .name = STR("m"),
				 .created_s = 1,
				 .default_api = STR("mmr_orders"), /* its scopes are elsewhere by now */
				 .grants = &both[2],
				 .n_grants = 2};
	OK(store_client_put(store, &client, &note));
	client = (struct client){.id = STR("mmc_nothing"), .name = STR("x"), .created_s = 1};
	OK(store_client_put(store, &client, &note));
}

int fixture_setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct store_options options = {.kind = STORE_MEMORY, .readers = 1, .cache_kib = 64};
	struct throttle_limits limits = {3, 60};
	assert_non_null(fixture);
	OK(store_open(&options, &fixture->env.store));
	OK(throttle_new(&limits, 1024, &fixture->env.throttle));
	OK(id_secret_new(fixture->service_secret));
	put_apis(fixture->env.store);
	put_account(fixture->env.store);
	put_clients(fixture);
	OK(directory_new(fixture->env.store, 16, &fixture->env.directory));
	OK(revoked_new(fixture->env.store, &fixture->env.revoked));
	fixture->policy = (struct oauth_policy){.issuer = STR("https://as.example"),
						.default_alg = SIG_RS256,
						.lifetime_s = 3600,
						.lifetime_max_s = 86400,
						.code_s = 60,
						.id_token_s = 3600,
						.refresh_s = 86400,
						.family_s = 864000};
	fixture->kids.kid[SIG_ES256] = STR("kid-es256");
	fixture->kids.kid[SIG_EDDSA] = STR("kid-eddsa");
	fixture->kids.kid[SIG_RS256] = STR("kid-rs256");
	arena_init(&fixture->call.arena, CALL_ARENA_MAX);
	buf_init(&fixture->call.token, SIGNER_TOKEN_MAX);
	fixture_reset(fixture);
	*state = fixture;
	return 0;
}

int fixture_teardown(void **state)
{
	struct fixture *fixture = *state;
	call_reset(&fixture->call);
	arena_done(&fixture->call.arena);
	buf_done(&fixture->call.token);
	directory_free(fixture->env.directory);
	revoked_free(fixture->env.revoked);
	throttle_free(fixture->env.throttle);
	store_close(fixture->env.store);
	free(fixture);
	return 0;
}

void fixture_reset(struct fixture *fixture)
{
	struct call *call = &fixture->call;
	call_reset(call);
	call->env = &fixture->env;
	call->policy = &fixture->policy;
	call->kids = &fixture->kids;
	call->now_us = (int64_t)FIXTURE_NOW_S * 1000000;
	call->peer_addr = STR("192.0.2.1");
	call->may_block = true;
}

void fixture_authenticate(struct fixture *fixture, const char *client_id)
{
	fixture_reset(fixture);
	OK(directory_client(fixture->env.directory, str_of(client_id), true, &fixture->call.client));
	fixture->call.grant = &grant_client;
}

void fixture_param(struct fixture *fixture, enum call_param param, const char *value)
{
	fixture->call.params[param] = (struct form_value){.present = value != NULL, .value = str_of(value)};
}
