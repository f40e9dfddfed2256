/* grant_client.c: which scopes, which audience, which key. CC-26 ... CC-32, CC-41, CC-42; RFC 6749 3.3 and 4.4, RFC
 * 8707, RFC 9068. */
#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct row {
	const char *client, *scope, *resource;
	int code;
	const char *granted, *audience;
};

#define ORDERS "https://orders.example/"
#define SHIPS "https://ships.example/"

static const struct row rows[] = {
	/* client         scope                   resource  code              granted                  audience */
	{"mmc_both", "orders:write", NULL, E_INVALID_SCOPE, NULL, NULL}, /* exists, not assigned: CC-27 */
	{"mmc_both", "unknown", NULL, E_INVALID_SCOPE, NULL, NULL},
	{"mmc_both", "orders:read unknown", NULL, E_INVALID_SCOPE, NULL, NULL}, /* never narrowed */
	{"mmc_both", "orders:read ships:read", NULL, E_INVALID_SCOPE, NULL, NULL}, /* two APIs, one token: CC-42 */
	{"mmc_both", "openid", NULL, E_INVALID_SCOPE, NULL, NULL},
	{"mmc_both", "Orders:read", NULL, E_INVALID_SCOPE, NULL, NULL}, /* case matters */
	{"mmc_both", "ships:read", ORDERS, E_INVALID_SCOPE, NULL, NULL},
	{"mmc_both", "a  b", NULL, E_INVALID_SCOPE, NULL, NULL},
	{"mmc_both", NULL, "https://nobody.example/", E_INVALID_TARGET, NULL, NULL}, /* CC-30 */
	{"mmc_identity", NULL, ORDERS, E_INVALID_TARGET, NULL, NULL}, /* not this client's */
	{"mmc_nodefault", "shared", NULL, E_INVALID_TARGET, NULL, NULL}, /* ambiguous: resource must say */
	{"mmc_offline", "offline_access", NULL, E_INVALID_SCOPE, NULL, NULL}, /* nothing left: CC-27, CC-31 */
	{"mmc_offline", NULL, NULL, E_INVALID_SCOPE, NULL, NULL},
	{"mmc_nodefault", NULL, NULL, E_INVALID_SCOPE, NULL, NULL}, /* no default, nothing asked: CC-28 */
	{"mmc_both", NULL, NULL, 0, "orders:read shared", ORDERS}, /* CC-28: all of the default API */
	{"mmc_both", NULL, SHIPS, 0, "ships:read shared", SHIPS},
	{"mmc_both", "shared", NULL, 0, "shared", ORDERS},
	{"mmc_both", "shared", SHIPS, 0, "shared", SHIPS},
	{"mmc_both", "ships:read", NULL, 0, "ships:read", SHIPS}, /* inferred: RFC 9068 3 */
	{"mmc_both", "shared orders:read shared", NULL, 0, "shared orders:read", ORDERS},
	{"mmc_nodefault", "shared", SHIPS, 0, "shared", SHIPS},
	{"mmc_ada", "openid email roles", NULL, 0, "openid email roles", ORDERS},
	{"mmc_ada", "openid offline_access", NULL, 0, "openid", ORDERS}, /* CC-31 */
	{"mmc_moved", NULL, NULL, 0, "ships:read shared", SHIPS},                   /* the only API it has scopes at */
	{"mmc_moved", "shared", NULL, 0, "shared", SHIPS},
	{"mmc_identity", NULL, NULL, 0, "openid", "https://as.example"}, /* for ourselves */
};

/* The store orders grants by name: the same set is enough. */
static bool same_scopes(struct str got, struct str want)
{
	struct str token, rest;
	if (got.len != want.len)
		return false;
	while (want.len > 0) {
		if (!str_cut(want, ' ', &token, &rest)) {
			token = want;
			rest = (struct str){0};
		}
		if (!memmem(got.p, got.len, token.p, token.len))
			return false;
		want = rest;
	}
	return true;
}

static void grants_what_is_assigned_and_nothing_else(void **state)
{
	struct fixture *fixture = *state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		fixture_authenticate(fixture, row->client);
		fixture_param(fixture, PARAM_SCOPE, row->scope);
		fixture_param(fixture, PARAM_RESOURCE, row->resource);
		int code = grant_step_check(&fixture->call);
		if (code != row->code)
			fail_msg("row %zu: %s (%s)", i, err_row(code)->symbol, fixture->call.reason);
		if (code == 0 && (!same_scopes(fixture->call.scope, str_of(row->granted)) ||
				  !str_eq(fixture->call.audience, str_of(row->audience))))
			fail_msg("row %zu: %.*s for %.*s", i, STR_ARG(fixture->call.scope),
				 STR_ARG(fixture->call.audience));
	}
}

static void mint(struct fixture *fixture, const char *client, const char *resource)
{
	fixture_authenticate(fixture, client);
	fixture_param(fixture, PARAM_RESOURCE, resource);
	assert_int_equal(grant_step_check(&fixture->call), 0);
	assert_int_equal(grant_step_mint(&fixture->call), CALL_SIGN);
}

static void claims_follow_client_api_and_policy(void **state) /* CC-38, CC-41 */
{
	struct fixture *fixture = *state;
	const struct sign_claims *claims = &fixture->call.job.claims;
	mint(fixture, "mmc_both", SHIPS);
	assert_true(str_eq(claims->kid, STR("kid-eddsa")));
	assert_true(str_eq(claims->sub, STR("mmc_both")));
	assert_true(str_eq(claims->iss, STR("https://as.example")));
	assert_int_equal(claims->exp_s - claims->iat_s, 600); /* the API's */
	assert_int_equal(claims->extra.len, 0);
	mint(fixture, "mmc_ada", NULL);
	assert_true(str_eq(claims->kid, STR("kid-es256")));
	assert_true(str_eq(claims->sub, STR("mma_ada")));
	assert_true(str_eq(claims->client_id, STR("mmc_ada")));
	assert_int_equal(claims->exp_s - claims->iat_s, 120); /* the client's */
	assert_true(str_eq(claims->extra, STR("{\"email\":\"ada@example.com\",\"email_verified\":true,"
					      "\"roles\":[\"Admin\",\"Pilot\"]}")));
	fixture->policy.lifetime_max_s = 60;
	mint(fixture, "mmc_ada", NULL);
	assert_int_equal(claims->exp_s - claims->iat_s, 60); /* never above the policy's */
}

static void fails_closed_without_key_or_signature(void **state) /* CC-48 */
{
	struct fixture *fixture = *state;
	mint(fixture, "mmc_both", NULL);
	assert_int_equal(grant_step_commit(&fixture->call), E_SIGNER); /* nobody signed */
	fixture->kids.kid[SIG_ES256] = (struct str){0};
	fixture_authenticate(fixture, "mmc_both");
	assert_int_equal(grant_step_check(&fixture->call), 0);
	assert_int_equal(grant_step_mint(&fixture->call), E_SIGNER);
}

static void client_without_scopes_may_not_ask(void **state) /* CC-11 */
{
	struct fixture *fixture = *state;
	fixture_authenticate(fixture, "mmc_nothing");
	assert_int_equal(grant_step_allowed(&fixture->call), E_UNAUTHORIZED_CLIENT);
	fixture_authenticate(fixture, "mmc_both");
	assert_int_equal(grant_step_allowed(&fixture->call), 0);
}

static void grant_type_is_compared_exactly(void **state) /* CC-05, CC-10 */
{
	static const char *const bad[] = {"Client_Credentials", "client_credentials ", "password", "implicit",
					  "x"};
	struct fixture *fixture = *state;
	assert_int_equal(grant_step_present(&fixture->call), E_INVALID_REQUEST);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		fixture_reset(fixture);
		fixture_param(fixture, PARAM_GRANT_TYPE, bad[i]);
		assert_int_equal(grant_step_present(&fixture->call), 0);
		assert_int_equal(grant_step_find(&fixture->call), E_UNSUPPORTED_GRANT_TYPE);
	}
	fixture_param(fixture, PARAM_GRANT_TYPE, "client_credentials");
	assert_int_equal(grant_step_find(&fixture->call), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(grants_what_is_assigned_and_nothing_else, fixture_setup,
						fixture_teardown),
		cmocka_unit_test_setup_teardown(claims_follow_client_api_and_policy, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(fails_closed_without_key_or_signature, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(client_without_scopes_may_not_ask, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(grant_type_is_compared_exactly, fixture_setup, fixture_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
