/* own_token.c: RFC 7662 4, RFC 9068 4: what the server takes for its own living token. ATTACKS 41, 42. */
#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "jose/jws.h"
#include "oauth/own_token.h"

#define ISSUER "https://as.example"

enum { NOW_S = FIXTURE_NOW_S, UNTIL_S = NOW_S + 3600 };

static const struct audit_note note = {FIXTURE_NOW_S, STR("test"), STR("test"), STR("test"), STR("")};
static struct sig_key *own, *foreign;
static struct jwks *published;

static int make_keys(void **state)
{
	struct buf text;
	(void)state;
	buf_init(&text, 8192);
	assert_int_equal(sig_key_generate(SIG_ES256, &own), 0);
	assert_int_equal(sig_key_generate(SIG_ES256, &foreign), 0);
	buf_put(&text, STR("{\"keys\":["));
	assert_int_equal(jwk_emit(own, STR("one"), &text), 0);
	buf_put(&text, STR("]}"));
	assert_int_equal(jwks_parse(buf_str(&text), 8192, &published), 0);
	buf_done(&text);
	return 0;
}

static int drop_keys(void **state)
{
	(void)state;
	jwks_free(published);
	sig_key_unref(own);
	sig_key_unref(foreign);
	return 0;
}

/* In the arena. */
static struct str sign(struct fixture *fixture, struct sig_key *key, const char *typ, const char *payload)
{
	struct sig_signer *signer;
	struct buf header, token;
	struct str text;
	buf_init(&header, 1024);
	buf_init(&token, 16384);
	assert_int_equal(sig_signer_new(key, &signer), 0);
	assert_int_equal(jws_emit_header(SIG_ES256, str_of(typ), STR("one"), &header), 0);
	assert_int_equal(jws_emit(signer, buf_str(&header), str_of(payload), &token), 0);
	assert_int_equal(arena_str(&fixture->call.arena, buf_str(&token), &text), 0);
	sig_signer_free(signer);
	buf_done(&header);
	buf_done(&token);
	return text;
}

static int check(struct fixture *fixture, struct str token, int64_t now_s, const char **ret_why)
{
	struct own_token result;
	const struct own_token_env env = {.keys = published, .issuer = STR(ISSUER), .directory = fixture->env.directory,
					  .store = fixture->env.store,
					  .revoked = fixture->env.revoked, .now_s = now_s, .may_block = true};
	*ret_why = "";
	int rc = own_token_check(&env, token, &fixture->call.arena, &result, ret_why);
	if (rc == 0)
		directory_view_unref(result.client);
	return rc;
}

#define CLAIMS(iss, sub, client, more)                                                       \
	"{\"iss\":\"" iss "\",\"sub\":\"" sub "\",\"aud\":\"https://orders.example/\",\"exp\":1003600," \
	"\"iat\":1000000,\"jti\":\"jti-1\",\"client_id\":\"" client "\"" more "}"
#define GOOD CLAIMS(ISSUER, "mmc_both", "mmc_both", ",\"scope\":\"orders:read shared\"")

static const struct row {
	const char *what, *typ, *payload;
	int64_t now_s;
	bool foreign, good;
} rows[] = {
	{"good", "at+jwt", GOOD, NOW_S, false, true},
	{"its last second", "at+jwt", GOOD, 1003599, false, true},
	{"expired by nothing", "at+jwt", GOOD, 1003600, false, false}, /* RFC 7519 4.1.4, 7519-1 */
	{"expired by 1 s", "at+jwt", GOOD, 1003601, false, false},
	{"signed by another", "at+jwt", GOOD, NOW_S, true, false},
	{"an id token", "JWT", GOOD, NOW_S, false, false},
	{"a feed", "revocations+jwt", GOOD, NOW_S, false, false},
	{"a logout token", "logout+jwt", GOOD, NOW_S, false, false},
	{"another issuer", "at+jwt", CLAIMS(ISSUER "/", "mmc_both", "mmc_both", ""), NOW_S, false, false},
	{"not yet", "at+jwt", CLAIMS(ISSUER, "mmc_both", "mmc_both", ",\"nbf\":1000001"), NOW_S, false, false},
	{"unknown client", "at+jwt", CLAIMS(ISSUER, "mmc_gone", "mmc_gone", ""), NOW_S, false, false},
	{"subject of another client", "at+jwt", CLAIMS(ISSUER, "mmc_moved", "mmc_both", ""), NOW_S, false, false},
	{"subject an account", "at+jwt", CLAIMS(ISSUER, "mma_ada", "mmc_both", ""), NOW_S, false, false},
	{"of an account", "at+jwt", CLAIMS(ISSUER, "mma_ada", "mmc_ada", ""), NOW_S, false, true},
	{"of an account, itself", "at+jwt", CLAIMS(ISSUER, "mmc_ada", "mmc_ada", ""), NOW_S, false, false},
	{"epoch above", "at+jwt", CLAIMS(ISSUER, "mmc_both", "mmc_both", ",\"epoch\":9"), NOW_S, false, true},
	{"epoch a text", "at+jwt", CLAIMS(ISSUER, "mmc_both", "mmc_both", ",\"epoch\":\"9\""), NOW_S, false, false},
	/* ATTACKS 34, RFC 7800 3: a bound token is no bearer token */
	{"bound", "at+jwt", CLAIMS(ISSUER, "mmc_both", "mmc_both", ",\"cnf\":{\"jkt\":\"x\"}"), NOW_S, false, false},
	{"epoch negative", "at+jwt", CLAIMS(ISSUER, "mmc_both", "mmc_both", ",\"epoch\":-1"), NOW_S, false, false},
};

/* Ledger 7662-4, 7519-1, 7519-2, 8725-3.12. */
static void test_rows(void **state)
{
	struct fixture *fixture = *state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *why;
		struct str token = sign(fixture, rows[i].foreign ? foreign : own, rows[i].typ, rows[i].payload);
		int rc = check(fixture, token, rows[i].now_s, &why);
		if (rc != (rows[i].good ? 0 : E_INVALID_TOKEN) || (rc < 0) != (*why != '\0'))
			fail_msg("%s: %d (%s)", rows[i].what, rc, why);
		arena_reset(&fixture->call.arena);
	}
}

/* ATTACKS 41: each byte cut off, each one changed: never good, never a crash. */
static void test_attack_41_mutilated(void **state)
{
	struct fixture *fixture = *state;
	char copy[2048];
	const char *why;
	struct str token = sign(fixture, own, "at+jwt", GOOD);
	assert_true(token.len < sizeof(copy));
	memcpy(copy, token.p, token.len);
	struct str mine = str_mem(copy, token.len);
	for (size_t i = 0; i < token.len; i += 7) {
		arena_reset(&fixture->call.arena);
		assert_int_equal(check(fixture, str_mem(copy, i), FIXTURE_NOW_S, &why), E_INVALID_TOKEN);
		copy[i] ^= 1;
		assert_int_equal(check(fixture, mine, FIXTURE_NOW_S, &why), E_INVALID_TOKEN);
		copy[i] ^= 1;
	}
	arena_reset(&fixture->call.arena);
	assert_int_equal(check(fixture, mine, FIXTURE_NOW_S, &why), 0);
}

static void expect(struct fixture *fixture, const char *payload, bool good)
{
	const char *why;
	assert_int_equal(check(fixture, sign(fixture, own, "at+jwt", payload), FIXTURE_NOW_S, &why),
			 good ? 0 : E_INVALID_TOKEN);
}

/* ATTACKS 42: the epochs of client and account, each for itself; what was issued under the present ones is good. */
static void test_attack_42_epochs(void **state)
{
	struct fixture *fixture = *state;
	struct store *store = fixture->env.store;
	const char *old = CLAIMS(ISSUER, "mma_ada", "mmc_ada", "");
	expect(fixture, old, true);
	assert_int_equal(store_client_set_disabled(store, STR("mmc_ada"), true, UNTIL_S, &note), 0);
	directory_drop(fixture->env.directory, STR("mmc_ada"));
	expect(fixture, CLAIMS(ISSUER, "mma_ada", "mmc_ada", ",\"epoch\":1"), false); /* disabled */
	assert_int_equal(store_client_set_disabled(store, STR("mmc_ada"), false, 0, &note), 0);
	directory_drop(fixture->env.directory, STR("mmc_ada"));
	expect(fixture, old, false);
	expect(fixture, CLAIMS(ISSUER, "mma_ada", "mmc_ada", ",\"epoch\":1"), true);
	assert_int_equal(store_account_set_disabled(store, STR("mma_ada"), true, UNTIL_S, &note), 0);
	directory_drop(fixture->env.directory, STR(""));
	expect(fixture, CLAIMS(ISSUER, "mma_ada", "mmc_ada", ",\"epoch\":1,\"account_epoch\":1"), false);
	assert_int_equal(store_account_set_disabled(store, STR("mma_ada"), false, 0, &note), 0);
	directory_drop(fixture->env.directory, STR(""));
	expect(fixture, CLAIMS(ISSUER, "mma_ada", "mmc_ada", ",\"epoch\":1"), false);
	expect(fixture, CLAIMS(ISSUER, "mma_ada", "mmc_ada", ",\"account_epoch\":1"), false);
	expect(fixture, CLAIMS(ISSUER, "mma_ada", "mmc_ada", ",\"epoch\":1,\"account_epoch\":1"), true);
}

static void test_attack_42_one_token(void **state)
{
	struct fixture *fixture = *state;
	const struct revocation token = {.id = STR("jti-1"), .owner = STR("mmc_both"), .until_s = UNTIL_S};
	expect(fixture, GOOD, true);
	assert_int_equal(store_revocation_put_jti(fixture->env.store, &token, &note), 0);
	assert_int_equal(revoked_refresh(fixture->env.revoked), 0);
	expect(fixture, GOOD, false);
}

/* A loop asks first: nothing happened when its client is not in memory. */
static void says_when_it_would_block(void **state)
{
	struct fixture *fixture = *state;
	struct own_token result;
	struct own_token_env env = {.keys = published, .issuer = STR(ISSUER), .directory = fixture->env.directory,
				    .store = fixture->env.store,
				    .revoked = fixture->env.revoked, .now_s = FIXTURE_NOW_S};
	struct str token = sign(fixture, own, "at+jwt", GOOD);
	struct arena *arena = &fixture->call.arena;
	assert_int_equal(own_token_check(&env, token, arena, &result, NULL), E_WOULD_BLOCK);
	assert_int_equal(own_token_check(&env, STR("garbage"), arena, &result, NULL), E_INVALID_TOKEN);
	env.may_block = true;
	assert_int_equal(own_token_check(&env, token, arena, &result, NULL), 0);
	assert_true(str_eq(result.scope, STR("orders:read shared")) && result.scopes.n == 2);
	assert_true(str_eq(result.audience, STR("https://orders.example/")) && result.exp_s == 1003600);
	directory_view_unref(result.client);
	env.may_block = false;
	assert_int_equal(own_token_check(&env, token, arena, &result, NULL), 0);
	directory_view_unref(result.client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_rows, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_attack_41_mutilated, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_attack_42_epochs, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_attack_42_one_token, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(says_when_it_would_block, fixture_setup, fixture_teardown),
	};
	return cmocka_run_group_tests(tests, make_keys, drop_keys);
}
