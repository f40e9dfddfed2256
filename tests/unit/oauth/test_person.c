/*
 * What the grants of people do with time and with what changed meanwhile: grant_code.c, grant_refresh.c, person.c, and
 * authorize_person.c. RFC 6749 4.1.2, 6; RFC 7636; OpenID Connect Core 3.1.2.
 */
#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/fault.h"
#include "oauth/authorize.h"
#include "oauth/person.h"

#define VERIFIER  "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
#define CHALLENGE "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
#define CB        "https://app.example/cb"

static const struct audit_note note = {FIXTURE_NOW_S, STR("test"), STR("test"), STR("test"), STR("")};

static int setup(void **state)
{
	static struct str redirects[] = {STR(CB)};
	static struct scope_grant grants[] = {{STR(""), STR("openid")},
					      {STR(""), STR("offline_access")},
					      {STR("mmr_orders"), STR("shared")},
					      {STR("mmr_ships"), STR("shared")}};
	assert_int_equal(fixture_setup(state), 0);
	struct fixture *fixture = *state;
	struct client app = {.id = STR("mmc_app"),
			     .kind = CLIENT_APP,
			     .name = STR("App"),
			     .created_s = 1,
			     .grants = grants,
			     .n_grants = 4,
			     .app = {.grant_types = CLIENT_GRANT_CODE | CLIENT_GRANT_REFRESH,
				     .redirect_uris = {redirects, 1}}};
	assert_int_equal(store_client_put(fixture->env.store, &app, &note), 0);
	app.id = STR("mmc_bare");
	app.app.grant_types = CLIENT_GRANT_CODE;
	assert_int_equal(store_client_put(fixture->env.store, &app, &note), 0);
	return 0;
}

static void authenticate(struct fixture *fixture, const char *client, const struct grant *grant, int64_t now_s)
{
	fixture_authenticate(fixture, client);
	fixture->call.grant = grant;
	fixture->call.now_us = now_s * 1000000;
}

static void put_code(struct fixture *fixture, const char *challenge, char ret_text[ID_SECRET_LEN + 1])
{
	struct code code = {.client_id = STR("mmc_app"),
			    .account_id = STR("mma_ada"),
			    .session_id = STR("mmx_one"),
			    .redirect_uri = STR(CB),
			    .scope = STR("openid offline_access"),
			    .nonce = STR("n"),
			    .challenge = str_of(challenge),
			    .methods = AUTH_PASSWORD,
			    .auth_s = FIXTURE_NOW_S - 5,
			    .created_s = FIXTURE_NOW_S,
			    .expires_s = FIXTURE_NOW_S + 60};
	assert_int_equal(id_bearer_new(BEARER_CODE, ret_text, code.sha256), 0);
	assert_int_equal(store_code_put(fixture->env.store, &code, NULL), 0);
}

static int check_code(struct fixture *fixture, const char *client, const char *text, const char *verifier,
		      int64_t now_s)
{
	authenticate(fixture, client, &grant_code, now_s);
	fixture_param(fixture, PARAM_CODE, text);
	fixture_param(fixture, PARAM_REDIRECT_URI, CB);
	fixture_param(fixture, PARAM_CODE_VERIFIER, verifier);
	return grant_step_check(&fixture->call);
}

/* As if keyd had signed. */
static int redeem(struct fixture *fixture)
{
	struct call *call = &fixture->call;
	assert_int_equal(grant_step_mint(call), CALL_SIGN);
	call->job.status = 0;
	buf_put(&call->token, STR("access"));
	int rc = grant_step_mint_id(call);
	if (rc == CALL_SIGN) {
		call->job.status = 0;
		buf_put(call->job.token, STR("id"));
	}
	return grant_step_commit(call);
}

static void codes_expire_and_belong_to_their_client(void **state)
{
	struct fixture *fixture = *state;
	char text[ID_SECRET_LEN + 1];
	put_code(fixture, CHALLENGE, text);
	assert_int_equal(check_code(fixture, "mmc_bare", text, VERIFIER, FIXTURE_NOW_S), E_INVALID_GRANT);
	assert_int_equal(check_code(fixture, "mmc_app", text, VERIFIER, FIXTURE_NOW_S + 60), E_INVALID_GRANT);
	assert_int_equal(check_code(fixture, "mmc_app", text, VERIFIER, FIXTURE_NOW_S + 59), 0);
	assert_true(str_eq(fixture->call.scope, STR("openid offline_access")));
	assert_int_equal(redeem(fixture), 0);
	/* so that the commit ends what it gave */
	assert_int_equal(check_code(fixture, "mmc_app", text, VERIFIER, FIXTURE_NOW_S), 0);
	assert_int_equal(redeem(fixture), E_INVALID_GRANT);
}

static void a_verifier_without_challenge_is_a_downgrade(void **state) /* 7636-3 */
{
	struct fixture *fixture = *state;
	char text[ID_SECRET_LEN + 1];
	put_code(fixture, "", text);
	assert_int_equal(check_code(fixture, "mmc_app", text, VERIFIER, FIXTURE_NOW_S), E_INVALID_GRANT);
	put_code(fixture, CHALLENGE, text);
	assert_int_equal(check_code(fixture, "mmc_app", text, NULL, FIXTURE_NOW_S), E_INVALID_GRANT);
	assert_int_equal(check_code(fixture, "mmc_app", text, VERIFIER, FIXTURE_NOW_S), 0); /* burnt: 7636-9 */
	assert_int_equal(redeem(fixture), E_INVALID_GRANT);
}

static void id_token_claims_follow_the_sign_in(void **state) /* OIDC-5 */
{
	struct fixture *fixture = *state;
	const struct sign_claims *claims = &fixture->call.job.claims;
	char text[ID_SECRET_LEN + 1];
	put_code(fixture, CHALLENGE, text);
	assert_int_equal(check_code(fixture, "mmc_app", text, VERIFIER, FIXTURE_NOW_S), 0);
	assert_int_equal(redeem(fixture), 0);
	assert_int_equal(claims->kind, TOKEN_ID);
	assert_true(str_eq(claims->sub, STR("mma_ada")) && str_eq(claims->aud, STR("mmc_app")));
	assert_true(str_eq(claims->kid, STR("kid-rs256")));
	assert_true(claims->client_id.len == 0 && claims->epoch == 0);
	assert_true(str_eq(claims->extra,
			   STR("{\"auth_time\":999995,\"nonce\":\"n\",\"at_hash\":\"oFYf1knNtrqnhAVfBRuteQ\","
			       "\"amr\":[\"pwd\"]}")));
	assert_int_equal(strlen(fixture->call.person->refresh_text), ID_SECRET_LEN);
}

static void switch_account(struct fixture *fixture, bool disabled)
{
	assert_int_equal(store_account_set_disabled(fixture->env.store, STR("mma_ada"), disabled, FIXTURE_NOW_S + 9,
						    &note), 0);
}

static void switch_client(struct fixture *fixture, bool disabled)
{
	assert_int_equal(store_client_set_disabled(fixture->env.store, STR("mmc_app"), disabled, FIXTURE_NOW_S + 9,
						   &note), 0);
	directory_drop(fixture->env.directory, STR("mmc_app"));
}

static int check_refresh(struct fixture *fixture, const char *client, const char *text, int64_t now_s)
{
	authenticate(fixture, client, &grant_refresh, now_s);
	fixture_param(fixture, PARAM_REFRESH_TOKEN, text);
	return grant_step_check(&fixture->call);
}

static void first_refresh(struct fixture *fixture, char ret_text[ID_SECRET_LEN + 1])
{
	char code[ID_SECRET_LEN + 1];
	put_code(fixture, CHALLENGE, code);
	assert_int_equal(check_code(fixture, "mmc_app", code, VERIFIER, FIXTURE_NOW_S), 0);
	assert_int_equal(redeem(fixture), 0);
	memcpy(ret_text, fixture->call.person->refresh_text, ID_SECRET_LEN + 1);
}

static void refresh_tokens_end_by_time_and_by_epochs(void **state)
{
	struct fixture *fixture = *state;
	char text[ID_SECRET_LEN + 1];
	first_refresh(fixture, text);
	assert_int_equal(check_refresh(fixture, "mmc_bare", text, FIXTURE_NOW_S), E_INVALID_GRANT);
	assert_int_equal(check_refresh(fixture, "mmc_app", text, FIXTURE_NOW_S + 86400), E_INVALID_GRANT);
	assert_int_equal(check_refresh(fixture, "mmc_app", text, FIXTURE_NOW_S + 86399), 0);
	switch_account(fixture, true);
	assert_int_equal(check_refresh(fixture, "mmc_app", text, FIXTURE_NOW_S), E_INVALID_GRANT);
	switch_account(fixture, false);
	assert_int_equal(check_refresh(fixture, "mmc_app", text, FIXTURE_NOW_S), E_INVALID_GRANT); /* a new epoch */
	first_refresh(fixture, text);
	switch_client(fixture, true);
	switch_client(fixture, false);
	assert_int_equal(check_refresh(fixture, "mmc_app", text, FIXTURE_NOW_S), E_INVALID_GRANT);
}

/* --- who is asked what --- */

static void prepare(struct fixture *fixture, struct authorize *request, const char *resource)
{
	fixture_reset(fixture);
	*request = (struct authorize){.max_age_s = -1};
	const struct {
		enum authorize_param param;
		const char *value;
	} rows[] = {
		{AUTHORIZE_CLIENT_ID, "mmc_app"}, {AUTHORIZE_REDIRECT_URI, CB}, {AUTHORIZE_RESPONSE_TYPE, "code"},
		{AUTHORIZE_CHALLENGE, CHALLENGE}, {AUTHORIZE_CHALLENGE_METHOD, "S256"}, {AUTHORIZE_SCOPE, "shared"},
		{AUTHORIZE_RESOURCE, resource},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		request->params[rows[i].param] = (struct form_value){true, str_of(rows[i].value), NULL};
	assert_int_equal(authorize_client(&fixture->call, request), 0);
	assert_int_equal(authorize_request(&fixture->call, request), 0);
}

static int decide(struct fixture *fixture, const struct authorize *request, int64_t auth_s, enum authorize_need *need)
{
	const struct session session = {.id = STR("mmx_one"), .account_id = STR("mma_ada"), .auth_s = auth_s};
	return authorize_decide(&fixture->call, request, auth_s > 0 ? &session : NULL, false, need);
}

/* What stands in `prompted`: ours, made at that moment for this request or another one; or somebody's own words. */
enum prompted { NOTHING, OURS, OURS_ELSEWHERE, FORGED };
static const struct {
	unsigned prompt;
	int64_t max_age_s, auth_s;
	enum prompted by;
	int64_t prompted_s;
	int code, need;
} ages[] = {
	{0, -1, 0, NOTHING, 0, 0, AUTHORIZE_SIGN_IN},
	{PROMPT_NONE, -1, 0, NOTHING, 0, E_LOGIN_REQUIRED, 0},
	{PROMPT_NONE, -1, FIXTURE_NOW_S - 5, NOTHING, 0, E_CONSENT_REQUIRED, 0},
	{0, -1, FIXTURE_NOW_S - 5, NOTHING, 0, 0, AUTHORIZE_CONSENT},
	{0, 5, FIXTURE_NOW_S - 5, NOTHING, 0, 0, AUTHORIZE_CONSENT},
	{0, 4, FIXTURE_NOW_S - 5, NOTHING, 0, 0, AUTHORIZE_SIGN_IN},                      /* OIDC-3 */
	{PROMPT_NONE, 4, FIXTURE_NOW_S - 5, NOTHING, 0, E_LOGIN_REQUIRED, 0},
	{0, 0, FIXTURE_NOW_S - 5, OURS, FIXTURE_NOW_S - 5, 0, AUTHORIZE_CONSENT},        /* he did, since then */
	{0, 0, FIXTURE_NOW_S - 5, OURS, FIXTURE_NOW_S - 4, 0, AUTHORIZE_SIGN_IN},
	{0, 0, FIXTURE_NOW_S - 5, OURS, FIXTURE_NOW_S + 1, 0, AUTHORIZE_SIGN_IN},        /* the future is no proof */
	{0, 0, FIXTURE_NOW_S - 5, FORGED, FIXTURE_NOW_S - 5, 0, AUTHORIZE_SIGN_IN},
	{0, 0, FIXTURE_NOW_S - 5, OURS_ELSEWHERE, FIXTURE_NOW_S - 5, 0, AUTHORIZE_SIGN_IN},
	{PROMPT_LOGIN, -1, FIXTURE_NOW_S - 5, NOTHING, 0, 0, AUTHORIZE_SIGN_IN},
	{PROMPT_LOGIN, -1, FIXTURE_NOW_S - 5, FORGED, 1, 0, AUTHORIZE_SIGN_IN},
	{PROMPT_LOGIN, -1, FIXTURE_NOW_S, OURS, FIXTURE_NOW_S, 0, AUTHORIZE_CONSENT},
	{PROMPT_SELECT, -1, FIXTURE_NOW_S - 5, NOTHING, 0, 0, AUTHORIZE_SIGN_IN},
};

static struct form_value prompted(struct fixture *fixture, struct authorize *request, enum prompted by,
				  int64_t moment_s)
{
	struct call *call = &fixture->call;
	struct str value = STR("");
	int64_t now_us = call->now_us;
	request->query = by == OURS_ELSEWHERE ? STR("client_id=mmc_other") : STR("client_id=mmc_app");
	call->now_us = moment_s * 1000000;
	if (by == FORGED)
		assert_int_equal(arena_printf(&call->arena, &value, "%lld-0000000000000000", (long long)moment_s), 0);
	else
		assert_int_equal(authorize_prompted(call, request, &value), 0);
	call->now_us = now_us;
	request->query = STR("client_id=mmc_app");
	return (struct form_value){by != NOTHING, value, NULL};
}

/* OpenID Connect Core 3.1.2.1: nobody but we ourselves can say that it was done already. */
static void sign_in_is_asked_for_by_age_and_prompt(void **state)
{
	struct fixture *fixture = *state;
	struct authorize request;
	for (size_t i = 0; i < sizeof(ages) / sizeof(ages[0]); i++) {
		enum authorize_need need = AUTHORIZE_READY;
		prepare(fixture, &request, "https://orders.example/");
		request.prompt = ages[i].prompt;
		request.max_age_s = ages[i].max_age_s;
		request.params[AUTHORIZE_PROMPTED] = prompted(fixture, &request, ages[i].by, ages[i].prompted_s);
		int code = decide(fixture, &request, ages[i].auth_s, &need);
		if (code != ages[i].code || (code == 0 && (int)need != ages[i].need))
			fail_msg("row %zu: %s, need %d", i, err_row(code)->symbol, (int)need);
	}
}

static void consent_is_for_one_api(void **state)
{
	struct fixture *fixture = *state;
	struct authorize request;
	struct consent consent;
	struct str words;
	enum authorize_need need;
	prepare(fixture, &request, "https://orders.example/");
	assert_int_equal(authorize_remember(&fixture->call, &request, STR("mma_ada")), 0);
	assert_int_equal(decide(fixture, &request, FIXTURE_NOW_S, &need), 0);
	assert_int_equal(need, AUTHORIZE_READY);
	prepare(fixture, &request, "https://ships.example/"); /* the same word, another permission */
	assert_int_equal(decide(fixture, &request, FIXTURE_NOW_S, &need), 0);
	assert_int_equal(need, AUTHORIZE_CONSENT);
	assert_int_equal(authorize_remember(&fixture->call, &request, STR("mma_ada")), 0);
	assert_int_equal(store_consent_get(fixture->env.store, STR("mma_ada"), STR("mmc_app"), &fixture->call.arena,
					   &consent), 0);
	assert_true(str_eq(consent.scope, STR("mmr_orders/shared mmr_ships/shared")));
	struct str kept = STR("mmr_0123456789ABCDEFGHIJKL/a openid");
	assert_int_equal(authorize_consent_words(kept, &fixture->call.arena, &words), 0);
	assert_true(str_eq(words, STR("a openid")));
}

#ifdef MINTMARK_FAULTS
/* Without entropy there is no code, and the pushed request that it was for can still be used. */
static void test_attack_48_no_code_without_entropy(void **state)
{
	struct fixture *fixture = *state;
	struct authorize request;
	struct once once = {.kind = ONCE_PAR, .data = STR("x"), .created_s = FIXTURE_NOW_S,
			    .expires_s = FIXTURE_NOW_S + 60};
	const struct store_once_key key = {once.sha256, ONCE_PAR, FIXTURE_NOW_S};
	const struct session session = {.id = STR("mmx_one"), .account_id = STR("mma_ada"), .methods = AUTH_PASSWORD,
					.auth_s = FIXTURE_NOW_S};
	struct str code = STR("untouched");
	prepare(fixture, &request, "https://orders.example/");
	fixture->policy.code_s = 60;
	memset(once.sha256, 7, sizeof(once.sha256));
	assert_int_equal(store_once_put(fixture->env.store, &once, &note), 0);
	request.is_pushed = true;
	memcpy(request.pushed, once.sha256, sizeof(request.pushed));
	fault_arm(FAULT_RANDOM, 1);
	assert_int_equal(authorize_code(&fixture->call, &request, &session, &code), E_RANDOM);
	assert_true(fault_reached(FAULT_RANDOM));
	fault_arm(FAULT_RANDOM, 0);
	assert_true(str_eq(code, STR("untouched")));
	struct once found;
	assert_int_equal(store_once_peek(fixture->env.store, &key, &fixture->call.arena, &found), 0);
	assert_int_equal(authorize_code(&fixture->call, &request, &session, &code), 0);
	assert_int_equal(store_once_peek(fixture->env.store, &key, &fixture->call.arena, &found), E_ABSENT);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(codes_expire_and_belong_to_their_client, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(a_verifier_without_challenge_is_a_downgrade, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(id_token_claims_follow_the_sign_in, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(refresh_tokens_end_by_time_and_by_epochs, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(sign_in_is_asked_for_by_age_and_prompt, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(consent_is_for_one_api, setup, fixture_teardown),
#ifdef MINTMARK_FAULTS
		cmocka_unit_test_setup_teardown(test_attack_48_no_code_without_entropy, setup, fixture_teardown),
#endif
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
